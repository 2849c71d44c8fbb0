"""Metrics: who may read them, and that they say what happened."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from collector.counters import BATCH_SECONDS, MOST_NAMES, Counters, Traffic
from collector.metrics import Figures, registry_of
from store.checks import Check, ask_for
from store.ingestion import OTHER_LIBRARIES
from store.settings import Settings
from tests.collector.conftest import NOW, Site

HOUR = NOW - NOW % 3_600_000


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every value by its name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(client: FlaskClient, **options: Any) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", **options)
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain")
    return samples(answer.text)


@pytest.mark.parametrize(
    ("token", "address", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "::1", {}, 200),
        ("", "192.0.2.7", {}, 403),
        ("", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("", "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 403),
        ("", "127.0.0.1", {"X-Forwarded-Host": "w.example.com"}, 403),
        ("", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
        ("", "127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 403),
        ("", "127.0.0.1", {"Via": "1.1 varnish"}, 403),
        ("", "127.0.0.1", {"CF-Connecting-IP": "192.0.2.7"}, 403),
        ("", "127.0.0.1", {"True-Client-IP": "192.0.2.7"}, 403),
        ("", "127.0.0.1", {"X-Prometheus-Scrape-Timeout-Seconds": "10", "Accept-Encoding": "gzip"}, 200),
        ("", "192.0.2.7", {"Authorization": "Bearer "}, 403),
        ("secret", "192.0.2.7", {"Authorization": "Bearer secret"}, 200),
        ("secret", "192.0.2.7", {"Authorization": "Bearer sécret"}, 403),
        ("secret", "192.0.2.7", {"Authorization": "Basic secret"}, 403),
        ("secret", "127.0.0.1", {}, 403),
    ],
)
def test_metrics_open_to_the_token_or_to_this_machine_itself(
    open_site: Any, token: str, address: str, headers: dict[str, str], status: int
) -> None:
    client = open_site(Settings(metrics_token=token)).app.test_client()
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    if status == 403:
        assert answer.json.keys() == {"success", "code", "message"}


def test_the_door_counts_answers_and_verdicts(site: Site) -> None:
    site.post("/v1/batch", {"batch": [{"type": "track", "event": "x", "userId": "u"}, {"type": "track"}]})
    site.post("/v1/track", {"event": "x", "userId": "u"})
    site.post("/v1/track", {"event": "x"}, key="unknown")
    site.app.test_client().get("/nothing")
    found = read(site.app.test_client())
    assert found["waywiser_door_requests_total", "tracking.batch", "200"] == 1
    assert found["waywiser_door_requests_total", "tracking.track", "200"] == 1
    assert found["waywiser_door_requests_total", "tracking.track", "401"] == 1
    assert found["waywiser_door_requests_total", "unknown", "404"] == 1
    assert found[("waywiser_door_accepted_events_total",)] == 2
    rejected = {key[1]: n for key, n in found.items() if key[0] == "waywiser_door_rejected_events_total"}
    assert sum(rejected.values()) == 1


def test_the_inbox_shows_its_depth_and_age(site: Site) -> None:
    before = read(site.app.test_client())
    assert before[("waywiser_inbox_envelopes",)] == before[("waywiser_inbox_oldest_seconds",)] == 0
    site.post("/v1/track", {"event": "x", "userId": "u"})
    site.clock.now += 90_000
    site.post("/v1/track", {"event": "y", "userId": "u"})
    found = read(site.app.test_client())
    assert found[("waywiser_inbox_envelopes",)] == 2
    assert found[("waywiser_inbox_oldest_seconds",)] == 90
    assert found[("waywiser_inbox_limit_envelopes",)] == 1_000_000
    assert found[("waywiser_disk_free_bytes",)] > 0


def test_checks_of_runs_show_how_many_differ(site: Site) -> None:
    assert read(site.app.test_client())[("waywiser_runs_differing",)] == 0
    for version, n in ((1, 2), (2, 0), (3, 1)):
        made = Check(
            version=version,
            project=1,
            most=9,
            seed=0,
            by="",
            asked_at=0,
            state="done",
            checked=9,
            differing=n,
        )
        ask_for(site.engine, made)
    assert read(site.app.test_client())[("waywiser_runs_differing",)] == 3


def test_the_worker_shows_what_became_of_its_batches(site: Site) -> None:
    counters = Counters()
    tallied = {
        (1, HOUR, "accepted", "", "waywiser-js/1.0.0"): 7,
        (1, HOUR, "accepted", "", ""): 1,
        (1, HOUR, "late", "", "waywiser-js/1.0.0"): 2,
        (1, HOUR, "bot", "googlebot", "waywiser-js/1.0.0"): 3,
        (1, HOUR, "violation", "Order Paid", ""): 4,
    }
    counters.count(now=NOW, accepted=8, duplicates=5, dropped=Counter(too_old=6), counts=tallied, seconds=0.3)
    counters.count_failure()
    figures = Figures(site.engine, site.settings, site.clock, counters=counters)
    found = samples(generate_latest(registry_of(figures)).decode())
    assert not any("door" in name for name, *_ in found)
    worker = {key: n for key, n in found.items() if key[0].startswith("waywiser_worker") and n}
    buckets = {key: n for key, n in worker.items() if key[0].endswith("_bucket")}
    assert {key[1] for key in buckets} == {*(str(e) for e in BATCH_SECONDS if e > 0.3), "+Inf"}
    assert {key: n for key, n in worker.items() if key not in buckets} == {
        ("waywiser_worker_stored_events_total",): 8,
        ("waywiser_worker_duplicate_events_total",): 5,
        ("waywiser_worker_dropped_events_total", "too_old"): 6,
        ("waywiser_worker_late_events_total",): 2,
        ("waywiser_worker_robot_events_total", "googlebot"): 3,
        ("waywiser_worker_violating_events_total",): 4,
        ("waywiser_worker_library_events_total", "waywiser-js/1.0.0"): 7,
        ("waywiser_worker_library_events_total", "(none)"): 1,
        ("waywiser_worker_failures_total",): 1,
        ("waywiser_worker_batch_seconds_count",): 1,
        ("waywiser_worker_batch_seconds_sum",): 0.3,
    }


def test_made_up_library_names_do_not_make_the_metrics_grow() -> None:
    counters = Counters()
    for n in range(200):
        tallied = {(1, HOUR, "accepted", "", f"fake/{n}"): 1}
        counters.count(now=NOW, accepted=1, duplicates=0, dropped=Counter(), counts=tallied)
    assert len(counters.libraries) == MOST_NAMES + 1
    assert counters.libraries[OTHER_LIBRARIES] == 200 - MOST_NAMES


def test_verdicts_add_up() -> None:
    traffic = Traffic()
    traffic.judged(2, ["too_large", "too_large", "missing_identity"])
    traffic.judged(1)
    assert (traffic.accepted, traffic.rejected) == (3, Counter(too_large=2, missing_identity=1))
