"""The optimisers, one formula in both frameworks (`ganlib.recipe.Optimiser` writes it down)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganlib.recipe import Optimiser


class Adam:
    """Adam (Kingma & Ba 2015) over a list of parameters, with ε where the recipe puts it: PyTorch's own."""

    def __init__(self, settings: Optimiser, parameters: Sequence[Tensor]) -> None:
        self.settings, self.parameters, self.steps = settings, list(parameters), 0
        self.adam = torch.optim.Adam(self.parameters, settings.rate, eps=settings.epsilon, fused=True)
        # Set here because PyTorch's constructor refuses the negative β₁ that Gidel et al. 2019 use.
        self.adam.param_groups[0]["betas"] = (settings.beta1, settings.beta2)
        for parameter in self.parameters:
            self.adam.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
                "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
            }

    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        self.steps += 1
        self.adam.param_groups[0]["lr"] = rate(self.settings, progress)
        gradients = with_decay(self.settings, self.parameters, gradients)
        if self.settings.epsilon_placement == "before":
            corrected = self.settings.epsilon / math.sqrt(1 - self.settings.beta2**self.steps)
            self.adam.param_groups[0]["eps"] = corrected
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # The fused step walks memory without a look at strides, and a convolution's gradient may be channels-last.
            same = gradient.stride() == parameter.stride()
            parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
        self.adam.step()

    def state(self) -> dict[str, list[Tensor]]:
        """The moments m and v, each a list in the order of the parameters. Change them in place to restore."""
        state = [self.adam.state[parameter] for parameter in self.parameters]
        return {"m": [s["exp_avg"] for s in state], "v": [s["exp_avg_sq"] for s in state]}

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made, on which the bias correction depends."""
        self.steps = steps
        for parameter in self.parameters:
            self.adam.state[parameter]["step"].fill_(steps)


class SGD:
    """Gradient descent with momentum: v ← β₁v + g, then a step of -rate · v. β₁ may be negative."""

    def __init__(self, settings: Optimiser, parameters: Sequence[Tensor]) -> None:
        self.settings, self.parameters, self.steps = settings, list(parameters), 0
        self.velocity = [torch.zeros_like(parameter) for parameter in self.parameters]

    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        """Moves the parameters against their gradients, once, when the share `progress` of the run is done."""
        self.steps += 1
        gradients = with_decay(self.settings, self.parameters, gradients)
        with torch.no_grad():
            for parameter, velocity, gradient in zip(self.parameters, self.velocity, gradients, strict=True):
                velocity.mul_(self.settings.beta1).add_(gradient)
                parameter.sub_(rate(self.settings, progress) * velocity)

    def state(self) -> dict[str, list[Tensor]]:
        """The velocities, a list in the order of the parameters. Change them in place to restore."""
        return {"v": self.velocity}

    def set_steps(self, steps: int) -> None:
        """Sets how many steps were made."""
        self.steps = steps


def rate(settings: Optimiser, progress: float) -> float:
    """The rate when the share `progress` of the run is done: it falls linearly to `rate_end` of itself."""
    return settings.rate * (1 + (settings.rate_end - 1) * progress)


def with_decay(settings: Optimiser, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of the loss plus l1·‖w‖₁ + l2/2·‖w‖²."""
    found = list(gradients)
    with torch.no_grad():
        if settings.l1:
            found = [g + settings.l1 * torch.sign(w) for g, w in zip(found, parameters, strict=True)]
        if settings.l2:
            found = [g + settings.l2 * w for g, w in zip(found, parameters, strict=True)]
    return found


def get(settings: Optimiser, parameters: Sequence[Tensor]) -> Adam | SGD:
    """The optimiser that the settings ask for, over the given parameters."""
    return Adam(settings, parameters) if settings.rule == "adam" else SGD(settings, parameters)
