"""The shipped recipes: the ring with every field, and each other one as what it changes of one before it.

Nothing is left to a framework's default, because the frameworks' defaults disagree. What a field means is written in
`ganlib.recipe.fields`; the values are grouped here as the fields are there.
"""

import dataclasses
from collections import UserDict
from collections.abc import Mapping
from typing import Any

from ganlib.errors import RecipeError
from ganlib.recipe.fields import PLAYERS, Recipe, nearest, refuse_unknown

SHAPES_EPOCH = 10_000 // 32  # steps of an epoch of the data "shapes", in batches of 32


# name → the recipe that it is like, what it is for, and what it changes; "optimisers" are fields of both players' own.
_CHANGES: dict[str, tuple[Any, ...]] = {
    "ring": (
        None,
        "Eight narrow Gaussians on a circle: the smallest data on which mode collapse can be counted. A minute on two "
        "CPU cores; on seeds 0 and 1 all eight modes, 96 % good samples, and modes half as wide as they should be.",
        dict(data="ring", shape=(2,)),
        dict(generator="dense", discriminator="dense", latent=2, width=128, depth=3, kernel=4),
        dict(upsampling="transposed", downsampling="strided"),
        dict(generator_norm="none", generator_octaves=0, generator_slope=0.0, generator_output="linear"),
        dict(discriminator_norm="none", discriminator_octaves=0, discriminator_slope=0.2, discriminator_dropout=0.0),
        dict(boundary_norm=False, batch_norm_momentum=0.9, batch_norm_epsilon=1e-5),
        dict(classes=0, generator_labels="one_hot", discriminator_labels="one_hot", embedding=16),
        dict(class_weight=1.0, feature_weight=0.0, source="latents", reconstruction_weight=0.0),
        dict(weight_init="kaiming_uniform", weight_std=0.02, scale_mean=1.0, scale_std=0.0),
        dict(loss="nonsaturating", real_label=1.0, pack=1, instance_noise=0.0, instance_noise_steps=0),
        dict(penalty="r1", penalty_weight=1.0, penalty_end=1.0, penalty_every=1),
        dict(update="alternating", solver_steps=10, solver_tolerance=1e-6, discriminator_steps=1, fresh_noise=True),
        dict(moving_average=0.999, batch_size=256, steps=8000, precision="float32"),
        {
            "optimisers": dict(rule="adam", rate=5e-4, rate_end=1.0, rate_power=0.0, beta1=0.5, beta2=0.99)
            | dict(epsilon=1e-8, epsilon_placement="after", l1=0.0, l2=0.0)
        },
    ),
    "grid": (
        "ring",
        "Twenty-five Gaussians on a grid: harder than the ring, and the usual scoreboard of mode collapse. A minute "
        "on two CPU cores; on seeds 0 and 1 all 25 modes, 80 and 87 % good samples.",
        dict(data="grid"),
    ),
    "ring-stable": (
        "ring",
        "The ring with all that chapter 4 found to help: a relativistic loss with R1 and R2 whose weight falls to a "
        "thousandth, octaves before both players, falling rates, a moving average. Half a minute on one CPU core.",
        dict(generator_octaves=2, discriminator_octaves=4, loss="relativistic", penalty="r1+r2", penalty_end=1e-3),
        dict(moving_average=0.995, batch_size=128, steps=5000, optimisers=dict(rate=1e-3, rate_end=0.1)),
    ),
    "ring-page": (
        "ring-stable",
        "ring-stable at the size that a web page trains while its reader looks on, with higher rates. A third of a "
        "minute on one CPU core, in the page; on seeds 0 to 9 all eight modes, 80 to 91 % good samples.",
        dict(width=48, depth=2, moving_average=0.99, batch_size=64, steps=4000),
        dict(optimisers=dict(rate=3e-3, rate_end=0.03)),
    ),
    "grid-stable": (
        "ring-stable",
        "The grid with all that chapter 4 found to help: a relativistic loss with R1 and R2 whose weight falls to two "
        "thousandths, octaves before both players, falling rates, a moving average. A minute on one CPU core.",
        dict(data="grid", penalty_end=2e-3, batch_size=256, steps=10_000),
    ),
    # Smaller images, and quicker: both players five times as fast as in the paper and with a shorter memory (β₂),
    # against which noise on D's inputs and a moving average of G are set.
    "dcgan-digits": (
        "ring",
        "A small DCGAN on scikit-learn's 1,797 real digits at 16×16, for the book and for learning. A minute on two "
        "CPU cores; on seeds 0 and 1 a Fréchet distance of 1.6, where a perfect sampler has 0.26 and step 600 about 4.",
        dict(data="digits", shape=(16, 16, 1), generator="dcgan", discriminator="dcgan", latent=64, width=32, depth=1),
        dict(generator_norm="batch", generator_output="tanh", discriminator_norm="batch"),
        dict(weight_init="normal", scale_std=0.02, penalty="none", penalty_weight=0.0, instance_noise=0.2),
        dict(moving_average=0.99, batch_size=64, steps=2000, optimisers=dict(rate=1e-3)),
    ),
    "conditional-ring": (
        "ring-stable",
        "The ring with labels: both players are told which of the eight modes a point is of. Twenty seconds on one CPU "
        "core; on seeds 0 and 1 all points of the right mode, 99.8 % within three standard deviations of it.",
        dict(classes=8, discriminator_labels="projection", steps=2000),
    ),
    "conditional-digits": (
        "dcgan-digits",
        "Digits to order: a small DCGAN whose players are both told which digit it is. A minute on two CPU cores; on "
        "seeds 0 and 1 98 % of the samples show the right digit, as many as real ones, at a Fréchet distance of 0.5.",
        dict(classes=10, generator_labels="embedding", discriminator_labels="projection", steps=1500),
    ),
    "outline-to-shape": (
        "dcgan-digits",
        "Images from images: a U-Net fills coloured outlines of drawn shapes, and a D that judges patches, told the "
        "outline, says whether it looks right. A minute on two CPU cores; on seeds 0 and 1 98 % of 500 other outlines "
        "become the right shape in the right colour, 0.04 away from the real picture's values in the mean.",
        dict(data="shapes", shape=(16, 16, 3), generator="unet", discriminator="patch", latent=4, width=16, depth=2),
        dict(generator_norm="none", discriminator_norm="none", weight_init="kaiming_uniform", source="outline"),
        dict(reconstruction_weight=20.0, batch_size=32, steps=1000, optimisers=dict(rate_end=0.1)),
    ),
    "dcgan-digits-quick": (
        "dcgan-digits",
        "dcgan-digits with half the batch and a moving average half as long: near the data in less time. Half a "
        "minute on one CPU core; on seeds 0 and 1 a Fréchet distance of 2.0 in PyTorch and 2.1 in TensorFlow, where "
        "dcgan-digits has 1.6.",
        dict(moving_average=0.98, batch_size=32),
    ),
    "dcgan-28": (
        "dcgan-digits",
        "A DCGAN for MNIST-like images of 28×28, any channels. Three minutes on two CPU cores; on MNIST's 10,000 test "
        "images, seed 0, most samples can be read, at a Fréchet distance of 4.8 where a perfect sampler has 0.27.",
        dict(data="mnist", shape=(28, 28, 1)),
    ),
    "dcgan-32": (
        "dcgan-digits",
        "A DCGAN for images of 32×32, any channels, shown on procedural shapes whose coverage can be counted. Three "
        "to six minutes on two CPU cores; on seed 0 half of the samples can be recognised, of 17 of the 30 kinds: "
        "train longer for more.",
        dict(data="shapes", shape=(32, 32, 3)),
    ),
    "dcgan-64": (
        "dcgan-digits",
        "A DCGAN for images of 64×64, any channels, at the rates and initialisation of its paper, with the noise of "
        "the smaller ones on D's inputs. Made for a GPU: two CPU cores take 7 hours in PyTorch and 14 in TensorFlow. "
        "Its result has not been measured yet.",
        dict(data="shapes", shape=(64, 64, 3), latent=100, width=64, moving_average=0.0, batch_size=128, steps=10_000),
        dict(optimisers=dict(rate=2e-4, beta2=0.999)),
    ),
    "tensorflow-tutorial": (
        "dcgan-64",
        "The official TensorFlow DCGAN tutorial as it is written, to measure against: MNIST, 50 epochs, both players "
        "updated from the same point. Four hours on two CPU cores; its result has not been measured yet.",
        dict(data="mnist", shape=(28, 28, 1)),
        dict(generator="tensorflow-tutorial", discriminator="tensorflow-tutorial", kernel=5, generator_slope=0.3),
        dict(discriminator_norm="none", discriminator_slope=0.3, discriminator_dropout=0.3),
        dict(batch_norm_momentum=0.99, batch_norm_epsilon=1e-3, weight_init="glorot_uniform", scale_std=0.0),
        dict(instance_noise=0.0, update="simultaneous", fresh_noise=False, batch_size=256, steps=50 * (60_000 // 256)),
        dict(optimisers=dict(rate=1e-4, beta1=0.9, epsilon=1e-7, epsilon_placement="before")),
    ),
    "pytorch-tutorial": (
        "dcgan-64",
        "The official PyTorch DCGAN tutorial as it is written, to measure against: CelebA cropped to 64×64 in the "
        "folder celeba, 5 epochs. Five hours on two CPU cores in PyTorch, 15 in TensorFlow; its result has not been "
        "measured yet.",
        dict(data="folder:celeba", generator="pytorch-tutorial", discriminator="pytorch-tutorial", instance_noise=0.0),
        dict(fresh_noise=False, steps=5 * (202_599 // 128)),
    ),
    # Five published introductions: what their texts give, and where they give nothing their frameworks' defaults,
    # Keras's for the first four and PyTorch's for the last. Their discriminators' last sigmoid and binary cross-entropy
    # are here a logit and the loss "nonsaturating", the same numbers without the rounding. `about` says what else
    # differs.
    "source-000": (
        "tensorflow-tutorial",
        "A published introduction to transposed convolutions in GANs: dense projection, three transposed "
        "convolutions; 50 epochs. Corrected: both players lower means of D's outputs, without labels or logarithm, the "
        "noise is drawn once and real images are missing; here cross-entropy, fresh noise and data.",
        dict(data="shapes", shape=(32, 32, 3), generator="source-000", discriminator="source-000", kernel=4),
        dict(discriminator_dropout=0.0, update="alternating", fresh_noise=True, batch_size=32, steps=50 * SHAPES_EPOCH),
        dict(optimisers=dict(beta1=0.5)),
    ),
    "source-001": (
        "source-000",
        "A published introduction to deep learning and GANs: dense layers before transposed convolutions, a dense D, "
        "batches of one image, which batch normalisation then normalises alone. Corrected: D takes an image's 3,072 "
        "numbers, not 100; its real images are data, not noise; G's sigmoid is stretched from (0, 1) to (-1, 1); R1, "
        "without which D wins on the digits. It names no length: one epoch.",
        dict(generator="source-001", discriminator="source-001", depth=2, generator_output="sigmoid"),
        dict(generator_slope=0.2, discriminator_slope=0.2, penalty="r1", penalty_weight=10.0),
        dict(batch_size=1, steps=10_000, optimisers=dict(rate=2e-4)),
    ),
    "source-002": (
        "source-000",
        "A published introduction to DCGAN: kernels of 5, a transposed convolution of stride 1 before those that "
        "double, dropout in D. Corrected: D takes G's 32×32×3, not 28×28×1; Adam, since plain descent at its rate of "
        "2e-4 hardly moves; noise on D's inputs, without which it made one blot of all digits. Its slopes are the "
        "text's .01; its code has Keras's .3. It leaves out the training: 50 epochs.",
        dict(generator="source-002", discriminator="source-002", kernel=5, generator_slope=0.01),
        dict(discriminator_slope=0.01, discriminator_dropout=0.3, instance_noise=0.2, optimisers=dict(rate=2e-4)),
    ),
    "source-003": (
        "source-000",
        "A published introduction to convolutional networks in GANs, as the design that was meant: a dense trunk, "
        "then convolutions; pooling in D. Corrected: its over a hundred convolutions at 4×4 are three with doublings "
        "between them up to 32×32; D's softmax over one unit, always 1, is a logit; noise on D's inputs, without "
        "which the shapes stayed far. D's widths, the optimisers, batch and length are not given: as in source-002.",
        dict(generator="source-003", discriminator="source-003", depth=3, kernel=3, generator_slope=0.2),
        dict(discriminator_norm="batch", discriminator_slope=0.2, instance_noise=0.2, optimisers=dict(rate=2e-4)),
    ),
    "source-004": (
        "pytorch-tutorial",
        "A published introduction to adversarial training: binary cross-entropy, Adam at 2e-4, batches of 32, 100 "
        "epochs. Its G and D are empty; here they are the PyTorch tutorial's with one doubling less, for 32×32, and "
        "its initial weights. Corrected: its players are swapped, and its G trains on D's loss; noise on D's inputs, "
        "no batch normalisation in D, and β₁ = .5 for PyTorch's .9, without each of which the shapes stayed far.",
        dict(data="shapes", shape=(32, 32, 3), generator="source-004", discriminator="source-004"),
        dict(discriminator_norm="none", instance_noise=0.2, batch_size=32, steps=100 * SHAPES_EPOCH),
    ),
}


def _values(name: str) -> dict[str, Any]:
    like, about, *changes = _CHANGES[name]
    values = _values(like) if like else {player: {} for player in PLAYERS}
    for change in ({"name": name, "about": about}, *changes):
        values |= change
    optimisers = values.pop("optimisers", {})
    return values | {player: values[player] | optimisers for player in PLAYERS}


class _Shipped(UserDict[str, Any]):
    """The shipped recipes by name, each made when it is first asked for: that loads NumPy."""

    def __getitem__(self, name: str) -> Recipe:
        if self.data[name] is None:
            self.data[name] = Recipe(**_values(name))
        return self.data[name]


RECIPES: Mapping[str, Recipe] = _Shipped(dict.fromkeys(_CHANGES))


def recipe(name: str, **changes: Any) -> Recipe:
    """A shipped recipe by name, with changes to any fields of `Recipe`, checked.

    >>> ganlib.recipe("dcgan-64", shape=(64, 64, 1), loss="hinge", generator_optimiser={"rate": 1e-4})

    An optimiser may be given as above, as a dict of its fields to change. RecipeError for an unknown name or field, or
    a value or combination that cannot work; it says what would be right.
    """
    if not isinstance(name, str) or name not in RECIPES:
        near, known = nearest(name, RECIPES), ", ".join(RECIPES)
        raise RecipeError(f"There is no recipe {name!r}.{near} The recipes: {known}.")
    shipped = RECIPES[name]
    refuse_unknown(changes, vars(shipped), "recipe")
    for player in PLAYERS:
        if isinstance(own := changes.get(player), dict):
            before = dataclasses.asdict(getattr(shipped, player))
            refuse_unknown(own, before, player)
            changes[player] = before | own
    return dataclasses.replace(shipped, **changes)


def recipes() -> tuple[str, ...]:
    """The names of the shipped recipes; `ganlib.recipe(name).about` says what each is for."""
    return tuple(RECIPES)
