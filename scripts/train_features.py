"""Train the feature network that `ganlib.metrics` scores digits with, and write it to ganlib/assets.

    python scripts/train_features.py                      # downloads MNIST's test split (1.6 MB) once
    python scripts/train_features.py --folder MY/DATA     # or reads it from there
    python scripts/train_features.py --check              # trains nothing, prints the file's accuracies

It takes three to four minutes on one core and needs PyTorch. Run it only to change the network: scores from
before cannot be compared with scores from after.

The network learns two things at once from 64 numbers: which digit it is (cross-entropy), and what the image
looks like (a linear map back to its pixels, thrown away afterwards). Training images are four fifths of
scikit-learn's digits and the first 8,000 of MNIST's test split, turned, shifted, sheared, made thicker or
thinner, and seen at several sizes. The accuracies that it prints come from the rest, through NumPy and the
file that was written.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import torch
from safetensors.numpy import save as packed
from torch import nn
from torch.nn import functional as F

import ganlib.data as datasets
from ganlib import features as shipped

SEED = 0
STEPS = 2500
BATCH = 128
REDRAW = 1.0  # weight of the mean squared error of the redrawn image
WIDTHS = (16, 32, 48, 64)
FEATURES = 64
# The images that training never sees, by their number.
HELD_OUT = {"digits": lambda number: number % 5 == 4, "mnist": lambda number: number >= 8000}


class Network(nn.Module):
    """The network of `ganlib/features.py`, with batch normalisation, which `folded` removes."""

    def __init__(self) -> None:
        super().__init__()
        channels = (1, *WIDTHS)
        self.convs = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], 3, stride, padding=1, bias=False)
            for i, stride in enumerate(shipped.STRIDES)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)
        self.features = nn.Linear(WIDTHS[-1] * 4 * 4, FEATURES, bias=False)
        self.standardise = nn.BatchNorm1d(FEATURES, affine=False)
        self.classes = nn.Linear(FEATURES, 10)
        self.redraw = nn.Linear(FEATURES, shipped.SIDE**2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (n, 1, 28, 28) -> logits (n, 10) and redrawn images (n, 784)."""
        x = x + 1
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu(norm(conv(x)))
        seen = self.standardise(self.features(x.flatten(1)))
        return self.classes(F.relu(seen)), self.redraw(seen)

    @torch.no_grad()
    def folded(self) -> dict[str, np.ndarray]:
        """The weights as `ganlib/features.py` wants them: float16, HWIO kernels, normalisation folded in."""
        state, weights = self.state_dict(), {}
        for i, (norm, width) in enumerate(zip(self.norms, WIDTHS, strict=True)):
            # In evaluation normalising is scale * x + shift.
            shift = norm(torch.zeros(1, width, 1, 1)).flatten()
            scale = norm(torch.ones(1, width, 1, 1)).flatten() - shift
            kernel = state[f"convs.{i}.weight"] * scale[:, None, None, None]
            weights[f"conv{i + 1}.kernel"], weights[f"conv{i + 1}.bias"] = kernel.permute(2, 3, 1, 0), shift
        shift = self.standardise(torch.zeros(1, FEATURES)).flatten()
        scale = self.standardise(torch.ones(1, FEATURES)).flatten() - shift
        dense = (state["features.weight"] * scale[:, None]).reshape(FEATURES, WIDTHS[-1], 4, 4)
        # NumPy flattens (h, w, c), PyTorch (c, h, w).
        weights["features.kernel"] = dense.permute(2, 3, 1, 0).reshape(-1, FEATURES)
        weights["features.bias"] = shift
        weights["classes.kernel"], weights["classes.bias"] = state["classes.weight"].T, state["classes.bias"]
        # safetensors writes memory as it lies, so a transposed view would be saved wrong.
        return {name: np.ascontiguousarray(value.numpy(), np.float16) for name, value in weights.items()}


