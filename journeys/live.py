"""Live: what arrived last, by choice, what one event said and what was made of it, and breaks of the plan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from journeys.filters import Params
from journeys.period import iso
from journeys.questions import question
from journeys.routes import RAW, Routes
from journeys.timeline import RECENT_MS, event_of
from store.events import EventStore

TYPES = ("track", "page", "screen", "identify", "group", "alias")
MOST = 100
SENT = {
    "message_id": "messageId",
    "type": "type",
    "event": "event",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "url": "url",
    "title": "title",
    "referrer": "referrer",
    "locale": "locale",
    "timezone": "timezone",
}
OBJECTS = ("properties", "traits", "context")
MADE = (
    *("side", "library", "host", "path", "referrer_host", "channel", "source", "medium", "campaign", "term"),
    *("content", "click_id", "device", "browser", "os", "country", "region", "city", "session", "marks"),
)
IDS = range(2**63)


@dataclass(frozen=True)
class Wanted:
    """Which events: of a type, with a text in their name or in where they came from, of a customer.

    A customer is told by number, or by a user id or an anonymous id. `broken` are those that break the plan.
    """

    kind: str = ""
    event: str = ""
    source: str = ""
    customer: str = ""
    broken: bool = False

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Wanted()


def newest(
    events: EventStore,
    project: int,
    wanted: Wanted,
    *,
    now: int,
    routes: Routes = RAW,
    most: int = MOST,
) -> list[dict[str, Any]]:
    """The wanted events that arrived last, newest first, of the last day."""
    params = Params(project=project, most=most, since=now - RECENT_MS)
    label = routes.label(params)
    sql = question("live.newest", label=label, wanted=_wanted(wanted, label, params))
    return [
        event_of(row) | {"received": iso(row["received"]), "received_ms": row["received"]}
        for row in events.query(sql, params.values)
    ]


def one(
    events: EventStore, project: int, event_id: str, received: int, *, routes: Routes = RAW
) -> dict[str, Any] | None:
    """What one event said and what was made of it: `sent` and `made`; None where there is none.

    No copy of the message is kept as it came: `sent` is put together from what is kept of it, without what
    privacy rules took out of it.
    """
    params = Params(project=project, id=event_id, received=received)
    rows = events.query(question("live.one", label=routes.label(params)), params.values)
    if not rows:
        return None
    row = rows[0]
    parts = {name: _object(row[name]) for name in OBJECTS}
    violations = parts["context"].pop("violations", [])
    return {
        "id": row["id"],
        "label": row["label"],
        "type": row["type"],
        "received": iso(row["received"]),
        "customer": str(row["customer"]),
        "sent": {
            **{name: row[column] for column, name in SENT.items() if row[column]},
            **{name: part for name, part in parts.items() if part},
        },
        "made": {
            "timestamp": iso(row["at"]),
            "received": iso(row["received"]),
            "customer": str(row["customer"]),
            **{name: row[name] for name in MADE if row[name]},
            "robot": bool(row["is_bot"]),
        },
        "violations": violations if isinstance(violations, list) else [],
    }


def broken(events: EventStore, project: int, *, now: int, most: int = 20) -> list[dict[str, Any]]:
    """Which events of the last day broke the tracking plan or are not in it, and how often."""
    values = {"project": project, "since": now - RECENT_MS, "most": most}
    rows = events.query(question("live.broken"), values)
    return [dict(row) | {"last_seen": iso(row["last_seen"])} for row in rows]


def _wanted(wanted: Wanted, label: str, params: Params) -> str:
    parts = []
    if wanted.kind:
        parts.append(f"type = {params.bind(wanted.kind, 'String')}")
    if wanted.event:
        parts.append(_within(label, wanted.event, params))
    if wanted.source:
        places = ("channel", "source", "campaign", "library", "host", "side")
        parts.append(" or ".join(_within(f"toString({place})", wanted.source, params) for place in places))
    if wanted.customer:
        text = params.bind(wanted.customer, "String")
        number = int(wanted.customer) if wanted.customer.isascii() and wanted.customer.isdigit() else -1
        same = f" or customer = {params.bind(number, 'UInt64')}" if number in IDS else ""
        parts.append(f"user_id = {text} or anonymous_id = {text}{same}")
    if wanted.broken:
        parts.append("hasAny(marks, ['plan_violation', 'unplanned'])")
    return " and ".join(f"({part})" for part in parts) or "1"


def _within(place: str, text: str, params: Params) -> str:
    return f"positionCaseInsensitiveUTF8({place}, {params.bind(text, 'String')}) > 0"


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}
