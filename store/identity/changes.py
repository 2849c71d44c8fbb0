"""One change of a project's ledger: what is entered or retracted, and the customers that follow from it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.db import Given, insert_rows, update_rows
from store.identity.components import Component, customers_from
from store.identity.graph import (
    Reached,
    Stops,
    chunks,
    edges_at,
    edges_of,
    neighbours_of,
    reach,
    rows_of,
)
from store.identity.links import Identity, Link, Pair
from store.identity.touched import keep_touched
from store.rules import ProjectRules, rules_within
from store.tables import edges, identities, ledgers, touched

Rules = Callable[[int], ProjectRules]
UNTIMED = ("identify", "both_ids", "alias")
MOST_TRIES = 4  # to work out customers within walls; the last one knows none


@contextmanager
def changing(
    engine: Engine, project: int, rules: Rules | None, *, now: int | None, least: int = 0, keep: bool = True
) -> Iterator[Change]:
    """A transaction that changes a ledger; whoever else changes the same one waits. Undone unless `keep`."""
    writer = engine.connect().execution_options(waywiser_write=True)
    with writer as connection, connection.begin() as transaction:
        _lock(connection, project)
        decided = rules(project) if rules else rules_within(connection, project)
        change = Change(connection, project, decided, now=now, least=least)
        yield change
        if keep:
            change.close()
        else:
            transaction.rollback()


class Change:
    """A change inside a transaction. `touched` are the customers that gained or lost an identity by it."""

    def __init__(
        self, connection: Connection, project: int, rules: ProjectRules, *, now: int | None, least: int
    ) -> None:
        last = connection.scalar(select(ledgers.c.version).where(ledgers.c.project_id == project))
        clock = time.time_ns() // 1000 if now is None else now * 1000
        self.connection = connection
        self.project = project
        self.now = time.time_ns() // 1_000_000 if now is None else now
        self.version = max(clock, (last or 0) + 1, least + 1)
        self.touched: set[int] = set()
        self._rules = rules
        self._stops = Stops(rules)
        self._is_made = False
        self._gone: set[int] = set()
        self._insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

    def enter(self, links: Mapping[Pair, Link]) -> None:
        """Enter links that are new, or happened before what is entered of their pair. What an operator has
        parted stays apart."""
        there: dict[Pair, list[Any]] = defaultdict(list)
        for row in edges_of(self.connection, self.project, links.keys()):
            there[row.a, row.b].append(row)
        fresh = {pair: link for pair, link in links.items() if pair not in there}
        # What an operator has answered gets its evidence too: it stands where the answer is taken back.
        behind = {pair: _behind(rows) for pair, rows in there.items()}
        apart = [row for row in behind.values() if row is not None and _is_note(row)]
        new = [*fresh.values(), *(links[row.a, row.b] for row in apart)]
        self.name(one for link in new for one in (link.a, link.b))
        self.add([self._edge(pair, link.rule, link.evidence, link.at) for pair, link in fresh.items()])
        # Behind a merge, as if that had replaced it, unless an answer before that one kept the two apart.
        merged = {pair: rows[0] for pair, rows in there.items() if behind[pair] is None and len(rows) == 1}
        self.add(
            [
                self._edge(pair, links[pair].rule, links[pair].evidence, links[pair].at)
                | {"retracted_at": answer.entered_at, "retracted_by": answer.entered_by}
                for pair, answer in merged.items()
            ]
        )
        start = self._counted(fresh, 1)
        earlier = [row for pair, row in behind.items() if row is not None and _is_earlier(links[pair], row)]
        self._move_back({row.id: links[row.a, row.b] for row in earlier + apart})
        # When somebody was seen makes no difference to edges among users and anonymous ids.
        timed = (row for row in earlier if row.retracted_at is None and row.rule not in UNTIMED)
        self.settle(start | {one for row in timed for one in (row.a, row.b)})

    def name(self, nodes: Iterable[Identity]) -> None:
        """Let the ledger know identities; those that it has stay as they are."""
        rows = [
            {
                "project_id": self.project,
                **{"identity": number, "kind": one.kind, "value": one.shown, "customer": number},
            }
            for number, one in {one.hash: one for one in nodes}.items()
        ]
        if rows:
            insert_rows(self.connection, identities, rows, lambda insert: insert.on_conflict_do_nothing())

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Write edges."""
        if rows:
            insert_rows(self.connection, edges, rows)

    def join_by_operator(self, pair: Pair, by: str) -> bool:
        """An operator's edge, in place of another that stands; False where an operator's stands already."""
        rows = [row for row in edges_of(self.connection, self.project, [pair]) if row.retracted_at is None]
        if pair[0] == pair[1] or any(row.rule == "operator" for row in rows):
            return False
        start = self._retract(rows, by)
        self.add([self._edge(pair, "operator", "", self.now, by)])
        self.settle(start | set(pair))
        return True

    def part(self, pair: Pair, by: str, *, for_ever: bool) -> bool:
        """Retract the edge of a pair. Where none stands: keep the pair apart `for_ever`, or leave it."""
        rows = edges_of(self.connection, self.project, [pair])
        there = [row for row in rows if row.retracted_at is None]
        if not there and (rows or not for_ever):
            return False
        if not there:
            self.add([self._edge(pair, "operator", "", self.now, by) | self._retraction(by)])
            return True
        both = rows_of(self.connection, self.project, pair)
        self.touched |= {row.customer for row in both.values()}
        self.settle(self._retract(there, by) | set(pair))
        # Also whose own name stays: what the other one did is no longer theirs.
        both = rows_of(self.connection, self.project, pair)
        self.touched |= {row.customer for row in both.values()}
        return True

    def take_back(self, pair: Pair, by: str) -> bool:
        """Undo the last answer about a pair: what it retracted stands again. False where there is none."""
        rows = edges_of(self.connection, self.project, [pair])
        there = [row for row in rows if row.retracted_at is None]
        if any(row.rule != "operator" for row in there) or not rows:
            return False
        was = _behind(rows)
        if was is not None and _is_note(was):  # nothing has linked the two since
            self.connection.execute(delete(edges).where(edges.c.id == was.id))
            return True
        start = self._retract(there, by)
        again = [self._edge(pair, was.rule, was.evidence, was.at, by)] if was is not None else []
        if was is not None and was.rule == "operator":
            again[0]["entered_at"] = was.entered_at  # which says what it had replaced
        self.add(again)
        start |= self._counted({pair for row in again if row["rule"] != "operator"}, 1)
        self.settle(start | set(pair))
        return True

    def block(self, identity: int, by: str, *, at: int | None) -> bool:
        """Block a value, or with no time: take that back. False where it was so already, or is not known."""
        row = rows_of(self.connection, self.project, [identity]).get(identity)
        if row is None or (row.blocked_at is None) == (at is None):
            return False
        beside = neighbours_of(self.connection, self.project, [identity])
        here = identities.c.project_id == self.project, identities.c.identity == identity
        self.connection.execute(update(identities).where(*here).values(blocked_at=at, blocked_by=by))
        self.touched.add(row.customer)
        self.settle({identity, *beside})
        return True

    def forget(self, some: Collection[int]) -> None:
        """Delete identities with all their edges, and work out anew who is left."""
        if not some:
            return
        beside = neighbours_of(self.connection, self.project, some) - set(some)
        gone = {one: row.customer for one, row in rows_of(self.connection, self.project, some).items()}
        start = self._counted(
            {
                (row.a, row.b)
                for row in edges_at(self.connection, self.project, some)
                if row.rule != "operator"
            },
            -1,
        )
        for chunk in chunks(sorted(some)):
            touching = or_(edges.c.a.in_(chunk), edges.c.b.in_(chunk))
            self.connection.execute(delete(edges).where(edges.c.project_id == self.project, touching))
            own = identities.c.project_id == self.project, identities.c.identity.in_(chunk)
            self.connection.execute(delete(identities).where(*own))
            whose = touched.c.project_id == self.project, touched.c.customer.in_(chunk)
            self.connection.execute(delete(touched).where(*whose))
        self.touched |= set(gone.values())
        self._gone |= set(some)
        self._is_made = True
        self.settle((start | beside) - set(some))
        self.close(forgotten=self.version)

    def disown(self) -> None:
        """Change nothing, but let nobody rely on what is remembered of this ledger."""
        self._is_made = True
        self.close(forgotten=self.version)

    def settle(self, start: Collection[int], *, walled: bool = True) -> Reached:
        """Work out anew the customers around these identities; what only touches walls stays as it is.

        Where a wall turns out to be none any more, what was beyond it is worked out too.
        """
        if not start:
            return Reached()
        opened = set(start)
        for tries in range(1, MOST_TRIES + 1):
            asked = walled and tries < MOST_TRIES
            reached = reach(self.connection, self.project, opened, self._stops, walled=asked)
            component = customers_from(
                reached.kinds, reached.known_edges(), rules=self._rules, stopped=reached.stopped
            )
            if not (wrong := reached.misjudged(component.refused)):
                break
            opened |= wrong
        self._write(reached, component, opened)
        return reached

    def see_again(self, some: Collection[int]) -> None:
        """Take note of further signs of people on contested ids: their spans may have moved, nothing else."""
        rows = rows_of(self.connection, self.project, some)
        contested = {one for one, row in rows.items() if row.contested}
        claims = [
            row for row in edges_at(self.connection, self.project, contested) if row.refused == "shared"
        ]
        ends = rows_of(self.connection, self.project, {one for row in claims for one in (row.a, row.b)})
        self._stamp({one: (rows[one].customer, True) for one in contested})
        self.touched |= {row.customer for row in ends.values() if row.kind == "user"}

    def close(self, *, forgotten: int | None = None) -> None:
        """Note the version of what was changed, and whose runs and sessions are to be computed anew."""
        keep_touched(self.connection, self.project, self.touched - self._gone, version=self.version)
        if not self._is_made:
            return
        values = {"version": self.version} | ({} if forgotten is None else {"forgotten": forgotten})
        row = {"project_id": self.project, "told": 0, "forgotten": 0} | values
        statement = self._insert(ledgers).values(row)
        self.connection.execute(statement.on_conflict_do_update(index_elements=["project_id"], set_=values))

    def _write(self, reached: Reached, component: Component, start: Collection[int]) -> None:
        after, rows = component.customers, reached.rows
        contested = {one: users for one, users in component.contested.items() if one in rows}
        changed = {
            one
            for one, row in rows.items()
            if after[one] != row.customer or (one in contested) != row.contested
        }
        # A contested identity's spans follow from its users, whose names count, and from their events.
        moved = {one for one, users in contested.items() if one in changed or one in start or users & changed}
        self._stamp({one: (after[one], one in contested) for one in changed | moved})
        refused = [
            {"one": row.id, "why": component.refused.get(pair, "")}
            for pair, row in reached.edges.items()
            if component.refused.get(pair, "") != row.refused
        ]
        if refused:
            self.connection.execute(
                update(edges).where(edges.c.id == bindparam("one")).values(refused=bindparam("why")), refused
            )
        self.touched |= {after[one] for one in changed} | {rows[one].customer for one in changed}
        self.touched |= {after[user] for one in moved for user in contested[one]}
        self.touched |= {after[user] for user in reached.claimants(changed)}

    def _stamp(self, owned: Mapping[int, tuple[int, bool]]) -> None:
        """Write whose identities are, and whether they are contested, so that the event store is told."""
        if owned:
            update_rows(
                self.connection,
                identities,
                [
                    {"project": self.project, "one": one, "to": customer, "is_contested": is_contested}
                    for one, (customer, is_contested) in owned.items()
                ],
                self._is_one,
                lambda given: {
                    "customer": given["to"],
                    "contested": given["is_contested"],
                    "changed": self.version,
                },
            )
            self._is_made = True

    def _is_one(self, given: Given) -> ColumnElement[bool]:
        """That an identity is `one` of the given ones."""
        return (identities.c.project_id == given["project"]) & (identities.c.identity == given["one"])

    def _edge(self, pair: Pair, rule: str, evidence: str, at: int, by: str = "") -> dict[str, Any]:
        return {
            "project_id": self.project,
            **{"a": pair[0], "b": pair[1]},
            **{"rule": rule, "evidence": evidence, "at": at},
            **{"entered_at": self.now, "entered_by": by, "retracted_at": None, "retracted_by": ""},
        }

    def _retraction(self, by: str) -> dict[str, Any]:
        return {"retracted_at": self.now, "retracted_by": by}

    def _retract(self, rows: list[Any], by: str) -> set[int]:
        """Retract standing edges; returns where the customers are to be worked out anew."""
        for row in rows:
            self.connection.execute(update(edges).where(edges.c.id == row.id).values(self._retraction(by)))
        return self._counted({(row.a, row.b) for row in rows if row.rule != "operator"}, -1)

    def _move_back(self, links: dict[int, Link]) -> None:
        """Keep the earlier event as the evidence of these edges, given by id."""
        if links:
            named = {"at": "earlier", "evidence": "proof", "rule": "reason"}
            self.connection.execute(
                update(edges)
                .where(edges.c.id == bindparam("one"))
                .values({column: bindparam(name) for column, name in named.items()}),
                [
                    {"one": one, "earlier": link.at, "proof": link.evidence, "reason": link.rule}
                    for one, link in links.items()
                ],
            )

    def _counted(self, pairs: Collection[Pair], by: int) -> set[int]:
        """Count edges at their ends; returns the ends, and what stands beside one that is stopped or freed
        by that."""
        counts = Counter(one for pair in pairs for one in pair)
        if not counts:
            return set()
        update_rows(
            self.connection,
            identities,
            [{"project": self.project, "one": one, "more": n * by} for one, n in counts.items()],
            self._is_one,
            lambda given: {"neighbours": identities.c.neighbours + given["more"]},
        )
        rows = rows_of(self.connection, self.project, counts.keys())
        turned = {
            one
            for one, row in rows.items()
            if self._stops.has_too_many(row.kind, row.neighbours)
            != self._stops.has_too_many(row.kind, row.neighbours - counts[one] * by)
        }
        return {*counts, *(neighbours_of(self.connection, self.project, turned) if turned else ())}


def _behind(rows: list[Any]) -> Any | None:
    """Of the edges of a pair the one that stands, or would where the operator's last answer is taken back."""
    there = next((row for row in rows if row.retracted_at is None), None)
    if there is None:
        return max(rows, key=lambda row: (row.retracted_at, row.id))
    if there.rule != "operator":
        return there
    replaced = (row for row in rows if row.rule != "operator" and row.retracted_at == there.entered_at)
    return max(replaced, key=lambda row: row.id, default=None)


def _is_earlier(link: Link, row: Any) -> bool:
    """Whether a link happened before the event that an edge is known by."""
    return row.rule != "operator" and (link.at, link.evidence) < (row.at, row.evidence)


def _is_note(row: Any) -> bool:
    """Whether an edge never stood: it only says that an operator keeps the pair apart."""
    return bool(row.rule == "operator" and row.entered_at == row.retracted_at)


def _lock(connection: Connection, project: int) -> None:
    """One writer of a project's ledger at a time; SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({int(project)}, 77)")
