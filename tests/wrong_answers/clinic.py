"""The clinic. Number → (answers, part of the hint); those of the patients are refused without a training."""

import numpy as np

from ganlib.teaching.clinic import patient


def softplus(x):
    return np.logaddexp(0, x).mean()


def diagnose(at_once, over_time=("stuck", "jumping")):
    """A detector by the number of modes that `at_once` makes of the table of moments and modes."""

    def answer(frames, centers):
        distances = ((frames[:, :, None] - centers) ** 2).sum(axis=3)
        table = np.array([np.bincount(d.argmin(axis=1), minlength=len(centers)) > 0 for d in distances])
        if at_once(table) > len(centers) / 2:
            return "healthy"
        return over_time[int(table.any(axis=0).sum() > len(centers) / 2)]

    return answer


def healthy_but(**changes):
    return patient(6).changed(**{"moving_average": 0.98, **changes})


WRONG = {
    "4.11": [
        ((diagnose(lambda table: np.median(table.sum(axis=1)), ("jumping", "stuck")),), "wrong way round"),
        ((diagnose(lambda table: table.any(axis=0).sum()),), "over the whole run"),
        ((diagnose(lambda table: table[-1].sum()),), "the last moment alone"),
        ((diagnose(lambda table: table.sum(axis=1).min()),), "One bad moment"),
        ((diagnose(lambda table: table.all(axis=0).sum()),), "the same modes at all moments"),
    ],
    "4.12": [
        (("cgeafbhd",), "no level at all"),
        (("gcefabhd",), "a cloud, a clump"),
        ((list("cgefabdh"),), "which are dim"),
    ],
    "4.13": [
        ((healthy_but(batch_size=64, loss="hinge"), healthy_but(batch_size=64)), "One change at a time"),
        ((healthy_but(moving_average=0.9999), healthy_but(moving_average=0.9999, batch_size=64)), "not the game"),
        ((healthy_but(discriminator_steps=2), healthy_but(discriminator_steps=3)), "Leave the cause in place"),
        ((healthy_but(batch_size=64), healthy_but(batch_size=64, discriminator_steps=2)), "tougher than that"),
    ],
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
        ((lambda loss, real_logits, fake_logits: softplus(fake_logits),), "G works for D"),
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
        ((patient(7).changed(generator_norm="none"),), "Make training and sampling agree"),
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
