"""Every remedy on the ring, the grid and the digits: chapter 4's run ledger.

    python benchmarks/scoreboard.py                           # ring and grid, ten seeds: four hours on a fast core
    python benchmarks/scoreboard.py --data digits --seeds 0 1 2
    python benchmarks/scoreboard.py --only R1 --data grid --backend torch --seeds 0

A run trains one method from one seed in one framework and becomes a row of the ledger scoreboard. On ring and
grid it is scored by PacGAN's protocol (Lin et al. 2018): 2,500 samples, of which those within 3σ of a mode are good,
and a mode counts when it owns one. On the digits by Fréchet distance and coverage. Rows that are there are not run
again.
All methods run on one seed before any runs on the next.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import time
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import metrics
from ganlib.errors import TrainingFailed

NAME = "scoreboard"
ABOUT = "Remedies against unstable training, one at a time, on ring, grid and digits; PacGAN's protocol."
COMMAND = "python benchmarks/scoreboard.py"
SAMPLES = 2500
SHOWN = 400  # samples of seed 0 that are kept for a picture

# What all methods share: a plain GAN without any remedy, the same network and the same number of steps.
PLAIN = {"penalty": "none", "penalty_weight": 0.0, "moving_average": 0.0, "instance_noise": 0.0}
POINTS = {
    **{"width": 128, "batch_size": 128, **PLAIN},
    **{f"{player}_optimiser": {"rate": 1e-3, "rate_end": 0.1} for player in ("generator", "discriminator")},
}
BASES: dict[str, tuple[str, dict[str, Any]]] = {
    "ring": ("ring", {**POINTS, "steps": 2500}),
    "grid": ("grid", {**POINTS, "steps": 5000}),
    "digits": ("dcgan-digits", {**PLAIN, "steps": 500}),
}
NOISE = {"ring": 0.1, "grid": 0.4, "digits": 0.2}  # a fifth of the distance between modes, or the recipe's own


def both(**changes: float) -> dict[str, dict[str, float]]:
    """Changes to both players' optimisers."""
    return {"generator_optimiser": changes, "discriminator_optimiser": changes}


