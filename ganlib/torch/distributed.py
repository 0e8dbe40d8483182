"""More than one device: each worker takes its share of every batch, and gradients are averaged over the workers.

    torchrun --nproc-per-node 2 train.py      # the program of one device, unchanged; or -m ganlib train …

`torchrun` starts the workers and ends them all when one fails; `torch.distributed` carries the numbers. The workers
draw the same random numbers from the same seed, so a run is that of one device, but for rounding. Networks of your own
start from rank 0's weights. Callbacks run in every worker; `trainer.rank == 0` is the test for what one should do.

DistributedDataParallel averages in hooks of `backward`, which `torch.autograd.grad`, needed for the penalties, passes
by. Here one all-reduce of all gradients a player's step does it.
"""

import atexit
import datetime
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ganlib.errors import WorkerLost
from ganlib.torch.optimisers import Optimiser

AVAILABLE = dist.is_available()
TIMEOUT = 600.0  # seconds that a worker waits for the others
Shared = TypeVar("Shared")


def over(devices: Sequence[str]) -> AbstractContextManager[object]:
    """Where to make a trainer that shares each batch among several devices of this machine: nowhere in one process."""
    start = f"Start as many processes: torchrun --nproc-per-node {len(devices)} -m ganlib train …"
    raise ValueError(f"PyTorch takes one device in each process, not {', '.join(devices)}. {start}")


def start() -> tuple[int, int]:
    """This worker's number, from 0, and how many there are; (0, 1) where there is but one device.

    Joins the workers where torchrun started this process. A process group that is already there is used as it is.
    """
    if AVAILABLE and not dist.is_initialized() and dist.is_torchelastic_launched():
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, timeout=datetime.timedelta(seconds=TIMEOUT))
        atexit.register(_leave)
    return (dist.get_rank() if workers() > 1 else 0), workers()


def workers() -> int:
    """How many workers share each batch: 1 where there is but one device."""
    return dist.get_world_size() if AVAILABLE and dist.is_initialized() else 1


def share(values: Shared, axis: int = 0) -> Shared:
    """This worker's share of an array or tensor of the whole batch: a slice of `axis`."""
    if workers() == 1:
        return values
    size = values.shape[axis] // workers()  # type: ignore[attr-defined]
    start = dist.get_rank() * size
    return values[(slice(None),) * axis + (slice(start, start + size),)]  # type: ignore[index]


def average(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The mean of each tensor over the workers, differentiable as often as needed.

    WorkerLost if another worker ended, or did not answer in time.
    """
    if workers() == 1:
        return tensors
    flat = _Sum.apply(torch.cat([tensor.flatten() for tensor in tensors])) / workers()
    parts = flat.split([tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


class Averaging(Optimiser):
    """An optimiser that averages the gradients over the workers before it moves."""

    def __init__(self, optimiser: Optimiser) -> None:
        super().__init__(optimiser.settings, optimiser.parameters)
        self.optimiser = optimiser

    def apply(self, gradients: Sequence[Tensor], progress: float = 0.0) -> None:
        """Moves the parameters against the mean of the workers' gradients."""
        self.optimiser.apply(average(gradients), progress)


def averaging(optimiser: Optimiser) -> Optimiser:
    """The optimiser, with gradients averaged over the workers where there are several."""
    return optimiser if workers() == 1 else Averaging(optimiser)


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any worker. All workers must ask at the same point."""
    if workers() == 1:
        return flag
    flags = torch.tensor(float(flag))
    _all_reduce(flags)
    return bool(flags > 0)


def prepare(model: nn.Module) -> None:
    """Makes a network fit for several workers: batch normalisation over the whole batch, and one start for all."""
    if workers() == 1:
        return
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
                setattr(parent, name, BatchNorm(child))
    for tensor in model.state_dict().values():
        dist.broadcast(tensor, 0)


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the batches of all workers together.

    `torch.nn.SyncBatchNorm` needs a GPU, and a penalty's second derivative does not go through it.
    """

    def __init__(self, alone: Any) -> None:
        super().__init__(alone.num_features, alone.eps, alone.momentum, alone.affine, alone.track_running_stats)
        self._parameters, self._buffers, self.training = alone._parameters, alone._buffers, alone.training

    def _check_input_dim(self, input: Tensor) -> None:
        pass  # points and images alike

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        given, axes = x.dtype, [0, *range(2, x.ndim)]
        shape = (-1, *[1] * (x.ndim - 2))  # puts a channel's number beside its pixels
        x = x if given == torch.float64 else x.float()
        [mean] = average([x.mean(axes)])
        [variance] = average([(x - mean.view(shape)).square().mean(axes)])
        self._move(mean.detach(), variance.detach(), x.numel() // mean.numel() * workers())
        scale = torch.rsqrt(variance + self.eps)
        shift = -mean * scale
        if self.weight is not None:
            scale, shift = scale * self.weight, shift * self.weight + self.bias
        return (x * scale.view(shape) + shift.view(shape)).to(given)

    def _move(self, mean: Tensor, variance: Tensor, values: int) -> None:
        """The moving statistics, with the unbiased variance, as PyTorch keeps them."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        new = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), new)
        self.running_var.lerp_((variance * values / (values - 1)).to(self.running_var.dtype), new)


class _Sum(torch.autograd.Function):
    """The sum over the workers. Its gradient is the sum of theirs, so it is its own derivative, of every order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone(memory_format=torch.contiguous_format)
        _all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _Sum.apply(gradient)


def _all_reduce(tensor: Tensor) -> None:
    try:
        dist.all_reduce(tensor)
    except RuntimeError as error:
        lost = f"Worker {dist.get_rank()} of {workers()} lost touch with the others: one ended, as its message says"
        again = "or did not answer in time. Start all of them again from the last checkpoint."
        raise WorkerLost(f"{lost}, {again} ({str(error).splitlines()[0]})") from error


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
