"""Every check of a recipe: first each value by itself, then what they come to together.

Each refusal says what was given, what is expected and what to do. `ganlib.recipe.fields` calls this whenever a recipe
or an optimiser is made. What layers and shapes refuse by themselves stands with them, in `ganlib.layers` and
`ganlib.architectures`; what a machine or a data set cannot do is refused by the trainer.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganlib import architectures
from ganlib.errors import RecipeError
from ganlib.layers import BatchNorm, costs

if TYPE_CHECKING:
    from ganlib.recipe.fields import Optimiser, Recipe

PRECISIONS = ("float64", "float32", "bfloat16", "auto")

# The values that a field may have; those of "loss" and "rule" belong to `ganlib.reference`.
CHOICES: dict[str, Iterable[str]] = {
    "generator": architectures.ARCHITECTURES,
    "discriminator": architectures.ARCHITECTURES,
    "upsampling": ("transposed", "resize", "subpixel"),
    "downsampling": ("strided", "pool"),
    "generator_norm": ("batch", "none"),
    "discriminator_norm": ("batch", "spectral", "none"),
    "generator_output": ("tanh", "sigmoid", "linear"),
    "weight_init": ("normal", "glorot_uniform", "kaiming_uniform"),
    "penalty": ("none", "r1", "r2", "r1+r2", "wgan_gp", "consensus"),
    "update": ("alternating", "simultaneous", "extragradient", "competitive"),
    "precision": PRECISIONS,
    "epsilon_placement": ("before", "after"),
}
# The least and the most of a whole number, where it is not from 1 to LARGE. Beyond the most a recipe in a file is
# damaged, or hostile: it would cost memory before anything can be trained.
LARGE, ANY, MOST_WEIGHTS = 2**20, 2**53, 2**31
WHOLE: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("penalty_every", "steps", "solver_steps"), (1, ANY)),
    "depth": (1, 1000),
    "instance_noise_steps": (0, ANY),
    **dict.fromkeys(("generator_octaves", "discriminator_octaves"), (0, 16)),
}
# What any other number must be, where that is not 0 or more, and how a refusal says it.
NUMBERS: dict[str, tuple[Callable[[float], bool], str]] = {
    "generator_slope": (lambda x: 0 <= x < 1, "from 0 (ReLU) to below 1"),
    "discriminator_slope": (lambda x: 0 <= x < 1, "from 0 (ReLU) to below 1"),
    "discriminator_dropout": (lambda x: 0 <= x < 1, "from 0 to below 1"),
    "batch_norm_momentum": (lambda x: 0 <= x < 1, "from 0 to below 1; it is the weight of the old, Keras's meaning"),
    "batch_norm_epsilon": (lambda x: x > 0, "above 0, which keeps the division by the variance finite"),
    "weight_std": (lambda x: x > 0, "above 0, since from weights of zero the players never move apart"),
    "scale_mean": (math.isfinite, "that is finite"),
    "real_label": (lambda x: 0.5 < x <= 1, "above 0.5 and at most 1"),
    "penalty_end": (lambda x: x > 0, "above 0, since it is reached geometrically; 1 keeps the weight"),
    "moving_average": (lambda x: 0 <= x < 1, "from 0 (none) to below 1"),
    "solver_tolerance": (lambda x: 0 <= x < 1, "from 0 (all of solver_steps) to below 1"),
    "rate": (lambda x: x > 0, "above 0, since at 0 the player never moves"),
    "rate_end": (lambda x: x >= 0, "of 0 or more; 1 keeps the rate"),
    "rate_power": (lambda x: x >= 0, "of 0 or more; 0 keeps it"),
    "beta1": (lambda x: -1 < x < 1, "above -1 and below 1"),
    "beta2": (lambda x: 0 <= x < 1, "from 0 to below 1"),
}
NOT_NEGATIVE: tuple[Callable[[float], bool], str] = (lambda x: x >= 0, "of 0 or more")

# What only one architecture has: the field, whose architecture, which it is, and the field's value for the others.
ONLY = (
    ("upsampling", "generator", "dcgan", "transposed"),
    ("downsampling", "discriminator", "dcgan", "strided"),
    ("generator_octaves", "generator", "dense", 0),
    ("discriminator_octaves", "discriminator", "dense", 0),
)


def values(kind: type[Recipe | Optimiser], given: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The values of a recipe or an optimiser, each checked by itself, in the field's own type."""
    from ganlib.reference import losses, optimisers  # only here: they load NumPy, which `import ganlib` does without

    choices = CHOICES | {"loss": losses.names(), "rule": ("adam", "sgd", *optimisers.CONJUGATE)}
    checked = dict(given)
    for field in dataclasses.fields(kind):
        value, name = given[field.name], where + field.name
        if field.name in choices:
            _choice(name, value, choices[field.name])
        elif field.type == "str" and (not isinstance(value, str) or not value):
            raise RecipeError(f"{name} must be a text that is not empty, not {value!r}.")
        elif field.type == "bool" and not isinstance(value, bool):
            raise RecipeError(f"{name} must be True or False, not {value!r}.")
        elif field.type == "int":
            _whole(name, value, *WHOLE.get(field.name, (1, LARGE)))
        elif field.type == "float":
            checked[field.name] = _number(name, value, *NUMBERS.get(field.name, NOT_NEGATIVE))
        elif field.name == "shape":
            checked["shape"] = _shape(value)
    return checked


