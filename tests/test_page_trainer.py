"""The trainer that runs in the page, against NumPy, PyTorch and TensorFlow: the same draws, losses, weights and scores.

Everything runs in Chromium, the games in a Worker. Every two choices that can stand together meet in one of the games.
"""

import json
from types import SimpleNamespace

import covering
import numpy as np
import page_trainer
import pytest

import ganlib
from ganlib import initialise, metrics
from ganlib.runtime import monitor
from ganlib.teaching.interactive import engine

# One worker starts the browser, once.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("browser")]

STEPS = 200
EXPORTS = "Generator, Trainer, loadPoints, modeCoverage, energyDistance, refusal, serve, startTrainer"
# What the engine gives, in the page's global ENGINE; its text is in SOURCE.
BEGIN = "source => { window.SOURCE = source; window.ENGINE = new Function(`'use strict'; ${source}; return {%s}`)(); }"
PLAIN = {"rule": "sgd", "rate": 5e-3}


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_context().new_page()
    page.evaluate(BEGIN % EXPORTS, engine.source())
    yield page
    page.close()


@pytest.fixture(scope="module")
def ring():
    return ganlib.data.load("ring", n=100, seed=3)


# Random numbers: to the bit.

DRAWN = """seeds => seeds.map(([entropy, key]) => {
  const random = new ENGINE.Generator(entropy, key);
  const order = new Int32Array(1000);
  random.permute(order);
  const drawn = { order: [...order], normal: [...random.normals(new Float64Array(20_000))] };
  drawn.integers = Array.from({ length: 99 }, (_, i) => random.integer(3 + 43_000_000 * i));
  drawn.uniform = Array.from({ length: 99 }, () => random.uniform());
  return drawn;
})"""


def test_the_random_numbers_are_numpys(page):
    seeds = [(0, []), (7, [3]), (2**40 + 1, [0]), ([5, 1], []), (2**53, [6])]
    for (entropy, key), drawn in zip(seeds, page.evaluate(DRAWN, seeds), strict=True):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy, spawn_key=key)))
        assert drawn["order"] == random.permutation(1000).tolist()
        assert drawn["normal"] == random.standard_normal(20_000).tolist()
        assert drawn["integers"] == [int(random.integers(3 + 43_000_000 * i)) for i in range(99)]
        assert drawn["uniform"] == random.random(99).tolist()


def test_a_trainer_draws_from_the_package_s_streams():
    names = initialise.STREAMS[:6]
    assert f"const STREAMS = {json.dumps(names)};" in engine.source()


# Data and scores


@pytest.mark.parametrize("name", ["ring", "grid", "line", "moons"])
def test_the_points_are_the_package_s(page, name):
    data = ganlib.data.load(name, n=3000, seed=4)
    found = page.evaluate("""name => {
      const { points, labels, centers, std } = ENGINE.loadPoints(name, 3000, 4);
      return { points: [...points], labels: [...labels], centers: centers && [...centers], std };
    }""", name)  # fmt: skip
    assert found["labels"] == data.labels.tolist()
    assert found["points"] == data.points.ravel().tolist()
    assert found["std"] == data.std
    assert found["centers"] == (None if data.centers is None else data.centers.ravel().tolist())


def test_the_scores_are_the_package_s(page, ring):
    samples = ring.points.astype(float)
    samples[:30] = 0.7 * samples[:30] + 0.1
    found = page.evaluate(
        """([samples, centers, std, other]) => ({
          ...ENGINE.modeCoverage(samples, centers, std), distance: ENGINE.energyDistance(samples, other),
          nothing: ENGINE.modeCoverage([9, 9], centers, std).reverseKl,
        })""",
        [samples.ravel().tolist(), ring.centers.ravel().tolist(), ring.std, ring.points[::-2].ravel().tolist()],
    )
    right = metrics.mode_coverage(samples, ring.centers, ring.std)
    assert found["counts"] == right.counts.tolist()
    assert found["modes"] == right.modes
    assert found["goodPercent"] == pytest.approx(right.good_percent)
    assert found["reverseKl"] == pytest.approx(right.reverse_kl)
    assert found["nothing"] == float("inf")
    trainer = SimpleNamespace(generate=lambda *_, **__: samples)
    spreads = monitor._spread(samples), monitor._spread(ring.points[::-2].astype(float))
    across = monitor._distances(trainer.generate(), ring.points[::-2].astype(float)).mean()
    assert found["distance"] == pytest.approx(1 - sum(spreads) / (2 * across))


