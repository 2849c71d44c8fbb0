"""Survival: which share of runs comes to a step within which time, those that are not finished included.

A run that has not come is watched until now, also where it was dropped or failed: it could have come that
long, and did not. (To stop watching it when it left would take leavers for people who might have come at the
pace of those who stayed, and the curve would climb far above the share that comes.) As every run's time until
now is known, one less Kaplan and Meier's curve is then the cumulative incidence (Fine and Gray 1999, section
3.2: censoring complete).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from journeys.cursors import ListError
from journeys.funnel import UNITS
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Which
from journeys.scope import Scope
from journeys.segments import ATTRIBUTES, SAVED, SegmentError, checked, choices, read, written
from journeys.statistics import Curve, Watched, incidence, is_small, known, p_of_curves
from journeys.timing import EDGES
from store.words import marked, tell

MOST_POINTS = 200
MOST_GROUPS = 5
EVERYONE = marked("All")


class SurvivalError(Exception):
    """Survival cannot be told as asked; the message says why."""


def survival(
    scope: Scope,
    *,
    origin: str | None = None,
    target: str | None = None,
    against: Sequence[Mapping[str, str]] = (),
    compare: str | None = None,
    unit: str = "runs",
) -> dict[str, Any]:
    """Curves of the share that came from one step to another by seconds; start to goal where none is named.

    Beside the scope's own segment those `against` it have a curve each, or `compare` names an attribute whose
    most frequent values have one; every pair is then tested by the log-rank test. Of each curve, `n` runs
    took the origin and `came` came; `share` had come after the longest time that any was `watched`: what to
    expect when all have had that time. `half` is when half of all had come, `within` the share by round
    times. Of customers and accounts the furthest run is watched. Raises SurvivalError, SegmentError.
    """
    if unit not in UNITS:
        raise SurvivalError(tell("%(unit)s is no unit; count runs, customers or accounts", unit=repr(unit)))
    first, last = _steps(scope, origin, target)
    segments = _compared(scope, against, compare)
    waits = {name: Waits(first, last, one) for name, one in segments.items()}
    found = {name: one.watched(scope, unit) for name, one in waits.items()}
    watched = {name: one for name, one in found.items() if one.n}
    shown = (watched or found) if compare else found
    keys = [step.key for step in scope.definition.steps]
    return {
        **scope.head(unit),
        "from_step": keys[first - 1],
        "to_step": keys[last - 1],
        "curves": [
            {
                "name": name,
                "segment": dict(segments[name]),
                "looks_inside": scope.saved.looks_inside(segments[name]),
                **_told(one, waits[name]),
            }
            for name, one in shown.items()
        ],
        "tests": p_of_curves(watched),
    }


def _steps(scope: Scope, origin: str | None, target: str | None) -> tuple[int, int]:
    steps = scope.definition.steps
    first, last = origin or steps[0].key, target or steps[-1].key
    for key in (first, last):
        if key not in scope.definition:
            raise SurvivalError(tell("the journey has no step %(key)s", key=repr(key)))
    found = scope.definition.position(first), scope.definition.position(last)
    if found[0] >= found[1]:
        raise SurvivalError(
            tell("%(last)s is not after %(first)s; times run forwards", last=repr(last), first=repr(first))
        )
    return found


def _compared(
    scope: Scope, against: Sequence[Mapping[str, str]], compare: str | None
) -> dict[str, Mapping[str, str]]:
    if compare is None:
        return _different(scope, [scope.segment, *(checked(one) for one in against)])
    if compare not in ATTRIBUTES:
        raise SegmentError(
            tell(
                "%(compare)s is no attribute of a run; known are %(attributes)s",
                compare=repr(compare),
                attributes=", ".join(ATTRIBUTES),
            )
        )
    if against:
        raise SurvivalError(tell("compare the values of an attribute, or segments with each other, not both"))
    values = [one["value"] for one in choices(scope, most=MOST_GROUPS)[compare]]
    return _different(scope, ({**scope.segment, compare: value} for value in values))


def _different(scope: Scope, segments: Iterable[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    found = {_named(scope, one): one for one in segments}
    if len(found) > MOST_GROUPS:
        raise SurvivalError(tell("compare at most %(most_groups)s segments", most_groups=MOST_GROUPS))
    return found


def _named(scope: Scope, segment: Mapping[str, str]) -> str:
    pairs = ((name, scope.saved.named(value) if name in SAVED else value) for name, value in segment.items())
    return ", ".join(f"{tell(name)}: {value}" for name, value in sorted(pairs)) or tell(EVERYONE)


@dataclass(frozen=True)
class Waits:
    """The times of the runs of a segment from one step to another; steps from 1."""

    first: int
    last: int
    segment: Mapping[str, str]

    def taken(self, scope: Scope, unit: str) -> tuple[str, dict[str, Any]]:
        """SQL of how long each run took, and all that it binds."""
        own = replace(scope, segment=self.segment)
        return own.ask("survival.taken", unit=unit, origin=self.first, target=self.last)

    def watched(self, scope: Scope, unit: str) -> Watched:
        """The times of all runs."""
        taken, values = self.taken(scope, unit)
        rows = scope.events.query(question("survival.waits", taken=taken), values)
        return Watched(
            np.array([row["seconds"] for row in rows], float),
            np.array([row["came"] for row in rows], bool),
            np.array([row["n"] for row in rows], np.int64),
        )

    def cell(self, what: str, seconds: float | None = None) -> str:
        """The name of a number's list."""
        until = "" if seconds is None else repr(seconds)
        return f"{what}:{self.first}:{self.last}:{until}:{written(self.segment)}"