def optimiser(kind: type[Optimiser], given: object, where: str) -> dict[str, Any]:
    """An optimiser's values, checked; `where` is what a refusal calls it."""
    from ganlib.reference.optimisers import CONJUGATE

    if not isinstance(given, Mapping):
        raise RecipeError(f"{where} must be a ganlib.Optimiser or a dict of its fields, not {given!r}.")
    known = [field.name for field in dataclasses.fields(kind)]
    refuse_unknown(given, known, where)
    if missing := [name for name in known if name not in given]:
        raise RecipeError(f"{where} lacks {', '.join(missing)}.")
    checked = values(kind, given, f"{where}.")
    if checked["rule"] in CONJUGATE and checked["beta1"] < 0:
        raise RecipeError(
            f"{where}.beta1 is the largest β of the rule {checked['rule']!r} and must be at least 0, not "
            f"{checked['beta1']}. Use 0.5, the bound of Naganuma & Iiduka's code."
        )
    return checked


def combinations(recipe: Recipe) -> None:
    """Raises RecipeError where values that are right by themselves cannot work together."""
    # The networks.
    for architecture in dict.fromkeys((recipe.generator, recipe.discriminator)):
        architectures.check_fit(recipe, architecture)
    convolves = recipe.generator != "dense" or recipe.discriminator != "dense"
    if convolves and not 2 <= recipe.kernel <= 9:
        raise RecipeError(f"kernel must be from 2 to 9, at least the stride of 2, not {recipe.kernel}.")
    for field, player, architecture, usual in ONLY:
        if getattr(recipe, field) != usual and getattr(recipe, player) != architecture:
            raise RecipeError(
                f"{field}={getattr(recipe, field)!r} is for the {player} {architecture!r}, and this one is "
                f"{getattr(recipe, player)!r}. Use {field}={usual!r}, or {player}={architecture!r}."
            )
    normalised = (recipe.generator, recipe.generator_norm), (recipe.discriminator, recipe.discriminator_norm)
    if recipe.boundary_norm and ("dcgan", "batch") not in normalised:
        raise RecipeError(
            "boundary_norm=True is for a 'dcgan' with batch normalisation, and neither player is one. "
            "Use boundary_norm=False, or generator='dcgan' with generator_norm='batch'."
        )
    _game(recipe)
    _sizes(recipe)


