"""A training step against the official tutorials' loops: the same networks, batch and data, in the same framework.

    python benchmarks/training_step.py                     # all networks in both frameworks; half an hour on two cores
    python benchmarks/training_step.py --network dcgan-digits --backend torch --repetitions 20
    python benchmarks/training_step.py --compiled          # ganlib's steps by the framework's compiler
    python benchmarks/training_step.py --table             # what was measured, as the book shows it

The tutorials' loops are written here as their pages have them: the framework's own layers, one `optimizer.step()` after
`backward()` through everything in PyTorch; one `tf.function` with two tapes in TensorFlow. Both frameworks may use all
cores. Where there is a GPU both run on it, dcgan-64 is measured too, and the product is larger and in the run's
precision. The repetitions of loop, ganlib and a matrix product take turns, and each ratio is of neighbours in time; the
ledger keeps every one. What a recipe does and the loops do not, such as noise on the images, is off. The multiply-adds
of a step are counted from the layers: the forward pass costs F, the gradients in the activations F, those in the
weights F. Both loops are credited with what a step needs, not with what they do.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import architectures, ledger
from ganlib.runtime.trainer import BaseTrainer

NAME = "training_step"
ABOUT = (
    "Seconds a training step: the official tutorials' loops, and ganlib on the same networks, batch and data in the "
    "same framework. One value a repetition; the repetitions took turns. flops counts what a step needs."
)
COMMAND = "python benchmarks/training_step.py"
BATCHES = {"pytorch-tutorial": [64], "tensorflow-tutorial": [256], "dcgan-digits": [64], "dcgan-64": [128, 1024]}
ON_GPU = ("dcgan-64",)  # only there
# What a step does in the tutorials' loops: both players' losses are of the same images, in TensorFlow's from the same
# point, and nothing blurs the images or averages the weights.
OFF = {"moving_average": 0.0, "instance_noise": 0.0, "fresh_noise": False}
SAME_GAME = {"torch": OFF, "tensorflow": {**OFF, "update": "simultaneous"}}
SECONDS = 3.0  # that a repetition takes, about
WARM_UP = 3  # steps
MATRIX = {"cpu": 2048, "gpu": 8192}
# Set, they make the frameworks quieter or kinder to other processes, as in the Makefile, and several times slower here.
SLOW = ("OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS")


def as_installed() -> None:
    """Lets the frameworks run as they come, before they are loaded."""
    for name in SLOW:
        os.environ.pop(name, None)


def data(recipe: ganlib.Recipe) -> np.ndarray:
    """Four batches of noise in [-1, 1]: what the pixels say does not change what a step costs."""
    values = np.random.default_rng(0).uniform(-1, 1, (4 * recipe.batch_size, *recipe.shape))
    return values.astype(np.float32)


def torch_network(layers: list[architectures.Layer], shape: architectures.Shape) -> Any:
    """The layers as PyTorch has them, with the tutorial's initial weights."""
    from torch import nn

    stack: list[nn.Module] = []
    for layer, (*size, channels) in zip(layers, [shape, *architectures.shapes(layers, shape)], strict=False):
        match layer:
            case architectures.Dense():
                stack.append(nn.Linear(channels, layer.units, layer.bias))
            case architectures.Conv() | architectures.ConvTranspose():
                pad = (layer.kernel - 1) // 2 if layer.padding == "same" else 0
                how = channels, layer.filters, layer.kernel, layer.stride, pad
                if isinstance(layer, architectures.Conv):
                    stack.append(nn.Conv2d(*how, bias=layer.bias))
                else:
                    extra = layer.stride - layer.kernel + 2 * pad if layer.padding == "same" else 0
                    stack.append(nn.ConvTranspose2d(*how, extra, bias=layer.bias))
            case architectures.BatchNorm():
                stack.append(nn.BatchNorm2d(channels) if size else nn.BatchNorm1d(channels))
            case architectures.LeakyReLU():
                stack.append(nn.LeakyReLU(layer.slope, inplace=True) if layer.slope else nn.ReLU(inplace=True))
            case architectures.Dropout():
                stack.append(nn.Dropout(layer.rate))
            case architectures.Reshape(shape=(height, width, channels)):
                stack.append(nn.Unflatten(1, (channels, height, width)))
            case _:
                stack.append({architectures.Flatten: nn.Flatten, architectures.Tanh: nn.Tanh}[type(layer)]())
    for module in stack:
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)
    return nn.Sequential(*stack)


