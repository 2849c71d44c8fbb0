"""With `durable`, writes every message to disk before the call returns, and forgets what is settled."""

from __future__ import annotations

from collections import deque

from ._spool import SEGMENT_BYTES, Spool
from ._spool_file import RECORD, SpoolFile


class Journal:
    """Spool files that are written in the order of the queue, and shrink from the front as it is settled.

    If the process dies, they are spool files like any other. Works under the queue's lock.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._begin()

    def _begin(self) -> None:
        self._files: deque[SpoolFile] = deque()
        self._ends: deque[tuple[SpoolFile, int] | None] = deque()

    def after_fork(self) -> None:
        """Leave the parent's files to the parent."""
        for file in self._files:
            file.forget()
        self._begin()

    def append(self, payload: bytes) -> None:
        """Write one message; where that fails, it is in memory only."""
        try:
            if not self._files or self._files[-1].size >= SEGMENT_BYTES:
                self._files.append(self._spool.create())
            file = self._files[-1]
            end = file.size + RECORD.size + len(payload)
            file.append([payload])
        except OSError as error:
            self._spool.warn("the journal cannot be written: %s", error)
            self._ends.append(None)
        else:
            self._ends.append((file, end))

    def forget(self, count: int) -> None:
        """The oldest so many messages are settled."""
        last = None
        for _ in range(min(count, len(self._ends))):
            last = self._ends.popleft() or last
        if last is None:
            return
        file, end = last
        while self._files and self._files[0] is not file:
            self._files.popleft().remove()
        if end < file.size:
            file.mark(end)
        elif file.size >= SEGMENT_BYTES:
            self._files.popleft().remove()
        else:
            file.restart()

    def leave(self, count: int) -> int:
        """Let go of everything; answers how many of the newest `count` messages stay on disk."""
        kept = sum(1 for place in list(self._ends)[-count:] if place) if count else 0
        for file in self._files:
            if kept:
                file.close()
            else:
                file.remove()
        self._begin()
        return kept
