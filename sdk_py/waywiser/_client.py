"""The client: what a service holds and calls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

from ._delivery import Delivery
from ._http import HttpTransport
from ._message import Composer, Id
from ._notices import Notices
from ._options import OnDrop, OnError, Options
from ._queue import Queue
from ._reports import CloseReport, Drop, DropReason, Stats
from ._transport import Transport
from ._values import explain

MAX_MESSAGE_BYTES = 32 * 1024
DEFAULT_WAIT = 5.0
MAX_WAIT = 24 * 3600.0


class Client:
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
        timeout: float = 10.0,
        enabled: bool = True,
        on_error: OnError | None = None,
        on_drop: OnDrop | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Check the settings; no connection is made and no thread started before the first message.

        - `write_key`: the project's key. `host`: the collector's address.
        - `flush_at`: send when so many messages wait. `flush_interval`: or after so many seconds.
        - `max_queue`: how many messages may wait (and 64 MiB); one more is dropped and counted.
        - `timeout`: seconds to connect, and to wait for each part of an answer.
        - `enabled`: False makes every call return False and do nothing, for tests and local work.
        - `on_error(error)`: called for each failed request with a `DeliveryError`, in the delivery thread.
        - `on_drop(drop)`: called for each lost message with a `Drop`, in the thread where it was lost.
        - `transport`: how requests are carried, for example a `MemoryTransport` in tests.

        Raises TypeError or ValueError for a setting that cannot be right.
        """
        options = Options(
            write_key,
            host,
            flush_at,
            flush_interval,
            max_queue,
            timeout,
            enabled,
            on_error,
            on_drop,
            transport,
        )
        self._is_enabled = enabled
        self._composer = Composer()
        self._notices = Notices(on_error, on_drop)
        self._queue = Queue(options)
        self._delivery = Delivery(options, self._queue, transport or HttpTransport(), self._notices)

    def track(
        self,
        event: str,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that something happened: `track("Invoice Paid", user_id="42", properties={"plan": "pro"})`."""
        fields = {"event": event, "userId": user_id, "anonymousId": anonymous_id, "properties": properties}
        return self._take("track", fields, context, timestamp, message_id)

    def page(
        self,
        name: str | None = None,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a page was seen. `properties` may hold `url`, `path`, `title` and `referrer`."""
        fields = {"name": name, "userId": user_id, "anonymousId": anonymous_id, "properties": properties}
        return self._take("page", fields, context, timestamp, message_id)

    def screen(
        self,
        name: str | None = None,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a screen of an app was seen."""
        fields = {"name": name, "userId": user_id, "anonymousId": anonymous_id, "properties": properties}
        return self._take("screen", fields, context, timestamp, message_id)

    def identify(
        self,
        user_id: Id,
        *,
        traits: Mapping[str, Any] | None = None,
        anonymous_id: Id | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say who a user is; with `anonymous_id`, also that this visitor is that user, then and before."""
        fields = {"userId": user_id, "anonymousId": anonymous_id, "traits": traits}
        return self._take("identify", fields, context, timestamp, message_id)

    def alias(
        self,
        user_id: Id,
        previous_id: Id,
        *,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that the user known as `previous_id` is now known as `user_id`: both are one customer."""
        fields = {"userId": user_id, "previousId": previous_id}
        return self._take("alias", fields, context, timestamp, message_id)

    def group(
        self,
        group_id: Id,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        traits: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that someone belongs to a group, such as a company; `traits` are the group's."""
        fields = {"groupId": group_id, "userId": user_id, "anonymousId": anonymous_id, "traits": traits}
        return self._take("group", fields, context, timestamp, message_id)

    def flush(self, timeout: float = DEFAULT_WAIT) -> bool:
        """Wait until every message queued before this call was accepted or dropped.

        Returns False if that takes longer than `timeout` seconds; the messages then stay queued.
        """
        return self._delivery.flush(self._wait(timeout))

    def close(self, timeout: float = DEFAULT_WAIT) -> CloseReport:
        """Deliver what waits, for at most `timeout` seconds, and end; messages still waiting then are lost.

        Later calls to `track` and its siblings return False and are lost too. `lost` may include messages of
        a last request that arrived, but whose answer did not come in time.
        """
        return self._delivery.close(self._wait(timeout))

    def stats(self) -> Stats:
        """The counters, as they are now."""
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
        fields: Mapping[str, object],
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> bool:
        if not self._is_enabled:
            return False
        try:
            payload = self._composer.compose(kind, fields, context, timestamp, message_id)
        except Exception as error:
            return self._refuse(DropReason.INVALID, b"", f"{kind}(): {explain(error)}")
        if len(payload) > MAX_MESSAGE_BYTES:
            return self._refuse(
                DropReason.TOO_LARGE, payload, f"{kind}(): {len(payload)} bytes, above 32 KiB"
            )
        reason = self._queue.put(payload)
        if reason is not None:
            return self._refuse(reason, payload, f"{kind}(): {REFUSALS[reason]}")
        if self._delivery.thread is None:
            self._delivery.start()
        return True

    def _refuse(self, reason: DropReason, payload: bytes, detail: str) -> bool:
        self._queue.count_drop(reason)
        self._notices.dropped(Drop(reason, payload, detail=detail))
        return False

    def _wait(self, timeout: object) -> float:
        if isinstance(timeout, (int, float)) and not math.isnan(timeout):
            return max(0.0, min(float(timeout), MAX_WAIT))
        self._notices.warn("timeout", "timeout must be a number of seconds; %s are used", DEFAULT_WAIT)
        return DEFAULT_WAIT


REFUSALS = {
    DropReason.QUEUE_FULL: "the queue is full",
    DropReason.CLOSED: "the client is closed",
}
