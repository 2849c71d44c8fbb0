"""Keeps answers of reports, so that a second look is instant: each under all that its numbers depend on."""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from store.events import EventStore

if TYPE_CHECKING:
    from journeys.scope import Scope

T = TypeVar("T")
MOST_BYTES = 64 << 20
LARGEST = 8  # parts of the whole: what takes more than one of so many is not kept
MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS  # at its ends alone a day begins, wherever the project is
AS_LONG_AGAIN = 2  # times what an answer took it is of use after it came
SLACK_MS = 1_000  # requests at once read the clock one after the other


@dataclass
class Moment:
    """As of `at` (ms) reports answer while the store stands at the `mark`; it was chosen at `chosen` (s).

    So many answers as of it are `under_way`, and those that came are of use for a second look `until` (ms).
    """

    mark: Any
    at: int
    chosen: float
    under_way: int = 0
    until: float = 0.0

    def holds(self, mark: Any, now: int) -> bool:
        """Whether it is still the moment: in its minute, and longer where an answer takes so long."""
        if mark is None or mark != self.mark or now < self.at - SLACK_MS:
            return False
        if self.at // MINUTE_MS == now // MINUTE_MS or now < self.at:
            return True
        is_of_use = self.under_way > 0 or now <= self.until
        return is_of_use and self.at // QUARTER_MS == now // QUARTER_MS


class Answers:
    """Answers that were computed in this process; of too many those go that were not asked for longest.

    Nothing has to tell it of changes: the key of an answer is read from the stores at each look, and what
    has changed there makes another key.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most_bytes, clock
        self._guard = threading.Lock()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0
        self._moments: dict[int, Moment] = {}

    def moment(self, events: EventStore, project: int, *, now: int) -> int:
        """The moment as of which reports of a project answer at `now`, both in milliseconds.

        While nothing was written it is that of the first look for its minute; and while an answer is computed
        and for a while after it, so that a second look at what takes a minute is instant, too.
        """
        mark = events.mark(project)
        with self._guard:
            moment = self._moments.get(project)
            if moment is None or not moment.holds(mark, now):
                moment = self._moments[project] = Moment(mark, now, self._clock())
            return moment.at

    def of(self, scope: Scope, name: str, arguments: Mapping[str, Any], compute: Callable[[], T]) -> T:
        """The answer of this name over a scope with these arguments: that of before, or a computed one."""
        about = (
            *(scope.project, scope.version, scope.period, scope.segment, scope.now, scope.as_of, scope.age),
            *(scope.saved, scope.routes),
        )
        return self.under(scope.events, scope.project.id, (name, arguments, *about), compute)

    def under(self, events: EventStore, project: int, parts: Sequence[Any], compute: Callable[[], T]) -> T:
        """The answer to a question that no journey's report asks, which is said by a name and these parts.

        They are all that it is computed from beside the event store itself.
        """
        mark = events.mark(project)  # before anything is read that is computed from
        if mark is None:
            return compute()
        key = _key((mark, *parts))
        if (found := self._get(key)) is not None:
            return pickle.loads(found)  # type: ignore[no-any-return]  # noqa: S301 - what this process has dumped
        with self._under_way(project, mark) as came:
            answer = compute()
            if self._put(key, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)):
                came()
        return answer

    def known(self, events: EventStore, project: int, parts: Sequence[Any]) -> Any:
        """The answer to such a question where it is kept, else None: nothing is computed."""
        mark = events.mark(project)
        found = None if mark is None else self._get(_key((mark, *parts)))
        return None if found is None else pickle.loads(found)  # noqa: S301 - what this process has dumped

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    @contextmanager
    def _under_way(self, project: int, mark: Any) -> Iterator[Callable[[], None]]:
        """The moment stays while an answer is computed, and for a while for who comes back to what came."""
        began = self._clock()
        with self._guard:
            moment = self._moments.get(project)
            if moment is None or moment.mark != mark:
                moment = Moment(mark, 0, began)  # nobody's
            moment.under_way += 1

        def came() -> None:
            now = self._clock()
            until = moment.at + (now - moment.chosen + AS_LONG_AGAIN * (now - began)) * 1_000
            moment.until = max(moment.until, until)

        try:
            yield came
        finally:
            with self._guard:
                moment.under_way -= 1

    def _get(self, key: bytes) -> bytes | None:
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _put(self, key: bytes, text: bytes) -> bool:
        """Keep it, if it is not too large for that."""
        if len(text) > self._most // LARGEST:
            return False
        with self._guard:
            self._size += len(text) - len(self._kept.pop(key, b""))
            self._kept[key] = text
            while self._size > self._most:
                self._size -= len(self._kept.popitem(last=False)[1])
        return True


def _key(parts: Sequence[Any]) -> bytes:
    """A digest of all that may change a number. What cannot be told apart is refused with a TypeError."""
    return hashlib.blake2b(msgspec.json.encode(parts, order="sorted"), digest_size=16).digest()
