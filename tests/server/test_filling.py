"""One process fills a version at a time; a failure is one customer's alone; nothing half done answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.definitions import parse
from journeys.saving import save_journey
from server.filler import Filler
from server.refreshing import Refresher
from store.event import Event, event_id, identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.identity.touched import MOST_TRIES
from store.journeys import (
    JourneyVersion,
    delete_journey,
    fill_again,
    live_journey,
    make_live,
    save_version,
    versions_of,
    versions_to_fill,
)
from store.privacy.suppression import nobody
from store.projects import create_project

START = 1_760_000_000_000
NOW = 2_000_000_000_000
NAMES = [f"u{n}" for n in range(12)]
BROKEN = identity_hash("user", "u3")


def definition(name: str = "J", last: str = "b") -> dict[str, Any]:
    steps = [
        {"key": key, "name": key, "match": [{"event": event}]} for key, event in (("a", "a"), ("b", last))
    ]
    return dict(parse({"key": "j", "name": name, "steps": steps}).source)


def happened(project: int, who: str, event: str, at: int = 0) -> Event:
    number = f"{project}-{who}-{event}-{at}"
    return Event(
        project=project,
        event_id=event_id(number),
        message_id=number,
        type="track",
        event=event,
        timestamp=START + at,
        received_at=START + at,
        user_id=who,
        identity=identity_hash("user", who),
    )


@pytest.fixture
def project(engine: Engine) -> int:
    return create_project(engine, key="p", name="P", now=0).id


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    return Ledger(engine, events)


@pytest.fixture
def refresher(engine: Engine, events: EventStore, ledger: Ledger) -> Refresher:
    return Refresher(engine, events, ledger, nobody, lambda: NOW)


@pytest.fixture
def filler(engine: Engine, events: EventStore) -> Filler:
    return Filler(engine, events)


@pytest.fixture
def first(engine: Engine, events: EventStore, project: int, filler: Filler) -> JourneyVersion:
    """A version that is live, of twelve customers who have taken its first step."""
    events.insert([happened(project, who, "a") for who in NAMES], token="a")
    saved = save_version(engine, project, definition(), by="a", now=1)
    assert filler.fill_all() == 1
    return saved


def furthest(events: EventStore, version: JourneyVersion) -> dict[int, int]:
    rows = events.query(
        "select customer, runs[1].furthest as furthest from journey_runs final "
        "where journey_version = {id:UInt32} and notEmpty(runs)",
        {"id": version.id},
    )
    return {row["customer"]: row["furthest"] for row in rows}


Stumbles = Callable[[Mapping[str, Any]], bool]


def stumble(
    events: EventStore, patch: pytest.MonkeyPatch, when: Stumbles, why: str = "Code: 999"
) -> list[int]:
    """Let the event store fail to store runs, where the bound values are such ones."""
    command, failures = events.command, list[int]()

    def failing(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        given = dict(parameters or {})
        if "insert into journey_runs" in sql and when(given):
            failures.append(1)
            raise EventStoreError(f"{why}. This history cannot be folded")
        command(sql, parameters)

    patch.setattr(events, "command", failing)
    return failures


def has_broken(given: Mapping[str, Any]) -> bool:
    return BROKEN in given.get("customers", [BROKEN])


def test_one_customer_who_cannot_be_computed_is_set_aside_and_all_others_are_computed(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
    everyone = {identity_hash("user", who) for who in NAMES}
    with monkeypatch.context() as patch:
        failures = stumble(events, patch, has_broken)
        refresher.refresh(project, everyone)
        assert furthest(events, first) == dict.fromkeys(everyone - {BROKEN}, 2) | {BROKEN: 1}
        assert versions_to_fill(engine) == [], "nothing is filled again"
        assert [(one.customer, one.tries) for one in ledger.failed(project)] == [(BROKEN, 1)]
        for _ in range(2 * MOST_TRIES):
            refresher.make_up(before=NOW + 1)
        assert len(failures) < 6 + 2 * MOST_TRIES, "it is not tried for ever"
    refresher.refresh(project, {BROKEN})
    assert furthest(events, first) == dict.fromkeys(everyone, 2)
    assert ledger.failed(project) == []


def test_an_error_that_passes_is_tried_again_and_nothing_is_filled_again(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
    stumble(events, monkeypatch, lambda given: len(given["customers"]) > 6, "Code: 241")
    refresher.refresh(project, {identity_hash("user", who) for who in NAMES})
    assert set(furthest(events, first).values()) == {2}
    assert (versions_to_fill(engine), ledger.failed(project)) == ([], [])


def test_a_failure_while_a_version_fills_is_not_forgotten(
    engine: Engine,
    events: EventStore,
    filler: Filler,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its part is counted already when something of theirs comes, and cannot be computed for the moment."""
    monkeypatch.setattr("journeys.filling.EVENTS_PER_CHUNK", 4)
    second = save_version(engine, project, definition("K"), by="a", now=2)

    def between(version: JourneyVersion, done: int, total: int) -> None:
        if done == total - 1:
            events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
            with monkeypatch.context() as patch:
                stumble(events, patch, has_broken)
                refresher.refresh(project, {identity_hash("user", who) for who in NAMES})

    assert filler.fill_all(between) == 1
    assert live_journey(engine, project, "j").version == second.version
    refresher.make_up(before=NOW + 1)
    assert furthest(events, second) == {identity_hash("user", who): 2 for who in NAMES}


