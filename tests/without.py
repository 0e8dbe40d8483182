"""Runs pytest as if one of the installed frameworks were not there:

    python tests/without.py tensorflow tests/test_one_framework.py

Nobody in this process finds the framework, nor what would only come with it. What is real in the environments of
`make one-framework` is pretended here, in a fraction of their time.
"""

import sys
from importlib.machinery import PathFinder

import pytest

COMES_ALONE = {"torch": {"torch", "triton"}, "tensorflow": {"tensorflow", "keras", "tensorboard"}}


class Without(PathFinder):
    """Python's own finder of what is installed, with gaps."""

    hidden: frozenset[str] = frozenset()

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname.partition(".")[0] in cls.hidden else super().find_spec(fullname, path, target)


if __name__ == "__main__":
    framework, *arguments = sys.argv[1:]
    Without.hidden = frozenset(COMES_ALONE[framework])
    sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
    sys.exit(pytest.main(arguments))
