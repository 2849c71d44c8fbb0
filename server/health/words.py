"""What findings say in the same words: sizes, and how long ago."""

from __future__ import annotations

import time

from store.words import tell

GIB = 1 << 30


def bytes_in_words(size: int) -> str:
    """In GiB or MiB."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / (1 << 20):.1f} MiB"


def ago(at: float) -> str:
    """How long ago that was, in seconds since 1970."""
    return tell("%(seconds)s s ago", seconds=f"{max(0, time.time() - at):,.0f}")
