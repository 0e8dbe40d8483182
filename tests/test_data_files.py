"""Data that comes from files: downloads, copies of the reader's own, archives, folders of images."""

import contextlib
import gzip
import hashlib
import http.server
import io
import os
import struct
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
import zlib
from types import SimpleNamespace

import numpy as np
import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganlib.data import download, load
from ganlib.errors import DataError

N = 12  # images in the tiny MNIST
IMAGES, LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, and mirrors that nothing listens on: no test reaches the network."""
    monkeypatch.delenv("GANLIB_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache")
    for name in download.MIRRORS:
        monkeypatch.setitem(download.MIRRORS, name, ("http://127.0.0.1:1/",))
    return tmp_path / "cache"


@pytest.fixture
def tiny(monkeypatch):
    """A tiny MNIST test split: arrays, the files unpacked and as published, and pins that fit them."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 28, 28), np.uint8)
    labels = np.arange(N, dtype=np.uint8) % 10
    raw = {IMAGES: idx(images), LABELS: idx(labels)}
    files = {name: gzip.compress(content) for name, content in raw.items()}
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(download.DOWNLOADS, "mnist", sha256)
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in raw.items()}
    monkeypatch.setitem(download.CONTENTS, "mnist", md5)
    return SimpleNamespace(images=images, labels=labels, raw=raw, files=files)


def check_tiny(data, tiny):
    assert data.images.shape == (N, 28, 28, 1)
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    np.testing.assert_allclose(data.images[..., 0], tiny.images / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(data.labels, tiny.labels)
    assert data.labels.dtype == np.int64


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- a folder of one's own -----------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "mnist"])
@pytest.mark.parametrize("form", ["published", "compressed again", "unpacked", "unpacked, name kept"])
def test_own_files_in_every_form(tiny, tmp_path, monkeypatch, place, form):
    files = {
        "published": tiny.files,
        "compressed again": {name: gzip.compress(c, 1, mtime=7) for name, c in tiny.raw.items()},
        "unpacked": {name.removesuffix(".gz"): c for name, c in tiny.raw.items()},
        "unpacked, name kept": tiny.raw,
    }[form]
    write(tmp_path / "own" / place, files)
    check_tiny(load("mnist", split="test", folder=tmp_path / "own"), tiny)
    monkeypatch.setenv("GANLIB_DATA", str(tmp_path / "own"))
    check_tiny(load("mnist", split="test"), tiny)
    assert len(tree(tmp_path)) == 2


def test_the_argument_wins_over_the_environment(tiny, tmp_path, monkeypatch):
    write(tmp_path / "own", tiny.files)
    monkeypatch.setenv("GANLIB_DATA", str(tmp_path / "elsewhere"))
    check_tiny(load("mnist", split="test", folder=str(tmp_path / "own")), tiny)


def test_size_and_selection(tiny, tmp_path):
    write(tmp_path, tiny.files)
    assert load("mnist", split="test", folder=tmp_path, size=32, n=5).images.shape == (5, 32, 32, 1)
    some = load("mnist", split="test", folder=tmp_path, n=5)
    for image, label in zip(some.images, some.labels, strict=True):
        (k,) = [k for k in range(N) if np.allclose(tiny.images[k] / 127.5 - 1, image[..., 0], atol=1e-6)]
        assert tiny.labels[k] == label
    recipe = SimpleNamespace(data="mnist", shape=(28, 28, 1))
    check_tiny(load(recipe, split="test", folder=tmp_path), tiny)


def test_the_wrong_content_is_named(tiny, tmp_path):
    other = tiny.images.copy()
    other[3, 4, 5] ^= 1
    write(tmp_path, {IMAGES: gzip.compress(idx(other)), LABELS: tiny.files[LABELS]})
    with pytest.raises(DataError, match="the MD5 of its content is") as caught:
        load("mnist", split="test", folder=tmp_path)
    assert str(tmp_path / IMAGES) in str(caught.value)


def test_images_and_labels_must_belong_together(tiny, tmp_path, monkeypatch):
    for labels in (tiny.labels[:-1], tiny.labels + 5):
        md5 = hashlib.md5(idx(labels)).hexdigest()
        monkeypatch.setitem(download.CONTENTS["mnist"], LABELS, md5)
        write(tmp_path, {IMAGES: tiny.files[IMAGES], LABELS: gzip.compress(idx(labels))})
        with pytest.raises(DataError, match="is damaged"):
            load("mnist", split="test", folder=tmp_path)


# ---- the IDX reader: no byte is trusted ----------------------------------------------------------

PIXELS = np.random.default_rng(1).integers(0, 256, (3, 5, 7), np.uint8)
VALID = idx(PIXELS)
PACKED = gzip.compress(VALID, mtime=0)  # the clock would be in the names of tests, another in each worker


def test_read_idx(tmp_path):
    path = tmp_path / "file"
    for content in (VALID, gzip.compress(VALID), gzip.compress(VALID[:50]) + gzip.compress(VALID[50:])):
        path.write_bytes(content)
        array, md5 = download.read_idx(path)
        np.testing.assert_array_equal(array, PIXELS)
        assert md5 == hashlib.md5(VALID).hexdigest()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing"),
        (b"\0\0", "starts with 00 00"),
        (b"<html>not found</html>", "not an IDX file"),
        (b"\0\0\x0d" + VALID[3:], "not an IDX file of bytes"),  # floats
        (b"\0\0\x08\0", "01 to 04"),
        (b"\0\0\x08\xff" + VALID[4:], "01 to 04"),
        (VALID[:10], "and it holds 0"),
        (VALID[:-1], r"promises 105 values, \(3, 5, 7\), and it holds 104"),
        (VALID[:16], "promises 105 values"),
        (VALID + b"\0", "and it holds 106"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**8, 1), "its header promises 1099511627520"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "is damaged: its header promises"),
    ],
)
def test_malformed_idx(tmp_path, content, message, packed):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message) as caught:
        download.read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        PACKED[:-9],
        PACKED[:30],
        PACKED[:4],
        PACKED + b"garbage",
        PACKED[:-8] + b"\0" * 8,  # checksum
        b"\x1f\x8b" + VALID,
    ],
)
def test_damaged_gzip(tmp_path, content):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read|truncated"):
        download.read_idx(path)


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        download.read_idx(tmp_path / "nothing")