def tensorflow_network(layers: list[architectures.Layer], shape: architectures.Shape) -> Any:
    """The layers as Keras has them, with its own initial weights."""
    from keras import Sequential
    from keras import layers as of

    stack: list[Any] = [of.Input(shape)]
    for layer in layers:
        match layer:
            case architectures.Dense():
                stack.append(of.Dense(layer.units, use_bias=layer.bias))
            case architectures.Conv() | architectures.ConvTranspose():
                kind = of.Conv2D if isinstance(layer, architectures.Conv) else of.Conv2DTranspose
                how = {"strides": layer.stride, "padding": layer.padding, "use_bias": layer.bias}
                stack.append(kind(layer.filters, layer.kernel, **how))
            case architectures.BatchNorm():
                stack.append(of.BatchNormalization())
            case architectures.LeakyReLU():
                stack.append(of.LeakyReLU(negative_slope=layer.slope) if layer.slope else of.ReLU())
            case architectures.Dropout():
                stack.append(of.Dropout(layer.rate))
            case architectures.Reshape():
                stack.append(of.Reshape(layer.shape))
            case architectures.Flatten():
                stack.append(of.Flatten())
            case _:
                stack.append(of.Activation("tanh"))
    return Sequential(stack)


def networks(recipe: ganlib.Recipe, backend: str) -> tuple[Any, Any]:
    """The recipe's generator and discriminator, made of the framework's own layers."""
    make = {"torch": torch_network, "tensorflow": tensorflow_network}[backend]
    generator = make(architectures.generator_layers(recipe), (recipe.latent,))
    return generator, make(architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe))


def torch_tutorial(recipe: ganlib.Recipe, images: np.ndarray, seed: int = 0) -> tuple[Callable[[int], None], Any]:
    """The loop of PyTorch's DCGAN tutorial, and its generator; D's sigmoid is applied here."""
    import torch

    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    netG, netD = (network.to(device) for network in networks(recipe, "torch"))
    criterion = torch.nn.BCELoss()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
    stored = torch.as_tensor(images).permute(0, 3, 1, 2).contiguous()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(stored), batch_size=recipe.batch_size, shuffle=True
    )
    netG.train()
    netD.train()
    losses = []

    def step(real: Any) -> None:
        netD.zero_grad()
        real = real.to(device)
        size = real.size(0)
        label = torch.full((size,), 1.0, device=device)
        output = torch.sigmoid(netD(real)).view(-1)
        errD_real = criterion(output, label)
        errD_real.backward()
        D_x = output.mean().item()
        fake = netG(torch.randn(size, recipe.latent, device=device))
        label.fill_(0.0)
        output = torch.sigmoid(netD(fake.detach())).view(-1)
        errD_fake = criterion(output, label)
        errD_fake.backward()
        D_G_z1 = output.mean().item()
        optimizerD.step()
        netG.zero_grad()
        label.fill_(1.0)
        output = torch.sigmoid(netD(fake)).view(-1)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()
        losses.append((errG.item(), (errD_real + errD_fake).item(), D_x, D_G_z1, D_G_z2))

    def run(steps: int) -> None:
        done = 0
        while done < steps:
            for (real,) in loader:
                step(real)
                done += 1
                if done == steps:
                    break

    return run, netG


