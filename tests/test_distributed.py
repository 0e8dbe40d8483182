"""Two workers train as one: PyTorch's over gloo, started by torchrun, TensorFlow's as two devices of one strategy."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import two_workers

import ganlib

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "two_workers.py"
# Each starts processes of its own: one after the other, on one worker of xdist.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("distributed")]


def environment():
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The folder that a run with two workers leaves, of a framework."""
    made = {}

    def make(gl):
        if gl.name not in made:
            directory = made[gl.name] = tmp_path_factory.mktemp(gl.name)
            trainer = gl.Trainer(two_workers.recipe("ring"))
            trainer.fit(two_workers.data("ring"), steps=25, progress=False)
            trainer.save(directory / "of-one")
            start = [sys.executable]
            if gl.name == "torch":
                start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
            command = [*start, str(PROGRAM), gl.name, str(directory)]
            result = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
            assert result.returncode == 0, result.stderr[-4000:]
        return made[gl.name]

    return make


def assert_agree(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("case", two_workers.CASES)
def test_two_workers_end_where_one_does(gl, case, two):
    _, expected = two_workers.run(gl, case)
    with np.load(two(gl) / f"{case}.npz") as found:
        assert_agree(dict(found), expected)


def test_a_checkpoint_goes_from_one_worker_to_two_and_back(gl, two, tmp_path):
    with np.load(two(gl) / "ring.npz") as expected, np.load(two(gl) / "resumed.npz") as resumed:
        assert_agree(dict(resumed), dict(expected))
    one, _ = two_workers.run(gl, "ring")
    one.save(tmp_path)
    arrays = [
        safetensors.numpy.load_file(*folder.glob("*.safetensors")) for folder in (two(gl) / "of-rank-0", tmp_path)
    ]
    assert_agree(*arrays)
    loaded = gl.Trainer.load(two(gl) / "of-rank-0")
    assert loaded.steps_done == 50
    assert_agree(two_workers.numbers(gl, loaded), two_workers.numbers(gl, one))


def test_one_worker_writes_and_shows_and_all_stop_together(gl, two):
    facts = [json.loads(path.read_text()) for path in sorted(two(gl).glob("facts-*.json"))]
    assert len(facts) == (2 if gl.name == "torch" else 1)
    assert {fact["workers"] for fact in facts} == {2}
    assert [fact["bar"] for fact in facts] == [True, False][: len(facts)]
    assert not (two(gl) / "of-rank-1").exists()
    assert {fact["stopped at"] for fact in facts} == {53}
    assert "batch_size=33 cannot be shared by 2 workers. Use a multiple of 2." in facts[0]["odd batch"]
    if gl.name == "torch":
        assert facts[0]["own"] == facts[1]["own"]
    else:
        assert "outside the strategy's scope" in facts[0]["outside"]
        assert "BatchNormalization(synchronized=True)" in facts[0]["alone"]


WORKER = """
import datetime, sys, time, torch
import torch.distributed as dist
import ganlib.torch.distributed
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2,
                        timeout=datetime.timedelta(seconds=8))
for step in range(3):
    if rank == 1 and step == 2:
        print("here", flush=True)
        time.sleep(600)
    try:
        [mean] = ganlib.torch.distributed.average([torch.tensor([rank, 3.0])])
        assert mean.tolist() == [0.5, 3.0]
    except ganlib.errors.WorkerLost as error:
        print(error)
"""


@pytest.mark.parametrize("fate", ["dies", "hangs"])
def test_a_worker_that_fails_does_not_hold_up_the_others(fate, tmp_path):
    if "torch" not in ganlib.available():
        pytest.skip("needs PyTorch")
    start = [sys.executable, "-c", WORKER]
    pair = [
        subprocess.Popen([*start, str(rank), str(tmp_path / "store")], env=environment(), text=True, stdout=-1)
        for rank in range(2)
    ]
    try:
        assert pair[1].stdout.readline() == "here\n"
        if fate == "dies":
            pair[1].send_signal(signal.SIGKILL)
        message, _ = pair[0].communicate(timeout=300)  # and not for as long as the other one sleeps
        assert "Worker 0 of 2 lost touch with the others" in message
        assert "last checkpoint" in message
    finally:
        for process in pair:
            process.kill()
            process.wait()
            process.stdout.close()


MIRRORED = """
import sys, tensorflow as tf
from ganlib.runtime import cli
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.exit(cli.main())
"""


@pytest.mark.thorough
@pytest.mark.skipif("tensorflow" not in ganlib.available(), reason="the strategy is TensorFlow's")
def test_the_command_line_trains_on_two_devices(tmp_path):
    start = [sys.executable, "-c", MIRRORED, "train", "ring", "--framework", "tensorflow", "--device", "CPU:0,CPU:1"]
    recipe = ["--set", "width=8", "--set", "batch_size=32", "--steps", "6", "--precision", "float64"]
    command = [*start, *recipe, "--out", str(tmp_path / "run")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    gl = ganlib.backend("tensorflow")
    alone = gl.Trainer(ganlib.recipe("ring", width=8, batch_size=32, steps=6), precision="float64")
    history = alone.fit(ganlib.data.load("ring"), progress=False)
    np.testing.assert_allclose(gl.Trainer.load(tmp_path / "run").history["d_loss"], history["d_loss"], atol=1e-12)


def test_devices_that_cannot_be_used_are_refused(gl, tmp_path):
    expected = "torchrun --nproc-per-node 2" if gl.name == "torch" else "cannot use the device 'GPU:8' here"
    with pytest.raises(ValueError, match=expected):
        ganlib.run.train(ganlib.recipe("ring"), tmp_path / "run", backend=gl.name, device="GPU:8, GPU:9")
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("[!.]*"))


@pytest.mark.skipif("torch" not in ganlib.available(), reason="torchrun is PyTorch's")
def test_the_command_line_trains_on_two_workers(tmp_path):
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ganlib"]
    recipe = ["train", "ring", "--framework", "torch", "--set", "width=8", "--set", "batch_size=32", "--steps", "6"]
    command = [*start, *recipe, "--out", str(tmp_path / "run")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The whole report") == 1
    assert ganlib.checkpoint.steps(tmp_path / "run") == [6]
    alone = ganlib.backend("torch").Trainer(ganlib.recipe("ring", width=8, batch_size=32, steps=6))
    history = alone.fit(ganlib.data.load("ring"), progress=False)
    loaded = ganlib.backend("torch").Trainer.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.history["d_loss"], history["d_loss"], rtol=1e-5)
