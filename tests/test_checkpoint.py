"""Checkpoints: what is kept, what is refused and with which words. Most of it needs no framework."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import ganlib
from ganlib import checkpoint
from ganlib.errors import CheckpointError, CheckpointNotSaved, GanlibError
from ganlib.runtime import files

RECIPE = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=6)
ARRAYS = {"generator/dense0.kernel": np.arange(6.0).reshape(2, 3), "generator_optimiser/steps": np.array(7)}


@pytest.fixture
def one():
    """One framework, for what stands in the code that both share."""
    return ganlib.backend()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A function that gives a framework's run after two steps, trained once, in a folder of its own."""
    kept = {}

    def copy(gl):
        if gl.name not in kept:
            kept[gl.name] = tmp_path_factory.mktemp(gl.name)
            trainer = gl.Trainer(RECIPE)
            trainer.fit(ganlib.data.load("digits").samples[:40], steps=2, progress=False)
            trainer.save(kept[gl.name])
        return shutil.copytree(kept[gl.name], tmp_path_factory.mktemp("copy") / "run")

    return copy


def write(directory, step, recipe=RECIPE, seed=0, arrays=ARRAYS, **options):
    state = {"recipe": recipe.to_json(), "backend": "torch", "seed": seed, "precision": "float64", "steps_done": step}
    return checkpoint.save(directory, step, arrays, state, **options)


@pytest.fixture
def digits():
    return ganlib.data.load("digits").samples[:40]


def test_what_is_saved_is_loaded(tmp_path):
    path = write(tmp_path / "new" / "run", 1234)
    assert path == tmp_path / "new" / "run" / "step-00001234.safetensors"
    arrays, state = checkpoint.load(path.parent)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)
    assert state == {
        "recipe": RECIPE.to_json(),
        "backend": "torch",
        "seed": 0,
        "precision": "float64",
        "steps_done": 1234,
    }
    # Any reader of safetensors reads the arrays.
    assert safetensors.numpy.load_file(path).keys() == ARRAYS.keys()
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()  # as readable for others as any file


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_same_run_gives_the_same_file(tmp_path):
    assert write(tmp_path / "a", 5).read_bytes() == write(tmp_path / "b", 5).read_bytes()


def test_describe_needs_no_framework(tmp_path):
    write(tmp_path, 3, score=0.5)
    write(tmp_path, 6)
    program = (
        "import json, sys; from ganlib import checkpoint\n"
        "found = checkpoint.describe(sys.argv[1], 'best')\n"
        "assert not {'torch', 'tensorflow'} & set(sys.modules)\n"
        "print(json.dumps([found['recipe'].to_json(), found['versions'], found['path'].name]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, capture_output=True, text=True, check=True
    )
    recipe, versions, name = json.loads(done.stdout)
    assert ganlib.Recipe.from_json(recipe) == RECIPE
    assert versions["ganlib"] == ganlib.__version__
    assert versions["numpy"] == np.__version__
    assert name == "step-00000003.safetensors"
    found = checkpoint.describe(tmp_path)
    assert (found["step"], found["steps"], found["score"], found["format"]) == (6, [3, 6], None, files.FORMAT)
    assert (found["backend"], found["seed"], found["precision"]) == ("torch", 0, "float64")


def test_the_framework_that_wrote_it_is_named(gl, tmp_path):
    gl.Trainer(RECIPE).save(tmp_path)
    versions = checkpoint.describe(tmp_path)["versions"]
    assert versions[gl.name] == sys.modules[gl.name].__version__


def test_the_last_ones_and_the_best_are_kept(tmp_path):
    assert checkpoint.steps(tmp_path / "nowhere") == []
    scores = {10: 5.0, 20: 1.0, 30: 3.0, 40: float("nan"), 50: 2.0, 60: None}
    for step, score in scores.items():
        write(tmp_path, step, keep=2, score=score)
    assert checkpoint.steps(tmp_path) == [20, 50, 60]
    assert checkpoint.describe(tmp_path, "best")["step"] == 20
    assert checkpoint.describe(tmp_path, "latest")["step"] == 60
    assert checkpoint.describe(tmp_path, 50)["step"] == 50
    write(tmp_path, 70, keep=2, score=0.5)  # a better one: the old best need not stay
    assert checkpoint.steps(tmp_path) == [60, 70]
    for step in (80, 90, 100, 110):
        write(tmp_path, step, keep=None)
    assert checkpoint.steps(tmp_path) == [60, 70, 80, 90, 100, 110]
    for wrong in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match=r"keep \(None keeps all\) must be a whole number"):
            write(tmp_path, 120, keep=wrong)


