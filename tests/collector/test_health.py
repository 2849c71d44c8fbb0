"""The health page: ok while events can be kept, else why not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from collector.counters import Counters
from store.settings import Settings
from tests.collector.conftest import NOW, Site


def test_health_is_ok_and_tells_how_much_waits(site: Site) -> None:
    site.post("/v1/track", {"event": "x", "userId": "u"})
    answer = site.app.test_client().get("/health")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "inbox": {"waiting": 1, "limit": 1_000_000}}


def test_health_is_a_503_when_the_inbox_is_full(open_site: Any) -> None:
    site = open_site(Settings(inbox_limit=1))
    site.post("/v1/track", {"event": "x", "userId": "u"})
    answer = site.app.test_client().get("/health")
    assert (answer.status_code, answer.json["code"]) == (503, "inbox_full")


def test_health_is_a_503_when_the_store_cannot_be_written(site: Site) -> None:
    with site.engine.begin() as connection:
        connection.exec_driver_sql("drop table inbox")
    answer = site.app.test_client().get("/health")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert site.post("/v1/track", {"event": "x", "userId": "u"}).status_code == 503


def test_counters_add_up_and_forget_what_is_more_than_a_minute_old() -> None:
    counters = Counters()
    counters.count(now=NOW, accepted=600, duplicates=2, dropped=Counter(too_old=1))
    counters.count(now=NOW + 61_000, accepted=60, duplicates=0, dropped=Counter(too_old=1))
    counters.count_failure()
    assert counters.snapshot(NOW + 61_000) == {
        "accepted": 660,
        "duplicates": 2,
        "dropped": {"too_old": 2},
        "batches": 2,
        "failures": 1,
        "last_batch_at": NOW + 61_000,
        "events_per_second": 1.0,
    }
