"""What arrived of what was sent: loss, by the numbers that clients give their events, and robots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine

from journeys.period import Period, iso
from journeys.questions import question
from journeys.rates import rate
from store.events import EventStore
from store.ingestion import OTHER_LIBRARIES
from store.refused import Refused, refused_numbers

YOUNG_MS = 120_000  # events may still be on their way, or wait for the next try
DAY_MS = 86_400_000
MOST_MISSING = 1_000_000  # a gap of more numbers is no loss: somebody made them up
MOST_ROWS = 200
SERVER_MESSAGE = re.compile(r"([0-9a-f-]{24})([0-9a-f]{12})")
# What Waywiser's own server libraries are called, and its snippet; others do not number their events.
OWN_LIBRARY, SNIPPET = "waywiser-", "waywiser-js"

Row = dict[str, Any]


def loss(events: EventStore, engine: Engine, project_id: int, period: Period, *, now: int) -> Row:
    """How many events were numbered by their clients, and how many of these never came.

    `browsers` and `servers` are rows of `streams`, `expected`, `received`, `refused` (they came, but were not
    taken), `lost` and its `share` of the expected. Events of the last two minutes open no gap yet, and a gap
    closes when its events come late. Robots, cookieless visitors and imported history are left out.
    """
    settled = min(period.end, now - YOUNG_MS)
    values = {
        "project": project_id,
        "start": period.start,
        "end": period.end,
        "settled": settled,
        "most_missing": MOST_MISSING,
        "most": MOST_ROWS,
        "others": OTHER_LIBRARIES,
    }
    refused = refused_numbers(engine, project_id, period.start - DAY_MS, period.end + DAY_MS)
    parts = {
        "browsers": browsers(events, values, refused),
        "servers": servers(events, values, refused),
    }
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "settled": iso(settled),
        **parts,
        "total": _total([row for rows in parts.values() for row in rows]),
        "as_of": iso(now),
    }


def browsers(events: EventStore, values: Row, refused: Sequence[Refused]) -> list[Row]:
    """Rows by library, page host and browser family; a stream is one browser at one host.

    Of very many rows those of fewest are one, `(others)`, so that the rows are all that was numbered.
    """
    some = [one for one in refused if one.library.startswith(SNIPPET)]
    given = {
        "refused_visitors": [one.anonymous_id for one in some],
        "refused_hosts": [_host(one.url) for one in some],
        "refused_sessions": [one.session for one in some],
        **_common(some),
    }
    return [_counted(row) for row in events.query(question("arrivals.browsers"), {**values, **given})]


def servers(events: EventStore, values: Row, refused: Sequence[Refused]) -> list[Row]:
    """Rows by library; a stream is one client in one process. Of very many rows those of fewest are one."""
    some = [one for one in refused if _stream(one)]
    given = {"refused_streams": [_stream(one) for one in some], **_common(some)}
    return [_counted(row) for row in events.query(question("arrivals.servers"), {**values, **given})]


def robots(events: EventStore, project_id: int, period: Period, *, now: int, most: int = 100) -> Row:
    """Which events that came in the period are marked as robots', by reason, with examples of what they saw.

    An event with several reasons stands under each. Reports leave all of them out.
    """
    values = {"project": project_id, "start": period.start, "end": period.end}
    counted = events.query(question("arrivals.shares"), values)[0]
    reasons = events.query(question("arrivals.robots"), {**values, "most": most})
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "events": counted["n"],
        "robots": counted["robots"],
        "share": rate(counted["robots"], counted["n"]),
        "reasons": [
            {**row, "first_seen": iso(row["first_seen"]), "last_seen": iso(row["last_seen"])}
            for row in reasons
        ],
        "as_of": iso(now),
    }


def _counted(row: Row) -> Row:
    """The row with what it lacks. What programs named themselves took numbers too, but nobody knows which."""
    missing = row["expected"] - row["received"] - row["refused"]
    lost = max(0, missing - row.get("self_named", 0))
    return {**row, "lost": lost, "share": rate(lost, row["expected"])}


def _total(rows: list[Row]) -> Row:
    names = ("streams", "expected", "received", "refused", "lost", "implausible")
    total: Row = {name: sum(row[name] for row in rows) for name in names}
    return {**total, "share": rate(total["lost"], total["expected"])}


def _common(some: Sequence[Refused]) -> Row:
    return {
        "refused_libraries": [one.library for one in some],
        "refused_sequences": [one.sequence for one in some],
        "refused_at": [one.received_at for one in some],
    }


def _stream(one: Refused) -> str:
    """The stream that a server's message belongs to; empty for browsers and for ids of the program's own."""
    if not one.library.startswith(OWN_LIBRARY) or one.library.startswith(SNIPPET):
        return ""
    found = SERVER_MESSAGE.fullmatch(one.message_id)
    return found[1] if found and int(found[2], 16) == one.sequence else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
