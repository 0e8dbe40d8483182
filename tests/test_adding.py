"""What CONTRIBUTING.md says about adding a loss is true: three files and a test, and no list of names anywhere else."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BACKENDS

import ganlib
from ganlib import reference

PACKAGE = Path(ganlib.__file__).parent
ORACLE = '''
class Toy(Loss):
    """D: E[softplus(1 - r)] + E[softplus(1 + f)];  G: E[softplus(1 - f)]: the hinge, made smooth."""

    even = (2 * math.log1p(math.e), math.log1p(math.e))

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean(softplus(1 - r)) + np.mean(softplus(1 + f)), -sigmoid(1 - r), sigmoid(1 + f)

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(softplus(1 - f)), np.zeros_like(r), -sigmoid(1 - f)


toy = Toy()
'''
TWIN = '''

class Toy(Loss):
    """D minimises E softplus(1 - D(x)) + E softplus(1 + D(G(z))), G minimises E softplus(1 - D(G(z)))."""

    @staticmethod
    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The scalar that D minimises."""
        TENSORS.check_logits(real_logits, fake_logits)
        return {mean}(softplus(1 - real_logits)) + {mean}(softplus(1 + fake_logits))

    @staticmethod
    def generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The scalar that G minimises."""
        TENSORS.check_logits(real_logits, fake_logits)
        return {mean}(softplus(1 - fake_logits))


LOSSES["toy"] = Toy()
'''
# Trains two steps, at each of which the monitor looks, and prints D's losses.
PROGRAM = """
import json
import sys

import numpy as np
import ganlib

recipe = ganlib.recipe("ring", loss="toy", steps=2, width=4, batch_size=8)
data = ganlib.data.load(recipe)
found = {}
for name in sys.argv[1:]:
    gl = ganlib.backend(name)
    monitor = ganlib.monitor.Monitor(every=1, data=data, say=None)
    history = gl.Trainer(recipe, seed=0, precision="float64").fit(data, callbacks=[monitor], progress=False)
    assert len(monitor.looks) == 2
    found[name] = history["d_loss"].tolist()
toy = ganlib.reference.losses.toy
assert np.isclose(toy.discriminator([0.0], [0.0]), toy.even[0])
try:
    ganlib.recipe("ring", loss="toys")
except ganlib.errors.RecipeError as error:
    assert "toy" in str(error), error
print(json.dumps({"file": ganlib.__file__, "d_loss": found}))
"""


@pytest.mark.long
def test_a_loss_is_added_in_three_files(tmp_path):
    copy = tmp_path / "ganlib"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "ledgers", "solutions"))
    oracle = copy / "reference" / "losses.py"
    before, registry, after = oracle.read_text().partition("\n_LOSSES = ")
    oracle.write_text(before + ORACLE + registry + after)
    for framework, mean in (("torch", "torch.mean"), ("tensorflow", "mean")):
        with open(copy / framework / "losses.py", "a") as file:
            file.write(TWIN.format(mean=mean))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *BACKENDS], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert Path(found["file"]).is_relative_to(tmp_path)
    losses = list(found["d_loss"].values())
    assert len(losses) == len(BACKENDS)
    for one in losses:
        assert len(one) == 2
        assert one == pytest.approx(losses[0], rel=1e-6)


def test_nothing_else_lists_the_losses():
    """A second list of all names would have to be kept, and a new loss would be forgotten there."""
    registries = {"torch/losses.py", "tensorflow/losses.py"}
    others = {"reference/losses.py", "recipe/shipped.py"}  # a name for each loss, and for each recipe one of them
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name not in others and not name.startswith("teaching/"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
                    texts = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                    found |= {name} if texts >= set(reference.losses.names()) else set()
    assert found == registries, "let the losses themselves say it: reference/losses.py"
