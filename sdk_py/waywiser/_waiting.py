"""The messages that wait, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import NamedTuple

from ._reports import DropReason

MAX_QUEUE_BYTES = 64 * 1024 * 1024
# A collector takes 20,000 messages and 4 MiB at once; half the bytes leave room for proxies with limits too.
MAX_BATCH_COUNT = 5_000
MAX_BATCH_BYTES = 2 * 1024 * 1024


class Loss(NamedTuple):
    """What a call to `put` cost: the new message, unless `is_taken`, or older ones."""

    reason: DropReason
    payloads: list[bytes]
    is_taken: bool = False


class Waiting:
    """First in, first out. Bytes are counted before messages: an interrupt cannot make too much room."""

    def __init__(self, max_count: int) -> None:
        self._max_count = max_count
        self._messages: deque[bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def has_room(self, size: int) -> bool:
        """Whether a message of this size fits in."""
        return len(self._messages) < self._max_count and self._bytes + size <= MAX_QUEUE_BYTES

    def append(self, message: bytes) -> int:
        """Put it last; answers how many there are now."""
        self._bytes += len(message)
        self._messages.append(message)
        return len(self._messages)

    def make_room(self, size: int) -> list[bytes]:
        """Take out as many of the oldest as a message of this size needs."""
        gone: list[bytes] = []
        while self._messages and not self.has_room(size):
            gone.append(self._messages.popleft())
            self._bytes -= len(gone[-1])
        return gone

    def batch(self) -> list[bytes]:
        """The oldest, as many as one request may hold; they stay here until they are forgotten."""
        batch: list[bytes] = []
        size = 0
        # Copied at one stroke: a signal handler may queue in the middle of the loop.
        for message in list(islice(self._messages, MAX_BATCH_COUNT)):
            size += len(message) + 1
            if size > MAX_BATCH_BYTES:
                break
            batch.append(message)
        return batch

    @property
    def messages(self) -> list[bytes]:
        """All of them, the oldest first."""
        return list(self._messages)

    def forget(self, messages: list[bytes]) -> None:
        """Take out these, the oldest; of them some may have been displaced meanwhile."""
        ours = set(map(id, messages))
        for _ in messages:
            if not self._messages or id(self._messages[0]) not in ours:
                break
            self._bytes -= len(self._messages.popleft())
        self._bytes = max(0, self._bytes) if self._messages else 0
