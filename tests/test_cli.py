"""The command line: what it prints, writes and refuses, its exit statuses; and that Python says the same."""

import dataclasses
import html.parser
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from conftest import ONE_OF_THEM

import ganlib
from ganlib import callbacks, report
from ganlib.runtime import cli, scores

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
TINY = ("--set", "width=4", "--set", "batch_size=8")
RING = ("train", "ring", *TINY, "--no-monitor")


@pytest.fixture(autouse=True)
def fewer_samples(monkeypatch):
    """Scoring 2,500 images against 1,797 takes seconds."""
    monkeypatch.setattr(report, "SAMPLES", 40)
    monkeypatch.setattr(scores, "REAL", 80)
    monkeypatch.setattr(scores, "JUDGED", 40)


@pytest.fixture
def call(capsys):
    """Runs the command in this process: (status, standard output, standard error)."""

    def run(*arguments):
        capsys.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def finished():
    """Framework → the folder of a tiny finished run."""
    return {}


@pytest.fixture
def ring(gl, finished, tmp_path, tmp_path_factory):
    """A copy of the folder of a tiny finished run, to do with as one likes."""
    if gl.name not in finished:
        folder = tmp_path_factory.mktemp(gl.name) / "ring"
        assert cli.main([*RING, "--steps", "4", "--framework", gl.name, "--out", str(folder)]) == 0
        finished[gl.name] = folder
    return shutil.copytree(finished[gl.name], tmp_path / "ring")


def test_train_writes_what_the_help_promises(gl, call, tmp_path):
    folder = tmp_path / "runs" / "digits"
    arguments = ("train", "dcgan-digits", *TINY, "--steps", 4, "--every", 2, "--seed", 3, "--framework", gl.name)
    status, out, err = call(*arguments, "--out", folder, "--json")
    assert status == 0, err
    assert "Step 2 of 4: d_loss " in err
    summary = json.loads(out.splitlines()[-1])
    assert summary == json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert (summary["steps"], summary["seed"], summary["framework"]) == (4, 3, gl.name)
    assert summary["versions"][gl.name].split("+")[0] in (folder / "report.html").read_text(encoding="utf-8")
    assert set(summary["metrics"]["frechet"]) == {"value", "perfect", "spread"}
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["step-00000002.png", "step-00000004.png"]
    assert ganlib.checkpoint.steps(folder)[-1] == 4
    assert not [path for path in folder.rglob(".*") if path.suffix == ".tmp"]

    # The same in Python.
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8)
    history = gl.Trainer(recipe, seed=3).fit(ganlib.data.load(recipe), steps=4, progress=False)
    table = np.genfromtxt(folder / "history.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(table["step"], [1, 2, 3, 4])
    for name, values in history.items():
        np.testing.assert_array_equal(table[name], values)


def test_the_reports_command_trains_the_same_again(gl, call, ring, tmp_path):
    command = json.loads((ring / "report.json").read_text(encoding="utf-8"))["command"]
    words = shlex.split(command)
    assert words[0] == "ganlib"
    assert words[-2] == "--out"
    status, _, err = call(*words[1:-1], tmp_path / "again", "--no-monitor")
    assert status == 0, err
    assert (tmp_path / "again" / "history.csv").read_bytes() == (ring / "history.csv").read_bytes()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_is_saved_and_goes_on_as_if_it_had_not_been(
    gl, call, ring, tmp_path, monkeypatch, number, status
):
    original = callbacks.Samples.on_step

    def stopped_at_2(self, trainer, metrics):
        if trainer.steps_done == 2:
            signal.raise_signal(number)
        original(self, trainer, metrics)

    folder = tmp_path / "stopped"
    arguments = (*RING, "--steps", 4, "--framework", gl.name, "--out", folder)
    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Samples, "on_step", stopped_at_2)
        found, _, err = call(*arguments)
    assert found == status
    assert "Stopped; step 2 is saved" in err
    assert "Traceback" not in err
    assert signal.getsignal(number) == before
    assert ganlib.checkpoint.steps(folder)[-1] == 2
    assert not (folder / "report.html").exists()
    assert len((folder / "history.csv").read_text().splitlines()) == 3  # names, and a line for each step

    status, _, err = call(*arguments)
    assert status == 1
    assert "is not empty" in err
    assert "step 2 with --resume" in err
    status, _, err = call(*arguments, "--resume")
    assert status == 0, err
    assert "Going on from step 2" in err
    assert (folder / "history.csv").read_bytes() == (ring / "history.csv").read_bytes()


