"""The generator and the discriminator as `torch.nn.Module`s.

A recipe's architecture is a list of layers (`ganlib.architectures`). Each becomes one module here, in the native
layout (n, channels, height, width). The weights start from NumPy, so the TensorFlow twin starts from the same ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganlib import architectures, initialise
from ganlib.architectures import Layer, Shape, same_padding
from ganlib.arguments import describe
from ganlib.layers import Combining, shapes_from
from ganlib.recipe import Recipe
from ganlib.runtime.tensors import fitting_weights
from ganlib.torch import combinators, distributed, fast
from ganlib.torch.combinators import Given
from ganlib.torch.terms import Outputs

DTYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.float32}  # of the weights


class Network(nn.Module):
    """A list of layers, one after the other; what some of them look at besides is given by name."""

    def __init__(self, layers: list[Layer], input_shape: Shape, precision: str = "float32") -> None:
        if not isinstance(precision, str) or precision not in DTYPES:
            raise ValueError(f"precision must be one of {', '.join(DTYPES)}, not {precision!r}.")
        super().__init__()
        self.layers = combinators.Chain(_modules(layers, input_shape))
        self.mixed = precision == "bfloat16"
        self.to(DTYPES[precision])

    def forward(self, x: Tensor, given: Given | None = None) -> Any:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.mixed):
            x = self.layers(x, given)
        return x.float() if self.mixed else x


class Generator(Network):
    """Latents (n, latent) in, images (n, channels, height, width) or points (n, 2) out.

    Where the recipe has classes, both networks take the labels too: generator(latents, {"labels": labels}), with labels
    (n,) of type int64, and -1 for an unknown one.

    From one seed the initial weights are the TensorFlow generator's as well. The precision is "float64", "float32", or
    "bfloat16": float32 weights, bfloat16 arithmetic.

    >>> images = Generator(ganlib.recipe("dcgan-digits"))(latents)
    """

    def __init__(self, recipe: Recipe, seed: int = 0, precision: str = "float32") -> None:
        super().__init__(architectures.generator_layers(recipe), (recipe.latent,), precision)
        set_weights(self, initialise.generator_weights(recipe, initialise.streams(seed)["generator_weights"]))


class Discriminator(Network):
    """Images (n, channels, height, width) or points (n, 2) in, logits (n,) out; no sigmoid.

    Where the recipe's terms look at more, it gives several outputs by name: {"real": (n,), its logits, "class":
    (n, classes), "features": (n, k)}. The arguments are those of `Generator`. With a recipe's `pack` above 1 an input
    is that many samples, stacked.

    >>> logits = Discriminator(ganlib.recipe("dcgan-digits"))(images)
    """

    def __init__(self, recipe: Recipe, seed: int = 0, precision: str = "float32") -> None:
        shape = architectures.discriminator_input(recipe)
        super().__init__(architectures.discriminator_layers(recipe), shape, precision)
        self.heads = architectures.heads(recipe)
        set_weights(self, initialise.discriminator_weights(recipe, initialise.streams(seed)["discriminator_weights"]))

    def forward(self, x: Tensor, given: Given | None = None) -> Outputs:
        columns = super().forward(x, given).split(list(self.heads.values()), dim=1)
        outputs = dict(zip(self.heads, columns, strict=True))
        outputs["real"] = outputs["real"].squeeze(1)
        return outputs if len(outputs) > 1 else outputs["real"]


def _modules(layers: Sequence[Layer], shape: Shape) -> dict[str, nn.Module]:
    """The modules of layers, by name; `shape` is that of what goes into the first, channels last."""
    inputs = [shape, *shapes_from(layers, shape)]
    named = zip(architectures.names(layers), layers, inputs, strict=False)
    modules = {name: _module(layer, shape) for name, layer, shape in named}
    for first in list(modules.values())[:1]:
        if isinstance(first, nn.LeakyReLU | nn.ReLU):
            first.inplace = False  # its input may be needed beside its output
    return modules


def _module(layer: Layer, shape: Shape) -> nn.Module:
    """The module of one layer; `shape` is its input's, channels last."""
    channels = shape[-1] if shape else 0  # a label has none
    inner = _modules(layer.layers, layer.enters(shape)) if isinstance(layer, Combining) else {}
    match layer:
        case architectures.Residual():
            return combinators.Residual(inner)
        case architectures.Skip():
            return combinators.Skip(inner)
        case architectures.Join():
            return combinators.Join(inner, layer.given)
        case architectures.Project():
            return combinators.Project(inner, layer.given)
        case architectures.OneHot():
            return combinators.OneHot(layer.classes)
        case architectures.Dense():
            return Dense(channels, layer)
        case architectures.Conv():
            return Conv(channels, layer)
        case architectures.ConvTranspose():
            return ConvTranspose(channels, layer)
        case architectures.Upsample():
            return nn.Upsample(scale_factor=layer.factor, mode="nearest")
        case architectures.AveragePool():
            return nn.AvgPool2d(layer.size)
        case architectures.DepthToSpace():
            return DepthToSpace(layer.block)
        case architectures.BatchNorm():
            kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
            # PyTorch's momentum is the weight of the new statistics, Keras's and ours that of the old.
            return kind(channels, eps=layer.epsilon, momentum=1 - layer.momentum)
        case architectures.LeakyReLU():
            # In place: no layer before it needs its own output again for its gradient.
            return nn.LeakyReLU(layer.slope, inplace=True) if layer.slope else nn.ReLU(inplace=True)
        case architectures.Tanh():
            return nn.Tanh()
        case architectures.Sigmoid():
            return Sigmoid()
        case architectures.Dropout():
            return Dropout(layer.rate)
        case architectures.Octaves():
            return Octaves(layer.count)
        case architectures.Reshape():
            return Reshape(layer.shape)
        case architectures.Flatten():
            return Flatten()
        case _:
            assert_never(layer)


