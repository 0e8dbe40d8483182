"""Writes the tables of book/defaults.md: in what PyTorch and Keras differ when nothing is said.

    python scripts/defaults.py

Every number comes from the installed frameworks: it is read from a layer that was made with its defaults or, where a
name could mislead, measured on one. `tests/test_appendix.py` fails when the page and the frameworks disagree.
"""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Read by the frameworks when they are imported; TensorFlow logs to standard error even at level 3 without the second.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import torch
from torch import nn

PAGE = Path(__file__).resolve().parent.parent / "book" / "defaults.md"
BEGIN, END = "<!-- begin: scripts/defaults.py writes this -->\n", "<!-- end -->\n"
layers = keras.layers


def number(value: Any) -> str:
    """A value as the table shows it: two significant digits are enough to tell defaults apart."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return str(value)
    value = float(value)
    digits = 3 if 0.9 < value < 1 or value >= 100 else 2  # 0.99 and 0.999 are two defaults
    return f"{value:.{digits}g}".replace("e-0", "e-")


def default(function: Callable[..., Any], name: str) -> Any:
    """What an argument is when nothing is said."""
    value = inspect.signature(function).parameters[name].default
    return "must be given" if value is inspect.Parameter.empty else value


def array(tensor: Any) -> np.ndarray:
    """A tensor of either framework as NumPy."""
    return (tensor.detach() if isinstance(tensor, torch.Tensor) else tensor).numpy()


def built(make: Callable[[], Any], *shape: int) -> Any:
    """A Keras layer with its weights, which it makes only for an input; it starts the same each time."""
    keras.utils.set_random_seed(0)
    layer = make()
    layer.build((None, *shape))
    return layer


def seeded(make: Callable[[], Any]) -> Any:
    """A PyTorch layer that starts the same each time."""
    torch.manual_seed(0)
    return make()


# Batch normalisation, measured on a batch of two numbers, 0 and 2: its mean is 1, its variance 1, or 2 unbiased.

PAIR = np.array([[0.0], [2.0]], dtype="float32")


def keras_norm(**numbers: Any) -> Any:
    """After one pass in training mode."""
    layer = layers.BatchNormalization(**numbers)
    layer(PAIR, training=True)
    return layer


def torch_norm(**numbers: Any) -> nn.BatchNorm1d:
    """After one pass in training mode."""
    layer = nn.BatchNorm1d(1, **numbers)
    layer.train()(torch.from_numpy(PAIR))
    return layer


def mode(output: Any) -> str:
    """Whether a new layer, called without a word, normalised the pair."""
    return "training" if array(output).mean() < 0.5 else "inference"


def refusal(make: Callable[[], Any]) -> str:
    """Whether a layer can be made."""
    try:
        make()
    except ValueError:
        return "refused"
    return "allowed"


def cut(kernel: int) -> tuple[str, str]:
    """What a transposed convolution to twice the size cuts off at the start and at the end, in Keras and in PyTorch."""
    weight = np.random.default_rng(0).normal(size=(kernel, kernel)).astype("float32")
    one = np.zeros((1, 4, 4, 1), dtype="float32")
    one[0, 1, 1, 0] = 1  # its stamp lies at row 2 of the uncut output
    ours = keras.ops.conv_transpose(one, weight[:, :, None, None], strides=2, padding="same")
    theirs = nn.functional.conv_transpose2d(
        torch.from_numpy(one.transpose(0, 3, 1, 2)),
        torch.from_numpy(weight)[None, None],
        stride=2,
        padding=(kernel - 1) // 2,
        output_padding=kernel % 2,
    )
    found = []
    for output in (array(ours)[0, :, :, 0], array(theirs)[0, 0]):
        assert output.shape == (8, 8)
        start = 2 - np.flatnonzero(output.any(axis=1))[0]
        found.append(f"{start} and {kernel - 2 - start}")
    return found[0], found[1]


def reach(weights: Any) -> float:
    """The largest of uniform first weights."""
    return float(np.abs(array(weights)).max())


def first_step(make: Callable[[Any], Any], variable: Any, gradient: Any) -> float:
    """How far Adam's first step goes, in units of its learning rate."""
    before = float(array(variable).item())
    optimiser = make(variable)
    if isinstance(variable, torch.Tensor):
        variable.grad = gradient
        optimiser.step()
        rate = optimiser.param_groups[0]["lr"]
    else:
        optimiser.apply([gradient])
        rate = float(array(optimiser.learning_rate))
    return (before - float(array(variable).item())) / rate


