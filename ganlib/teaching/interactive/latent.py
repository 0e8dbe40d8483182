"""The latent space of a trained generator, which runs in the page itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.backends import backend
from ganlib.runtime.trainer import BaseTrainer
from ganlib.teaching.interactive import portable
from ganlib.teaching.interactive.element import Interactive, draw_sheets, interactive

MOST_WEIGHTS = 400_000  # in a page, which they make 1.1 MB larger


def latent_explorer(trainer: BaseTrainer, latents: ArrayLike | None = None, *, seed: int = 0) -> Interactive:
    """A square of latents between four corners, and the images that a generator running in the page makes of them.

    The page holds the weights, those of the moving average where the recipe keeps one, and computes every image
    itself: 7 × 7 of the square, and one at the place that the reader moves. The way between the corners is an arc
    around the origin, which stays at the distance where latents lie (White 2016), or straight. A factor makes the
    latent shorter or longer, and a button draws other corners. The images are those of `Trainer.generate` in float32,
    within 1e-3 where they lie in [-1, 1].

    Args:
        trainer: of a recipe for images of one or three channels, with at most 400,000 weights in its generator. Two
            bytes a weight are stored, as text: "dcgan-digits" takes 280 kB.
        latents: (4, recipe.latent), the corners at the start, row by row. None: drawn from N(0, I).
        seed: of the latents, where none are given.

    Raises:
        TypeError: not a trainer.
        ValueError: a recipe for points, a network of your own, too many weights, weights that are not finite; latents
            of another shape.

    Example:
        >>> history = trainer.fit(data)
        >>> ganlib.interactive.latent_explorer(trainer)
    """
    if not isinstance(trainer, BaseTrainer):
        raise TypeError(
            f"latent_explorer takes a Trainer, such as gl.Trainer(recipe), not {arguments.describe(trainer)}."
        )
    recipe = trainer.recipe
    if len(recipe.shape) != 3 or recipe.shape[2] not in (1, 3):
        raise ValueError(
            f"This recipe makes samples of shape {recipe.shape}, and the page draws images: it needs a shape (height, "
            "width, 1 or 3)."
        )
    gl, model = backend(trainer.backend), trainer.generator if trainer.average is None else trainer.average
    if not isinstance(model, gl.Generator):
        raise ValueError(
            f"The page can compute what a recipe describes, not a network of your own ({type(model).__name__}). Use a "
            "trainer that built its generator from the recipe."
        )
    layers = architectures.generator_layers(recipe)
    count = sum(cost.parameters for cost in architectures.costs(layers, (recipe.latent,)))
    if count > MOST_WEIGHTS:
        raise ValueError(
            f"The generator has {count:,} weights, too many for a page, which takes at most {MOST_WEIGHTS:,}. Use a "
            f"recipe with a width smaller than {recipe.width}."
        )
    rng, expected = np.random.default_rng(arguments.whole("seed", seed, 0)), f"the four corners, (4, {recipe.latent})"
    given = rng.standard_normal((4, recipe.latent)) if latents is None else latents
    corners = arguments.array("latents", given, expected).astype(float).round(6)
    if corners.shape != (4, recipe.latent):
        raise ValueError(f"latents has shape {corners.shape}; expected {expected}.")
    if not np.isfinite(corners).all():
        raise ValueError("The latents hold NaN or infinite values; expected finite numbers.")
    data = {
        "operations": portable.operations(layers, gl.get_weights(model), recipe.latent),
        "corners": corners.tolist(),
        "shape": recipe.shape,
        "weights": f"{count:,}",
    }
    arcs, lines = between_corners(corners, straight=False), between_corners(corners, straight=True)
    title = f"Latent space of {recipe.name} after {trainer.steps_done} steps"
    alt = (
        f"{title}. Generated images of {recipe.shape[0]} × {recipe.shape[1]} pixels, five rows of five, on a square "
        "between four latents at its corners: on arcs around the origin, and on straight lines. In the middle the "
        f"norm of the latent is {np.linalg.norm(arcs[12]):.1f} on arcs and {np.linalg.norm(lines[12]):.1f} on straight "
        f"lines; latents lie at {np.sqrt(recipe.latent):.1f}."
    )
    sheets = {"On arcs around the origin": trainer.generate(arcs), "On straight lines": trainer.generate(lines)}
    return interactive(
        "latent", "drawLatentExplorer", title, alt, lambda figure: draw_sheets(figure, sheets, 0.2), data
    )


def between(a: np.ndarray, b: np.ndarray, t: float, straight: bool) -> np.ndarray:
    """The place t from 0 to 1 on the way from a to b, as the page's script takes it; a test compares the two."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if lengths else 0.0
    if straight or np.sin(angle) <= 1e-4:  # the two lie on one line through the origin
        return (1 - t) * a + t * b
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def between_corners(corners: np.ndarray, straight: bool) -> np.ndarray:
    """25 latents between four, row by row."""
    parts = np.linspace(0, 1, 5)
    above, below = ([between(a, b, t, straight) for t in parts] for a, b in (corners[:2], corners[2:]))
    return np.array([between(a, b, t, straight) for t in parts for a, b in zip(above, below, strict=True)])
