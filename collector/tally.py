"""Tallies what became of a batch's events, for the hourly sums of the ingestion page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from collector.pipeline import Outcome
from store.drops import DropRow
from store.event import Event
from store.ingestion import HOUR, MOST_DETAIL, MOST_LIBRARY, Count, hour_of, kept_text, library_of

LATE_MS = HOUR
ROBOT = "bot:"
VIOLATION = "plan_violation"

# What, detail, hour of receipt, library: as it stands in the event, to be cleaned once for all equal ones.
_Found = tuple[str, str, int, str]


def tally(project: int, outcome: Outcome, counted: Collection[bytes]) -> dict[Count, int]:
    """The counts of one project's part of a batch; `counted` names the events that are no duplicates.

    Each named event counts as accepted once, and further copies of it as duplicates.
    """
    found: Counter[_Found] = Counter(_drops_found(outcome.drops))
    expected = set(counted)
    for event in outcome.events:
        hour, library = hour_of(event.received_at), event.library
        if event.event_id in expected:
            expected.remove(event.event_id)
            found["accepted", "", hour, library] += 1
            if event.marks or event.timestamp < event.received_at - LATE_MS:
                found.update(_remarkable(event, hour))
        else:
            found["duplicate", "", hour, library] += 1
    return _summed(project, found)


def _remarkable(event: Event, hour: int) -> Iterable[_Found]:
    """What is counted of an accepted event besides; a robot once, for its first reason."""
    library = event.library
    if event.timestamp < event.received_at - LATE_MS:
        yield "late", "", hour, library
    reason = next((mark for mark in event.marks if mark.startswith(ROBOT)), None)
    if reason is not None:
        yield "bot", reason.removeprefix(ROBOT), hour, library
    if VIOLATION in event.marks:
        yield "violation", event.event or event.type, hour, library


def _drops_found(drops: Iterable[DropRow]) -> Iterable[_Found]:
    for drop in drops:
        yield "dropped", drop.code, hour_of(drop.received_at), library_of(drop.original)


def _summed(project: int, found: Counter[_Found]) -> dict[Count, int]:
    sums: Counter[Count] = Counter()
    for (what, detail, hour, library), n in found.items():
        detail, library = kept_text(detail, MOST_DETAIL), kept_text(library, MOST_LIBRARY)
        sums[project, hour, what, detail, library] += n
    return sums
