"""Eight trainings that do not work, each for one reason. The reader finds it, changes one thing, and is checked.

    >>> patient = ganlib.clinic.patient(2)
    >>> print(patient)                                      # what its owner says, and the code
    >>> run = patient.train(seed=0)                         # run.history, run.samples, run.score
    >>> answer = patient.changed(moving_average=0.9)        # a recipe; other patients want a function
    >>> print(ganlib.clinic.check(2, answer))

The check looks first at what was changed, and only then trains again. The diagnoses stand below, in
`_CASES`.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

import ganlib
from ganlib import arguments, data, metrics, reference
from ganlib.errors import TrainingFailed
from ganlib.recipe import FIELDS, Optimiser, Recipe, recipe
from ganlib.runtime import files

RADIUS = 0.2  # how near to a mode its samples lie, in distances between neighbouring modes
SHARE = 1 / 3  # of the samples that are a mode's due: with fewer it is not held
HELD = 6  # of the ring's eight modes. Healthy: all 8. Broken: none. Three seeds each, both frameworks.
FRECHET = 30.0  # on the digits. Healthy: 26 and less. Broken: 53 and more. Three seeds each, both frameworks.


@dataclass(frozen=True)
class Run:
    """One training of a patient.

    Attributes:
        history: as `Trainer.fit` returns it; what was reached before a failure.
        samples: (1000, *shape), from the moving average if the recipe keeps one.
        score: how many of the ring's eight modes are held, or the Fréchet distance to the digits.
        healthy: whether the score is one of a training that works.
        finding: the score in a sentence.
    """

    history: Mapping[str, np.ndarray] = field(repr=False)
    samples: np.ndarray = field(repr=False)
    score: float
    healthy: bool
    finding: str

    def __str__(self) -> str:
        return self.finding


@dataclass(frozen=True)
class Result:
    """What the check says.

    Attributes:
        right: whether the one thing was found and the patient now trains.
        message: why, or where to look instead.
        run: the training that decided, or None where looking at the change was enough.
    """

    right: bool
    message: str
    run: Run | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}: {self.message}"


@dataclass(frozen=True)
class Patient:
    """A training that does not work.

    Attributes:
        number: 1 to 8.
        complaint: what its owner says.
        recipe: of the training.
        code: the function that holds the mistake, or None where the recipe holds it.
        takes: what `check` wants: "recipe", "real" (the function that prepares the data) or "generator_loss".
    """

    number: int
    complaint: str
    recipe: Recipe
    code: Callable[..., Any] | None
    takes: str

    def __str__(self) -> str:
        if self.code is not None:
            text = textwrap.dedent(inspect.getsource(self.code))
        else:
            changes: dict[str, Any] = {}
            for name, value in files.changes(self.recipe).items():
                player, _, part = name.partition(".")
                if part:
                    changes.setdefault(player, {})[part] = value
                else:
                    changes[name] = value
            lines = "".join(f"    {name}={value!r},\n" for name, value in changes.items()).replace("'", '"')
            text = f'ganlib.recipe(\n    "{self.recipe.name}",\n{lines})\n'
        return f"Patient {self.number}. {self.complaint}\n\n{text}"

    def changed(self, **changes: Any) -> Recipe:
        """The patient's recipe with changes, checked; an optimiser may be given as a dict of the fields to change."""
        start = {name: getattr(self.recipe, name) for name in FIELDS if name != "name"}
        for name, value in changes.items():
            if isinstance(start.get(name), Optimiser) and isinstance(value, dict):
                value = {**vars(start[name]), **value}
            start[name] = value
        return recipe(self.recipe.name, **start)

    def train(self, seed: int = 0, backend: str | None = None) -> Run:
        """Trains the patient as it is.

        Args:
            seed: as for `Trainer`.
            backend: "torch", "tensorflow", or None as for `ganlib.backend`.
        """
        return _train(self, self.recipe if self.code is None else self.code, seed, backend)