def test_nothing_is_removed_before_the_new_one_is_safe(tmp_path, monkeypatch):
    for step in (1, 2):
        write(tmp_path, step, keep=2)
    seen, synced = [], []
    prune, sync = checkpoint._prune, os.fsync
    monkeypatch.setattr(checkpoint, "_prune", lambda *a: (seen.append(checkpoint.steps(tmp_path)), prune(*a)))
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.readlink(f"/proc/self/fd/{handle}")), sync(handle))
    )
    path = write(tmp_path, 3, keep=1)
    assert seen == [[1, 2, 3]]
    assert checkpoint.steps(tmp_path) == [3]
    if os.path.isdir("/proc/self/fd"):
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        assert synced == [str(aside.resolve()), str(tmp_path.resolve())]


def test_the_clock_decides_nothing(tmp_path):
    """Not after it was set back, nor where files were copied: a checkpoint's step counts, not its time."""
    for step, hours in ((1, 5), (2, 9), (3, -3), (4, 2)):
        path = write(tmp_path, step, keep=3)
        os.utime(path, (3600 * (hours + 10), 3600 * (hours + 10)))
    assert checkpoint.steps(tmp_path) == [2, 3, 4]
    assert checkpoint.describe(tmp_path)["step"] == 4
    os.utime(path, (0, 0))
    write(tmp_path, 5, keep=2)
    assert checkpoint.steps(tmp_path) == [4, 5]


def test_other_files_are_left_alone_and_not_taken_for_checkpoints(tmp_path):
    strangers = ["step-00000009.safetensors.bak", "step-9.safetensors", "notes.txt", "step-0000000x.safetensors"]
    for name in strangers:
        (tmp_path / name).write_text("mine")
    (tmp_path / "step-00000099.safetensors").mkdir()
    (tmp_path / ".step-00000001.safetensors.tmp").write_text("what a killed process left")
    write(tmp_path, 1, keep=1)
    write(tmp_path, 2, keep=1)
    assert checkpoint.steps(tmp_path) == [2]
    assert all((tmp_path / name).read_text() == "mine" for name in strangers)
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".*.tmp"))


# What is refused


def test_which_must_be_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"no checkpoint in .*nowhere.*Trainer.save"):
        checkpoint.load(tmp_path / "nowhere")
    path = write(tmp_path, 4)
    write(tmp_path, 5)
    with pytest.raises(CheckpointError, match=r"give its folder"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 7 .* It has 4, 5"):
        checkpoint.load(tmp_path, 7)
    with pytest.raises(CheckpointError, match=r"has a score"):
        checkpoint.load(tmp_path, "best")
    for wrong in ("newest", None, 4.0, True):
        with pytest.raises(CheckpointError, match=r"'latest', 'best' or a step"):
            checkpoint.load(tmp_path, wrong)


def test_a_changed_byte_is_noticed(tmp_path):
    path = write(tmp_path, 4)
    whole = path.read_bytes()
    for place in (*range(300), *range(300, len(whole), 17)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError):
            checkpoint.load(tmp_path)
    for length in range(0, len(whole), 101):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.load(tmp_path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(tmp_path)
    path.write_bytes(whole)
    checkpoint.load(tmp_path)


def test_a_damaged_newest_file_is_said_and_the_newest_good_one_named(tmp_path):
    good, bad, newest = (write(tmp_path, step) for step in (1, 2, 3))
    for path in (bad, newest):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"step-00000003.* damaged: .*SHA-256.* of step 1: .* which=1"):
        checkpoint.load(tmp_path)
    assert checkpoint.load(tmp_path, 1)[1]["steps_done"] == 1
    newest.unlink()
    bad.unlink()
    assert checkpoint.load(tmp_path)[1]["steps_done"] == 1
    good.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"truncated.* no other good checkpoint"):
        checkpoint.load(tmp_path)


