"""Layers inside a layer: one after the other, beside the input, beside or against what is given.

What is given are the conditions of each sample, by name: {"labels": (n,)}. Channels are the axis after the batch's.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Given = Mapping[str, Tensor]


class Chain(nn.Sequential):
    """Layers, one after the other. Those that are made of layers hear what is given."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x: Tensor, given: Given | None = None) -> Tensor:
        for module in self:
            x = module(x, given) if isinstance(module, Chain) else module(x)
        return x


class Residual(Chain):
    """x + f(x), f the layers inside."""

    def forward(self, x: Tensor, given: Given | None = None) -> Tensor:
        return x + super().forward(x, given)


class Skip(Chain):
    """x and then f(x), side by side in the channels."""

    def forward(self, x: Tensor, given: Given | None = None) -> Tensor:
        return torch.cat([x, super().forward(x, given)], dim=1)


class Join(Chain):
    """x and then f(c), side by side in the channels; c is what is given under `condition`."""

    def __init__(self, modules: Mapping[str, nn.Module], condition: str) -> None:
        super().__init__(modules)
        self.condition = condition

    def forward(self, x: Tensor, given: Given | None = None) -> Tensor:
        c = super().forward(condition(given, self.condition), given)
        if c.ndim < x.ndim:  # a vector, for each pixel
            c = c[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return torch.cat([x, c.to(x.dtype)], dim=1)


class Project(Chain):
    """x · f(c), (n, 1); c is what is given under `condition`."""

    def __init__(self, modules: Mapping[str, nn.Module], condition: str) -> None:
        super().__init__(modules)
        self.condition = condition

    def forward(self, x: Tensor, given: Given | None = None) -> Tensor:
        c = super().forward(condition(given, self.condition), given)
        return (x * c).sum(dim=1, keepdim=True)


class OneHot(nn.Module):
    """Labels (n,) to rows (n, classes) with a 1 at the label's place; the label -1 to a row of zeros."""

    places: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        # A buffer, though nothing learns it, so that it follows the network to its device and precision.
        self.register_buffer("places", torch.arange(classes, dtype=torch.float32), persistent=False)

    def forward(self, labels: Tensor) -> Tensor:
        return (labels[:, None] == self.places).to(self.places.dtype)


def condition(given: Given | None, name: str) -> Tensor:
    """What is given under this name, or a ValueError that says how to give it."""
    if given is None or name not in given:
        raise ValueError(f"This network looks at {name}: call it with {{{name!r}: a tensor}} behind its input.")
    return given[name]