def patient(number: int) -> Patient:
    """The patient of that number, 1 to 8.

    >>> print(ganlib.clinic.patient(3))
    """
    return _CASES[arguments.whole("number", number, 1, len(_CASES)) - 1].patient(number)


def check(number: int, answer: Any, seed: int = 0, backend: str | None = None) -> Result:
    """Whether the answer cures the patient, by one change.

    Args:
        number: of the patient.
        answer: the right version of what its `takes` names: a recipe, best made by `Patient.changed`, or a function
            that takes and returns what the broken one does.
        seed, backend: of the training that decides.

    Raises:
        TypeError: a recipe where a function is wanted, or the other way round.

    >>> print(ganlib.clinic.check(1, lambda points, rng: points))
    """
    sick = patient(number)
    case = _CASES[number - 1]
    arguments.whole("seed", seed, 0)
    if sick.code is None:
        if not isinstance(answer, Recipe):
            raise TypeError(
                f"Patient {number} is cured by a recipe, not {arguments.describe(answer)}. Make one: "
                f"ganlib.clinic.patient({number}).changed(field=value)."
            )
        hint = _look_at_recipe(case, sick.recipe, answer)
    else:
        if not callable(answer) or isinstance(answer, type):
            raise TypeError(
                f"Patient {number} is cured by a function like {sick.code.__name__}, not {arguments.describe(answer)}. "
                f"print(ganlib.clinic.patient({number})) shows it; give your version of it."
            )
        try:
            hint = case.look(answer)
        except Exception as error:  # whatever the reader's function raises is shown as its own
            hint = f"your function raised {type(error).__name__}: {error}"
    if hint:
        return Result(False, hint)
    run = _train(sick, answer, seed, backend)
    if run.healthy:
        return Result(True, f"{case.diagnosis} Now {run.finding}.", run)
    return Result(False, f"this is the place, but the new value does not do yet: {run.finding}.", run)


def _train(sick: Patient, version: Any, seed: int, backend: str | None) -> Run:
    gl = ganlib.backend(backend)
    chosen = version if sick.takes == "recipe" else sick.recipe
    loaded = data.load(sick.recipe)
    real = loaded.samples
    if sick.takes == "real":
        real = np.asarray(version(_raw(loaded), np.random.default_rng(seed)), dtype=np.float32)
    loss = None
    if sick.takes == "generator_loss":
        right = gl.losses.get(chosen.loss)
        loss = SimpleNamespace(discriminator=right.discriminator, generator=functools.partial(version, right))
    trainer = gl.Trainer(chosen, seed, loss=loss)
    failed = ""
    try:
        trainer.fit(real, progress=False)
    except TrainingFailed:
        failed = f", and the numbers became infinite after step {trainer.steps_done}"
    samples = trainer.sample(1000, seed=1)
    if loaded.centers is not None:
        held = modes_held(samples, loaded.centers)
        healthy = held >= HELD and not failed
        return Run(trainer.history, samples, held, healthy, f"it holds {held} of {len(loaded.centers)} modes{failed}")
    distance = float(metrics.frechet_distance(_features_of_digits(), metrics.features(samples)))
    finding = f"its Fréchet distance is {distance:.0f}, and up to {FRECHET:.0f} is healthy{failed}"
    return Run(trainer.history, samples, distance, distance <= FRECHET and not failed, finding)


