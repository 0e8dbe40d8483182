"""The five source designs as they can work, beside dcgan-32: the run ledger of the chapter that reads their documents.

    python benchmarks/sources.py                                    # everything; some five hours on one core
    python benchmarks/sources.py --only source-001 --data digits --backend torch --seeds 0 1
    python benchmarks/sources.py --only source-003 --full           # at its document's width: hours a run without a GPU
    python benchmarks/sources.py --only change                      # one thing changed at a time
    python benchmarks/sources.py --only cost                        # parameters, and seconds a step at full width

A run trains one design on the 32×32 shapes or on the digits as RGB, and becomes a row of the ledger sources.
It is scored at several steps, the first before any. What was reduced: 2,000 steps, which are six epochs of the shapes
where the documents speak of 50 or 100; and a quarter of their width, unless --full, at four times their rates and twice
their initial weights, as Adam's rate should go with one over the width and a normal's spread with one over its root
(Yang et al. 2021). Samples come from a moving average of G, as dcgan-32's do, which the training does not see. The
monitor watches each run. Six methods take one correction of a recipe back, on the data for which it is there. The
rows "change" are smaller still, digits at 16×16 in grey for 500 steps, each design beside itself with one thing
changed. The rows "real" score real images against others: the floor. Rows that are there are not run again. All designs
and data are run on one seed in one framework before the next.
"""

from __future__ import annotations

import argparse
import functools
import time
from typing import Any

import images
import numpy as np
import recording

import ganlib
from ganlib import architectures, metrics, specimens
from ganlib.runtime.monitor import Monitor

NAME = "sources"
ABOUT = (
    "Five published designs as they can work, and dcgan-32, on drawn shapes and on digits in RGB at 32×32. frechet is "
    "of the digits' feature network on each of the three channels, divided by 3: on grey images the same as on one. "
    "`at` lists the steps of a curve, 0 is the untrained network. frechet_floor is a perfect sampler's."
)
COMMAND = "python benchmarks/sources.py"
DATA = ("shapes", "digits")
SAMPLES = 2500  # of the shapes; of the digits as many as there are
AT = (0, 500, 1000, 2000)  # steps; a run ends with the last, or with its own
QUARTER = 16  # of the documents' 64 filters at the image
SHOWN = 16  # samples that PyTorch's run on seed 0 keeps as a picture

COST = "cost"  # no training: parameters, multiply-adds, and seconds a step at the document's width
REAL = "real"
CHANGE = "change"
CHECK = "check"  # a short run in float64, which a test repeats
SOURCES = tuple(f"source-{number:03}" for number in range(5))
OF_G, OF_D = "generator_optimiser", "discriminator_optimiser"

UNCORRECTED: dict[str, dict[str, Any]] = {  # one correction each taken back
    "source-001, no penalty": {"penalty": "none", "penalty_weight": 0.0},
    "source-002, no noise": {"instance_noise": 0.0},
    "source-003, no noise": {"instance_noise": 0.0},
    "source-004, no noise": {"instance_noise": 0.0},
    "source-004, norm in D": {"discriminator_norm": "batch"},
    "source-004, β₁ = .9": {OF_G: {"beta1": 0.9}, OF_D: {"beta1": 0.9}},
}
BATCH_1 = "source-001, batch 1"
ON_DIGITS = ("source-001, no penalty", "source-002, no noise", BATCH_1, CHECK)


def narrow(name: str, width: int = QUARTER, times: float | None = None) -> dict[str, Any]:
    """A recipe narrowed from 64 filters: its rates higher by as much, or by `times`, normal weights by the root."""
    recipe, narrower = ganlib.recipe(name), 64 // width
    times = narrower if times is None else times
    made = {player: {"rate": times * getattr(recipe, player).rate} for player in (OF_G, OF_D)}
    if recipe.weight_init == "normal":  # the others' go with the width by themselves
        made["weight_std"] = recipe.weight_std * narrower**0.5
    return {"name": name, "width": width, **made}


def long(name: str) -> dict[str, Any]:
    """What the main rows call a source's recipe."""
    return {**narrow(name), "batch_size": 32, "steps": AT[-1], "moving_average": 0.99}


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both, one level down too, where the optimisers' fields are."""
    both = {**first, **second}
    return both | {k: {**first[k], **v} for k, v in second.items() if isinstance(v, dict) and k in first}


METHODS: dict[str, dict[str, Any]] = {
    **{name: long(name) for name in SOURCES},
    **{method: merged(long(method.split(",")[0]), change) for method, change in UNCORRECTED.items()},
    "dcgan-32": {"name": "dcgan-32", "batch_size": 32, "steps": AT[-1]},
    # As its document has it: as many images as 312 steps of 32.
    BATCH_1: {**long("source-001"), "batch_size": 1, "steps": 10_000},
    CHECK: {"name": "source-001", "width": 4, "batch_size": 8, "steps": 10, "precision": "float64"},
}

