"""The parts that a claimed batch may fall into while it is carried, in the order in which they are tried."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(eq=False)
class Part:
    """Messages that go in one request. `since` is when the collector first stumbled over them."""

    messages: list[bytes]
    tries: int = 0
    stumbles: int = 0
    since: float = 0.0


class Line:
    """The parts of one batch; the first is the one being carried."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __len__(self) -> int:
        return sum(len(part.messages) for part in self._parts)

    @property
    def first(self) -> Part:
        """The part to carry now."""
        return self._parts[0]

    def begin(self, messages: list[bytes]) -> None:
        """Start with a whole batch, or carry these too; `size` is that of all since it was last set to 0."""
        size, parts = self.size + len(messages), deque([*self._parts, Part(messages)])
        # At one stroke: an interrupt must not leave the two apart.
        self.size, self._parts = size, parts

    def is_last(self, part: Part) -> bool:
        """Whether nothing else is left of the batch."""
        return len(self._parts) == 1 and self._parts[0] is part

    def done(self, part: Part) -> bool:
        """Take out the first part; False if it is another by now."""
        if self._parts and self._parts[0] is part:
            self._parts.popleft()
            return True
        return False

    def split(self, part: Part) -> None:
        """Carry the halves of the first part one by one."""
        if self.done(part):
            middle = len(part.messages) // 2
            for half in (part.messages[middle:], part.messages[:middle]):
                self._parts.appendleft(Part(half, part.tries, since=part.since))

    def put_last(self, part: Part) -> bool:
        """Try all others before this one; False if there are none."""
        if len(self._parts) > 1 and self._parts[0] is part:
            self._parts.rotate(-1)
            return True
        return False

    @property
    def messages(self) -> list[bytes]:
        """All that is left of the batch."""
        return [message for part in self._parts for message in part.messages]

    def clear(self) -> None:
        """Take out everything."""
        self._parts.clear()
