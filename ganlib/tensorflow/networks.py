"""The generator and the discriminator as `keras.Model`s.

A recipe's architecture is a list of layers (`ganlib.architectures`). Each becomes one Keras layer here, in the native
layout (n, height, width, channels). The weights start from NumPy, so the PyTorch twin starts from the same ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

import keras
import numpy as np
import tensorflow as tf
from tensorflow import Tensor, Variable

from ganlib import architectures, initialise
from ganlib.architectures import Layer, Shape, conv_transpose_size
from ganlib.arguments import describe
from ganlib.layers import Combining, conditions
from ganlib.recipe import Recipe
from ganlib.runtime.tensors import fitting_weights
from ganlib.tensorflow import combinators, distributed, fast
from ganlib.tensorflow.combinators import Given
from ganlib.tensorflow.terms import Outputs

POLICIES = {"float64": "float64", "float32": "float32", "bfloat16": "mixed_bfloat16"}


class Network(keras.Model):
    """A list of layers, one after the other; what some of them look at besides is given by name."""

    def __init__(self, layers: list[Layer], input_shape: Shape, precision: str = "float32") -> None:
        if not isinstance(precision, str) or precision not in POLICIES:
            raise ValueError(f"precision must be one of {', '.join(POLICIES)}, not {precision!r}.")
        super().__init__(dtype=POLICIES[precision])
        self.stack = _stack(layers, POLICIES[precision])
        found = conditions(layers)
        self.built = True  # the layers build themselves, here; what has no axes are labels
        given = {name: tf.zeros((1, *s), self.variable_dtype if s else tf.int64) for name, s in found.items()}
        self(tf.zeros((1, *input_shape), self.variable_dtype), given or None)

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Any:
        return tf.cast(combinators.run(self.stack, x, given, training), self.variable_dtype)


class Generator(Network):
    """Latents (n, latent) in, images (n, height, width, channels) or points (n, 2) out.

    Where the recipe has classes, both networks take the labels too: generator(latents, {"labels": labels}), with labels
    (n,) of type int64, and -1 for an unknown one.

    From one seed the initial weights are the PyTorch generator's as well. The precision is "float64", "float32", or
    "bfloat16": float32 weights, bfloat16 arithmetic.

    >>> images = Generator(ganlib.recipe("dcgan-digits"))(latents, training=True)
    """

    def __init__(self, recipe: Recipe, seed: int = 0, precision: str = "float32") -> None:
        super().__init__(architectures.generator_layers(recipe), (recipe.latent,), precision)
        set_weights(self, initialise.generator_weights(recipe, initialise.streams(seed)["generator_weights"]))


class Discriminator(Network):
    """Images (n, height, width, channels) or points (n, 2) in, logits (n,) out; no sigmoid.

    Where the recipe's terms look at more, it gives several outputs by name: {"real": (n,), its logits, "class":
    (n, classes), "features": (n, k)}. The arguments are those of `Generator`. With a recipe's `pack` above 1 an input
    is that many samples, stacked.

    >>> logits = Discriminator(ganlib.recipe("dcgan-digits"))(images, training=True)
    """

    def __init__(self, recipe: Recipe, seed: int = 0, precision: str = "float32") -> None:
        self.heads = architectures.heads(recipe)
        shape = architectures.discriminator_input(recipe)
        super().__init__(architectures.discriminator_layers(recipe), shape, precision)
        set_weights(self, initialise.discriminator_weights(recipe, initialise.streams(seed)["discriminator_weights"]))

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Outputs:
        columns = tf.split(super().call(x, given, training), list(self.heads.values()), axis=1)
        outputs = dict(zip(self.heads, columns, strict=True))
        outputs["real"] = tf.squeeze(outputs["real"], axis=1)
        return outputs if len(outputs) > 1 else outputs["real"]


def _stack(layers: Sequence[Layer], dtype: str) -> list[keras.layers.Layer]:
    return [_layer(layer, name, dtype) for name, layer in zip(architectures.names(layers), layers, strict=True)]


def _layer(layer: Layer, name: str, dtype: str) -> keras.layers.Layer:
    """The Keras layer of one layer. Initial values are set later, from NumPy."""
    inner = _stack(layer.layers, dtype) if isinstance(layer, Combining) else []
    match layer:
        case architectures.Residual():
            return combinators.Residual(inner, name=name, dtype=dtype)
        case architectures.Skip():
            return combinators.Skip(inner, name=name, dtype=dtype)
        case architectures.Join():
            return combinators.Join(inner, layer.given, name=name, dtype=dtype)
        case architectures.Project():
            return combinators.Project(inner, layer.given, name=name, dtype=dtype)
        case architectures.OneHot():
            return combinators.OneHot(layer.classes, name=name, dtype=dtype)
        case architectures.Dense():
            return Dense(layer, name=name, dtype=dtype)
        case architectures.Conv():
            return Conv(layer, name=name, dtype=dtype)
        case architectures.ConvTranspose():
            return ConvTranspose(layer, name=name, dtype=dtype)
        case architectures.Upsample():
            return keras.layers.UpSampling2D(layer.factor, interpolation="nearest", name=name, dtype=dtype)
        case architectures.AveragePool():
            return keras.layers.AveragePooling2D(layer.size, name=name, dtype=dtype)
        case architectures.DepthToSpace():
            return DepthToSpace(layer.block, name=name, dtype=dtype)
        case architectures.BatchNorm():
            return BatchNorm(layer, name=name, dtype=dtype)
        case architectures.LeakyReLU():
            return LeakyReLU(layer.slope, name=name, dtype=dtype)
        case architectures.Tanh():
            return keras.layers.Activation("tanh", name=name, dtype=dtype)
        case architectures.Sigmoid():
            return Sigmoid(name=name, dtype=dtype)
        case architectures.Dropout():
            return Dropout(layer.rate, name=name, dtype=dtype)
        case architectures.Octaves():
            return Octaves(layer.count, name=name, dtype=dtype)
        case architectures.Reshape():
            return keras.layers.Reshape(layer.shape, name=name, dtype=dtype)
        case architectures.Flatten():
            return keras.layers.Flatten(name=name, dtype=dtype)
        case _:
            assert_never(layer)


class Dense(keras.layers.Dense):
    """y = x W + b, with W divided by its largest singular value where the layer asks for it."""

    def __init__(self, layer: architectures.Dense, **named: str) -> None:
        super().__init__(layer.units, use_bias=layer.bias, **named)
        self.spectral = layer.spectral

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.u = _add_u(self, self.units) if self.spectral else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = tf.matmul(x, _spectral_kernel(self, training))
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x


class Conv(keras.layers.Conv2D):
    """A convolution, with its kernel divided by its largest singular value where the layer asks for it."""

    def __init__(self, layer: architectures.Conv, **named: str) -> None:
        super().__init__(layer.filters, layer.kernel, layer.stride, layer.padding, use_bias=layer.bias, **named)
        self.spectral = layer.spectral

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.u = _add_u(self, self.filters) if self.spectral else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = tf.nn.conv2d(x, _spectral_kernel(self, training), self.strides, self.padding.upper())
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x


class ConvTranspose(keras.layers.Conv2DTranspose):
    """A transposed convolution that is the transpose of `Conv`, padding included: here TensorFlow's own is."""

    def __init__(self, layer: architectures.ConvTranspose, **named: str) -> None:
        super().__init__(layer.filters, layer.kernel, layer.stride, layer.padding, use_bias=layer.bias, **named)

    def call(self, x: Tensor) -> Tensor:
        sides = [conv_transpose_size(n, self.kernel_size[0], self.strides[0], self.padding) for n in x.shape[1:3]]
        shape, kernel = (tf.shape(x)[0], *sides, self.filters), tf.convert_to_tensor(self.kernel)
        x = fast.conv2d_transpose(x, kernel, shape, self.strides, self.padding.upper())
        return keras.ops.add(x, keras.ops.reshape(self.bias, (1, 1, 1, -1))) if self.use_bias else x