# In the order in which a practitioner would try them. The numbers are those of the papers, or round ones; none was
# chosen by its score here.
METHODS: dict[str, dict[str, Any]] = {
    "GAN": {},
    "two rates": {"discriminator_optimiser": {"rate": 4e-3}},  # four times G's (Heusel et al. 2017)
    "β₁ = 0": both(beta1=0.0),
    "β₁ = -.5": both(beta1=-0.5),
    "five D steps": {"discriminator_steps": 5},
    "label smoothing": {"real_label": 0.9},
    "instance noise": {},  # see NOISE; it falls to 0 by the last step
    "L2": both(l2=1e-4),
    "L1": both(l1=1e-5),
    "deeper": {"depth": 6},  # a DCGAN takes its depth from the size of its images, so not on the digits
    "dropout": {"discriminator_dropout": 0.3},
    "spectral norm": {"discriminator_norm": "spectral"},
    "WGAN-GP": {
        **{"loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 10.0, "discriminator_steps": 5},
        **{"discriminator_norm": "none", **both(beta1=0.0, beta2=0.9)},
    },
    "R1": {"penalty": "r1", "penalty_weight": 0.1},
    "R2": {"penalty": "r2", "penalty_weight": 0.1},
    "relativistic": {"loss": "relativistic"},
    "relativistic, R1 + R2": {"loss": "relativistic", "penalty": "r1+r2", "penalty_weight": 0.1},
    "packing": {"pack": 4},
    "moving average": {"moving_average": 0.995},
    "R1, moving average": {"penalty": "r1", "penalty_weight": 0.1, "moving_average": 0.995},
    "consensus": {"update": "simultaneous", "penalty": "consensus", "penalty_weight": 0.1},
    "extragradient": {"update": "extragradient"},
}
STABLE = "stable"  # the recipes ring-stable and grid-stable, whole
CHECK = "check"  # a short run in float64, which a test repeats


def recipe(method: str, data: str) -> ganlib.Recipe:
    """The method's recipe on one of the three data sets."""
    name, base = BASES[data]
    if method == STABLE:
        return ganlib.recipe(f"{data}-stable")
    if method == CHECK:
        return ganlib.recipe(name, **{**base, "steps": 20, "width": 16, "precision": "float64"})
    changes = {**base, **METHODS[method]}
    for player in ("generator_optimiser", "discriminator_optimiser"):
        changes[player] = {**base.get(player, {}), **METHODS[method].get(player, {})}
    if method == "instance noise":
        changes |= {"instance_noise": NOISE[data], "instance_noise_steps": base["steps"]}
    return ganlib.recipe(name, **changes)


@functools.cache
def _digits() -> tuple[np.ndarray, np.ndarray, Any]:
    images = ganlib.data.load("digits").images
    return images, metrics.features(images), metrics.class_histogram(images)


def digits_scores(trainer: Any) -> dict[str, float]:
    """The scores of as many samples as there are digits, against the digits."""
    real, real_features, real_classes = _digits()
    fake = trainer.sample(len(real), seed=1)
    fake_features = metrics.features(fake)
    return {
        "frechet": metrics.frechet_distance(real_features, fake_features).value,
        "coverage": metrics.prdc(real_features, fake_features).coverage.value,
        "classes": metrics.class_histogram(fake, real_classes).kl.value,
    }


def run(method: str, data: str, backend: str, seed: int) -> dict[str, Any]:
    """Trains once and returns what the ledger keeps of it."""
    chosen = recipe(method, data)
    trainer = ganlib.backend(backend).Trainer(chosen, seed)
    points = ganlib.data.load(data)
    result: dict[str, Any] = {}
    start = time.process_time()  # the processor's, which other work on the machine does not lengthen
    try:
        trainer.fit(points, progress=False)
    except TrainingFailed as failed:  # the trainer is back at its last good step, and is scored there
        result["failed_at"] = failed.step
    result["train_seconds"] = round(time.process_time() - start, 2)
    result |= {name: float(trainer.history[name][-50:].mean()) for name in ("d_loss", "g_loss")}
    if data == "digits":
        result |= digits_scores(trainer)
    else:
        samples = trainer.sample(SAMPLES, seed=1)
        found = metrics.mode_coverage(samples, points.centers, points.std)
        for name in ("modes", "good_percent", "reverse_kl", "std_ratio"):
            value = getattr(found, name).value
            result[name] = float(value) if np.isfinite(value) else None  # without a good sample there is no histogram
        if seed == 0 and method != CHECK:
            result["samples"] = np.round(samples[:SHOWN].astype(float), 2)
    return result


def changes_from_shipped(chosen: ganlib.Recipe) -> dict[str, Any]:
    """The recipe as `ganlib.recipe(name, **changes)` takes it: the fields in which it differs from the shipped one."""
    shipped = dataclasses.asdict(ganlib.recipe(chosen.name))
    return {"name": chosen.name} | {k: v for k, v in dataclasses.asdict(chosen).items() if v != shipped[k]}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    methods = [*METHODS, STABLE, CHECK]
    parser.add_argument("--only", nargs="+", choices=methods, default=methods, metavar="METHOD")
    parser.add_argument("--data", nargs="+", choices=BASES, default=["ring", "grid"])
    parser.add_argument("--seeds", nargs="+", type=int, default=range(10), metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows(NAME)]
    for seed in options.seeds:
        for data in options.data:
            for backend in [options.backend] if options.backend else ganlib.available():
                for method in options.only:
                    key = {"method": method, "data": data, "backend": backend, "seed": seed}
                    impossible = (method == CHECK and seed > 0) or (data == "digits" and method in ("deeper", STABLE))
                    if key in done or impossible:
                        continue
                    start = time.perf_counter()
                    result = run(method, data, backend, seed)
                    seconds = time.perf_counter() - start
                    recipe_changes = changes_from_shipped(recipe(method, data))
                    recording.record(NAME, ABOUT, COMMAND, key, result, recipe_changes, seconds)
                    shown = {k: round(v, 3) for k, v in result.items() if isinstance(v, float)}
                    print(f"{data}, {backend}, seed {seed}, {method}: {shown}", flush=True)


if __name__ == "__main__":
    main()
