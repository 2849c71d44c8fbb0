"""Drops: events that were refused, kept with their reason and as they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, select, update

from store.complaint import Complaint
from store.tables import drops


class DropRow(msgspec.Struct, frozen=True, kw_only=True):
    """One refused event: where, why, and the event as it came with what its envelope said."""

    project: int
    received_at: int
    place: str
    code: str
    field: str = ""
    message: str
    original: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which drops of a project: those with this reason, place, time of receipt and number; all by default.

    `since` is inclusive, `before` is not; both are milliseconds since 1970. `above` goes on after a number.
    """

    code: str | None = None
    place: str | None = None
    since: int | None = None
    before: int | None = None
    ids: tuple[int, ...] | None = None
    above: int = 0


ALL = Chosen()
NOTHING = b"{}"  # what is left of the original of a drop whose customer was erased


class StillRefused(NamedTuple):
    """Why drops stay refused: a reason, what was said of the first of them, and how many there are."""

    code: str
    message: str
    n: int


@dataclass(frozen=True, kw_only=True)
class ReplayReport:
    """What became of drops that were run through again; in a dry run, what would become of them.

    `left` drops were not looked at: they stand above the number `reached`. `last` is the highest number that
    their envelopes have in the inbox.
    """

    replayed: int
    still_refused: int
    reasons: tuple[StillRefused, ...]
    left: int
    reached: int
    last: int


class ReplayWaits(Complaint):
    """Nothing can be run again right now; the message says why and what to do."""


def keep_drops(connection: Connection, rows: Sequence[DropRow]) -> None:
    """Write drops inside the caller's transaction."""
    keep_values(connection, values_of(rows))


def keep_once(connection: Connection, rows: Sequence[DropRow]) -> None:
    """Write drops of an import in place of the equal ones that an earlier import of the same rows left.

    Their messages name file and row, so these tell which are equal.
    """
    values = values_of(rows)
    equal = (drops.c[name].in_({row[name] for row in values}) for name in ("project_id", "place", "message"))
    connection.execute(drops.delete().where(*equal))
    keep_values(connection, values)


def keep_values(connection: Connection, values: list[dict[str, Any]]) -> None:
    """Write drops that `values_of` has encoded, inside the caller's transaction."""
    if values:
        connection.execute(drops.insert(), values)


def values_of(rows: Sequence[DropRow]) -> list[dict[str, Any]]:
    """The columns of drops; raises what the encoder raises for an original that is no JSON."""
    return [
        {
            "project_id": row.project,
            "received_at": row.received_at,
            "place": row.place,
            "code": row.code,
            "field": row.field[:64],
            "message": row.message.replace("\0", ""),  # PostgreSQL keeps no NUL in text
            "original": msgspec.json.encode(row.original),
        }
        for row in rows
    ]


def recent_drops(
    engine: Engine, project_id: int, chosen: Chosen = ALL, *, below: int | None = None, limit: int = 100
) -> list[RowMapping]:
    """The newest drops of a project, or the newest of those with a number below this one."""
    query = select(drops).where(*_are(project_id, chosen))
    if below is not None:
        query = query.where(drops.c.id < below)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(drops.c.id.desc()).limit(limit)).mappings().all())


def next_drops(
    engine: Engine, project_id: int, chosen: Chosen, *, up_to: int, limit: int
) -> list[RowMapping]:
    """The oldest drops of a project with a number not above `up_to`."""
    query = select(drops).where(*_are(project_id, chosen), drops.c.id <= up_to)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(drops.c.id).limit(limit)).mappings().all())


def all_drops(engine: Engine, project_id: int, chosen: Chosen = ALL) -> Iterator[RowMapping]:
    """The drops that there are now, the oldest first, read in pages."""
    up_to = newest_drop(engine)
    while page := next_drops(engine, project_id, chosen, up_to=up_to, limit=500):
        yield from page
        chosen = replace(chosen, above=page[-1]["id"])


def newest_drop(engine: Engine) -> int:
    """The highest number that a drop has."""
    with engine.connect() as connection:
        return connection.scalar(select(func.max(drops.c.id))) or 0


def count_drops(engine: Engine, project_id: int, chosen: Chosen = ALL, *, up_to: int) -> int:
    """How many drops there are with a number not above `up_to`."""
    query = select(func.count()).select_from(drops).where(*_are(project_id, chosen), drops.c.id <= up_to)
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def drops_by_code(engine: Engine, project_id: int, chosen: Chosen = ALL) -> dict[str, int]:
    """How many drops there are for each reason, the most frequent first."""
    count = func.count().label("n")
    query = select(drops.c.code, count).where(*_are(project_id, chosen)).group_by(drops.c.code)
    with engine.connect() as connection:
        return {row.code: row.n for row in connection.execute(query.order_by(count.desc(), drops.c.code))}


def take_drops(connection: Connection, rows: Sequence[RowMapping]) -> set[int]:
    """Delete these drops inside the caller's transaction; returns the numbers of those that were there.

    Left out is what another process holds or has taken, also where SQLite gave its number to a new drop.
    """
    found = _as_read(connection, rows, skip_locked=True)
    if found:
        connection.execute(drops.delete().where(drops.c.id.in_(found)))
    return found


def restate(
    connection: Connection, row: RowMapping, *, place: str, code: str, field: str, message: str
) -> bool:
    """Write down why a drop is refused now, inside the caller's transaction; False where it is gone."""
    is_same = (drops.c.id == row["id"]) & (drops.c.original == row["original"])
    said = {"place": place, "code": code, "field": field[:64], "message": message.replace("\0", "")}
    return connection.execute(update(drops).where(is_same).values(said)).rowcount > 0


def empty(connection: Connection, rows: Sequence[RowMapping]) -> int:
    """Keep of these drops only that they were, inside the caller's transaction: they name who was erased.

    Returns how many are still there.
    """
    found = _as_read(connection, rows)
    connection.execute(update(drops).where(drops.c.id.in_(found)).values(original=NOTHING))
    return len(found)


def delete(connection: Connection, rows: Sequence[RowMapping]) -> int:
    """Delete these drops inside the caller's transaction; returns how many are still there."""
    return connection.execute(drops.delete().where(drops.c.id.in_(_as_read(connection, rows)))).rowcount


def _as_read(connection: Connection, rows: Sequence[RowMapping], *, skip_locked: bool = False) -> set[int]:
    """The numbers of those of these drops that are as they were read; nobody else can change them until the
    transaction ends. SQLite gives the number of a drop that is gone to a new one."""
    read = {row["id"]: bytes(row["original"]) for row in rows}
    query = select(drops.c.id, drops.c.original).where(drops.c.id.in_(read))
    there = connection.execute(query.with_for_update(skip_locked=skip_locked))
    return {row.id for row in there if bytes(row.original) == read[row.id]}


def _are(project_id: int, chosen: Chosen) -> list[ColumnElement[bool]]:
    conditions = [drops.c.project_id == project_id, drops.c.id > chosen.above]
    if chosen.code:
        conditions.append(drops.c.code == chosen.code)
    if chosen.place:
        conditions.append(drops.c.place == chosen.place)
    if chosen.since is not None:
        conditions.append(drops.c.received_at >= chosen.since)
    if chosen.before is not None:
        conditions.append(drops.c.received_at < chosen.before)
    if chosen.ids is not None:
        conditions.append(drops.c.id.in_(chosen.ids))
    return conditions
