"""Numbers about the sessions of a period, the list behind them, and what other limits would make of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from journeys.cursors import EventId, Number, Time, read, written
from journeys.filters import Params
from journeys.generations import Limits
from journeys.period import Period, iso
from journeys.questions import question
from journeys.rates import rate
from journeys.sessions import EVERYONE, source
from store.events import EventStore, Row


class Place(NamedTuple):
    """Where a list of sessions goes on: after this one."""

    start: Time
    customer: Number
    id: EventId


NEWEST = Place(2**62, 2**63, "f" * 32)
SAMPLE_EVENTS = 1_000_000  # of which a preview counts the sessions, about

FACTS = (
    *("id", "duration", "touchpoints", "pages", "server_touchpoints", "entry", "exit", "channel", "source"),
    *("medium", "campaign", "device", "country", "engaged_seconds", "scroll", "bounced", "engaged"),
)


def summary(
    events: EventStore, project_id: int, period: Period, *, limits: Limits | None = None, chunks: int = 1
) -> dict[str, Any]:
    """How many sessions began in the period, of how many customers; rates with their interval, durations.

    With `limits`, as they would count; with `chunks`, of one customer in so many. Seconds are None where
    there is no session.
    """
    params = Params(project=project_id, start=period.start, end=period.end, chunks=chunks)
    whose = "cityHash64(customer) % {chunks:UInt32} = 0" if chunks > 1 else EVERYONE
    counted = source(events, params, whose=whose, limits=limits)
    row = events.query(question("session_numbers.summary", sessions=counted), params.values)[0]
    n = row["n"]
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "n": n,
        "customers": row["customers"],
        "bounce_rate": rate(row["bounced"], n),
        "engaged_rate": rate(row["engaged"], n),
        "duration": {name: row[name] if n else None for name in ("median", "p90")},
        "engaged_seconds": row["engaged_seconds"],
    }


def preview(events: EventStore, project_id: int, period: Period, limits: Limits) -> dict[str, Any]:
    """What other limits would make of the sessions of a period: the numbers before and after.

    Of a large project only some customers are looked at: all numbers are theirs, `sampled` is their share.
    """
    found = events.query(question("session_numbers.touchpoints"), {"project": project_id})[0]
    chunks = 1 + int(found["n"]) // SAMPLE_EVENTS
    if found["n"]:
        start, end = max(period.start, found["first"]), min(period.end, found["last"] + 1)
        period = Period(start, max(start, end))
    return {
        "sampled": 1 / chunks,
        "before": summary(events, project_id, period, chunks=chunks),
        "after": summary(events, project_id, period, limits=limits, chunks=chunks),
    }


def listed(
    events: EventStore, project_id: int, period: Period, *, cursor: str | None = None, most: int = 100
) -> dict[str, Any]:
    """The sessions that began in the period, the newest first. Raises ListError."""
    params = Params(project=project_id, start=period.start, end=period.end, most=most + 1)
    start, customer, id = read(cursor, Place) if cursor else NEWEST
    params.values |= {"after_start": start, "after_customer": customer, "after_id": id}
    rows = events.query(question("session_numbers.listed", sessions=source(events, params)), params.values)
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "sessions": [_session(row) for row in rows[:most]],
        "next": _place(rows[most - 1]) if len(rows) > most else None,
    }


def _session(row: Row) -> dict[str, Any]:
    return {
        "customer": str(row["customer"]),
        "start": iso(row["start"]),
        "last": iso(row["last"]),
        **{name: row[name] for name in FACTS},
    }


def _place(row: Row) -> str:
    return written(Place(row["start"], row["customer"], row["id"]))