@settings(max_examples=300)
@given(data=st.data(), packed=st.booleans())
def test_mutated_idx_files_give_an_array_or_a_data_error(tmp_path_factory, data, packed):
    content = bytearray(gzip.compress(VALID, mtime=0) if packed else VALID)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 6))
        content[place : place + length] = data.draw(st.binary(max_size=6))
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(content)
    try:
        array, _ = download.read_idx(path)
    except DataError:
        return
    assert array.dtype == np.uint8
    assert array.size <= len(VALID) + 24


def test_memory_follows_the_content_not_the_header_and_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 2**20)
    promise = tmp_path / "promise"
    promise.write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 2**20, 32, 32) + b"x" * 1000)  # 2**30 promised
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(VALID + bytes(2**26), 1))
    for path, message in ((promise, "holds 1000"), (bomb, "is damaged")):
        tracemalloc.start()
        with pytest.raises(DataError, match=message):
            download.read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**23


# ---- the download --------------------------------------------------------------------------------


@pytest.fixture
def server():
    """A mirror on this machine. `files`: path -> content, status, or (content, claimed length[, event to await])."""
    files, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            assert self.headers["Accept-Encoding"] == "identity"
            answer = files.get(self.path, 404)
            if isinstance(answer, int):
                self.send_error(answer)
                return
            content, length, *wait = answer if isinstance(answer, tuple) else (answer, len(answer))
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            # A reader may be killed, or out of room, and listen no more.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)
            for event in wait:
                event.wait(60)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{running.server_port}/", files=files, asked=asked)
        running.shutdown()
        thread.join()


