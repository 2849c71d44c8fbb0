"""Carries a batch through the pipeline into the event store, so that repeating it is harmless.

- The pipeline answers equally for equal envelopes, and the batch keeps its token. So the same rows come under
  the same token, and every partition of the event table that has them already ignores them.
- Message ids are written after the events, with the batch that counted them. A batch that is repeated looks
  for what its earlier attempts stored, in both tables, and inserts the rest.
- Where several workers share the event store, a batch claims its messages first: of copies that two workers
  hold at the same moment, one is counted.
- Links are edges that are entered once. They may have renamed customers before a crash, so a repeat also
  hands on every former name of the customers that it touches.
- Drops, counts and what clients said of themselves are kept in the transaction that forgets the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection

from collector.pipeline import Outcome, Tools, run_all
from collector.tally import tally
from store.batches import Batch, Batches, NotHeld
from store.claims import Claims
from store.client_health import Growth, Told, enter
from store.drops import DropRow
from store.event import Event
from store.events import EventStore
from store.identity import Ledger
from store.ingestion import Count
from store.news import Label, News, labels_of

After = Callable[[int, set[int], News | None], None]
Outcomes = dict[int, Outcome]  # by project


@dataclass
class Carried:
    """What became of a batch: `counts` as they are kept, `accepted` and `duplicates` of the whole of it.

    `grown` is by how much clients' own counters grew, by what they `told`.
    """

    counts: dict[Count, int] = field(default_factory=dict)
    drops: list[DropRow] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    told: list[Told] = field(default_factory=list)
    grown: Counter[Growth] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Sorted:
    """The events of one project: to be inserted, stored by an earlier attempt, and the ids that count."""

    fresh: list[Event]
    stored: list[Event]
    counted: set[bytes]


@dataclass(kw_only=True)
class Carrier:
    """Carries batches. `after(project, customers, news)` is called for whom a batch touched.

    The news are None where anything may have changed. `claims` are needed where several workers share the
    event store.
    """

    batches: Batches
    claims: Claims | None
    events: EventStore
    ledger: Ledger
    tools: Tools
    clock: Callable[[], int]
    after: After

    def digest(self, batch: Batch) -> Outcomes:
        """Take a batch through the pipeline. Nothing is stored, so this may happen ahead of its turn."""
        return run_all(batch.envelopes(), self.tools)

    def store(self, batch: Batch, outcomes: Outcomes) -> Carried:
        """Store what became of a batch and forget it. Raises what goes wrong; then nothing is forgotten.

        Raises NotHeld when another worker has taken the batch meanwhile.
        """
        parts = {project: self._sorted(batch, project, one.events) for project, one in outcomes.items()}
        fresh = [event for part in parts.values() for event in part.fresh]
        stored = [event for part in parts.values() for event in part.stored]
        if fresh or stored:
            self.batches.renew(batch, now=self.clock())  # or learn that it is another worker's by now
            self.events.insert(
                fresh, stored=stored, token=batch.token, mark=batch.mark, is_repeat=batch.is_repeat
            )
        for project, outcome in outcomes.items():
            customers, news = touched(self.ledger, project, outcome, is_repeat=batch.is_repeat)
            if customers:
                self.after(project, customers, news)
        carried = _summed(outcomes, parts)
        also = partial(_note_told, carried) if carried.told else None
        if not self.batches.acknowledge(batch, carried.drops, carried.counts, also):
            raise NotHeld
        return carried

    def note_stored(self, batch: Batch) -> None:
        """Let the event store know the messages of a batch that is given up, as far as it holds their events.

        So a later replay of these messages counts none of them again.
        """
        for outcome in self.digest(batch).values():
            ids = self.events.stored_before(outcome.events)
            if stored := [event for event in outcome.events if event.event_id in ids]:
                self.events.insert([], stored=stored, token=batch.token, mark=batch.mark, is_repeat=True)

    def _sorted(self, batch: Batch, project: int, events: list[Event]) -> _Sorted:
        """Which events are without copies: of each other, of other batches', and of what is stored."""
        first: dict[bytes, Event] = {}
        for event in events:
            first.setdefault(event.event_id, event)
        if not first:
            return _Sorted([], [], set())
        if self.claims:
            for taken in self.claims.claim(project, list(first), batch=batch.number, turn=batch.turn):
                del first[taken]
        mine = set()
        for known, by_batch in self.events.known_messages(project, list(first)).items():
            if by_batch == batch.mark:
                mine.add(known)
            else:
                first.pop(known, None)
        stored = self.events.stored_before(list(first.values())) if batch.is_repeat else set()
        return _Sorted(
            fresh=[event for id, event in first.items() if id not in mine and id not in stored],
            stored=[event for id, event in first.items() if id in stored and id not in mine],
            counted=set(first),
        )


def touched(
    ledger: Ledger, project: int, outcome: Outcome, *, is_repeat: bool
) -> tuple[set[int], News | None]:
    """Enter the links; returns the customers whose events or identities changed, and what is new of them."""
    renamed = ledger.join(project, outcome.links)
    by_identity = labels_of(outcome.events)
    owners, others = ledger.owners(project, by_identity)
    renamed |= others
    labels: dict[int, set[Label]] = {}
    for one, customer in owners.items():
        if customer not in renamed:
            labels.setdefault(customer, set()).update(by_identity[one])
    customers = renamed | set(owners.values())
    if is_repeat:
        return customers | set(ledger.identities_of(project, sorted(customers))), None
    return customers, News(labels, frozenset(renamed))


def _note_told(carried: Carried, connection: Connection) -> None:
    carried.grown = enter(connection, carried.told)


def _summed(outcomes: dict[int, Outcome], parts: dict[int, _Sorted]) -> Carried:
    carried = Carried()
    counts: Counter[Count] = Counter()
    for project, outcome in outcomes.items():
        counts.update(tally(project, outcome, parts[project].counted))
        carried.drops += outcome.drops
        carried.told += outcome.told
        carried.accepted += len(parts[project].counted)
        carried.duplicates += len(outcome.events) - len(parts[project].counted)
    carried.counts = counts
    return carried
