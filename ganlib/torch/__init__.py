"""ganlib in PyTorch. Its twin, name for name, is `ganlib.tensorflow`.

    step.py           one step of adversarial training: read this first
    updates.py        other orders of updates: extragradient, consensus, competitive, and one player alone
    losses.py  penalties.py  optimisers.py  networks.py    what a step is made of
    fast.py           some of the convolutions, faster on a CPU
    trainer.py        makes a game of a recipe and repeats its step: devices and precision
    distributed.py    several devices

What needs no PyTorch is not here: recipes, random numbers, the loop, files, data and scores.
"""

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
