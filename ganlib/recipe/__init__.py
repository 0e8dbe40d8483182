"""A recipe says a whole experiment: networks, losses, optimisers, order of updates, data, length.

Every field of every shipped recipe is written out below. Nothing is left to a framework's default, because the
frameworks' defaults disagree.

    >>> recipe = ganlib.recipe("dcgan-digits", steps=500, penalty="r1", penalty_weight=1.0)
    >>> recipe == ganlib.Recipe.from_json(recipe.to_json())
    True
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import reprlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ganlib import architectures
from ganlib.errors import RecipeError

LOSSES = ("minimax", "nonsaturating", "least_squares", "wasserstein", "hinge", "relativistic")
SMOOTHABLE = ("minimax", "nonsaturating", "least_squares")  # the losses with a label that can be smoothed
PENALTIES = ("none", "r1", "r2", "r1+r2", "wgan_gp", "consensus")
UPDATES = ("alternating", "simultaneous", "extragradient", "competitive")
RULES = ("adam", "sgd")
# How a conjugate direction weighs the one before; `reference.conjugate_beta` writes the formulas down.
CONJUGATE = (
    *("fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan", "hager_zhang"),
    *("fletcher_reeves_polak_ribiere", "hestenes_stiefel_dai_yuan"),
)
UPSAMPLINGS = ("transposed", "resize", "subpixel")
DOWNSAMPLINGS = ("strided", "pool")
PRECISIONS = ("float64", "float32", "bfloat16", "auto")


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """How one player moves.

    Adam (Kingma & Ba 2015): m = β₁m + (1-β₁)g, v = β₂v + (1-β₂)g², and a step of
    rate · m̂ / (√v̂ + ε) with m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ). That is `epsilon_placement="after"` the bias correction,
    PyTorch's way; "before" is Keras's, rate · m̂ / (√v̂ + ε/√(1-β₂ᵗ)), the paper's own faster variant.

    SGD: v = β₁v + g and a step of rate · v. β₁ is the momentum and may be negative; β₂ and ε do nothing.

    Conjugate directions (Naganuma & Iiduka 2023): d = -g + βd and a step of rate · d, with β from one of the formulas
    of `CONJUGATE` and held in [0, β₁]; β₂ and ε do nothing.

    In all, g is the gradient of the player's loss plus l1·‖w‖₁ + l2/2·‖w‖² over all of its weights w.
    """

    rule: str
    rate: float
    rate_end: float  # the share of the rate that is left at the recipe's last step, reached linearly; 1 keeps it
    rate_power: float  # and the n-th step's rate is divided by n to this power; 0 keeps it
    beta1: float
    beta2: float
    epsilon: float
    epsilon_placement: str
    l1: float
    l2: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment. Make one with `ganlib.recipe(name, **changes)`, which also checks it."""

    name: str
    about: str  # what it is for, and the time and result to expect

    # Data
    data: str  # what ganlib.data.load takes: "digits", "ring", "folder:PATH", …
    shape: tuple[int, ...]  # of one sample: (height, width, channels), or (2,) for points

    # Networks
    generator: str  # an architecture's name; ganlib.architectures writes out its layers
    discriminator: str
    latent: int  # numbers in a latent, drawn from N(0, 1)
    width: int  # base width: units of a dense layer, filters of the layer nearest the image
    depth: int  # hidden layers of a dense network; the others take their depth from the shape
    kernel: int
    upsampling: str  # how the "dcgan" generator doubles: "transposed", "resize" or "subpixel"
    downsampling: str  # how the "dcgan" discriminator halves: "strided" convolutions, or "pool", averages after them
    generator_norm: str  # "batch" or "none"
    generator_octaves: int  # a dense network also sees sin and cos of its input times 1, 2, 4, …: so many; 0 for none
    generator_slope: float  # of LeakyReLU; 0 is ReLU
    generator_output: str  # "tanh", "sigmoid" (stretched from its (0, 1) to the images' (-1, 1)) or "linear"
    discriminator_norm: str  # "batch", "spectral" or "none"
    discriminator_octaves: int
    discriminator_slope: float
    discriminator_dropout: float
    boundary_norm: bool  # "dcgan" with "batch": also normalise G's output and D's first layer, which the paper spares
    batch_norm_momentum: float  # the weight of the old moving statistics
    batch_norm_epsilon: float

    # Initial weights
    weight_init: str  # "normal": N(0, weight_std); "glorot_uniform"; "kaiming_uniform": U(±1/√fan_in), biases too
    weight_std: float  # used by "normal"
    scale_mean: float  # BatchNorm's scale starts as N(scale_mean, scale_std)
    scale_std: float

    # The game
    loss: str
    real_label: float  # 1, or less for one-sided label smoothing (Salimans et al. 2016)
    penalty: str  # "none", "r1", "r2", "r1+r2", "wgan_gp", or "consensus", which is on both players (Mescheder 2017)
    penalty_weight: float  # γ of γ/2·R1 and γ/2·R2, λ of λ·WGAN-GP, γ of γ/2·‖v‖² with v both players' gradients
    penalty_end: float  # the share of the weight that is left at the last step, reached geometrically; 1 keeps it
    penalty_every: int  # 1, or n for the penalty on each n-th step at n times its weight (lazy, Karras et al. 2020)
    instance_noise: float  # standard deviation of noise on all of D's inputs (Sønderby et al. 2017)
    instance_noise_steps: int  # it falls linearly to 0 by this step; 0 keeps it constant
    pack: int  # samples that D judges together (PacGAN, Lin et al. 2018)

    # The order of updates
    update: str  # "alternating": D, then G against the new D; "simultaneous": both from the same point;
    # "extragradient": both, with the gradients of the point where such a step leads (Gidel et al. 2019, algorithm 4)
    # "competitive": both, each reckoning with the other's step (Schäfer & Anandkumar 2019, algorithm 1)
    solver_steps: int  # "competitive": of conjugate gradient, which solves for the two steps, at most so many
    solver_tolerance: float  # and fewer where its residual has fallen to this share
    discriminator_steps: int  # steps of D for one of G
    fresh_noise: bool  # G's step draws new latents; False reuses those of D's last step
    generator_optimiser: Optimiser
    discriminator_optimiser: Optimiser
    moving_average: float  # the old weights' share in the generator's exponential moving average; 0 keeps none

    # The run
    batch_size: int
    steps: int  # steps of G
    precision: str  # "float64", "float32", "bfloat16" (mixed) or "auto"

    def to_json(self) -> str:
        """The recipe as JSON text; `Recipe.from_json` reads it back, equal."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Reads and checks what `to_json` wrote. Raises RecipeError for anything else."""
        try:
            values = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise RecipeError(f"This is not JSON ({error}). Expected the text that Recipe.to_json() gives.") from None
        if not isinstance(values, dict):
            raise RecipeError(f"Expected a JSON object with a recipe's fields, not {type(values).__name__}.")
        _refuse_unknown(values, FIELDS, "recipe")
        missing = [field for field in FIELDS if field not in values]
        if missing:
            raise RecipeError(f"This recipe lacks {', '.join(missing)}. A recipe in JSON names every field.")
        return _checked(cls, values)


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))
OPTIMISER_FIELDS = tuple(field.name for field in dataclasses.fields(Optimiser))


