"""What a card of the overview adds once it is seen: how the rate went, what changed, and money at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.formats import percent, undecided
from journeys.change_report import CHANGE
from journeys.change_words import told as told_change
from journeys.dropoffs_stake import stake
from journeys.overview import heads
from journeys.scope import Scope
from journeys.stakes import stakes
from journeys.trend import TREND
from store.words import tell

WIDTH, HEIGHT = 240, 40


@dataclass(frozen=True)
class Line:
    """A small line of rates: points of polylines, those that may still rise apart, and the same in words."""

    decided: str
    open: str
    words: str


@dataclass(frozen=True)
class Glance:
    """The line of the period, by day, week or month, with its parts; the change since the period `before`."""

    line: Line | None
    by: str
    parts: Sequence[Mapping[str, Any]]
    sentence: str
    before: Mapping[str, Any]
    money: Mapping[str, Any] | None


def glance(scope: Scope) -> Glance:
    """Three reports of a journey in short."""
    trend, change = TREND.ask(scope, TREND.arguments({})), CHANGE.ask(scope, CHANGE.arguments({}))
    return Glance(
        line=_line(trend["parts"]),
        by=trend["by"],
        parts=trend["parts"],
        sentence=told_change(change, scope.definition),
        before=change["before"],
        money=_money(scope),
    )


def _money(scope: Scope) -> Mapping[str, Any] | None:
    """What is at stake where most leave, as the tab of drop-offs tells it; None where nothing is known."""
    frame, now = (scope.events, scope.project.id, [scope.version]), scope.now
    found = stakes(*frame, heads(*frame, scope.period, now=now), scope.period, now=now).get(scope.version.id)
    if found is None:
        return None
    names = {step.key: step.name for step in scope.definition.steps}
    told = stake(scope, found.step, found.property, currency=found.currency)["money"]
    return told and {**told, "step": found.step, "name": names[found.step]}


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
    return Line(
        decided=" ".join(points[:first_open]),
        open=" ".join(points[max(first_open - 1, 0) :]),
        words=_span([rate["value"] for _, rate in rates[:first_open] or rates]),
    )


def _span(values: Sequence[float]) -> str:
    """Between which rates a line goes, in words."""
    low, high = percent(min(values)), percent(max(values))
    if low == high:
        return tell("always %(rate)s", rate=low)
    return tell("between %(low)s and %(high)s", low=low, high=high)
