"""Exercise 1.2: the padding with which a transposed convolution makes n pixels to sn."""

from ganlib.teaching.exercises.answers import compare

ASKS = ("doubling(K, s)",)
HINTS = (
    "Set s(n - 1) + K - 2P + R equal to sn. What is left of n?",
    "It is 2P - R = K - s. For K ≤ s take P = 0, else half of K - s, rounded up. Is the R that follows below s?",
)


def fitting(K, s):
    """The smallest P for 2P - R = K - s, and R, however large it is."""
    P = max(0, -((s - K) // 2))
    return P, 2 * P - (K - s)


KERNEL_LARGER = (
    (lambda K, s: fitting(K, s)[::-1], "You returned (R, P). P, what is cut off on each side, comes first."),
    (
        lambda K, s: ((K - s) // 2, (K - s) % 2),
        "R adds pixels, P takes them away. Put your P and R into s(n - 1) + K - 2P + R for an odd K - s.",
    ),
    (lambda K, s: ((K - s) // 2, 0), "For an odd K - s yours cuts off one pixel too few. Round up, and what is R for?"),
    (lambda K, s: (-((s - K) // 2), 0), "For an odd K - s yours cuts off one pixel too many. What is R for?"),
    (lambda K, s: ((K - s) / 2, 0), "P counts whole pixels. Where K - s is odd, which R makes up for rounding?"),
    (lambda K, s: (K - s, 0), "P is cut off on both sides, so it counts twice."),
    (
        lambda K, s: None if (K - s) % 2 else ((K - s) // 2, 0),
        "You give up where K - s is odd. Can an R that is not 0 help there?",
    ),
    (
        lambda K, s: ((K - 1) // 2, s - 1),
        "P = (K - 1)/2 with R = s - 1 is a recipe for odd kernels, and not always the smallest P. Try K = 4, s = 2.",
    ),
    (
        lambda K, s: ((K - 1) // 2, 2 * ((K - 1) // 2) - K + s),
        "This makes sn pixels, but with a smaller R a smaller P does too.",
    ),
    (lambda K, s: fitting(K, s)[0], "That is P alone. Return both numbers: return P, R."),
    (lambda K, s: str(fitting(K, s)), "You returned text. Return the two numbers themselves: return P, R."),
)
KERNEL_SMALLER = (
    (lambda K, s: (-((s - K) // 2), (K - s) % 2), "Your P is negative for K < s. Nothing is cut off there: P = 0."),
    (lambda K, s: None, "For K < s there is nothing to cut off, but pixels are missing. Which number adds some?"),
    (lambda K, s: (0, 0), "With K < s and R = 0 the grid ends s - K pixels early. Which number adds some?"),
    (lambda K, s: (0, K - s), "The sign of R is flipped: it may not be negative."),
)
STRIDE_ONE = (
    (fitting, "With s = 1 your R is sometimes 1. Which R are allowed there?"),
    (lambda K, s: ((K - 1) // 2, 0), "For an even K and s = 1 this makes one pixel too many. Is there any other P?"),
    (lambda K, s: (K // 2, 0), "For an even K and s = 1 this makes one pixel too few. Is there any other P?"),
    (
        lambda K, s: right(K, s) or (None, None),
        "Where there is no pair, return None itself and not a pair of two None.",
    ),
    (lambda K, s: None, "You refuse every s = 1. For an odd K the size can be kept: try K = 3."),
)


def right(K, s):
    """The smallest of all pairs that make sn pixels of 1, 2 and 9, or None."""
    pairs = [(P, R) for P in range(K + 1) for R in range(s)]
    return min((p for p in pairs if all(s * (n - 1) + K - 2 * p[0] + p[1] == s * n for n in (1, 2, 9))), default=None)


def check(rng, doubling):
    compare(doubling, right, [(K, s) for s in (2, 3, 4) for K in range(s, 12)], KERNEL_LARGER, rtol=0)
    compare(doubling, right, [(K, s) for s in (2, 3, 5, 6) for K in range(1, s)], KERNEL_SMALLER, rtol=0)
    compare(doubling, right, [(K, 1) for K in range(1, 12)], STRIDE_ONE, rtol=0)
