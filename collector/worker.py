"""Carries batches from the inbox through the pipeline into the event store.

Each message is counted once, whenever the process dies, because a batch is repeated whole and each of its
stages is harmless when repeated:

- The pipeline answers equally for equal envelopes, and the batch keeps its token. So the same rows come under
  the same token, and every partition of the event table that has them already ignores them.
- Message ids are written after the events, all at once. A repeat finds either none of its own, and inserts
  again under the token, or all, and inserts nothing. Ids that became known through other batches only make
  the repeat smaller: their rows are stored, by that batch or by this one's first attempt.
- Links are edges that are entered once. They may have renamed customers before the crash, so a repeat also
  hands on every former name of the customers that it touches.
- Drops are kept in the transaction that forgets the batch.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from collector.counters import Counters
from collector.pipeline import Outcome, Tools, run
from store.drops import DropRow
from store.event import Event
from store.events import EventStore
from store.identities import Ledger
from store.inbox import Batch, Inbox
from store.rules import ProjectRules
from store.settings import Settings

log = logging.getLogger("waywiser.worker")

GATHER_SECONDS = 0.15  # between an inbox found nearly empty and the next look
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

After = Callable[[int, set[int]], None]


class Worker:
    """Takes batches until it is stopped. `after(project, customers)` is called for whom a batch touched."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        events: EventStore,
        ledger: Ledger,
        settings: Settings,
        rules: Callable[[int], ProjectRules],
        clock: Callable[[], int],
        after: After,
    ) -> None:
        self._inbox = inbox
        self._events = events
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._after = after
        self._tools = Tools.opened(settings, rules)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
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
        while not self._stopping.is_set():
            self._stopping.wait(self._turn())
        self._tools.close()

    def drain(self, told: Callable[[], None] | None = None) -> None:
        """Work off what waits now; `told` is called after each batch. Raises what goes wrong."""
        while batch := self._claim():
            self._carry(batch)
            if told:
                told()

    def _turn(self) -> float:
        """One batch, if there is one; returns how many seconds to pause."""
        batch = None
        try:
            if self._inbox.depth() == 0 or (batch := self._claim()) is None:
                return GATHER_SECONDS
            self._carry(batch)
        except Exception as error:  # a worker outlives every failure of the stores
            return self._failed(batch, error)
        self._recovered()
        # A small batch says that the sender is slower than we: wait for the next ones together.
        is_large = sum(len(one.messages) for one in batch.envelopes) * 2 >= self._settings.batch_events
        return 0 if is_large else GATHER_SECONDS

    def _claim(self) -> Batch | None:
        return self._inbox.claim(now=self._clock(), most_events=self._settings.batch_events)

    def _carry(self, batch: Batch) -> None:
        outcomes = self._through_pipeline(batch)
        fresh = [e for project, outcome in outcomes.items() for e in self._unknown(project, outcome.events)]
        if fresh:
            self._events.insert(fresh, token=batch.token)
        for project, outcome in outcomes.items():
            if customers := self._touched(project, outcome, is_repeat=batch.attempts > 1):
                self._after(project, customers)
        drops = [drop for outcome in outcomes.values() for drop in outcome.drops]
        self._inbox.acknowledge(batch, drops)
        self._count(outcomes, fresh, drops)

    def _through_pipeline(self, batch: Batch) -> dict[int, Outcome]:
        """What became of the batch, by project."""
        outcomes: dict[int, Outcome] = defaultdict(Outcome)
        for envelope in batch.envelopes:
            outcomes[envelope.project].add(run(envelope, self._tools))
        return outcomes

    def _unknown(self, project: int, events: list[Event]) -> list[Event]:
        """The events without copies: of each other, and of what is stored."""
        first: dict[bytes, Event] = {}
        for event in events:
            first.setdefault(event.event_id, event)
        for known in self._events.known_messages(project, list(first)) if first else ():
            del first[known]
        return list(first.values())

    def _touched(self, project: int, outcome: Outcome, *, is_repeat: bool) -> set[int]:
        """Enter the links; returns the customers whose events or identities changed."""
        customers = self._ledger.join(project, outcome.links)
        customers |= self._ledger.customers_of(project, {event.identity for event in outcome.events})
        if is_repeat:
            customers |= set(self._ledger.identities_of(project, sorted(customers)))
        return customers

    def _count(self, outcomes: dict[int, Outcome], fresh: list[Event], drops: list[DropRow]) -> None:
        events = sum(len(outcome.events) for outcome in outcomes.values())
        self.counters.count(
            now=self._clock(),
            accepted=len(fresh),
            duplicates=events - len(fresh),
            dropped=Counter(drop.code for drop in drops),
        )

    def _failed(self, batch: Batch | None, error: Exception) -> float:
        self._failures += 1
        self.counters.count_failure()
        if self._failures == 1:
            log.error("a batch could not be stored; it is tried again until it can", exc_info=error)
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE_SECONDS)
        if batch:
            # Others may pass in the meantime, so that one bad batch does not stop them all.
            waits = min(FIRST_PAUSE_SECONDS * 2.0 ** (batch.attempts - 1), LONGEST_PAUSE_SECONDS)
            try:
                self._inbox.release(batch, until=self._clock() + int(waits * 1000))
            except Exception as also:  # then its lease runs out
                log.warning("a batch could not be given back: %s", also)
        return pause

    def _recovered(self) -> None:
        if self._failures:
            log.info("batches are stored again, after %d failures", self._failures)
        self._failures = 0
