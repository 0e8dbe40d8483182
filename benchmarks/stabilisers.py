"""Every stabiliser with numbers of its own: a small search, the same for each, and then seeds that it never saw.

    python benchmarks/stabilisers.py search --data ring       # PyTorch, 8 settings; the best 2 from 3 seeds, 100 to 102
    python benchmarks/stabilisers.py fresh --data ring        # what the search chose, 10 new seeds, both frameworks
    python benchmarks/stabilisers.py published --data ring    # what the authors publish, 3 of the new seeds, PyTorch
    python benchmarks/stabilisers.py table                    # prints what the ledger holds, runs nothing

A run trains one method with one setting from one seed in one framework and becomes a row of the ledger stabilisers.
Rows that are there are not run again, so each command goes on where it stopped. The samples are scored as in
`benchmarks/scoreboard.py`, by PacGAN's protocol.

The rules were fixed before the first run, but for one: at first every setting was to run from all three seeds, and
after 34 runs, all from the first seed, only the best two were, which halves the work for every method alike.

- The same budget for each. A run may move the players as often as `BUDGET` says, D's steps and G's together; an
  extragradient step counts twice. So a method with five steps of D takes fewer steps of G.
- The same number of trials for each, the plain GAN included: `TRIALS` settings from the first seed of the search, and
  the best `FINALISTS` of them from the other seeds too. They are the first points of Halton's sequence (Halton 1960) in
  the box of the method's own numbers, the rate first: they fill a box of any dimension evenly, without a choice.
- One rule chooses, each time: the setting with the fewest misplaced samples, in the median of its seeds. A sample is
  misplaced when it lies outside every mode, or in a mode that already has its share. That is the distance in total
  variation between the samples' shares, with one for those outside, and a perfect sampler's; it sees lost modes,
  unequal modes and samples that are not good alike. On the digits the rule is the Fréchet distance.

Of the ranges, those of spectral normalisation and packing were written after a look at seed 110 of the ring, which is
neither searched nor reported.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import recording
from scoreboard import BASES, METHODS, SAMPLES, both, changes_from_shipped, digits_scores

import ganlib
from ganlib import metrics, verdict
from ganlib.errors import TrainingFailed

NAME = "stabilisers"
ABOUT = "Stabilisers of GAN training, each with numbers found by the same small search, on ring, grid and digits."
COMMAND = "python benchmarks/stabilisers.py"
TRIALS = 8
FINALISTS = 2
SEARCH_SEEDS = (100, 101, 102)
FRESH_SEEDS = {"ring": range(200, 210), "grid": range(200, 210), "digits": range(200, 205)}
BUDGET = {"ring": 5000, "grid": 10_000, "digits": 1000}  # steps of D and of G together
SPACING = {"ring": 2 * math.sin(math.pi / 8), "grid": 2.0, "digits": 1.0}  # between modes, which noise is measured in

Range = tuple[float, float] | list[int]  # of a number on a logarithmic scale, or the whole numbers to choose from
RATE: dict[str, Range] = {"rate": (2e-4, 5e-3)}
GAMMA: dict[str, Range] = {"penalty_weight": (3e-3, 3.0)}
AVERAGE: dict[str, Range] = {"forgetting": (5e-4, 5e-2)}


class Method(NamedTuple):
    """What a method changes of the plain GAN, and the ranges of its own numbers beside the rate."""

    changes: dict[str, Any]
    own: dict[str, Range]


REGULARISED = {"loss": "relativistic", "penalty": "r1+r2"}
SEARCHED = {
    "GAN": Method({}, {}),
    "two rates": Method({}, {"ratio": (0.25, 8.0)}),
    "β₁ = 0": Method(METHODS["β₁ = 0"], {}),
    "β₁ = -.5": Method(METHODS["β₁ = -.5"], {}),
    "more D steps": Method({}, {"discriminator_steps": [2, 3, 4, 5]}),
    "label smoothing": Method({}, {"smoothing": (0.02, 0.3)}),
    "instance noise": Method({}, {"noise": (0.02, 0.4)}),
    "L2": Method({}, {"l2": (1e-6, 1e-3)}),
    "L1": Method({}, {"l1": (1e-7, 1e-4)}),
    "deeper": Method({}, {"depth": [4, 5, 6, 7]}),
    "dropout": Method({}, {"discriminator_dropout": (0.02, 0.3)}),
    # The data's scale is the method's one number: D's slope is at most 1, and on data k times as large that is k.
    "spectral norm": Method({"discriminator_norm": "spectral"}, {"scale": (1.0, 30.0)}),
    "WGAN-GP": Method(
        {"loss": "wasserstein", "penalty": "wgan_gp", "discriminator_norm": "none", **both(beta1=0.5, beta2=0.9)},
        {"penalty_weight": (0.01, 10.0), "discriminator_steps": [1, 2, 3, 5]},
    ),
    "R1": Method({"penalty": "r1"}, GAMMA),
    "R2": Method({"penalty": "r2"}, GAMMA),
    "relativistic": Method({"loss": "relativistic"}, {}),
    "relativistic, R1 + R2": Method(REGULARISED, GAMMA),
    "packing": Method({}, {"pack": [2, 3, 4]}),
    "moving average": Method({}, AVERAGE),
    "R1, moving average": Method({"penalty": "r1"}, {**GAMMA, **AVERAGE}),
    "consensus": Method({"update": "simultaneous", "penalty": "consensus"}, GAMMA),
    "extragradient": Method({"update": "extragradient"}, {}),
    # What the recipes ring-stable and grid-stable put together, at the budget of the others.
    "all together": Method(
        {**REGULARISED, "generator_octaves": 2, "discriminator_octaves": 4, "moving_average": 0.995},
        {**GAMMA, "penalty_end": (1e-3, 1.0)},
    ),
}


OURS = {"ring": 1.0, "grid": 1.0}


class Published(NamedTuple):
    """Settings that the authors give, as near as a recipe comes to them."""

    source: str
    steps: int  # of G
    changes: dict[str, Any]
    scale: dict[str, float] = OURS  # their points are ours times this


CONSTANT = {"rate_end": 1.0}  # no rate that falls
PACGAN = {
    **{"generator_norm": "batch", "batch_norm_momentum": 0.95, "weight_init": "normal", "width": 200, "depth": 4},
    **{"update": "simultaneous", "batch_size": 100, **both(**CONSTANT, rate=1e-4, beta1=0.8, beta2=0.999)},
}
# With maxout, of which the package has none, PacGAN's D has three layers of 200, and its G four of 400. RMSProp is
# Adam without momentum, once β₂ᵗ is small.
PUBLISHED = {
    # Whose authors trained them on such points.
    "GAN": Published("PacGAN's code, fjxmlzn/PacGAN, for the same ring and grid", 400_000, PACGAN),
    "packing": Published(
        "PacGAN's code, fjxmlzn/PacGAN, for the same ring and grid", 400_000, PACGAN | {"pack": 4, "batch_size": 400}
    ),
    "WGAN-GP": Published(
        "its authors' gan_toy.py, igul222/improved_wgan_training, 512 wide; its ring and grid are ours at other scales",
        100_000,
        {
            **{"loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 0.1, "discriminator_steps": 5},
            **{"discriminator_slope": 0.0, "weight_init": "glorot_uniform", "batch_size": 256},
            **both(**CONSTANT, rate=1e-4, beta2=0.9),
        },
        {"ring": 2**0.5, "grid": 2**-1.5},
    ),
    "consensus": Published(
        "its authors' notebook mog-eigval-dist, LMescheder/TheNumericsOfGANs, for the same ring",
        50_000,
        {
            **{"update": "simultaneous", "penalty": "consensus", "penalty_weight": 10.0, "latent": 16, "width": 16},
            **{"depth": 4, "discriminator_slope": 0.0, "weight_init": "glorot_uniform", "batch_size": 512},
            **both(**CONSTANT, rate=1e-4, beta1=0.0, beta2=0.9),
        },
    ),
    # Whose authors trained them on images: the numbers are theirs, the networks this comparison's.
    "spectral norm": Published(
        "its authors' sn_cifar10_unconditional.yml, pfnet-research/sngan_projection",
        50_000,
        {
            **{"discriminator_norm": "spectral", "loss": "hinge", "discriminator_steps": 5, "batch_size": 64},
            **both(rate=2e-4, rate_end=0.0, beta1=0.0, beta2=0.9),
        },
    ),
    "R1": Published(
        "its authors' default.yaml, LMescheder/GAN_stability; RMSProp",
        150_000,
        {
            **{"penalty": "r1", "penalty_weight": 10.0, "batch_size": 64, "moving_average": 0.999},
            **both(**CONSTANT, rate=1e-4, beta1=0.0, beta2=0.99),
        },
    ),
    "relativistic": Published(
        "its author's stable.sh, AlexiaJM/RelativisticGAN, without its spectral normalisation",
        100_000,
        {"loss": "relativistic", "batch_size": 32, **both(**CONSTANT, rate=2e-4, beta2=0.999)},
    ),
    "relativistic, R1 + R2": Published(
        "R3GAN's preset CIFAR10 (Huang et al. 2024), β₂ as at its end; read in the copy Lemutisme/R3GAN",
        20_000_000 // 128,
        {
            **{"loss": "relativistic", "penalty": "r1+r2", "penalty_weight": 0.05, "penalty_end": 0.1},
            **both(rate=2e-4, rate_end=0.25, beta1=0.0, beta2=0.99),
        },
    ),
}
LIMIT = 40_000  # steps of D and of G together, at most, of what would take its authors' length days here
PUBLISHED_SEEDS = range(200, 203)
POINTS_ONLY = ("deeper", "all together")  # a DCGAN takes its depth from its images, and octaves are for dense networks
# A penalty's weight has the units of the squared distance between samples, which is larger among the digits; that of
# consensus has not. Tanh holds G's images where the digits are, so that they have one scale.
DIGITS_GAMMA: dict[str, Range] = {"penalty_weight": (0.1, 100.0)}
ON_DIGITS: dict[str, dict[str, Range]] = {
    **dict.fromkeys(("WGAN-GP", "R1", "R2", "relativistic, R1 + R2", "R1, moving average"), DIGITS_GAMMA),
    "consensus": {"penalty_weight": (1e-4, 0.1)},
    "spectral norm": {"scale": [1]},
}
BATCHES = {"digits": 64}  # else 128


def halton(number: int, base: int) -> float:
    """The digits of a whole number, in this base, behind the point in reverse order: from 0 to below 1."""
    share, place = 0.0, 1.0
    while number:
        number, digit = divmod(number, base)
        place /= base
        share += digit * place
    return share


def settings(method: str, data: str) -> list[dict[str, float]]:
    """The trials of a method: its numbers by name, on ranges that are written above."""
    ranges = RATE | SEARCHED[method].own | (ON_DIGITS.get(method, {}) if data == "digits" else {})
    return [
        {name: at(ranges[name], halton(trial, base)) for name, base in zip(ranges, (2, 3, 5), strict=False)}
        for trial in range(1, TRIALS + 1)
    ]


def at(range_: Range, share: float) -> float:
    """The number at this share of a range, to two digits."""
    if isinstance(range_, list):
        return range_[int(share * len(range_))]
    low, high = range_
    return float(f"{low * (high / low) ** share:.2g}")


def recipe(method: str, data: str, numbers: Mapping[str, float]) -> ganlib.Recipe:
    """The recipe of a method with these numbers, as long as the budget lasts."""
    name, base = BASES[data]
    changes = base | SEARCHED[method].changes
    rate, decay = numbers["rate"], {key: numbers[key] for key in ("l1", "l2") if key in numbers}
    for player in ("generator_optimiser", "discriminator_optimiser"):
        own = {"rate": rate * numbers.get("ratio", 1.0) if player == "discriminator_optimiser" else rate}
        changes[player] = base.get(player, {}) | SEARCHED[method].changes.get(player, {}) | own | decay
    for key, value in numbers.items():
        if key == "smoothing":
            changes["real_label"] = 1 - value
        elif key == "forgetting":
            changes["moving_average"] = 1 - value
        elif key == "pack":  # D judges as many packs as it judges samples elsewhere, as in PacGAN's code
            changes |= {"pack": value, "batch_size": value * BATCHES.get(data, 128)}
        elif key == "noise":
            changes["instance_noise"] = float(f"{value * SPACING[data]:.2g}")
        elif key not in ("rate", "ratio", "scale", "l1", "l2"):
            changes[key] = value
    changes["steps"] = BUDGET[data] // turns(changes)
    if "noise" in numbers:
        changes["instance_noise_steps"] = changes["steps"]
    return ganlib.recipe(name, **changes)


def turns(changes: Mapping[str, Any]) -> int:
    """How often a step of the recipe moves the players, D and G together; an extragradient step counts twice."""
    return (changes.get("discriminator_steps", 1) + 1) * (2 if changes.get("update") == "extragradient" else 1)


def misplaced_percent(coverage: metrics.ModeCoverage) -> float:
    """The distance in total variation between the samples' shares and a perfect sampler's, in percent."""
    good = coverage.good_percent.perfect
    shares = 100 * coverage.counts / coverage.n
    return float(np.abs(shares - good / len(shares)).sum() + abs(coverage.good_percent - good)) / 2


def run(chosen: ganlib.Recipe, data: str, backend: str, seed: int, scale: float = 1.0) -> dict[str, Any]:
    """Trains once, on data that many times as large, and returns what the ledger keeps of it."""
    trainer = ganlib.backend(backend).Trainer(chosen, seed)
    loaded = ganlib.data.load(data)
    result: dict[str, Any] = {"scale": scale} if scale != 1 else {}
    start = time.process_time()  # the processor's, which other work on the machine does not lengthen
    try:
        trainer.fit((scale * loaded.samples).astype(np.float32), progress=False)
    except TrainingFailed as failed:  # the trainer is back at its last good step, and is scored there
        result["failed_at"] = failed.step
    result["train_seconds"] = round(time.process_time() - start, 2)
    if data == "digits":
        return result | digits_scores(trainer)
    coverage = metrics.mode_coverage(trainer.sample(SAMPLES, seed=1) / scale, loaded.centers, loaded.std)
    for name in ("modes", "good_percent", "reverse_kl", "std_ratio"):
        value = getattr(coverage, name).value
        result[name] = float(value) if np.isfinite(value) else None  # without a good sample there is no histogram
    return result | {"misplaced_percent": misplaced_percent(coverage)}


def published_recipe(method: str, data: str) -> ganlib.Recipe:
    """The recipe of a method as its authors publish it, but no longer than `LIMIT`."""
    name, base = BASES[data]
    one = PUBLISHED[method]
    changes = base | one.changes
    for player in ("generator_optimiser", "discriminator_optimiser"):
        changes[player] = base[player] | one.changes.get(player, {})
    changes["steps"] = min(one.steps, LIMIT // turns(changes))
    return ganlib.recipe(name, **changes)


Job = tuple[dict[str, Any], ganlib.Recipe, Callable[[], dict[str, Any]]]  # a row's key, its recipe, and what runs it


def job(key: dict[str, Any], chosen: ganlib.Recipe, scale: float = 1.0) -> Job:
    """The run of a recipe on the key's data, at that scale."""
    return key, chosen, lambda: run(chosen, key["data"], key["backend"], key["seed"], scale)


