"""Gives damaged and hostile files to everything that reads files, and prints what came of it.

    python benchmarks/fuzz.py                                  # ten thousand cases, a few minutes
    python benchmarks/fuzz.py --cases 500 --seed 7
    python benchmarks/fuzz.py --only images --backend tensorflow

A case is a valid file, changed: bits flipped, cut off, lengthened, its sizes replaced by huge ones; of a compressed or
structured file also below the compression or the structure. The reader must accept it or refuse it with an error of
ganlib's own, within `SECONDS` and within `MEMORY` of address space more than the process had; it must write nothing,
start nothing, connect to nothing and unpickle nothing, which Python's audit events tell. Exit status 1 if one did not.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import struct
import sys
import tarfile
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import ganlib
from ganlib.data import download
from ganlib.errors import GanlibError

SECONDS = 5.0  # for one case; the slowest that is read takes a hundredth of that
MEMORY = 1 << 30  # bytes of address space
RECIPE = ganlib.recipe("dcgan-digits", width=2, batch_size=4, latent=3, steps=2)
HOSTILE = [None, True, -1, 0, 1.5, 2**31 - 1, 2**40, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "\0"]
HOSTILE += ["../../escape", "/etc/passwd", "😀", [], {}, [[]], [2**40, 2**40], {"a": {}}]
SIZES = (0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
# Audit events that no reader may cause, but for opening a file to read it.
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
)
FORBIDDEN += ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "shutil.rmtree")

Rng = np.random.Generator


# Changing files.


def mutate(content: bytes, rng: Rng) -> bytes:
    """The bytes with one to three changes."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        # Headers stand at the start: half of the changes go there.
        reach = max(1, min(len(data), 64) if rng.random() < 0.5 else len(data))
        place = int(rng.integers(reach))
        match rng.integers(7):
            case 0 if data:
                data[place] ^= 1 << int(rng.integers(8))
            case 1 if data:
                data[place] = int(rng.integers(256))
            case 2:
                del data[place:]
            case 3:
                del data[place : place + int(rng.integers(1, 20))]
            case 4:
                data[place:place] = rng.bytes(int(rng.integers(1, 20)))
            case 5:
                piece = data[place : place + int(rng.integers(1, 200))]
                data[place:place] = piece
            case 6:  # a size that promises too much, as 4 or 8 bytes of either order
                size = SIZES[int(rng.integers(len(SIZES)))]
                width = 4 if size < 2**32 and rng.random() < 0.5 else 8
                data[place : place + width] = size.to_bytes(width, "big" if rng.random() < 0.5 else "little")
    return bytes(data)


def mutate_json(value: Any, rng: Rng) -> Any:
    """The value with one part of it changed, however deep; text that is JSON itself is changed inside."""
    if isinstance(value, str) and value[:1] == "{" and rng.random() < 0.9:
        return json.dumps(mutate_json(json.loads(value), rng))
    if isinstance(value, dict | list) and value and rng.random() < 0.9:
        value = value.copy()
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = keys[int(rng.integers(len(keys)))]
        match rng.integers(10):
            case 0:
                del value[key]
            case 1 if isinstance(value, dict):
                value[str(key) + "x"] = value.pop(key)
            case _:
                value[key] = mutate_json(value[key], rng)
        return value
    return HOSTILE[int(rng.integers(len(HOSTILE)))]


