"""Trains every shipped recipe with the monitor watching, ten seeds: what it tells of samples that are good is false.

    python benchmarks/monitor.py                                  # every run in both frameworks; a day on one core
    python benchmarks/monitor.py ring --backend torch --seeds 0 1 2
    python benchmarks/monitor.py dcgan-28 --seeds 10 11           # fresh seeds: the wide recipes at their own width
    python benchmarks/monitor.py source-002 --seeds 10 --whole    # and to the end: hours on a core; meant for a GPU
    python benchmarks/monitor.py --table                          # what was measured, as the book shows it
    python benchmarks/monitor.py --extremes                       # what the thresholds stand beside

The wide recipes are cut, see benchmarks/sources.py: narrower at rates as much higher, in smaller batches, some to fewer
steps; six of them run in the fastest precision. Those run here are still longer than the monitor waits, so that it
could tell something. pytorch-tutorial is for faces, which are not to be had here. It sees pieces of photographs
instead, and once more shapes. MNIST is its 10,000 test images, see ganlib.data.load. Of dcgan-32 and source-000
only fresh seeds are run here: the monitor watches the cut runs in that command's ledger, five seeds in each framework.
Rows that are there are not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import recording
from PIL import Image
from sklearn.datasets import load_sample_image
from sources import METHODS, narrow

import ganlib
from ganlib import architectures, ledger
from ganlib.reference import losses
from ganlib.runtime.monitor import SATURATED, Monitor, patience
from ganlib.runtime.trainer import BaseTrainer

NAME = "monitor"
ABOUT = (
    "What the monitor tells of the shipped recipes, and the extremes of what it measures from step 200 on. D's loss is "
    "in shares of the even one, spreads are in the data's."
)
COMMAND = "python benchmarks/monitor.py"
SEEDS = range(10)
FRESH = range(10, 20)  # but for those on shapes none was looked at before how long the monitor waits was fixed
ON_SHAPES = "pytorch-tutorial on shapes"
CERTAIN = "source-002 for 4,200 steps"  # there D grows so certain that the limit of its logits had to be raised
# Those with conditions came later.
RECIPES = tuple(name for name in ganlib.recipes() if not architectures.conditions(ganlib.recipe(name)))
NAMES = (*RECIPES, ON_SHAPES, CERTAIN)
PHOTOGRAPHS = "folder:photographs"  # a name only: `photographs` makes them
EIGHTH = 8  # of the 64 filters at the image
# In batches an eighth as large, Adam's rate falls by the root of eight (Malladi et al. 2022). Without that one of two
# runs of dcgan-64 broke down in earnest, at step 9,000.
SMALL = {"batch_size": 16, "precision": "auto"}
WATCHED = ("dcgan-32", "source-000")  # cut, elsewhere
CUT: dict[str, dict[str, Any]] = {
    "dcgan-28": {"steps": 1000},
    "dcgan-64": {**narrow("dcgan-64", EIGHTH, 8**0.5), **SMALL},
    "tensorflow-tutorial": {**narrow("tensorflow-tutorial", EIGHTH), "batch_size": 32, "precision": "auto"},
    "pytorch-tutorial": {**narrow("pytorch-tutorial", EIGHTH, 8**0.5), **SMALL, "data": PHOTOGRAPHS},
    ON_SHAPES: {**narrow("pytorch-tutorial", EIGHTH, 8**0.5), **SMALL, "data": "shapes"},
    "source-002": {**narrow("source-002", EIGHTH, 8**0.5), **SMALL},
    CERTAIN: {**METHODS["source-002"], "steps": 4200},
    "source-003": {**narrow("source-003", EIGHTH, 8**0.5), **SMALL},
    "source-004": {**narrow("source-004", EIGHTH, 8**0.5), **SMALL},
    **{name: METHODS[name] for name in WATCHED},
}
# Fresh seeds see these at their own width, whole but for source-004 and those of UNTIL_QUIET.
FULL: dict[str, dict[str, Any]] = {
    "dcgan-28": {},
    "dcgan-64": {"precision": "auto"},
    "tensorflow-tutorial": {"precision": "auto"},
    ON_SHAPES: {"name": "pytorch-tutorial", "precision": "auto", "data": "shapes"},
    "dcgan-32": {"precision": "auto"},
    "source-000": {"precision": "auto"},
    "source-001": {},
    "source-002": {"precision": "auto"},
    "source-003": {"precision": "auto"},
    "source-004": {"steps": 3500, "precision": "auto"},
}
# These are too dear for that here, and end when QUIET looks in a row saw nothing wrong. The monitor then waits anew, a
# quarter of the recipe's steps, before it tells anything but divergence; of later they say nothing. One look is not
# enough, though most rows have no more: of five runs on shapes that were quiet at step 100, four were not soon after.
UNTIL_QUIET = ("dcgan-64", "tensorflow-tutorial", ON_SHAPES, "source-002", "source-003")
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
    split = "test" if recipe.data == "mnist" else "train"
    data = photographs(recipe.shape[0]) if recipe.data == PHOTOGRAPHS else ganlib.data.load(recipe, split=split)
    trainer, monitor = ganlib.backend(backend).Trainer(recipe, seed), Monitor(data=data)
    callbacks = [monitor, UntilQuiet(monitor, until_quiet)] if until_quiet else [monitor]
    trainer.fit(data, changes.get("steps"), callbacks, progress=False)
    found = {"findings": [finding.sentence for finding in monitor.findings], "steps": trainer.steps_done}
    far = {look["step"]: look["distance"] for look in monitor.looks}
    found |= {"distance_when_told": [far.get(finding.step, 0.0) for finding in monitor.findings]}
    found |= {"distance_at_end": far[max(far)], "suspected": sorted(monitor._seen)}
    return {**found, **extremes(recipe.loss, monitor.looks)}


def photographs(size: int, n: int = 10_000) -> np.ndarray:
    """Squares from the two photographs that scikit-learn brings, some mirrored: (n, size, size, 3) in [-1, 1]."""
    rng, pieces = np.random.default_rng(0), []
    sources = [Image.fromarray(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")]
    for source in (sources * n)[:n]:
        side = int(rng.integers(64, 257))
        left, top = (int(rng.integers(length - side + 1)) for length in source.size)
        piece = source.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
        pieces.append(np.asarray(piece)[:, :: 1 if rng.random() < 0.5 else -1])
    return np.stack(pieces).astype(np.float32) / 127.5 - 1


class UntilQuiet:
    """Ends a run when several looks in a row saw nothing wrong."""

    def __init__(self, monitor: Monitor, looks: int) -> None:
        self.monitor, self.looks, self.quiet = monitor, looks, 0

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        """After the monitor's own look at this step."""
        if trainer.steps_done % self.monitor.every == 0:
            self.quiet = 0 if self.monitor._seen else self.quiet + 1
            if self.quiet == self.looks:
                trainer.stop()


