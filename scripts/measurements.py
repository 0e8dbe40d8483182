"""Writes book/measurements.md: every table that the ledgers give, with what it means and where it was measured.

    python scripts/measurements.py

The tables are those that the commands in `benchmarks` print with `--table`. What the sentences say of the ledgers is
computed, too. `tests/test_measurements.py` fails when the page and the ledgers disagree.
"""

import re
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import cost
import monitor
import page_trainer
import precision
import the_book
import time_to_quality
import training_step

import ganlib
from ganlib import ledger
from ganlib.runtime.monitor import LARGE_LOGIT

PAGE = Path(__file__).resolve().parent.parent / "book" / "measurements.md"
BEGIN, END = "<!-- begin: scripts/measurements.py writes this -->\n", "<!-- end -->\n"
LEDGERS = (
    *("training_step", "time_to_quality", "precision", "cost", "monitor", "the_book"),
    *("dcgan_guidelines", "joint_batches", "images", "scoreboard", "stabilisers", "gamma"),
    *("sources", "conjugate", "bugs", "page_trainer"),
)
NAMES = {"ganlib": "ganlib", "python": "Python", "torch": "PyTorch", "tensorflow": "TensorFlow"}
Rows = Sequence[dict[str, Any]]


def on_gpu(row: dict[str, Any]) -> bool:
    """Whether a row was measured on a GPU."""
    return row["key"].get("device") == "gpu" or "GPU" in row["machine"]


