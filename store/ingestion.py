"""Ingestion counts: what became of the events of each hour, written in the transactions that keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, case, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import ingestion

HOUR = 3_600_000
MOST_DETAIL = 128
MOST_LIBRARY = 150
MOST_SUMS = 300  # of one transaction; a sender that makes up library names must not fill the table
OTHER_LIBRARIES = "(others)"

# Project, hour of receipt in milliseconds, what, detail, library: the key of one sum.
Count = tuple[int, int, str, str, str]


class _Library(msgspec.Struct, frozen=True):
    name: str | int | float = ""
    version: str | int | float = ""


class _Context(msgspec.Struct, frozen=True):
    library: _Library = _Library()


class _Message(msgspec.Struct, frozen=True):
    context: _Context = _Context()


class _Original(msgspec.Struct, frozen=True):
    message: _Message = _Message()


_decode_original = msgspec.json.Decoder(_Original).decode


def add_counts(connection: Connection, counts: Mapping[Count, int]) -> None:
    """Add to the sums inside the caller's transaction; in one order, so that writers never lock crosswise."""
    if not counts:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(ingestion)
    sums = insert.on_conflict_do_update(
        index_elements=list(ingestion.primary_key.columns), set_={"n": ingestion.c.n + insert.excluded.n}
    )
    names = [column.name for column in ingestion.primary_key.columns]
    rows = [dict(zip(names, key, strict=True)) | {"n": n} for key, n in sorted(_bounded(counts).items())]
    connection.execute(sums, rows)


def take_back(connection: Connection, counts: Mapping[Count, int]) -> None:
    """Take from the sums, inside the caller's transaction, what is counted anew under another name.

    A library that was summed up with others is taken from those.
    """
    for key, n in sorted(counts.items()):
        for library in (key[-1], OTHER_LIBRARIES):
            names = zip(ingestion.primary_key.columns, (*key[:-1], library), strict=True)
            enough = [column == value for column, value in names] + [ingestion.c.n >= n]
            if connection.execute(update(ingestion).where(*enough).values(n=ingestion.c.n - n)).rowcount:
                break


def _bounded(counts: Mapping[Count, int]) -> Mapping[Count, int]:
    """The largest sums as they are, the rest without their libraries."""
    if len(counts) <= MOST_SUMS:
        return counts
    largest = Counter(counts).most_common()
    bounded = Counter(dict(largest[:MOST_SUMS]))
    for (*key, _library), n in largest[MOST_SUMS:]:
        bounded[(*key, OTHER_LIBRARIES)] += n  # type: ignore[index]
    return bounded


def counts_of_drops(values: Sequence[Mapping[Any, Any]]) -> dict[Count, int]:
    """The counts of refused events, from the columns that `store.drops.values_of` makes."""
    return Counter(
        (
            row["project_id"],
            hour_of(row["received_at"]),
            "dropped",
            kept_text(row["code"], MOST_DETAIL),
            library_of(row["original"]),
        )
        for row in values
    )


def hour_of(at: int) -> int:
    """The start of the hour of a time, both in milliseconds."""
    return at - at % HOUR


def kept_text(value: str, most: int) -> str:
    """Text as every store keeps it: no NUL, no lone surrogates, not longer than its column."""
    return value[:most].encode("utf-8", "replace").decode().replace("\0", "")


def library_of(original: bytes | Mapping[str, Any]) -> str:
    """The library that a refused event names, encoded or not; empty where it names none that can be read."""
    try:
        if isinstance(original, bytes):
            library = _decode_original(original).message.context.library
        else:
            library = msgspec.convert(original, _Original).message.context.library
    except (msgspec.DecodeError, RecursionError):  # refused events may have any shape
        return ""
    name = f"{library.name}/{library.version}" if library.version else f"{library.name}"
    return kept_text(name, MOST_LIBRARY)


def hourly(engine: Engine, project_id: int, start: int, end: int) -> list[tuple[int, str, str, int]]:
    """Hour, what, detail and sum, for the hours that begin in the span; only drops are told by detail."""
    dropped = ingestion.c.what == literal_column("'dropped'")
    detail = case((dropped, ingestion.c.detail), else_=literal_column("''"))
    return _sums(engine, (ingestion.c.hour, ingestion.c.what, detail), project_id, start, end)


def by_library(engine: Engine, project_id: int, start: int, end: int) -> list[tuple[str, str, int]]:
    """Library, what and sum over the hours that begin in the span."""
    return _sums(engine, (ingestion.c.library, ingestion.c.what), project_id, start, end)


def by_detail(engine: Engine, project_id: int, start: int, end: int) -> list[tuple[str, str, int]]:
    """What, detail and sum over the hours that begin in the span."""
    return _sums(engine, (ingestion.c.what, ingestion.c.detail), project_id, start, end)


def _sums(
    engine: Engine, columns: Sequence[ColumnElement[Any]], project_id: int, start: int, end: int
) -> list[Any]:
    query = (
        select(*columns, func.sum(ingestion.c.n))
        .where(ingestion.c.project_id == project_id, ingestion.c.hour >= start, ingestion.c.hour < end)
        .group_by(*columns)
    )
    with engine.connect() as connection:
        return sorted((*row[:-1], int(row[-1])) for row in connection.execute(query))