# Games

CHOICES = {
    "loss": {name: {"loss": name} for name in ganlib.reference.losses.names()},
    "label": {"1": {}, "0.9": {"real_label": 0.9}},
    "penalty": {
        "none": {"penalty": "none", "penalty_weight": 0.0},
        "r1": {"penalty": "r1", "penalty_weight": 0.5},
        "r2": {"penalty": "r2", "penalty_weight": 0.5},
        "r1+r2, falling": {"penalty": "r1+r2", "penalty_weight": 0.5, "penalty_end": 0.01},
    },
    "penalised": {"each step": {}, "each third": {"penalty_every": 3}},
    "update": {
        "alternating": {},
        "two steps of D": {"discriminator_steps": 2},
        "simultaneous": {"update": "simultaneous"},
        "extragradient": {"update": "extragradient"},
    },
    "latents": {"fresh": {}, "reused": {"fresh_noise": False}},
    "noise": {
        "none": {},
        "constant": {"instance_noise": 0.1},
        "falling": {"instance_noise": 0.2, "instance_noise_steps": 80},
    },
    "pack": {"1": {}, "3": {"pack": 3}},
    "average": {"none": {"moving_average": 0.0}, "0.9": {"moving_average": 0.9}},
    "size": {
        "one layer": {"depth": 1, "width": 7},
        "deep": {"depth": 3, "width": 5, "generator_slope": 0.1},
        "octaves": {"depth": 2, "width": 6, "latent": 3, "generator_octaves": 2, "discriminator_octaves": 3},
    },
    "weights": {
        "uniform": {},
        "Glorot's": {"weight_init": "glorot_uniform", "generator_output": "tanh"},
        "normal": {"weight_init": "normal", "weight_std": 0.4, "generator_output": "sigmoid"},
    },
    "G's optimiser": {
        "Adam": {"generator_optimiser": {"rate_end": 0.1}},
        "Keras's Adam": {"generator_optimiser": {"epsilon_placement": "before", "epsilon": 1e-4, "l1": 1e-3}},
        "SGD": {"generator_optimiser": {**PLAIN, "beta1": 0.5, "rate_power": 0.5}},
    },
    "D's optimiser": {
        "Adam": {"discriminator_optimiser": {"rate": 2e-3, "l2": 0.1, "rate_power": 0.2}},
        "SGD": {"discriminator_optimiser": {**PLAIN, "beta1": -0.3, "rate_end": 0.5}},
    },
}
TINY = {"batch_size": 6, "steps": 150}  # the games go on to step 200, beyond where schedules end


def possible(row):
    """Whether a recipe would take these choices together, as far as they are made."""
    return row.get("label") != "0.9" or ganlib.reference.losses.get(row.get("loss", "minimax")).smoothable


FACTORS = {name: list(choices) for name, choices in CHOICES.items()}
GAMES = covering.rows(FACTORS, possible)


def game(row):
    changes = [CHOICES[name][value] for name, value in row.items()]
    return ganlib.recipe("ring", **TINY, **{k: v for change in changes for k, v in change.items()})


# A Worker plays the games, and sends what it has of each at the end.
PLAYED = """games => new Promise((done, fail) => {
  const play = ([recipe, seed, points, steps]) => {
    const trainer = new Trainer(recipe, seed, points), history = [];
    for (const who of steps) history.push(Object.values(trainer.step(who)));
    const latents = new Generator(1).normals(new Float64Array(9 * recipe.latent));
    const [samples, own] = [trainer.generate(latents), trainer.generate(latents, false)].map((array) => [...array]);
    return { history, samples, own, logits: [...trainer.logits(points)], failed: trainer.failed };
  };
  const text = `${SOURCE}; onmessage = ({ data }) => postMessage(data.map(${play}));`;
  const worker = new Worker(URL.createObjectURL(new Blob([text])));
  worker.onmessage = ({ data }) => (worker.terminate(), done(data));
  worker.onerror = ({ message }) => fail(message);
  worker.postMessage(games);
})"""


