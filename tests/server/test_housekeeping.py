"""Housekeeping: what is too old goes, what is not stays, and nothing is rewritten for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, select

from server.housekeeping import CLIENTS_DAYS, COUNTS_DAYS, FORMER_MS, Housekeeping
from store import tries
from store.client_health import Health, Told, by_service, clients_of, enter
from store.db import writing
from store.drops import DropRow, keep_drops, recent_drops
from store.event import Event, event_id
from store.events import EventStore
from store.forgetting import DROPS_AT_ONCE, HOURS_AT_ONCE
from store.journeys import JourneyVersion, delete_journey, make_live, save_version
from store.projects import create_project
from store.settings import Settings
from store.stamps import next_stamp
from store.tables import ingestion
from tests.installation import eventually

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
DAY, HOUR = 86_400_000, 3_600_000


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    """Either relational store."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")
    return engine


def keep(engine: Engine, *ages: float) -> None:
    """Let there be drops of these ages in days."""
    rows = [
        DropRow(
            project=1,
            received_at=NOW - int(age * DAY),
            place="door",
            code="bad_type",
            message=f"{age}",
            original={},
        )
        for age in ages
    ]
    with writing(engine) as connection:
        keep_drops(connection, rows)


def tidy(engine: Engine, events: EventStore, **settings: Any) -> None:
    Housekeeping(engine, events, Settings(**settings), lambda: NOW).tidy()


def left(engine: Engine) -> list[str]:
    return [row["message"] for row in recent_drops(engine, 1, limit=5_000)]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["1", "89.9"]),
        ({"drops_days": 1000}, ["1", "89.9", "90.1", "700"]),
        ({"drops_days": 1000, "retention_days": 30}, ["1"]),
    ],
    ids=str,
)
def test_drops_stay_as_long_as_the_settings_say_and_copies_are_recognised(
    db: Engine, events: EventStore, settings: dict[str, int], kept: list[str]
) -> None:
    keep(db, 900, 700, 90.1, 89.9, 1)
    tidy(db, events, **settings)
    assert left(db) == kept


def test_a_drop_of_which_nobody_knows_when_it_came_stays(engine: Engine, events: EventStore) -> None:
    keep(engine, NOW / DAY)
    tidy(engine, events)
    assert len(left(engine)) == 1


def test_failed_sign_ins_are_forgotten_after_an_hour(db: Engine, events: EventStore) -> None:
    for minutes in (61, 59):
        tries.note(db, ["mark"], now=NOW - minutes * 60_000, start=0)
    tidy(db, events)
    assert tries.since(db, ["mark"], 0) == {"mark": [NOW - 59 * 60_000]}


def test_many_old_drops_go_in_several_bites(db: Engine, events: EventStore) -> None:
    keep(db, *[100] * (2 * DROPS_AT_ONCE + 1), 5)
    tidy(db, events)
    assert left(db) == ["5"]


def test_ingestion_counts_stay_for_a_year_and_a_month(db: Engine, events: EventStore) -> None:
    hours = [NOW - COUNTS_DAYS * DAY + n * HOUR for n in range(-2 * HOURS_AT_ONCE, 2)]
    rows = [
        {"project_id": 1, "hour": hour, "what": "accepted", "detail": "", "library": name, "n": 1}
        for hour in hours
        for name in ("a", "b")
    ]
    with writing(db) as connection:
        connection.execute(ingestion.insert(), rows)
    tidy(db, events)
    with db.connect() as connection:
        found = connection.execute(select(ingestion.c.hour).order_by(ingestion.c.hour)).scalars().all()
    assert found == [hours[-2]] * 2 + [hours[-1]] * 2


def test_clients_that_are_silent_go_and_what_they_counted_stays_longer(
    db: Engine, events: EventStore
) -> None:
    for age in (COUNTS_DAYS + 1, CLIENTS_DAYS + 1, CLIENTS_DAYS - 1):
        health = Health(stream=f"{age}", service=f"{age} days", enqueued=1)
        with writing(db) as connection:
            enter(connection, [Told(1, NOW - age * DAY, health)])
    tidy(db, events)
    assert [one["service"] for one in clients_of(db, 1, 0)] == [f"{CLIENTS_DAYS - 1} days"]
    left = {service for service, *_ in by_service(db, 1, 0, NOW)}
    assert left == {f"{CLIENTS_DAYS - 1} days", f"{CLIENTS_DAYS + 1} days"}


def test_two_housekeepers_at_once_do_no_harm(db: Engine, events: EventStore) -> None:
    keep(db, *[100] * (3 * DROPS_AT_ONCE), 5)
    keepers = [Housekeeping(db, events, Settings(), lambda: NOW) for _ in range(3)]
    problems: list[BaseException] = []

    def work(one: Housekeeping) -> None:
        try:
            one.tidy()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    tidy(db, events)
    assert left(db) == ["5"]


def test_the_thread_tidies_at_once_and_ends_when_it_is_asked(engine: Engine, events: EventStore) -> None:
    keep(engine, 100, 1)
    gone = threading.Event()

    def clock() -> int:
        gone.set()
        return NOW

    keeper = Housekeeping(engine, events, Settings(), clock)
    keeper.chore.start()
    assert gone.wait(30)
    assert eventually(lambda: left(engine), lambda rows: rows == ["1"]) == ["1"]
    keeper.chore.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "housekeeping"]


