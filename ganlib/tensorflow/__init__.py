"""ganlib in TensorFlow. Its twin, name for name, is `ganlib.torch`.

`step.py` is one step of adversarial training: read this first. `updates.py` has other orders of updates, and `fast.py`
some convolutions, faster on a CPU. What needs no TensorFlow is not here: recipes, random numbers, the loop.
"""

from ganlib.tensorflow import losses, optimisers, penalties, terms
from ganlib.tensorflow.networks import Discriminator, Generator, get_weights, set_weights
from ganlib.tensorflow.trainer import Trainer, device_name

name = "tensorflow"
__all__ = ["Discriminator", "Generator", "Trainer", "device_name", "get_weights", "set_weights"]
__all__ += ["losses", "name", "optimisers", "penalties", "terms"]