def recipe(name: str, **changes: Any) -> Recipe:
    """A shipped recipe by name, with changes, checked.

    Args:
        name: one of `ganlib.recipes()`.
        **changes: any field of `Recipe`. An optimiser may be given as a dict of the fields to change:
            `generator_optimiser={"rate": 1e-4}`.

    Raises:
        RecipeError: an unknown name or field, or a value or combination that cannot work; it says what would be right.

    Example:
        >>> ganlib.recipe("dcgan-64", shape=(64, 64, 1), width=32, loss="hinge")
    """
    if not isinstance(name, str) or name not in RECIPES:
        raise RecipeError(f"There is no recipe {name!r}.{_nearest(name, RECIPES)} The recipes: {', '.join(RECIPES)}.")
    _refuse_unknown(changes, FIELDS, "recipe")
    start = RECIPES[name]
    values = {field: getattr(start, field) for field in FIELDS}
    for field, value in changes.items():
        if isinstance(values[field], Optimiser) and isinstance(value, dict):
            _refuse_unknown(value, OPTIMISER_FIELDS, field)
            value = {**dataclasses.asdict(values[field]), **value}
        values[field] = value
    return _checked(Recipe, values)


def recipes() -> tuple[str, ...]:
    """The names of the shipped recipes; `ganlib.recipe(name).about` says what each is for."""
    return tuple(RECIPES)


