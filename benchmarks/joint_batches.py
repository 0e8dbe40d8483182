"""Real and generated images normalised apart or together in D: writes the ledger "joint_batches".

    python benchmarks/joint_batches.py               # every run: a minute on one core
    python benchmarks/joint_batches.py --seeds 1

A loop in plain PyTorch with the networks of `dcgan-digits-quick`. "apart" gives D one batch of each kind. "together in
D's step" joins them there, while G's step shows D generated images only, as most code does. "together in both steps"
joins them in G's step as well. Runs that the ledger holds are skipped.
"""

import argparse
import time
from typing import Any

import numpy as np
import recording

import ganlib
from ganlib import metrics

NAME = "joint_batches"
ABOUT = (
    "The DCGAN of dcgan-digits-quick, without noise and average, with real and generated images in separate batches "
    "or in one: the Fréchet distance to all digits, and the mean losses of the last 50 steps."
)
COMMAND = "python benchmarks/joint_batches.py"
WAYS = ("apart", "together in D's step", "together in both steps")
STEPS = 400
BATCH = 32


def run(way: str, seed: int, steps: int = STEPS) -> tuple[dict[str, Any], float]:
    """One training: its distance at the end and its losses there, and its seconds."""
    import torch
    from torch.nn.functional import softplus

    gl, digits = ganlib.backend("torch"), ganlib.data.load("digits").images
    recipe = ganlib.recipe("dcgan-digits-quick")
    generator, discriminator = gl.Generator(recipe, seed), gl.Discriminator(recipe, seed)
    settings: dict[str, Any] = {"lr": 1e-3, "betas": (0.5, 0.99)}
    g_adam = torch.optim.Adam(generator.parameters(), **settings)
    d_adam = torch.optim.Adam(discriminator.parameters(), **settings)
    data = torch.tensor(digits.transpose(0, 3, 1, 2).copy())
    rng, losses, start = np.random.default_rng(seed), [], time.perf_counter()

    def logits(real, fake, joined):
        if joined:
            return discriminator(torch.cat([real, fake])).split(BATCH)
        return discriminator(real), discriminator(fake)

    for _ in range(steps):
        real = data[rng.integers(0, len(data), BATCH)]
        z, fresh_z = torch.tensor(rng.standard_normal((2, BATCH, recipe.latent)), dtype=torch.float32)
        real_logits, fake_logits = logits(real, generator(z).detach(), way != "apart")
        d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        g_loss = softplus(-logits(real, generator(fresh_z), way == "together in both steps")[1]).mean()
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        losses.append((d_loss.item(), g_loss.item()))
    seconds = time.perf_counter() - start
    z = torch.tensor(np.random.default_rng(1).standard_normal((len(digits), recipe.latent)), dtype=torch.float32)
    with torch.no_grad():
        fake = generator.eval()(z).numpy().transpose(0, 2, 3, 1)
    distance = metrics.frechet_distance(metrics.features(digits), metrics.features(fake))
    d_mean, g_mean = np.mean(losses[-50:], axis=0)
    return {"frechet": distance.value, "d_loss": float(d_mean), "g_loss": float(g_mean)}, seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    done = [row["key"] for row in recording.rows(NAME)]
    for seed in range(options.seeds):
        for way in WAYS:
            key = {"way": way, "backend": "torch", "seed": seed}
            if key not in done:
                result, seconds = run(way, seed)
                changes = {"name": "dcgan-digits-quick", "steps": STEPS, "instance_noise": 0.0, "moving_average": 0.0}
                recording.record(NAME, ABOUT, COMMAND, key, result, changes, seconds)
                print(f"{way}, seed {seed}: {seconds:.0f} s, {result}", flush=True)


if __name__ == "__main__":
    main()
