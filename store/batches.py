"""Hands out the envelopes of the inbox in batches: claimed, repeated whole after a crash, acknowledged once.

A batch that keeps failing is split, so that each of its envelopes is tried alone, and the one that is to
blame can be set aside without holding up the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    any_,
    bindparam,
    func,
    select,
    update,
)

from store import kept
from store.db import writing
from store.drops import DropRow, keep_drops
from store.inbox import Envelope, waiting
from store.ingestion import Count, add_counts
from store.tables import claims, inbox

LEASE_MS = 60_000
TRIES = 3  # whole, and then alone
BATCH_BYTES = 32 * 1024 * 1024  # of envelopes; a worker needs several times as much memory
PROBLEM_CHARACTERS = 4_000


class WaitingEnvelope(msgspec.Struct, frozen=True):
    """An envelope as it lies in the inbox. `project` can be read even where the body cannot."""

    project: int
    body: bytes
    events: int


@dataclass(frozen=True)
class Batch:
    """Envelopes that one worker holds until it acknowledges them. `alone`: one that is under suspicion."""

    number: int
    token: str
    attempts: int
    alone: bool
    problem: str
    waiting: Sequence[WaitingEnvelope]

    @cached_property
    def envelopes(self) -> list[Envelope]:
        """The envelopes; raises msgspec.DecodeError for one that was damaged on the disk."""
        return [msgspec.json.decode(one.body, type=Envelope) for one in self.waiting]

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(one.events for one in self.waiting)

    @property
    def is_repeat(self) -> bool:
        """Whether an earlier attempt may have stored some of it already."""
        return self.attempts > 1 or self.alone or bool(self.problem)

    @property
    def is_hopeless(self) -> bool:
        """Whether every worker that tried this one envelope alone failed or died."""
        return self.alone and self.attempts > TRIES


class Batches:
    """The workers' side of the inbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store_name = kept.value(engine, "store_name")

    def depth(self) -> int:
        """How many envelopes wait, claimed ones included."""
        return waiting(self._engine)

    def claim(self, *, now: int, most_events: int) -> Batch | None:
        """Take the next envelopes, oldest first; a batch whose worker is gone comes first and whole."""
        with self._engine.connect() as connection:
            if connection.execute(select(inbox.c.id).limit(1)).first() is None:
                return None
        with writing(self._engine) as connection:
            number = _lost(connection, now)
            if number is None:
                number = self._gathered(connection, most_events)
            if number is None:
                return None
            mine = inbox.c.batch == number
            lease = {"claimed_until": now + LEASE_MS, "attempts": inbox.c.attempts + 1}
            connection.execute(update(inbox).where(mine).values(lease))
            carried = (inbox.c.project_id, inbox.c.body, inbox.c.events)
            state = (inbox.c.attempts, inbox.c.alone, inbox.c.problem)
            rows = connection.execute(select(*carried, *state).where(mine).order_by(inbox.c.id)).all()
        # The content is part of the token: numbers come again when an older copy of this store is restored.
        content = hashlib.blake2b(digest_size=16)
        for row in rows:
            content.update(row.body)
        return Batch(
            number=number,
            token=f"{self._store_name}:{number}:{content.hexdigest()}",
            attempts=rows[0].attempts,
            alone=rows[0].alone,
            problem=rows[0].problem or "",
            waiting=[WaitingEnvelope(row.project_id, row.body, row.events) for row in rows],
        )

    def renew(self, batch: Batch, *, now: int) -> None:
        """Hold the batch longer: its worker is alive."""
        with writing(self._engine) as connection:
            connection.execute(
                update(inbox).where(inbox.c.batch == batch.number).values(claimed_until=now + LEASE_MS)
            )

    def acknowledge(
        self, batch: Batch, drops: Sequence[DropRow] = (), counts: Mapping[Count, int] | None = None
    ) -> bool:
        """Forget a batch that the event store has; keep what was refused of it, and what is counted.

        False when another worker was first: then nothing of it is kept a second time.
        """
        with writing(self._engine) as connection:
            gone = connection.execute(inbox.delete().where(inbox.c.batch == batch.number)).rowcount
            connection.execute(claims.delete().where(claims.c.batch == batch.number))
            if gone:
                keep_drops(connection, drops)
                add_counts(connection, counts or {})
        return gone > 0

    def release(
        self, batch: Batch, *, until: int = 0, problem: str = "given back", is_to_blame: bool = True
    ) -> None:
        """Give a batch back, to be claimed again whole after `until`; others may go first.

        A batch that is to blame itself has a try less, and is split when it has none left.
        """
        with writing(self._engine) as connection:
            if is_to_blame and not batch.alone and batch.attempts >= TRIES:
                return _split(connection, batch.number, problem)
            values: dict[str, Any] = {"claimed_until": until, "problem": problem[-PROBLEM_CHARACTERS:]}
            if not is_to_blame:
                values["attempts"] = inbox.c.attempts - 1
            connection.execute(update(inbox).where(inbox.c.batch == batch.number).values(values))
        return None

    def release_all(self) -> None:
        """Give every claimed batch back; only for a process that is the only worker."""
        with writing(self._engine) as connection:
            connection.execute(update(inbox).where(inbox.c.batch.is_not(None)).values(claimed_until=0))

    def _gathered(self, connection: Connection, most_events: int) -> int | None:
        """Make a batch of what no batch holds yet; returns its number, that of its first envelope."""
        found = connection.execute(
            select(inbox.c.id, inbox.c.events, func.length(inbox.c.body))
            .where(inbox.c.batch.is_(None))
            .order_by(inbox.c.id)
            .limit(most_events)
            .with_for_update(skip_locked=True)
        )
        ids: list[int] = []
        events = size = 0
        for number, more_events, more_bytes in found:
            events, size = events + more_events, size + more_bytes
            if ids and (events > most_events or size > BATCH_BYTES):
                break
            ids.append(number)
        if not ids:
            return None
        found.close()
        connection.execute(update(inbox).where(_these(connection, ids)).values(batch=ids[0]))
        return ids[0]


def _lost(connection: Connection, now: int) -> int | None:
    """The oldest batch that was given back or whose worker is gone; one that had all its tries is split."""
    head = (
        select(inbox.c.batch, inbox.c.attempts, inbox.c.alone, inbox.c.problem)
        # A batch has the number of its first envelope: who locks that row has the batch.
        .where(inbox.c.batch.is_not(None), inbox.c.id == inbox.c.batch, inbox.c.claimed_until < now)
        .order_by(inbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while row := connection.execute(head).first():
        if row.alone or row.attempts < TRIES:
            return int(row.batch)
        _split(connection, row.batch, row.problem or "")
    return None


def _split(connection: Connection, number: int, problem: str) -> None:
    """Let every envelope of a batch be a batch of its own. Their messages are claimed anew, by each."""
    connection.execute(claims.delete().where(claims.c.batch == number))
    values = {"batch": inbox.c.id, "alone": True, "attempts": 0, "claimed_until": 0}
    problem = problem[-PROBLEM_CHARACTERS:]
    connection.execute(update(inbox).where(inbox.c.batch == number).values(**values, problem=problem))


def _these(connection: Connection, ids: list[int]) -> ColumnElement[bool]:
    if _is_sqlite(connection):  # which has one writer: nobody can have taken one in between
        return inbox.c.batch.is_(None) & inbox.c.id.between(ids[0], ids[-1])
    return inbox.c.id == any_(bindparam("ids", ids, type_=ARRAY(BigInteger)))


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
