"""Every public function, given what it cannot use: it says what was given, what was expected and what to do.

`TABLE` names each function with arguments that work. Beside each argument stand the values that do not: every row of
this test takes the arguments that work and puts one such value into them. A function that is in neither `TABLE` nor
`EXEMPT` fails the last test.
"""

import functools
import inspect
import re
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganlib
from ganlib import architectures, interactive, reference
from ganlib.recipe import FIELDS

HERE = str(Path(ganlib.__file__).parent)
RECIPE = ganlib.recipe("dcgan-digits", width=2, batch_size=4, latent=3, steps=2)
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Bad:
    """A value that an argument cannot be, and the pattern of what a message may call it by."""

    label: str
    value: Any
    given: str


@dataclass(frozen=True)
class Native:
    """Stands for a framework's own tensor."""

    array: np.ndarray
    dtype: str = "float32"


@dataclass(frozen=True)
class Lazy:
    """Stands for what `make(gl)` gives: what only a framework can make."""

    make: Any


def arrays(shape, *more, nan=True, empty=True, kind="array", wrap=lambda a: a):
    """What no array argument may be; `shape` is a good one's."""
    bad = [
        Bad("text", "three", "three|str"),
        Bad("nothing", None, "None"),
        Bad("a ragged list", [[1.0], [1.0, 2.0]], r"list|\[\[1"),
        Bad("complex numbers", np.ones(shape, complex), "complex"),
        Bad("objects", np.full(shape, {}, dtype=object), "object"),
    ]
    if empty:
        bad.append(Bad("empty", wrap(np.zeros((0, *shape[1:]), np.float32)), r"\(0,|\b0\b|[Nn]o |empty"))
    if nan:
        values = np.zeros(shape, np.float32)
        values.flat[0] = np.nan
        bad += [Bad("NaN", wrap(values), "NaN"), Bad("infinity", wrap(np.where(np.isnan(values), np.inf, 0)), "infini")]
    return [*bad, *more]


def shaped(*shapes, label="shape"):
    return [Bad(f"{label} {s}", np.zeros(s, np.float32), re.escape(str(s))) for s in shapes]


def whole(low, none=False, high=None):
    """What no whole number of at least `low` may be. `none`: None is allowed."""
    bad = [
        Bad("text", "three", "three"),
        Bad("a fraction", 1.5, "1.5"),
        Bad("a truth value", True, "True"),
        Bad("too small", low - 1, str(low - 1)),
        Bad("an array", np.arange(3), r"array|\[0"),
    ]
    if high is not None:
        bad.append(Bad("too large", high + 1, str(high + 1)))
    return bad if none else [*bad, Bad("nothing", None, "None")]


def number(*outside):
    bad = [Bad("text", "three", "three"), Bad("NaN", float("nan"), "nan"), Bad("nothing", None, "None")]
    return [*bad, *(Bad(str(value), value, re.escape(str(value))) for value in outside)]


OF_TEXT = [Bad("unknown", "nonsense", "nonsense"), Bad("a number", 3, "3"), Bad("nothing", None, "None")]
OF_TEXT += [Bad("a list", ["hinge"], "hinge")]
NOT_A_PATH = [Bad("nothing", None, "None"), Bad("a number", 3, r"\b3\b"), Bad("a list", ["a"], "list|'a'")]
NO_EXERCISE = [
    Bad("no exercise", "9.9", r"no exercise '9\.9'.*1\.1"),
    Bad("a number", 1.1, r"1\.1"),
    Bad("an array", np.arange(3), "array"),
    Bad("a list", ["1.1"], "list"),
]
NO_RECIPE = [
    Bad("its name", "dcgan-digits", "dcgan-digits"),
    Bad("nothing", None, "None"),
    Bad("a dict", {"latent": 3}, "dict|latent"),
]
NO_LOSS = [Bad("a name", "hinge", "'hinge'"), Bad("a function", abs, "abs"), Bad("a number", 3, r"3 \(int\)")]
NO_MODEL = [Bad("nothing", None, "None"), Bad("text", "generator", "generator|str"), Bad("a recipe", RECIPE, "Recipe")]

DIGITS = ganlib.data.load("digits", n=12, seed=1).images
POINTS = RNG.normal(size=(12, 2))
FEATURES = RNG.normal(size=(12, 3))
RING = ganlib.data.load("ring", n=50)
QUICK = ganlib.recipe("ring", width=32, batch_size=32, discriminator_optimiser={"rate": 4e-3})

IMAGES = arrays(
    (4, 16, 16, 1),
    Bad("0 to 255", RNG.integers(0, 256, (4, 16, 16, 1)).astype(np.uint8), "25[0-5]|uint8"),
    Bad("0 to 255 as float", RNG.uniform(0, 255, (4, 16, 16, 1)), "25[0-5]"),
    *shaped((4, 1, 16, 16), label="channels first"),
    *shaped((16, 16), (4, 16, 12, 1), (4, 16, 16, 2), (4, 16, 16, 1, 1)),
)
ROWS_OF_2 = arrays((12, 2), *shaped((12,), (12, 3), (12, 2, 1), (2, 12)))
# Some NaN are left out of a picture: it shows how a broken run went on.
DRAWN = [bad for bad in ROWS_OF_2 if bad.label not in ("NaN", "infinity")]
DRAWN += [Bad("nothing but NaN", np.full((12, 2), np.nan), "NaN")]
MATRIX = arrays((12, 3), *shaped((12,), (12, 3, 1)))
FOUR_FEATURES = Bad("four features", np.ones((12, 4)), "4 and 3|3 and 4")
# In the oracle NaN goes through every formula, as it does in the frameworks.
PIXELS = arrays((2, 4, 4, 3), *shaped((4, 4, 3), (2, 48)), nan=False, empty=False)
LIST = arrays((3,), nan=False, empty=False)
CHANNELS = arrays((3,), *shaped((4,), (1, 3)), nan=False, empty=False)
FOUR = [Bad("four channels", np.zeros((2, 4), np.float32), r"\(4,\)")]  # where the others have three
LOGITS = arrays((4,), *shaped((4, 1), ()), nan=False)
NO_LAYERS = [
    Bad("nothing", None, "None"),
    Bad("text", "dense", "dense|str"),
    Bad("no layer", ["dense"], "dense|str"),
    Bad("a recipe", RECIPE, "Recipe"),
]
# The class of each loss has one name in the reference and in both frameworks.
LOSSES = {type(loss).__name__: loss for loss in map(ganlib.reference.losses.get, ganlib.reference.losses.names())}
LAYERS = [architectures.Dense(4, True), architectures.LeakyReLU(0.2), architectures.Dropout(0.5)]
WEIGHTS = {"dense0.kernel": np.ones((3, 4)), "dense0.bias": np.ones(4)}
NO_SHAPE = [
    Bad("a number", 3, "3"),
    Bad("nothing", None, "None"),
    Bad("text", "16x16", "16x16"),
    Bad("a zero", (0,), "0"),
]
HISTORY = {"d_loss": np.ones(5), "g_loss": np.ones(5)}
NO_HISTORY = [
    Bad("nothing", None, "None"),
    Bad("an array", np.ones(5), "array"),
    Bad("empty", {}, "d_loss"),
    Bad("no steps", {"d_loss": [], "g_loss": []}, "d_loss"),
    Bad("text", {"d_loss": ["a"], "g_loss": ["b"]}, "d_loss"),
    Bad("pairs", {"d_loss": np.ones((5, 2)), "g_loss": np.ones((5, 2))}, r"\(5, 2\)"),
    Bad("lengths", {"d_loss": np.ones(5), "g_loss": np.ones(4)}, "5.*4"),
]
NOT_AXES = [Bad("a number", 3, r"\b3\b|int"), Bad("text", "ax", "ax|str")]
NO_TITLE = [Bad("a number", 3, r"\b3\b"), Bad("a list", ["a"], "list|'a'")]
SIZES = {name: whole(limits["low"], high=limits["high"]) for name, limits in interactive.convolution.LIMITS.items()}
MATRICES = [
    Bad("nothing", None, "None"),
    Bad("an array", np.ones((2, 2)), r"array|\(2, 2\)"),
    Bad("empty", {}, "empty"),
    Bad("text", {"C": "three"}, "three|str"),
    Bad("a vector", {"C": np.ones(3)}, r"\(3,\)"),
    Bad("no rows", {"C": np.ones((0, 3))}, r"\(0, 3\)"),
    Bad("NaN", {"C": np.full((2, 2), np.nan)}, "NaN"),
    Bad("ragged", {"C": [[1], [1, 2]]}, "list|C"),
]


