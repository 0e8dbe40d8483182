"""Exercise 3.12: the distance to the nearest training image, whatever small shift lies between."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("nearest_shifted(images, train)",)
HINTS = (
    "There are nine shifts: by -1, 0 or 1 pixel down, and by -1, 0 or 1 across. Of all nine and of all training images "
    "the nearest counts.",
    "Pad each image by one pixel of -1 on all sides. The nine shifted images are the windows [top : top + h, left : "
    "left + w] of that, with top and left from 0 to 2. Then take the least distance over windows and training images.",
)
ALL = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))


def moved(images, down, across, fill=-1.0):
    """The images, shifted, with `fill` where nothing was."""
    found = np.full_like(images, fill)
    height, width = images.shape[1:3]
    rows, columns = range(max(0, down), height + min(0, down)), range(max(0, across), width + min(0, across))
    for row in rows:
        for column in columns:
            found[:, row, column] = images[:, row - down, column - across]
    return found


def distances(images, train):
    """Of every image to every training image."""
    return np.sqrt(((images[:, None] - train[None]) ** 2).sum(axis=(2, 3, 4)))


def nearest(images, train, shifts=ALL, shift=moved, over=np.min):
    """Over these shifts, made in this way."""
    return over([distances(shift(images, *one), train).min(axis=1) for one in shifts], axis=0)


def rolled(images, down, across):
    """What leaves on one side comes in on the other."""
    return np.roll(images, (down, across), axis=(1, 2))


MISTAKES = (
    (lambda i, t: nearest(i, t, ((0, 0),)), "You moved nothing. Nine places are to be tried."),
    (
        lambda i, t: nearest(i, t, [(d, a) for d, a in ALL if not d or not a]),
        "The four diagonal shifts are missing: down and across at once.",
    ),
    (
        lambda i, t: nearest(i, t, [(0, a) for a in (-1, 0, 1)]),
        "You moved along the rows only. Images have columns too.",
    ),
    (
        lambda i, t: nearest(i, t, [(d, 0) for d in (-1, 0, 1)]),
        "You moved along the columns only. Images have rows too.",
    ),
    (
        lambda i, t: nearest(i, t, [one for one in ALL if one != (0, 0)]),
        "The image where it stands is one of the nine.",
    ),
    (
        lambda i, t: nearest(i, t, ((0, 0), (0, 1), (1, 0), (1, 1))),
        "You moved down and to the right only. Four of nine places are tried.",
    ),
    (
        lambda i, t: nearest(i, t, shift=rolled),
        "What leaves your image on one side comes back on the other. Fill with paper, -1, instead.",
    ),
    (
        lambda i, t: nearest(i, t, shift=lambda x, d, a: moved(x, d, a, 0.0)),
        "You filled with 0, which is grey. The paper is -1.",
    ),
    (lambda i, t: nearest(i, t) ** 2, "That is the squared distance."),
    (
        lambda i, t: nearest(i, t) / np.sqrt(i[0].size),
        "You averaged over the pixels. The Euclidean distance adds them up.",
    ),
    (lambda i, t: nearest(i, t, over=np.mean), "You took the mean over the shifts. The nearest of the nine counts."),
    (lambda i, t: nearest(i, t, over=np.max), "You took the furthest of the shifts. The nearest of the nine counts."),
    (
        lambda i, t: np.min([distances(i, moved(t, *one)).min(axis=1) for one in ALL], axis=0),
        "You moved the training images. The images in question are to be moved: what is lost at the border differs.",
    ),
)


def check(rng, nearest_shifted):
    def case(n, m, height, width):
        train = rng.uniform(-1, 1, (m, height, width, 1))
        shifts = [ALL[k] for k in rng.permutation(9)]
        images = np.concatenate([moved(train[k % m : k % m + 1], *shifts[k % 9]) for k in range(n)])
        return images + 0.1 * rng.normal(size=images.shape), train

    compare(nearest_shifted, nearest, [case(9, 5, 5, 5), case(7, 4, 6, 4)], MISTAKES, rtol=1e-6)
