"""How the cost of a training step grows with batch size, width and resolution: time and memory.

    python benchmarks/cost.py                          # both frameworks; a quarter of an hour on two cores
    python benchmarks/cost.py --axis width --backend torch
    python benchmarks/cost.py --table                  # what was measured, as the book shows it
    python benchmarks/cost.py --figure cost.png        # the same as a picture

One field of dcgan-32 changes at a time. Each setting runs in a process of its own, whose largest memory is the
setting's, less what it held before the networks were made. The exponent is the slope between the logarithms over the
upper half of an axis, where the cost that does not grow counts least.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import ledger

NAME = "cost"
ABOUT = "Seconds and memory of a training step of dcgan-32, as one of its fields changes; one value a repetition."
COMMAND = "python benchmarks/cost.py"
BASE = {"name": "dcgan-32", "batch_size": 64, "width": 32}
AXES: dict[str, tuple[int, ...]] = {
    "batch size": (16, 32, 64, 128, 256),
    "width": (8, 16, 32, 64, 128),
    "resolution": (8, 16, 32, 64, 128),
}
REPETITIONS = 5
SECONDS = 2.0  # that a repetition takes, about
FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


def changed(axis: str, value: int) -> dict[str, Any]:
    """The recipe's name and changes."""
    field = {"batch size": "batch_size", "width": "width", "resolution": "shape"}[axis]
    return {**BASE, field: [value, value, 3] if field == "shape" else value}


def measure(recipe: ganlib.Recipe, backend: str, repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Seconds a step of each repetition, and the mebibytes that training took; in a process that did nothing else."""
    trainers = ganlib.backend(backend).Trainer
    values = np.random.default_rng(0).uniform(-1, 1, (2 * recipe.batch_size, *recipe.shape)).astype(np.float32)
    before = largest()
    trainer = trainers(recipe, 0)
    trainer.fit(values, steps=2, progress=False)
    start = time.perf_counter()
    trainer.fit(values, steps=2, progress=False)
    steps = max(2, round(SECONDS / (time.perf_counter() - start) * 2))
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        trainer.fit(values, steps=steps, progress=False)
        seconds.append((time.perf_counter() - start) / steps)
    return {
        "step_seconds": [float(f"{second:.4g}") for second in seconds],
        "memory_mib": round(largest() - before, 1),
        "device": trainer.device,
    }


def largest() -> float:
    """The most memory that this process has held, in MiB. macOS counts bytes, Linux KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def exponent(values: Any, costs: Any) -> float:
    """The slope of log cost over log value, fitted to the upper half."""
    half = len(values) // 2
    return float(np.polyfit(np.log(values[half:]), np.log(costs[half:]), 1)[0])


def curves(axis: str, backend: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was measured along an axis: its values, the median seconds, and MiB."""
    rows = ledger.load(NAME).select(axis=axis, backend=backend)
    rows = sorted(rows, key=lambda row: row["key"]["value"])
    seconds = [np.median(row["result"]["step_seconds"]) for row in rows]
    memory = [row["result"]["memory_mib"] for row in rows]
    return np.array([row["key"]["value"] for row in rows]), np.array(seconds), np.array(memory)


def table() -> str:
    """What was measured, in Markdown."""
    lines = ["| What grows | Framework | a step | its growth | memory | its growth |", "|:--|:--|--:|--:|--:|--:|"]
    for axis in AXES:
        for backend, framework in FRAMEWORKS.items():
            values, seconds, memory = curves(axis, backend)
            first, last = (f"{float(f'{1000 * second:.3g}'):,g}" for second in (seconds[0], seconds[-1]))
            lines.append(
                f"| {axis} {values[0]} to {values[-1]} | {framework} "
                f"| {first} to {last} ms | {axis}<sup>{exponent(values, seconds):.1f}</sup> "
                f"| {memory[0]:,.0f} to {memory[-1]:,.0f} MiB | {axis}<sup>{exponent(values, memory):.1f}</sup> |"
            )
    return "\n".join(lines)


def figure(path: Path) -> None:
    """Draws the time over each axis."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    ganlib.plots.style()
    drawing, panels = plt.subplots(2, len(AXES), figsize=(8, 5), sharey="row", sharex="col")
    for column, axis in enumerate(AXES):
        for backend, framework in FRAMEWORKS.items():
            values, seconds, memory = curves(axis, backend)
            colour = ganlib.plots.COLOURS["generated" if backend == "torch" else "real"]
            for panel, costs in zip(panels[:, column], (1000 * seconds, memory), strict=True):
                grows = f"{framework}, grows as ${axis[0]}^{{{exponent(values, costs):.1f}}}$"
                panel.plot(values, costs, "o-", color=colour, label=grows)
        for panel in panels[:, column]:
            panel.set(xscale="log", yscale="log")
            panel.set_xticks(AXES[axis], list(map(str, AXES[axis])))
            panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            panel.minorticks_off()
            panel.legend(fontsize=8, loc="upper left")
        panels[1, column].set_xlabel(f"{axis} ${axis[0]}$")
    panels[0, 0].set_ylabel("milliseconds a step")
    panels[1, 0].set_ylabel("MiB")
    drawing.savefig(path, dpi=150)
    plt.close(drawing)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axis", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # the recipe's changes, in a process of its own
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(ganlib.recipe(**json.loads(options.one)), options.backend)))
    elif options.table or options.figure:
        if options.table:
            print(table())
        if options.figure:
            figure(options.figure)
    else:
        for axis in options.axis:
            for value in AXES[axis]:
                for backend in [options.backend] if options.backend else ganlib.available():
                    recipe, start = changed(axis, value), time.perf_counter()
                    command = [sys.executable, __file__, "--one", json.dumps(recipe), "--backend", backend]
                    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    key = {"axis": axis, "value": value, "backend": backend}
                    key["device"] = result["device"].split(":")[0].lower()
                    recording.record(NAME, ABOUT, COMMAND, key, result, recipe, time.perf_counter() - start)
                    step = 1000 * np.median(result["step_seconds"])
                    print(f"{axis} {value}, {backend}: {step:.4g} ms, {result['memory_mib']:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
