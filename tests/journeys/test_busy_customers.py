"""A shared device of thousands of runs costs what its touchpoints and runs are, not their product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from journeys import attribution_busy
from journeys.attribution import attribution
from journeys.attribution_contacts import CONTACTS, Model
from journeys.attribution_lists import behind
from journeys.definitions import parse
from journeys.discovery import between, passed, ways
from journeys.filling import fill
from journeys.generations import Wanted, ensured
from journeys.lists import listed
from journeys.paths import paths
from journeys.period import Period
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from journeys.touchpoints import Touchpoint
from store.event_errors import EventStoreError
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from store.rules import ProjectRules
from store.work import Work
from tests.journeys.happenings import happening

PROJECT = Project(1, "p", "P", "UTC")
START, SECOND, MINUTE = 1_760_000_000_000, 1_000, 60_000
VISITS = 2_000  # of the device; each is a session, a run and four touchpoints
NOW = START + VISITS * 40 * MINUTE
CHANNELS = ["Direct", "Email", "Organic Search"]
BUY = {
    "key": "j",
    "name": "J",
    "steps": [
        {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
        {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
    ],
    "idle_timeout": "30m",
}
MEMORY = 150_000_000
NO_MEMORY = 241  # what the engine calls it


class Frugal(Work):
    """Questions that may take so much memory."""

    @property
    def settings(self) -> dict[str, Any]:
        """What the engine is told."""
        return {**super().settings, "max_memory_usage": MEMORY}


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    events = shared_events.sibling("t_busy")
    migrate_events(events)
    rows = []
    for visit in range(VISITS + 20):
        who = "kiosk" if visit < VISITS else f"person {visit % 7}"
        at, channel = START + (visit % VISITS) * 40 * MINUTE, CHANNELS[visit % 3]
        for name in ("Look", "Try", "Rest", "Buy" if visit % 3 else "Look"):
            rows.append(happening(len(rows), who, at, name, channel=channel))
            at += 5 * SECOND
    events.insert(rows, token="t")
    definition = parse(BUY)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, PROJECT, version, definition, Period(START, NOW), {}, NOW)
    events.command("drop database t_busy")
    events.close()


@pytest.mark.parametrize("contacts", CONTACTS)
def test_attribution_fits_in_little_memory(
    scope: Scope, contacts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frugal, model = replace(scope, events=scope.events.asked_for(Frugal())), Model(contacts=contacts)
    answer = attribution(frugal, model=model)
    assert answer["successes"] == sum(visit % 3 > 0 for visit in range(VISITS + 20))
    for rule in answer["models"]:
        assert sum(row["credits"][rule] for row in answer["channels"]) == pytest.approx(answer["successes"])
    for cell in (answer["channels"][0]["took_part"], {"cell": answer["other_ways"]["cells"]["runs"]}):
        found = listed(frugal, which=behind(frugal, cell["cell"]), most=1)
        assert found["total"] == cell.get("n", answer["other_ways"]["runs"])
    monkeypatch.setattr(attribution_busy, "MOST_PAIRS", 2**62)
    if contacts == "touchpoints":
        with pytest.raises(EventStoreError) as refused:
            attribution(frugal, model=model)
        assert refused.value.code == NO_MEMORY


def pairs(scope: Scope) -> int:
    """How many pairs of rows joins have made so far."""
    rows = scope.events.query("select value from system.events where event = 'JoinResultRowCount'")
    return int(rows[0]["value"]) if rows else 0


@pytest.mark.parametrize("asked", [{}, {"part": "afterwards"}, {"anchor": "buy", "direction": "before"}])
def test_paths_make_few_pairs_of_touchpoints_and_runs(scope: Scope, asked: dict[str, Any]) -> None:
    before = pairs(scope)
    found = paths(scope, **asked)
    assert found["runs"] > 600
    assert pairs(scope) - before < 20 * VISITS


def test_discovery_makes_few_pairs_of_touchpoints_and_attempts(scope: Scope) -> None:
    asked = between(
        scope.events,
        PROJECT,
        Touchpoint("event", "Try"),
        Touchpoint("event", "Buy"),
        period=scope.period,
        now=NOW,
        within="30m",
    )
    before = pairs(scope)
    found = ways(asked)
    assert found["ways"][0]["n"] == found["reached"] > VISITS / 2
    assert [row["reached"] for row in passed(asked, "runs")][:2] == [found["reached"]] * 2
    assert pairs(scope) - before < 50 * VISITS
