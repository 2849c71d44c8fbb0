"""Where envelopes wait on disk between the door and the worker.

`put` returns after the envelope is on disk. One thread commits for all requests that wait at that
moment, so a full sync is paid once for many.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from store import kept
from store.db import writing
from store.drops import DropRow, keep_drops, keep_once, keep_values, values_of
from store.tables import inbox

LEASE_MS = 120_000
COMMIT_AT_ONCE = 512
COUNT_EVERY_S = 5
COLUMNS = ("project_id", "body", "events", "attempts")
CLAIM_ENVELOPES = 5_000


class InboxUnavailable(Exception):
    """The inbox cannot keep an envelope now; the sender should try again later."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request as it arrived: what every message in it shares, and the messages.

    Times are milliseconds since 1970. `history` marks imports, whose times are kept as given.
    """

    project: int
    received_at: int
    side: str
    history: bool = False
    ip: str = ""
    user_agent: str = ""
    sent_at: int | None = None
    messages: list[dict[str, Any]]


class Sealed(NamedTuple):
    """An envelope as it is written: its project, its bytes, and how many events it holds."""

    project: int
    body: bytes
    events: int


@dataclass(frozen=True)
class Batch:
    """Envelopes that one worker holds until it acknowledges them; repeated whole after a crash."""

    number: int
    token: str
    attempts: int
    envelopes: list[Envelope]


@dataclass
class _Waiting:
    row: dict[str, Any] | None
    drops: list[dict[str, Any]]
    done: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None


class Inbox:
    """Envelopes between door and worker, in the relational store."""

    def __init__(self, engine: Engine, *, limit: int = 1_000_000) -> None:
        self._engine = engine
        self._limit = limit
        self._store_name = kept.value(engine, "store_name")
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._depth, self._counted_at = self.depth(), time.monotonic()
        self._writer = threading.Thread(target=self._commit_for_all, name="inbox", daemon=True)
        self._own: PoolProxiedConnection | None = None  # the writer thread's connection to SQLite
        self.trouble = ""  # why the last commit failed; empty when it did not
        self._closed = False
        self._closing = threading.Lock()
        self._counting = threading.Lock()
        self._writer.start()

    def put(self, envelope: Envelope | None, drops: Sequence[DropRow] = ()) -> None:
        """Keep an envelope, and what the door refused of it; returns when both are on disk.

        Raises InboxUnavailable when the inbox is full, closed or cannot be written.
        """
        if self._is_full():
            raise InboxUnavailable(f"{self._limit} envelopes wait already")
        # Encoded here, so that what cannot be encoded fails its own sender and not all who wait.
        waiting = _Waiting(_row(sealed(envelope)) if envelope else None, values_of(drops))
        with self._closing:
            if self._closed:
                raise InboxUnavailable("the collector is stopping")
            self._waiting.put(waiting)
        waiting.done.wait()
        if waiting.error:
            raise InboxUnavailable(str(waiting.error)) from waiting.error

    def depth(self) -> int:
        """How many envelopes wait."""
        return waiting(self._engine)

    def claim(self, *, now: int, most_events: int) -> Batch | None:
        """Take the next envelopes, oldest first; a batch whose worker is gone comes first and whole."""
        with writing(self._engine) as connection:
            lost = connection.execute(
                select(inbox.c.batch)
                .where(inbox.c.batch.is_not(None), inbox.c.claimed_until < now)
                .order_by(inbox.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).scalar()
            if lost is None:
                lost = self._fresh_batch(connection, most_events)
                if lost is None:
                    return None
            taken = connection.execute(
                update(inbox)
                .where(inbox.c.batch == lost, inbox.c.claimed_until < now)
                .values(claimed_until=now + LEASE_MS, attempts=inbox.c.attempts + 1)
            )
            if taken.rowcount == 0:
                return None
            rows = connection.execute(
                select(inbox.c.body, inbox.c.attempts).where(inbox.c.batch == lost).order_by(inbox.c.id)
            ).all()
        # The content is part of the token: numbers come again when an older copy of this store is restored.
        content = hashlib.blake2b(digest_size=16)
        for row in rows:
            content.update(row.body)
        token = f"{self._store_name}:{lost}:{content.hexdigest()}"
        return Batch(lost, token, rows[0].attempts, [_decode(row.body) for row in rows])

    def acknowledge(self, batch: Batch, drops: Sequence[DropRow] = ()) -> None:
        """Forget a batch that the event store has, and keep what the pipeline refused of it."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(inbox).where(inbox.c.batch == batch.number)).rowcount
            if gone:
                keep_drops(connection, drops)
        self._count(-gone)

    def release(self, batch: Batch, *, until: int = 0) -> None:
        """Give a batch back, to be claimed again whole after `until`; others may go first."""
        with writing(self._engine) as connection:
            connection.execute(update(inbox).where(inbox.c.batch == batch.number).values(claimed_until=until))

    def release_all(self) -> None:
        """Give every claimed batch back; only for a process that is the only worker."""
        with writing(self._engine) as connection:
            connection.execute(update(inbox).where(inbox.c.batch.is_not(None)).values(claimed_until=0))

    def close(self) -> None:
        """Commit what waits and stop."""
        with self._closing:
            self._closed = True
            self._waiting.put(None)
        self._writer.join(timeout=10)

    def _fresh_batch(self, connection: Connection, most_events: int) -> int | None:
        rows = connection.execute(
            select(inbox.c.id, inbox.c.events)
            .where(inbox.c.batch.is_(None))
            .order_by(inbox.c.id)
            .limit(CLAIM_ENVELOPES)
            .with_for_update(skip_locked=True)
        ).all()
        if not rows:
            return None
        ids: list[int] = []
        events = 0
        for row in rows:
            if ids and events + row.events > most_events:
                break
            ids.append(row.id)
            events += row.events
        connection.execute(
            update(inbox)
            .where(inbox.c.batch.is_(None), inbox.c.id.between(ids[0], ids[-1]), inbox.c.id.in_(ids))
            .values(batch=ids[0], claimed_until=0)
        )
        return ids[0]

    def _commit_for_all(self) -> None:
        closing = False
        while not closing:
            group = [self._waiting.get()]
            while len(group) < COMMIT_AT_ONCE:
                try:
                    group.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            closing = None in group
            self._commit([one for one in group if one is not None])
        if self._own:
            self._own.close()

    def _commit(self, group: list[_Waiting]) -> None:
        rows = [one.row for one in group if one.row]
        drops = [drop for one in group for drop in one.drops]
        error: Exception | None = None
        try:
            self._write(rows, drops)
        except Exception as failure:  # whatever it is: the thread must live, and nobody may wait for ever
            error = failure
        self.trouble = str(error).splitlines()[0] if error else ""
        for one in group:
            one.error = error
            one.done.set()
        if error is None:
            self._count(len(rows))

    def _write(self, rows: list[dict[str, Any]], drops: list[dict[str, Any]]) -> None:
        if self._engine.dialect.name == "sqlite" and not drops:
            return self._write_at_once(rows)
        with writing(self._engine) as connection:
            if rows:
                connection.execute(inbox.insert(), rows)
            keep_values(connection, drops)
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

    def _count(self, change: int) -> None:
        with self._counting:
            self._depth = max(0, self._depth + change)
        if time.monotonic() - self._counted_at > COUNT_EVERY_S:
            self._recount()

    def _is_full(self) -> bool:
        """Whether no more may wait; counted anew before it refuses, as other processes take from it too."""
        if self._depth >= self._limit and time.monotonic() - self._counted_at > 1:
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


def put_together(engine: Engine, ready: Iterable[Sealed], drops: Sequence[DropRow] = ()) -> int:
    """Put many envelopes in one transaction: all of them enter the inbox, or none.

    Returns the highest number that an envelope in the inbox has.
    """
    with writing(engine) as connection:
        several = iter(ready)
        while rows := [_row(one) for one in islice(several, 100)]:
            connection.execute(inbox.insert(), rows)
        for start in range(0, len(drops), 1_000):
            keep_once(connection, drops[start : start + 1_000])
        return connection.execute(select(func.max(inbox.c.id))).scalar() or 0


def sealed(envelope: Envelope) -> Sealed:
    """An envelope made ready, so that no time is spent on it inside a transaction.

    JSON, because MessagePack has no whole numbers above 64 bits, and events may.
    """
    return Sealed(envelope.project, msgspec.json.encode(envelope), len(envelope.messages))


def _row(one: Sealed) -> dict[str, Any]:
    return {"project_id": one.project, "body": one.body, "events": one.events, "attempts": 0}


def _decode(body: bytes) -> Envelope:
    return msgspec.json.decode(body, type=Envelope)
