"""The engine that trains in the page: which scripts it has, and the recipes that it takes.

It is the third twin of `ganlib.torch` and `ganlib.tensorflow`, in plain JavaScript: from the same recipe and seed it
has the same losses, for dense networks on points. `tests/test_page_trainer.py` holds it against them.
"""

from ganlib.teaching.interactive import element

# In the order in which they are joined: what a later one uses stands in an earlier one.
SCRIPTS = ("random.js", "networks.js", "refusal.js", "trainer.js", "points.js", "worker.js")


def source() -> str:
    """The text of all scripts, which a page, a Worker or Node can run."""
    return "\n".join(map(element.source, SCRIPTS))
