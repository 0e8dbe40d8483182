"""A directive for pages that are no notebooks: an interactive figure, made when the book is built.

```{laboratory}
:small:
```
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import ganlib
from ganlib.teaching import interactive


class Laboratory(SphinxDirective):
    """`ganlib.interactive.laboratory()`, whole or small."""

    option_spec: ClassVar = {"small": directives.flag, "scenario": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        for path in interactive.__path__:
            self.env.note_dependency(path)
        figure = ganlib.interactive.laboratory(scenario=self.options.get("scenario"), small="small" in self.options)
        return [nodes.raw("", figure.html, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("laboratory", Laboratory)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
