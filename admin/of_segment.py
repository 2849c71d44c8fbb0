"""Whom a page about all events is limited to: the customers of a segment of a journey's runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admin.access import Place
from admin.asked import Asked
from admin.services import Services
from journeys.definitions import parsed
from journeys.members import EVERYBODY, Members, members
from journeys.scope import open_scope
from journeys.segments import SegmentError
from store.journeys import live_journeys
from store.projects import Project
from store.segments import saved_segments
from store.words import tell


@dataclass(frozen=True)
class Chosen:
    """The customers that count: of runs of the journey `of` ('' for all customers), in a segment.

    `args` are the address arguments that choose the same; `journeys` and `saved` are what can be chosen.
    """

    members: Members = EVERYBODY
    of: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    journeys: Mapping[str, str] = field(default_factory=dict)
    saved: Mapping[str, str] = field(default_factory=dict)


def chosen(given: Services, place: Place, args: Mapping[str, str], frame: Asked, *, now: int) -> Chosen:
    """Whom the address of a page asks for; raises NoSuchJourney, PeriodError, SegmentError."""
    engine, project = given.engine, place.project
    journeys = _of_customers(given, project)
    of = args.get("of", "") or (next(iter(journeys), "") if frame.whole_segment else "")
    return Chosen(
        members_of(given, project, of, frame.whole_segment, frame.start, frame.end, now=now),
        of,
        {**({"of": of} if of else {}), **frame.segment, **frame.of_runs},
        journeys,
        {one.key: one.definition["name"] for one in saved_segments(engine, project.id)},
    )


def members_of(
    given: Services,
    project: Project,
    of: str,
    segment: Mapping[str, str],
    start: str | None,
    end: str | None,
    *,
    now: int,
) -> Members:
    """The customers with a run of the journey `of` that began in the period and belongs to the segment.

    Everybody where neither is named. Raises NoSuchJourney, PeriodError, SegmentError.
    """
    if not of and not segment:
        return EVERYBODY
    if not of:
        raise SegmentError(tell("a segment is of the runs of a journey; say of which one, in `of`"))
    scope = open_scope(
        given.engine, given.events, project, of, start=start, end=end, segment=segment, now=now
    )
    return members(scope)


def _of_customers(given: Services, project: Project) -> dict[str, str]:
    """The journeys whose runs are those of customers, by their keys."""
    live: list[Any] = [one.definition for one in live_journeys(given.engine, project.id)]
    return {one["key"]: one["name"] for one in live if not parsed(one).of_accounts}
