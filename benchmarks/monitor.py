"""Trains every shipped recipe with the monitor watching, ten seeds: what it tells of these runs is a false alarm.

    python benchmarks/monitor.py                                  # every run; some five hours on one core
    python benchmarks/monitor.py ring --backend torch --seeds 0 1 2
    python benchmarks/monitor.py dcgan-28 --seeds 10 11           # fresh seeds: the wide recipes at their own width
    python benchmarks/monitor.py --table                          # what was measured, as the README shows it
    python benchmarks/monitor.py --extremes                       # what the thresholds stand beside

The wide recipes are cut: to fewer steps, and to a quarter of their width at four times their rates, see
benchmarks/sources.py; three of them run in the fastest precision. Of source-002 and source-004 that is still longer
than the monitor waits, so that it could tell something; of the others it is not. pytorch-tutorial sees shapes instead
of faces, and MNIST is its 10,000 test images, see ganlib.data.load. Of dcgan-32, source-000 and source-003 only fresh
seeds are run here: the monitor watches the cut runs in that command's ledger, five seeds in each framework. Rows that
are there are not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

from sources import METHODS, narrow

import ganlib
from ganlib import ledger
from ganlib.monitor import EVEN, SATURATED, Monitor, patience

NAME = "monitor"
ABOUT = (
    "What the monitor tells of the shipped recipes, and the extremes of what it measures from step 200 on. D's loss is "
    "in shares of the even one, spreads are in the data's."
)
COMMAND = "python benchmarks/monitor.py"
SEEDS = range(10)
FRESH = range(10, 20)  # but for pytorch-tutorial's none was looked at before how long the monitor waits was fixed
WATCHED = ("dcgan-32", "source-000", "source-003")  # cut, elsewhere
CUT: dict[str, dict[str, Any]] = {
    "dcgan-28": {"steps": 1000},
    "dcgan-64": {**narrow("dcgan-64"), "steps": 1200, "precision": "auto"},
    "tensorflow-tutorial": {**narrow("tensorflow-tutorial"), "steps": 1400, "precision": "auto"},
    "pytorch-tutorial": {**narrow("pytorch-tutorial"), "steps": 1400, "precision": "auto", "data": "shapes"},
    "source-002": {**METHODS["source-002"], "steps": 4200},
    "source-004": {**METHODS["source-004"], "steps": 8400},
    **{name: METHODS[name] for name in WATCHED},
}
# Fresh seeds see these at their own width, whole but for source-004 and those of UNTIL_QUIET.
FULL: dict[str, dict[str, Any]] = {
    "dcgan-28": {},
    "dcgan-64": {"precision": "auto"},
    "tensorflow-tutorial": {"precision": "auto"},
    "pytorch-tutorial": {"precision": "auto", "data": "shapes"},
    "dcgan-32": {"precision": "auto"},
    "source-000": {"precision": "auto"},
    "source-001": {},
    "source-002": {"precision": "auto"},
    "source-003": {"precision": "auto"},
    "source-004": {"steps": 3500, "precision": "auto"},
}
# These are too dear for that here, and end when QUIET looks in a row saw nothing wrong. The monitor then waits anew, a
# quarter of the recipe's steps, before it tells anything but divergence; of later they say nothing. One look is not
# enough, though most rows have no more: of five runs of pytorch-tutorial that were quiet at step 100, four were not
# soon after.
UNTIL_QUIET = ("dcgan-64", "tensorflow-tutorial", "pytorch-tutorial", "source-002", "source-003")
QUIET = 3
WORST: dict[str, tuple[Callable[..., float], Callable[[Mapping[str, float]], float]]] = {  # for each threshold
    "gap": (min, lambda look: look["d_real"] - look["d_fake"]),
    "g_loss": (min, lambda look: abs(look["g_loss"])),
    "slope": (min, lambda look: look["slope"]),
    "spread": (min, lambda look: look["spread"]),
    "widest": (max, lambda look: look["spread"]),
    "distance": (max, lambda look: look["distance"]),
    "norms": (max, lambda look: max(look["generator_norm"], look["discriminator_norm"])),
    "logit": (max, lambda look: look["logit"]),
}


def made(name: str, seed: int) -> dict[str, Any]:
    """The recipe's name and changes."""
    return {"name": name, **(FULL if seed in FRESH else CUT).get(name, {})}


def run(changes: dict[str, Any], backend: str, seed: int, until_quiet: int | None = None) -> dict[str, Any]:
    """Trains once: what the monitor told, after how many steps, and the extremes of its looks.

    A run that is cut is watched as the whole one is: the monitor's patience is a share of the recipe's steps.
    """
    recipe = ganlib.recipe(**{field: value for field, value in changes.items() if field != "steps"})
    data = ganlib.data.load(recipe, split="test" if recipe.data == "mnist" else "train")
    trainer, monitor = ganlib.backend(backend).Trainer(recipe, seed), Monitor(data=data)
    callbacks = [monitor, UntilQuiet(monitor, until_quiet)] if until_quiet else [monitor]
    trainer.fit(data, changes.get("steps"), callbacks, progress=False)
    found = {"findings": [finding.sentence for finding in monitor.findings], "steps": trainer.steps_done}
    return {**found, "suspected": sorted(monitor._seen), **extremes(recipe.loss, monitor.looks)}


