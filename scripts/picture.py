"""Draws book/_static/digits.png, the picture of the README and of the start page: `make picture`.

Real digits beside those of two generators, one for each framework, trained from the same seed.
"""

from pathlib import Path

import ganlib

OUTPUT = Path(__file__).resolve().parent.parent / "book" / "_static" / "digits.png"
TITLES = {"torch": "Generated, PyTorch", "tensorflow": "Generated, TensorFlow"}
SHOWN = 48


def main() -> None:
    """Trains, draws, says how large the file is."""
    recipe = ganlib.recipe("dcgan-digits")
    data = ganlib.data.load(recipe)
    blocks = {"Real": data.images[:SHOWN]}
    for name, title in TITLES.items():
        trainer = ganlib.backend(name).Trainer(recipe, seed=0)
        trainer.fit(data)
        blocks[title] = trainer.sample(SHOWN, seed=1)
    ganlib.plots.style()
    ganlib.plots.image_grid(blocks).savefig(OUTPUT, dpi=200, bbox_inches="tight")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
