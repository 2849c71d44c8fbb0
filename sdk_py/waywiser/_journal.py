"""With `durable`, writes every message to disk before the call returns, and forgets what is settled."""

from __future__ import annotations

from collections import deque

from ._spool import SEGMENT_BYTES, Spool
from ._spool_file import HEADER, RECORD, SpoolFile


class Journal:
    """Spool files that are written in the order of the queue, and shrink from the front as it is settled.

    If the process dies, they are spool files like any other. Works under the queue's lock.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._begin()

    def _begin(self) -> None:
        self._files: deque[SpoolFile] = deque()
        self._places: deque[tuple[bytes, tuple[SpoolFile, int] | None]] = deque()

    def after_fork(self) -> None:
        """Leave the parent's files to the parent."""
        for file in self._files:
            file.forget()
        self._begin()

    def append(self, payload: bytes) -> bool:
        """Write one message; False if that is not possible, so that it is in memory only."""
        place = None
        try:
            place = self._write(payload)
        except OSError as error:
            self._spool.warn("the journal cannot be written: %s", error)
        self._places.append((payload, place))
        return place is not None

    def forget(self, count: int) -> None:
        """The oldest so many messages are settled."""
        last = None
        for _ in range(min(count, len(self._places))):
            last = self._places.popleft()[1] or last
        if last is None:
            return
        file, end = last
        while self._files and self._files[0] is not file:
            self._remove(self._files.popleft())
        if end < file.size:
            file.mark(end)
        elif file.size >= SEGMENT_BYTES:
            self._remove(self._files.popleft())
        else:
            self._spool.wrote(HEADER.size - file.size)
            file.restart()

    def leave(self, messages: list[bytes]) -> list[bytes]:
        """Let go of everything; answers which of these, the only ones not settled, are not on disk."""
        left = set(map(id, messages))
        self.forget(
            next((at for at, (each, _) in enumerate(self._places) if id(each) in left), len(self._places))
        )
        there = {file for file in self._files if file.is_there}
        kept = {id(payload) for payload, place in self._places if place and place[0] in there}
        missing = [message for message in messages if id(message) not in kept]
        for file in self._files:
            if len(missing) < len(messages):
                file.close()
            else:
                file.remove()
        self._begin()
        return missing

    def _write(self, payload: bytes) -> tuple[SpoolFile, int] | None:
        is_new = not self._files or self._files[-1].size >= SEGMENT_BYTES or not self._files[-1].is_there
        size = RECORD.size + len(payload)
        if not self._spool.has_room(size, is_new):
            return None
        if is_new:
            self._files.append(self._spool.create())
        file = self._files[-1]
        end = file.append([payload])
        self._spool.wrote(size)
        return file, end

    def _remove(self, file: SpoolFile) -> None:
        self._spool.wrote(-file.size)
        file.remove()
