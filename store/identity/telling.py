"""Tells the event store what the ledger has changed: after the commit, and again where that was cut off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, select, tuple_, update

from store.db import writing
from store.events import EventStore
from store.identity.graph import AT_ONCE, chunks, edges_at, rows_of
from store.tables import identities, ledgers

Span = dict[str, int]
CONTESTED_AT_ONCE = 500  # each may have a hundred people
SPANS = pa.list_(pa.struct([("since", pa.timestamp("ms", "UTC")), ("customer", pa.uint64())]))

# Only where another person takes over does a span begin: the engine leaves all other events out.
SPANS_ASKED = """
with claims as (
    select
        arrayJoin(arrayZip({values:Array(String)}, {users:Array(UInt64)}, {owners:Array(UInt64)})) as claim,
        claim.1 as anonymous_id, claim.2 as identity, claim.3 as owner
)
select anonymous_id, toUnixTimestamp64Milli(timestamp) as since, owner
from (
    select
        anonymous_id, timestamp, sequence, event_id, owner,
        lagInFrame(owner) over (
            partition by anonymous_id order by timestamp, sequence, event_id rows unbounded preceding
        ) as before
    from (
        select anonymous_id, identity, timestamp, sequence, event_id
        from events
        where
            project = {project:UInt32}
            and (anonymous_id, identity) in (select anonymous_id, identity from claims)
    ) as seen
    inner join claims using (anonymous_id, identity)
)
where owner != before
order by anonymous_id, timestamp, sequence, event_id
"""


def tell(engine: Engine, events: EventStore, project: int) -> None:
    """Write to the event store which customers changed since it was told last.

    A row carries the ledger's version of its change. So it makes no difference who tells, how often, and
    whether somebody has told a newer change meanwhile.
    """
    with engine.connect() as connection:
        mark = connection.execute(select(ledgers).where(ledgers.c.project_id == project)).first()
        if mark is None or mark.told >= mark.version:
            return
        for rows in _changed(connection, project, since=mark.told):
            _write(events, project, rows, _spans(connection, events, project, rows))
    with writing(engine) as connection:
        connection.execute(
            update(ledgers)
            .where(ledgers.c.project_id == project, ledgers.c.told < mark.version)
            .values(told=mark.version)
        )


def untold(engine: Engine) -> list[int]:
    """The projects of whose changes the event store does not know all."""
    with engine.connect() as connection:
        return list(
            connection.scalars(select(ledgers.c.project_id).where(ledgers.c.told < ledgers.c.version))
        )


def newest_told(events: EventStore, project: int) -> int:
    """The newest version that the event store has of a project."""
    rows = events.query(
        "select max(version) as newest from identity_customers where project = {project:UInt32}",
        {"project": project},
    )
    return int(rows[0]["newest"])


def _changed(connection: Connection, project: int, *, since: int) -> Iterator[Sequence[Any]]:
    """Identities that changed, in portions, in the order of their changes."""
    place = tuple_(identities.c.changed, identities.c.identity)
    query = select(identities).where(identities.c.project_id == project).order_by(*place.clauses)
    after = (since, 2**63 - 1)
    while rows := connection.execute(query.where(place > after).limit(AT_ONCE)).all():
        yield rows
        after = rows[-1].changed, rows[-1].identity


def _write(events: EventStore, project: int, rows: Sequence[Any], spans: dict[int, list[Span]]) -> None:
    columns = {
        "project": pa.array([project] * len(rows), pa.uint32()),
        "identity": pa.array([row.identity for row in rows], pa.uint64()),
        "customer": pa.array([row.customer for row in rows], pa.uint64()),
        "spans": pa.array([spans.get(row.identity, []) for row in rows], SPANS),
        "version": pa.array([row.changed for row in rows], pa.uint64()),
    }
    events.insert_table("identity_customers", pa.table(columns))


def _spans(
    connection: Connection, events: EventStore, project: int, rows: Sequence[Any]
) -> dict[int, list[Span]]:
    """From when on contested anonymous ids belong to whom: by the events that name both."""
    values = {row.identity: row.value for row in rows if row.contested}
    found: dict[int, list[Span]] = defaultdict(list)
    for some in chunks(sorted(values), CONTESTED_AT_ONCE):
        claims = [
            (values[one], user, owner)
            for one, owners in _claims(connection, project, some).items()
            for user, owner in owners.items()
        ]
        if not claims:
            continue
        names, users, owners = (list(column) for column in zip(*claims, strict=True))
        bound = {"project": project, "values": names, "users": users, "owners": owners}
        numbers = {values[one]: one for one in some}
        for span in events.query(SPANS_ASKED, bound):
            found[numbers[span["anonymous_id"]]].append({"since": span["since"], "customer": span["owner"]})
    return found


def _claims(connection: Connection, project: int, contested: Collection[int]) -> dict[int, dict[int, int]]:
    """The users who claim contested identities, each with the customer that the user is now."""
    claims: dict[int, dict[int, int]] = {one: {} for one in contested}
    pairs = [
        (one, other)
        for row in edges_at(connection, project, contested)
        for one, other in ((row.a, row.b), (row.b, row.a))
        if row.refused == "shared" and one in contested
    ]
    rows = rows_of(connection, project, {other for _, other in pairs})
    for one, other in pairs:
        if other in rows and rows[other].kind == "user":
            claims[one][other] = rows[other].customer
    return claims
