"""Penalties on the discriminator's gradient with respect to its input.

Each takes one norm a sample, then the mean over the batch; a norm over the whole batch would grow with it. The weights
(γ/2, λ) are the caller's. The discriminator is any callable from a batch to logits (n,), samples are (n, …) in the
framework's layout, and what comes back is a scalar that can be differentiated in the discriminator's weights.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganlib.torch.losses import TENSORS

Critic = Callable[[Tensor], Tensor]
Penalty = Callable[..., Tensor]  # of a discriminator, real and fake samples, and mix
NO_GRADIENT = (
    "The discriminator's logits do not depend on its input, or nothing recorded how: there is no gradient to penalise. "
    "Give one that computes them from its input with the framework's own operations."
)


def r1(discriminator: Critic, real: Tensor) -> Tensor:
    """R1 = E‖∇ₓD(x)‖² on real samples, with no half (Mescheder et al. 2018, equation 9, which has γ/2 before it).

    >>> loss = d_loss + gamma / 2 * r1(discriminator, real)
    """
    TENSORS.check_samples("real", real)
    return squared_norms(discriminator, real).mean()


def r2(discriminator: Critic, fake: Tensor) -> Tensor:
    """R2 = E‖∇ₓD(x)‖² on generated samples, with no half (Mescheder et al. 2018, section 4.1).

    No gradient goes back into the generator.

    >>> loss = d_loss + gamma / 2 * r2(discriminator, fake)
    """
    TENSORS.check_samples("fake", fake)
    return squared_norms(discriminator, fake).mean()


def wgan_gp(discriminator: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E(‖∇D(x̂)‖ - 1)² at x̂ = mix·real + (1 - mix)·fake (Gulrajani et al. 2017, equation 3).

    There are as many generated samples as real ones, and mix (n,) has a uniform number from [0, 1] for each pair.

    >>> loss = d_loss + 10 * wgan_gp(critic, real, fake, mix)
    """
    TENSORS.check_pairs(real, fake, mix)
    mix = mix.reshape(-1, *[1] * (real.ndim - 1))
    between = mix * real + (1 - mix) * fake
    return (squared_norms(discriminator, between).sqrt() - 1).square().mean()


def get(name: str) -> Penalty | None:
    """The penalty of that name as a game takes it: (discriminator, real, fake, mix) → what γ or λ multiplies.

    The names are "r1", "r2", "r1+r2" (each with the half of γ/2) and "wgan_gp"; for "none" it is None, and for
    "consensus", which is on both players and stands in `updates.consensus`. A ValueError for any other name.
    """
    if name in ("none", "consensus"):
        return None
    if not isinstance(name, str) or name not in PENALTIES:
        raise ValueError(f"There is no penalty {name!r}. The penalties: {', '.join(PENALTIES)}.")
    return PENALTIES[name]


def squared_norms(discriminator: Critic, x: Tensor) -> Tensor:
    """‖∇ₓD(x)‖² of each sample, (n,). D judges each sample apart, so the sum's gradient holds each one's own."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        total = TENSORS.judge(discriminator, x).sum()
        gradient = None
        if total.requires_grad:
            (gradient,) = torch.autograd.grad(total, x, create_graph=True, allow_unused=True)
    if gradient is None:
        raise ValueError(NO_GRADIENT)
    return gradient.square().flatten(1).sum(dim=1)


PENALTIES: dict[str, Penalty] = {
    "r1": lambda discriminator, real, fake, mix: 0.5 * r1(discriminator, real),
    "r2": lambda discriminator, real, fake, mix: 0.5 * r2(discriminator, fake),
    "r1+r2": lambda discriminator, real, fake, mix: 0.5 * (r1(discriminator, real) + r2(discriminator, fake)),
    "wgan_gp": wgan_gp,
}