def test_a_renamed_file_is_no_other_step(tmp_path):
    path = write(tmp_path, 4)
    path.rename(checkpoint._path(tmp_path, 9))
    with pytest.raises(CheckpointError, match="written as step 4 and renamed"):
        checkpoint.load(tmp_path)


def forged(path, **changes):
    """A whole, well-formed file with another header."""
    header = {"sha256": "f" * 64, "format": 1, "step": 4, "score": None, "versions": {}, "state": {}, **changes}
    header = {key: value for key, value in header.items() if value is not ...}
    path.write_bytes(safetensors.numpy.save(ARRAYS, {"ganlib": json.dumps(header)}))


def test_a_newer_format_is_told_from_damage(tmp_path):
    forged(checkpoint._path(tmp_path, 4), format=2, versions={"ganlib": "9.9"})
    with pytest.raises(CheckpointError, match=r"format 2, newer than this ganlib .* written by ganlib 9.9: upgrade"):
        checkpoint.load(tmp_path)
    forged(checkpoint._path(tmp_path, 4), format=2, versions=...)
    with pytest.raises(CheckpointError, match="newer"):
        checkpoint.load(tmp_path)


def test_a_field_that_older_files_lack_means_what_the_table_says(tmp_path, monkeypatch):
    write(tmp_path, 4)
    before = checkpoint.describe(tmp_path)
    monkeypatch.setattr(files, "FORMAT", 2)
    monkeypatch.setattr(files, "ADDED", {"terms": [], "seed": 9})
    assert checkpoint.describe(tmp_path) == before  # what it has counts
    assert checkpoint.load(tmp_path)[1]["terms"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "1"},
        {"sha256": "0"},
        {"sha256": ...},
        {"state": []},
        {"step": None},
        {"score": "good"},
        {"versions": 3},
    ],
)
def test_a_forged_header_is_refused(tmp_path, changes):
    forged(checkpoint._path(tmp_path, 4), **changes)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(tmp_path)


def test_a_foreign_file_is_refused_and_a_promise_allocates_nothing(tmp_path):
    path = checkpoint._path(tmp_path, 4)
    safetensors.numpy.save_file(ARRAYS, path)
    with pytest.raises(CheckpointError, match="not one of ganlib's"):
        checkpoint.load(tmp_path)
    for content in ((2**40).to_bytes(8, "little") + b"{}", (10).to_bytes(8, "little") + b"[[[[[[[[[[", b"PK" * 50):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.load(tmp_path)
    deep = b"[" * 200_000
    path.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(tmp_path)


def test_a_folder_holds_one_run(tmp_path):
    write(tmp_path, 10, seed=1)
    with pytest.raises(CheckpointError, match=r"holds step 10, and this run is at step 9\..*remove the later"):
        write(tmp_path, 9, seed=1)
    with pytest.raises(CheckpointError, match=r"another run: seed is 1 there and 2 here\."):
        write(tmp_path, 11, seed=2)
    other = ganlib.recipe("dcgan-digits", width=8, batch_size=8, latent=8, generator_optimiser={"rate": 0.5})
    expected = r"width is 4 there and 8 here; generator_optimiser.rate is 0.001 there and 0.5 here\."
    with pytest.raises(CheckpointError, match=expected):
        write(tmp_path, 11, seed=1, recipe=other)
    longer = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=600)
    write(tmp_path, 10, seed=1)  # replaced
    write(tmp_path, 11, seed=1, recipe=longer)  # a run may be made longer
    assert checkpoint.steps(tmp_path) == [10, 11]


def test_folders_of_images_may_move():
    here, there = (ganlib.recipe("dcgan-32", data=data) for data in ("folder:a", "folder:b"))
    assert files.differences(here, there) == []
    assert files.differences(here, ganlib.recipe("dcgan-32")) == ["data is 'folder:a' there and 'shapes' here"]


