"""The specimens: each fails as it says, and its correction, which is the only difference, does not."""

import re

import numpy as np
import pytest
from conftest import ONE_OF_THEM

import ganlib
from ganlib import specimens

pytestmark = pytest.mark.long

# What the failure must show: value → (at least, at most).
SHOWN = {
    "000-no-labels": {"real": (0, 0.05), "believed": (0, 0.05)},
    "001-noise": {"frechet": (100, np.inf)},
    "002-plain-descent": {"moved": (0, 1e-3)},
    "003-four-by-four": {"height": (4, 4), "width": (4, 4), "channels": (16, 16)},
    "003-softmax": {"moved": (0, 0), "d_loss": (15, 17)},
    "004-swapped": {"modes": (0, 1), "d_loss": (-np.inf, -1000)},
    "004-fake-labels": {"modes": (0, 1), "radius": (5, np.inf), "d_loss": (0, 0.01)},
}
ERRORS = {  # what the frameworks say; ganlib's own words are in the finding
    "001-hundred-numbers": (r"RuntimeError: mat1 and mat2 shapes|InvalidArgumentError|ValueError", "3,072 numbers"),
    "002-two-shapes": (
        r"RuntimeError: Given groups=1|InvalidArgumentError|ValueError",
        r"needs \(n, \*\(28, 28, 1\)\)",
    ),
}


@pytest.fixture(params=ONE_OF_THEM)
def gl(request):
    return ganlib.backend(request.param)


def test_every_document_and_specimen_is_covered():
    assert SHOWN.keys() | ERRORS.keys() == set(specimens.NAMES)
    assert {f"source-{name[:3]}" for name in specimens.NAMES} == {r for r in ganlib.recipes() if r.startswith("source")}


@pytest.mark.parametrize("name", specimens.NAMES)
def test_it_fails_as_it_says(gl, name):
    seen = specimens.specimen(name).run(backend=gl.name)
    assert not seen.works
    assert len(str(seen)) > 60
    if name in ERRORS:
        native, kind = ERRORS[name]
        assert re.search(native, seen.error), seen.error
        assert re.search(kind, str(seen))
        return
    assert not seen.error
    for value, (low, high) in SHOWN[name].items():
        assert low <= seen.values[value] <= high, f"{value} is {seen.values[value]}"


@pytest.mark.parametrize("name", specimens.NAMES)
def test_its_correction_works(gl, name):
    seen = specimens.specimen(name).run(corrected=True, backend=gl.name)
    assert seen.works, seen
    assert not seen.error


def test_what_a_specimen_prints():
    for name in specimens.NAMES:
        text = str(specimens.specimen(name))
        assert text.startswith(f"{name}: ")
        assert "\nCorrection: " in text
