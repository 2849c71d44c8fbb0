"""Retention: how many events of a project are too old, whom that concerns, and their deletion."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Engine, select

from store.db import writing
from store.drops import Chosen, count_drops, newest_drop
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity.graph import chunks
from store.privacy.horizon import Horizon
from store.privacy.leaving import Leaving, leaving
from store.tables import drops
from store.tables_privacy import retention_reports

DROPS_AT_ONCE = 500
CUSTOMERS_AT_ONCE = 2_000

# Who has runs or sessions that began before? What an event is part of began before that event. Runs of
# accounts, whose numbers no customer has, are those of all their members.
BEGUN_BEFORE = """
select arrayJoin(if(
    journey_runs.customer < toUInt64(9223372036854775808), [journey_runs.customer], members
)) as customer
from journey_runs final
where
    project = {project:UInt32}
    and arrayExists(start -> start < fromUnixTimestamp64Milli({before:Int64}, 'UTC'), runs.start)
union all
select customer from customer_sessions final
where
    project = {project:UInt32}
    and arrayExists(start -> start < fromUnixTimestamp64Milli({before:Int64}, 'UTC'), sessions.start)
"""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What retention deletes of a project: `events` by month, `runs` and `sessions` that began before."""

    days: int
    before: int
    by_receipt: bool
    events: dict[str, int] = {}
    runs: int = 0
    sessions: int = 0
    drops: int = 0
    customers: int = 0  # of whom no event is left
    identities: int = 0  # theirs, in the ledger

    @property
    def total(self) -> int:
        """How many events."""
        return sum(self.events.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is too old."""
        return not (self.total or self.drops)


def would_delete(engine: Engine, events: EventStore, horizon: Horizon) -> Report:
    """What is too old now; changes nothing."""
    month = "formatDateTime(timestamp, '%Y-%m', 'UTC')"
    counted = events.query(
        f"select {month} as month, count() as n from events "  # noqa: S608 - numbers of our own
        f"where {horizon.condition} group by month order by month"
    )
    old_drops = Chosen(before=horizon.before, since=1)
    report = Report(
        days=horizon.days,
        before=horizon.before,
        by_receipt=horizon.by_receipt,
        events={row["month"]: int(row["n"]) for row in counted},
        drops=count_drops(engine, horizon.project, old_drops, up_to=newest_drop(engine)),
    )
    if not counted:
        return report
    left = Leaving()
    with engine.connect() as connection:
        for some in chunks(customers_gone(events, horizon), CUSTOMERS_AT_ONCE):
            left.add(leaving(connection, events, horizon, some))
    return msgspec.structs.replace(
        report,
        runs=_begun_before(events, horizon, "arrayJoin(runs.start) as start from journey_runs final"),
        sessions=_begun_before(events, horizon, "start from sessions"),
        customers=len(left.customers),
        identities=len(left.identities),
    )


def _begun_before(events: EventStore, horizon: Horizon, what: str) -> int:
    rows = events.query(
        f"select count() as n from (select customer, {what} where project = {horizon.project}) "  # noqa: S608
        f"where start < fromUnixTimestamp64Milli({horizon.before}) "
        f"and customer in (select customer from customer_events where {horizon.condition})"
    )
    return int(rows[0]["n"])


def customers_gone(events: EventStore, horizon: Horizon) -> list[int]:
    """The customers of whom no event would be left."""
    rows = events.query(
        f"select customer from customer_events where project = {horizon.project} "  # noqa: S608
        f"and customer in (select customer from customer_events where {horizon.condition}) "
        f"group by customer having countIf(not {horizon.condition}) = 0"
    )
    return [int(row["customer"]) for row in rows]


def customers_seen(events: EventStore, project: int, some: Collection[int]) -> set[int]:
    """Those of these customers of whom there are events."""
    rows = events.query(
        "select distinct customer from customer_events "
        "where project = {project:UInt32} and customer in {some:Array(UInt64)}",
        {"project": project, "some": list(some)},
    )
    return {int(row["customer"]) for row in rows}


def delete_events(events: EventStore, horizons: Sequence[Horizon]) -> None:
    """Delete what is too old: parts that hold nothing else as a whole, the rest row by row."""
    if not events.cluster:  # there, parts of several shards have the same name
        _drop_parts(events, " or ".join(one.condition for one in horizons))
    for horizon in horizons:
        if events.query(f"select 1 from events where {horizon.condition} limit 1"):  # noqa: S608
            events.command(f"delete from {events.rows_of('events')} where {horizon.condition}")  # noqa: S608


def _drop_parts(events: EventStore, condition: str) -> None:
    whole = events.query(
        f"select _part as part from events group by part having countIf({condition}) = count()"  # noqa: S608
    )
    for row in whole:
        try:
            events.command(f"alter table events drop part '{row['part']}'")
        except EventStoreError:  # it was merged meanwhile: its rows go with the others
            continue


def stale_customers(events: EventStore, horizon: Horizon, *, after_a_break: bool = False) -> set[int]:
    """Customers whose runs or sessions may tell of events that are too old, and are there yet.

    After a break nobody knows whose are deleted already: then all who have runs or sessions from before.
    """
    theirs = f"customer in (select customer from customer_events where {horizon.condition})"  # noqa: S608
    rows = events.query(
        f"select distinct customer from ({BEGUN_BEFORE}) where {'1' if after_a_break else theirs}",  # noqa: S608
        {"project": horizon.project, "before": horizon.before},
    )
    return {int(row["customer"]) for row in rows}


def customers_told(events: EventStore, horizon: Horizon) -> set[int]:
    """Customers of whom an event is too old that also later runs and sessions rest on: it told of their
    traits, or of an account that they belong to."""
    rows = events.query(
        f"select distinct customer from customer_events where {horizon.condition} "  # noqa: S608
        "and (traits != '{}' or type = 'group')"
    )
    return {int(row["customer"]) for row in rows}


def delete_drops(engine: Engine, horizon: Horizon) -> int:
    """Delete some refused events that came before the horizon; returns how many, 0 when none is left."""
    old = drops.c.project_id == horizon.project, drops.c.received_at.between(1, horizon.before - 1)
    oldest = select(drops.c.id).where(*old).limit(DROPS_AT_ONCE).with_for_update(skip_locked=True)
    with writing(engine) as connection:
        return connection.execute(drops.delete().where(drops.c.id.in_(oldest))).rowcount


def keep_report(engine: Engine, project: int, report: Report, *, now: int) -> None:
    """Keep a report, to be shown."""
    values = {"project_id": project, "at": now, "report": msgspec.to_builtins(report)}
    with writing(engine) as connection:
        connection.execute(retention_reports.insert().values(values))


def reports_of(engine: Engine, project: int, *, most: int = 30) -> list[tuple[int, Report]]:
    """When retention deleted something of a project and what, the newest first."""
    query = select(retention_reports).where(retention_reports.c.project_id == project)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(retention_reports.c.id.desc()).limit(most)).all()
    return [(row.at, msgspec.convert(row.report, Report)) for row in rows]
