"""The package as it is installed elsewhere, on Colab for example: built, put into an empty folder, used from there."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import ganlib

pytest.importorskip("setuptools")

ROOT = Path(__file__).resolve().parent.parent


def package_files():
    return [path for path in (ROOT / "ganlib").rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds nothing but the installed wheel. What builds it is what this environment has: no network."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    # A copy, because setuptools leaves folders behind where it builds.
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for path in package_files():
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    [wheel] = folder.glob("*.whl")
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder / "here"), str(wheel)],
        check=True,
    )
    return wheel, folder / "here"


def left_out():
    """The ledgers that stay in the checkout."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return {f"ganlib/{name}" for name in settings["exclude-package-data"]["ganlib"]}


def test_everything_is_in_the_wheel_and_nothing_else(installed):
    names = {name for name in zipfile.ZipFile(installed[0]).namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == {str(path.relative_to(ROOT)) for path in package_files()} - left_out()
    assert {
        "ganlib/py.typed",
        "ganlib/assets/digit-features.safetensors",
        "ganlib/teaching/ledgers/scoreboard.json",
        "ganlib/teaching/ledgers/scoreboard.npz",
    } <= names


def test_what_is_left_out_no_notebook_reads():
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "book" / "text").glob("*.md"))
    for name in left_out():
        assert (ROOT / name).exists()
        assert f'load("{Path(name).stem}"' not in texts


def test_it_is_small(installed):
    """What makes it large are ledgers: keep fewer samples in the rows."""
    assert installed[0].stat().st_size < 1.5e6
    assert sum(file.file_size for file in zipfile.ZipFile(installed[0]).infolist()) < 4e6


def test_it_asks_for_neither_framework(installed):
    wheel = zipfile.ZipFile(installed[0])
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    needed = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist:")]
    for framework in ("torch", "tensorflow", "keras"):
        assert all("extra ==" in line for line in needed if line.startswith(f"Requires-Dist: {framework}"))
    assert len([line for line in needed if "extra ==" not in line]) >= 8


def test_it_works_from_an_empty_folder(installed, tmp_path):
    program = """
import ganlib
print(ganlib.__file__)
print(len(ganlib.recipes()), ganlib.ledger.load("scoreboard").rows != [])
data = ganlib.data.load("digits", n=64)
print(ganlib.metrics.features(data.images).shape)
print(len(ganlib.interactive.dirac_portrait()._repr_html_()) > 1000)
"""
    environment = {**os.environ, "PYTHONPATH": str(installed[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    file, *lines = done.stdout.splitlines()
    assert Path(file).is_relative_to(installed[1])
    assert lines == [f"{len(ganlib.recipes())} True", "(64, 64)", "True"]
    assert not list(tmp_path.iterdir())
