"""Counts sessions anew: with other limits, in a period or always, and says before what would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from journeys.generations import (
    HOUR_MS,
    MINUTE_MS,
    Generation,
    Limits,
    Wanted,
    begin,
    ensured,
    wanted_of,
)
from journeys.period import END_OF_TIME, Period, PeriodError, moment
from journeys.session_numbers import preview
from store.events import EventStore
from store.projects import Project
from store.rules import ProjectRules
from store.words import tell


@dataclass(frozen=True)
class Recount:
    """What is to be counted anew: under which limits, and in which period they are to change."""

    project_id: int
    period: Period
    limits: Limits
    wanted: Wanted

    def changes(self, events: EventStore) -> dict[str, Any]:
        """The numbers of the period before and after."""
        return preview(events, self.project_id, self.period, self.limits)

    def begin(self, events: EventStore) -> Generation:
        """Begin; the old sessions answer until the new ones are complete."""
        return begin(events, self.project_id, self.wanted, self.limits)


def planned(
    events: EventStore,
    engine: Engine,
    project: Project,
    *,
    start: str | None = None,
    end: str | None = None,
    idle_minutes: int | None = None,
    cap_hours: int | None = None,
) -> Recount:
    """A recount with the limits of the rules, or others, from `start` to `end`. Raises PeriodError."""
    wanted = wanted_of(engine, project.id)
    idle = idle_minutes or wanted.rules.session_idle_minutes
    cap = cap_hours or wanted.rules.session_cap_hours
    period = _period(start, end, project.zone)
    held = ensured(events, project.id, wanted)[-1].limits
    return Recount(project.id, period, held.within(period, idle * MINUTE_MS, cap * HOUR_MS), wanted)


def changed_by(events: EventStore, project_id: int, rules: ProjectRules) -> dict[str, Any]:
    """What these rules would make of all sessions of the project: limits, numbers before and after."""
    changes = preview(events, project_id, Period(0, END_OF_TIME), Limits.of(rules))
    return changes | {"idle_minutes": rules.session_idle_minutes, "cap_hours": rules.session_cap_hours}


def _period(start: str | None, end: str | None, zone: ZoneInfo) -> Period:
    period = Period(moment(start, zone) if start else 0, moment(end, zone) if end else END_OF_TIME)
    if period.start >= period.end:
        raise PeriodError(tell("the period ends before it begins: choose a later end, or an earlier start"))
    return period
