"""How fast one write key may send: events a second, counted in each process by itself."""

from __future__ import annotations

import math
import time

from limits.storage import MemoryStorage

from collector.errors import Refusal


class Rates:
    """Counts the events of each key in windows of a second.

    A request is let in while its window is not full, so that a batch of any size passes. What it holds beyond
    the limit makes the window last as much longer: the average stays at the limit.
    """

    def __init__(self, events_per_second: int) -> None:
        self._most = events_per_second
        self._windows = MemoryStorage()

    def charge(self, key: str, events: int) -> None:
        """Count the events of a request; raises Refusal when the key's window is full."""
        used = self._windows.get(key)
        if used >= self._most:
            seconds = max(1, math.ceil(self._windows.get_expiry(key) - time.time()))
            message = f"this key may send {self._most} events a second; send again in {seconds} s"
            raise Refusal(429, "rate_limited", message, retry_after=seconds)
        count = used + max(events, 1)
        if count > self._most:
            self._windows.clear(key)  # only a window that begins takes a length
            self._windows.incr(key, math.ceil(count / self._most), count)
        else:
            self._windows.incr(key, 1, count - used)
