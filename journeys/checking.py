"""Checks stored runs: those of some customers are computed anew from events and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from journeys import filters, resolution
from journeys.account_events import FIRST, acting
from journeys.definitions import Definition, parse
from journeys.questions import question
from journeys.runs import apart, stored, together
from journeys.shares import EVERYONE, NUMBERS, Share, shares
from store.events import EventStore
from store.journeys import JourneyVersion

AT_ONCE = 10_000
ROOM = 10  # a sample is taken of so many times as many customers, where there are more


@dataclass(frozen=True)
class Difference:
    """The runs of one customer, as text: as they are stored, and as its events make them.

    `version` is that of the computation which stored them, 0 where nothing is stored.
    """

    customer: int
    stored: str
    computed: str
    version: int


def some_customers(events: EventStore, version: JourneyVersion, most: int, *, seed: int) -> list[int]:
    """At most so many customers, or accounts, whom the journey may concern, others for each seed.

    Where there are many, they are of one share of all, so that few events are read.
    """
    definition = parse(version.definition)
    params = filters.Params(project=version.project_id, journey_version=version.id, most=most, seed=seed)
    n = events.query(question("checking.stored"), params.values)[0]["n"]
    parts = 1 + n // (ROOM * most)
    part = seed % parts
    params.values |= {
        "first": FIRST,
        "low": NUMBERS * part // parts,
        "high": NUMBERS * (part + 1) // parts,
    }
    share = shares(definition) if parts > 1 else EVERYONE
    sql = question(
        "checking.some",
        resolved=_resolved(definition, share),
        relevant=filters.relevant([definition], params),
        whose=share.events,
        rows=share.rows,
    )
    return [row["customer"] for row in events.query(sql, params.values)]


def differing(
    events: EventStore,
    version: JourneyVersion,
    customers: Sequence[int],
    *,
    between: Callable[[], None] = lambda: None,
) -> list[Difference]:
    """Those of these customers whose stored runs are not the ones that their events make.

    One that differs is looked at twice, as its events may have come between the two questions.
    It calls `between` before each portion.
    """
    definition = parse(version.definition)
    found = []
    for start in range(0, len(customers), AT_ONCE):
        between()
        first = _differing(events, version, definition, customers[start : start + AT_ONCE])
        if first:
            found += _differing(events, version, definition, [one.customer for one in first])
    return found


def _differing(
    events: EventStore, version: JourneyVersion, definition: Definition, customers: Sequence[int]
) -> list[Difference]:
    places = [one % NUMBERS for one in customers]  # those of a sample lie close together
    params = filters.Params(
        project=version.project_id,
        journey_version=version.id,
        customers=list(customers),
        first=FIRST,
        low=min(places),
        high=max(places) + 1,
    )
    share = shares(definition)
    anew = together(
        [definition],
        params,
        f"{share.events} and customer in {{customers:Array(UInt64)}}",
        resolved=_resolved(definition, share),
    )
    rows = events.query(question("checking.differing", computed=apart(anew), stored=stored()), params.values)
    found = [row["customer"] for row in rows]
    values = params.values | {"customers": found}
    stored_by = events.query(question("checking.versions"), values) if found else []
    versions = {row["customer"]: row["version"] for row in stored_by}
    return [Difference(**row, version=versions.get(row["customer"], 0)) for row in rows]


def _resolved(definition: Definition, share: Share) -> str:
    everyone = resolution.resolved_now()
    return acting(everyone, share.members) if definition.of_accounts else everyone