SMALL = {"data": "digits", "shape": (16, 16, 1), "batch_size": 32, "steps": 500}
CHANGES: dict[str, dict[str, dict[str, Any]]] = {  # what a document does, leaves open or recommends
    "source-000": {
        "as it is": {},
        "noise drawn once": {},  # no field of a recipe, see `change`
        "6,000 steps": {"steps": 6000},
        "6,000, noise once": {"steps": 6000},
        "twice the rate": {OF_G: {"rate": 8e-4}, OF_D: {"rate": 8e-4}},  # which is what the other documents have
        "kernel 3": {"kernel": 3},
        "kernel 5": {"kernel": 5},
    },
    "source-001": {
        "as it is": {},
        "tanh": {"generator_output": "tanh"},
        "a quarter of the rate": {OF_G: {"rate": 2e-4}, OF_D: {"rate": 2e-4}},
        "four times the rate": {OF_G: {"rate": 32e-4}, OF_D: {"rate": 32e-4}},
        "L1 in D": {OF_D: {"l1": 1e-5}},
        "L2 in D": {OF_D: {"l2": 1e-4}},
        "six dense layers": {"depth": 6},
        "convolutional D": {"discriminator": "source-000"},
    },
    "source-002": {
        "as it is": {},
        "slope .2 in G": {"generator_slope": 0.2},
        "no dropout": {"discriminator_dropout": 0.0},
        "latent 50": {"latent": 50},
        "100 images": {},
    },
}


def with_change(name: str, what: str) -> dict[str, Any]:
    """What a row "change" calls its recipe."""
    made = {**narrow(name), **SMALL}
    if name == "source-001":  # it asks for something against instability: without the penalty, which is our answer
        made |= UNCORRECTED["source-001, no penalty"]
    return merged(made, CHANGES[name][what])


def possible(method: str, data: str, seed: int) -> bool:
    """Whether there is such a run: some methods have one data set, and two of these one seed."""
    if method in ON_DIGITS:
        return data == "digits" and (seed == 0 or method in UNCORRECTED)
    return data == "shapes" or method not in UNCORRECTED


def changes(method: str, data: str, full: bool = False) -> dict[str, Any]:
    """What a row calls its recipe: the name and all that differs."""
    chosen = {**METHODS[method], "data": data}
    if full and method in SOURCES:  # as its document has it
        chosen = {name: value for name, value in chosen.items() if name not in narrow(method) or name == "name"}
    return chosen


def run(method: str, data: str, backend: str, seed: int, full: bool = False) -> tuple[dict[str, Any], float]:
    """One training: its scores on the way, and its seconds without the scoring."""
    recipe = ganlib.recipe(**changes(method, data, full))
    trainer, scores, seconds = ganlib.backend(backend).Trainer(recipe, seed), [], 0.0
    loaded = ganlib.data.load(recipe)
    at = [step for step in AT if step < recipe.steps] + [recipe.steps]
    watch = Monitor(data=loaded, say=None)
    for step in at:
        if step:
            start = time.perf_counter()
            trainer.fit(loaded, steps=step - trainer.steps_done, callbacks=[watch], progress=False)
            seconds += time.perf_counter() - start
        samples = trainer.sample(len(real(data)[0]), seed=1)
        scores.append(score(data, samples))
    curves = {f"{name}_at": [row[name] for row in scores] for name in scores[0]}
    result = {**scores[-1], **sizes(recipe), "at": at, **curves}
    result |= {"findings": [finding.sentence for finding in watch.findings]}
    result |= {name: float(values[-50:].mean()) for name, values in trainer.history.items()}
    if seed == 0 and backend == "torch" and method != CHECK:  # the chapter shows no other
        result["samples"] = images.picture(samples[:SHOWN])
    return result, seconds


def change(name: str, what: str, backend: str, seed: int) -> tuple[dict[str, Any], dict[str, Any], float]:
    """One small training with one thing changed: what made it, its score against all digits, its seconds."""
    made = with_change(name, what)
    recipe, gl = ganlib.recipe(**made), ganlib.backend(backend)
    digits = ganlib.data.load("digits")
    trainer = (specimens.noise_drawn_once(gl) if "noise" in what else gl.Trainer)(recipe, seed)
    shown = digits.samples[:100] if what == "100 images" else digits.samples
    start = time.perf_counter()
    trainer.fit(shown, progress=False)
    seconds = time.perf_counter() - start
    features, fake = (metrics.features(images) for images in (digits.samples, trainer.sample(len(digits), seed=1)))
    found = metrics.prdc(features, fake)
    result = {"frechet": metrics.frechet_distance(features, fake).value, "coverage": found.coverage.value}
    return made, result, seconds


def score(data: str, samples: np.ndarray) -> dict[str, float]:
    """Distance and coverage of samples, and what can be counted: kinds of shapes, classes of digits."""
    _, real_features, real_classes = real(data)
    fake = colour_features(samples)
    frechet = metrics.frechet_distance(real_features, fake)
    found = metrics.prdc(real_features, fake)
    result = {"frechet": frechet.value, "frechet_floor": frechet.perfect}
    result |= {name: getattr(found, name).value for name in ("precision", "recall", "density", "coverage")}
    if data == "shapes":
        return result | images.score_shapes(samples)
    return result | {"classes": metrics.class_histogram(samples.mean(axis=3, keepdims=True), real_classes).kl.value}


