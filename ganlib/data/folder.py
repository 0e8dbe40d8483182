"""The reader's own images: a folder of files, of any usual format, that Pillow decodes."""

import os
import warnings
from pathlib import Path

import numpy as np

from ganlib.data.arrays import check_memory, select
from ganlib.errors import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Named one by one, since among Pillow's other decoders is one that starts another program.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def read_folder(
    name: str, size: int | None, n: int | None, rng: np.random.Generator, channels: int | None
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Images, labels and their names of the folder that `folder:PATH` names, in the order of the paths.

    The images are (n, h, w, 1) uint8 if all are grey, else (n, h, w, 3), or have as many channels as asked for. The
    labels, (n,) int64, say which sub-folder an image is from; None if there is none.
    """
    given = name.removeprefix("folder:")
    folder = Path(os.path.expanduser(given))  # Path's own raises an error where there is no such user
    if not given or not os.path.isdir(folder):
        what = "is a file" if os.path.isfile(folder) else "is no folder" if given else "has no path"
        raise DataError(f"{name!r} {what}; write folder:PATH with the path of a folder of images")
    paths = []
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = [each for each in folders if not each.startswith(".")]
        shown = [Path(place, file) for file in files if not file.startswith(".")]
        paths += [path for path in shown if path.suffix.lower() in SUFFIXES and path.is_file()]
    paths.sort()
    if not paths:
        raise DataError(f"there is no image in {folder}: no file ends in {', '.join(SUFFIXES)}")
    classes = [path.relative_to(folder).parts[0] if path.parent != folder else "" for path in paths]
    names = tuple(sorted(set(classes)))
    if "" in names and len(names) > 1:
        where = f"directly in it, {paths[classes.index('')].name}, and in its sub-folder {names[1]}"
        raise DataError(f"{folder} has images {where}. Sub-folders are classes: put all images into some, or use none")

    keep = select(name, len(paths), n, rng)
    arrays: list[np.ndarray] = []
    for k in keep:
        arrays.append(_decode(paths[k], size, channels))
        (height, width), (first_height, first_width) = arrays[-1].shape[:2], arrays[0].shape[:2]
        if (height, width) != (first_height, first_width):
            sizes = f"{paths[keep[0]]} is {first_width} x {first_height} pixels, {paths[k]} {width} x {height}"
            hint = "Give a size: size=64 crops each to a square and resizes it"
            raise DataError(f"images of mixed sizes: {sizes}. {hint}")
        check_memory((len(keep), height, width, 3))
    if len({array.ndim for array in arrays}) > 1:  # some grey, some not
        arrays = [np.stack([a, a, a], axis=2) if a.ndim == 2 else a for a in arrays]
    images = np.stack(arrays)
    images = images[..., None] if images.ndim == 3 else images
    labels = np.array([names.index(classes[k]) for k in keep], np.int64)
    return (images, None, ()) if names == ("",) else (images, labels, names)


def _unreadable(error: OSError) -> None:
    raise DataError(f"cannot read the folder {error.filename}: {error.strerror}; make it readable or move it away")


def _decode(path: Path, size: int | None, channels: int | None) -> np.ndarray:
    """Decode an image as uint8: (h, w) if it is grey, else (h, w, 3), unless `channels` (1 or 3) decides.

    What is transparent becomes white. A bomb is a small file that promises hundreds of millions of pixels.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as opened:
                image = ImageOps.exif_transpose(opened)
                long = opened.format == "TIFF" and opened.mode == "I"  # in other formats "I" holds 16 bits
        if long or image.mode == "F":
            what = "integers of 32 bits" if long else "floating-point numbers"
            raise ValueError(f"its pixels are {what} of unknown range")
        grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
        if image.mode.startswith("I"):  # 16 bits
            image = Image.fromarray(np.clip(np.asarray(image) // 257, 0, 255).astype(np.uint8))
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("L" if channels == 1 or (grey and channels is None) else "RGB")
        if size is not None:
            image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
        return np.asarray(image)
    except Exception as error:  # on a damaged file Pillow raises almost anything
        raise DataError(f"cannot read the image {path}: {error}; repair it or remove it") from error
