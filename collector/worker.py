"""Takes batches from the inbox to the event store, and deals with those that cannot be stored.

While more waits than one batch holds, the next one goes through the pipeline while the one before is stored.

A store that is away is waited for. A batch that fails while the stores work is to blame itself: after three
tries it is tried in ever smaller parts, and the one envelope that fails by itself is set aside.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from collector.ahead import Ahead, Digested
from collector.carrier import Carrier
from collector.counters import Counters
from collector.poison import CODE, set_aside
from store.batches import LEASE_MS, TRIES, Batch, NotHeld
from store.db import StoreUnavailable
from store.event_errors import EventStoreError

log = logging.getLogger("waywiser.worker")

GATHER_SECONDS = 0.15  # between an inbox found nearly empty and the next look
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
LARGE_BATCH = 1_000  # events; after one there is more to do at once
STORE_IS_AWAY = (OperationalError, InterfaceError, NoConnection, StoreUnavailable)


class Worker:
    """Takes batches of up to so many events until it is stopped."""

    def __init__(self, carrier: Carrier, *, most_events: int) -> None:
        self._carrier = carrier
        self._batches = carrier.batches
        self._clock = carrier.clock
        self._ahead = Ahead(carrier, most_events=most_events)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._in_hand: Batch | None = None
        self._to_give_back: list[Callable[[], None]] = []
        self._failures = 0
        self.counters = Counters()

    def start(self) -> None:
        """Work in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 60) -> None:
        """Finish the batch in hand and end."""
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout)

    def run(self) -> None:
        """Work in this thread until `stop`."""
        lease = threading.Thread(target=self._keep_lease, name="lease", daemon=True)
        lease.start()
        self._carrier.events.takes_inserts()  # loads what an insert needs, before the first batch
        while not self._stopping.is_set():
            self._stopping.wait(self._turn())
        try:
            self._ahead.give_back()
        except Exception as error:
            log.warning("a batch could not be given back; it is taken again when its lease ends: %s", error)
        lease.join()
        self._carrier.tools.close()

    def drain(self, told: Callable[[], None] | None = None) -> None:
        """Work off what waits now; `told` is called after each batch. Raises what goes wrong."""
        try:
            while digested := self._ahead.next():
                self._carry(digested)
                if told:
                    told()
        finally:
            self._ahead.give_back()

    def _turn(self) -> float:
        """One batch, if there is one; returns how many seconds to pause."""
        try:
            self._give_back()
            digested = self._ahead.next()
        except Exception as error:  # a worker outlives every failure of the stores
            return self._pause_after(error)
        if digested is None:
            return GATHER_SECONDS
        self._in_hand = batch = digested.batch
        try:
            self._carry(digested)
        except NotHeld:
            log.warning("a batch was taken by another worker while this one was paused; that one stores it")
        except Exception as error:
            self._failed(batch, error)
            return self._pause_after(error)
        finally:
            self._in_hand = None
        self._recovered()
        # A small batch says that the sender is slower than we: wait for the next ones together.
        return 0 if batch.suspect or batch.events >= LARGE_BATCH else GATHER_SECONDS

    def _carry(self, digested: Digested) -> None:
        batch, outcomes = digested
        if batch.is_hopeless:  # the envelope that ended every worker that took it
            self._put_aside(batch, batch.problem or "every worker that took it ended at once")
            return
        began = time.monotonic()
        carried = self._carrier.store(batch, outcomes.result())
        self.counters.count(
            now=self._clock(),
            accepted=carried.accepted,
            duplicates=carried.duplicates,
            dropped=Counter(drop.code for drop in carried.drops),
            counts=carried.counts,
            grown=carried.grown,
            seconds=time.monotonic() - began,
        )

    def _failed(self, batch: Batch, error: Exception) -> None:
        """Give the batch back, or put it aside if it is to blame: if it fails although the stores work."""
        problem = "".join(traceback.format_exception(error))
        is_to_blame = not _says_store_is_away(error) and self._carrier.events.takes_inserts()
        if is_to_blame and batch.is_alone and batch.attempts >= TRIES:
            self._to_give_back.append(lambda: self._give_up(batch, problem))
            return
        # Others may pass in the meantime, so that one bad batch does not stop them all.
        until = self._clock() + int(1000 * _pause(batch.attempts))
        self._to_give_back.append(
            lambda: self._batches.release(batch, until=until, problem=problem, is_to_blame=is_to_blame)
        )

    def _give_up(self, batch: Batch, problem: str) -> None:
        with suppress(msgspec.DecodeError):
            self._carrier.note_stored(batch)
        self._put_aside(batch, problem)

    def _put_aside(self, batch: Batch, problem: str) -> None:
        counts = set_aside(self._batches, batch, problem)
        dropped = Counter({CODE: sum(counts.values())})
        self.counters.count(
            now=self._clock(), accepted=0, duplicates=0, dropped=dropped, counts=counts, seconds=0.0
        )

    def _give_back(self) -> None:
        """Give back what could not be stored; it stays in hand while the disk is full even for that."""
        while self._to_give_back:
            self._to_give_back[0]()
            self._to_give_back.pop(0)

    def _pause_after(self, error: Exception) -> float:
        self._failures += 1
        self.counters.count_failure()
        if self._failures == 1:
            log.error("a batch could not be stored; it is tried again until it can", exc_info=error)
        pause = _pause(self._failures)
        try:
            self._give_back()
        except Exception as also:
            log.warning("a batch could not be given back yet: %s", also)
        return pause

    def _recovered(self) -> None:
        if self._failures:
            log.info("batches are stored again, after %d failures", self._failures)
        self._failures = 0

    def _keep_lease(self) -> None:
        """Tell the other workers, while a batch takes long, that this one is alive."""
        while not self._stopping.wait(LEASE_MS / 3000) or self._in_hand:
            for batch in filter(None, (self._in_hand, self._ahead.in_hand)):
                try:
                    self._batches.renew(batch, now=self._clock())
                except NotHeld:
                    pass  # who carries it will learn that too
                except Exception as error:
                    log.warning("a lease could not be renewed: %s", error)
            if self._stopping.is_set():
                time.sleep(1)


def _says_store_is_away(error: Exception) -> bool:
    return isinstance(error, STORE_IS_AWAY) or (isinstance(error, EventStoreError) and error.is_passing)


def _pause(failures: int) -> float:
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)
