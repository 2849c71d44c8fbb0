"""Segments: runs chosen by what they began with, or by a saved definition; how they are written and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from store.words import tell

if TYPE_CHECKING:
    from journeys.filters import Params
    from journeys.scope import Scope

ATTRIBUTES = ("device", "channel", "source", "medium", "campaign", "country")
# A saved segment by its key: runs that belong to it, and runs that do not.
SAVED = ("name", "not")
EVERYONE = "all"
NONE = "(none)"
Segment = Mapping[str, str]
_QUOTED = r'"(?:[^"]|"")*"'


class SegmentError(Exception):
    """A segment cannot be read; the message says why."""


def read(text: str) -> dict[str, str]:
    """The segment that `device:mobile,name:engaged` means; `all` and nothing mean everyone.

    A value with a comma, a semicolon or a quotation mark stands in quotation marks, those in it doubled.
    Raises SegmentError where a name has no value or more than one.
    """
    if text.strip() in ("", EVERYONE):
        return {}
    found: dict[str, str] = {}
    for part in _parts(text, ","):
        name, value = (one.strip() for one in part.partition(":")[::2])
        if name in found:
            raise SegmentError(tell("%(name)s is there twice; a run has one value of each", name=repr(name)))
        if not (value := _value(value)):
            raise SegmentError(
                tell(
                    "%(name)s has no value; write %(name2)s:VALUE, or (none) where there is none",
                    name=repr(name),
                    name2=name,
                )
            )
        found[name] = value
    return found


def read_several(text: str) -> list[dict[str, str]]:
    """The segments in a text, with `;` between them."""
    return [read(one) for one in _parts(text, ";") if one.strip()]


def written(segment: Segment) -> str:
    """The text of which `read` makes the segment."""
    return ",".join(f"{name}:{_written(value)}" for name, value in segment.items()) or EVERYONE


def checked(segment: Segment) -> dict[str, str]:
    """The segment without empty values; raises SegmentError for an unknown attribute."""
    for name in segment:
        if name not in ATTRIBUTES and name not in SAVED:
            known = ", ".join(ATTRIBUTES)
            raise SegmentError(
                tell(
                    "%(name)s is no attribute of a run; known are %(known)s, name for a saved "
                    "segment, and not for runs outside of one",
                    name=repr(name),
                    known=known,
                )
            )
    return {name: value for name, value in segment.items() if value}


def of_attributes(segment: Segment, params: Params) -> list[str]:
    """SQL conditions that runs of these attributes meet.

    `(none)` stands for an empty value, and for one that was sent by that name: both say nothing.
    """
    return [
        f"{name} in {params.bind(['', NONE] if value == NONE else [value], 'Array(String)')}"
        for name, value in checked(segment).items()
        if name in ATTRIBUTES
    ]


def choices(scope: Scope, *, unit: str = "runs", most: int = 50) -> dict[str, list[dict[str, Any]]]:
    """For each attribute the values that the runs which count have, with how many have them."""
    everyone = scope.everyone()
    asked = {"unit": unit, "most": most}
    return everyone.kept("choices", asked, lambda: _choices(everyone, unit, most))


def _choices(scope: Scope, unit: str, most: int) -> dict[str, list[dict[str, Any]]]:
    sql, values = scope.ask("segments.choices", unit=unit, most=most)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ATTRIBUTES}
    for row in scope.events.query(sql, values):
        found[row["attribute"]].append({"value": row["value"], "n": row["n"]})
    return found


def _parts(text: str, separator: str) -> list[str]:
    return re.findall(rf"(?:{_QUOTED}|[^{separator}])+", text)


def _value(text: str) -> str:
    return text[1:-1].replace('""', '"') if re.fullmatch(_QUOTED, text) else text


def _written(value: str) -> str:
    if value == value.strip() and not re.search('[,;"]', value):
        return value
    return '"' + value.replace('"', '""') + '"'