def methods_on(data: str) -> list[str]:
    """The methods that this data set has."""
    return [method for method in SEARCHED if data != "digits" or method not in POINTS_ONLY]


def search(data: str) -> Iterator[Job]:
    """Every setting of every method from the first seed of the search, then the best of each from the others."""
    for trial in range(1, TRIALS + 1):
        for method in methods_on(data):
            yield trial_job(method, data, trial, "search", "torch", SEARCH_SEEDS[0])
    for seed in SEARCH_SEEDS[1:]:
        for method, trials in searched(data).items():
            for trial in finalists(trials):
                yield trial_job(method, data, trial, "search", "torch", seed)


def trial_job(method: str, data: str, trial: int, stage: str, backend: str, seed: int) -> Job:
    """The run of one of a method's settings."""
    numbers = settings(method, data)[trial - 1]
    key = {"stage": stage, "data": data, "method": method, "trial": trial, "backend": backend, "seed": seed}
    return job(key, recipe(method, data, numbers), numbers.get("scale", 1.0))


def searched(data: str) -> dict[str, dict[int, list[float]]]:
    """By method and trial, what the rule looks at in each run of the search so far, in the order of the seeds."""
    rule = "frechet" if data == "digits" else "misplaced_percent"
    found: dict[str, dict[int, list[float]]] = {method: {} for method in methods_on(data)}
    for row in recording.rows(NAME):
        key = row["key"]
        if (key["stage"], key["data"]) == ("search", data):
            found[key["method"]].setdefault(key["trial"], []).append(row["result"][rule])
    return found


