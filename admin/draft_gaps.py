"""What a journey that is being written lacks or has wrong, in the words of its form."""

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


# What the form calls the places of a definition; texts of other places say by themselves what they are about.
OF_JOURNEY = Spoken(
    {
        "name": "Name of the journey",
        "goal": "Goal, in the customer's words",
        "idle_timeout": "Dropped after",
        "window": "Time from start to goal",
        "case_key": "Property that separates cases",
        "fail_on": "Failed when any of these happens",
        "population": "Who counts",
        "owner": "Owner",
        "key": "Key",
    }
)
OF_STEP = Spoken(
    {
        "name": "name",
        "stage": "stage",
        "within": "time limit",
        "key": "key",
        "event": "event",
        "page": "page path",
        "type": "type",
        "where": "conditions",
        "property": "name of the property",
        "trait": "name of the trait",
        "field": "name of the field",
        "value": "value",
    }
)


def plain(draft: Draft, problems: Mapping[str, str]) -> dict[str, str]:
    """The problems of a draft by their places: what is only empty is said to be open, the rest as it is."""
    return {place: LACKS[lack] if (lack := _lack(draft, place)) else told for place, told in problems.items()}


def gaps(draft: Draft, problems: Mapping[str, str]) -> list[str]:
    """The same as lines, which say of what they tell in the words of the form."""
    said = plain(draft, problems).items()
    return list(dict.fromkeys(_line(place, told, bool(_lack(draft, place))) for place, told in said))


def _line(place: str, said: str, is_open: bool) -> str:
    way = place.split(".")
    if way[0] != "steps" or len(way) < 2 or not way[1].isdigit():
        field = OF_JOURNEY.get(way[0])
        return tell("%(field)s: %(said)s", field=field, said=said) if field else said
    number, field = int(way[1]) + 1, None if is_open else OF_STEP.get(way[-1])
    if field:
        return tell("Step %(number)s, %(field)s: %(said)s", number=number, field=field, said=said)
    return tell("Step %(number)s: %(said)s", number=number, said=said)


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