def extremes(loss: str, looks: list[dict[str, float]]) -> dict[str, float]:
    """The worst of what the looks measured, from step 200 on; of a run that ended before, of its last."""
    looks = [look for look in looks if look["step"] >= 200] or looks[-1:]
    found = {name: float(which(map(value, looks))) for name, (which, value) in WORST.items()}
    if even := losses.get(loss).even:
        found["d_loss"] = min(look["d_loss"] for look in looks) / even[0]
    if "modes" in looks[0]:
        found["modes"] = min(look["modes"] for look in looks)
    return found


def ended(row: dict[str, Any]) -> int:
    """The step that a run ended at. Older rows, which do not say it, ran to the end."""
    return row["result"].get("steps", ganlib.recipe(**row["recipe"]).steps)


def stopped(row: dict[str, Any]) -> bool:
    """Whether a run was ended before its recipe's last step: when it was quiet, or for want of time."""
    return ended(row) < ganlib.recipe(**row["recipe"]).steps


def rows(name: str) -> list[dict[str, Any]]:
    """All runs of a recipe that the monitor has watched."""
    elsewhere = ledger.load("sources").select(method=name, data="shapes") if name in WATCHED else []
    return [*elsewhere, *ledger.load(NAME).select(recipe=name)]


def table() -> str:
    """What was measured, in Markdown."""
    lines = ["| Recipe | waits | steps | runs in PyTorch | in TensorFlow | with an alarm |"]
    lines += ["|:--|--:|--:|--:|--:|--:|"]
    for name in NAMES:
        shipped, found = ganlib.recipe(made(name, SEEDS[0])["name"]), rows(name)
        for seeds in (SEEDS, FRESH):
            these = [row for row in found if row["key"]["seed"] in seeds]
            if not these:
                continue
            runs = [sum(row["key"]["backend"] == backend for row in these) for backend in ("torch", "tensorflow")]
            recipe = ganlib.recipe(**made(name, seeds[0]))
            ends = [ended(row) for row in these]
            most = " to ".join(f"{steps:,}" for steps in sorted({min(ends), max(ends)}))
            cut = [most + (f" of {shipped.steps:,}" if max(ends) < shipped.steps else "")]
            cut += {1: [], 4: ["quarter width"], 8: ["eighth width"]}[shipped.width // recipe.width]
            cut += [f"batches of {recipe.batch_size}"] if recipe.batch_size < shipped.batch_size else []
            cut += ["fresh seeds"] if seeds is FRESH else []
            alarms = sum(bool(row["result"]["findings"]) for row in these)
            waits = 100 * patience(shipped)
            lines.append(f"| `{name}` | {waits:,} | {', '.join(cut)} | {runs[0]} | {runs[1]} | {alarms} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=[name for name in NAMES if name not in WATCHED])
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--whole", action="store_true", help="do not end a run of fresh seeds when it is quiet")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--extremes", action="store_true")
    options = parser.parse_args()
    done = [(row["key"], row["recipe"]) for row in recording.rows(NAME) if not (options.whole and stopped(row))]
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
                    ends_early = seed in FRESH and name in UNTIL_QUIET and not options.whole
                    result = run(made(name, seed), backend, seed, QUIET if ends_early else None)
                    seconds = time.perf_counter() - start
                    recording.record(NAME, ABOUT, COMMAND, key, result, made(name, seed), seconds)
                    told = f"{result['steps']} steps, {seconds:.0f} s, {result['findings']}"
                    print(f"{name}, {backend}, seed {seed}: {told}", flush=True)


if __name__ == "__main__":
    main()
