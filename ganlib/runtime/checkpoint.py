"""Checkpoints, from which training goes on, in either framework.

A run's folder holds step-00000500.safetensors, … Each file is whole in itself, with a checksum.

    >>> saver = ganlib.checkpoint.Saver("runs/digits", every=500, best=ganlib.report.distance(data))
    >>> trainer.fit(data, callbacks=[saver])
    >>> trainer = gl.Trainer.load("runs/digits")          # in another process, after whatever happened; or which="best"
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np

from ganlib import arguments
from ganlib.errors import CheckpointError, CheckpointNotSaved, RecipeError
from ganlib.recipe import Recipe
from ganlib.runtime import files
from ganlib.runtime.files import Folder, Json, Unreadable, differences

if TYPE_CHECKING:
    from ganlib.runtime.trainer import BaseTrainer

Arrays = Mapping[str, np.ndarray]
NAME = re.compile(r"step-([0-9]{8,18})\.safetensors")


def steps(directory: Folder) -> list[int]:
    """The steps of the checkpoints in a folder, the earliest first; empty if there are none, or no folder."""
    try:
        names = os.listdir(_folder(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CheckpointError(f"{os.fspath(directory)} cannot be read: {error.strerror}.") from error
    found = {int(match[1]) for name in names if (match := NAME.fullmatch(name))}
    return sorted(step for step in found if _path(directory, step).is_file())


def describe(directory: Folder, which: str | int = "latest") -> Json:
    """What a checkpoint is, without loading a framework. Takes and raises what `load` does.

    It gives "path", "step", "steps" (all of the folder's), "recipe" (a Recipe), "backend", "seed", "precision", "score"
    (None without one), "versions" (name → version, of what wrote it) and "format".
    """
    path, _, header = _read(directory, which)
    try:
        state = {key: header["state"][key] for key in ("backend", "seed", "precision")}
        state |= {key: header[key] for key in ("step", "score", "versions", "format")}
        return {"path": path, "steps": steps(directory), **state, "recipe": Recipe.from_json(header["state"]["recipe"])}
    except (KeyError, TypeError, RecipeError) as error:
        raise CheckpointError(f"{path} holds no state of a Trainer: {error!r}.") from error


def save(
    directory: Folder, step: int, arrays: Arrays, state: Json, keep: int | None = 3, score: float | None = None
) -> Path:
    """Writes one checkpoint, all of it or nothing, and then removes those that need not be kept.

    `Trainer.save` calls it; directory, keep, score and errors are described there. The arrays go by name, `state` is
    whatever else there is to save, as JSON takes it. A checkpoint of the same step is replaced.
    """
    keep, path = _checked_keep(keep), _path(directory, step)
    with lock(directory):
        _refuse_another_run(directory, step, state)
        try:
            # What a process that was killed while it saved has left; nobody else works here.
            for left in path.parent.glob(".step-*.tmp"):
                left.unlink()
            files.write_checkpoint(path, step, arrays, state, score)
        except OSError as error:
            raise _not_saved(directory, path, error) from error
        if keep is not None:
            _prune(directory, step, keep)
    return path


def load(directory: Folder, which: str | int = "latest") -> tuple[dict[str, np.ndarray], Json]:
    """The arrays and the state that `save` wrote, verified.

    `which` is "latest", "best", the one with the smallest score, or a step. A CheckpointError says that there is none,
    that a newer ganlib wrote it, or that it is damaged, and then names the newest good one.
    """
    import safetensors
    import safetensors.numpy

    path, content, header = _read(directory, which)
    try:
        return safetensors.numpy.load(content), header["state"]
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(_damaged(path, f"its arrays cannot be read ({error})")) from error


@contextlib.contextmanager
def lock(directory: Folder) -> Iterator[None]:
    """Keeps a run's folder, which is made if need be, to this process while the context lasts, however it ends.

    A CheckpointError says that another process holds it, a CheckpointNotSaved that it cannot be made or written to.
    """
    import filelock

    directory = _folder(directory)
    with contextlib.ExitStack() as held:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path = directory.resolve() / ".lock"
            held.enter_context(filelock.FileLock(path, blocking=False, is_singleton=True, thread_local=False))
        except filelock.Timeout:
            said = f"Another process is working in {directory}. Wait for it, end it, or name another folder."
            raise CheckpointError(f"{said} (On Linux `fuser {directory}/.lock` shows its number.)") from None
        except NotImplementedError:  # some network file systems
            said = f"{directory} cannot be locked: see to it that one process at a time works there."
            warnings.warn(said, stacklevel=3)
        except OSError as error:
            raise _not_saved(directory, directory, error) from error
        yield


class Saver:
    """A callback for `fit` that saves on the way, at the end, and when the process is told to end (SIGTERM).

    A SIGTERM lets the step under way be done, saves, and goes on to the handler that was there before, or exits with
    status 143; a second one does not wait. Put a Saver last among the callbacks. While `fit` runs no other process can
    save in the folder.

    Args:
        directory: the run's folder; made if it is not there.
        every: steps from one checkpoint to the next.
        keep: how many of the last ones are kept, beside the best one; None keeps all.
        best: a function of the trainer that gives a number, the smaller the better, such as
            `ganlib.report.distance(data)`; or the name of a metric, whose mean since the checkpoint before counts,
            though few losses of a GAN say how good its samples are; None keeps no best one.
    """

    def __init__(
        self,
        directory: Folder,
        every: int = 500,
        keep: int | None = 3,
        best: str | Callable[[BaseTrainer], float] | None = None,
    ) -> None:
        self.every, self.keep = arguments.whole("every", every, 1), _checked_keep(keep)
        if best is not None and not isinstance(best, str) and not callable(best):
            raise TypeError(f"best must be a metric's name, a function of the trainer, or None, not {best!r}.")
        self.directory, self.best = Path(directory), best
        self._saved: int | None = None  # the step of the checkpoint that this run wrote last
        self._terminated = False
        self._before: Callable[[int, FrameType | None], object] | int | None = None  # the handler that was there
        self._held = contextlib.ExitStack()

    def on_start(self, trainer: BaseTrainer) -> None:
        """Takes the folder, and sees at once whether it can be saved into."""
        if isinstance(self.best, str) and self.best not in trainer.metric_names:
            raise ValueError(f"best is {self.best!r}, and the metrics are {', '.join(trainer.metric_names)}.")
        self._saved, self._start, self._terminated = None, trainer.steps_done, False
        if not trainer.rank:
            self._held.enter_context(lock(self.directory))
            run = {"recipe": trainer.recipe.to_json(), "seed": trainer.seed}
            _refuse_another_run(self.directory, trainer.steps_done, run)
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGTERM)
            if self._before is not signal.SIG_IGN:
                signal.signal(signal.SIGTERM, lambda number, frame: self._terminate(trainer, frame))
                self._held.callback(signal.signal, signal.SIGTERM, self._before or signal.SIG_DFL)

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        if trainer.steps_done % self.every == 0:
            self._save(trainer)

    def on_end(self, trainer: BaseTrainer) -> None:
        """Saves the end of the run, and lets go of the folder."""
        with self._held:
            if trainer.broken_off:
                said = f"Step {trainer.steps_done + 1} was broken off halfway and is not saved. The checkpoints of "
                warnings.warn(said + f"{self.directory}: {steps(self.directory) or 'none'}.", stacklevel=2)
            elif trainer.steps_done != self._saved:
                self._save(trainer)
        if self._terminated:
            self._pass_on(None)

    def on_fail(self, trainer: BaseTrainer) -> None:
        """Lets go of the folder and saves nothing: the checkpoint before stands."""
        self._held.close()

    def _save(self, trainer: BaseTrainer) -> None:
        if trainer.rank:  # of several workers that train together the first alone writes
            return
        score = None
        if isinstance(self.best, str):
            values = trainer.history[self.best][self._start if self._saved is None else self._saved :]
            score = float(np.mean(values)) if len(values) else None
        elif self.best is not None:
            score = float(self.best(trainer))
        trainer.save(self.directory, keep=self.keep, score=score)
        self._saved = trainer.steps_done

    def _terminate(self, trainer: BaseTrainer, frame: FrameType | None) -> None:
        if self._terminated:
            self._pass_on(frame)
        self._terminated = True
        trainer.stop()

    def _pass_on(self, frame: FrameType | None) -> None:
        if not callable(self._before):
            raise SystemExit(128 + signal.SIGTERM)
        self._before(signal.SIGTERM, frame)


def _refuse_another_run(directory: Folder, step: int, state: Json) -> None:
    """Refuses a folder that holds another run, or a later step, which would be taken for the latest one."""
    found = steps(directory)
    if found and found[-1] > step:
        raise CheckpointError(
            f"{directory} holds step {found[-1]}, and this run is at step {step}. Go on from there with "
            "Trainer.load(directory), name another folder, or remove the later checkpoints to train them again."
        )
    for newest in reversed(found):
        with contextlib.suppress(Unreadable, KeyError, TypeError, RecipeError):
            there = files.read_checkpoint(_path(directory, newest), whole=False)[1]["state"]
            differing = differences(*(Recipe.from_json(one["recipe"]) for one in (there, state)))
            if there["seed"] != state["seed"]:
                differing.append(f"seed is {there['seed']!r} there and {state['seed']!r} here")
            if not differing:
                return
            raise CheckpointError(f"{directory} holds another run: {'; '.join(differing)}. Name another folder.")


def _folder(directory: Folder) -> Path:
    if not isinstance(directory, str | os.PathLike):
        raise TypeError(f"directory must be the path of a run's folder, not {arguments.describe(directory)}.")
    return Path(directory)


def _path(directory: Folder, step: int) -> Path:
    return _folder(directory) / files.checkpoint_name(step)


def _best(directory: Folder) -> int | None:
    """The step of the smallest score; of equal ones the latest."""
    scores = []
    for step in steps(directory):
        with contextlib.suppress(Unreadable):
            scores.append((files.read_checkpoint(_path(directory, step), whole=False)[1]["score"], -step))
    known = [one for one in scores if one[0] is not None]
    return -min(known)[1] if known else None


def _prune(directory: Folder, step: int, keep: int) -> None:
    found = steps(directory)
    for old in set(found) - {step, _best(directory), *found[-keep:]}:
        with contextlib.suppress(OSError):  # the new one is safe; an old one too many does no harm
            _path(directory, old).unlink()


def _read(directory: Folder, which: str | int) -> tuple[Path, bytes, Json]:
    """The checkpoint that is asked for: its path, all of its bytes, verified, and ganlib's header."""
    kept, place = steps(directory), os.fspath(directory)
    if which not in ("latest", "best") and (isinstance(which, bool) or not isinstance(which, int)):
        raise CheckpointError(f"which must be 'latest', 'best' or a step, not {which!r}.")
    if not kept:
        hint = "That is a file; give its folder." if os.path.isfile(place) else "Trainer.save(directory) writes one."
        raise CheckpointError(f"There is no checkpoint in {place}. {hint}")
    step = kept[-1] if which == "latest" else _best(directory) if which == "best" else which
    if step is None:
        raise CheckpointError(f"No checkpoint in {place} has a score. Saver(directory, best=...) gives them one.")
    if step not in kept:
        raise CheckpointError(f"There is no checkpoint of step {which} in {place}. It has {', '.join(map(str, kept))}.")
    path = _path(directory, int(step))
    try:
        return path, *files.read_checkpoint(path)
    except Unreadable as error:
        raise CheckpointError(_damaged(path, str(error))) from error


def _damaged(path: Path, why: str) -> str:
    for step in reversed(steps(path.parent)):
        with contextlib.suppress(Unreadable, CheckpointError):
            if (other := _path(path.parent, step)) != path and files.read_checkpoint(other):
                return (
                    f"{path} is damaged: {why}. The newest good one is of step {step}: remove the damaged file and "
                    f"load again, or load that one with which={step}."
                )
    return f"{path} is damaged: {why}. There is no other good checkpoint in its folder."


def _not_saved(directory: Folder, path: Path, error: OSError) -> CheckpointNotSaved:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "Make room there, or choose a folder elsewhere." if full else "Choose a folder that can be written to."
    left: list[int] = []
    with contextlib.suppress(CheckpointError):
        left = steps(directory)
    intact = f" What was saved before is intact; the last is of step {left[-1]}." if left else ""
    refusal = CheckpointNotSaved(f"{path} could not be written: {error.strerror or error}.{intact} {remedy}")
    refusal.errno = error.errno
    return refusal


def _checked_keep(keep: int | None) -> int | None:
    return None if keep is None else arguments.whole("keep (None keeps all)", keep, 1)
