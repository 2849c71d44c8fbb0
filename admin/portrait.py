"""One customer as the page shows it: visits with their events, marks of runs between them, identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping

from admin.services import Services
from journeys.timeline import timeline
from store.journeys import live_journeys

Event = Mapping[str, Any]
RULES = {
    "identify": "identified as this person",
    "both_ids": "an event carried both ids",
    "alias": "an alias was sent",
    "operator": "joined by a member of the team",
}


@dataclass(frozen=True)
class Mark:
    """A moment of a run: it began, or it ended with an outcome."""

    at: str
    began: bool
    run: Mapping[str, Any]


@dataclass(frozen=True)
class Visit:
    """The events of one session, newest first, with the marks of runs among them."""

    session: Mapping[str, Any] | None
    entries: Sequence[tuple[Event | None, Mark | None]]
    at: str


@dataclass(frozen=True)
class Portrait:
    """Everything that the page of a customer shows."""

    facts: Mapping[str, Any]
    visits: Sequence[Visit]
    identities: Sequence[Mapping[str, Any]]
    edges: Sequence[Mapping[str, Any]]


def of(services: Services, project: int, customer: int, *, before: str | None) -> Portrait | None:
    """The portrait of a customer, or None when nothing is known of this number."""
    versions = live_journeys(services.engine, project)
    facts = timeline(
        services.events,
        services.ledger,
        project,
        customer,
        versions=versions,
        before=before,
        now=services.clock(),
    )
    nodes, edges = services.ledger.describe(project, customer)
    if not facts["n"] and not nodes:
        return None
    identities = [dict(node) for node in nodes] or _carried(facts["events"])
    return Portrait(facts, visits(facts), identities, _named(edges))


def visits(facts: Mapping[str, Any]) -> list[Visit]:
    """Events grouped by session, newest first; marks stand right above the event that made them."""
    sessions = {session["id"]: session for session in facts["sessions"]}
    marks = _marks(facts["runs"])
    made = []
    for session, events in groupby(facts["events"], key=lambda event: _session_of(event, facts["sessions"])):
        entries: list[tuple[Event | None, Mark | None]] = []
        for event in events:
            here = marks.pop(event["at"], [])
            entries += [(None, mark) for mark in here if not mark.began]
            entries += [(event, None)]
            entries += [(None, mark) for mark in here if mark.began]
        first = next(event for event, _ in entries if event is not None)
        made.append(Visit(sessions.get(session), entries, first["at"]))
    return made


def _session_of(event: Event, sessions: Sequence[Mapping[str, Any]]) -> str:
    """The session of an event; one that has none of its own belongs where it happened."""
    if event["session"]:
        return str(event["session"])
    around = (one["id"] for one in sessions if one["start"] <= event["at"] <= one["last"])
    return str(next(around, ""))


def _carried(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Identities as the events carry them: all that is known of one who was never joined."""
    found = {(one["identity"]["kind"], one["identity"]["value"]): one["identity"] for one in events}
    return [{**identity, "contested": False} for identity in found.values()]


def _marks(runs: Sequence[Mapping[str, Any]]) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = {}
    for run in runs:
        marks.setdefault(run["start"], []).append(Mark(run["start"], True, run))
        marks.setdefault(run["last"], []).append(Mark(run["last"], False, run))
    return marks


def _named(edges: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Edges with the identities at their ends and the reason in words."""
    return [
        {
            **edge,
            "from": {"kind": edge["a_kind"], "value": edge["a_value"]},
            "to": {"kind": edge["b_kind"], "value": edge["b_value"]},
            "why": RULES.get(edge["rule"], edge["rule"]),
        }
        for edge in edges
    ]