def test_a_run_goes_on_in_the_other_framework(both, call, tmp_path):
    for here, there in itertools.permutations(gl.name for gl in both):
        folder = tmp_path / here
        arguments = (*RING, "--precision", "float64", "--out", folder)
        assert call(*arguments, "--framework", here, "--steps", 2)[0] == 0
        status, _, err = call(*arguments, "--framework", there, "--steps", 5, "--resume")
        assert status == 0, err
        summary = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        assert (summary["framework"], summary["steps"], summary["precision"]) == (there, 5, "float64")
    one, two = (np.genfromtxt(tmp_path / gl.name / "history.csv", delimiter=",", names=True) for gl in both)
    assert len(one) == 5
    np.testing.assert_allclose(one["g_loss"], two["g_loss"], rtol=1e-9)


def test_resume_starts_where_nothing_is_and_ends_where_all_is_done(gl, call, tmp_path):
    arguments = (*RING, "--steps", 2, "--framework", gl.name, "--out", tmp_path / "run", "--resume")
    assert call(*arguments)[0] == 0
    (tmp_path / "run" / "report.html").unlink()
    status, out, err = call(*arguments)
    assert status == 0
    assert "All 2 steps are done" in err
    assert "report.html" in out
    assert (tmp_path / "run" / "report.html").exists()


def test_resume_refuses_another_run(gl, call, ring):
    before = {path: path.read_bytes() for path in ring.rglob("*.*") if path.is_file()}
    framework = ("--framework", gl.name)
    for given, told in (
        (("--set", "loss=hinge"), "loss is 'nonsaturating' there and 'hinge' here"),
        (("--seed", 5), "has seed 0, and not 5"),
        (("--data", "grid"), "data is 'ring' there and 'grid' here"),
    ):
        status, _, err = call(*RING, *given, *framework, "--out", ring, "--resume")
        assert status == 1
        assert told in err
    assert {path: path.read_bytes() for path in ring.rglob("*.*") if path.is_file()} == before