def modes_held(samples: np.ndarray, centers: np.ndarray) -> int:
    """How many modes have at least a third of their due of the samples near them.

    Near is within a fifth of the distance between neighbouring modes: far wider than `metrics.mode_coverage`, which
    wants a finished training, and narrow enough that samples between the modes do not count.

    Args:
        samples: (n, 2).
        centers: (k, 2), k at least 2.
    """
    samples = arguments.array("samples", samples, "an array of points (n, 2)")
    centers = arguments.array("centers", centers, "an array of points (k, 2)")
    if samples.ndim != 2 or samples.shape[1] != 2 or not len(samples):
        raise ValueError(f"samples has shape {samples.shape}; expected (n, 2).")
    if centers.ndim != 2 or centers.shape[1] != 2 or len(centers) < 2:
        raise ValueError(f"centers has shape {centers.shape}; expected (k, 2), two modes or more.")
    if not (np.isfinite(samples).all() and np.isfinite(centers).all()):
        raise ValueError("samples and centers must be finite, and one holds NaN or infinity. Remove them first.")
    apart = np.linalg.norm(centers[:, None] - centers, axis=2)
    distances = np.linalg.norm(samples[:, None] - centers, axis=2)
    near = distances.min(axis=1) < RADIUS * apart[apart > 0].min()
    counts = np.bincount(distances[near].argmin(axis=1), minlength=len(centers))
    return int((counts >= SHARE * len(samples) / len(centers)).sum())


@functools.cache
def _features_of_digits() -> np.ndarray:
    return metrics.features(data.load("digits").samples)


def _raw(loaded: data.Data) -> np.ndarray:
    """What the owner's code is given: points as they are, images as a file has them."""
    return loaded.samples if loaded.images is None else np.round((loaded.images + 1) * 127.5).astype(np.uint8)


# The broken functions, as their owners wrote them.


def real_points(points, rng):
    """The real samples to train on, (n, 2)."""
    return rng.normal(size=points.shape)


def real_images(pixels, rng):
    """The real samples to train on, (n, 16, 16, 1), from pixels of 0 to 255. The generator ends in a tanh."""
    return pixels / 255


def generator_loss(loss, real_logits, fake_logits):
    """What G minimises; `loss` has both players' losses, loss.discriminator and loss.generator."""
    return loss.discriminator(real_logits, fake_logits)


# What the check looks at before it trains.


def _look_at_recipe(case: _Case, sick: Recipe, answer: Recipe) -> str | None:
    changed = [name for name in files.differing(sick, answer) if name != "about"]
    if not changed:
        return "this is the patient as it came, nothing was changed."
    groups = [group for group in case.cures if set(changed) & set(group)]
    elsewhere = [name for name in changed if not any(name in group for group in case.cures)]
    for name in elsewhere:
        if name in case.hints:
            return case.hints[name]
    if elsewhere:
        return f"{', '.join(elsewhere)} is not where the mistake is. {case.hint}"
    if len(groups) > 1:
        return f"you changed {', '.join(changed)}, which are {len(groups)} remedies at once. One is enough: which?"
    return None


@dataclass(frozen=True)
class _Case:
    complaint: str
    recipe: Recipe
    diagnosis: str
    hint: str = ""  # for a change somewhere else
    code: Callable[..., Any] | None = None
    takes: str = "recipe"
    cures: tuple[tuple[str, ...], ...] = ()  # the fields that may change, those of one remedy together
    hints: Mapping[str, str] = field(default_factory=dict)  # field → what to say to who changed it
    look: Callable[[Any], str | None] = lambda answer: None

    def patient(self, number: int) -> Patient:
        return Patient(number, self.complaint, self.recipe, self.code, self.takes)


def _look_at_points(answer: Callable[..., Any]) -> str | None:
    points = data.load("ring", n=64).samples
    given = np.asarray(answer(points.copy(), np.random.default_rng(0)))
    if given.ndim != 2 or given.shape[1] != 2 or not len(given):
        return f"the function gave an array of shape {given.shape}; a training on points needs (n, 2)."
    if (np.abs(given[:, None] - points).sum(axis=2).min(axis=1) < 1e-6).all():
        return None
    if given.shape == points.shape and np.corrcoef(given.ravel(), points.ravel())[0, 1] > 0.5:
        return "these are the points with something added or scaled: train on the points themselves."
    return "what D is shown as real are still no points of the data: plot what the function returns."