def _game(recipe: Recipe) -> None:
    from ganlib.reference import losses

    smoothable = [name for name in losses.names() if losses.get(name).smoothable]
    if recipe.real_label < 1 and recipe.loss not in smoothable:
        raise RecipeError(
            f"real_label={recipe.real_label} smooths a label, and the loss {recipe.loss!r} has none. "
            f"Use real_label=1, or one of the losses {', '.join(smoothable)}."
        )
    if recipe.penalty == "none" and recipe.penalty_weight > 0:
        raise RecipeError(
            f"penalty_weight={recipe.penalty_weight} weighs no penalty. Name one, penalty='r1' for example, or use 0."
        )
    if recipe.penalty != "none" and recipe.penalty_weight == 0:
        typical = 10 if recipe.penalty == "wgan_gp" else 1
        raise RecipeError(f"penalty={recipe.penalty!r} has weight 0. Give one, penalty_weight={typical} for example.")
    if recipe.batch_size % recipe.pack:
        raise RecipeError(f"batch_size={recipe.batch_size} cannot be packed in groups of pack={recipe.pack}.")
    if recipe.penalty == "consensus" and recipe.update != "simultaneous":
        raise RecipeError(
            f"The penalty 'consensus' is on both players' gradients at one point, and update={recipe.update!r} takes "
            "them at two. Use update='simultaneous'."
        )
    if recipe.update != "alternating" and recipe.discriminator_steps > 1:
        raise RecipeError(
            f"The update {recipe.update!r} moves both players alike, so "
            f"discriminator_steps={recipe.discriminator_steps} does not fit it. Use update='alternating', or one step."
        )
    for player in ("generator", "discriminator"):
        own: Optimiser = getattr(recipe, f"{player}_optimiser")
        if recipe.update == "competitive" and (own.rule != "sgd" or own.beta1 or own.l1 or own.l2):
            raise RecipeError(
                f"The update 'competitive' finds both players' steps itself, as for plain gradient descent, and the "
                f"{player} has rule={own.rule!r}, beta1={own.beta1}, l1={own.l1}, l2={own.l2}. "
                f"Use {player}_optimiser={{'rule': 'sgd', 'rate': 0.1, 'beta1': 0, 'l1': 0, 'l2': 0}}."
            )


def _sizes(recipe: Recipe) -> None:
    judged = architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)
    for player, (layers, shape), batch in (
        ("generator", (architectures.generator_layers(recipe), (recipe.latent,)), recipe.batch_size),
        ("discriminator", judged, recipe.batch_size // recipe.pack),
    ):
        found = costs(layers, shape)
        weights = sum(cost.parameters for cost in found)
        if weights > MOST_WEIGHTS:
            raise RecipeError(
                f"This {player} would have {weights} weights, and at most {MOST_WEIGHTS} are taken for meant. "
                "Lower width, depth, latent, kernel or the size of the images."
            )
        for cost, layer in zip(found, layers, strict=True):
            # A batch of one image still has all its pixels to take the statistics from.
            if isinstance(layer, BatchNorm) and batch * math.prod(cost.shape[:-1]) < 2:
                raise RecipeError(
                    f"Batch normalisation needs at least two values of a kind in a batch, and {cost.name} of the "
                    f"{player} would get one: raise batch_size or lower pack."
                )


def _choice(name: str, value: object, allowed: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise RecipeError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.{nearest(value, allowed)}")


def _whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        most = f" and at most {high}" if isinstance(value, int) and value > high else ""
        raise RecipeError(f"{name} must be a whole number of at least {low}{most}, not {reprlib.repr(value)}.")


def _number(name: str, value: object, fits: Callable[[float], bool], expected: str) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    # NaN compares as false; an int beyond every float would overflow in math.isfinite.
    if wrong or not abs(value) <= sys.float_info.max or not fits(value):
        raise RecipeError(f"{name} must be a number {expected}, not {reprlib.repr(value)}.")
    return float(value)


def _shape(value: object) -> tuple[int, ...]:
    wrong = not isinstance(value, list | tuple) or len(value) not in (1, 3)
    if wrong or not all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= LARGE for n in value):
        raise RecipeError(f"shape must be (height, width, channels) for images, or (2,) for points, not {value!r}.")
    return tuple(value)


def refuse_unknown(values: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises RecipeError when a name among `values` is not one of the known fields."""
    for field in values:
        if field not in known:
            raise RecipeError(f"{what} has no field {field!r}.{nearest(field, known)} Fields: {', '.join(known)}.")


def nearest(value: object, known: Iterable[str]) -> str:
    """A question after the known name that is nearest to the value, or nothing where none is near."""
    near = difflib.get_close_matches(str(value), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
