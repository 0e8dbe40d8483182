"""What the tests of resuming run in processes of their own.

resume_worker.py go-on BACKEND SOURCE TARGET: each run in SOURCE goes on for N steps, is saved in TARGET;
    then the last one trains on until a SIGTERM
resume_worker.py train BACKEND DIRECTORY STEPS EVERY: goes on with a run, or starts it, until it is done
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import ganlib
from ganlib.runtime.checkpoint import Saver, steps

N = 7  # of the 2 N steps of an exact resumption
SMALL = {"width": 4, "batch_size": 8, "latent": 8}
RECIPES = {
    "ring": ganlib.recipe("ring", width=8, batch_size=16),
    "dcgan-digits": ganlib.recipe("dcgan-digits", **SMALL),
    "everything": ganlib.recipe(
        "dcgan-digits",
        **SMALL,
        **{"discriminator_norm": "spectral", "discriminator_dropout": 0.2, "pack": 2},
        **{"penalty": "wgan_gp", "penalty_weight": 1.0, "loss": "wasserstein", "moving_average": 0.9},
        **{"instance_noise": 0.2, "instance_noise_steps": 10},
        generator_optimiser={"rule": "sgd", "rate": 0.01},
    ),
    "conjugate": ganlib.recipe(
        "dcgan-digits",
        **SMALL,
        generator_optimiser={"rule": "hager_zhang", "rate": 0.02},
        discriminator_optimiser={"rule": "polak_ribiere", "rate": 0.05, "rate_power": 0.5},
    ),
    "competitive": ganlib.recipe(
        "ring",
        **{"width": 8, "batch_size": 16, "update": "competitive"},
        **{
            f"{player}_optimiser": {"rule": "sgd", "beta1": 0.0, "rate": 0.1}
            for player in ("generator", "discriminator")
        },
    ),
}
KILLED = RECIPES["ring"]


def data(recipe):
    """So few that the epochs of a run are several, and one of them is under way when it is saved."""
    return ganlib.data.load(recipe).samples[:40]


class Terminated:
    """Is told to end, as by `kill` or a cluster's clock, at step 2 N + 3."""

    def on_step(self, trainer, metrics):
        if trainer.steps_done == 2 * N + 3:
            os.kill(os.getpid(), signal.SIGTERM)


def go_on(gl, source, target):
    for name in RECIPES:
        trainer = gl.Trainer.load(source / name)
        trainer.fit(data(trainer.recipe), steps=N, progress=False)
        trainer.save(target / name)
        np.save(target / name / "samples.npy", trainer.sample(20, seed=3))
    trainer.fit(data(trainer.recipe), steps=1000, callbacks=[Terminated(), Saver(target / name)], progress=False)


def train(gl, directory, until, every):
    trainer = gl.Trainer.load(directory) if steps(directory) else gl.Trainer(KILLED, seed=5)
    if left := until - trainer.steps_done:
        trainer.fit(data(KILLED), steps=left, callbacks=[Saver(directory, every=every)], progress=False)


if __name__ == "__main__":
    command, backend, directory, *rest = sys.argv[1:]
    if command == "go-on":
        go_on(ganlib.backend(backend), Path(directory), Path(rest[0]))
    else:
        train(ganlib.backend(backend), Path(directory), int(rest[0]), int(rest[1]))
