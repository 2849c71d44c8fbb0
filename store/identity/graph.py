"""Reads the ledger's graph from the relational store: identities, standing edges, and what can be reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, func, literal, or_, select, text

from store.db import read_rows
from store.event import identity_hash
from store.identity.components import Edge
from store.identity.identifiers import normal
from store.identity.links import Pair
from store.rules import ProjectRules
from store.tables import edges, identities

T = TypeVar("T")
MOST_STOPPED = 100  # within one reach, for edges between two of them to be looked at
AT_ONCE = 10_000  # SQLite binds at most 32,766 values
USERS_MAY_HAVE = 10  # times as many neighbours: people clear their browsers' memories
WALLS = ("shared", "two_users")  # refusals that keep what happens on one side from the other

# SQLite takes no index for pairs in a list; a cross join says that the list comes first.
OF_PAIRS = text(
    "select edges.* from json_each(:rows) as listed cross join edges on edges.project_id = :project "
    "and edges.a = json_extract(listed.value, '$[0]') and edges.b = json_extract(listed.value, '$[1]')"
).columns(*edges.c)


@dataclass
class Reached:
    """Identities (rows by hash) with the edges that stand between them, and which of them join nothing.

    What stands `beyond` a wall is known by its customer alone; `owners` are the kinds of these customers.
    """

    rows: dict[int, Any] = field(default_factory=dict)
    beyond: dict[int, Any] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    edges: dict[Pair, Any] = field(default_factory=dict)
    stopped: dict[int, str] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[int, str]:
        """What each identity is."""
        return self.owners | {one: row.kind for one, row in (self.beyond | self.rows).items()}

    def add(self, found: Iterable[Any]) -> None:
        """Take in rows of edges."""
        self.edges.update(((row.a, row.b), row) for row in found)

    def known_edges(self) -> list[Edge]:
        """The edges both of whose ends are known; what is beyond a wall is joined with its customer."""
        kinds = self.kinds
        known = [
            Edge(row.a, row.b, row.rule, row.at)
            for row in self.edges.values()
            if row.a in kinds and row.b in kinds
        ]
        known += [
            Edge(one, row.customer, "operator", 0)
            for one, row in self.beyond.items()
            if row.customer != one and row.customer in kinds
        ]
        return known

    def claimants(self, some: Collection[int]) -> set[int]:
        """Who claimed those of these identities that were contested until now."""
        return {
            other
            for row in self.edges.values()
            if row.refused == "shared"
            for one, other in ((row.a, row.b), (row.b, row.a))
            if one in some and one in self.rows and self.rows[one].contested
        }

    def misjudged(self, refused: Mapping[Pair, str]) -> set[int]:
        """The ends of walls that are none any more, or for another reason."""
        return {
            one
            for pair, row in self.edges.items()
            if (row.a in self.beyond or row.b in self.beyond) and refused.get(pair, "") != row.refused
            for one in pair
        }


class Stops:
    """Says which identities join nothing by the rules of a project."""

    def __init__(self, rules: ProjectRules) -> None:
        self._most = rules.most_neighbours
        self._values = {value.strip().casefold() for value in rules.blocked_ids}
        self._hashes = {
            identity_hash(kind, normal(kind, value))
            for kind in ("email", "phone")
            for value in rules.blocked_ids
        }

    def why(self, row: Any) -> str:
        """`blocked`, `neighbours`, or empty for an identity that may join."""
        if row.blocked_at is not None or row.identity in self._hashes or self._names(row.value):
            return "blocked"
        return "neighbours" if self.has_too_many(row.kind, row.neighbours) else ""

    def has_too_many(self, kind: str, neighbours: int) -> bool:
        """Whether an identity of this kind has more edges than may join."""
        return neighbours > self._most * (USERS_MAY_HAVE if kind == "user" else 1)

    def _names(self, value: str) -> bool:
        return bool(self._values) and value.casefold() in self._values


def reach(
    connection: Connection, project: int, start: Collection[int], stops: Stops, *, walled: bool = True
) -> Reached:
    """All that can be reached from `start` by standing edges, without passing what joins nothing.

    Where edges are `walled`, a refused edge is no way on: what is beyond it keeps its customer as long as the
    edge stays refused, whatever becomes of this side. A contested id is looked at with all who claim it.
    """
    found = Reached()
    ahead, beyond = set(start), set[int]()
    while ahead or beyond:
        rows = rows_of(connection, project, ahead | beyond)
        reached = {one: row for one, row in rows.items() if one in ahead or row.contested}
        stopped = {one: why for one, row in rows.items() if (why := stops.why(row))}
        found.rows |= reached
        found.stopped |= stopped
        found.beyond = {one: row for one, row in (found.beyond | rows).items() if one not in found.rows}
        nearby = edges_at(connection, project, reached.keys() - stopped.keys())
        if busy := {one for one in reached if stopped.get(one) == "neighbours"}:
            nearby += _of_operators(connection, project, busy)
        found.add(nearby)
        walls = {(row.a, row.b) for row in nearby if walled and row.refused in WALLS}
        ways = [(row.a, row.b) for row in nearby if (row.a, row.b) not in walls]
        ahead = {one for pair in ways for one in pair} - found.rows.keys()
        beyond = {one for pair in walls for one in pair} - found.rows.keys() - found.beyond.keys() - ahead
    if 1 < len(found.stopped) <= MOST_STOPPED:
        among = edges_of(connection, project, list(combinations(sorted(found.stopped), 2)))
        found.add(row for row in among if row.retracted_at is None)
    owners = {row.customer for row in found.beyond.values()} - found.rows.keys() - found.beyond.keys()
    found.owners = {one: row.kind for one, row in rows_of(connection, project, owners).items()}
    return found


def rows_of(connection: Connection, project: int, some: Collection[int]) -> dict[int, Any]:
    """The ledger's rows of these identities."""
    found: dict[int, Any] = {}
    for chunk in chunks(sorted(some)):
        query = select(identities).where(identities.c.project_id == project, identities.c.identity.in_(chunk))
        found.update((row.identity, row) for row in read_rows(connection, query))
    return found


