"""Exercise 3.11: digits of the reader's own training, which reach a distance to digits that were held out."""

import numpy as np

import ganlib
from ganlib import metrics
from ganlib.teaching.exercises.answers import array, require

TARGET = 6.0
SHAPE = (500, 16, 16, 1)
ASKS = ("samples",)
HINTS = (
    "Look at the samples, and at the distance every hundred steps. Is it still falling fast? Then the players move too "
    "slowly: what are their rates? If it jumps about: what would an average over G's last weights do?",
    "Rates of 1e-3 with β₁ = 0.5 and β₂ = 0.99, batches of 32, and samples from a moving average of G's weights with "
    ".98 for the old ones. The distance then falls below 6 within 400 steps on most seeds.",
)


def check(rng, samples):
    """Refuses what is no training before it scores."""
    given = samples.value()
    if getattr(given, "shape", None) in ((500, 16, 16), (500, 1, 16, 16)):  # no channel, or PyTorch's layout
        given = given.reshape(SHAPE)
    fake = array(given, SHAPE, "samples").astype(float)
    hint = "Images lie in [-1, 1], -1 the paper and 1 the ink."
    low, high = fake.min(), fake.max()
    require(low >= -1.001 and high <= 1.001, f"The samples lie from {low:.2f} to {high:.2f}.", hint)
    require(
        low < 0,
        f"The samples lie from {low:.2f} to {high:.2f}.",
        "They seem to be in [0, 1], and the digits have their paper at -1.",
    )

    digits = ganlib.data.load("digits").images.astype(float)
    train, held_out = digits[::2], digits[1::2]
    flat = fake.reshape(500, -1)
    for name, images in (("trained on", train), ("held out", held_out)):
        squares = (flat**2).sum(1)[:, None] + (images.reshape(len(images), -1) ** 2).sum(1)
        nearest = np.sqrt(np.maximum(squares - 2 * flat @ images.reshape(len(images), -1).T, 0)).min(axis=1)
        share = np.mean(
            nearest < 1.0
        )  # a held-out digit's nearest among the trained ones is 2 or more away, but for few
        hint = "A copy needs no generator. Draw the samples from one."
        require(share < 0.2, f"{share:.0%} of the samples are digits that were {name}, nearly unchanged.", hint)

    score = metrics.frechet_distance(metrics.features(held_out), metrics.features(fake))
    failed = f"The Fréchet distance to the held-out digits is {score:.1f}. Expected less than {TARGET:.0f}."
    hint = ""
    if fake.std(axis=0).max() < 0.05:
        hint = "All samples are alike: has every one its own latent?"
    elif score > 60:
        hint = "That is far from digits: it is what noise has, or a G that has hardly moved."
    elif np.bincount(metrics.classify(fake).argmax(axis=1), minlength=10).max() > 300:
        hint = "More than half of the samples are one digit: that is a collapse."
    require(score < TARGET, failed, hint)
