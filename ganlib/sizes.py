"""The sizes that come out of convolutions and transposed convolutions, and the padding that they need."""

import math
from numbers import Integral

from ganlib import arguments
from ganlib.errors import RecipeError

Shape = tuple[int, ...]  # of one sample: (height, width, channels), (n,), or () for a label


def conv_size(size: int, kernel: int, stride: int, padding: str | int, dilation: int = 1) -> int:
    """The size m after a convolution of n pixels, with kernel K, stride s, dilation d (Dumoulin & Visin 2016).

    ceil(n / s) for padding "same"; floor((n + 2 P - d (K - 1) - 1) / s) + 1 for P pixels of padding on each side, of
    which "valid" has none.
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if padding == "same":
        return math.ceil(size / stride)
    extent, padded = dilation * (kernel - 1) + 1, size + 2 * _pixels(padding)
    if padded < extent:
        numbers = f"kernel {kernel}, padding {padding!r} and dilation {dilation}"
        raise RecipeError(f"A convolution with {numbers} needs {extent} pixels, and a size of {size} has {padded}.")
    return (padded - extent) // stride + 1


def conv_transpose_size(
    size: int, kernel: int, stride: int, padding: str | int, output_padding: int = 0, dilation: int = 1
) -> int:
    """The size m after a transposed convolution of n pixels: what a convolution with the same numbers takes to n.

    n s for padding "same"; s (n - 1) + d (K - 1) + 1 - 2 P + R for P pixels cropped on each side, none for "valid".
    A convolution takes s sizes to the same one: the output padding R, from 0 to s - 1, says which of them is meant.
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if arguments.whole("output_padding", output_padding, 0, error=RecipeError) >= stride:
        raise RecipeError(f"output_padding must be from 0 to {stride - 1}, less than the stride, not {output_padding}.")
    if padding == "same":
        if output_padding:
            raise RecipeError("Padding 'same' says the size already: give output_padding 0, or padding as a number.")
        return size * stride
    result = stride * (size - 1) + dilation * (kernel - 1) + 1 - 2 * _pixels(padding) + output_padding
    if result < 1:
        raise RecipeError(f"Padding {padding} leaves nothing of a transposed convolution of {size} pixels. Use less.")
    return result


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """The padding before and after that padding "same" adds to a side of `size` pixels; the odd pixel goes last.

    From a transposed convolution's full output as much is cropped, with `size` the result's.
    """
    _positive(size=size, kernel=kernel, stride=stride)
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def checked_shape(name: str, shape: object) -> Shape:
    """The shape as a tuple of ints, or a RecipeError."""
    if not isinstance(shape, tuple | list) or not shape:
        raise RecipeError(f"{name} must be such as (height, width, channels) or (n,), not {arguments.describe(shape)}.")
    return tuple(arguments.whole(f"Each number of {name} {tuple(shape)}", n, 1, error=RecipeError) for n in shape)


def _positive(**numbers: int) -> None:
    for name, number in numbers.items():
        arguments.whole(name, number, 1, error=RecipeError)


def _pixels(padding: str | int) -> int:
    """The pixels on each side that a padding other than "same" stands for."""
    if padding == "valid":
        return 0
    if isinstance(padding, bool) or not isinstance(padding, Integral) or padding < 0:
        raise RecipeError(f"padding must be 'same', 'valid' or a whole number of pixels, not {padding!r}.")
    return int(padding)
