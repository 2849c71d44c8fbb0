"""A clock that tests set, and a version of a journey that waits to be filled."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from store.events import EventStore
from store.journeys import JourneyVersion, save_version
from store.projects import create_project
from tests.server.test_filling import NAMES, definition, happened


class Clock:
    """A time that the test sets."""

    now = 1_900_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all fillers."""
    clock = Clock()
    monkeypatch.setattr("server.filler.now_ms", clock)
    return clock


@pytest.fixture
def waiting(engine: Engine, events: EventStore, clock: Clock) -> JourneyVersion:
    """A version that is to be filled, of twelve customers who have taken its first step."""
    project = create_project(engine, key="p", name="P", now=0).id
    events.insert([happened(project, who, "a") for who in NAMES], token="a")
    return save_version(engine, project, definition(), by="a", now=1)