def mutate_safetensors(content: bytes, rng: Rng) -> bytes:
    """A safetensors file with its header changed, as JSON, and its checksum right again where it holds one."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    for _ in range(rng.integers(1, 3)):
        # Half of the changes go to what ganlib reads itself, the text in __metadata__.
        part = "__metadata__" if rng.random() < 0.5 and "__metadata__" in header else None
        header = {**header, part: mutate_json(header[part], rng)} if part else mutate_json(header, rng)
        if not isinstance(header, dict):
            break
    changed = json.dumps(header).encode()
    changed += b" " * (-len(changed) % 8)
    return sealed(len(changed).to_bytes(8, "little") + changed + content[8 + length :])


def sealed(content: bytes) -> bytes:
    """The file with the checksum of what stands in it, so that damage gets as far as it can."""
    found = re.search(rb'sha256\\": \\"([0-9a-f]{64})', content)
    if found is None:
        return content
    start, end = found.span(1)
    digest = hashlib.sha256(content[:start] + b"0" * 64 + content[end:]).hexdigest().encode()
    return content[:start] + digest + content[end:]


# What is read: each makes a case in an empty folder, and returns what reads it.


def idx(array: np.ndarray) -> bytes:
    """An IDX file of bytes."""
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


VALID_IDX = idx(np.arange(3 * 8 * 8, dtype=np.uint8).reshape(3, 8, 8))


def idx_case(folder: Path, rng: Rng) -> Callable[[], object]:
    """An IDX file."""
    path = folder / "images-idx3-ubyte"
    path.write_bytes(mutate(VALID_IDX, rng))
    return lambda: download.read_idx(path)


def gzip_case(folder: Path, rng: Rng) -> Callable[[], object]:
    """A compressed IDX file, damaged as it is or below its compression."""
    path = folder / "images-idx3-ubyte.gz"
    inside = rng.random() < 0.3
    packed = gzip.compress(mutate(VALID_IDX, rng) if inside else VALID_IDX)
    path.write_bytes(packed if inside else mutate(packed, rng))
    return lambda: download.read_idx(path)


def tar_content(rng: Rng) -> bytes:
    """An archive like CIFAR-10's with four images a file, and perhaps members that would like to be elsewhere."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for k, name in enumerate([f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]):
            data = bytearray((np.arange(4 * 3073) + k).astype(np.uint8))
            data[::3073] = bytes(4)  # labels
            folder = str(rng.choice(["cifar-10-batches-bin/", "../", "/", "../../escape/", "", "a/../../"]))
            info = tarfile.TarInfo(folder + name)
            info.size = len(data)
            if rng.random() < 0.1:
                kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE)
                info.type, info.linkname = kinds[int(rng.integers(5))], "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def archive_case(folder: Path, rng: Rng) -> Callable[[], object]:
    """CIFAR-10's archive."""
    content = tar_content(rng)
    choice = rng.random()
    if choice < 0.5:  # headers have 512 bytes, and stand in front of every member
        content = bytearray(content)
        for _ in range(rng.integers(1, 6)):
            content[int(rng.integers(6)) * 13_312 + int(rng.integers(512))] = int(rng.integers(256))
    packed = gzip.compress(bytes(content), 1)
    if choice > 0.8:
        packed = mutate(packed, rng)
    (folder / "cifar-10-binary.tar.gz").write_bytes(packed)
    # As if the published archive were this one: else its hash ends every case.
    download.DOWNLOADS["cifar10"] = {"cifar-10-binary.tar.gz": hashlib.sha256(packed).hexdigest()}
    download.CIFAR_BATCH = 4
    return lambda: ganlib.data.load("cifar10", folder=folder, split=str(rng.choice(["train", "test"])))


def picture(suffix: str) -> bytes:
    """A small picture of a format."""
    stream = io.BytesIO()
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    Image.fromarray(pixels).save(stream, {"jpg": "JPEG", "tif": "TIFF", "ppm": "PPM"}.get(suffix, suffix.upper()))
    return stream.getvalue()


PICTURES = {suffix: picture(suffix) for suffix in ("png", "jpg", "gif", "bmp", "webp", "tif", "ppm")}


def images_case(folder: Path, rng: Rng) -> Callable[[], object]:
    """A folder of images, and what else a folder may hold."""
    suffixes = list(PICTURES)
    suffix = suffixes[int(rng.integers(len(suffixes)))]
    # One in ten bears another format's name.
    content = PICTURES[suffix if rng.random() < 0.9 else suffixes[int(rng.integers(len(suffixes)))]]
    (folder / f"a.{suffix}").write_bytes(mutate(content, rng))
    match rng.integers(20):
        case 0:
            (folder / "loop.png").symlink_to("loop.png")
        case 1:
            (folder / "up").symlink_to("..")
        case 2:
            (folder / "gone.png").symlink_to("../../gone.png")
        case 3:
            (folder / "folder.png").mkdir()
        case 4:
            os.mkfifo(folder / "pipe.png")
        case 5:
            (folder / "\udcff-no-text.png").write_bytes(content)
        case 6:
            (folder / "device.png").symlink_to("/dev/zero")
    size = [None, 8, 64][int(rng.integers(3))]
    return lambda: ganlib.data.load(f"folder:{folder}", size=size)


def recipe_case(folder: Path, rng: Rng) -> Callable[[], object]:
    """A recipe in JSON."""
    names = ganlib.recipes()
    text: Any = ganlib.recipe(names[int(rng.integers(len(names)))]).to_json()
    if rng.random() < 0.5:
        text = mutate(text.encode(), rng)
        text = text if rng.random() < 0.3 else text.decode(errors="surrogateescape")
    else:
        text = json.dumps(mutate_json(json.loads(text), rng))
    return lambda: ganlib.Recipe.from_json(text)


def checkpoint_cases(gl: Any) -> Callable[[Path, Rng], Callable[[], object]]:
    """A checkpoint, as Trainer.load takes it."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = gl.Trainer(RECIPE)
        trainer.fit(ganlib.data.load("digits").samples[:20], steps=2, progress=False)
        saved = Path(trainer.save(folder))
        name, content = saved.name, saved.read_bytes()

    def case(folder: Path, rng: Rng) -> Callable[[], object]:
        damaged = mutate_safetensors(content, rng) if rng.random() < 0.6 else sealed(mutate(content, rng))
        (folder / name).write_bytes(damaged)
        return lambda: gl.Trainer.load(folder, device="cpu")

    return case


def weights_cases(gl: Any) -> Callable[[Path, Rng], Callable[[], object]]:
    """Weights in a safetensors file of the reader's own, as set_weights takes them."""
    import safetensors
    import safetensors.numpy

    model = gl.Generator(RECIPE)
    content = safetensors.numpy.save(gl.get_weights(model))

    def read(path: Path) -> None:
        try:
            weights = safetensors.numpy.load_file(path)
        except (safetensors.SafetensorError, KeyError, OSError) as error:  # no reader of ganlib's
            raise GanlibError(f"safetensors refused it: {error}") from error
        gl.set_weights(model, weights)

    def case(folder: Path, rng: Rng) -> Callable[[], object]:
        path = folder / "weights.safetensors"
        path.write_bytes(mutate_safetensors(content, rng) if rng.random() < 0.8 else mutate(content, rng))
        return lambda: read(path)

    return case


