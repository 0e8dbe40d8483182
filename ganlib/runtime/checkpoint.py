"""Files that training goes on from, the same for both frameworks.

A run's folder holds step-00000500.safetensors, step-00001000.safetensors, … Each file is whole in itself: the arrays as
safetensors; format, versions, step, recipe and random states as JSON in the file's header; a SHA-256 of all of it.
Nothing in it is ever executed or unpickled. Files are told apart by their step, never by their time.

    >>> saver = ganlib.checkpoint.Saver("runs/digits", every=500)
    >>> trainer.fit(data, callbacks=[saver])
    >>> trainer = gl.Trainer.load("runs/digits")          # in another process, after whatever happened
    >>> trainer.fit(data, callbacks=[saver])
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import math
import os
import platform
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import ganlib
from ganlib import arguments
from ganlib.errors import CheckpointError, CheckpointNotSaved, RecipeError
from ganlib.recipe import Recipe

FORMAT = 1
HEADER_LIMIT = 100_000_000  # bytes; safetensors' own
NAME = re.compile(r"step-([0-9]{8,18})\.safetensors")
NO_DIGEST = "0" * 64  # stands in the header while the digest is computed
FRAMEWORKS = ("torch", "tensorflow", "keras")
TERMINATED = 128 + signal.SIGTERM  # the exit status of a process that SIGTERM ended


def steps(directory: str | os.PathLike[str]) -> list[int]:
    """The steps of the checkpoints in a folder, the earliest first; empty if there are none, or no folder."""
    folder = _folder(directory)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CheckpointError(f"{os.fspath(directory)} cannot be read: {error.strerror}.") from error
    found = {int(match[1]) for name in names if (match := NAME.fullmatch(name))}
    return sorted(step for step in found if _path(directory, step).is_file())


def describe(directory: str | os.PathLike[str], which: str | int = "latest") -> dict[str, Any]:
    """What a checkpoint is, without loading a framework.

    Args:
        directory, which: as for `load`.

    Returns:
        "path", "step", "steps" (all of the folder's), "recipe" (a Recipe), "backend", "seed", "precision", "score" (the
        smaller the better; None without one), "versions" (name → version, of what wrote it) and "format".

    Raises:
        CheckpointError: as for `load`.
    """
    path = _choose(directory, which)
    _, header = _read_good(path)
    state = header["state"]
    try:
        found = {key: state[key] for key in ("backend", "seed", "precision")}
        recipe = Recipe.from_json(state["recipe"])
    except (KeyError, TypeError, RecipeError) as error:
        raise CheckpointError(f"{path} holds no state of a Trainer: {error!r}.") from error
    about = {key: header[key] for key in ("step", "score", "versions", "format")}
    return {"path": path, "steps": steps(directory), "recipe": recipe, **found, **about}


def save(
    directory: str | os.PathLike[str],
    step: int,
    arrays: Mapping[str, np.ndarray],
    state: Mapping[str, Any],
    keep: int | None = 3,
    score: float | None = None,
) -> Path:
    """Writes one checkpoint, all of it or nothing, and then removes those that need not be kept.

    Args:
        directory: the run's folder; made if it is not there.
        step: its step; a checkpoint of the same step is replaced.
        arrays: name → array.
        state: what else there is to save, as JSON takes it.
        keep: so many last ones are kept, and the one with the smallest score; None keeps all.
        score: how good this one is, the smaller the better.

    Raises:
        CheckpointNotSaved: the disk is full, the folder cannot be written to, … What was there before is intact.
        CheckpointError: the folder holds another run or a later step of this one, or another process works in it.
    """
    import safetensors.numpy

    if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 1):
        raise ValueError(f"keep must be a whole number of at least 1, or None for all, not {keep!r}.")
    header = {
        "sha256": NO_DIGEST,  # the first, so that its place is found
        "format": FORMAT,
        "step": step,
        "score": None if score is None or not math.isfinite(score) else float(score),
        "versions": _versions(),
        "state": state,
    }
    content = safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in arrays.items()}, {"ganlib": json.dumps(header)}
    )
    place = content.index(NO_DIGEST.encode())
    digest = hashlib.sha256(content).hexdigest().encode()
    path = _path(directory, step)
    aside = path.with_name(f".{path.name}.tmp")
    with lock(directory):
        refuse_another_run(directory, step, state)
        try:
            # What a process that was killed while it saved has left; nobody else works here.
            for left in path.parent.glob(".step-*.tmp"):
                left.unlink()
            with open(aside, "wb") as file:
                view = memoryview(content)
                for part in (view[:place], digest, view[place + len(digest) :]):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
            _sync_folder(path.parent)
        except BaseException as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            if isinstance(error, OSError):
                raise _not_saved(directory, path, error) from error
            raise
        if keep is not None:
            _prune(directory, step, keep)
    return path


def load(
    directory: str | os.PathLike[str], which: str | int = "latest"
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the state that `save` wrote, verified.

    A damaged file is never passed over in silence: the error names the newest good one and how to load it.

    Args:
        directory: the run's folder.
        which: "latest", the one of the highest step; "best", the one with the smallest score; or a step.

    Raises:
        CheckpointError: there is no such checkpoint, it is damaged, or it was written by a newer ganlib.
    """
    import safetensors
    import safetensors.numpy

    path = _choose(directory, which)
    content, header = _read_good(path)
    try:
        return safetensors.numpy.load(content), header["state"]
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(_damaged(path, f"its arrays cannot be read ({error})")) from error


