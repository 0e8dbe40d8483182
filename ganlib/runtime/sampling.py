"""What a trained game is asked for: G's samples, and D's logits."""

import numpy as np

from ganlib import architectures, arguments
from ganlib.runtime import checks
from ganlib.runtime.framework import Framework, Network

SAMPLE_BATCH = 256  # samples generated at once
EXAMPLES = 1024  # images of a source that a trainer remembers


class Sampling(Framework):
    """The part of a trainer that generates and judges, in inference mode."""

    _examples: np.ndarray | None = None  # some of the images that `fit` was given as sources

    def sample(self, n: int, seed: int = 0, labels: int | np.ndarray | None = None) -> np.ndarray:
        """n generated samples (n, *recipe.shape) as NumPy, in the data's layout and range.

        Where the recipe has classes, `labels` say which: one number for all, or (n,); None: sample i is of class
        i % recipe.classes. The seed is that of the latents. The samples come from the generator's moving average where
        the recipe keeps one, and in inference mode, so that none depends on its neighbours.
        """
        n = arguments.whole("n", n, 1)
        latents = np.random.default_rng(arguments.whole("seed", seed, 0)).standard_normal((n, self.recipe.latent))
        return self.generate(latents, labels=labels)

    def generate(
        self, latents: np.ndarray, averaged: bool = True, labels: int | np.ndarray | None = None
    ) -> np.ndarray:
        """The samples of given latents (n, recipe.latent), like `sample`; averaged=False asks the generator itself."""
        latents = arguments.array("latents", latents)
        if latents.ndim != 2 or latents.shape[1] != self.recipe.latent or not len(latents):
            raise ValueError(f"latents has shape {latents.shape}; expected (n, {self.recipe.latent}).")
        if not np.isfinite(latents).all():
            raise ValueError("The latents hold NaN or infinite values; expected finite numbers.")
        n = len(latents)
        model = self.generator if self.average is None or not averaged else self.average
        given = self._conditions(self.classes_in_turn(n) if labels is None else labels, n, "generate")
        return self._made(latents, model, given)

    def translate(self, images: np.ndarray, seed: int = 0) -> np.ndarray:
        """What G makes of images (n, height, width, channels) of the recipe's `source`: (n, *recipe.shape).

        The seed is that of the latents; with another one an image may be translated in another way.

        >>> trainer.translate(ganlib.data.view("outline", images))
        """
        if self.recipe.source == "latents":
            alone = "This recipe makes samples from latents alone"
            raise ValueError(f"{alone}: use sample. To translate train a source='…'.")
        images = checks.check_source(self.recipe, images, what="images")
        rng = np.random.default_rng(arguments.whole("seed", seed, 0))
        latents = rng.standard_normal((len(images), self.recipe.latent))
        model = self.generator if self.average is None else self.average
        return self._made(latents, model, {self.recipe.source: images})

    def _made(self, latents: np.ndarray, model: Network, given: dict[str, np.ndarray]) -> np.ndarray:
        blocks = [slice(i, i + SAMPLE_BATCH) for i in range(0, len(latents), SAMPLE_BATCH)]
        made = [self._generate(latents[b], model, {name: c[b] for name, c in given.items()}) for b in blocks]
        return np.concatenate(made)

    def classes_in_turn(self, n: int) -> np.ndarray | None:
        """The labels 0, 1, 2, … in turn, (n,), which `sample` takes unless it is told others; None without classes."""
        return np.arange(n) % self.recipe.classes if self.recipe.classes else None

    def logits(self, samples: np.ndarray, labels: int | np.ndarray | None = None) -> np.ndarray:
        """D's logits of samples (n, *recipe.shape), (n / recipe.pack,), as NumPy, in inference mode.

        Where D is told classes, `labels` (n,) say what it is told the samples are; one number stands for all.
        """
        samples = self.check_samples(samples, minimum=1)
        if len(samples) % self.recipe.pack:
            raise ValueError(f"{len(samples)} samples cannot be judged in groups of pack={self.recipe.pack}.")
        told = self.recipe.discriminator_labels not in architectures.NAMING
        given = self._conditions(labels, len(samples), "logits") if told else {}
        return self._said(samples, given)["real"]

    def classify(self, samples: np.ndarray) -> np.ndarray:
        """D's probability of each class for samples (n, *recipe.shape), (n, recipe.classes), in inference mode.

        It has some in a recipe whose `discriminator_labels` are "auxiliary" or "information"; else a ValueError.
        """
        if self.recipe.discriminator_labels not in architectures.NAMING:
            how = " or ".join(map(repr, architectures.NAMING))
            raise ValueError(f"This recipe's D names no classes. Train one with discriminator_labels={how}.")
        named = self._said(self.check_samples(samples, minimum=1), {})["class"].astype(np.float64)
        shares = np.exp(named - named.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def _said(self, samples: np.ndarray, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        size = SAMPLE_BATCH * self.recipe.pack
        blocks = [slice(i, i + size) for i in range(0, len(samples), size)]
        said = [self._outputs(samples[b], {name: c[b] for name, c in given.items()}) for b in blocks]
        return {name: np.concatenate([one[name] for one in said]) for name in said[0]}

    def check_samples(self, data: object, minimum: int | None = None) -> np.ndarray:
        """The samples of what `fit` takes, `minimum` of them or a batch at least, or an error that says why not."""
        return checks.check_samples(self.recipe, data, minimum or self.recipe.batch_size)

    def _conditions(self, labels: int | np.ndarray | None, n: int, what: str) -> dict[str, np.ndarray]:
        """What the networks are given beside n samples, by name, where these are their labels.

        Where it is images, they are those that `fit` was given last, in turn.
        """
        if self.recipe.source != "latents":
            if self._examples is None:
                raise ValueError(f"This recipe makes images from others: use translate, or fit first, before {what}.")
            return {self.recipe.source: self._examples[np.arange(n) % len(self._examples)]}
        if labels is None and self.recipe.classes:
            has = f"This recipe has {self.recipe.classes} classes"
            raise ValueError(f"{has}: give {what} the labels of the samples, labels=…")
        return {} if labels is None else {"labels": checks.check_labels(self.recipe, labels, n)}
