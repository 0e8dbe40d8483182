"""The fields of a recipe and of an optimiser, their JSON, and every check of them.

A recipe cannot be wrong: however one is made, by `ganlib.recipe`, by its class, by `dataclasses.replace` or from JSON,
each value is checked by itself, then what they come to together. What layers and shapes refuse stands with them, in
`ganlib.layers` and `ganlib.architectures`; what a machine or a data set cannot do is refused by the trainer.
"""

import dataclasses
import difflib
import json
import math
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_type_hints

from ganlib import architectures, arguments
from ganlib.errors import RecipeError
from ganlib.layers import BatchNorm, costs, walk


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """How one player moves.

    Adam (Kingma & Ba 2015): m = β₁m + (1-β₁)g, v = β₂v + (1-β₂)g², and a step of
    rate · m̂ / (√v̂ + ε) with m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ). That is `epsilon_placement="after"` the bias correction,
    PyTorch's way; "before" is Keras's, rate · m̂ / (√v̂ + ε/√(1-β₂ᵗ)), the paper's own faster variant.

    SGD: v = β₁v + g and a step of rate · v. β₁ is the momentum and may be negative; β₂ and ε do nothing.

    Conjugate directions (Naganuma & Iiduka 2023): d = -g + βd and a step of rate · d, with β from one of the formulas
    of `ganlib.reference.conjugate_beta` and held in [0, β₁]; β₂ and ε do nothing.

    In all, g is the gradient of the player's loss plus l1·‖w‖₁ + l2/2·‖w‖² over all of its weights w.
    """

    rule: str
    rate: float
    rate_end: float  # the share of the rate that is left at the recipe's last step, reached linearly; 1 keeps it
    rate_power: float  # and the n-th step's rate is divided by n to this power; 0 keeps it
    beta1: float
    beta2: float
    epsilon: float
    epsilon_placement: Literal["before", "after"]
    l1: float
    l2: float

    def __post_init__(self) -> None:
        _set(self, _checked_optimiser(vars(self), "optimiser"))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment. Make one with `ganlib.recipe(name, **changes)`; it is checked however it is made."""

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
    upsampling: Literal["transposed", "resize", "subpixel"]  # how the "dcgan" generator doubles
    downsampling: Literal["strided", "pool"]  # how the "dcgan" discriminator halves: by its strides, or by averages
    generator_norm: Literal["batch", "none"]
    generator_octaves: int  # a dense network also sees sin and cos of its input times 1, 2, 4, …: so many; 0 for none
    generator_slope: float  # of LeakyReLU; 0 is ReLU
    generator_output: Literal["tanh", "sigmoid", "linear"]  # sigmoid: stretched from its (0, 1) to the images' (-1, 1)
    discriminator_norm: Literal["batch", "spectral", "none"]
    discriminator_octaves: int
    discriminator_slope: float
    discriminator_dropout: float
    boundary_norm: bool  # "dcgan" with "batch": also normalise G's output and D's first layer, which the paper spares
    batch_norm_momentum: float  # the weight of the old moving statistics
    batch_norm_epsilon: float

    # What a sample is made from: "latents" alone, or also an image, of which both players are told: one of the views
    # "outline", "grey", "low" and "holes" (`ganlib.data.view`), or what the data have under that name as `pairs`.
    source: str
    reconstruction_weight: float  # of E|x - G(z)| beside G's loss, x being what G was to make (Isola et al. 2017)

    # Labels, which come with the data: G is told each sample's, as a vector with a single 1 or through an embedding,
    # beside its input. So is D, or by a projection onto an embedding in place of its last layer; or it is not told, but
    # names the class as an "auxiliary" classifier (Odena et al. 2017). With "information" labels are drawn instead, for
    # G alone, and D reads them from its samples (InfoGAN, Chen et al. 2016).
    classes: int  # how many, from 0 to classes - 1; 0: no labels
    generator_labels: Literal["one_hot", "embedding"]
    discriminator_labels: Literal["one_hot", "embedding", "projection", "auxiliary", "information"]
    class_weight: float  # of the cross-entropy with "auxiliary" or "information", beside the loss of both players
    embedding: int  # numbers in an embedding beside the input

    # Initial weights
    weight_init: Literal["normal", "glorot_uniform", "kaiming_uniform"]  # `ganlib.initialise` writes them down
    weight_std: float  # used by "normal": N(0, weight_std)
    scale_mean: float  # BatchNorm's scale starts as N(scale_mean, scale_std)
    scale_std: float

    # The game
    loss: str
    real_label: float  # 1, or less for one-sided label smoothing (Salimans et al. 2016)
    penalty: Literal["none", "r1", "r2", "r1+r2", "wgan_gp", "consensus"]  # the last on both players (Mescheder 2017)
    penalty_weight: float  # γ of γ/2·R1 and γ/2·R2, λ of λ·WGAN-GP, γ of γ/2·‖v‖² with v both players' gradients
    penalty_end: float  # the share of the weight that is left at the last step, reached geometrically; 1 keeps it
    penalty_every: int  # 1, or n for the penalty on each n-th step at n times its weight (lazy, Karras et al. 2020)
    feature_weight: float  # of feature matching, beside G's loss (Salimans et al. 2016); 0 for none
    instance_noise: float  # standard deviation of noise on all of D's inputs (Sønderby et al. 2017)
    instance_noise_steps: int  # it falls linearly to 0 by this step; 0 keeps it constant
    pack: int  # samples that D judges together (PacGAN, Lin et al. 2018)

    # The order of updates
    # "alternating": D, then G against the new D; "simultaneous": both from the same point; "extragradient": both, with
    # the gradients of the point where such a step leads (Gidel et al. 2019, algorithm 4); "competitive": both, each
    # reckoning with the other's step (Schäfer & Anandkumar 2019, algorithm 1)
    update: Literal["alternating", "simultaneous", "extragradient", "competitive"]
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
    precision: Literal["float64", "float32", "bfloat16", "auto"]  # "bfloat16" is mixed

    def __post_init__(self) -> None:
        values = dict(vars(self))
        for player in PLAYERS:
            if not isinstance(values[player], Optimiser):
                values[player] = Optimiser(**_checked_optimiser(values[player], player))
        _set(self, _checked(type(self), values))
        _check_together(self)

    def to_json(self) -> str:
        """The recipe as JSON text; `Recipe.from_json` reads it back, equal."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads and checks what `to_json` wrote, in this version or an older one. RecipeError for anything else."""
        try:
            values = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise RecipeError(f"This is not JSON ({error}). Expected the text that Recipe.to_json() gives.") from None
        if not isinstance(values, dict):
            raise RecipeError(f"Expected a JSON object with a recipe's fields, not {type(values).__name__}.")
        refuse_unknown(values, get_type_hints(cls), "recipe")
        values = {**ADDED, **values}
        for player in PLAYERS:
            if isinstance(own := values.get(player), dict):
                values[player] = {**ADDED_TO_OPTIMISERS, **own}
        if missing := [field for field in get_type_hints(cls) if field not in values]:
            raise RecipeError(f"This recipe lacks {', '.join(missing)}. A recipe in JSON names every field.")
        return cls(**values)


