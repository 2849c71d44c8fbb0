"""The trend on a journey's page: by which parts it is asked, and the picture that is drawn of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from journeys.buckets import UNITS
from journeys.scope import Scope
from journeys.trend import trend

SHAPES = {"day": "%a %-d %b %Y", "week": "week of %-d %b %Y", "month": "%B %Y"}
SHORT = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}


@dataclass(frozen=True)
class TrendQuestion:
    """By day, week or month; what fits the period where nothing is said."""

    by: str | None

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask the same."""
        return {"by": self.by} if self.by else {}

    def ask(self, scope: Scope, *, unit: str) -> dict[str, Any]:
        """The trend of these runs."""
        return trend(scope, by=self.by, unit=unit)


def read(args: Mapping[str, str]) -> TrendQuestion:
    """Read the choice from the address; an unknown one is none."""
    return TrendQuestion(args["by"] if args.get("by") in UNITS else None)


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
                "name": edge.strftime(SHAPES[by]),
                "short": edge.strftime(SHORT[by]),
                "link": link(start.date().isoformat(), last.date().isoformat()),
            }
        )
    return told


def picture(parts: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    """What the browser draws: the success rate of each part, its interval, and how far it may yet rise."""
    wanted = ("name", "short", "link", "entered", "outcomes", "immature", "partial", "small")
    return {
        "unit": unit,
        "parts": [{**{name: part[name] for name in wanted}, "rate": part["success_rate"]} for part in parts],
    }
