"""The losses, by name: `losses.hinge`, or `losses.get("hinge")`. Each says what both players minimise, and its slopes.

>>> round(minimax.discriminator([0.0], [0.0]), 3)  # log 4, where D tells nothing apart
1.386
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.reference.layers import Array, array, sigmoid, softplus

Terms = tuple[float, Array, Array]


class Loss:
    """What the two players minimise, on logits r (real) and f (fake), each (n,), as means over the batch.

    D's loss is its real part plus its fake part, with no half. A gradient is a pair, the derivatives by r and by f; at
    the kinks of the hinge it is 0. `real_label` is t, below 1 for label smoothing (Salimans et al. 2016, section 3.4).
    """

    smoothable = False  # whether it has labels, so that `real_label` may be below 1
    needs_real = False  # whether G's loss depends on the real logits
    even: tuple[float, float] | None = None  # D's loss and G's when D can only guess; None where there is no such level

    def discriminator(self, real_logits: ArrayLike, fake_logits: ArrayLike, real_label: float = 1.0) -> float:
        """D's loss."""
        return float(self._d(*self._logits(real_logits, fake_logits, real_label), real_label)[0])

    def generator(self, real_logits: ArrayLike, fake_logits: ArrayLike) -> float:
        """G's loss."""
        return float(self._g(*self._logits(real_logits, fake_logits))[0])

    def discriminator_gradient(
        self, real_logits: ArrayLike, fake_logits: ArrayLike, real_label: float = 1.0
    ) -> tuple[Array, Array]:
        """The derivatives of D's loss by the real and by the fake logits, (n,) each."""
        _, by_r, by_f = self._d(*self._logits(real_logits, fake_logits, real_label), real_label)
        return by_r / by_r.size, by_f / by_f.size

    def generator_gradient(self, real_logits: ArrayLike, fake_logits: ArrayLike) -> tuple[Array, Array]:
        """The derivatives of G's loss by the real and by the fake logits, (n,) each."""
        _, by_r, by_f = self._g(*self._logits(real_logits, fake_logits))
        return by_r / by_r.size, by_f / by_f.size

    def slope(self, g_loss: float) -> float:
        """An upper bound on the mean slope of G's loss in D's fake logits, from the value of G's loss alone."""
        return abs(g_loss)  # of a loss made of softplus, which bounds its derivative: σ(x) ≤ softplus(x)

    def _logits(self, real: ArrayLike, fake: ArrayLike, real_label: float = 1.0) -> tuple[Array, Array]:
        r, f = array("real_logits", real), array("fake_logits", fake)
        for name, logits in (("real_logits", r), ("fake_logits", f)):
            if logits.ndim != 1 or logits.size == 0:
                raise ValueError(f"{name} must be (n,), not {logits.shape}. Of an (n, 1), take {name}[:, 0].")
        arguments.real("real_label", real_label)
        if not (0 <= real_label <= 1 if self.smoothable else real_label == 1):
            allowed = "from 0 to 1" if self.smoothable else "1, since this loss has no label to smooth"
            raise ValueError(f"real_label must be {allowed}, not {real_label}.")
        if self.needs_real and r.size != f.size:
            raise ValueError(f"This loss pairs logits: give as many real as fake, not {r.size} and {f.size}.")
        return r, f

    # A loss is these two: the value, and by each r and f the derivative before the mean's 1/n.
    _d: Callable[[Array, Array, float], Terms]
    _g: Callable[[Array, Array], Terms]


class Minimax(Loss):
    """The zero-sum game (Goodfellow et al. 2014, equation 1); p = sigmoid(logit) is the chance of "real".

    D: E[-t log p(r) - (1 - t) log(1 - p(r))] + E[-log(1 - p(f))];  G: E[log(1 - p(f))].
    """

    smoothable = True
    even = (2 * math.log(2), -math.log(2))

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        loss = np.mean(t * softplus(-r) + (1 - t) * softplus(r)) + np.mean(softplus(f))
        return loss, (1 - t) * sigmoid(r) - t * sigmoid(-r), sigmoid(f)

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(-softplus(f)), np.zeros_like(r), -sigmoid(f)


class NonSaturating(Minimax):
    """D as in `Minimax`;  G: E[-log p(f)], steep where D rejects f (Goodfellow et al. 2014, section 3)."""

    even = (2 * math.log(2), math.log(2))

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(softplus(-f)), np.zeros_like(r), -sigmoid(-f)


class LeastSquares(Loss):
    """D: E[(r - t)²] + E[f²];  G: E[(f - 1)²] (Mao et al. 2017, equation 9, without its factors ½)."""

    smoothable = True
    even = (0.5, 0.25)

    def slope(self, g_loss: float) -> float:
        """Its slope is 2|f - 1|, whose mean is at most twice the root of the mean square."""
        return 2 * math.sqrt(max(g_loss, 0.0))

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean((r - t) ** 2) + np.mean(f**2), 2 * (r - t), 2 * f

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean((f - 1) ** 2), np.zeros_like(r), 2 * (f - 1)


class Wasserstein(Loss):
    """D: E[f] - E[r];  G: -E[f] (Arjovsky et al. 2017, algorithm 1). Something must keep D Lipschitz."""

    def slope(self, g_loss: float) -> float:
        """Its slope is 1 everywhere."""
        return 1.0

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean(f) - np.mean(r), -np.ones_like(r), np.ones_like(f)

    def _g(self, r: Array, f: Array) -> Terms:
        return -np.mean(f), np.zeros_like(r), -np.ones_like(f)


class Hinge(Wasserstein):
    """D: E[max(0, 1 - r)] + E[max(0, 1 + f)];  G: -E[f] (Lim & Ye 2017)."""

    even = (2.0, 0.0)

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        loss = np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + f))
        return loss, np.where(r < 1, -1.0, 0.0), np.where(f > -1, 1.0, 0.0)


class Relativistic(Loss):
    """D: E[softplus(-(r - f))];  G: E[softplus(-(f - r))], real and fake paired by position.

    RpGAN (Jolicoeur-Martineau 2019), also R3GAN's loss (Huang et al. 2024): D learns which of a pair is real.
    """

    needs_real = True
    even = (math.log(2), math.log(2))

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean(softplus(f - r)), -sigmoid(f - r), sigmoid(f - r)

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(softplus(r - f)), sigmoid(r - f), -sigmoid(r - f)


minimax = Minimax()
nonsaturating = NonSaturating()
least_squares = LeastSquares()
wasserstein = Wasserstein()
hinge = Hinge()
relativistic = Relativistic()

_LOSSES = {name: loss for name, loss in globals().items() if isinstance(loss, Loss)}


def names() -> tuple[str, ...]:
    """The names that `get` knows."""
    return tuple(_LOSSES)


def get(name: str) -> Loss:
    """The loss of that name, or a ValueError that lists the names."""
    if not isinstance(name, str) or name not in _LOSSES:
        raise ValueError(f"There is no loss {name!r}. The losses: {', '.join(_LOSSES)}.")
    return _LOSSES[name]