PAIR = arrays((2,), Bad("one number", 0.5, "0.5"), *shaped((3,), (2, 1), label="shape"), nan=False, empty=False)
PAIR += [Bad("NaN", [np.nan, 0], "nan"), Bad("infinity", (0, np.inf), "inf")]
OF_BOTH = [bad for bad in PAIR if bad.label != "one number"]
UPDATE_RULE = {
    "rate": [*OF_BOTH, Bad("negative", -0.1, "-0.1"), Bad("one negative", (0.1, -0.1), "-0.1")],
    "momentum": OF_BOTH,
    "update": OF_TEXT,
    "d_steps": whole(1),
}
NO_GAME = [
    Bad("nothing", None, "None"),
    Bad("its name", "minimax", "minimax"),
    Bad("one velocity", lambda theta, psi: 3.5, "3.5"),
]


def rotation(theta, psi):
    return psi, -theta


def recorder(frames):
    """One that holds so many frames."""
    made = interactive.Recorder(POINTS)
    for step in range(frames):
        made.frames.append(interactive.Frame(step, np.zeros((4, 2)), np.zeros((2, 2)), np.zeros((2, 2)), None))
        made.losses.append((1.0, 1.0))
    return made


def fields():
    """For every field of a recipe what it cannot be."""
    bad = {}
    for name in FIELDS:
        bad[name] = [
            Bad("nothing", None, "None"),
            Bad("a list", [[]], r"\[\[\]\]"),
            Bad("an object", object(), "object"),
        ]
        if isinstance(getattr(RECIPE, name), str):
            bad[name] += [Bad("empty", "", "''"), Bad("a number", 3, "3"), Bad("bytes", b"ring", "b'ring'")]
        else:
            bad[name] += [Bad("text", "three", "three"), Bad("NaN", float("nan"), "nan"), Bad("empty", (), r"\(\)")]
    rates = ({"rate": 0.0}, {"rate": "fast"}, {"beta1": 1.0}, {"speed": 1.0}, {"rule": "lion"}, {"epsilon": -1.0})
    for name in ("generator_optimiser", "discriminator_optimiser"):
        bad[name] += [Bad(f"{change}", change, re.escape(str(next(iter(change))))) for change in rates]
    bad["shape"] += [
        Bad(str(s), s, re.escape(str(s))) for s in ((16, 16), (0, 16, 1), (16.0, 16.0, 1.0), (16, 16, True))
    ]
    bad["shape"] += [Bad(str(s), s, "|".join(map(str, s))) for s in ((30, 17, 1), (9, 9, 1))]
    return bad


JSON = [
    *(Bad(repr(text)[:20], text, given) for text, given in ((None, "None"), (3, "int"), ("", "JSON"), ("{", "JSON"))),
    *(Bad(repr(text)[:20], text, given) for text, given in (("[]", "list"), ("{}", "lacks"), ("3", "int"))),
    Bad("bytes that are no text", b"\xff\xfe\xff", "JSON"),
    Bad("deep", "[" * 100_000, "JSON"),
    Bad("NaN", RECIPE.to_json().replace('"weight_std": 0.02', '"weight_std": NaN'), "nan"),
    Bad("a huge whole number", RECIPE.to_json().replace('"latent": 3', '"latent": ' + "9" * 5000), "JSON|9999"),
    Bad("another field", RECIPE.to_json().replace('"latent"', '"latents"'), "latents"),
]

