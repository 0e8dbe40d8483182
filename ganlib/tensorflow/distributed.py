"""More than one device: each worker takes its share of every batch, and gradients are averaged over the workers.

    with tf.distribute.MirroredStrategy().scope():      # all GPUs of this machine
        trainer = gl.Trainer(recipe)
    trainer.fit(data)

The strategy keeps a copy of every variable on each device, runs the step on each, and carries the numbers between
them. A step's random numbers are drawn once, so a run is that of one device, but for rounding. Networks of your own
must be made inside the scope, too. Use one strategy in a program: TensorFlow 2.21 mixes up the messages of two
(tensorflow/tensorflow#62790).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import keras
import tensorflow as tf
from tensorflow import Tensor

from ganlib.tensorflow.optimisers import Optimiser

Shared = TypeVar("Shared")


def over(devices: Sequence[str]) -> AbstractContextManager[object]:
    """Where to make a trainer that shares each batch among several devices of this machine: a strategy's scope."""
    found = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    if unknown := [name for name in devices if name not in found]:
        raise ValueError(f"TensorFlow cannot use the device {unknown[0]!r} here. It sees {', '.join(found)}.")
    return tf.distribute.MirroredStrategy(list(devices)).scope()


def start() -> tuple[int, int]:
    """This worker's number, from 0, and how many there are; (0, 1) where there is but one device.

    The strategy whose scope this is called in says how many. It runs all of its devices from this one process.
    """
    strategy = tf.distribute.get_strategy()
    if workers() > 1 and not isinstance(strategy, tf.distribute.MirroredStrategy):
        instead = "Over several machines use PyTorch with torchrun; its checkpoints load in TensorFlow."
        raise ValueError(f"ganlib trains under MirroredStrategy, not under {type(strategy).__name__}. {instead}")
    return 0, workers()


def workers() -> int:
    """How many workers share each batch: 1 where there is but one device."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def share(values: Shared, axis: int = 0) -> Shared:
    """This worker's share of an array or tensor of the whole batch: a slice of `axis`."""
    if workers() == 1:
        return values
    size = values.shape[axis] // workers()  # type: ignore[attr-defined]

    def part(context: tf.distribute.ReplicaContext) -> Tensor:
        start = context.replica_id_in_sync_group * size
        return values[(slice(None),) * axis + (slice(start, start + size),)]  # type: ignore[index]

    here = tf.distribute.get_replica_context()  # None outside of a step
    if here is not None:
        return part(here)
    return tf.distribute.get_strategy().experimental_distribute_values_from_function(part)


def average(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The mean of each tensor over the workers, differentiable as often as needed."""
    if workers() == 1:
        return tensors
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, list(tensors))


class Averaging(Optimiser):
    """An optimiser that averages the gradients over the workers before it moves."""

    def __init__(self, optimiser: Optimiser) -> None:
        self.settings, self.parameters, self.steps = optimiser.settings, optimiser.parameters, optimiser.steps
        self.optimiser = optimiser

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        """Moves the parameters against the mean of the workers' gradients."""
        self.optimiser.apply(average(gradients), progress)


def averaging(optimiser: Optimiser) -> Optimiser:
    """The optimiser, with gradients averaged over the workers where there are several."""
    return optimiser if workers() == 1 else Averaging(optimiser)


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any worker. All workers must ask at the same point."""
    return flag  # one process runs them all


def prepare(model: keras.Model) -> None:
    """Makes a network fit for several workers: batch normalisation over the whole batch, and one start for all.

    A ValueError for a network of your own that cannot be shared.
    """
    if workers() == 1:
        return
    strategy = tf.distribute.get_strategy()
    if not all(strategy.extended.variable_created_in_scope(variable.value) for variable in model.variables):
        raise ValueError(f"{model.name} was made outside the strategy's scope. Make it inside, where the trainer is.")
    layers = list(model.layers)
    for layer in layers:
        layers.extend(getattr(layer, "layers", ()))  # of a network inside
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized:
            alone = f"The layer {layer.name} normalises each worker's share of the batch by itself"
            raise ValueError(f"{alone}. Use keras.layers.BatchNormalization(synchronized=True).")
