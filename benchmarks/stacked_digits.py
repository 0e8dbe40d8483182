"""Does a relativistic loss with R1 and R2 find all 1,000 modes of stacked digits? The protocol of Stacked MNIST.

    python benchmarks/stacked_digits.py search     # PyTorch, 6 settings for each arm, seeds 100 and 101
    python benchmarks/stacked_digits.py fresh      # what the search chose, 10 new seeds, both frameworks
    python benchmarks/stacked_digits.py table      # prints what the ledger holds, runs nothing

Three random digits in red, green and blue are 1,000 kinds of image. Of 26,000 samples the package's network names the
three digits; a mode is found when one sample shows it, and the KL compares the modes' shares with equal shares. Each
run becomes a row of the ledger stacked_digits and is not run again.

The arms differ in what `ARMS` says and share everything else: networks, batch, steps. Each gets as many trials, the
first points of Halton's sequence in the box of its own numbers as in `benchmarks/stabilisers.py`, and the setting with
the smallest KL, in the median of the search's seeds, is run from new ones. The first arm is DCGAN as it is published,
with batch normalisation in D. The others do without it in D, because a penalty on one sample's gradient would look
through the statistics at the whole batch; the second shows what that costs by itself.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import recording
from scoreboard import both
from stabilisers import Job, Range, at, best, halton, train

import ganlib
from ganlib import metrics, verdict
from ganlib.errors import TrainingFailed

NAME = "stacked_digits"
ABOUT = "DCGAN with R1, R2 and the relativistic loss on stacked digits: modes of 1,000 and their KL."
COMMAND = "python benchmarks/stacked_digits.py"
SAMPLES = 26_000
STEPS = 1500
TRIALS = 6
SEARCH_SEEDS = (100, 101)
FRESH_SEEDS = range(200, 210)
BASE = {
    **{"data": "stacked_digits", "shape": (16, 16, 3), "instance_noise": 0.0, "steps": STEPS},
    **{"generator_optimiser": {"rate_end": 0.1}, "discriminator_optimiser": {"rate_end": 0.1}},
}
FREE = {"discriminator_norm": "none"}
ARMS: dict[str, dict[str, Any]] = {
    "DCGAN": {},
    "no norm in D": FREE,
    "+ R1": {**FREE, "penalty": "r1"},
    "+ R1 + R2": {**FREE, "penalty": "r1+r2"},
    "+ relativistic": {**FREE, "penalty": "r1+r2", "loss": "relativistic"},
}
RATE: Range = (2e-4, 5e-3)
GAMMA: Range = (0.3, 100.0)  # after a look at seed 110, which is neither searched nor reported


def settings(arm: str) -> list[dict[str, float]]:
    """The trials of an arm: its rate, and its γ if it has a penalty."""
    ranges = {"rate": RATE} | ({"penalty_weight": GAMMA} if "penalty" in ARMS[arm] else {})
    return [
        {name: at(ranges[name], halton(trial, base)) for name, base in zip(ranges, (2, 3), strict=False)}
        for trial in range(1, TRIALS + 1)
    ]


def recipe(arm: str, numbers: dict[str, float]) -> ganlib.Recipe:
    """The recipe of an arm with these numbers."""
    changes = BASE | ARMS[arm] | {name: value for name, value in numbers.items() if name != "rate"}
    for player, rate in both(rate=numbers["rate"]).items():
        changes[player] = {**BASE[player], **rate}
    return ganlib.recipe("dcgan-digits", **changes)


def run(chosen: ganlib.Recipe, backend: str, seed: int, samples: int = SAMPLES) -> dict[str, Any]:
    """Trains once and returns what the ledger keeps of it."""
    trainer = ganlib.backend(backend).Trainer(chosen, seed)
    result: dict[str, Any] = {}
    start = time.process_time()  # the processor's, which other work on the machine does not lengthen
    try:
        trainer.fit(ganlib.data.load(chosen), progress=False)
    except TrainingFailed as failed:  # the trainer is back at its last good step, and is scored there
        result["failed_at"] = failed.step
    result["train_seconds"] = round(time.process_time() - start, 2)
    found = metrics.stacked_modes(trainer.sample(samples, seed=1))
    return result | {"modes": float(found.modes), "kl": float(found.kl)}


def job(key: dict[str, Any], chosen: ganlib.Recipe) -> Job:
    """The run of a recipe that this key names."""
    return key, chosen, lambda: run(chosen, key["backend"], key["seed"])


def search() -> Iterator[Job]:
    """Every setting of every arm from the first seed of the search, then from the next."""
    for seed in SEARCH_SEEDS:
        for trial in range(TRIALS):
            for arm in ARMS:
                key = {"stage": "search", "arm": arm, "trial": trial + 1, "backend": "torch", "seed": seed}
                yield job(key, recipe(arm, settings(arm)[trial]))


def searched() -> dict[str, dict[int, list[float]]]:
    """By arm and trial, the KL of each run of the search so far."""
    found: dict[str, dict[int, list[float]]] = {arm: {} for arm in ARMS}
    for row in recording.rows(NAME):
        if (key := row["key"])["stage"] == "search":
            found[key["arm"]].setdefault(key["trial"], []).append(row["result"]["kl"])
    return found


def fresh() -> Iterator[Job]:
    """What the search chose for every arm, from seeds that it has not seen, in both frameworks."""
    chosen = best(searched(), TRIALS * len(SEARCH_SEEDS))
    for seed in FRESH_SEEDS:
        for backend in ("torch", "tensorflow"):
            for arm, trial in chosen.items():
                key = {"stage": "fresh", "arm": arm, "trial": trial, "backend": backend, "seed": seed}
                yield job(key, recipe(arm, settings(arm)[trial - 1]))


def table() -> str:
    """The arms on new seeds beside the perfect sampler, and before them what the search has found, in Markdown."""
    lines = ["| arm | rate | γ | KL in the search, by seed |", "|:--|--:|--:|:--|"]
    for arm, trials in searched().items():
        for trial, kls in trials.items():
            numbers = settings(arm)[trial - 1]
            gamma = f"{numbers['penalty_weight']:g}" if "penalty_weight" in numbers else ""
            lines.append(f"| {arm} | {numbers['rate']:g} | {gamma} | {', '.join(f'{kl:.3f}' for kl in kls)} |")
    rows = [row for row in recording.rows(NAME) if row["key"]["stage"] == "fresh"]
    runs = {
        arm: {measure: verdict.by_seed(of, measure) for measure in ("modes", "kl")}
        for arm in ARMS
        if (of := [row for row in rows if row["key"]["arm"] == arm])
    }
    if "DCGAN" not in runs:
        return "\n".join(lines)
    effects = verdict.compare(runs, "DCGAN")
    lines += ["", "| arm | modes | KL | against DCGAN | verdict |", "|:--|--:|--:|:--|:--|"]
    for arm, found in runs.items():
        medians = (f"{np.median(v):.4g} ({v.min():.4g} to {v.max():.4g})" for v in found.values())
        own = effects.get(arm, {})
        shifts = "; ".join(f"{one.shift:+.3g} ({one.low:+.3g} to {one.high:+.3g})" for one in own.values())
        lines.append(f"| {arm} | {' | '.join(medians)} | {shifts} | {verdict.decide(own) if own else ''} |")
    return "\n".join([*lines, f"| perfect sampler | 1000 | {999 / 2 / SAMPLES:.3f} | | |"])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("search", "fresh", "table"))
    options = parser.parse_args()
    if options.stage == "table":
        print(table())
    else:
        train(search() if options.stage == "search" else fresh(), NAME, ABOUT, COMMAND)


if __name__ == "__main__":
    main()