# Name of a function → arguments that work, and for each argument what it cannot be.
TABLE: dict[str, tuple[dict[str, Any], dict[str, list[Bad]]]] = {
    "recipe": ({"name": "dcgan-digits"}, {"name": [*OF_TEXT, Bad("near", "dcgan-digit", "dcgan-digit")], **fields()}),
    "Recipe.from_json": ({"text": RECIPE.to_json()}, {"text": JSON}),
    "backend": ({"name": ganlib.available()[0]}, {"name": OF_TEXT[:2] + OF_TEXT[3:]}),
    # data
    "data.view": (
        {"name": "grey", "images": DIGITS},
        {"name": OF_TEXT, "images": [Bad("a list", [1.0], r"\(1,\)"), Bad("points", POINTS, r"\(12, 2\)")]},
    ),
    "data.load": (
        {"name": "digits"},
        {
            "name": [
                *OF_TEXT,
                Bad("a class", ganlib.Recipe, "Recipe|type"),
                Bad("no such folder", "folder:no/such/folder", "no/such/folder"),
                Bad("no path", "folder:", "folder:"),
                Bad("a byte that no path has", "folder:a\0b", "folder:a"),
                Bad("a recipe of another shape", ganlib.recipe("dcgan-digits", shape=(16, 16, 2)), "16, 16, 2"),
            ],
            "size": [*whole(8, none=True), Bad("huge", 2**40, "GiB")],
            "n": [*whole(1, none=True), Bad("too many", 10**9, "1000000000")],
            "seed": whole(0),
            "split": OF_TEXT,
            "folder": [Bad("not for digits", "somewhere", "folder"), Bad("a number", 3, "folder|3")],
        },
    ),
    "data.Data": (
        {"name": "mine", "images": DIGITS},
        {
            "images": [
                *IMAGES[:1],
                *(bad for bad in IMAGES[2:] if bad.label not in ("shape (4, 16, 12, 1)", "shape (4, 16, 16, 2)")),
            ],
            "points": [Bad("both", POINTS, "both")],
            "labels": [
                Bad("too few", np.arange(3), "3"),
                Bad("fractions", np.full(12, 0.5), "float"),
                Bad("text", "abc", "3|str"),
            ],
        },
    ),
    "data.shape_factors": (
        {"images": np.zeros((2, 16, 16, 3), np.float32)},
        {
            "images": [
                *arrays(
                    (2, 16, 16, 3), *shaped((2, 3, 16, 16), (16, 16, 3), (2, 8, 8, 3), (2, 16, 16, 1)), empty=False
                ),
                Bad("0 to 255", np.full((2, 16, 16, 3), 255, np.uint8), "255"),
            ]
        },
    ),
    # metrics
    **{f"metrics.{name}": ({"images": DIGITS}, {"images": IMAGES}) for name in ("features", "classify")},
    **{
        f"metrics.{name}": (
            {"real": FEATURES, "fake": FEATURES + 1},
            {key: [*MATRIX, FOUR_FEATURES, Bad("one", np.ones((1, 3)), "1")] for key in ("real", "fake")},
        )
        for name in ("frechet_distance", "kernel_distance")
    },
    "metrics.prdc": (
        {"real": FEATURES, "fake": FEATURES + 1, "k": 3},
        {"real": [*MATRIX, FOUR_FEATURES], "fake": [*MATRIX, FOUR_FEATURES], "k": whole(1, high=11)},
    ),
    "metrics.mode_coverage": (
        {"samples": RING.points, "centers": RING.centers, "std": RING.std},
        {"samples": ROWS_OF_2, "centers": ROWS_OF_2, "std": number(0.0, -1.0, np.inf)},
    ),
    "metrics.checkerboard": (
        {"images": DIGITS, "period": 2},
        {"images": arrays((4, 16, 16, 1), *shaped((16, 16), (4, 16, 16), (4, 1, 16, 16))), "period": whole(2)},
    ),
    "metrics.class_histogram": (
        {"images": DIGITS, "real": ganlib.metrics.class_histogram(DIGITS)},
        {"images": IMAGES, "real": [Bad("text", "uniform", "uniform"), Bad("counts", np.ones(10), r"\(10,\)")]},
    ),
    "metrics.stacked_modes": (
        {"images": DIGITS.repeat(3, axis=3)},
        {
            "images": arrays(
                (4, 16, 16, 3),
                Bad("0 to 255 as float", RNG.uniform(0, 255, (4, 16, 16, 3)), "25[0-5]"),
                *shaped((4, 3, 16, 16), label="channels first"),
                *shaped((16, 16), (4, 16, 16), (4, 16, 16, 1)),
            )
        },
    ),
    "metrics.evaluate": (
        {"real": DIGITS, "fake": DIGITS[::-1], "k": 3},
        {"real": [*IMAGES, *shaped((12, 2))], "fake": [*IMAGES, *shaped((12, 2))], "k": whole(1, high=11)},
    ),
    # exercises, clinic and gamma
    "exercises.check": ({"number": "1.1"}, {"number": NO_EXERCISE}),
    "exercises.solution": ({"number": "1.1"}, {"number": NO_EXERCISE}),
    "exercises.reset": ({"number": "1.1"}, {"number": NO_EXERCISE}),
    "clinic.patient": ({"number": 3}, {"number": whole(1, high=8)}),
    "clinic.check": (
        {"number": 6, "answer": ganlib.clinic.patient(6).recipe, "seed": 0},
        {
            "number": whole(1, high=8),
            "answer": [
                *NO_RECIPE,
                Bad("a function", len, "len|builtin"),
                Bad("a number", 0.98, "0.98"),
            ],
            "seed": whole(0),
            "backend": [],
        },
    ),
    "specimens.specimen": ({"name": "003-softmax"}, {"name": OF_TEXT}),
    "gamma.suggest": (
        {"recipe": QUICK, "data": RING.points, "steps": 200, "seed": 0},
        {
            "recipe": [*NO_RECIPE, Bad("wasserstein", ganlib.recipe("ring", loss="wasserstein"), "wasserstein")],
            "data": arrays((50, 2), *shaped((50,), (50, 3))),
            "steps": [*whole(1), Bad("too few", 1, "1 steps")],
            "seed": whole(0),
            "backend": [],
        },
    ),
    # plots
    "plots.image_grid": (
        {"images": DIGITS, "columns": 4, "title": "Digits"},
        {
            "images": [
                *(bad for bad in IMAGES if bad.label not in ("NaN", "infinity", "shape (4, 16, 12, 1)")),
                Bad("nothing but NaN", np.full((4, 16, 16, 1), np.nan), "NaN"),
                Bad("an empty mapping", {}, "empty"),
                Bad("a mapping with text", {"Real": "three"}, "Real"),
            ],
            "columns": whole(1),
            "title": NO_TITLE,
        },
    ),
    "plots.losses": (
        {"history": HISTORY},
        {
            "history": NO_HISTORY,
            "levels": [Bad("a number", 1.4, "1.4|float"), Bad("text", {"log 4": "x"}, "log 4|x")],
            "ax": NOT_AXES,
        },
    ),
    "plots.scatter": (
        {"samples": POINTS},
        {
            "samples": DRAWN,
            "data": [bad for bad in DRAWN if bad.label != "nothing"]
            + [Bad("images", ganlib.data.load("digits", n=2), r"\(2, 16")],
            "ax": NOT_AXES,
        },
    ),
    "plots.matrices": ({"arrays": {"C": np.ones((2, 3))}}, {"arrays": MATRICES, "title": NO_TITLE}),
    "plots.players": ({}, {"title": NO_TITLE}),
    "plots.networks": ({"recipe": RECIPE}, {"recipe": NO_RECIPE, "title": NO_TITLE}),
    # interactive
    "interactive.transposed_convolution": ({"inputs": 4, "kernel": 4, "stride": 2, "padding": 1}, SIZES),
    "interactive.Recorder": (
        {"data": POINTS},
        {
            "data": [*ROWS_OF_2, Bad("images", DIGITS, re.escape(str(DIGITS.shape)))],
            "every": whole(1),
        },
    ),
    "interactive.ImageRecorder": (
        {},
        {
            "every": whole(1),
            "score": [Bad("a number", 3, "int")],
        },
    ),
    "interactive.training_replay": (
        {"recorder": recorder(3)},
        {
            "recorder": [
                Bad("nothing", None, "None"),
                Bad("points", POINTS, "array"),
                Bad("never called", recorder(0), "0 frames"),
            ],
        },
    ),
    "interactive.laboratory": (
        {"recipe": "ring"},
        {
            "recipe": [*NO_RECIPE[1:], Bad("no name", "rng", "'rng'"), Bad("images", RECIPE, "16, 16, 1")],
            "seed": whole(0),
            "scenario": [bad for bad in OF_TEXT if bad.label != "nothing"],
        },
    ),
    "interactive.dirac_portrait": (
        {"method": "r1"},
        {
            "method": OF_TEXT,
            "update": OF_TEXT,
            "rate": number(0.0, 1.5),
            "strength": [bad for bad in number(0.0, 3.0) if bad.label != "nothing"],
        },
    ),
    # dynamics
    "dynamics.DiracGAN": (
        {"loss": "minimax"},
        {"loss": OF_TEXT, **{key: number(-1.0, np.inf) for key in ("r1", "wgan_gp", "noise", "consensus")}},
    ),
    "dynamics.simulate": (
        {"game": rotation, "steps": 2},
        {
            "game": NO_GAME,
            "start": PAIR,
            "steps": whole(1),
            "clip": [bad for bad in number(-1.0) if bad.label != "nothing"],
            "first": OF_TEXT,
            **UPDATE_RULE,
        },
    ),
    "dynamics.jacobian": ({"game": rotation}, {"game": NO_GAME, "at": PAIR}),
    "dynamics.eigenvalues": ({"matrix": np.eye(2)}, {"matrix": arrays((2, 2), *shaped((2,), (2, 3), (2, 2, 1)))}),
    "dynamics.contraction": (
        {"jacobian": np.eye(2)},
        {"jacobian": arrays((2, 2), *shaped((2,), (3, 3), (2, 2, 1))), **UPDATE_RULE},
    ),
    # architectures
    **{
        f"architectures.{name}": ({"recipe": RECIPE}, {"recipe": NO_RECIPE})
        for name in ("generator_layers", "discriminator_layers", "discriminator_input", "conditions", "heads")
    },
    "architectures.check_fit": (
        {"recipe": RECIPE, "architecture": "dcgan"},
        {"recipe": NO_RECIPE, "architecture": OF_TEXT},
    ),
    "architectures.names": ({"layers": LAYERS}, {"layers": NO_LAYERS}),
    **{
        f"architectures.{name}": (
            {"layers": LAYERS, "input_shape": (3,)},
            {"layers": NO_LAYERS, "input_shape": [*NO_SHAPE, Bad("a negative one", (-3,), "-3")]},
        )
        for name in ("shapes", "costs")
    },
    "architectures.conv_size": (
        {"size": 16, "kernel": 4, "stride": 2, "padding": "same", "dilation": 1},
        {
            **{key: whole(1) for key in ("size", "kernel", "stride", "dilation")},
            "padding": [*OF_TEXT[:1], *OF_TEXT[2:]],
        },
    ),
    "architectures.conv_transpose_size": (
        {"size": 16, "kernel": 4, "stride": 2, "padding": 1, "output_padding": 0, "dilation": 1},
        {
            **{key: whole(1) for key in ("size", "kernel", "stride", "dilation")},
            "padding": [*OF_TEXT[:1], *OF_TEXT[2:], Bad("crops all", 99, "99")],
            "output_padding": whole(0, high=1),
        },
    ),
    "architectures.same_padding": (
        {"size": 16, "kernel": 4, "stride": 2},
        {key: whole(1) for key in ("size", "kernel", "stride")},
    ),
    # the oracle
    "reference.dense": (
        {"x": np.ones((2, 3)), "kernel": np.ones((3, 4)), "bias": np.ones(4)},
        {
            "x": arrays((2, 3), *shaped((3,), (2, 4)), nan=False, empty=False),
            "kernel": arrays((3, 4), *shaped((4, 3)), nan=False, empty=False),
            "bias": [*CHANNELS[:1], *CHANNELS[2:-2], *shaped((3,), (1, 4))],
        },
    ),
    **{
        f"reference.{name}": (
            {
                "x": np.ones((2, 4, 4, 3)),
                "kernel": np.ones((2, 2, 3, 3)),
                "stride": 2,
                "padding": "same",
                "bias": np.ones(3),
            },
            {
                "x": [*PIXELS, *shaped((2, 3, 4, 4), label="channels first")],
                "kernel": arrays((2, 2, 3, 3), *shaped((2, 2, 3), (2, 2, 5, 5), (0, 2, 3, 3)), nan=False, empty=False),
                "bias": [*CHANNELS[:1], *CHANNELS[2:]],
                "stride": whole(1),
                "dilation": whole(1),
                "padding": [*OF_TEXT[:1], *OF_TEXT[2:], Bad("negative", -1, "-1")],
                **({"output_padding": whole(0, high=1)} if "transpose" in name else {}),
            },
        )
        for name in ("conv2d", "conv_transpose2d")
    },
    "reference.conv_matrix": (
        {"kernel": np.ones((2, 2, 1, 1)), "input_shape": (3, 3, 1)},
        {
            "kernel": arrays((2, 2, 1, 1), *shaped((2, 2)), nan=False, empty=False),
            "input_shape": [*NO_SHAPE, Bad("two", (3, 3), r"\(3, 3\)"), Bad("huge", (2**20, 2**20, 1), "1048576")],
            "stride": whole(1),
            "dilation": whole(1),
            "padding": [*OF_TEXT[:1], *OF_TEXT[2:]],
        },
    ),
    "reference.upsample": ({"x": np.ones((2, 4, 4, 3))}, {"x": PIXELS, "factor": whole(1)}),
    "reference.average_pool": ({"x": np.ones((2, 4, 4, 3))}, {"x": PIXELS, "size": whole(1)}),
    "reference.depth_to_space": (
        {"x": np.ones((2, 4, 4, 4))},
        {"x": [*PIXELS, *shaped((2, 4, 4, 3))], "block": whole(1)},
    ),
    "reference.batch_norm": (
        {"x": np.ones((2, 3)), "scale": np.ones(3), "shift": np.ones(3), "epsilon": 1e-5},
        {
            "x": arrays((2, 3), *FOUR, *shaped((3,)), nan=False),
            **dict.fromkeys(("scale", "shift"), CHANNELS),
            "epsilon": number(-1.0),
        },
    ),
    "reference.batch_norm_inference": (
        {"x": np.ones((2, 3)), **{key: np.ones(3) for key in ("scale", "shift", "mean", "variance")}, "epsilon": 1e-5},
        {
            "x": arrays((2, 3), *FOUR, *shaped(()), nan=False, empty=False),
            **dict.fromkeys(("scale", "shift", "mean", "variance"), CHANNELS),
            "epsilon": number(-1.0),
        },
    ),
    "reference.moving_statistics": (
        {"x": np.ones((2, 3)), "mean": np.ones(3), "variance": np.ones(3), "momentum": 0.9},
        {
            "x": arrays((2, 3), *FOUR, *shaped((1, 3), ()), nan=False),
            **dict.fromkeys(("mean", "variance"), CHANNELS),
            "momentum": number(-0.1, 1.1),
        },
    ),
    "reference.spectral_norm": (
        {"kernel": np.ones((4, 3)), "u": np.ones(3)},
        {
            "kernel": arrays((4, 3), Bad("five outputs", np.ones((4, 5)), r"\(5,\)"), *shaped((3,), ()), nan=False),
            "u": [*CHANNELS, Bad("zero", np.zeros(3), "zero")],
        },
    ),
    "reference.leaky_relu": ({"x": np.ones(3), "slope": 0.2}, {"x": LIST, "slope": number()}),
    **{f"reference.{name}": ({"x": np.ones(3)}, {"x": LIST}) for name in ("tanh", "softplus", "sigmoid")},
    "reference.octaves": ({"x": np.ones(3), "count": 2}, {"x": LIST, "count": number(0, 1.5)}),
    "reference.one_hot": (
        {"labels": np.array([0, 2, -1]), "classes": 3},
        {
            "labels": [
                Bad("fractions", np.array([0.5, 1.0]), "float64"),
                Bad("a class too many", np.array([3]), r"\(1,\)"),
                Bad("a table", np.array([[0]]), r"\(1, 1\)"),
                Bad("text", "three", "three|str"),
            ],
            "classes": whole(1),
        },
    ),
    "reference.side_by_side": (
        {"x": np.ones((2, 4, 4, 1)), "y": np.ones((2, 3))},
        {"x": shaped((3, 4, 4, 1)), "y": shaped((3, 3), (2, 4, 3, 1))},
    ),
    "reference.terms.cross_entropy": (
        {"logits": np.zeros((2, 3)), "labels": np.array([0, -1])},
        {"logits": shaped((6,), (3, 3)), "labels": [Bad("too many", np.array([0, 1, 2]), "3 labels"), *shaped((2, 1))]},
    ),
    **{
        f"reference.terms.{name}": (
            {"real": np.zeros((2, 3)), "fake": np.zeros((2, 3))},
            {"real": shaped((2, 4), (2, 3, 1)), "fake": shaped((2, 4), (2, 3, 1))},
        )
        for name in ("feature_matching", "reconstruction")
    },
    "reference.dropout": (
        {"x": np.ones(3), "rate": 0.5, "kept": np.ones(3, bool)},
        {
            "x": LIST,
            "rate": number(1.0, -0.1),
            "kept": [Bad("numbers", np.ones(3), "float64"), Bad("another shape", np.ones(4, bool), r"\(4,\)")],
        },
    ),
    **{
        f"reference.{name}": (
            {
                **{"layers": LAYERS, "weights": WEIGHTS, "x": np.ones((2, 3))},
                "masks": {"dropout2": np.ones((2, 4), bool)},
                **({"training": True} if name == "network" else {}),
            },
            {
                "layers": NO_LAYERS,
                "weights": [
                    Bad("nothing", None, "None"),
                    Bad("none", {}, "none"),
                    Bad("another shape", {**WEIGHTS, "dense0.kernel": np.ones((4, 4))}, r"\(4, 4\)"),
                    Bad("text", {**WEIGHTS, "dense0.kernel": "three"}, "three|str"),
                ],
                "x": arrays((2, 3), *shaped((2, 4), (3,)), nan=False, empty=False),
                "masks": [Bad("none", {}, "dropout2"), Bad("text", "three", "three|str")],
            },
        )
        for name in ("network", "network_update")
    },
    **{
        f"reference.losses.Loss.{player}{kind}": (
            {"self": reference.losses.relativistic, "real_logits": np.ones(4), "fake_logits": np.zeros(4)},
            {
                **{
                    key: [*LOGITS, Bad("fewer", np.ones(3), "4 and 3|3 and 4")]
                    for key in ("real_logits", "fake_logits")
                },
                **({"real_label": number(0.9)} if player == "discriminator" else {}),
            },
        )
        for player in ("discriminator", "generator")
        for kind in ("", "_gradient")
    },
    "reference.losses.get": ({"name": "hinge"}, {"name": OF_TEXT}),
    **{
        f"reference.penalties.{name}": (
            {"gradient": np.ones((4, 2))},
            {"gradient": arrays((4, 2), *shaped((4,), ()), nan=False)},
        )
        for name in ("r1", "r2", "wgan_gp")
    },
    "reference.penalties.interpolate": (
        {"real": np.ones((4, 2)), "fake": np.ones((4, 2)), "mix": np.ones(4)},
        {
            **dict.fromkeys(("real", "fake"), arrays((4, 2), *shaped((4, 3), (3, 2)), nan=False)),
            "mix": arrays((4,), *shaped((3,), (4, 1)), nan=False),
        },
    ),
    "reference.adam_step": (
        {
            **{key: np.ones(3) for key in ("weight", "gradient", "m", "v")},
            **{"step": 1, "rate": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-8, "epsilon_placement": "after"},
        },
        {
            **{key: [*LIST, *shaped((4,))] for key in ("weight", "gradient", "m", "v")},
            "step": whole(1),
            **{key: number() for key in ("rate", "beta1", "beta2", "epsilon")},
            "epsilon_placement": OF_TEXT,
        },
    ),
    "reference.sgd_step": (
        {**{key: np.ones(3) for key in ("weight", "gradient", "velocity")}, "rate": 0.1, "momentum": 0.9},
        {
            **{key: [*LIST, *shaped((4,))] for key in ("weight", "gradient", "velocity")},
            **{key: number() for key in ("rate", "momentum")},
        },
    ),
    "reference.conjugate_beta": (
        {"rule": "polak_ribiere", **{key: np.ones(3) for key in ("gradient", "before", "direction")}},
        {"rule": OF_TEXT, **{key: [*LIST, *shaped((4,))] for key in ("gradient", "before", "direction")}},
    ),
    "reference.conjugate_step": (
        {
            **{key: np.ones(3) for key in ("weight", "gradient", "before", "direction")},
            **{"rate": 0.1, "rule": "polak_ribiere", "bound": 0.5},
        },
        {
            **{key: [*LIST, *shaped((4,))] for key in ("weight", "gradient", "before", "direction")},
            **{"rate": number(), "rule": OF_TEXT, "bound": number(-0.1)},
        },
    ),
    "reference.conjugate_gradient": (
        {"matrix": np.eye(3), "b": np.ones(3)},
        {
            "matrix": arrays(
                (3, 3),
                Bad("not symmetric", np.triu(np.ones((3, 3))), "symmetric"),
                Bad("not positive definite", -np.eye(3), "d·Ad = -3"),
                *shaped((3,), (4, 4), (3, 2)),
            ),
            "b": arrays((3,), *shaped((4,), (3, 1))),
            "start": [bad for bad in [*LIST, *shaped((4,), (3, 1))] if bad.label != "nothing"],
            "steps": whole(0, none=True),
        },
    ),
    "reference.competitive_step": (
        {"f_x": np.ones(3), "g_y": np.ones(2), "f_xy": np.ones((3, 2)), "g_yx": -np.ones((2, 3)), "rate": 0.1},
        {
            "f_x": [*LIST, *shaped((2,), (3, 1))],
            "g_y": [*LIST, *shaped((3,), (2, 1))],
            "f_xy": [*LIST, *shaped((2, 3))],
            "g_yx": [*LIST, *shaped((3, 2))],
            "rate": number(),
        },
    ),
    "reference.moving_average": (
        {"old": np.ones(3), "new": np.ones(3), "decay": 0.9},
        {**{key: [*LIST, *shaped((4,))] for key in ("old", "new")}, "decay": number(-0.1, 1.1)},
    ),
}