def load(name: str, folder: str | None, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images, digits at 8 x 8 or MNIST at 28 x 28, and labels: those to train on, or those held out."""
    if name == "digits":
        data = datasets.load(name, size=8)
    else:
        data = datasets.load(name, split="test", folder=folder)
    assert data.images is not None
    assert data.labels is not None
    keep = HELD_OUT[name](np.arange(len(data))) == held_out
    return data.images[keep, :, :, 0], data.labels[keep]


def draw(data: tuple[np.ndarray, np.ndarray], count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A batch of varied images (count, 28, 28), as a generator might draw them, and their labels."""
    images, labels = data
    chosen = rng.integers(len(images), size=count)
    x = torch.tensor(images[chosen])[:, None]
    if x.shape[2] == 8:  # enlarge first, in one of the ways in which it is done
        how = ("bilinear", "bicubic")[rng.integers(2)]
        x = F.interpolate(x, size=int(rng.choice([12, 16, 20, 28])), mode=how).clip(-1, 1)

    angle = np.radians(rng.uniform(-12, 12, count))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)
    shear = np.tile(np.eye(2), (count, 1, 1))
    shear[:, 0, 1] = rng.uniform(-0.15, 0.15, count)
    scale = np.exp(rng.uniform(-0.12, 0.12, (count, 1, 2)))
    shift = rng.uniform(-0.12, 0.12, (count, 2, 1))
    matrix = torch.tensor(np.concatenate([turn @ shear * scale, shift], axis=2), dtype=torch.float32)
    side = int(rng.choice([16, 20, 28]))
    grid = F.affine_grid(matrix, [count, 1, side, side], align_corners=False)
    x = F.grid_sample(x + 1, grid, align_corners=False) - 1

    # Thicker towards the maximum of the neighbours, thinner towards their minimum.
    amount = torch.tensor(rng.uniform(-0.4, 0.4, (count, 1, 1, 1)), dtype=torch.float32)
    thick, thin = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    x = torch.where(amount > 0, x + amount * (thick - x), x - amount * (thin - x))
    return shipped._resize(x.numpy()[:, 0], shipped.SIDE), labels[chosen]


def train(folder: str | None) -> Network:
    """Train from the seed; two thirds of each batch are MNIST."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    sets = {name: load(name, folder, held_out=False) for name in HELD_OUT}
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=STEPS)
    for step in range(1, STEPS + 1):
        parts = [draw(sets["digits"], BATCH // 3, rng), draw(sets["mnist"], BATCH - BATCH // 3, rng)]
        images = torch.tensor(np.concatenate([part[0] for part in parts]))
        labels = torch.tensor(np.concatenate([part[1] for part in parts]))
        logits, redrawn = network(images[:, None])
        naming = F.cross_entropy(logits, labels, label_smoothing=0.05)
        redrawing = F.mse_loss(redrawn, images.flatten(1))
        optimiser.zero_grad()
        (naming + REDRAW * redrawing).backward()
        optimiser.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step}: naming {naming.item():.3f}, redrawing {redrawing.item():.3f}", flush=True)
    return network.eval()


def accuracies(folder: str | None) -> dict[str, float]:
    """Of the file in ganlib/assets, in NumPy, on the held-out images at two sizes."""
    result = {}
    for name in HELD_OUT:
        images, labels = load(name, folder, held_out=True)
        for size in (16, 28):
            right = shipped.classify(shipped._resize(images, size)).argmax(axis=1) == labels
            result[f"{name} at {size} x {size}"] = float(right.mean())
    return result


def save(weights: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write the file whole or not at all."""
    temporary = shipped.PATH.with_suffix(".tmp")
    temporary.write_bytes(packed(weights, metadata))
    os.replace(temporary, shipped.PATH)
    shipped._weights.cache_clear()


def main() -> None:
    """Train, write, and measure what was written."""
    parser = argparse.ArgumentParser(description="Train the feature network of ganlib.metrics.")
    parser.add_argument("--folder", help="where MNIST's files are; else they are downloaded")
    parser.add_argument("--check", action="store_true", help="train nothing, print the file's accuracies")
    options = parser.parse_args()
    if not options.check:
        start = time.perf_counter()
        torch.set_num_threads(1)
        weights = train(options.folder).folded()
        print(f"trained in {time.perf_counter() - start:.0f} s")
        metadata = {
            "about": "Features and classes of handwritten digits; ganlib/features.py evaluates them.",
            "trained by": f"scripts/train_features.py, seed {SEED}, {STEPS} steps of {BATCH} images",
            "data: digits": "scikit-learn's, all but every fifth image (Alpaydin and Kaynak 1998, CC BY 4.0)",
            "data: MNIST": "first 8,000 images of the test split (LeCun, Cortes and Burges, CC BY-SA 3.0)",
        }
        save(weights, metadata)
        found = accuracies(options.folder)
        metadata |= {f"held-out accuracy, {name}": f"{value:.2%}" for name, value in found.items()}
        save(weights, metadata)
        print(f"wrote {shipped.PATH.name}, {shipped.PATH.stat().st_size / 1000:.0f} kB")
    for name, accuracy in accuracies(options.folder).items():
        print(f"held-out accuracy, {name}: {accuracy:.2%}")


if __name__ == "__main__":
    main()
