"""What a card of the overview adds once it is seen: how the success rate went, and what changed, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.formats import percent, undecided
from journeys.change_report import CHANGE
from journeys.scope import Scope
from journeys.trend import TREND

WIDTH, HEIGHT = 240, 40


@dataclass(frozen=True)
class Line:
    """A small line of rates: points of polylines, those that may still rise apart, and the same in words."""

    decided: str
    open: str
    words: str


@dataclass(frozen=True)
class Glance:
    """The line of the period, by day, week or month, and the change from the period before."""

    line: Line | None
    by: str
    sentence: str


def glance(scope: Scope) -> Glance:
    """Two reports of a journey in short."""
    told = TREND.ask(scope, TREND.arguments({}))
    return Glance(_line(told["parts"]), told["by"], CHANGE.ask(scope, CHANGE.arguments({}))["sentence"])


def _line(parts: Sequence[Mapping[str, Any]]) -> Line | None:
    """None where there are not two points to draw a line between."""
    rates = [(k, part["success_rate"]) for k, part in enumerate(parts) if part["success_rate"]["n"]]
    if len(rates) < 2:
        return None
    first_open = next((i for i, (_, rate) in enumerate(rates) if undecided(rate)), len(rates))
    top = max(rate["value"] for _, rate in rates) or 1
    points = [
        f"{WIDTH * k / (len(parts) - 1):.1f},{HEIGHT - (HEIGHT - 4) * rate['value'] / top - 2:.1f}"
        for k, rate in rates
    ]
    (_, begin), (_, end) = rates[0], rates[first_open - 1 if first_open else -1]
    return Line(
        decided=" ".join(points[:first_open]),
        open=" ".join(points[max(first_open - 1, 0) :]),
        words=f"from {percent(begin['value'])} to {percent(end['value'])}",
    )
