"""Exercise 2.4: the derivatives of G's two losses by the logit."""

import numpy as np
from scipy.special import expit as sigmoid

from ganlib.teaching.exercises.answers import compare

ASKS = ("generator_gradients(logits)",)
HINTS = (
    "Write both losses with softplus, whose derivative is σ: log(1 - σ(ℓ)) = -softplus(ℓ), -log σ(ℓ) = softplus(-ℓ).",
    "The derivatives are -σ(ℓ) and -σ(-ℓ), which is σ(ℓ) - 1.",
)
MISTAKES = (
    (lambda x: (-sigmoid(-x), -sigmoid(x)), "You returned the two the other way round: the minimax loss comes first."),
    (lambda x: (sigmoid(x), sigmoid(-x)), "Both signs are flipped. Does a higher logit help G, or harm it?"),
    (lambda x: (-sigmoid(x), sigmoid(-x)), "The second sign is flipped: G's loss falls where its logit rises."),
    (
        lambda x: (-sigmoid(x) / len(x), -sigmoid(-x) / len(x)),
        "You divided by n. Each sample's own derivative was asked for, before the mean.",
    ),
    (
        lambda x: (-1 / (1 - sigmoid(x)), -1 / sigmoid(x)),
        "These are derivatives by D. The chain rule still wants dD/dℓ = σ(ℓ) σ(-ℓ).",
    ),
    (
        lambda x: (-sigmoid(x) * sigmoid(-x), -sigmoid(x) * sigmoid(-x)),
        "That is the derivative of σ alone. What does the logarithm before it add by the chain rule?",
    ),
)


def right(logits):
    """The minimax loss's derivatives, then the non-saturating one's."""
    return -sigmoid(logits), -sigmoid(-logits)


def check(rng, generator_gradients):
    moderate, far = rng.normal(0, 3, size=7), np.array([-700.0, -40.0, 0.0, 40.0, 700.0])
    compare(generator_gradients, right, [(moderate,), (far,)], MISTAKES)