# Of a framework: in the place of `gl`, the package that `ganlib.backend` gives.
SAMPLES = [
    *(bad for bad in arrays((4, 16, 16, 1)) if bad.label not in ("a ragged list", "objects")),
    Bad("a list", [[0.0]], "list"),
    Bad("0 to 255", RNG.integers(0, 256, (4, 16, 16, 1)).astype(np.uint8), "uint8"),
    Bad("0 to 255 as float", RNG.uniform(0, 255, (4, 16, 16, 1)), "25[0-5]"),
    *shaped((4, 1, 16, 16), label="channels first"),
    *shaped((16, 16, 1), (4, 16, 16, 3), (4, 28, 28, 1), (4, 2)),
]
DATA = [*SAMPLES, Bad("too few", DIGITS[:3], "3 samples"), Bad("points", RING, r"\(50, 2\)")]
NO_TENSORS = [
    Bad("nothing", None, "None"),
    Bad("text", "three", "three|str"),
    Bad("a list", [1.0, 2.0], "list"),
    Bad("whole numbers", Native(np.ones(4), "int64"), "int64"),
]
LOGIT_TENSORS = [
    *NO_TENSORS,
    *(Bad(f"shape {s}", Native(np.zeros(s)), re.escape(str(s))) for s in ((4, 1), (), (0,))),
]
BATCHES = [
    *NO_TENSORS,
    Bad("no sample axis", Native(np.ones(())), r"\(\)"),
    Bad("empty", Native(np.ones((0, 2))), r"\(0, 2\)"),
]
PRECISION = [Bad("half", "float16", "float16"), Bad("a number", 32, "32")]
NO_CRITIC = [
    Bad("nothing", None, "None"),
    Bad("text", "critic", "critic|str"),
    Bad("(n, 1) logits", lambda x: x[:, :1], r"\(4, 1\)"),
    Bad("a mean", Lazy(lambda gl: lambda x: (x[:, 0] * 0)[0]), r"\(\)"),
    Bad("NumPy", lambda x: np.ones(4), "ndarray|array"),
]
DEVICES = [Bad("unknown", "abacus", "abacus"), Bad("a number", 2.5, "2.5")]
LATENTS = arrays((4, 3), *shaped((3,), (4, 4), (4, 3, 1)))


