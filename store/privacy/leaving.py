"""Who leaves with their last events: customers of whom none is left, and the ids that hang on them alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select

from store.events import EventStore
from store.identity.graph import chunks, rows_of
from store.identity.links import Pair
from store.privacy.horizon import Horizon
from store.tables import edges, identities


@dataclass
class Leaving:
    """Customers of whom no event is left, and the identities that the ledger forgets with them."""

    customers: set[int] = field(default_factory=set)
    identities: set[int] = field(default_factory=set)

    def add(self, other: Leaving) -> None:
        """Take in others who leave."""
        self.customers |= other.customers
        self.identities |= other.identities


def leaving(connection: Connection, events: EventStore, horizon: Horizon, some: Collection[int]) -> Leaving:
    """Who of these customers leaves, as both stores are now.

    With a customer go its own identities, and shared or refused ones when nobody else is left beside them.
    What an operator has blocked stays, as it is a decision.
    """
    named = rows_of(connection, horizon.project, some)
    customers = {row.customer for row in named.values()} | (set(some) - named.keys())
    own = _identities_of(connection, horizon.project, customers)
    pairs = _pairs(connection, horizon.project, own.keys())
    beside = rows_of(connection, horizon.project, {one for pair in pairs for one in pair} - own.keys())
    seen = _still_seen(events, horizon, {*some, *own, *beside})
    gone = customers - {customer for _, customer in seen}
    free = {one: row for one, row in {**own, **beside}.items() if row.blocked_at is None}
    going = {one for one, row in free.items() if row.customer in gone and not row.contested}
    hanging = free.keys() - going - {one for one, _ in seen}
    pairs |= _pairs(connection, horizon.project, hanging)
    return Leaving(gone, going | _alone(hanging, going, pairs))


def _identities_of(connection: Connection, project: int, customers: Collection[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in chunks(sorted(customers)):
        mine = select(identities).where(identities.c.project_id == project, identities.c.customer.in_(some))
        found.update((row.identity, row) for row in connection.execute(mine))
    return found


def _pairs(connection: Connection, project: int, some: Collection[int]) -> set[Pair]:
    """The ends of all edges at these identities, those that were taken back included."""
    found: set[Pair] = set()
    for part in chunks(sorted(some)):
        touching = or_(edges.c.a.in_(part), edges.c.b.in_(part))
        query = select(edges.c.a, edges.c.b).where(edges.c.project_id == project, touching)
        found.update((row.a, row.b) for row in connection.execute(query))
    return found


def _still_seen(events: EventStore, horizon: Horizon, some: Collection[int]) -> set[tuple[int, int]]:
    """Identities among these of which an event stays, each with the customer whose the event is."""
    rows = events.query(
        "select distinct identity, customer from customer_events "  # noqa: S608 - numbers of our own
        f"where project = {horizon.project} and identity in {{some:Array(UInt64)}} "
        f"and not {horizon.condition}",
        {"some": sorted(some)},
    )
    return {(int(row["identity"]), int(row["customer"])) for row in rows}


def _alone(hanging: Collection[int], going: Collection[int], pairs: Collection[Pair]) -> set[int]:
    """Those that hang on what goes, and on each other, alone."""
    left = set(hanging)
    while kept := {
        one
        for a, b in pairs
        for one, other in ((a, b), (b, a))
        if one in left and other not in left | set(going)
    }:
        left -= kept
    return left
