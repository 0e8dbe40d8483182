"""Data sets: point mixtures, real digits and drawn shapes without a download; MNIST and others with one.

    data = ganlib.data.load("digits")                       # 1,797 real digits, (n, 16, 16, 1) in [-1, 1]
    data = ganlib.data.load("ring", n=5000)                 # eight Gaussians on a circle, data.points (n, 2)
    data = ganlib.data.load("mnist", split="test")          # downloaded once, checked by its hash, kept
    data = ganlib.data.load("folder:pictures", size=64)     # your own images

A file is never trusted: its hash is checked where one is known, nothing in it is executed or unpickled, and an archive
is read without writing its members anywhere.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganlib import arguments
from ganlib.data.arrays import check_memory, check_samples, scaled, select
from ganlib.data.download import CLASSES, Folder, read_download
from ganlib.data.folder import read_folder
from ganlib.data.points import POINTS, draw_points
from ganlib.data.shapes import COLOURS, SHAPES, draw_shapes, shape_factors
from ganlib.data.views import VIEWS, view
from ganlib.errors import DataError

__all__ = ["COLOURS", "NAMES", "SHAPES", "VIEWS", "Data", "load", "shape_factors", "view"]

NAMES = (
    *("ring", "grid", "line", "moons", "digits", "stacked_digits", "shapes"),
    *("mnist", "fashion_mnist", "cifar10", "folder:PATH"),
)
DIGITS = Path(__file__).parents[1] / "assets" / "digits.npz"


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """A data set in memory: either `images` or `points`.

    The factors of the `shapes` are "shape" and "colour", (n,) int64, indices into `SHAPES` and `COLOURS`; "place",
    (n, 2) float32, the centre's x and y, and "radius", (n,) float32, as fractions of the image's side. `pairs` are what
    each image is to be made from, by name, (n, height, width, channels) in [-1, 1]; the views of `view` need not be
    here.
    """

    name: str  #: what `load` was asked for
    images: np.ndarray | None = None  #: (n, height, width, channels) float32 in [-1, 1], C-contiguous; or None
    points: np.ndarray | None = None  #: (n, 2) float32; or None
    labels: np.ndarray | None = None  #: (n,) int64; or None where nothing is known
    label_names: tuple[str, ...] = ()  #: what the labels 0, 1, … mean
    centers: np.ndarray | None = None  #: the modes of a mixture, (k, 2) float64; else None
    std: float | None = None  #: the standard deviation of each mode, in each direction; else None
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)
    pairs: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.images is None) == (self.points is None):
            raise DataError(f"data {self.name!r} needs either images or points, and not both")
        mine, (what, axes) = f"data {self.name!r}", ("points", 2) if self.images is None else ("images", 4)
        object.__setattr__(self, what, check_samples(f"the {what} of {mine}", self.samples, axes))
        for pair, images in self.pairs.items():
            if len(check_samples(f"the pairs {pair!r} of {mine}", images, 4)) != len(self):
                raise DataError(f"{mine} has {len(self)} samples but {len(images)} of {pair!r}; it needs one for each")
        if self.labels is not None:
            labels = arguments.array(f"the labels of {mine}", self.labels, "an array of integers (n,)")
            if labels.ndim != 1 or labels.dtype.kind not in "iu":
                raise DataError(f"the labels of {mine} must be integers (n,), not {arguments.describe(labels)}")
            if len(labels) != len(self):
                raise DataError(f"{mine} has {len(self)} samples but {len(labels)} labels; it needs one for each")

    @property
    def samples(self) -> np.ndarray:
        """The images or the points, whichever this data set has."""
        samples = self.points if self.images is None else self.images
        assert samples is not None  # __post_init__ has seen to it
        return samples

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        kind = "points" if self.images is None else "images"
        return f"Data({self.name!r}: {kind} {self.samples.shape}, {len(self.label_names)} classes)"


def load(
    name: Any,
    *,
    size: int | None = None,
    n: int | None = None,
    seed: int = 0,
    split: str = "train",
    folder: Folder = None,
) -> Data:
    """Load a data set by name, or the one that a recipe trains on.

    Args:
        name: one of `NAMES`; `folder:PATH` reads the images of a folder, whose sub-folders are the classes.
            Or a recipe: any object with `.data`, such a name, and `.shape`, (size, size, channels) or (2,);
            where that asks for three channels, grey images get them.
        size: the side of the images; None takes the data's (digits 16, shapes 32). Images from a folder are first
            cropped to a centred square; with None they must all have one size already.
        n: how many samples. By default 100,000 points, 10,000 shapes and 20,000 stacked digits are drawn; of the others
            all are taken, and with n a random selection, in the original order.
        seed: of the draw, or of the selection.
        split: "train" or "test": of drawn data another draw, of downloaded data the official one.
        folder: where mnist, fashion_mnist and cifar10 are looked for, as FOLDER/NAME/FILE or FOLDER/FILE, and kept
            after a download. None: the environment variable GANLIB_DATA, else the user's cache folder.

    A DataError also without a network, or for a file that is damaged or not what its name says.

    >>> load("ring", n=1000).points.shape
    (1000, 2)
    """
    shape: tuple[int, ...] = ()  # of a recipe's samples
    if not isinstance(name, str):
        if not isinstance(getattr(name, "data", None), str) or not hasattr(name, "shape"):
            raise TypeError(f"expected the name of a data set or a recipe, not {arguments.describe(name)}")
        name, shape = name.data, tuple(name.shape)
    if len(shape) == 3:
        if shape[0] != shape[1]:
            raise DataError(f"only square images can be loaded, and the recipe's shape is {shape}")
        if size not in (None, shape[0]):
            raise DataError(f"size={size} contradicts the recipe's shape {shape}; leave size out")
        size = shape[0]
    size = None if size is None else arguments.whole("size", size, 8, error=DataError)
    n = None if n is None else arguments.whole("n", n, 1, error=DataError)
    arguments.whole("seed", seed, 0, error=DataError)
    arguments.one_of("split", split, ("train", "test"), DataError)
    if split == "test" and (name == "digits" or name.startswith("folder:")):
        raise DataError(f"{name!r} has no test split; load all and set some aside yourself")
    if folder is not None and not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder must be a path, not {arguments.describe(folder)}")
    if folder is not None and name not in CLASSES:
        raise DataError(f"folder= is for {', '.join(CLASSES)}; for your own images write load('folder:PATH')")

    # Two streams, so that a drawn test split does not repeat the training split.
    rng = np.random.default_rng([seed, 0 if split == "train" else 1])
    if name in POINTS:
        if size is not None:
            raise DataError(f"{name!r} consists of points, which have no size; leave size out")
        check_memory((n or 100_000, 2))
        points, labels, names, centers, std = draw_points(name, n or 100_000, rng)
        data = Data(name, points=points, labels=labels, label_names=names, centers=centers, std=std)
    elif name == "digits":
        data = _digits(size or 16, n, rng)
    elif name == "stacked_digits":
        data = _stacked_digits(size or 16, n or 20_000, rng)
    elif name == "shapes":
        images, factors = draw_shapes(size or 32, n or 10_000, rng)
        labels = factors["shape"] * len(COLOURS) + factors["colour"]
        names = tuple(f"{colour} {shape}" for shape in SHAPES for colour in COLOURS)
        data = Data(name, images, labels=labels, label_names=names, factors=factors)
    elif name in CLASSES:
        raw, labels = read_download(name, split, folder)
        keep = select(name, len(raw), n, rng)
        data = Data(name, scaled(raw[keep], 255, size), labels=labels[keep], label_names=CLASSES[name])
    elif name.startswith("folder:"):
        raw, classes, names = read_folder(name, size, n, rng, shape[2] if len(shape) == 3 else None)
        data = Data(name, scaled(raw, 255, None), labels=classes, label_names=names)
    else:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), NAMES, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"there is no data set {name!r}.{hint} Known: {', '.join(NAMES)}")
    if shape[2:] == (3,) and data.images is not None and data.images.shape[3] == 1:
        data = replace(data, images=data.images.repeat(3, axis=3))  # grey in red, green and blue
    if shape and data.samples.shape[1:] != shape:
        found = f"{name!r} has {data.samples.shape[1:]}; change the recipe's shape or its data"
        raise DataError(f"the recipe wants samples of shape {shape}, but {found}")
    return data


def _digits(size: int, n: int | None, rng: np.random.Generator) -> Data:
    """The 1,797 digits, 8 x 8 pixels in [0, 16], that scikit-learn brings too (Alpaydin and Kaynak 1998, CC BY 4.0).

    They ship with the package, so that nobody waits for scikit-learn's import.
    """
    with np.load(DIGITS, allow_pickle=False) as file:
        raw, labels = file["images"], file["labels"]
    keep = select("digits", len(raw), n, rng)
    margin = 0 if size == 8 else 1  # they fill their frame, and enlarged strokes that run into the border read badly
    raw = np.pad(raw[keep], ((0, 0), (margin, margin), (margin, margin)))
    images = scaled(raw[..., None], 16, size)
    return Data("digits", images, labels=labels[keep].astype(np.int64), label_names=CLASSES["mnist"])


def _stacked_digits(size: int, n: int, rng: np.random.Generator) -> Data:
    """Three random digits in red, green and blue, 1,000 kinds: Stacked MNIST (Metz et al. 2017), from these digits."""
    check_memory((n, size, size, 3))
    digits = _digits(size, None, rng)
    assert digits.labels is not None
    which = rng.integers(len(digits), size=(n, 3))
    images = np.ascontiguousarray(digits.samples[which, :, :, 0].transpose(0, 2, 3, 1))
    names = tuple(f"{kind:03}" for kind in range(1000))  # red, green, blue
    return Data("stacked_digits", images, labels=digits.labels[which] @ (100, 10, 1), label_names=names)