def test_filling_leaves_out_who_cannot_be_computed_and_does_not_begin_again(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    filler: Filler,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = save_version(engine, project, definition("K"), by="a", now=2)
    stumble(events, monkeypatch, has_broken)
    assert filler.fill_all() == 1
    assert set(furthest(events, second)) == {identity_hash("user", who) for who in NAMES} - {BROKEN}
    assert [one.customer for one in ledger.failed(project)] == [BROKEN]
    assert versions_to_fill(engine) == []


def test_a_version_that_cannot_be_computed_at_all_blames_nobody_and_the_old_one_answers(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    filler: Filler,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = save_version(engine, project, definition("K"), by="a", now=2)
    with monkeypatch.context() as patch:
        stumble(events, patch, lambda given: second.id in given["journey_versions"])
        with pytest.raises(EventStoreError):
            filler.fill_all()
        events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
        refresher.refresh(project, {identity_hash("user", who) for who in NAMES})
        assert ledger.failed(project) == []
        assert set(furthest(events, first).values()) == {2}
        assert live_journey(engine, project, "j").version == first.version
    assert filler.fill_all() == 1
    assert live_journey(engine, project, "j").version == second.version
    assert set(furthest(events, second).values()) == {2}


def test_a_live_version_that_is_filled_again_answers_beside_a_new_one_that_is_half_filled(
    engine: Engine, project: int, first: JourneyVersion, filler: Filler
) -> None:
    second = save_version(engine, project, definition("K"), by="a", now=2)
    fill_again(engine, first.id)
    assert live_journey(engine, project, "j").version == first.version
    assert [one.id for one in versions_to_fill(engine)] == [first.id, second.id]
    assert filler.fill_all() == 2
    assert [one.status for one in versions_of(engine, project, "j")] == ["live", "replaced"]


def test_a_version_that_was_replaced_is_never_revived(
    engine: Engine, project: int, first: JourneyVersion, filler: Filler
) -> None:
    second = save_version(engine, project, definition("K"), by="a", now=2)
    fill_again(engine, first.id)
    assert make_live(engine, second, now=3)
    fill_again(engine, first.id)
    assert not make_live(engine, first, now=4)
    assert [one.status for one in versions_of(engine, project, "j")] == ["live", "replaced"]
    assert versions_to_fill(engine) == []


def test_two_processes_do_not_fill_the_same_version(
    engine: Engine, events: EventStore, project: int, first: JourneyVersion, filler: Filler
) -> None:
    other = Filler(engine, events)
    save_version(engine, project, definition("K"), by="a", now=2)
    meanwhile: list[int] = []
    assert filler.fill_all(lambda version, done, total: meanwhile.append(other.fill_all())) == 1
    assert meanwhile == [0]
    assert other.fill_all() == 0, "and then there is nothing left"


def test_names_are_changed_without_computing_anything(
    engine: Engine,
    events: EventStore,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    filler: Filler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renamed = parse({**definition("K"), "owner": "growth@example.com", "goal": "They come back"})
    with monkeypatch.context() as patch:
        patch.setattr(events, "command", None)
        save_journey(engine, project, renamed, by="a", now=2)
        assert filler.fill_all() == 0
    answering = live_journey(engine, project, "j")
    assert (answering.version, answering.definition["name"]) == (2, "K")
    assert set(furthest(events, answering).values()) == {1}
    events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
    refresher.refresh(project, {identity_hash("user", who) for who in NAMES})
    assert set(furthest(events, answering).values()) == {2}
    save_journey(engine, project, parse({**renamed.source, "idle_timeout": "1d"}), by="a", now=3)
    assert filler.fill_all() == 1
    assert live_journey(engine, project, "j").version == 3


@pytest.mark.parametrize("at", [1, 4])
def test_what_is_sent_back_while_it_is_filled_begins_again(
    engine: Engine,
    project: int,
    first: JourneyVersion,
    filler: Filler,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    monkeypatch.setattr("journeys.filling.EVENTS_PER_CHUNK", 4)
    second = save_version(engine, project, definition("K"), by="a", now=2)
    parts: list[int] = []

    def send_back(version: JourneyVersion, done: int, total: int) -> None:
        parts.append(done)
        if done == at:
            fill_again(engine, version.id)

    assert filler.fill_all(send_back) == 0
    assert parts == list(range(1, at + 1)), "of four parts"
    assert live_journey(engine, project, "j").version == first.version
    assert [one.id for one in versions_to_fill(engine)] == [second.id]
    assert filler.fill_all() == 1
    assert live_journey(engine, project, "j").version == second.version


def while_storing(events: EventStore, patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, just after the first runs of a filling are stored."""
    command, waiting = events.command, [act]

    def meanwhile(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        command(sql, parameters)
        if "insert into journey_runs" in sql and waiting:
            waiting.pop()()

    patch.setattr(events, "command", meanwhile)


@pytest.mark.parametrize("at_once", [4, 1_000])
def test_what_is_sent_back_during_the_first_part_is_computed_anew(
    engine: Engine,
    events: EventStore,
    project: int,
    first: JourneyVersion,
    filler: Filler,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    monkeypatch.setattr("journeys.filling.EVENTS_PER_CHUNK", at_once)
    second = save_version(engine, project, definition("K"), by="a", now=2)

    def send_back() -> None:
        events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
        fill_again(engine, second.id)

    with monkeypatch.context() as patch:
        while_storing(events, patch, send_back)
        assert filler.fill_all() == 0
    assert live_journey(engine, project, "j").version == first.version
    assert [(one.id, one.chunks_done) for one in versions_to_fill(engine)] == [(second.id, 0)]
    assert filler.fill_all() == 1
    assert set(furthest(events, second).values()) == {2}


def test_a_journey_that_is_deleted_and_comes_back_while_it_is_filled_begins_again(
    engine: Engine,
    events: EventStore,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    filler: Filler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = save_version(engine, project, definition("K"), by="a", now=2)

    def away_and_back() -> None:
        delete_journey(engine, project, "j", now=3)
        events.insert([happened(project, who, "b", 5) for who in NAMES], token="b")
        refresher.refresh(project, {identity_hash("user", who) for who in NAMES})
        assert save_version(engine, project, definition("K"), by="a", now=4).id == second.id

    with monkeypatch.context() as patch:
        while_storing(events, patch, away_and_back)
        assert filler.fill_all() == 0
    assert filler.fill_all() == 1
    assert live_journey(engine, project, "j").id == second.id
    assert set(furthest(events, second).values()) == {2}
