"""The client: what a service holds and calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import Any
from weakref import finalize

from . import _process
from ._before_send import HeldBack, Hook, blame
from ._calls import Calls
from ._context import Scope, ScopeId, context
from ._delivery import Delivery
from ._http import HttpTransport
from ._message import Composer
from ._notices import Notices
from ._options import BeforeSend, OnDrop, OnError, Options
from ._reports import CloseReport, Drop, DropReason, Stats
from ._transport import Transport
from ._values import explain, is_too_deep

MAX_MESSAGE_BYTES = 32 * 1024
DEFAULT_WAIT = 5.0
MAX_WAIT = 24 * 3600.0


class Client(Calls):
    """Sends touchpoints of your customers to a Waywiser collector. Make one for each process and keep it.

    No call waits for the network, and after construction none raises. `track` and its siblings return True
    when the message is in the queue; else False, and the message is counted in `stats().dropped` and handed
    to `on_drop`. All methods may be called from any thread, and go on working in a forked child, which begins
    with an empty queue and counters of its own.

    Arguments that all kinds of message share:

    - `user_id`: who it is, in your own system: text, a whole number or a UUID.
    - `anonymous_id`: the id of a visitor who has not signed in, as the snippet sets it. One of the two is
      needed.
    - `properties` and `traits`: a mapping of JSON values, also datetime, date, Decimal (sent as a number),
      UUID, Enum (its value), dataclass, tuple and set. They are read before the call returns; changing them
      later changes nothing. A whole message may have 32 KiB.
    - `context`: more about the circumstances (`ip`, `userAgent`, `page`, `campaign` and so on).
    - `timestamp`: when it happened, if not now. A datetime without a time zone is local time.
    - `message_id`: if you have one that stays the same when you send again; the collector counts it once.
    """

    def __init__(
        self,
        write_key: str,
        host: str = "http://127.0.0.1:8000",
        *,
        flush_at: int = 100,
        flush_interval: float = 1.0,
        max_queue: int = 100_000,
        on_full: str | None = None,
        spool_dir: str | PathLike[str] | None = None,
        max_spool: int = 256 * 1024 * 1024,
        durable: bool = False,
        timeout: float = 10.0,
        sync: bool = False,
        enabled: bool = True,
        service: str = "",
        before_send: BeforeSend | None = None,
        on_error: OnError | None = None,
        on_drop: OnDrop | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Check the settings; no connection is made and no thread started before the first message.

        - `write_key`: the project's key. `host`: the collector's address.
        - `flush_at`: send when so many messages wait. `flush_interval`: or after so many seconds.
        - `max_queue`: how many messages may wait (and 64 MiB).
        - `on_full`: what becomes of one more: `drop_newest`, `drop_oldest`, `block` (wait at most `timeout`
          seconds for room, but not while the collector is down) or `spool`. None means `spool` if there is a
          `spool_dir`, else `drop_newest`.
        - `spool_dir`: a folder, on a local disk, where messages are kept that cannot be sent now or are left
          at the end. Any client of the same folder and key delivers them; so does `python -m waywiser.spool`.
        - `max_spool`: bytes that the folder may take.
        - `durable`: write each message to `spool_dir` before its call returns, so that it survives SIGKILL.
        - `timeout`: seconds that one request may take.
        - `sync`: deliver within each call, in the caller's thread, in at most `timeout` seconds, for places
          where no thread may run between calls (AWS Lambda). A call then returns True when the collector has
          dealt with its message; one that could not be delivered in time goes along with the next.
        - `enabled`: False makes every call return False and do nothing, for tests and local work.
        - `service`: the name of your service, so that the collector can show what it lost.
        - `before_send(message)`: is handed each message as a dictionary before it is queued, in the caller's
          thread, and returns what to send instead, or None to send nothing. If it raises, nothing is sent.
          What it tracks itself is refused.
        - `on_error(error)`: called for each failed request with a `DeliveryError`, in the delivery thread.
        - `on_drop(drop)`: called for each lost message with a `Drop`, in the thread where it was lost.
        - `transport`: how requests are carried, for example a `MemoryTransport` in tests.

        Raises TypeError or ValueError for a setting that cannot be right.
        """
        options = Options(
            write_key=write_key,
            host=host,
            flush_at=flush_at,
            flush_interval=flush_interval,
            max_queue=max_queue,
            on_full=on_full,
            spool_dir=spool_dir,
            max_spool=max_spool,
            durable=durable,
            timeout=timeout,
            sync=sync,
            enabled=enabled,
            service=service,
            before_send=before_send,
            on_error=on_error,
            on_drop=on_drop,
            transport=transport,
        )
        self._options = options
        self._composer = Composer()
        self._hook = Hook(before_send) if before_send is not None else None
        self._notices = Notices(on_error, on_drop)
        self._delivery = Delivery(options, self._composer, transport or HttpTransport(), self._notices)
        self._queue = self._delivery.queue
        finalize(self, self._delivery.let_go).atexit = False

    def flush(self, timeout: float = DEFAULT_WAIT) -> bool:
        """Wait until every message queued before this call was accepted or dropped.

        Returns False if that takes longer than `timeout` seconds, or cannot be before them because the
        collector is down; the messages then stay queued. With a spool, to be on disk is enough.
        """
        seconds = self._wait(timeout)
        try:
            _process.notice_fork()
            return self._delivery.flush(seconds)
        except Exception as error:
            self._notices.warn("flush", "flush() met %s", type(error).__name__)
            return False

    def close(self, timeout: float = DEFAULT_WAIT) -> CloseReport:
        """Deliver what waits, for at most `timeout` seconds, and end.

        Messages still waiting then, and those of later calls, are kept in `spool_dir`; without one they are
        lost. They may include messages of a last request that arrived, but was not answered in time.
        """
        seconds = self._wait(timeout)
        try:
            _process.notice_fork()
            return self._delivery.close(seconds)
        except Exception as error:
            self._notices.warn("close", "close() met %s", type(error).__name__)
            stats = self._queue.stats()
            return CloseReport(stats.sent, stats.spooled, stats.lost)

    def context(
        self,
        *,
        user_id: ScopeId = None,
        anonymous_id: ScopeId = None,
        session_id: ScopeId = None,
        values: Mapping[str, Any] | None = None,
    ) -> Scope:
        """Set whom the calls inside a `with` block are about; see `waywiser.context`, which is the same."""
        return context(user_id=user_id, anonymous_id=anonymous_id, session_id=session_id, values=values)

    def stats(self) -> Stats:
        """The counters, as they are now."""
        _process.notice_fork()
        return self._queue.stats()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(
        self,
        kind: str,
        fields: dict[str, object],
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> bool:
        if not self._options.enabled:
            return False
        try:
            _process.notice_fork()
            return self._taken(kind, fields, context, timestamp, message_id)
        except Exception as error:
            # What is not foreseen, such as locks that another library has put in the place of Python's own.
            self._notices.warn("call", "%s() met %s", kind, type(error).__name__)
            return False

    def _taken(
        self,
        kind: str,
        fields: dict[str, object],
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> bool:
        try:
            payload = self._composer.compose(kind, fields, context, timestamp, message_id)
        except Exception as error:
            return self._refuse(DropReason.INVALID, b"", f"{kind}(): {explain(error)}")
        if self._hook is not None:
            try:
                payload = self._hook.revise(payload)
            except HeldBack:
                self._queue.count_drop(DropReason.HELD_BACK)
                return False
            except Exception as error:
                return self._refuse(DropReason.HOOK_FAILED, b"", f"{kind}(): {blame(error)}")
        if len(payload) > MAX_MESSAGE_BYTES:
            return self._refuse(
                DropReason.TOO_LARGE, payload, f"{kind}(): {len(payload)} bytes, above 32 KiB"
            )
        if is_too_deep(payload):
            return self._refuse(DropReason.INVALID, payload, f"{kind}(): {explain(RecursionError())}")
        loss = self._delivery.put(payload)
        if loss is not None:
            for lost in loss.payloads:
                self._notices.dropped(Drop(loss.reason, lost, detail=f"{kind}(): {REFUSALS[loss.reason]}"))
            if not loss.is_taken:
                return False
        if self._options.sync:
            return self._delivery.flush(self._options.timeout)
        if self._delivery.thread is None:
            self._delivery.start()
        return True

    def _refuse(self, reason: DropReason, payload: bytes, detail: str) -> bool:
        self._queue.count_drop(reason)
        self._notices.dropped(Drop(reason, payload, detail=detail))
        return False

    def _wait(self, timeout: object) -> float:
        if isinstance(timeout, (int, float)) and timeout == timeout:  # not NaN
            return float(max(0, min(timeout, MAX_WAIT)))
        self._notices.warn("timeout", "timeout must be a number of seconds; %s are used", DEFAULT_WAIT)
        return DEFAULT_WAIT


REFUSALS = {
    DropReason.QUEUE_FULL: "the queue is full",
    DropReason.DISPLACED: "the queue is full, so its oldest message went",
    DropReason.SPOOL_FULL: "the spool takes no more",
    DropReason.CLOSED: "the client is closed",
}
