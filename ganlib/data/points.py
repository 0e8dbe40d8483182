"""Points in the plane: two mixtures on which mode coverage is measured, a simpler one, and one without modes."""

from collections.abc import Callable

import numpy as np


def draw_points(
    name: str, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], np.ndarray | None, float | None]:
    """Points (n, 2) float32 of a data set among `POINTS`, labels (n,), their names, and a mixture's centres and std.

    Each is a curve or a set of centres, one label a piece, with normal noise on it. Drawn are first the labels, then
    where on its curve a point lies, then the noise, so that the page's twin, `points.js`, can do the same.
    """
    pieces, kind, std, place = POINTS[name]
    labels = rng.integers(pieces, size=n)
    where = place[labels] if isinstance(place, np.ndarray) else place(labels, rng.random(n))
    points = (where + std * rng.standard_normal((n, 2))).astype(np.float32)
    names = tuple(f"{kind} {k}" for k in range(pieces))
    return (points, labels, names, place, std) if isinstance(place, np.ndarray) else (points, labels, names, None, None)


def _ring() -> np.ndarray:
    angles = 2 * np.pi * np.arange(8) / 8  # linspace(0, 2π, 8) would give the first mode twice
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _grid() -> np.ndarray:
    side = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
    return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(25, 2)


def _line() -> np.ndarray:
    return np.stack([np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), np.zeros(5)], axis=1)


def _moons(labels: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Two half circles that reach into each other, around the origin; `along` is from 0 to 1 on its own."""
    angles, turned = np.pi * along, np.where(labels == 0, 1.0, -1.0)
    return np.stack([turned * (np.cos(angles) - 0.5), turned * (np.sin(angles) - 0.25)], axis=1)


Place = np.ndarray | Callable[[np.ndarray, np.ndarray], np.ndarray]
# name → how many pieces, what one is called, the noise's standard deviation, and the centres or the curve. The ring and
# the grid are those of Lin et al. 2018 (PacGAN).
POINTS: dict[str, tuple[int, str, float, Place]] = {
    "ring": (8, "mode", 0.01, _ring()),
    "grid": (25, "mode", 0.05, _grid()),
    "line": (5, "mode", 0.05, _line()),
    "moons": (2, "moon", 0.05, _moons),
}
