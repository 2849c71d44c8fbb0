"""The libraries that are compared, each with its default settings, behind the same few calls.

Needs nothing but the libraries themselves: this runs in an environment of its own.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

NUMBER = re.compile(r"ww-(\d+)-ev")
PROPERTIES = {"plan": "pro", "amount": 49.5, "currency": "EUR", "seats": 3, "trial": False}
USER = "customer-4711"


def event(number: int) -> str:
    """The name of the event of this number."""
    return f"ww-{number}-ev"


class Ledger:
    """A file to which every process adds what it knows, a line at a time: `lost 17`, `sent 17`."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def lost(self, about: object) -> None:
        """The library says that it lost these events; their numbers stand somewhere in the text."""
        self._add("lost", NUMBER.findall(str(about)))

    def sent(self, number: int) -> None:
        """The program has handed this event to the library."""
        self._add("sent", [str(number)])

    def _add(self, what: str, numbers: Iterable[str]) -> None:
        os.write(self._file, "".join(f"{what} {number}\n" for number in numbers).encode())


class Library:
    """What every library offers; `wide` makes its queue so large that nothing is dropped."""

    def __init__(self, host: str, ledger: Ledger, *, wide: bool = False) -> None:
        self.host, self.ledger, self.wide = host, ledger, wide
        self.client: Any = None
        self.open()

    def open(self) -> None:
        """Make the client."""
        raise NotImplementedError

    def track(self, number: int) -> None:
        """Track one event; a refusal by return value or exception is a loss that is reported."""
        raise NotImplementedError

    def flush(self) -> None:
        """Wait for what is queued."""
        self.client.flush()

    def close(self) -> None:
        """End as the documents say."""
        self.client.shutdown()


class Waywiser(Library):
    """Ours."""

    options: Mapping[str, Any] = MappingProxyType({})

    def open(self) -> None:
        """Make the client."""
        from waywiser import Client

        self.client = Client(
            "key",
            self.host,
            service="bench",
            on_drop=lambda drop: self.ledger.lost(drop.message.get("event", "")),
            **({"max_queue": 1_000_000} if self.wide else {}),
            **self.options,
        )
        self._track = self.client.track

    def track(self, number: int) -> None:
        """Track one event."""
        self._track(event(number), user_id=USER, properties=PROPERTIES)

    def flush(self) -> None:
        """Wait for what is queued."""
        self.client.flush(timeout=60)

    def close(self) -> None:
        """End, with the time that the others take, too."""
        self.client.close(timeout=30)


class WaywiserSmall(Waywiser):
    """Ours with a queue of the size that others have."""

    options = MappingProxyType({"max_queue": 10_000})


class WaywiserSpool(Waywiser):
    """Ours with a spool."""

    def open(self) -> None:
        """Make the client."""
        self.options = MappingProxyType({**self.options, "spool_dir": os.environ["BENCH_SPOOL"]})
        super().open()


class WaywiserSmallSpool(WaywiserSpool):
    """The same with a small queue."""

    options = MappingProxyType({"max_queue": 10_000})


class WaywiserDurable(WaywiserSpool):
    """Ours with a spool that is written before a call returns."""

    options = MappingProxyType({"durable": True})


class Segment(Library):
    """segment-analytics-python."""

    def open(self) -> None:
        """Make the client."""
        from segment.analytics.client import Client

        size = {"max_queue_size": 1_000_000} if self.wide else {}
        self.client = Client("key", host=self.host, on_error=lambda _, batch: self.ledger.lost(batch), **size)

    def track(self, number: int) -> None:
        """Track one event."""
        is_queued, _ = self.client.track(user_id=USER, event=event(number), properties=PROPERTIES)
        if not is_queued:
            self.ledger.lost(event(number))


class Rudder(Library):
    """rudder-sdk-python."""

    def open(self) -> None:
        """Make the client."""
        from rudderstack.analytics.client import Client

        size = {"max_queue_size": 1_000_000} if self.wide else {}
        self.client = Client("key", host=self.host, on_error=lambda _, batch: self.ledger.lost(batch), **size)

    def track(self, number: int) -> None:
        """Track one event."""
        is_queued, _ = self.client.track(user_id=USER, event=event(number), properties=PROPERTIES)
        if not is_queued:
            self.ledger.lost(event(number))


class PostHog(Library):
    """posthog."""

    def open(self) -> None:
        """Make the client."""
        from posthog import Posthog

        size = {"max_queue_size": 1_000_000} if self.wide else {}
        self.client = Posthog(
            "key", host=self.host, on_error=lambda _, batch: self.ledger.lost(batch), **size
        )

    def track(self, number: int) -> None:
        """Track one event."""
        if self.client.capture(event(number), distinct_id=USER, properties=PROPERTIES) is None:
            self.ledger.lost(event(number))


class Mixpanel(Library):
    """mixpanel. It retries over https only, so it is told to over http as well."""

    def open(self) -> None:
        """Make the client."""
        from mixpanel import Consumer, Mixpanel

        consumer = Consumer(events_url=f"{self.host}/track")
        consumer._session.mount("http://", consumer._session.get_adapter("https://"))
        self.client = Mixpanel("key", consumer=consumer)

    def track(self, number: int) -> None:
        """Track one event, which is sent before the call returns."""
        try:
            self.client.track(USER, event(number), PROPERTIES)
        except Exception:
            self.ledger.lost(event(number))

    def flush(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to end."""


class Snowplow(Library):
    """snowplow-tracker with its asynchronous emitter."""

    def open(self) -> None:
        """Make the client."""
        from snowplow_tracker import AsyncEmitter, Tracker

        address = urlsplit(self.host)
        capacity = {"buffer_capacity": 1_000_000} if self.wide else {}
        self._emitter = AsyncEmitter(
            address.hostname,
            protocol="http",
            port=address.port,
            on_failure=lambda _, failed: self.ledger.lost(failed),
            **capacity,
        )
        self.client = Tracker("bench", self._emitter)

    def track(self, number: int) -> None:
        """Track one event."""
        from snowplow_tracker import StructuredEvent

        self.client.track(StructuredEvent("bench", event(number), label="pro", property_="EUR", value=49.5))

    def close(self) -> None:
        """Flush, which is all there is."""
        self.client.flush()


LIBRARIES: dict[str, Callable[..., Library]] = {
    "waywiser": Waywiser,
    "waywiser-small": WaywiserSmall,
    "waywiser-spool": WaywiserSpool,
    "waywiser-small-spool": WaywiserSmallSpool,
    "waywiser-durable": WaywiserDurable,
    "segment-analytics-python": Segment,
    "rudder-sdk-python": Rudder,
    "posthog": PostHog,
    "mixpanel": Mixpanel,
    "snowplow-tracker": Snowplow,
}


def opened(name: str, **options: Any) -> Library:
    """The library of this name, with the address and the ledger that the environment tells."""
    return LIBRARIES[name](os.environ["BENCH_HOST"], Ledger(os.environ["BENCH_LEDGER"]), **options)


def wait_until(moment: float) -> None:
    """Wait for a moment of the performance counter."""
    while (left := moment - time.perf_counter()) > 0:
        time.sleep(left)
