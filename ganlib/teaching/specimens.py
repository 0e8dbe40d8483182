"""Nine mistakes from five published introductions to GANs, kept as specimens: run one, then run its correction.

    >>> specimen = ganlib.specimens.specimen("003-softmax")
    >>> print(specimen)                                     # what the document does, and the correction in one line
    >>> print(specimen.run())                               # what is seen, in a few seconds
    >>> print(specimen.run(corrected=True))

The number before the name is the document's, whose design as it can work is the recipe "source-000" to "source-004".
"""

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

import ganlib
from ganlib import architectures, arguments, data
from ganlib.recipe import Recipe, recipe
from ganlib.runtime.framework import Tensor
from ganlib.runtime.trainer import BaseTrainer
from ganlib.teaching import clinic
from ganlib.teaching.patients import rates

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # of a terminal, which Keras puts into its errors


@dataclass(frozen=True)
class Seen:
    """What one run showed."""

    works: bool  # whether it did what a GAN is for, as far as this specimen asks
    finding: str  # what was seen, in a sentence
    values: Mapping[str, float] = field(default_factory=dict)  # the numbers that the finding rests on
    error: str = ""  # what the framework itself says, where it stops with an error
    samples: np.ndarray | None = field(default=None, repr=False)  # what G made, where the run has any: (n, *shape)

    def __str__(self) -> str:
        return self.finding


@dataclass(frozen=True)
class Specimen:
    """One mistake."""

    name: str  # as in `NAMES`
    does: str  # what the document does
    correction: str  # what makes it work, in one line
    experiment: Callable[[ModuleType, int, bool], Seen] = field(repr=False)  # framework, seed, whether corrected → seen

    def __str__(self) -> str:
        return f"{self.name}: {self.does}\nCorrection: {self.correction}"

    def run(self, corrected: bool = False, seed: int = 0, backend: str | None = None) -> Seen:
        """Runs it as it is, or with nothing but the correction; seed and backend as for `clinic.Patient.train`."""
        return self.experiment(ganlib.backend(backend), arguments.whole("seed", seed, 0), bool(corrected))


def specimen(name: str) -> Specimen:
    """The specimen of that name, one of `NAMES`."""
    return _SPECIMENS[arguments.one_of("name", name, NAMES)]


def noise_drawn_once(gl: Any) -> type[BaseTrainer]:
    """The framework's trainer, but every step gets the noise of the first one.

    >>> trainer = ganlib.specimens.noise_drawn_once(gl)(recipe, seed=0)
    """

    class Once(gl.Trainer):
        def draw(self, step: int) -> dict[str, np.ndarray]:
            draws = super().draw(step)
            self.first = getattr(self, "first", draws["latents"])
            return {**draws, "latents": self.first}

    return Once


_SPECIMENS: dict[str, Specimen] = {}


def _kept(name: str, does: str, correction: str) -> Callable[[Callable[[ModuleType, int, bool], Seen]], None]:
    """Makes a specimen of the function below, and enters it."""
    return lambda run: _SPECIMENS.update({name: Specimen(name, does, correction, run)})


def _losses(discriminator: Callable[..., Tensor], generator: Callable[..., Tensor]) -> SimpleNamespace:
    return SimpleNamespace(discriminator=discriminator, generator=generator, needs_real=False)


def _functions(gl: ModuleType) -> ModuleType:
    """Where mean, log and the like are: Keras has PyTorch's names."""
    return importlib.import_module("torch" if gl.name == "torch" else "keras.ops")


def _thin(name: str, **changes: Any) -> Recipe:
    thin = {"data": "digits", "shape": (16, 16, 3), "width": 8, "batch_size": 32, "steps": 40}
    return recipe(name, **{**thin, **changes})


def _refused(gl: Any, judge: Recipe, images: np.ndarray, why: str = "") -> Seen:
    """D, made for one shape, is shown another: the framework's own words, and ganlib's."""

    class Unchecked(gl.Trainer):
        def check_samples(self, data: Any, minimum: int | None = None) -> Tensor:
            return data

    trainer = Unchecked(judge, 0)
    try:
        logits = trainer.logits(images)
    except Exception as error:  # each framework has its own
        said = f"{type(error).__name__}: {COLOUR.sub('', str(error))}"
        try:
            gl.Trainer.check_samples(trainer, images, minimum=1)
        except ValueError as ours:
            return Seen(False, f"{why} ganlib says so before it starts: {ours}", error=said)
    return Seen(True, f"D takes the images, {len(images)} of them, and gives {len(logits)} logits.")


