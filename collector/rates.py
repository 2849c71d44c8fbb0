"""How fast one write key may send: events a second, counted in each process by itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from collector.errors import Refusal

BURST_MS = 1_000  # that much of the rate may come at once


class Rates:
    """Lets a request in while its key is less than a second ahead of its rate.

    So a batch of any size passes, and its events keep the key waiting as long as they are worth: the average
    stays at the limit. This is the generic cell rate algorithm with cells of many events.
    """

    def __init__(self, events_per_second: int, clock: Callable[[], int]) -> None:
        self._most = events_per_second
        self._clock = clock
        self._now = clock()
        self._paid_until: dict[int, float] = {}  # milliseconds since 1970, for keys that exist
        self._guard = threading.Lock()

    def charge(self, key: int, events: int) -> None:
        """Count the events of a request; raises Refusal when the key is too far ahead."""
        with self._guard:
            now = self._read_clock()
            paid_until = max(now, self._paid_until.get(key, now))
            if paid_until - now < BURST_MS:
                self._paid_until[key] = paid_until + max(events, 1) * 1000 / self._most
                return
        seconds = max(1, math.ceil((paid_until - now - BURST_MS) / 1000))
        message = f"this key may send {self._most} events a second; send again in {seconds} s"
        raise Refusal(429, "rate_limited", message, retry_after=seconds)

    def _read_clock(self) -> int:
        """The time; where the clock was put back, what was paid is put back with it."""
        before, self._now = self._now, self._clock()
        if self._now < before:
            self._paid_until = {key: at - before + self._now for key, at in self._paid_until.items()}
        return self._now
