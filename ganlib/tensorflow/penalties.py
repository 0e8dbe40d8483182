"""Penalties on the discriminator's gradient with respect to its input.

Each takes one norm a sample, then the mean over the batch. A norm taken over the whole batch grows with the batch and
is right for none. The weights (γ/2, λ) are the caller's.
"""

from collections.abc import Callable
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from ganlib.arguments import describe

Critic = Callable[[Tensor], Tensor]
Penalty = Callable[..., Tensor]  # of a discriminator, real and fake samples, and mix
NO_GRADIENT = (
    "The discriminator's logits do not depend on its input, or nothing recorded how: there is no gradient to penalise. "
    "Give one that computes them from its input with the framework's own operations."
)


def r1(discriminator: Critic, real: Tensor) -> Tensor:
    """R1 = E‖∇ₓD(x)‖² on real samples, with no half (Mescheder et al. 2018, equation 9, which has γ/2 before it).

    Args:
        discriminator: any callable from a batch to logits (n,).
        real: real samples (n, …), in the framework's layout.

    Returns:
        A scalar that can be differentiated with respect to the discriminator's weights.

    Example:
        >>> loss = d_loss + gamma / 2 * r1(discriminator, real)
    """
    check_samples("real", real)
    return tf.reduce_mean(squared_norms(discriminator, real))


def r2(discriminator: Critic, fake: Tensor) -> Tensor:
    """R2 = E‖∇ₓD(x)‖² on generated samples, with no half (Mescheder et al. 2018, section 4.1).

    Args:
        discriminator: any callable from a batch to logits (n,).
        fake: generated samples (n, …), in the framework's layout; no gradient goes back into the generator.

    Returns:
        A scalar that can be differentiated with respect to the discriminator's weights.

    Example:
        >>> loss = d_loss + gamma / 2 * r2(discriminator, fake)
    """
    check_samples("fake", fake)
    return tf.reduce_mean(squared_norms(discriminator, fake))


def wgan_gp(discriminator: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E(‖∇D(x̂)‖ - 1)² at x̂ = mix·real + (1 - mix)·fake (Gulrajani et al. 2017, equation 3).

    Args:
        discriminator: any callable from a batch to critic values (n,).
        real: real samples (n, …), in the framework's layout.
        fake: as many generated samples.
        mix: (n,), one uniform number from [0, 1] for each pair.

    Returns:
        A scalar that can be differentiated with respect to the critic's weights.

    Example:
        >>> loss = d_loss + 10 * wgan_gp(critic, real, fake, mix)
    """
    check(real, fake, mix)
    mix = tf.reshape(mix, (-1, *[1] * (len(real.shape) - 1)))
    between = mix * real + (1 - mix) * fake
    return tf.reduce_mean(tf.square(tf.sqrt(squared_norms(discriminator, between)) - 1))


def get(name: str) -> Penalty | None:
    """The penalty of that name as a game takes it: (discriminator, real, fake, mix) → what γ or λ multiplies.

    Args:
        name: "r1", "r2", "r1+r2" (each with the half of γ/2) or "wgan_gp"; None for "none" and for "consensus", which
            is on both players and stands in `updates.consensus`.

    Raises:
        ValueError: there is no penalty of that name.
    """
    if name in ("none", "consensus"):
        return None
    if not isinstance(name, str) or name not in PENALTIES:
        raise ValueError(f"There is no penalty {name!r}. The penalties: {', '.join(PENALTIES)}.")
    # Keras has to be told with each call that a network is trained.
    return lambda discriminator, *samples: PENALTIES[name](partial(discriminator, training=True), *samples)


def squared_norms(discriminator: Critic, x: Tensor) -> Tensor:
    """‖∇ₓD(x)‖² of each sample, (n,). D judges each sample apart, so the sum's gradient holds each one's own."""
    x = tf.stop_gradient(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(judge(discriminator, x))
    gradient = tape.gradient(total, x)
    if gradient is None:
        raise ValueError(NO_GRADIENT)
    return tf.reduce_sum(tf.square(tf.reshape(gradient, (x.shape[0], -1))), axis=1)


def judge(discriminator: Critic, x: Tensor) -> Tensor:
    """The logits (n,) of the batch, or an error that says what came instead."""
    if not callable(discriminator):
        raise TypeError(f"discriminator must be callable, from a batch to logits (n,), not {describe(discriminator)}.")
    logits = discriminator(x)
    if not tf.is_tensor(logits):
        raise TypeError(f"The discriminator must give a tf.Tensor of logits (n,), not {describe(logits)}.")
    if tuple(logits.shape) != (x.shape[0],):
        raise ValueError(
            f"The discriminator gave {tuple(logits.shape)} for {x.shape[0]} samples; expected ({x.shape[0]},), one "
            "logit a sample. If it gives (n, 1), drop that axis."
        )
    return logits


def check_samples(what: str, samples: Tensor, axes: int = 2) -> None:
    """Refuses what is no batch of samples (n, …), with at least so many axes."""
    if not tf.is_tensor(samples) or not samples.dtype.is_floating:
        raise TypeError(
            f"{what} must be a tf.Tensor of floating-point numbers (n, …), not {describe(samples)}. "
            "tf.constant(array) makes one of an array."
        )
    if len(samples.shape) < axes or 0 in samples.shape:
        raise ValueError(
            f"{what} has shape {tuple(samples.shape)}; expected (n, …), {axes} axes or more and none of them empty."
        )


def check(real: Tensor, fake: Tensor, mix: Tensor) -> None:
    """Refuses pairs that do not match: they would broadcast in silence."""
    check_samples("real", real)
    check_samples("fake", fake)
    check_samples("mix", mix, axes=1)
    if tuple(real.shape) != tuple(fake.shape) or tuple(mix.shape) != (real.shape[0],):
        raise ValueError(
            f"wgan_gp got real {tuple(real.shape)}, fake {tuple(fake.shape)} and mix {tuple(mix.shape)}; expected real "
            f"and fake of one shape, and mix ({real.shape[0]},), one number from [0, 1] a pair."
        )


PENALTIES: dict[str, Penalty] = {
    "r1": lambda discriminator, real, fake, mix: 0.5 * r1(discriminator, real),
    "r2": lambda discriminator, real, fake, mix: 0.5 * r2(discriminator, fake),
    "r1+r2": lambda discriminator, real, fake, mix: 0.5 * (r1(discriminator, real) + r2(discriminator, fake)),
    "wgan_gp": wgan_gp,
}
