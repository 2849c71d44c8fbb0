"""Hands out the envelopes of the inbox in batches: claimed, repeated whole after a crash, acknowledged once.

A batch that keeps failing is suspect: it is tried in ever smaller parts, so that what is sound passes soon,
until one envelope is left, which is to blame and can be set aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Row, between, func, select, update

from store import kept
from store.db import writing
from store.drops import DropRow, keep_drops
from store.event import mark_of
from store.inbox import Envelope, waiting
from store.ingestion import Count, add_counts
from store.leases import is_over
from store.ranges import Ranges
from store.tables import batches, claims, inbox
from store.waiting import WaitingEnvelope, next_in_line, waiting_in

LEASE_MS = 60_000
TRIES = 3  # whole, and then as one envelope
PARTS = 16  # of a suspect batch that fails: the first such part is tried next
BATCH_BYTES = 32 * 1024 * 1024  # of envelopes; a worker needs several times as much memory
PROBLEM_CHARACTERS = 4_000
ONE_AT_A_TIME = 7_261_001  # PostgreSQL's advisory lock under which batches are made

FRESH: dict[str, Any] = {"claimed_until": 0, "turn": 0, "attempts": 0}
MORE: dict[str, Any] = {"turn": batches.c.turn + 1, "attempts": batches.c.attempts + 1}


_open = msgspec.json.Decoder(Envelope).decode


@dataclass(frozen=True)
class Batch:
    """Envelopes that one worker holds until it acknowledges them. `turn` proves that it still does."""

    number: int
    token: str
    mark: int
    turn: int
    attempts: int
    suspect: bool
    problem: str
    ranges: Ranges
    waiting: Sequence[WaitingEnvelope]

    def envelopes(self) -> Iterator[Envelope]:
        """The envelopes, opened one after the other: all of them at once would fill the processor's caches.

        Raises msgspec.DecodeError at one that was damaged on the disk.
        """
        for one in self.waiting:
            yield _open(one.body)

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(one.events for one in self.waiting)

    @property
    def is_repeat(self) -> bool:
        """Whether an earlier attempt may have stored some of it already."""
        return self.attempts > 1 or self.suspect or bool(self.problem)

    @property
    def is_alone(self) -> bool:
        """Whether it is the one envelope to blame, if it fails again."""
        return self.suspect and len(self.waiting) == 1

    @property
    def is_hopeless(self) -> bool:
        """Whether every worker that tried this one envelope alone failed or died."""
        return self.is_alone and self.attempts > TRIES


class NotHeld(Exception):
    """A batch was taken by another worker meanwhile: this one's lease ran out while it was paused."""


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
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
            number = _lost(connection, now)
            if number is None:
                number = _gathered(connection, most_events)
            if number is None:
                return None
            free = (batches.c.number == number) & _is_free(now)
            lease = (
                update(batches).where(free).values(claimed_until=now + LEASE_MS, **MORE).returning(batches)
            )
            row = connection.execute(lease).one_or_none()
            if row is None:  # its worker was alive after all
                return None
            found = waiting_in(connection, Ranges(row.ranges))
        return self._batch(row, found)

    def _batch(self, row: Row[tuple[object, ...]], found: list[WaitingEnvelope]) -> Batch:
        # The content is part of the token: numbers come again when an older copy of this store is restored.
        content = hashlib.blake2b(b"".join(one.body for one in found), digest_size=16)
        return Batch(
            number=row.number,
            mark=mark_of(f"{self._store_name}:{row.family}"),
            token=f"{self._store_name}:{row.number}:{content.hexdigest()}",
            turn=row.turn,
            attempts=row.attempts,
            suspect=row.suspect,
            problem=row.problem,
            ranges=Ranges(row.ranges),
            waiting=found,
        )

    def renew(self, batch: Batch, *, now: int) -> None:
        """Hold the batch longer: its worker is alive. Raises NotHeld when another worker has it by now."""
        with writing(self._engine) as connection:
            held = update(batches).where(_held(batch)).values(claimed_until=now + LEASE_MS)
            if connection.execute(held).rowcount == 0:
                raise NotHeld

    def acknowledge(
        self,
        batch: Batch,
        drops: Sequence[DropRow] = (),
        counts: Mapping[Count, int] | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> bool:
        """Forget a batch that the event store has; keep what was refused of it, and what is counted.

        `also` keeps more in the same transaction. False when another worker was first: then nothing of it is
        kept a second time.
        """
        with writing(self._engine) as connection:
            is_held = connection.execute(batches.delete().where(_held(batch))).rowcount == 1
            # Also of a batch that is gone: its late worker may have claimed messages since. Not of one that
            # another worker holds: that may be about to insert what it has claimed.
            is_gone = ~select(batches.c.number).where(batches.c.number == batch.number).exists()
            connection.execute(claims.delete().where(claims.c.batch == batch.number, is_gone))
            if not is_held:
                return False
            for first, last in batch.ranges:
                connection.execute(inbox.delete().where(between(inbox.c.id, first, last)))
            keep_drops(connection, drops)
            add_counts(connection, counts or {})
            if also:
                also(connection)
        return True

    def release(
        self, batch: Batch, *, until: int = 0, problem: str = "given back", is_to_blame: bool = True
    ) -> None:
        """Give a batch back, to be claimed again whole after `until`; others may go first.

        A batch that is to blame itself has a try less, and is suspect when it has none left.
        """
        with writing(self._engine) as connection:
            if is_to_blame and not batch.suspect and batch.attempts >= TRIES:
                return _suspect(connection, batch.number, problem, _held(batch))
            mine = update(batches).where(_held(batch))
            tries = batches.c.attempts if is_to_blame else batches.c.attempts - 1
            connection.execute(
                mine.values(claimed_until=until, problem=problem[-PROBLEM_CHARACTERS:], attempts=tries)
            )
        return None

    def release_all(self) -> None:
        """Give every claimed batch back; only for a process that is the only worker."""
        with writing(self._engine) as connection:
            connection.execute(update(batches).values(claimed_until=0))


def _held(batch: Batch) -> ColumnElement[bool]:
    """That nobody has claimed or parted the batch since."""
    return (batches.c.number == batch.number) & (batches.c.turn == batch.turn)


def require_held(connection: Connection, number: int, turn: int) -> None:
    """Raise NotHeld where another worker has taken the batch; until the transaction ends nobody takes it."""
    held = select(batches.c.number).where(batches.c.number == number, batches.c.turn == turn)
    if connection.execute(held.with_for_update(read=True)).first() is None:
        raise NotHeld


def _is_free(now: int) -> ColumnElement[bool]:
    """That no worker holds a batch, nor is it put off, which is for less long."""
    return is_over(batches.c.claimed_until, now, LEASE_MS)


def _lost(connection: Connection, now: int) -> int | None:
    """The oldest batch that was given back or whose worker is gone; of a suspect one its first part."""
    head = select(batches).where(_is_free(now)).order_by(batches.c.number).limit(1)
    while row := connection.execute(head).first():
        if row.suspect and Ranges(row.ranges).size > 1:
            return _first_part(connection, row)
        if row.suspect or row.attempts < TRIES:
            return int(row.number)
        _suspect(connection, row.number, row.problem, _is_free(now))
    return None


def _gathered(connection: Connection, most_events: int) -> int | None:
    """Make a batch of what no batch holds yet; returns its number."""
    held = Ranges.together(Ranges(row.ranges) for row in connection.execute(select(batches.c.ranges)))
    ranges = next_in_line(connection, held, most_events=most_events, most_bytes=BATCH_BYTES)
    return _entered(connection, ranges) if ranges.size else None


def _entered(connection: Connection, ranges: Ranges) -> int:
    """Enter a new batch, which begins a family of its own; returns its number."""
    values = {"ranges": list(ranges), "suspect": False, "problem": "", **FRESH}
    made = connection.execute(batches.insert().values(family=0, **values).returning(batches.c.number))
    number = int(made.scalar_one())
    connection.execute(update(batches).where(batches.c.number == number).values(family=number))
    return number


def _suspect(connection: Connection, number: int, problem: str, still: ColumnElement[bool]) -> None:
    """From now on a batch is tried in parts. They are batches of their own, and claim their messages anew."""
    mine = (batches.c.number == number) & still
    values = {"suspect": True, "claimed_until": 0, "problem": problem[-PROBLEM_CHARACTERS:]}
    if connection.execute(update(batches).where(mine).values(values | MORE | {"attempts": 0})).rowcount:
        connection.execute(claims.delete().where(claims.c.batch == number))


def _first_part(connection: Connection, row: Row[tuple[object, ...]]) -> int:
    """Take the first part out of a suspect batch, as a batch of its own; returns its number."""
    ranges = Ranges(row.ranges)
    part, rest = ranges.parted(-(-ranges.size // PARTS))
    left = {"ranges": list(rest), **MORE, "attempts": 0}
    connection.execute(update(batches).where(batches.c.number == row.number).values(left))
    connection.execute(claims.delete().where(claims.c.batch == row.number))
    values = {"ranges": list(part), "suspect": True, "problem": row.problem, **FRESH}
    made = batches.insert().values(family=row.family, **values)
    return int(connection.execute(made.returning(batches.c.number)).scalar_one())
