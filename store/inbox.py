"""Where envelopes wait on disk between the door and the worker.

`put` returns after the envelope is on disk; `enter` returns at once, with a receipt for that. One thread
commits for all requests that wait at that moment, so a full sync is paid once for many.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from store.client_health import Health
from store.db import writing
from store.drops import DropRow, keep_once, keep_values, values_of
from store.hurry import take_time
from store.ingestion import add_counts, counts_of_drops
from store.tables import inbox

Receipt = Future[None]  # done when an envelope is on disk; otherwise it has an InboxUnavailable; for several

COMMIT_AT_ONCE = 512
COUNT_EVERY_S = 1.0  # at most, while the inbox seems to be full
COLUMNS = ("project_id", "body", "events", "received_at")


class InboxUnavailable(Exception):
    """The inbox cannot keep an envelope now; the sender should try again later."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request as it arrived: what every message in it shares, and the messages.

    Times are milliseconds since 1970. `history` marks imports, whose times are kept as given. `health` is
    what the client said of itself beside its messages.
    """

    project: int
    received_at: int
    side: str
    history: bool = False
    ip: str = ""
    user_agent: str = ""
    hints: str = ""  # Sec-CH-UA, Sec-CH-UA-Mobile and Sec-CH-UA-Platform, one a line
    sent_at: int | None = None
    health: Health | UnsetType = UNSET
    messages: list[dict[str, Any]]


class Sealed(NamedTuple):
    """An envelope as it is written: its project, its bytes, how many events it holds, and when it came."""

    project: int
    body: bytes
    events: int
    received_at: int | None = None


@dataclass(slots=True)
class _Group:
    """What is committed together; all of it has one receipt."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    drops: list[dict[str, Any]] = field(default_factory=list)
    receipt: Receipt = field(default_factory=Future)


