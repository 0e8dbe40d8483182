"""Penalties on the discriminator's gradient with respect to its input.

Each takes one norm a sample, then the mean over the batch. A norm taken over the whole batch grows with the batch and
is right for none. The weights (γ/2, λ) are the caller's.
"""

from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

Critic = Callable[[Tensor], Tensor]


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
    return tf.reduce_mean(_squared_norms(discriminator, real))


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
    return tf.reduce_mean(_squared_norms(discriminator, fake))


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
    return tf.reduce_mean(tf.square(tf.sqrt(_squared_norms(discriminator, between)) - 1))


def _squared_norms(discriminator: Critic, x: Tensor) -> Tensor:
    """‖∇ₓD(x)‖² of each sample, (n,). D judges each sample apart, so the sum's gradient holds each one's own."""
    x = tf.stop_gradient(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(discriminator(x))
    gradient = tape.gradient(total, x)
    return tf.reduce_sum(tf.square(tf.reshape(gradient, (x.shape[0], -1))), axis=1)


def check(real: Tensor, fake: Tensor, mix: Tensor) -> None:
    """Refuses pairs that do not match: they would broadcast in silence."""
    if tuple(real.shape) != tuple(fake.shape) or tuple(mix.shape) != (real.shape[0],):
        raise ValueError(
            f"wgan_gp got real {tuple(real.shape)}, fake {tuple(fake.shape)} and mix {tuple(mix.shape)}; expected real "
            f"and fake of one shape, and mix ({real.shape[0]},), one number from [0, 1] a pair."
        )
