"""Counts what the door answered and what the worker did, readable from other threads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from store.client_health import OTHERS, Growth
from store.ingestion import OTHER_LIBRARIES, Count

RATE_SPAN_MS = 60_000
MOST_NAMES = (
    50  # of libraries, robots or services; further ones are summed up, as senders can make up any number
)
BATCH_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass
class Traffic:
    """What the door answered since the start of the process."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)  # by endpoint and status
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, endpoint: str, status: int) -> None:
        """Add one answer."""
        with self._guard:
            self.requests[endpoint, status] += 1

    def judged(self, accepted: int, rejected: Iterable[str] = ()) -> None:
        """Add the verdicts of one request: how many events were kept, and the codes of the others."""
        with self._guard:
            self.accepted += accepted
            for code in rejected:
                self.rejected[code] += 1


@dataclass
class Durations:
    """How long batches took: for each of BATCH_SECONDS how many took no longer, then the rest."""

    bars: list[int] = field(default_factory=lambda: [0] * (len(BATCH_SECONDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Add one batch."""
        self.bars[bisect_left(BATCH_SECONDS, seconds)] += 1
        self.total += seconds


@dataclass
class Counters:
    """What the worker did since the start of the process."""

    accepted: int = 0
    duplicates: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    late: int = 0
    robots: Counter[str] = field(default_factory=Counter)
    violations: int = 0
    libraries: Counter[str] = field(default_factory=Counter)
    services: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)  # what they say they did
    durations: Durations = field(default_factory=Durations)
    batches: int = 0
    failures: int = 0
    last_batch_at: int = 0
    _recent: deque[tuple[int, int]] = field(default_factory=deque)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def count(
        self,
        *,
        now: int,
        accepted: int,
        duplicates: int,
        dropped: Counter[str],
        counts: Mapping[Count, int] | None = None,
        grown: Mapping[Growth, int] | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Add one finished batch: `counts` is its tally, `grown` what clients counted themselves, `seconds`
        how long it took."""
        with self._guard:
            self.accepted += accepted
            self.duplicates += duplicates
            self.dropped.update(dropped)
            self._count_kinds(counts or {})
            self._count_services(grown or {})
            self.durations.add(seconds)
            self.batches += 1
            self.last_batch_at = now
            self._recent.append((now, accepted))
            while not now - RATE_SPAN_MS <= self._recent[0][0] <= now:  # or the clock was put back
                self._recent.popleft()

    def count_failure(self) -> None:
        """Add one batch that has to be tried again."""
        with self._guard:
            self.failures += 1

    def events_per_second(self, now: int) -> float:
        """How many events were stored each second, over the last minute."""
        with self._guard:
            lately = (n for at, n in self._recent if now - RATE_SPAN_MS <= at <= now)
            return sum(lately) * 1000 / RATE_SPAN_MS

    def snapshot(self, now: int) -> dict[str, object]:
        """The totals, for health pages."""
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

    def _count_kinds(self, counts: Mapping[Count, int]) -> None:
        for (_project, _hour, what, detail, library), n in counts.items():
            match what:
                case "accepted":
                    _add(self.libraries, library or "(none)", n)
                case "late":
                    self.late += n
                case "bot":
                    _add(self.robots, detail, n)
                case "violation":
                    self.violations += n

    def _count_services(self, grown: Mapping[Growth, int]) -> None:
        for (_project, _hour, service, what, reason), n in grown.items():
            name = service or "(none)"
            if name not in self.services and len(self.services) >= MOST_NAMES:
                name = OTHERS
            self.services.setdefault(name, Counter())[what, reason] += n


def _add(sums: Counter[str], name: str, n: int) -> None:
    sums[name if name in sums or len(sums) < MOST_NAMES else OTHER_LIBRARIES] += n