def played(page, recipes, points, steps=("both",) * STEPS, seed=5):
    """What the page has of each game at its end; the history by name."""
    games = [[json.loads(recipe.to_json()), seed, points.astype(float).ravel().tolist(), steps] for recipe in recipes]
    found = page.evaluate(PLAYED, games)
    for one in found:
        columns = np.array(one["history"]).T
        one["history"] = dict(zip(("d_loss", "g_loss", "d_real", "d_fake", "penalty"), columns, strict=True))
    return found


def assert_same(trainer, found, points, atol=1e-9):
    """The looks at a trainer, in Python and in the page."""
    latents = np.random.default_rng(1).standard_normal((9, trainer.recipe.latent))
    for key, averaged in (("samples", True), ("own", False)):
        samples = trainer.generate(latents, averaged=averaged)
        np.testing.assert_allclose(np.reshape(found[key], samples.shape), samples, rtol=0, atol=atol)
    copies = np.repeat(points, trainer.recipe.pack, axis=0)
    np.testing.assert_allclose(found["logits"], trainer.logits(copies), rtol=0, atol=atol)


@pytest.fixture(scope="module")
def in_the_page(page, ring):
    """All games of GAMES, played once."""
    return played(page, map(game, GAMES), ring.points)


def test_the_games_hold_every_pair_of_choices():
    assert set().union(*map(covering.pairs, GAMES)) == covering.all_pairs(FACTORS, possible)


@pytest.mark.parametrize("number", range(len(GAMES)), ids=lambda i: ", ".join(GAMES[i][k] for k in ("update", "loss")))
def test_every_pair_of_choices_has_pytorch_s_losses_for_200_steps(in_the_page, ring, number):
    gl = pytest.importorskip("ganlib.torch")
    found, trainer = in_the_page[number], gl.Trainer(game(GAMES[number]), 5, "float64")
    history = trainer.fit(ring, STEPS, progress=False)
    assert found["failed"] is None
    for name, values in history.items():
        np.testing.assert_allclose(found["history"][name], values, rtol=0, atol=1e-9, err_msg=name)
    assert_same(trainer, found, ring.points)


def test_tensorflow_s_losses_are_the_page_s_too(page, ring):
    gl = pytest.importorskip("ganlib.tensorflow")
    recipe = ganlib.recipe("ring-stable", width=6, batch_size=6, steps=150)
    (found,), trainer = played(page, [recipe], ring.points), gl.Trainer(recipe, 5, "float64")
    history = trainer.fit(ring, STEPS, progress=False)
    for name, values in history.items():
        np.testing.assert_allclose(found["history"][name], values, rtol=0, atol=1e-9, err_msg=name)
    assert_same(trainer, found, ring.points)


def test_each_player_alone(page, ring):
    gl = pytest.importorskip("ganlib.torch")
    recipe = ganlib.recipe(
        "ring-stable", **TINY, width=6, penalty_every=3, instance_noise=0.1, discriminator_steps=2, pack=2
    )
    who = ["both", "discriminator", "discriminator", "generator", "both", "generator", "both"]
    (found,), trainer = played(page, [recipe], ring.points, who), gl.Trainer(recipe, 5, "float64")
    steps = {"discriminator": trainer.fit_discriminator, "generator": trainer.fit_generator}
    for i, one in enumerate(who):
        if one == "both":
            trainer.fit(ring, 1, progress=False)
            values = {name: column[-1:] for name, column in trainer.history.items()}
        else:
            values = steps[one](ring, 1)
        for name, value in values.items():
            assert found["history"][name][i] == pytest.approx(value[0], abs=1e-9), (i, one, name)
    assert_same(trainer, found, ring.points)