def tensorflow_tutorial(recipe: ganlib.Recipe, images: np.ndarray, seed: int = 0) -> tuple[Callable[[int], None], Any]:
    """The loop of TensorFlow's DCGAN tutorial, and its generator."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(seed)
    generator, discriminator = networks(recipe, "tensorflow")
    cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = tf.keras.optimizers.Adam(1e-4)
    discriminator_optimizer = tf.keras.optimizers.Adam(1e-4)
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images)).batch(recipe.batch_size)

    @tf.function
    def train_step(batch: Any) -> None:
        noise = tf.random.normal([recipe.batch_size, recipe.latent])
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            generated = generator(noise, training=True)
            real_output = discriminator(batch, training=True)
            fake_output = discriminator(generated, training=True)
            gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
            real_loss = cross_entropy(tf.ones_like(real_output), real_output)
            disc_loss = real_loss + cross_entropy(tf.zeros_like(fake_output), fake_output)
        of_generator = gen_tape.gradient(gen_loss, generator.trainable_variables)
        of_discriminator = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
        generator_optimizer.apply_gradients(zip(of_generator, generator.trainable_variables, strict=True))
        discriminator_optimizer.apply_gradients(zip(of_discriminator, discriminator.trainable_variables, strict=True))

    def run(steps: int) -> None:
        for batch in dataset.repeat().take(steps):
            train_step(batch)
        generator.trainable_variables[0].numpy()  # waits for a GPU

    return run, generator


def matrix_product(backend: str, kind: str, precision: str) -> Callable[[], float]:
    """A function that measures FLOP/s of a square product in the framework: in float32, on a GPU in the precision."""
    size, dtype = MATRIX[kind], precision if kind == "gpu" else "float32"
    values = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    if backend == "torch":
        import torch

        tensor: Any = torch.as_tensor(values).to("cuda" if kind == "gpu" else "cpu", getattr(torch, dtype))
        product: Callable[[], Any] = lambda: tensor @ tensor  # noqa: E731
    else:
        import tensorflow as tf

        tensor = tf.cast(values, dtype)
        product = lambda: tf.matmul(tensor, tensor)  # noqa: E731

    def measure() -> float:
        float(product()[0, 0])  # to read a number is to wait for it
        start = time.perf_counter()
        for _ in range(5):
            result = product()
        float(result[0, 0])
        return 5 * 2 * size**3 / (time.perf_counter() - start)

    return measure


def flops(recipe: ganlib.Recipe) -> float:
    """What one step must compute: 2 for each multiply-add."""
    g = sum(c.multiply_adds for c in architectures.costs(architectures.generator_layers(recipe), (recipe.latent,)))
    d = sum(c.multiply_adds for c in architectures.costs(architectures.discriminator_layers(recipe), recipe.shape))
    # D on real and on fake: forward, and back to its weights. G: forward and back, through D; forward if it has moved.
    through = d if recipe.update == "simultaneous" else 2 * d
    return 2.0 * recipe.batch_size * (2 * 3 * d + through + 3 * g)


def measure(
    recipe: ganlib.Recipe, backend: str, precision: str, repetitions: int, compiled: bool = False
) -> tuple[dict[str, Any], float]:
    """The seconds of each repetition's step in the tutorial's loop and in ganlib, and of the matrix product."""
    began = time.perf_counter()
    images = data(recipe)
    tutorial, _ = {"torch": torch_tutorial, "tensorflow": tensorflow_tutorial}[backend](recipe, images)
    trainer = ganlib.backend(backend).Trainer(recipe, 0, precision=precision, compiled=compiled)
    loops: dict[str, Callable[[int], Any]] = {
        "tutorial": tutorial,
        "ganlib": lambda steps: trainer.fit(images, steps=steps, progress=False),
    }
    product = matrix_product(backend, kind_of(trainer), precision)
    steps = {}
    for name, loop in loops.items():
        loop(WARM_UP)
        steps[name] = max(3, round(SECONDS / timed(loop, WARM_UP)))
        loop(steps[name])  # the trainer traces its blocks at the length that they will have
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    products = []
    for turn in range(repetitions):
        for name in sorted(loops, reverse=bool(turn % 2)):
            seconds[name].append(timed(loops[name], steps[name]))
        products.append(product())
    needed = flops(recipe)
    ratios = np.divide(seconds["tutorial"], seconds["ganlib"])
    result = {
        **{f"{name}_seconds": [float(f"{value:.4g}") for value in values] for name, values in seconds.items()},
        "ratio": float(np.median(ratios)),
        "ratio_lowest": float(ratios.min()),
        "ratio_highest": float(ratios.max()),
        "step_flops": needed,
        "product_flops_per_second": float(np.median(products)),
        **{f"{name}_share": float(needed / np.median(seconds[name]) / np.median(products)) for name in loops},
        "device": trainer.device,
    }
    return result, time.perf_counter() - began


def kind_of(trainer: BaseTrainer) -> str:
    """ "cpu" or "gpu"."""
    return "cpu" if trainer.device.lower().startswith("cpu") else "gpu"


def timed(loop: Callable[[int], Any], steps: int) -> float:
    """Seconds a step."""
    start = time.perf_counter()
    loop(steps)
    return (time.perf_counter() - start) / steps


def table() -> str:
    """What was measured, in Markdown."""
    lines = [
        "| Network, batch | Framework | Precision | tutorial's loop | ganlib | ratio (spread) | of a product's rate |"
    ]
    lines += ["|:--|:--|:--|--:|--:|--:|--:|"]
    places = {network: place for place, network in enumerate(BATCHES)}
    rows = ledger.load(NAME).rows
    for row in sorted(rows, key=lambda row: (row["key"]["backend"] != "torch", places[row["key"]["network"]])):
        key, result = row["key"], row["result"]
        tutorial, ours = (1000 * np.median(result[f"{name}_seconds"]) for name in ("tutorial", "ganlib"))
        spread = f"{result['ratio_lowest']:.2f} to {result['ratio_highest']:.2f}"
        lines.append(
            f"| `{key['network']}`, {key['batch_size']} | {key['backend']} | {key['precision']} "
            f"| {tutorial:.4g} ms | {ours:.4g} ms | {result['ratio']:.2f} ({spread}) "
            f"| {result['tutorial_share']:.0%}, {result['ganlib_share']:.0%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", choices=BATCHES, default=list(BATCHES))
    parser.add_argument("--backend", choices=("torch", "tensorflow"))
    parser.add_argument("--precision", nargs="+", choices=("float32", "bfloat16", "auto"), default=["float32", "auto"])
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    as_installed()
    if options.backend is None:  # a process each: two frameworks' threads would disturb each other
        for backend in ganlib.available():
            os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *sys.argv, "--backend", backend])
        return
    trainers = ganlib.backend(options.backend).Trainer
    for network, batch_size in [(name, size) for name in options.network for size in BATCHES[name]]:
        recipe = {"name": network, "batch_size": batch_size, **SAME_GAME[options.backend]}
        tried = [trainers(ganlib.recipe(**recipe), 0, precision) for precision in options.precision]
        if network in ON_GPU and kind_of(tried[0]) == "cpu":
            continue
        # Where "auto" is float32, once is enough.
        for precision in dict.fromkeys(trainer.precision for trainer in tried):
            result, seconds = measure(
                ganlib.recipe(**recipe), options.backend, precision, options.repetitions, options.compiled
            )
            key = {"network": network, "batch_size": batch_size, "backend": options.backend, "precision": precision}
            key |= {"device": kind_of(tried[0]), **({"compiled": True} if options.compiled else {})}
            recording.record(NAME, ABOUT, COMMAND, key, result, recipe, seconds)
            print(f"{key}: {result['ratio']:.2f} ({result['ratio_lowest']:.2f} to {result['ratio_highest']:.2f})")


if __name__ == "__main__":
    main()