def _set(record: Optimiser | Recipe, values: Mapping[str, object]) -> None:
    for field, value in values.items():
        object.__setattr__(record, field, value)


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))
PLAYERS = ("generator_optimiser", "discriminator_optimiser")
PRECISIONS: tuple[str, ...] = get_args(get_type_hints(Recipe)["precision"])

# A recipe in JSON names every field of the version that wrote it. A field that is added later gets an entry here: what
# the package did before it had the field, which is therefore what a file without it means. Without the entry every file
# and checkpoint from before would be refused. Format 1, the first, has all other fields of today.
ADDED: dict[str, object] = {
    **{"classes": 0, "generator_labels": "one_hot", "discriminator_labels": "one_hot", "embedding": 16},
    **{"class_weight": 1.0, "feature_weight": 0.0, "source": "latents", "reconstruction_weight": 0.0},
}  # field of a recipe → its value in files that lack it
ADDED_TO_OPTIMISERS: dict[str, object] = {}  # the same, for a field of both players' optimisers

# The least and the most of a whole number, where it is not from 1 to LARGE. Beyond the most a recipe in a file is
# damaged, or hostile: it would cost memory before anything can be trained.
LARGE, ANY, MOST_WEIGHTS = 2**20, 2**53, 2**31
WHOLE: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("penalty_every", "steps", "solver_steps"), (1, ANY)),
    "depth": (1, 1000),
    "instance_noise_steps": (0, ANY),
    "classes": (0, LARGE),
    **dict.fromkeys(("generator_octaves", "discriminator_octaves"), (0, 16)),
}
# What any other number must be, where that is not 0 or more, and how a refusal says it.
NUMBERS: dict[str, tuple[Callable[[float], bool], str]] = {
    **dict.fromkeys(("generator_slope", "discriminator_slope"), (lambda x: 0 <= x < 1, "from 0 (ReLU) to below 1")),
    **dict.fromkeys(("discriminator_dropout", "beta2"), (lambda x: 0 <= x < 1, "from 0 to below 1")),
    "batch_norm_momentum": (lambda x: 0 <= x < 1, "from 0 to below 1; it is the weight of the old, Keras's meaning"),
    "batch_norm_epsilon": (lambda x: x > 0, "above 0, which keeps the division by the variance finite"),
    "weight_std": (lambda x: x > 0, "above 0, since from weights of zero the players never move apart"),
    "class_weight": (lambda x: x > 0, "above 0"),
    "scale_mean": (math.isfinite, "that is finite"),
    "real_label": (lambda x: 0.5 < x <= 1, "above 0.5 and at most 1"),
    "penalty_end": (lambda x: x > 0, "above 0, since it is reached geometrically; 1 keeps the weight"),
    "moving_average": (lambda x: 0 <= x < 1, "from 0 (none) to below 1"),
    "solver_tolerance": (lambda x: 0 <= x < 1, "from 0 (all of solver_steps) to below 1"),
    "rate": (lambda x: x > 0, "above 0, since at 0 the player never moves"),
    "rate_end": (lambda x: x >= 0, "of 0 or more; 1 keeps the rate"),
    "rate_power": (lambda x: x >= 0, "of 0 or more; 0 keeps it"),
    "beta1": (lambda x: -1 < x < 1, "above -1 and below 1"),
}


