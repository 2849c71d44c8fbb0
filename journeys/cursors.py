"""Cursors and cells: the place where a list goes on, or the number it is behind, as text."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from store.words import tell

# What places are made of, within the bounds of the columns that they are compared with.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=-9_000_000_000_000, le=9_000_000_000_000)]  # milliseconds
EventId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]

Place = TypeVar("Place", bound=NamedTuple)


class ListError(Exception):
    """A list cannot be made as asked; the message says why."""


def written(place: NamedTuple) -> str:
    """A place as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def read(cursor: str, kind: type[Place]) -> Place:
    """The place that a cursor names; its fields are of the kinds above. Raises ListError."""
    try:
        place: Place = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise ListError(tell("the cursor is not one that this list gave; start again without it")) from None
    return place


def read_cell(cell: str, kind: type[Place], report: str) -> Place:
    """What the cell of a number names, as it was `written`; raises ListError."""
    try:
        return read(cell, kind)
    except ListError:
        raise no_cell(cell, report) from None


def no_cell(cell: str, report: str) -> ListError:
    """The error that says that a cell names no number of a report."""
    return ListError(
        tell(
            "%(cell)s is no cell of %(report)s; take one from the report's answer",
            cell=repr(cell),
            report=tell(report),
        )
    )
