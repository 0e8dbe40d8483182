"""Every check of a recipe: first each value by itself, then what they come to together.

Each refusal says what was given, what is expected and what to do. `ganlib.recipe.fields` calls this whenever a recipe
or an optimiser is made. What layers and shapes refuse by themselves stands with them, in `ganlib.layers` and
`ganlib.architectures`; what a machine or a data set cannot do is refused by the trainer.
"""

from __future__ import annotations

import difflib
import math
import reprlib
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganlib import architectures
from ganlib.errors import RecipeError
from ganlib.layers import BatchNorm, costs

if TYPE_CHECKING:
    from ganlib.recipe.fields import Recipe

# How a conjugate direction weighs the one before; `reference.conjugate_beta` writes the formulas down.
CONJUGATE = (
    *("fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan", "hager_zhang"),
    *("fletcher_reeves_polak_ribiere", "hestenes_stiefel_dai_yuan"),
)
PRECISIONS = ("float64", "float32", "bfloat16", "auto")

# The values that a field may have. The losses' names belong to `ganlib.reference.losses`.
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
}
# Whole numbers: the least and the most. Beyond the most a recipe in a file is damaged, or hostile: it would cost memory
# before anything can be trained.
LARGE, ANY = 2**20, 2**53
WHOLE: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("latent", "width", "pack", "discriminator_steps", "batch_size", "kernel"), (1, LARGE)),
    **dict.fromkeys(("penalty_every", "steps", "solver_steps"), (1, ANY)),
    "depth": (1, 1000),
    "instance_noise_steps": (0, ANY),
    **dict.fromkeys(("generator_octaves", "discriminator_octaves"), (0, 16)),
}
MOST_WEIGHTS = 2**31
# Other numbers: the least, what they stay below, and how a refusal says it.
NUMBERS: dict[str, tuple[float, float, str]] = {
    "generator_slope": (0, 1, "from 0 (ReLU) to below 1"),
    "discriminator_slope": (0, 1, "from 0 (ReLU) to below 1"),
    "discriminator_dropout": (0, 1, "from 0 to below 1"),
    "batch_norm_momentum": (0, 1, "from 0 to below 1; it is the weight of the old, Keras's meaning"),
    "moving_average": (0, 1, "from 0 (none) to below 1"),
    "real_label": (0, math.inf, "above 0.5 and at most 1"),
    "batch_norm_epsilon": (0, math.inf, "above 0"),
    "weight_std": (0, math.inf, "above 0"),
    "scale_mean": (-math.inf, math.inf, "finite"),
    "scale_std": (0, math.inf, "0 or more"),
    "penalty_weight": (0, math.inf, "0 or more"),
    "penalty_end": (0, math.inf, "above 0; 1 keeps the weight"),
    "instance_noise": (0, math.inf, "0 or more"),
    "solver_tolerance": (0, 1, "from 0 (all of solver_steps) to below 1"),
}
NOT_ZERO = {
    "weight_std": "from weights of zero the players never move apart.",
    "penalty_end": "it is reached geometrically, and 0 never is. Use 1e-3.",
    "batch_norm_epsilon": "it keeps the division by the variance finite.",
}
OPTIMISER_NUMBERS: dict[str, tuple[float, float, str]] = {
    "rate": (0, math.inf, "above 0"),
    "beta1": (-1, 1, "above -1 and below 1"),
    "beta2": (0, 1, "from 0 to below 1"),
    "epsilon": (0, math.inf, "0 or more"),
    "rate_end": (0, math.inf, "of 0 or more; 1 keeps the rate"),
    "rate_power": (0, math.inf, "of 0 or more; 0 keeps it"),
    "l1": (0, math.inf, "of 0 or more"),
    "l2": (0, math.inf, "of 0 or more"),
}


def losses() -> dict[str, bool]:
    """The losses' names, and whether each has a label that can be smoothed."""
    from ganlib import reference  # only here: it loads NumPy, which `import ganlib` does without

    known = reference.losses
    # TODO: `reference.losses` becomes a module with `names()`; until then they are the names of a class's attributes.
    found = (
        known.names() if hasattr(known, "names") else (n for n, v in vars(known).items() if hasattr(v, "smoothable"))
    )
    return {name: known.get(name).smoothable for name in found}


def fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values, each checked by itself; numbers have become floats there, and a shape a tuple."""
    values = dict(given)
    for field in ("name", "about", "data"):
        if not isinstance(values[field], str) or not values[field]:
            raise RecipeError(f"{field} must be a text that is not empty, not {values[field]!r}.")
    for field, allowed in (CHOICES | {"loss": losses()}).items():
        _choice(field, values[field], allowed)
    for field in ("boundary_norm", "fresh_noise"):
        if not isinstance(values[field], bool):
            raise RecipeError(f"{field} must be True or False, not {values[field]!r}.")
    for field, (low, high) in WHOLE.items():
        value = values[field]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            most = f" and at most {high}" if isinstance(value, int) and value > high else ""
            raise RecipeError(f"{field} must be a whole number of at least {low}{most}, not {reprlib.repr(value)}.")
    for field, bounds in NUMBERS.items():
        values[field] = _number(field, values[field], *bounds)
    if not 0.5 < values["real_label"] <= 1:
        raise RecipeError(f"real_label must be above 0.5 and at most 1, not {values['real_label']}.")
    for field, reason in NOT_ZERO.items():
        if values[field] == 0:
            raise RecipeError(f"{field} must be above 0: {reason}")
    values["shape"] = _shape(values["shape"])
    return values


def optimiser(where: str, values: object, known: tuple[str, ...]) -> dict[str, Any]:
    """An optimiser's values, checked, the numbers as floats; `where` is what a refusal calls it."""
    if not isinstance(values, Mapping):
        raise RecipeError(f"{where} must be a ganlib.Optimiser or a dict of its fields, not {values!r}.")
    refuse_unknown(values, known, where)
    missing = [name for name in known if name not in values]
    if missing:
        raise RecipeError(f"{where} lacks {', '.join(missing)}.")
    rule = values["rule"]
    _choice(f"{where}.rule", rule, ("adam", "sgd", *CONJUGATE))
    _choice(f"{where}.epsilon_placement", values["epsilon_placement"], ("before", "after"))
    numbers = {name: _number(f"{where}.{name}", values[name], *bounds) for name, bounds in OPTIMISER_NUMBERS.items()}
    if numbers["rate"] == 0:
        raise RecipeError(f"{where}.rate must be above 0: at 0 the player never moves.")
    if rule in CONJUGATE and numbers["beta1"] < 0:
        raise RecipeError(
            f"{where}.beta1 is the largest β of the rule {rule!r} and must be at least 0, not {numbers['beta1']}. "
            "Use 0.5, the bound of Naganuma & Iiduka's code."
        )
    return {**values, **numbers}


def combinations(recipe: Recipe) -> None:
    """Raises RecipeError where values that are right by themselves cannot work together."""
    _networks(recipe)
    _game(recipe)
    _updates(recipe)
    _sizes(recipe)


def _networks(recipe: Recipe) -> None:
    for architecture in dict.fromkeys((recipe.generator, recipe.discriminator)):
        architectures.check_fit(recipe, architecture)
    convolves = recipe.generator != "dense" or recipe.discriminator != "dense"
    if convolves and not 2 <= recipe.kernel <= 9:
        raise RecipeError(f"kernel must be from 2 to 9, at least the stride of 2, not {recipe.kernel}.")
    resampling = ("upsampling", "generator", "transposed"), ("downsampling", "discriminator", "strided")
    for field, player, usual in resampling:
        if getattr(recipe, field) != usual and getattr(recipe, player) != "dcgan":
            raise RecipeError(
                f"{field}={getattr(recipe, field)!r} is for the {player} 'dcgan', and this one is "
                f"{getattr(recipe, player)!r}. Use {field}={usual!r}, or {player}='dcgan'."
            )
    normalised = (recipe.generator, recipe.generator_norm), (recipe.discriminator, recipe.discriminator_norm)
    if recipe.boundary_norm and ("dcgan", "batch") not in normalised:
        raise RecipeError(
            "boundary_norm=True is for a 'dcgan' with batch normalisation, and neither player is one. "
            "Use boundary_norm=False, or generator='dcgan' with generator_norm='batch'."
        )


def _game(recipe: Recipe) -> None:
    smoothable = [name for name, can_be in losses().items() if can_be]
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
    for player in ("generator", "discriminator"):
        if getattr(recipe, f"{player}_octaves") and getattr(recipe, player) != "dense":
            raise RecipeError(
                f"{player}_octaves={getattr(recipe, f'{player}_octaves')} is for the {player} 'dense', and this one is "
                f"{getattr(recipe, player)!r}. Use {player}_octaves=0."
            )


def _updates(recipe: Recipe) -> None:
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
    optimisers = {"generator": recipe.generator_optimiser, "discriminator": recipe.discriminator_optimiser}
    for player, own in optimisers.items():
        plain = own.rule == "sgd" and not (own.beta1 or own.l1 or own.l2)
        if recipe.update == "competitive" and not plain:
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


def _shape(value: Any) -> tuple[int, ...]:
    wrong = not isinstance(value, list | tuple) or len(value) not in (1, 3)
    if wrong or not all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= LARGE for n in value):
        raise RecipeError(f"shape must be (height, width, channels) for images, or (2,) for points, not {value!r}.")
    return tuple(value)


def _number(field: str, value: Any, low: float, high: float, expected: str) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    # NaN compares as false; an int beyond every float would overflow in math.isfinite.
    if wrong or not abs(value) <= sys.float_info.max or not low <= value < high:
        raise RecipeError(f"{field} must be a number {expected}, not {reprlib.repr(value)}.")
    return float(value)


def _choice(field: str, value: object, allowed: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise RecipeError(f"{field} must be one of {', '.join(allowed)}, not {value!r}.{nearest(value, allowed)}")


def refuse_unknown(values: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises RecipeError when a name among `values` is not one of the known fields."""
    for field in values:
        if field not in known:
            raise RecipeError(f"{what} has no field {field!r}.{nearest(field, known)} Fields: {', '.join(known)}.")


def nearest(value: object, known: Iterable[str]) -> str:
    """A question after the known name that is nearest to the value, or nothing where none is near."""
    near = difflib.get_close_matches(str(value), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
