"""What can go wrong around a training: after each fault the checkpoint before is intact, and the message clear."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import ganlib
from ganlib import checkpoint
from ganlib.errors import CheckpointError, CheckpointNotSaved, GanlibError, OutOfMemory
from ganlib.runtime.checkpoint import Saver

pytestmark = pytest.mark.long

RECIPE = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=6)
STATE = {"recipe": RECIPE.to_json(), "backend": "torch", "seed": 0, "precision": "float64"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.fixture
def digits():
    return ganlib.data.load("digits").samples[:40]


@pytest.fixture
def one():
    """One framework, for what stands in the code that both share."""
    return ganlib.backend()


@pytest.fixture(autouse=True)
def _sigterm_is_left_as_it_was():
    before = signal.getsignal(signal.SIGTERM)
    yield
    assert signal.getsignal(signal.SIGTERM) is before


def write(directory, step, values=10):
    return checkpoint.save(directory, step, {"values": np.arange(float(values))}, STATE)


def assert_intact(directory, step, values=10):
    """The checkpoint of this step is the latest, whole, and alone with the lock."""
    assert checkpoint.describe(directory)["step"] == step
    np.testing.assert_array_equal(checkpoint.load(directory)[0]["values"], np.arange(float(values)))
    assert {path.name for path in directory.iterdir()} <= {f"step-{step:08d}.safetensors", ".lock"}


def python(program, *arguments, **options):
    """A program in a process of its own, without a framework."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, **options)


# Disk full, folder not writable