# Conditions on the time that runs took or were watched.
BEHIND = {
    "n": ("1", marked("Took the first step")),
    "came": ("came", marked("Came")),
    "came_within": ("came and seconds <= {seconds:Float64}", marked("Came within %(seconds)s s")),
    "at_risk": (
        "seconds >= {seconds:Float64}",
        marked("Had not come before %(seconds)s s, and were watched so long"),
    ),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a curve, or at a point of it; raises ListError for what is no cell."""
    what, first, last, seconds, segment = [*cell.split(":", 4), "", "", "", ""][:5]
    try:
        condition, title = BEHIND[what]
        waits = Waits(int(first), int(last), checked(read(segment)))
        bound = {"seconds": float(seconds)} if "{seconds" in condition else {}
        if not 1 <= waits.first < waits.last <= len(scope.definition.steps):
            raise ValueError(cell)
    except (KeyError, ValueError, SegmentError):
        raise ListError(
            tell("%(cell)s is no cell of survival; take one from the report's answer", cell=repr(cell))
        ) from None
    taken, values = waits.taken(scope, "runs")
    those = question("survival.those", taken=taken, condition=condition)
    names = [scope.definition.steps[k - 1].name for k in (waits.first, waits.last)]
    said = tell(
        "%(runs)s, from “%(first)s” to “%(last)s” (%(segment)s)",
        runs=tell(title, seconds=seconds),
        **dict(zip(("first", "last"), names, strict=True)),
        segment=_named(scope, waits.segment),
    )
    return Which(f"(customer, number) in ({those})", values | bound, said, waits.segment)


def _told(watched: Watched, waits: Waits) -> dict[str, Any]:
    came = int(watched.counts[watched.came].sum())
    told = {
        "n": watched.n,
        "came": came,
        "cells": {"n": waits.cell("n"), "came": waits.cell("came")},
        "came_rate": rate(came, watched.n),
    }
    if not watched.n:
        nothing: dict[str, Any] = {
            "watched": None,
            "share": _share(),
            "small": True,
            "half": None,
            "within": [],
            "points": [],
        }
        return {**told, **nothing}
    curve, end = incidence(watched), float(watched.seconds.max())
    last = curve.at(end)
    value, low, high = float(last.value), float(last.low), float(last.high)
    at = Points(watched, curve, waits)
    return {
        **told,
        "watched": end,
        "share": _share(value, low, high),
        "small": bool(is_small(watched.n, low, high)),
        "half": known(curve.until(0.5)),
        "within": [at(seconds) for seconds in EDGES[1:] if seconds <= end],
        "points": [at(seconds) for seconds in _steps_of(curve)],
    }


def _share(value: float | None = None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    told = {"value": value, "low": low, "high": high}
    return {name: None if one is None else round(one, 6) for name, one in told.items()}


@dataclass(frozen=True)
class Points:
    """What is told of a curve at some time."""

    watched: Watched
    curve: Curve
    waits: Waits

    def __call__(self, seconds: float) -> dict[str, Any]:
        """The share that had come within so many seconds, how many that are, and how many had not."""
        share = self.curve.at(seconds)
        after = int(np.searchsorted(self.curve.seconds, seconds, "left"))
        came = self.watched.counts[self.watched.came & (self.watched.seconds <= seconds)].sum()
        return {
            "seconds": seconds,
            **_share(float(share.value), float(share.low), float(share.high)),
            "came": int(came),
            "at_risk": int(self.curve.at_risk[after]),
            "cells": {
                "came": self.waits.cell("came_within", seconds),
                "at_risk": self.waits.cell("at_risk", seconds),
            },
        }


def _steps_of(curve: Curve) -> list[float]:
    """Up to 200 of the times at which a curve rises, about evenly by height, and where it ends."""
    heights = np.floor(curve.share.value / max(float(curve.share.value[-1]), 1e-9) * (MOST_POINTS - 2))
    rises = np.flatnonzero(np.diff(heights, prepend=0) > 0)
    return [float(curve.seconds[place]) for place in np.unique([*rises, len(heights) - 1])]
