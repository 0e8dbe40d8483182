"""The optimisers, one formula in both frameworks (`ganlib.recipe.Optimiser` writes it down).

Keras's optimisers are not used: they hold the rate and the betas in float32, which alone makes a float64 run drift.
"""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow import Tensor, Variable

from ganlib.recipe import Optimiser as Settings
from ganlib.reference.optimisers import CONJUGATE


class Optimiser:
    """What moves one player's weights: the settings of a recipe, the weights, and how many steps were made.

    `slots` are the variables of what it remembers, by name.
    """

    slots: dict[str, list[Variable]]

    def __init__(self, settings: Settings, parameters: Sequence[Variable]) -> None:
        self.settings, self.parameters = settings, list(parameters)
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        raise NotImplementedError

    def state(self) -> dict[str, list[Tensor]]:
        """What it remembers, by name: each a list in the order of the parameters."""
        return self.slots

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made, on which the rate and Adam's bias correction depend."""
        self.steps.assign(steps)


class Adam(Optimiser):
    """Adam (Kingma & Ba 2015) over a list of parameters, with ε where the recipe puts it: written out.

    The moments of all parameters lie in one vector each. A graph of a few operations on long vectors is traced and run
    in less time than one of many operations on short ones.
    """

    def __init__(self, settings: Settings, parameters: Sequence[Variable]) -> None:
        super().__init__(settings, parameters)
        zeros = tf.zeros_like(_joined(self.parameters))
        self.m, self.v = tf.Variable(zeros, trainable=False), tf.Variable(zeros, trainable=False)
        self.slots = {"m": [self.m], "v": [self.v]}

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        gradients = with_decay(self.settings, self.parameters, gradients)
        settings, steps = self.settings, tf.cast(self.steps.assign_add(1), tf.float64)
        correction1 = 1 - tf.constant(settings.beta1, tf.float64) ** steps
        correction2 = tf.sqrt(1 - tf.constant(settings.beta2, tf.float64) ** steps)
        # A tensor from the start: tf.cast of a Python number would round it to float32 on the way.
        epsilon = tf.constant(settings.epsilon, tf.float64)
        if settings.epsilon_placement == "after":
            epsilon *= correction2
        # rate · m̂ / (√v̂ + ε), with both corrections taken out of the loop over the parameters.
        step = tf.cast(rate(settings, progress, steps) * correction2 / correction1, self.m.dtype)
        gradient = _joined(gradients)
        m = self.m.assign_add((1 - settings.beta1) * (gradient - self.m))
        v = self.v.assign_add((1 - settings.beta2) * (tf.square(gradient) - self.v))
        moves = _parted(step * m / (tf.sqrt(v) + tf.cast(epsilon, v.dtype)), self.parameters)
        for parameter, move in zip(self.parameters, moves, strict=True):
            parameter.assign_sub(move)

    def state(self) -> dict[str, list[Tensor]]:
        return {"m": _parted(self.m, self.parameters), "v": _parted(self.v, self.parameters)}


class SGD(Optimiser):
    """Gradient descent with momentum: v ← β₁v + g, then a step of -rate · v. β₁ may be negative."""

    def __init__(self, settings: Settings, parameters: Sequence[Variable]) -> None:
        super().__init__(settings, parameters)
        self.velocity = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]
        self.slots = {"v": self.velocity}

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        gradients = with_decay(self.settings, self.parameters, gradients)
        step = rate(self.settings, progress, self.steps.assign_add(1))
        for parameter, velocity, gradient in zip(self.parameters, self.velocity, gradients, strict=True):
            velocity.assign(self.settings.beta1 * velocity + gradient)
            parameter.assign_sub(tf.cast(step, parameter.dtype) * velocity)


