"""Keeps three things together: a chapter's text, its notebook, and the outputs of both frameworks.

    python scripts/notebooks.py run [CHAPTER …]    text -> notebook, run in both frameworks, outputs stored
    python scripts/notebooks.py prose [CHAPTER …]  text -> notebook, outputs kept; refused if code changed
    python scripts/notebooks.py text [CHAPTER …]   notebook -> text, after editing in Jupyter
    python scripts/notebooks.py solved [CHAPTER …] text -> _build/solved/NAME.ipynb, exercises with their solutions

Without a name, every chapter. The text, book/text/NAME.md, is what authors edit. The notebook,
book/NAME.ipynb, holds PyTorch's outputs; book/outputs/NAME.json TensorFlow's, one list for each code cell.
The exercises' solutions are copied from the text into the package, ganlib/teaching/exercises/solutions.
`tests/test_notebooks.py` fails when these do not belong together.
"""

import argparse
import base64
import copy
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
SOLUTIONS = ROOT / "ganlib" / "teaching" / "exercises" / "solutions"
SOLVED = ROOT / "_build" / "solved"
BACKENDS = ("torch", "tensorflow")  # the first one's outputs stand in the notebook itself
RECORDED = (*BACKENDS, "keras", "numpy", "matplotlib", "scikit-learn")
CELL_TIMEOUT = 600  # seconds
# Where the first cell gets ganlib from. It is no part of a cell's name: a fork has its own (scripts/address.py).
ADDRESS = re.compile(r"(?<=git\+)https://[^\s\"]+")
FOLDED = "hide-input"  # the tag of a cell whose code is folded; Jupyter Book knows it
# What folds it elsewhere. Colab shows the form's title in the code's place: the cell's first line, "# @title …".
FOLDS = {"jupyter": {"source_hidden": True}, "cellView": "form"}


def chapters() -> list[str]:
    """The names of all chapters that have a text."""
    return sorted(path.stem for path in (BOOK / "text").glob("*.md"))


def text_path(chapter: str) -> Path:
    """What the author edits."""
    return BOOK / "text" / f"{chapter}.md"


def notebook_path(chapter: str) -> Path:
    """The notebook, with the first framework's outputs."""
    return BOOK / f"{chapter}.ipynb"


def outputs_path(chapter: str) -> Path:
    """The second framework's outputs."""
    return BOOK / "outputs" / f"{chapter}.json"


def read_text(chapter: str) -> NotebookNode:
    """The notebook that the text describes, without outputs. A cell's id follows from the cell's source."""
    notebook = jupytext.read(text_path(chapter))
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = hashlib.sha256(ADDRESS.sub("", cell.source).encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"
        if FOLDED in cell.metadata.get("tags", []):
            cell.metadata.update(copy.deepcopy(FOLDS))
    # Otherwise jupytext, asked to write the text, would write these out.
    notebook.metadata["jupytext"]["cell_metadata_filter"] = ",".join(["all", *(f"-{key}" for key in FOLDS)])
    return notebook


def read_notebook(chapter: str) -> NotebookNode:
    """The notebook as it is stored."""
    return nbformat.read(notebook_path(chapter), as_version=4)


def read_outputs(chapter: str) -> dict:
    """The second framework's record, "ganlib", and its "outputs"."""
    return json.loads(outputs_path(chapter).read_text(encoding="utf-8"))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells with code, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_hash(notebook: NotebookNode) -> str:
    """Says what code the stored outputs came from: SHA-256 over the sources of the code cells.

    The first cell does not count. It only finds ganlib, and stands in all chapters alike (`scripts/first_cell.py`).
    """
    sources = json.dumps([cell.source for cell in code_cells(notebook)[1:]])
    return hashlib.sha256(sources.encode()).hexdigest()


def solutions(chapter: str) -> dict[str, str]:
    """The solution of each exercise of a chapter, by its number; of a patient in the clinic, the diagnosis."""
    source = text_path(chapter).read_text(encoding="utf-8")
    parts = re.split(r"^> \*\*Exercise (\d+\.\d+)\.", source, flags=re.MULTILINE)
    found = {}
    for number, part in zip(parts[1::2], parts[2::2], strict=True):
        _, _, rest = part.partition("<summary>Solution</summary>\n")
        found[number] = rest.partition("</details>")[0].strip() + "\n"
    diagnosis = r'check\("(clinic \d+)".*?<summary>Diagnosis</summary>\n(.*?)</details>'
    found |= {number: text.strip() + "\n" for number, text in re.findall(diagnosis, source, re.DOTALL)}
    return found


def store_solutions(chapter: str) -> None:
    """Puts the chapter's solutions where `ganlib.exercises.solution` finds them, on Colab too."""
    for number, solution in solutions(chapter).items():
        write(SOLUTIONS / f"{number.replace(' ', '_')}.md", solution)


def solved(chapter: str) -> None:
    """Writes a notebook that answers each exercise with its solution, and claims that the check says "right"."""
    source = text_path(chapter).read_text(encoding="utf-8")
    checks = dict(re.findall(r'^(?:print\()?ganlib\.exercises\.check\("(.+?)", (.*?)\)+$', source, re.MULTILINE))
    apart = 'import os\nimport tempfile\n\nimport ganlib\n\nos.environ["GANLIB_EXERCISES"] = tempfile.mkdtemp()'
    cells = [nbformat.v4.new_code_cell(apart)]
    for number, solution in solutions(chapter).items():
        program = "\n".join(re.findall(r"^```python\n(.*?)^```", solution, re.DOTALL | re.MULTILINE))
        claim = nbformat.v4.new_code_cell(
            f'print(str(ganlib.exercises.check("{number}", {checks[number]})).splitlines()[0])'
        )
        claim.execution_count = 1  # nbval takes a cell with outputs for one that was run
        claim.metadata["tags"] = ["nbval-check-output"]
        claim.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{number}: right.\n")]
        cells += [nbformat.v4.new_code_cell(program), claim]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    write(
        SOLVED / f"{chapter}.ipynb",
        nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})),
    )


