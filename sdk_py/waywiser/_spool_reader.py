"""Takes back from disk what was kept there, file by file, and forgets it when the collector has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from time import monotonic

from ._notices import Notices
from ._part import Line, Part
from ._queue import Queue
from ._reports import DropReason
from ._spool import Spool
from ._spool_file import SpoolFile, records
from ._waiting import MAX_BATCH_BYTES, MAX_BATCH_COUNT

LOOK_SECONDS = 10.0


class SpoolReader:
    """Carries one claimed file at a time; a source of parts as the queue is.

    A file that is not ours or is torn gives what can be read and is set aside as `.bad`.
    """

    def __init__(self, spool: Spool, queue: Queue, notices: Notices) -> None:
        self._spool = spool
        self._queue = queue
        self._notices = notices
        self._file: SpoolFile | None = None
        self._begin()

    def _begin(self) -> None:
        self._file = None
        self._paths: deque[Path] = deque()
        self._line = Line()
        self._records: deque[tuple[int, bytes]] = deque()
        self._batch: list[tuple[int, bytes]] = []
        self._end = 0
        self._is_torn = False
        self.look_at = 0.0

    def after_fork(self) -> None:
        """Leave the file to the parent, who is sending it."""
        if self._file:
            self._file.forget()
        self._begin()

    def is_due(self) -> bool:
        """Whether it is worth looking into the folder."""
        return monotonic() >= self.look_at or self._spool.has_unsealed

    def claim(self, own_only: bool = False) -> Part | None:
        """The next part; None if there is none now."""
        while not self._line:
            if self._records:
                self._line.begin(self._take_batch())
            elif not self._next_file(own_only):
                self.look_at = monotonic() + LOOK_SECONDS
                return None
        return self._line.first

    def begin_try(self, part: Part) -> None:
        """Count a try, and all but the first as a repetition."""
        self._queue.begin_try(part)

    def resolve(self, part: Part, sent: int, dropped: Iterable[DropReason]) -> bool:
        """Count what became of the part."""
        if not self._line.done(part):
            return False
        with self._queue.lock:
            counters = self._queue.counters
            counters.recovered += len(part.messages)
            if self._file and self._file.path in self._spool.own:
                counters.recovered_own += len(part.messages)
            counters.settle(sent, dropped)
        return True

    def keep(self, _part: Part) -> bool:
        """It is on disk already, and comes again later."""
        return False

    def split(self, part: Part) -> None:
        """Carry the halves of the part one by one."""
        self._line.split(part)

    def put_last(self, part: Part) -> bool:
        """Try the rest of the batch before this part; False if there is none."""
        return self._line.put_last(part)

    def settle(self) -> None:
        """If the whole batch is done with, nobody needs to send it again."""
        if self._file and not self._line:
            if self._records:
                self._file.mark(self._end)
            else:
                self._finish(self._file)

    def let_go(self) -> None:
        """Leave what is not delivered to whoever comes next, and note what of the batch is."""
        if self._file:
            left = set(map(id, self._line.messages))
            settled = list(takewhile(lambda each: id(each[1]) not in left, self._batch))
            if settled:
                self._file.mark(settled[-1][0])
            self._file.close()
        self._begin()

    def _next_file(self, own_only: bool) -> bool:
        if not self._paths or own_only:
            self._spool.seal()
            self._spool.tidy()
            self._paths = deque(self._spool.waiting(own_only))
        while self._paths:
            file = SpoolFile.claim(self._paths.popleft())
            if file and self._load(file):
                return True
        return False

    def _load(self, file: SpoolFile) -> bool:
        offset, data = 0, b""
        with suppress(OSError):
            offset, data = file.read()
        if not offset:
            self._set_aside(file)
            return False
        found, self._is_torn = records(data, offset)
        self._file, self._records, self._end = file, deque(found), offset
        if not found:
            self._finish(file)
        return bool(found)

    def _finish(self, file: SpoolFile) -> None:
        # In any case: what cannot be removed must not be sent again.
        file.mark(self._end)
        if self._is_torn:
            self._set_aside(file)
        else:
            file.remove()
        self._spool.own.discard(file.path)
        self._file = None

    def _set_aside(self, file: SpoolFile) -> None:
        self._notices.warn(
            "bad_spool", "a spool file is torn or foreign and was set aside: %s.bad", file.path.name
        )
        file.set_aside()

    def _take_batch(self) -> list[bytes]:
        self._batch = []
        size = 0
        while self._records and len(self._batch) < MAX_BATCH_COUNT:
            size += len(self._records[0][1]) + 1
            if size > MAX_BATCH_BYTES and self._batch:
                break
            self._batch.append(self._records.popleft())
        self._end = self._batch[-1][0]
        return [payload for _, payload in self._batch]
