"""The optimisers, one formula in both frameworks (`ganlib.recipe.Optimiser` writes it down).

Keras's optimisers are not used: they hold the rate and the betas in float32, which alone makes a float64 run drift.
"""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow import Tensor, Variable

from ganlib.recipe import Optimiser


class Adam:
    """Adam (Kingma & Ba 2015) over a list of parameters, with ε where the recipe puts it: written out."""

    def __init__(self, settings: Optimiser, parameters: Sequence[Variable]) -> None:
        self.settings, self.parameters = settings, list(parameters)
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.m = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]
        self.v = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        gradients = with_decay(self.settings, self.parameters, gradients)
        settings, steps = self.settings, tf.cast(self.steps.assign_add(1), tf.float64)
        correction1 = 1 - tf.constant(settings.beta1, tf.float64) ** steps
        correction2 = tf.sqrt(1 - tf.constant(settings.beta2, tf.float64) ** steps)
        # A tensor from the start: tf.cast of a Python number would round it to float32 on the way.
        epsilon = tf.constant(settings.epsilon, tf.float64)
        if settings.epsilon_placement == "after":
            epsilon *= correction2
        # rate · m̂ / (√v̂ + ε), with both corrections taken out of the loop over the parameters.
        step = rate(settings, progress) * correction2 / correction1
        for parameter, m, v, gradient in zip(self.parameters, self.m, self.v, gradients, strict=True):
            m.assign_add((1 - settings.beta1) * (gradient - m))
            v.assign_add((1 - settings.beta2) * (tf.square(gradient) - v))
            dtype = parameter.dtype
            parameter.assign_sub(tf.cast(step, dtype) * m / (tf.sqrt(v) + tf.cast(epsilon, dtype)))

    def state(self) -> dict[str, list[Variable]]:
        """The moments m and v, each a list in the order of the parameters. Change them in place to restore."""
        return {"m": self.m, "v": self.v}

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made, on which the bias correction depends."""
        self.steps.assign(steps)


class SGD:
    """Gradient descent with momentum: v ← β₁v + g, then a step of -rate · v. β₁ may be negative."""

    def __init__(self, settings: Optimiser, parameters: Sequence[Variable]) -> None:
        self.settings, self.parameters = settings, list(parameters)
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.velocity = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        gradients = with_decay(self.settings, self.parameters, gradients)
        self.steps.assign_add(1)
        for parameter, velocity, gradient in zip(self.parameters, self.velocity, gradients, strict=True):
            velocity.assign(self.settings.beta1 * velocity + gradient)
            parameter.assign_sub(tf.cast(rate(self.settings, progress), parameter.dtype) * velocity)

    def state(self) -> dict[str, list[Variable]]:
        """The velocities, a list in the order of the parameters. Change them in place to restore."""
        return {"v": self.velocity}

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made."""
        self.steps.assign(steps)


def rate(settings: Optimiser, progress: float | Tensor) -> Tensor:
    """The rate when the share `progress` of the run is done: it falls linearly to `rate_end` of itself."""
    return settings.rate * (1 + (settings.rate_end - 1) * tf.convert_to_tensor(progress, tf.float64))


def with_decay(settings: Optimiser, parameters: Sequence[Variable], gradients: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the loss plus l1·‖w‖₁ + l2/2·‖w‖²."""
    found = list(gradients)
    if settings.l1:
        found = [g + settings.l1 * tf.sign(w) for g, w in zip(found, parameters, strict=True)]
    if settings.l2:
        found = [g + settings.l2 * w for g, w in zip(found, parameters, strict=True)]
    return found


def get(settings: Optimiser, parameters: Sequence[Variable]) -> Adam | SGD:
    """The optimiser that the settings ask for, over the given parameters."""
    return Adam(settings, parameters) if settings.rule == "adam" else SGD(settings, parameters)
