"""Each guideline of the DCGAN paper (Radford et al. 2016) switched off on the digits: chapter 3's run ledger.

    python benchmarks/dcgan_guidelines.py                                  # everything; an hour or two on two cores
    python benchmarks/dcgan_guidelines.py --only "pooling in D" --backend torch --seeds 0 3

Each run changes the recipe dcgan-digits in one thing, trains it for 500 steps, and becomes a row of
the ledger dcgan_guidelines: Fréchet distance at steps 100, 250 and 500, coverage and the classes' divergence,
all from as many samples as there are real images. Rows that are there are not run again. A run goes through all methods
on one seed in one framework before it takes the next.
"""

from __future__ import annotations

import argparse
import functools
import time
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import metrics

NAME = "dcgan_guidelines"
ABOUT = "The recipe dcgan-digits with one guideline of the DCGAN paper switched off at a time, 500 steps each."
COMMAND = "python benchmarks/dcgan_guidelines.py"
STEPS = (100, 250, 500)

PLAIN = {"generator_norm": "none", "discriminator_norm": "none"}
CHECK = "check"  # a short run in float64, which a test repeats
METHODS: dict[str, dict[str, Any]] = {
    "all guidelines": {},
    "pooling in D": {"downsampling": "pool"},
    "resizing in G": {"upsampling": "resize"},
    "no batch norm in G": {"generator_norm": "none"},
    "no batch norm in D": {"discriminator_norm": "none"},
    "no batch norm": PLAIN,
    "no batch norm, Kaiming": {**PLAIN, "weight_init": "kaiming_uniform"},
    "batch norm everywhere": {"boundary_norm": True},
    "LeakyReLU in G": {"generator_slope": 0.2},
    "ReLU in D": {"discriminator_slope": 0.0},
    "slope .01 in D": {"discriminator_slope": 0.01},
    "slope .3 in D": {"discriminator_slope": 0.3},
    "no tanh": {"generator_output": "linear"},
    "β₁ = .9": {"generator_optimiser": {"beta1": 0.9}, "discriminator_optimiser": {"beta1": 0.9}},
    "β₁ = 0": {"generator_optimiser": {"beta1": 0.0}, "discriminator_optimiser": {"beta1": 0.0}},
    "Kaiming": {"weight_init": "kaiming_uniform"},
    "Glorot": {"weight_init": "glorot_uniform"},
    "scale starts at .02": {"scale_mean": 0.0},
    "dense": {"generator": "dense", "discriminator": "dense", "width": 256, "depth": 2},
    "modern": {
        **{**PLAIN, "weight_init": "kaiming_uniform", "instance_noise": 0.0},
        **{"loss": "relativistic", "penalty": "r1+r2", "penalty_weight": 1.0},
    },
    CHECK: {"steps": 20, "precision": "float64"},
}


def run(method: str, backend: str, seed: int) -> dict[str, float]:
    """Trains once and returns what the ledger keeps of it."""
    real, real_features, real_classes = digits()
    recipe = ganlib.recipe("dcgan-digits", **{"steps": max(STEPS), **METHODS[method]})
    trainer = ganlib.backend(backend).Trainer(recipe, seed)
    result: dict[str, float] = {}
    for steps in [step for step in STEPS if step < recipe.steps] + [recipe.steps]:
        trainer.fit(real, steps=steps - trainer.steps_done, progress=False)
        # Without a tanh a generator may leave the range from -1 to 1, and a picture cannot.
        fake = np.clip(trainer.sample(len(real), seed=1), -1, 1)
        fake_features = metrics.features(fake)
        result[f"frechet_{steps}"] = metrics.frechet_distance(real_features, fake_features).value
    result["frechet"] = result[f"frechet_{recipe.steps}"]
    found = metrics.prdc(real_features, fake_features)
    result |= {name: getattr(found, name).value for name in ("precision", "recall", "density", "coverage")}
    result["classes"] = metrics.class_histogram(fake, real_classes).kl.value
    # The moving average hides how G jumps about, so G itself is scored too.
    latents = np.random.default_rng(1).standard_normal((len(real), recipe.latent))
    fake = np.clip(trainer.generate(latents, averaged=False), -1, 1)
    result["frechet_without_average"] = metrics.frechet_distance(real_features, metrics.features(fake)).value
    return result | {name: float(values[-50:].mean()) for name, values in trainer.history.items()}


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray, metrics.ClassHistogram]:
    """The real images, their features, and how often each digit is among them."""
    images = ganlib.data.load("digits").images
    return images, metrics.features(images), metrics.class_histogram(images)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5), metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows(NAME)]
    for seed in options.seeds:
        for backend in [options.backend] if options.backend else ganlib.available():
            for method in options.only:
                key = {"method": method, "backend": backend, "seed": seed}
                if key in done or (method == CHECK and seed > 0):
                    continue
                start = time.perf_counter()
                result = run(method, backend, seed)
                seconds = time.perf_counter() - start
                changes = {"name": "dcgan-digits", "steps": max(STEPS), **METHODS[method]}
                recording.record(NAME, ABOUT, COMMAND, key, result, changes, seconds)
                print(f"{backend}, seed {seed}, {method}: {result['frechet']:.2f} in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
