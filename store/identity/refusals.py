"""Edges that stand and join nothing: what operators are asked about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from store.identity.graph import edges_at, rows_of, standing
from store.tables import edges, identities

A_END, B_END = identities.alias("a_end"), identities.alias("b_end")


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
    Where the edges of a shared browser are gathered in one, `others` are all that it was seen with.
    """

    id: int
    a: Node
    b: Node
    rule: str
    reason: str
    evidence: str
    at: int
    entered_at: int
    others: tuple[Node, ...] = ()


def refused(
    engine: Engine,
    project: int,
    *,
    most: int = 100,
    after: int | None = None,
    reason: str = "",
    gathered: bool = False,
) -> list[Refused]:
    """Refused edges, the newest first; after the one with this id, and for this reason, where given.

    The reason `unanswered` stands for all but `blocked`, which is somebody's answer. Where they are
    `gathered`, the edges of a shared browser are one: its newest, with the browser as `a`, and all `others`.
    """
    query = _of_ends(edges, *_named("a", A_END), *_named("b", B_END)).where(*_refused(project, gathered))
    if after is not None:
        query = query.where(edges.c.id < after)
    if reason:
        query = query.where(_unanswered() if reason == "unanswered" else edges.c.refused == reason)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(edges.c.id.desc()).limit(most)).all()
        found = [_of_row(row) for row in rows]
        if not gathered:
            return found
        shared = {row.id: row.a if row.a_contested else row.b for row in rows if _is_of_browser(row)}
        beside = _beside(connection, project, set(shared.values()))
    return [_turned(one, shared[one.id], beside) if one.id in shared else one for one in found]


def refused_counts(engine: Engine, project: int, *, gathered: bool = False) -> dict[str, int]:
    """How many edges are refused, by reason; where they are `gathered`, those of a shared browser are one."""
    query = _of_ends(edges.c.refused, func.count().label("n")).where(*_refused(project, gathered))
    with engine.connect() as connection:
        return {row.refused: row.n for row in connection.execute(query.group_by(edges.c.refused))}


def count_unanswered(engine: Engine, project: int, *, most: int) -> int:
    """How many merges wait for an answer, a shared browser as one, counted up to `most`: every page asks."""
    waiting = _of_ends(edges.c.id).where(*_refused(project, gathered=True), _unanswered()).limit(most)
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def nodes_of(engine: Engine, project: int, some: Collection[int]) -> dict[int, Node]:
    """What the ledger knows of these identities."""
    with engine.connect() as connection:
        rows = rows_of(connection, project, some).values()
    return {row.identity: _node(row) for row in rows}


def _of_ends(*columns: Any) -> Select[Any]:
    """A question about edges and what their ends are."""
    query = select(*columns).select_from(edges)
    for side, end in ((edges.c.a, A_END), (edges.c.b, B_END)):
        query = query.join(end, (end.c.project_id == edges.c.project_id) & (end.c.identity == side))
    return query


def _named(side: str, end: Any) -> list[Any]:
    columns = (end.c.kind, end.c.value, end.c.customer, end.c.blocked_at, end.c.contested)
    return [column.label(f"{side}_{column.name}") for column in columns]


def _refused(project: int, gathered: bool) -> list[ColumnElement[bool]]:
    conditions = [edges.c.project_id == project, edges.c.refused != "", standing()]
    if gathered:
        newer, browser = edges.alias("newer"), case((A_END.c.contested, edges.c.a), else_=edges.c.b)
        of_same = (newer.c.project_id == edges.c.project_id) & (newer.c.id > edges.c.id)
        stands = newer.c.retracted_at.is_(None) & (newer.c.refused == "shared")
        # One question for each end, as each has an index of its own.
        is_older = or_(
            *(
                exists().where(of_same, stands, end == browser).correlate(edges, A_END)
                for end in (newer.c.a, newer.c.b)
            )
        )
        of_browser = (edges.c.refused == "shared") & or_(A_END.c.contested, B_END.c.contested)
        conditions.append(not_(of_browser & is_older))
    return conditions


def _is_of_browser(row: Any) -> bool:
    return bool(row.refused == "shared" and (row.a_contested or row.b_contested))


def _of_row(row: Any) -> Refused:
    return Refused(
        id=row.id,
        a=Node(row.a, row.a_kind, row.a_value, row.a_customer, row.a_blocked_at is not None),
        b=Node(row.b, row.b_kind, row.b_value, row.b_customer, row.b_blocked_at is not None),
        rule=row.rule,
        reason=row.refused,
        evidence=row.evidence,
        at=row.at,
        entered_at=row.entered_at,
    )


def _beside(connection: Connection, project: int, browsers: set[int]) -> dict[int, tuple[Node, ...]]:
    """With what shared browsers were seen, the newest first."""
    claims = {row.id: row for row in edges_at(connection, project, browsers) if row.refused == "shared"}
    rows = rows_of(connection, project, {one for row in claims.values() for one in (row.a, row.b)})
    found: dict[int, dict[int, Node]] = {one: {} for one in browsers}
    for _, claim in sorted(claims.items(), reverse=True):
        for one, other in ((claim.a, claim.b), (claim.b, claim.a)):
            if one in browsers:
                found[one][other] = _node(rows[other])
    return {one: tuple(others.values()) for one, others in found.items()}


def _turned(one: Refused, browser: int, beside: dict[int, tuple[Node, ...]]) -> Refused:
    """The same, with the browser first and all that it was seen with."""
    a, b = (one.a, one.b) if one.a.identity == browser else (one.b, one.a)
    return msgspec.structs.replace(one, a=a, b=b, others=beside[browser])


def _node(row: Any) -> Node:
    return Node(row.identity, row.kind, row.value, row.customer, row.blocked_at is not None)


def _unanswered() -> ColumnElement[bool]:
    # The first condition is that of the index.
    return and_(edges.c.refused != "", edges.c.refused != "blocked")