def _checked(record: type[Recipe | Optimiser], given: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The values of a recipe or an optimiser, each checked by itself, in the field's own type."""
    from ganlib.reference import losses, optimisers  # only here: they load NumPy, which `import ganlib` does without

    choices: dict[str, Iterable[str]] = {"loss": losses.names(), "rule": ("adam", "sgd", *optimisers.CONJUGATE)}
    choices |= dict.fromkeys(("generator", "discriminator"), architectures.ARCHITECTURES)
    checked = dict(given)
    for field, kind in get_type_hints(record).items():
        name, value = where + field, given[field]
        if field == "shape":
            if not isinstance(value, list | tuple) or len(value) not in (1, 3):
                raise RecipeError(f"shape must be (height, width, channels), or (2,) for points, not {value!r}.")
            each = f"each number of shape={value!r}, which is (height, width, channels) or (2,),"
            checked[field] = tuple(arguments.whole(each, n, 1, LARGE, RecipeError) for n in value)
        elif allowed := choices.get(field) or get_args(kind):
            if not isinstance(value, str) or value not in allowed:
                near = nearest(value, allowed)
                raise RecipeError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.{near}")
        elif kind is str and (not isinstance(value, str) or not value):
            raise RecipeError(f"{name} must be a text that is not empty, not {value!r}.")
        elif kind is bool and not isinstance(value, bool):
            raise RecipeError(f"{name} must be True or False, not {value!r}.")
        elif kind is int:
            low, high = WHOLE.get(field, (1, LARGE))
            most = high if isinstance(value, int) and value > high else None  # what nobody means needs no mention
            checked[field] = arguments.whole(name, value, low, most, RecipeError)
        elif kind is float:
            fits, expected = NUMBERS.get(field, (lambda x: x >= 0, "of 0 or more"))
            wrong = isinstance(value, bool) or not isinstance(value, int | float)
            if wrong or not abs(value) <= sys.float_info.max or not fits(value):  # in which NaN compares as false
                raise RecipeError(f"{name} must be a number {expected}, not {reprlib.repr(value)}.")
            checked[field] = float(value)
    return checked


def _checked_optimiser(given: object, where: str) -> dict[str, Any]:
    """An optimiser's values, checked; `where` is what a refusal calls it."""
    from ganlib.reference.optimisers import CONJUGATE

    if not isinstance(given, Mapping):
        raise RecipeError(f"{where} must be a ganlib.Optimiser or a dict of its fields, not {given!r}.")
    refuse_unknown(given, get_type_hints(Optimiser), where)
    if missing := [name for name in get_type_hints(Optimiser) if name not in given]:
        raise RecipeError(f"{where} lacks {', '.join(missing)}.")
    checked = _checked(Optimiser, given, f"{where}.")
    if checked["rule"] in CONJUGATE and checked["beta1"] < 0:
        raise RecipeError(
            f"{where}.beta1 is the largest β of the rule {checked['rule']!r} and must be at least 0, not "
            f"{checked['beta1']}. Use 0.5, the bound of Naganuma & Iiduka's code."
        )
    return checked


def _check_together(recipe: Recipe) -> None:
    """Raises RecipeError where values that are right by themselves cannot work together."""
    from ganlib.reference import losses

    for architecture in dict.fromkeys((recipe.generator, recipe.discriminator)):
        architectures.check_fit(recipe, architecture)
    convolves = recipe.generator != "dense" or recipe.discriminator != "dense"
    if convolves and not 2 <= recipe.kernel <= 9:
        raise RecipeError(f"kernel must be from 2 to 9, at least the stride of 2, not {recipe.kernel}.")
    for field, player, architecture, usual in (
        ("upsampling", "generator", "dcgan", "transposed"),
        ("downsampling", "discriminator", "dcgan", "strided"),
        ("generator_octaves", "generator", "dense", 0),
        ("discriminator_octaves", "discriminator", "dense", 0),
    ):
        if getattr(recipe, field) != usual and getattr(recipe, player) != architecture:
            raise RecipeError(
                f"{field}={getattr(recipe, field)!r} is for the {player} {architecture!r}, and this one is "
                f"{getattr(recipe, player)!r}. Use {field}={usual!r}, or {player}={architecture!r}."
            )
    normalised = (recipe.generator, recipe.generator_norm), (recipe.discriminator, recipe.discriminator_norm)
    if recipe.boundary_norm and ("dcgan", "batch") not in normalised:
        raise RecipeError("boundary_norm=True is for a 'dcgan' with batch normalisation. Use boundary_norm=False.")
    smoothable = [name for name in losses.names() if losses.get(name).smoothable]
    if recipe.real_label < 1 and recipe.loss not in smoothable:
        raise RecipeError(
            f"real_label={recipe.real_label} smooths a label, and the loss {recipe.loss!r} has none. "
            f"Use real_label=1, or one of the losses {', '.join(smoothable)}."
        )
    if recipe.penalty == "none" and recipe.penalty_weight > 0:
        raise RecipeError(f"penalty_weight={recipe.penalty_weight} weighs no penalty. Name one, 'r1' say, or use 0.")
    if recipe.penalty != "none" and recipe.penalty_weight == 0:
        typical = 10 if recipe.penalty == "wgan_gp" else 1
        raise RecipeError(f"penalty={recipe.penalty!r} has weight 0. Give one, penalty_weight={typical} for example.")
    for field, plain in (("generator_labels", "one_hot"), ("discriminator_labels", "one_hot")):
        if not recipe.classes and getattr(recipe, field) != plain:
            raise RecipeError(
                f"{field}={getattr(recipe, field)!r} is for labels, and classes=0 has none. Say how many there are, "
                f"classes=10 for digits, or use {field}={plain!r}."
            )
    if (recipe.source != "latents") != (recipe.generator == "unet"):
        raise RecipeError(
            f"The generator 'unet' makes images from images, source='outline' for example, and no other does; here the "
            f"generator is {recipe.generator!r} and source={recipe.source!r}. Change one of them."
        )
    if recipe.discriminator == "unet" or recipe.generator == "patch":
        raise RecipeError("'unet' is a generator, 'patch' a discriminator: give generator and discriminator so.")
    if recipe.source in ("samples", "fake", "labels"):
        raise RecipeError(f"source must name images, 'outline' say, and {recipe.source!r} means other data.")
    if recipe.source != "latents" and (recipe.classes or recipe.feature_weight or recipe.pack > 1):
        raise RecipeError("With images as source use classes=0, feature_weight=0 and pack=1.")
    if recipe.source != "latents" and recipe.discriminator not in ("dcgan", "patch"):
        raise RecipeError(f"With images as source D is 'patch' or 'dcgan', not {recipe.discriminator!r}.")
    if recipe.reconstruction_weight and recipe.source == "latents":
        given = f"reconstruction_weight={recipe.reconstruction_weight}"
        raise RecipeError(f"{given} compares with what G was to make, and source='latents' says nothing of it. Use 0.")
    if recipe.discriminator == "patch" and recipe.shape[0] % 2**recipe.depth:
        raise RecipeError(f"depth={recipe.depth} halvings do not divide {recipe.shape[0]} pixels. Use a smaller depth.")
    if recipe.feature_weight and recipe.pack > 1:
        raise RecipeError(f"Features are matched sample by sample: use pack=1, not {recipe.pack}, or feature_weight=0.")
    if recipe.classes and recipe.pack > 1:
        raise RecipeError(f"With labels D judges one sample at a time: use pack=1, not {recipe.pack}, or classes=0.")
    if recipe.batch_size % recipe.pack:
        raise RecipeError(f"batch_size={recipe.batch_size} cannot be packed in groups of pack={recipe.pack}.")
    if recipe.penalty == "consensus" and recipe.update != "simultaneous":
        raise RecipeError(f"The penalty 'consensus' needs update='simultaneous', not {recipe.update!r}.")
    if recipe.update != "alternating" and recipe.discriminator_steps > 1:
        wrong = f"discriminator_steps={recipe.discriminator_steps} does not fit the update {recipe.update!r}"
        raise RecipeError(f"{wrong}, which moves both players alike. Use update='alternating', or one step.")
    for player in ("generator", "discriminator"):
        own: Optimiser = getattr(recipe, f"{player}_optimiser")
        if recipe.update == "competitive" and (own.rule != "sgd" or own.beta1 or own.l1 or own.l2):
            raise RecipeError(
                f"The update 'competitive' finds both players' steps itself, as for plain gradient descent, and the "
                f"{player} has rule={own.rule!r}, beta1={own.beta1}, l1={own.l1}, l2={own.l2}. "
                f"Use {player}_optimiser={{'rule': 'sgd', 'rate': 0.1, 'beta1': 0, 'l1': 0, 'l2': 0}}."
            )
    _check_sizes(recipe)


def _check_sizes(recipe: Recipe) -> None:
    judged = architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)
    for player, (layers, shape), batch in (
        ("generator", (architectures.generator_layers(recipe), (recipe.latent,)), recipe.batch_size),
        ("discriminator", judged, recipe.batch_size // recipe.pack),
    ):
        found = costs(layers, shape)
        weights = sum(cost.parameters for cost in found)
        if weights > MOST_WEIGHTS:
            how = "Lower width, depth, latent, kernel or the size of the images."
            raise RecipeError(f"This {player} would have {weights} weights, more than {MOST_WEIGHTS}. {how}")
        for name, layer, _, after in walk(layers, shape):
            # A batch of one image still has all its pixels to take the statistics from.
            if isinstance(layer, BatchNorm) and batch * math.prod(after[:-1]) < 2:
                raise RecipeError(
                    f"Batch normalisation needs at least two values of a kind in a batch, and {name} of the "
                    f"{player} would get one: raise batch_size or lower pack."
                )


def refuse_unknown(values: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises RecipeError when a name among `values` is not one of the known fields."""
    for field in values:
        if field not in known:
            raise RecipeError(f"{what} has no field {field!r}.{nearest(field, known)} Fields: {', '.join(known)}.")


def nearest(value: object, known: Iterable[str]) -> str:
    """A question after the known name that is nearest to the value, or nothing where none is near."""
    near = difflib.get_close_matches(str(value), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
