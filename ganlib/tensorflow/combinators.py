"""Layers inside a layer: one after the other, beside the input, beside or against what is given.

What is given are the conditions of each sample, by name: {"labels": (n,)}. Channels are the last axis.
"""

from collections.abc import Iterable, Mapping

import keras
import tensorflow as tf
from tensorflow import Tensor

Given = Mapping[str, Tensor]


class Chain(keras.layers.Layer):
    """Layers, one after the other. Those that are made of layers hear what is given."""

    def __init__(self, stack: Iterable[keras.layers.Layer], **named: str) -> None:
        super().__init__(**named)
        self.stack = list(stack)

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Tensor:
        return run(self.stack, x, given, training)


class Residual(Chain):
    """x + f(x), f the layers inside."""

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Tensor:
        return x + run(self.stack, x, given, training)


class Skip(Chain):
    """x and then f(x), side by side in the channels."""

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Tensor:
        return tf.concat([x, run(self.stack, x, given, training)], axis=-1)


class Join(Chain):
    """x and then f(c), side by side in the channels; c is what is given under `condition`."""

    def __init__(self, stack: Iterable[keras.layers.Layer], condition: str, **named: str) -> None:
        super().__init__(stack, **named)
        self.condition = condition

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Tensor:
        c = run(self.stack, condition(given, self.condition), given, training)
        if len(c.shape) < len(x.shape):  # a vector, for each pixel
            c = tf.broadcast_to(c[:, None, None], tf.concat([tf.shape(x)[:3], tf.shape(c)[1:]], axis=0))
        return tf.concat([x, tf.cast(c, x.dtype)], axis=-1)


class Project(Chain):
    """x · f(c), (n, 1); c is what is given under `condition`."""

    def __init__(self, stack: Iterable[keras.layers.Layer], condition: str, **named: str) -> None:
        super().__init__(stack, **named)
        self.condition = condition

    def call(self, x: Tensor, given: Given | None = None, training: bool = False) -> Tensor:
        c = run(self.stack, condition(given, self.condition), given, training)
        return tf.reduce_sum(x * c, axis=1, keepdims=True)


class OneHot(keras.layers.Layer):
    """Labels (n,) to rows (n, classes) with a 1 at the label's place; the label -1 to a row of zeros."""

    def __init__(self, classes: int, **named: str) -> None:
        super().__init__(**named)
        self.classes = classes

    def call(self, labels: Tensor) -> Tensor:
        return tf.one_hot(labels, self.classes, dtype=self.compute_dtype)


def run(stack: Iterable[keras.layers.Layer], x: Tensor, given: Given | None, training: bool) -> Tensor:
    """The layers, one after the other, each told what it takes."""
    for layer in stack:
        if isinstance(layer, Chain):
            # Not through Keras, which would look for shapes and precisions among what is given.
            x = layer.call(x, given, training)
        elif getattr(layer, "takes_training", False):
            x = layer(x, training=training)
        else:
            x = layer(x)
    return x


def condition(given: Given | None, name: str) -> Tensor:
    """What is given under this name, or a ValueError that says how to give it."""
    if given is None or name not in given:
        raise ValueError(f"This network looks at {name}: call it with {{{name!r}: a tensor}} behind its input.")
    return given[name]
