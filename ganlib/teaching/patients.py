"""The clinic's eight patients: what is wrong with each, and the hints for those who look elsewhere.

To find it out yourself, read no further: `ganlib.clinic.patient(1)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganlib import data, reference
from ganlib.recipe import Recipe, recipe
from ganlib.runtime import files


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a patient tells, then what is wrong with it, and how an answer is looked at."""

    complaint: str  # what its owner says
    recipe: Recipe
    code: Callable[..., object] | None = None  # the function that holds the mistake; None where the recipe holds it
    takes: str = "recipe"  # what `check` wants: that, "real" (the function that prepares the data) or "generator_loss"
    diagnosis: str = field(repr=False)
    hint: str = field(default="", repr=False)  # for a change somewhere else
    cures: tuple[tuple[str, ...], ...] = field(default=(), repr=False)  # what may change, a remedy's fields together
    hints: Mapping[str, str] = field(default_factory=dict, repr=False)  # field → what to say to who changed it
    look_at_code: Callable[[Callable[..., Any]], str | None] = field(default=lambda answer: None, repr=False)

    def look(self, answer: Any) -> str | None:
        """What to say to an answer that is no cure; None where only a training can tell."""
        if self.code is not None:
            try:
                return self.look_at_code(answer)
            except Exception as error:  # whatever the reader's function raises is shown as its own
                return f"your function raised {type(error).__name__}: {error}"
        changed = [name for name in files.differing(self.recipe, answer) if name != "about"]
        if not changed:
            return "this is the patient as it came, nothing was changed."
        elsewhere = [name for name in changed if not any(name in group for group in self.cures)]
        if elsewhere:
            said = [self.hints[name] for name in elsewhere if name in self.hints]
            return said[0] if said else f"{', '.join(elsewhere)} is not where the mistake is. {self.hint}"
        remedies = sum(not set(changed).isdisjoint(group) for group in self.cures)
        if remedies > 1:
            return f"you changed {', '.join(changed)}, which are {remedies} remedies at once. One is enough: which?"
        return None


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


def _look_at_points(answer: Callable[..., object]) -> str | None:
    points = data.load("ring", n=64).samples
    given = np.asarray(answer(points.copy(), np.random.default_rng(0)))
    if given.ndim != 2 or given.shape[1] != 2 or not len(given):
        return f"the function gave an array of shape {given.shape}; a training on points needs (n, 2)."
    if (np.abs(given[:, None] - points).sum(axis=2).min(axis=1) < 1e-6).all():
        return None
    if given.shape == points.shape and np.corrcoef(given.ravel(), points.ravel())[0, 1] > 0.5:
        return "these are the points with something added or scaled: train on the points themselves."
    return "what D is shown as real are still no points of the data: plot what the function returns."


def _look_at_images(answer: Callable[..., object]) -> str | None:
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
        return f"this loss is {sure[0]:.2f} where D rejects and {sure[1]:.2f} where D believes G: G works for D."
    return None


# The patients. Each is one change away from one of two recipes that train in a few seconds.


def rates(rate: float) -> dict[str, Any]:
    """The changes that give both players one rate."""
    return {"generator_optimiser": {"rate": rate}, "discriminator_optimiser": {"rate": rate}}


_RING = dict(name="ring", **rates(4e-3), width=64, batch_size=128, penalty_weight=0.1, moving_average=0.98, steps=400)
_DIGITS = {
    **dict(name="dcgan-digits", **rates(1.5e-3), steps=200, penalty="r1", penalty_weight=3.0, moving_average=0.0),
    **dict(generator="dense", discriminator="dense", width=128, depth=2, latent=32, discriminator_norm="none"),
    **dict(weight_init="kaiming_uniform", scale_std=0.0, instance_noise=0.0),
}
_LOSSES_LIE = "The losses are those of a finished training, and lie: look at the samples."

CASES = (
    Case(
        complaint="Both losses went to their levels within a few steps and stay. The samples are one round cloud.",
        recipe=recipe(**_RING),
        code=real_points,
        takes="real",
        diagnosis="D was shown noise as real, and G learnt just that. The game was never broken; its data were.",
        look_at_code=_look_at_points,
    ),
    Case(
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
    Case(
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
    Case(
        complaint="Both losses fell to zero within fifty steps, so all should be well. The samples left the picture.",
        recipe=recipe(**_RING),
        code=generator_loss,
        takes="generator_loss",
        diagnosis="both players descended one quantity, so G helped D to tell its samples apart.",
        look_at_code=_look_at_loss,
    ),
    Case(
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
    Case(
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
    Case(
        complaint="My losses look like those in the book, and my samples are dim, as if seen through fog.",
        recipe=recipe(**{**_DIGITS, "batch_norm_momentum": 0.9999}),
        diagnosis="batch normalisation's moving statistics had hardly left 0 and 1: another G drew than was trained.",
        hint="The losses are healthy because G is, in training. What is different when it is asked for samples?",
        cures=(("batch_norm_momentum",),),
        hints={
            "generator_norm": "that gives up what the normalisation is for. Make training and sampling agree instead.",
            "moving_average": "with or without the average of weights the samples are alike. What else is averaged?",
            "batch_norm_epsilon": "epsilon only keeps a division finite. Which number says how fast statistics move?",
            "steps": "with 100 times the steps the statistics would arrive. Which number keeps them from moving?",
        },
    ),
    Case(
        complaint="The digits come out grey on grey. The losses are healthy, the Fréchet distance is over 100.",
        recipe=recipe(**_DIGITS),
        code=real_images,
        takes="real",
        diagnosis="the images were in [0, 1] and the tanh, the pictures and the features all take [-1, 1].",
        look_at_code=_look_at_images,
    ),
)
