"""GET /metrics: what this process counted and how its inbox and disk stand, as Prometheus reads it."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from flask import Blueprint, Flask, Request, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from collector.counters import BATCH_SECONDS, Counters, Traffic
from collector.door import Door
from collector.errors import Refusal
from store import disk
from store.checks import all_checks
from store.settings import Settings
from store.vitals import inbox_state

HERE = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
# What proxies add to what they pass on. Of headers with an X, a scraper that asks directly has only its own.
FORWARDED = re.compile(
    r"HTTP_(X_(?!PROMETHEUS_)\w+|FORWARDED|VIA|CLIENT_IP|TRUE_CLIENT_IP|CDN_LOOP|(CF|CLOUDFRONT|FASTLY|FLY)_\w+)"
)


@dataclass(frozen=True, eq=False)  # a registry tells its collectors apart by themselves
class Figures(Collector):
    """All figures of one process, asked for anew at each reading. A part that it does not run is absent."""

    engine: Engine
    settings: Settings
    clock: Callable[[], int]
    traffic: Traffic | None = None
    counters: Counters | None = None

    def collect(self) -> Iterable[Metric]:
        """Every metric with its present value."""
        if self.traffic:
            yield from _door(self.traffic)
        if self.counters:
            yield from _worker(self.counters)
        yield from self._inbox()
        yield from self._runs()
        yield from self._disk()

    def _inbox(self) -> Iterator[Metric]:
        state = inbox_state(self.engine, self.settings, now=self.clock())
        yield _gauge("inbox_envelopes", "Envelopes that wait in the inbox", state.waiting)
        yield _gauge("inbox_limit_envelopes", "Envelopes that may wait", state.limit)
        yield _gauge("inbox_oldest_seconds", "How long the oldest envelope has waited", state.oldest_seconds)

    def _runs(self) -> Iterator[Metric]:
        differing = sum(check.differing for check in all_checks(self.engine).values())
        yield _gauge(
            "runs_differing", "Of whom stored runs are wrong, by each journey's last check", differing
        )

    def _disk(self) -> Iterator[Metric]:
        room = disk.room(self.settings)
        if room is None:
            return
        yield _gauge("disk_free_bytes", "Free on the fullest disk of the stores", room.free_bytes)
        yield _gauge("disk_reserve_bytes", "Below this the door answers 503", room.reserve_bytes)
        if room.full_in_seconds is not None:
            words = "Until only the reserve is free, by the last hour; absent while the disk does not fill up"
            yield _gauge("disk_full_in_seconds", words, room.full_in_seconds)


def registry_of(figures: Figures) -> CollectorRegistry:
    """A registry of this process's own."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return registry


def metrics_room(door: Door) -> Blueprint:
    """The blueprint of GET /metrics."""
    room = Blueprint("metrics", __name__)
    figures = Figures(door.engine, door.settings, door.clock, door.traffic, door.counters)
    registry = registry_of(figures)

    @room.get("/metrics")
    def metrics() -> Response:
        if not _may_read(request, door.settings.metrics_token):
            raise Refusal(403, "forbidden", CURE)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return room


CLIENT_COUNTS = {
    "enqueued": "Messages that services put into their clients' queues, as these say",
    "sent": "Messages of services that a collector accepted, as their clients say",
    "retried": "Messages that clients of services sent again, as these say",
    "spooled": "Messages that clients of services put on disk for later, as these say",
    "recovered": "Messages that clients of services read back from disk, as these say",
    "dropped": "Messages of services that were never delivered, by reason, as their clients say",
}
CURE = (
    "metrics are read with `Authorization: Bearer` and the token of WAYWISER_METRICS_TOKEN, "
    "or, where none is set, from this machine itself"
)


def count_answers(app: Flask, traffic: Traffic) -> None:
    """Count every answer of the application by endpoint and status."""

    def count(response: Response) -> Response:
        traffic.answered(request.endpoint or "unknown", response.status_code)
        return response

    app.after_request(count)


def _may_read(request: Request, token: str) -> bool:
    if token:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    # What a proxy on this machine passes on comes from elsewhere; one that adds no header is not noticed.
    return request.remote_addr in HERE and not any(map(FORWARDED.fullmatch, request.environ))


def _door(traffic: Traffic) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "waywiser_door_requests", "Requests that were answered", labels=["endpoint", "status"]
    )
    for (endpoint, status), n in [*traffic.requests.items()]:
        answers.add_metric([endpoint, str(status)], n)
    yield answers
    yield _total("door_accepted_events", "Events that were accepted and are on disk", traffic.accepted)
    words = "Events that were refused, by the code of the reason"
    yield _totals("door_rejected_events", words, "code", traffic.rejected)


def _worker(counters: Counters) -> Iterator[Metric]:
    yield _total("worker_stored_events", "Events that were stored", counters.accepted)
    yield _total("worker_duplicate_events", "Copies that were left out", counters.duplicates)
    words = "Events that the pipeline refused, by the code of the reason"
    yield _totals("worker_dropped_events", words, "code", counters.dropped)
    words = "Stored events that happened more than an hour before they came"
    yield _total("worker_late_events", words, counters.late)
    yield _totals("worker_robot_events", "Stored events of robots, by reason", "reason", counters.robots)
    words = "Stored events that break the tracking plan"
    yield _total("worker_violating_events", words, counters.violations)
    words = "Stored events by library and version; those beyond the first fifty as (others)"
    yield _totals("worker_library_events", words, "library", counters.libraries)
    yield from _services(counters.services)
    yield _total("worker_failures", "Batches that had to be tried again", counters.failures)
    yield _batches(counters)


def _services(services: Mapping[str, Counter[tuple[str, str]]]) -> Iterator[Metric]:
    """What the clients of services counted themselves, as far as it was told to this process."""
    for what, words in CLIENT_COUNTS.items():
        labels = ["service", "reason"] if what == "dropped" else ["service"]
        family = CounterMetricFamily(f"waywiser_client_{what}_messages", words, labels=labels)
        for service, counts in [*services.items()]:
            for (found, reason), n in [*counts.items()]:
                if found == what:
                    family.add_metric([service, reason] if what == "dropped" else [service], n)
        yield family


def _batches(counters: Counters) -> Metric:
    edges = [*map(str, BATCH_SECONDS), "+Inf"]
    buckets = [(edge, float(n)) for edge, n in zip(edges, accumulate(counters.durations.bars), strict=True)]
    words = "How long batches took from the inbox to the event store"
    family = HistogramMetricFamily("waywiser_worker_batch_seconds", words)
    family.add_metric([], buckets, counters.durations.total)
    return family


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"waywiser_{name}", words, value=value)


def _total(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"waywiser_{name}", words, value=value)


def _totals(name: str, words: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"waywiser_{name}", words, labels=[label])
    for value, n in [*values.items()]:
        family.add_metric([value], n)
    return family
