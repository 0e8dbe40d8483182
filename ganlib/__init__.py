"""Generative adversarial networks, said twice: in PyTorch and in TensorFlow, with the same numbers.

    import ganlib
    gl = ganlib.backend("torch")                    # or "tensorflow"
    recipe = ganlib.recipe("dcgan-digits")
    data = ganlib.data.load(recipe)
    trainer = gl.Trainer(recipe, seed=0)
    history = trainer.fit(data)
    images = trainer.sample(64, seed=1)

Where to look first: `step.py` in `ganlib/torch` and `ganlib/tensorflow` is one step of adversarial training, and
`losses.py`, `penalties.py` and `networks.py` beside it are what it is made of. Around that stand:

    recipe/ layers architectures initialise    an experiment as data, its networks as lists of layers, their weights
    reference/    the same mathematics in NumPy, which the tests hold both frameworks against
    runtime/      the loop around the step: history, progress, checkpoints, reports, the command line
    data/ metrics/ features    images and points to learn from, and scores for samples
    teaching/     what the book's chapters call: plots, exercises, interactive figures, ledgers of measurements

Importing ganlib loads neither framework, nor anything else that takes time.
"""

import importlib
from types import ModuleType

from ganlib.backends import available, backend
from ganlib.recipe import Optimiser, Recipe, recipe, recipes

__version__ = "0.2.0.dev0"
__all__ = ["Optimiser", "Recipe", "available", "backend", "recipe", "recipes"]

# Public name → the module behind it, loaded on first use, so that `import ganlib` stays quick and readers' names stay
# the same wherever a file lives.
_HERE = ("architectures", "data", "errors", "metrics", "reference")
_RUNTIME = ("callbacks", "checkpoint", "doctor", "monitor", "pictures", "report", "run")
_TEACHING = ("clinic", "dynamics", "exercises", "gamma", "interactive", "ledger", "plots", "specimens", "verdict")
_MODULES = {
    **{name: name for name in _HERE},
    **{name: f"runtime.{name}" for name in _RUNTIME},
    **{name: f"teaching.{name}" for name in _TEACHING},
}


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return importlib.import_module(f"ganlib.{_MODULES[name]}")
    raise AttributeError(f"module 'ganlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
