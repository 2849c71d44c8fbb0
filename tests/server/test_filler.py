"""The filler goes on where a filling broke off, stops where it was paused, and fills old runs again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import filling, runs
from journeys.definitions import parse
from server.filler import Filler
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import (
    JourneyVersion,
    fill_again,
    live_journey,
    make_live,
    pause,
    resume,
    save_version,
    versions_to_fill,
)
from store.projects import create_project

PEOPLE = [f"person {n}" for n in range(30)]
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "idle_timeout": "1d",
    }
)


@pytest.fixture
def version(engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch) -> JourneyVersion:
    """A version that waits, over events that make three parts."""
    monkeypatch.setattr(filling, "EVENTS_PER_CHUNK", 14)
    project = create_project(engine, key="p", name="P", now=0).id
    events.insert(
        [
            Event(
                project=project,
                event_id=event_id(who),
                message_id=who,
                type="track",
                event="Look",
                timestamp=1_760_000_000_000,
                received_at=1_760_000_000_000,
                user_id=who,
                identity=identity_hash("user", who),
            )
            for who in PEOPLE
        ],
        token="people",
    )
    return save_version(engine, project, dict(DEFINITION.source), by="", now=1)


def customers(events: EventStore) -> int:
    return int(events.query("select count() as n from journey_runs final where notEmpty(runs.start)")[0]["n"])


def test_a_paused_filling_stops_behind_the_part_in_hand_and_goes_on_there(
    engine: Engine, events: EventStore, version: JourneyVersion
) -> None:
    told: list[tuple[int, int]] = []

    def once(_version: JourneyVersion, done: int, total: int) -> None:
        told.append((done, total))
        pause(engine, version.id)

    filler = Filler(engine, events)
    filler.fill_all(once)
    assert told == [(1, 3)]
    assert live(engine, version).status == "paused"
    assert filler.fill_all() == 0
    assert resume(engine, version.id)
    filler.fill_all(lambda _version, done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert live(engine, version).status == "live"
    assert customers(events) == len(PEOPLE)


def test_a_filling_that_is_sent_back_meanwhile_does_not_answer_before_it_is_whole(
    engine: Engine, events: EventStore, version: JourneyVersion
) -> None:
    told: list[int] = []

    def disturbed(_version: JourneyVersion, done: int, _total: int) -> None:
        told.append(done)
        if told == [1, 2]:
            fill_again(engine, version.id)

    filler = Filler(engine, events)
    filler.fill_all(disturbed)
    assert told == [1, 2]
    assert [one.chunks_done for one in versions_to_fill(engine)] == [0]
    filler.fill_all(disturbed)
    assert told == [1, 2, 1, 2, 3]
    assert live(engine, version).status == "live"


def test_runs_that_an_older_program_stored_are_filled_again_once(
    engine: Engine, events: EventStore, version: JourneyVersion
) -> None:
    make_live(engine, version, now=2)
    old: dict[str, Any] = {"project": version.project_id, "version": version.id}
    events.command(
        "insert into journey_runs (project, journey_version, customer, version, runs) "
        "select {project:UInt32}, {version:UInt32}, 5, 1, "
        "[('', now64(3), now64(3), 'open', 1, 0, false, [1], "
        "[now64(3)], [], [], '', '', '', '', '', '')]",
        old,
    )
    assert Filler(engine, events).fill_all() == 1
    assert live(engine, version).status == "live"
    assert customers(events) == len(PEOPLE), "nobody's run is left that no event tells of"
    assert Filler(engine, events).fill_all() == 0


def live(engine: Engine, version: JourneyVersion) -> JourneyVersion:
    found = live_journey(engine, version.project_id, "j")
    assert found
    return found


def test_what_was_cut_is_told_at_the_start(
    engine: Engine,
    events: EventStore,
    version: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(runs, "LONGEST", 1)
    more = [
        Event(
            project=version.project_id,
            event_id=event_id(f"{who} again"),
            message_id=f"{who} again",
            type="track",
            event="Look",
            timestamp=1_760_000_001_000,
            received_at=1_760_000_001_000,
            user_id=who,
            identity=identity_hash("user", who),
        )
        for who in PEOPLE[:2]
    ]
    events.insert(more, token="again")
    for _ in range(2):  # a process that has filled them, and the next one
        caplog.clear()
        Filler(engine, events).fill_all()
        assert "2 customers had more than 1 touchpoints without a pause" in caplog.text
