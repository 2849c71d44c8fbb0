"""Waits for what other threads and processes do."""

from __future__ import annotations

import time
from typing import Callable


def eventually(is_so: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it is so, at once or within so many seconds."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()