def finalists(trials: Mapping[int, Sequence[float]]) -> list[int]:
    """Of the runs of one method's search, the trials that are the best from the first seed."""
    return sorted(sorted(trials), key=lambda trial: trials[trial][0])[:FINALISTS]


def best(found: Mapping[str, Mapping[int, Sequence[float]]]) -> dict[str, int]:
    """For each method whose search has all of its runs, the finalist with the smallest median."""
    chosen = {}
    for method, trials in found.items():
        last = finalists(trials)
        if len(trials) == TRIALS and all(len(trials[trial]) == len(SEARCH_SEEDS) for trial in last):
            chosen[method] = min(sorted(last), key=lambda trial: float(np.median(trials[trial])))
    return chosen


def fresh(data: str) -> Iterator[Job]:
    """What the search chose for every method, from seeds that it has not seen, in both frameworks."""
    chosen = best(searched(data))
    for seed in FRESH_SEEDS[data]:
        for backend in ("torch", "tensorflow"):
            for method, trial in chosen.items():
                yield trial_job(method, data, trial, "fresh", backend, seed)


def published(data: str) -> Iterator[Job]:
    """The settings of `PUBLISHED`, from the first of the new seeds, in PyTorch."""
    for seed in PUBLISHED_SEEDS if data != "digits" else ():
        for method, one in PUBLISHED.items():
            key = {"stage": "published", "data": data, "method": method, "trial": 0, "backend": "torch", "seed": seed}
            yield job(key, published_recipe(method, data), one.scale[data])


