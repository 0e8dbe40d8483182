"""The clinic. Number → (answers, part of the hint); those that are refused without a training."""

import numpy as np

from ganlib.teaching.clinic import patient


def softplus(x):
    return np.logaddexp(0, x).mean()


WRONG = {
    "clinic 1": [
        ((lambda points, rng: points + rng.normal(0, 0.3, points.shape),), "added or scaled"),
        ((lambda points, rng: rng.uniform(-1, 1, size=points.shape),), "plot what the function returns"),
        ((lambda points, rng: points.reshape(-1),), "a training on points needs"),
    ],
    "clinic 2": [
        ((patient(2).changed(moving_average=0.999),), "hides the collapse"),
        ((patient(2).changed(steps=4000),), "in circles"),
        ((patient(2).changed(batch_size=512),), "how fast the two players move"),
    ],
    "clinic 3": [
        ((patient(3).changed(discriminator_optimiser={"rate": 1e-2}),), "D is not slow"),
        ((patient(3).changed(generator_optimiser={"rate": 1e-2}),), "D says nothing"),
        ((patient(3).changed(loss="hinge"),), "history['penalty']"),
    ],
    "clinic 4": [
        ((lambda loss, real_logits, fake_logits: loss.generator(fake_logits, real_logits),), "does not depend"),
        ((lambda loss, real_logits, fake_logits: softplus(fake_logits),), "works for D"),
        ((lambda loss, real_logits, fake_logits: -np.log(fake_logits.clip(0)).mean(),), "must be a finite number"),
    ],
    "clinic 5": [
        ((patient(5).changed(loss="nonsaturating"),), "wants Wasserstein"),
        ((patient(5).changed(discriminator_optimiser={"rate": 1e-4}),), "just as far"),
        ((patient(5).changed(penalty="r1", penalty_weight=3.0, discriminator_norm="spectral"),), "2 remedies at once"),
    ],
    "clinic 6": [
        ((patient(6).changed(steps=20_000),), "50 times the cost"),
        ((patient(6).changed(generator_optimiser={"rate": 1e-2}),), "Which weights make the samples"),
        ((patient(6).changed(batch_size=64),), "Which weights do the samples come from"),
    ],
    "clinic 7": [
        ((patient(7).changed(generator_norm="none"),), "make the two agree"),
        ((patient(7).changed(moving_average=0.9),), "What else is averaged"),
        ((patient(7).changed(batch_norm_epsilon=0.8),), "keeps a division finite"),
    ],
    "clinic 8": [
        ((lambda pixels, rng: pixels / 127.5,), "never leaves"),
        ((lambda pixels, rng: (pixels - 127.5) / 255,), "What does a tanh reach"),
        ((lambda pixels, rng: 1 - pixels / 127.5,), "negatives"),
        ((lambda pixels, rng: pixels,), "floating-point"),
    ],
}
