"""The trainer: the loop, its history, callbacks, interruption, sampling, files, and what it refuses."""

import dataclasses
import functools

import numpy as np
import pytest

import ganlib
from ganlib import architectures, initialise, reference
from ganlib.errors import CheckpointError
from ganlib.runtime import hardware

pytestmark = pytest.mark.long

SMALL = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=6)


def thorough(**changes):
    """Changes of a recipe that only `make thorough` tries: those before them have the same in them, or the like."""
    return pytest.param(changes, marks=pytest.mark.thorough)


@pytest.fixture
def digits():
    return ganlib.data.load("digits").samples[:40]


def test_fit_gives_one_value_a_step_and_goes_on_to_the_recipes_end(gl, digits):
    trainer = gl.Trainer(SMALL, seed=0)
    first = trainer.fit(digits, steps=2, progress=False)
    assert set(first) == {"d_loss", "g_loss", "d_real", "d_fake"}
    assert all(values.shape == (2,) and values.dtype == np.float64 for values in first.values())
    history = trainer.fit(digits, progress=False)
    assert len(history["d_loss"]) == trainer.steps_done == 6
    np.testing.assert_array_equal(history["g_loss"][:2], first["g_loss"])
    with pytest.raises(ValueError, match=r"steps=500"):
        trainer.fit(digits, progress=False)
    assert len(trainer.fit(digits, steps=1, progress=False)["d_loss"]) == 7


def test_the_same_seed_gives_the_same_run_and_another_seed_another(gl, digits):
    runs = [gl.Trainer(SMALL, seed=seed).fit(digits, progress=False)["g_loss"] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).all()


