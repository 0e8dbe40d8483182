"""The summary of `make test`: what ran, how long, what was skipped, what was left out, and that a failure is one."""

import re
import sys

import pytest
import stages

MAKEFILE = """
first:  ## prints dots; 1 min
\tprintf 'a test\\n...s [100%%]\\nSKIPPED [2] tests/test_pages.py:3: needs a browser\\n'

second: first  ## says what it was told; 2 min
\techo "told $(ALL)"; echo 'Skipped, unchanged since they passed here: minimax under torch.'

broken:  ## fails; 0.5 min
\texit 3

long:  ## takes an hour; 60 min
\techo 'an hour'

helper:
\techo 'no stage'
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capfdbinary):
    (tmp_path / "Makefile").write_text(MAKEFILE)
    monkeypatch.setattr(stages, "ROOT", tmp_path)

    def run(*arguments):
        """The status and what was said."""
        monkeypatch.setattr(sys, "argv", ["stages.py", *arguments])
        with pytest.raises(SystemExit) as end:
            stages.main()
        return end.value.code, capfdbinary.readouterr().out.decode()

    return run


def test_each_stage_says_what_it_does_and_the_end_what_was_skipped_and_why(call):
    status, said = call("first", "second", "ALL=--all")
    assert status == 0
    assert "== 1 of 2: first: prints dots; 1 min\n" in said
    assert "\ntold --all\n" in said
    summary = said[said.rindex("\n== ") :]
    assert re.search(r"^  first +\d+ s\n  second +\d+ s\n", summary, re.MULTILINE)
    assert summary.count("needs a browser") == 2, "once for each stage: `second` runs `first` too"
    assert "  second: Skipped, unchanged since they passed here: minimax under torch.\n" in summary


def test_a_stage_that_fails_is_the_last_and_fails_the_whole(call):
    status, said = call("broken", "first")
    assert status != 0
    assert "a test" not in said
    assert re.search(r"== FAILED\n  broken +FAILED after \d+ s\n  first +not run\n$", said)


def test_what_would_take_too_long_is_left_out_and_named(call):
    status, said = call("--minutes", "5", "first", "long", "second")
    assert status == 0
    assert "an hour" not in said
    assert re.search(r"^  long +left out: it takes 60 min, and 5 are left$", said, re.MULTILINE)
    assert re.search(r"^  second +\d+ s$", said, re.MULTILINE)
    assert "a test" not in call("--minutes", "-3", "first")[1]


@pytest.mark.parametrize("name", ["helper", "missing"])
def test_what_is_no_stage_is_refused(call, name):
    assert call(name)[0] == 2
