"""The health page: ok while events can be kept, else why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector import Door, health
from collector.counters import Counters
from store import disk
from store.db import writing
from store.settings import Settings
from tests.collector.conftest import NOW, Site
from tests.installation import eventually

EVENT = {"event": "x", "userId": "u"}


@pytest.fixture(autouse=True)
def looks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is remembered, unless a test says so, nor how the disk filled up during other tests."""
    monkeypatch.setattr(health, "LOOK_EVERY_S", 0.0)
    disk._disks.cache_clear()


def run(site: Site, sql: str) -> None:
    with site.engine.begin() as connection:
        connection.exec_driver_sql(sql)


def ask(site: Site) -> Any:
    return site.app.test_client().get("/health")


def test_health_is_ok_and_tells_how_much_waits_and_how_long(site: Site) -> None:
    site.post("/v1/track", EVENT)
    site.clock.now += 61_000
    answer = ask(site)
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["inbox"] == {"waiting": 1, "limit": 1_000_000, "oldest_seconds": 61}
    assert answer.json["disk"]["free_bytes"] > answer.json["disk"]["reserve_bytes"] == 256 * 1024 * 1024
    assert answer.json["disk"]["full_in_seconds"] is None


def test_health_is_a_503_when_the_inbox_is_full(open_site: Any) -> None:
    site = open_site(Settings(inbox_limit=1))
    site.post("/v1/track", EVENT)
    answer = ask(site)
    assert (answer.status_code, answer.json["code"]) == (503, "inbox_full")


def test_health_is_a_503_when_the_disk_is_nearly_full(open_site: Any) -> None:
    answer = ask(open_site(Settings(disk_reserve_mb=10_000_000)))
    assert (answer.status_code, answer.json["code"]) == (503, "disk_full")
    assert "10000000 are kept in reserve" in answer.json["message"]


def test_health_is_a_503_when_the_store_cannot_be_written(site: Site) -> None:
    run(site, "drop table inbox")
    answer = ask(site)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert site.post("/v1/track", EVENT).status_code == 503


def test_health_is_well_again_before_the_next_event_comes(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(site).status_code == 200
    run(site, "create trigger no_room before insert on inbox begin select raise(abort, 'disk is full'); end")
    assert site.post("/v1/track", EVENT).status_code == 503
    answer = ask(site)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert "disk is full" in caplog.text
    assert "disk is full" not in answer.text  # what a store says may name its host and user
    run(site, "drop trigger no_room")
    assert ask(site).status_code == 200


def test_a_failed_proof_is_asked_for_again_without_any_event(site: Site) -> None:
    run(site, "create trigger no_room before insert on inbox begin select raise(abort, 'disk is full'); end")
    assert ask(site).status_code == 503
    run(site, "drop trigger no_room")
    assert ask(site).status_code == 200


def test_an_answer_is_remembered_for_a_second(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY_S", 3_600.0)
    client = site.app.test_client()
    assert client.get("/health").json["inbox"]["waiting"] == 0
    site.post("/v1/track", EVENT)
    assert client.get("/health").json["inbox"]["waiting"] == 0


@contextmanager
def a_long_look(site: Site) -> Iterator[health.Checkup]:
    """A checkup of which one thread is in the middle of a look: the store lets nobody write."""
    checkup = health.Checkup(Door(site.engine, site.inbox, site.settings, site.clock, Path()))
    assert checkup.answer().status_code == 200
    with ThreadPoolExecutor(1) as pool, writing(site.engine):
        checkup._proven_at = float("-inf")
        looking = pool.submit(checkup.answer)
        eventually(checkup._examining.locked, bool)
        yield checkup
    assert looking.result().status_code == 200


def test_nobody_waits_for_a_look_of_somebody_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SILENT_AFTER_S", 3_600.0)
    with a_long_look(site) as checkup:
        assert [checkup.answer().status_code for _ in range(5)] == [200] * 5


def test_the_last_answer_counts_no_more_when_a_look_takes_long(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_long_look(site) as checkup:
        eventually(lambda: checkup._looking_since, lambda since: since < float("inf"))
        monkeypatch.setattr(health, "SILENT_AFTER_S", -1.0)
        answer = checkup.answer()
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


def test_before_the_first_look_is_done_health_is_a_503(site: Site) -> None:
    checkup = health.Checkup(Door(site.engine, site.inbox, site.settings, site.clock, Path()))
    with checkup._examining:
        assert checkup.answer().status_code == 503
    assert checkup.answer().status_code == 200


def test_health_is_a_503_when_the_disk_cannot_be_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_folder: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("store.disk.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("shutil.disk_usage", gone)
    answer = ask(site)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


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


def test_the_rate_is_of_the_last_minute_also_when_the_clock_was_put_back() -> None:
    counters = Counters()
    for now in (NOW, NOW + 1_000, NOW - 3_600_000):
        counters.count(now=now, accepted=60, duplicates=0, dropped=Counter())
    assert counters.events_per_second(NOW - 3_600_000) == 1.0
    assert counters.events_per_second(NOW - 3_600_000 + 61_000) == 0.0
