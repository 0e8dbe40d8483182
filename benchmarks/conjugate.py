"""Conjugate directions and competitive steps against Adam: the run ledger of the chapter on conjugate gradients.

    python benchmarks/conjugate.py                                        # everything; days on two cores
    python benchmarks/conjugate.py --only PR --data ring --backend torch --seeds 0
    python benchmarks/conjugate.py --data ring --times 0.25 0.5 2 4       # at other rates: half an hour

A run trains one method from one seed in one framework, for a budget of gradient evaluations that all methods share, and
becomes a row of the ledger conjugate. It is scored at eight moments, each with its evaluations and its CPU
seconds, so that methods can be compared at equal evaluations and at equal seconds. Every backward pass counts as one
evaluation: two for a step of two gradients; for a competitive step its four gradients, and two mixed products before
the first step of its solver and four in each. On the Dirac-GAN a row is NumPy, the seed chooses the start, and the
score is the distance from the equilibrium. Rows that are there are not run again; all methods run on one seed before
any runs on the next.
"""

from __future__ import annotations

import argparse
import functools
import time
from typing import Any

import numpy as np
import recording
from scoreboard import BASES, SAMPLES, both, changes_from_shipped

import ganlib
from ganlib import dynamics, metrics, reference
from ganlib.errors import TrainingFailed
from ganlib.reference.optimisers import CONJUGATE
from ganlib.runtime.trainer import BaseTrainer

NAME = "conjugate"
ABOUT = "Conjugate directions and competitive gradient descent against Adam, on the Dirac-GAN, ring, grid and digits."
COMMAND = "python benchmarks/conjugate.py"
DIRAC = "dirac"
MOMENTS = 8
BUDGETS = {DIRAC: 1000, "ring": 5000, "grid": 10_000, "digits": 1000}  # evaluations: Adam's in chapter 4's scoreboard
SMALLER = {"width": 32, "batch_size": 64}  # than the scoreboard's ring and grid, whose runs take four times as long
# One rate for all that move along gradients, at which gradient descent on the ring, from seed 100, did not throw its
# samples off the circle for good, as it did at 0.2. Adam's are the scoreboard's, and a tenth on the Dirac-GAN, where
# its steps do not shrink with the gradient.
RATES = {DIRAC: 0.2, "ring": 0.05, "grid": 0.05, "digits": 0.05}
ADAM_RATES = {DIRAC: 0.02, "ring": 1e-3, "grid": 1e-3, "digits": 1e-3}
LABELS = dict(zip(("FR", "PR", "HS", "DY", "HZ", "FR-PR", "HS-DY"), CONJUGATE, strict=True))  # the initials
COMPETITIVE = {"update": "competitive", "solver_steps": 20}

# What a method changes, but for the rate.
METHODS: dict[str, dict[str, Any]] = {
    "Adam": {},
    "gradient descent": both(rule="sgd", beta1=0.0),
    "momentum ½": both(rule="sgd", beta1=0.5),
    **{label: both(rule=rule, beta1=0.5) for label, rule in LABELS.items()},
    **{f"{label}, falling": both(rule=LABELS[label], beta1=0.5, rate_power=0.5) for label in ("FR", "HZ")},
    "competitive": {**COMPETITIVE, **both(rule="sgd", beta1=0.0)},
    "competitive, zero-sum": {**COMPETITIVE, **both(rule="sgd", beta1=0.0), "loss": "minimax", "fresh_noise": False},
}
CHECK = "check"  # a short run of PR in float64, which a test repeats


def recipe(method: str, data: str, rate: float) -> ganlib.Recipe:
    """The method's recipe on one of the data sets."""
    name, base = BASES[data]
    changes = {**base, **(SMALLER if data != "digits" else {}), **METHODS["PR" if method == CHECK else method]}
    for player in ("generator_optimiser", "discriminator_optimiser"):
        changes[player] = {**base.get(player, {}), **changes.get(player, {}), "rate_end": 1.0, "rate": rate}
    if method == CHECK:
        changes |= {"width": 8, "batch_size": 16, "precision": "float64"}
    return ganlib.recipe(name, **changes)


def usual_rate(method: str, data: str) -> float:
    """A rate that falls with the root of the step begins at ten times the others', and meets them at step 100."""
    if method == "Adam":
        return ADAM_RATES[data]
    return RATES[data] * (10 if "falling" in method else 1)


def evaluations(trainer: BaseTrainer) -> int:
    """The backward passes of all steps so far."""
    if trainer.recipe.update != "competitive":
        return 2 * trainer.steps_done
    return int((6 + 4 * trainer.history["solver_steps"]).sum()) if trainer.steps_done else 0


def run(method: str, data: str, backend: str, seed: int, rate: float, budget: int) -> dict[str, Any]:
    """Trains once and returns what the ledger keeps of it."""
    if data == DIRAC:
        return run_dirac(method, seed, rate, budget)
    trainer = ganlib.backend(backend).Trainer(recipe(method, data, rate), seed)
    points = ganlib.data.load(data)
    result: dict[str, Any] = {"evaluations": [], "steps": [], "seconds": []}
    seconds = 0.0
    for target in np.linspace(0, budget, MOMENTS + 1)[1:]:
        while (left := target - evaluations(trainer)) > 0:
            each = 2 if trainer.recipe.update != "competitive" else evaluations(trainer) / max(1, trainer.steps_done)
            first, start = trainer.steps_done == 0, time.process_time()
            try:
                # The first step alone: it holds what a framework compiles, and is not counted.
                trainer.fit(points, steps=1 if first else max(1, int(left / each)), progress=False)
            except TrainingFailed as failed:  # the trainer is back at its last good step, and is scored there
                result["failed_at"] = failed.step
            seconds += 0 if first else time.process_time() - start
            if "failed_at" in result:
                break
        scores = score(trainer, data, points)
        scores |= {name: float(trainer.history[name][-1]) for name in ("d_loss", "g_loss")}
        moment = {"evaluations": evaluations(trainer), "steps": trainer.steps_done, "seconds": round(seconds, 3)}
        for name, value in {**moment, **scores}.items():
            result.setdefault(name, []).append(value)
        if "failed_at" in result:
            break
    return result