class Dense(nn.Linear):
    """y = x Wᵀ + b, with W divided by its largest singular value where the layer asks for it."""

    u: Tensor | None

    def __init__(self, channels: int, layer: architectures.Dense) -> None:
        super().__init__(channels, layer.units, bias=layer.bias)
        self.register_buffer("u", torch.ones(layer.units) if layer.spectral else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, _spectral_weight(self), self.bias)


class Conv(nn.Conv2d):
    """A convolution whose "same" padding is TensorFlow's: where the total is odd, the last side gets one more."""

    u: Tensor | None

    def __init__(self, channels: int, layer: architectures.Conv) -> None:
        super().__init__(channels, layer.filters, layer.kernel, layer.stride, bias=layer.bias)
        self.same = layer.padding == "same"
        self.weight.data = fast.as_matrix(self.weight.data)
        self.register_buffer("u", torch.ones(layer.filters) if layer.spectral else None)

    def forward(self, x: Tensor) -> Tensor:
        pad = 0
        if self.same:
            top, bottom = same_padding(x.shape[2], self.kernel_size[0], self.stride[0])
            left, right = same_padding(x.shape[3], self.kernel_size[1], self.stride[1])
            if top == bottom == left == right:
                pad = top
            else:
                x = F.pad(x, (left, right, top, bottom))
        return fast.conv2d(x, _spectral_weight(self), self.bias, self.stride[0], pad)


class ConvTranspose(nn.ConvTranspose2d):
    """A transposed convolution that is the transpose of `Conv`: "same" crops what `Conv` would have padded.

    PyTorch's `padding` crops both sides alike. Kernel 3 or 5 with stride 2 needs one pixel more cut off at the end,
    which no `padding` and `output_padding` give.
    """

    def __init__(self, channels: int, layer: architectures.ConvTranspose) -> None:
        before, after = same_padding(layer.stride, layer.kernel, layer.stride) if layer.padding == "same" else (0, 0)
        extra = max(layer.stride - layer.kernel, 0) if layer.padding == "same" else 0
        super().__init__(channels, layer.filters, layer.kernel, layer.stride, before, extra, bias=layer.bias)
        self.before, self.cut = before, after - before
        self.weight.data = fast.as_matrix(self.weight.data)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        x = fast.conv_transpose2d(x, self.weight, self.bias, self.stride[0], self.before, self.output_padding[0])
        if not self.cut:
            return x
        # A copy: normalisation's gradient takes ten times as long over rows with gaps between them.
        return x[:, :, : x.shape[2] - self.cut, : x.shape[3] - self.cut].clone()


class DepthToSpace(nn.Module):
    """(n, block² · channels, height, width) to (n, channels, block · height, block · width), ordered as in TensorFlow.

    A channel's index is (row in the block, column in the block, channel); `pixel_shuffle` wants the channel first.
    """

    def __init__(self, block: int) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        channel_first = x.unflatten(1, (self.block**2, -1)).transpose(1, 2).flatten(1, 2)
        return F.pixel_shuffle(channel_first, self.block)