@contextlib.contextmanager
def lock(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Keeps a run's folder to this process while the context lasts; made if it is not there.

    The operating system lets go of the lock when the process ends, however it ends. One process may take it again
    while it holds it.

    Raises:
        CheckpointError: another process holds it.
        CheckpointNotSaved: the folder cannot be made or written to.
    """
    import filelock

    directory = _folder(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(directory.resolve() / ".lock", blocking=False, is_singleton=True, thread_local=False)
        held.acquire()
    except filelock.Timeout:
        raise CheckpointError(
            f"Another process is working in {directory}. Wait for it, end it, or name another folder. "
            f"(On Linux `fuser {directory}/.lock` shows its number.)"
        ) from None
    except NotImplementedError:  # some network file systems
        warnings.warn(f"{directory} cannot be locked: see to it that one process at a time works there.", stacklevel=3)
        yield
        return
    except OSError as error:
        raise _not_saved(directory, directory, error) from error
    try:
        yield
    finally:
        held.release()


class Saver:
    """A callback for `fit` that saves on the way, at the end, and when the process is told to end (SIGTERM).

    A SIGTERM lets the step under way be done, saves, and then goes on to the handler that was there before; without one
    the process exits with status 143. A second SIGTERM does not wait. Put a Saver last among the callbacks, so that the
    others have heard of the end by then. While `fit` runs no other process can save in the folder.

    Args:
        directory: the run's folder; made if it is not there.
        every: steps from one checkpoint to the next.
        keep: so many last ones are kept, and the best one; None keeps all.
        best: what is best: a function of the trainer that gives a number, the smaller the better, for example a Fréchet
            distance; or the name of a metric, whose mean since the checkpoint before counts (beware: few losses of
            a GAN say how good its samples are); None keeps no best one.

    Example:
        >>> def distance(trainer):
        ...     return ganlib.metrics.frechet_distance(features, ganlib.metrics.features(trainer.sample(1000, seed=1)))
        >>> trainer.fit(data, callbacks=[ganlib.checkpoint.Saver("runs/digits", best=distance)])
        >>> gl.Trainer.load("runs/digits", which="best")
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        every: int = 500,
        keep: int | None = 3,
        best: str | Callable[[Any], float] | None = None,
    ) -> None:
        for name, value in (("every", every), ("keep", keep)):
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not whole and not (name == "keep" and value is None):
                raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}.")
        if best is not None and not isinstance(best, str) and not callable(best):
            raise TypeError(f"best must be a metric's name, a function of the trainer, or None, not {best!r}.")
        self.directory, self.every, self.keep, self.best = Path(directory), every, keep, best
        self._saved: int | None = None  # the step of the checkpoint that this run wrote last
        self._start: int = 0
        self._terminated = False
        self._before: Any = None  # the handler of SIGTERM that was there
        self._held = contextlib.ExitStack()

    def on_start(self, trainer: Any) -> None:
        """Takes the folder, and sees at once whether it can be saved into."""
        if isinstance(self.best, str) and self.best not in trainer.metric_names:
            raise ValueError(f"best is {self.best!r}, and the metrics are {', '.join(trainer.metric_names)}.")
        self._saved, self._start, self._terminated = None, trainer.steps_done, False
        if not _follower(trainer):
            self._held.enter_context(lock(self.directory))
            refuse_another_run(
                self.directory, trainer.steps_done, {"recipe": trainer.recipe.to_json(), "seed": trainer.seed}
            )
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGTERM)
            if self._before is not signal.SIG_IGN:
                signal.signal(signal.SIGTERM, lambda number, frame: self._terminate(trainer, frame))
                self._held.callback(signal.signal, signal.SIGTERM, self._before or signal.SIG_DFL)

    def on_step(self, trainer: Any, metrics: Mapping[str, float]) -> None:
        """Saves when it is time."""
        if trainer.steps_done % self.every == 0:
            self._save(trainer)

    def on_end(self, trainer: Any) -> None:
        """Saves the end of the run, and lets go of the folder."""
        with self._held:
            if trainer.broken_off:
                warnings.warn(
                    f"Step {trainer.steps_done + 1} was broken off halfway and is not saved. The checkpoints of "
                    f"{self.directory}: {steps(self.directory) or 'none'}.",
                    stacklevel=2,
                )
            elif trainer.steps_done != self._saved:
                self._save(trainer)
        if self._terminated:
            self._pass_on(None)

    def on_fail(self, trainer: Any) -> None:
        """Lets go of the folder and saves nothing: the checkpoint before stands."""
        self._held.close()

    def _save(self, trainer: Any) -> None:
        if _follower(trainer):
            return
        score = None
        if isinstance(self.best, str):
            since = self._start if self._saved is None else self._saved
            values = trainer.history[self.best][since : trainer.steps_done]
            score = float(np.mean(values)) if len(values) else None
        elif self.best is not None:
            score = float(self.best(trainer))
        trainer.save(self.directory, keep=self.keep, score=score)
        self._saved = trainer.steps_done

    def _terminate(self, trainer: Any, frame: Any) -> None:
        if self._terminated:
            self._pass_on(frame)
        self._terminated = True
        trainer.stop()

    def _pass_on(self, frame: Any) -> None:
        if not callable(self._before):
            raise SystemExit(TERMINATED)
        self._before(signal.SIGTERM, frame)


