"""Whether training in bfloat16 ends where training in float32 does: dcgan-digits, five seeds, both frameworks.

    python benchmarks/precision.py                          # a quarter of an hour on two cores
    python benchmarks/precision.py --backend torch --seeds 0
    python benchmarks/precision.py --table                  # what was measured, as the book shows it

bfloat16 is what `precision="auto"` takes where the processor is faster at it; elsewhere it is slower, and the scores
are the same. Rows that are there are not run again.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import ledger, metrics

NAME = "precision"
ABOUT = "Scores of dcgan-digits trained in float32 and in bfloat16, from the same seeds."
COMMAND = "python benchmarks/precision.py"
PRECISIONS = ("float32", "bfloat16")


def run(precision: str, backend: str, seed: int, **changes: Any) -> dict[str, float]:
    """Trains once; the scores of as many samples as there are digits."""
    recipe = ganlib.recipe("dcgan-digits", **changes)
    digits = ganlib.data.load(recipe).samples
    trainer = ganlib.backend(backend).Trainer(recipe, seed, precision=precision)
    trainer.fit(digits, progress=False)
    real, fake = (metrics.features(images) for images in (digits, trainer.sample(len(digits), seed=1)))
    frechet = metrics.frechet_distance(real, fake)
    return {
        "frechet": frechet.value,
        "frechet_floor": frechet.perfect,
        "coverage": metrics.prdc(real, fake).coverage.value,
    }


def table() -> str:
    """What was measured, in Markdown."""
    lines = ["| Framework | Precision | Fréchet distance (range) | coverage | seeds |", "|:--|:--|--:|--:|--:|"]
    rows = ledger.load(NAME)
    for backend in ("torch", "tensorflow"):
        for precision in PRECISIONS:
            found, coverage = (
                rows.values(name, backend=backend, precision=precision) for name in ("frechet", "coverage")
            )
            lines.append(
                f"| {backend} | {precision} | {np.median(found):.1f} ({found.min():.1f} to {found.max():.1f}) "
                f"| {np.median(coverage):.2f} | {len(found)} |"
            )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5), metavar="SEED")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    done = [row["key"] for row in recording.rows(NAME)]
    for seed in options.seeds:
        for backend in [options.backend] if options.backend else ganlib.available():
            for precision in PRECISIONS:
                key = {"precision": precision, "backend": backend, "seed": seed}
                if key in done:
                    continue
                start = time.perf_counter()
                result = run(precision, backend, seed)
                seconds = time.perf_counter() - start
                recording.record(NAME, ABOUT, COMMAND, key, result, {"name": "dcgan-digits"}, seconds)
                print(f"{key}: {result['frechet']:.1f}", flush=True)


if __name__ == "__main__":
    main()
