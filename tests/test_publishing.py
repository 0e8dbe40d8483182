"""What publishes the book: the workflows, and the page that says which chapters run with today's versions."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbval")

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

spec = importlib.util.spec_from_file_location("status", ROOT / "scripts" / "status.py")
status = importlib.util.module_from_spec(spec)
spec.loader.exec_module(status)


def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def test_there_is_a_workflow_that_checks_and_one_that_publishes():
    assert [path.stem for path in WORKFLOWS] == ["ci", "publish"]


def test_actions_are_pinned_by_commit_and_always_to_the_same_one():
    pins = {}
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"\buses:", text)) > 0
        for used in re.findall(r"\buses: *(.*)", text):
            if used.startswith("./"):
                assert (ROOT / used).exists()
                continue
            action, commit, release = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used).groups()
            assert pins.setdefault(action, (commit, release)) == (commit, release)
    assert {action.partition("/")[0] for action in pins} == {"actions"}, "GitHub's own only"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_as_little_as_it_can(path):
    workflow = parsed(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert job.get("permissions", {}) == ({"pages": "write", "id-token": "write"} if name == "deploy" else {})
        assert "uses" in job or job["timeout-minutes"] <= 120
    for step in steps_of(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "a value that is pasted into a command is a command"
    assert "secrets." not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_exists(path):
    commands = [step["run"] for step in steps_of(parsed(path)) if "run" in step]
    assert commands
    for command in commands:
        program, first, *rest = command.split()
        if program == "make":
            assert re.search(rf"^{first}:.*## \S", MAKEFILE, re.MULTILINE), command
        else:
            assert program in ("bash", "python")
            assert (ROOT / first).exists(), command
            assert first != "scripts/status.py" or rest == ["page"]


def test_only_what_was_checked_is_published_under_its_own_address():
    workflow = parsed(ROOT / ".github" / "workflows" / "publish.yml")
    jobs, when = workflow["jobs"], workflow[True]  # YAML reads `on` as true
    assert when["push"] == {"branches": ["main"]}
    assert [re.fullmatch(r"\d+ \d+ \* \* \d", entry["cron"]) is not None for entry in when["schedule"]] == [True]
    assert jobs["checks"]["uses"] == "./.github/workflows/ci.yml"
    assert "workflow_call" in parsed(ROOT / ".github" / "workflows" / "ci.yml")[True]
    assert "checks" in jobs["build"]["needs"]
    assert "needs.checks.result == 'success'" in jobs["build"]["if"]
    assert jobs["deploy"]["needs"] == "build"
    assert set(jobs["newest"]["strategy"]["matrix"]["backend"]) == set(status.FRAMEWORKS)
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands[-1] == "make book", "the page and the address come first"
    assert 'python scripts/address.py "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in commands
    upload = next(step for step in jobs["build"]["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "_build/html"
    assert "jupyter-book build . " in MAKEFILE


# The status page


@pytest.fixture
def book(tmp_path):
    """A book of two chapters, of which one claims what is not so any more."""
    (tmp_path / "book").mkdir()
    toc = ["format: jb-book", "root: book/index", "parts:", "  - chapters:"]
    toc += [f"      - file: book/{name}" for name in ("second", "first", "notation")]
    (tmp_path / "_toc.yml").write_text("\n".join(toc) + "\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name, answer in (("first", "4"), ("second", "5")):
        heading = nbformat.v4.new_markdown_cell(f"# The {name} chapter\n\nText.")
        claim = nbformat.v4.new_code_cell("print(2 + 2)", metadata={"tags": ["nbval-check-output"]})
        claim.outputs, claim.execution_count = [nbformat.v4.new_output("stream", text=f"{answer}\n")], 1
        notebook = nbformat.v4.new_notebook(cells=[heading, claim])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / "book" / f"{name}.ipynb")
    return tmp_path


def row(page, start):
    return next(line for line in page.splitlines() if line.startswith(start))


def test_a_claim_that_fails_is_on_the_page_with_what_was_said(book, monkeypatch):
    monkeypatch.setattr(status, "version", lambda package: f"{package}-1.0")
    assert status.run(["torch"], book) is False
    page = status.page(book)
    assert re.fullmatch(r"\| .* \| passed, 0.min.\d+.s \| not run \|", row(page, "| [The first chapter](first.ipynb)"))
    assert re.fullmatch(r"\| .* \| \*\*failed\*\*, 0.min.\d+.s \| not run \|", row(page, "| [The second chapter]"))
    assert page.index("The second chapter") < page.index("The first chapter"), "in the order of the book"
    assert "## The second chapter failed under PyTorch" in page
    assert "1 failed" in page
    assert "## The first chapter" not in page
    assert row(page, "| keras") == "| keras | keras-1.0 |"
    assert row(page, "| python") == f"| python | {sys.version.split()[0]} |"
    assert (book / "book" / "status.md").read_text(encoding="utf-8") == page


def test_the_page_joins_the_results_of_both_frameworks_and_the_contents_once(book):
    folder = book / "_build" / "status"
    folder.mkdir(parents=True)
    for seconds, name in ((61, "tensorflow"), (135, "torch")):
        chapters = [
            {"name": chapter, "passed": True, "seconds": seconds, "output": ""} for chapter in ("first", "second")
        ]
        result = {"backend": name, "date": "2026-08-03", "cores": 4, "versions": {"python": name}, "chapters": chapters}
        (folder / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    assert status.page(book) == status.page(book)
    page = (book / "book" / "status.md").read_text(encoding="utf-8")
    assert (
        row(page, "| [The first")
        .replace("\N{NO-BREAK SPACE}", " ")
        .endswith("| passed, 2 min 15 s | passed, 1 min 1 s |")
    )
    assert row(page, "| python") == "| python | torch | tensorflow |"
    assert "failed" not in page
    listed = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))["parts"][-1]["chapters"]
    assert [entry["file"] for entry in listed] == ["book/second", "book/first", "book/notation", "book/status"]


def test_without_results_there_is_no_page(book):
    with pytest.raises(FileNotFoundError, match=r"scripts/status\.py run"):
        status.page(book)
    assert not (book / "book" / "status.md").exists()


def test_an_unknown_framework_is_refused():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "status.py"), "run", "jax"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "there is no framework jax; there are: torch, tensorflow" in done.stderr
