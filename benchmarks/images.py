"""DCGANs on 16×16 digits, 28×28 handwriting and 32×32 shapes: writes the ledger "images".

    python benchmarks/images.py                                  # every run: 20 minutes on one core in PyTorch
    python benchmarks/images.py --only trial                     # the cheap one, which a test repeats
    python benchmarks/images.py --only dcgan-28 --seeds 1        # needs MNIST's test images, see ganlib.data.load
    python benchmarks/images.py --only shown-16 shown-28 shown-32 --seeds 1    # the samples that chapter 3 shows
    python benchmarks/images.py --backend tensorflow

Runs that the ledger holds are skipped, and one that was stopped goes on from its last score. Each run is scored while
it trains, on as many samples each time; the last score is the run's. A run that is shown also keeps some samples.
"""

import argparse
import io
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import recording
from PIL import Image

import ganlib
from ganlib import metrics

ABOUT = (
    "DCGANs on digits and other images. dcgan-28 trains on MNIST's 10,000 test images, dcgan-32 on 10,000 drawn "
    "shapes; trial is a small and short dcgan-32. shown-16 (digits), shown-28 and shown-32 keep samples, side by side "
    "in a WebP file. Scores are of 2,500 samples; `at` lists the steps of a curve."
)
COMMAND = "python benchmarks/images.py"
SAMPLES = 2500
SEEDS = 2
SHOWN = 40  # samples that a run keeps
CHECKPOINTS = Path(__file__).resolve().parent.parent / "_build" / "images"
FALLING = {"rate_end": 0.1}  # so that the last samples are not those of a bad moment
SETTLED = {"generator_optimiser": FALLING, "discriminator_optimiser": FALLING, "moving_average": 0.995}
TASKS: dict[
    str, tuple[dict[str, Any], tuple[int, ...]]
] = {  # the recipe and its changes, and the steps at which a run is scored
    "trial": ({"name": "dcgan-32", "width": 8, "steps": 20}, (20,)),
    "dcgan-28": ({"name": "dcgan-28", "steps": 1500}, (250, 500, 1000, 1500)),
    "dcgan-32": ({"name": "dcgan-32", "steps": 2000}, (250, 500, 1000, 1500, 2000)),
    "shown-16": ({"name": "dcgan-digits", "steps": 2500, **SETTLED}, (500, 1000, 1500, 2000, 2500)),
    "shown-28": ({"name": "dcgan-28", "batch_size": 32, "steps": 2500, **SETTLED}, (500, 1000, 1500, 2000, 2500)),
    "shown-32": ({"name": "dcgan-32", "batch_size": 32, "steps": 3500, **SETTLED}, (500, 1500, 2500, 3500)),
}


def score_digits(real: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """The distances of handwriting, and what a perfect sampler has; `real` holds the features of real images."""
    fake = metrics.features(images)
    frechet, neighbours = metrics.frechet_distance(real, fake), metrics.prdc(real, fake)
    return {
        "frechet": float(frechet),
        "frechet_floor": frechet.perfect,
        **{name: float(getattr(neighbours, name)) for name in ("precision", "recall", "density", "coverage")},
    }


def score_shapes(images: np.ndarray) -> dict[str, float]:
    """How many are a shape in a colour, of how many of the 30 kinds, how evenly; and the median distance from one."""
    shape, colour, distance = ganlib.data.shape_factors(images)
    every = len(ganlib.data.SHAPES) * len(ganlib.data.COLOURS)
    kind = (shape * len(ganlib.data.COLOURS) + colour)[distance < 0.5]
    counts = np.bincount(kind, minlength=every)
    shares = counts[counts > 0] / max(1, counts.sum())
    return {
        "recognised_percent": 100 * len(kind) / len(images),
        "kinds": int(np.count_nonzero(counts)),
        "effective_kinds": float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0,
        "distance": float(np.median(distance)),
    }


def picture(samples: np.ndarray) -> bytes:
    """Samples side by side as a WebP file: to look at, at an eighth of a PNG file's size."""
    pixels = np.round((np.clip(np.concatenate(list(samples), axis=1), -1, 1) + 1) * 127.5).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "webp", quality=90, method=6)
    return file.getvalue()


def run(task: str, backend: str, seed: int) -> tuple[dict[str, Any], float]:
    """One training: its scores at the end and on the way, and its seconds without the scoring."""
    gl = ganlib.backend(backend)
    changes, at = dict(TASKS[task][0]), TASKS[task][1]
    recipe = ganlib.recipe(changes.pop("name"), **changes)
    data = ganlib.data.load(recipe, split="test" if recipe.data == "mnist" else "train")
    real = None if recipe.data == "shapes" else metrics.features(data.images)
    folder = CHECKPOINTS / f"{task}-{backend}-{seed}"
    if (folder / "scores.json").exists():
        scores, seconds = json.loads((folder / "scores.json").read_text())
        trainer = gl.Trainer.load(folder, at[len(scores) - 1])
    else:
        shutil.rmtree(folder, ignore_errors=True)
        trainer, scores, seconds = gl.Trainer(recipe, seed), [], 0.0
    for step in at[len(scores) :]:
        start = time.perf_counter()
        trainer.fit(data, steps=step - trainer.steps_done, progress=False)
        seconds += time.perf_counter() - start
        samples = trainer.sample(SAMPLES, seed=1)
        scores.append(score_shapes(samples) if real is None else score_digits(real, samples))
        if len(at) > 1:
            trainer.save(folder)
            (folder / "scores.json").write_text(json.dumps([scores, seconds]))
    curves = {f"{name}_at": [row[name] for row in scores] for name in scores[0]} if len(at) > 1 else {}
    kept = {"samples": picture(trainer.sample(SHOWN, seed=1))} if task.startswith("shown") else {}
    return {**scores[-1], "at": list(at), **curves, **kept}, seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--backend", choices=("torch", "tensorflow"), default="torch")
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows("images")]
    for seed in range(options.seeds):
        for task in options.only:
            key = {"task": task, "backend": options.backend, "seed": seed}
            if key in done or (task == "trial" and seed):
                continue
            result, seconds = run(task, options.backend, seed)
            recording.record("images", ABOUT, COMMAND, key, result, TASKS[task][0], seconds)
            shutil.rmtree(CHECKPOINTS / f"{task}-{options.backend}-{seed}", ignore_errors=True)
            result.pop("samples", None)
            print(f"{task}, {options.backend}, seed {seed}: {seconds:.0f} s, {result}", flush=True)


if __name__ == "__main__":
    main()
