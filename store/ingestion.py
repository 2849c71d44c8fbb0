"""Ingestion counts: what became of the events of each hour, written in the transactions that keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from store.db import writing
from store.tables import inbox, ingestion

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


def _bounded(counts: Mapping[Count, int]) -> Mapping[Count, int]:
    """The largest sums as they are, the rest without their libraries."""
    if len(counts) <= MOST_SUMS:
        return counts
    largest = Counter(counts).most_common()
    bounded = Counter(dict(largest[:MOST_SUMS]))
    for (*key, _library), n in largest[MOST_SUMS:]:
        bounded[(*key, OTHER_LIBRARIES)] += n  # type: ignore[index]
    return bounded


def counts_of_drops(values: Sequence[Mapping[str, Any]]) -> dict[Count, int]:
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


def oldest_waiting(engine: Engine) -> int | None:
    """When the envelope came that waits longest; None while none waits."""
    query = select(inbox.c.received_at).order_by(inbox.c.id).limit(1)
    with engine.connect() as connection:
        return connection.scalar(query)


def prove_writable(engine: Engine) -> None:
    """Put a row into the inbox and take it out in one commit; raises what the store raises when it cannot."""
    row = {"project_id": 0, "body": b"", "events": 0}
    with writing(engine) as connection:
        number = connection.execute(inbox.insert().values(row).returning(inbox.c.id)).scalar_one()
        connection.execute(inbox.delete().where(inbox.c.id == number))
