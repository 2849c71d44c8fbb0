"""A journey of twenty steps: every report answers, and its funnel is that of counting by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from journeys.companions import COMPANIONS
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.generations import Wanted, ensured
from journeys.period import Period
from journeys.reports import BY_NAME, REPORTS
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from store.rules import ProjectRules

STEPS, PEOPLE = 20, 120
START, HOUR = 1_760_000_000_000, 3_600_000
NOW = START + 90 * 24 * HOUR
GIVEN = {
    "dropoffs": {"step": "s9"},
    "signals": {"step": "s9"},
    "compare": {"segments": "device:mobile;device:desktop"},
}
DEFINITION = parse(
    {
        "key": "long",
        "name": "Long",
        "steps": [
            {"key": f"s{k}", "name": f"Step {k}", "match": [{"event": f"E{k}"}], "optional": k % 7 == 3}
            for k in range(STEPS)
        ],
    }
)


def reached() -> list[int]:
    """How many steps each customer takes; those that are optional too."""
    dice = random.Random(20)
    return [STEPS if who % 4 == 0 else dice.randrange(1, STEPS) for who in range(PEOPLE)]


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    events = shared_events.sibling("t_many_steps")
    migrate_events(events)
    rows = [
        Event(
            project=1,
            event_id=event_id(f"{who} {k}"),
            message_id=f"{who} {k}",
            type="track",
            event=f"E{k}",
            timestamp=START + (who + k) * HOUR,
            received_at=NOW,
            user_id=str(who),
            identity=identity_hash("user", str(who)),
            device=("mobile", "desktop")[who % 2],
        )
        for who, steps in enumerate(reached())
        for k in range(steps)
    ]
    events.insert(rows, token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, Project(1, "p", "P", "UTC"), version, DEFINITION, Period(START, NOW), {}, NOW)
    events.command("drop database t_many_steps")
    events.close()


def test_its_funnel_is_that_of_counting(scope: Scope) -> None:
    answer = funnel(scope)
    assert [step["visited"] for step in answer["steps"]] == [
        sum(steps > k for steps in reached()) for k in range(STEPS)
    ]
    assert answer["outcomes"]["succeeded"] == reached().count(STEPS)


@pytest.mark.parametrize("name", [one.name for one in REPORTS if one not in COMPANIONS.values()])
def test_every_report_answers(scope: Scope, name: str) -> None:
    report = BY_NAME[name]
    answer = report.ask(scope, report.asked().load(GIVEN.get(name, {})), unit=report.units[0])
    head, rows = report.table(answer)
    told = list(rows)
    assert told
    assert all(len(row) == len(head) for row in told)
