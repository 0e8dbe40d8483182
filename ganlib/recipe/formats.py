"""What older files mean by the fields that they lack.

A recipe in JSON names every field of the version that wrote it. A field that is added later gets a line here: what the
package did before it had the field, which is therefore what a file without it means. Without that line every file and
checkpoint from before would be refused. Format 1, the first, has all of today's fields, so nothing stands here yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RECIPE: dict[str, object] = {}  # field of a recipe → its value in files that lack it
OPTIMISER: dict[str, object] = {}  # field of both players' optimisers → its value in files that lack it


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values as they stand in a file, with those that were added since the file was written."""
    result = {**RECIPE, **values}
    for player in ("generator_optimiser", "discriminator_optimiser"):
        if isinstance(own := result.get(player), Mapping):
            result[player] = {**OPTIMISER, **own}
    return result