class Conjugate(Optimiser):
    """Conjugate directions (Naganuma & Iiduka 2023): d ← -g + βd, then a step of rate · d."""

    def __init__(self, settings: Settings, parameters: Sequence[Variable]) -> None:
        super().__init__(settings, parameters)
        self.direction = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]
        self.gradient = [tf.Variable(tf.zeros_like(parameter), trainable=False) for parameter in self.parameters]
        self.slots = {"d": self.direction, "g": self.gradient}

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor = 0.0) -> None:
        gradients = with_decay(self.settings, self.parameters, gradients)
        beta = conjugate_beta(self.settings.rule, gradients, self.gradient, self.direction)
        beta = tf.clip_by_value(beta, 0, self.settings.beta1)
        step = rate(self.settings, progress, self.steps.assign_add(1))
        slots = zip(self.parameters, self.direction, self.gradient, gradients, strict=True)
        for parameter, direction, before, gradient in slots:
            direction.assign(beta * direction - gradient)
            before.assign(gradient)
            parameter.assign_add(tf.cast(step, parameter.dtype) * direction)


def conjugate_beta(
    rule: str, gradient: Sequence[Tensor], before: Sequence[Tensor], direction: Sequence[Tensor]
) -> Tensor:
    """β of a conjugate direction, a number for all of a player's parameters; `ganlib.reference` has the formulas."""

    def dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
        return tf.add_n([tf.reduce_sum(x * y) for x, y in zip(a, b, strict=True)])

    ratio = tf.math.divide_no_nan
    change = [g - b for g, b in zip(gradient, before, strict=True)]
    match rule:
        case "fletcher_reeves":
            return ratio(dot(gradient, gradient), dot(before, before))
        case "polak_ribiere":
            return ratio(dot(gradient, change), dot(before, before))
        case "hestenes_stiefel":
            return ratio(dot(gradient, change), dot(direction, change))
        case "dai_yuan":
            return ratio(dot(gradient, gradient), dot(direction, change))
        case "hager_zhang":
            curvature = dot(direction, change)
            tilt = 2 * ratio(dot(change, change), curvature) * dot(gradient, direction)
            return ratio(dot(gradient, change) - tilt, curvature)
        case "fletcher_reeves_polak_ribiere":
            pair = ("fletcher_reeves", "polak_ribiere")
        case "hestenes_stiefel_dai_yuan":
            pair = ("hestenes_stiefel", "dai_yuan")
        case _:
            raise ValueError(f"There is no conjugate direction {rule!r}. The rules: {', '.join(CONJUGATE)}.")
    return tf.maximum(tf.minimum(*(conjugate_beta(one, gradient, before, direction) for one in pair)), 0)


def rate(settings: Settings, progress: float | Tensor, step: int | Tensor) -> Tensor:
    """The rate of the step-th step, counted from 1, when the share `progress` of the run is done."""
    left = settings.rate * (1 + (settings.rate_end - 1) * tf.convert_to_tensor(progress, tf.float64))
    return left / tf.cast(step, tf.float64) ** tf.constant(settings.rate_power, tf.float64)


def with_decay(settings: Settings, parameters: Sequence[Variable], gradients: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the loss plus l1·‖w‖₁ + l2/2·‖w‖²."""
    found = list(gradients)
    if settings.l1:
        found = [g + settings.l1 * tf.sign(w) for g, w in zip(found, parameters, strict=True)]
    if settings.l2:
        found = [g + settings.l2 * w for g, w in zip(found, parameters, strict=True)]
    return found


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    return tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)


def _parted(flat: Tensor, like: Sequence[Variable]) -> list[Tensor]:
    parts = tf.split(flat, [variable.shape.num_elements() for variable in like])
    return [tf.reshape(part, variable.shape) for part, variable in zip(parts, like, strict=True)]


RULES: dict[str, type[Optimiser]] = {"adam": Adam, "sgd": SGD, **dict.fromkeys(CONJUGATE, Conjugate)}


def get(settings: Settings, parameters: Sequence[Variable]) -> Optimiser:
    """The optimiser that the settings ask for, over the given parameters."""
    return RULES[settings.rule](settings, parameters)
