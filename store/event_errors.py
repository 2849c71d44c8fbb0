"""Why the event store refuses a statement, by the numbers that its engine gives the reasons."""

from __future__ import annotations

import re

from store.complaint import Complaint
from store.words import decimal, filled, tell

# What passes by itself: time-outs, too many queries or parts, no memory or room, a table that is read-only,
# and of a cluster: a shard, a copy or the keeper that is away.
PASSING = {159, 202, 209, 210, 241, 242, 243, 252, 319, 225, 279, 285, 999}
NO_MEMORY = 241
NO_ROOM = 243


class EventStoreError(Complaint):
    """The event store refused a statement. `is_passing`: for a reason that lies not in the statement."""

    @property
    def is_passing(self) -> bool:
        """Whether the engine names a reason that passes by itself."""
        return self.code in PASSING

    @property
    def code(self) -> int:
        """The number by which the engine calls the reason; 0 where it names none."""
        code = re.search(r"\bCode: (\d+)", str(self), re.IGNORECASE)
        return int(code.group(1)) if code else 0


class NotEnoughMemory(EventStoreError):
    """A statement was broken off as it needed more than it may take; `said` says so in the reader's language.

    It may be raised in a thread that speaks to nobody, so that message and values are kept.
    """

    def __init__(self, message: str, **values: int) -> None:
        super().__init__(filled(message, {name: f"{n:,}" for name, n in values.items()}))
        self._message, self._values = message, values

    @property
    def said(self) -> str:
        """Why, and what can be done."""
        return tell(self._message, **{name: decimal(n) for name, n in self._values.items()})

    @property
    def code(self) -> int:
        """The number by which the engine calls this reason."""
        return NO_MEMORY


class NoRoomToWrite(EventStoreError):
    """A statement that writes was refused, or is to be repeated, as the disk of the event folder is full."""

    @property
    def code(self) -> int:
        """The number by which the engine calls this reason."""
        return NO_ROOM
