"""What a trainer checks before it begins: its arguments, the samples, the callbacks."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganlib import architectures, arguments
from ganlib.data.arrays import check_samples as check_images
from ganlib.data.views import VIEWS, view
from ganlib.errors import RecipeError
from ganlib.recipe import PRECISIONS, Recipe

EVENTS = ("on_start", "on_step", "on_end", "on_fail")


def check_arguments(
    recipe: object,
    precision: object,
    device: object,
    compiled: object,
    loss: object,
    own: Mapping[str, Any],
    kind: type,
) -> None:
    """Refuses what a trainer cannot be made of; `kind` is the framework's class of networks."""
    arguments.recipe(recipe)
    for name, network in own.items():
        if network is not None and not isinstance(network, kind):
            expected = f"{kind.__module__.split('.')[0]}'s {kind.__name__}"
            raise TypeError(f"{name} must be a network, {expected}, not {arguments.describe(network)}.")
    for player in ("discriminator", "generator"):
        if loss is not None and not callable(getattr(loss, player, None)):
            raise TypeError(
                f"loss must have the functions discriminator(real_logits, fake_logits) and generator(real_logits, "
                f"fake_logits), and {arguments.describe(loss)} has no {player}. By name: recipe(…, loss='hinge')."
            )
    if device is not None and not isinstance(device, str):
        raise TypeError(f"device must be the name of a device, 'cpu' for example, not {arguments.describe(device)}.")
    if precision is not None and precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    if not isinstance(compiled, bool):
        raise TypeError(f"compiled must be True or False, not {compiled!r}.")


def check_workers(recipe: Recipe, workers: int) -> None:
    """Refuses a recipe whose step cannot be shared by so many workers."""
    if recipe.batch_size % (workers * recipe.pack):
        shared = f"batch_size={recipe.batch_size} cannot be shared by {workers} workers"
        groups = f" in groups of pack={recipe.pack}" if recipe.pack > 1 else ""
        raise RecipeError(f"{shared}{groups}. Use a multiple of {workers * recipe.pack}.")
    if recipe.feature_weight and workers > 1:
        raise RecipeError("Features are matched over a whole batch, which several workers share. Use feature_weight=0.")
    for what, name, value in (("penalty", "consensus", recipe.penalty), ("update", "competitive", recipe.update)):
        if value == name and workers > 1:
            raise RecipeError(f"The {what} {name!r} cannot be shared by several workers. Use one, or another {what}.")


def check_callbacks(callbacks: object) -> tuple[object, ...]:
    """The callbacks as a tuple, or a TypeError."""
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list of callbacks, not {arguments.describe(callbacks)}.")
    callbacks = tuple(callbacks)
    for callback in callbacks:
        if isinstance(callback, type):
            raise TypeError(f"{callback.__name__} is a class; give an object: callbacks=[{callback.__name__}(…)].")
        if not any(hasattr(callback, event) for event in EVENTS):
            raise TypeError(f"{callback!r} is no callback: it has none of the methods {', '.join(EVENTS)}.")
    return callbacks


def check_labels(recipe: Recipe, labels: object, n: int, what: str = "labels", least: int = 0) -> np.ndarray:
    """The labels of n samples, (n,) int64, or an error that says what is wrong; one number stands for all of them."""
    if not recipe.classes:
        raise ValueError(f"This recipe has no labels (classes=0), so leave {what} out. Or train one that has some.")
    unknown = ", or -1 where it is not known" if least < 0 else ""
    wanted = f"whole numbers from 0 to {recipe.classes - 1}{unknown}, one for each of the {n} samples"
    found = arguments.array(what, labels, wanted)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{what} must be {wanted}, not {arguments.describe(labels)}.")
    if found.shape not in ((), (n,)):
        raise ValueError(
            f"{what} has shape {found.shape}; expected {wanted}, shape ({n},), or a single number for all."
        )
    if found.size and not least <= found.min() <= found.max() < recipe.classes:
        raise ValueError(f"{what} reaches from {found.min()} to {found.max()}; expected {wanted}.")
    return np.array(np.broadcast_to(found, (n,)), dtype=np.int64)