def test_an_event_store_that_is_away_is_waited_for(
    engine: Engine, events: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    away = events.sibling("not_there_at_all")
    away.close()
    keeper = Housekeeping(engine, away, Settings(), lambda: NOW)
    keeper.chore.start()
    for _ in range(300):
        if caplog.records:
            break
        threading.Event().wait(0.1)
    keeper.chore.stop()
    assert "it is tried again in 3600 s" in caplog.text


def message(name: str, *, age: int) -> Event:
    return Event(
        project=1,
        event_id=event_id(name),
        message_id=name,
        type="track",
        timestamp=NOW,
        received_at=NOW - age * DAY,
    )


def known(events: EventStore) -> int:
    return int(events.query("select count() as n from message_ids")[0]["n"])


def parts(events: EventStore) -> list[dict[str, Any]]:
    return events.query(
        "select name, modification_time from system.parts "
        "where database = currentDatabase() and table = 'message_ids' and active order by name"
    )


def test_messages_are_forgotten_as_parts_are_merged_and_nothing_is_rewritten_before(
    events: EventStore,
) -> None:
    now = events.query("select toUnixTimestamp64Milli(now64(3)) as now")[0]["now"]
    age = (now - NOW) // DAY
    events.insert([message("old", age=800 - age), message("new", age=-age)], token="a")
    before = parts(events)
    events.keep_messages(730)
    assert (known(events), parts(events)) == (2, before)
    events.command("optimize table message_ids final")
    assert set(events.known_messages(1, [event_id("old"), event_id("new")])) == {event_id("new")}
    events.keep_messages(36_500)
    events.insert([message("ancient", age=10_000 - age)], token="b")
    events.command("optimize table message_ids final")
    assert known(events) == 2


def test_a_limit_that_is_set_already_is_not_set_again(events: EventStore) -> None:
    events.keep_messages(730)
    said: list[str] = []
    run = events.command
    events.command = lambda sql, parameters=None: said.append(sql) or run(sql, parameters)  # type: ignore
    events.keep_messages(730)
    assert said == []
    events.keep_messages(365)
    assert len(said) == 1
    assert "toIntervalDay(365)" in said[0]


def version_of(engine: Engine, project: int, key: str, name: str, *, filled: int | None) -> JourneyVersion:
    """A version of a journey, which answers if it was filled so many milliseconds ago."""
    version = save_version(engine, project, {"key": key, "name": name}, by="", now=0)
    if filled is not None:
        make_live(engine, version, now=NOW - filled)
    return version


def store_runs(events: EventStore, *versions: JourneyVersion, stamp: int = 1) -> None:
    for one in versions:
        events.command(
            "insert into journey_runs (project, journey_version, customer, version) "
            "select {project:UInt32}, {id:UInt32}, number, {stamp:UInt64} from numbers(3)",
            {"project": one.project_id, "id": one.id, "stamp": stamp},
        )


def stored(events: EventStore) -> set[int]:
    return {row["id"] for row in events.query("select distinct journey_version as id from journey_runs")}


def test_runs_of_replaced_versions_and_of_deleted_journeys_go_when_nobody_reads_them_any_more(
    db: Engine, events: EventStore
) -> None:
    project, other = (create_project(db, key=key, name=key, now=0).id for key in ("p", "q"))
    long, just = FORMER_MS + 1, FORMER_MS - 1
    gone = [version_of(db, project, "kept", name, filled=long) for name in ("a", "b")]
    kept = [
        version_of(db, project, "kept", "c", filled=long),
        version_of(db, project, "kept", "d", filled=None),
    ]
    kept += [version_of(db, other, "just", name, filled=just) for name in ("a", "b")]
    gone.append(version_of(db, other, "away", "a", filled=long))
    kept.append(version_of(db, other, "leaving", "a", filled=long))
    delete_journey(db, other, "away", now=NOW - long)
    delete_journey(db, other, "leaving", now=NOW - just)
    store_runs(events, *gone, *kept)
    tidy(db, events)
    assert stored(events) == {one.id for one in kept}
    writes = events.mark(project)
    tidy(db, events)
    assert events.mark(project) == writes, "and nothing is deleted twice"


def test_what_a_journey_is_filled_with_that_comes_back_at_this_moment_stays(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(engine, key="p", name="p", now=0).id
    version = version_of(engine, project, "back", "a", filled=0)
    store_runs(events, version)
    delete_journey(engine, project, "back", now=0)
    run = events.query

    def come_back(sql: str, parameters: Any = None) -> Any:
        """Between the look at what there is and the deletion."""
        found = run(sql, parameters)
        if "select distinct journey_version from journey_runs" in sql:
            save_version(engine, project, version.definition, by="", now=1)
            store_runs(events, version, stamp=next_stamp(engine))
        return found

    monkeypatch.setattr(events, "query", come_back)
    tidy(engine, events)
    assert events.query("select count() as n, min(version) > 1 as anew from journey_runs") == [
        {"n": 3, "anew": True}
    ]
