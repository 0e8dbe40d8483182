"""The linear system of a competitive step, solved by conjugate gradient with products alone."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Vector = Sequence[Tensor]


def conjugate_gradient(
    product: Callable[[Vector], Vector],
    transposed: Callable[[Vector], Vector],
    b: Vector,
    steps: int,
    tolerance: float,
) -> tuple[list[Tensor], Tensor]:
    """Solves Ax = b by the conjugate gradient method on AᵀAx = Aᵀb (Hestenes & Stiefel 1952, section 10).

    It needs no symmetry of A, so it serves players whose losses do not add up to zero. Where they do and both rates
    are one η, AᵀA is I + η² D_xy D_yx for each player, the matrix of Schäfer & Anandkumar 2019.

    Args:
        product, transposed: v → Av and v → Aᵀv. A vector is a sequence of tensors.
        b: the right-hand side.
        steps: at most so many.
        tolerance: it ends early where ‖Aᵀ(b - Ax)‖ has fallen to this share of ‖Aᵀb‖.

    Returns:
        x, and how many steps were made, a scalar tensor.
    """
    x, residual = [torch.zeros_like(part) for part in b], [part.detach() for part in b]
    slope = transposed(residual)
    direction, squared = slope, _dot(slope, slope)
    enough, made = tolerance**2 * squared, 0
    # Not "while it is above": NaN must go through, so that the trainer sees it.
    while made < steps and not squared <= enough:
        image = product(direction)
        alpha = squared / _dot(image, image)
        x = [part + alpha * d for part, d in zip(x, direction, strict=True)]
        residual = [part - alpha * i for part, i in zip(residual, image, strict=True)]
        slope, before = transposed(residual), squared
        squared = _dot(slope, slope)
        direction = [s + squared / before * d for s, d in zip(slope, direction, strict=True)]
        made += 1
    return x, torch.full_like(squared, made)


def _dot(a: Vector, b: Vector) -> Tensor:
    return torch.stack([(x * y).sum() for x, y in zip(a, b, strict=True)]).sum()
