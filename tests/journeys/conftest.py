"""Journeys for several files of tests, which only look at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from journeys.filling import fill
from journeys.period import Period
from journeys.scope import Scope
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from tests.journeys.months import DAY, DEFINITION, NOW, PROJECT, START, history


@pytest.fixture(scope="session")
def months(shared_events: EventStore) -> Iterator[Scope]:
    """The journey over its whole time; the period cuts its first and last days."""
    events = shared_events.sibling("t_months")
    migrate_events(events)
    events.insert(history(), token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    yield Scope(events, PROJECT, version, DEFINITION, Period(START - 3 * DAY, NOW), {}, NOW)
    events.command("drop database t_months")
    events.close()