class Inbox:
    """The door's side of the inbox. `lacks_room` says whether the disk is nearly full."""

    def __init__(
        self, engine: Engine, *, limit: int = 1_000_000, lacks_room: Callable[[], bool] = lambda: False
    ) -> None:
        self._engine = engine
        self._limit = limit
        self._lacks_room = lacks_room
        self._groups: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._open: _Group | None = None  # the last of them, which what comes now still joins
        self._depth, self._counted_at = self.depth(), time.monotonic()
        self._writer = threading.Thread(target=self._commit_for_all, name="inbox", daemon=True)
        self._own: PoolProxiedConnection | None = None  # the writer thread's connection to SQLite
        self.trouble = ""  # why the last commit failed; empty when it did not
        self._closed = False
        self._joining = threading.Lock()
        self._counting = threading.Lock()
        self._writer.start()

    def put(self, envelope: Envelope | None, drops: Sequence[DropRow] = ()) -> None:
        """Keep an envelope, and what the door refused of it; returns when both are on disk.

        Raises InboxUnavailable when the inbox is full, closed or cannot be written.
        """
        self.enter(envelope, drops).result()

    def enter(self, envelope: Envelope | None, drops: Sequence[DropRow] = ()) -> Receipt:
        """Line an envelope up, with what the door refused of it; the receipt says when both are on disk.

        Raises InboxUnavailable when the inbox is full or closed.
        """
        self.require_room()
        # Encoded here, so that what cannot be encoded fails its own sender and not all who wait.
        row = _row(sealed(envelope)) if envelope else None
        refused = values_of(drops)
        with self._joining:
            if self._closed:
                raise InboxUnavailable("the collector is stopping")
            group = self._open
            if group is None or len(group.rows) >= COMMIT_AT_ONCE:
                group = self._open = _Group()
                self._groups.put(group)
            if row:
                group.rows.append(row)
            group.drops += refused
        return group.receipt

    def require_room(self) -> None:
        """Raises InboxUnavailable when nothing more may wait, or the disk has no room for it."""
        if self._is_full():
            raise InboxUnavailable(f"{self._limit} envelopes wait already")
        try:
            is_short = self._lacks_room()
        except OSError as error:
            raise InboxUnavailable(f"the disk cannot be looked at: {error.strerror or error}") from None
        if is_short:
            raise InboxUnavailable("the disk is nearly full")

    def depth(self) -> int:
        """How many envelopes wait."""
        return waiting(self._engine)

    def close(self) -> None:
        """Commit what waits and stop."""
        with self._joining:
            self._closed = True
            self._groups.put(None)
        self._writer.join(timeout=10)

    def _commit_for_all(self) -> None:
        while group := self._groups.get():
            with self._joining:
                if self._open is group:
                    self._open = None
            self._commit(group)
        if self._own:
            self._own.close()

    def _commit(self, group: _Group) -> None:
        try:
            self._write(group.rows, group.drops)
        except Exception as error:  # whatever it is: the thread must live, and nobody may wait for ever
            self.trouble = (str(error) or type(error).__name__).splitlines()[0]
            group.receipt.set_exception(InboxUnavailable(str(error)))
            return
        self.trouble = ""
        group.receipt.set_result(None)
        with self._counting:
            self._depth += len(group.rows)

    def _write(self, rows: list[dict[str, Any]], drops: list[dict[str, Any]]) -> None:
        if self._engine.dialect.name == "sqlite" and not drops:
            return self._write_at_once(rows)
        with writing(self._engine) as connection:
            if rows:
                connection.execute(inbox.insert(), rows)
            keep_values(connection, drops)
            add_counts(connection, counts_of_drops(drops))
        return None

    def _write_at_once(self, rows: list[dict[str, Any]]) -> None:
        """One statement is one transaction: begin, insert and commit in one call, without the interpreter's
        lock, for which the request threads would make this thread wait again and again."""
        values = ",".join([f"({','.join('?' * len(COLUMNS))})"] * len(rows))
        parameters = [row[name] for row in rows for name in COLUMNS]
        if self._own is None or not self._own.is_valid:
            self._own = self._engine.raw_connection()
        try:
            cursor = self._own.cursor()
            cursor.execute(f"insert into inbox ({','.join(COLUMNS)}) values {values}", parameters)  # noqa: S608
            cursor.close()
        except Exception:
            self._own.invalidate()
            raise

    def _is_full(self) -> bool:
        """Whether no more may wait; counted anew before it refuses, as workers take from it meanwhile."""
        if self._depth >= self._limit and time.monotonic() - self._counted_at > COUNT_EVERY_S:
            take_time()
            self._recount()
        return self._depth >= self._limit

    def _recount(self) -> None:
        with self._counting, suppress(SQLAlchemyError):
            self._counted_at = time.monotonic()
            self._depth = self.depth()


def waiting(engine: Engine, *, up_to: int | None = None) -> int:
    """How many envelopes wait in the inbox; with `up_to`, only those of that number or a lower one."""
    query = select(func.count()).select_from(inbox)
    with engine.connect() as connection:
        return connection.execute(query if up_to is None else query.where(inbox.c.id <= up_to)).scalar_one()


def put_together(engine: Engine, ready: Iterable[Sealed], drops: Iterable[DropRow] = ()) -> int:
    """Put many envelopes in one transaction: all of them enter the inbox, or none.

    Returns the highest number that an envelope in the inbox has.
    """
    with writing(engine) as connection:
        several, refused = iter(ready), iter(drops)
        while some := list(islice(several, 100)):
            put_inside(connection, some)
        while rows := list(islice(refused, 1_000)):
            keep_once(connection, rows)
        return put_inside(connection, [])


def put_inside(connection: Connection, ready: Sequence[Sealed]) -> int:
    """Put envelopes inside the caller's transaction; returns the highest number that one in the inbox has."""
    if ready:
        connection.execute(inbox.insert(), [_row(one) for one in ready])
    return connection.execute(select(func.max(inbox.c.id))).scalar() or 0


def sealed(envelope: Envelope) -> Sealed:
    """An envelope made ready, so that no time is spent on it inside a transaction.

    JSON, because MessagePack has no whole numbers above 64 bits, and events may.
    """
    return Sealed(
        envelope.project, msgspec.json.encode(envelope), len(envelope.messages), envelope.received_at
    )


def _row(one: Sealed) -> dict[str, Any]:
    return {
        "project_id": one.project,
        "body": one.body,
        "events": one.events,
        "received_at": one.received_at,
    }
