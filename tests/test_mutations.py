"""The mutations can be made: each breaks one line that the package has, and is tried by tests that `make test` runs.

That they are caught takes minutes and is seen by `make mutations`.
"""

import ast
from pathlib import Path

import mutations
import pytest

TESTS = Path(__file__).parent


@pytest.mark.parametrize("name", mutations.MUTATIONS)
def test_a_mutation_breaks_one_line_and_leaves_a_program(name):
    mutation = mutations.MUTATIONS[name]
    source = (mutations.ROOT / "ganlib" / mutation.file).read_text(encoding="utf-8")
    after = mutations.broken(mutation, source)
    if mutation.file.endswith(".py"):
        ast.parse(after)
    assert after != source
    assert (TESTS / mutation.tests[0].partition("::")[0]).exists()


def test_there_are_twenty_and_more_in_all_parts_of_the_package():
    parts = {mutation.file.partition("/")[0] for mutation in mutations.MUTATIONS.values()}
    assert {"torch", "tensorflow", "reference", "runtime", "metrics", "data", "initialise.py"} <= parts
    assert len(mutations.MUTATIONS) >= 20


def test_a_line_that_is_gone_is_an_error():
    mutation = mutations.Mutation("torch/losses.py", "no such line", "", ())
    with pytest.raises(ValueError, match=r"ganlib/torch/losses\.py holds 0 times, instead of once: no such line"):
        mutations.broken(mutation, "something else")


def test_a_copy_is_broken_and_the_package_is_not(tmp_path):
    mutation = mutations.MUTATIONS["minimax-sign"]
    before = (mutations.ROOT / "ganlib" / mutation.file).read_text(encoding="utf-8")
    mutations.copied(tmp_path, mutation)
    assert (tmp_path / "ganlib" / mutation.file).read_text(encoding="utf-8") == mutations.broken(mutation, before)
    assert (mutations.ROOT / "ganlib" / mutation.file).read_text(encoding="utf-8") == before
    for name in ("pyproject.toml", "tests/conftest.py", "ganlib/assets/digits.npz"):
        assert (tmp_path / name).read_bytes() == (mutations.ROOT / name).read_bytes()
