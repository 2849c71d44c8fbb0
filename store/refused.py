"""The numbers that refused events carry: they came, though they were not taken, so they are no loss."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import Engine, select

from store.ingestion import library_of
from store.tables import drops

MOST_REFUSED = 20_000
LARGEST = 2**63 - 1


class Refused(NamedTuple):
    """One refused event that its client had numbered."""

    received_at: int
    library: str
    message_id: str
    anonymous_id: str
    session: str
    url: str
    sequence: int


class _Page(msgspec.Struct, frozen=True):
    url: str = ""


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    sequence: int
    session_id: str = ""
    page: _Page = _Page()


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    context: _Context
    message_id: str = ""
    anonymous_id: str | None = None


class _Original(msgspec.Struct, frozen=True):
    message: _Message
    history: bool = False


_decode = msgspec.json.Decoder(_Original).decode


def refused_numbers(engine: Engine, project_id: int, start: int, end: int) -> list[Refused]:
    """The numbered ones among the newest refused events that came from `start` until before `end`."""
    query = (
        select(drops.c.received_at, drops.c.original)
        .where(drops.c.project_id == project_id, drops.c.received_at >= start, drops.c.received_at < end)
        .order_by(drops.c.id.desc())
        .limit(MOST_REFUSED)
    )
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=500).execute(query)
        return [found for row in rows if (found := _read(row.received_at, row.original))]


def _read(received_at: int, original: bytes) -> Refused | None:
    try:
        read = _decode(original)
    except (msgspec.DecodeError, RecursionError):  # it has no number, or is too broken to tell
        return None
    message = read.message
    if read.history or not 0 < message.context.sequence <= LARGEST:
        return None
    return Refused(
        received_at=received_at,
        library=library_of(original),
        message_id=message.message_id,
        anonymous_id=(message.anonymous_id or "").strip(),
        session=message.context.session_id,
        url=message.context.page.url,
        sequence=message.context.sequence,
    )