def test_weights_have_the_package_s_names_and_layouts(page, ring):
    gl = ganlib.backend()
    recipe = ganlib.recipe("ring-stable", **TINY, width=5)
    found = page.evaluate(
        """([recipe, points]) => {
          const lists = (weights) => Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, [...w]]));
          const [one, other] = [5, 6].map((seed) => new ENGINE.Trainer(recipe, seed, points));
          const { generator, discriminator, average } = one.weights();
          other.setWeights(one.weights());
          return { generator: lists(generator), discriminator: lists(discriminator), average: lists(average),
                   same: String(other.logits(points)) === String(one.logits(points)) };
        }""",
        [json.loads(recipe.to_json()), ring.points.astype(float).ravel().tolist()],
    )
    trainer = gl.Trainer(recipe, 5, "float64")
    for player in ("generator", "discriminator", "average"):
        right = {name: array.ravel().tolist() for name, array in gl.get_weights(getattr(trainer, player)).items()}
        assert found[player] == right
    assert found["same"]


@pytest.mark.parametrize("loss", ["nonsaturating", "relativistic"])
def test_slopes_and_pull_are_derivatives(page, loss):
    """Against differences: D's logit of a point, and its part of G's loss."""
    points = np.random.default_rng(0).normal(size=(6, 2))
    recipe = ganlib.recipe("ring-stable", batch_size=6, width=5, loss=loss)
    near = [points + step * axis for axis in np.eye(2) for step in (1e-6, -1e-6)]
    found = page.evaluate(
        """([recipe, points, near]) => {
          const trainer = new ENGINE.Trainer(recipe, 0, points);
          const [slopes, pull] = [trainer.slopes(points), trainer.pull(points)].map((array) => [...array]);
          return { slopes, pull, logits: [...trainer.logits(points)], near: near.map((x) => [...trainer.logits(x)]) };
        }""",
        [json.loads(recipe.to_json()), points.ravel().tolist(), [x.ravel().tolist() for x in near]],
    )
    right, left, above, below = np.array(found["near"])
    slopes = np.stack([right - left, above - below], axis=1) / 2e-6
    np.testing.assert_allclose(np.reshape(found["slopes"], (6, 2)), slopes, atol=1e-7)
    logits = np.array(found["logits"])
    # Before the first step the first points stand for the last batch.
    of_g = ganlib.reference.losses.get(loss).generator_gradient(logits, logits)[1] * 6
    np.testing.assert_allclose(np.reshape(found["pull"], (6, 2)), -of_g[:, None] * slopes, atol=1e-7)


# What it refuses, and what goes wrong

REFUSED = [
    (ganlib.recipe("dcgan-digits"), "Train images in Python."),
    (ganlib.recipe("ring", generator_norm="batch"), 'generator_norm "batch"'),
    (ganlib.recipe("ring", discriminator_norm="spectral"), 'discriminator_norm "spectral"'),
    (ganlib.recipe("ring", discriminator_dropout=0.5), "discriminator_dropout 0.5"),
    (ganlib.recipe("ring", penalty="wgan_gp"), 'penalty "wgan_gp"'),
    (ganlib.recipe("ring", generator_optimiser={"rule": "dai_yuan"}), '"adam", "sgd"'),
    (ganlib.recipe("ring", batch_size=512), "100 points do not fill a batch of 512"),
    ({"loss": "least squares"}, '"least_squares"'),
    ({"width": 0.5}, "width must be a whole number from 1 to 1024, not 0.5"),
    ({"steps": None}, "steps must be"),
    ({"moving_average": 1}, "moving_average must be above 0 and below 1, not 1"),
    ({"generator_optimiser": {}}, "rule none"),
]


@pytest.mark.parametrize(("recipe", "part"), REFUSED, ids=[part for _, part in REFUSED])
def test_refusals_say_what_can_be_trained(page, ring, recipe, part):
    if isinstance(recipe, dict):
        recipe = {**json.loads(ganlib.recipe("ring").to_json()), **recipe}
    else:
        recipe = json.loads(recipe.to_json())
    found = page.evaluate(
        """([recipe, points]) => {
          try { new ENGINE.Trainer(recipe, 0, points); } catch (error) { return error.message; }
        }""",
        [recipe, ring.points.astype(float).ravel().tolist()],
    )
    assert part in found