def table() -> dict[str, list[tuple[str, str, str, str]]]:
    """Section -> rows: what, in Keras, in PyTorch, what the difference does to a GAN."""
    # The first layer of a DCGAN's discriminator, and the last and the first of its generator.
    conv_keras, conv_torch = built(lambda: layers.Conv2D(64, 4), 8, 8, 3), seeded(lambda: nn.Conv2d(3, 64, 4))
    up_keras = built(lambda: layers.Conv2DTranspose(3, 4), 4, 4, 64)
    up_torch = seeded(lambda: nn.ConvTranspose2d(64, 3, 4))
    dense_keras, dense_torch = built(lambda: layers.Dense(2048), 100), seeded(lambda: nn.Linear(100, 2048))
    words_keras, words_torch = built(lambda: layers.Embedding(1000, 64)), seeded(lambda: nn.Embedding(1000, 64))
    adam_keras, adam_torch = keras.optimizers.Adam, torch.optim.Adam
    tiny = 1e-6
    rows: dict[str, list[tuple[str, Any, Any, str]]] = {
        "Batch normalisation": [
            (
                "epsilon",
                layers.BatchNormalization().epsilon,
                nn.BatchNorm1d(1).eps,
                "Where weights start at 0.02, D's first normalised channels have a variance of about 0.001: in Keras "
                "they come out well below 1.",
            ),
            (
                "`momentum`",
                layers.BatchNormalization().momentum,
                nn.BatchNorm1d(1).momentum,
                "Opposite meanings: the weight of the old average, and that of the new batch.",
            ),
            (
                "weight of the new batch, measured",
                float(array(keras_norm().moving_mean)[0]),
                float(torch_norm().running_mean[0]),  # type: ignore[index]
                "Keras needs ten times the steps until its averages are right; short trainings are sampled too early.",
            ),
            (
                "variance kept for inference, of 0 and 2",
                float(array(keras_norm(momentum=0.0).moving_variance)[0]),
                float(torch_norm(momentum=1.0).running_var[0]),  # type: ignore[index]
                "Divided by n, or by n − 1. It shows with small batches and small images.",
            ),
            (
                "called without a word about training",
                mode(layers.BatchNormalization()(PAIR)),
                mode(nn.BatchNorm1d(1)(torch.from_numpy(PAIR))),
                "A Keras network in a training step of one's own does not normalise unless told `training=True`; a "
                "PyTorch generator that draws samples does, by its own batch, until `.eval()`.",
            ),
            (
                "epsilon of layer normalisation",
                layers.LayerNormalization().epsilon,
                nn.LayerNorm(1).eps,
                "As above.",
            ),
        ],
        "First weights": [
            (
                "convolution, kernel 4, 3 to 64 channels: uniform, up to",
                reach(conv_keras.kernel),
                reach(conv_torch.weight),
                "Two rules, two sizes. DCGAN asks for a normal distribution with 0.02, everywhere.",
            ),
            (
                "transposed convolution, kernel 4, 64 to 3 channels: uniform, up to",
                reach(up_keras.kernel),
                reach(up_torch.weight),
                "The contrast of the first samples, and of the first gradients that G gets.",
            ),
            (
                "dense, 100 to 2,048: uniform, up to",
                reach(dense_keras.kernel),
                reach(dense_torch.weight),
                "Glorot's rule counts outputs too, so a wide first layer starts smaller in Keras.",
            ),
            (
                "biases of that layer: uniform, up to",
                reach(dense_keras.bias),
                reach(dense_torch.bias),
                "Before batch normalisation a bias does nothing; elsewhere PyTorch's samples start off-centre.",
            ),
            (
                "embedding: standard deviation",
                round(float(array(words_keras.embeddings).std()), 2),
                round(float(array(words_torch.weight).std()), 2),
                "In a conditional GAN the class is loud in PyTorch, and hardly heard in Keras.",
            ),
        ],
        "Layers": [
            (
                "LeakyReLU's slope",
                layers.LeakyReLU().negative_slope,
                nn.LeakyReLU().negative_slope,
                "How much gradient passes from D to G through units that are off. DCGAN asks for 0.2.",
            ),
            (
                '"same" padding with stride 2',
                refusal(lambda: layers.Conv2D(1, 3, 2, padding="same")),
                refusal(lambda: nn.Conv2d(1, 1, 3, 2, padding="same")),
                "PyTorch wants a number, the same on both sides; Keras pads an odd pixel at the end.",
            ),
            (
                "pixels cut off at the start and at the end, to double the size with kernel 3",
                *cut(3),
                "Equal shapes and other numbers: moved weights draw the image one pixel off. Kernel 4 agrees.",
            ),
            ("the same with kernel 5", *cut(5), "As above, and no symmetric padding helps."),
            (
                "dropout's rate",
                default(layers.Dropout, "rate"),
                nn.Dropout().p,
                "`Dropout()` of the discriminator drops half of everything in PyTorch.",
            ),
        ],
        "Layouts": [
            (
                "images",
                keras.config.image_data_format().replace("_", " "),
                "channels first" if nn.Conv2d(3, 5, 1)(torch.zeros(1, 3, 2, 2)).shape[1] == 5 else "channels last",
                "A reshape in place of a transpose shuffles pixels, and the discriminator learns the shuffle.",
            ),
            (
                "kernel of a convolution, size 4, 3 to 64 channels",
                tuple(conv_keras.kernel.shape),
                tuple(conv_torch.weight.shape),
                "To move weights, permute the axes.",
            ),
            (
                "kernel of a transposed one, 64 to 3",
                tuple(up_keras.kernel.shape),
                tuple(up_torch.weight.shape),
                "In both the shape of the convolution that it transposes: inputs and outputs change places.",
            ),
            (
                "kernel of a dense layer, 100 to 2,048",
                tuple(dense_keras.kernel.shape),
                tuple(dense_torch.weight.shape),
                "Transposed. A square one fits both ways, and only the numbers tell.",
            ),
        ],
        "Optimisers": [
            (
                "Adam's epsilon",
                adam_keras().epsilon,
                default(adam_torch, "eps"),
                "It matters when gradients are small, as they are where D wins.",
            ),
            (
                f"Adam's first step on a gradient of {number(tiny)}, in learning rates",
                first_step(
                    lambda v: built_optimiser(adam_keras(), v),
                    keras.Variable([0.0], dtype="float64"),
                    keras.ops.convert_to_tensor([tiny], dtype="float64"),
                ),
                first_step(
                    lambda v: adam_torch([v]),
                    torch.zeros(1, dtype=torch.float64, requires_grad=True),
                    torch.tensor([tiny], dtype=torch.float64),
                ),
                "Keras adds epsilon before it corrects the bias, so at the first step it counts thirty times as much.",
            ),
            (
                "RMSprop's weight of the old",
                keras.optimizers.RMSprop().rho,
                default(torch.optim.RMSprop, "alpha"),
                "WGAN was trained with it: Keras forgets ten times as fast.",
            ),
            (
                "moving average of weights: decay",
                keras.optimizers.Adam(use_ema=True).ema_momentum,
                default(torch.optim.swa_utils.get_ema_multi_avg_fn, "decay"),
                "Over 100 steps, or over 1,000. GANs use 0.999 and more, and both leave it off until asked.",
            ),
        ],
        "Losses": [
            (
                "binary cross-entropy, D certain and wrong",
                float(array(keras.losses.BinaryCrossentropy()([[1.0]], [[0.0]]))),
                float(nn.BCELoss()(torch.zeros(1), torch.ones(1))),
                "Both clip probabilities, at other places. On logits, as everywhere in this book, nothing is clipped.",
            ),
        ],
    }
    return {
        section: [(what, number(first), number(second), why) for what, first, second, why in group]
        for section, group in rows.items()
    }


