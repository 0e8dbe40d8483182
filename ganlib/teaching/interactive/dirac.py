"""The phase portrait of the Dirac-GAN, the smallest game of a generator and a discriminator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganlib import arguments
from ganlib.runtime.pictures import COLOURS
from ganlib.teaching import dynamics
from ganlib.teaching.interactive.element import Interactive, interactive

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Of each method its name, its loss, and which number of the game the slider sets, called what.
METHODS: dict[str, dict[str, str]] = {
    "gan": {"label": "Minimax GAN", "loss": "minimax"},
    "nsgan": {"label": "Non-saturating", "loss": "nonsaturating"},
    "wgan": {"label": "WGAN", "loss": "wasserstein"},
    "wgan_clip": {"label": "WGAN, clipped", "loss": "wasserstein", "field": "clip", "knob": "Clip", "symbol": "c"},
    "wgan_gp": {"label": "WGAN-GP", "loss": "wasserstein", "field": "wgan_gp", "knob": "Weight", "symbol": "λ"},
    "noise": {"label": "Instance noise", "loss": "minimax", "field": "noise", "knob": "Deviation", "symbol": "τ"},
    "r1": {"label": "R₁ penalty", "loss": "minimax", "field": "r1", "knob": "Weight", "symbol": "γ"},
    "consensus": {"label": "Consensus", "loss": "minimax", "field": "consensus", "knob": "Weight", "symbol": "w"},
}
UPDATES = ("alternating", "simultaneous", "extragradient")
STRENGTHS = {"wgan_clip": 1.0, "wgan_gp": 0.35, "noise": 0.7, "r1": 0.3, "consensus": 1.0}
RATES, RANGE = {"min": 0.02, "max": 1.0, "step": 0.02}, {"min": 0.05, "max": 2.0, "step": 0.05}


def dirac_portrait(
    method: str = "gan", update: str = "alternating", rate: float = 0.2, strength: float | None = None
) -> Interactive:
    """The phase portrait of the Dirac-GAN: its field, 500 steps from a start that the reader drags, and the distance.

    Beside it stand the eigenvalues at the equilibrium and the factor by which an update multiplies small deviations.
    The arguments are those at the start; a ValueError for a name or number out of range.

    Args:
        method: one of "gan", "nsgan", "wgan", "wgan_clip", "wgan_gp", "noise", "r1", "consensus".
        update: "alternating" (D first), "simultaneous" or "extragradient".
        rate: the step size h, 0.02 to 1.
        strength: the method's number, 0.05 to 2: c, λ, the noise's deviation τ, γ or w. None: the authors'.

    Source: Mescheder, Geiger and Nowozin 2018, whose figures 1 to 3 show such portraits.
    """
    arguments.one_of("method", method, tuple(METHODS))
    arguments.one_of("update", update, UPDATES)
    rate = arguments.real("rate", rate, RATES["min"], RATES["max"])
    if strength is None:
        strength = STRENGTHS.get(method, 1.0)
    elif method not in STRENGTHS:
        raise ValueError(f"The method {method!r} has no strength to choose. Leave strength={strength!r} out.")
    strength = arguments.real("strength", strength, RANGE["min"], RANGE["max"])
    data = {
        "start": {"method": method, "update": update, "rate": rate, "strength": strength, "start": [1.0, 1.0]},
        "methods": {name: {**look, "start": STRENGTHS.get(name)} for name, look in METHODS.items()},
        "updates": {name: name.capitalize() for name in UPDATES},
        "rates": RATES,
        "strengths": RANGE,
        "normal": {"nodes": dynamics.NODES.tolist(), "weights": dynamics.WEIGHTS.tolist()},
    }
    game, clip = game_of(method, strength)
    path = dynamics.simulate(game, (1, 1), rate, 500, update=update, clip=clip)
    title, label = "Phase portrait of the Dirac-GAN", METHODS[method]["label"]
    alt = (
        f"{title}, {label}, {update} updates with step size {rate:g}: the field of both players' velocities, and the "
        f"path of 500 steps from θ = 1, ψ = 1, which ends at a distance of {np.hypot(*path[-1]):.2g} from the "
        "equilibrium."
    )
    heading = f"{label}, {update}, step size {rate:g}"
    return interactive("dirac", "drawDiracPortrait", title, alt, lambda f: _draw(f, heading, game, path), data)


def game_of(method: str, strength: float) -> tuple[dynamics.DiracGAN, float | None]:
    """The game of a method, and the bound to which D is clipped."""
    field = METHODS[method].get("field")
    weights = {field: strength} if field and field != "clip" else {}
    return dynamics.DiracGAN(METHODS[method]["loss"], **weights), strength if field == "clip" else None


def _draw(figure: Figure, heading: str, game: dynamics.DiracGAN, path: np.ndarray) -> None:
    figure.set_size_inches(7.2, 3.4)
    figure.suptitle(heading, x=0.01, ha="left")
    plane, curve = figure.subplots(1, 2, width_ratios=(1, 1.1))
    theta, psi = np.meshgrid(np.linspace(-1.9, 1.9, 13), np.linspace(-1.9, 1.9, 13))
    velocity = np.array(game(theta, psi))
    speed = np.maximum(np.linalg.norm(velocity, axis=0), 1e-9)
    plane.quiver(theta, psi, *(velocity * np.tanh(speed) / speed), pivot="mid", color=COLOURS["reference"], scale=14)
    plane.plot(*path.T, ".-", color=COLOURS["real"], markersize=3, linewidth=0.6)
    plane.plot(*path[0], "o", color=COLOURS["generated"])
    plane.plot(0, 0, "+", color="black", markersize=10)
    plane.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xlabel="θ, the generator", ylabel="ψ, the discriminator")
    curve.semilogy(np.hypot(*path.T), color=COLOURS["real"])
    curve.set(xlabel="Step", title="Distance to the equilibrium")
