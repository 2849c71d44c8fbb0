"""Stored runs are checked once a day and when somebody asks, and what was found is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from server.checker import AGAIN_MS, APART_MS, DAY_MS, Checker
from server.filler import Filler
from server.refreshing import Refresher
from store.checks import LEASE_MS, Check, ask_for, check_of, claim_one, of_version
from store.event import identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.finding import Finding
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion, delete_journey, fill_again, live_journey, save_version
from store.privacy.suppression import nobody
from store.settings import Settings
from tests.server.conftest import Clock
from tests.server.test_doctor import Standing
from tests.server.test_filling import definition, happened


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    return Ledger(engine, events)


@pytest.fixture
def checker(engine: Engine, events: EventStore, ledger: Ledger, clock: Clock) -> Checker:
    return Checker(engine, events, ledger, clock, pauses_s=(0,))


@pytest.fixture
def version(engine: Engine, events: EventStore, waiting: JourneyVersion) -> JourneyVersion:
    """A version that is live, of twelve customers."""
    assert Filler(engine, events).fill_all() == 1
    found = live_journey(engine, waiting.project_id, "j")
    assert found
    return found


def falsify(events: EventStore, who: str = "u3") -> None:
    events.command(
        "delete from journey_runs where customer = {who:UInt64}", {"who": identity_hash("user", who)}
    )


def checked(
    engine: Engine, checker: Checker, version: JourneyVersion, clock: Clock, most: int = 1_000
) -> Check:
    ask_for(engine, of_version(version, by="somebody", now=clock(), most=most))
    assert checker.do_one()
    assert not checker.do_one()
    found = check_of(engine, version.id)
    assert found
    assert (found.state, found.ended_at, found.by) == ("done", clock(), "somebody")
    return found


def told(engine: Engine, events: EventStore) -> Finding:
    """What System health says of runs."""
    standing = Standing(engine, events, Settings(database_url=str(engine.url)))
    return next(one for one in standing.examined() if one.what == "runs")


def test_runs_that_are_as_they_must_be_are_said_to_be(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    assert "not checked yet" in told(engine, events).says
    found = checked(engine, checker, version, clock)
    assert (found.checked, found.differing, found.is_good) == (12, 0, True)
    assert checked(engine, checker, version, clock, most=5).checked == 5
    assert told(engine, events).good
    assert "samples of 1 journey are as their events make them" in told(engine, events).says


def test_runs_that_differ_are_told_until_they_are_counted_anew(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    falsify(events)
    found = checked(engine, checker, version, clock)
    assert (found.checked, found.differing) == (12, 1)
    assert found.customers == [identity_hash("user", "u3")]
    with engine.connect() as connection:
        text = connection.exec_driver_sql("select value from kept where name like 'checking.%'").scalar_one()
    assert "open" not in text, "what happened to a customer is kept with its events alone"
    said = told(engine, events)
    assert not said.good
    assert said.says.startswith("j of project p: 1 of 12 have other runs than their events make")
    clock.now += 1
    fill_again(engine, version.id)
    assert Filler(engine, events).fill_all() == 1
    assert "not checked yet" in told(engine, events).says
    assert checked(engine, checker, version, clock).is_good


def test_who_waits_to_be_counted_is_not_told(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    checker: Checker,
    version: JourneyVersion,
    clock: Clock,
) -> None:
    project = version.project_id
    link = Link(Identity("user", "u3"), Identity("anonymous", "phone"), "identify", "", 0)
    touched = ledger.join(project, [link])
    falsify(events)
    falsify(events, "u4")
    found = checked(engine, checker, version, clock)
    assert found.customers == [identity_hash("user", "u4")]
    refresher = Refresher(engine, events, ledger, nobody, clock)
    refresher.refresh(project, touched | {identity_hash("user", "u4")})
    refresher.close()
    assert checked(engine, checker, version, clock).is_good


def test_every_journey_is_checked_once_a_day_one_after_the_other(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    save_version(engine, version.project_id, {**definition(), "key": "k"}, by="a", now=1)
    Filler(engine, events).fill_all()
    second = live_journey(engine, version.project_id, "k")
    assert second

    def ended() -> list[int]:
        return [
            check.ended_at if check else 0
            for check in (check_of(engine, one.id) for one in (version, second))
        ]

    start = clock.now
    checker.turn()
    assert ended() == [0, 0], "who starts has more urgent work"
    for _ in range(4):
        clock.now += APART_MS
        checker.turn()
    first = [start + APART_MS, start + 2 * APART_MS]
    assert ended() == first
    clock.now = first[0] + DAY_MS + 1
    checker.turn()
    assert ended() == [clock.now, first[1]]
    assert check_of(engine, version.id).by == ""
    delete_journey(engine, version.project_id, "j", now=1)
    clock.now += APART_MS
    checker.turn()
    assert ended() == [0, clock.now]


def test_one_check_can_be_made_before_the_others(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    save_version(engine, version.project_id, {**definition(), "key": "k"}, by="a", now=1)
    Filler(engine, events).fill_all()
    second = live_journey(engine, version.project_id, "k")
    assert second
    ask_for(engine, of_version(version, by="somebody", now=clock()))
    ask_for(engine, of_version(second, by="somebody", now=clock() + 1))
    assert checker.do_one(second.id)
    assert not checker.do_one(second.id)
    assert [check_of(engine, one.id).state for one in (version, second)] == ["waiting", "done"]


def test_a_check_that_waits_or_of_what_was_never_filled_speaks_of_nothing(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    ask_for(engine, of_version(version, by="somebody", now=clock()))
    assert "not checked yet" in told(engine, events).says
    save_version(engine, version.project_id, {**definition(), "key": "k"}, by="a", now=1)
    waiting = live_journey(engine, version.project_id, "k")
    assert waiting
    ask_for(engine, of_version(waiting, by="somebody", now=clock()))
    while checker.do_one():
        pass
    assert told(engine, events).says.startswith("samples of 1 journey are")


def test_what_cannot_be_checked_says_why(
    engine: Engine, events: EventStore, checker: Checker, version: JourneyVersion, clock: Clock
) -> None:
    waiting = save_version(engine, version.project_id, {**definition(), "key": "k"}, by="a", now=1)
    assert checked(engine, checker, waiting, clock).problem == "its runs are not all counted yet"
    events.command("drop table events")
    found = checked(engine, checker, version, clock)
    assert "events" in found.problem
    assert "it could not be checked: " in found.says
    assert not told(engine, events).good


@pytest.mark.parametrize("change", ["other runs", "stored again", "none"])
def test_what_is_counted_meanwhile_is_not_told(
    change: str,
    engine: Engine,
    events: EventStore,
    checker: Checker,
    version: JourneyVersion,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whose stored runs, or events, change between looks may be right a moment later."""
    late = happened(version.project_id, "u3", "a", 1)
    events.insert([late], token="late")

    def breathe(_seconds: float) -> None:
        if change == "other runs":
            events.insert([happened(version.project_id, "u3", "a", 2)], token="later")
        elif change == "stored again":
            events.command(
                "insert into journey_runs select * replace (version + 1 as version) from journey_runs final "
                "where customer = {who:UInt64}",
                {"who": late.identity},
            )

    monkeypatch.setattr(checker.chore, "breathe", breathe)
    assert checked(engine, checker, version, clock).differing == (change == "none")


