"""A training in a folder of its own, with everything that makes it safe: what `ganlib train` calls.

    >>> ganlib.run.train(ganlib.recipe("dcgan-digits"), "runs/digits")
    >>> ganlib.run.train(ganlib.recipe("dcgan-digits"), "runs/digits", resume=True)      # after it was stopped

The folder holds checkpoints (`ganlib.checkpoint`), in `samples` pictures on the way, and at the end what
`ganlib.report.write` writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ganlib
from ganlib import callbacks, checkpoint, data, monitor, report
from ganlib.errors import CheckpointError, TrainingFailed
from ganlib.recipe import Recipe

OURS = ("samples", "tensorboard", "report.html", "report.json", "history.csv")  # in the folder, beside checkpoints
TERMINATED = 128 + signal.SIGTERM  # the exit status of a process that SIGTERM ended


def train(
    recipe: Recipe,
    directory: str | os.PathLike[str],
    *,
    backend: str | None = None,
    steps: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    device: str | None = None,
    every: int = 500,
    resume: bool = False,
    watch: bool = True,
    tensorboard: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Trains a recipe on its data, saves and draws on the way, and writes a report at the end.

    Args:
        recipe: the experiment.
        directory: new or empty, unless the run is resumed.
        backend: as for `ganlib.backend`.
        steps: in all. None takes the recipe's, or what the run that is resumed had.
        seed, precision, device: as for a Trainer; None takes 0, the recipe's and a GPU where there is one, or what the
            run that is resumed had.
        every: steps from one checkpoint, and picture, to the next.
        resume: goes on from the last checkpoint, of either framework; starts if there is none.
        watch: whether `ganlib.monitor.Monitor` looks on.
        tensorboard: whether to log for TensorBoard.
        say: is given each sentence for people: what the monitor sees, what was resumed. None writes to standard error.

    Returns:
        The path of report.html.

    Raises:
        CheckpointError: the folder holds something else, another run, or another process works in it.
        TrainingFailed: a number became NaN or infinite.
        KeyboardInterrupt: Ctrl-C, once the step under way is done and saved.
        SystemExit: SIGTERM, likewise, with status 143.
    """
    directory, say = Path(directory), say or _say
    found = _check_folder(directory, resume)
    gl = ganlib.backend(backend)
    samples = data.load(recipe)
    with checkpoint.lock(directory):
        if found:
            trainer = gl.Trainer.load(directory, precision=precision, device=device)
            _check_same(directory, trainer, recipe, seed)
            say(f"Going on from step {trainer.steps_done}.")
        else:
            trainer = gl.Trainer(recipe, seed or 0, precision, device)
        # How long, and where images lie, may change from one part of a run to the next.
        trainer.recipe = dataclasses.replace(trainer.recipe, data=recipe.data, steps=steps or trainer.recipe.steps)
        left = trainer.recipe.steps - trainer.steps_done
        watching = monitor.Monitor(data=samples, say=say) if watch else None
        seconds = None
        if left > 0:
            seconds = _fit(trainer, samples, left, directory, every, watching, tensorboard, say)
        else:
            say(f"All {trainer.recipe.steps} steps are done. Say how far with steps to train on.")
        findings = watching.findings if watching else ()
        # After a resumption the clock has seen only a part.
        return report.write(trainer, samples, directory, findings=findings, seconds=None if found else seconds)


def _fit(
    trainer: Any,
    samples: data.Data,
    steps: int,
    directory: Path,
    every: int,
    watching: Any,
    tensorboard: bool,
    say: Callable[[str], None],
) -> float:
    """Trains so many steps with everything that looks on, and returns the seconds that it took."""
    listeners: list[Any] = [] if watching is None else [watching]
    listeners.append(callbacks.Samples(directory / "samples", every, data=samples))
    if tensorboard:
        listeners.append(callbacks.TensorBoard(directory / "tensorboard", every_picture=every))
    if not sys.stderr.isatty():
        listeners.append(_Lines(say, every))
    listeners.append(checkpoint.Saver(directory, every=every))
    goal, start = trainer.steps_done + steps, time.perf_counter()
    try:
        with _terminated(trainer.stop) as terminated:
            trainer.fit(samples, steps=steps, callbacks=listeners)
    except TrainingFailed as error:
        report.write_history(error.history, directory / "history.csv")
        if kept := checkpoint.steps(directory):
            say(f"The last good state is kept, of step {kept[-1]}; every number up to the failure is in history.csv.")
        raise
    if trainer.steps_done < goal:
        say(f"Stopped at step {trainer.steps_done} and saved. With --resume (resume=True) it goes on from here.")
        if terminated():
            raise SystemExit(TERMINATED)
        raise KeyboardInterrupt
    return time.perf_counter() - start


class _Lines:
    """Where there is no terminal for a progress bar: a line with the losses from time to time."""

    def __init__(self, say: Callable[[str], None], every: int) -> None:
        self.say, self.every = say, every

    def on_step(self, trainer: Any, metrics: dict[str, float]) -> None:
        step, last = trainer.steps_done, trainer.recipe.steps
        if step % self.every == 0 or step == last:
            losses = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if name.endswith("loss"))
            self.say(f"Step {step} of {last}: {losses}")


def _say(sentence: str) -> None:
    from tqdm import tqdm

    tqdm.write(sentence, file=sys.stderr)  # above the progress bar, if there is one


@contextlib.contextmanager
def _terminated(stop: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Lets SIGTERM call `stop`; what it yields tells whether it came."""
    came = False

    def handler(number: int, frame: Any) -> None:
        nonlocal came
        came = True
        stop()

    if threading.current_thread() is not threading.main_thread():
        yield lambda: came
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_folder(directory: Path, resume: bool) -> bool:
    """Whether there is a checkpoint to go on from. Refuses a folder that holds what is not to be written over."""
    if not directory.exists():
        return False
    if not directory.is_dir():
        raise CheckpointError(f"{directory} is a file. Name a folder, one that is new or empty.")
    held = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    steps = checkpoint.steps(directory)
    if held and not resume:
        many = f"{', '.join(held[:3])} and {len(held) - 3} more" if len(held) > 4 else ", ".join(held)
        raise CheckpointError(
            f"{directory} is not empty: it holds {many}. Name a new folder"
            + (f", or go on from its step {steps[-1]} with --resume (resume=True)." if steps else ".")
        )
    foreign = [name for name in held if name not in OURS]
    if not steps and foreign:
        raise CheckpointError(
            f"{directory} holds no checkpoint, but {foreign[0]}. Name the folder of a run, or a new one."
        )
    return bool(steps)


def _check_same(directory: Path, trainer: Any, recipe: Recipe, seed: int | None) -> None:
    """Refuses to go on from another run than the one that is described."""
    ours, theirs = report.fields(recipe), report.fields(trainer.recipe)
    if seed is not None:
        ours["seed"], theirs["seed"] = seed, trainer.seed
    free = {"about", "steps", "precision"}
    if all(recipe["data"].startswith("folder:") for recipe in (ours, theirs)):
        free.add("data")  # images may have moved
    differing = [f"{k} is {theirs[k]} there and {v} here" for k, v in ours.items() if k not in free and v != theirs[k]]
    if differing:
        raise CheckpointError(
            f"The run in {directory} is another one: {'; '.join(differing[:5])}"
            + (f"; and {len(differing) - 5} more." if len(differing) > 5 else ".")
            + " Give the same recipe to go on with it, or name a new folder."
        )