def test_train_refuses_a_folder_with_other_things(call, tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    for flag in ((), ("--resume",)):
        status, _, err = call(*RING, *flag, "--out", tmp_path)
        assert status == 1
        assert "thesis.tex" in err
        status, _, err = call(*RING, *flag, "--out", tmp_path / "thesis.tex")
        assert status == 1
        assert "is a file" in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("players", [("generator",), ("generator", "discriminator")])
def test_a_failed_training_is_one_sentence_and_its_numbers_are_kept(gl, call, tmp_path, players):
    rate = [word for player in players for word in ("--set", f"{player}_optimiser.rate=1e30")]
    folder = tmp_path / "run"
    status, out, err = call(*RING, *rate, "--steps", 20, "--framework", gl.name, "--out", folder)
    assert status == 1
    assert not out
    assert "Error: Training failed at step" in err
    assert "Traceback" not in err
    assert not (folder / "report.html").exists()
    assert 1 <= len((folder / "history.csv").read_text().splitlines()) - 1 < 20


def test_sample(gl, call, ring, tmp_path):
    framework = ("--framework", gl.name)
    status, out, _ = call("sample", ring, "-n", 5, "--seed", 2, "--out", tmp_path / "new" / "samples.npz", *framework)
    assert status == 0
    assert out.strip() == str(tmp_path / "new" / "samples.npz")
    with np.load(tmp_path / "new" / "samples.npz") as file:
        np.testing.assert_array_equal(file["samples"], gl.Trainer.load(ring).sample(5, seed=2))
    assert call("sample", ring, "--out", tmp_path / "grid.png", "--checkpoint", "4", *framework)[0] == 0
    assert (tmp_path / "grid.png").read_bytes() == ganlib.pictures.png(gl.Trainer.load(ring).sample(64))
    status, _, err = call("sample", ring, "--out", tmp_path / "x.png", "--checkpoint", "3", *framework)
    assert status == 1
    assert "Traceback" not in err


def test_evaluate(gl, call, ring):
    status, out, _ = call("evaluate", ring, "-n", 40, "--framework", gl.name, "--json")
    assert status == 0
    found = report.scores(ganlib.data.load("ring"), gl.Trainer.load(ring).sample(40, seed=1))
    expected = {name: report.as_json(score) for name, score in found.items()}
    assert json.loads(out) == {"step": 4, "samples": 40, "seed": 1, "metrics": expected}
    status, out, _ = call("evaluate", ring, "--data", "grid", "-n", 40, "--framework", gl.name)
    assert status == 0
    assert "perfect sampler" in out
    assert re.search(r"^Modes +\d+ +2\d", out, re.MULTILINE)


def test_compare(call, tmp_path):
    names = [tmp_path / name for name in ("one", "two")]
    for folder, loss in zip(names, ("hinge", "minimax"), strict=True):
        assert call(*RING, "--set", f"loss={loss}", "--steps", 2, "--out", folder)[0] == 0
    assert call(*RING, "--set", "loss=minimax", "--steps", 3, "--resume", "--out", names[1])[0] == 0
    status, out, _ = call("compare", *names)
    assert status == 0
    assert re.search(r"^loss +hinge +minimax$", out, re.MULTILINE)
    assert re.search(r"^step +2 +3$", out, re.MULTILINE)
    assert "batch_size" not in out
    (names[1] / "report.json").write_text('{"steps": 3, "metrics": {"modes": {"value": "x"}}}')  # damaged
    status, out, _ = call("compare", *names, "--json")
    found = json.loads(out)
    assert found["fields"]["loss"] == ["hinge", "minimax"]
    assert found["metrics"]["modes"][0]["perfect"] == pytest.approx(8, abs=0.1)
    assert found["metrics"]["modes"][1] is None
    status, _, err = call("compare", names[0], tmp_path / "nothing")
    assert status == 1
    assert "nothing" in err


def test_recipes(call):
    status, out, _ = call("recipes")
    assert status == 0
    for name in ganlib.recipes():
        assert re.search(rf"^{name}$", out, re.MULTILINE)
        assert ganlib.recipe(name).about.split(".")[0] in " ".join(out.split())
    status, out, _ = call("recipes", "ring")
    assert ganlib.Recipe.from_json(out) == ganlib.recipe("ring")


# ---- the page ----------------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_stands_alone_and_can_be_read_by_all(gl, tmp_path):
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8, about="<script>alert(1)</script> & more")
    data = ganlib.data.load(recipe, n=80)
    trainer = gl.Trainer(recipe)
    trainer.fit(data, steps=4, progress=False, callbacks=[callbacks.Samples(tmp_path / "samples", every=2)])
    shown = Page(report.write(trainer, data, tmp_path, seconds=200))
    tags = [tag for tag, _ in shown.tags]
    assert not {"script", "link", "iframe", "object"} & set(tags)
    pictures = [attributes for tag, attributes in shown.tags if tag == "img"]
    assert len(pictures) == 6  # generated, real, two on the way, losses and logits
    assert all(len(picture["alt"]) > 10 and picture["src"].startswith("data:image/png;base64,") for picture in pictures)
    addresses = [value for _, found in shown.tags for name, value in found.items() if name in ("src", "href")]
    assert all(address.startswith("data:") for address in addresses)
    assert "url(" not in "".join(shown.text)
    ids = [found["id"] for _, found in shown.tags if "id" in found]
    assert len(ids) == len(set(ids))
    charts = [picture["alt"] for picture in pictures if "over the steps" in picture["alt"]]
    assert len(charts) == 2
    assert "discriminator" in charts[0]
    for _, found in shown.tags:
        assert found.get("aria-labelledby", ids[0]) in ids
    text = " ".join(shown.text)
    assert "<script>alert(1)</script> & more" in text
    assert "3 min 20 s" in text
    assert "Perfect sampler" in text
    assert "width 4 instead of 32" in text