@pytest.mark.parametrize(
    "failure", [EventStoreError("Code: 241. No memory"), OSError("no room")], ids=["passing", "other"]
)
def test_what_may_pass_is_tried_again_later_and_others_come_first(
    failure: Exception,
    engine: Engine,
    events: EventStore,
    checker: Checker,
    version: JourneyVersion,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    ask_for(engine, of_version(version, by="somebody", now=clock()))
    with monkeypatch.context() as patch:
        patch.setattr("server.checker.some_customers", fail)
        if isinstance(failure, EventStoreError):
            assert checker.do_one()
        else:
            with pytest.raises(OSError, match="no room"):
                checker.do_one()
    put_back = check_of(engine, version.id)
    assert put_back
    assert (put_back.state, put_back.problem, put_back.is_good) == ("waiting", str(failure), True)
    assert not checker.do_one()
    clock.now += AGAIN_MS
    assert checker.do_one()
    done = check_of(engine, version.id)
    assert done
    assert (done.state, done.problem, done.checked) == ("done", "", 12)


def test_who_makes_a_long_check_holds_it_and_stops_where_another_is_asked_for(
    engine: Engine,
    events: EventStore,
    checker: Checker,
    version: JourneyVersion,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("journeys.checking.AT_ONCE", 5)
    query, held = events.query, list[int]()

    def slow(sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if "is_stored" in sql:
            held.append(check_of(engine, version.id).held_until - clock.now)
            clock.now += LEASE_MS - 1
            if len(held) == 5:
                ask_for(engine, of_version(version, by="somebody else", now=clock()))
        return query(sql, parameters)

    monkeypatch.setattr(events, "query", slow)
    ask_for(engine, of_version(version, by="somebody", now=clock()))
    assert checker.do_one()
    assert held == [LEASE_MS] * 3
    assert check_of(engine, version.id).checked == 12
    ask_for(engine, of_version(version, by="somebody", now=clock()))
    assert checker.do_one()
    assert len(held) == 5, "it goes no further"
    assert check_of(engine, version.id).by == "somebody else"


def test_a_check_is_one_checkers_and_one_that_is_cut_off_is_made_by_another(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    checker: Checker,
    version: JourneyVersion,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask_for(engine, of_version(version, by="", now=clock()))
    falsify(events)
    other = Checker(engine, events, ledger, clock, pauses_s=(0,))
    seen: list[bool] = []

    def breathe(_seconds: float) -> None:
        seen.append(other.do_one())
        checker.chore.stop()

    monkeypatch.setattr(checker.chore, "breathe", breathe)
    with pytest.raises(InterruptedError):
        checker.do_one()
    assert seen == [False]
    assert check_of(engine, version.id).state == "waiting"
    assert claim_one(engine, now=clock())
    assert not other.do_one(), "its holder may be alive"
    clock.now += LEASE_MS
    assert other.do_one()
    assert check_of(engine, version.id).differing == 1
