"""Which γ of R1 trains best, on four tasks, and what D's gradient on the first batches says of it.

    python benchmarks/gamma.py                         # three seeds in PyTorch; about ten minutes on one CPU core
    python benchmarks/gamma.py --backend tensorflow --only ring --seeds 1
    python benchmarks/gamma.py --table                 # prints what the ledger holds, runs nothing

Each run becomes a row of the ledger gamma and is not run again. A row whose gamma is "first batches" holds no
training: it is R1 while D learns alone, without a penalty, against the untrained G.
"""

import argparse
import time

import numpy as np
import recording

import ganlib

ABOUT = "R1 at weights over six decades on four tasks, and R1 of D alone on its first batches."
GAMMAS = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
QUICK = {"rate": 2e-3}
POINTS = {
    "width": 64,
    "batch_size": 128,
    "moving_average": 0.98,
    "generator_optimiser": QUICK,
    "discriminator_optimiser": QUICK,
}
IMAGES = {
    **{"generator": "dense", "discriminator": "dense", "discriminator_norm": "none", "weight_init": "kaiming_uniform"},
    **{"scale_std": 0.0, "instance_noise": 0.0, "moving_average": 0.98, "depth": 2, "width": 128, "latent": 32},
}
# name: recipe, changes, what the data are multiplied by
TASKS = {
    "ring": ("ring", {**POINTS, "steps": 600}, 1.0),
    "ring, four times as large": ("ring", {**POINTS, "steps": 600}, 4.0),
    "grid": ("grid", {**POINTS, "steps": 1000}, 1.0),
    "digits": ("dcgan-digits", {**IMAGES, "steps": 400}, 1.0),
}
PROBE = 100  # steps of D alone


def load(task):
    """The data set, and its samples as this task has them."""
    data = ganlib.data.load(TASKS[task][0] if task != "digits" else "digits")
    return data, (data.samples * TASKS[task][2]).astype(np.float32)


def changes(task, gamma):
    """The task's changes to its recipe at this γ."""
    penalty = {"penalty": "r1", "penalty_weight": gamma} if gamma else {"penalty": "none", "penalty_weight": 0.0}
    return {**TASKS[task][1], **penalty}


def train(backend, task, gamma, seed):
    """Trains once, and how good the samples are."""
    data, samples = load(task)
    trainer = ganlib.backend(backend).Trainer(ganlib.recipe(TASKS[task][0], **changes(task, gamma)), seed)
    history = trainer.fit(samples, progress=False)
    made = trainer.sample(1000 if task == "digits" else 2500, seed=1)
    result = {"d_loss": float(history["d_loss"][-100:].mean()), "g_loss": float(history["g_loss"][-100:].mean())}
    if task == "digits":
        features = ganlib.metrics.features
        classes = ganlib.metrics.class_histogram(made, ganlib.metrics.class_histogram(data.images))
        frechet = ganlib.metrics.frechet_distance(features(data.images), features(made))
        return {**result, "score": float(frechet), "class_kl": float(classes.kl)}
    coverage = ganlib.metrics.mode_coverage(made, data.centers * TASKS[task][2], data.std * TASKS[task][2])
    parts = {name: float(getattr(coverage, name)) for name in ("modes", "good_percent")}
    return {**result, "score": energy_distance(made, samples) / TASKS[task][2], **parts}


def energy_distance(made, real):
    """√(2 E|x - y| - E|x - x'| - E|y - y'|) of points in the plane; 0 where both have one distribution."""

    def mean(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2).mean()

    a, b = made[:1000].astype(float), real[np.random.default_rng(0).permutation(len(real))[:1000]].astype(float)
    return float(np.sqrt(max(0.0, 2 * mean(a, b) - mean(a, a) - mean(b, b))))


def first_batches(backend, task, seed):
    """R1 over the first steps of D alone, with a penalty too weak to matter."""
    _, samples = load(task)
    weak = 1e-6
    trainer = ganlib.backend(backend).Trainer(ganlib.recipe(TASKS[task][0], **changes(task, weak)), seed)
    history = trainer.fit_discriminator(samples, PROBE)
    rounded = {"r1": 2 / weak * history["penalty"], "d_loss": history["d_loss"]}
    return {name: [float(f"{value:.4g}") for value in values] for name, values in rounded.items()}


def main():
    """Runs what the ledger lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=ganlib.available(), default="torch")
    parser.add_argument("--only", choices=tuple(TASKS), help="one task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the ledger and run nothing")
    options = parser.parse_args()
    for seed in range(0 if options.table else options.seeds):
        for task in [options.only] if options.only else TASKS:
            for gamma in ("first batches", *GAMMAS):
                key = {"task": task, "gamma": gamma, "backend": options.backend, "seed": seed}
                if any(row["key"] == key for row in recording.rows("gamma")):
                    continue
                start = time.perf_counter()
                if gamma == "first batches":
                    result, recipe = first_batches(options.backend, task, seed), changes(task, 0.0)
                else:
                    result, recipe = train(options.backend, task, gamma, seed), changes(task, gamma)
                recipe = {"name": TASKS[task][0], **recipe}
                seconds = time.perf_counter() - start
                recording.record("gamma", ABOUT, "python benchmarks/gamma.py", key, result, recipe, seconds)
                print(task, gamma, seed, result.get("score"), f"{seconds:.1f} s", flush=True)
    show()


def show():
    """The median score over seeds of every γ, and R1 on the first batches."""
    ledger = ganlib.ledger.load("gamma")
    print(f"{'median score, small is good':36}", *(f"{gamma:>8g}" for gamma in GAMMAS), " R1 at 1, 10, 30, 100")
    for task in TASKS:
        row = [row for row in ledger.rows if row["key"]["task"] == task and row["key"]["backend"] == "torch"]
        scores = {
            gamma: np.median([r["result"]["score"] for r in row if r["key"]["gamma"] == gamma] or [np.nan])
            for gamma in GAMMAS
        }
        r1 = [r["result"]["r1"] for r in row if r["key"]["gamma"] == "first batches"]
        r1 = np.median(r1, axis=0)[[0, 9, 29, 99]] if r1 else []
        print(f"{task:36}", *(f"{score:8.3f}" for score in scores.values()), " ", *(f"{value:.3g}" for value in r1))


if __name__ == "__main__":
    main()