def content(notebook: NotebookNode) -> list[tuple[str, str, dict]]:
    """What a text and its notebook must agree on: each cell's kind, source and metadata."""
    return [(cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def run(chapter: str) -> None:
    """Runs the chapter under each framework, in an empty folder, and stores what came out."""
    store_solutions(chapter)
    for backend in BACKENDS:
        notebook = read_text(chapter)
        print(f"{chapter}: running under {backend} …", flush=True)
        seconds = execute(notebook, backend)
        record = {
            "backend": backend,
            "code": code_hash(notebook),
            "versions": {"python": sys.version.split()[0], **versions()},
            "cores": os.cpu_count(),
            "seconds": round(seconds),
        }
        if backend == BACKENDS[0]:
            notebook.metadata["ganlib"] = record
            write(notebook_path(chapter), nbformat.writes(notebook) + "\n")
        else:
            outputs = [cell.outputs for cell in code_cells(notebook)]
            stored = {"ganlib": record, "outputs": outputs}
            write(outputs_path(chapter), json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
        print(f"{chapter}: {seconds:.0f} s under {backend}")


def execute(notebook: NotebookNode, backend: str) -> float:
    """Runs a notebook in place; returns the seconds it took. Its standard error is shown here, not kept."""
    # TensorFlow logs to standard error even at level 3 unless oneDNN is off too.
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "GANLIB_PROGRESS": "0"}
    quiet["OMP_NUM_THREADS"] = "1"  # the Makefile says why
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **quiet, "GANLIB_BACKEND": backend, "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as folder:
        environment["GANLIB_EXERCISES"] = folder  # what the author has solved is not the reader's affair
        client = NotebookClient(
            notebook, timeout=CELL_TIMEOUT, record_timing=False, resources={"metadata": {"path": folder}}
        )
        start = time.perf_counter()
        client.execute(env=environment)
        seconds = time.perf_counter() - start
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                print(output.text, file=sys.stderr)
        cell.outputs = merged(output for output in cell.outputs if output.get("name") != "stderr")
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = smaller(output.data["image/png"])
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel's own entry names this Python's version
    return seconds


def merged(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The outputs, with what was printed in one piece: where a kernel flushes is chance."""
    result: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and result and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def smaller(png: str) -> str:
    """A figure with 256 colours instead of 16 million: a third of the size, and no difference to the eye."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    stored = io.BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(stored, "PNG", optimize=True)
    return base64.b64encode(min(stored.getvalue(), base64.b64decode(png), key=len)).decode()


def versions() -> dict[str, str]:
    """The versions of what the outputs depend on."""
    found = {}
    for package in RECORDED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            sys.exit(f"{package} is not installed; outputs are stored from an environment with both frameworks.")
    return found


def prose(chapter: str) -> None:
    """Takes over changed prose and keeps the outputs, which belong to code that did not change."""
    store_solutions(chapter)
    notebook, stored = read_text(chapter), read_notebook(chapter)
    if code_hash(notebook) != code_hash(stored):
        sys.exit(f"{chapter}: the code changed; make its outputs anew: scripts/notebooks.py run {chapter}")
    for new, old in zip(code_cells(notebook), code_cells(stored), strict=True):
        new.outputs, new.execution_count = old.outputs, old.execution_count
    notebook.metadata.update(ganlib=stored.metadata["ganlib"], language_info=stored.metadata["language_info"])
    write(notebook_path(chapter), nbformat.writes(notebook) + "\n")


def text(chapter: str) -> None:
    """Writes the text anew from the notebook."""
    notebook = read_notebook(chapter)
    notebook.metadata.pop("ganlib", None)
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        for key in FOLDS:
            cell.metadata.pop(key, None)
    notebook.metadata["jupytext"].pop("cell_metadata_filter", None)
    write(text_path(chapter), jupytext.writes(notebook, fmt="md:myst"))


def write(path: Path, content: str) -> None:
    """All of it or nothing: a run that is stopped leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "prose", "text", "solved"))
    parser.add_argument("chapters", nargs="*", help="all of them when none is named")
    options = parser.parse_args()
    known = sorted(path.stem for path in BOOK.glob("*.ipynb")) if options.command == "text" else chapters()
    unknown = sorted(set(options.chapters) - set(known))
    if unknown:
        parser.error(f"there is no chapter {', '.join(unknown)}; there are: {', '.join(known)}")
    for chapter in options.chapters or known:
        {"run": run, "prose": prose, "text": text, "solved": solved}[options.command](chapter)


if __name__ == "__main__":
    main()
