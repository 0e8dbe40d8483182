"""ganlib in PyTorch. Its twin, name for name, is `ganlib.tensorflow`.

`step.py` is one step of adversarial training: read this first. `updates.py` has other orders of updates, and `fast.py`
some convolutions, faster on a CPU. What needs no PyTorch is not here: recipes, random numbers, the loop, scores.
"""

from ganlib.torch import losses, optimisers, penalties, terms
from ganlib.torch.networks import Discriminator, Generator, get_weights, set_weights
from ganlib.torch.trainer import Trainer, device_name

name = "torch"
__all__ = ["Discriminator", "Generator", "Trainer", "device_name", "get_weights", "set_weights"]
__all__ += ["losses", "name", "optimisers", "penalties", "terms"]
