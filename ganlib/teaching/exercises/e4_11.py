"""Exercise 4.11: a detector of collapse."""

import numpy as np

from ganlib.teaching.exercises.answers import require, show

ASKS = ("diagnose(frames, centers)",)
WORDS = ("healthy", "stuck", "jumping")
HINTS = (
    "Find each sample's nearest mode, and which modes have samples at each moment. Two counts of modes decide.",
    "How many modes have samples at a typical moment (the median), and how many over the whole run? "
    "Few and few is stuck, few and many is jumping.",
)


def reached(frames, centers):
    """Which modes have samples at which moment, (t, k)."""
    nearest = np.linalg.norm(frames[:, :, None] - centers, axis=3).argmin(axis=2)
    return (nearest[:, :, None] == np.arange(len(centers))).any(axis=1)


def mistake(at_once=lambda r: np.median(r.sum(axis=1)), in_all=lambda r: r.any(axis=0).sum(), words=WORDS):
    """A wrong detector, with other counts or other words."""

    def diagnose(frames, centers):
        r, half = reached(frames, centers), len(centers) / 2
        return words[0] if at_once(r) >= half else words[2] if in_all(r) >= half else words[1]

    return diagnose


MISTAKES = (
    (
        mistake(words=("healthy", "jumping", "stuck")),
        "You call them the wrong way round: who is always in the same place?",
    ),
    (
        mistake(at_once=lambda r: r.any(axis=0).sum()),
        "You count the modes over the whole run. Who jumps reaches them all, but how many at once?",
    ),
    (mistake(at_once=lambda r: r[-1].sum()), "You look at the last moment alone. One may be a lucky or a bad one."),
    (mistake(at_once=lambda r: r[0].sum()), "You look at the first moment alone, when a run may still be searching."),
    (mistake(at_once=lambda r: r.sum(axis=1).min()), "One bad moment makes nobody ill: *most* moments decide."),
    (
        mistake(at_once=lambda r: r.all(axis=0).sum()),
        "You want the same modes at all moments. A healthy run may miss another one each time.",
    ),
    (mistake(in_all=lambda r: 0), "You never say jumping. Which run has few modes at once, but many over time?"),
    (mistake(in_all=lambda r: len(r[0])), "You never say stuck. Which run has the same few modes all the time?"),
    (lambda frames, centers: "healthy", "You say healthy whatever comes."),
)


def run(rng, centers, held):
    """Samples near the modes held at each moment, a list of lists."""
    modes = np.stack([rng.permutation(np.resize(modes, 120)) for modes in held])
    return centers[modes] + rng.normal(0, 0.03, size=(*modes.shape, 2))


def check(rng, diagnose):
    ring = np.stack([np.cos(a := 2 * np.pi * np.arange(9) / 9), np.sin(a)], axis=1)
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    every, t = list(range(9)), range(12)
    held = {
        "all modes at all moments": (ring, [every for _ in t]),
        "three modes, always the same": (ring, [[0, 4, 5]] * 12),
        "one mode at a time, another one each time": (ring, [[i % 9] for i in t]),
        "all modes, but for the last two of 12 moments": (ring, [every] * 10 + [[2], [2]]),
        "all modes, but for the first two of 12 moments": (ring, [[2], [2]] + [every] * 10),
        "seven of nine modes, other ones each time": (ring, [[m for m in every if (m - i) % 9 > 1] for i in t]),
        "two modes at a time, others each time": (ring, [[i % 9, (i + 1) % 9] for i in t]),
        "one mode of 25": (grid, [[7]] * 12),
        "three of 25 modes at a time, others each time": (grid, [list(range(i, i + 3)) for i in range(20)]),
    }
    right = ["healthy", "stuck", "jumping", "healthy", "healthy", "healthy", "jumping", "stuck", "jumping"]
    cases = [(run(rng, centers, moments), centers) for centers, moments in held.values()]
    answers = []
    for case in cases:
        answers.append(diagnose(*case))
        known = isinstance(answers[-1], str) and answers[-1] in WORDS
        require(known, f"diagnose returned {show(answers[-1])}.\nExpected one of {WORDS}.")
    for words, want, got in zip(held, right, answers, strict=True):
        if got != want:
            hints = (hint for wrong, hint in MISTAKES if answers == [wrong(*case) for case in cases])
            require(False, f'A run with {words} is called "{got}".\nExpected "{want}".', next(hints, ""))
