"""Trains shipped recipes and prints their time and scores: where the numbers in each recipe's `about` come from.

    python benchmarks/recipes.py                               # ring, grid, dcgan-digits, three seeds each
    python benchmarks/recipes.py dcgan-28 --seeds 1            # needs the data set, see ganlib.data.load
    python benchmarks/recipes.py ring --backend tensorflow

A line a run, then the median and the range over the seeds. Beside each score stands a perfect sampler's.
"""

import argparse
import statistics
import time

import ganlib

SAMPLES = 2500  # as in PacGAN's protocol


def score(recipe: ganlib.Recipe, data: ganlib.data.Data, samples) -> dict[str, ganlib.metrics.Score]:
    """What is measured of a recipe's samples: modes of points, shapes that are recognised, distances of digits."""
    if data.points is not None:
        found = ganlib.metrics.mode_coverage(samples, data.centers, data.std)
        return {name: getattr(found, name) for name in ("modes", "good_percent", "reverse_kl", "std_ratio")}
    if recipe.data == "shapes":
        shape, colour, distance = ganlib.data.shape_factors(samples)
        kinds = {pair for pair, d in zip(zip(shape, colour, strict=True), distance, strict=True) if d < 0.5}
        every = len(ganlib.data.SHAPES) * len(ganlib.data.COLOURS)
        return {
            "recognised_percent": ganlib.metrics.Score(100 * (distance < 0.5).mean(), 100),
            "kinds": ganlib.metrics.Score(len(kinds), every),
        }
    real, fake = ganlib.metrics.features(data.images), ganlib.metrics.features(samples)
    coverage = ganlib.metrics.prdc(real, fake).coverage
    return {"frechet": ganlib.metrics.frechet_distance(real, fake), "coverage": coverage}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=["ring", "grid", "dcgan-digits"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--backend", default=None)
    options = parser.parse_args()
    gl = ganlib.backend(options.backend)
    for name in options.recipes:
        recipe = ganlib.recipe(name)
        split = "test" if recipe.data == "mnist" else "train"
        data = ganlib.data.load(recipe, split=split)
        rows = []
        for seed in range(options.seeds):
            trainer = gl.Trainer(recipe, seed)
            start = time.perf_counter()
            trainer.fit(data)
            seconds = time.perf_counter() - start
            scores = score(recipe, data, trainer.sample(SAMPLES, seed=1))
            rows.append({"seconds": seconds, **scores})
            print(f"{name}, {gl.name}, seed {seed}: {seconds:.0f} s, {scores}", flush=True)
        for key in rows[0]:
            values = [float(row[key]) for row in rows]
            spread = f"{min(values):.3g} to {max(values):.3g}"
            print(f"  {key}: median {statistics.median(values):.3g}, {spread}")


if __name__ == "__main__":
    main()
