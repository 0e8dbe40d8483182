"""The clinic: every patient is ill, every cure is accepted, what only looks like one is refused with its own hint."""

import re

import numpy as np
import pytest
from conftest import ONE_OF_THEM

import ganlib
from ganlib import clinic

pytestmark = pytest.mark.long

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))]


def generator_loss(loss, real_logits, fake_logits):
    return loss.generator(real_logits, fake_logits)


def vanishing(loss, real_logits, fake_logits):
    return loss.generator(fake_logits, real_logits)


CURES = {
    1: lambda points, rng: points,
    2: {"discriminator_optimiser": {"rate": 4e-3}},
    3: {"penalty_weight": 3.0},
    4: generator_loss,
    5: {"penalty": "r1", "penalty_weight": 3.0},
    6: {"moving_average": 0.98},
    7: {"batch_norm_momentum": 0.9},
    8: lambda pixels, rng: pixels / 127.5 - 1,
}
# What is refused without a training: patient, answer, a part of the hint.
TEMPTING = [
    (1, lambda points, rng: rng.uniform(-1, 1, size=points.shape), "plot what the function returns"),
    (1, lambda points, rng: points + 0.3 * rng.normal(size=points.shape), "added or scaled"),
    (1, lambda points, rng: points[:, 0], r"\(n, 2\)"),
    (1, lambda points, rng: points / 0, "your function raised|plot what"),
    (2, {"moving_average": 0.999}, "hides the collapse"),
    (2, {"steps": 4000}, "in circles"),
    (2, {"penalty_weight": 1.0}, "too slow to be too steep"),
    (2, {"batch_size": 512}, "how fast the two players move"),
    (3, {"discriminator_optimiser": {"rate": 1e-2}}, "D is not slow"),
    (3, {"generator_optimiser": {"rate": 1e-2}}, "D says nothing"),
    (3, {"loss": "hinge"}, r"history\['penalty'\]"),
    (4, lambda loss, real, fake: loss.discriminator(fake, fake), "G helps D|does not depend"),
    (4, vanishing, "does not depend"),
    (4, lambda loss, real, fake: loss.generator(real, missing), "NameError"),  # noqa: F821
    (5, {"loss": "nonsaturating"}, "wants Wasserstein"),
    (5, {"discriminator_optimiser": {"rate": 1e-4}}, "just as far"),
    (5, {"penalty": "r1", "penalty_weight": 3.0, "discriminator_norm": "spectral"}, "2 remedies at once"),
    (6, {"steps": 20_000}, "50 times the cost"),
    (6, {"generator_optimiser": {"rate": 1e-2}}, "Which weights"),
    (7, {"generator_norm": "none"}, "Make training and sampling agree"),
    (7, {"moving_average": 0.9}, "What else is averaged"),
    (7, {"batch_norm_epsilon": 0.8}, "epsilon only"),
    (8, lambda pixels, rng: pixels / 127.5, "never leaves"),
    (8, lambda pixels, rng: (pixels - 127.5) / 255, "What does a tanh reach"),
    (8, lambda pixels, rng: 1 - pixels / 127.5, "negatives"),
    (8, lambda pixels, rng: pixels, "float"),
    (8, lambda pixels, rng: pixels[0] / 127.5 - 1, "keep the shape"),
]


def made(number, answer):
    return clinic.patient(number).changed(**answer) if isinstance(answer, dict) else answer


@pytest.mark.parametrize("number", CURES)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ONE_OF_THEM)
def test_patients_are_ill_and_cured_by_one_change(name, seed, number):
    ill = clinic.patient(number).train(seed, name)
    assert not ill.healthy, ill
    result = clinic.check(number, made(number, CURES[number]), seed, name)
    assert result.right, result.message
    assert result.run.healthy
    assert str(result).startswith("Right: ")


@pytest.mark.parametrize("number", CURES)
def test_a_patient_as_it_came_is_refused_without_a_training(number, no_training):
    sick = clinic.patient(number)
    result = clinic.check(number, sick.recipe if sick.code is None else sick.code)
    assert not result.right
    assert result.run is None
    assert str(result).startswith("Not yet: ")


@pytest.mark.parametrize(("number", "answer", "hint"), TEMPTING)
def test_tempting_wrong_answers_have_hints_of_their_own(number, answer, hint, no_training):
    with np.errstate(divide="ignore", invalid="ignore"):
        result = clinic.check(number, made(number, answer))
    assert not result.right
    assert re.search(hint, result.message), result.message


def test_the_right_place_with_a_wrong_value_is_trained_and_refused():
    """Longer by a tenth is still too long a memory."""
    result = clinic.check(6, clinic.patient(6).changed(moving_average=0.9998, steps=400))
    assert not result.right
    assert "this is the place" in result.message
    assert result.run.score < clinic.HELD


@pytest.mark.parametrize("number", CURES)
def test_what_a_patient_prints_makes_it(number):
    sick = clinic.patient(number)
    text = str(sick)
    assert text.startswith(f"Patient {number}. {sick.complaint}")
    code = text.split("\n\n", 1)[1]
    if sick.code is None:
        assert eval(code, {"ganlib": ganlib}) == sick.recipe
    else:
        space = {}
        exec(code, space)
        assert callable(space[sick.code.__name__])


def test_modes_held():
    ring = ganlib.data.load("ring", n=2000)
    assert clinic._modes_held(ring.points, ring.centers) == 8
    assert clinic._modes_held(ring.points[ring.labels < 3], ring.centers) == 3
    assert clinic._modes_held(np.zeros((100, 2)), ring.centers) == 0
    assert clinic._modes_held(np.random.default_rng(0).normal(size=(2000, 2)), ring.centers) < clinic.HELD


@pytest.fixture
def no_training(monkeypatch):
    """Fails where a look at the answer should have been enough."""

    def refuse(*arguments):
        pytest.fail("this answer should be refused without a training")

    monkeypatch.setattr(clinic, "_train", refuse)
