"""Whether the chapters run with the newest versions that ganlib allows: runs them, and writes the page that says so.

    python scripts/status.py run [torch] [tensorflow]    runs every notebook; results in _build/status
    python scripts/status.py page                        _build/status -> book/status.md, a page of the book

`make newest` makes the environment and runs the first; the publishing workflow does both, each week and with each
change. A chapter passes when it runs to its end and each of its claims, the cells tagged nbval-check-output, prints
what is stored. The page is not kept in the repository: it says what happened on one day.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
RECORDED = ("torch", "tensorflow", "keras", "numpy", "scipy", "scikit-learn", "matplotlib")
KEPT = 15  # lines of a failure's output
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run(backends: Sequence[str], root: Path = ROOT) -> bool:
    """Runs every notebook under each framework and stores what happened; returns whether all passed."""
    results: list[dict[str, Any]] = []
    for backend in backends:
        chapters = []
        for path in notebooks(root):
            chapters.append(run_one(path, backend))
            print(f"{path.stem} under {backend}: {'passed' if chapters[-1]['passed'] else 'failed'}", flush=True)
        result: dict[str, Any] = {
            "backend": backend,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "cores": os.cpu_count(),
            "versions": {"python": sys.version.split()[0], **{package: version(package) for package in RECORDED}},
            "chapters": chapters,
        }
        results.append(result)
        folder = root / "_build" / "status"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{backend}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return all(chapter["passed"] for result in results for chapter in result["chapters"])


def notebooks(root: Path) -> list[Path]:
    """The chapters, in the order of the book."""
    toc = (root / "_toc.yml").read_text(encoding="utf-8")
    paths = [root / f"{page}.ipynb" for page in re.findall(r"- file: (\S+)", toc)]
    return [path for path in paths if path.exists()]


def run_one(path: Path, backend: str) -> dict[str, Any]:
    """Runs one notebook as `make notebook-tests` does."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout=600", "--color=no", str(path)]
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=path.parent.parent, env={**os.environ, "GANLIB_BACKEND": backend}, capture_output=True, text=True
    )
    said = COLOUR.sub("", done.stdout + done.stderr)
    return {
        "name": path.stem,
        "passed": done.returncode == 0,
        "seconds": round(time.perf_counter() - start),
        "output": "" if done.returncode == 0 else "\n".join(said.splitlines()[-KEPT:]),
    }


def page(root: Path = ROOT) -> str:
    """Writes book/status.md from the results and puts it at the end of the table of contents; returns its text."""
    stored = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (root / "_build/status").glob("*.json")
    }
    results = {name: stored[name] for name in FRAMEWORKS if name in stored}
    if not results:
        raise FileNotFoundError("There are no results in _build/status. Make them: python scripts/status.py run")
    lines = [
        "# Status",
        "",
        "Do the chapters run with today's versions of everything? Each week, and with each change, every notebook runs",
        "from top to bottom in both frameworks, with the newest versions that `ganlib` allows. *Passed* means that it",
        "came to its end, and that its claims printed what they print in this book.",
        "",
        f"| Chapter | {' | '.join(FRAMEWORKS.values())} |",
        f"|:--|{':--|' * len(FRAMEWORKS)}",
    ]
    titles = {path.stem: title(path) for path in notebooks(root)}
    for chapter, heading in titles.items():
        cells = [outcome(results.get(name), chapter) for name in FRAMEWORKS]
        lines.append(f"| [{heading}]({chapter}.ipynb) | {' | '.join(cells)} |")
    lines += ["", "## Versions", "", f"| What | {' | '.join(FRAMEWORKS[name] for name in results)} |"]
    lines.append(f"|:--|{':--|' * len(results)}")
    for what in ("date", "cores"):
        lines.append(f"| {what} | {' | '.join(str(result[what]) for result in results.values())} |")
    for package in next(iter(results.values()))["versions"]:
        lines.append(f"| {package} | {' | '.join(result['versions'][package] for result in results.values())} |")
    for name, result in results.items():
        for one in result["chapters"]:
            if not one["passed"]:
                lines += ["", f"## {titles[one['name']]} failed under {FRAMEWORKS[name]}", ""]
                lines += ["```text", one["output"].replace("```", "'''"), "```"]
    text = "\n".join(lines) + "\n"
    (root / "book" / "status.md").write_text(text, encoding="utf-8")
    toc = root / "_toc.yml"
    entry = "      - file: book/status\n"
    toc.write_text(toc.read_text(encoding="utf-8").replace(entry, "").rstrip() + f"\n{entry}", encoding="utf-8")
    return text


def outcome(result: dict[str, Any] | None, chapter: str) -> str:
    """One cell of the table."""
    found = [one for one in result["chapters"] if one["name"] == chapter] if result else []
    if not found:
        return "not run"
    minutes, seconds = divmod(found[0]["seconds"], 60)
    took = f"{minutes} min {seconds} s".replace(" ", "\N{NO-BREAK SPACE}")
    return f"{'passed' if found[0]['passed'] else '**failed**'}, {took}"


def title(path: Path) -> str:
    """A notebook's first heading."""
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
    return "".join(first).partition("\n")[0].removeprefix("# ")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "page"))
    parser.add_argument("backends", nargs="*", help="torch, tensorflow; both when none is named")
    options = parser.parse_args()
    unknown = sorted(set(options.backends) - FRAMEWORKS.keys())
    if unknown:
        parser.error(f"there is no framework {', '.join(unknown)}; there are: {', '.join(FRAMEWORKS)}")
    if options.command == "run":
        sys.exit(0 if run(options.backends or list(FRAMEWORKS)) else 1)
    try:
        page()
    except FileNotFoundError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
