"""What clients say of themselves comes along with their batches, from servers only, and is kept once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET
from prometheus_client import generate_latest
from sqlalchemy import Engine

from collector.metrics import Figures, registry_of
from collector.worker import Worker
from store.batches import NotHeld
from store.client_health import Health, by_service
from store.inbox import Inbox
from tests.collector.conftest import Site
from tests.collector.test_metrics import samples

TRACK = {"type": "track", "event": "x", "userId": "u"}
HEALTH = {
    "service": "billing",
    "stream": "s1",
    "sdk": "waywiser-python/0.1.0",
    "enqueued": 9,
    "waiting": 3,
    "sent": 6,
    "retried": 0,
    "spooled": 0,
    "recovered": 0,
    "dropped": {"queue_full": 3},
}
READ = Health(stream="s1", service="billing", enqueued=9, sent=6, dropped={"queue_full": 3})


def counted(engine: Engine, project: int) -> dict[tuple[str, ...], int]:
    return {tuple(key): n for *key, n in by_service(engine, project, 0, 2**62)}


@pytest.mark.parametrize(
    "message", [TRACK | {"messageId": "m"}, TRACK, TRACK | {"properties": {"lastIp": "81.2.69.142"}}]
)
def test_a_server_says_it_along_with_its_batch(site: Site, message: dict[str, Any]) -> None:
    answer = site.post("/v1/batch", {"batch": [message], "health": HEALTH})
    assert answer.json == {"success": True, "accepted": 1, "rejected": []}
    assert [one.health for one in site.envelopes()] == [READ]


def test_a_browsers_key_is_public_so_nobody_believes_it(site: Site) -> None:
    answer = site.post("/v1/batch", {"batch": [TRACK], "health": HEALTH}, key=site.browser_key)
    assert answer.json["accepted"] == 1
    assert [one.health for one in site.envelopes()] == [UNSET]
    assert site.post("/v1/batch", {"batch": [], "health": HEALTH}, key=site.browser_key).status_code == 200
    assert len(site.envelopes()) == 1


@pytest.mark.parametrize("health", [5, None, [], {}, {"stream": "s", "sent": "many"}, "x" * 100])
def test_a_report_that_cannot_be_read_costs_no_event(site: Site, health: Any) -> None:
    answer = site.post("/v1/batch", {"batch": [TRACK], "health": health})
    assert answer.json == {"success": True, "accepted": 1, "rejected": []}
    assert [one.health for one in site.envelopes()] == [UNSET]


def test_a_report_is_taken_without_an_event_too(
    site: Site, make_worker: Callable[..., Worker], engine: Engine
) -> None:
    assert site.post("/v1/batch", {"batch": [], "health": HEALTH}).json["accepted"] == 0
    assert site.post("/v1/batch", {"batch": [{"type": "track"}], "health": HEALTH}).status_code == 400
    make_worker().drain()
    assert counted(engine, site.project)["billing", "dropped", "queue_full"] == 3


def test_it_means_nothing_to_other_endpoints(site: Site) -> None:
    assert site.post("/v1/track", {"event": "x", "userId": "u", "health": HEALTH}).status_code == 200
    assert [one.health for one in site.envelopes()] == [UNSET]


def test_the_worker_keeps_what_is_new_and_tells_it_in_its_metrics(
    site: Site, make_worker: Callable[..., Worker], engine: Engine
) -> None:
    worker = make_worker()
    for sent in (4, 6, 6):
        site.post("/v1/batch", {"batch": [TRACK], "health": HEALTH | {"sent": sent}})
    worker._turn()
    site.post("/v1/batch", {"batch": [TRACK], "health": HEALTH | {"sent": 8, "service": "<b>"}})
    site.post("/v1/batch", {"batch": [TRACK], "health": HEALTH | {"sent": 8}})
    worker._turn()
    assert counted(engine, site.project) == {
        ("<b>", "enqueued", ""): 9,
        ("<b>", "sent", ""): 8,
        ("<b>", "dropped", "queue_full"): 3,
        ("billing", "enqueued", ""): 9,
        ("billing", "sent", ""): 8,
        ("billing", "dropped", "queue_full"): 3,
    }
    figures = Figures(engine, site.settings, site.clock, counters=worker.counters)
    found = samples(generate_latest(registry_of(figures)).decode())
    told = {key: n for key, n in found.items() if key[0].startswith("waywiser_client") and "billing" in key}
    assert told == {
        ("waywiser_client_enqueued_messages_total", "billing"): 9,
        ("waywiser_client_sent_messages_total", "billing"): 8,
        ("waywiser_client_dropped_messages_total", "queue_full", "billing"): 3,
    }


def test_a_batch_that_is_carried_twice_is_counted_once(
    site: Site, make_worker: Callable[..., Worker], engine: Engine, inbox: Inbox
) -> None:
    site.post("/v1/batch", {"batch": [TRACK], "health": HEALTH})
    late = make_worker()
    digested = late._ahead.next()
    assert digested
    late._batches.release_all()
    make_worker(clock=lambda: site.clock.now + 1).drain()
    with pytest.raises(NotHeld):
        late._carry(digested)
    assert counted(engine, site.project)["billing", "sent", ""] == 6
    assert late.counters.services == {}
