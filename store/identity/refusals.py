"""Edges that stand and join nothing: what operators are asked about."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, func, select

from store.identity.graph import rows_of, standing
from store.tables import edges, identities


class Node(msgspec.Struct, frozen=True):
    """One end of a refused edge, and whose it is now."""

    identity: int
    kind: str
    value: str
    customer: int
    blocked: bool = False  # by an operator


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An edge that stands and joins nothing.

    `rule` is what wanted to join, `reason` why it may not: `two_users` (two people would become one), `limit`
    (too many values of a type), `shared` (an anonymous id of several people), `neighbours` (an id with too
    many others beside it) or `blocked`. `at` and `entered_at` in milliseconds; `id` is the list's cursor.
    """

    id: int
    a: Node
    b: Node
    rule: str
    reason: str
    evidence: str
    at: int
    entered_at: int


def refused(
    engine: Engine, project: int, *, most: int = 100, after: int | None = None, reason: str = ""
) -> list[Refused]:
    """Refused edges, the newest first; after the one with this id, and for this reason, where given.

    The reason `unanswered` stands for all but `blocked`, which is somebody's answer.
    """
    ends = identities.alias("a_end"), identities.alias("b_end")
    named = [
        column.label(f"{side}_{column.name}")
        for side, end in zip("ab", ends, strict=True)
        for column in (end.c.kind, end.c.value, end.c.customer, end.c.blocked_at)
    ]
    query = select(edges, *named)
    for side, end in zip((edges.c.a, edges.c.b), ends, strict=True):
        query = query.join(end, (end.c.project_id == edges.c.project_id) & (end.c.identity == side))
    query = query.where(edges.c.project_id == project, edges.c.refused != "", standing())
    if after is not None:
        query = query.where(edges.c.id < after)
    if reason:
        query = query.where(_unanswered() if reason == "unanswered" else edges.c.refused == reason)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(edges.c.id.desc()).limit(most)).all()
    return [
        Refused(
            id=row.id,
            a=Node(row.a, row.a_kind, row.a_value, row.a_customer, row.a_blocked_at is not None),
            b=Node(row.b, row.b_kind, row.b_value, row.b_customer, row.b_blocked_at is not None),
            rule=row.rule,
            reason=row.refused,
            evidence=row.evidence,
            at=row.at,
            entered_at=row.entered_at,
        )
        for row in rows
    ]


def refused_counts(engine: Engine, project: int) -> dict[str, int]:
    """How many edges are refused, by reason."""
    query = (
        select(edges.c.refused, func.count().label("n"))
        .where(edges.c.project_id == project, edges.c.refused != "", standing())
        .group_by(edges.c.refused)
    )
    with engine.connect() as connection:
        return {row.refused: row.n for row in connection.execute(query)}


def count_unanswered(engine: Engine, project: int, *, most: int) -> int:
    """How many refused edges wait for an answer, counted up to `most`: every page asks."""
    waiting = (
        select(edges.c.id)
        .where(edges.c.project_id == project, _unanswered(), standing())
        .limit(most)
        .subquery()
    )
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(waiting)) or 0


def nodes_of(engine: Engine, project: int, some: Collection[int]) -> dict[int, Node]:
    """What the ledger knows of these identities."""
    with engine.connect() as connection:
        rows = rows_of(connection, project, some).values()
    return {
        row.identity: Node(row.identity, row.kind, row.value, row.customer, row.blocked_at is not None)
        for row in rows
    }


def _unanswered() -> ColumnElement[bool]:
    # The first condition is that of the index.
    return and_(edges.c.refused != "", edges.c.refused != "blocked")
