"""Exercise 4.9: γ from another codebase."""

from ganlib.teaching.exercises.answers import compare

ASKS = ("translate(g, inside, outside, low, high, every, multiplied)",)
HINTS = (
    "Write down what their code adds to the loss in the mean of all steps, and set it equal to γ/2 · R1. By what are "
    "slopes stretched when images of another range become [-1, 1]?",
    "γ = 2 · g · ½ for each half · (2 / (high - low))², and divided by `every` if nothing multiplied by it.",
)


def right(g, inside, outside, low, high, every, multiplied):
    """For a critic with the slope 1 in their units: its slope in ours, and the γ that costs as much."""
    term = g * (0.5 if inside else 1) * (0.5 if outside else 1)
    mean = term if multiplied else term / every
    ours = (high - low) / 2  # one step of our image is so many of theirs
    return 2 * mean / ours**2


def mistake(change):
    """The right result times something that was forgotten or done twice."""
    return lambda *a: right(*a) * change(*a)


def halves(combined):
    """With the two halves put together in a wrong way."""
    return lambda g, i, o, *a: right(g, False, False, *a) * combined(i, o)


MISTAKES = (
    (mistake(lambda g, i, o, low, high, k, m: (high - low) / 2), "Slopes stand squared in R1. And their stretch?"),
    (
        mistake(lambda g, i, o, low, high, k, m: ((high - low) / 2) ** 4),
        "Upside down: is one and the same critic steeper on images in [0, 255], or in [-1, 1]?",
    ),
    (mistake(lambda g, i, o, low, high, k, m: ((high - low) / 2) ** 2), "The images' range is not in it yet."),
    (
        mistake(lambda g, i, o, low, high, k, m: 1 / 4),
        "You divided by high - low. Our own range, [-1, 1], has a length too.",
    ),
    (mistake(lambda *a: 1 / 2), "You gave the weight of R1. Ours is γ/2: what is γ?"),
    (mistake(lambda *a: 2), "A factor 2 too many: ours has one half, outside."),
    (halves(lambda i, o: 2**i * 2**o), "A half in their code makes their penalty smaller, so γ does not grow."),
    (halves(lambda i, o: 0.5 if i or o else 1), "Their code may have both halves at once. What is left of g then?"),
    (halves(lambda i, o: 0.5**o), "The half inside the penalty's function counts as well."),
    (halves(lambda i, o: 0.5**i), "The half outside counts as well."),
    (
        mistake(lambda g, i, o, low, high, k, m: 1 if m else k),
        "A penalty at each k-th step only: is it as strong as one at all?",
    ),
    (
        mistake(lambda g, i, o, low, high, k, m: 1 / k if m else k),
        "The other way round: which makes up for the steps without a penalty, multiplying or not?",
    ),
    (
        mistake(lambda g, i, o, low, high, k, m: 1 / k if m else 1),
        "If it is multiplied by k at each k-th step, what is its mean?",
    ),
    (
        mistake(lambda g, i, o, low, high, k, m: k if m else k**2),
        "You multiplied by k. What is the mean over all steps?",
    ),
)


def check(rng, translate):
    cases = [(3.0, False, True, -1.0, 1, 1, True)]
    for inside in (False, True):
        for outside in (False, True):
            for low, high, every, multiplied in ((0.0, 1, 16, True), (-0.5, 1, 4, False), (0.0, 255, 8, False)):
                cases.append((float(rng.uniform(0.5, 20)), inside, outside, low, high, every, multiplied))
    compare(translate, right, cases, MISTAKES, atol=1e-12)
