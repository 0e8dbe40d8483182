"""What losses and penalties refuse: the same words in both frameworks, so that their files hold the mathematics."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ganlib.arguments import array, describe
from ganlib.runtime.framework import Tensor

LOGITS = "(n,), one logit a sample. If the discriminator gives (n, 1), drop that axis."


class Kind(NamedTuple):
    """A framework's tensors."""

    name: str  # "torch.Tensor"
    maker: str  # how one is made of an array
    known: Callable[[object], bool]
    floating: Callable[[Tensor], bool]

    def check(self, what: str, value: Tensor, shape: str) -> None:
        """Refuses what is no tensor of floating-point numbers; `shape` says in words which one is expected."""
        if not self.known(value) or not self.floating(value):
            expected = f"a {self.name} of floating-point numbers {shape}, as {self.maker} makes of an array"
            raise TypeError(f"{what} must be {expected}, not {describe(value)}.")

    def check_logits(self, real_logits: Tensor, fake_logits: Tensor, paired: bool = False) -> None:
        """Refuses logits that are not (n,): an (n, 1) and an (m,) would broadcast to (n, m) and mean something else."""
        for what, logits in (("real_logits", real_logits), ("fake_logits", fake_logits)):
            self.check(what, logits, "(n,)")
            if len(logits.shape) != 1 or logits.shape[0] == 0:
                raise ValueError(f"{what} has shape {tuple(logits.shape)}; expected {LOGITS}")
        if paired and real_logits.shape[0] != fake_logits.shape[0]:
            given = f"{real_logits.shape[0]} real logits and {fake_logits.shape[0]} fake ones"
            raise ValueError(f"The relativistic loss pairs samples, and got {given}. Give as many of each.")

    def check_samples(self, what: str, samples: Tensor, axes: int = 2) -> None:
        """Refuses what is no batch of samples (n, …) with at least that many axes."""
        self.check(what, samples, "(n, …)")
        if len(samples.shape) < axes or 0 in samples.shape:
            raise ValueError(f"{what} has shape {tuple(samples.shape)}; expected (n, …), {axes} or more axes, none 0.")

    def check_pairs(self, real: Tensor, fake: Tensor, mix: Tensor) -> None:
        """Refuses pairs that do not match: they would broadcast in silence."""
        self.check_samples("real", real)
        self.check_samples("fake", fake)
        self.check_samples("mix", mix, axes=1)
        if tuple(real.shape) != tuple(fake.shape) or tuple(mix.shape) != (real.shape[0],):
            raise ValueError(
                f"wgan_gp got real {tuple(real.shape)}, fake {tuple(fake.shape)} and mix {tuple(mix.shape)}; expected "
                f"real and fake of one shape, and mix ({real.shape[0]},), one number from [0, 1] a pair."
            )

    def judge(self, discriminator: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The discriminator's logits (n,) of the batch, or an error that says what came instead."""
        if not callable(discriminator):
            raise TypeError(f"discriminator must be callable, from a batch to logits, not {describe(discriminator)}.")
        logits = discriminator(x)
        if isinstance(logits, Mapping) and "real" in logits:  # several outputs by name
            logits = logits["real"]
        if not self.known(logits):
            raise TypeError(f"The discriminator must give a {self.name} of logits (n,), not {describe(logits)}.")
        if tuple(logits.shape) != (x.shape[0],):
            given = f"{tuple(logits.shape)} for {x.shape[0]} samples"
            raise ValueError(f"The discriminator gave {given}; expected {LOGITS}")
        return logits


def fitting_weights(shapes: Mapping[str, tuple[int, ...]], weights: object) -> dict[str, np.ndarray]:
    """The weights as arrays, if they are of a network whose weights have these names and shapes; else an error."""
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must be a mapping such as get_weights gives, not {describe(weights)}.")
    if shapes.keys() != weights.keys():
        missing, unknown = sorted(shapes.keys() - weights.keys()), sorted(weights.keys() - shapes.keys())
        given = f"missing {missing}, unknown {unknown}"
        raise ValueError(f"These weights are another network's: {given}. Use those of a network of the same recipe.")
    arrays = {name: array(f"The weight {name}", weights[name]) for name in shapes}
    for name, expected in shapes.items():
        if arrays[name].shape != expected:
            raise ValueError(f"{name} has shape {arrays[name].shape}, and this network needs {expected}. Same recipe?")
    return arrays
