"""Checks stored runs: those of some customers are computed anew from events and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from journeys import filters, resolution
from journeys.account_events import acting
from journeys.definitions import Definition, parse
from journeys.questions import question
from journeys.runs import apart, computed, stored
from store.events import EventStore
from store.journeys import JourneyVersion

AT_ONCE = 10_000


@dataclass(frozen=True)
class Difference:
    """The runs of one customer, as text: as they are stored, and as its events make them."""

    customer: int
    stored: str
    computed: str


def some_customers(events: EventStore, version: JourneyVersion, most: int, *, seed: int) -> list[int]:
    """At most so many customers, or accounts, whom the journey may concern, others for each seed."""
    params = filters.Params(project=version.project_id, journey_version=version.id, most=most, seed=seed)
    definition = parse(version.definition)
    everyone = resolution.resolved_now()
    resolved = acting(everyone) if definition.of_accounts else everyone
    relevant = filters.relevant([definition], params)
    sql = question("runs.some", resolved=resolved, relevant=relevant)
    return [row["customer"] for row in events.query(sql, params.values)]


def differing(events: EventStore, version: JourneyVersion, customers: Sequence[int]) -> list[Difference]:
    """Those of these customers whose stored runs are not the ones that their events make.

    One that differs is looked at twice, as its events may have come between the two questions.
    """
    definition = parse(version.definition)
    found = []
    for start in range(0, len(customers), AT_ONCE):
        first = _differing(events, version, definition, customers[start : start + AT_ONCE])
        if first:
            found += _differing(events, version, definition, [one.customer for one in first])
    return found


def _differing(
    events: EventStore, version: JourneyVersion, definition: Definition, customers: Sequence[int]
) -> list[Difference]:
    params = filters.Params(project=version.project_id, journey_version=version.id, customers=list(customers))
    whose = "customer in {customers:Array(UInt64)}"
    anew = computed(definition, params, whose, resolved=resolution.resolved_now())
    rows = events.query(question("runs.differing", computed=apart(anew), stored=stored()), params.values)
    return [Difference(**row) for row in rows]
