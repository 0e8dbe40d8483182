"""Draws the picture of the README and of the start page: `make picture`.

Real digits beside those of two generators, one for each framework, trained from the same seed. digits.png is the end of
the training; digits.webp, which the start page moves where readers allow it, the way there, shown once.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import ganlib

STATIC = Path(__file__).resolve().parent.parent / "book" / "_static"
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
SHOWN = 48
FRAMES = (0, 70, 160, 320, 600, 1100, 2000)  # steps; more of them, or a larger picture, make the start page heavy
SECONDS = 4.8  # what moves for more than five needs a button that stops it


class Frames:
    """A callback that keeps samples of the same latents at the steps of FRAMES."""

    def __init__(self) -> None:
        self.samples: dict[int, np.ndarray] = {}

    def on_start(self, trainer) -> None:
        """The untrained generator's."""
        self.on_step(trainer, {})

    def on_step(self, trainer, metrics: Mapping[str, float]) -> None:
        """Samples, if this is one of the steps."""
        if trainer.steps_done in FRAMES:
            self.samples[trainer.steps_done] = trainer.sample(SHOWN, seed=1)


def main() -> None:
    """Trains, draws, says how large the files are."""
    recipe = ganlib.recipe("dcgan-digits")
    data = ganlib.data.load(recipe)
    samples = {}
    for name, title in TITLES.items():
        frames = Frames()
        ganlib.backend(name).Trainer(recipe, seed=0).fit(data, steps=FRAMES[-1], callbacks=[frames])
        samples[title] = frames.samples
    draw(data.images[:SHOWN], samples)


def draw(real: np.ndarray, samples: Mapping[str, Mapping[int, np.ndarray]]) -> None:
    """Writes both files; `samples` leads from a title and a step to images."""
    ganlib.plots.style()

    def frame(step: int, dpi: int) -> Image.Image:
        buffer = io.BytesIO()
        generated = {f"{title}, {step} steps": kept[step] for title, kept in samples.items()}
        figure = ganlib.plots.image_grid({"Real": real} | generated)
        figure.savefig(buffer, dpi=dpi, bbox_inches="tight")
        plt.close(figure)
        return Image.open(buffer).convert("L")

    frame(FRAMES[-1], dpi=200).save(STATIC / "digits.png", optimize=True)
    first, *rest = [frame(step, dpi=104) for step in FRAMES]
    duration = round(1000 * SECONDS / len(FRAMES))
    first.save(
        STATIC / "digits.webp", save_all=True, append_images=rest, duration=duration, loop=1, quality=25, method=6
    )
    for file in ("digits.png", "digits.webp"):
        print(f"{file}: {(STATIC / file).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
