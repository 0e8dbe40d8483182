"""How long until the samples are as good as those of the official tutorials' recipes after their whole schedule.

    python benchmarks/time_to_quality.py                                   # digits, both frameworks; hours on two cores
    python benchmarks/time_to_quality.py --data digits --backend torch --seeds 0
    GANLIB_DATA=FOLDER python benchmarks/time_to_quality.py --data mnist    # FOLDER holds mnist
    python benchmarks/time_to_quality.py --table                           # what was measured, as the book shows it

PyTorch trains against PyTorch's tutorial, TensorFlow against TensorFlow's: its network, loss, optimiser, batch and loop
(`training_step.py` writes them out), its width, and as many doublings as the data's size needs. Its schedule is 50
epochs, which is TensorFlow's; PyTorch's 5 are of 200,000 faces, and would be 70 steps of the digits. ganlib trains its
own recipe for these data, in the fastest precision that the machine has, until the samples are as good. Only training
counts, with all that it needs to begin; the looks at the distance do not. MNIST is every second of its 10,000 test
images, as a schedule of all 60,000 takes hours a seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import recording
from threadpoolctl import threadpool_limits  # comes with scikit-learn
from training_step import as_installed, tensorflow_tutorial, torch_tutorial

import ganlib
from ganlib import metrics

NAME = "time_to_quality"
ABOUT = (
    "Fréchet distance over seconds of training: the official tutorials' recipes over their schedule, and ganlib's. "
    "A look is (step, seconds, distance)."
)
COMMAND = "python benchmarks/time_to_quality.py"
TUTORIALS: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch": ("pytorch-tutorial", torch_tutorial),
    "tensorflow": ("tensorflow-tutorial", tensorflow_tutorial),
}
OURS = {"digits": "dcgan-digits-quick", "mnist": "dcgan-28"}
EPOCHS = 50
LOOKS = 5  # over a tutorial's schedule: what counts is the last
EVERY = 25  # steps of ganlib's recipe from one look to the next
WAYS = ("tutorial", "ganlib")


def recipe_of(way: str, data: str, backend: str) -> ganlib.Recipe:
    """What is trained on these data."""
    ours = ganlib.recipe(OURS[data])
    if way == "ganlib":
        return ours
    # PyTorch's tutorial fits 64×64 only; the architecture "dcgan" is the same with as many doublings as the size needs.
    fitting = {"generator": "dcgan", "discriminator": "dcgan"} if backend == "torch" else {}
    return ganlib.recipe(TUTORIALS[backend][0], data=data, shape=ours.shape, **fitting)


def images_of(recipe: ganlib.Recipe) -> np.ndarray:
    """The images that are trained on."""
    if recipe.data == "mnist":
        return ganlib.data.load(recipe, split="test").samples[::2]  # the first half is the neater: take of both
    return ganlib.data.load(recipe).samples


def run(
    way: str, data: str, backend: str, seed: int, target: float = -np.inf, steps: int | None = None
) -> tuple[dict[str, Any], float]:
    """Trains once, until the distance is the target's; returns the looks, and the seconds with them."""
    began = time.perf_counter()
    recipe, gl = recipe_of(way, data, backend), ganlib.backend(backend)
    images = images_of(recipe)
    real = metrics.features(images)
    spent = -time.perf_counter()
    if way == "tutorial":
        train, generator = TUTORIALS[backend][1](recipe, images, seed)
        steps = steps or EPOCHS * len(images) // recipe.batch_size
        every = max(1, steps // LOOKS)
    else:
        trainer = gl.Trainer(recipe, seed, precision="auto")
        train = lambda count: trainer.fit(images, steps=count, progress=False)  # noqa: E731
        steps, every = steps or recipe.steps, EVERY
    spent += time.perf_counter()
    looks: list[list[float]] = []
    done = 0
    while done < steps and (not looks or looks[-1][2] > target):
        count = min(every, steps - done)
        start = time.perf_counter()
        train(count)
        spent += time.perf_counter() - start
        done += count
        drawn = gl.Trainer(recipe, seed, generator=generator) if way == "tutorial" else trainer
        samples = drawn.sample(len(images), seed=1)
        with threadpool_limits(1, "blas"):  # threads of a product that is done spin for a while, into the next steps
            distance = metrics.frechet_distance(real, metrics.features(samples))
        looks.append([done, round(spent, 2), round(float(distance), 2)])
    return {"looks": looks}, time.perf_counter() - began


def reached(looks: list[list[float]], target: float) -> float:
    """The seconds at the first look that is as good as the target, or infinity."""
    return next((seconds for _, seconds, distance in looks if distance <= target), float("inf"))


def looks_of(way: str, data: str, backend: str) -> list[list[list[float]]]:
    """The looks of every run in the ledger."""
    wanted = {"data": data, "backend": backend, "way": way}.items()
    return [row["result"]["looks"] for row in recording.rows(NAME) if row["key"].items() >= wanted]


def ended(looks: list[list[list[float]]]) -> float:
    """The median of the distances at the end; below every distance if there is no run."""
    return float(np.median([run[-1][2] for run in looks])) if looks else -np.inf


def table() -> str:
    """What was measured, in Markdown."""
    lines = [
        "| Data | Framework | the tutorial's distance after | ganlib is there after | ratio (spread) | seeds |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for data in OURS:
        for backend in TUTORIALS:
            theirs, ours = (looks_of(way, data, backend) for way in WAYS)
            if not theirs or not ours:
                continue
            target = ended(theirs)
            schedule = float(np.median([looks[-1][1] for looks in theirs]))
            times = np.array([reached(looks, target) for looks in ours])
            ratios = schedule / times
            lines.append(
                f"| {data} | {backend} | {target:.1f} after {schedule:.0f} s | {np.median(times):.0f} s "
                f"| {np.median(ratios):.1f} ({ratios.min():.1f} to {ratios.max():.1f}) | {len(theirs)}, {len(ours)} |"
            )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=OURS, default=["digits"])
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5), metavar="SEED")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    as_installed()
    for data in options.data:
        for backend in [options.backend] if options.backend else ganlib.available():
            for way in options.way:  # first all of the tutorial's runs, which say where ganlib's can stop
                target = ended(looks_of("tutorial", data, backend)) if way == "ganlib" else -np.inf
                for seed in options.seeds:
                    result, seconds = run(way, data, backend, seed, target)
                    key = {"data": data, "backend": backend, "way": way, "seed": seed}
                    recipe = {"name": recipe_of(way, data, backend).name}
                    recording.record(NAME, ABOUT, COMMAND, key, result, recipe, seconds)
                    step, spent, distance = result["looks"][-1]
                    print(f"{key}: {distance:.1f} after {step} steps and {spent:.0f} s", flush=True)


if __name__ == "__main__":
    main()
