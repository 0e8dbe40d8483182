"""The loops of the chapter "Bugs that train in silence", right and wrong, on ten seeds: its run ledger.

    python benchmarks/bugs.py                                       # some 15 minutes on one CPU core
    python benchmarks/bugs.py --only NoiseOnce --backend torch --seeds 0 1

Nothing is written twice: the loops are the cells of book/text/bugs.md, which this command runs. A loop is trained on
the ring on ten seeds in each framework, and those of `ON_DIGITS` on the digits on three. Rows that are there are not
run again. Losses and samples of seed 0 are kept for the chapter's pictures.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import recording

import ganlib
from ganlib.runtime import files

NAME = "bugs"
ABOUT = (
    "Training loops with one wrong line each, and the right one, `Loop`. On the ring, score counts the modes that hold "
    "a third of their due; on the digits it is the Fréchet distance. d_loss and g_loss are means over the last 100 "
    "steps, moved is how far G's weights came, as a share of their size."
)
COMMAND = "python benchmarks/bugs.py"
TEXT = Path(__file__).resolve().parent.parent / "book" / "text" / "bugs.md"
RIGHT = "Loop"
ON_RING = (
    *(RIGHT, "OneLabel", "TwoSigmoids", "OneColumn", "WrongWeights", "KeptByG", "KeptByD", "NeverCleared"),
    "NoiseOnce",
)
ON_DIGITS = (RIGHT, "NoiseOnce", "Inference")
SEEDS = {"ring": 10, "digits": 3}
SHARED = "# @title What every loop shares"


def loops(backend: str) -> dict[str, Any]:
    """What the chapter's cells define under a framework: the loops by name, and the recipes RING and DIGITS."""
    names: dict[str, Any] = {"ganlib": ganlib, "gl": ganlib.backend(backend)}
    for cell in jupytext.read(TEXT).cells:
        if cell.source.startswith(SHARED) or f"tab-{backend}" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return names


def run(loop: str, data: str, backend: str, seed: int, steps: int | None = None) -> dict[str, Any]:
    """One training by one of the chapter's loops."""
    names = loops(backend)
    recipe = names[data.upper()]
    recipe = recipe if steps is None else ganlib.recipe(**{**vars(recipe), "steps": steps})
    training = names[loop](recipe, seed)
    before = training.networks.weights()["generator"]
    training.fit()
    after = training.networks.weights()["generator"]
    moved = np.sqrt(sum(np.square(after[name] - before[name]).sum() for name in before))
    size = np.sqrt(sum(np.square(weight).sum() for weight in before.values()))
    d_loss, g_loss = training.losses[-100:].mean(axis=0)
    result = {"score": training.score(), "d_loss": float(d_loss), "g_loss": float(g_loss), "moved": float(moved / size)}
    if data == "digits":
        features = ganlib.metrics.features
        found = ganlib.metrics.prdc(features(training.data.images), features(training.samples))
        result["coverage"] = float(found.coverage)
    if seed == 0:
        thin = training.losses[:: max(1, len(training.losses) // 150)]
        result |= {"d_losses": coarse(thin[:, 0]), "g_losses": coarse(thin[:, 1])}
        result["points" if data == "ring" else "images"] = coarse(
            *((training.samples[:250],) if data == "ring" else (training.samples[:12], 16))
        )
    return result


def coarse(values: np.ndarray, parts: int = 64) -> np.ndarray:
    """Values in whole parts of 1, as fine as a figure shows, which takes a third of the room in the wheel."""
    return np.round(values.astype(float) * parts) / parts


def made(data: str, backend: str) -> dict[str, Any]:
    """The recipe of a loop's networks, data and steps: its name and all that differs."""
    recipe = loops(backend)[data.upper()]
    found: dict[str, Any] = {"name": recipe.name}
    for path, value in files.changes(recipe).items():
        *player, name = path.split(".")
        (found.setdefault(player[0], {}) if player else found)[name] = value
    return found


def main() -> None:
    """Runs what the ledger lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = tuple(dict.fromkeys(ON_RING + ON_DIGITS))
    parser.add_argument("--only", nargs="+", choices=every, default=every, metavar="LOOP", help=", ".join(every))
    parser.add_argument("--seeds", nargs="+", type=int, default=range(max(SEEDS.values())), metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    options = parser.parse_args()
    for seed in options.seeds:
        for backend in [options.backend] if options.backend else ganlib.available():
            for data, of in (("ring", ON_RING), ("digits", ON_DIGITS)):
                for loop in of if seed < SEEDS[data] else ():
                    key = {"loop": loop, "data": data, "backend": backend, "seed": seed}
                    if loop not in options.only or any(row["key"] == key for row in recording.rows(NAME)):
                        continue
                    start = time.perf_counter()
                    result = run(loop, data, backend, seed)
                    seconds = time.perf_counter() - start
                    recording.record(NAME, ABOUT, COMMAND, key, result, made(data, backend), seconds)
                    told = {name: round(value, 3) for name, value in result.items() if np.isscalar(value)}
                    print(f"{loop}, {data}, {backend}, {seed}: {told} in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
