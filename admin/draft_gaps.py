"""What a journey that is being written still lacks, said calmly: its author knows that it is not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admin.draft import ABOUT, KINDS, Draft
from store.words import Spoken, tell

LACKS = Spoken(
    {
        "touchpoint": "choose a touchpoint",
        "name": "a condition is about nothing yet",
        "value": "a condition has no value yet",
    }
)


def gaps(draft: Draft, problems: Mapping[str, str]) -> list[str]:
    """The problems of a draft as lines: what is only empty is said to be open, the rest as it is."""
    return list(dict.fromkeys(_line(draft, place, told) for place, told in problems.items()))


def _line(draft: Draft, place: str, told: str) -> str:
    said = LACKS[lack] if (lack := _lack(draft, place)) else told
    way = place.split(".")
    if way[0] == "steps" and len(way) > 1 and way[1].isdigit():
        return tell("Step %(number)s: %(said)s", number=int(way[1]) + 1, said=said)
    return said


def _lack(draft: Draft, place: str) -> str:
    """Which field of the form is empty at a problem's place: a matcher's own, or one of a condition."""
    *way, last = place.split(".")
    part: Any = draft
    for one in way:
        if isinstance(part, list):
            part = part[int(one)] if one.isdigit() and int(one) < len(part) else None
        else:
            part = part.get(one) if isinstance(part, dict) else None
    if not isinstance(part, dict):
        return ""
    if last in KINDS and part.get("value") == "":
        return "touchpoint"
    if last in ABOUT and part.get("name") == "":
        return "name"
    return "value" if last == "value" and part.get("value") == "" else ""