def differences(saved: Recipe, expected: Recipe) -> list[str]:
    """In what two recipes differ, a phrase a field. What they are about, and how many steps they take, does not count.

    Nor does the folder of images that lie in a folder: they may have moved.
    """
    theirs, ours = _fields(saved), _fields(expected)
    free = {"about", "steps"}
    if saved.data.startswith("folder:") and expected.data.startswith("folder:"):
        free.add("data")
    return [
        f"{name} is {theirs[name]!r} there and {ours[name]!r} here"
        for name in ours
        if name not in free and theirs[name] != ours[name]
    ]


def refuse_another_run(directory: str | os.PathLike[str], step: int, state: Mapping[str, Any]) -> None:
    """Raises CheckpointError if a run that is at `step` must not be saved in the folder.

    That is when the folder holds a later step, which would be taken for the latest one, or another run.
    """
    found = steps(directory)
    if found and found[-1] > step:
        raise CheckpointError(
            f"{directory} holds step {found[-1]}, and this run is at step {step}. Go on from there with "
            "Trainer.load(directory), name another folder, or remove the later checkpoints to train them again."
        )
    for newest in reversed(found):
        try:
            _, there = _read_header(_path(directory, newest))
            saved, expected = (Recipe.from_json(one["recipe"]) for one in (there["state"], state))
            differing = differences(saved, expected)
            if there["state"]["seed"] != state["seed"]:
                differing.append(f"seed is {there['state']['seed']!r} there and {state['seed']!r} here")
        except (_Unreadable, KeyError, TypeError, RecipeError):
            continue
        if differing:
            raise CheckpointError(f"{directory} holds another run: {'; '.join(differing)}. Name another folder.")
        return


class _Unreadable(Exception):
    """Why a file is no good checkpoint."""


def _folder(directory: Any) -> Path:
    if not isinstance(directory, str | os.PathLike):
        raise TypeError(f"directory must be the path of a run's folder, not {arguments.describe(directory)}.")
    return Path(directory)


def _path(directory: str | os.PathLike[str], step: int) -> Path:
    return _folder(directory) / f"step-{step:08d}.safetensors"


def _choose(directory: str | os.PathLike[str], which: str | int) -> Path:
    found = steps(directory)
    if not (which in ("latest", "best") or (isinstance(which, int) and not isinstance(which, bool))):
        raise CheckpointError(f"which must be 'latest', 'best' or a step, not {which!r}.")
    if not found:
        hint = (
            "That is a file; give its folder." if os.path.isfile(directory) else "Trainer.save(directory) writes one."
        )
        raise CheckpointError(f"There is no checkpoint in {os.fspath(directory)}. {hint}")
    if which == "latest":
        return _path(directory, found[-1])
    if which == "best":
        best = _best(directory)
        if best is None:
            raise CheckpointError(
                f"No checkpoint in {os.fspath(directory)} has a score to be the best by. "
                "Saver(directory, best=...) gives them one."
            )
        return _path(directory, best)
    if which not in found:
        listed = ", ".join(map(str, found))
        raise CheckpointError(f"There is no checkpoint of step {which} in {os.fspath(directory)}. It has {listed}.")
    return _path(directory, int(which))


def _best(directory: str | os.PathLike[str]) -> int | None:
    """The step of the smallest score; of equal ones the latest."""
    scores = []
    for step in steps(directory):
        with contextlib.suppress(_Unreadable):
            score = _read_header(_path(directory, step))[1]["score"]
            if score is not None and math.isfinite(score):
                scores.append((score, -step))
    return -min(scores)[1] if scores else None