def _checked(cls: type[Recipe], values: dict[str, Any]) -> Recipe:
    values = dict(values)
    for field in ("generator_optimiser", "discriminator_optimiser"):
        values[field] = _optimiser(field, values[field])
    _texts(values)
    _numbers(values)
    values["shape"] = _shape(values["shape"])
    result = cls(**values)
    _combinations(result)
    return result


def _texts(values: dict[str, Any]) -> None:
    for field in ("name", "about", "data"):
        if not isinstance(values[field], str) or not values[field]:
            raise RecipeError(f"{field} must be a text that is not empty, not {values[field]!r}.")
    choices: dict[str, Iterable[str]] = {
        "generator": architectures.ARCHITECTURES,
        "discriminator": architectures.ARCHITECTURES,
        "upsampling": UPSAMPLINGS,
        "downsampling": DOWNSAMPLINGS,
        "generator_norm": ("batch", "none"),
        "discriminator_norm": ("batch", "spectral", "none"),
        "generator_output": ("tanh", "sigmoid", "linear"),
        "weight_init": ("normal", "glorot_uniform", "kaiming_uniform"),
        "loss": LOSSES,
        "penalty": PENALTIES,
        "update": UPDATES,
        "precision": PRECISIONS,
    }
    for field, allowed in choices.items():
        _choice(field, values[field], allowed)
    for field in ("boundary_norm", "fresh_noise"):
        if not isinstance(values[field], bool):
            raise RecipeError(f"{field} must be True or False, not {values[field]!r}.")


# Beyond these a recipe in a file is damaged, or hostile: they cost memory before anything can be trained.
MOST = {
    "depth": 1000,
    **dict.fromkeys(("generator_octaves", "discriminator_octaves"), 16),
    **dict.fromkeys(("latent", "width", "pack", "discriminator_steps", "batch_size", "kernel"), 2**20),
}
MOST_WEIGHTS = 2**31


