"""The tests of one framework alone, where the other is only hidden, in a fraction of a real environment's time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import without

import ganlib

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(len(ganlib.available()) < 2, reason="needs both frameworks, to hide one"),
]


@pytest.mark.parametrize("missing", without.COMES_ALONE)
def test_the_package_with_the_other_framework_alone(missing):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GANLIB_BACKEND", "PYTEST_"))
    }
    command = [sys.executable, HERE / "without.py", missing, HERE / "test_one_framework.py"]
    done = subprocess.run(
        [*command, "-q", "-p", "no:cacheprovider", "-m", "not thorough"],
        cwd=HERE.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 10
    assert "skipped" not in done.stdout