@functools.cache
def trainer(gl):
    """One for all rows: what refuses its input must leave it as it is."""
    return gl.Trainer(RECIPE, precision="float32")


def first_weight(change):
    """A generator's weights, the first of them changed. NaN are weights too: a broken run can be looked at."""

    def make(gl):
        weights = gl.get_weights(gl.Generator(RECIPE))
        name = next(iter(weights))
        return {**weights, name: change(weights[name])}

    return Lazy(make)


@functools.cache
def saved(gl):
    return trainer(gl).save(tempfile.mkdtemp()).parent


NO_CALLBACKS = [
    Bad("a function", [print], "print"),
    Bad("a class", [interactive.Recorder], "Recorder"),
    Bad("no list", 3, r"\b3\b|int"),
    Bad("nothing", None, "None"),
]


T = Lazy(trainer)
FRAMEWORK: dict[str, tuple[dict[str, Any], dict[str, list[Bad]]]] = {
    **{
        f"gl.{name}": (
            {"recipe": RECIPE, "seed": 0, "precision": "float32"},
            {"recipe": NO_RECIPE, "seed": whole(0), "precision": [*OF_TEXT, *PRECISION]},
        )
        for name in ("Generator", "Discriminator")
    },
    "gl.Trainer": (
        {"recipe": RECIPE, "seed": 0},
        {
            "recipe": NO_RECIPE,
            "seed": whole(0),
            "precision": [*OF_TEXT[:2], *PRECISION],
            "device": DEVICES,
            "compiled": [Bad("a text", "xla", "'xla'"), Bad("a number", 1, "not 1")],
            "loss": NO_LOSS,
            "generator": NO_MODEL[1:],
            "discriminator": NO_MODEL[1:],
        },
    ),
    "gl.get_weights": ({"model": Lazy(lambda gl: gl.Generator(RECIPE))}, {"model": NO_MODEL}),
    "gl.set_weights": (
        {"model": Lazy(lambda gl: gl.Generator(RECIPE)), "weights": first_weight(lambda k: k)},
        {
            "model": NO_MODEL,
            "weights": [
                Bad("nothing", None, "None"),
                Bad("a list", [1.0], "list"),
                Bad("none", {}, "missing"),
                Bad("another shape", first_weight(lambda k: k[:-1]), r"\(2, "),
                Bad("text", first_weight(lambda k: "three"), "three|str"),
                Bad("complex numbers", first_weight(lambda k: k + 0j), "complex"),
                Bad("objects", first_weight(lambda k: k.astype(object)), "object"),
            ],
        },
    ),
    "gl.losses.get": (
        {"name": "minimax", "real_label": 0.9},
        {"name": OF_TEXT, "real_label": number(-0.1, 1.5)},
    ),
    "gl.penalties.get": ({"name": "r1"}, {"name": OF_TEXT}),
    **{
        f"gl.losses.{loss}.{player}": (
            {"real_logits": Native(np.ones(4)), "fake_logits": Native(np.zeros(4))},
            {
                "real_logits": LOGIT_TENSORS,
                "fake_logits": LOGIT_TENSORS
                + [Bad("fewer", Native(np.ones(3)), "4.*3") for _ in range(LOSSES[loss].needs_real)],
                **({"real_label": number(-0.1, 1.5)} if player == "discriminator" and LOSSES[loss].smoothable else {}),
            },
        )
        for loss in LOSSES
        for player in ("discriminator", "generator")
    },
    **{
        f"gl.penalties.{name}": (
            {"discriminator": lambda x: x[:, 0], samples: Native(np.ones((4, 2)))},
            {"discriminator": NO_CRITIC, samples: BATCHES},
        )
        for name, samples in (("r1", "real"), ("r2", "fake"))
    },
    "gl.penalties.wgan_gp": (
        {
            "discriminator": lambda x: x[:, 0],
            **{k: Native(np.ones((4, 2))) for k in ("real", "fake")},
            "mix": Native(np.ones(4)),
        },
        {
            "discriminator": NO_CRITIC,
            **{k: [*BATCHES, Bad("fewer", Native(np.ones((3, 2))), r"\(3, 2\)")] for k in ("real", "fake")},
            "mix": [*NO_TENSORS, Bad("(n, 1)", Native(np.ones((4, 1))), r"\(4, 1\)")],
        },
    ),
    "gl.Trainer.fit": (
        {"self": T, "data": DIGITS, "steps": 1, "progress": False},
        {"data": DATA, "steps": whole(1, none=True), "callbacks": NO_CALLBACKS},
    ),
    "gl.Trainer.step": ({"self": T, "real": DIGITS[:4]}, {"real": [*DATA, Bad("too many", DIGITS[:5], "5 samples")]}),
    "gl.Trainer.fit_discriminator": (
        {"self": T, "data": DIGITS, "steps": 1},
        {"data": DATA, "steps": whole(1), "fake": [bad for bad in DATA if bad.label != "nothing"]},
    ),
    "gl.Trainer.fit_generator": ({"self": T, "data": DIGITS, "steps": 1}, {"data": DATA, "steps": whole(1)}),
    "gl.Trainer.check_samples": ({"self": T, "data": DIGITS}, {"data": DATA}),
    "gl.Trainer.logits": ({"self": T, "samples": DIGITS}, {"samples": SAMPLES}),
    "gl.Trainer.sample": ({"self": T, "n": 2, "seed": 0}, {"n": whole(1), "seed": whole(0)}),
    "gl.Trainer.generate": ({"self": T, "latents": np.ones((4, 3))}, {"latents": LATENTS}),
    "gl.Trainer.save": ({"self": T, "directory": Lazy(lambda gl: tempfile.mkdtemp())}, {"directory": NOT_A_PATH}),
    "interactive.latent_explorer": (
        {"trainer": T, "latents": np.ones((4, 3))},
        {
            "trainer": [*NO_RECIPE, Bad("the generator", Lazy(lambda gl: gl.Generator(RECIPE)), "Generator")],
            "latents": [bad for bad in LATENTS if bad.label != "nothing"] + shaped((3, 3)),
        },
    ),
    "gl.Trainer.load": (
        {"directory": Lazy(saved)},
        {
            "directory": [*NOT_A_PATH, Bad("no checkpoint", "no/such/folder", "no/such/folder")],
            "precision": [*OF_TEXT[:2], *PRECISION],
            "device": DEVICES,
            "compiled": [Bad("a text", "xla", "'xla'"), Bad("a number", 1, "not 1")],
            "loss": NO_LOSS,
            "generator": NO_MODEL[1:],
            "discriminator": NO_MODEL[1:],
        },
    ),
}

