"""The losses of both players, on logits.

Each is a mean over the batch. The discriminator's is its real part plus its fake part, with no half. Written with
softplus(x) = log(1 + eˣ): -log σ(x) = softplus(-x) and -log(1 - σ(x)) = softplus(x), which never take the logarithm
of a rounded zero.

    >>> loss = losses.get("nonsaturating")
    >>> loss.discriminator(real_logits, fake_logits)
"""

import functools
from collections.abc import Callable

import tensorflow as tf
from tensorflow import Tensor

from ganlib import arguments, reference
from ganlib.runtime.tensors import Kind

mean, square, relu, softplus = tf.reduce_mean, tf.square, tf.nn.relu, tf.math.softplus

TENSORS = Kind("tf.Tensor", "tf.constant(array)", tf.is_tensor, lambda x: x.dtype.is_floating)


class Loss:
    """What both players minimise: two functions of D's logits of real and of fake samples, (n,) each, to a scalar.

    A class of one's own needs no more. `needs_real = False` spares the trainer the real logits for G's loss. Where a
    loss has labels, `real_label` below 1 smooths that of real samples.
    """

    needs_real = False
    discriminator: Callable[..., Tensor]
    generator: Callable[..., Tensor]


class Minimax(Loss):
    """The value function of Goodfellow et al. 2014, equation 1, on logits.

    D minimises -E log σ(D(x)) - E log(1 - σ(D(G(z)))); G minimises E log(1 - σ(D(G(z)))), flat where D wins.
    """

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor, real_label: float = 1.0) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        arguments.real("real_label", real_label, 0, 1)
        real = real_label * softplus(-real_logits) + (1 - real_label) * softplus(real_logits)
        return mean(real) + mean(softplus(fake_logits))

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return -mean(softplus(fake_logits))


class NonSaturating(Minimax):
    """D as in minimax; G minimises -E log σ(D(G(z))) (Goodfellow et al. 2014, section 3)."""

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return mean(softplus(-fake_logits))


class LeastSquares(Loss):
    """D minimises E(D(x) - 1)² + E D(G(z))², G minimises E(D(G(z)) - 1)².

    Mao et al. 2017, equation 9, with labels 0 and 1 and without its halves.
    """

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor, real_label: float = 1.0) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        arguments.real("real_label", real_label, 0, 1)
        return mean(square(real_logits - real_label)) + mean(square(fake_logits))

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return mean(square(fake_logits - 1))


class Wasserstein(Loss):
    """The critic minimises E D(G(z)) - E D(x), G minimises -E D(G(z)) (Arjovsky et al. 2017, equation 2).

    It estimates a distance only while the critic is held Lipschitz: with the penalty wgan_gp, or spectral norms.
    """

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return mean(fake_logits) - mean(real_logits)

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return -mean(fake_logits)


class Hinge(Wasserstein):
    """D minimises E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))), G minimises -E D(G(z)) (Lim & Ye 2017)."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits)
        return mean(relu(1 - real_logits)) + mean(relu(1 + fake_logits))


class Relativistic(Loss):
    """D minimises E softplus(-(D(x) - D(G(z)))), G the same with the two swapped, over pairs in batch order.

    Jolicoeur-Martineau 2019; the pairing loss of Huang et al. 2024 (R3GAN), equation 2.
    """

    needs_real = True

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits, paired=True)
        return mean(softplus(fake_logits - real_logits))

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        TENSORS.check_logits(real_logits, fake_logits, paired=True)
        return mean(softplus(real_logits - fake_logits))


LOSSES: dict[str, Loss] = {
    "minimax": Minimax(),
    "nonsaturating": NonSaturating(),
    "least_squares": LeastSquares(),
    "wasserstein": Wasserstein(),
    "hinge": Hinge(),
    "relativistic": Relativistic(),
}


class Smoothed(Loss):
    """A loss with one-sided label smoothing: the label of real samples is below 1 (Salimans et al. 2016)."""

    def __init__(self, loss: Loss, real_label: float) -> None:
        self.discriminator = functools.partial(loss.discriminator, real_label=real_label)
        self.generator, self.needs_real = loss.generator, loss.needs_real


def get(name: str, real_label: float = 1.0) -> Loss:
    """The loss of that name, such as "nonsaturating" or "hinge"; `LOSSES` has them all.

    A real_label below 1 smooths the label of real samples. A ValueError for another name, or a loss without labels.
    """
    if not isinstance(name, str) or name not in LOSSES:
        raise ValueError(f"There is no loss {name!r}. The losses: {', '.join(LOSSES)}.")
    if arguments.real("real_label", real_label, 0, 1) == 1:
        return LOSSES[name]
    if not reference.losses.get(name).smoothable:
        raise ValueError(f"The loss {name!r} has no label that could be smoothed. Use real_label=1.")
    return Smoothed(LOSSES[name], real_label)
