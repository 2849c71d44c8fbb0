"""The trend as a page shows it: the names of its parts, where they lead, and the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from admin.locales import day
from journeys.scope import Scope
from store.words import tell

SHAPES = {"day": "EEE d MMM y", "week": "d MMM y", "month": "MMMM y"}
SHORT = {"day": "d MMM", "week": "d MMM", "month": "MMM y"}


def rows(answer: Mapping[str, Any], scope: Scope, link: Callable[..., str]) -> list[dict[str, Any]]:
    """The parts with their names in words and the address of each part's own funnel.

    `link` makes the address of a period from `start` and `through`, both days that count.
    """
    zone, by = scope.project.zone, answer["by"]
    told = []
    for part in answer["parts"]:
        start = datetime.fromisoformat(part["from"]).astimezone(zone)
        last = (datetime.fromisoformat(part["to"]) - timedelta(milliseconds=1)).astimezone(zone)
        edge = start - timedelta(days=start.weekday()) if by == "week" else start
        told.append(
            {
                **part,
                "name": _named(edge, by),
                "short": day(edge, SHORT[by]),
                "first": start.date().isoformat(),
                "last": last.date().isoformat(),
                "link": link(start.date().isoformat(), last.date().isoformat()),
            }
        )
    return told


def _named(edge: datetime, by: str) -> str:
    written = day(edge, SHAPES[by])
    return tell("week of %(day)s", day=written) if by == "week" else written


def picture(
    parts: list[dict[str, Any]], unit: str, before: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """What the browser draws: the success rate of each part, its interval, and how far it may yet rise.

    `before` are the parts of another period, of which the first stands beside the first, and so on.
    """
    wanted = ("name", "short", "link", "first", "last", "entered", "outcomes", "immature", "partial", "small")
    return {
        "unit": unit,
        "parts": [{**{name: part[name] for name in wanted}, "rate": part["success_rate"]} for part in parts],
        "before": [
            {"name": part["name"], "entered": part["entered"], "rate": part["success_rate"]}
            for part in (before or ())[: len(parts)]
        ],
    }
