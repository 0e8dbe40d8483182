"""Two-player games small enough to solve: the Dirac-GAN, update rules, eigenvalues. Plain NumPy, float64.

A game is any function that takes both players' parameters (θ, ψ) and returns the velocities (v_θ, v_ψ) with which each
goes downhill on its own loss, as `DiracGAN` does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.reference import conjugate_beta, sigmoid
from ganlib.reference.optimisers import CONJUGATE

Array = np.ndarray
Game = Callable[..., ArrayLike]  # (θ, ψ) → (v_θ, v_ψ)

UPDATES = ("alternating", "simultaneous", "extragradient", "competitive")
PLAYERS = ("generator", "discriminator")
BOUND = 0.5  # of β, where momentum is one of the formulas for conjugate directions
POINT = "a pair of finite numbers (θ, ψ)"
# Gauss–Hermite quadrature: E[f(ε)] ≈ Σ weight · f(node) for ε from N(0, 1).
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(32)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

# From s = σ(ℓ) at a generated sample: the slopes by ℓ of L_G and of L_D's generated part, and the slopes of these.
# L_D's real part is its generated part at -ℓ, in each of these losses.
SLOPES: dict[str, Callable[[Array], tuple[Array, Array, Array, Array]]] = {
    "minimax": lambda s: (-s, s, -s * (1 - s), s * (1 - s)),
    "nonsaturating": lambda s: (s - 1, s, s * (1 - s), s * (1 - s)),
    "wasserstein": lambda s: (-np.ones_like(s), np.ones_like(s), np.zeros_like(s), np.zeros_like(s)),
}


@dataclass(frozen=True)
class DiracGAN:
    """The smallest GAN: all real samples are 0, all generated ones θ, and D's logit is ψx. Equilibrium at (0, 0).

    Called with θ and ψ, numbers or arrays of one shape, it gives (v_θ, v_ψ), -∂L_G/∂θ and -∂L_D/∂ψ.

    A ValueError for an unknown loss, or a weight that is negative or not finite.

    >>> ganlib.dynamics.DiracGAN("nonsaturating", r1=0.3)(1.0, 1.0)
    (0.268..., -1.031...)

    Source: Mescheder, Geiger and Nowozin, "Which training methods for GANs do actually converge?", 2018. Its D has the
    logit of "generated": ψ there is -ψ here.
    """

    loss: str = "minimax"  #: "minimax", "nonsaturating" (here the relativistic loss is the same) or "wasserstein"
    _: KW_ONLY
    r1: float = 0.0  #: γ of γ/2 · R₁ in L_D; R₁ = R₂ = ψ²
    wgan_gp: float = 0.0  #: λ of λ · (‖∇ₓℓ‖ - 1)² in L_D (Gulrajani et al. 2017). At ψ = 0 it has a kink
    noise: float = 0.0  #: standard deviation of Gaussian instance noise, in expectation, by quadrature
    consensus: float = 0.0  #: w of w · ½‖v‖² in both losses (Mescheder, Nowozin and Geiger 2017), v without it

    def __post_init__(self) -> None:
        arguments.one_of("loss", self.loss, tuple(SLOPES))
        for name in ("r1", "wgan_gp", "noise", "consensus"):
            arguments.real(name, getattr(self, name), 0)

    def __call__(self, theta: ArrayLike, psi: ArrayLike) -> tuple[Array, Array]:
        theta, psi = arguments.array("theta", theta).astype(float), arguments.array("psi", psi).astype(float)
        if theta.shape != psi.shape:
            raise ValueError(f"theta and psi must have one shape, not {theta.shape} and {psi.shape}.")
        velocity, jacobian = self._linearise(theta, psi)
        if self.consensus:  # the gradient of ½‖v‖² is Jᵀv
            velocity = velocity - self.consensus * np.einsum("ij...,i...->j...", jacobian, velocity)
        return velocity[0], velocity[1]

    def jacobian(self) -> Array:
        """The derivatives of the field at the equilibrium, exact. WGAN-GP's jumps there: a ValueError."""
        if self.wgan_gp:
            jumps = f"With wgan_gp={self.wgan_gp} the field jumps at ψ = 0 and has no Jacobian there"
            raise ValueError(f"{jumps}. Use wgan_gp=0, or dynamics.jacobian at another point.")
        _, jacobian = self._linearise(np.zeros(()), np.zeros(()))
        return jacobian - self.consensus * jacobian.T @ jacobian + 0.0  # no -0.0

    def _linearise(self, theta: Array, psi: Array) -> tuple[Array, Array]:
        """The field without consensus, (2, …), and its Jacobian, (2, 2, …)."""
        nodes, weights = (self.noise * NODES, WEIGHTS) if self.noise else (np.zeros(1), np.ones(1))
        fake, psi_ = theta[..., None] + nodes, psi[..., None]
        g, d, g_slope, d_slope = SLOPES[self.loss](sigmoid(psi_ * fake))
        _, r, _, r_slope = SLOPES[self.loss](sigmoid(-psi_ * nodes))  # of the real part, by -ℓ
        kink = 2 * self.wgan_gp * (np.abs(psi) - 1) * np.sign(psi)
        velocity = [-psi * (g @ weights), -((fake * d) @ weights) + ((nodes * r) @ weights) - self.r1 * psi - kink]
        by_psi = -((fake**2 * d_slope) @ weights) - ((nodes**2 * r_slope) @ weights) - self.r1 - 2 * self.wgan_gp
        jacobian = [
            [-(psi**2) * (g_slope @ weights), -(g @ weights) - psi * ((fake * g_slope) @ weights)],
            [-(d @ weights) - psi * ((fake * d_slope) @ weights), by_psi],
        ]
        return np.array(velocity), np.array(jacobian)


