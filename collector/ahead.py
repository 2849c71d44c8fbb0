"""Takes batches through the pipeline: one ahead of its turn, where more waits than one batch holds.

The pipeline needs the interpreter and the stores mostly do not, so the two go well side by side.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from collector.carrier import Carrier, Outcomes
from store.batches import Batch, NotHeld


class Digested(NamedTuple):
    """A claimed batch and what became of it; `outcomes` raises what went wrong with it."""

    batch: Batch
    outcomes: Future[Outcomes]


class Ahead:
    """Hands out batches in the order in which they are claimed, at most one of them claimed early.

    Only a batch that is tried for the first time lets another one begin: an envelope that ends the whole
    process must not take the batches of others with it again and again.
    """

    def __init__(self, carrier: Carrier, *, most_events: int) -> None:
        self._carrier = carrier
        self._most_events = most_events
        self._early: Future[Digested | None] | None = None
        self.in_hand: Batch | None = None  # claimed, and not handed out yet
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")

    def next(self) -> Digested | None:
        """The next batch, None where nothing waits. Raises what goes wrong with the claim."""
        digested = self._taken_early() or self._digested()
        self.in_hand = self._early = None
        if digested and digested.batch.events >= self._most_events / 2 and not digested.batch.is_repeat:
            with suppress(RuntimeError):  # the interpreter ends, and gives out no more threads
                self._early = self._pool.submit(self._digested, early=True)
        return digested

    def give_back(self) -> None:
        """Give the batch back that was claimed early, so that nobody need wait for it."""
        early, self._early = self._early, None
        if early and not early.exception() and (digested := early.result()):
            self._carrier.batches.release(digested.batch, problem=digested.batch.problem, is_to_blame=False)
        self.in_hand = None

    def _taken_early(self) -> Digested | None:
        """The batch that was claimed early, where there is one and no other worker has taken it since."""
        if self._early is None or self._early.exception() or not (digested := self._early.result()):
            return None
        try:
            self._carrier.batches.renew(digested.batch, now=self._carrier.clock())
        except NotHeld:
            return None
        if not digested.outcomes.done():
            self._digest(digested)
        return digested

    def _digested(self, *, early: bool = False) -> Digested | None:
        carrier, outcomes = self._carrier, Future[Outcomes]()
        batch = self.in_hand = carrier.batches.claim(now=carrier.clock(), most_events=self._most_events)
        if batch is None:
            return None
        digested = Digested(batch, outcomes)
        if not (early and batch.is_repeat):  # it may end the process, and then it has to be alone
            self._digest(digested)
        return digested

    def _digest(self, digested: Digested) -> None:
        batch, outcomes = digested
        try:
            outcomes.set_result({} if batch.is_hopeless else self._carrier.digest(batch))
        except Exception as error:  # it is this batch's own, and is raised when its turn has come
            outcomes.set_exception(error)
