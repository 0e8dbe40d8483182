"""Files of earlier versions: they load, mean what they meant, and go on to the numbers that they went on to then.

`tests/data/format-1` holds, for each framework, a checkpoint that version 0.1.0 wrote after 3 of 6 steps, and what that
version came to at step 6. They are never made again: a new format gets a folder of its own beside them.
"""

import dataclasses
import importlib.metadata
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import ganlib
from ganlib.errors import RecipeError
from ganlib.recipe import fields

FORMATS = sorted((Path(__file__).parent / "data").glob("format-*"))
POINTS = np.random.default_rng(5).standard_normal((21, 2))  # what the files were trained on


@pytest.mark.parametrize("writer", ["torch", "tensorflow"])
@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
def test_a_checkpoint_of_an_earlier_format_goes_on_as_it_did(gl, tmp_path, folder, writer):
    shutil.copytree(folder / writer, tmp_path / "run")  # to read a folder leaves a lock in it
    trainer = gl.Trainer.load(tmp_path / "run", device="cpu")
    assert (trainer.steps_done, trainer.precision, trainer.recipe.discriminator_steps) == (3, "float64", 2)
    history = trainer.fit(POINTS)
    found = {f"history/{name}": values for name, values in history.items()} | {"samples": trainer.sample(4, seed=1)}
    for name in ("generator", "discriminator", "average"):
        weights = gl.get_weights(getattr(trainer, name))
        found |= {f"{name}/{key}": weight for key, weight in weights.items()}
    expected = np.load(folder / writer / "expected.npz")
    assert found.keys() == set(expected.files)
    # The same version of the framework that wrote the file comes to the same bits, any other to the same numbers.
    written_by = ganlib.checkpoint.describe(tmp_path / "run")["versions"].get(gl.name)
    same_bits = written_by is not None and written_by.partition("+")[0] == importlib.metadata.version(gl.name)
    for name, values in found.items():
        if same_bits:
            np.testing.assert_array_equal(values, expected[name], name)
        np.testing.assert_allclose(values, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


@dataclass(frozen=True, kw_only=True)
class Later(ganlib.Recipe):
    """A recipe as a later version might have it, with one field more."""

    paint: str


def test_a_file_without_a_later_field_means_what_it_meant_when_it_was_written(monkeypatch):
    recipe = ganlib.recipe("ring")
    with pytest.raises(RecipeError, match="This recipe lacks paint"):
        Later.from_json(recipe.to_json())
    monkeypatch.setitem(fields.ADDED, "paint", "none")
    loaded = Later.from_json(recipe.to_json())
    assert loaded.paint == "none"
    assert dataclasses.asdict(loaded) == dataclasses.asdict(recipe) | {"paint": "none"}
    assert Later.from_json(dataclasses.replace(loaded, paint="red").to_json()).paint == "red"
    with pytest.raises(RecipeError, match="no field 'paint'"):  # a file of a newer version in this one
        ganlib.Recipe.from_json(loaded.to_json())


def test_a_file_without_a_later_field_of_the_optimisers_does_too(monkeypatch):
    recipe = ganlib.recipe("ring", discriminator_optimiser={"l1": 0.25})
    values = json.loads(recipe.to_json())
    del values["generator_optimiser"]["l1"]
    with pytest.raises(RecipeError, match="generator_optimiser lacks l1"):
        ganlib.Recipe.from_json(json.dumps(values))
    monkeypatch.setitem(fields.ADDED_TO_OPTIMISERS, "l1", 0.0)
    assert ganlib.Recipe.from_json(json.dumps(values)) == recipe
