"""Retention: which events of a project are too old, how many that are, and their deletion.

A project's own number of days counts from when an event happened. Where it has none, the installation's
number holds and counts from when the event came, so that imported history is not lost in the first night.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, select

from store.db import writing
from store.drops import Chosen, count_drops, newest_drop
from store.events import EventStore, EventStoreError
from store.rules import rules_of
from store.settings import Settings
from store.tables import drops, identities
from store.tables_privacy import retention_reports

DAY_MS = 86_400_000
DROPS_AT_ONCE = 500

# A run or session is stale when an event that it was made of is there no more.
STALE = """
select distinct customer from (
    select customer, fromUnixTimestamp64Milli(arrayJoin(moments), 'UTC') as moment from (
        select
            customer,
            arrayMap(
                at -> toUnixTimestamp64Milli(at),
                arrayFlatten(arrayMap(run -> arrayPushBack(run.times, run.last), runs))
            ) as moments
        from journey_runs final
        where project = {project:UInt32}
        union all
        select customer, [toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(last)] as moments
        from sessions
        where project = {project:UInt32}
    )
)
where moment < fromUnixTimestamp64Milli({before:Int64}) and (customer, moment) not in (
    select customer, timestamp from customer_events
    where project = {project:UInt32} and timestamp < fromUnixTimestamp64Milli({before:Int64})
)
"""


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """What of a project is too old: it happened, or came where `by_receipt`, `before` this time in ms."""

    project: int
    days: int
    before: int
    by_receipt: bool

    @property
    def condition(self) -> str:
        """SQL that holds for the events that are too old."""
        # Nothing happens long after it came, so this also bounds which partitions are looked at.
        old = f"timestamp < fromUnixTimestamp64Milli({self.before})"
        came = f" and received_at < fromUnixTimestamp64Milli({self.before})" if self.by_receipt else ""
        return f"(project = {self.project} and {old}{came})"


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


def horizon_of(engine: Engine, settings: Settings, project: int, *, now: int, days: int = 0) -> Horizon:
    """The horizon of a project, or what it would be with other days of its own."""
    own = days or rules_of(engine, project).retention_days
    kept_days = own or settings.retention_days
    return Horizon(project=project, days=kept_days, before=now - kept_days * DAY_MS, by_receipt=not own)


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
    gone = customers_gone(events, horizon)
    return msgspec.structs.replace(
        report,
        runs=_begun_before(events, horizon, "arrayJoin(runs).start as start from journey_runs final"),
        sessions=_begun_before(events, horizon, "start from sessions"),
        customers=len(gone),
        identities=len(identities_of_customers(engine, horizon.project, gone)),
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


def identities_of_customers(engine: Engine, project: int, customers: Sequence[int]) -> list[int]:
    """The identities in the ledger that belong to these customers alone."""
    found: list[int] = []
    with engine.connect() as connection:
        for start in range(0, len(customers), 10_000):
            mine = identities.c.customer.in_(customers[start : start + 10_000])
            query = select(identities.c.identity).where(
                identities.c.project_id == project, mine, identities.c.contested.is_(False)
            )
            found += connection.scalars(query)
    return found


def delete_events(events: EventStore, horizons: Sequence[Horizon]) -> None:
    """Delete what is too old: parts that hold nothing else as a whole, the rest row by row."""
    either = " or ".join(one.condition for one in horizons)
    whole = events.query(
        f"select _part as part from events group by part having countIf({either}) = count()"  # noqa: S608
    )
    for row in whole:
        try:
            events.command(f"alter table events drop part '{row['part']}'")
        except EventStoreError:  # it was merged meanwhile: its rows go with the others
            continue
    for horizon in horizons:
        rest = f"from events where {horizon.condition}"
        if events.query(f"select 1 {rest} limit 1"):
            events.command(f"delete {rest}")


def stale_customers(events: EventStore, horizon: Horizon) -> set[int]:
    """Customers whose runs or sessions tell of events that are deleted."""
    rows = events.query(STALE, {"project": horizon.project, "before": horizon.before})
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