def _look_at_images(answer: Callable[..., Any]) -> str | None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    given = np.asarray(answer(pixels, np.random.default_rng(0)))
    if given.shape != pixels.shape:
        return f"the function gave an array of shape {given.shape} for one of {pixels.shape}: keep the shape."
    low, high = float(given.min()), float(given.max())
    if given.dtype.kind != "f" or not np.isfinite(given).all():
        return f"the function gave numbers of type {given.dtype}; a network wants finite floating-point numbers."
    if given.ravel()[0] > given.ravel()[-1]:
        return f"black became {given.ravel()[0]:.2g} and white {given.ravel()[-1]:.2g}: these are negatives."
    if low < -1.02 or high > 1.02:
        return f"the images now reach from {low:.2g} to {high:.2g}, and a tanh never leaves (-1, 1)."
    if low > -0.98 or high < 0.98:
        return f"the images now reach from {low:.2g} to {high:.2g}. What does a tanh reach, and what is drawn black?"
    return None


def _look_at_loss(answer: Callable[..., Any]) -> str | None:
    loss = reference.losses.nonsaturating
    sure = [float(answer(loss, np.zeros(4), np.full(4, fake))) for fake in (-2.0, 2.0)]
    if not np.isfinite(sure).all():
        return f"the loss is {sure[0]} and {sure[1]}; it must be a finite number."
    if sure[0] == sure[1]:
        return "this loss does not depend on what D says of G's samples, so G gets no gradient at all."
    if sure[0] < sure[1]:
        return (
            f"this loss is {sure[0]:.2f} where D rejects G's samples and {sure[1]:.2f} where D believes them: G still "
            "works for D."
        )
    return None


# The patients. Each is one change away from one of two recipes that train in a few seconds.


def _quick(name: str, rate: float, **changes: Any) -> dict[str, Any]:
    return {"name": name, "generator_optimiser": {"rate": rate}, "discriminator_optimiser": {"rate": rate}, **changes}


_RING = _quick("ring", 4e-3, width=64, batch_size=128, penalty_weight=0.1, moving_average=0.98, steps=400)
_DIGITS = {
    **_quick("dcgan-digits", 1.5e-3, generator="dense", discriminator="dense", width=128, depth=2, latent=32),
    **{"steps": 200, "discriminator_norm": "none", "weight_init": "kaiming_uniform", "scale_std": 0.0},
    **{"instance_noise": 0.0, "penalty": "r1", "penalty_weight": 3.0, "moving_average": 0.0},
}
_LOSSES_LIE = "The losses are those of a finished training, and lie: look at the samples."

