"""The examination of a running Waywiser: each part says how it stands, and what is wrong says so."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collector.counters import Counters
from server import doctor
from server.chore import Chore
from store.events import EventStore
from store.finding import Finding
from store.settings import Settings
from store.tables import inbox


class Standing:
    """What is examined."""

    def __init__(self, engine: Engine, events: EventStore, settings: Settings) -> None:
        self.engine, self.events, self.settings = engine, events, settings
        self.counters = Counters()
        self.chores: list[Chore] = []

    def examined(self) -> list[Finding]:
        return doctor.running(
            self.engine, self.events, self.settings, counters=self.counters, chores=self.chores
        )


@pytest.fixture
def house(engine: Engine, events: EventStore) -> Standing:
    """Migrated stores, and no jobs yet."""
    settings = Settings(database_url=str(engine.url), events_url="clickhouse://localhost/ww")
    return Standing(engine, events, settings)


def found(house: Standing) -> dict[str, Finding]:
    findings = house.examined()
    assert len({one.what for one in findings}) == len(findings)
    return {one.what: one for one in findings}


def test_stores_that_are_well_say_their_size_and_shape(house: Standing) -> None:
    said = found(house)
    for part in ("version", "relational store", "inbox", "event store", "disk", "place", "mail"):
        assert said[part].good, said[part]
    assert "sqlite" in said["relational store"].says
    assert "migrated to 00" in said["relational store"].says
    assert "embedded, 0 events" in said["event store"].says
    assert "MiB" in said["event store"].says
    assert said["inbox"].says.startswith("0 envelopes wait")
    assert "none is sent" in said["mail"].says


def test_what_is_wrong_says_what_to_do(house: Standing, tmp_path: Path) -> None:
    old = int(time.time() * 1000) - 3_600_000
    row = {"project_id": 1, "body": b"", "events": 1, "received_at": old}
    with house.engine.begin() as connection:
        connection.execute(inbox.insert().values(row))
        connection.exec_driver_sql("update alembic_version set version_num = '0001'")
    house.events.command(
        "alter table migrations_applied delete where name like '0006%' settings mutations_sync = 2"
    )
    places = tmp_path / "places.mmdb"
    places.write_bytes(b"")
    os.utime(places, (time.time() - 200 * 86_400,) * 2)
    house.settings = replace(house.settings, geoip_db=str(places), asn_db=str(tmp_path / "gone.mmdb"))
    said = found(house)
    assert not said["relational store"].good
    assert "run `waywiser migrate`" in said["relational store"].says
    assert not said["event store"].good
    assert "0006_cut_runs is not applied" in said["event store"].says
    assert not said["inbox"].good
    assert "is the worker running?" in said["inbox"].says
    assert "200 days old: get a newer one" in said["place"].says
    assert not said["networks"].good


def test_a_store_that_is_away_does_not_hide_the_rest(house: Standing) -> None:
    house.events.command("drop table events")
    said = found(house)
    assert not said["event store"].good
    assert said["relational store"].good


def test_jobs_say_when_they_were_done_and_why_they_failed(house: Standing) -> None:
    def fail() -> None:
        raise OSError("no room")

    house.chores = [Chore("well", lambda: None, every=60), Chore("ill", fail, every=60)]
    house.chores.append(Chore("elsewhere", fail, every=60))
    for chore in house.chores[:2]:
        chore.start()
    try:
        end = time.monotonic() + 30
        while not all(chore.last for chore in house.chores[:2]) and time.monotonic() < end:
            time.sleep(0.01)
        said = found(house)
        assert said["well"].good
        assert said["well"].says.startswith("done ")
        assert not said["ill"].good
        assert "OSError: no room" in said["ill"].says
        assert "elsewhere" not in said
    finally:
        for chore in house.chores[:2]:
            chore.stop()


def test_the_worker_says_when_its_last_batch_was(house: Standing) -> None:
    assert "worker" not in found(house)
    house.counters.count_failure()
    assert "no batch yet" in found(house)["worker"].says
    assert "1 batches tried again" in found(house)["worker"].says


def test_no_password_is_told(house: Standing) -> None:
    house.settings = replace(
        house.settings, smtp_url="smtp://me:hunter2@mail.example", events_url="clickhouse://u:hunter2@h/w"
    )
    assert not any("hunter2" in one.says for one in house.examined())
