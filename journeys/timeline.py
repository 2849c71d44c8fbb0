"""Timelines: what one customer did across all channels, and what arrived last from everyone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from journeys.cursors import EventId, Number, Time, read, written
from journeys.filters import Params
from journeys.period import END_OF_TIME, iso
from journeys.profile import runs, totals
from journeys.questions import question
from journeys.routes import RAW, Routes
from journeys.sessions import sessions
from journeys.traits import customer_values, traits
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion

RECENT_MS = 24 * 3600 * 1000


class Place(NamedTuple):
    """Where a timeline goes on: before this event."""

    at: Time
    sequence: Number
    id: EventId


NEWEST_PLACE = Place(END_OF_TIME, 0, "0" * 32)


@dataclass(frozen=True)
class Wanted:
    """Which page of a timeline: `before` is the `next` of the page before; of one `kind` and `channel` only.

    A kind is a type of event, such as page; '' means all.
    """

    before: str | None = None
    kind: str = ""
    channel: str = ""
    most: int = 100


NEWEST = Wanted()


def timeline(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    customer: int,
    *,
    versions: Sequence[JourneyVersion] = (),
    wanted: Wanted = NEWEST,
    now: int,
    routes: Routes = RAW,
) -> dict[str, Any]:
    """One customer: how much there is, traits now, a page of `happenings`. Unknown ones have n = 0."""
    found = totals(events, ledger, project_id, customer)
    return {
        "customer": str(customer),
        **{name: found[name] for name in ("n", "first_seen", "last_seen")},
        "traits": traits(events, ledger, project_id, customer),
        **happenings(
            events, ledger, project_id, customer, versions=versions, wanted=wanted, now=now, routes=routes
        ),
    }


def happenings(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    customer: int,
    *,
    versions: Sequence[JourneyVersion] = (),
    wanted: Wanted = NEWEST,
    now: int,
    known: Sequence[dict[str, Any]] | None = None,
    routes: Routes = RAW,
) -> dict[str, Any]:
    """A page of a customer's events, newest first, with the session of each; `next` leads to older ones.

    `sessions` are those of these events, and `runs` of `versions` those that were under way meanwhile; both
    newest first. Where all runs of the customer are `known`, nobody is asked for them. Pages are called by
    their `routes`. Raises ListError for a `before` that no page gave.
    """
    values = customer_values(ledger, project_id, customer)
    rows = _rows(events, values, wanted, routes)
    visits = _visits(events, values, rows, routes)
    belongs = {member: visit["id"] for visit in visits for member in visit["members"]}
    shown = set(filter(None, map(belongs.get, (row["id"] for row in rows))))
    return {
        "events": [event_of(row) | {"session": belongs.get(row["id"], "")} for row in rows],
        "next": _next(rows) if len(rows) == wanted.most else None,
        "sessions": [_session(visit) for visit in reversed(visits) if visit["id"] in shown],
        "runs": _runs_among(events, project_id, customer, versions, rows, now)
        if known is None
        else _touching(known, rows),
    }


def up_to(at: int) -> str:
    """The `before` of a page that begins with what happened last up to a moment in milliseconds."""
    return written(Place(at + 1, 0, "0" * 32))


def recent(
    events: EventStore,
    project_id: int,
    *,
    now: int,
    most: int = 100,
    since: int | None = None,
    routes: Routes = RAW,
) -> list[dict[str, Any]]:
    """The events that arrived last, newest first, of the last day or since a moment in milliseconds."""
    params = Params(project=project_id, most=most, since=since or now - RECENT_MS)
    rows = events.query(question("timeline.recent", label=routes.label(params)), params.values)
    return [event_of(row) | {"received": iso(row["received"])} for row in rows]


def newest_of(events: EventStore, project_id: int, library: str, *, now: int) -> dict[str, Any] | None:
    """What arrived last of the last day from a client library: its `label`, and when it happened (ISO)."""
    params = Params(project=project_id, library=f"{library}/", since=now - RECENT_MS)
    rows = events.query(question("timeline.newest_of", label=RAW.label(params)), params.values)
    return {"label": rows[0]["label"], "at": iso(rows[0]["at"])} if rows else None


def latest(events: EventStore, project_id: int) -> dict[str, Any]:
    """How many events a project has, and when the last one arrived (ISO, None without any)."""
    row = events.query(question("timeline.latest"), {"project": project_id})[0]
    return {"n": row["n"], "at": iso(row["at"]) if row["n"] else None}


def event_of(row: dict[str, Any]) -> dict[str, Any]:
    """An event as pages and the REST API show it."""
    kind = "user" if row["user_id"] else "anonymous"
    shown = ("id", "type", "label", "side", "library", "channel", "source", "campaign", "device", "browser")
    more = ("os", "country", "city", "path", "title", "referrer", "marks")
    return {
        **{name: row[name] for name in (*shown, *more)},
        "at": iso(row["at"]),
        "customer": str(row["customer"]),
        "is_bot": bool(row["is_bot"]),
        "identity": {
            "kind": kind,
            "value": row["user_id"] or row["anonymous_id"],
            "hash": str(row["identity"]),
        },
        "properties": _json(row["properties"]),
        "traits": _json(row["traits"]),
    }


def _rows(events: EventStore, values: dict[str, Any], wanted: Wanted, routes: Routes) -> list[dict[str, Any]]:
    """The page's events: first which ones, then what is told of them, so a long history costs little."""
    limits = {"most": wanted.most, "kind": wanted.kind, "channel": wanted.channel}
    page = events.query(question("timeline.page"), {**values, **_place(wanted.before), **limits})
    if not page:
        return []
    chosen = {"ids": [row["id"] for row in page], "first": page[-1]["at"], "last": page[0]["at"]}
    params = Params(**values, **chosen)
    return events.query(question("timeline.events", label=routes.label(params)), params.values)


