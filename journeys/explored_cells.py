"""What stands beside a number of paths from a touchpoint, so that the visits behind it can be listed."""

from __future__ import annotations

import msgspec

from journeys.cursors import ListError
from journeys.flows import KINDS, Node
from store.words import tell

DEEPEST = 8
ENDS = {"nothing": "End of the visit", "start": "Start of the visit", "in_time": "Still going"}


class Cell(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A number of the answer: what comes to a node, from another one where a source is named."""

    target: Node
    source: Node | None = None


def written(target: Node, source: Node | None = None) -> str:
    """The cell of what comes to a node, from another one where a source is named."""
    return msgspec.json.encode(Cell(target, source)).decode()


def read(cell: str) -> tuple[Node, Node | None]:
    """The target and the source of a cell; raises ListError for what is none."""
    try:
        found = msgspec.json.decode(cell, type=Cell)
        nodes = found.target, found.source
        if any(one.kind not in KINDS or not 0 <= one.position <= DEEPEST + 1 for one in nodes if one):
            raise ValueError(cell)
        if any(one.kind == "end" and one.label not in ENDS for one in nodes if one):
            raise ValueError(cell)
    except (msgspec.DecodeError, ValueError):
        raise ListError(
            tell("%(cell)s is no cell of this picture; take one from its answer", cell=repr(cell))
        ) from None
    return nodes
