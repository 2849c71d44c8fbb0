"""The identity ledger: which identities are one customer, why, and since when.

Edges are only ever added or retracted; customers follow from them. A customer is named by the least
hash among its user identities (or its anonymous one), so the order of arrival makes no difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, Engine, RowMapping, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.components import Component, customers_from
from store.db import writing
from store.event import identity_hash
from store.events import EventStore
from store.tables import edges, identities

T = TypeVar("T")
Pair = tuple[int, int]
Span = dict[str, int]
SPANS = pa.list_(pa.struct([("since", pa.timestamp("ms", "UTC")), ("customer", pa.uint64())]))
AT_ONCE = 10_000  # SQLite binds at most 32,766 values
LINKS_AT_ONCE = 1_000  # a transaction keeps the door waiting
MOST_SEEN = 200_000  # links known to be entered; some 200 bytes each


class Identity(msgspec.Struct, frozen=True):
    """One id that an event can carry; `kind` is `user` or `anonymous`."""

    kind: str
    value: str

    @property
    def hash(self) -> int:
        """The number that names it in both stores."""
        return identity_hash(self.kind, self.value)


class Link(msgspec.Struct, frozen=True):
    """A reason to believe that two identities are one customer; `at` in milliseconds."""

    a: Identity
    b: Identity
    rule: str
    evidence: str
    at: int


class Ledger:
    """The identities of all projects; remembers the links it has seen, so a known one costs nothing."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self._engine = engine
        self._events = events
        self._seen: set[tuple[int, Pair]] = set()

    def join(self, project: int, links: Iterable[Link]) -> set[int]:
        """Enter links; returns every customer that gained or lost an identity, old and new names."""
        by_pair = {_pair(link): link for link in links}
        moving = self._contested_among(project, by_pair) if by_pair else set()
        fresh = {pair: link for pair, link in by_pair.items() if (project, pair) not in self._seen}
        if not fresh and not moving:
            return set()
        touched: set[int] = set()
        for some in _chunks(list(fresh), LINKS_AT_ONCE):
            touched |= self._enter(project, {pair: fresh[pair] for pair in some}, set())
        if moving:
            touched |= self._enter(project, {}, moving)
        self._seen.update((project, pair) for pair in fresh)
        if len(self._seen) > MOST_SEEN:
            self._seen.clear()
        return touched

    def _enter(self, project: int, links: dict[Pair, Link], moving: set[int]) -> set[int]:
        with writing(self._engine) as connection:
            _lock(connection, project)
            added = self._add(connection, project, links)
            return self._settle(connection, project, moving | {one for pair in added for one in pair})

    def unmerge(self, project: int, a: int, b: int, *, now: int) -> set[int]:
        """Retract the edge between two identities; returns the customers that changed."""
        low, high = sorted((a, b))
        with writing(self._engine) as connection:
            _lock(connection, project)
            done = connection.execute(
                update(edges)
                .where(edges.c.project_id == project, edges.c.a == low, edges.c.b == high)
                .where(edges.c.retracted_at.is_(None))
                .values(retracted_at=now)
            )
            if done.rowcount == 0:
                return set()
            both = select(identities.c.customer).where(
                identities.c.project_id == project, identities.c.identity.in_([a, b])
            )
            before = set(connection.scalars(both))
            changed = self._settle(connection, project, {a, b})
            # Also whose own name stays: what the other one did is no longer theirs.
            return changed | before | set(connection.scalars(both))

    def customers_of(self, project: int, some: Iterable[int]) -> set[int]:
        """The customers that these identities may belong to; a contested one belongs to several."""
        rows = self._known(project, list(some))
        contested = [identity for identity, _, is_contested in rows if is_contested]
        found = {identity: customer for identity, customer, _ in rows}
        customers = {found.get(one, one) for one in some}
        if contested:
            with self._engine.connect() as connection:
                neighbours = _neighbours(connection, project, contested)
            customers |= {customer for _, customer, _ in self._known(project, neighbours)}
        return customers

    def identities_of(self, project: int, customers: Sequence[int]) -> list[int]:
        """Every identity whose events may belong to these customers."""
        found = set(customers)
        with self._engine.connect() as connection:
            for some in _chunks(list(customers)):
                own = identities.c.project_id == project, identities.c.customer.in_(some)
                found.update(connection.scalars(select(identities.c.identity).where(*own)))
            shared = select(identities.c.identity).where(
                identities.c.project_id == project, identities.c.contested.is_(True)
            )
            if any_contested := set(connection.scalars(shared)):
                found |= any_contested & set(_neighbours(connection, project, list(found)))
        return sorted(found)

    def describe(self, project: int, customer: int) -> tuple[list[RowMapping], list[RowMapping]]:
        """The identities of one customer, and the edges that touch them, retracted ones included.

        An edge has the kind and value of both its ends: `a_kind`, `a_value`, `b_kind`, `b_value`.
        """
        ids = self.identities_of(project, [customer])
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
        with self._engine.connect() as connection:
            own = select(identities).where(identities.c.project_id == project, identities.c.identity.in_(ids))
            nodes = list(connection.execute(own.order_by(identities.c.kind)).mappings())
            return nodes, list(connection.execute(touching).mappings())

    def find(self, project: int, value: str, *, limit: int = 20) -> list[RowMapping]:
        """Identities whose value starts with `value`."""
        start = value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        query = (
            select(identities)
            .where(identities.c.project_id == project, identities.c.value.like(f"{start}%", escape="\\"))
            .order_by(identities.c.kind.desc(), identities.c.value)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).mappings())

    def _known(self, project: int, some: Sequence[int]) -> list[tuple[int, int, bool]]:
        """Identity, customer, and whether it is contested, of those that the ledger has."""
        rows: list[tuple[int, int, bool]] = []
        columns = select(identities.c.identity, identities.c.customer, identities.c.contested)
        with self._engine.connect() as connection:
            for chunk in _chunks(some):
                query = columns.where(identities.c.project_id == project, identities.c.identity.in_(chunk))
                rows += [(row.identity, row.customer, row.contested) for row in connection.execute(query)]
        return rows

    def _contested_among(self, project: int, pairs: Iterable[Pair]) -> set[int]:
        """Contested identities in these pairs: each further sign of a person moves their spans."""
        query = select(identities.c.identity).where(
            identities.c.project_id == project, identities.c.contested.is_(True)
        )
        with self._engine.connect() as connection:
            contested = set(connection.scalars(query))
        return {one for pair in pairs for one in pair if one in contested} if contested else set()

    def _add(self, connection: Connection, project: int, links: dict[Pair, Link]) -> list[Pair]:
        """Write the edges that are new, and their identities; returns their pairs."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        nodes = {one.hash: one for link in links.values() for one in (link.a, link.b)}
        rows = [
            {"project_id": project, "identity": h, "kind": n.kind, "value": n.value, "customer": h}
            for h, n in nodes.items()
        ]
        if not links:
            return []
        connection.execute(insert(identities).on_conflict_do_nothing(), rows)
        made = connection.execute(
            insert(edges).on_conflict_do_nothing().returning(edges.c.a, edges.c.b),
            [_edge(project, pair, link) for pair, link in links.items()],
        )
        return [(row.a, row.b) for row in made]

    def _settle(self, connection: Connection, project: int, start: set[int]) -> set[int]:
        """Work out anew the customers around these identities, and tell both stores."""
        if not start:
            return set()
        nodes, pairs = _reach(connection, project, start)
        before = _rows_of(connection, project, nodes)
        component = customers_from({one: row.kind for one, row in before.items()}, pairs)
        after, contested = component.customers, component.contested
        changed = [
            one
            for one, row in before.items()
            if after[one] != row.customer or (one in contested) != row.contested
        ]
        if changed:
            connection.execute(
                update(identities)
                .where(identities.c.project_id == project, identities.c.identity == bindparam("one"))
                .values(customer=bindparam("to"), contested=bindparam("is_contested")),
                [{"one": one, "to": after[one], "is_contested": one in contested} for one in changed],
            )
        spans = self._spans(project, {before[one].value: one for one in contested}, component)
        self._tell_events(project, sorted({*changed, *contested}), after, spans)
        owners = {after[user] for users in contested.values() for user in users}
        return {after[one] for one in changed} | {before[one].customer for one in changed} | owners

    def _tell_events(
        self, project: int, changed: list[int], customers: dict[int, int], spans: dict[int, list[Span]]
    ) -> None:
        """Write the new customers to the event store before the ledger commits: a crash repeats both."""
        if not changed:
            return
        version = max(time.time_ns() // 1000, self._newest(project, changed) + 1)
        columns = {
            "project": pa.array([project] * len(changed), pa.uint32()),
            "identity": pa.array(changed, pa.uint64()),
            "customer": pa.array([customers[one] for one in changed], pa.uint64()),
            "spans": pa.array([spans.get(one, []) for one in changed], SPANS),
            "version": pa.array([version] * len(changed), pa.uint64()),
        }
        self._events.insert_table("identity_customers", pa.table(columns))

    def _newest(self, project: int, some: list[int]) -> int:
        """The newest version that the event store has of these: the clock may have been put back since."""
        rows = self._events.query(
            "select max(version) as newest from identity_customers "
            "where project = {project:UInt32} and identity in {some:Array(UInt64)}",
            {"project": project, "some": some},
        )
        return int(rows[0]["newest"])

    def _spans(self, project: int, contested: dict[str, int], component: Component) -> dict[int, list[Span]]:
        """From when on contested anonymous ids, given by value, belong to whom: by events that name both."""
        found: dict[int, list[Span]] = {one: [] for one in contested.values()}
        users = {user for one in found for user in component.contested[one]}
        if not users:
            return found
        rows = self._events.query(
            "select toUnixTimestamp64Milli(timestamp) as since, identity, anonymous_id from events "
            "where project = {project:UInt32} and identity in {users:Array(UInt64)} "
            "and anonymous_id in {values:Array(String)} order by timestamp, sequence, event_id",
            {"project": project, "users": sorted(users), "values": sorted(contested)},
        )
        for row in rows:
            one = contested[row["anonymous_id"]]
            if row["identity"] not in component.contested[one]:
                continue
            owner, spans = component.customers[row["identity"]], found[one]
            if not spans or spans[-1]["customer"] != owner:
                spans.append({"since": row["since"], "customer": owner})
        return found


def _reach(connection: Connection, project: int, start: set[int]) -> tuple[set[int], set[tuple[int, int]]]:
    """All identities and standing edges that can be reached from `start`."""
    nodes, frontier, pairs = set(start), set(start), set()
    while frontier:
        nearby: set[tuple[int, int]] = set()
        for some in _chunks(sorted(frontier)):
            standing = edges.c.project_id == project, edges.c.retracted_at.is_(None)
            for end in (edges.c.a, edges.c.b):
                query = select(edges.c.a, edges.c.b).where(*standing, end.in_(some))
                nearby.update((row.a, row.b) for row in connection.execute(query))
        pairs |= nearby
        frontier = {one for pair in nearby for one in pair} - nodes
        nodes |= frontier
    return nodes, pairs


def _rows_of(connection: Connection, project: int, nodes: set[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in _chunks(sorted(nodes)):
        query = select(identities).where(identities.c.project_id == project, identities.c.identity.in_(some))
        found.update((row.identity, row) for row in connection.execute(query))
    return found


def _neighbours(connection: Connection, project: int, some: list[int]) -> list[int]:
    found: set[int] = set()
    for chunk in _chunks(some):
        standing = edges.c.project_id == project, edges.c.retracted_at.is_(None)
        found.update(connection.scalars(select(edges.c.a).where(*standing, edges.c.b.in_(chunk))))
        found.update(connection.scalars(select(edges.c.b).where(*standing, edges.c.a.in_(chunk))))
    return sorted(found)


def _edge(project: int, pair: Pair, link: Link) -> dict[str, object]:
    return {
        "project_id": project,
        "a": pair[0],
        "b": pair[1],
        "rule": link.rule,
        "evidence": link.evidence,
        "at": link.at,
    }


def _pair(link: Link) -> Pair:
    low, high = sorted((link.a.hash, link.b.hash))
    return low, high


def _lock(connection: Connection, project: int) -> None:
    """One writer of a project's ledger at a time; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({int(project)}, 77)")


def _chunks(items: Sequence[T], size: int = AT_ONCE) -> list[Sequence[T]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
