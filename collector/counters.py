"""Counts what the worker did, readable from other threads."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field

RATE_SPAN_MS = 60_000


@dataclass
class Counters:
    """Totals since the start of the process."""

    accepted: int = 0
    duplicates: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    failures: int = 0
    last_batch_at: int = 0
    _recent: deque[tuple[int, int]] = field(default_factory=deque)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, now: int, accepted: int, duplicates: int, dropped: Counter[str]) -> None:
        """Add one finished batch."""
        with self._guard:
            self.accepted += accepted
            self.duplicates += duplicates
            self.dropped.update(dropped)
            self.batches += 1
            self.last_batch_at = now
            self._recent.append((now, accepted))
            while self._recent[0][0] < now - RATE_SPAN_MS:
                self._recent.popleft()

    def count_failure(self) -> None:
        """Add one batch that has to be tried again."""
        with self._guard:
            self.failures += 1

    def events_per_second(self, now: int) -> float:
        """How many events were stored each second, over the last minute."""
        with self._guard:
            return sum(n for at, n in self._recent if at >= now - RATE_SPAN_MS) * 1000 / RATE_SPAN_MS

    def snapshot(self, now: int) -> dict[str, object]:
        """All of it, for health pages."""
        rate = self.events_per_second(now)
        with self._guard:
            return {
                "accepted": self.accepted,
                "duplicates": self.duplicates,
                "dropped": dict(self.dropped),
                "batches": self.batches,
                "failures": self.failures,
                "last_batch_at": self.last_batch_at,
                "events_per_second": round(rate, 1),
            }