def test_all_recipes_of_points_can_be_trained(page):
    recipes = [recipe for recipe in map(ganlib.recipe, ganlib.recipes()) if recipe.shape == (2,)]
    assert len(recipes) >= 4
    for recipe in recipes:
        assert page.evaluate("(recipe) => ENGINE.refusal(recipe)", json.loads(recipe.to_json())) is None


def test_a_step_that_goes_bad_is_taken_back(page, ring):
    wild = ganlib.recipe(
        "ring", **TINY, width=5, loss="least_squares", discriminator_optimiser={"rule": "sgd", "rate": 1e6}
    )
    calm = ganlib.recipe("ring", **TINY, width=5)
    found = page.evaluate(
        """([wild, calm, points]) => {
          const trainer = new ENGINE.Trainer(wild, 0, points);
          let before;
          do before = String([trainer.logits(points), trainer.sample(5)]), trainer.step();
          while (!trainer.failed);
          const { stepsDone: steps, failed } = trainer, after = String([trainer.logits(points), trainer.sample(5)]);
          trainer.step();
          const still = trainer.stepsDone;
          trainer.change(calm);
          trainer.step();
          let other;
          try { trainer.change({ ...calm, width: 6 }); } catch (error) { other = error.message; }
          return { before, steps, failed, after, still, then: trainer.stepsDone, other };
        }""",
        [*(json.loads(recipe.to_json()) for recipe in (wild, calm)), ring.points.astype(float).ravel().tolist()],
    )
    assert found["failed"].startswith(f"Step {found['steps'] + 1}: ")
    assert "no finite number" in found["failed"]
    assert found["after"] == found["before"]
    assert "NaN" not in found["after"]
    assert (found["still"], found["then"]) == (found["steps"], found["steps"] + 1)
    assert "another width" in found["other"]


# Messages

TALKED = """([messages, forbidden]) => new Promise((done) => {
  const { Worker } = window, answers = [];
  if (forbidden) window.Worker = function () { throw new Error("forbidden"); };
  const engine = ENGINE.startTrainer(SOURCE, (answer) => {
    const plain = (value) => (ArrayBuffer.isView(value) ? [...value] : value);
    answers.push(JSON.parse(JSON.stringify(answer, (_, value) => plain(value))));
    const end = () => (engine.stop(), done({ answers, worker: engine.worker }));
    if (answer.step === 40 && answer.id === 1) setTimeout(end);
  });
  window.Worker = Worker;
  messages.forEach(engine.post);
})"""


