"""The optimisers, one formula in both frameworks (`ganlib.recipe.Optimiser` writes it down)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

from ganlib.recipe import Optimiser as Settings
from ganlib.reference.optimisers import CONJUGATE


class Optimiser:
    """What moves one player's weights: the settings of a recipe, the weights, and how many steps were made.

    `slots` are the tensors of what it remembers, by name.
    """

    slots: dict[str, list[Tensor]]

    def __init__(self, settings: Settings, parameters: Sequence[Tensor]) -> None:
        self.settings, self.parameters, self.steps = settings, list(parameters), 0

    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        raise NotImplementedError

    def state(self) -> dict[str, list[Tensor]]:
        """What it remembers, by name: each a list in the order of the parameters."""
        return self.slots

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made, on which the rate and Adam's bias correction depend."""
        self.steps = steps


class Adam(Optimiser):
    """Adam (Kingma & Ba 2015) over a list of parameters, with ε where the recipe puts it: PyTorch's own step."""

    def __init__(self, settings: Settings, parameters: Sequence[Tensor]) -> None:
        super().__init__(settings, parameters)
        self.m = [torch.zeros_like(parameter, memory_format=torch.preserve_format) for parameter in self.parameters]
        self.v = [torch.zeros_like(moment, memory_format=torch.preserve_format) for moment in self.m]
        self.slots = {"m": self.m, "v": self.v}
        # The fused step counts for itself, in a tensor for each parameter.
        self.counts = [torch.zeros((), dtype=torch.float32, device=parameter.device) for parameter in self.parameters]

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        self.steps += 1
        settings, epsilon = self.settings, self.settings.epsilon
        if settings.epsilon_placement == "before":
            epsilon /= math.sqrt(1 - settings.beta2**self.steps)
        # The fused step walks memory without a look at strides, and a convolution's gradient may be channels-last.
        pairs = zip(self.parameters, with_decay(settings, self.parameters, gradients), strict=True)
        same = [g if g.stride() == p.stride() else torch.empty_like(p).copy_(g) for p, g in pairs]
        # The function and not the class `torch.optim.Adam`, which takes a second to make: it loads PyTorch's compiler.
        adam(
            self.parameters,
            same,
            self.m,
            self.v,
            [],
            self.counts,
            lr=rate(settings, progress, self.steps),
            beta1=settings.beta1,
            beta2=settings.beta2,
            eps=epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
            fused=True,
        )

    def set_steps(self, steps: int) -> None:
        self.steps = steps
        for count in self.counts:
            count.fill_(steps)


class SGD(Optimiser):
    """Gradient descent with momentum: v ← β₁v + g, then a step of -rate · v. β₁ may be negative."""

    def __init__(self, settings: Settings, parameters: Sequence[Tensor]) -> None:
        super().__init__(settings, parameters)
        self.velocity = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.slots = {"v": self.velocity}

    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        self.steps += 1
        gradients = with_decay(self.settings, self.parameters, gradients)
        with torch.no_grad():
            for parameter, velocity, gradient in zip(self.parameters, self.velocity, gradients, strict=True):
                velocity.mul_(self.settings.beta1).add_(gradient)
                parameter.sub_(rate(self.settings, progress, self.steps) * velocity)


class Conjugate(Optimiser):
    """Conjugate directions (Naganuma & Iiduka 2023): d ← -g + βd, then a step of rate · d."""

    def __init__(self, settings: Settings, parameters: Sequence[Tensor]) -> None:
        super().__init__(settings, parameters)
        self.direction = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.gradient = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.slots = {"d": self.direction, "g": self.gradient}

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        self.steps += 1
        gradients = with_decay(self.settings, self.parameters, gradients)
        beta = conjugate_beta(self.settings.rule, gradients, self.gradient, self.direction)
        beta = beta.clamp(0, self.settings.beta1)
        step = rate(self.settings, progress, self.steps)
        slots = zip(self.parameters, self.direction, self.gradient, gradients, strict=True)
        for parameter, direction, before, gradient in slots:
            direction.mul_(beta).sub_(gradient)
            before.copy_(gradient)
            parameter.add_(step * direction)


def conjugate_beta(
    rule: str, gradient: Sequence[Tensor], before: Sequence[Tensor], direction: Sequence[Tensor]
) -> Tensor:
    """β of a conjugate direction, a number for all of a player's parameters; `ganlib.reference` has the formulas."""

    def dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
        return torch.stack([(x * y).sum() for x, y in zip(a, b, strict=True)]).sum()

    def ratio(above: Tensor, below: Tensor) -> Tensor:
        return torch.where(below == 0, torch.zeros_like(below), above / torch.where(below == 0, 1.0, below))

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
    return torch.minimum(*(conjugate_beta(one, gradient, before, direction) for one in pair)).clamp(min=0)


def rate(settings: Settings, progress: float, step: int) -> float:
    """The rate of the step-th step, counted from 1, when the share `progress` of the run is done."""
    return settings.rate * (1 + (settings.rate_end - 1) * progress) / step**settings.rate_power


def with_decay(settings: Settings, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the loss plus l1·‖w‖₁ + l2/2·‖w‖²."""
    found = list(gradients)
    with torch.no_grad():
        if settings.l1:
            found = [g + settings.l1 * torch.sign(w) for g, w in zip(found, parameters, strict=True)]
        if settings.l2:
            found = [g + settings.l2 * w for g, w in zip(found, parameters, strict=True)]
    return found


RULES: dict[str, type[Optimiser]] = {"adam": Adam, "sgd": SGD, **dict.fromkeys(CONJUGATE, Conjugate)}


def get(settings: Settings, parameters: Sequence[Tensor]) -> Optimiser:
    """The optimiser that the settings ask for, over the given parameters."""
    return RULES[settings.rule](settings, parameters)