@pytest.fixture
def mirrors(server, tiny, monkeypatch):
    """Two mirrors of the tiny MNIST, a/ and b/, both good."""
    monkeypatch.setitem(download.MIRRORS, "mnist", (server.url + "a/", server.url + "b/"))
    for name, content in tiny.files.items():
        server.files[f"/a/{name}"] = server.files[f"/b/{name}"] = content
    return server


def test_a_download_is_kept(mirrors, tiny, cache):
    check_tiny(load("mnist", split="test"), tiny)
    check_tiny(load("mnist", split="test"), tiny)
    assert mirrors.asked == [f"/a/{IMAGES}", f"/a/{LABELS}"]
    assert tree(cache) == [f"mnist/{IMAGES}", f"mnist/{LABELS}"]


def test_a_download_goes_to_the_folder_of_ones_own(mirrors, tiny, tmp_path, cache):
    check_tiny(load("mnist", split="test", folder=tmp_path / "own"), tiny)
    assert tree(tmp_path / "own") == [f"mnist/{IMAGES}", f"mnist/{LABELS}"]
    assert not cache.exists()


@pytest.mark.parametrize("answer", [404, 503, b"<html>please log in</html>", (b"\x1f\x8b half", 9999)])
def test_the_second_mirror_helps_out(mirrors, tiny, cache, answer):
    mirrors.files[f"/a/{IMAGES}"] = answer
    check_tiny(load("mnist", split="test"), tiny)
    assert mirrors.asked == [f"/a/{IMAGES}", f"/b/{IMAGES}", f"/a/{LABELS}"]
    assert tree(cache) == [f"mnist/{IMAGES}", f"mnist/{LABELS}"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (404, "404"),
        (b"<html>please log in</html>", "wrong SHA-256"),
        (None, "wrong SHA-256"),  # the right content, compressed again
        ((b"\x1f\x8b half", 9999), "broke off"),
    ],
)
def test_a_failed_download_leaves_nothing(mirrors, tiny, cache, answer, message):
    answer = gzip.compress(tiny.raw[IMAGES], 1, mtime=7) if answer is None else answer
    mirrors.files[f"/a/{IMAGES}"] = mirrors.files[f"/b/{IMAGES}"] = answer
    with pytest.raises(DataError, match=message) as caught:
        load("mnist", split="test")
    assert str(caught.value).count(message) == 2
    for part in (mirrors.url + "b/" + IMAGES, "GANLIB_DATA", "folder=", "'digits'", str(cache)):
        assert part in str(caught.value)
    assert tree(cache) == []


def test_no_network(tiny, cache):
    with pytest.raises(DataError, match="no connection"):
        load("mnist", split="test")
    assert tree(cache) == []


def test_a_damaged_file_in_the_cache_is_replaced(mirrors, tiny, cache):
    load("mnist", split="test")
    (cache / "mnist" / IMAGES).write_bytes(b"damaged")
    check_tiny(load("mnist", split="test"), tiny)
    assert (cache / "mnist" / IMAGES).read_bytes() == tiny.files[IMAGES]


def test_a_damaged_file_of_ones_own_is_kept(mirrors, tiny, tmp_path):
    write(tmp_path / "own", {IMAGES: tiny.files[IMAGES][:-20]})
    with pytest.raises(DataError, match="truncated"):
        load("mnist", split="test", folder=tmp_path / "own")
    assert mirrors.asked == []
    assert (tmp_path / "own" / IMAGES).read_bytes() == tiny.files[IMAGES][:-20]


def test_a_folder_that_cannot_be_written(mirrors, tmp_path):
    (tmp_path / "own").write_bytes(b"a file")
    with pytest.raises(DataError, match="cannot be kept there"):
        load("mnist", split="test", folder=tmp_path / "own")


