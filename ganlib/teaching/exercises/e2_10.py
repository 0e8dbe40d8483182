"""Exercise 2.10: discriminator rejection sampling."""

import numpy as np
from scipy.special import expit

from ganlib.teaching.exercises.answers import Wrong, array, require

ASKS = ("reject(samples, logits, seed)",)
HINTS = (
    "Every sample has its own chance, at most 1. Draw a uniform number for each, and keep the sample if it is lower.",
    "chance = exp(logits - max(logits)); keep = default_rng(seed).uniform(size=n) < chance; return samples[keep].",
)

# Another chance to be kept, by the logits x, and the hint for who kept samples with it.
CHANCES = (
    (expit, "You keep samples with the chance D = σ(ℓ). Which chance is proportional to p/q?"),
    (lambda x: np.minimum(1, np.exp(x)), "Chances above 1 are cut off at 1. Divide by the largest, so that all fit."),
    (lambda x: 1 - np.exp(x - x.max()), "You keep what should go: is a high chance one to be kept, or rejected?"),
    (lambda x: np.exp(x.min() - x), "You keep the samples that D thinks fake. Which ones are too rare?"),
    (lambda x: np.exp((x - x.max()) / 2), "You drew with the square root of the chance."),
    (lambda x: np.minimum(1, np.exp(x - x.mean())), "You subtracted the mean logit. Then some chances are above 1."),
    (lambda x: expit(x - x.max()), "You took the sigmoid of ℓ - max ℓ. Its exponential is the chance."),
    (lambda x: np.exp(x) / np.exp(x).sum(), "Your chances add to 1. Each sample is judged alone: the best one has 1."),
)
BEST = "The best are kept for sure, and the rest never. Chance must decide for each sample."
FAR = "Right for small logits. Subtract the largest one before you take the exponential, not after."


def plausible(kept, chance):
    """Whether these were kept with this chance: their number in each of ten groups, within five deviations."""
    groups = np.array_split(np.argsort(chance, kind="stable"), 10)
    spread = [np.sqrt((chance[group] * (1 - chance[group])).sum()) for group in groups]
    off = [abs(kept[group].sum() - chance[group].sum()) for group in groups]
    return all(one < 5 * other + 3 for one, other in zip(off, spread, strict=True))


def judge(reject, samples, logits):
    """The samples that are kept, if they are kept as they should be."""
    given = f"Given {len(samples)} samples with logits from {logits.min():.4g} to {logits.max():.4g}."
    found = array(reject(samples, logits, 1), (None,), "reject(samples, logits, seed)")
    require(
        found.dtype != bool,
        f"reject returns truth values.\nExpected the samples that are kept.\n{given}",
        "Use the truth values to choose among the samples.",
    )
    require(
        np.isin(found, samples).all(),
        f"reject returns numbers that are no samples.\nExpected those that are kept, as they are.\n{given}",
        "Did you return places, or changed samples? Choose the samples at these places.",
    )
    require(
        len(np.unique(found)) == len(found),
        f"reject returns some samples several times.\n{given}",
        "You drew from the samples with replacement. Here each of them is kept or rejected, once.",
    )
    kept, chance = np.isin(samples, found), np.exp(logits - logits.max())
    if not plausible(kept, chance):
        failed = (
            f"reject kept {kept.sum()} samples, expected about {chance.sum():.0f}, each by its own chance.\n{given}"
        )
        for other, hint in CHANCES:
            require(not plausible(kept, np.nan_to_num(other(logits))), failed, hint)
        require(kept.all() or not kept.any() or logits[kept].min() < logits[~kept].max(), failed, BEST)
        require(False, failed)
    require(
        np.array_equal(found, samples[kept]),
        f"reject returns the right samples in another order.\n{given}",
        "Keep them in the order in which they were given.",
    )
    return found


def check(rng, reject):
    samples = rng.permutation(np.unique(rng.normal(size=6000).astype(np.float32))).astype(float)
    logits = rng.uniform(-4, 1, size=len(samples))
    require(
        np.array_equal(judge(reject, samples, logits), reject(samples, logits, 1)),
        "reject: the same seed gave other samples at the second call.",
        "Make the generator from the seed inside the function: np.random.default_rng(seed).",
    )
    require(
        not np.array_equal(reject(samples, logits, 1), reject(samples, logits, 2)),
        "reject: two seeds gave the same samples.",
        "Where do you use the seed?",
    )
    far = rng.choice([1000, 1000 - np.log(2), 0, -1000], size=len(samples))
    try:
        judge(reject, samples, far)
        judge(reject, samples, far / 2 - 1500)
    except Wrong as wrong:
        raise Wrong(wrong.failed, FAR) from None
