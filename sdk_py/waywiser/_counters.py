"""What a client counts. Whoever changes a counter holds the queue's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ._reports import DropReason, Stats


class Counters:
    """All grow and never shrink.

    `direct` went past the queue to disk, `spooled` from the queue; what was to go past it, but could not, is
    counted as dropped alone. So each step changes one number, and an interrupt leaves none apart. `volatile`
    were to go to disk too, with `durable`, but could not.
    """

    def __init__(self) -> None:
        self.direct = self.sent = self.retried = self.spooled = self.recovered = self.recovered_own = 0
        self.volatile = 0
        self.dropped: Counter[DropReason] = Counter()

    def settle(self, sent: int, dropped: Iterable[DropReason]) -> None:
        """Count what became of one part."""
        self.sent += sent
        self.dropped.update(dropped)

    def stats(self, queued: int, waiting: int, breaker: str) -> Stats:
        """All of it, with what the queue and the breaker say."""
        return Stats(
            enqueued=queued + self.direct + self.dropped[DropReason.SPOOL_FULL],
            waiting=waiting,
            sent=self.sent,
            retried=self.retried,
            spooled=self.spooled + self.direct,
            recovered=self.recovered,
            dropped={reason.value: count for reason, count in self.dropped.items()},
            breaker=breaker,
            volatile=self.volatile,
        )