def score(trainer: BaseTrainer, data: str, points: ganlib.data.Data) -> dict[str, float | None]:
    """Fréchet distance, and modes and good samples or, on the digits, coverage. None where G overflows."""
    samples = trainer.sample(len(points) if data == "digits" else SAMPLES, seed=1)
    if data == "digits":
        names = ("frechet", "coverage")
        if not np.isfinite(samples).all():
            return dict.fromkeys(names)
        real, fake = _digits(), metrics.features(samples)
        values = metrics.frechet_distance(real, fake).value, metrics.prdc(real, fake).coverage.value
    else:
        names = ("frechet", "modes", "good_percent")
        if not np.isfinite(samples).all():
            return dict.fromkeys(names)
        found = metrics.mode_coverage(samples, points.centers, points.std)
        distance = metrics.frechet_distance(points.points, samples).value
        values = distance, found.modes.value, found.good_percent.value
    return dict(zip(names, map(float, values), strict=True))


@functools.cache
def _digits() -> np.ndarray:
    return metrics.features(ganlib.data.load("digits").images)


def run_dirac(method: str, seed: int, rate: float, budget: int) -> dict[str, Any]:
    """The distance from the Dirac-GAN's equilibrium along one path from a random start."""
    loss = "minimax" if "zero-sum" in method else "nonsaturating"
    game, start = dynamics.DiracGAN(loss), np.random.default_rng(seed).normal(size=2)
    each = 2 if "competitive" not in method else 6 + 4 * 2  # two unknowns: conjugate gradient takes two steps
    steps = budget // each
    if method == "Adam":
        path = _adam(game, start, rate, steps)
    else:
        momentum = {"momentum ½": 0.5, **LABELS}.get(method, 0.0)
        update = "competitive" if "competitive" in method else "alternating"
        path = dynamics.simulate(game, start, rate, steps, update=update, momentum=momentum)
    at = np.linspace(0, steps, MOMENTS + 1).round().astype(int)[1:]
    distance = np.hypot(*path[at].T)
    return {"evaluations": (each * at).tolist(), "steps": at.tolist(), "distance": distance.tolist()}


def _adam(game: Any, start: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Both players by Adam in turns, D first, with the ring's settings."""
    settings = recipe("Adam", "ring", rate).generator_optimiser
    path, (x, m, v) = [start], (start.copy(), np.zeros(2), np.zeros(2))
    for step in range(1, steps + 1):
        for player in (1, 0):
            gradient = -np.array(game(*x))[player]
            x[player], m[player], v[player] = reference.adam_step(
                *(x[player], gradient, m[player], v[player], step, rate, settings.beta1, settings.beta2),
                *(settings.epsilon, settings.epsilon_placement),
            )
        path.append(x.copy())
    return np.array(path)


def possible(method: str, data: str, seed: int) -> bool:
    """Whether there is such a run."""
    if data == DIRAC:  # where a rate that falls, and a check, have no counterpart
        return method != CHECK and "falling" not in method
    return method != CHECK or seed == 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    methods = [*METHODS, CHECK]
    parser.add_argument("--only", nargs="+", choices=methods, default=methods, metavar="METHOD")
    parser.add_argument("--data", nargs="+", choices=BUDGETS, default=list(BUDGETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=range(10), metavar="SEED")
    parser.add_argument("--times", nargs="+", type=float, default=[1.0], metavar="FACTOR", help="of the usual rate")
    parser.add_argument("--budget", type=int, default=None, help="evaluations; default: one for each data set")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows(NAME)]
    for seed in options.seeds:
        for data in options.data:
            backends = ["numpy"] if data == DIRAC else [options.backend] if options.backend else ganlib.available()
            for backend in backends:
                for method in options.only:
                    for times in options.times:
                        rate = times * usual_rate(method, data)
                        budget = 400 if method == CHECK else options.budget or BUDGETS[data]
                        key = {"method": method, "data": data, "backend": backend, "seed": seed}
                        key |= {"rate": rate, "budget": budget, **({"times": times} if times != 1 else {})}
                        if key in done or not possible(method, data, seed) or (method == CHECK and times != 1):
                            continue
                        start = time.perf_counter()
                        result = run(method, data, backend, seed, rate, budget)
                        seconds = time.perf_counter() - start
                        changes = {} if data == DIRAC else changes_from_shipped(recipe(method, data, rate))
                        losses = {name: np.array(result[name]) for name in ("d_loss", "g_loss") if name in result}
                        recording.record(NAME, ABOUT, COMMAND, key, {**result, **losses}, changes, seconds)
                        last = {k: v[-1] for k, v in result.items() if isinstance(v, list)}
                        print(f"{data}, {backend}, seed {seed}, {method}, rate {rate}: {last}", flush=True)


if __name__ == "__main__":
    main()
