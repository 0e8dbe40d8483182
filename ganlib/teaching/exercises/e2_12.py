"""Exercise 2.12: a GAN of one's own, judged by its samples."""

import numpy as np
from scipy.stats import wasserstein_distance

from ganlib.teaching.exercises.answers import Wrong, array, require

ASKS = ("generator(z)",)
HINTS = (
    "Draw a histogram of the samples every few hundred steps. Do both hills appear, and do they keep their weights?",
    "The networks and the rates of the page will do, with 2,000 steps, batches of 256 and a moving average of G's "
    "weights: average = 0.99 * average + 0.01 * weights after each step.",
)
ENOUGH = 0.35  # a perfect sampler has about 0.05


def hills(n, rng):
    """Real samples (n,)."""
    return rng.choice([-2.0, 2.0], size=n) + 0.5 * rng.normal(size=n)


def diagnosis(samples):
    """What is wrong with samples that are far from the data."""
    left, between = np.mean(samples < 0), np.mean(np.abs(samples) < 0.7)
    if np.ptp(samples) < 1e-3:
        return "All samples are one number: does G use its latents, and has it been trained?"
    if min(left, 1 - left) < 0.02:
        return "One hill is missing: G has collapsed on the other. Is D quick enough to notice?"
    if between > 0.15:
        return "Many samples lie between the hills. Train longer, or let D take more steps."
    if abs(left - 0.5) > 0.05:
        return "Both hills are there, with unequal weights. Average G's weights over the last steps: it swings."
    if samples.std() < 1.9:
        return "The hills stand too near to each other, or are too narrow. Train longer."
    return "The hills have not their place or their width yet. Train longer, or average G's weights."


def check(rng, generator):
    latents, real = rng.normal(size=(4000, 1)), hills(4000, rng)
    found = generator(latents)
    flat = isinstance(found, np.ndarray) and found.ndim == 1  # (n,) says the same as (n, 1)
    samples, few = (
        array(values, (n,) if flat else (n, 1), "generator(z)").ravel()
        for values, n in ((found, 4000), (generator(latents[:10]), 10))
    )
    require(
        np.allclose(few, samples[:10], rtol=1e-3, atol=1e-3),
        "generator: the sample of a latent changes when fewer latents are given with it.",
        "A sample depends on its own latent alone. Does generator(z) draw new random numbers?",
    )
    distance = wasserstein_distance(samples, real)
    if distance > ENOUGH:
        raise Wrong(
            f"generator: the samples are {distance:.2f} away from the data (W₁), at most {ENOUGH} was asked for.\n"
            f"{np.mean(samples < 0):.0%} of them are negative, their standard deviation is {samples.std():.2f}.",
            diagnosis(samples),
        )
    return f"Distance {distance:.2f}; as many real samples have {wasserstein_distance(hills(4000, rng), real):.2f}."