def built_optimiser(optimiser: Any, variable: Any) -> Any:
    """A Keras optimiser that knows its variable."""
    optimiser.build([variable])
    return optimiser


def agreed() -> list[tuple[str, str, str, str]]:
    """Where both have one default that a GAN rarely wants: what, in Keras, in PyTorch, what GANs use."""
    adam = keras.optimizers.Adam()
    betas = default(torch.optim.Adam, "betas")
    bias = layers.Conv2D(1, 1).use_bias, nn.Conv2d(1, 1, 1).bias is not None
    lost_keras = 8 - layers.Conv2D(1, 3)(np.zeros((1, 8, 8, 1))).shape[1]
    lost_torch = 8 - nn.Conv2d(1, 1, 3)(torch.zeros(1, 1, 8, 8)).shape[2]
    rows = [
        ("Adam's learning rate", float(array(adam.learning_rate)), default(torch.optim.Adam, "lr"), "0.0002 in DCGAN"),
        ("Adam's β₁", adam.beta_1, betas[0], "0.5 in DCGAN, 0 in many later ones"),
        ("a convolution has a bias", *("yes" if one else "no" for one in bias), "none before a norm"),
        ("pixels that an image loses in a convolution, kernel 3", lost_keras, lost_torch, 'none: padding "same"'),
    ]
    return [(what, number(first), number(second), wanted) for what, first, second, wanted in rows]


def markdown() -> str:
    """The tables."""
    lines = [f"Read from Keras {keras.__version__} and PyTorch {torch.__version__.split('+')[0]}.", ""]
    for section, rows in table().items():
        lines += [f"## {section}", "", "```{table}", ":class: last-below", ""]
        lines += ["| What | Keras | PyTorch | In a GAN |", "|:--|:--|:--|:--|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines += ["```", ""]
    lines += ["## Alike, and rarely what a GAN wants", "", "| What | Both | GANs use |", "|:--|:--|:--|"]
    lines += [f"| {what} | {value} | {wanted} |" for what, value, _, wanted in agreed()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Puts the tables between the page's two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{markdown()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
