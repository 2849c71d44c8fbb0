"""What the client tells about itself: drops, counters and the report at the end."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class DropReason(str, Enum):
    """Why a message was not delivered."""

    INVALID = "invalid"
    """The arguments cannot become a message: a missing identity, a value that is not JSON."""
    TOO_LARGE = "too_large"
    """The message is larger than 32 KiB."""
    HELD_BACK = "held_back"
    """`before_send` returned None. That is no loss: it is counted, but not logged or handed to `on_drop`."""
    HOOK_FAILED = "hook_failed"
    """`before_send` raised, or returned what is no message; nothing unrevised is sent."""
    QUEUE_FULL = "queue_full"
    """The queue had no room, so the new message was not taken."""
    DISPLACED = "displaced"
    """The queue had no room, so the oldest message gave way to a new one (`on_full="drop_oldest"`)."""
    SPOOL_FULL = "spool_full"
    """The message was to be kept on disk, but the spool is full or cannot be written."""
    CLOSED = "closed"
    """The call came after `close`."""
    UNSENT = "unsent"
    """The message was still waiting when the time given to `close` was up."""
    REJECTED = "rejected"
    """The collector refused this one message of a batch; `Drop.code` says why."""
    REQUEST_REFUSED = "request_refused"
    """The collector refused a request as a whole, for what is in it."""
    GAVE_UP = "gave_up"
    """The collector failed on this very message, time after time, while it took others."""


@dataclass(frozen=True)
class Drop:
    """One message that was not delivered, as handed to `on_drop`.

    `code`, `field` and `detail` are the collector's words where it spoke, else the library's. `payload` is
    the message as JSON bytes, so that it can be kept elsewhere; it is empty if no message could be made.
    """

    reason: DropReason
    payload: bytes = dataclasses.field(default=b"", repr=False)
    code: str = ""
    field: str = ""
    detail: str = ""

    @property
    def message(self) -> dict[str, Any]:
        """The message, decoded; empty if none could be made."""
        message: dict[str, Any] = json.loads(self.payload or b"{}")
        return message

    @property
    def message_id(self) -> str:
        """The message's id, `""` if none could be made."""
        return str(self.message.get("messageId", ""))


@dataclass(frozen=True)
class Stats:
    """Counters since the client was made (in a forked child: since the fork). The unit is one message.

    Nothing gets away: calls + recovered = sent + waiting + spooled + the sum of `dropped`.
    """

    enqueued: int
    """Taken: into the queue, or straight to disk."""
    waiting: int
    """In the queue or on its way."""
    sent: int
    """Accepted by the collector."""
    retried: int
    """Sent again after a failed request; a message that is sent three times counts twice."""
    spooled: int
    """Written to disk instead of sent; whoever delivers them counts them again as `recovered`."""
    recovered: int
    """Read back from disk and dealt with; also messages that another process had written."""
    dropped: Mapping[str, int]
    """Not delivered, by `DropReason` value; reasons that never occurred are absent."""
    breaker: str = "closed"
    """`closed` while requests flow; `open` while a collector that is down is left alone; then `half_open`."""
    volatile: int = 0
    """With `durable`: taken, but in memory only, because the spool was full or could not be written."""

    @property
    def lost(self) -> int:
        """All drops together, but for those that `before_send` wanted."""
        return sum(count for reason, count in self.dropped.items() if reason != DropReason.HELD_BACK.value)


@dataclass(frozen=True)
class CloseReport:
    """What became of the messages of a client's whole life (in a forked child: since the fork).

    `sent` were accepted by the collector, `spooled` are kept on disk for later, `lost` are all drops together
    but for those that `before_send` wanted.
    """

    sent: int
    spooled: int
    lost: int
