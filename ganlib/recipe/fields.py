"""The fields of a recipe and of an optimiser, and their JSON.

A recipe cannot be wrong: however one is made, by `ganlib.recipe`, by its class, by `dataclasses.replace` or from JSON,
`ganlib.recipe.check` looks at every value and at what they come to together.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ganlib.errors import RecipeError
from ganlib.recipe import check

# A recipe in JSON names every field of the version that wrote it. A field that is added later gets an entry here: what
# the package did before it had the field, which is therefore what a file without it means. Without the entry every file
# and checkpoint from before would be refused. Format 1, the first, has all of today's fields.
ADDED: dict[str, object] = {}  # field of a recipe → its value in files that lack it
ADDED_TO_OPTIMISERS: dict[str, object] = {}  # the same, for a field of both players' optimisers
PLAYERS = ("generator_optimiser", "discriminator_optimiser")


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
    epsilon_placement: str
    l1: float
    l2: float

    def __post_init__(self) -> None:
        _set(self, check.optimiser(Optimiser, vars(self), "optimiser"))


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

    def __post_init__(self) -> None:
        values = dict(vars(self))
        for player in PLAYERS:
            if not isinstance(values[player], Optimiser):
                values[player] = Optimiser(**check.optimiser(Optimiser, values[player], player))
        _set(self, check.values(type(self), values))
        check.combinations(self)

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
        known = [field.name for field in dataclasses.fields(cls)]
        check.refuse_unknown(values, known, "recipe")
        values = {**ADDED, **values}
        for player in PLAYERS:
            if isinstance(own := values.get(player), dict):
                values[player] = {**ADDED_TO_OPTIMISERS, **own}
        if missing := [field for field in known if field not in values]:
            raise RecipeError(f"This recipe lacks {', '.join(missing)}. A recipe in JSON names every field.")
        return cls(**values)


def _set(record: Optimiser | Recipe, values: Mapping[str, object]) -> None:
    """Puts the checked values in place: for a float a whole number may have been given, and for a tuple a list."""
    for field, value in values.items():
        object.__setattr__(record, field, value)


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))