DOWNLOAD = """
import sys
from ganlib import errors
from ganlib.data import download

if sys.argv[3] == "full":
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
download.MIRRORS["mnist"] = (sys.argv[1],)
try:
    download.obtain("mnist", "t10k-images-idx3-ubyte.gz", sys.argv[2])
except errors.DataError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals and quotas are Unix's")
@pytest.mark.parametrize("how", ["killed", "full"])
def test_a_download_that_is_cut_short_harms_nothing(mirrors, tiny, tmp_path, how):
    """By kill -9, or by a full disk: what is there in part is not taken for the file, and the next try succeeds."""
    own, done = tmp_path / "own", threading.Event()
    mirrors.files[f"/a/{IMAGES}"] = (bytes(300_000), 600_000, done)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", DOWNLOAD, mirrors.url + "a/", str(own), how]
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if how == "killed":
            while not any((own / name).stat().st_size for name in tree(own)) and process.poll() is None:
                time.sleep(0.01)
            process.kill()
        said, _ = process.communicate(timeout=300)
    finally:
        done.set()
    assert ("cannot be kept there: " in said) == (how == "full")
    assert f"mnist/{IMAGES}" not in tree(own)
    mirrors.files[f"/a/{IMAGES}"] = tiny.files[IMAGES]
    check_tiny(load("mnist", split="test", folder=own), tiny)


def test_the_pins_are_well_formed_and_complete():
    assert download.DOWNLOADS.keys() == download.MIRRORS.keys() == download.CLASSES.keys()
    for name, files in download.CONTENTS.items():
        assert files.keys() == download.DOWNLOADS[name].keys()
        assert len(files) == 4
    pins = [pin for table in (download.DOWNLOADS, download.CONTENTS) for f in table.values() for pin in f.values()]
    assert len(set(pins)) == len(pins) == 17
    assert all(set(pin) <= set("0123456789abcdef") and len(pin) in (32, 64) for pin in pins)
    assert all(len(names) == len(set(names)) == 10 for names in download.CLASSES.values())


# ---- CIFAR-10 ------------------------------------------------------------------------------------

BATCHES = [f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """Write an archive with batches of 4 images, as `files` changes it, and pin its hash."""
    monkeypatch.setattr(download, "CIFAR_BATCH", 4)
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 256, (6, 4, 3, 32, 32), np.uint8)
    labels = rng.integers(0, 10, (6, 4), np.uint8)
    content = {
        name: b"".join(bytes([labels[k, i]]) + planes[k, i].tobytes() for i in range(4))
        for k, name in enumerate(BATCHES)
    }

    def make(change=lambda members: None, damage=lambda packed: packed):
        members = [(tarfile.TarInfo(f"cifar-10-batches-bin/{name}"), c) for name, c in content.items()]
        change(members)
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for info, data in members:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        packed = damage(stream.getvalue())
        write(tmp_path / "own", {"cifar-10-binary.tar.gz": packed})
        sha256 = hashlib.sha256(packed).hexdigest()
        monkeypatch.setitem(download.DOWNLOADS, "cifar10", {"cifar-10-binary.tar.gz": sha256})
        return tmp_path / "own"

    return SimpleNamespace(make=make, planes=planes, labels=labels, content=content)


def test_cifar10(cifar):
    folder = cifar.make(lambda members: members.reverse())  # the order in the archive does not matter
    for split, part in (("train", slice(0, 5)), ("test", slice(5, 6))):
        data = load("cifar10", split=split, folder=folder)
        planes = cifar.planes[part].reshape(-1, 3, 32, 32)
        assert data.images.shape == (len(planes), 32, 32, 3)
        assert data.images.dtype == np.float32
        assert data.images.flags.c_contiguous
        for c in range(3):
            np.testing.assert_allclose(data.images[..., c], planes[:, c] / 127.5 - 1, atol=1e-6)
        np.testing.assert_array_equal(data.labels, cifar.labels[part].ravel())
    assert data.label_names[0] == "airplane"


def test_the_archive_must_be_the_published_one(cifar, tmp_path):
    folder = cifar.make()
    write(folder, {"cifar-10-binary.tar.gz": (folder / "cifar-10-binary.tar.gz").read_bytes() + b"\0"})
    with pytest.raises(DataError, match="not the published archive: its SHA-256 is"):
        load("cifar10", folder=folder)


def test_nothing_is_unpacked(cifar, tmp_path):
    def change(members):
        link = tarfile.TarInfo("cifar-10-batches-bin/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/"
        extra = [(tarfile.TarInfo(name), b"evil") for name in ("../evil", "/evil", "readme.html")]
        members[:0] = [*extra, (link, b"")]

    load("cifar10", folder=cifar.make(change))
    assert tree(tmp_path) == ["own/cifar-10-binary.tar.gz"]


def as_link(members):
    members[2][0].type, members[2][0].linkname = tarfile.SYMTYPE, "data_batch_1.bin"
    members[2] = members[2][0], b""


def with_label(value):
    def change(members):
        members[0] = members[0][0], bytes([value]) + members[0][1][1:]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: members.pop(2), "no file data_batch_3.bin"),
        (lambda members: members.clear(), "no file data_batch_1.bin"),
        (as_link, "no file data_batch_3.bin"),
        (lambda members: members.__setitem__(1, (members[1][0], b"short")), "no file data_batch_2.bin"),
        (lambda members: members.__setitem__(1, (members[1][0], bytes(10**6))), "no file data_batch_2.bin"),
        (with_label(10), "labels up to 10"),
    ],
)
def test_an_archive_with_something_wrong(cifar, change, message):
    with pytest.raises(DataError, match=message):
        load("cifar10", folder=cifar.make(change))


def test_damaged_archives_give_data_or_a_data_error(cifar):
    rng = np.random.default_rng(0)

    def flip(packed):  # damage below the compression, so that the reader of archives meets it
        content = bytearray(gzip.decompress(packed))
        for place in rng.integers(0, 512, 3):  # the first header
            content[place] = rng.integers(256)
        return gzip.compress(content, 1)

    damages = [
        lambda p: p[:-100],
        lambda p: p[:20],
        lambda p: b"",
        lambda p: b"text",
        lambda p: zlib.compress(p),
    ]
    failures = 0
    for damage in damages + [flip] * 30:
        try:
            load("cifar10", folder=cifar.make(damage=damage))
        except DataError:
            failures += 1
    assert failures >= len(damages)


# ---- the reader's images -------------------------------------------------------------------------

RED = np.array([200, 30, 40], np.uint8)


def picture(height=10, width=14, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".PNG", ".tiff", ".ppm", ".jpg", ".jpeg"])
def test_formats(tmp_path, suffix):
    array = np.broadcast_to(RED, (16, 16, 3)) if suffix.startswith(".jp") else picture()
    save(
        tmp_path / f"a{suffix}",
        np.ascontiguousarray(array),
        **({"lossless": True} if suffix == ".webp" else {}),
    )
    data = load(f"folder:{tmp_path}")
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    atol = 0.03 if suffix.startswith(".jp") else 1e-6
    np.testing.assert_allclose(data.images, array[None] / 127.5 - 1, atol=atol)
    assert data.labels is None
    assert data.label_names == ()


def test_order_classes_and_what_is_ignored(tmp_path):
    for k, name in enumerate(["dog/b.png", "cat/z.png", "dog/a.png", "cat/deep/x.png"]):
        save(tmp_path / name, np.full((8, 8), k, np.uint8))
    for name in (".hidden.png", ".cache/a.png", "dog/.b.png"):
        save(tmp_path / name, np.zeros((3, 3), np.uint8))
    (tmp_path / "notes.txt").write_text("not an image")
    data = load(f"folder:{tmp_path}")
    assert data.images.shape == (4, 8, 8, 1)
    np.testing.assert_allclose((data.images[:, 0, 0, 0] + 1) * 127.5, [3, 1, 2, 0], atol=1e-4)
    np.testing.assert_array_equal(data.labels, [0, 0, 1, 1])
    assert data.labels.dtype == np.int64
    assert data.label_names == ("cat", "dog")
    some = load(f"folder:{tmp_path}", n=2, seed=1)
    assert len(some) == 2
    assert some.label_names == data.label_names


def test_a_size_crops_the_middle_and_resizes(tmp_path):
    array = np.zeros((20, 60, 3), np.uint8)
    array[:, 15:45] = RED  # the filter looks a little beyond the crop
    save(tmp_path / "wide.png", array)
    save(tmp_path / "high.png", array.transpose(1, 0, 2).copy())
    save(tmp_path / "square.png", np.ascontiguousarray(np.broadcast_to(RED, (9, 9, 3))))
    data = load(f"folder:{tmp_path}", size=8)
    np.testing.assert_allclose(data.images, np.broadcast_to(RED / 127.5 - 1, (3, 8, 8, 3)), atol=1e-6)


def test_mixed_sizes_without_a_size(tmp_path):
    save(tmp_path / "a.png", picture(10, 14))
    save(tmp_path / "b.png", picture(10, 15))
    with pytest.raises(DataError, match=r"a\.png is 14 x 10 pixels, .*b\.png 15 x 10\. Give a size"):
        load(f"folder:{tmp_path}")


def test_grey_stays_grey_unless_something_is_coloured(tmp_path):
    grey, colour = picture()[..., 0], picture(seed=1)
    save(tmp_path / "a.png", grey)
    assert load(f"folder:{tmp_path}").images.shape == (1, 10, 14, 1)
    save(tmp_path / "b.png", colour)
    data = load(f"folder:{tmp_path}")
    np.testing.assert_allclose(data.images[0], np.stack([grey] * 3, 2) / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(data.images[1], colour / 127.5 - 1, atol=1e-6)


def test_a_recipe_decides_the_channels(tmp_path):
    save(tmp_path / "a.png", picture()[..., 0])
    save(tmp_path / "b.png", picture(16, 12))
    for channels in (1, 3):
        recipe = SimpleNamespace(data=f"folder:{tmp_path}", shape=(32, 32, channels))
        assert load(recipe).images.shape == (2, 32, 32, channels)


def test_every_mode_becomes_grey_or_rgb(tmp_path):
    array = picture(16, 16)
    half = np.full((16, 16, 1), 128, np.uint8)
    clear = half * 0
    white = np.full((16, 16, 3), 255)
    grey16 = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    image = Image.fromarray(array)
    bilevel = image.convert("1")
    indexed = Image.fromarray(np.indices((16, 16)).sum(0).astype(np.uint8))
    indexed.putpalette([v for k in range(256) for v in (k, 255 - k, 7)])
    see_through = indexed.copy()
    see_through.info["transparency"] = 5
    indices = np.indices((16, 16)).sum(0)
    palette = np.stack([indices, 255 - indices, indices * 0 + 7], 2)
    cases = {
        "rgba.png": (
            Image.fromarray(np.concatenate([array, half], 2)),
            array * (128 / 255) + 255 * (127 / 255),
        ),
        "clear.png": (Image.fromarray(np.concatenate([array, clear], 2)), white),
        "la.png": (Image.fromarray(np.concatenate([array[..., :1], clear], 2)), white[..., :1]),
        "16bit.png": (Image.fromarray(grey16), (grey16 // 257)[..., None]),
        "1bit.png": (bilevel, np.asarray(bilevel)[..., None] * 255),
        "indexed.png": (indexed, palette),
        "seethrough.gif": (see_through, np.where((indices == 5)[..., None], 255, palette)),
        "cmyk.tif": (image.convert("CMYK"), array),
    }
    for name, (image, expected) in cases.items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        image.save(folder / name)
        data = load(f"folder:{folder}")
        assert data.images.shape[1:] == expected.shape, name
        np.testing.assert_allclose(data.images[0], expected / 127.5 - 1, atol=0.02, err_msg=name)


def test_a_photograph_is_turned_upright(tmp_path):
    array = picture(10, 14)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated clockwise
    save(tmp_path / "a.png", array, exif=exif)
    np.testing.assert_allclose(load(f"folder:{tmp_path}").images[0], np.rot90(array, -1) / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no image at all", None])
def test_what_is_no_image_is_named(tmp_path, content):
    save(tmp_path / "a.png", picture())
    if content is None:  # PostScript, which Pillow would hand over to another program
        Image.fromarray(picture()).save(tmp_path / "b.jpg", "EPS")
    else:
        (tmp_path / "b.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read the image .*b\.jpg: cannot identify image file"):
        load(f"folder:{tmp_path}")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".gif", ".tif", ".ppm"])
def test_damaged_images_give_data_or_a_data_error(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", picture(24, 24))
    content, rng = path.read_bytes(), np.random.default_rng(0)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="cannot read the image"):
        load(f"folder:{tmp_path}")
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, min(len(content), 200), 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(DataError):
            load(f"folder:{tmp_path}", size=8)


@pytest.mark.filterwarnings("default")  # as for a reader, to whom a warning is only a line of text
def test_a_bomb_is_refused(tmp_path, monkeypatch):
    save(tmp_path / "a.png", picture(20, 20))
    for limit in (399, 150):  # Pillow warns from its limit on and raises from twice the limit on
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"a\.png.*exceeds limit"):
            load(f"folder:{tmp_path}")


def test_floating_point_pixels_are_refused(tmp_path):
    save(tmp_path / "a.tif", np.zeros((8, 8), np.float32))
    with pytest.raises(DataError, match="floating-point"):
        load(f"folder:{tmp_path}")


def test_integers_of_32_bits_are_refused_whose_range_nobody_knows(tmp_path):
    save(tmp_path / "a.tif", np.arange(64, dtype=np.int32).reshape(8, 8))
    with pytest.raises(DataError, match=r"a\.tif: its pixels are integers of 32 bits of unknown range"):
        load(f"folder:{tmp_path}")


def test_a_class_that_may_not_be_read_is_no_class_that_is_not_there(tmp_path, monkeypatch):
    for name in ("cat/a.png", "dog/b.png"):
        save(tmp_path / name, picture())

    def scandir(path, real=os.scandir):
        if str(path).endswith("dog"):  # permissions would not stop the superuser
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"cannot read the folder .*dog: Permission denied; make it readable"):
        load(f"folder:{tmp_path}")


@pytest.mark.parametrize("path", ["~no-such-user/pictures", "x" * 300], ids=["no user", "too long"])
def test_paths_that_no_system_has_are_no_folders(path):
    with pytest.raises(DataError, match="is no folder"):
        load(f"folder:{path}")


def test_folders_that_cannot_be_read(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("not an image")
    for path, message in (
        (tmp_path / "empty", "no image in"),
        (tmp_path / "no", "is no folder"),
        ("", "no path"),
    ):
        with pytest.raises(DataError, match=message):
            load(f"folder:{path}")
    save(tmp_path / "mixed" / "a.png", picture())
    with pytest.raises(DataError, match="is a file"):
        load(f"folder:{tmp_path}/mixed/a.png")
    save(tmp_path / "mixed" / "cat" / "a.png", picture())
    with pytest.raises(DataError, match=r"directly in it, a\.png, and in its sub-folder cat"):
        load(f"folder:{tmp_path}/mixed")
    with pytest.raises(DataError, match="no test split"):
        load(f"folder:{tmp_path}/mixed/cat", split="test")
    with pytest.raises(DataError, match="has 1 samples"):
        load(f"folder:{tmp_path}/mixed/cat", n=2)
    with pytest.raises(DataError, match="folder:PATH"):
        load(f"folder:{tmp_path}/mixed/cat", folder=tmp_path)
