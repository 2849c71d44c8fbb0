"""Carries one batch until the collector has dealt with it: sends, reads the answer, waits, sends again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from time import monotonic

from ._envelope import pack
from ._errors import ConnectionFailed, DeliveryError, RequestRefused
from ._notices import Notices, logger
from ._options import Options
from ._queue import Queue
from ._reports import Drop, DropReason
from ._transport import Transport
from ._verdict import Rejection, Taken, TryAgain, Verdict, judge

FIRST_BACKOFF = 0.5
MAX_BACKOFF = 30.0
MAX_STUMBLES = 10


class Courier:
    """Works in whichever thread calls it, one batch at a time."""

    def __init__(self, options: Options, queue: Queue, transport: Transport, notices: Notices) -> None:
        self._options = options
        self._queue = queue
        self._transport = transport
        self._notices = notices
        self._is_failing = False

    def work(self, deadline: float, is_patient: bool = True) -> None:
        """Carry batch after batch until the queue is closed and empty, or the deadline is past.

        An impatient worker leaves as soon as nothing is due, and leaves the connection open.
        """
        while monotonic() < deadline and (batch := self._queue.claim(is_patient)):
            self._carry(batch, deadline)
        if not is_patient:
            return
        try:
            self._transport.close()
        except Exception as error:
            self._notices.warn("transport", "the transport raised %s in close()", type(error).__name__)

    def _carry(self, batch: list[bytes], deadline: float) -> None:
        attempt = 1
        while isinstance(verdict := self._attempt(batch, deadline), TryAgain):
            self._report_failure(verdict.error)
            if not verdict.is_outage and attempt >= MAX_STUMBLES:
                self._drop_all(batch, DropReason.GAVE_UP, verdict.error)
                return
            if not self._queue.pause(verdict.not_before, backoff(attempt, random.random()), deadline):
                return
            self._queue.count_retry()
            attempt += 1
        if isinstance(verdict, Taken):
            self._report_recovery()
            self._drop_rejected(batch, verdict.rejected)
        else:
            self._report_failure(verdict.error)
            self._drop_all(batch, DropReason.REQUEST_REFUSED, verdict.error)

    def _attempt(self, batch: list[bytes], deadline: float) -> Verdict:
        timeout = min(self._options.timeout, max(0.01, deadline - monotonic()))
        try:
            return judge(self._transport.send(pack(batch, self._options, timeout)), len(batch))
        except ConnectionFailed as error:
            return TryAgain(error)
        except Exception as error:
            # A transport of the caller's own may raise anything; that must not end the thread.
            return TryAgain(ConnectionFailed(f"the transport raised {type(error).__name__}"))

    def _drop_rejected(self, batch: list[bytes], rejected: Mapping[int, Rejection]) -> None:
        drops = [
            Drop(DropReason.REJECTED, batch[index], why.code, why.field, why.message)
            for index, why in sorted(rejected.items())
        ]
        self._resolve(batch, drops)

    def _drop_all(self, batch: list[bytes], reason: DropReason, error: DeliveryError) -> None:
        code, detail = (error.code, error.message) if isinstance(error, RequestRefused) else ("", str(error))
        self._resolve(batch, [Drop(reason, payload, code, detail=detail) for payload in batch])

    def _resolve(self, batch: list[bytes], drops: list[Drop]) -> None:
        if self._queue.resolve(len(batch) - len(drops), [drop.reason for drop in drops]):
            for drop in drops:
                self._notices.dropped(drop)
            self._queue.settle(len(batch))

    def _report_failure(self, error: DeliveryError) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.warning("delivery to %s fails: %s", self._options.host, _brief(error))
        self._notices.failed(error)

    def _report_recovery(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.info("delivery to %s works again", self._options.host)


def backoff(attempt: int, chance: float) -> float:
    """Seconds to wait after that many attempts: full jitter, so that clients do not return all at once.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog. `chance` is a random number from 0 to 1.
    """
    return chance * min(MAX_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempt - 1, 16))


def _brief(error: DeliveryError) -> str:
    # The collector's sentence may quote a message or the key: its status and code are enough for a log.
    return f"it answered {error.status} {error.code}" if isinstance(error, RequestRefused) else str(error)
