"""How long the book's own work takes, and how much memory: the import, the site, every chapter, the tests.

    python benchmarks/the_book.py                  # everything; half an hour to an hour on two cores, if idle
    python benchmarks/the_book.py site chapters    # only these
    python benchmarks/the_book.py --table          # what was measured, as the book shows it

Each chapter runs as `make notebook-tests` runs it, alone. The memory is that of the largest process, which is the
notebook's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import recording

from ganlib import ledger

NAME = "the_book"
ABOUT = "Seconds and memory of the book's own work: the import, the site from stored outputs, every chapter, the tests."
COMMAND = "python benchmarks/the_book.py"
ROOT = Path(__file__).resolve().parent.parent
IMPORTS = 11
IMPORT = """
import sys, time
start = time.perf_counter()
import ganlib
print(time.perf_counter() - start)
sys.exit(bool({"torch", "tensorflow"} & set(sys.modules)))
"""
TARGETS = ("lint", "pytest", "notebook-tests")  # of which `make test` is made
PARTS = ("tests", "import", "site", "chapters")
SETTINGS = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # the Makefile's
FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


def measure(command: Sequence[str], **settings: str) -> dict[str, float]:
    """Runs a command at the repository's root; its seconds, and the mebibytes of its largest process.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **SETTINGS, **settings}, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)  # tells the memory of the processes that it started, too
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')}")
    per_mebibyte = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    return {"seconds": round(seconds, 2), "memory_mib": round(used.ru_maxrss / per_mebibyte)}


def import_seconds() -> float:
    """The median over new processes, the first of which fills the caches and is left out."""
    command = [sys.executable, "-c", IMPORT]
    times = [subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True) for _ in range(IMPORTS)]
    return statistics.median(float(done.stdout) for done in times[1:])


def table() -> str:
    """What was measured, in Markdown."""
    stored = ledger.load(NAME)
    seconds = {row["key"]["what"]: row["result"]["seconds"] for row in stored.rows}
    lines = ["| What | takes | memory |", "|:--|--:|--:|"]
    lines.append(f"| `import ganlib`, which loads neither framework | {seconds['import']:.2f} s | |")
    lines.append(f"| the site, from stored outputs | {seconds['site']:.0f} s | |")
    for backend, framework in FRAMEWORKS.items():
        took = stored.values("seconds", what="chapter", backend=backend)
        most = stored.values("memory_mib", what="chapter", backend=backend).max() / 1024
        one = f"a chapter in {framework}, {len(took)} of them"
        lines.append(f"| {one} | {took.min():.0f} to {took.max():.0f} s | {most:.1f} GiB at most |")
    if seconds.keys() >= set(TARGETS):
        minutes = sum(seconds[target] for target in TARGETS) / 60
        lines.append(f"| `make test`, with every notebook | {minutes:.0f} min | |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if wrong := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {sorted(wrong)[0]!r}; the parts are {', '.join(PARTS)}")
    if options.table:
        print(table())
        return
    if "tests" in options.parts:  # first, and written when all are done: a test compares the ledger with the book
        results = {}
        for target in TARGETS:
            print(f"make {target} …", flush=True)
            results[target] = measure(["make", f"VENV={sys.prefix}", target, "ALL=--all"])
        for target, result in results.items():
            write({"what": target}, result)
    if "import" in options.parts:
        write({"what": "import"}, {"seconds": round(import_seconds(), 4)})
    with tempfile.TemporaryDirectory() as folder:
        if "site" in options.parts:  # from nothing, and not where the person here has built it
            build = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--path-output", folder]
            write({"what": "site"}, measure([*map(str, build), "-W", "--keep-going", "-n"]))
        if "chapters" in options.parts:
            for backend in FRAMEWORKS:
                for path in sorted((ROOT / "book").glob("*.ipynb")):
                    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout=600", str(path)]
                    result = measure(command, GANLIB_BACKEND=backend, GANLIB_EXERCISES=folder)
                    write({"what": "chapter", "chapter": path.stem, "backend": backend}, result)


def write(key: dict[str, str], result: dict[str, float]) -> None:
    """A row of the ledger."""
    recording.record(NAME, ABOUT, COMMAND, key, result, {}, result["seconds"])
    print(", ".join(key.values()), result, flush=True)


if __name__ == "__main__":
    main()
