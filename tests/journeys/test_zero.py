"""Why a step is empty: counted independently, and told in words."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from journeys.definitions import Definition, parse
from journeys.lists import listed
from journeys.period import Period
from journeys.runs import fill
from journeys.scope import Scope
from journeys.zero import zero
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.happenings import happening

START = 1_760_000_000_000
SECOND = 1_000
PERIOD = Period(START, START + 300 * SECOND)
NAMES = ["Look", "Try", "Ask", "Buy", "Wander"]
DEFINITION: dict[str, Any] = {
    "key": "j",
    "name": "J",
    "steps": [
        {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
        {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
        {"key": "try", "name": "Tries", "match": [{"event": "Try"}], "within": "60s"},
        {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
    ],
    "idle_timeout": "90s",
}


def history(count: int = 200) -> list[Event]:
    dice = random.Random(11)
    rows: list[Event] = []
    for customer in range(count):
        at = START - 100 * SECOND + dice.randrange(300 * SECOND)
        for _ in range(dice.randrange(1, 15)):
            at += dice.choice([1, 5_000, 20_000, 61_000, 100_000])
            rows.append(happening(len(rows), customer, at, dice.choice(NAMES), is_bot=customer % 10 == 0))
    return rows


def scope_of(events: EventStore, definition: Definition) -> Scope:
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    return Scope(events, Project(1, "p", "P", "UTC"), version, definition, PERIOD, {}, START + 10**9)


@pytest.fixture
def events(shared_events: EventStore) -> Iterator[EventStore]:
    """An event store of its own."""
    own = shared_events.sibling("t_zero")
    migrate_events(own)
    yield own
    own.command("drop database t_zero")


def counted(rows: list[Event]) -> dict[str, dict[str, int]]:
    """The same by looking at each pair of touchpoints of each customer."""
    after = {"Look": (), "Ask": ("Look",), "Try": ("Look", "Ask"), "Buy": ("Try",)}
    found: dict[str, Any] = {name: defaultdict(set) | {"raw_matches": 0, "robots": 0} for name in after}
    by_customer: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        inside = row.timestamp >= PERIOD.start and (row.event != "Look" or row.timestamp < PERIOD.end)
        if inside and row.event in after:
            found[row.event]["robots" if row.is_bot else "raw_matches"] += 1
            if not row.is_bot:
                by_customer[row.user_id].append(row)
    for customer, theirs in by_customer.items():
        for place, row in enumerate(theirs):
            found[row.event]["customers"].add(customer)
            earlier = [at for at in range(place) if theirs[at].event in after[row.event]]
            if row.event == "Look" or earlier:
                found[row.event]["in_order"].add(customer)
            limit = 60 * SECOND if row.event == "Try" else 10**9
            if row.event == "Look" or any(
                row.timestamp - theirs[at].timestamp <= limit
                and all(b.timestamp - a.timestamp <= 90 * SECOND for a, b in pairwise(theirs[at : place + 1]))
                for at in earlier
            ):
                found[row.event]["in_time"].add(customer)
    return {
        name: {what: n if isinstance(n, int) else len(n) for what, n in counts.items()}
        for name, counts in found.items()
    }


def test_each_demand_leaves_as_many_as_an_independent_count(events: EventStore) -> None:
    rows = history()
    events.insert(rows, token="t")
    scope = scope_of(events, parse(DEFINITION))
    expected = counted(rows)
    for step, name in zip(zero(scope)["steps"], ("Look", "Ask", "Try", "Buy"), strict=True):
        assert {what: step[what] for what in expected[name]} == expected[name], name
        assert step["why"] == ""
        reached = {
            run["customer"] for run in listed(scope, number="visited", step=step["step"], most=5_000)["runs"]
        }
        assert len(reached) <= step["in_time"] <= step["in_order"] <= step["customers"]


ROWS = [
    happening(1, "a", START + 1_000, "Look", properties='{"plan": "free"}'),
    happening(2, "a", START + 80_000, "Try"),
    happening(3, "b", START + 2_000, "Buy"),
    happening(4, "b", START + 3_000, "Look", properties='{"plan": "free"}'),
    happening(5, "bot", START + 3_000, "Crawl", is_bot=True),
    happening(6, "c", START + 3_000, "Signed up"),
]
WHY = [
    ({"steps": {1: {"event": "Ask"}}}, "ask", "No touchpoint of this name was seen."),
    ({"steps": {1: {"event": "signed  Up"}}}, "ask", "did you mean “Signed up” (1)?"),
    ({"steps": {1: {"event": "Crawl"}}}, "ask", "All 1 touchpoints that match came from robots"),
    (
        {
            "steps": {
                1: {"event": "Look", "where": [{"property": "plan", "op": "eq", "value": "pro"}]},
            }
        },
        "ask",
        "2 touchpoints of this name were seen, but none meets the step's conditions",
    ),
    (
        {"population": [{"field": "country", "op": "eq", "value": "DE"}]},
        "look",
        "none of them is in the journey's",
    ),
    ({}, "buy", "1 customers match, but in none of them after the step before"),
    ({}, "try", "1 customers match after the step before, but all of them too late"),
]


@pytest.mark.parametrize(("change", "step", "why"), WHY)
def test_what_stands_in_the_way_is_told(
    events: EventStore, change: Mapping[str, Any], step: str, why: str
) -> None:
    events.insert(ROWS, token="t")
    steps = [
        {**one, "match": [change.get("steps", {}).get(place, one["match"][0])]}
        for place, one in enumerate(DEFINITION["steps"])
    ]
    more = {name: value for name, value in change.items() if name != "steps"}
    answer = zero(scope_of(events, parse({**DEFINITION, **more, "steps": steps})))
    told = {one["step"]: one["why"] for one in answer["steps"]}
    assert why in told[step]