@_kept(
    "000-no-labels",
    "D's loss is the mean of its outputs on real and on G's images, and G's is the mean on its own: no labels, no "
    "logarithm, and both go downhill. The noise is drawn once.",
    "Cross-entropy: D's of real images against 1 and of G's against 0, G's against 1; new noise each step.",
)
def _no_labels(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    functions = _functions(gl)

    def mean_output(*logits: Tensor) -> Tensor:
        return sum(functions.mean(functions.sigmoid(one)) for one in logits)

    as_it_is = _losses(mean_output, lambda real, fake: mean_output(fake))
    chosen = _thin("source-000", fresh_noise=corrected, **rates(1e-3))
    trainer_of = gl.Trainer if corrected else noise_drawn_once(gl)
    trainer = trainer_of(chosen, seed, loss=None if corrected else as_it_is)
    history = trainer.fit(data.load(chosen), progress=False)
    real, believed = (float(1 / (1 + np.exp(-history[name][-1]))) for name in ("d_real", "d_fake"))
    finding = f"D's output has come to {real:.3f} on real images, and to {believed:.3f} on G's."
    return Seen(real > 0.05, finding, {"real": real, "believed": believed}, samples=trainer.sample(100, seed=1))


@_kept(
    "001-hundred-numbers",
    "D's input is declared as 100 numbers, which is the size of the noise.",
    "D's input has the shape of G's output, flattened: 32 · 32 · 3 numbers.",
)
def _hundred_numbers(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    images = data.load("shapes", n=8, seed=seed).samples
    if corrected:
        return _refused(gl, recipe("source-001"), images)
    dense = recipe("source-001", generator="dense", discriminator="dense", shape=(100,), width=128, batch_size=32)
    why = "D was declared with 100 inputs, the size of G's noise, and a 32×32 image in colour has 3,072 numbers."
    return _refused(gl, dense, images.reshape(len(images), -1), why)


@_kept(
    "001-noise",
    "The batch that D is shown as real is drawn from a Gaussian.",
    "The real batch is drawn from the data.",
)
def _noise(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    # The clinic's eighth patient has a sound recipe, and mistakes only its data.
    chosen = clinic.patient(8).changed(steps=300, moving_average=0.9, **rates(1e-3))
    digits = data.load(chosen)
    noise = np.random.default_rng(seed).normal(size=digits.samples.shape).clip(-1, 1).astype(np.float32)
    run = clinic.trained(gl.Trainer(chosen, seed), digits, digits.samples if corrected else noise)
    finding = f"with {'digits' if corrected else 'Gaussian noise'} shown as real, {run.finding}."
    return Seen(run.healthy, finding, {"frechet": run.score}, samples=run.samples)


@_kept(
    "002-two-shapes",
    "D is built for 28×28×1, as in a tutorial on handwriting, and G for 32×32×3.",
    "One shape for both players; a recipe of ganlib has only one.",
)
def _two_shapes(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    maker = recipe("source-002", width=8)
    judge = maker if corrected else recipe("tensorflow-tutorial", width=8)
    images = gl.Trainer(maker, seed).sample(8)
    return _refused(gl, judge, images, "D was built for images of 28×28 in grey, and G makes 32×32 in colour.")


@_kept(
    "002-plain-descent",
    "Plain gradient descent is recommended, at the rate of 2e-4 that others use with Adam.",
    "Adam at that rate: it divides the gradient by its size, so that 2e-4 is about the step of every weight.",
)
def _plain_descent(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    rule = {"rule": "adam"} if corrected else {"rule": "sgd", "beta1": 0.0}
    chosen = _thin("source-002", generator_optimiser=rule, discriminator_optimiser=rule, batch_norm_momentum=0.9)
    trainer = gl.Trainer(chosen, seed)
    before = trainer.weights()["generator"]
    trainer.fit(data.load(chosen), progress=False)
    after = trainer.weights()["generator"]
    kernels = [name for name in before if name.endswith("kernel")]
    moved = np.sqrt(sum(np.square(after[name] - before[name]).sum() for name in kernels))
    share = float(moved) / float(np.sqrt(sum(np.square(before[name]).sum() for name in kernels)))
    finding = f"in {chosen.steps} steps at a rate of 2e-4 G's kernels moved by {share:.1e} of their size."
    return Seen(share > 0.01, finding, {"moved": share}, samples=trainer.sample(100, seed=1))


@_kept(
    "003-four-by-four",
    "After a dense trunk and a reshape to 4×4 G stacks over a hundred convolutions of stride 1.",
    "A doubling after each convolution, three in all, and a last one to three channels.",
)
def _four_by_four(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    chosen = recipe("source-003", width=4)
    layers = architectures.generator_layers(chosen)
    if not corrected:
        start = [isinstance(layer, architectures.Reshape) for layer in layers].index(True)
        block = layers[start + 1 : start + 4]  # convolution, activation, norm; not the doubling after them
        layers = [*layers[: start + 1], *12 * block]  # more of them would change nothing
    trainer = gl.Trainer(chosen, seed, generator=gl.networks.Network(layers, (chosen.latent,)))
    height, width, channels = made = trainer.sample(1).shape[1:]
    convolutions, wanted = sum(isinstance(layer, architectures.Conv) for layer in layers), chosen.shape[0]
    finding = (
        f"after {convolutions} convolutions of stride 1 G makes {height}×{width}, {channels} channels deep, where "
        f"{wanted}×{wanted} is wanted in 3."
    )
    return Seen(made == chosen.shape, finding, {"height": height, "width": width, "channels": channels})


@_kept(
    "003-softmax",
    "D ends in one unit and a softmax: e^x / e^x is 1 for every image, real or not.",
    "A sigmoid over the one unit; or two units under the softmax.",
)
def _softmax(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    functions = _functions(gl)

    def probability(logits: Tensor) -> Tensor:
        power = functions.exp(logits)  # and the sum over the one unit is the same
        return functions.clip(power / power, 1e-7, 1 - 1e-7)  # as Keras does before a logarithm

    def judge(real: Tensor, fake: Tensor) -> Tensor:
        real, fake = probability(real), probability(fake)
        return -functions.mean(functions.log(real)) - functions.mean(functions.log(1 - fake))

    def improve(real: Tensor, fake: Tensor) -> Tensor:
        return -functions.mean(functions.log(probability(fake)))

    chosen = _thin("source-003", steps=10, width=4)
    trainer = gl.Trainer(chosen, seed, loss=None if corrected else _losses(judge, improve))
    before = trainer.weights()
    d_loss = float(trainer.fit(data.load(chosen), progress=False)["d_loss"][-1])
    moved = max(
        float(np.abs(trainer.weights()[player][name] - weight).max())
        for player in ("generator", "discriminator")
        for name, weight in before[player].items()
        if not name.endswith((".mean", ".variance"))  # batch normalisation's move without a gradient
    )
    finding = f"D's loss is {d_loss:.2f}, and in {chosen.steps} steps weights have moved by up to {moved:.1g}."
    return Seen(moved > 0, finding, {"moved": moved, "d_loss": d_loss})


def _on_the_ring(gl: ModuleType, seed: int, loss: SimpleNamespace | None) -> Seen:
    chosen = clinic.patient(4).recipe  # on the ring, and sound: that patient's mistake is its loss
    run = clinic.trained(gl.Trainer(chosen, seed, loss=loss), data.load(chosen))
    d_loss, far = float(run.history["d_loss"][-1]), float(np.median(np.linalg.norm(run.samples, axis=1)))
    finding = f"{run.finding}; half of its points are farther out than {far:.2g}, and D's loss is {d_loss:.2g}."
    return Seen(run.healthy, finding, {"modes": run.score, "radius": far, "d_loss": d_loss}, samples=run.samples)


@_kept(
    "004-swapped",
    "The value function is maximised over G and minimised over D.",
    "Minimised over G and maximised over D.",
)
def _swapped(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    game = gl.losses.get("minimax")
    # D minimises V = E log D(x) + E log(1 - D(G(z))), G maximises it.
    swapped = _losses(lambda *logits: -game.discriminator(*logits), lambda *logits: -game.generator(*logits))
    return _on_the_ring(gl, seed, None if corrected else swapped)


@_kept(
    "004-fake-labels",
    "G's step minimises D's loss on G's samples with the label fake, so G helps D to tell them apart.",
    "The label real in G's step.",
)
def _fake_labels(gl: ModuleType, seed: int, corrected: bool) -> Seen:
    right, minimax = gl.losses.get("nonsaturating"), gl.losses.get("minimax")
    # D's loss with the label "fake" on G's samples, for G too.
    helping = _losses(right.discriminator, lambda *logits: -minimax.generator(*logits))
    return _on_the_ring(gl, seed, None if corrected else helping)


NAMES = tuple(_SPECIMENS)