Case = Callable[[Path, Rng], Callable[[], object]]
FILES: dict[str, Case] = {
    "idx": idx_case,
    "gzip": gzip_case,
    "archive": archive_case,
    "images": images_case,
    "recipe": recipe_case,
}


def readers(backend: str | None) -> dict[str, Case]:
    """Every reader by name; those that need a framework with that one."""
    gl = ganlib.backend(backend)
    return {**FILES, "checkpoint": checkpoint_cases(gl), "weights": weights_cases(gl)}


# Running cases, watched.


@dataclass
class Result:
    """What came of a reader's cases."""

    cases: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    peak: int | None = None  # bytes of memory more than before; None where it cannot be told
    wrong: list[str] = field(default_factory=list)


_events: list[str] | None = None  # what the reader under way did that it may not; None while none is


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _events is None:
        return
    if event in FORBIDDEN:
        _events.append(f"{event} {arguments!r}")
    elif event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        _events.append(f"opened {arguments[0]!r} to write")


def run(name: str, case: Case, cases: int, seed: int) -> Result:
    """So many cases of one reader. Case i of a seed is always the same."""
    global _events
    if not getattr(sys, "_ganlib_fuzz", False):
        sys.addaudithook(_audit)
        sys._ganlib_fuzz = True  # type: ignore[attr-defined]  # hooks stay, so one is enough
    result = Result()
    before = _reset_peak()
    for i in range(cases):
        rng = np.random.default_rng([seed, i, *name.encode()])
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").mkdir()
            read = case(Path(folder) / "in", rng)
            there, events = _tree(folder), []
            start = time.perf_counter()
            wrong = None
            try:
                _events = events
                read()
                result.accepted += 1
            except GanlibError as error:
                result.refused[type(error).__name__] += 1
            except ValueError as error:
                if name == "weights":  # what set_weights documents
                    result.refused["ValueError"] += 1
                else:
                    wrong = f"{type(error).__name__}: {error}"
            except Exception as error:
                if name == "weights" and type(error) is TypeError:
                    result.refused["TypeError"] += 1
                else:
                    wrong = f"{type(error).__name__}: {error}"
            finally:
                _events = None
            seconds = time.perf_counter() - start
            if seconds > SECONDS:
                wrong = f"took {seconds:.1f} s"
            if events or _tree(folder) != there:
                wrong = f"{events or 'left files behind'}"
            if wrong is not None:
                result.wrong.append(f"{name} case {i}: {wrong[:300]}")
            result.cases, result.slowest = result.cases + 1, max(result.slowest, seconds)
    if before is not None:
        result.peak = max(0, _status("VmHWM") - before)
    return result


def _tree(folder: str) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in Path(folder).rglob("*") if not path.is_dir())


def _reset_peak() -> int | None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _status("VmRSS")
    except OSError:
        return None


def _status(key: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(text.split(f"{key}:")[1].split()[0])


@contextlib.contextmanager
def bounded(more: int = MEMORY) -> Iterator[None]:
    """Lets the process have so much more address space and no more: what asks for it gets a MemoryError."""
    try:
        import resource

        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + more, limits[1]))
    except (ImportError, OSError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=None, help="one reader's name")
    parser.add_argument("--backend", default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow's about the damage, a line each
    chosen = {name: case for name, case in readers(options.backend).items() if options.only in (None, name)}
    print(
        f"{'reader':<11}{'cases':>7}{'accepted':>10}{'refused':>9}{'wrong':>7}{'slowest':>9}{'memory':>9}  refused by"
    )
    wrong = []
    for i, (name, case) in enumerate(chosen.items()):
        cases = options.cases // len(chosen) + (i < options.cases % len(chosen))
        run(name, case, 5, options.seed + 1)  # what is imported on first use is imported
        with bounded():
            result = run(name, case, cases, options.seed)
        memory = "-" if result.peak is None else f"{result.peak / 2**20:.0f} MiB"
        kinds = ", ".join(f"{kind} {count}" for kind, count in result.refused.most_common())
        refused = result.refused.total()
        print(
            f"{name:<11}{result.cases:>7}{result.accepted:>10}{refused:>9}{len(result.wrong):>7}"
            f"{1000 * result.slowest:>6.0f} ms{memory:>9}  {kinds}",
            flush=True,
        )
        wrong += result.wrong
    for line in wrong[:40]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
