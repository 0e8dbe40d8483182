"""Exercise 3.1: the trainable numbers of a DCGAN generator."""

from functools import partial

import ganlib
from ganlib import architectures
from ganlib.teaching.exercises.answers import compare

ASKS = ("parameters(size, latent, width, channels)",)
HINTS = (
    "Write down the channels of each grid first. The last convolution takes in `width` of them, and each step back "
    "towards the latent doubles that, down to the grid of 4 × 4.",
    "With c channels at 4 × 4 the projection has 16 · latent · c weights, each convolution 16 · in · out, each "
    "normalisation 2 numbers a channel; add one bias for each channel of the image.",
)


def count(
    size,
    latent,
    width,
    channels,
    norm=2,
    bias=False,
    last=True,
    taps=16,
    projected=16,
    doubled=0,
    halve=True,
    first=None,
):
    """The number, with switches for what readers forget; `first` is what the projection has besides its weights."""
    doublings = (size // 4).bit_length() - 1
    c = width * 2 ** (doublings - 1 + doubled)
    total = projected * latent * c + (norm * c + bias * 16 * c if first is None else first * c)
    for _ in range(doublings - 1):
        out = c // 2 if halve else c
        total += taps * c * out + norm * out + bias * out
        c = out
    return total + taps * c * channels + last * channels


def from_latent(size, latent, width, channels):
    """As if the width were that of the first grid."""
    doublings = (size // 4).bit_length() - 1
    return count(size, latent, width // 2 ** (doublings - 1), channels)


def right(size, latent, width, channels):
    """Counted layer by layer."""
    recipe = ganlib.recipe("dcgan-64", shape=(size, size, channels), latent=latent, width=width)
    layers = architectures.generator_layers(recipe)
    return sum(cost.parameters for cost in architectures.costs(layers, (latent,)))


MISTAKES = (
    (partial(count, norm=0), "The normalisations are missing. What do they learn for each channel?"),
    (partial(count, norm=0, last=False), "These are the weights alone. Which layers have a bias, a scale, a shift?"),
    (partial(count, norm=1), "A normalisation learns more than one number a channel: it scales, and then?"),
    (partial(count, norm=4), "Moving mean and variance are stored, but are they trained?"),
    (partial(count, bias=True), "You gave every layer a bias. Which layers have none, and why?"),
    (
        partial(count, first=2 + 16),
        "You gave the projection a bias. A normalisation follows it too: what would it do to one?",
    ),
    (partial(count, first=0), "The projection too is followed by a normalisation."),
    (
        partial(count, first=2 * 16),
        "You normalise the projection's numbers one by one. It is the channels of the first grid that are normalised.",
    ),
    (partial(count, last=False), "One layer has no normalisation after it. What does it have instead?"),
    (
        partial(count, projected=1),
        "The projection gives more than c numbers: how many pixels has the first grid?",
    ),
    (
        partial(count, taps=1),
        "A convolution has a weight for each place of its kernel: how many places are there?",
    ),
    (partial(count, taps=9), "You counted kernels of 3 × 3. Which size has the exercise?"),
    (partial(count, taps=4), "Stride 2 leaves 4 taps for each pixel, but how many weights has the kernel?"),
    (partial(count, doubled=1), "Your first grid is twice too wide. Which layer takes `width` channels in?"),
    (
        partial(count, doubled=-1),
        "Your first grid is half as wide as it should be. Which layer takes `width` in?",
    ),
    (partial(count, halve=False), "Your channels stay the same from layer to layer. They should halve."),
    (from_latent, "You took `width` for the first grid. It is the number of channels before the *last* layer."),
)


def check(rng, parameters):
    cases = [
        (size, int(rng.integers(5, 100)), 16 * int(rng.integers(1, 5)), int(rng.integers(1, 4)))
        for size in (64, 8, 16, 32)
    ]
    compare(parameters, right, cases, MISTAKES, rtol=1e-9)
