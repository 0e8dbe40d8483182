"""Damaged and hostile files: a few hundred of the cases of `benchmarks/fuzz.py`, which makes as many as one likes."""

import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ganlib
from ganlib import checkpoint
from ganlib.data import download
from ganlib.errors import CheckpointError, DataError, RecipeError

PATH = Path(__file__).parent.parent / "benchmarks" / "fuzz.py"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about the damage


@pytest.fixture(autouse=True)
def published(monkeypatch):
    """What the archive's cases change."""
    monkeypatch.setitem(download.DOWNLOADS, "cifar10", download.DOWNLOADS["cifar10"])
    monkeypatch.setattr(download, "CIFAR_BATCH", download.CIFAR_BATCH)


@pytest.mark.parametrize("name", fuzz.FILES)
def test_damaged_files_are_read_or_refused(name):
    fuzz.run(name, fuzz.FILES[name], 3, seed=1)  # what is imported on first use is imported
    with fuzz.bounded():
        result = fuzz.run(name, fuzz.FILES[name], 60, seed=0)
    assert result.wrong == []
    assert result.cases == 60
    assert result.refused.total() > 20  # the changes do damage


@pytest.mark.parametrize("name", ["checkpoint", "weights"])
def test_damaged_checkpoints_and_weights_are_read_or_refused(gl, name):
    case = fuzz.readers(gl.name)[name]
    fuzz.run(name, case, 3, seed=1)
    with fuzz.bounded():
        result = fuzz.run(name, case, 40, seed=0)
    assert result.wrong == []
    assert result.refused.total() > 20


def test_the_watch_sees_what_a_reader_may_not_do(tmp_path):
    """Else nothing above could fail."""
    hostile = {
        "writes": lambda: (tmp_path / "file").write_text("x"),
        "starts": lambda: subprocess.run(["true"], check=True),
        "unpickles": lambda: __import__("pickle").loads(b"cos\nsystem\n."),
        "raises": lambda: {}["missing"],
        "refuses": lambda: (_ for _ in ()).throw(DataError("no")),
    }
    for name, read in hostile.items():
        result = fuzz.run(name, lambda folder, rng, read=read: read, 1, seed=0)
        assert len(result.wrong) == (name != "refuses"), name


def test_address_space_is_bounded():
    if not Path("/proc/self/status").exists():
        pytest.skip("no limit of address space here")
    with fuzz.bounded(), pytest.raises(MemoryError):
        bytearray(1 << 32)


# Made from nothing rather than by damage.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = list(json.loads(fuzz.RECIPE.to_json()))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3), st.sets(st.sampled_from(FIELDS), max_size=1))
def test_recipes_of_any_values(changes, without):
    values = {k: v for k, v in {**json.loads(fuzz.RECIPE.to_json()), **changes}.items() if k not in without}
    try:
        recipe = ganlib.Recipe.from_json(json.dumps(values))
    except RecipeError:
        return
    assert ganlib.Recipe.from_json(recipe.to_json()) == recipe


@settings(max_examples=60)
@given(st.binary(max_size=64))
def test_any_bytes_as_a_recipe(content):
    with pytest.raises(RecipeError):
        ganlib.Recipe.from_json(content)


@settings(max_examples=40)
@given(json_values | st.dictionaries(st.sampled_from(["__metadata__", "a", "b"]), json_values, max_size=3))
def test_any_json_as_a_checkpoints_header(checkpoint_path, header):
    text = json.dumps(header).encode()
    checkpoint_path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(CheckpointError):
        checkpoint.load(checkpoint_path.parent)


@pytest.fixture(scope="module")
def checkpoint_path(tmp_path_factory):
    """Where Trainer.save writes."""
    gl = ganlib.backend(ganlib.available()[0])
    return Path(gl.Trainer(fuzz.RECIPE).save(tmp_path_factory.mktemp("run")))


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12), min_size=1, max_size=3))
def test_images_of_any_name(names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            try:
                (Path(folder) / f"{name}.png").write_bytes(fuzz.PICTURES["png"])
            except OSError:  # the system takes no such name
                return
        visible = {f"{name}.png" for name in names if not name.startswith(".")}
        try:
            assert len(ganlib.data.load(f"folder:{folder}")) == len(visible)
        except DataError:
            assert not visible


# What a small file may promise.

HUGE = 2**40


def png(width, height):
    header = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    parts = [struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def safetensors(shape):
    size = 4
    for n in shape:
        size *= n
    header = {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


PROMISES = {
    "a.idx": b"\0\0\x08\x03" + struct.pack(">3I", 2**20, 2**10, 2**10),
    "b.idx": b"\0\0\x08\x03" + struct.pack(">3I", 2**10, 2**10, 2**10),
    "a.png": png(2**20, 2**20),
    "b.png": png(2**13, 2**13),
    "a.ppm": b"P6 1048576 1048576 255\n" + bytes(30),
    "a.gif": b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x08\x01\0;",
    "a.safetensors": safetensors([2**20, 2**20]),
    "b.safetensors": safetensors([0, 2**63]),
    "c.safetensors": struct.pack("<Q", HUGE) + b"{}",
}
# What answers badly, with the file to mend; an answer that is good must leave this list.
READ = """
import sys, resource, pathlib
import ganlib, ganlib.data, ganlib.runtime.checkpoint, safetensors.numpy, PIL.Image
from ganlib.errors import GanlibError
PIL.Image.init()
used = 1024 * int(open("/proc/self/status").read().split("VmSize:")[1].split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + (512 << 20), used + (512 << 20)))
for path in map(pathlib.Path, sys.argv[1:]):
    try:
        if path.suffix == ".idx":
            ganlib.data.download.read_idx(path)
        elif path.suffix == ".safetensors":
            ganlib.checkpoint.load(path.parent)
        else:
            ganlib.data.load(f"folder:{path.parent}", size=16)
        print("accepted", path)
    except GanlibError as error:
        print("refused", path, error)
    except BaseException as error:
        print("wrong", path, repr(error))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process as Linux does")
def test_promises_are_not_believed(tmp_path, checkpoint_path):
    """In a process that may have 512 MiB more than it started with, which 2⁴⁰ of anything would exceed."""
    paths = []
    for name, content in PROMISES.items():
        path = tmp_path / name / (checkpoint_path.name if name.endswith(".safetensors") else name)
        path.parent.mkdir()
        path.write_bytes(content)
        paths.append(str(path))
    command = [sys.executable, "-c", READ, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answers = [line for line in done.stdout.splitlines() if line.startswith(("refused", "accepted", "wrong"))]
    assert len(answers) == len(PROMISES)
    for name, answer in zip(PROMISES, answers, strict=True):
        assert answer.startswith("refused"), f"{name}: {answer}"