def test_a_report_of_a_recipe_of_ones_own_and_of_bare_arrays(gl, tmp_path):
    recipe = ganlib.recipe("dcgan-digits", shape=(16, 16, 3), width=4, batch_size=8, data="folder:x")
    recipe = dataclasses.replace(recipe, name="mine")
    images = np.random.default_rng(0).uniform(-1, 1, (20, 16, 16, 3)).astype(np.float32)
    trainer = gl.Trainer(recipe)
    with pytest.raises(ValueError, match="no step yet"):
        report.write(trainer, images, tmp_path)
    trainer.fit(images, steps=2, progress=False)
    text = " ".join(Page(report.write(trainer, images, tmp_path)).text)
    assert "from_json" in text
    assert "Spread" in text
    again = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert ganlib.Recipe.from_json(json.dumps(again["recipe"])) == recipe


@pytest.mark.parametrize("name", ["ring", "digits", "shapes"])
def test_scores_of_the_data_itself_are_a_perfect_samplers(name, monkeypatch):
    monkeypatch.setattr(scores, "REAL", 600)
    data, again = (ganlib.data.load(name, n=n, seed=seed) for n, seed in ((600, 0), (300, 1)))
    for key, score in report.scores(data, again.samples).items():
        assert key in report.ABOUT
        slack = 5 * score.spread if score.spread else 0.15 * score.perfect
        # Digits are drawn from the same 1,797, so some are in both.
        assert abs(score - score.perfect) <= slack or name == "digits", (key, score)
    assert set(report.scores(np.zeros((9, 8, 8, 1)), np.ones((9, 8, 8, 1)))) == {"spread"}


@pytest.mark.parametrize("name", ["ring", "digits", "shapes"])
def test_the_distance_that_chooses_the_best_checkpoint_is_small_for_the_data_and_large_for_others(name, monkeypatch):
    monkeypatch.setattr(scores, "JUDGED", 300)
    data = ganlib.data.load(name, n=600)

    class Sampler:
        def __init__(self, samples):
            self.samples = samples

        def sample(self, n, seed):
            return self.samples[:n]

    distance = report.distance(data)
    collapsed = np.repeat(data.samples[:1], 300, axis=0)
    noise = np.random.default_rng(0).uniform(-1, 1, data.samples.shape).astype(np.float32)
    good, *bad = (distance(Sampler(samples)) for samples in (data.samples, collapsed, noise))
    assert good < 0.3 * min(bad)
    assert distance(Sampler(np.full_like(data.samples, np.nan))) == np.inf
    assert report.distance(data.samples) is None


# ---- TensorBoard, doctor -----------------------------------------------------------------------------------


@pytest.mark.parametrize("gl", ONE_OF_THEM, indirect=True)
def test_tensorboard_gets_every_metric(gl, call, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    command = [*RING, "--steps", 20, "--tensorboard", "--framework", gl.name, "--out", tmp_path / "run"]
    # In a process of its own, since tensorboard learns for the rest of it whether there is a TensorFlow.
    program = "import sys; from ganlib.runtime import cli; cli.main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, command)], check=True, capture_output=True, text=True
    )
    assert ("tensorflow" in done.stdout.split()) == (gl.name == "tensorflow")
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert {*events.Tags()["scalars"]} == {"d_loss", "g_loss", "d_real", "d_fake", "penalty"}
    assert [event.step for event in events.Scalars("d_loss")] == [10, 20]
    table = np.genfromtxt(tmp_path / "run" / "history.csv", delimiter=",", names=True)
    assert [event.value for event in events.Scalars("d_loss")] == [np.float32(table["d_loss"][i]) for i in (9, 19)]