def simulate(
    game: Game,
    start: ArrayLike = (1.0, 1.0),
    rate: ArrayLike = 0.2,
    steps: int = 500,
    *,
    update: str = "alternating",
    momentum: ArrayLike | str = 0.0,
    d_steps: int = 1,
    first: str = "discriminator",
    clip: float | None = None,
) -> Array:
    """The path of both players, (steps + 1, 2): θ and ψ before the first step and after each; NaN once it diverged.

    Args:
        game: a function from θ and ψ to (v_θ, v_ψ).
        start: θ and ψ.
        rate: the step size h, or a pair: G's and D's.
        steps: of G.
        update: "alternating": in turns. "simultaneous": both at once. "extragradient": both by the velocity one
            simultaneous step ahead (Korpelevich 1976). "competitive": both to the equilibrium of the game made bilinear
            where they stand (Schäfer and Anandkumar 2019).
        momentum: β, or a pair: m ← βm + v, then a step of h·m; it may be negative (Gidel et al. 2019). Or a formula of
            `ganlib.reference.conjugate_beta`, which gives β at each step, from 0 to ½ (Naganuma and Iiduka 2023).
        d_steps: D's steps for each of G's; alternating only.
        first: who moves first in turns, "discriminator" or "generator".
        clip: ψ is clipped to [-clip, clip] after each step (Arjovsky, Chintala and Bottou 2017); None leaves it free.

    A ValueError for an argument out of its range, or a game that does not give two velocities.

    >>> np.hypot(*ganlib.dynamics.simulate(ganlib.dynamics.DiracGAN(), update="simultaneous")[-1])
    3.35...
    """
    steps = arguments.whole("steps", steps, 1)
    path, buffers = np.empty((steps + 1, 2)), np.zeros((2, 2))
    path[0] = arguments.pair("start", start, POINT)
    clip = None if clip is None else arguments.real("clip", clip, 0)
    slopes = functools.partial(_differences, _checked(game, path[0]))
    step = _update(game, slopes, rate, update, momentum, d_steps, first, clip)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for i in range(steps):
            path[i + 1], buffers = step(path[i], buffers)
    return path


