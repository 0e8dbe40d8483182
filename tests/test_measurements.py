"""The book's page of measurements says what the ledgers hold, and where each number comes from."""

import re
from pathlib import Path

import cost
import measurements
import monitor
import precision
import pytest
import the_book
import time_to_quality
import training_step

import ganlib
from ganlib.runtime.monitor import LARGE_LOGIT

ROOT = Path(__file__).resolve().parent.parent
PAGE = measurements.PAGE.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |^<!-- end)", PAGE, re.MULTILINE | re.DOTALL))
BENCHMARKS = (training_step, time_to_quality, precision, cost, monitor, the_book)


def test_the_page_says_what_the_ledgers_say():
    page = PAGE.partition(measurements.BEGIN)[2].partition(measurements.END)[0]
    assert page.strip() == measurements.markdown().strip(), "run scripts/measurements.py"


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.NAME)
def test_every_row_of_a_table_is_on_the_page_with_its_command(benchmark):
    [text] = [text for text in SECTIONS.values() if f"**To repeat it:** `{benchmark.COMMAND}`" in text]
    shown = [plain(line) for line in text.splitlines()]
    for line in benchmark.table().splitlines():
        assert plain(line) in shown


def plain(line):
    """A line in which either way to write a framework's name is the same."""
    return line.replace("| torch |", "| PyTorch |").replace("| tensorflow |", "| TensorFlow |")


@pytest.mark.parametrize("title", SECTIONS)
def test_every_section_has_a_table_and_says_what_it_means_and_what_is_not_measured(title):
    text = SECTIONS[title]
    assert re.match(r"\s*[A-Z`].*?[.?:]\s*\n\n\|", text, re.DOTALL), "the meaning comes before the table"
    assert text.count("**Not measured:**") == 1
    assert "Linux x86_64, 2 CPU cores" in text, "the machine"
    assert "`python benchmarks/" in text, "the command"


def test_every_ledger_is_listed():
    assert set(measurements.LEDGERS) == {path.name.partition(".")[0] for path in ganlib.ledger.FOLDER.iterdir()}


def test_two_kinds_of_machine_are_never_mixed_in_silence():
    small = {"key": {}, "machine": "A, 2 CPU cores"}
    large = {"key": {"device": "gpu"}, "machine": "B, 16 CPU cores"}
    assert measurements.machines([small, small]) == "A, 2 CPU cores"
    both = measurements.machines([small, large, small])
    assert (
        both == "A, 2 CPU cores (2 rows) and B, 16 CPU cores and a GPU (1 rows); compare only what one machine measured"
    )
    assert measurements.without_gpu([small], ["faces"]) == ["a GPU", "faces"]
    assert measurements.without_gpu([small, large], ["faces"]) == ["faces"]


# The sentences whose words, not only their numbers, depend on the ledgers


def test_the_scores_of_the_two_precisions_overlap():
    rows = ganlib.ledger.load(precision.NAME)
    for backend in ("torch", "tensorflow"):
        for score in ("frechet", "coverage"):
            one, other = (rows.values(score, backend=backend, precision=kind) for kind in precision.PRECISIONS)
            assert max(one.min(), other.min()) <= min(one.max(), other.max())


def test_the_rows_of_steps_come_from_several_processors():
    rates = [row["result"]["product_flops_per_second"] for row in ganlib.ledger.load(training_step.NAME).rows]
    assert max(rates) > 1.5 * min(rates), "otherwise the page says it without a reason"


def test_a_step_is_about_as_fast_as_the_tutorials_or_faster():
    """README says so in a sentence."""
    assert all(row["result"]["ratio"] > 0.95 for row in ganlib.ledger.load(training_step.NAME).rows)


def test_the_monitors_story_has_ten_sentences_that_the_ledger_bears_out():
    told = measurements.story()
    assert len(told) == 10
    assert all(sentence.endswith(".") and ". " not in sentence for sentence in map(str.strip, told))
    found = {name: monitor.rows(name) for name in monitor.NAMES}
    assert min(len({row["key"]["seed"] for row in rows}) for rows in found.values()) >= 10
    whole = [name for name in monitor.RECIPES if any(map(is_whole, found[name]))]
    fresh = [
        name for name in whole if any(is_whole(row) and row["key"]["seed"] in monitor.FRESH for row in found[name])
    ]
    assert (len(whole), len(monitor.RECIPES) - len(whole), len(fresh)) == (11, 6, 4)
    alarms = {(name, row["key"]["seed"]) for name, rows in found.items() for row in rows if row["result"]["findings"]}
    assert alarms == {("dcgan-64", 5), *((monitor.ON_SHAPES, seed) for seed in (3, 5, 14, 18))}
    ends = {
        row["key"]["seed"]: row["result"]["distance_at_end"] for row in found["dcgan-64"] if row["key"]["seed"] < 10
    }
    assert len(ends) == 10
    assert max(ends, key=ends.get) == 5


def is_whole(row):
    """Whether a run was of the shipped recipe at its full size, and to its end."""
    shipped, recipe = ganlib.recipe(row["recipe"]["name"]), ganlib.recipe(**row["recipe"])
    same = (recipe.width, recipe.batch_size, recipe.data) == (shipped.width, shipped.batch_size, shipped.data)
    return same and monitor.ended(row) == shipped.steps


def test_the_largest_logit_of_a_healthy_run_is_the_one_that_is_named():
    largest = max(row["result"]["logit"] for row in ganlib.ledger.load(monitor.NAME).rows)
    assert largest < LARGE_LOGIT
    for name in ("book/measurements.md", "ganlib/runtime/monitor.py"):
        text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
        assert f"up to {largest:.0f}" in text