def _place(cursor: str | None) -> dict[str, Any]:
    """Where a page begins: after the event that the cursor names, or with the newest."""
    at, sequence, event = read(cursor, Place) if cursor else NEWEST_PLACE
    return {"before": at, "before_sequence": sequence, "before_id": event}


def _next(rows: list[dict[str, Any]]) -> str:
    return written(Place(*(rows[-1][name] for name in Place._fields)))


def _session(visit: dict[str, Any]) -> dict[str, Any]:
    origin = ("entry", "exit", "channel", "source", "medium", "campaign", "device", "country")
    measured = ("n", "pages", "duration", "engaged_seconds", "scroll", "bounced", "engaged")
    kept = ("id", *origin, *measured)
    return {**{name: visit[name] for name in kept}, "start": iso(visit["start"]), "last": iso(visit["last"])}


def _visits(
    events: EventStore, values: dict[str, Any], rows: list[dict[str, Any]], routes: Routes
) -> list[dict[str, Any]]:
    """The sessions that these events of one customer may belong to, by their start."""
    if not rows:
        return []
    return sessions(
        events,
        values["project"],
        customers=[values["customer"]],
        identities=values["identities"],
        between=(rows[-1]["at"], rows[0]["at"] + 1),
        routes=routes,
    )


def _runs_among(
    events: EventStore,
    project_id: int,
    customer: int,
    versions: Sequence[JourneyVersion],
    rows: list[dict[str, Any]],
    now: int,
) -> list[dict[str, Any]]:
    """The runs that were under way at one of these events."""
    if not rows or not versions:
        return []
    span = {"start": rows[-1]["at"], "end": rows[0]["at"]}
    return runs(events, project_id, customer, versions, now=now, **span)


def _touching(runs: Sequence[dict[str, Any]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of these runs that were under way at one of these events."""
    if not rows:
        return []
    first, last = iso(rows[-1]["at"]), iso(rows[0]["at"])
    return [run for run in runs if run["start"] <= last and run["last"] >= first]


def _json(text: str) -> dict[str, Any]:
    value = json.loads(text or "{}")
    return value if isinstance(value, dict) else {}
