"""Questions that somebody waits for: they have a name by which they can be watched and ended, and a limit."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from store.words import filled, marked, tell

CANCELLED, TOO_LONG = 394, 159  # what the engine calls a statement that was killed, or reached its limit
CANCELLED_SAID = marked("it was cancelled")
TOO_LONG_SAID = marked(
    "it took longer than %(seconds)s seconds, which WAYWISER_REPORT_SECONDS allows; ask for a shorter period "
    "or a smaller segment"
)


class WorkEnded(Exception):
    """A question was ended before it was answered; the message says why, and `said` says it to who waits.

    It may be raised in a thread that speaks to nobody, so that message and values are kept.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(filled(message, values))
        self._message, self._values = message, values

    @property
    def said(self) -> str:
        """Why, in the reader's language."""
        return tell(self._message, **self._values)


class Cancelled(WorkEnded):
    """Whoever waited for the answer does so no more."""


class TookTooLong(WorkEnded):
    """The answer took longer than it may."""


class MustAsk(Exception):
    """A question would have to be asked where none may be."""


class Progress(NamedTuple):
    """Rows that the questions under way have read, of about so many in all (0 where nobody knows)."""

    read: int
    rows: int


def is_name(text: str) -> bool:
    """Whether it can be the name of some work: nobody guesses one."""
    return re.fullmatch("work-[0-9a-f]{32}", text) is not None


class Work:
    """All questions that are asked for one answer. Each may take `limit_s` seconds; 0 is without a limit."""

    def __init__(self, *, limit_s: int = 0, name: str = "") -> None:
        self.name = name or f"work-{secrets.token_hex(16)}"
        self.limit_s = limit_s
        self.progress = Progress(0, 0)  # of what no engine counts
        self._ended = threading.Event()
        self._may_ask = True

    @property
    def settings(self) -> dict[str, Any]:
        """What the engine is told with each question."""
        return self.settings_for(1)

    def settings_for(self, times: int) -> dict[str, Any]:
        """The same with a longer limit."""
        return {"log_comment": self.name, "max_execution_time": self.limit_s * times}

    def end(self) -> None:
        """No question is to begin any more."""
        self._ended.set()

    @contextmanager
    def asking_nothing(self) -> Iterator[None]:
        """Meanwhile a question raises MustAsk, so that only what is known already is answered."""
        self._may_ask = False
        try:
            yield
        finally:
            self._may_ask = True

    def check(self) -> None:
        """Whether a question may begin: raises Cancelled where the work was ended, and MustAsk."""
        if self._ended.is_set():
            raise Cancelled(CANCELLED_SAID)
        if not self._may_ask:
            raise MustAsk

    def note(self, read: int, rows: int) -> None:
        """Note how far it is where no engine counts that, and go no further where it was ended."""
        self.progress = Progress(read, rows)
        self.check()

    def ended_by(self, code: int, times: int = 1) -> WorkEnded | None:
        """Why the engine broke a question of this work off; None where it is another failure.

        It might take so many `times` as long as the limit.
        """
        if code == CANCELLED:  # maybe by another process
            return Cancelled(CANCELLED_SAID)
        if code == TOO_LONG and self.limit_s:
            return TookTooLong(TOO_LONG_SAID, seconds=self.limit_s * times)
        return None