def colour_features(pictures: np.ndarray) -> np.ndarray:
    """The digits' network on each channel, side by side, (n, 192), scaled so that grey images are as far as in one."""
    channels = [metrics.features(pictures[..., [channel]]) for channel in range(3)]
    return np.concatenate(channels, axis=1) / np.sqrt(3)


@functools.cache
def real(data: str) -> tuple[np.ndarray, np.ndarray, Any]:
    """Real images to score against, their features and, of digits, how often each is among them."""
    if data == "shapes":  # others than those trained on
        pictures = ganlib.data.load("shapes", n=SAMPLES, split="test").samples
        return pictures, colour_features(pictures), None
    pictures = ganlib.data.load(ganlib.recipe("source-000", data="digits")).samples
    return pictures, colour_features(pictures), metrics.class_histogram(pictures[..., :1])


def floor(data: str) -> dict[str, Any]:
    """Real images scored as if G had made them: other shapes; one half of the digits against the other half."""
    if data == "shapes":
        return score(data, ganlib.data.load("shapes", n=SAMPLES, seed=1, split="test").samples)
    features = real(data)[1]
    frechet = metrics.frechet_distance(features[::2], features[1::2])
    found = metrics.prdc(features[::2], features[1::2])
    result = {"frechet": frechet.value, "frechet_floor": frechet.perfect}
    return result | {name: getattr(found, name).value for name in ("precision", "recall", "density", "coverage")}


def sizes(recipe: ganlib.Recipe) -> dict[str, int]:
    """Both players' trainable numbers, and multiply-adds for one sample."""
    result = {}
    for player, layers, shape in (
        ("generator", architectures.generator_layers(recipe), (recipe.latent,)),
        ("discriminator", architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)),
    ):
        costs = architectures.costs(layers, shape)
        result[f"{player}_parameters"] = sum(cost.parameters for cost in costs)
        result[f"{player}_multiply_adds"] = sum(cost.multiply_adds for cost in costs)
    return result


def cost(name: str, batch_size: int, backend: str) -> dict[str, Any]:
    """A step's seconds at the document's width, the least of five, and what an epoch of 10,000 images takes of them."""
    recipe = ganlib.recipe(name, batch_size=batch_size)
    trainer, loaded, seconds = ganlib.backend(backend).Trainer(recipe), ganlib.data.load(recipe, n=320), []
    for _ in range(6):
        start = time.perf_counter()
        trainer.step(loaded.samples[:batch_size])
        seconds.append(time.perf_counter() - start)
    least = min(seconds[1:])  # the first one builds
    return {**sizes(recipe), "seconds_a_step": least, "seconds_an_epoch": least * 10_000 / batch_size}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = (REAL, COST, CHANGE, *METHODS)
    parser.add_argument("--only", nargs="+", choices=tasks, default=list(tasks), metavar="TASK", help=", ".join(tasks))
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5), metavar="SEED")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--full", action="store_true", help="the sources at their documents' width, 64")
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows(NAME)]
    backends = [options.backend] if options.backend else ganlib.available()

    def record(key: dict[str, Any], made: dict[str, Any], result: dict[str, Any], seconds: float) -> None:
        recording.record(NAME, ABOUT, COMMAND, key, result, made, seconds)
        told = {name: round(value, 3) for name, value in result.items() if isinstance(value, float)}
        print(f"{', '.join(map(str, key.values()))}: {told} in {seconds:.0f} s", flush=True)

    for data in options.data if REAL in options.only else ():
        key = {"method": REAL, "data": data}
        if key not in done:
            start = time.perf_counter()
            result = floor(data)
            record(key, {"data": data}, result, time.perf_counter() - start)
    for backend in backends if COST in options.only else ():
        for name, batch_size in (*((name, 32) for name in SOURCES), ("source-001", 1), ("source-004", 1)):
            key = {"method": COST, "recipe": name, "batch_size": batch_size, "backend": backend}
            if key not in done:
                start = time.perf_counter()
                result = cost(name, batch_size, backend)
                record(key, {"name": name, "batch_size": batch_size}, result, time.perf_counter() - start)
    every_change = [(name, what) for name, whats in CHANGES.items() for what in whats]
    for seed in options.seeds:
        for backend in backends:
            for name, what in every_change if CHANGE in options.only else ():
                key = {"method": CHANGE, "recipe": name, "change": what, "backend": backend, "seed": seed}
                if key not in done:
                    made, result, seconds = change(name, what, backend, seed)
                    record(key, made, result, seconds)
            for data in options.data:
                for method in METHODS:
                    key = {"method": method, "data": data, "backend": backend, "seed": seed}
                    key |= {"full": True} if options.full and method in SOURCES else {}
                    if method not in options.only or key in done:
                        continue
                    if not possible(method, data, seed):
                        continue
                    result, seconds = run(method, data, backend, seed, options.full)
                    record(key, changes(method, data, options.full), result, seconds)


if __name__ == "__main__":
    main()