def _prune(directory: str | os.PathLike[str], step: int, keep: int) -> None:
    found = steps(directory)
    kept = {step, _best(directory), *found[-keep:]}
    for old in found:
        if old not in kept:
            with contextlib.suppress(OSError):  # the new one is safe; an old one too many does no harm
                _path(directory, old).unlink()


def _read_header(path: Path) -> tuple[int, dict[str, Any]]:
    """The length of the safetensors header, and ganlib's part of it. Reads no array and trusts no length."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(size - 8, HEADER_LIMIT):
                raise _Unreadable("it is truncated, or no safetensors file")
            outer = json.loads(file.read(length))
        metadata = outer.get("__metadata__") if isinstance(outer, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("ganlib"), str):
            raise _Unreadable("it is a safetensors file, but not one of ganlib's checkpoints")
        header = json.loads(metadata["ganlib"])
    except OSError as error:
        raise _Unreadable(f"it cannot be read ({error})") from error
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"its header is no JSON ({error})") from error
    kind = header.get("format") if isinstance(header, dict) else None
    if not isinstance(kind, int):
        raise _Unreadable("its header names no format")
    if kind > FORMAT:
        versions = header.get("versions")
        writer = versions.get("ganlib", "?") if isinstance(versions, dict) else "?"
        raise CheckpointError(
            f"{path} has format {kind}, newer than this ganlib {ganlib.__version__} reads, which knows formats up to "
            f"{FORMAT}. It was written by ganlib {writer}: upgrade to that."
        )
    kinds = {"sha256": str, "step": int, "score": int | float | None, "versions": dict, "state": dict}
    for key, expected in kinds.items():
        if key not in header or not isinstance(header[key], expected):
            raise _Unreadable(f"its header has no right {key!r}")
    return length, header


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The whole file, verified, and ganlib's header."""
    length, header = _read_header(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _Unreadable(f"it cannot be read ({error})") from error
    digest = header["sha256"].encode()
    place = content.find(digest, 8, 8 + length)
    if len(digest) != len(NO_DIGEST) or place < 0:
        raise _Unreadable("its checksum is missing")
    view, found = memoryview(content), hashlib.sha256()
    for part in (view[:place], NO_DIGEST.encode(), view[place + len(digest) :]):
        found.update(part)
    if found.hexdigest().encode() != digest:
        raise _Unreadable(f"its SHA-256 is {found.hexdigest()}, and it was written with {header['sha256']}")
    if path != _path(path.parent, header["step"]):
        raise _Unreadable(f"it was written as step {header['step']} and renamed")
    return content, header


def _read_good(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        return _read(path)
    except _Unreadable as error:
        raise CheckpointError(_damaged(path, str(error))) from error


def _damaged(path: Path, why: str) -> str:
    """The message about a damaged file, with the newest one that is good."""
    for step in reversed(steps(path.parent)):
        other = _path(path.parent, step)
        with contextlib.suppress(_Unreadable, CheckpointError):
            if other != path:
                _read(other)
                return (
                    f"{path} is damaged: {why}. The newest good one is of step {step}: remove the damaged file and "
                    f"load again, or load that one with which={step}."
                )
    return f"{path} is damaged: {why}. There is no other good checkpoint in its folder."


def _not_saved(directory: str | os.PathLike[str], path: Path, error: OSError) -> CheckpointNotSaved:
    remedy = "Choose a folder that can be written to."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = "Make room there, or choose a folder elsewhere."
    left: list[int] = []
    with contextlib.suppress(CheckpointError):
        left = steps(directory)
    intact = f" What was saved before is intact; the last is of step {left[-1]}." if left else ""
    told = CheckpointNotSaved(f"{path} could not be written: {error.strerror or error}.{intact} {remedy}")
    told.errno = error.errno
    return told


def _sync_folder(folder: Path) -> None:
    """Makes a rename outlive a power cut. Windows needs no such thing, and some network file systems know none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _versions() -> dict[str, str]:
    """Of what is loaded: importing a framework to ask it would take seconds."""
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in FRAMEWORKS}
    own = {"ganlib": ganlib.__version__, "python": platform.python_version(), "numpy": np.__version__}
    return {**own, **{name: str(version) for name, version in loaded.items() if version is not None}}


def _fields(recipe: Recipe) -> dict[str, Any]:
    """Field → value, an optimiser's as generator_optimiser.rate and so on."""
    flat: dict[str, Any] = {}
    for name, value in dataclasses.asdict(recipe).items():
        inner = value.items() if isinstance(value, dict) else ()
        flat.update({f"{name}.{key}": part for key, part in inner} or {name: value})
    return flat


def _follower(trainer: Any) -> bool:
    """Of several workers that train together, all but the first, which alone writes."""
    return bool(getattr(trainer, "rank", 0))
