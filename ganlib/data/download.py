"""MNIST, Fashion-MNIST and CIFAR-10: found in a folder or downloaded, verified, and read without trust."""

import gzip
import hashlib
import math
import os
import tarfile
import zlib
from pathlib import Path

import numpy as np

from ganlib.errors import DataError

CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        *("T-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}
MIRRORS = {
    "mnist": ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    "fashion_mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
}
# SHA-256 of the file as it is published: what a download must have.
DOWNLOADS = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte.gz": "08dc20ab1689590a0bcd66e874647b6ee8464e2d501b5a3f1f78831db19a3fdc",
        "train-labels-idx1-ubyte.gz": "b0197879cbda89f3dc7b894f9fd52b858e68ea4182b6947c9d8c2b67e5f18dcc",
        "t10k-images-idx3-ubyte.gz": "78dcbbfb5a27efaf1b6c1d616caca68560be8766c5bffcb2791df9273a534229",
        "t10k-labels-idx1-ubyte.gz": "42bd18137a62d5998cdeae52bf3a0676ac6b706f5cf8439b47bb5b151ae3dccf",
    },
    # The binary version: the one for Python is a pickle.
    "cifar10": {"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
}
# MD5 of the content, uncompressed: what any copy must have, also one that was compressed again.
CONTENTS = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}
Folder = str | os.PathLike[str] | None
CIFAR_BATCH = 10_000  # images in each file of the archive
LARGEST = 1 << 26  # bytes of an IDX file; MNIST's largest has 47 million


def read_download(name: str, split: str, folder: Folder) -> tuple[np.ndarray, np.ndarray]:
    """Images, (n, h, w, c) uint8, and labels, (n,) int64, of a published data set."""
    images, labels = (_read_cifar10 if name == "cifar10" else _read_idx_pair)(name, split, folder)
    if len(images) != len(labels) or labels.max(initial=0) >= len(CLASSES[name]):
        held = f"{len(images)} images, {len(labels)} labels up to {labels.max(initial=0)}"
        raise DataError(f"the {split} split of {name!r} is damaged: {held}; get the files again")
    return images, labels.astype(np.int64)


def obtain(name: str, file: str, folder: Folder = None) -> Path:
    """The path of the reader's own copy of a file, never overwritten, else of that in the cache, else of a download."""
    import pooch
    import requests

    own = folder if folder is not None else os.environ.get("GANLIB_DATA") or None
    base = Path(os.path.expanduser(pooch.os_cache("ganlib") if own is None else own))
    for place in () if own is None else (base / name, base):
        for path in (place / file, place / file.removesuffix(".gz")):
            if path.is_file():
                return path
    # Without this header some servers unpack a .gz on the way.
    downloader = pooch.HTTPDownloader(
        progressbar=True, chunk_size=1 << 16, timeout=30, headers={"Accept-Encoding": "identity"}
    )
    failures = []
    for mirror in MIRRORS[name]:
        try:
            # pooch writes to a temporary file beside the target and renames it once its hash is right.
            known = f"sha256:{DOWNLOADS[name][file]}"
            return Path(pooch.retrieve(mirror + file, known, file, base / name, downloader=downloader))
        except requests.HTTPError as error:
            failures.append(f"{mirror}{file}: {error.args[0]}")
        except requests.RequestException as error:
            failures.append(f"{mirror}{file}: no connection, or it broke off ({type(error).__name__})")
        except ValueError:  # a hash that does not match
            failures.append(f"{mirror}{file}: what came has a wrong SHA-256 and was deleted")
        except OSError as error:
            raise DataError(f"{file} is not in {base}, and cannot be kept there: {error}") from error
    raise DataError(
        f"{name!r} is not in {base} and could not be downloaded.\n  " + "\n  ".join(failures) + "\n"
        f"Check the network. Or bring {file} from elsewhere, and name its folder with "
        f"load({name!r}, folder=...) or in the environment variable GANLIB_DATA. "
        f"The data sets 'digits' and 'shapes' need no download."
    )


def read_idx(path: Path) -> tuple[np.ndarray, str]:
    """Read an IDX file of bytes, compressed or not: the array, and the MD5 of the uncompressed content.

    The format: two zero bytes, the type (8 for unsigned bytes), the number of dimensions, each of them as a big-endian
    32-bit integer, then the values in row-major order.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2).startswith(b"\x1f\x8b")  # browsers may unpack a file and keep its name
            with gzip.GzipFile(fileobj=raw) if zipped else raw as stream:
                content = stream.read(LARGEST + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}; it may be truncated, get it again") from error
    if content[:3] != b"\0\0\x08" or content[3:4] not in (b"\1", b"\2", b"\3", b"\4"):
        found = content[:4].hex(" ") or "nothing"
        raise DataError(f"{path} is not an IDX file of bytes: it starts with {found}, expected 00 00 08 and 01 to 04")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if (promised := math.prod(shape)) != len(content) - start:
        what = f"its header promises {promised} values, {shape}, and it holds {max(0, len(content) - start)}"
        raise DataError(f"{path} is damaged: {what}; get it again")
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape), digest


def _read_idx_pair(name: str, split: str, folder: Folder) -> tuple[np.ndarray, np.ndarray]:
    arrays = []
    for part, axes in (("images-idx3", 3), ("labels-idx1", 1)):
        file = f"{'train' if split == 'train' else 't10k'}-{part}-ubyte.gz"
        path = obtain(name, file, folder)
        array, md5 = read_idx(path)
        if array.ndim != axes:
            raise DataError(f"{path} has {array.ndim} dimensions, {array.shape}; expected {axes}")
        if md5 != CONTENTS[name][file]:
            wrong = f"the MD5 of its content is {md5}, expected {CONTENTS[name][file]}"
            remedy = f"Put the right one into a sub-folder {name!r}, or remove this one to have it downloaded"
            raise DataError(f"{path} is not the {file} of {name!r}: {wrong}. {remedy}")
        arrays.append(array)
    return arrays[0][..., None], arrays[1]


def _read_cifar10(name: str, split: str, folder: Folder) -> tuple[np.ndarray, np.ndarray]:
    """Read the batches of a split straight out of the archive; nothing is unpacked to the disk.

    A record is a byte of label, then 3 x 32 x 32 bytes: a red, a green and a blue plane (Krizhevsky 2009).
    """
    ((file, known),) = DOWNLOADS[name].items()
    path = obtain(name, file, folder)
    wanted = [f"data_batch_{k}.bin" for k in range(1, 6)] if split == "train" else ["test_batch.bin"]
    length, batches = CIFAR_BATCH * 3073, dict.fromkeys(wanted, b"")
    try:
        if (sha256 := hashlib.sha256(path.read_bytes()).hexdigest()) != known:
            wrong = f"its SHA-256 is {sha256}, expected {known}. Replace it, or remove it to have it downloaded"
            raise DataError(f"{path} is not the published archive: {wrong}")
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                batch = member.name.rpartition("/")[2]
                if batch in wanted and member.isreg() and member.size == length:
                    stream = archive.extractfile(member)
                    batches[batch] = b"" if stream is None else stream.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}; get it again") from error
    if missing := [batch for batch in wanted if len(batches[batch]) != length]:
        raise DataError(f"{path} has no file {missing[0]} of {length} bytes; get it again")
    records = np.frombuffer(b"".join(batches.values()), np.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0]
