"""Carries messages to the collector: sends a part, reads the answer, and does what the answer asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Callable, Protocol

from ._breaker import Breaker
from ._envelope import pack
from ._errors import ConnectionFailed, DeliveryError, RequestRefused
from ._notices import Notices
from ._options import Options
from ._part import Part
from ._queue import Queue
from ._reports import Drop, DropReason
from ._transport import Transport
from ._verdict import Refused, Rejection, Taken, TooLarge, TryAgain, TurnedAway, Verdict, judge

if TYPE_CHECKING:
    from ._spool_reader import SpoolReader

SPLIT_AFTER = 3
MAX_STUMBLES = 10
LIVE_BATCHES_IN_A_ROW = 10
FAREWELL_SECONDS = 1.0


class Source(Protocol):
    """Where parts come from and are settled: the queue, or the spool."""

    def begin_try(self, part: Part) -> None: ...

    def resolve(self, part: Part, sent: int, dropped: Iterable[DropReason]) -> bool: ...

    def keep(self, part: Part, /) -> bool: ...

    def split(self, part: Part) -> None: ...

    def put_last(self, part: Part) -> bool: ...

    def settle(self) -> None: ...


class Courier:
    """Works in whichever thread calls it, one request at a time."""

    def __init__(
        self,
        options: Options,
        queue: Queue,
        breaker: Breaker,
        reader: SpoolReader | None,
        transport: Transport,
        notices: Notices,
        health: Callable[[], bytes],
    ) -> None:
        self._options = options
        self._queue = queue
        self._breaker = breaker
        self._reader = reader
        self._transport = transport
        self._notices = notices
        self._health = health
        self.after_fork()

    def after_fork(self) -> None:
        """Know nothing of how the parent fared; whoever works in the middle of a part stops there."""
        self._life = object()
        self._is_failing = False
        self._is_turned_away = False
        self._accepted_at = 0.0
        self._in_a_row = 0
        self._told: tuple[int, Mapping[str, int]] = 0, {}
        self._breaker.after_fork()
        if self._reader:
            self._reader.after_fork()

    def work(
        self, deadline: float, ordinal: float = math.inf, look: Callable[[], float] = lambda: math.inf
    ) -> None:
        """Carry part after part until that message is settled, or the deadline is past.

        Infinity stands for all messages, until the queue is closed and empty. Whoever works for one message
        has no patience with a collector that is down. `look()` is asked now and then, and says when next.
        """
        life = self._life
        is_patient = ordinal == math.inf
        while life is self._life and not self._is_done(ordinal, deadline):
            if self._is_spools_turn():
                self._carry_spooled(deadline)
            part = self._queue.claim(self._idle_until(look()) if is_patient else 0.0)
            if part:
                self._in_a_row += 1
                if not self._carry(self._queue, part, deadline, is_patient):
                    return
            elif not self._carry_spooled(deadline) and self._queue.is_closing:
                return
            if not part and not is_patient:
                return

    def drain(self, deadline: float) -> None:
        """Send the spool until nothing is left of it that can be had, or the deadline is past.

        Where the key or the address is not right, that ends it too.
        """
        while self._reader and not self._is_turned_away and monotonic() < deadline:
            self._breaker.wait(deadline)
            part = self._reader.claim()
            if not part:
                return
            self._carry(self._reader, part, deadline, is_patient=False)

    def finish(self, deadline: float) -> None:
        """Tell the collector what no batch has told it yet: at least what became of the last one."""
        stats = self._queue.stats()
        is_told = self._told == (stats.sent, dict(stats.dropped))
        if not is_told and stats.sent and not self._breaker.failures and monotonic() < deadline:
            self._attempt([], min(deadline, monotonic() + FAREWELL_SECONDS))

    def let_go(self, keeps_connection: bool) -> None:
        """Let go of the spool, and of the connection unless it will be needed soon."""
        if self._reader:
            self._reader.let_go()
        if keeps_connection:
            return
        try:
            self._transport.close()
        except Exception as error:
            self._notices.warn("transport", "the transport raised %s in close()", type(error).__name__)

    def _is_done(self, ordinal: float, deadline: float) -> bool:
        return self._queue.is_settled(ordinal) or monotonic() >= self._queue.end(deadline)

    def _idle_until(self, look_at: float) -> float:
        if not self._reader:
            return look_at
        return min(look_at, max(self._reader.look_at, self._breaker.next_at))

    def _is_spools_turn(self) -> bool:
        if not self._reader or self._in_a_row < LIVE_BATCHES_IN_A_ROW or self._queue.is_closing:
            return False
        self._in_a_row = 0
        return True

    def _carry_spooled(self, deadline: float) -> bool:
        """Send one part from the spool; False if that is not possible now."""
        is_closing = self._queue.is_closing
        if is_closing and self._reader and not self._breaker.is_tripped:
            self._breaker.wait(self._queue.end(deadline))
        if not self._reader or self._breaker.is_resting() or not (is_closing or self._reader.is_due()):
            return False
        if monotonic() >= self._queue.end(deadline):
            return False
        part = self._reader.claim(own_only=is_closing)
        if not part:
            return False
        return self._carry(self._reader, part, deadline, is_patient=False)

    def _carry(self, source: Source, part: Part, deadline: float, is_patient: bool) -> bool:
        """Bring the part one step further; False if there is nothing more to do for now."""
        if self._breaker.is_resting():
            if (self._breaker.is_tripped or not is_patient) and self._keep(source, part):
                source.settle()
                return True
            return (is_patient or not self._breaker.is_tripped) and self._queue.rest(deadline)
        life = self._life
        source.begin_try(part)
        verdict = self._attempt(part.messages, deadline)
        if life is not self._life:
            return False  # in a child, where what was sent is not ours
        try:
            return self._obey(source, part, verdict)
        finally:
            source.settle()

    def _obey(self, source: Source, part: Part, verdict: Verdict) -> bool:
        if isinstance(verdict, Taken):
            self._report_recovery()
            self._accepted_at = monotonic()
            self._resolve(source, part, _drops(part, verdict.rejected))
        elif isinstance(verdict, Refused) and verdict.may_be_one and len(part.messages) > 1:
            self._breaker.succeeded()
            source.split(part)
        elif isinstance(verdict, Refused):
            self._breaker.succeeded()
            self._report_failure(verdict.error)
            self._drop_all(source, part, DropReason.REQUEST_REFUSED, verdict.error)
        elif isinstance(verdict, TooLarge) and len(part.messages) > 1:
            source.split(part)
        else:
            self._is_turned_away = isinstance(verdict, TurnedAway)
            self._breaker.failed(verdict.not_before, is_certain=self._is_turned_away)
            self._report_failure(verdict.error)
            if not verdict.is_outage:
                self._stumble(source, part, verdict.error)
            return source is self._queue
        return True

    def _stumble(self, source: Source, part: Part, error: DeliveryError) -> None:
        """The batch itself may be what the collector fails on: close in on it, and give up only that.

        Only where others pass is a message to blame: without any, it waits as in every outage.
        """
        part.since = part.since or monotonic()
        part.stumbles += 1
        if len(part.messages) > 1:
            if part.stumbles >= SPLIT_AFTER:
                source.split(part)
        elif part.stumbles >= MAX_STUMBLES:
            is_proven = self._accepted_at > part.since
            if not is_proven and source.put_last(part):
                return
            if is_proven and not self._keep(source, part):
                self._drop_all(source, part, DropReason.GAVE_UP, error)

    def _keep(self, source: Source, part: Part) -> bool:
        is_kept = source.keep(part)
        self._notices.speak()
        return is_kept

    def _attempt(self, messages: list[bytes], deadline: float) -> Verdict:
        timeout = min(self._options.timeout, max(0.01, self._queue.end(deadline) - monotonic()))
        stats = self._queue.stats()
        told = stats.sent, dict(stats.dropped)
        try:
            request = pack(messages, self._options, timeout, self._health())
            verdict = judge(self._transport.send(request), len(messages))
        except ConnectionFailed as error:
            return TryAgain(error)
        except Exception as error:
            # A transport of the caller's own may raise anything; that must not end the thread.
            return TryAgain(ConnectionFailed(f"the transport raised {type(error).__name__}"))
        if isinstance(verdict, Taken):
            self._breaker.succeeded()
            self._told = told
        return verdict

    def _drop_all(self, source: Source, part: Part, reason: DropReason, error: DeliveryError) -> None:
        code, detail = (error.code, error.message) if isinstance(error, RequestRefused) else ("", str(error))
        self._resolve(source, part, [Drop(reason, payload, code, detail=detail) for payload in part.messages])

    def _resolve(self, source: Source, part: Part, drops: list[Drop]) -> None:
        life = self._life
        if source.resolve(part, len(part.messages) - len(drops), [drop.reason for drop in drops]):
            for drop in drops:
                # A callback may fork; the child must not go on with its parent's drops.
                if life is self._life:
                    self._notices.dropped(drop)

    def _report_failure(self, error: DeliveryError) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._notices.log_failure(self._options.host, error)
        self._notices.failed(error)

    def _report_recovery(self) -> None:
        if self._is_failing:
            self._is_failing = False
            self._notices.log_recovery(self._options.host)


def _drops(part: Part, rejected: Mapping[int, Rejection]) -> list[Drop]:
    return [
        Drop(DropReason.REJECTED, part.messages[index], why.code, why.field, why.message)
        for index, why in sorted(rejected.items())
    ]