# What needs no row, and why. A name that ends with a dot stands for all that begins with it.
EXEMPT = {
    "Optimiser": "a record that checks itself; tests/test_recipe.py, and the rows of recipe() stand above",
    "Recipe": "a record that checks itself; tests/test_recipe.py, and the rows of recipe() stand above",
    "checkpoint.": "behind Trainer.save and load; tests/test_checkpoint.py and tests/test_fuzz.py",
    "errors.": "what is raised",
    "metrics.StackedModes": "a result",
    "clinic.Run": "a result",
    "clinic.Result": "a result",
    "clinic.Patient": "a record that `patient` makes; tests/test_clinic.py",
    "clinic.Patient.changed": "recipe() checks the changes",
    **{f"clinic.Patient.look{end}": "called by `check`" for end in ("", "_at_code")},
    "clinic.Patient.train": "Trainer and backend() check what it is given",
    "clinic.trained": "Trainer.fit checks what it is given",
    **{f"exercises.{name}": "a result" for name in ("Result", "Solution", "Progress")},
    **{f"exercises.{name}": "takes nothing" for name in ("numbers", "progress")},
    "specimens.Seen": "a result",
    "specimens.Specimen": "a record that `specimen` makes; tests/test_specimens.py",
    "specimens.Specimen.run": "Trainer and backend() check what it is given",
    "specimens.noise_drawn_once": "takes what backend() returns",
    "gamma.Suggestion": "a result",
    "plots.Table": "shows what a page gives it; tests/test_plots.py",
    "ledger.": "reads what this repository wrote; tests/test_ledger.py",
    "interactive.Interactive": "a result",
    "interactive.Interactive.save": "a path that cannot be written is the system's own OSError, which names it",
    "interactive.Frame": "a record that a Recorder makes",
    "interactive.Recorder.on_": "called by Trainer.fit",
    "interactive.ImageFrame": "a record that an ImageRecorder makes",
    "interactive.ImageRecorder.on_": "called by Trainer.fit",
    **{f"metrics.{name}": "a result" for name in ("ClassHistogram", "Evaluation", "ModeCoverage", "Prdc", "Score")},
    **{
        f"architectures.{name}{end}": "a record that `names` and `shapes` check"
        for name in (
            *("Dense", "Conv", "ConvTranspose", "Upsample", "AveragePool", "DepthToSpace", "BatchNorm", "LeakyReLU"),
            *("Dropout", "Octaves", "Reshape", "Flatten", "Tanh", "Sigmoid", "Cost"),
            *("OneHot", "Residual", "Skip", "Join", "Project"),
        )
        for end in ("", ".")
    },
    **{
        f"architectures.{name}_{player}": "called by generator_layers and discriminator_layers, which check the recipe"
        for name in ("dense", "dcgan")
        for player in ("generator", "discriminator")
    },
    **{f"reference.losses.{name}.": "the methods are those of reference.losses.Loss" for name in LOSSES},
    "reference.losses.Loss.slope": "takes a loss that was measured",
    "gl.Trainer.draw": "called by the trainer with its own step; a subclass may replace it",
    "gl.Trainer.replay": "called by failure reports",
    **{f"gl.Trainer.{which}_weights": "the functions gl.get_weights and gl.set_weights" for which in ("get", "set")},
    "gl.terms.": "behind Trainer, which gives them what D said; tests/test_conditions.py",
    "gl.Trainer.translate": "tests/test_conditions.py: this recipe translates nothing",
    "gl.Trainer.classify": "tests/test_conditions.py: this recipe's D names no classes",
    "gl.Trainer.classes_in_turn": "a count that its callers have checked",
    "gl.optimisers.": "behind Trainer, which builds them from a checked recipe",
    "gl.Generator.": "what the framework calls",
    "gl.Discriminator.": "what the framework calls",
    "gl.device_name": "takes no argument",
    "gl.losses.Smoothed": "what gl.losses.get gives, which checks the label",
    "gl.penalties.squared_norms": "behind the penalties, which check what they are given",
    "architectures.checked_shape": "a check",
    **{
        f"{module}.": "behind the command line, whose bad input tests/test_cli.py covers"
        for module in ("callbacks", "doctor", "pictures", "report", "run")
    },
    "monitor.": "a callback; tests/test_monitor.py",
    "gl.distributed.": "behind Trainer; tests/test_distributed.py",
    "verdict.": "takes what a ledger holds; tests/test_verdict.py",
}


