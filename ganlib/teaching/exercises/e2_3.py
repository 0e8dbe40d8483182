"""Exercise 2.3: the discriminator's loss from logits, and its gradient."""

import numpy as np
from scipy.special import expit as sigmoid

from ganlib.reference import losses, softplus
from ganlib.teaching.exercises.answers import Raised, Wrong, compare

ASKS = ("d_loss(real_logits, fake_logits)",)
HINTS = (
    "-log σ(ℓ) = softplus(-ℓ) and -log(1 - σ(ℓ)) = softplus(ℓ). Which function computes softplus without overflow? "
    "And what is its derivative?",
    "The loss is the mean of np.logaddexp(0, -real) plus that of np.logaddexp(0, fake); the derivatives -σ(-real)/n "
    "and σ(fake)/k.",
)


def right(real, fake):
    """The reference's loss and its gradient."""
    return (losses.minimax.discriminator(real, fake), *losses.minimax.discriminator_gradient(real, fake))


def pooled(real, fake):
    """One mean over all samples."""
    return (softplus(-real).sum() + softplus(fake).sum()) / (len(real) + len(fake))


# What is wrong with the loss; "..." because the derivatives may be wrong with it, in one way or another.
LOSS = (
    (lambda r, f: (softplus(-r).sum() + softplus(f).sum(), ..., ...), "You added up the samples. The loss has means."),
    (
        lambda r, f: (pooled(r, f), ..., ...),
        "You took one mean over all n + k samples. Each of the two parts has its own mean.",
    ),
    (lambda r, f: (right(r, f)[0] / 2, ..., ...), "You took half of it. L_D is the sum of its two parts."),
    (lambda r, f: (-right(r, f)[0], ..., ...), "This is V, which D makes large. Its loss is the negative."),
    (
        lambda r, f: (softplus(r).mean() + softplus(-f).mean(), ..., ...),
        "Real and fake are exchanged: a high logit on a real sample should cost D little.",
    ),
    (
        lambda r, f: (softplus(-sigmoid(r)).mean() + softplus(sigmoid(f)).mean(), ..., ...),
        "You applied the sigmoid twice: softplus, or a loss “from logits”, holds it already.",
    ),
    (
        lambda r, f: (right(r, f)[0] / np.log(2), ..., ...),
        "You took the logarithm to base 2. The loss has the natural one.",
    ),
    (lambda r, f: (softplus(-r).mean(), ..., ...), "The part of the generated samples is missing."),
    (lambda r, f: (softplus(f).mean(), ..., ...), "The part of the real samples is missing."),
)


def derivatives(change):
    """A mistake in the derivatives alone."""

    def wrong(real, fake):
        loss, by_real, by_fake = right(real, fake)
        return (loss, *change(by_real, by_fake, real, fake))

    return wrong


GRADIENT = (
    (derivatives(lambda a, b, r, f: (b, a)), "The derivatives are in the wrong order: those by the real logits first."),
    (
        derivatives(lambda a, b, r, f: (a * len(a), b * len(b))),
        "The loss is a mean, your derivatives those of a sum. What does the mean divide by?",
    ),
    (
        derivatives(lambda a, b, r, f: (a * len(a) / (len(a) + len(b)), b * len(b) / (len(a) + len(b)))),
        "You divided both derivatives by n + k. Each part of the loss is a mean over its own samples.",
    ),
    (
        derivatives(lambda a, b, r, f: (a * len(a) / len(b), b * len(b) / len(a))),
        "You divided the real derivatives by k and the fake ones by n.",
    ),
    (
        derivatives(lambda a, b, r, f: (-a, -b)),
        "The sign of both derivatives is flipped. Does the loss rise or fall with the logit of a real sample?",
    ),
    (
        derivatives(lambda a, b, r, f: (-a, b)),
        "The sign by the real logits is flipped: their loss is softplus(-ℓ), and the inner derivative is -1.",
    ),
    (
        derivatives(lambda a, b, r, f: (a, -b)),
        "The sign by the fake logits is flipped: their loss rises with the logit.",
    ),
    (
        derivatives(lambda a, b, r, f: (-sigmoid(r) / len(r), b)),
        "By the real logits: should a sample that D already knows as real pull most, or least?",
    ),
    (
        derivatives(lambda a, b, r, f: (a, sigmoid(-f) / len(f))),
        "By the fake logits: should a sample that D already rejects pull most, or least?",
    ),
    (
        derivatives(lambda a, b, r, f: (-1 / sigmoid(r) / len(r), 1 / sigmoid(-f) / len(f))),
        "These are derivatives by D. The chain rule still wants dD/dℓ = σ(ℓ) σ(-ℓ).",
    ),
)
NAIVE = (
    "Right for small logits. Far out σ rounds to 0 or 1, or exp overflows: write the loss with softplus, log(1 + eˡ), "
    "and find a form of it whose exponential never overflows."
)
CLIPPED = (
    "Right for small logits. A small number inside the logarithm, or a clip, caps the loss far out, and its gradient "
    "with it. Which form needs neither?"
)


def finite(results):
    """Whether all three results are."""
    return all(np.isfinite(one).all() for one in results)


def check(rng, d_loss):
    sizes = [(4, 6), (7, 3), (5, 5)]
    small = [tuple(rng.normal(0, 2, size=size).astype(np.float32) for size in pair) for pair in sizes]
    compare(d_loss, right, small, [*LOSS, *GRADIENT])
    real, fake = (np.array(far, np.float32) for far in ([-1000, -20, 30, 1000], [1000, 100, 20, -30, -1000]))
    try:
        compare(d_loss, right, [(real, fake)])
    except Raised as raised:
        raise Wrong(raised.failed, NAIVE) from None
    except Wrong as wrong:
        raise Wrong(wrong.failed, CLIPPED if finite(d_loss(real, fake)) else NAIVE) from None