def jacobian(game: Game, at: ArrayLike = (0.0, 0.0)) -> Array:
    """The derivatives of a game's field at a point where it is smooth, by central differences.

    They are (2, 2), v_θ in the first row, θ in the first column. What it refuses is what `simulate` refuses.

    >>> ganlib.dynamics.jacobian(lambda theta, psi: (psi, -theta))
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    at = arguments.pair("at", at, POINT)
    return _differences(_checked(game, at), at)


def _differences(game: Game, at: Array) -> Array:
    h = 1e-5 * max(1.0, np.abs(at).max())  # far out numbers are coarser
    columns = [(np.array(game(*(at + e))) - np.array(game(*(at - e)))) / (2 * h) for e in h * np.eye(2)]
    return np.array(columns).T


def eigenvalues(matrix: ArrayLike) -> Array:
    """The eigenvalues of a square matrix of numbers, complex; of a 2 × 2 matrix exact even where both are equal."""
    m = _square("matrix", matrix)
    if len(m) != 2:
        return np.linalg.eigvals(m).astype(complex)
    middle, half = (m[0, 0] + m[1, 1]) / 2, (m[0, 0] - m[1, 1]) / 2
    root = np.sqrt(complex(half**2 + m[0, 1] * m[1, 0]))
    return np.array([middle + root, middle - root])


def contraction(
    jacobian: ArrayLike,
    rate: ArrayLike = 0.2,
    *,
    update: str = "alternating",
    momentum: ArrayLike = 0.0,
    d_steps: int = 1,
) -> float:
    """The factor by which one update multiplies the distance to the equilibrium in the long run; below 1 it converges.

    It is the largest modulus of the eigenvalues of the matrix that takes a small deviation to the next one, max |1 +
    hλ| for simultaneous updates with λ the Jacobian's. The other arguments are those of `simulate`; momentum is a
    number.

    >>> ganlib.dynamics.contraction(ganlib.dynamics.DiracGAN().jacobian(), 0.2, update="simultaneous")
    1.0049...
    """
    return float(np.abs(eigenvalues(_update_matrix(jacobian, rate, update, momentum, d_steps))).max())


def _update_matrix(jacobian: ArrayLike, rate: ArrayLike, update: str, momentum: ArrayLike, d_steps: int) -> Array:
    """The matrix by which one update multiplies (θ, ψ), with momentum (θ, ψ, m_θ, m_ψ), near an equilibrium."""
    j, size = _square("jacobian", jacobian, 2), 4 if np.any(_both("momentum", momentum)) else 2
    step = _update(lambda theta, psi: j @ (theta, psi), lambda _: j, rate, update, momentum, d_steps)
    columns = []
    for unit in np.eye(4)[:size]:
        x, buffers = step(unit[:2], np.array([unit[2:], np.zeros(2)]))
        columns.append([*x, *buffers[0]][:size])
    return np.array(columns).T


def _update(
    game: Game,
    slopes: Callable[[Array], Array],
    rate: ArrayLike,
    update: str,
    momentum: ArrayLike | str,
    d_steps: int,
    first: str = "discriminator",
    clip: float | None = None,
) -> Callable[[Array, Array], tuple[Array, Array]]:
    """One step of G and those of D, as a function from parameters (2,) and buffers (2, 2) to the next ones.

    The buffers are momentum and last velocities; `slopes` gives the Jacobian at a point.
    """
    rates = _both("rate", rate)
    if isinstance(momentum, str):  # a formula
        betas: Array | str = arguments.one_of("momentum", momentum, CONJUGATE)
    else:
        betas = _both("momentum", momentum)
    if (rates < 0).any():
        raise ValueError(f"rate must be at least 0 for both players, not {rates.tolist()}.")
    d_steps = arguments.whole("d_steps", d_steps, 1)
    arguments.one_of("update", update, UPDATES)
    arguments.one_of("first", first, PLAYERS)
    if d_steps > 1 and update != "alternating":
        raise ValueError(f'd_steps={d_steps} needs update="alternating", not {update!r}, in which both move at once.')
    generator, discriminator = np.eye(2)  # 1 for who moves, 0 for who waits
    turns = [*[discriminator] * d_steps, generator]
    if update != "alternating":
        turns = [generator + discriminator]
    elif first == "generator":
        turns = turns[::-1]
    bounds = np.array([np.inf, np.inf if clip is None else clip])  # of θ and ψ

    def velocity(x: Array) -> Array:
        v = np.array(game(*x))
        if update == "extragradient":
            v = np.array(game(*np.clip(x + rates * v, -bounds, bounds)))
        if update == "competitive":  # each player's velocity w where the other's step ends: w_θ = v_θ + k_θ h_ψ w_ψ …
            j = slopes(x)
            answers = np.array([j[0, 1] * rates[1], j[1, 0] * rates[0]])
            v = (v + answers * v[::-1]) / (1 - answers.prod())
        return v

    def weights(moves: Array, v: Array, m: Array, before: Array) -> Array:
        if not isinstance(betas, str):
            return betas
        found = [conjugate_beta(betas, -v[i], -before[i], m[i]) if moves[i] else 0 for i in (0, 1)]
        return np.clip(found, 0, BOUND)

    def step(x: Array, buffers: Array) -> tuple[Array, Array]:
        m, before = buffers
        for moves in turns:
            v = velocity(x)
            m, before = np.where(moves, weights(moves, v, m, before) * m + v, m), np.where(moves, v, before)
            x = np.clip(np.where(moves, x + rates * m, x), -bounds, bounds)
        return x, np.array([m, before])

    return step


def _both(name: str, values: ArrayLike) -> Array:
    if isinstance(values, Real):
        return np.full(2, arguments.real(name, values))
    return arguments.pair(name, values, "a finite number, or a pair of them: G's and D's")


def _square(name: str, values: ArrayLike, size: int | None = None) -> Array:
    matrix = arguments.array(name, values).astype(float)
    wanted = "a square matrix" if size is None else f"a matrix ({size}, {size})"
    if matrix.ndim != 2 or not len(matrix) or matrix.shape != (size or len(matrix),) * 2:
        raise ValueError(f"{name} must be {wanted}, not an array of shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must hold finite numbers, and holds NaN or infinity.")
    return matrix


def _checked(game: Game, at: Array) -> Game:
    """The game, once it has given two velocities."""
    if not callable(game):
        raise TypeError(f"game must be a function from θ and ψ to two velocities, not {arguments.describe(game)}.")
    if np.shape(velocities := game(*at)) != (2,):
        raise ValueError(f"game must give two numbers (v_θ, v_ψ) for (θ, ψ), not {arguments.describe(velocities)}.")
    return game