STAGES: dict[str, Callable[[str], Iterator[Job]]] = {"search": search, "fresh": fresh, "published": published}


MEASURES = {
    "ring": ("modes", "reverse_kl", "good_percent"),
    "grid": ("modes", "reverse_kl", "good_percent"),
    "digits": ("frechet", "coverage", "classes"),
}


def results(rows: Sequence[dict[str, Any]], data: str) -> dict[str, np.ndarray]:
    """One value a seed of each measure: of a run without a good sample, the reverse KL of all in one mode."""
    most = math.log({"ring": 8, "grid": 25}.get(data, 10))
    return {measure: verdict.by_seed(rows, measure, most) for measure in MEASURES[data]}


def table() -> str:
    """Both comparisons with the plain GAN on all that was measured with new seeds, in Markdown."""
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in recording.rows(NAME):
        if (key := row["key"])["stage"] != "search":
            rows.setdefault((key["stage"], key["data"], key["method"]), []).append(row)
    runs = {name: results(of, name[1]) for name, of in rows.items() if (*name[:2], "GAN") in rows}
    runs = {name: found for name, found in runs.items() if min(map(len, found.values())) > 1}  # seeds
    effects = verdict.compare(runs, {name: (*name[:2], "GAN") for name in runs})
    lines = []
    for stage, data in dict.fromkeys(name[:2] for name in runs):
        lines += [
            f"\n{stage}, {data}:\n",
            f"| method | {' | '.join(MEASURES[data])} | against the plain GAN | verdict |",
        ]
        lines += ["|:--|" + "--:|" * len(MEASURES[data]) + ":--|:--|"]
        for name in [name for name in runs if name[:2] == (stage, data)]:
            own = effects.get(name, {})
            medians = " | ".join(f"{np.median(values):.3g}" for values in runs[name].values())
            shifts = "; ".join(f"{one.shift:+.3g} ({one.low:+.3g} to {one.high:+.3g})" for one in own.values())
            lines += [f"| {name[2]} | {medians} | {shifts} | {verdict.decide(own) if own else ''} |"]
    return "\n".join(lines)