def test_tensorboard_gets_pictures(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8, latent=8)
    trainer = ganlib.backend().Trainer(recipe)
    board = callbacks.TensorBoard(tmp_path, every=2, every_picture=2)
    trainer.fit(ganlib.data.load(recipe, n=16), steps=2, callbacks=[board], progress=False)
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    [image] = events.Images("samples")
    assert (image.step, image.height, image.width) == (2, *ganlib.pictures.tile(trainer.sample(64)).shape[:2])
    assert image.encoded_image_string == ganlib.pictures.png(trainer.sample(64), scale=1)


def test_tensorboard_is_asked_for_by_name_where_it_is_missing(call, tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks.importlib.util, "find_spec", lambda name: None if name == "tensorboard" else object())
    with pytest.raises(ganlib.errors.MissingBackend, match="pip install tensorboard"):
        callbacks.TensorBoard(tmp_path)


def test_doctor_tells_what_is_here(call):
    status, out, _ = call("doctor", "--json")
    found = json.loads(out)
    for name, one in found["frameworks"].items():
        assert (one["status"] == "works") == (name in ganlib.available())
        if one["status"] == "works":
            assert {"float64", "float32"} <= {*one["precisions"]}
            assert one["auto"] in one["precisions"]
            assert one["devices"]
            assert one["versions"][name] in ganlib.doctor.text(found)
    assert status == len(found["problems"]) == 0
    assert ganlib.doctor.text(found).endswith("All is well.")


