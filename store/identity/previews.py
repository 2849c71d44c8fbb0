"""Says what an answer or changed rules would do to the customers, without doing it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

import msgspec
from sqlalchemy import Connection, Engine, func, select

from store.events import EventStore
from store.identity.changes import Change, Rules, changing
from store.identity.components import customers_from
from store.identity.graph import AT_ONCE, Stops, chunks, reach
from store.rules import ProjectRules
from store.tables import identities

PAGE = 2_000  # identities that are looked at together
MOST_LOOKED_AT = 50_000  # some seconds; identities come in the order of their hashes, so these are a sample
MOST_EXAMPLES = 20


class Parted(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the customers concerned: how many `identities` with how many `events` they have in all,
    how many `customers_before` they are now, and how many `customers` afterwards."""

    identities: int
    events: int
    customers_before: int
    customers: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that would belong to another customer."""

    identity: int
    kind: str
    value: str
    before: int
    after: int


class RulesPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What other rules would do: `merged` customers would consist of several of today's, `split` ones of
    today would fall apart, `changed` identities would belong to another customer. Of very many identities
    only some are looked at, with all that they are linked to: the numbers are of these."""

    identities: int
    looked_at: int
    customers_before: int
    customers_after: int
    merged: int
    split: int
    changed: int
    examples: list[Example]


def preview(
    engine: Engine,
    events: EventStore,
    project: int,
    some: Collection[int],
    act: Callable[[Change], bool],
    rules: Rules | None,
    now: int | None,
) -> Parted | None:
    """What an answer about these identities would do: it is done, looked at, and undone.

    None where the answer would do nothing.
    """
    with changing(engine, project, rules, now=now, keep=False) as change:
        before = _members(change.connection, project, _customers(change.connection, project, some))
        if not act(change):
            return None
        before |= {one: one for one in some if one not in before}
        after = _whose(change.connection, project, before)
    counted = events.query(
        "select count() as n from events "
        "where project = {project:UInt32} and identity in {some:Array(UInt64)}",
        {"project": project, "some": sorted(before)},
    )
    return Parted(
        identities=len(before),
        events=int(counted[0]["n"]),
        customers_before=len(set(before.values())),
        customers=len(set(after.values())),
    )


def preview_rules(
    engine: Engine, project: int, rules: ProjectRules, progress: Callable[[int, int], None] | None = None
) -> RulesPreview:
    """What these rules would do to the identities that the ledger knows, or to some of very many.

    `progress` hears how many of how many are looked at; it ends the preview by raising.
    """
    changed: dict[int, Example] = {}
    with engine.connect() as connection:
        before = connection.execute(
            select(func.count(), func.count(identities.c.customer.distinct())).where(
                identities.c.project_id == project
            )
        ).one()
        stops = Stops(rules)
        done: set[int] = set()
        looked_at = 0
        wanted = min(before[0], MOST_LOOKED_AT)
        for page in pages(connection, project):
            if progress:
                progress(min(looked_at, wanted), wanted)
            reached = reach(connection, project, set(page) - done, stops, walled=False)
            found = customers_from(
                reached.kinds, reached.known_edges(), rules=rules, stopped=reached.stopped
            ).customers
            for one, row in reached.rows.items():
                if found[one] != row.customer:
                    changed[one] = Example(
                        identity=one, kind=row.kind, value=row.value, before=row.customer, after=found[one]
                    )
            looked_at += len(reached.rows)
            if looked_at >= MOST_LOOKED_AT:
                break
            done |= reached.rows.keys()
            done = {one for one in done if one > page[-1]}  # the others do not come again
        return _compared(connection, project, before[0], looked_at, before[1], changed)


def pages(connection: Connection, project: int) -> Iterator[list[int]]:
    """All identities of a project, in portions, in order."""
    after = -1
    query = select(identities.c.identity).where(identities.c.project_id == project)
    while page := list(
        connection.scalars(
            query.where(identities.c.identity > after).order_by(identities.c.identity).limit(PAGE)
        )
    ):
        yield page
        after = page[-1]


def _compared(
    connection: Connection,
    project: int,
    n: int,
    looked_at: int,
    customers: int,
    changed: dict[int, Example],
) -> RulesPreview:
    concerned = {name for one in changed.values() for name in (one.before, one.after)}
    afters, befores = defaultdict(set), defaultdict(set)
    for one, before in _members(connection, project, concerned).items():
        after = changed[one].after if one in changed else before
        afters[before].add(after)
        befores[after].add(before)
    return RulesPreview(
        identities=n,
        looked_at=min(looked_at, n),
        customers_before=customers,
        customers_after=customers - len(afters) + len(befores),
        merged=sum(len(some) > 1 for some in befores.values()),
        split=sum(len(some) > 1 for some in afters.values()),
        changed=len(changed),
        examples=list(changed.values())[:MOST_EXAMPLES],
    )


def _customers(connection: Connection, project: int, some: Collection[int]) -> set[int]:
    return set(_whose(connection, project, some).values()) | set(some)


def _members(connection: Connection, project: int, customers: Collection[int]) -> dict[int, int]:
    """The identities of customers, each with its customer."""
    found: dict[int, int] = {}
    columns = select(identities.c.identity, identities.c.customer).where(identities.c.project_id == project)
    for chunk in chunks(sorted(customers), AT_ONCE):
        rows = connection.execute(columns.where(identities.c.customer.in_(chunk)))
        found.update((row.identity, row.customer) for row in rows)
    return found


def _whose(connection: Connection, project: int, some: Collection[int]) -> dict[int, int]:
    """The customer of each identity; one that the ledger does not know is its own."""
    found = {one: one for one in some}
    columns = select(identities.c.identity, identities.c.customer).where(identities.c.project_id == project)
    for chunk in chunks(sorted(some), AT_ONCE):
        rows = connection.execute(columns.where(identities.c.identity.in_(chunk)))
        found.update((row.identity, row.customer) for row in rows)
    return found