def test_the_changes_to_a_shipped_recipe_are_named():
    changed = ganlib.recipe("ring", width=4, generator_optimiser={"rate": 0.5})
    assert files.changes(changed) == {"width": 4, "generator_optimiser.rate": 0.5}
    assert files.changes(ganlib.recipe("ring")) == {}
    assert files.changes(dataclasses.replace(changed, name="mine")) == {}


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = files.write_aside(tmp_path / "new" / "a.txt", "é")
    assert path.read_bytes() == "é".encode()
    files.write_aside(path, b"second")

    def interrupted(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_aside(path, b"half")
    assert path.read_bytes() == b"second"
    assert [one.name for one in path.parent.iterdir()] == ["a.txt"]


# The trainer


def test_another_recipe_than_the_expected_one_is_refused(gl, digits, trained):
    run = trained(gl)
    expected = ganlib.recipe("dcgan-digits", width=4, batch_size=16, latent=8, loss="hinge", steps=6)
    with pytest.raises(CheckpointError, match="batch_size is 8 there and 16 here") as error:
        gl.Trainer.load(run, recipe=expected)
    assert "loss is 'nonsaturating' there and 'hinge' here" in str(error.value)
    assert "latent" not in str(error.value)
    longer = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8, steps=9)
    again = gl.Trainer.load(run, recipe=longer)
    assert len(again.fit(digits, progress=False)["d_loss"]) == 9


def rewritten(directory, arrays=None, **changes):
    """The checkpoint in the folder again, whole, with other arrays or another state."""
    old, state = checkpoint.load(directory)
    state = {key: value for key, value in {**state, **changes}.items() if value is not ...}
    arrays = {name: array for name, array in {**old, **(arrays or {})}.items() if array is not None}
    [step] = checkpoint.steps(directory)
    checkpoint._path(directory, step).unlink()
    checkpoint.save(directory, step, arrays, state)


STREAM = {"bit_generator": "PCG64", "state": {"state": 2**200, "inc": 1}, "has_uint32": 0, "uinteger": 0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"recipe": ...}, "lacks 'recipe'"),
        ({"recipe": "{}"}, "lacks name"),
        (
            {"recipe": ganlib.recipe("dcgan-digits", width=2**12).to_json()},
            r"dense0.kernel has shape .* needs \(64, 131072\)",
        ),
        (
            {"recipe": ganlib.recipe("dcgan-digits", width=4, latent=2**20).to_json()},
            r"dense0.kernel has shape .* needs \(1048576, 128\)",
        ),
        ({"seed": -1}, "seed"),
        ({"precision": "int3"}, "precision"),
        ({"steps_done": "many"}, "steps_done"),
        ({"steps_done": 5}, "history of .* has shape"),
        ({"streams": {}}, "random states"),
        ({"streams": None}, "does not fit"),
        ({"batches": {}}, "does not fit"),
        ({"arrays": {"generator/dense0.kernel": None}}, "dense0"),
        ({"arrays": {"discriminator/stray": np.zeros(3)}}, r"unknown \['stray'\]"),
        ({"arrays": {"generator_optimiser/m/dense0.kernel": np.zeros((1, 1))}}, "optimiser has m/dense0.kernel"),
        ({"arrays": {"generator_optimiser/steps": None}}, "lacks 'steps'"),
    ],
)
def test_a_checkpoint_that_does_not_hold_together_is_refused(gl, trained, change, says):
    run = trained(gl)
    rewritten(run, **change)
    with pytest.raises(CheckpointError, match=says) as error:
        gl.Trainer.load(run)
    assert "does not fit" in str(error.value)


def test_random_states_that_are_none_are_refused(gl, tmp_path):
    gl.Trainer(RECIPE).save(tmp_path)
    _, state = checkpoint.load(tmp_path)
    for wrong in (STREAM, {"bit_generator": "MT19937"}, 3):
        rewritten(tmp_path, streams={**state["streams"], "latents": wrong})
        with pytest.raises(CheckpointError, match="does not fit"):
            gl.Trainer.load(tmp_path)