def test_doctor_survives_broken_frameworks(call, tmp_path, monkeypatch):
    for name, code in (
        ("torch", "raise OSError('libcudart.so.12 is missing')"),
        ("tensorflow", "import os; os.abort()"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(ganlib.doctor.importlib.util, "find_spec", lambda name: object())
    # This repository's folder must not come first: it is searched for ganlib, and holds no torch.
    status, out, _ = call("doctor")
    assert status == 1
    assert "libcudart.so.12 is missing" in out
    assert "ended by signal 6" in out
    assert 'pip install --force-reinstall "ganlib[torch]"' in out


def test_doctor_says_how_to_get_what_is_missing(call, tmp_path, monkeypatch):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "a.gz").write_bytes(bytes(2500))
    monkeypatch.setenv("GANLIB_DATA", str(tmp_path))
    monkeypatch.setattr(ganlib.doctor.importlib.util, "find_spec", lambda name: None)
    status, out, _ = call("doctor")
    assert status == 1
    assert 'pip install "ganlib[torch]"' in out
    assert f"{tmp_path}: mnist" in out


# ---- parsing, errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
def test_help_has_examples_that_can_be_parsed(call, name):
    status, out, _ = call(name, "--help")
    assert status == 0
    assert "Examples:" in out
    command = cli.cli.commands[name]
    for line in command.epilog.splitlines()[2:]:  # after \b, which keeps the lines as they are, and the heading
        program, used, *arguments = shlex.split(line, comments=True)
        assert (program, used) == ("ganlib", name)
        command.make_context(name, arguments)


def test_settings_are_read_as_pythons_literals():
    given = ("width=4", "loss=hinge", "shape=(32, 32, 1)", "fresh_noise=false", "generator_optimiser.rate=1e-4")
    more = ("generator_optimiser.beta1=0", "about=a=b", "moving_average=0.9", "update = simultaneous")
    assert cli.parse_settings(given + more) == {
        "width": 4,
        "loss": "hinge",
        "shape": (32, 32, 1),
        "fresh_noise": False,
        "generator_optimiser": {"rate": 1e-4, "beta1": 0},
        "about": "a=b",
        "moving_average": 0.9,
        "update": "simultaneous",
    }
    with pytest.raises(click.BadParameter, match="FIELD=VALUE"):
        cli.parse_settings(["width"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "ring"], "--out"),
        (["train", "ring", "--out", "x", "--set", "width"], "FIELD=VALUE"),
        (["train", "ring", "--out", "x", "--set", "steps=4"], "--steps"),
        (["train", "ring", "--out", "x", "--framework", "jax"], "torch"),
        (["train", "ring", "--out", "x", "--steps", "0"], "x>=1"),
        (["sample", "x", "--out", "x.jpg"], ".npz"),
        (["nonsense"], "nonsense"),
        (["compare"], "DIRECTORIES"),
    ],
)
def test_wrong_usage_has_status_2_and_writes_nothing(call, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "rign", "--out", "x"], "Did you mean 'ring'?"),
        (["train", "ring", "--out", "x", "--set", "widht=3"], "width"),
        (["train", "ring", "--out", "x", "--set", "width=wide"], "width must be a whole number"),
        (["train", "ring", "--out", "x", "--data", "rings"], "Did you mean 'ring'?"),
        (["train", "dcgan-digits", "--out", "x", "--data", "folder:nowhere"], "nowhere"),
        (["train", "ring", "--out", "x", "--device", "warp:9"], "warp:9"),
        (["sample", "x", "--out", "x.png"], "x"),
        (["evaluate", "x"], "x"),
        (["recipes", "rign"], "Did you mean 'ring'?"),
    ],
)
def test_errors_are_one_sentence_with_status_1_and_write_nothing(call, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(*arguments)
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert told in err
    assert "Traceback" not in err
    assert not [path for path in tmp_path.rglob("*") if not path.name.startswith(".") and path.name != "x"]
    assert "Traceback" in call(*arguments, "--debug")[2]


def test_an_unexpected_error_says_so(call, monkeypatch):
    monkeypatch.setattr(ganlib.doctor, "examine", lambda: {}["nothing"])
    status, _, err = call("doctor")
    assert status == 1
    assert err == "Error: unexpected KeyError: 'nothing'. --debug shows where\n"


def test_the_module_is_the_command_and_help_loads_no_framework():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-X", "importtime", "-m", "ganlib", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: ganlib ")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "ganlib.runtime.cli" in imported
    assert {"torch", "tensorflow", "keras", "numpy", "matplotlib"}.isdisjoint(imported)
    result = subprocess.run(
        [sys.executable, "-m", "ganlib", "recipes", "rign"], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 1


@pytest.mark.parametrize("gl", ONE_OF_THEM, indirect=True)
def test_what_the_monitor_saw_outlives_a_stop(gl, tmp_path, monkeypatch):
    monkeypatch.setattr(ganlib.monitor, "SMALL_SCALE", 2.0)  # seen at the start,
    monkeypatch.setattr(ganlib.monitor, "LARGE_LOGIT", 0.0)  # and at the first look and ever after
    recipe = ganlib.recipe("ring", width=4, batch_size=8, discriminator_norm="batch")

    def train(directory, steps):
        said = []
        ganlib.run.train(recipe, tmp_path / directory, backend=gl.name, steps=steps, resume=True, say=said.append)
        path = tmp_path / directory / "monitor.json"
        return [sentence for sentence in said if re.match(r"Step \d+: ", sentence)], path

    assert [len(train("stopped", steps)[0]) for steps in (50, 150)] == [1, 1]
    again, stopped = train("stopped", 220)
    told, straight = train("straight", 220)
    assert not again
    assert [sentence[:9] for sentence in told] == ["Step 0: t", "Step 100:"]
    assert stopped.read_text() == straight.read_text()
    summary = json.loads((tmp_path / "stopped" / "report.json").read_text())
    assert [finding["sentence"] for finding in summary["findings"]] == told
    stopped.write_text('{"findings": [1]}')  # a damaged one is no reason to stop
    assert len(train("stopped", 320)[0]) == 1