@pytest.mark.parametrize("forbidden", [False, True])
def test_two_runs_are_steered_by_messages(page, forbidden):
    gl = ganlib.backend()
    recipe = ganlib.recipe("ring", **TINY, width=5)
    fields = json.loads(recipe.to_json())
    data = {"name": "ring", "n": 600, "seed": 2}
    view = {"samples": 7, "arrows": 3, "real": 4, "score": True, "warp": {"latents": [0, 0, 1, 1]}}
    view["field"] = {"x": [-1, 1], "y": [-2, 2], "columns": 3, "rows": 2}
    talk = [
        {"do": "view", "id": 0, **view},
        {"do": "start", "id": 0, "recipe": fields, "seed": 5, "data": data},
        {"do": "start", "id": 1, "recipe": {**fields, "loss": "hinge"}, "seed": 5, "data": data},
        {"do": "start", "id": 2, "recipe": {**fields, "loss": "hing"}, "seed": 5, "data": data},
        {"do": "dance"},
        {"do": "step", "id": 9},
        {"do": "step", "steps": 3},
        {"do": "play", "until": 40},
    ]
    found = page.evaluate(TALKED, [talk, forbidden])
    assert found["worker"] is not forbidden
    refused = [answer["sentence"] for answer in found["answers"] if answer["is"] == "error"]
    assert ["hing" in refused[0], "dance" in refused[1], "no run 9" in refused[2]] == [True] * 3
    shown = {i: [one for one in found["answers"] if one.get("step") is not None and one["id"] == i] for i in (0, 1)}
    assert [one["step"] for one in shown[1]][:2] == [0, 3]
    for one in shown.values():
        assert not one[-1]["playing"]
        assert one[-1]["step"] == 40
        # The history has every step once.
        assert sum(len(part["history"]["d_loss"]) for part in one) == 40
        assert [part["history"]["from"] for part in one][1:] == [part["step"] for part in one][:-1]
    last, trainer = shown[0][-1], gl.Trainer(recipe, 5, "float64")
    points = ganlib.data.load("ring", n=600, seed=2)
    history = trainer.fit(points, 40, progress=False)
    losses = [loss for part in shown[0] for loss in part["history"]["g_loss"]]
    np.testing.assert_allclose(losses, history["g_loss"], atol=1e-6)
    assert shown[1][-1]["history"].keys() == last["history"].keys()
    np.testing.assert_allclose(np.reshape(last["samples"], (7, 2)), trainer.sample(7), atol=1e-6)
    np.testing.assert_allclose(
        np.reshape(last["warp"], (2, 2)), trainer.generate(np.array([[0, 0], [1, 1.0]])), atol=1e-6
    )
    places = np.array([(x, y) for y in (-2, 2) for x in (-1, 0, 1)], dtype=float)
    np.testing.assert_allclose(last["field"], trainer.logits(places), atol=1e-6)
    np.testing.assert_allclose(np.reshape(last["real"], (4, 2)), points.points[:4], atol=1e-6)
    assert len(last["arrows"]) == 6
    scores = metrics.mode_coverage(trainer.sample(512, seed=40), points.centers, points.std)
    assert (last["scores"]["modes"], last["scores"]["of"]) == (scores.modes, 8)
    assert last["scores"]["goodPercent"] == pytest.approx(scores.good_percent)


def test_a_drawing_is_trained_on(page):
    drawing = {"points": [0.1 * i for i in range(24)]}
    fields = json.loads(ganlib.recipe("ring", **TINY, width=5).to_json())
    talk = [
        {"do": "start", "id": 3, "recipe": fields, "seed": 0, "data": {"points": [1, None, 2]}},
        {"do": "start", "id": 3, "recipe": fields, "seed": 0, "data": {"points": [1, 2]}},
        {"do": "view", "id": 1, "score": True},
        {"do": "start", "id": 1, "recipe": fields, "seed": 0, "data": drawing},
        {"do": "play", "id": 1, "speed": 1000, "until": 40},
    ]
    answers = page.evaluate(TALKED, [talk, False])["answers"]
    assert "finite numbers" in answers[0]["sentence"]
    assert "1 points do not fill a batch of 6" in answers[1]["sentence"]
    assert answers[-1]["scores"]["modes"] is None
    assert 0 < answers[-1]["scores"]["distance"] < 1


def test_the_scripts_stay_small():
    sizes = {name: len((ganlib.interactive.element.source(name)).encode()) for name in engine.SCRIPTS}
    assert sum(sizes[name] for name in ("networks.js", "refusal.js", "trainer.js")) < 36_000


def test_the_benchmark_times_the_same_steps_in_both(browser):
    recipe = ganlib.recipe("ring-page", width=6, batch_size=6, data="line")
    page, own = page_trainer.Page(browser), page_trainer.Numpy(recipe, 3)
    page.start(recipe, 3)
    np.testing.assert_allclose(page.ask("steps", 20), [own.step() for _ in range(20)], rtol=0, atol=1e-9)
    assert page.steps(300) > 0
    assert own.steps(20) > 0
    page.close()


def test_ring_page_is_measured_on_ten_seeds():
    """What `about` says of it."""
    rows = ganlib.ledger.load(page_trainer.NAME).select(what="quality")
    last = [row["result"]["looks"][-1] for row in rows]
    assert [row["key"]["seed"] for row in rows] == list(page_trainer.SEEDS)
    assert {look["step"] for look in last} == {ganlib.recipe("ring-page").steps}
    assert {look["modes"] for look in last} == {8}
    assert min(look["good_percent"] for look in last) > 50
    assert max(look["seconds"] for look in last) < 30
