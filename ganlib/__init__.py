"""Generative adversarial networks, said twice: in PyTorch and in TensorFlow, with the same numbers.

    import ganlib
    gl = ganlib.backend("torch")                    # or "tensorflow"
    recipe = ganlib.recipe("dcgan-digits")
    data = ganlib.data.load(recipe)
    trainer = gl.Trainer(recipe, seed=0)
    history = trainer.fit(data)
    images = trainer.sample(64, seed=1)

Importing ganlib loads neither framework, nor anything else that takes time.
"""

import importlib
from types import ModuleType

from ganlib.backends import available, backend
from ganlib.recipe import Optimiser, Recipe, recipe, recipes

__version__ = "0.1.0"
__all__ = ["Optimiser", "Recipe", "available", "backend", "recipe", "recipes"]

# Loaded on first use, so that `import ganlib` stays quick.
_MODULES = (
    "architectures",
    "callbacks",
    "checkpoint",
    "clinic",
    "data",
    "doctor",
    "dynamics",
    "errors",
    "exercises",
    "gamma",
    "interactive",
    "ledger",
    "metrics",
    "monitor",
    "pictures",
    "plots",
    "reference",
    "report",
    "run",
    "specimens",
)


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return importlib.import_module(f"ganlib.{name}")
    raise AttributeError(f"module 'ganlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
