"""Metrics of real processes: what is sent shows up in them, and in the counts of the admin."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.installation import Installation, eventually, free_port

BATCH = [
    {"type": "track", "event": "a", "userId": "u", "messageId": "m1"},
    {"type": "track", "event": "a", "userId": "u", "messageId": "m1"},
    {"type": "track", "event": "b", "userId": "u", "timestamp": "2001-01-01T00:00:00Z"},
    {"type": "track", "userId": "u"},
]


def metrics(address: str) -> dict[str, float]:
    """Every metric by its name, summed over its labels; empty while nothing answers."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return {}
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removeprefix("waywiser_")
            sums[name] = sums.get(name, 0) + sample.value
    return sums


def stored(found: dict[str, float]) -> bool:
    return found.get("worker_stored_events_total") == 1


@pytest.mark.slow
def test_one_process_tells_what_door_and_worker_did(tmp_path: Path) -> None:
    with Installation(tmp_path) as place:
        place.init()
        place.start()
        assert place.send("/v1/batch", {"batch": BATCH})[0] == 200
        found = eventually(lambda: metrics(place.address), stored)
        expected = {
            "door_accepted_events_total": 3,
            "door_rejected_events_total": 1,
            "worker_stored_events_total": 1,
            "worker_duplicate_events_total": 1,
            "worker_dropped_events_total": 1,
            "worker_library_events_total": 1,
            "worker_batch_seconds_count": 1,
            "inbox_envelopes": 0,
        }
        assert {name: found[name] for name in expected} == expected
        total = place.api("/ingestion")["total"]
        assert (total["accepted"], total["duplicates"], total["refused"]) == (1, 1, 2)


@pytest.mark.slow
def test_a_worker_alone_tells_what_it_did_at_a_port_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    with Installation(tmp_path, METRICS_PORT=str(port)) as place:
        place.init()
        door = place.spawn("collector", port=place.port)
        place.server = door
        assert place.send("/v1/batch", {"batch": BATCH})[0] == 200
        worker = place.spawn("worker")
        found = eventually(lambda: metrics(f"http://127.0.0.1:{port}"), stored)
        assert stored(found), place.log()
        assert not any(name.startswith("door") for name in found)
        assert worker.stop() == 0
