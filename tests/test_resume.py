"""A run that was stopped, however it was, goes on as if it had not been: in a new process, to the bit.

GANLIB_KILLS=20 python -m pytest tests/test_resume.py -k killed     kills each framework's run twenty times, not twice
"""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import resume_worker
from conftest import ONE_OF_THEM

from ganlib import checkpoint

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("GANLIB_KILLS", "2"))
WORKER = [sys.executable, str(Path(__file__).with_name("resume_worker.py"))]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def start(*arguments):
    return subprocess.Popen([*WORKER, *map(str, arguments)], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def finish(process, status=0):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == status, errors


def assert_same_files(a, b, step):
    """Two folders' checkpoints of a step: every array and every number of the state, to the bit."""
    (arrays, state), (others, other_state) = checkpoint.load(a, step), checkpoint.load(b, step)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert array.dtype == others[name].dtype
        np.testing.assert_array_equal(array, others[name], err_msg=name)
    assert state == other_state


def test_a_new_process_goes_on_to_the_bit(gl, tmp_path):
    """Weights, moments, moving average, history, random states and samples after 2n steps, against n, save, load, n."""
    n, samples = resume_worker.N, {}
    for name, recipe in resume_worker.RECIPES.items():
        trainer, data = gl.Trainer(recipe, seed=4), resume_worker.data(recipe)
        trainer.fit(data, steps=n, progress=False)
        trainer.save(tmp_path / "half" / name)
        trainer.fit(data, steps=n, progress=False)
        trainer.save(tmp_path / "straight" / name)
        samples[name] = trainer.sample(20, seed=3)
    finish(start("go-on", gl.name, tmp_path / "half", tmp_path / "resumed"), status=143)
    for name in resume_worker.RECIPES:
        assert_same_files(tmp_path / "straight" / name, tmp_path / "resumed" / name, 2 * n)
        np.testing.assert_array_equal(samples[name], np.load(tmp_path / "resumed" / name / "samples.npy"))
        assert len(checkpoint.load(tmp_path / "resumed" / name, 2 * n)[0]["history/d_loss"]) == 2 * n
    assert checkpoint.steps(tmp_path / "resumed" / name) == [2 * n, 2 * n + 3]  # it was told to end, saved, and ended


@pytest.mark.parametrize("gl", ONE_OF_THEM, indirect=True)
def test_a_run_that_is_killed_again_and_again_ends_as_the_undisturbed_one(gl, tmp_path):
    """kill -9 at random moments, which also fall into saving: it saves every other step."""
    every, apart = 2, 40  # steps between checkpoints, and about between kills
    rng, run = random.Random(1), tmp_path / "run"
    for _ in range(KILLS):
        process = start("train", gl.name, run, 10**6, every)  # it would go on for hours
        moment = (checkpoint.steps(run) or [0])[-1] + rng.randrange(1, apart)
        while process.poll() is None and (checkpoint.steps(run) or [0])[-1] < moment:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        # Whatever the moment was, there is a whole checkpoint.
        assert checkpoint.describe(run)["step"] >= moment
    # On a busy machine a kill comes late.
    until = checkpoint.steps(run)[-1] + apart
    finish(start("train", gl.name, run, until, every))
    undisturbed = gl.Trainer(resume_worker.KILLED, seed=5)
    undisturbed.fit(resume_worker.data(resume_worker.KILLED), steps=until, progress=False)
    undisturbed.save(tmp_path / "undisturbed")
    assert_same_files(tmp_path / "undisturbed", run, until)
    assert checkpoint.steps(run) == [until - 2 * every, until - every, until]
    assert not list(run.glob("*.tmp"))
    assert not list(run.glob(".step-*"))


@pytest.mark.parametrize("name", ["dcgan-digits", "everything", "conjugate"])
def test_from_one_framework_to_the_other_and_back(both, tmp_path, name):
    """In float64 the next fifty steps agree within 1e-8 with those of the run that stayed."""
    # Which values dropout sets to zero is the one draw that each framework makes for itself.
    recipe = dataclasses.replace(resume_worker.RECIPES[name], discriminator_dropout=0.0)
    data = resume_worker.data(recipe)
    for home, away in (both, both[::-1]) if name == "dcgan-digits" else (both,):
        folder = tmp_path / home.name
        stayed = home.Trainer(recipe, seed=2, precision="float64")
        stayed.fit(data, steps=5, progress=False)
        stayed.save(folder)
        abroad = away.Trainer.load(folder)
        abroad.fit(data, steps=5, progress=False)
        abroad.save(folder)
        back = home.Trainer.load(folder)
        straight = stayed.fit(data, steps=55, progress=False)
        for metric, values in back.fit(data, steps=50, progress=False).items():
            np.testing.assert_allclose(values, straight[metric], rtol=0, atol=1e-8, err_msg=metric)
        for player in ("generator", "discriminator", "average"):
            weights = home.get_weights(getattr(stayed, player))
            for key, array in home.get_weights(getattr(back, player)).items():
                np.testing.assert_allclose(array, weights[key], rtol=0, atol=1e-8, err_msg=f"{player} {key}")
        np.testing.assert_allclose(back.sample(20), stayed.sample(20), rtol=0, atol=1e-8)
