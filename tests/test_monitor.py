"""Failure in training: the step and the tensor that are named, the state that is kept, and what the monitor tells."""

import dataclasses
import functools
import json

import numpy as np
import pytest
from conftest import BACKENDS, ONE_OF_THEM

import ganlib
from ganlib import initialise
from ganlib.errors import GanlibError, TrainingFailed
from ganlib.runtime import failure
from ganlib.runtime.monitor import Monitor

pytestmark = pytest.mark.long

TINY = {"width": 8, "depth": 1, "batch_size": 16}
SMALL = ganlib.recipe("ring", **TINY, loss="least_squares")
SGD = {"rule": "sgd", "beta1": 0.0}
UNHELD = {"penalty": "none", "penalty_weight": 0.0}


@pytest.fixture(scope="module")
def ring():
    return ganlib.data.load("ring")


@pytest.fixture(scope="module")
def digits():
    return ganlib.data.load("digits")


# NaN and infinity


class Poison:
    """Puts a value into all of one weight after a step."""

    def __init__(self, gl, player, name, value, step):
        self.gl, self.player, self.name, self.value, self.step = gl, player, name, value, step

    def on_step(self, trainer, metrics):
        if trainer.steps_done == self.step:
            model = getattr(trainer, self.player)
            weights = self.gl.get_weights(model)
            weights[self.name][:] = self.value
            self.gl.set_weights(model, weights)


def huge(points):
    """One point so far away that its square overflows in float64."""
    points = points.copy()
    points[100] = 1e200
    return points


def dead(trainer, gl):
    """A critic with no units that work: its gradient is zero, where the norm in the penalty has no derivative."""
    weights = {name: np.zeros_like(array) for name, array in gl.get_weights(trainer.discriminator).items()}
    gl.set_weights(trainer.discriminator, weights)