def search_table(data: str) -> str:
    """What the search has found: of each method the settings, best first, with their medians over the seeds so far."""
    lines = []
    for method, trials in searched(data).items():
        numbers = settings(method, data)
        ranked = sorted((float(np.median(values)), len(values), trial) for trial, values in trials.items())
        shown = [
            f"{score:.1f} ({', '.join(f'{name} {value:g}' for name, value in numbers[trial - 1].items())}; {n} seeds)"
            for score, n, trial in ranked
        ]
        lines.append(f"{method}: " + "; ".join(shown))
    return "\n".join(lines)


def train(jobs: Iterator[Job], name: str, about: str, command: str) -> None:
    """Runs what the ledger of that name lacks of these."""
    done = [row["key"] for row in recording.rows(name)]
    for key, chosen, run_it in jobs:
        if key in done:
            continue
        start = time.perf_counter()
        result = run_it()
        seconds = time.perf_counter() - start
        recording.record(name, about, command, key, result, changes_from_shipped(chosen), seconds)
        shown = {measure: round(value, 3) for measure, value in result.items() if isinstance(value, float)}
        print(f"{' '.join(map(str, key.values()))}: {shown}", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=[*STAGES, "table"])
    parser.add_argument("--data", nargs="+", choices=BUDGET, default=list(BUDGET))
    options = parser.parse_args()
    if options.stage == "table":
        print("\n\n".join([f"Search, {data}:\n{search_table(data)}" for data in options.data] + [table()]))
        return
    for data in options.data:
        train(STAGES[options.stage](data), NAME, ABOUT, COMMAND)


if __name__ == "__main__":
    main()
