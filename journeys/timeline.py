"""Timelines: what one customer did across all channels, and what arrived last from everyone."""

from __future__ import annotations

import json
import re
from typing import Any

from journeys.definitions import parse
from journeys.period import iso
from journeys.questions import question
from journeys.sessions import sessions
from store.events import EventStore
from store.identities import Ledger
from store.journeys import JourneyVersion

END_OF_TIME = 9_000_000_000_000
RECENT_MS = 24 * 3600 * 1000


def timeline(
    events: EventStore,
    ledger: Ledger,
    project_id: int,
    customer: int,
    *,
    versions: list[JourneyVersion] | None = None,
    before: str | None = None,
    now: int,
    most: int = 200,
) -> dict[str, Any]:
    """One customer: newest events first with the session each belongs to, sessions, runs of `versions`.

    `before` is the `next` of the page before. Unknown customers have n = 0.
    """
    identities = ledger.identities_of(project_id, [customer])
    values = {"project": project_id, "customer": customer, "identities": identities}
    rows = events.query(question("timeline.events"), {**values, **_place(before), "most": most})
    totals = events.query(question("timeline.totals"), values)[0]
    visits = sessions(events, project_id, customers=[customer], identities=identities)
    belongs = {member: visit["id"] for visit in visits for member in visit["members"]}
    return {
        "customer": str(customer),
        "n": totals["n"],
        "first_seen": iso(totals["first_seen"]) if totals["n"] else None,
        "last_seen": iso(totals["last_seen"]) if totals["n"] else None,
        "traits": _json(totals["traits"]),
        "events": [event_of(row) | {"session": belongs.get(row["id"], "")} for row in rows],
        "next": "{at}.{sequence}.{id}".format_map(rows[-1]) if len(rows) == most else None,
        "sessions": [_session(visit) for visit in reversed(visits)],
        "runs": _runs(events, project_id, customer, versions or [], now),
    }


def recent(
    events: EventStore, project_id: int, *, now: int, most: int = 100, since: int | None = None
) -> list[dict[str, Any]]:
    """The events that arrived last, newest first, of the last day or since a moment in milliseconds."""
    values = {"project": project_id, "most": most, "since": since or now - RECENT_MS}
    rows = events.query(question("timeline.recent"), values)
    return [event_of(row) | {"received": iso(row["received"])} for row in rows]


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


def _place(cursor: str | None) -> dict[str, Any]:
    """Where a page begins: after the event that the cursor names, or with the newest."""
    found = re.fullmatch(r"(\d{1,15})\.(\d{1,19})\.([0-9a-f]{32})", cursor or "")
    at, sequence, event = found.groups() if found else (END_OF_TIME, 0, "")
    return {"before": int(at), "before_sequence": int(sequence), "before_id": event}


def _session(visit: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "n", "entry", "exit", "channel", "source", "medium", "campaign", "device", "country")
    return {**{name: visit[name] for name in kept}, "start": iso(visit["start"]), "last": iso(visit["last"])}


def _runs(
    events: EventStore, project_id: int, customer: int, versions: list[JourneyVersion], now: int
) -> list[dict[str, Any]]:
    known = {version.id: parse(version.definition) for version in versions}
    values = {"project": project_id, "customer": customer, "versions": list(known)}
    found = []
    for row in events.query(question("timeline.runs"), values):
        definition = known[row["journey_version"]]
        found.append(
            {
                "journey": definition.key,
                "name": definition.name,
                "case": row["case_value"],
                "outcome": definition.outcome(row["outcome"], row["start"], row["last"], now),
                "start": iso(row["start"]),
                "last": iso(row["last"]),
                "furthest": definition.steps[row["furthest"] - 1].name,
            }
        )
    return found


def _json(text: str) -> dict[str, Any]:
    value = json.loads(text or "{}")
    return value if isinstance(value, dict) else {}