def check_conditions(recipe: Recipe, data: object, n: int) -> dict[str, np.ndarray]:
    """What both networks are to be given of each of the n samples of `data`, by name; empty where it is nothing."""
    if recipe.source != "latents":
        return {recipe.source: check_source(recipe, source_of(recipe, data), n)}
    if not recipe.classes or recipe.discriminator_labels == "information":  # there they are drawn
        return {}
    labels = getattr(data, "labels", None)
    if labels is None:
        hint = (
            'ganlib.data.load gives them, and for arrays of your own write ganlib.data.Data("mine", images, labels=…).'
        )
        raise ValueError(f"This recipe trains on {recipe.classes} classes, and the data have no labels: {hint}")
    least = -1 if recipe.discriminator_labels == "auxiliary" else 0  # it leaves out what it does not know
    return {"labels": check_labels(recipe, labels, n, "the data's labels", least)}


def source_of(recipe: Recipe, data: object) -> np.ndarray:
    """The images that those of `data` are to be made from: its pairs of that name, or the view that is made of them."""
    pairs = getattr(data, "pairs", {})
    if recipe.source in pairs:
        return pairs[recipe.source]
    if recipe.source not in VIEWS:
        known = f"give ganlib.data.Data(…, pairs={{{recipe.source!r}: images}}), or use {', '.join(VIEWS)}"
        raise ValueError(f"The data have no images named {recipe.source!r}, the recipe's source: {known}.")
    samples: Any = getattr(data, "samples", data)
    return view(recipe.source, samples)


def check_source(recipe: Recipe, images: object, n: int | None = None, what: str = "the source's images") -> np.ndarray:
    """Images that others are to be made from, (n, height, width, channels), or an error that says what is wrong."""
    shape = architectures.source_shape(recipe)
    found = check_images(what, images, 4)
    if found.shape[1:] != shape or n not in (None, len(found)):
        raise ValueError(f"{what} have shape {found.shape}; expected ({n or 'n'}, {', '.join(map(str, shape))}).")
    return found.astype(np.float32)


def check_samples(recipe: Recipe, data: object, minimum: int) -> np.ndarray:
    """The samples (n, *recipe.shape) of `data`, at least `minimum` of them, or an error that says what is wrong."""
    samples, shape = getattr(data, "samples", data), recipe.shape
    if not isinstance(samples, np.ndarray):
        raise TypeError(f"data must come from ganlib.data.load or be a NumPy array, not {type(data).__name__}.")
    if samples.ndim != len(shape) + 1 or samples.shape[1:] != shape:
        hint = "Load the data at that size, or change the recipe's shape."
        if samples.ndim == 4 and samples.shape[1:] == (shape[-1], *shape[:-1]):
            hint = "These look channel-first: use np.transpose(data, (0, 2, 3, 1))."
        raise ValueError(f"The samples have shape {samples.shape}; this recipe needs (n, *{shape}). {hint}")
    if not np.issubdtype(samples.dtype, np.floating):
        expected = "floating-point numbers, images in [-1, 1]. For images of 0 to 255 use data / 127.5 - 1 as float32."
        raise ValueError(f"The samples are {samples.dtype}; expected {expected}")
    if len(samples) < minimum:
        raise ValueError(f"{len(samples)} samples do not fill one batch of {minimum}: give more, or lower batch_size.")
    if not np.isfinite(samples).all():
        raise ValueError("The samples hold NaN or infinite values. Remove or repair them first.")
    if len(shape) == 3 and (samples.min() < -1.001 or samples.max() > 1.001):
        expected = "[-1, 1]. For images of 0 to 255 use data / 127.5 - 1, for 0 to 1 use data * 2 - 1."
        raise ValueError(f"The images reach from {samples.min():.3g} to {samples.max():.3g}; expected {expected}")
    return samples
