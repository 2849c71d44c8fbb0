"""Numbers about the sessions of a period, the list behind them, and what other limits would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from journeys.cursors import EventId, Number, Time, read, written
from journeys.filters import Params
from journeys.generations import Limits
from journeys.period import Period, iso
from journeys.questions import question
from journeys.rates import rate
from journeys.routes import RAW, Routes
from journeys.sessions import EVERYONE, THESE, source
from journeys.timeline import up_to
from store.events import EventStore, Row


class Place(NamedTuple):
    """Where a list of sessions goes on: after this one."""

    start: Time
    customer: Number
    id: EventId


NEWEST = Place(2**62, 2**63, "f" * 32)
EVERY = 2**32 - 1  # sessions: as many as there are
SAMPLE_EVENTS = 1_000_000  # of which a preview counts the sessions, about

ATTRIBUTES = ("channel", "source", "campaign", "device", "country")
FACTS = (
    *("id", "duration", "touchpoints", "pages", "server_touchpoints", "entry", "exit", "channel", "source"),
    *("medium", "campaign", "device", "country", "engaged_seconds", "scroll", "bounced", "engaged"),
)


@dataclass(frozen=True)
class Chosen:
    """Which sessions are meant: those of all these attributes, as far as they are given.

    `(none)` stands for an attribute that is empty. `identities` are all that may belong to the `customer`.
    """

    channel: str = ""
    source: str = ""
    campaign: str = ""
    device: str = ""
    country: str = ""
    bounced: bool | None = None
    engaged: bool | None = None
    customer: int | None = None
    identities: Sequence[int] = ()


ALL = Chosen()


def summary(
    events: EventStore,
    project_id: int,
    period: Period,
    *,
    chosen: Chosen = ALL,
    limits: Limits | None = None,
    chunks: int = 1,
) -> dict[str, Any]:
    """How many sessions began in the period, of how many customers; rates with their interval, durations.

    `engaged_seconds` are those of all together. With `limits`, as they would count; with `chunks`, of one
    customer in so many. Seconds are None where there is no session.
    """
    params = Params(project=project_id, start=period.start, end=period.end, chunks=chunks)
    whose = "cityHash64(customer) % {chunks:UInt32} = 0" if chunks > 1 else _whose(chosen, params)
    slots = {
        "sessions": source(events, params, whose=whose, limits=limits),
        "chosen": _condition(chosen, params),
    }
    row = events.query(question("session_numbers.summary", **slots), params.values)[0]
    n = row["n"]
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "n": n,
        "customers": row["customers"],
        "bounced": row["bounced"],
        "engaged": row["engaged"],
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
    events: EventStore,
    project_id: int,
    period: Period,
    *,
    chosen: Chosen = ALL,
    cursor: str | None = None,
    most: int = 100,
    routes: Routes = RAW,
) -> dict[str, Any]:
    """The sessions that began in the period, the newest first; entry and exit by their routes.

    Raises ListError.
    `timeline` is the `before` of the page of the customer's timeline that begins with the session.
    """
    after = read(cursor, Place) if cursor else NEWEST
    rows = events.query(*_from(events, project_id, period, chosen, routes, after, most + 1))
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "sessions": [_session(row) for row in rows[:most]],
        "next": _place(rows[most - 1]) if len(rows) > most else None,
    }


def every(
    events: EventStore, project_id: int, period: Period, *, chosen: Chosen = ALL, routes: Routes = RAW
) -> Iterator[dict[str, Any]]:
    """All sessions of the list, in one pass."""
    return map(_session, events.stream(*_from(events, project_id, period, chosen, routes, NEWEST, EVERY)))


def _from(
    events: EventStore,
    project_id: int,
    period: Period,
    chosen: Chosen,
    routes: Routes,
    after: Place,
    most: int,
) -> tuple[str, dict[str, Any]]:
    """SQL of the sessions from a place on, and what it binds."""
    params = Params(project=project_id, start=period.start, end=period.end, most=most)
    start, customer, id = after
    params.values |= {"after_start": start, "after_customer": customer, "after_id": id}
    slots = {
        "sessions": source(events, params, whose=_whose(chosen, params)),
        "chosen": _condition(chosen, params),
        **{name: routes.route(params, f"found.{name}") for name in ("entry", "exit")},
    }
    return question("session_numbers.listed", **slots), params.values


def choices(
    events: EventStore, project_id: int, period: Period, *, most: int = 50
) -> dict[str, list[dict[str, Any]]]:
    """For each attribute the values that sessions of the period have, with their number of sessions."""
    params = Params(project=project_id, start=period.start, end=period.end, most=most)
    sql = question("session_numbers.choices", sessions=source(events, params))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ATTRIBUTES}
    for row in events.query(sql, params.values):
        found[row["attribute"]].append({"value": row["value"], "n": row["n"]})
    return found


def _whose(chosen: Chosen, params: Params) -> str:
    if chosen.customer is None:
        return EVERYONE
    params.values |= {"customers": [chosen.customer], "identities": list(chosen.identities)}
    return THESE


def _condition(chosen: Chosen, params: Params) -> str:
    params.values |= {name: getattr(chosen, name) for name in ATTRIBUTES}
    flags = {"bounced": chosen.bounced, "engaged": chosen.engaged}
    params.values |= {name: -1 if flag is None else int(flag) for name, flag in flags.items()}
    return question("session_numbers.chosen")


def _session(row: Row) -> dict[str, Any]:
    return {
        "customer": str(row["customer"]),
        "start": iso(row["start"]),
        "last": iso(row["last"]),
        "timeline": up_to(row["last"]),
        **{name: row[name] for name in FACTS},
    }


def _place(row: Row) -> str:
    return written(Place(row["start"], row["customer"], row["id"]))