class DepthToSpace(keras.layers.Layer):
    """(n, height, width, block² · channels) to (n, block · height, block · width, channels).

    A channel's index is (row in the block, column in the block, channel), as in `tf.nn.depth_to_space`.
    """

    def __init__(self, block: int, **named: str) -> None:
        super().__init__(**named)
        self.block = block

    def call(self, x: Tensor) -> Tensor:
        b, (height, width, channels) = self.block, x.shape[1:]
        x = tf.reshape(x, (-1, height, width, b, b, channels // b**2))
        x = tf.transpose(x, (0, 1, 3, 2, 4, 5))
        return tf.reshape(x, (-1, b * height, b * width, channels // b**2))


class BatchNorm(keras.layers.Layer):
    """Batch normalisation as in Ioffe & Szegedy 2015, whose moving variance is the unbiased one.

    Keras's own layer keeps the biased variance, PyTorch's the unbiased one.
    """

    def __init__(self, layer: architectures.BatchNorm, **named: str) -> None:
        super().__init__(**named)
        self.momentum, self.epsilon = layer.momentum, layer.epsilon

    def build(self, input_shape: Shape) -> None:
        channels = (input_shape[-1],)
        # Statistics and scale stay in the weights' precision when the arithmetic around them is bfloat16.
        self.scale = self.add_weight(name="scale", shape=channels, initializer="ones", autocast=False)
        self.shift = self.add_weight(name="shift", shape=channels, initializer="zeros", autocast=False)
        fixed = {"shape": channels, "trainable": False, "autocast": False}
        self.mean = self.add_weight(name="mean", initializer="zeros", **fixed)
        self.variance = self.add_weight(name="variance", initializer="ones", **fixed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        given = x.dtype
        x = tf.cast(x, self.variable_dtype)
        mean, variance = tf.convert_to_tensor(self.mean), tf.convert_to_tensor(self.variance)
        if training:
            axes = list(range(len(x.shape) - 1))
            [mean] = distributed.average([tf.reduce_mean(x, axes)])
            # Not tf.nn.moments: it stops the gradient through the mean, and a penalty's second derivative needs it.
            [variance] = distributed.average([tf.reduce_mean(tf.square(x - mean), axes)])
            values = tf.cast(distributed.workers() * tf.size(x) / tf.size(mean), x.dtype)  # in each channel
            unbiased = variance * values / (values - 1)
            self.mean.assign(self.momentum * self.mean + (1 - self.momentum) * mean)
            self.variance.assign(self.momentum * self.variance + (1 - self.momentum) * unbiased)
        scale = tf.convert_to_tensor(self.scale) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast((x - mean) * scale + self.shift, given)


class LeakyReLU(keras.layers.Layer):
    """x where x > 0, slope · x elsewhere."""

    def __init__(self, slope: float, **named: str) -> None:
        super().__init__(**named)
        self.slope = slope

    def call(self, x: Tensor) -> Tensor:
        if self.slope == 0:
            return tf.nn.relu(x)
        if x.dtype == tf.float64:  # the operation below keeps its slope in float32
            return tf.where(x > 0, x, self.slope * x)
        return tf.nn.leaky_relu(x, self.slope)


class Sigmoid(keras.layers.Layer):
    """2σ(x) - 1: the logistic function, stretched to the images' range."""

    def call(self, x: Tensor) -> Tensor:
        return 2 * tf.sigmoid(x) - 1


class Octaves(keras.layers.Layer):
    """x, then sin(2ᵏx) and cos(2ᵏx) for each octave k, side by side."""

    def __init__(self, count: int, **named: str) -> None:
        super().__init__(**named)
        self.count = count

    def call(self, x: Tensor) -> Tensor:
        waves = [wave(2**k * x) for k in range(self.count) for wave in (tf.sin, tf.cos)]
        return tf.concat([x, *waves], axis=-1)


class Dropout(keras.layers.Layer):
    """Dropout from a seed of its own, so that a resumed run draws the same masks."""

    def __init__(self, rate: float, **named: str) -> None:
        super().__init__(**named)
        self.rate = rate

    def build(self, input_shape: Shape) -> None:
        self.seed = tf.Variable([0, 0], dtype=tf.int64, trainable=False)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training:
            return x
        self.seed.assign_add([0, 1])
        # Several workers draw the mask of the whole batch, and each takes its share.
        whole = tf.shape(x) * [distributed.workers(), *[1] * (len(x.shape) - 1)]
        kept = distributed.share(tf.random.stateless_uniform(whole, self.seed) >= self.rate)
        return tf.where(kept, x / (1 - self.rate), tf.zeros_like(x))


for _kind in (Dense, Conv, BatchNorm, Dropout):
    _kind.takes_training = True  # where the others take none


def _add_u(layer: keras.layers.Layer, size: int) -> Variable:
    return layer.add_weight(name="u", shape=(size,), initializer="ones", trainable=False, autocast=False)


def _spectral_kernel(layer: Dense | Conv, training: bool) -> Tensor:
    """The kernel over its largest singular value, estimated by one power iteration a training pass.

    Miyato et al. 2018, algorithm 1: v ← Wu/‖Wu‖, u ← Wᵀv/‖Wᵀv‖, σ = vᵀWu with W the kernel as (inputs, outputs), and
    no gradient through u and v.
    """
    kernel = tf.convert_to_tensor(layer.kernel)
    if layer.u is None:
        return kernel
    u = tf.convert_to_tensor(layer.u)
    matrix = tf.cast(tf.reshape(kernel, (-1, kernel.shape[-1])), u.dtype)
    fixed = tf.stop_gradient(matrix)
    v = tf.math.l2_normalize(tf.linalg.matvec(fixed, u), epsilon=1e-24)
    if training:
        u = tf.math.l2_normalize(tf.linalg.matvec(fixed, v, transpose_a=True), epsilon=1e-24)
        layer.u.assign(u)
    sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
    return kernel / tf.cast(sigma, kernel.dtype)


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """All weights as NumPy arrays, under the names and in the layouts that both frameworks share.

    Names are like "conv3.kernel"; layouts are those of `ganlib.initialise.initial_weights`. A model that is not
    ganlib's gives its own variables, names and layouts as they are.
    """
    return {name: np.array(tf.convert_to_tensor(variable).numpy()) for name, variable in neutral_weights(model).items()}


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Sets all weights from what `get_weights` gave, in either framework.

    A ValueError if a name is missing or unknown, or a shape differs; nothing is changed then.
    """
    own = neutral_weights(model)
    arrays = fitting_weights({name: tuple(variable.shape) for name, variable in own.items()}, weights)
    for name, variable in own.items():
        variable.assign(arrays[name].astype(variable.dtype))


def neutral_weights(model: keras.Model) -> dict[str, Any]:
    """The weights by neutral name: the variables, whose layouts are the neutral ones."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model, such as gl.Generator(recipe) gives, not {describe(model)}.")
    if not isinstance(model, Network):
        return {variable.path: variable for variable in model.variables}
    return {f"{name}.{v.name}": v for name, layer in plain_layers(model) for v in layer.weights}


def plain_layers(model: Any, outer: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """The layers that are made of no others, with names such as "dense0", or "join0.dense1" for one inside another."""
    for layer in getattr(model, "stack", ()):
        if isinstance(layer, combinators.Chain):
            yield from plain_layers(layer, f"{outer}{layer.name}.")
        else:
            yield outer + layer.name, layer
