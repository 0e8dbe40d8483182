"""The README is short, its lines of code work as they stand under either framework, and what it names exists."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ONE_OF_THEM

import ganlib
from ganlib.runtime import cli

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
[EXAMPLE] = PYTHON.findall(README)
[SAVER] = PYTHON.findall((ROOT / "book" / "api" / "files.md").read_text(encoding="utf-8"))
NUMBERED = [
    chapter
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    if part.get("numbered")
    for chapter in part["chapters"]
]
CHAPTERS = [[Path(page["file"]).stem for page in [first, *first.get("sections", ())]] for first in NUMBERED]
PAGES = [page for pages in CHAPTERS for page in pages]


def test_it_can_be_read_in_a_minute():
    """What it is, then three ways to use it, then the rest; no table of numbers."""
    assert len(README.splitlines()) <= 120
    titles = ["Read it", "Run it", "Build on it", "Two commands for the book", "Command line", "Where things are"]
    assert re.findall(r"^## (.+)", README, re.MULTILINE) == [*titles, "Contribute, cite, license"]
    assert "--:|" not in README
    assert README.index("![") < README.index("## Read it")


def test_every_chapter_can_be_read_and_opened_on_colab():
    read, run = (README.partition(f"## {title}\n")[2].partition("\n## ")[0] for title in ("Read it", "Run it"))
    titles = [re.search(r"^# (.+)", (ROOT / f"book/text/{page}.md").read_text(), re.MULTILINE)[1] for page in PAGES]
    listed = re.findall(r"^(?:\d\.|  ) \[(.+)\]\(https://[\w.-]+/[\w.-]+/book/(\w+)\.html\):$", read, re.MULTILINE)
    assert listed == list(zip(titles, PAGES, strict=True))
    badge = r"\[!\[Open (.+?) on Colab\]\([^)]+\)\]\(https://colab\.research\.google\.com/github/[\w/.-]+?/book/(\w+)\.ipynb\)"
    assert re.findall(badge, run) == listed
    for number, (first, *_) in enumerate(CHAPTERS, start=1):
        assert re.search(rf"^{number}\. \[.*/{first}\.html\):$", read, re.MULTILINE)
        assert re.search(rf"^\| {number}\. .*/{first}\.ipynb", run, re.MULTILINE)


@pytest.mark.parametrize("backend", ONE_OF_THEM)
def test_five_lines_train_sample_and_score_and_a_sixth_saves_a_picture(backend, tmp_path):
    lines = [line for line in EXAMPLE.splitlines() if line and not line.startswith("import")]
    assert len(lines) == 6
    environment = {**os.environ, "GANLIB_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        [sys.executable, "-c", EXAMPLE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "perfect sampler" in result.stdout
    assert "precision" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["digits.png"]
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("gl", ONE_OF_THEM, indirect=True)
def test_the_loop_with_a_saver_goes_on(gl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANLIB_BACKEND", gl.name)
    names = {"ganlib": ganlib}
    exec(SAVER, names)
    assert names["trainer"].steps_done == 80
    assert ganlib.checkpoint.steps(tmp_path / "runs" / "mine") == [20, 40]


def test_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"\bmake ([a-z-]+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert {"book", "test"} <= commands
    for command in commands:
        assert re.search(rf"^{command}:.*## \S", makefile, re.MULTILINE), f"make {command}"


def test_ci_runs_both_commands_and_then_what_fits_into_its_time():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.endswith("\nmake book\nmake test\nmake more MINUTES=$((40 - SECONDS / 60))\n")


def test_thorough_is_test_and_more_and_leaves_out_nothing_that_pytest_has():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    of = {name: re.search(rf"^{name} = (.*)$", makefile, re.MULTILINE)[1].split() for name in ("TEST", "MORE")}
    assert "stages.py $(TEST) $(MORE) ALL=--all\n" in makefile
    marks = {
        stage: re.search(rf"^{stage}: .*\n\t\$\(PYTEST\) -m '?(.*?)'?$", makefile, re.MULTILINE)[1]
        for stage in of["TEST"] + of["MORE"]
        if stage in ("pytest", "full")
    }
    assert marks == {"pytest": "not thorough", "full": "thorough"}
    assert {"lint", "notebook-tests", "one-framework", "mutations"} <= {*of["TEST"], *of["MORE"]}


def test_the_map_names_what_exists():
    table = README[README.index("## Where things are") :]
    places = re.findall(r"^- `([^`]+)`", table, re.MULTILINE)
    assert len(places) == 10
    for place in places:
        assert (ROOT / place).exists(), place


def test_the_command_lines_examples_can_be_parsed():
    (block,) = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    used = set()
    for line in block.splitlines():
        prompt, program, name, *arguments = shlex.split(line)
        assert (prompt, program) == ("$", "ganlib")
        cli.cli.commands[name].make_context(name, arguments)  # parses them, and runs nothing
        used.add(name)
    assert used == set(cli.cli.commands) - {"recipes"}
