"""Tells the event store what the ledger has changed: after the commit, and again where that was cut off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, select, tuple_, update

from store.db import writing
from store.events import EventStore
from store.identity.graph import AT_ONCE, edges_at, rows_of
from store.tables import identities, ledgers

Span = dict[str, int]
SPANS = pa.list_(pa.struct([("since", pa.timestamp("ms", "UTC")), ("customer", pa.uint64())]))


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
    values = {row.value: row.identity for row in rows if row.contested}
    claims = _claims(connection, project, set(values.values()))
    users = sorted({user for owners in claims.values() for user in owners})
    found: dict[int, list[Span]] = defaultdict(list)
    if not users:
        return found
    seen = events.query(
        "select toUnixTimestamp64Milli(timestamp) as since, identity, anonymous_id from events "
        "where project = {project:UInt32} and identity in {users:Array(UInt64)} "
        "and anonymous_id in {values:Array(String)} order by timestamp, sequence, event_id",
        {"project": project, "users": users, "values": sorted(values)},
    )
    for one in seen:
        contested = values[one["anonymous_id"]]
        owner, spans = claims[contested].get(one["identity"]), found[contested]
        if owner is not None and (not spans or spans[-1]["customer"] != owner):
            spans.append({"since": one["since"], "customer": owner})
    return found


def _claims(connection: Connection, project: int, contested: set[int]) -> dict[int, dict[int, int]]:
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
