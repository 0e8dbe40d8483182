"""Draws the picture of the README and of the start page, `digits.png`: `make picture`.

Real digits beside those of two generators, one for each framework, trained from the same seed.
"""

from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

import ganlib

FILE = Path(__file__).resolve().parent.parent / "book" / "_static" / "digits.png"
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
SHOWN = 48
GREYS = 24  # the digits have 16; more of them make the start page heavy


def main() -> None:
    """Trains, draws, says how large the file is."""
    recipe = ganlib.recipe("dcgan-digits")
    data = ganlib.data.load(recipe)
    images = {"Real": data.images[:SHOWN]}
    for name, title in TITLES.items():
        trainer = ganlib.backend(name).Trainer(recipe, seed=0)
        trainer.fit(data)
        images[f"{title}, {recipe.steps} steps"] = trainer.sample(SHOWN, seed=1)
    ganlib.plots.style()
    figure = ganlib.plots.image_grid(images)
    figure.savefig(FILE, dpi=200, bbox_inches="tight")
    plt.close(figure)
    store(FILE)
    print(f"{FILE.name}: {FILE.stat().st_size // 1000} kB")


def store(file: Path) -> None:
    """The picture in few greys, which is smaller."""
    with Image.open(file) as picture:
        grey = picture.convert("L").quantize(GREYS, dither=Image.Dither.NONE)
    grey.save(file, optimize=True)


if __name__ == "__main__":
    main()
