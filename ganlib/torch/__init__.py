"""ganlib in PyTorch. Its twin, name for name, is `ganlib.tensorflow`."""

from ganlib.torch import losses, optimisers, penalties
from ganlib.torch.networks import Discriminator, Generator, get_weights, set_weights
from ganlib.torch.trainer import Trainer, device_name

name = "torch"
__all__ = [
    "Discriminator",
    "Generator",
    "Trainer",
    "device_name",
    "get_weights",
    "losses",
    "name",
    "optimisers",
    "penalties",
    "set_weights",
]
