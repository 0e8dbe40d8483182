"""One step of each optimiser, as the paper writes it down, and the methods behind the steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.reference.layers import Array, array, one_shape, vector

CONJUGATE = (  # the rules that `conjugate_beta` has a formula for
    *("fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan", "hager_zhang"),
    *("fletcher_reeves_polak_ribiere", "hestenes_stiefel_dai_yuan"),
)


def adam_step(
    weight: ArrayLike, gradient: ArrayLike, m: ArrayLike, v: ArrayLike, step: int,
    rate: float, beta1: float, beta2: float, epsilon: float, epsilon_placement: str,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """One step of Adam (Kingma & Ba 2015, algorithm 1).

        m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
        w ← w - rate · m̂ / (√v̂ + ε)               ε "after" the bias correction: algorithm 1, PyTorch
        w ← w - rate · m̂ / (√v̂ + ε / √(1 - β₂ᵗ))  ε "before" it: the end of section 2, Keras

    Steps t count from 1; m and v start as zeros. Returns weight, m and v.
    """
    arguments.whole("step", step, 1)  # at 0 the bias correction would divide by 0
    for name, value in (("rate", rate), ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon)):
        arguments.real(name, value)
    arguments.one_of("epsilon_placement", epsilon_placement, ("before", "after"))
    w, g, m, v = one_shape(weight=weight, gradient=gradient, m=m, v=v)
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    if epsilon_placement == "before":
        epsilon = epsilon / np.sqrt(1 - beta2**step)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def sgd_step(
    weight: ArrayLike, gradient: ArrayLike, velocity: ArrayLike, rate: float, momentum: float
) -> tuple[Array, Array]:
    """v ← momentum · v + g, w ← w - rate · v (the heavy ball, Polyak 1964). Returns weight and velocity v."""
    w, g, v = one_shape(weight=weight, gradient=gradient, velocity=velocity)
    v = arguments.real("momentum", momentum) * v + g
    return w - arguments.real("rate", rate) * v, v


def conjugate_beta(rule: str, gradient: ArrayLike, before: ArrayLike, direction: ArrayLike) -> float:
    """β of the conjugate direction d = -g + β d₀, from the gradients g and g₀ here and before, with y = g - g₀.

        fletcher_reeves   g·g / g₀·g₀     (1964)      hestenes_stiefel  g·y / d₀·y  (1952)
        polak_ribiere     g·y / g₀·g₀     (1969)      dai_yuan          g·g / d₀·y  (1999)
        hager_zhang       (y - 2 d₀ y·y / d₀·y)·g / d₀·y  (2005)
        fletcher_reeves_polak_ribiere, hestenes_stiefel_dai_yuan: the smaller of the two, and at least 0

    and 0 where a denominator is. On a quadratic with exact line searches all of them are the same number.

    >>> conjugate_beta("fletcher_reeves", [0.0, 1.0], before=[2.0, 0.0], direction=[-2.0, 0.0])
    0.25
    """
    arguments.one_of("rule", rule, CONJUGATE)
    g, before, d = one_shape(gradient=gradient, before=before, direction=direction)
    y = g - before

    def ratio(above: float, below: float) -> float:
        return float(above / below) if below else 0.0

    formulas = {
        "fletcher_reeves": ratio(np.vdot(g, g), np.vdot(before, before)),
        "polak_ribiere": ratio(np.vdot(g, y), np.vdot(before, before)),
        "hestenes_stiefel": ratio(np.vdot(g, y), np.vdot(d, y)),
        "dai_yuan": ratio(np.vdot(g, g), np.vdot(d, y)),
        "hager_zhang": ratio(np.vdot(g, y - 2 * d * ratio(np.vdot(y, y), np.vdot(d, y))), np.vdot(d, y)),
    }
    for one, other in (("fletcher_reeves", "polak_ribiere"), ("hestenes_stiefel", "dai_yuan")):
        formulas[f"{one}_{other}"] = max(0.0, min(formulas[one], formulas[other]))
    return formulas[rule]


def conjugate_step(
    weight: ArrayLike, gradient: ArrayLike, before: ArrayLike, direction: ArrayLike,
    rate: float, rule: str, bound: float,
) -> tuple[Array, Array]:  # fmt: skip
    """d ← -g + β d with β from `conjugate_beta` held in [0, bound], w ← w + rate · d (Naganuma & Iiduka 2023).

    The gradient before and the direction start as zeros, so the first step is steepest descent. Returns weight and d.
    """
    w, g, before, d = one_shape(weight=weight, gradient=gradient, before=before, direction=direction)
    beta = min(max(conjugate_beta(rule, g, before, d), 0.0), arguments.real("bound", bound, 0))
    d = beta * d - g
    return w + arguments.real("rate", rate) * d, d


def conjugate_gradient(
    matrix: ArrayLike, b: ArrayLike, start: ArrayLike | None = None, steps: int | None = None
) -> Array:
    """The conjugate gradient method on the quadratic ½ xᵀAx - bᵀx, A symmetric and positive definite: its path.

        α = r·r / d·Ad,  x ← x + αd,  r ← r - αAd,  d ← r + (r·r / the r·r before) d

    with the residual r = b - Ax, which is the negative gradient, and d = r at first (Hestenes & Stiefel 1952, Shewchuk
    1994). In exact arithmetic it ends at the minimum, A⁻¹b, after as many steps as A has different eigenvalues.

    A is (n, n), b and the start, zeros by default, (n,). Returns x before the first of the steps, n by default, and
    after each, (steps + 1, n); at the minimum it stays.

    >>> conjugate_gradient([[2.0, 0.0], [0.0, 8.0]], [2.0, 8.0])[-1]
    array([1., 1.])
    """
    a, b = array("matrix", matrix), array("b", b)
    if b.ndim != 1 or not len(b) or a.shape != (len(b), len(b)):
        raise ValueError(f"matrix must be (n, n) and b (n,), not {a.shape} and {b.shape}.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("matrix and b must hold finite numbers, and one holds NaN or infinity.")
    if not np.allclose(a, a.T):
        raise ValueError("matrix must be symmetric. For another one solve AᵀA x = Aᵀb.")
    path = [np.zeros_like(b) if start is None else vector("start", start, len(b))]
    r = b - a @ path[0]
    d = r
    for _ in range(len(b) if steps is None else arguments.whole("steps", steps, 0)):
        squared, curvature = r @ r, d @ a @ d
        if squared == 0:
            path.append(path[-1])
            continue
        if curvature <= 0:
            raise ValueError(f"matrix must be positive definite: along a direction d it has d·Ad = {curvature:.3g}.")
        alpha = squared / curvature
        path.append(path[-1] + alpha * d)
        r = r - alpha * a @ d
        d = r + (r @ r) / squared * d
    return np.array(path)


def competitive_step(
    f_x: ArrayLike, g_y: ArrayLike, f_xy: ArrayLike, g_yx: ArrayLike, rate: float
) -> tuple[Array, Array]:
    """One step (Δx, Δy) of competitive gradient descent (Schäfer & Anandkumar 2019, algorithm 1), written out.

        Δx = -η (I - η² D_xy f D_yx g)⁻¹ (∇_x f - η D_xy f ∇_y g)
        Δy = -η (I - η² D_yx g D_xy f)⁻¹ (∇_y g - η D_yx g ∇_x f)

    for the game in which x descends f and y descends g. It is the equilibrium of the local game with losses
    Δx·∇_x f + Δx·D_xy f Δy + ‖Δx‖²/2η and Δy·∇_y g + Δy·D_yx g Δx + ‖Δy‖²/2η.

    f_x and g_y are the gradients, (m,) and (n,), f_xy and g_yx the mixed derivatives, (m, n) and (n, m), and the rate
    is η. Where a matrix is singular, the local game has no single equilibrium: a ValueError. A zero-sum game, in which
    g_yx is -f_xyᵀ, always has one.

    >>> competitive_step([2.0], [-4.0], [[1.0]], [[-1.0]], rate=1.0)      # f = xy = -g at x = 4, y = 2
    (array([-3.]), array([1.]))
    """
    f_x, g_y, f_xy, g_yx = array("f_x", f_x), array("g_y", g_y), array("f_xy", f_xy), array("g_yx", g_yx)
    m, n, eta = f_x.size, g_y.size, arguments.real("rate", rate)
    shapes = [array.shape for array in (f_x, g_y, f_xy, g_yx)]
    if shapes != [(m,), (n,), (m, n), (n, m)]:
        raise ValueError(f"f_x, g_y, f_xy and g_yx must be (m,), (n,), (m, n) and (n, m), not {shapes}.")
    try:
        x = np.linalg.solve(np.eye(m) - eta**2 * f_xy @ g_yx, f_x - eta * f_xy @ g_y)
        y = np.linalg.solve(np.eye(n) - eta**2 * g_yx @ f_xy, g_y - eta * g_yx @ f_x)
    except np.linalg.LinAlgError:
        raise ValueError(f"With rate={eta} the local game has no single equilibrium. Use another rate.") from None
    return -eta * x, -eta * y


def moving_average(old: ArrayLike, new: ArrayLike, decay: float) -> Array:
    """decay · old + (1 - decay) · new: the moving average of G's weights (Yazıcı et al. 2019)."""
    decay, (old, new) = arguments.real("decay", decay, 0, 1), one_shape(old=old, new=new)
    return decay * old + (1 - decay) * new