def filled(text: str, mark: str = "") -> str:
    """One paragraph, or with a mark one item of a list, in lines of one length however long the numbers in it are."""
    indent = " " * len(mark)
    words = mark + " ".join(text.split())
    return textwrap.fill(words, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def prose(text: str) -> str:
    """Paragraphs."""
    return "\n\n".join(map(filled, text.strip().split("\n\n")))


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words as a sentence lists them."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def machines(rows: Rows) -> str:
    """The machines that measured these rows. Where there are several it says how many rows each one measured."""
    found = Counter(
        row["machine"] + (" and a GPU" if on_gpu(row) and "GPU" not in row["machine"] else "") for row in rows
    )
    if len(found) == 1:
        return next(iter(found))
    counted = joined([f"{machine} ({count:,} rows)" for machine, count in found.items()])
    return f"{counted}; compare only what one machine measured"


def versions(rows: Rows) -> str:
    """The versions that measured these rows."""
    said = []
    for package, name in NAMES.items():
        found = sorted({row["versions"][package].partition("+")[0] for row in rows if package in row["versions"]})
        said += [f"{name} {joined(found)}"] if found else []
    return joined(said)


def without_gpu(rows: Rows, more: Sequence[str] = ()) -> list[str]:
    """What to say is not measured: a GPU, as long as no row comes from one, and more."""
    return [*([] if any(map(on_gpu, rows)) else ["a GPU"]), *more]


def section(title: str, benchmark: ModuleType, rows: Rows, means: str, missing: Sequence[str], after: str = "") -> str:
    """A table of these rows: before it what it means, after it the machine, the command, and what is not measured."""
    table = benchmark.table().replace("| torch |", "| PyTorch |").replace("| tensorflow |", "| TensorFlow |")
    facts = [f"**Measured on** {machines(rows)}, with {versions(rows)}."]
    facts += [f"**To repeat it:** `{benchmark.COMMAND}`."]
    facts += [f"**Not measured:** {joined(missing)}."]
    listed = "\n".join(filled(fact, "- ") for fact in facts)
    return "\n\n".join(filter(None, [f"## {title}", prose(means), table, after, listed]))


def step() -> str:
    """A training step against the tutorials' loops."""
    rows = ledger.load(training_step.NAME).rows
    rates = [row["result"]["product_flops_per_second"] / 1e9 for row in rows]
    pairs = joined([str(count) for count in sorted({len(row["result"]["ganlib_seconds"]) for row in rows})], "or")
    means = f"""
    PyTorch and TensorFlow each have an official tutorial that trains a DCGAN. This table sets the time of one step of
    their loops beside the time of the same step in `ganlib`: the same framework, networks, batch and data. A ratio of
    1.3 means that the tutorial's loop takes 1.3 times as long. It is the median of {pairs} pairs of measurements, and
    the smallest and the largest ratio stand behind it. The last column says what share of the speed of a large matrix
    product, measured beside them, the tutorial's loop and `ganlib` reach.

    The tutorials' loops always compute in float32. In the rows with bfloat16, `ganlib` computes with these shorter
    numbers, which is what `precision="auto"` chooses where the processor is faster with them.
    """
    after = f"""
    The rows do not all come from the same processor: the matrix product ran at {min(rates):.0f} to {max(rates):.0f}
    billion operations a second. Compare the numbers within a row, not the milliseconds of two rows.
    """
    compiled = any(row["key"].get("compiled") for row in rows)
    missing = [] if compiled else ["`Trainer(recipe, compiled=True)`, whose step `torch.compile` or XLA compiles"]
    title = "A training step against the tutorials"
    return section(title, training_step, rows, means, without_gpu(rows, missing), prose(after))


def quality() -> str:
    """Time until the samples are as good as the tutorials'."""
    rows, epochs, ours = ledger.load(time_to_quality.NAME).rows, time_to_quality.EPOCHS, time_to_quality.OURS
    means = f"""
    How long does it take until the samples are as good as those of the tutorial's own recipe after its whole schedule,
    which is {epochs} epochs? Good means a small Fréchet distance between the samples and the images that were trained
    on. The ratio is the time of the tutorial's schedule over the time in which `ganlib` gets as far, with the spread
    over the seeds behind it; the last column counts the seeds of both. `ganlib` trains its own recipes,
    `{ours["digits"]}` and `{ours["mnist"]}`, in the fastest precision, so this table compares recipes as much as code.

    The ratios in TensorFlow are large for a simple reason: in {epochs} epochs its tutorial takes half as many steps as
    PyTorch's, at half the learning rate, and gets less far.
    """
    missing = ["the whole of MNIST, of which these runs saw half of the test images"]
    return section("Time to the tutorials' quality", time_to_quality, rows, means, without_gpu(rows, missing))


def precisions() -> str:
    """Scores in both precisions."""
    rows = ledger.load(precision.NAME).rows
    steps = ganlib.recipe(rows[0]["recipe"]["name"]).steps
    means = f"""
    Does a training in bfloat16 end where the same training in float32 ends? For `dcgan-digits` it does: after {steps:,}
    steps from the same seeds, the ranges of the two precisions overlap. A small Fréchet distance is good, and so is a
    large coverage.
    """
    return section("Precision", precision, rows, means, without_gpu(rows, ["larger networks"]))


def costs() -> str:
    """How cost grows."""
    rows = ledger.load(cost.NAME).rows
    means = f"""
    What does a training step of `dcgan-32` cost when its batch size, its width or its resolution grows, and the other
    two stay as they are? The time of a step is the median of {cost.REPETITIONS} measurements. The memory is what
    training takes on top of the program itself. The growth is the exponent over the upper half of each range: with an
    exponent of 1 the cost doubles when the field doubles, and with 2 it becomes four times as large.
    """
    alternative = (
        "Six panels with logarithmic axes. Milliseconds a step in the upper row and mebibytes in the lower, over batch "
        "size, width and resolution, a line for PyTorch and one for TensorFlow."
    )
    figure = f"![{alternative}](_static/cost.png)"
    return section("How the cost grows", cost, rows, means, without_gpu(rows, ["bfloat16"]), figure)


def devices() -> str:
    """Which machine ran what, and how to use more than one device."""
    ledgers = [ledger.load(name) for name in LEDGERS]
    rows = [row for one in ledgers for row in one.rows]
    gpu = sum(map(on_gpu, rows))
    means = f"""
    These are all the runs whose results are stored with the package: {len(rows):,} of them, and
    {f"{gpu:,} were measured on a GPU" if gpu else "none was measured on a GPU"}.
    """
    lines = ["| Ledger | runs | machine | command |", "|:--|--:|:--|:--|"]
    lines += [f"| {one.name} | {len(one.rows):,} | {machines(one.rows)} | `{one.command}` |" for one in ledgers]
    use = """
    A training can also use several devices, through the frameworks' own engines. In PyTorch, start the same program
    once for each device with `torchrun --nproc-per-node 2 train.py`, or the command with
    `torchrun --nproc-per-node 2 -m ganlib train …`. In TensorFlow, make the trainer inside
    `tf.distribute.MirroredStrategy().scope()`, or name the devices on the command line:
    `ganlib train … --device GPU:0,GPU:1`. Each batch is shared out, batch normalisation and penalties included, so that
    the recipe, the seed and the result stay those of one device. A checkpoint from one loads in the other.
    [Several devices](api/training.md#several-devices) says more.
    """
    missing = """
    **Not measured:** how much time a second device saves. The tests check that two workers on one processor end with
    the numbers of one.
    """
    return "\n\n".join(["## Devices", prose(means), "\n".join(lines), prose(use), filled(missing, "- ")])


def told(recipe: str, seed: int) -> str:
    """The step at which the monitor first raised an alarm in this run."""
    [row] = ledger.load(monitor.NAME).select(recipe=recipe, seed=seed)
    [step] = re.findall(r"^Step (\d+)", row["result"]["findings"][0])
    return f"{int(step):,}"


def watched() -> list[dict[str, Any]]:
    """Every run that the monitor watched."""
    return [row for name in monitor.NAMES for row in monitor.rows(name)]


def story() -> tuple[str, ...]:
    """What the monitor's runs taught, in ten sentences."""
    largest = max(row["result"]["logit"] for row in ledger.load(monitor.NAME).rows)
    fresh = (told(monitor.ON_SHAPES, 14), told(monitor.ON_SHAPES, 18))
    recipes, runs = len(monitor.RECIPES), len(watched())
    return (
        f"""The monitor watched all {recipes} shipped recipes without conditions and two more experiments, {runs} runs
        in all, on at least ten seeds each.""",
        """Eleven of the recipes ran for all of their steps at their full size, four of these on fresh seeds, which had
        no part in choosing how long the monitor waits.""",
        """The other six are too expensive for the machine that measured them, so they ran for all of their steps at an
        eighth of their width and in small batches, and at their full width only for a while or not at all.""",
        f"""One run of a shipped recipe raised an alarm, and it was right: in the narrow `dcgan-64` with seed 5, the
        discriminator was certain from step 3,200 on and the samples were noise, which the monitor said at step
        {told("dcgan-64", 5)}; the run recovered later by itself, but ended farther from the data than the nine
        others.""",
        """`pytorch-tutorial` is made for faces, which could not be used here, so it was trained on pieces of
        photographs, and in an experiment of its own on drawn shapes.""",
        """On shapes its discriminator soon becomes certain, and the generator draws nothing but one blot for hundreds
        or thousands of steps, until the run recovers by itself or ends.""",
        f"""That is why the monitor now waits for a quarter of the steps: when it waited for a tenth, the runs with the
        seeds 14 and 18 raised alarms at the steps {fresh[0]} and {fresh[1]} and had recovered by the steps 1,400 and
        1,600; they have not been run again, and the table still counts them.""",
        """With the longer wait, two of ten narrow runs on shapes raised an alarm, and in both of them the blot had
        truly lasted for more than a quarter of the steps.""",
        f"""The limit above which logits count as diverging was raised from 100 to {LARGE_LOGIT:.0f}, because the
        discriminator of `source-002` grows ever more certain while the samples are good: its mean logits reach
        up to {largest:.0f}, and those of a run that diverges reach 1,000 and more.""",
        """The monitor does not see everything: most whole runs of `source-002` draw their shapes in only one or two
        colours, and it says nothing, because the spread of the samples is nearly that of the data.""",
    )


def page() -> str:
    """The trainer in JavaScript."""
    means = f"""
    The book's laboratory trains in the reader's page, in JavaScript. How fast is that? A Worker in Chromium took steps
    of three recipes, and NumPy took the same steps on one thread, in turns. A ratio of 0.5 means that the page takes
    twice as long as NumPy, whose matrix products use the processor's vector instructions; the smaller the networks, the
    smaller the gap. The second table follows `{page_trainer.PAGE}`, the recipe that is sized for the page, on ten
    seeds. All seconds are those of one processor core.
    """
    rows = ledger.load(page_trainer.NAME).rows
    return section("The trainer in the page", page_trainer, rows, means, ["other browsers", "a phone"])


def alarms() -> str:
    """The monitor's runs."""
    means = """
    `ganlib train` watches a training and says in a sentence what goes wrong, as `ganlib.monitor.Monitor` does in any
    loop. A warning about a healthy training would be worse than none. So this table counts the runs in which the
    monitor raised an alarm; the second column is how many steps a fault must last before it does.
    """
    sentences = "\n".join(filled(sentence, f"{number}. ") for number, sentence in enumerate(story(), start=1))
    rows, missing = watched(), ["faces", "the six expensive recipes for all of their steps at their full width"]
    return section("What the monitor said", monitor, rows, means, without_gpu(rows, missing), sentences)


def own() -> str:
    """The book's own times."""
    means = """
    This is how long it takes to work on the book itself, on a machine that does nothing else. Each chapter ran alone,
    and the memory is that of its largest process.
    """
    rows = ledger.load(the_book.NAME).rows
    measured = {row["key"]["what"] for row in rows}
    tests = [] if measured >= set(the_book.TARGETS) else ["`make test` as it is now"]
    return section("The book's own times", the_book, rows, means, without_gpu(rows, [*tests, "Windows", "macOS"]))


SECTIONS = (step, quality, precisions, costs, page, devices, alarms, own)


def markdown() -> str:
    """All sections."""
    return "\n\n".join(write() for write in SECTIONS) + "\n"


def main() -> None:
    """Puts the sections between the page's two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{markdown()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
