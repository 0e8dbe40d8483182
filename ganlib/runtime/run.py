"""A training in a folder of its own, with everything that makes it safe: what `ganlib train` calls.

    >>> ganlib.run.train(ganlib.recipe("dcgan-digits"), "runs/digits")
    >>> ganlib.run.train(ganlib.recipe("dcgan-digits"), "runs/digits", resume=True)      # after it was stopped

The folder holds checkpoints, in `samples` pictures on the way, and at the end what `ganlib.report.write` writes.
"""

import contextlib
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ganlib.backends import backend as choose_backend
from ganlib.data import Data, load
from ganlib.errors import CheckpointError, TrainingFailed
from ganlib.recipe import Recipe
from ganlib.runtime import callbacks, checkpoint, report
from ganlib.runtime.files import write_aside
from ganlib.runtime.monitor import Monitor
from ganlib.runtime.trainer import BaseTrainer

# What the folder of a run holds beside checkpoints.
OURS = ("samples", "tensorboard", "report.html", "report.json", "history.csv", "monitor.json")
STOPPED = "Stopped; step {} is saved. With --resume (resume=True) the training goes on from there."
FAILED = "The last good state is kept, of step {}; every number up to the failure is in history.csv."


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
    say: Callable[[str], object] | None = None,
) -> Path:
    """Trains a recipe on its data, saves and draws on the way, and writes a report at the end.

    Args:
        recipe: the experiment.
        directory: new or empty, unless the run is resumed.
        backend: as for `ganlib.backend`.
        steps: in all. None takes the recipe's, or what the run that is resumed had.
        seed, precision, device: as for a Trainer; None takes what the run that is resumed had. Of several devices,
            "GPU:0,GPU:1", TensorFlow gives each a share of every batch; PyTorch takes one a process (torchrun).
        every: steps from one checkpoint, and picture, to the next.
        resume: goes on from the last checkpoint, of either framework; starts if there is none.
        watch, tensorboard: whether `ganlib.monitor.Monitor` looks on, and whether to log for TensorBoard.
        say: is given each sentence for people: what the monitor sees, what was resumed. None writes to standard error.

    Returns the path of report.html. A CheckpointError if the folder holds something else, another run, or another
    process works in it; TrainingFailed if a number became NaN or infinite; KeyboardInterrupt and SystemExit (143) on
    Ctrl-C and SIGTERM, once the step under way is done and saved.
    """
    # Of several workers that torchrun starts, the first alone writes; it sees to the folder.
    follower = int(os.environ.get("RANK", 0)) > 0
    directory, say = Path(directory), say or (_say if not follower else lambda sentence: None)
    found = bool(resume and checkpoint.steps(directory)) if follower else _check_folder(directory, resume)
    gl = choose_backend(backend)
    data = load(recipe)
    devices = (device or "").replace(" ", "").split(",")
    with contextlib.ExitStack() as held:
        if not follower:
            held.enter_context(checkpoint.lock(directory))
        if len(devices) > 1:  # trainers made in here use all of them
            held.enter_context(gl.distributed.over(devices))
            device = None
        if found:
            saved = checkpoint.describe(directory)
            if seed not in (None, saved["seed"]):
                has = f"The run in {directory} has seed {saved['seed']}, and not {seed}"
                raise CheckpointError(f"{has}. Leave the seed out to go on with it, or name a new folder.")
            recipe = dataclasses.replace(recipe, steps=steps or saved["recipe"].steps)
            trainer = gl.Trainer.load(directory, precision=precision, device=device, recipe=recipe)
            say(f"Going on from step {trainer.steps_done}.")
        else:
            trainer = gl.Trainer(dataclasses.replace(recipe, steps=steps or recipe.steps), seed or 0, precision, device)
        monitor = _watch(trainer, data, directory / "monitor.json", say) if watch and not follower else None
        listeners: list[object] = [] if monitor is None else [monitor]
        if not follower:
            listeners.append(callbacks.Samples(directory / "samples", every, data=data))
            if tensorboard:
                listeners.append(callbacks.TensorBoard(directory / "tensorboard", every_picture=every))
            listeners.append(_Notes(monitor, directory / "monitor.json", say, every))
        listeners.append(checkpoint.Saver(directory, every=every, best=report.distance(data)))
        started = time.perf_counter()
        if trainer.steps_done < trainer.recipe.steps:
            try:
                trainer.fit(data, callbacks=listeners)
                if trainer.steps_done < trainer.recipe.steps:
                    raise KeyboardInterrupt  # fit let it wait for the end of the step
            except (KeyboardInterrupt, SystemExit, TrainingFailed) as end:
                if not follower:
                    history = end.history if isinstance(end, TrainingFailed) else trainer.history
                    report.write_history(history, directory / "history.csv")
                if kept := checkpoint.steps(directory):
                    say((FAILED if isinstance(end, TrainingFailed) else STOPPED).format(kept[-1]))
                raise
        else:
            say(f"All {trainer.recipe.steps} steps are done. Say how far with steps to train on.")
        if follower:
            return directory / "report.html"
        # After a resumption the clock has seen only a part.
        seconds = None if found else time.perf_counter() - started
        return report.write(trainer, data, directory, findings=monitor.findings if monitor else (), seconds=seconds)


def _say(sentence: str) -> None:
    from tqdm import tqdm

    tqdm.write(sentence, file=sys.stderr)  # above the progress bar, if there is one


def _watch(trainer: BaseTrainer, data: Data, kept: Path, say: Callable[[str], object]) -> Monitor:
    """A monitor that goes on where that of the run that was stopped was; without its file, or a whole one, anew."""
    if trainer.steps_done:
        with contextlib.suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
            monitor = Monitor(data=data, say=say)
            monitor.restore(trainer, json.loads(kept.read_text(encoding="utf-8")))
            return monitor
    return Monitor(data=data, say=say)


class _Notes:
    """Says the losses where there is no progress bar, and writes down what the monitor saw, for a run that goes on."""

    def __init__(self, monitor: Monitor | None, kept: Path, say: Callable[[str], object], every: int) -> None:
        self.monitor, self.kept, self.say, self.every = monitor, kept, say, every

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        step, last = trainer.steps_done, trainer.recipe.steps
        if step % self.every == 0:
            self.on_end(trainer)
        if (step % self.every == 0 or step == last) and not sys.stderr.isatty():
            losses = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items() if name.endswith("loss"))
            self.say(f"Step {step} of {last}: {losses}")

    def on_end(self, trainer: BaseTrainer) -> None:
        if self.monitor is not None:
            write_aside(self.kept, json.dumps(self.monitor.state()))


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
        instead = f", or go on from its step {steps[-1]} with --resume (resume=True)." if steps else "."
        raise CheckpointError(f"{directory} is not empty: it holds {many}. Name a new folder{instead}")
    foreign = [name for name in held if name not in OURS]
    if not steps and foreign:
        raise CheckpointError(f"{directory} holds no checkpoint, but {foreign[0]}. Name a run's folder, or a new one.")
    return bool(steps)
