"""What the players minimise beside their loss: functions of all that D and G made of a batch.

Each is a class with two functions, `discriminator` and `generator`, of a `Batch`, to a scalar; None where that player
has no such term. `get(recipe)` gives those of a recipe with their weights.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor
from torch.nn import functional

from ganlib.recipe import Recipe

Outputs: TypeAlias = Any  # of D: its logits (n,), or a mapping with several by name, of which "real" are the logits


class Batch(NamedTuple):
    """A batch of real samples and one of G's, their conditions by name, and D's outputs for both."""

    real: Tensor
    fake: Tensor
    given: Mapping[str, Tensor]
    real_outputs: Outputs
    fake_outputs: Outputs


class Term:
    """What one player or both minimise too. `needs_real`: whether G's looks at D's outputs for real samples."""

    needs_real = False
    discriminator: Callable[[Batch], Tensor] | None = None
    generator: Callable[[Batch], Tensor] | None = None


class Classification(Term):
    """D names the class of real and of fake samples, and G makes samples that D names right (Odena et al. 2017).

    The cross-entropy of D's output "class". A real sample whose label is -1 is left out.
    """

    @staticmethod
    def discriminator(seen: Batch) -> Tensor:
        labels = seen.given["labels"]
        return cross_entropy(seen.real_outputs["class"], labels) + cross_entropy(seen.fake_outputs["class"], labels)

    @staticmethod
    def generator(seen: Batch) -> Tensor:
        return cross_entropy(seen.fake_outputs["class"], seen.given["labels"])


class Information(Term):
    """Both players make the label that G was told readable from its samples (Chen et al. 2016, equation 5).

    Minus a bound of the mutual information of label and sample, but for the label's entropy, which is constant.
    """

    @staticmethod
    def discriminator(seen: Batch) -> Tensor:
        return cross_entropy(seen.fake_outputs["class"], seen.given["labels"])

    generator = discriminator


class FeatureMatching(Term):
    """G matches the mean of what D's last layer sees: ||E f(x) - E f(G(z))||² (Salimans et al. 2016, section 3.1)."""

    needs_real = True

    @staticmethod
    def generator(seen: Batch) -> Tensor:
        return feature_matching(seen.real_outputs["features"], seen.fake_outputs["features"])


class Reconstruction(Term):
    """G comes near the sample that belongs to its condition: E|x - G(z)|, over all values (Isola et al. 2017)."""

    @staticmethod
    def generator(seen: Batch) -> Tensor:
        return (seen.real - seen.fake).abs().mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-E log softmax(logits)[label] over those of the labels (n,) that are not -1; 0 where all are."""
    known = (labels >= 0).to(logits.dtype)
    costs = functional.cross_entropy(logits, labels.clamp(min=0), reduction="none")
    return (known * costs).sum() / known.sum().clamp(min=1)


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """||E real - E fake||² of features (n, k); no gradient goes back through the real ones."""
    return (real.detach().mean(dim=0) - fake.mean(dim=0)).square().sum()


def get(recipe: Recipe) -> tuple[tuple[float, Term], ...]:
    """The terms of a recipe, each with its weight."""
    classes: dict[str, Term] = {"auxiliary": Classification(), "information": Information()}
    found: list[tuple[float, Term]] = []
    if recipe.discriminator_labels in classes:
        found.append((recipe.class_weight, classes[recipe.discriminator_labels]))
    if recipe.feature_weight:
        found.append((recipe.feature_weight, FeatureMatching()))
    if recipe.reconstruction_weight:
        found.append((recipe.reconstruction_weight, Reconstruction()))
    return tuple(found)


def logits(outputs: Outputs) -> Tensor:
    """What D's outputs say about real or fake, (n,)."""
    return outputs["real"] if isinstance(outputs, Mapping) else outputs
