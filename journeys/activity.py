"""How much customers did, and when last: what stands beside their ids in lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from journeys.questions import question
from store.events import EventStore
from store.identity import Ledger


class Activity(NamedTuple):
    """The events of a customer, and the time of the last one in milliseconds; None where there is none."""

    n: int = 0
    last_seen: int | None = None


def activity_of(
    events: EventStore, ledger: Ledger, project_id: int, customers: Collection[int]
) -> dict[int, Activity]:
    """What each of these customers did in all."""
    ordered = sorted(set(customers))
    if not ordered:
        return {}
    values = {
        "project": project_id,
        "identities": ledger.identities_of(project_id, ordered),
        "customers": ordered,
    }
    rows = events.query(question("activity.totals"), values)
    found = {int(row["customer"]): Activity(int(row["n"]), int(row["last_seen"])) for row in rows}
    return {one: found.get(one, Activity()) for one in ordered}


def carried_by(events: EventStore, project_id: int, identities: Collection[int]) -> dict[int, Activity]:
    """The events that carry each of these identities, whosever they are; without those that none carries."""
    if not identities:
        return {}
    rows = events.query(
        question("activity.carried"), {"project": project_id, "identities": sorted(set(identities))}
    )
    return {int(row["identity"]): Activity(int(row["n"]), int(row["last_seen"])) for row in rows}
