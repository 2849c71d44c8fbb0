"""Numbers about the sessions of a period, the list behind them, and what other limits would make of them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from journeys.filters import Params
from journeys.generations import Limits
from journeys.lists import ListError
from journeys.period import Period, iso
from journeys.questions import question
from journeys.rates import rate
from journeys.sessions import EVERYONE, source
from store.events import EventStore, Row

NEWEST = (2**62, 2**63, "f" * 32)
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
        # A period from 0 on is of all times, also of those before 1970.
        start = found["first"] if period.start == 0 else max(period.start, found["first"])
        end = min(period.end, found["last"] + 1)
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
    start, customer, id = _read(cursor) if cursor else NEWEST
    params.values |= {"after_start": start, "after_customer": customer, "after_id": id}
    rows = events.query(question("session_numbers.listed", sessions=source(events, params)), params.values)
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "sessions": [_session(row) for row in rows[:most]],
        "next": _cursor(rows[most - 1]) if len(rows) > most else None,
    }


def _session(row: Row) -> dict[str, Any]:
    return {
        "customer": str(row["customer"]),
        "start": iso(row["start"]),
        "last": iso(row["last"]),
        **{name: row[name] for name in FACTS},
    }


def _cursor(row: Row) -> str:
    place = [row["start"], row["customer"], row["id"]]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _read(cursor: str) -> tuple[int, int, str]:
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[int, int, str])
        if not all(0 <= number < 2**63 for number in place[:2]) or len(bytes.fromhex(place[2])) != 16:
            raise ValueError("no place in a list")
        return place
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise ListError("the cursor is not one that this list gave; start again without it") from None