def test_a_dataset_and_its_bare_array_are_the_same(gl):
    data = ganlib.data.load("digits")
    runs = [gl.Trainer(SMALL).fit(given, progress=False)["d_loss"] for given in (data, data.images)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("pack", [1, 2])
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize(("update", "fresh"), [("alternating", True), ("alternating", False), ("simultaneous", False)])
def test_the_first_losses_are_the_oracles(gl, digits, update, fresh, noise, pack):
    """One step by hand in NumPy: the same draws, the same networks, the same losses."""
    recipe = ganlib.recipe(
        "dcgan-digits",
        **{"width": 4, "batch_size": 8, "latent": 8, "fresh_noise": fresh, "update": update},
        **{"instance_noise": noise, "instance_noise_steps": 10, "pack": pack, "real_label": 0.9},
    )
    trainer = gl.Trainer(recipe, seed=5, precision="float64")
    history = trainer.fit(digits, steps=1, progress=False)

    streams = initialise.streams(5)
    g_layers, d_layers = architectures.generator_layers(recipe), architectures.discriminator_layers(recipe)
    g = initialise.generator_weights(recipe, streams["generator_weights"])
    d = initialise.discriminator_weights(recipe, streams["discriminator_weights"])
    real = digits[initialise.Batches(streams["batches"], 8).next(40)]
    latents = streams["latents"].standard_normal((1 + fresh, 8, 8))  # D's, then G's where they are fresh
    fake, fake_of_g = (reference.network(g_layers, g, latents[turn], training=True) for turn in (0, -1))
    added = noise * streams["instance_noise"].standard_normal((2, 2, 8, 16, 16, 1))  # D's turn and G's; real and fake

    def judge(images, d=d):
        # Packed, neighbours in the batch lie behind one another in the channels.
        pairs = [np.concatenate(images[i : i + pack], axis=-1) for i in range(0, 8, pack)]
        return reference.network(d_layers, d, np.stack(pairs), training=True)[:, 0]

    loss = reference.losses.get("nonsaturating")
    logits = judge(real + added[0, 0]), judge(fake + added[0, 1])
    assert history["d_loss"][0] == pytest.approx(loss.discriminator(*logits, real_label=0.9), rel=1e-12)
    assert history["d_real"][0] == pytest.approx(logits[0].mean(), rel=1e-9)
    # Alternating, G meets the D that has just moved; simultaneous, the one before.
    met = gl.get_weights(trainer.discriminator) if update == "alternating" else d
    expected = loss.generator(logits[0], judge(fake_of_g + added[1, 1], met))
    assert history["g_loss"][0] == pytest.approx(expected, rel=1e-9)
    assert judge(fake, gl.get_weights(trainer.discriminator)) != pytest.approx(judge(fake), rel=1e-4)


RATE = 0.01
GAME = {
    **{"width": 4, "depth": 1, "batch_size": 8, "fresh_noise": False, "moving_average": 0.0},
    **{f"{p}_optimiser": {"rule": "sgd", "rate": RATE, "beta1": 0.0} for p in ("generator", "discriminator")},
}


def moved(gl, real, weights=None, **changes):
    """All weights, in one vector, before and after one step of a small game on the same draws."""
    recipe = ganlib.recipe("ring", **{**GAME, "penalty": "none", "penalty_weight": 0.0, **changes})
    trainer = gl.Trainer(recipe, seed=3, precision="float64")
    networks = trainer.generator, trainer.discriminator
    shapes = [{name: array.shape for name, array in gl.get_weights(network).items()} for network in networks]
    if weights is not None:
        parts = iter(np.split(weights, np.cumsum([np.prod(s) for of in shapes for s in of.values()])[:-1]))
        for network, of in zip(networks, shapes, strict=True):
            gl.set_weights(network, {name: next(parts).reshape(shape) for name, shape in of.items()})

    def vector():
        return np.concatenate([array.ravel() for network in networks for array in gl.get_weights(network).values()])

    before = vector()
    trainer.step(real)
    return before, vector()


def gradients(gl, real, weights=None, **changes):
    before, after = moved(gl, real, weights, update="simultaneous", **changes)
    return (before - after) / RATE


@pytest.fixture
def points():
    return ganlib.data.load("ring", n=8).samples


def test_extragradient_moves_by_the_gradients_of_the_point_ahead(gl, points):
    start, end = moved(gl, points, update="extragradient")
    ahead = start - RATE * gradients(gl, points)
    np.testing.assert_allclose(end, start - RATE * gradients(gl, points, ahead), rtol=1e-9, atol=1e-12)
    assert np.abs(end - ahead).max() > 1e-6  # the plain simultaneous step is another one


# A critic's last bias has a constant gradient, on which nothing depends.
@pytest.mark.parametrize("loss", ["nonsaturating", "wasserstein"])
def test_consensus_adds_the_gradient_of_half_the_squared_norm_of_both_gradients(gl, points, loss):
    start, end = moved(gl, points, update="simultaneous", penalty="consensus", penalty_weight=0.7, loss=loss)
    added = (start - end) / RATE - gradients(gl, points, loss=loss)
    direction = np.random.default_rng(0).standard_normal(start.shape)
    norms = [np.sum(gradients(gl, points, start + e * direction, loss=loss) ** 2) for e in (-1e-5, 1e-5)]
    low, high = 0.5 * np.array(norms)
    assert added @ direction == pytest.approx(0.7 * (high - low) / 2e-5, rel=1e-4)


PLAIN = {"rule": "sgd", "beta1": 0.0}
COMPETITIVE = {
    "zero-sum": {"loss": "minimax"},
    "general, fresh noise": {"loss": "nonsaturating", "fresh_noise": True},
    "a critic, two rates": {"loss": "wasserstein", "generator_optimiser": {**PLAIN, "rate": 0.2}},
    "penalised": {"loss": "relativistic", "penalty": "r1+r2", "penalty_weight": 1.0},
}


@pytest.mark.parametrize("game", COMPETITIVE)
def test_a_competitive_step_is_the_oracles(gl, points, game):
    """Of the linear system that the oracle solves the matrices come here from finite differences of both gradients."""
    large = {"weight_init": "normal", "weight_std": 0.7}  # weights with which the players feel each other
    optimisers = {key: {**PLAIN, "rate": 0.5} for key in ("generator_optimiser", "discriminator_optimiser")}
    changes = {**GAME, **large, **optimisers, "penalty": "none", "penalty_weight": 0.0, **COMPETITIVE[game]}
    recipe = ganlib.recipe("ring", **changes, update="competitive", solver_steps=200, solver_tolerance=1e-14)
    rates = np.array([recipe.generator_optimiser.rate, recipe.discriminator_optimiser.rate])
    trainer = gl.Trainer(recipe, seed=3, precision="float64")
    plain = gl.Trainer(dataclasses.replace(recipe, update="simultaneous"), seed=3, precision="float64")
    draws = plain.draw(0)
    plain.draw = trainer.draw = lambda step: draws

    def weights(of):
        networks = (of.generator, of.discriminator)
        return [np.concatenate([a.ravel() for a in gl.get_weights(n).values()]) for n in networks]

    def gradients(g, d):
        for network, vector in ((plain.generator, g), (plain.discriminator, d)):
            arrays = gl.get_weights(network)
            parts = np.split(vector, np.cumsum([a.size for a in arrays.values()])[:-1])
            pairs = zip(arrays.items(), parts, strict=True)
            gl.set_weights(network, {name: part.reshape(a.shape) for (name, a), part in pairs})
        plain.step(points)
        return [(before - after) / rate for before, after, rate in zip((g, d), weights(plain), rates, strict=True)]

    g, d = weights(trainer)
    steps = trainer.step(points)["solver_steps"]
    f_x, g_y = gradients(g, d)
    h = 1e-5
    by_d = [np.subtract(gradients(g, d + h * e)[0], gradients(g, d - h * e)[0]) / (2 * h) for e in np.eye(len(d))]
    by_g = [np.subtract(gradients(g + h * e, d)[1], gradients(g - h * e, d)[1]) / (2 * h) for e in np.eye(len(g))]
    # The oracle has one rate: each player's weights are measured in units of the root of its own.
    (a, b), f_xy, g_yx = np.sqrt(rates), np.array(by_d).T, np.array(by_g).T
    dx, dy = reference.competitive_step(a * f_x, b * g_y, a * b * f_xy, a * b * g_yx, 1.0)
    after = weights(trainer)
    np.testing.assert_allclose(after[0] - g, a * dx, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(after[1] - d, b * dy, rtol=1e-6, atol=1e-8)
    assert 1 <= steps < 60
    assert max(np.abs(a * dx + rates[0] * f_x).max(), np.abs(b * dy + rates[1] * g_y).max()) > 1e-2  # no plain step


def test_a_penalty_that_falls_reaches_its_end_geometrically(gl, points):
    recipe = ganlib.recipe("ring", **GAME, penalty_weight=2.0, penalty_end=0.01, steps=4)
    trainer = gl.Trainer(recipe, precision="float64")
    constant = gl.Trainer(ganlib.recipe("ring", **GAME, penalty_weight=1.0), precision="float64")
    for step in range(6):  # beyond the recipe's steps it stays at its end
        weights = [gl.get_weights(network) for network in (trainer.generator, trainer.discriminator)]
        for network, own in zip((constant.generator, constant.discriminator), weights, strict=True):
            gl.set_weights(network, own)
        ratio = trainer.step(points)["penalty"] / constant.step(points)["penalty"]
        assert ratio == pytest.approx(2.0 * 0.01 ** min(1, step / 4), rel=1e-9)


def test_step_is_one_step_of_fit(gl, digits):
    fitted, stepped = gl.Trainer(SMALL, seed=0), gl.Trainer(SMALL, seed=0)
    fitted.fit(digits, steps=2, progress=False)
    batches = initialise.Batches(initialise.streams(0)["batches"], SMALL.batch_size)
    for i in range(2):
        metrics = stepped.step(digits[batches.next(len(digits))])
        assert metrics == {name: values[i] for name, values in fitted.history.items()}
    with pytest.raises(ValueError, match="needs discriminator_steps · batch_size = 8"):
        stepped.step(digits[:9])


class Recorder:
    def __init__(self):
        self.events = []

    def on_start(self, trainer):
        self.events.append(("start", trainer.steps_done))

    def on_step(self, trainer, metrics):
        self.events.append((trainer.steps_done, metrics["d_loss"]))

    def on_end(self, trainer):
        self.events.append(("end", trainer.steps_done))


def test_callbacks_hear_start_every_step_and_end(gl, digits):
    recorder = Recorder()
    history = gl.Trainer(SMALL).fit(digits, steps=3, callbacks=[recorder], progress=False)
    losses = list(zip([1, 2, 3], history["d_loss"], strict=True))
    assert recorder.events == [("start", 0), *losses, ("end", 3)]
    with pytest.raises(TypeError, match="on_start, on_step, on_end"):
        gl.Trainer(SMALL).fit(digits, callbacks=[print])


@pytest.mark.parametrize("how", ["stop", "interrupt", "signal"])
def test_a_stopped_run_keeps_what_was_trained_and_goes_on_as_if_it_had_not_been(gl, digits, how, capsys):
    class Stopper:
        def on_step(self, trainer, metrics):
            if trainer.steps_done == 3:
                if how == "stop":
                    trainer.stop()
                elif how == "interrupt":
                    raise KeyboardInterrupt
                else:
                    import os
                    import signal

                    os.kill(os.getpid(), signal.SIGINT)

    stopped, straight = gl.Trainer(SMALL), gl.Trainer(SMALL)
    recorder = Recorder()
    history = stopped.fit(digits, callbacks=[Stopper(), recorder], progress=how == "interrupt")
    assert len(history["d_loss"]) == stopped.steps_done == 3
    assert recorder.events[-1] == ("end", 3)
    assert ("what was trained is kept" in capsys.readouterr().err) == (how == "interrupt")
    again = stopped.fit(digits, progress=False)
    for name, values in straight.fit(digits, progress=False).items():
        np.testing.assert_array_equal(values, again[name])


def test_the_bar_shows_the_losses_and_can_be_silent(gl, digits, capsys, monkeypatch):
    gl.Trainer(SMALL).fit(digits, progress=True)
    shown = capsys.readouterr().err
    assert "dcgan-digits" in shown
    assert "6/6" in shown
    assert "d_loss=" in shown
    assert "g_loss=" in shown
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("GANLIB_PROGRESS", "0")
    gl.Trainer(SMALL).fit(digits)
    gl.Trainer(SMALL).fit(digits, progress=False)
    assert capsys.readouterr().err == ""


def test_samples_have_the_datas_layout_and_range_and_depend_on_nothing_but_the_seed(gl, digits):
    trainer = gl.Trainer(SMALL)
    trainer.fit(digits, steps=2, progress=False)
    images = trainer.sample(300, seed=4)
    assert images.shape == (300, 16, 16, 1)
    assert images.dtype == np.float32
    assert -1 <= images.min() < images.max() <= 1
    np.testing.assert_array_equal(images, trainer.sample(300, seed=4))
    np.testing.assert_allclose(images[:5], trainer.sample(5, seed=4), atol=1e-6)  # inference: neighbours do not matter
    assert np.abs(images - trainer.sample(300, seed=5)).max() > 1e-3
    for wrong in (0, -1, 2.5, True, "8"):
        with pytest.raises(ValueError, match="whole number"):
            trainer.sample(wrong)
    with pytest.raises(ValueError, match=r"expected \(n, 8\)"):
        trainer.generate(np.zeros((3, 9)))


def test_samples_come_from_the_moving_average_where_there_is_one(gl, digits):
    import dataclasses

    trainer = gl.Trainer(dataclasses.replace(SMALL, moving_average=0.5))
    starts = gl.get_weights(trainer.generator)
    trainer.fit(digits, steps=1, progress=False)
    now = gl.get_weights(trainer.generator)
    for name, array in gl.get_weights(trainer.average).items():
        np.testing.assert_allclose(array, (starts[name] + now[name]) / 2, rtol=1e-5, atol=1e-7)
    before = trainer.sample(2)
    gl.set_weights(trainer.generator, {name: 0 * array + 1 for name, array in now.items()})
    np.testing.assert_array_equal(before, trainer.sample(2))


@pytest.mark.parametrize("precision", ["float64", "float32", "bfloat16", "auto"])
def test_every_precision_trains(gl, digits, precision):
    trainer = gl.Trainer(SMALL, precision=precision)
    assert all(np.isfinite(values).all() for values in trainer.fit(digits, progress=False).values())
    kept = {array.dtype for array in gl.get_weights(trainer.generator).values()}
    assert kept == {np.dtype("float64" if precision == "float64" else "float32")}


@pytest.mark.parametrize(
    ("cpuinfo", "precision"),
    [
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16 amx_bf16 amx_tile", "bfloat16"),
        ("vendor_id : AuthenticAMD\nflags : avx512f avx512_bf16", "bfloat16"),
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16", "float32"),
        ("vendor_id : AuthenticAMD\nflags : avx2", "float32"),
        (None, "float32"),
    ],
    ids=["AMX", "AMD", "Intel without AMX", "without", "unknown"],
)
def test_auto_takes_bfloat16_where_the_processor_is_faster_at_it(gl, cpuinfo, precision, tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert gl.Trainer(SMALL, precision="auto", device="cpu").precision == precision


@pytest.mark.parametrize(
    "changes",
    [
        {"discriminator_norm": "spectral", "pack": 2, "discriminator_steps": 2},
        thorough(moving_average=0.9, instance_noise=0.1, penalty="r1", penalty_weight=1.0, penalty_every=2),
        thorough(update="extragradient", fresh_noise=False),
    ],
)
# PyTorch's compiler looks at every tensor's .grad, and keeps the warning of that from being shown.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_a_compiled_step_is_the_step(gl, digits, changes, monkeypatch):
    if gl.name == "torch":
        import torch

        # Not down to C++, which takes a compiler and a minute.
        monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
        changes = {"discriminator_dropout": 0.2} | changes  # XLA would draw other masks
    recipe = dataclasses.replace(SMALL, precision="float64", **changes)
    plain, compiled = gl.Trainer(recipe), gl.Trainer(recipe, compiled=True)
    histories = [trainer.fit(digits, steps=4, progress=False) for trainer in (plain, compiled)]
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(plain.sample(3), compiled.sample(3), rtol=1e-9, atol=1e-12)


def test_the_readers_own_networks_train_too(gl, digits):
    if gl.name == "torch":
        import torch
        from torch import nn

        torch.manual_seed(0)
        generator = nn.Sequential(nn.Linear(8, 256), nn.Tanh(), nn.Unflatten(1, (1, 16, 16)))
        discriminator = nn.Sequential(nn.Flatten(), nn.Linear(256, 1), nn.Flatten(0))
    else:
        import keras

        keras.utils.set_random_seed(0)
        generator = keras.Sequential(
            [keras.Input((8,)), keras.layers.Dense(256, activation="tanh"), keras.layers.Reshape((16, 16, 1))]
        )
        discriminator = keras.Sequential(
            [
                keras.Input((16, 16, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(1),
                keras.layers.Reshape(()),
            ]
        )
    trainer = gl.Trainer(SMALL, generator=generator, discriminator=discriminator)
    assert trainer.generator is generator
    before = gl.get_weights(generator)
    history = trainer.fit(digits, progress=False)
    assert np.isfinite(history["d_loss"]).all()
    assert any((before[name] != array).any() for name, array in gl.get_weights(generator).items())
    assert trainer.sample(3).shape == (3, 16, 16, 1)


def test_a_network_serves_the_readers_own_loop(gl, digits, native):
    """The discriminator alone, ten steps of the reader's own optimiser: its loss falls."""
    recipe = ganlib.recipe("dcgan-digits", width=4)
    model, loss = gl.Discriminator(recipe), gl.losses.get("hinge")
    real, fake = native.tensor(gl, digits[:16], "float32"), native.tensor(gl, -digits[:16], "float32")
    losses = []
    if gl.name == "torch":
        import torch

        optimiser = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(10):
            value = loss.discriminator(model(real), model(fake))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(value.item())
    else:
        import keras
        import tensorflow as tf

        optimiser = keras.optimizers.SGD(0.1)
        for _ in range(10):
            with tf.GradientTape() as tape:
                value = loss.discriminator(model(real, training=True), model(fake, training=True))
            optimiser.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
            losses.append(float(value))
    assert losses[-1] < losses[0] - 0.1


# Files


def same_state(gl, a, b):
    for player in ("generator", "discriminator", "average"):
        if getattr(a, player) is not None:
            weights = gl.get_weights(getattr(b, player))
            for name, array in gl.get_weights(getattr(a, player)).items():
                np.testing.assert_array_equal(array, weights[name], err_msg=name)
    for name, values in a.history.items():
        np.testing.assert_array_equal(values, b.history[name])


@pytest.mark.parametrize(
    "changes",
    [
        {
            **{"moving_average": 0.9, "discriminator_norm": "spectral", "discriminator_dropout": 0.2},
            **{"penalty": "wgan_gp", "penalty_weight": 1.0, "penalty_every": 2, "instance_noise": 0.1},
            "generator_optimiser": {"rule": "sgd", "rate": 0.01},
        },
        thorough(),
        thorough(moving_average=0.9, discriminator_norm="spectral", discriminator_dropout=0.2),
        thorough(penalty="wgan_gp", penalty_weight=1.0, penalty_every=2, instance_noise=0.1),
        thorough(generator_optimiser={"rule": "sgd", "rate": 0.01}),
    ],
)
def test_a_saved_run_goes_on_to_the_bit(gl, digits, tmp_path, changes):
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=6, **changes)
    straight, first = gl.Trainer(recipe, seed=3), gl.Trainer(recipe, seed=3)
    straight.fit(digits, progress=False)
    first.fit(digits, steps=3, progress=False)
    path = first.save(tmp_path / "run")
    assert {p.name for p in (tmp_path / "run").iterdir()} == {path.name, ".lock"}
    second = gl.Trainer.load(tmp_path / "run")
    assert second.recipe == recipe
    second.fit(digits, progress=False)
    same_state(gl, straight, second)
    np.testing.assert_array_equal(straight.sample(4), second.sample(4))


def test_a_run_saved_by_one_framework_samples_and_goes_on_in_the_other(both, digits, tmp_path):
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, moving_average=0.5)
    for source, target in (both, both[::-1]):
        stayed = source.Trainer(recipe, seed=1, precision="float64")
        stayed.fit(digits, steps=5, progress=False)
        stayed.save(tmp_path / source.name)
        moved = target.Trainer.load(tmp_path / source.name)
        np.testing.assert_allclose(stayed.sample(4), moved.sample(4), rtol=1e-12, atol=1e-12)
        ours, theirs = (t.fit(digits, steps=30, progress=False) for t in (stayed, moved))
        for name, values in ours.items():
            np.testing.assert_allclose(values, theirs[name], rtol=1e-9, atol=1e-9)


def test_a_damaged_or_foreign_checkpoint_is_refused(gl, digits, tmp_path):
    trainer = gl.Trainer(SMALL)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        gl.Trainer.load(tmp_path / "nowhere")
    path = trainer.save(tmp_path / "run")
    whole = path.read_bytes()
    for damaged in (b"", b"\x00" * 100, whole[: len(whole) // 2], b"\xff" * 8 + whole[8:]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            gl.Trainer.load(tmp_path / "run")


def test_a_failed_save_leaves_the_one_before(gl, tmp_path, monkeypatch):
    trainer = gl.Trainer(SMALL)
    path = trainer.save(tmp_path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        trainer.save(tmp_path)
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {path.name, ".lock"}


# What it refuses


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x[..., 0], r"needs \(n, \*\(16, 16, 1\)\)"),
        (lambda x: np.transpose(x, (0, 3, 1, 2)), "channel-first"),
        (lambda x: x[:5], "do not fill one batch of 8"),
        (lambda x: (x * 127).astype(np.uint8), "/ 127.5 - 1"),
        (lambda x: (x + 1) * 127.5, "0 to 255"),
        (lambda x: np.where(x > 0.5, np.nan, x), "NaN"),
        (lambda x: x[:0], "do not fill"),
    ],
)
def test_data_of_the_wrong_kind_is_refused_with_the_remedy(gl, digits, change, says):
    with pytest.raises(ValueError, match=says):
        gl.Trainer(SMALL).fit(change(digits))


def test_arguments_of_the_wrong_kind_are_refused(gl, digits):
    with pytest.raises(TypeError, match="NumPy array"):
        gl.Trainer(SMALL).fit(digits.tolist())
    with pytest.raises(TypeError, match=r'ganlib.recipe\("dcgan-digits"\)'):
        gl.Trainer("dcgan-digits")
    with pytest.raises(ValueError, match="float64, float32, bfloat16, auto"):
        gl.Trainer(SMALL, precision="float16")
    with pytest.raises(ValueError, match="seed must be a whole number"):
        gl.Trainer(SMALL, seed=-1)
    with pytest.raises(ValueError, match="device 'toaster'"):
        gl.Trainer(SMALL, device="toaster")
    with pytest.raises(ValueError, match="steps must be a whole number"):
        gl.Trainer(SMALL).fit(digits, steps=0)


@pytest.mark.parametrize("pack", [1, 2])
def test_logits_are_the_discriminators(gl, native, digits, pack):
    trainer = gl.Trainer(ganlib.recipe(SMALL.name, width=4, batch_size=8, latent=8, pack=pack), precision="float64")
    trainer.fit(digits, steps=3, progress=False)
    inputs = np.concatenate([digits[::pack], digits[1::pack]], axis=-1) if pack == 2 else digits
    expected = native.forward(gl, trainer.discriminator, inputs)
    np.testing.assert_allclose(trainer.logits(digits), expected, rtol=1e-12)
    assert trainer.logits(digits).shape == (40 // pack,)


def test_logits_refuse_what_the_discriminator_cannot_take(gl, digits):
    with pytest.raises(ValueError, match="shape"):
        gl.Trainer(SMALL).logits(digits[:, :8])
    packed = gl.Trainer(ganlib.recipe("dcgan-digits", width=4, batch_size=8, pack=2))
    with pytest.raises(ValueError, match="pack=2"):
        packed.logits(digits[:3])


def test_each_player_can_be_trained_alone(gl, digits):
    trainer = gl.Trainer(SMALL, seed=0)
    g, d = gl.get_weights(trainer.generator), gl.get_weights(trainer.discriminator)
    trainer.fit_discriminator(digits, steps=2, fake=-digits)
    moved = gl.get_weights(trainer.discriminator)
    assert all((g[name] == array).all() for name, array in gl.get_weights(trainer.generator).items())
    assert all((d[name] != array).any() for name, array in moved.items())
    trainer.fit_generator(digits, steps=2)
    # G's step runs D, whose moving statistics follow.
    trained = [name for name in moved if not name.endswith((".mean", ".variance"))]
    after = gl.get_weights(trainer.discriminator)
    assert all((moved[name] == after[name]).all() for name in trained)
    assert all((g[name] != array).any() for name, array in gl.get_weights(trainer.generator).items())
    assert trainer.steps_done == 0
    assert not trainer.history


def test_a_discriminator_alone_finds_the_density_ratio(gl):
    """D* = p / (p + q) (Goodfellow et al. 2014, proposition 1): here its logit is 4x, from N(1, ½) and N(-1, ½)."""
    rng = np.random.default_rng(0)
    p, q = (rng.normal(mean, 0.5**0.5, (20_000, 1)) for mean in (1, -1))
    changes = {"penalty": "none", "penalty_weight": 0, "moving_average": 0, "width": 32, "latent": 1}
    trainer = gl.Trainer(ganlib.recipe("ring", shape=(1,), **changes), seed=0)
    trainer.fit_discriminator(p, steps=500, fake=q)
    x = np.linspace(-1.5, 1.5, 31)[:, None]
    assert np.abs(1 / (1 + np.exp(-trainer.logits(x))) - 1 / (1 + np.exp(-4 * x[:, 0]))).max() < 0.08