def test_the_order_of_the_data_is_not_allocated_from_a_promise(one, digits, tmp_path):
    """And data of another length than before go on as in a run that was not stopped."""
    straight, stopped = one.Trainer(RECIPE), one.Trainer(RECIPE)
    for trainer in (straight, stopped):
        trainer.fit(digits, steps=2, progress=False)
    stopped.save(tmp_path / "run")
    again = one.Trainer.load(tmp_path / "run")
    again.save(tmp_path / "run")  # what was not used yet is saved as it was
    again = one.Trainer.load(tmp_path / "run")
    for trainer in (straight, again):
        trainer.fit(digits[:30], steps=3, progress=False)
    np.testing.assert_array_equal(straight.history["g_loss"], again.history["g_loss"])
    _, state = checkpoint.load(tmp_path / "run")
    rewritten(tmp_path / "run", batches={**state["batches"], "samples": 2**40})
    assert np.isfinite(one.Trainer.load(tmp_path / "run").fit(digits, progress=False)["d_loss"]).all()
    for wrong in ({"position": 41}, {"position": -1}, {"samples": "many"}, {"rng": None}):
        rewritten(tmp_path / "run", batches={**state["batches"], **wrong})
        with pytest.raises(CheckpointError, match="does not fit"):
            one.Trainer.load(tmp_path / "run")


# The callback


def test_a_saver_saves_on_the_way_and_at_the_end(one, digits, tmp_path):
    class Look:
        def on_step(self, trainer, metrics):
            seen.append(checkpoint.steps(tmp_path))

    seen = []
    trainer = one.Trainer(RECIPE)
    trainer.fit(digits, steps=5, callbacks=[checkpoint.Saver(tmp_path, every=2, keep=2), Look()], progress=False)
    assert seen == [[], [2], [2], [2, 4], [2, 4]]
    assert checkpoint.steps(tmp_path) == [4, 5]
    again = one.Trainer.load(tmp_path)
    again.fit(digits, callbacks=[checkpoint.Saver(tmp_path, every=2, keep=2)], progress=False)
    assert checkpoint.steps(tmp_path) == [5, 6]
    with pytest.raises(CheckpointError, match="holds step 6, and this run is at step 0"):
        one.Trainer(RECIPE).fit(digits, callbacks=[checkpoint.Saver(tmp_path)], progress=False)


def test_a_saver_keeps_the_best(one, digits, tmp_path):
    scores = iter([3.0, 1.0, 2.0])
    trainer = one.Trainer(RECIPE)
    saver = checkpoint.Saver(tmp_path / "function", every=2, keep=1, best=lambda trainer: next(scores))
    trainer.fit(digits, callbacks=[saver], progress=False)
    assert checkpoint.steps(tmp_path / "function") == [4, 6]
    assert one.Trainer.load(tmp_path / "function", which="best").steps_done == 4

    trainer = one.Trainer(RECIPE)
    saver = checkpoint.Saver(tmp_path / "metric", every=2, keep=None, best="g_loss")
    losses = trainer.fit(digits, callbacks=[saver], progress=False)["g_loss"].reshape(3, 2).mean(1)
    for step, mean in zip((2, 4, 6), losses, strict=True):
        assert checkpoint.describe(tmp_path / "metric", step)["score"] == pytest.approx(mean, rel=1e-12)
    assert checkpoint.describe(tmp_path / "metric", "best")["step"] == 2 * (1 + losses.argmin())
    with pytest.raises(ValueError, match=r"'fid', and the metrics are d_loss, g_loss"):
        one.Trainer(RECIPE).fit(digits, callbacks=[checkpoint.Saver(tmp_path / "none", best="fid")], progress=False)


def test_a_saver_changes_nothing_in_the_training(one, digits, tmp_path):
    watched, alone = one.Trainer(RECIPE), one.Trainer(RECIPE)
    saver = checkpoint.Saver(tmp_path, every=1, best=lambda trainer: float(trainer.sample(4).mean()))
    one = watched.fit(digits, callbacks=[saver], progress=False)
    for name, values in alone.fit(digits, progress=False).items():
        np.testing.assert_array_equal(values, one[name])


def test_a_saver_refuses_nonsense(tmp_path):
    for wrong in ({"every": 0}, {"every": None}, {"keep": 0}, {"keep": 1.5}, {"every": True}):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            checkpoint.Saver(tmp_path, **wrong)
    with pytest.raises(TypeError, match="best must be"):
        checkpoint.Saver(tmp_path, best=3)


def test_the_errors_are_what_a_caller_may_expect():
    for kind in (CheckpointError, ValueError, OSError, GanlibError):
        assert issubclass(CheckpointNotSaved, kind)
