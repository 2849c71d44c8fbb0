"""Deletes from the event store: at once for every question, from the disk when the files are rewritten.

A deleted row is masked. Its bytes go when the engine merges its part with others, or when `rewrite` is
called; the engine keeps the former part for some minutes more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from store.cluster import LOCAL
from store.events import EventStore

AT_ONCE = 5_000
COUNTS = {
    "events": """
        select count() as n from customer_events where project = {project:UInt32} and (
            identity in {own:Array(UInt64)}
            or identity in {shared:Array(UInt64)} and customer = {customer:UInt64}
        )""",
    "traits": """
        select uniqExactArray(JSONExtractKeys(traits)) as n from customer_events
        where project = {project:UInt32} and (
            identity in {own:Array(UInt64)}
            or identity in {shared:Array(UInt64)} and customer = {customer:UInt64}
        )""",
    "runs": """
        select count() as n from journey_runs final array join runs as run
        where project = {project:UInt32} and customer in {own:Array(UInt64)}
        and ({is_again:UInt8} = 0 or run.start in (
            select timestamp from events where project = {project:UInt32} and identity in {any:Array(UInt64)}
        ))""",
}


def count_of_customer(
    events: EventStore,
    project: int,
    customer: int,
    own: Sequence[int],
    shared: Sequence[int],
    *,
    is_again: bool = False,
) -> dict[str, int]:
    """How many events, runs and names of traits there are of a customer.

    Again: of runs those that tell of events that are there. Others were counted before.
    """
    values = {
        "is_again": int(is_again),
        "any": [*own, *shared],
        "project": project,
        "customer": customer,
        "own": list(own),
        "shared": list(shared),
    }
    return {kind: int(events.query(sql, values)[0]["n"]) for kind, sql in COUNTS.items()}


def delete_shared_events(events: EventStore, project: int, customer: int, shared: Sequence[int]) -> None:
    """Delete what a customer did with ids that others use too; theirs stays."""
    if not shared:
        return
    values: dict[str, Any] = {"project": project, "customer": customer, "shared": list(shared)}
    rows = events.query(
        "select reinterpretAsUInt128(event_id) as id from customer_events where project = {project:UInt32} "
        "and identity in {shared:Array(UInt64)} and customer = {customer:UInt64}",
        values,
    )
    ids = [row["id"] for row in rows]
    table = events.rows_of("events")
    for start in range(0, len(ids), AT_ONCE):
        events.command(
            f"delete from {table} where project = {{project:UInt32}} "  # noqa: S608
            "and identity in {shared:Array(UInt64)} "
            "and reinterpretAsUInt128(event_id) in {ids:Array(UInt128)}",
            {**values, "ids": ids[start : start + AT_ONCE]},
        )


def delete_identities(events: EventStore, project: int, own: Collection[int]) -> None:
    """Delete all rows of these identities and of the customers of these names, in whatever table."""
    values = {"project": project, "own": sorted(own)}
    for table, columns in _tables_of_customers(events).items():
        whose = [f"{name} in {{own:Array(UInt64)}}" for name in ("identity", "customer") if name in columns]
        if "spans.customer" in columns or "spans" in columns:
            whose.append("hasAny(spans.customer, {own:Array(UInt64)})")
        condition = f"project = {{project:UInt32}} and ({' or '.join(whose)})"
        if events.query(f"select 1 from {table} where {condition} limit 1", values):  # noqa: S608
            events.command(f"delete from {events.rows_of(table)} where {condition}", values)  # noqa: S608


def delete_answers(events: EventStore, project: int, own: Collection[int]) -> None:
    """Delete what the ledger has told of these identities, now and formerly; their events stay."""
    for table, columns in _tables_of_customers(events).items():
        if {"identity", "version"} <= set(columns):
            events.command(
                f"delete from {events.rows_of(table)} where project = {{project:UInt32}} "  # noqa: S608
                "and identity in {own:Array(UInt64)}",
                {"project": project, "own": sorted(own)},
            )


def delete_customers(events: EventStore, project: int, customers: Collection[int]) -> None:
    """Delete what is kept by customer, as runs and sessions are: nothing is left that it is about."""
    values = {"project": project, "customers": sorted(customers)}
    for table, columns in _tables_of_customers(events).items():
        if "identity" not in columns:
            events.command(
                f"delete from {events.rows_of(table)} where project = {{project:UInt32}} "  # noqa: S608
                "and customer in {customers:Array(UInt64)}",
                values,
            )


def named_by_accounts(events: EventStore, project: int, customers: Collection[int]) -> set[int]:
    """Those of these customers whom some stored row of an account names as a member."""
    rows = events.query(
        "select distinct arrayJoin(arrayIntersect(members, {customers:Array(UInt64)})) as customer "
        "from journey_runs where project = {project:UInt32} and hasAny(members, {customers:Array(UInt64)})",
        {"project": project, "customers": sorted(customers)},
    )
    return {int(row["customer"]) for row in rows}


def delete_former_members(
    events: EventStore, project: int, customers: Collection[int], *, before: int
) -> None:
    """Delete the runs of accounts that name these customers as members and were stored before this stamp."""
    events.command(
        f"delete from {events.rows_of('journey_runs')} where project = {{project:UInt32}} "  # noqa: S608
        "and hasAny(members, {customers:Array(UInt64)}) and version < {before:UInt64}",
        {"project": project, "customers": sorted(customers), "before": before},
    )


def delete_former_runs(
    events: EventStore, project: int, customers: Collection[int], versions: Collection[int]
) -> None:
    """Delete the runs of customers, and of their accounts, of all but these journey versions: nobody counts
    the others anew."""
    values = {"project": project, "customers": sorted(customers), "versions": sorted(versions)}
    former = (
        "project = {project:UInt32} and journey_version not in {versions:Array(UInt32)} "
        "and (customer in {customers:Array(UInt64)} or hasAny(members, {customers:Array(UInt64)}))"
    )
    if events.query(f"select 1 from journey_runs where {former} limit 1", values):  # noqa: S608
        events.command(f"delete from {events.rows_of('journey_runs')} where {former}", values)  # noqa: S608


def delete_versions(events: EventStore, project: int, versions: Collection[int], *, before: int) -> list[int]:
    """Delete the runs of these journey versions that were stored before this stamp; returns which had any."""
    values = {"project": project, "versions": sorted(versions), "before": before}
    theirs = (
        "project = {project:UInt32} and journey_version in {versions:Array(UInt32)} "
        "and version < {before:UInt64}"
    )
    rows = events.query(f"select distinct journey_version from journey_runs where {theirs}", values)  # noqa: S608
    if rows:
        events.command(f"delete from {events.rows_of('journey_runs')} where {theirs}", values)  # noqa: S608
    return sorted(row["journey_version"] for row in rows)


def unname_browsers(events: EventStore, project: int, own: Collection[int], browsers: Sequence[str]) -> None:
    """Take these anonymous ids out of the events of others, who were signed in in the same browser."""
    values = {"project": project, "own": sorted(own), "browsers": list(browsers)}
    theirs = (
        "project = {project:UInt32} and anonymous_id in {browsers:Array(String)} "
        "and identity not in {own:Array(UInt64)}"
    )
    if browsers and events.query(f"select 1 from events where {theirs} limit 1", values):  # noqa: S608
        done = "settings mutations_sync = 2"
        events.command(
            f"alter table {events.rows_of('events')} update anonymous_id = '' where {theirs} {done}", values
        )


def inserts_under_way(events: EventStore) -> list[str]:
    """The statements, by id, that write rows at this moment: each may have read what is deleted since.

    The event store itself knows, whichever process sent them; one that begins later reads what is left.
    """
    rows = events.query(
        f"select query_id from {events.system('processes')} "  # noqa: S608
        "where query_kind = 'Insert' and is_initial_query and current_database = {database:String}",
        {"database": events.database},
    )
    return [row["query_id"] for row in rows]


def rewrite(events: EventStore) -> int:
    """Write every part anew that has deleted rows; returns how many there were."""
    masked = events.query(
        f"select table, count() as n from {events.system('parts')} "  # noqa: S608
        "where database = {database:String} and active and has_lightweight_delete "
        "group by table order by table",
        {"database": events.database},
    )
    for row in masked:
        rows = events.rows_of(row["table"].removesuffix(LOCAL))
        events.command(f"alter table {rows} apply deleted mask settings mutations_sync = 2")
    return sum(row["n"] for row in masked)


def _tables_of_customers(events: EventStore) -> dict[str, set[str]]:
    """Every table that names a customer or an identity, with its columns: also one that is made later."""
    rows = events.query(
        "select table, groupArray(name) as columns from system.columns where database = currentDatabase() "
        "and table in (select name from system.tables where database = currentDatabase() "
        "and engine like '%MergeTree') group by table order by table"
    )
    found = {row["table"].removesuffix(LOCAL): set(row["columns"]) for row in rows}
    return {
        name: columns
        for name, columns in found.items()
        if "project" in columns and columns & {"identity", "customer"}
    }
