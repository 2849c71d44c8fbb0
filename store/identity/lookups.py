"""Looks up in the ledger: a customer's identities and edges, and identities by what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, select, text

from store.event import identity_hash
from store.events import EventStore
from store.identity.graph import chunks, neighbours_of
from store.identity.identifiers import normal
from store.identity.links import Identity
from store.tables import SHORT, edges, identities

MOST_FOUND = 1_000


def identities_of(engine: Engine, project: int, customers: Sequence[int]) -> list[int]:
    """Every identity whose events may belong to these customers."""
    found = set(customers)
    with engine.connect() as connection:
        for some in chunks(list(customers)):
            own = identities.c.project_id == project, identities.c.customer.in_(some)
            found.update(connection.scalars(select(identities.c.identity).where(*own)))
        found |= neighbours_of(connection, project, found, contested=True)
    return sorted(found)


def describe(engine: Engine, project: int, customer: int) -> tuple[list[RowMapping], list[RowMapping]]:
    """The identities of one customer, and the edges that touch them, retracted ones included.

    An edge has the kind and value of both its ends: `a_kind`, `a_value`, `b_kind`, `b_value`.
    """
    ids = identities_of(engine, project, [customer])
    a, b = identities.alias("a_end"), identities.alias("b_end")
    touching = (
        select(
            edges,
            *(a.c.kind.label("a_kind"), a.c.value.label("a_value")),
            *(b.c.kind.label("b_kind"), b.c.value.label("b_value")),
        )
        .join(a, (a.c.project_id == edges.c.project_id) & (a.c.identity == edges.c.a))
        .join(b, (b.c.project_id == edges.c.project_id) & (b.c.identity == edges.c.b))
        .where(edges.c.project_id == project, edges.c.a.in_(ids) | edges.c.b.in_(ids))
        .order_by(edges.c.at)
    )
    with engine.connect() as connection:
        own = select(identities).where(identities.c.project_id == project, identities.c.identity.in_(ids))
        nodes = list(connection.execute(own.order_by(identities.c.kind)).mappings())
        return nodes, list(connection.execute(touching).mappings())


def find(engine: Engine, project: int, value: str, *, limit: int) -> list[RowMapping]:
    """Identities whose value starts with `value`; an e-mail address, a phone number or a value of more than
    256 characters only as a whole. Of very many that start so, some are found."""
    whole = [identity_hash(kind, normal(kind, value)) for kind in ("email", "phone")]
    whole += [identity_hash(kind, value) for kind in ("user", "anonymous")]
    of_project = select(identities).where(identities.c.project_id == project)
    with engine.connect() as connection:
        exact = connection.execute(of_project.where(identities.c.identity.in_(whole))).mappings()
        found = {row["identity"]: row for row in exact}
        others = of_project.where(text(SHORT), *_starts(connection, value)).limit(MOST_FOUND)
        found |= {row["identity"]: row for row in connection.execute(others).mappings()}
    ordered = sorted(found.values(), key=lambda row: row["value"])
    ordered.sort(key=lambda row: row["kind"], reverse=True)  # users first
    return sorted(ordered, key=lambda row: row["value"] != value)[:limit]


def _starts(connection: Connection, value: str) -> list[ColumnElement[bool]]:
    """Conditions that a value starts so, as each store finds it by its index; wildcards mean themselves."""
    if connection.dialect.name == "postgresql":
        return [identities.c.value.startswith(value, autoescape=True)]
    return [identities.c.value >= value, identities.c.value < value + chr(0x10FFFF)]


def carried(events: EventStore, project: int, some: Sequence[int]) -> list[Identity]:
    """Identities as events carry them, where any does."""
    if not some:
        return []
    rows = events.query(
        "select identity, any(user_id) as user, any(anonymous_id) as anonymous from events "
        "where project = {project:UInt32} and identity in {some:Array(UInt64)} group by identity",
        {"project": project, "some": list(some)},
    )
    return [
        one
        for row in rows
        for one in (Identity("user", row["user"]), Identity("anonymous", row["anonymous"]))
        if one.hash == row["identity"]
    ]