# name: (changes of the recipe, what is done to the trainer, poison after a step, what is done to the data,
#        the tensor named, a part of the message)
GP = {"loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 10.0}
FAILURES = {
    "data far out of range": ({"loss": "least_squares"}, None, None, huge, "d_loss", "scale them"),
    "an infinite weight": (
        {}, None, ("generator", "dense0.kernel", np.inf, 3), None, "generator/dense0.kernel", "before the step"
    ),
    "G's weights too large": (
        {}, None, ("generator", "dense2.kernel", 1.7e308, 3), None, "generator/output", "overflowed"
    ),
    "D's weights too large": (
        UNHELD, None, ("discriminator", "dense2.kernel", 1.7e308, 3), None, "discriminator/logits/real", "overflowed"
    ),
    "a gradient whose square is too large": (
        UNHELD, None, ("generator", "dense2.kernel", 1e200, 3), None, "discriminator_optimiser/v/dense0.kernel", ""
    ),
    "a norm of zero": (GP, dead, None, None, "discriminator_gradient/dense2.kernel", "no derivative at zero"),
    "a critic that nothing holds, at a rate of 50": (
        {"loss": "wasserstein", **UNHELD, "discriminator_optimiser": {**SGD, "rate": 50.0}},
        None, None, None, None, "Wasserstein critic that nothing holds",
    ),
}  # fmt: skip


@functools.cache
def failed(backend, case):
    gl = ganlib.backend(backend)
    changes, prepare, poison, spoil, *_ = FAILURES[case]
    trainer = gl.Trainer(ganlib.recipe("ring", **{**TINY, **changes}), precision="float64")
    if prepare:
        prepare(trainer, gl)
    points = ganlib.data.load("ring", n=160).points.astype(np.float64)
    callbacks = [Poison(gl, *poison)] if poison else []
    with pytest.raises(TrainingFailed) as caught:
        trainer.fit(spoil(points) if spoil else points, steps=300, callbacks=callbacks, progress=False)
    return trainer, caught.value


@pytest.mark.parametrize("case", FAILURES)
def test_a_bad_number_ends_the_training_at_that_step_and_names_the_first_tensor(gl, case):
    trainer, error = failed(gl.name, case)
    *_, tensor, says = FAILURES[case]
    assert isinstance(error, GanlibError)
    assert isinstance(error, ArithmeticError)
    assert tensor in (None, error.tensor)
    message = str(error)
    assert says in message
    assert message.startswith(f"Training failed at step {error.step}: {error.tensor} is ")
    assert len(error.history["d_loss"]) == error.step == trainer.steps_done + 1
    assert all(np.isfinite(values).all() for values in trainer.history.values())
    assert len(trainer.history.get("d_loss", [])) == trainer.steps_done
    np.testing.assert_array_equal(error.history["d_loss"][:-1], trainer.history.get("d_loss", []))


# A run that grows until it overflows does so a step sooner or later, by rounding.
@pytest.mark.parametrize("case", [case for case in FAILURES if "at a rate of 50" not in case])
def test_both_frameworks_name_the_same_step_and_tensor(both, case):
    a, b = (failed(gl.name, case)[1] for gl in both)
    assert (a.step, a.tensor, str(a)) == (b.step, b.tensor, str(b))


def state_of(trainer):
    return {**trainer.state(), **trainer.history}


def first_step_with(point, samples, batch_size, seed):
    batches, step = initialise.Batches(initialise.streams(seed)["batches"], batch_size), 1
    while point not in batches.next(samples):
        step += 1
    return step


def test_the_last_good_state_is_kept_to_the_bit_and_gone_on_from(gl, ring):
    class Ends:
        ended = None

        def on_end(self, trainer):
            Ends.ended = trainer.steps_done

    points, bad = ring.points[:160].astype(np.float64), huge(ring.points[:160].astype(np.float64))
    trainer, straight = (gl.Trainer(SMALL, seed=1, precision="float64") for _ in range(2))
    with pytest.raises(TrainingFailed) as caught:
        trainer.fit(bad, progress=False, callbacks=[Ends()])
    assert caught.value.step == first_step_with(100, 160, 16, seed=1) > 1
    assert Ends.ended == caught.value.step - 1
    straight.fit(points, steps=Ends.ended, progress=False)
    expected, found = state_of(straight), state_of(trainer)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    # With the repaired data it goes on with the batches and latents that the failed step had drawn.
    np.testing.assert_array_equal(*(t.fit(points, steps=5, progress=False)["g_loss"] for t in (straight, trainer)))


def test_where_metrics_are_fetched_in_blocks_the_state_is_that_of_the_last_look(gl, ring):
    trainer = gl.Trainer(SMALL, seed=1, precision="float64")
    trainer._block = 100  # as on a GPU
    with pytest.raises(TrainingFailed) as caught:
        trainer.fit(huge(ring.points[:160].astype(np.float64)), progress=False)
    assert caught.value.step == first_step_with(100, 160, 16, seed=1)
    assert caught.value.tensor == "d_loss"
    assert trainer.steps_done == 0
    for name, array in initialise.generator_weights(SMALL, initialise.streams(1)["generator_weights"]).items():
        np.testing.assert_array_equal(array, gl.get_weights(trainer.generator)[name])


def test_one_step_and_a_player_alone_fail_alike(gl, ring):
    points = huge(ring.points[:160].astype(np.float64))
    trainer = gl.Trainer(SMALL, precision="float64")
    before = state_of(trainer)
    with pytest.raises(TrainingFailed, match="step 1: d_loss"):
        trainer.step(points[96:112])
    with pytest.raises(TrainingFailed, match="d_loss"):
        trainer.fit_discriminator(points, steps=20)
    dead_end = gl.Trainer(ganlib.recipe("ring", **TINY, generator_optimiser={**SGD, "rate": 1e30}))
    with pytest.raises(TrainingFailed, match="g_loss"):
        dead_end.fit_generator(ring.points, steps=20)
    assert dead_end.steps_done == 0
    for name, array in state_of(trainer).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_samples_that_float32_cannot_hold_are_the_batchs_fault(gl, ring):
    trainer, points = gl.Trainer(SMALL), ring.points[:16].astype(np.float64)
    points[3] = 1e300
    with np.errstate(over="ignore"), pytest.raises(TrainingFailed, match="do not fit into float32") as caught:
        trainer.fit(points, progress=False)
    assert (caught.value.step, caught.value.tensor, trainer.steps_done) == (1, "batch", 0)


def test_what_is_said_of_an_array():
    assert failure.describe(np.array([1.0, 2.0])) == ""
    assert failure.describe(np.array([1.0, np.nan, np.inf])) == "NaN in 2 of 3 values"
    assert failure.describe(np.array(-np.inf)) == "infinite"


def test_bfloat16_is_among_the_causes_where_it_is_used(gl):
    trainer = gl.Trainer(SMALL, precision="bfloat16")
    assert any("float32" in cause for cause in failure.causes(trainer, "d_loss", {}))
    assert not any("float32" in cause for cause in failure.causes(gl.Trainer(SMALL), "d_loss", {}))


# The monitor on broken runs


class Swapped:
    """A loss whose labels for D are swapped."""

    def __init__(self, loss):
        self.loss, self.generator, self.needs_real = loss, loss.generator, loss.needs_real

    def discriminator(self, real, fake, **options):
        return self.loss.discriminator(fake, real, **options)


def swap_labels(trainer, gl):
    trainer.game = dataclasses.replace(trainer.game, loss=Swapped(trainer.game.loss))


def silence(trainer, gl):
    """A discriminator that says 0 to everything, and has no way back: a softmax over one unit is such a one."""
    weights = {name: np.zeros_like(array) for name, array in gl.get_weights(trainer.discriminator).items()}
    gl.set_weights(trainer.discriminator, weights)


QUICK = {"width": 64, "batch_size": 64, "moving_average": 0.0, "steps": 1200}
# name: (recipe, changes, what is done to the trainer, steps, what must be told)
BROKEN = {
    "saturating loss, strong D, SGD": (
        "ring",
        {**QUICK, **UNHELD, "loss": "minimax", "discriminator_optimiser": {"rate": 5e-3},
         "generator_optimiser": {**SGD, "rate": 0.01}},
        None, 400, {"discriminator saturated", "vanishing gradients", "collapse"},
    ),
    "G twenty times faster than D": (
        "ring",
        {**QUICK, **UNHELD, "generator_optimiser": {"rate": 4e-3}, "discriminator_optimiser": {"rate": 2e-4}},
        None, 800, {"collapse", "plateau"},
    ),
    "rate 0.5": (
        "ring",
        {**QUICK, "generator_optimiser": {"rate": 0.5}, "discriminator_optimiser": {"rate": 0.5}},
        None, 100, {"divergence"},
    ),
    "Wasserstein without a penalty": (
        "ring", {**QUICK, **UNHELD, "loss": "wasserstein", "discriminator_optimiser": {"rate": 5e-3}},
        None, 400, {"divergence"},
    ),
    "initial BatchNorm scale 0.02": (
        "dcgan-digits", {"scale_mean": 0.0, "scale_std": 0.02, "width": 8, "batch_size": 16},
        None, 1, {"small scales"},
    ),
    "D that does not learn": (
        "ring",
        {**QUICK, "discriminator_optimiser": {"rate": 1e-8}, "generator_optimiser": {"rate": 2e-3}},
        None, 700, {"collapse", "discriminator fooled or plateau"},  # whether G runs away or dies
    ),
    "D that always says the same": (
        "ring", {**QUICK, **UNHELD, "discriminator_optimiser": {**SGD, "rate": 1e-3}},
        silence, 650, {"plateau", "vanishing gradients"},
    ),
    "the same under hinge": (
        "ring", {**QUICK, **UNHELD, "loss": "hinge", "discriminator_optimiser": {**SGD, "rate": 1e-3}},
        silence, 350, {"vanishing gradients"},
    ),
    "labels swapped": ("ring", QUICK, swap_labels, 400, {"discriminator fooled"}),
}  # fmt: skip


def watched(gl, data, recipe, steps, seed=0, prepare=None, every=50):
    trainer = gl.Trainer(recipe, seed)
    if prepare:
        prepare(trainer, gl)
    said = []
    monitor = Monitor(every, data, said.append)
    trainer.fit(data, steps=steps, callbacks=[monitor], progress=False)
    assert said == [finding.sentence for finding in monitor.findings]
    return monitor


def missed(expected, findings):
    told = {finding.kind for finding in findings}
    return [kinds for kinds in expected if told.isdisjoint(kinds.split(" or "))]


# The monitor knows no framework, so one runs all of them and the other those that take least.
SHORT = ("rate 0.5", "initial BatchNorm scale 0.02")


@pytest.mark.parametrize(
    ("gl", "case"),
    [(name, case) for name in BACKENDS for case in (BROKEN if name == BACKENDS[0] else SHORT)],
    indirect=["gl"],
)
def test_broken_runs_are_told(gl, ring, digits, case):
    name, changes, prepare, steps, expected = BROKEN[case]
    monitor = watched(gl, ring if name == "ring" else digits, ganlib.recipe(name, **changes), steps, prepare=prepare)
    assert not missed(expected, monitor.findings), monitor.findings
    for finding in monitor.findings:
        assert finding.sentence.startswith(f"Step {finding.step}: ")
        assert finding.step <= steps


# The monitor on healthy runs: the short version of benchmarks/monitor.py


@pytest.mark.parametrize("gl", ONE_OF_THEM, indirect=True)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize(
    ("name", "changes", "steps"), [("ring", {}, 160), ("grid", {}, 240), ("dcgan-digits", {"width": 8}, 160)]
)
def test_no_false_alarm_on_healthy_runs(gl, digits, name, changes, steps, seed):
    data = digits if name == "dcgan-digits" else ganlib.data.load(name)
    monitor = watched(gl, data, ganlib.recipe(name, **changes), steps, seed, every=20)
    assert len(monitor.looks) == steps // 20
    assert not monitor.findings
    assert not monitor._seen  # at the end nothing is even suspected


def test_a_run_is_the_same_to_the_bit_with_and_without_a_monitor(gl, digits):
    recipe = ganlib.recipe(
        "dcgan-digits", width=4, batch_size=8, latent=8, penalty="wgan_gp", penalty_weight=1.0,
        discriminator_norm="spectral", discriminator_dropout=0.2,
    )  # fmt: skip
    alone, seen = gl.Trainer(recipe), gl.Trainer(recipe)
    alone.fit(digits, steps=6, progress=False)
    seen.fit(digits, steps=6, progress=False, callbacks=[Monitor(2, digits, say=None)])
    states = [state_of(trainer) for trainer in (alone, seen)]
    for name, array in states[0].items():
        np.testing.assert_array_equal(array, states[1][name], err_msg=name)
    assert [rng.bit_generator.state for rng in alone._streams.values()] == [
        rng.bit_generator.state for rng in seen._streams.values()
    ]


# What it makes of what it measures, without a framework


class Stub:
    """A trainer that generates, weighs and loses as it is told."""

    def __init__(self, loss="nonsaturating", **changes):
        self.recipe, self.steps_done = ganlib.recipe("ring", loss=loss, **{"steps": 1200, **changes}), 0
        self.scale, self.sample_scale, self.offset = 1.0, 1.0, 0.0
        self.slope, self.history, self.loss = 1.0, {}, None

    def generate(self, latents, averaged):
        assert not averaged
        angles = np.random.default_rng(0).integers(8, size=len(latents)) * np.pi / 4
        return self.sample_scale * np.stack([np.cos(angles), np.sin(angles)], axis=1) + self.offset

    def classes_in_turn(self, n):
        return None  # a recipe without labels

    def logits(self, samples, labels=None):
        return self.slope * samples[:, 0]

    def weights(self):
        weights = {"dense0.kernel": np.full(4, self.scale), "batch_norm1.scale": np.ones(2)}
        return {"generator": weights, "discriminator": weights}

    def check_samples(self, data, minimum):
        return data.samples

    def go(self, monitor, looks=1, steps=None, **changes):
        metrics = {"d_loss": 1.3, "g_loss": 0.8, "d_real": 0.1, "d_fake": -0.1, **changes}
        for _ in range(steps or looks * monitor.every):
            self.steps_done += 1
            for name, value in metrics.items():
                self.history.setdefault(name, []).append(value)
            monitor.on_step(self, metrics)


def kinds(monitor):
    return [finding.kind for finding in monitor.findings]


@pytest.fixture
def stubbed(ring):
    def make(loss="nonsaturating", data=ring):
        stub, monitor = Stub(loss), Monitor(100, data, say=None)
        monitor.on_start(stub)
        return stub, monitor

    return make


def test_a_finding_is_told_after_three_looks_once_and_again_after_it_went_away(stubbed):
    stub, monitor = stubbed()
    saturated = {"d_loss": 0.001, "d_real": 7.0, "d_fake": -7.0}
    stub.go(monitor, 2, **saturated)
    stub.go(monitor)
    stub.go(monitor, 2, **saturated)
    assert not monitor.findings  # never three in a row
    stub.go(monitor, 5, **saturated)
    stub.go(monitor, 2)
    stub.go(monitor, 5, **saturated)  # two looks without it are not enough to have gone away
    assert [(finding.kind, finding.step) for finding in monitor.findings] == [("discriminator saturated", 600)]
    stub.go(monitor, 3)
    stub.go(monitor, 5, **saturated)
    assert kinds(monitor) == ["discriminator saturated"] * 2


@pytest.mark.parametrize(
    ("changes", "every", "step"),
    [
        ({"steps": 100}, 100, 300),
        ({"steps": 100}, 20, 300),
        ({"steps": 100}, 500, 1500),  # three looks
        ({"batch_size": 6}, 100, 500),  # 500 steps of 6 are 3,000 samples
        ({"steps": 6000}, 100, 1500),  # a quarter of the run
    ],
)
def test_what_is_told_has_lasted_for_looks_steps_samples_and_a_quarter_of_the_run(ring, changes, every, step):
    stub, monitor = Stub(**changes), Monitor(every, ring, say=None)
    monitor.on_start(stub)
    stub.go(monitor, 2000 // every, d_loss=0.001, d_real=7.0, d_fake=-7.0)
    assert [(finding.kind, finding.step) for finding in monitor.findings] == [("discriminator saturated", step)]


@pytest.mark.parametrize("stop", [100, 430, 500, 520])
def test_a_new_monitor_goes_on_where_that_of_a_stopped_run_was(ring, stubbed, stop):
    def go(stub, monitor, until):
        while stub.steps_done < until:
            stub.scale = 1 + stub.steps_done / 50
            wrong = {"d_loss": 0.001} if stub.steps_done >= 200 else {}
            stub.go(monitor, steps=1, g_loss=0.8 + stub.steps_done / 1000, **wrong)

    straight, stopped = stubbed(), stubbed()
    go(*straight, 700)
    go(*stopped, 500)  # it was killed here, and goes on from a checkpoint of before
    kept = json.loads(json.dumps(stopped[1].state()))
    go(*stopped, stop)
    stub, monitor = stopped[0], Monitor(100, ring, say=None)
    stub.steps_done, stub.history = stop, {name: values[:stop] for name, values in stub.history.items()}
    monitor.restore(stub, kept)
    assert all(finding.step <= stop for finding in monitor.findings)
    go(stub, monitor, 700)
    assert monitor.state() == straight[1].state()
    assert kinds(monitor) == ["discriminator saturated", "divergence"]


@pytest.mark.parametrize(
    ("loss", "metrics", "expected"),
    [
        ("nonsaturating", {}, []),
        ("nonsaturating", {"d_loss": 0.6, "d_real": 115.0}, []),  # as source-002's D, whose G is well
        ("minimax", {"g_loss": -0.001}, ["vanishing gradients"]),
        ("minimax", {"d_loss": 0.001, "g_loss": -0.5, "d_real": 5}, ["discriminator saturated"]),
        ("relativistic", {"d_loss": 0.001, "g_loss": 7.0, "d_real": 5}, ["discriminator saturated"]),
        ("least_squares", {"d_loss": 0.001, "g_loss": 1.0, "d_real": 1, "d_fake": 0}, ["discriminator saturated"]),
        ("least_squares", {"d_loss": 0.5, "g_loss": 1e-6}, ["vanishing gradients"]),
        ("hinge", {"d_loss": 0.0, "g_loss": 3.0, "d_real": 2, "d_fake": -3}, ["discriminator saturated"]),
        ("hinge", {"d_loss": 2.0, "g_loss": 0.0}, []),
        ("wasserstein", {"d_loss": -0.001, "g_loss": 0.0, "d_real": -3}, []),
        ("wasserstein", {"d_loss": -900, "g_loss": 450.0, "d_real": 450, "d_fake": -450}, ["divergence"]),
        ("nonsaturating", {"d_loss": 0.01, "g_loss": 0.001, "d_real": -5, "d_fake": 5}, ["discriminator fooled"]),
        ("nonsaturating", {"d_loss": 5.0, "g_loss": 0.001, "d_real": 0, "d_fake": 5}, ["discriminator fooled"]),
    ],
)
def test_each_loss_is_read_by_its_own_levels(stubbed, loss, metrics, expected):
    stub, monitor = stubbed(loss)
    stub.go(monitor, 6, **metrics)
    assert kinds(monitor) == expected
    if expected == ["discriminator fooled"]:
        assert ("swapped" in monitor.findings[0].sentence) == (metrics["d_loss"] < 1)


def test_of_a_loss_of_ones_own_no_level_is_known(ring):
    stub, monitor = Stub(), Monitor(100, ring, say=None)
    stub.loss = object()
    monitor.on_start(stub)
    stub.go(monitor, 6, d_loss=0.001, g_loss=0.001)
    assert not kinds(monitor)
    stub.offset = 3.0
    stub.go(monitor, 6, d_loss=0.001, g_loss=0.001)
    assert kinds(monitor) == ["collapse"]  # the samples are still looked at


def test_collapse_divergence_and_the_plateau_are_seen_in_samples_and_weights(stubbed):
    even = {"d_loss": 2 * np.log(2), "g_loss": np.log(2)}
    stub, monitor = stubbed()
    stub.go(monitor, 8, **even)
    assert not kinds(monitor)  # the losses of a finished training
    stub.offset = 3.0
    stub.go(monitor, 8, **even)
    assert kinds(monitor) == ["plateau", "collapse"]
    stub, monitor = stubbed()
    for stub.offset in (3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.8, 0.6, 0.4):
        stub.go(monitor, **even)
    assert "plateau" not in kinds(monitor)  # the samples get nearer
    stub, monitor = stubbed()
    stub.scale = 20.0
    stub.go(monitor)
    assert kinds(monitor) == ["divergence"]
    stub, monitor = stubbed()
    stub.sample_scale = 10.0
    stub.go(monitor)
    assert kinds(monitor) == ["divergence"]


@pytest.mark.parametrize("loss", ["nonsaturating", "hinge", "wasserstein"])
def test_a_flat_discriminator_is_seen_whatever_the_loss(stubbed, loss):
    stub, monitor = stubbed(loss)
    stub.go(monitor, 3)
    stub.slope = 1e-3
    stub.go(monitor, 3)
    assert not kinds(monitor)  # that of a training which has arrived
    stub.offset = 3.0
    stub.go(monitor, 3)
    assert "vanishing gradients" in kinds(monitor)
    assert any("D is flat" in finding.sentence for finding in monitor.findings)


def test_without_data_collapse_is_told_from_earlier_samples(stubbed):
    stub, monitor = stubbed(data=None)
    stub.go(monitor, 3)
    stub.sample_scale = 0.01
    stub.go(monitor, 3)
    assert kinds(monitor) == ["collapse"]
    assert "1.0% of what it was" in monitor.findings[0].sentence


def test_a_monitor_refuses_what_it_cannot_watch(gl, digits, stubbed):
    for every in (0, 1.5, True):
        with pytest.raises(ValueError, match="every must be a whole number"):
            Monitor(every)
    with pytest.raises(TypeError, match="say must be a function"):
        Monitor(say="aloud")
    stub, monitor = stubbed()
    monitor.on_start(stub)  # the next call of fit
    with pytest.raises(ValueError, match="Make a new one"):
        monitor.on_start(Stub())
    with pytest.raises(ValueError, match="shape"):
        gl.Trainer(SMALL).fit(ganlib.data.load("ring"), 1, [Monitor(data=digits)], progress=False)


if (
    __name__ == "__main__"
):  # what the monitor tells of each broken run, over seeds: python tests/test_monitor.py torch 5
    import sys

    gl, data = ganlib.backend(sys.argv[1]), {name: ganlib.data.load(name) for name in ("ring", "digits")}
    for case, (name, changes, prepare, steps, expected) in BROKEN.items():
        for seed in range(int(sys.argv[2])):
            recipe = ganlib.recipe(name, **changes)
            monitor = watched(gl, data[recipe.data], recipe, steps, seed, prepare)
            told = {finding.kind: finding.step for finding in monitor.findings}
            print(case, seed, told, *(f"MISSED {kind}" for kind in missed(expected, monitor.findings)), flush=True)
            if seed == 0:
                print(*(f"    {finding.sentence}" for finding in monitor.findings), sep="\n")