_CASES = (
    _Case(
        complaint="Both losses went to their levels within a few steps and stay. The samples are one round cloud.",
        recipe=recipe(**_RING),
        code=real_points,
        takes="real",
        diagnosis="D was shown noise as real, and G learnt just that. The game was never broken; its data were.",
        look=_look_at_points,
    ),
    _Case(
        complaint="Both losses are at 2 log 2 and log 2 to two digits. I count no modes, or one.",
        recipe=recipe(**{**_RING, "discriminator_optimiser": {"rate": 2e-4}}),
        diagnosis="G's rate was 20 times D's: it had left before D knew where it was, and ran from mode to mode.",
        hint=f"{_LOSSES_LIE} Then compare how fast the two players move.",
        cures=(("generator_optimiser.rate", "discriminator_optimiser.rate"),),
        hints={
            "moving_average": "a longer average smears a G that jumps over all its modes: it hides the collapse.",
            "steps": "longer does not help a G that runs in circles. Who is too slow to catch it?",
            "penalty_weight": "the penalty is not what is missing: this D is too slow to be too steep.",
            "discriminator_steps": "it would take 20 steps of D for one of G. There is a cheaper number to change.",
        },
    ),
    _Case(
        complaint="Both losses lie flat at 2 log 2 and log 2, flatter than I have ever seen. The samples are specks.",
        recipe=recipe(**{**_DIGITS, "penalty_weight": 3000.0}),
        diagnosis="γ was a thousand times too strong: D was not allowed to have a slope, and G had nothing to climb.",
        hint=f"{_LOSSES_LIE} Then read history['penalty'] beside D's loss.",
        cures=(("penalty_weight", "penalty"),),
        hints={
            "discriminator_optimiser.rate": "D is not slow. Something keeps it from speaking: what does it minimise?",
            "generator_optimiser.rate": "G follows what D says, and D says nothing. What does D minimise?",
            "steps": "longer does not help: D's loss has not moved from 2 log 2 since the start. What holds it?",
        },
    ),
    _Case(
        complaint="Both losses fell to zero within fifty steps, so all should be well. The samples left the picture.",
        recipe=recipe(**_RING),
        code=generator_loss,
        takes="generator_loss",
        diagnosis="both players descended one quantity, so G helped D to tell its samples apart.",
        look=_look_at_loss,
    ),
    _Case(
        complaint="The critic's scores grow and grow, G's loss is beyond any scale, and the samples are blots.",
        recipe=recipe(**{**_DIGITS, "loss": "wasserstein", "penalty": "none", "penalty_weight": 0.0}),
        diagnosis="nothing bounded the critic's slope, and without a bound the Wasserstein loss has no minimum.",
        hint="What does the Wasserstein loss need of its critic, and where does this recipe see to it?",
        cures=(("penalty", "penalty_weight"), ("discriminator_norm",)),
        hints={
            "loss": "this owner wants Wasserstein, which needs something of its critic that others do not. What?",
            "discriminator_optimiser.rate": "a slower critic grows more slowly, and just as far. What would bound it?",
            "discriminator_optimiser.beta1": "it is not momentum: the loss has no minimum. What would give it one?",
            "discriminator_steps": "a critic nearer to its optimum is no remedy while there is no optimum.",
        },
    ),
    _Case(
        complaint="My losses look like those in the book, and my samples have not moved from where they began.",
        recipe=recipe(**{**_RING, "moving_average": 0.9999}),
        diagnosis="samples came from a moving average over 10,000 steps, and the run has 400: they were the first G's.",
        hint="The losses are healthy because the players are. Which weights do the samples come from?",
        cures=(("moving_average",),),
        hints={
            "steps": "that would do, at 50 times the cost. Why do the samples lag behind the players?",
            "generator_optimiser.rate": "G is not slow, its losses are healthy. Which weights make the samples?",
        },
    ),
    _Case(
        complaint="My losses look like those in the book, and my samples are dim, as if seen through fog.",
        recipe=recipe(**{**_DIGITS, "batch_norm_momentum": 0.9999}),
        diagnosis=(
            "batch normalisation's moving statistics had hardly left 0 and 1, so the G that was asked for samples was "
            "another one than the G that was trained."
        ),
        hint="The losses are healthy because G is, in training. What is different when it is asked for samples?",
        cures=(("batch_norm_momentum",),),
        hints={
            "generator_norm": (
                "without normalisation the difference between training and sampling is gone, and so is what the "
                "normalisation was for. Keep it, and make the two agree."
            ),
            "moving_average": "with or without the average of weights the samples are alike. What else is averaged?",
            "batch_norm_epsilon": "epsilon only keeps a division finite. Which number says how fast statistics move?",
            "steps": "with 100 times the steps the statistics would arrive. Which number keeps them from moving?",
        },
    ),
    _Case(
        complaint="The digits come out grey on grey. The losses are healthy, the Fréchet distance is over 100.",
        recipe=recipe(**_DIGITS),
        code=real_images,
        takes="real",
        diagnosis="the images were in [0, 1] and the tanh, the pictures and the features all take [-1, 1].",
        look=_look_at_images,
    ),
)