# Arguments that take anything, or whose values mean nothing before they are used.
ANYTHING: dict[str, set[str]] = {
    "interactive.laboratory": {"small"},  # true or not
    "exercises.check": {"answer"},  # tests/test_exercises.py
    "data.Data": {"name", "label_names", "centers", "std", "factors", "pairs"},  # pairs: tests/test_conditions.py
    "reference.spectral_norm": {"training"},
    "reference.network": {"training", "given"},  # tests/test_conditions.py
    "reference.network_update": {"given"},
    "gl.Trainer.fit": {"progress"},
    # tests/test_conditions.py
    "gl.Trainer.generate": {"averaged", "labels"},
    "gl.Trainer.sample": {"averaged", "labels"},
    "gl.Trainer.step": {"labels"},
    "gl.Trainer.logits": {"labels"},
    # tests/test_checkpoint.py
    "gl.Trainer.save": {"keep", "score"},
    "gl.Trainer.load": {"which", "recipe"},
    "gl.Trainer.check_samples": {"minimum"},
}


def cases(table):
    return [(name, argument) for name, (_, wrong) in table.items() for argument in wrong]


def native(gl, value):
    """The value for one framework."""
    if isinstance(value, Native) and gl.name == "torch":
        import torch

        return torch.as_tensor(value.array, dtype=getattr(torch, value.dtype))
    if isinstance(value, Native):
        import tensorflow as tf

        return tf.constant(value.array, value.dtype)
    return value.make(gl) if isinstance(value, Lazy) else value


