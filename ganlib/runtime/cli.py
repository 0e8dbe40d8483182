"""The command `ganlib`, also `python -m ganlib`: what it does are calls that a reader can make in Python.

Parsing is click's: a help page, typed options and usage errors for each command, tests in process, and no dependencies.
What takes time to import is imported by the command that needs it, so that help comes at once.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import ganlib
from ganlib.backends import BACKENDS
from ganlib.errors import GanlibError
from ganlib.recipe import PRECISIONS

if TYPE_CHECKING:
    from ganlib.runtime.trainer import BaseTrainer

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status.

    0: done. 1: failed, TrainingFailed for example. 2: it was called wrongly. 130: interrupted (Ctrl-C). 143: SIGTERM.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = cli.main(arguments, prog_name="ganlib", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except SystemExit as stop:  # SIGTERM, see ganlib.run; and click's, where nobody reads: `ganlib recipes | head`
        return stop.code if isinstance(stop.code, int) else FAILED
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        known = isinstance(error, GanlibError | ValueError | TypeError | OSError)
        message = str(error) if known else f"unexpected {type(error).__name__}: {error}. --debug shows where"
        click.echo(f"Error: {message}", err=True)
        return FAILED


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(ganlib.__version__, prog_name="ganlib")
def cli() -> None:
    """Generative adversarial networks, in PyTorch and in TensorFlow, with the same numbers.

    `ganlib COMMAND --help` shows a command's options and examples.
    """


def _command(*examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    debug = click.option("--debug", is_flag=True, expose_value=False, help="Show the stack trace of an error.")
    epilog = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])  # \b: printed as it is written
    return lambda function: cli.command(epilog=epilog)(debug(function))


def _number(name: str, default: int | None, least: int, about: str) -> Callable[..., Any]:
    kind = click.IntRange(min=least)
    return click.option(name, default=default, show_default=default is not None, type=kind, help=about)


_path = click.Path(path_type=Path)
_framework = click.option(
    "--framework",
    "backend",
    type=click.Choice(BACKENDS),
    help="Default: the environment variable GANLIB_BACKEND, else the first that is installed.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_which = click.option(
    "--checkpoint",
    "which",
    default="latest",
    show_default=True,
    metavar="latest|best|STEP",
    callback=lambda context, option, value: int(value) if value.isdecimal() else value,
    help="Which one.",
)
_device = click.option("--device", help="The framework's name of one. Default: a GPU where there is one.")


def _of_a_run(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("directory", type=_path)(_framework(_which(_device(function))))


@_command("ganlib doctor", "ganlib doctor --json")
@_json
def doctor(as_json: bool) -> int:
    """Say what is here: versions, devices, precisions, data sets; and how to get what is missing.

    In each framework it trains a few steps, which takes some seconds. The exit status is 1 if a framework is broken or
    there is none.
    """
    from ganlib.runtime import doctor

    found = doctor.examine()
    click.echo(_to_json(found) if as_json else doctor.text(found))
    return FAILED if found["problems"] else 0


@_command("ganlib recipes", "ganlib recipes dcgan-digits      # every field")
@click.argument("name", required=False)
def recipes(name: str | None) -> None:
    """List the recipes and what each is for, or every field of one."""
    if name is not None:
        click.echo(ganlib.recipe(name).to_json())
        return
    for known in ganlib.recipes():
        click.echo(click.style(known, bold=True))
        click.echo(click.wrap_text(ganlib.recipe(known).about, 96, "    ", "    "))


@_command(
    "ganlib train dcgan-digits --out runs/digits",
    "ganlib train dcgan-digits --out runs/digits --resume          # goes on, also in the other framework",
    "ganlib train ring --framework tensorflow --seed 3 --steps 500 --out runs/ring",
    "ganlib train dcgan-32 --set loss=hinge --set discriminator_optimiser.rate=4e-4 --out runs/hinge",
    "ganlib train dcgan-64 --data folder:pictures --precision auto --out runs/pictures",
    "ganlib train dcgan-64 --framework tensorflow --device GPU:0,GPU:1 --out runs/two",
)
@click.argument("recipe")
@_framework
@click.option("--data", help="The data set, or folder:PATH for images of your own. Default: the recipe's.")
@click.option("--out", required=True, type=_path, help="The run's folder: new, empty, or --resume.")
@_number("--steps", None, 1, "Steps in all. Default: the recipe's.")
@_number("--seed", None, 0, "Of weights, latents and order of the data. Default: 0.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Default: the recipe's.")
@click.option(
    "--device",
    help="The framework's name of one; TensorFlow shares each batch among several, GPU:0,GPU:1 (for PyTorch see "
    "torchrun). Default: a GPU where there is one.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Change a field of the recipe. Repeatable."
)
@_number("--every", 500, 1, "Steps between checkpoints, and pictures.")
@click.option("--resume", is_flag=True, help="Go on from the folder's last checkpoint; start if there is none.")
@click.option("--tensorboard", is_flag=True, help="Log for TensorBoard, in the folder tensorboard of --out.")
@click.option("--no-monitor", is_flag=True, help="Do not watch for collapse, saturation and other ills.")
@click.option("--json", "as_json", is_flag=True, help="Print report.json as the last line, for programs.")
def train(
    recipe: str,
    data: str | None,
    out: Path,
    settings: tuple[str, ...],
    no_monitor: bool,
    as_json: bool,
    **options: Any,  # of ganlib.run.train, by the same names
) -> None:
    """Train RECIPE, one of those that `ganlib recipes` lists.

    The run's folder gets checkpoints and, in samples, pictures on the way; at the end report.html, report.json and
    history.csv. A run that was stopped, however, goes on with --resume as if it had not been. The monitor's sentences
    and the progress go to standard error.
    """
    from ganlib.runtime import report, run

    changes = parse_settings(settings) | ({} if data is None else {"data": data})
    page = run.train(ganlib.recipe(recipe, **changes), out, watch=not no_monitor, **options)
    if int(os.environ.get("RANK", 0)) > 0:  # of several workers the first one speaks
        return
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    text = f"{report.table(report.read(out))}\n\nThe whole report: {page}"
    click.echo(json.dumps(written, ensure_ascii=False) if as_json else text)


@_command(
    "ganlib sample runs/digits -n 64 --out grid.png",
    "ganlib sample runs/digits -n 10000 --seed 3 --out samples.npz",
    "ganlib sample runs/conditional --label 3 --out threes.png",
)
@_number("-n", 64, 1, "How many.")
@click.option("--out", required=True, type=_path, help="FILE.png for a picture, FILE.npz for numbers.")
@_number("--seed", 0, 0, "Of the latents.")
@_number("--label", None, 0, "Of which class, where the recipe has classes. Default: all in turn.")
@_of_a_run
def sample(directory: Path, n: int, out: Path, seed: int, label: int | None, **where: Any) -> None:
    """Draw samples from the run in DIRECTORY.

    An .npz file holds them as `samples`: (n, height, width, channels) in [-1, 1], or points (n, 2). Where the recipe
    has classes it also holds `labels` (n,).
    """
    if out.suffix.lower() not in (".png", ".npz"):
        raise click.BadParameter(f"{out} ends neither in .png nor in .npz.", param_hint="--out")
    import numpy as np

    from ganlib.runtime import files, pictures

    trainer = _load(directory, **where)
    labels = trainer.classes_in_turn(n) if label is None else np.full(n, label)
    samples = trainer.sample(n, seed=seed, labels=labels)
    if out.suffix.lower() == ".png":
        content = pictures.png(samples, columns=pictures.columns_of(trainer.recipe.classes) if label is None else None)
    else:
        arrays: dict[str, Any] = {"samples": samples} | ({} if labels is None else {"labels": labels})
        np.savez_compressed(buffer := io.BytesIO(), **arrays)
        content = buffer.getvalue()
    click.echo(files.write_aside(out, content))


@_command(
    "ganlib evaluate runs/digits",
    "ganlib evaluate runs/mnist --split test -n 10000 --json",
    "ganlib evaluate runs/pictures --data folder:pictures",
)
@click.option("--data", help="The data to compare with. Default: what it was trained on.")
@click.option("--split", default="train", show_default=True, type=click.Choice(("train", "test")), help="Its part.")
@_number("-n", 2500, 10, "Samples to score.")
@_number("--seed", 1, 0, "Of their latents.")
@_of_a_run
@_json
def evaluate(directory: Path, data: str | None, split: str, n: int, seed: int, as_json: bool, **where: Any) -> None:
    """Score the run in DIRECTORY, each score beside that of a perfect sampler."""
    from ganlib.data import load
    from ganlib.runtime import checks, scores

    trainer = _load(directory, **where)
    recipe = trainer.recipe if data is None else dataclasses.replace(trainer.recipe, data=data)
    compared = load(recipe, split=split)
    if recipe.source == "latents":
        samples = trainer.sample(n, seed=seed)
    else:
        samples = trainer.translate(checks.source_of(recipe, compared)[:n], seed=seed)
    found = scores.scores(compared, samples, trainer.classes_in_turn(n))
    if as_json:
        measured = {name: scores.as_json(score) for name, score in found.items()}
        click.echo(_to_json({"step": trainer.steps_done, "samples": n, "seed": seed, "metrics": measured}))
    else:
        click.echo(f"{trainer.recipe.name}, step {trainer.steps_done}, {n} samples\n{scores.table(found)}")


@_command("ganlib compare runs/digits runs/digits-r1", "ganlib compare runs/* --json")
@click.argument("directories", nargs=-1, required=True, type=_path)
@_json
def compare(directories: tuple[Path, ...], as_json: bool) -> None:
    """Compare runs: where their recipes differ, how far they are, and the scores of their reports."""
    from ganlib.runtime import report

    found, names = report.compare(directories), [str(directory) for directory in directories]
    if as_json:
        rows = found["metrics"].items()
        metrics = {name: [None if score is None else report.as_json(score) for score in row] for name, row in rows}
        click.echo(_to_json({"directories": names, **found, "metrics": metrics}))
    else:
        click.echo(report.comparison(names, found))


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """The changes that `--set` asks for: "width=4", "loss=hinge", "shape=(32, 32, 1)", "generator_optimiser.rate=1e-4".

    A value is a number, True, False or a tuple as in Python; anything else is text.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name, _, inner = name.strip().partition(".")
        if not equals or not name:
            wrong = f"{setting!r} is not of the form FIELD=VALUE, width=32 for example."
            raise click.BadParameter(wrong, param_hint="--set")
        if name in ("steps", "data"):
            raise click.BadParameter(f"{name} has an option of its own: --{name}.", param_hint="--set")
        own = changes.setdefault(name, {}) if inner else changes
        own[inner or name] = _value(text.strip())
    return changes


def _value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _load(directory: Path, backend: str | None, which: str | int, device: str | None) -> BaseTrainer:
    from ganlib.runtime import checkpoint

    checkpoint.describe(directory)  # a folder without a run is refused before a framework is loaded
    return ganlib.backend(backend).Trainer.load(directory, which=which, device=device)


def _to_json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
