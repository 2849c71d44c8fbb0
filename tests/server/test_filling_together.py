"""Several processes fill versions and sessions: what one of them has in hand, the others leave to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from server.filler import Filler
from store.event import identity_hash
from store.events import EventStore
from store.filling import LEASE_MS
from store.journeys import JourneyVersion, live_journey
from tests.server.conftest import Clock
from tests.server.test_filling import NAMES
from tests.server.test_refreshing import counted


@pytest.fixture
def project(waiting: JourneyVersion, monkeypatch: pytest.MonkeyPatch) -> int:
    """A project whose events make several chunks."""
    for room in ("sessions", "filling"):
        monkeypatch.setattr(f"journeys.{room}.EVENTS_PER_CHUNK", 5)
    return waiting.project_id


@pytest.fixture
def open_filler(engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Filler]:
    """Opens the filler of another process, which in this one must not take the claims of others for dead."""
    monkeypatch.setattr("server.filler.free_all", lambda _engine: None)
    return lambda: Filler(engine, events)


def test_one_process_fills_a_version_and_others_leave_it_alone(
    engine: Engine, project: int, open_filler: Callable[[], Filler]
) -> None:
    first, second = open_filler(), open_filler()
    others: list[int] = []
    assert first.fill_all(lambda *_: others.append(second.fill_all())) == 1
    assert others == [0, 0, 0]
    assert live_journey(engine, project, "j") is not None
    assert second.fill_all() == 0


def test_one_process_counts_sessions_and_others_leave_them_alone(
    events: EventStore, project: int, open_filler: Callable[[], Filler]
) -> None:
    first, second = open_filler(), open_filler()
    others: list[int] = []
    assert first.count_sessions(lambda *_: others.append(second.count_sessions())) == 1
    assert others == [0, 0, 0]
    assert counted(events, project) == {identity_hash("user", who): 1 for who in NAMES}
    assert second.count_sessions() == 0


def test_who_says_nothing_for_long_is_overtaken_and_stops(
    events: EventStore, project: int, clock: Clock, open_filler: Callable[[], Filler]
) -> None:
    first, second = open_filler(), open_filler()
    others: list[int] = []

    def sleep(_project: object, done: int, _total: int) -> None:
        if done == 1:
            clock.now += LEASE_MS
            others.append(second.count_sessions())

    assert first.count_sessions(sleep) == 0
    assert others == [1]
    assert counted(events, project) == {identity_hash("user", who): 1 for who in NAMES}


def test_what_was_cut_off_can_be_taken_at_once(project: int, open_filler: Callable[[], Filler]) -> None:
    first, second = open_filler(), open_filler()

    def stop(*_: object) -> None:
        first.chore.stop()

    with pytest.raises(InterruptedError):
        first.fill_all(stop)
    assert second.fill_all() == 1
