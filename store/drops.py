"""Drops: events that were refused, kept with their reason and as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, func, select

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


def keep_drops(connection: Connection, rows: Sequence[DropRow]) -> None:
    """Write drops inside the caller's transaction."""
    keep_values(connection, values_of(rows))


def keep_once(connection: Connection, rows: Sequence[DropRow]) -> None:
    """Write drops of an import in place of the equal ones that an earlier import of the same rows left."""
    for row in rows:
        connection.execute(
            drops.delete().where(
                drops.c.project_id == row.project,
                drops.c.place == row.place,
                drops.c.field == row.field,
                drops.c.message == row.message,
            )
        )
    keep_drops(connection, rows)


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
    engine: Engine, project_id: int, *, code: str | None = None, limit: int = 100
) -> list[RowMapping]:
    """The newest drops of a project."""
    query = select(drops).where(drops.c.project_id == project_id)
    if code:
        query = query.where(drops.c.code == code)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(drops.c.id.desc()).limit(limit)).mappings().all())


def drops_by_code(engine: Engine, project_id: int) -> dict[str, int]:
    """How many drops there are for each reason, the most frequent first."""
    count = func.count().label("n")
    query = (
        select(drops.c.code, count)
        .where(drops.c.project_id == project_id)
        .group_by(drops.c.code)
        .order_by(count.desc())
    )
    with engine.connect() as connection:
        return {row.code: row.n for row in connection.execute(query)}
