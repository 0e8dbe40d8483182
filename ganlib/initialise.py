"""Everything that is drawn from a seed: initial weights, the order of the data, and each step's random numbers.

All of it comes from NumPy generators, so that both frameworks are fed the same numbers. Only a mask of dropout is drawn
by them, from the seed that `draw` gives.
"""

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganlib import architectures, arguments
from ganlib.layers import Layer, Shape, weight_shapes
from ganlib.recipe import Recipe

# One stream for each use, so that a change in how often one is drawn from leaves the others as they were.
STREAMS = ("generator_weights", "discriminator_weights", "batches", "latents", "mix", "instance_noise", "dropout")


def streams(seed: int) -> dict[str, np.random.Generator]:
    """One independent NumPy generator for each name in STREAMS, all from one seed."""
    children = np.random.SeedSequence(arguments.whole("seed", seed, 0)).spawn(len(STREAMS))
    return {name: np.random.Generator(np.random.PCG64(child)) for name, child in zip(STREAMS, children, strict=True)}


def generator_weights(recipe: Recipe, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The generator's `initial_weights`."""
    return initial_weights(architectures.generator_layers(recipe), (recipe.latent,), recipe, rng)


def discriminator_weights(recipe: Recipe, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The discriminator's `initial_weights`."""
    shape = architectures.discriminator_input(recipe)
    return initial_weights(architectures.discriminator_layers(recipe), shape, recipe, rng)


def initial_weights(
    layers: list[Layer], input_shape: Shape, recipe: Recipe, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Initial weights, float64, by names such as "conv3.kernel".

    Layouts: dense kernel (in, out); convolution (k, k, in, out); transposed convolution (k, k, out, in), the layout
    of the convolution that it transposes; biases, scale, shift, mean and variance (channels,); u (out,), the running
    left singular vector of spectral normalisation.

    `recipe.weight_init` is "normal": N(0, weight_std) (Radford et al. 2016), "glorot_uniform":
    U(±√(6 / (fan_in + fan_out))) (Glorot & Bengio 2010), or "kaiming_uniform": U(±1/√fan_in), biases too, which is
    what PyTorch's default, a = √5, comes to. Biases are else zero.
    """
    weights: dict[str, np.ndarray] = {}
    limit = 0.0  # of the last kernel's uniform distribution: a bias follows its kernel
    for name, shape in weight_shapes(layers, input_shape).items():
        part = name.rpartition(".")[2]
        if part == "kernel":
            *area, rows, columns = shape
            if recipe.weight_init == "normal":
                weights[name] = rng.normal(0.0, recipe.weight_std, shape)
                continue
            # The fan-in is read where PyTorch reads it. Of a transposed convolution that is its outputs' axis.
            fan_in, fan_out = math.prod(area) * rows, math.prod(area) * columns
            glorot = recipe.weight_init == "glorot_uniform"
            limit = math.sqrt(6 / (fan_in + fan_out)) if glorot else 1 / math.sqrt(fan_in)
            weights[name] = rng.uniform(-limit, limit, shape)
        elif part == "bias" and recipe.weight_init == "kaiming_uniform":
            weights[name] = rng.uniform(-limit, limit, shape)
        elif part == "scale":
            weights[name] = rng.normal(recipe.scale_mean, recipe.scale_std, shape)
        elif part == "u":
            u = rng.normal(size=shape)
            weights[name] = u / np.linalg.norm(u)
        else:
            weights[name] = np.ones(shape) if part == "variance" else np.zeros(shape)
    return weights


def draw(recipe: Recipe, streams: Mapping[str, np.random.Generator], step: int) -> dict[str, np.ndarray]:
    """Every random number of one step after `step` others, and what depends on how far the run is.

    "latents" (turns of D, and one more where G's are fresh, batch, latent), "dropout" (1,), a seed, and "progress", the
    share of the run that is over. Where the recipe needs them: "labels", as many as latents, where they do not come
    with the data; "mix" of WGAN-GP (turns, batch / pack); "instance_noise" (turns + 1, 2, batch, *shape), on D's real
    and fake inputs at its turns and at G's; "penalty_weight", on the steps that penalise. The streams move on.
    """
    turns, batch = recipe.discriminator_steps, recipe.batch_size
    draws = {
        "latents": streams["latents"].standard_normal((turns + recipe.fresh_noise, batch, recipe.latent)),
        "dropout": streams["dropout"].integers(2**31, size=1),
        "progress": np.array(min(1.0, step / recipe.steps)),  # for what changes along the run
    }
    if recipe.discriminator_labels == "information":
        draws["labels"] = streams["latents"].integers(recipe.classes, size=draws["latents"].shape[:2])
    if recipe.penalty == "wgan_gp":
        draws["mix"] = streams["mix"].uniform(size=(turns, batch // recipe.pack))
    if recipe.instance_noise:
        left = max(0.0, 1 - step / recipe.instance_noise_steps) if recipe.instance_noise_steps else 1.0
        noise = streams["instance_noise"].standard_normal((turns + 1, 2, batch, *recipe.shape))
        draws["instance_noise"] = recipe.instance_noise * left * noise
    if recipe.penalty != "none" and step % recipe.penalty_every == 0:
        draws["penalty_weight"] = penalty_weight(recipe, step)
    return draws


def penalty_weight(recipe: Recipe, step: int) -> np.ndarray:
    """γ or λ, a scalar array, at a step that penalises: as far as it has fallen, for the steps to the next such one."""
    progress = min(1.0, step / recipe.steps)
    return np.array(recipe.penalty_every * (recipe.penalty_weight * recipe.penalty_end**progress))


class Batches:
    """Which samples go into which batch: a fresh shuffle each epoch, the incomplete batch at its end left out."""

    def __init__(self, rng: np.random.Generator, batch_size: int) -> None:
        self.rng, self.batch_size = rng, batch_size
        self.order: np.ndarray = np.empty(0, dtype=np.int64)
        self.position = 0
        # What `restore` was given, until `next` is told of how many samples: no file decides how many are allocated.
        self.restored: dict[str, Any] | None = None

    def next(self, samples: int) -> np.ndarray:
        """The indices, (batch_size,) int64, of the next batch out of `samples` samples."""
        state, self.restored = self.restored, None
        if state is not None and state["samples"] == samples:  # else it is of other data: shuffle anew
            self.rng.bit_generator.state = state["rng"]
            self._shuffle(samples)
            self.position = state["position"]
        if len(self.order) != samples or self.position + self.batch_size > samples:
            self._shuffle(samples)
        self.position += self.batch_size
        return self.order[self.position - self.batch_size : self.position]

    def _shuffle(self, samples: int) -> None:
        self.before_shuffle = self.rng.bit_generator.state
        self.order, self.position = self.rng.permutation(samples), 0

    def state(self) -> dict[str, Any]:
        """What `restore` needs: the generator's state before and after the last shuffle, and how far it was used."""
        if self.restored is not None:
            return self.restored
        now = self.rng.bit_generator.state
        before = self.before_shuffle if len(self.order) else now
        return {"rng": before, "next_rng": now, "samples": len(self.order), "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues exactly where `state` was taken. Raises KeyError, TypeError or ValueError for no such state."""
        samples, position = operator.index(state["samples"]), operator.index(state["position"])
        if not 0 <= position <= samples:
            raise ValueError(f"position {position} in an order of {samples} samples.")
        for rng in (state["rng"], state["next_rng"]):  # the second stays: it is where data of another length go on
            self.rng.bit_generator.state = rng
        self.order, self.position, self.restored = np.empty(0, dtype=np.int64), 0, dict(state)
