"""What publishes the book: the workflows, and the page that says which chapters run with today's versions."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import ganlib

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbval")

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


status, release = script("status"), script("release")

# What a job may do beyond reading the repository.
RIGHTS = {
    "deploy": {"pages": "write", "id-token": "write"},
    "pypi": {"id-token": "write"},
    "github": {"contents": "write", "id-token": "write", "attestations": "write"},
}


def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def test_there_are_workflows_that_check_publish_and_release():
    assert [path.stem for path in WORKFLOWS] == ["ci", "publish", "release"]


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
    others = {action for action in pins if not action.startswith("actions/")}
    assert others == {"pypa/gh-action-pypi-publish"}, "GitHub's own, and PyPI's"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_as_little_as_it_can(path):
    workflow = parsed(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert job.get("permissions", {}) == RIGHTS.get(name, {})
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
            if program == "gh" or (program, first) == ("python", "-m"):
                assert (first, rest[0]) in {("release", "create"), ("-m", "pip"), ("-m", "zipfile")}
                continue
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
    assert [step.get("run") for step in jobs["thorough"]["steps"]][-1] == "make thorough"
    assert jobs["thorough"]["if"] == "${{ github.event_name != 'push' }}"
    assert "checks" in jobs["build"]["needs"]
    assert "needs.checks.result == 'success'" in jobs["build"]["if"]
    assert jobs["deploy"]["needs"] == "build"
    assert set(jobs["newest"]["strategy"]["matrix"]["backend"]) == set(status.FRAMEWORKS)
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands[-1] == "make pdf", "the page and the address come first"
    assert 'python scripts/address.py "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in commands
    upload = next(step for step in jobs["build"]["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "_build/html"
    assert "jupyter-book build . " in MAKEFILE


# A release


def test_a_tag_is_checked_before_anything_is_built_and_uploaded_by_a_job_that_does_nothing_else():
    workflow = parsed(ROOT / ".github" / "workflows" / "release.yml")
    jobs = workflow["jobs"]
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    assert jobs["checks"]["uses"] == "./.github/workflows/ci.yml"
    assert [jobs[name]["needs"] for name in ("build", "pypi", "github")] == ["checks", "build", "pypi"]
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands == [
        'python scripts/release.py "$GITHUB_REF_NAME" dist/notes.md',
        'python scripts/address.py "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"',
        "python -m pip wheel --no-deps --wheel-dir dist .",
        "make book",
        "python -m zipfile -c dist/book.zip _build/html",
    ]
    assert [step.get("uses", "").partition("@")[0] for step in jobs["pypi"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert jobs["pypi"]["environment"] == "pypi"


def test_one_version_stands_everywhere():
    newest = re.search(r"^## (\S+?)(?:, not released yet)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert newest == ganlib.__version__.partition(".dev")[0]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == newest
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "ganlib.__version__"}


@pytest.fixture
def versions(tmp_path):
    """A repository that is ready to be released as 1.2.3."""
    (tmp_path / "ganlib").mkdir()
    (tmp_path / "ganlib" / "__init__.py").write_text('__version__ = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.3\n", encoding="utf-8")
    changes = "# Changelog\n\nText.\n\n## 1.2.3\n\n- One.\n- Two.\n\n## 1.2.2\n\n- Three.\n"
    (tmp_path / "CHANGELOG.md").write_text(changes, encoding="utf-8")
    return tmp_path


def test_a_release_says_what_has_changed(versions):
    assert release.notes("v1.2.3", versions) == "- One.\n- Two.\n"


@pytest.mark.parametrize("file", ["ganlib/__init__.py", "CITATION.cff", "CHANGELOG.md"])
def test_a_tag_that_a_file_contradicts_is_refused(versions, file):
    path = versions / file
    path.write_text(path.read_text(encoding="utf-8").replace("1.2.3", "1.2.3.dev0"), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"The tag is v1\.2\.3, and {file} says 1\.2\.3\.dev0"):
        release.notes("v1.2.3", versions)


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3rc1", "nightly"])
def test_what_is_no_version_is_refused(versions, tag):
    with pytest.raises(ValueError, match=r"expected one like v0\.2\.0"):
        release.notes(tag, versions)


# What people are asked for


def test_an_issue_asks_for_the_recipe_the_seed_and_what_doctor_says():
    form = parsed(ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml")
    needed = {entry["id"] for entry in form["body"] if entry.get("validations", {}).get("required")}
    assert needed == {"happened", "recipe", "seed", "doctor"}
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        assert {"name", "description", "body"} <= set(parsed(path))
        assert "ganlib doctor --json" in path.read_text(encoding="utf-8")
    change = (ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")
    assert all(word in change for word in ("recipe", "seed", "ganlib doctor --json", "make test", "CHANGELOG.md"))


def test_the_dev_container_has_what_the_two_commands_need():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(re.sub(r"^//.*\n", "", text, flags=re.MULTILINE))
    assert container["postCreateCommand"] == "make book"
    assert "chromium" in container["onCreateCommand"]
    assert re.search(r"python:3\.1[123]-", container["image"])


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