def test_a_full_disk(tmp_path):
    """A small file system of its own, where the machine lets one be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "ganlib-test", disk], capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a file system")
    try:
        run = disk / "run"
        write(run, 1)
        with pytest.raises(CheckpointNotSaved, match=r"No space left.* intact; the last is of step 1\. Make room"):
            write(run, 2, values=100_000)
        assert_intact(run, 1)
        write(run, 2, values=20)  # what fits is saved again
        assert checkpoint.steps(run) == [1, 2]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow(tmp_path):
    """The same by a quota, which needs no rights: the write breaks off in the middle."""
    pytest.importorskip("resource", reason="quotas are Unix's")
    write(tmp_path, 1)
    program = (
        "import resource, sys, numpy as np; from ganlib import checkpoint, errors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "_, state = checkpoint.load(sys.argv[1])\n"
        "try: checkpoint.save(sys.argv[1], 2, {'values': np.zeros(100_000)}, state)\n"
        "except errors.CheckpointNotSaved as error: print(error)"
    )
    said, _ = python(program, tmp_path).communicate()
    assert re.search(r"step-00000002.* could not be written: File too large.* step 1\. Make room", said)
    assert_intact(tmp_path, 1)


def test_a_disk_that_fills_while_a_saver_saves(one, digits, tmp_path, monkeypatch):
    trainer, fsync, calls = one.Trainer(RECIPE), os.fsync, []

    def fill(handle):
        calls.append(handle)
        if len(calls) > 2:  # the file and the folder of the first checkpoint
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(CheckpointNotSaved, match=r"the last is of step 2\. Make room") as error:
        trainer.fit(digits, callbacks=[Saver(tmp_path, every=2)], progress=False)
    assert error.value.errno == 28
    monkeypatch.undo()
    assert checkpoint.steps(tmp_path) == [2]
    assert one.Trainer.load(tmp_path).steps_done == 2
    # Nothing is lost: the trainer is as it was, and the folder free.
    trainer.save(tmp_path)
    trainer.fit(digits, callbacks=[Saver(tmp_path, every=2)], progress=False)
    straight = one.Trainer(RECIPE).fit(digits, progress=False)
    np.testing.assert_array_equal(one.Trainer.load(tmp_path).history["g_loss"], straight["g_loss"])


def test_a_folder_that_cannot_be_written(one, digits, tmp_path):
    """Root may write anywhere, but not into a file."""
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(CheckpointNotSaved, match=r"could not be written: .*Choose a folder that can be"):
            one.Trainer(RECIPE).save(place)
        trainer = one.Trainer(RECIPE)
        with pytest.raises(CheckpointNotSaved, match="could not be written"):
            trainer.fit(digits, callbacks=[Saver(place)], progress=False)
        assert trainer.steps_done == 0  # it is said before the training, not after
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    write(tmp_path, 1)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(CheckpointNotSaved, match=r"Permission denied.*intact"):
            write(tmp_path, 2)
    finally:
        tmp_path.chmod(0o700)
    assert_intact(tmp_path, 1)


# Two processes in one folder

HOLD = (
    "import sys, time; from ganlib import checkpoint\n"
    "with checkpoint.lock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
)


def test_two_processes_in_one_folder(tmp_path):
    run = tmp_path / "run"
    write(run, 1)
    holder = python(HOLD, run, stdin=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match=r"Another process is working in .*another folder"):
            write(run, 2)
        with pytest.raises(CheckpointError, match="Another process"), checkpoint.lock(run):
            pass
        assert_intact(run, 1)  # which can be read at any time
    finally:
        holder.kill()
        holder.communicate()
    # A process that was killed holds nothing any more.
    assert (run / ".lock").exists()
    write(run, 2)
    assert checkpoint.steps(run) == [1, 2]


def test_a_saver_keeps_the_folder_until_it_ends(one, digits, tmp_path):
    program = (
        "import sys; from ganlib import checkpoint, errors\n"
        "try:\n"
        "    with checkpoint.lock(sys.argv[1]): print('free')\n"
        "except errors.CheckpointError: print('taken')"
    )
    said = []

    class Ask:
        def on_start(self, trainer):
            said.append(python(program, tmp_path).communicate()[0].strip())

    one.Trainer(RECIPE).fit(digits, steps=1, callbacks=[Saver(tmp_path), Ask()], progress=False)
    assert [*said, python(program, tmp_path).communicate()[0].strip()] == ["taken", "free"]


def test_one_process_may_lock_again(tmp_path):
    with checkpoint.lock(tmp_path), checkpoint.lock(tmp_path / "." / ""):
        write(tmp_path, 1)
    assert_intact(tmp_path, 1)


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    import filelock

    def refuse(self, *arguments, **options):
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.warns(UserWarning, match="cannot be locked: see to it that one process"):
        write(tmp_path, 1)
    assert_intact(tmp_path, 1)


# SIGTERM, and other ends


class At:
    """Does something after a step."""

    def __init__(self, step, what):
        self.step, self.what = step, what

    def on_step(self, trainer, metrics):
        if trainer.steps_done == self.step:
            self.what()


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def fail():
    raise RuntimeError("my callback is wrong")


def test_sigterm_saves_and_exits(gl, digits, tmp_path):
    with pytest.raises(SystemExit) as end:
        gl.Trainer(RECIPE).fit(digits, callbacks=[At(3, terminate), Saver(tmp_path)], progress=False)
    assert end.value.code == 143
    assert checkpoint.steps(tmp_path) == [3]
    again = gl.Trainer.load(tmp_path)
    straight = gl.Trainer(RECIPE).fit(digits, progress=False)
    np.testing.assert_array_equal(again.fit(digits, progress=False)["g_loss"], straight["g_loss"])


def test_sigterm_goes_on_to_the_handler_that_was_there(one, digits, tmp_path):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append((number, checkpoint.steps(tmp_path))))
    try:
        one.Trainer(RECIPE).fit(digits, callbacks=[At(2, terminate), Saver(tmp_path)], progress=False)
        assert heard == [(signal.SIGTERM, [2])]  # after it was saved
        terminate()  # the handler is back in its place
        assert len(heard) == 2
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what the user ignores is ignored
        one.Trainer.load(tmp_path).fit(digits, callbacks=[At(4, terminate), Saver(tmp_path)], progress=False)
        assert checkpoint.steps(tmp_path) == [2, 6]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_second_sigterm_does_not_wait_and_what_is_half_done_is_not_saved(one, digits, tmp_path, monkeypatch):
    trainer = one.Trainer(RECIPE)
    play = type(trainer)._play

    def interrupted(self, *arguments):
        if self.steps_done == 3:
            terminate()
            terminate()
        return play(self, *arguments)

    monkeypatch.setattr(type(trainer), "_play", interrupted)
    with pytest.raises(SystemExit) as end:
        trainer.fit(digits, callbacks=[Saver(tmp_path, every=2)], progress=False)
    assert end.value.code == 143
    assert checkpoint.steps(tmp_path) == [2]


def test_a_step_broken_off_by_a_second_interrupt_is_not_saved(one, digits, tmp_path, monkeypatch):
    trainer = one.Trainer(RECIPE)
    play = type(trainer)._play

    def interrupted(self, *arguments):
        if self.steps_done == 3:
            raise KeyboardInterrupt
        return play(self, *arguments)

    monkeypatch.setattr(type(trainer), "_play", interrupted)
    with pytest.warns(UserWarning, match=r"Step 4 was broken off halfway and is not saved.*\[2\]"):
        trainer.fit(digits, callbacks=[Saver(tmp_path, every=2)], progress=False)
    assert checkpoint.steps(tmp_path) == [2]


def test_outside_the_main_thread_a_saver_saves_without_signals(one, digits, tmp_path):
    trainer = one.Trainer(RECIPE)
    run = threading.Thread(target=lambda: trainer.fit(digits, callbacks=[Saver(tmp_path)], progress=False))
    run.start()
    run.join()
    assert checkpoint.steps(tmp_path) == [6]


def test_an_error_of_a_callback_leaves_what_was_saved(one, digits, tmp_path):
    for callbacks in ([At(3, fail), Saver(tmp_path, every=2)], [Saver(tmp_path, every=2), At(3, fail)]):
        shutil.rmtree(tmp_path)
        with pytest.raises(RuntimeError, match="my callback"):
            one.Trainer(RECIPE).fit(digits, callbacks=callbacks, progress=False)
        assert checkpoint.steps(tmp_path) == [2]
        assert one.Trainer.load(tmp_path).steps_done == 2

    class Late:
        def on_start(self, trainer):
            if self.when == "start":
                fail()

        def on_end(self, trainer):
            fail()

        def on_fail(self, trainer):
            self.heard = True

    for when, left in (("start", []), ("end", [6])):
        shutil.rmtree(tmp_path)
        late = Late()
        late.when = when
        with pytest.raises(RuntimeError, match="my callback"):
            one.Trainer(RECIPE).fit(digits, callbacks=[Saver(tmp_path), late], progress=False)
        assert checkpoint.steps(tmp_path) == left
        assert late.heard


# Out of memory


def framework_errors(gl):
    if gl.name == "torch":
        import torch

        yield torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the notes")
        yield RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.")
    else:
        import tensorflow as tf

        yield tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9,9]\nHint: list")
    yield MemoryError()
    yield np._core._exceptions._ArrayMemoryError((2**50,), np.dtype("float64"))


def test_out_of_memory_says_what_to_lower(gl, digits, tmp_path, monkeypatch):
    play = gl.Trainer._play
    for error in framework_errors(gl):
        trainer = gl.Trainer(RECIPE)

        def exhausted(self, *arguments, error=error):
            if self.steps_done == 3:
                raise error
            return play(self, *arguments)

        monkeypatch.setattr(gl.Trainer, "_play", exhausted)
        with pytest.raises(OutOfMemory, match=r"batch_size \(now 8\).*width \(now 4\).*16×16.*batch_size=4") as told:
            trainer.fit(digits, callbacks=[Saver(tmp_path, every=2)], progress=False)
        assert told.value.__cause__ is error
        assert "\n" not in str(told.value)
        assert isinstance(told.value, MemoryError)
        assert isinstance(told.value, GanlibError)
        monkeypatch.undo()
        assert checkpoint.steps(tmp_path) == [2]
        assert gl.Trainer.load(tmp_path).steps_done == 2
        shutil.rmtree(tmp_path)


def test_networks_that_do_not_fit_into_memory(one, monkeypatch):
    def exhausted(self, *arguments):
        raise MemoryError

    monkeypatch.setattr(one.Trainer, "_build", exhausted)
    with pytest.raises(OutOfMemory, match=r"then width \(now 128\): ganlib"):
        one.Trainer(ganlib.recipe("ring"))


def test_other_errors_of_a_step_pass_as_they_are(one, digits, monkeypatch):
    monkeypatch.setattr(one.Trainer, "_play", lambda *arguments: fail())
    with pytest.raises(RuntimeError, match="my callback"):
        one.Trainer(RECIPE).fit(digits, progress=False)
