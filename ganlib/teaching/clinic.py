"""Eight trainings that do not work, each for one reason. The reader finds it, changes one thing, and is checked.

    >>> patient = ganlib.clinic.patient(2)
    >>> print(patient)                                      # what its owner says, and the code
    >>> run = patient.train(seed=0)                         # run.history, run.samples, run.score
    >>> answer = patient.changed(moving_average=0.9)        # a recipe; other patients want a function
    >>> print(ganlib.clinic.check(2, answer))

The check looks first at what was changed, and only then trains again. `patients.py` has the diagnoses.
"""

import functools
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

import ganlib
from ganlib import arguments, data, metrics
from ganlib.errors import TrainingFailed
from ganlib.recipe import Optimiser, Recipe, recipe
from ganlib.runtime import files
from ganlib.runtime.trainer import BaseTrainer
from ganlib.teaching.patients import CASES, Case

RADIUS = 0.2  # how near to a mode its samples lie, in distances between neighbouring modes
SHARE = 1 / 3  # of the samples that are a mode's due: with fewer it is not held
HELD = 6  # of the ring's eight modes. Healthy: all 8. Broken: none. Three seeds each, both frameworks.
FRECHET = 30.0  # on the digits. Healthy: 26 and less. Broken: 53 and more. Three seeds each, both frameworks.


@dataclass(frozen=True)
class Run:
    """One training of a patient."""

    history: Mapping[str, np.ndarray] = field(repr=False)  # as `Trainer.fit` returns it, up to a failure
    samples: np.ndarray = field(repr=False)  # (1000, *shape), from the moving average if the recipe keeps one
    score: float  # how many of the ring's eight modes are held, or the Fréchet distance to the digits
    healthy: bool  # whether the score is one of a training that works
    finding: str  # the score in a sentence
    failed: str = ""  # the end of that sentence where the numbers became infinite

    def __str__(self) -> str:
        return self.finding


@dataclass(frozen=True)
class Result:
    """What the check says."""

    right: bool  # whether the one thing was found and the patient now trains
    message: str  # why, or where to look instead
    run: Run | None = field(default=None, repr=False)  # that decided; None where looking at the change was enough

    def __str__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Patient(Case):
    """A training that does not work: `number`, 1 to 8, `complaint`, `recipe`, `code` and `takes`; see `Case`."""

    number: int

    def __str__(self) -> str:
        if self.code is not None:
            text = textwrap.dedent(inspect.getsource(self.code))
        else:
            changes: dict[str, Any] = {}
            for path, value in files.changes(self.recipe).items():
                *player, name = path.split(".")
                (changes.setdefault(player[0], {}) if player else changes)[name] = value
            lines = "".join(f"    {name}={value!r},\n" for name, value in changes.items()).replace("'", '"')
            text = f'ganlib.recipe(\n    "{self.recipe.name}",\n{lines})\n'
        return f"Patient {self.number}. {self.complaint}\n\n{text}"

    def changed(self, **changes: Any) -> Recipe:
        """The patient's recipe with changes, checked; an optimiser may be given as a dict of the fields to change."""
        fields = vars(self.recipe).copy()
        for name, value in changes.items():
            if isinstance(fields.get(name), Optimiser) and isinstance(value, dict):
                value = {**vars(fields[name]), **value}
            fields[name] = value
        return recipe(**fields)

    def train(self, seed: int = 0, backend: str | None = None) -> Run:
        """Trains the patient as it is; seed as for `Trainer`, backend as for `ganlib.backend`."""
        return _train(self, self.recipe if self.code is None else self.code, seed, backend)


def patient(number: int) -> Patient:
    """The patient of that number, 1 to 8."""
    return Patient(number=number, **vars(CASES[arguments.whole("number", number, 1, len(CASES)) - 1]))


def check(number: int, answer: object, seed: int = 0, backend: str | None = None) -> Result:
    """Whether the answer cures the patient, by one change.

    The answer is the right version of what the patient's `takes` names: a recipe, best made by `Patient.changed`, or a
    function that takes and returns what the broken one does; a TypeError for the other one.

    >>> print(ganlib.clinic.check(1, lambda points, rng: points))
    """
    sick = patient(number)
    arguments.whole("seed", seed, 0)
    if sick.code is None and not isinstance(answer, Recipe):
        made = f"ganlib.clinic.patient({number}).changed(field=value)"
        raise TypeError(f"For patient {number} answer must be a recipe, {made}, not {arguments.describe(answer)}.")
    if sick.code is not None and (not callable(answer) or isinstance(answer, type)):
        like = f"like {sick.code.__name__}, which print(ganlib.clinic.patient({number})) shows"
        raise TypeError(f"For patient {number} answer must be a function {like}, not {arguments.describe(answer)}.")
    if hint := sick.look(answer):
        return Result(False, hint)
    run = _train(sick, answer, seed, backend)
    if run.healthy:
        return Result(True, f"{sick.diagnosis} Now {run.finding}.", run)
    return Result(False, f"this is the place, but the new value does not do yet: {run.finding}.", run)


def trained(trainer: BaseTrainer, loaded: data.Data, real: np.ndarray | None = None) -> Run:
    """Trains to the end, or until the numbers are infinite, and scores what G makes.

    `loaded` is the ring or the digits, which G's samples are held against; `real` is what D is shown in their place.
    """
    failed = ""
    try:
        trainer.fit(loaded if real is None else real, progress=False)
    except TrainingFailed:
        failed = f", and the numbers became infinite after step {trainer.steps_done}"
    samples = trainer.sample(1000, seed=1)
    if loaded.centers is not None:
        score: float = _modes_held(samples, loaded.centers)
        healthy, finding = score >= HELD, f"it holds {score} of {len(loaded.centers)} modes"
    else:
        score = float(metrics.frechet_distance(_features_of_digits(), metrics.features(samples)))
        healthy, finding = score <= FRECHET, f"its Fréchet distance is {score:.0f}, and up to {FRECHET:.0f} is healthy"
    return Run(trainer.history, samples, score, healthy and not failed, finding + failed, failed)


def _raw(loaded: data.Data) -> np.ndarray:
    """What a patient's owner is given: points as they are, images as a file has them, in whole numbers to 255."""
    return loaded.samples if loaded.images is None else np.round((loaded.images + 1) * 127.5).astype(np.uint8)


def _train(sick: Patient, version: Any, seed: int, backend: str | None) -> Run:
    gl = ganlib.backend(backend)
    chosen = version if sick.takes == "recipe" else sick.recipe
    loaded = data.load(sick.recipe)
    real, loss = None, None
    if sick.takes == "real":
        real = np.asarray(version(_raw(loaded), np.random.default_rng(seed)), dtype=np.float32)
    if sick.takes == "generator_loss":
        right = gl.losses.get(chosen.loss)
        loss = SimpleNamespace(discriminator=right.discriminator, generator=functools.partial(version, right))
    return trained(gl.Trainer(chosen, seed, loss=loss), loaded, real)


def _modes_held(samples: np.ndarray, centers: np.ndarray) -> int:
    """How many modes have a third of their due within RADIUS: `metrics.mode_coverage` wants a finished training."""
    apart = np.linalg.norm(centers[:, None] - centers, axis=2)
    distances = np.linalg.norm(samples[:, None] - centers, axis=2)
    near = distances.min(axis=1) < RADIUS * apart[apart > 0].min()
    counts = np.bincount(distances[near].argmin(axis=1), minlength=len(centers))
    return int((counts >= SHARE * len(samples) / len(centers)).sum())


@functools.cache
def _features_of_digits() -> np.ndarray:
    return metrics.features(data.load("digits").samples)