class UntilQuiet:
    """Ends a run when so many looks in a row saw nothing wrong."""

    def __init__(self, monitor: Monitor, looks: int) -> None:
        self.monitor, self.looks, self.quiet = monitor, looks, 0

    def on_step(self, trainer: Any, metrics: Mapping[str, float]) -> None:
        """After the monitor's own look at this step."""
        if trainer.steps_done % self.monitor.every == 0:
            self.quiet = 0 if self.monitor._seen else self.quiet + 1
            if self.quiet == self.looks:
                trainer.stop()


def extremes(loss: str, looks: list[dict[str, float]]) -> dict[str, float]:
    """The worst of what the looks measured, from step 200 on; of a run that ended before, of its last."""
    looks = [look for look in looks if look["step"] >= 200] or looks[-1:]
    found = {name: float(which(map(value, looks))) for name, (which, value) in WORST.items()}
    found["d_loss"] = min(look["d_loss"] for look in looks) / EVEN[loss][0]
    if "modes" in looks[0]:
        found["modes"] = min(look["modes"] for look in looks)
    return found


def rows(name: str) -> list[dict[str, Any]]:
    """All runs of a recipe that the monitor has watched."""
    elsewhere = ledger.load("sources").select(method=name, data="shapes") if name in WATCHED else []
    return [*elsewhere, *ledger.load(NAME).select(recipe=name)]


def table() -> str:
    """What was measured, in Markdown."""
    lines = ["| Recipe | waits | steps | runs in PyTorch | in TensorFlow | with an alarm |"]
    lines += ["|:--|--:|--:|--:|--:|--:|"]
    for name in ganlib.recipes():
        shipped, found = ganlib.recipe(name), rows(name)
        for seeds in (SEEDS, FRESH):
            these = [row for row in found if row["key"]["seed"] in seeds]
            if not these:
                continue
            runs = [sum(row["key"]["backend"] == backend for row in these) for backend in ("torch", "tensorflow")]
            recipe = ganlib.recipe(**made(name, seeds[0]))
            # Older rows, which do not say it, ran to the end.
            ends = [row["result"].get("steps", ganlib.recipe(**row["recipe"]).steps) for row in these]
            most = " to ".join(f"{steps:,}" for steps in sorted({min(ends), max(ends)}))
            cut = [most + (f" of {shipped.steps:,}" if max(ends) < shipped.steps else "")]
            cut += ["quarter width"] if recipe.width < shipped.width else []
            cut += [f"batches of {recipe.batch_size}"] if recipe.batch_size < shipped.batch_size else []
            cut += ["fresh seeds"] if seeds is FRESH else []
            alarms = sum(bool(row["result"]["findings"]) for row in these)
            waits = 100 * patience(shipped)
            lines.append(f"| `{name}` | {waits:,} | {', '.join(cut)} | {runs[0]} | {runs[1]} | {alarms} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=[name for name in ganlib.recipes() if name not in WATCHED])
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--extremes", action="store_true")
    options = parser.parse_args()
    path = ledger.FOLDER / f"{NAME}.json"
    done = [(row["key"], row["recipe"]) for row in ledger.load(NAME).rows] if path.exists() else []
    if options.table:
        print(table())
    elif options.extremes:
        print(f"D's loss counts as saturated at {SATURATED}.")
        for name in options.recipes:
            found = [row["result"] for row in ledger.load(NAME).select(recipe=name)]
            worst = {"d_loss": min, "modes": min, **{what: which for what, (which, _) in WORST.items()}}
            told = {what: which(row[what] for row in found) for what, which in worst.items() if what in found[0]}
            print(f"{name}, {len(found)} runs:", ", ".join(f"{what} {value:.3g}" for what, value in told.items()))
    else:
        for seed in options.seeds:
            for name in options.recipes:
                for backend in [options.backend] if options.backend else ganlib.available():
                    key = {"recipe": name, "backend": backend, "seed": seed}
                    if (key, made(name, seed)) in done:
                        continue
                    start = time.perf_counter()
                    until_quiet = QUIET if seed in FRESH and name in UNTIL_QUIET else None
                    result = run(made(name, seed), backend, seed, until_quiet)
                    seconds = time.perf_counter() - start
                    ledger.record(NAME, ABOUT, COMMAND, key, result, made(name, seed), seconds)
                    told = f"{result['steps']} steps, {seconds:.0f} s, {result['findings']}"
                    print(f"{name}, {backend}, seed {seed}: {told}", flush=True)


if __name__ == "__main__":
    main()