def _numbers(values: dict[str, Any]) -> None:
    whole = {
        **dict.fromkeys(("latent", "width", "depth", "pack", "penalty_every", "discriminator_steps", "batch_size"), 1),
        **dict.fromkeys(("steps", "kernel", "solver_steps"), 1),
        **dict.fromkeys(("instance_noise_steps", "generator_octaves", "discriminator_octaves"), 0),
    }
    for field, low in whole.items():
        value = values[field]
        high = MOST.get(field, 2**53)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            most = f" and at most {high}" if isinstance(value, int) and value > high else ""
            raise RecipeError(f"{field} must be a whole number of at least {low}{most}, not {reprlib.repr(value)}.")
    ranges: dict[str, tuple[float, float, str]] = {
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
    for field, (lowest, limit, expected) in ranges.items():
        values[field] = _number(field, values[field], lowest, limit, expected)
    if not 0.5 < values["real_label"] <= 1:
        raise RecipeError(f"real_label must be above 0.5 and at most 1, not {values['real_label']}.")
    if values["weight_std"] == 0:
        raise RecipeError("weight_std must be above 0: from weights of zero the players never move apart.")
    if values["penalty_end"] == 0:
        raise RecipeError("penalty_end must be above 0: it is reached geometrically, and 0 never is. Use 1e-3.")
    if values["batch_norm_epsilon"] == 0:
        raise RecipeError("batch_norm_epsilon must be above 0: it keeps the division by the variance finite.")


def _number(field: str, value: Any, low: float, high: float, expected: str) -> float:
    # NaN compares as false; an int beyond every float would overflow in math.isfinite.
    valid = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if not valid or not low <= value < high:
        raise RecipeError(f"{field} must be a number {expected}, not {reprlib.repr(value)}.")
    return float(value)


def _optimiser(field: str, value: Any) -> Optimiser:
    if isinstance(value, Optimiser):
        value = dataclasses.asdict(value)
    if not isinstance(value, dict):
        raise RecipeError(f"{field} must be a ganlib.Optimiser or a dict of its fields, not {value!r}.")
    _refuse_unknown(value, OPTIMISER_FIELDS, field)
    missing = [name for name in OPTIMISER_FIELDS if name not in value]
    if missing:
        raise RecipeError(f"{field} lacks {', '.join(missing)}.")
    _choice(f"{field}.rule", value["rule"], (*RULES, *CONJUGATE))
    _choice(f"{field}.epsilon_placement", value["epsilon_placement"], ("before", "after"))
    numbers = {
        "rate": _number(f"{field}.rate", value["rate"], 0, math.inf, "above 0"),
        "beta1": _number(f"{field}.beta1", value["beta1"], -1, 1, "above -1 and below 1"),
        "beta2": _number(f"{field}.beta2", value["beta2"], 0, 1, "from 0 to below 1"),
        "epsilon": _number(f"{field}.epsilon", value["epsilon"], 0, math.inf, "0 or more"),
        "rate_end": _number(f"{field}.rate_end", value["rate_end"], 0, math.inf, "of 0 or more; 1 keeps the rate"),
        "rate_power": _number(f"{field}.rate_power", value["rate_power"], 0, math.inf, "of 0 or more; 0 keeps it"),
        "l1": _number(f"{field}.l1", value["l1"], 0, math.inf, "of 0 or more"),
        "l2": _number(f"{field}.l2", value["l2"], 0, math.inf, "of 0 or more"),
    }
    if numbers["rate"] == 0:
        raise RecipeError(f"{field}.rate must be above 0: at 0 the player never moves.")
    if value["rule"] in CONJUGATE and numbers["beta1"] < 0:
        raise RecipeError(
            f"{field}.beta1 is the largest β of the rule {value['rule']!r} and must be at least 0, not "
            f"{numbers['beta1']}. Use 0.5, the bound of Naganuma & Iiduka's code."
        )
    return Optimiser(rule=value["rule"], epsilon_placement=value["epsilon_placement"], **numbers)


def _shape(value: Any) -> tuple[int, ...]:
    whole = isinstance(value, list | tuple) and all(
        isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 2**20 for n in value
    )
    if not whole or len(value) not in (1, 3):
        raise RecipeError(f"shape must be (height, width, channels) for images, or (2,) for points, not {value!r}.")
    return tuple(value)


def _combinations(recipe: Recipe) -> None:
    for architecture in dict.fromkeys((recipe.generator, recipe.discriminator)):
        architectures.check_fit(recipe, architecture)
    convolves = recipe.generator != "dense" or recipe.discriminator != "dense"
    if convolves and not 2 <= recipe.kernel <= 9:
        raise RecipeError(f"kernel must be from 2 to 9, at least the stride of 2, not {recipe.kernel}.")
    if recipe.upsampling != "transposed" and recipe.generator != "dcgan":
        raise RecipeError(
            f"upsampling={recipe.upsampling!r} is for the generator 'dcgan', and this one is {recipe.generator!r}. "
            "Use upsampling='transposed', or generator='dcgan'."
        )
    if recipe.downsampling != "strided" and recipe.discriminator != "dcgan":
        raise RecipeError(
            f"downsampling={recipe.downsampling!r} is for the discriminator 'dcgan', and this one is "
            f"{recipe.discriminator!r}. Use downsampling='strided', or discriminator='dcgan'."
        )
    normalised = (recipe.generator, recipe.generator_norm), (recipe.discriminator, recipe.discriminator_norm)
    if recipe.boundary_norm and ("dcgan", "batch") not in normalised:
        raise RecipeError(
            "boundary_norm=True is for a 'dcgan' with batch normalisation, and neither player is one. "
            "Use boundary_norm=False, or generator='dcgan' with generator_norm='batch'."
        )
    if recipe.real_label < 1 and recipe.loss not in SMOOTHABLE:
        raise RecipeError(
            f"real_label={recipe.real_label} smooths a label, and the loss {recipe.loss!r} has none. "
            f"Use real_label=1, or one of the losses {', '.join(SMOOTHABLE)}."
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
        optimiser = getattr(recipe, f"{player}_optimiser")
        plain = optimiser.rule == "sgd" and not (optimiser.beta1 or optimiser.l1 or optimiser.l2)
        if recipe.update == "competitive" and not plain:
            raise RecipeError(
                f"The update 'competitive' finds both players' steps itself, as for plain gradient descent, and the "
                f"{player} has rule={optimiser.rule!r}, beta1={optimiser.beta1}, l1={optimiser.l1}, l2={optimiser.l2}. "
                f"Use {player}_optimiser={{'rule': 'sgd', 'rate': 0.1, 'beta1': 0, 'l1': 0, 'l2': 0}}."
            )
    for player, layers, shape, batch in (
        ("generator", architectures.generator_layers(recipe), (recipe.latent,), recipe.batch_size),
        (
            "discriminator",
            architectures.discriminator_layers(recipe),
            architectures.discriminator_input(recipe),
            recipe.batch_size // recipe.pack,
        ),
    ):
        costs = architectures.costs(layers, shape)
        weights = sum(cost.parameters for cost in costs)
        if weights > MOST_WEIGHTS:
            raise RecipeError(
                f"This {player} would have {weights} weights, and at most {MOST_WEIGHTS} are taken for meant. "
                "Lower width, depth, latent, kernel or the size of the images."
            )
        for cost, layer in zip(costs, layers, strict=True):
            # A batch of one image still has all its pixels to take the statistics from.
            if isinstance(layer, architectures.BatchNorm) and batch * math.prod(cost.shape[:-1]) < 2:
                raise RecipeError(
                    f"Batch normalisation needs at least two values of a kind in a batch, and {cost.name} of the "
                    f"{player} would get one: raise batch_size or lower pack."
                )


def _choice(field: str, value: Any, allowed: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise RecipeError(f"{field} must be one of {', '.join(allowed)}, not {value!r}.{_nearest(value, allowed)}")


def _refuse_unknown(values: dict[str, Any], known: Iterable[str], what: str) -> None:
    for field in values:
        if field not in known:
            raise RecipeError(f"{what} has no field {field!r}.{_nearest(field, known)} Fields: {', '.join(known)}.")


def _nearest(value: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(value), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


# The shipped recipes.

_RING_ADAM = Optimiser(
    rule="adam",
    rate=5e-4,
    rate_end=1.0,
    rate_power=0.0,
    beta1=0.5,
    beta2=0.99,
    epsilon=1e-8,
    epsilon_placement="after",
    l1=0.0,
    l2=0.0,
)

_RING = Recipe(
    name="ring",
    about=(
        "Eight narrow Gaussians on a circle: the smallest data on which mode collapse can be counted. A minute on two "
        "CPU cores; on seeds 0 and 1 all eight modes, 96 % good samples, and modes half as wide as they should be."
    ),
    data="ring",
    shape=(2,),
    generator="dense",
    discriminator="dense",
    latent=2,
    width=128,
    depth=3,
    kernel=4,
    upsampling="transposed",
    downsampling="strided",
    generator_norm="none",
    generator_octaves=0,
    generator_slope=0.0,
    generator_output="linear",
    discriminator_norm="none",
    discriminator_octaves=0,
    discriminator_slope=0.2,
    discriminator_dropout=0.0,
    boundary_norm=False,
    batch_norm_momentum=0.9,
    batch_norm_epsilon=1e-5,
    weight_init="kaiming_uniform",
    weight_std=0.02,
    scale_mean=1.0,
    scale_std=0.0,
    loss="nonsaturating",
    real_label=1.0,
    penalty="r1",
    penalty_weight=1.0,
    penalty_end=1.0,
    penalty_every=1,
    instance_noise=0.0,
    instance_noise_steps=0,
    pack=1,
    update="alternating",
    solver_steps=10,
    solver_tolerance=1e-6,
    discriminator_steps=1,
    fresh_noise=True,
    generator_optimiser=_RING_ADAM,
    discriminator_optimiser=_RING_ADAM,
    moving_average=0.999,
    batch_size=256,
    steps=8000,
    precision="float32",
)

_GRID = dataclasses.replace(
    _RING,
    name="grid",
    about=(
        "Twenty-five Gaussians on a grid: harder than the ring, and the usual scoreboard of mode collapse. A minute on "
        "two CPU cores; on seeds 0 and 1 all 25 modes, 80 and 87 % good samples."
    ),
    data="grid",
)

_STABLE_ADAM = dataclasses.replace(_RING_ADAM, rate=1e-3, rate_end=0.1)

_RING_STABLE = dataclasses.replace(
    _RING,
    name="ring-stable",
    about=(
        "The ring with all that chapter 4 found to help: a relativistic loss with R1 and R2 whose weight falls to a "
        "thousandth, octaves before both players, falling rates, a moving average. Half a minute on one CPU core."
    ),
    generator_octaves=2,
    discriminator_octaves=4,
    loss="relativistic",
    penalty="r1+r2",
    penalty_end=1e-3,
    generator_optimiser=_STABLE_ADAM,
    discriminator_optimiser=_STABLE_ADAM,
    moving_average=0.995,
    batch_size=128,
    steps=5000,
)

_GRID_STABLE = dataclasses.replace(
    _RING_STABLE,
    name="grid-stable",
    about=(
        "The grid with all that chapter 4 found to help: a relativistic loss with R1 and R2 whose weight falls to two "
        "thousandths, octaves before both players, falling rates, a moving average. A minute on one CPU core."
    ),
    data="grid",
    penalty_end=2e-3,
    batch_size=256,
    steps=10_000,
)

_DCGAN_ADAM = dataclasses.replace(_RING_ADAM, rate=2e-4, beta2=0.999)

_DCGAN_64 = Recipe(
    name="dcgan-64",
    about=(
        "A DCGAN for images of 64×64, any channels, at the rates and initialisation of its paper, with the noise of "
        "the smaller ones on D's inputs. Made for a GPU: two CPU cores take 7 hours in PyTorch and 14 in TensorFlow. "
        "Its result has not been measured yet."
    ),
    data="shapes",
    shape=(64, 64, 3),
    generator="dcgan",
    discriminator="dcgan",
    latent=100,
    width=64,
    depth=1,
    kernel=4,
    upsampling="transposed",
    downsampling="strided",
    generator_norm="batch",
    generator_octaves=0,
    generator_slope=0.0,
    generator_output="tanh",
    discriminator_norm="batch",
    discriminator_octaves=0,
    discriminator_slope=0.2,
    discriminator_dropout=0.0,
    boundary_norm=False,
    batch_norm_momentum=0.9,
    batch_norm_epsilon=1e-5,
    weight_init="normal",
    weight_std=0.02,
    scale_mean=1.0,
    scale_std=0.02,
    loss="nonsaturating",
    real_label=1.0,
    penalty="none",
    penalty_weight=0.0,
    penalty_end=1.0,
    penalty_every=1,
    instance_noise=0.2,
    instance_noise_steps=0,
    pack=1,
    update="alternating",
    solver_steps=10,
    solver_tolerance=1e-6,
    discriminator_steps=1,
    fresh_noise=True,
    generator_optimiser=_DCGAN_ADAM,
    discriminator_optimiser=_DCGAN_ADAM,
    moving_average=0.0,
    batch_size=128,
    steps=10_000,
    precision="float32",
)

# Smaller images, and quicker: both players five times as fast as in the paper and with a shorter memory (β₂), against
# which noise on D's inputs and a moving average of G are set.
_QUICK_ADAM = dataclasses.replace(_DCGAN_ADAM, rate=1e-3, beta2=0.99)

_DCGAN_DIGITS = dataclasses.replace(
    _DCGAN_64,
    name="dcgan-digits",
    about=(
        "A small DCGAN on scikit-learn's 1,797 real digits at 16×16, for the book and for learning. A minute on two "
        "CPU cores; on seeds 0 and 1 a Fréchet distance of 1.6, where a perfect sampler has 0.26 and step 600 about 4."
    ),
    data="digits",
    shape=(16, 16, 1),
    latent=64,
    width=32,
    generator_optimiser=_QUICK_ADAM,
    discriminator_optimiser=_QUICK_ADAM,
    moving_average=0.99,
    batch_size=64,
    steps=2000,
)

_DCGAN_DIGITS_QUICK = dataclasses.replace(
    _DCGAN_DIGITS,
    name="dcgan-digits-quick",
    about=(
        "dcgan-digits with half the batch and a moving average half as long: near the data in less time. Half a minute "
        "on one CPU core; on seeds 0 and 1 a Fréchet distance of 2.0 in PyTorch and 2.1 in TensorFlow, where "
        "dcgan-digits has 1.6."
    ),
    moving_average=0.98,
    batch_size=32,
)

_DCGAN_28 = dataclasses.replace(
    _DCGAN_DIGITS,
    name="dcgan-28",
    about=(
        "A DCGAN for MNIST-like images of 28×28, any channels. Three minutes on two CPU cores; on MNIST's 10,000 test "
        "images, seed 0, most samples can be read, at a Fréchet distance of 4.8 where a perfect sampler has 0.27."
    ),
    data="mnist",
    shape=(28, 28, 1),
)

_DCGAN_32 = dataclasses.replace(
    _DCGAN_DIGITS,
    name="dcgan-32",
    about=(
        "A DCGAN for images of 32×32, any channels, shown on procedural shapes whose coverage can be counted. Three to "
        "six minutes on two CPU cores; on seed 0 half of the samples can be recognised, of 17 of the 30 kinds: train "
        "longer for more."
    ),
    data="shapes",
    shape=(32, 32, 3),
)

_TENSORFLOW_ADAM = dataclasses.replace(_DCGAN_ADAM, rate=1e-4, beta1=0.9, epsilon=1e-7, epsilon_placement="before")

_TENSORFLOW_TUTORIAL = dataclasses.replace(
    _DCGAN_64,
    name="tensorflow-tutorial",
    about=(
        "The official TensorFlow DCGAN tutorial as it is written, to measure against: MNIST, 50 epochs, both players "
        "updated from the same point. Four hours on two CPU cores; its result has not been measured yet."
    ),
    data="mnist",
    shape=(28, 28, 1),
    generator="tensorflow-tutorial",
    discriminator="tensorflow-tutorial",
    kernel=5,
    generator_slope=0.3,
    discriminator_norm="none",
    discriminator_slope=0.3,
    discriminator_dropout=0.3,
    batch_norm_momentum=0.99,
    batch_norm_epsilon=1e-3,
    weight_init="glorot_uniform",
    scale_std=0.0,
    update="simultaneous",
    instance_noise=0.0,
    fresh_noise=False,
    generator_optimiser=_TENSORFLOW_ADAM,
    discriminator_optimiser=_TENSORFLOW_ADAM,
    batch_size=256,
    steps=50 * (60_000 // 256),
)

_PYTORCH_TUTORIAL = dataclasses.replace(
    _DCGAN_64,
    name="pytorch-tutorial",
    about=(
        "The official PyTorch DCGAN tutorial as it is written, to measure against: CelebA cropped to 64×64 in the "
        "folder celeba, 5 epochs. Five hours on two CPU cores in PyTorch, 15 in TensorFlow; its result has not been "
        "measured yet."
    ),
    generator="pytorch-tutorial",
    discriminator="pytorch-tutorial",
    data="folder:celeba",
    instance_noise=0.0,
    fresh_noise=False,
    steps=5 * (202_599 // 128),
)

# Five published introductions: what their texts give, and where they give nothing their frameworks' defaults, which are
# Keras's for the first four and PyTorch's for the last. Their discriminators' last sigmoid and binary cross-entropy are
# here a logit and the loss "nonsaturating", the same numbers without the rounding. What else differs says `about`.
_SOURCE_ADAM = dataclasses.replace(_TENSORFLOW_ADAM, rate=2e-4, beta1=0.5)
_SOURCE_000_ADAM = dataclasses.replace(_SOURCE_ADAM, rate=1e-4)
_SHAPES_EPOCH = 10_000 // 32  # steps

_SOURCE_000 = dataclasses.replace(
    _TENSORFLOW_TUTORIAL,
    name="source-000",
    about=(
        "A published introduction to transposed convolutions in GANs: dense projection, three transposed convolutions; "
        "50 epochs. Corrected: its loss is one mean of D's outputs for both players, without labels or logarithm, its "
        "noise is drawn once and real images are missing; here cross-entropy, fresh noise and data."
    ),
    data="shapes",
    shape=(32, 32, 3),
    generator="source-000",
    discriminator="source-000",
    kernel=4,
    discriminator_dropout=0.0,
    update="alternating",
    fresh_noise=True,
    generator_optimiser=_SOURCE_000_ADAM,
    discriminator_optimiser=_SOURCE_000_ADAM,
    batch_size=32,
    steps=50 * _SHAPES_EPOCH,
)

_SOURCE_001 = dataclasses.replace(
    _SOURCE_000,
    name="source-001",
    about=(
        "A published introduction to deep learning and GANs: dense layers before transposed convolutions, a dense D, "
        "batches of one image, which batch normalisation then normalises alone. Corrected: D takes an image's 3,072 "
        "numbers, not 100; its real images are data, not noise; G's sigmoid is stretched from (0, 1) to (-1, 1); R1, "
        "without which D wins on the digits. It names no length: one epoch."
    ),
    generator="source-001",
    discriminator="source-001",
    depth=2,
    generator_slope=0.2,
    generator_output="sigmoid",
    discriminator_slope=0.2,
    penalty="r1",
    penalty_weight=10.0,
    generator_optimiser=_SOURCE_ADAM,
    discriminator_optimiser=_SOURCE_ADAM,
    batch_size=1,
    steps=10_000,
)

_SOURCE_002 = dataclasses.replace(
    _SOURCE_000,
    name="source-002",
    about=(
        "A published introduction to DCGAN: kernels of 5, a transposed convolution of stride 1 before those that "
        "double, dropout in D. Corrected: D takes G's 32×32×3, not 28×28×1; Adam, since plain descent at its rate of "
        "2e-4 hardly moves; noise on D's inputs, without which it made one blot of all digits. It leaves out the "
        "training: 50 epochs."
    ),
    generator="source-002",
    discriminator="source-002",
    kernel=5,
    generator_slope=0.01,
    discriminator_slope=0.01,
    discriminator_dropout=0.3,
    instance_noise=0.2,
    generator_optimiser=_SOURCE_ADAM,
    discriminator_optimiser=_SOURCE_ADAM,
)

_SOURCE_003 = dataclasses.replace(
    _SOURCE_000,
    name="source-003",
    about=(
        "A published introduction to convolutional networks in GANs, as the design that was meant: a dense trunk, then "
        "convolutions; pooling in D. Corrected: its over a hundred convolutions at 4×4 are three with doublings "
        "between them up to 32×32; D's softmax over one unit, always 1, is a logit; noise on D's inputs, without which "
        "the shapes stayed far. D's widths, the optimisers, batch and length are not given: as in source-002."
    ),
    generator="source-003",
    discriminator="source-003",
    depth=3,
    kernel=3,
    generator_slope=0.2,
    discriminator_norm="batch",
    discriminator_slope=0.2,
    instance_noise=0.2,
    generator_optimiser=_SOURCE_ADAM,
    discriminator_optimiser=_SOURCE_ADAM,
)

_SOURCE_004 = dataclasses.replace(
    _PYTORCH_TUTORIAL,
    name="source-004",
    about=(
        "A published introduction to adversarial training: binary cross-entropy, Adam at 2e-4, batches of 32, 100 "
        "epochs. Its G and D are empty; here they are the PyTorch tutorial's with one doubling less, for 32×32, and "
        "its initial weights. Corrected: its players are swapped, and its G trains on D's loss; noise on D's inputs, "
        "no batch normalisation in D, and β₁ = .5 for PyTorch's .9, without each of which the shapes stayed far."
    ),
    data="shapes",
    shape=(32, 32, 3),
    generator="source-004",
    discriminator="source-004",
    discriminator_norm="none",
    instance_noise=0.2,
    batch_size=32,
    steps=100 * _SHAPES_EPOCH,
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        _RING,
        _GRID,
        _RING_STABLE,
        _GRID_STABLE,
        _DCGAN_DIGITS,
        _DCGAN_DIGITS_QUICK,
        _DCGAN_28,
        _DCGAN_32,
        _DCGAN_64,
        _TENSORFLOW_TUTORIAL,
        _PYTORCH_TUTORIAL,
        _SOURCE_000,
        _SOURCE_001,
        _SOURCE_002,
        _SOURCE_003,
        _SOURCE_004,
    )
}