def call(name, arguments, gl=None):
    start, *path = name.split(".")
    thing = gl if start == "gl" else getattr(ganlib, start)
    arguments = {key: native(gl, value) for key, value in arguments.items()}
    for part in path:
        thing = getattr(thing, part)
    return thing(**arguments)


def check_all(table, name, argument, gl=None):
    """All rows of one argument, and which of them fail."""
    failures = []
    for bad in table[name][1][argument]:
        row = f"{gl.name if gl else 'numpy'} {name} {argument}: {bad.label}"
        try:
            check(table, name, argument, bad, gl)
        except (Exception, pytest.fail.Exception) as error:
            failures.append(f"{row}: {error!r}")
    assert not failures, "\n".join(failures)


def check(table, name, argument, bad, gl):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(name, {**table[name][0], argument: bad.value}, gl)
    error, message = caught.value, str(caught.value)
    shown = error
    while shown is not None:  # Python prints the trace of the cause first
        frames = [frame.filename for frame in traceback.extract_tb(shown.__traceback__)]
        assert frames[-1].startswith(HERE), f"a trace that is shown ends in {frames[-1]}: {shown!r}"
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    assert re.search(bad.given, message), f"what was given does not stand in: {message}"
    assert re.search(EXPECTED, message), f"nothing says what was expected, or what to do: {message}"


# What says in a message what was expected, or what to do.
EXPECTED = (
    r"\b([Mm]ust|[Ee]xpected|[Nn]eeds?|[Tt]akes|[Ww]ants|[Ll]acks|[Kk]nown|[Ff]ields|The (losses|penalties|recipes)"
    r"|methods"
    r"|[Uu]se|[Gg]ive|[Mm]ake|[Tt]ry|[Ll]oad|[Rr]emove|[Ww]rites?|[Ll]eave|[Cc]rop|[Dd]id you mean|[Dd]iverged"
    r"|[Aa]t least|[Aa]t most|[Ss]maller)\b"
)


@pytest.fixture
def close_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.parametrize("name", TABLE)
def test_the_arguments_that_work_do(name, close_figures):
    call(name, TABLE[name][0])


@pytest.mark.parametrize("name", FRAMEWORK)
def test_the_arguments_that_work_do_in_a_framework(gl, name):
    call(name, FRAMEWORK[name][0], gl)


@pytest.mark.parametrize(("name", "argument"), cases(TABLE))
def test_bad_input(close_figures, name, argument):
    check_all(TABLE, name, argument)


@pytest.mark.parametrize(("name", "argument"), cases(FRAMEWORK))
def test_bad_input_of_a_framework(gl, name, argument):
    check_all(FRAMEWORK, name, argument, gl)


def public(thing, name):
    """The names of the functions that a reader can call from here, methods and constructors included."""
    if inspect.ismodule(thing):
        own = getattr(thing, "__all__", None) or [
            key
            for key, value in vars(thing).items()
            if not key.startswith("_") and getattr(value, "__module__", "") == thing.__name__
        ]
        for key in own:
            yield from public(getattr(thing, key), f"{name}.{key}")
    elif inspect.isclass(thing):
        if issubclass(thing, Exception):
            return
        if inspect.signature(thing).parameters:
            yield name
        for key in dir(thing):
            if not key.startswith("_") and str(getattr(getattr(thing, key), "__module__", "")).startswith("ganlib"):
                yield from public(getattr(thing, key), f"{name}.{key}")
    elif callable(thing) and len(set(inspect.signature(thing).parameters) - {"self"}) > 0:
        yield name


def every_public_name(gl):
    for name in ganlib.__all__:
        yield from public(getattr(ganlib, name), name)
    for name in set(dir(ganlib)) - set(ganlib.__all__):
        yield from public(getattr(ganlib, name), name)
    yield from public(gl, "gl")


def exempt(name):
    return any(name == key or (key[-1] in "._" and name.startswith(key)) for key in EXEMPT)


def test_no_public_function_is_forgotten(gl):
    names = set(every_public_name(gl))
    forgotten = sorted(name for name in names - TABLE.keys() - FRAMEWORK.keys() if not exempt(name))
    assert not forgotten, "Give these a row in TABLE or FRAMEWORK, or EXEMPT them with a reason"
    assert not (TABLE.keys() | FRAMEWORK.keys()) - names, "These are no public functions any more"


def test_no_argument_is_forgotten(gl):
    for table in (TABLE, FRAMEWORK):
        for name, (_, wrong) in table.items():
            start, *path = name.split(".")
            thing = gl if start == "gl" else getattr(ganlib, start)
            for part in path:
                thing = getattr(thing, part)
            parameters = set(inspect.signature(thing).parameters) - {"self", "changes"}
            assert parameters - wrong.keys() <= ANYTHING.get(name, set()), name
