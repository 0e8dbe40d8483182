"""Penalties on ∇ₓD(x), an array of x's shape (n, …): one norm a sample, never one over the whole batch.

They carry no weight; the trainer multiplies R1 and R2 by γ/2, WGAN-GP by λ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ganlib.reference.layers import Array, array, one_shape, vector


def r1(gradient: ArrayLike) -> float:
    """E‖∇ₓD(x)‖² at real x (Mescheder et al. 2018, equation 9, without its γ/2)."""
    return float(np.mean(_squared_norms(gradient)))


def r2(gradient: ArrayLike) -> float:
    """E‖∇ₓD(x)‖² at fake x (Mescheder et al. 2018, section 4.1, without its γ/2)."""
    return r1(gradient)


def wgan_gp(gradient: ArrayLike) -> float:
    """E(‖∇ₓD(x)‖ - 1)² at x from `interpolate` (Gulrajani et al. 2017, equation 3, without its λ)."""
    return float(np.mean((np.sqrt(_squared_norms(gradient)) - 1) ** 2))


def interpolate(real: ArrayLike, fake: ArrayLike, mix: ArrayLike) -> Array:
    """mix · real + (1 - mix) · fake, with mix (n,) (Gulrajani et al. 2017, algorithm 1)."""
    real, fake = one_shape(real=real, fake=fake)
    if real.ndim == 0 or not real.size:
        raise ValueError(f"real and fake must have one shape (n, …), each at least 1, not {real.shape}.")
    share = vector("mix", mix, len(real)).reshape(-1, *[1] * (real.ndim - 1))
    return share * real + (1 - share) * fake


def _squared_norms(gradient: ArrayLike) -> Array:
    g = array("gradient", gradient)
    if g.ndim < 2 or not g.size:
        raise ValueError(f"gradient must be ∇ₓD(x), (n, …) like x, not {g.shape}. Make (n,) to (n, 1).")
    return np.sum(g.reshape(len(g), -1) ** 2, axis=1)