def edges_at(connection: Connection, project: int, some: Collection[int]) -> list[Any]:
    """The standing edges of these identities; one between two of them may come twice."""
    found: list[Any] = []
    for chunk in chunks(sorted(some)):
        for end in (edges.c.a, edges.c.b):
            query = select(edges).where(edges.c.project_id == project, end.in_(chunk), standing())
            found += read_rows(connection, query)
    return found


def edges_of(connection: Connection, project: int, pairs: Collection[Pair]) -> list[Any]:
    """All edges of these pairs, the retracted ones included."""
    if not pairs:
        return []
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    if connection.dialect.name == "postgresql":
        arrays = (literal(ends, ARRAY(BigInteger)) for ends in (first, second))
        listed = func.unnest(*arrays).table_valued("a", "b", name="listed").render_derived(name="listed")
        same = (edges.c.project_id == project) & (edges.c.a == listed.c.a) & (edges.c.b == listed.c.b)
        return read_rows(connection, select(edges).select_from(listed.join(edges, same)))
    rows = msgspec.json.encode(list(zip(first, second, strict=True))).decode()
    return read_rows(connection, OF_PAIRS.bindparams(rows=rows, project=project))


def neighbours_of(
    connection: Connection, project: int, some: Collection[int], *, contested: bool = False
) -> set[int]:
    """What stands beside these identities; of that what is contested, where only this is asked for."""
    found: set[int] = set()
    for chunk in chunks(sorted(some)):
        for end, other in ((edges.c.a, edges.c.b), (edges.c.b, edges.c.a)):
            query = select(other).where(edges.c.project_id == project, end.in_(chunk), standing())
            if contested:
                same = (identities.c.project_id == edges.c.project_id) & (identities.c.identity == other)
                query = query.join(identities, same).where(identities.c.contested.is_(True))
            found.update(connection.scalars(query))
    return found


def standing() -> ColumnElement[bool]:
    """The condition that an edge was not retracted."""
    return edges.c.retracted_at.is_(None)


def chunks(items: Sequence[T], size: int = AT_ONCE) -> list[Sequence[T]]:
    """The items in portions."""
    return [items[i : i + size] for i in range(0, len(items), size)]


def _of_operators(connection: Connection, project: int, some: set[int]) -> list[Any]:
    """What operators joined with these: they are few, and count also where an id has too many neighbours."""
    query = select(edges).where(edges.c.project_id == project, edges.c.rule == "operator", standing())
    if len(some) < AT_ONCE // 2:
        query = query.where(or_(edges.c.a.in_(some), edges.c.b.in_(some)))
    return [row for row in connection.execute(query) if row.a in some or row.b in some]
