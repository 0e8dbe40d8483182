"""The README's five lines work as they stand, under either framework, and its commands exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import ganlib
from ganlib import cli

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE, SAVER = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("backend", ganlib.available())
def test_five_lines_train_sample_and_score(backend, tmp_path):
    lines = [line for line in EXAMPLE.splitlines() if line and not line.startswith("import")]
    assert len(lines) == 5
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
    assert not list(tmp_path.iterdir())


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


def test_ci_runs_the_test_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake book\n" in script
    assert script.endswith("\nmake test\n")


def test_the_map_names_what_exists():
    table = README[README.index("## Where things are") :]
    places = re.findall(r"^- `([^`]+)`", table, re.MULTILINE)
    assert len(places) > 5
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
