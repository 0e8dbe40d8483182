"""What `test_distributed.py` runs on one worker and on two.

torchrun --nproc-per-node 2 tests/two_workers.py torch DIRECTORY
python tests/two_workers.py tensorflow DIRECTORY
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np

import ganlib

CASES = {
    "ring": {"name": "ring", "width": 16, "batch_size": 32, "pack": 2, "instance_noise": 0.1},
    "images": {
        **{"name": "dcgan-digits", "width": 4, "batch_size": 8, "generator_norm": "none"},
        **{"discriminator_norm": "spectral", "discriminator_dropout": 0.3, "loss": "relativistic"},
        **{"penalty": "r1+r2", "penalty_weight": 1},
    },
    # The penalty's second derivative goes through the moments of the whole batch.
    "batch norm": {
        **{"name": "ring", "width": 8, "depth": 1, "batch_size": 16, "generator_norm": "batch"},
        **{"discriminator_norm": "batch", "loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 10},
        **{"discriminator_steps": 2, "fresh_noise": True},
    },
}


def recipe(case):
    return ganlib.recipe(**CASES[case], steps=50, precision="float64")


def data(case):
    return np.tanh(np.random.default_rng(3).normal(size=(200, *recipe(case).shape)))


def numbers(gl, trainer):
    """All that a run leaves, by name."""
    found = {f"history/{name}": values for name, values in trainer.history.items()}
    for player in ("generator", "discriminator"):
        found.update({f"{player}/{name}": w for name, w in gl.get_weights(getattr(trainer, player)).items()})
    return {**found, "sample": trainer.sample(4, seed=1)}


def run(gl, case):
    """The trainer after fifty steps, and all that they leave."""
    trainer = gl.Trainer(recipe(case))
    trainer.fit(data(case), progress=False)
    found = numbers(gl, trainer)
    if case == "batch norm":
        alone = trainer.fit_discriminator(data(case), 2, fake=data(case)[::-1].copy())
        alone |= trainer.fit_generator(data(case), 2)
        found.update({f"alone/{name}": values for name, values in alone.items()})
        found.update({f"after/{name}": values for name, values in numbers(gl, trainer).items()})
    return trainer, found


class StopsInLastWorker:
    """A callback that ends the run in one worker after three steps."""

    def __init__(self, last):
        self.last, self.steps = last, 0

    def on_step(self, trainer, metrics):
        self.steps += 1
        if self.last and self.steps == 3:
            trainer.stop()


def own_torch(gl, rank):
    """Networks of one's own that begin differently in each worker, and hold batch normalisation: their ends."""
    import torch
    from torch import nn

    torch.manual_seed(rank)
    generator = nn.Sequential(nn.Linear(recipe("ring").latent, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    discriminator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
    trainer = gl.Trainer(
        ganlib.recipe(**{**CASES["ring"], "pack": 1}, precision="float64"),
        generator=generator,
        discriminator=discriminator,
    )
    trainer.fit(data("ring"), steps=5, progress=False)
    return [float(np.abs(w).sum()) for w in gl.get_weights(generator).values()]


def refusals(gl, scope):
    """The messages of what cannot be trained by two workers."""
    import keras

    def message(**networks):
        with scope():
            try:
                gl.Trainer(recipe("ring"), **networks)
            except ValueError as error:
                return str(error)
        return ""

    def network(**norm):
        layers = [keras.layers.Dense(8), keras.layers.BatchNormalization(**norm), keras.layers.Dense(2)]
        return keras.Sequential([keras.Input((recipe("ring").latent,)), *layers])

    with scope():
        alone = network()
    return {"outside": message(generator=network()), "alone": message(generator=alone)}


def main(backend, directory):
    if backend == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        scope = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope
    else:
        scope = contextlib.nullcontext
    gl = ganlib.backend(backend)
    with scope():
        for case in CASES:
            trainer, found = run(gl, case)
            if trainer.rank == 0:
                np.savez(directory / f"{case}.npz", **found)

        # On from a checkpoint of one worker, and a checkpoint of these two for one to go on from.
        trainer = gl.Trainer.load(directory / "of-one")
        bar = io.StringIO()
        with contextlib.redirect_stderr(bar):
            trainer.fit(data("ring"), steps=25, progress=True)
        if trainer.rank == 0:
            np.savez(directory / "resumed.npz", **numbers(gl, trainer))
        trainer.save(directory / f"of-rank-{trainer.rank}")
        facts = {"workers": trainer.workers, "bar": bool(bar.getvalue())}

        last = backend == "tensorflow" or trainer.rank == 1
        trainer.fit(data("ring"), steps=10, callbacks=[StopsInLastWorker(last)], progress=False)
        facts["stopped at"] = trainer.steps_done
        try:
            gl.Trainer(ganlib.recipe("ring", batch_size=33))
        except ganlib.errors.RecipeError as error:
            facts["odd batch"] = str(error)
    facts |= {"own": own_torch(gl, trainer.rank)} if backend == "torch" else refusals(gl, scope)
    (directory / f"facts-{trainer.rank}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
