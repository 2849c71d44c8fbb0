"""Segments: runs chosen by what was known of the customer when the run began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeys.filters import Params
    from journeys.scope import Scope

ATTRIBUTES = ("device", "channel", "source", "campaign", "country")


class SegmentError(Exception):
    """A segment cannot be read; the message says why."""


def checked(segment: Mapping[str, str]) -> dict[str, str]:
    """The segment without empty values; raises SegmentError for an unknown attribute."""
    for name in segment:
        if name not in ATTRIBUTES:
            raise SegmentError(f"{name!r} is no attribute of a run; known are {', '.join(ATTRIBUTES)}")
    return {name: value for name, value in segment.items() if value}


def written(text: str) -> dict[str, str]:
    """The segment that is written `attribute:value`, several with commas; raises SegmentError."""
    pairs = [pair.partition(":") for pair in text.split(",") if pair]
    return checked({name.strip(): value.strip() for name, _, value in pairs})


def condition(segment: Mapping[str, str], params: Params) -> str:
    """SQL that keeps the runs of the segment, '' where that is all; `(none)` stands for an empty value."""
    parts = [
        f"{name} = {params.bind('' if value == '(none)' else value, 'String')}"
        for name, value in checked(segment).items()
    ]
    return " and ".join(parts)


def choices(scope: Scope, *, unit: str = "runs", most: int = 50) -> dict[str, list[dict[str, Any]]]:
    """For each attribute the values that the runs which count have, with how many have them."""
    sql, values = scope.everyone().ask("segments.choices", unit=unit, most=most)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ATTRIBUTES}
    for row in scope.events.query(sql, values):
        found[row["attribute"]].append({"value": row["value"] or "(none)", "n": row["n"]})
    return found