class Sigmoid(nn.Module):
    """2σ(x) - 1: the logistic function, stretched to the images' range."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * torch.sigmoid(x) - 1


class Dropout(nn.Module):
    """Dropout with a random generator of its own, so that a resumed run draws the same masks."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.random: torch.Generator | None = None  # None: PyTorch's global generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        # Several workers draw the mask of the whole batch, and each takes its share.
        whole = x if distributed.workers() == 1 else torch.cat([x] * distributed.workers())
        # Numbers are drawn in the order of memory, which must not depend on how x was computed.
        order = torch.channels_last if x.ndim == 4 else torch.contiguous_format
        mask = torch.empty_like(whole, memory_format=order).bernoulli_(1 - self.rate, generator=self.random)
        return x * distributed.share(mask) / (1 - self.rate)


class Octaves(nn.Module):
    """x, then sin(2ᵏx) and cos(2ᵏx) for each octave k, side by side."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> Tensor:
        waves = [wave(2**k * x) for k in range(self.count) for wave in (torch.sin, torch.cos)]
        return torch.cat([x, *waves], dim=-1)


class Reshape(nn.Module):
    """(n, values) to (n, channels, height, width), the values read as (height, width, channels) like in Keras."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class Flatten(nn.Module):
    """(n, channels, height, width) to (n, values) in the order (height, width, channels) like in Keras."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def _spectral_weight(module: Dense | Conv) -> Tensor:
    """The weight over its largest singular value, estimated by one power iteration a training pass.

    Miyato et al. 2018, algorithm 1: v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖, σ = uᵀWv, and no gradient through u and v.
    """
    if module.u is None:
        return module.weight
    matrix = module.weight.flatten(1)
    with torch.no_grad():
        v = F.normalize(module.u @ matrix, dim=0, eps=1e-12)
        if module.training:
            module.u.copy_(F.normalize(matrix @ v, dim=0, eps=1e-12))
        u = module.u.clone()
    return module.weight / (u @ matrix @ v)


def get_weights(model: nn.Module) -> dict[str, np.ndarray]:
    """All weights as NumPy arrays, under the names and in the layouts that both frameworks share.

    Names are like "conv3.kernel"; layouts are those of `ganlib.initialise.initial_weights`. A model that is not
    ganlib's gives its own state_dict, names and layouts as they are.
    """
    return {name: to_neutral(tensor, axes) for name, (tensor, axes) in neutral_weights(model).items()}


def set_weights(model: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Sets all weights from what `get_weights` gave, in either framework.

    A ValueError if a name is missing or unknown, or a shape differs; nothing is changed then.
    """
    own = neutral_weights(model)
    arrays = fitting_weights({name: tuple(w.permute(axes).shape) for name, (w, axes) in own.items()}, weights)
    for name, (tensor, axes) in own.items():
        from_neutral(tensor, axes, arrays[name])


# The permutation from PyTorch's layout to the neutral one: (out, in) to (in, out), and (out, in, k, k) to
# (k, k, in, out). A transposed convolution's (in, out, k, k) goes to (k, k, out, in) by the same one.
_AXES = {2: (1, 0), 4: (2, 3, 1, 0)}
_BATCH_NORM = {"weight": "scale", "bias": "shift", "running_mean": "mean", "running_var": "variance"}


def neutral_weights(model: nn.Module) -> dict[str, tuple[Any, tuple[int, ...]]]:
    """The weights by neutral name: each tensor, with the permutation of its axes that gives the neutral layout."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, such as gl.Generator(recipe) gives, not {describe(model)}.")
    if not isinstance(model, Network):
        return {name: (tensor, tuple(range(tensor.ndim))) for name, tensor in model.state_dict(keep_vars=True).items()}
    weights: dict[str, tuple[Any, tuple[int, ...]]] = {}
    for name, module in model.layers.named_modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            weights.update({f"{name}.{ours}": (getattr(module, its), (0,)) for its, ours in _BATCH_NORM.items()})
        elif isinstance(module, Dense | Conv | ConvTranspose):
            weights[f"{name}.kernel"] = (module.weight, _AXES[module.weight.ndim])
            if module.bias is not None:
                weights[f"{name}.bias"] = (module.bias, (0,))
            if getattr(module, "u", None) is not None:
                weights[f"{name}.u"] = (module.u, (0,))
    return weights


def to_neutral(tensor: Tensor, axes: tuple[int, ...]) -> np.ndarray:
    """A copy of the tensor as a NumPy array in the neutral layout."""
    return np.array(tensor.detach().permute(axes).cpu().numpy(), order="C")


def from_neutral(tensor: Tensor, axes: tuple[int, ...], array: np.ndarray) -> None:
    """Copies an array in the neutral layout into the tensor, converting its dtype."""
    native = np.ascontiguousarray(np.transpose(array, np.argsort(axes)))
    with torch.no_grad():
        tensor.copy_(torch.as_tensor(native))
