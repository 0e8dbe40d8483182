"""The laboratory: a GAN on points in the plane that trains in the page, in a third twin written in JavaScript.

`engine` has the twin, `scenarios` the questions. `lab_state.js` says what it is set to, `lab_runs.js` trains,
`lab_plane.js` and `lab_charts.js` draw, `lab_form.js` makes the controls, and `lab.js` puts them together.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ganlib import architectures, arguments, data, initialise
from ganlib.recipe import RECIPES, Recipe
from ganlib.recipe import recipe as named
from ganlib.reference import losses, networks
from ganlib.runtime import monitor
from ganlib.runtime.pictures import COLOURS
from ganlib.teaching.interactive import engine
from ganlib.teaching.interactive.element import Interactive, interactive, source
from ganlib.teaching.interactive.scenarios import SCENARIOS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The engine's text stands in the page once: as a function, which runs here, and whose text is also handed to a Worker.
ENGINE = """\
const engine = function () {
SCRIPTS
return { startTrainer, refusal, Generator };
};
const { startTrainer, refusal, Generator } = engine();
const ENGINE_SOURCE = String(engine).slice(String(engine).indexOf("{") + 1, String(engine).lastIndexOf("return {"));
"""
PARTS = ("lab_state.js", "lab_runs.js", "lab_plane.js", "lab_charts.js", "lab_form.js")
DATA = {"ring": "Ring", "grid": "Grid", "line": "Line", "moons": "Moons", "drawing": "My drawing"}
LOSSES = {
    **{"nonsaturating": "Non-saturating", "minimax": "Minimax", "relativistic": "Relativistic"},
    **{"least_squares": "Least squares", "hinge": "Hinge", "wasserstein": "Wasserstein"},
}
PENALTIES = {"none": "None", "r1": "R₁", "r2": "R₂", "r1+r2": "R₁ and R₂"}
UPDATES = {"alternating": "In turns", "simultaneous": "At once", "extragradient": "Extragradient"}
G, D = "generator_optimiser", "discriminator_optimiser"

# What can be turned: a key, which links use; a label; the fields of the recipe; and the choices or the range.
# The first three are always in sight, the others under "More settings".
CONTROLS: tuple[dict[str, Any], ...] = (
    {"key": "data", "label": "Data", "fields": ["data"], "choices": DATA, "first": True},
    {"key": "loss", "label": "Loss", "fields": ["loss"], "choices": LOSSES, "first": True},
    {"key": "penalty", "label": "Penalty", "fields": ["penalty"], "choices": PENALTIES, "first": True},
    {"key": "penalty_weight", "label": "Penalty's weight γ", "fields": ["penalty_weight"], "min": 0, "max": 1000},
    {"key": "d_rate", "label": "D's rate", "fields": [f"{D}.rate"], "min": 1e-6, "max": 1},
    {"key": "g_rate", "label": "G's rate", "fields": [f"{G}.rate"], "min": 1e-6, "max": 1},
    {"key": "beta1", "label": "β₁ of both", "fields": [f"{D}.beta1", f"{G}.beta1"], "min": -0.9, "max": 0.999},
    {"key": "beta2", "label": "β₂ of both", "fields": [f"{D}.beta2", f"{G}.beta2"], "min": 0, "max": 0.9999},
    {"key": "d_steps", "label": "D's steps for one of G", "fields": ["discriminator_steps"], "min": 1, "max": 20},
    {"key": "update", "label": "Order of updates", "fields": ["update"], "choices": UPDATES},
    {"key": "noise", "label": "Noise on D's inputs", "fields": ["instance_noise"], "min": 0, "max": 2},
    {"key": "width", "label": "Width", "fields": ["width"], "min": 2, "max": 128},
    {"key": "depth", "label": "Hidden layers", "fields": ["depth"], "min": 1, "max": 4},
    {"key": "octaves", "label": "Octaves before D", "fields": ["discriminator_octaves"], "min": 0, "max": 6},
    {"key": "average", "label": "G's moving average", "fields": ["moving_average"], "min": 0, "max": 0.9999},
)
WHOLE = ("d_steps", "width", "depth", "octaves")

LAYERS = (
    {"key": "real", "label": "real points", "sign": "●", "on": True},
    {"key": "samples", "label": "generated points", "sign": "●", "on": True},
    {"key": "field", "label": "D: blue says real", "sign": "", "on": True},
    {"key": "arrows", "label": "where G is pulled", "sign": "→", "on": True},
    {"key": "grid", "label": "G's grid of latents", "sign": "#", "on": False},
)
CHARTS = (
    {"name": "Losses of D and G", "title": [["D's loss", "d"], [", ", ""], ["G's", "g"]], "of": "losses"},
    {"name": "Modes", "title": [["Modes", ""]], "of": "modes", "digits": 0},
    {"name": "Reverse KL divergence", "title": [["Reverse KL", ""]], "of": "reverseKl", "digits": 2, "least": 0.5},
    {"name": "Distance to the data", "title": [["Distance", ""]], "of": "distance", "digits": 3, "least": 0.1},
)


def laboratory(
    recipe: Recipe | str = "ring-page", *, seed: int = 0, scenario: str | None = None, small: bool = False
) -> Interactive:
    """A laboratory: the recipe trains in the page, and the reader turns its knobs, without a kernel.

    It shows real and generated points, D's surface, G's pull and its grid of latents, the losses and scores, and says
    how the run is. Two runs from one seed can go side by side with one thing changed. The losses are those of
    `gl.Trainer(recipe, seed, precision="float64").fit(data)`.

    Args:
        recipe: the start, a recipe for points or the name of a shipped one.
        seed: of the weights, the latents and the order of the data; the reader can change it.
        scenario: the question to open with: "collapse", "circling", "saturation", "strong" or "order". None: none.
        small: only the plane, Play, the sentence and the question, for a page that leads to the whole laboratory.

    A ValueError for a recipe that the page cannot train, a scenario that is none, a seed that is no whole number.
    """
    if isinstance(recipe, str):
        recipe = named(recipe)
    _check(recipe)
    seed = arguments.whole("seed", seed, 0, 999_999_999)
    if scenario is not None:
        arguments.one_of("scenario", scenario, tuple(SCENARIOS))
    shipped = RECIPES[recipe.name if recipe.name in RECIPES else "ring"]
    settings = {"recipe": json.loads(recipe.to_json()), "shipped": json.loads(shipped.to_json()), "seed": seed}
    payload = settings | {
        "controls": [_control(control) for control in CONTROLS],
        "scenarios": [{"name": name, **content} for name, content in SCENARIOS.items()],
        "scenario": scenario,
        "small": small,
        "layers": LAYERS,
        "charts": CHARTS,
        "legend": "Blue is real, vermilion is G's.",
        "howToDraw": "Draw on the plane with the mouse or a finger. By keyboard, the arrow keys move the cross, the "
        "space bar draws, and Backspace takes back.",
        "views": {name: _view(name) for name in DATA},
        "evens": {name: losses.get(name).even for name in losses.names()},
        "limits": {
            **{"saturated": monitor.SATURATED, "vanished": monitor.VANISHED, "fooled": monitor.FOOLED},
            **{"modes": monitor.MODES, "far": monitor.FAR, "plateau": monitor.PLATEAU, "logit": monitor.LARGE_LOGIT},
            "lasting": monitor.LASTING,
        },
    }
    title = f"Laboratory: {recipe.name}"
    alt = (
        f"{title}. Before training: real points of the data {recipe.data} in the plane, points that G makes with its "
        "first weights, which lie elsewhere, and D's first surface. Where scripts run, both are trained here."
    )
    scripts = [ENGINE.replace("SCRIPTS", engine.source()), *map(source, PARTS)]
    draw = partial(_draw, recipe=recipe, seed=seed)
    return interactive("lab", "drawLaboratory", title, alt, draw, payload, scripts)


def _check(recipe: Recipe) -> None:
    """Refuses what the engine cannot train; its own refusal, in the page, says the same of what a reader turns."""
    arguments.recipe(recipe)
    if recipe.shape != (2,):
        given = f"The laboratory draws points in the plane, and this recipe's samples are {recipe.shape}"
        raise ValueError(f"{given}. Use one with shape=(2,), such as 'ring'.")
    if recipe.data not in DATA or recipe.data == "drawing":
        known = ", ".join(name for name in DATA if name != "drawing")
        raise ValueError(f"The laboratory has the data {known}, not {recipe.data!r}. Use one of these: data='ring'.")
    for field, allowed in (
        *((field, ("dense",)) for field in ("generator", "discriminator")),
        *((f"{field}_norm", ("none",)) for field in ("generator", "discriminator")),
        *(("penalty", tuple(PENALTIES)), ("update", tuple(UPDATES))),
    ):
        if (value := getattr(recipe, field)) not in allowed:
            can = " or ".join(map(repr, allowed))
            raise ValueError(f"The page cannot train a recipe with {field}={value!r}. Use {can}.")


def _control(control: dict[str, Any]) -> dict[str, Any]:
    """A control as the page takes it: choices as pairs, and whether a number is a whole one."""
    if "choices" in control:
        return {**control, "choices": list(control["choices"].items())}
    return {**control, "whole": control["key"] in WHOLE}


def _view(name: str) -> dict[str, Any]:
    """What the page shows of a data set: half the side of a square around the origin, and the modes, x0 y0 x1 y1 …"""
    if name == "drawing":
        return {"half": 1.5, "centers": None}
    loaded = data.load(name, n=1000)
    half = 1.3 * float(np.abs(loaded.samples).max())
    return {"half": round(half, 2), "centers": None if loaded.centers is None else loaded.centers.ravel().tolist()}


def _draw(figure: Figure, recipe: Recipe, seed: int) -> None:
    """The players before the first step: D's surface, real points, and G's."""
    from matplotlib.colors import to_rgb

    figure.set_size_inches(3.8, 4.0)
    half, rng = _view(recipe.data)["half"], np.random.default_rng(0)
    streams = initialise.streams(seed)
    weights = initialise.generator_weights(recipe, streams["generator_weights"])
    latents = rng.standard_normal((300, recipe.latent))
    samples = networks.network(architectures.generator_layers(recipe), weights, latents)
    weights = initialise.discriminator_weights(recipe, streams["discriminator_weights"])
    side = half * (2 * (np.arange(60) + 0.5) / 60 - 1)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    layers = architectures.discriminator_layers(recipe)
    logits = networks.network(layers, weights, np.tile(places, recipe.pack)).reshape(60, 60)
    ends = [np.array(to_rgb(COLOURS[name])) for name in ("generated", "real")]
    shares = np.linspace(-1, 1, 9)  # of the largest logit: few colours, which take few bytes
    colours = [1 + (ends[int(share > 0)] - 1) * 0.6 * abs(share) for share in (shares[1:] + shares[:-1]) / 2]
    ax = figure.subplots()
    ax.contourf(side, side, logits, levels=np.abs(logits).max() * shares, colors=colours, extend="both")
    real = data.load(recipe.data, n=400).samples
    ax.scatter(real[:, 0], real[:, 1], s=2, color="#00507D", linewidths=0)
    ax.scatter(samples[:, 0], samples[:, 1], s=9, color=ends[0], edgecolors="white", linewidths=0.4)
    ax.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[], aspect="equal")
    ax.set_title("Before the first step. Blue: real; vermilion: generated", fontsize=8)
