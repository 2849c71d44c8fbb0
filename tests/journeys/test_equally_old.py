"""Two periods whose runs do the same look the same side by side, though the younger had less time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from journeys.companions import COMPANIONS, FACING, FACING_OF
from journeys.definitions import parse
from journeys.dimensions import DimensionError
from journeys.dropoffs_report import DROPOFFS
from journeys.facing import Facing
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.generations import Wanted, ensured
from journeys.lists import listed, total
from journeys.membership import Saved
from journeys.period import Period, iso
from journeys.periods import periods
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from journeys.side_by_side import side_by_side
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from store.rules import ProjectRules
from tests.journeys.test_frame import cells, happened

HOUR, DAY = 3_600_000, 86_400_000
MONDAY = 1_759_708_800_000  # a midnight
DAYS = 21
BEFORE, PERIOD = Period(MONDAY, MONDAY + DAYS * DAY), Period(MONDAY + DAYS * DAY, MONDAY + 2 * DAYS * DAY)
NOW = PERIOD.end
PROJECT = Project(1, "p", "P", "UTC")
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "fail_on": [{"event": "Leave"}],
        "idle_timeout": "3d",
    }
)
# What the people of one day do, so many hours after ten o'clock; most of it takes days.
LIVES: tuple[tuple[tuple[str, float], ...], ...] = (
    (("Look", 0), ("Try", 5), ("Buy", 30)),
    (("Look", 0), ("Ask", 20), ("Try", 70), ("Buy", 130)),
    (("Look", 0), ("Look", 2), ("Try", 60), ("Buy", 125)),
    (("Look", 0), ("Try", 50), ("Leave", 100), ("Rest", 300)),
    (("Look", 0), ("Rest", 200)),
    (("Look", 0), ("Try", 65), ("Look", 66), ("Rest", 130)),
    (("Look", 0), ("Ask", 1)),
    (("Look", 0), ("Ask", 55), ("Buy", 60), ("Try", 110)),
)
ASKED = {"before_from": iso(BEFORE.start), "before_to": iso(BEFORE.end)}


def history() -> Iterator[Event]:
    """Forty-two days that are alike, of which the last are not over yet."""
    for day in range(2 * DAYS):
        for n, life in enumerate(LIVES):
            for name, hours in life:
                at = MONDAY + day * DAY + 10 * HOUR + int(hours * HOUR)
                if at < NOW:
                    channel = ("Email", "Direct", "Paid Search")[n % 3]
                    device = ("mobile", "desktop")[n % 2]
                    yield happened(day * len(LIVES) + n, "track", name, at, channel=channel, device=device)


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    events = shared_events.sibling("t_equally_old")
    migrate_events(events)
    events.insert(list(history()), token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    yield Scope(events, PROJECT, version, DEFINITION, PERIOD, {}, NOW)
    events.command("drop database t_equally_old")
    events.close()


def told(side: dict[str, Any]) -> Any:
    """What a row says of a group: its share, or its effect."""
    one = side.get("share") or side.get("effect")
    return None if one is None or one["value"] is None else pytest.approx(one["value"], abs=2e-6)


def apart(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of which both groups are known, but not the same is said."""
    known = [row for row in answer["rows"] if None not in (told(row["first"]), told(row["second"]))]
    assert known
    return [row for row in known if told(row["first"]) != told(row["second"])]


@pytest.mark.parametrize("facing", FACING, ids=lambda one: one.report.name)
def test_what_is_worse_only_for_want_of_time_is_not_worse(scope: Scope, facing: Facing) -> None:
    report = COMPANIONS[facing.report.name]
    answer = report.ask(scope, report.arguments(ASKED))
    assert apart(answer) == []
    if facing.at_age:
        assert answer["age"]["seconds"] > 0
        as_they_stand = replace(facing, at_age=False)
        assert apart(side_by_side(as_they_stand, scope, **ASKED)), "which it would be as they stand"
    else:
        assert answer["age"] is None
        assert facing.of_age, "it says what it has instead"


@pytest.mark.parametrize(
    ("facing", "unit"),
    [*((one, "runs") for one in FACING), (FACING_OF["variants"], "customers")],
    ids=lambda one: one if isinstance(one, str) else one.report.name,
)
def test_every_list_is_of_the_same_age(scope: Scope, facing: Facing, unit: str) -> None:
    report = COMPANIONS[facing.report.name]
    age = {"age": "5d"} if facing.at_age else {}
    answer = report.ask(scope, report.arguments({**ASKED, **age}), unit=unit)
    assert report.behind
    for cell, n in dict(cells(answer)).items():
        which = report.behind(scope, cell)
        assert total(scope, which, unit=unit) == n, which.title
    if facing.at_age:
        first, second = answer["sides"]
        assert first["young"]["n"] == 5 * len(LIVES), "those of the last days"
        assert second["young"]["n"] == 0
        assert first["entered"]["n"] == (DAYS - 5) * len(LIVES)


def test_runs_at_an_age_are_those_of_two_periods_beside_the_funnel(scope: Scope) -> None:
    for age in ("1h", "2d", "6d"):
        answer = periods(scope, **ASKED, age=age)
        for side, period in (("before", BEFORE), ("now", PERIOD)):
            aged = replace(scope, period=period, age=round(answer["age"]["seconds"] * 1000))
            steps = funnel(aged)["steps"]
            assert [one["progressed"] for one in steps] == [one[side]["came"]["n"] for one in answer["steps"]]


def test_where_it_is_told_who_left_they_had_the_time_to_be_dropped(scope: Scope) -> None:
    ages = {}
    for name in ("variants", "dropoffs", "attribution"):
        answer = COMPANIONS[name].ask(scope, COMPANIONS[name].arguments(ASKED))
        ages[name] = answer["age"]
    assert ages["variants"] == {"seconds": 7 * 86_400, "given": False, "tells_dropped": True}
    assert ages["dropoffs"] == ages["attribution"]
    assert ages["dropoffs"]["seconds"] == 10 * 86_400
    short = replace(scope, period=Period(NOW - 4 * DAY, NOW))
    found = COMPANIONS["dropoffs"].ask(short, COMPANIONS["dropoffs"].arguments({}))
    assert not found["age"]["tells_dropped"]


def test_segments_stand_as_they_are_unless_an_age_is_asked_for(scope: Scope) -> None:
    report = COMPANIONS["variants"]
    plain = report.ask(scope, report.arguments({"against": "device:mobile"}))
    assert plain["age"] is None
    aged = report.ask(scope, report.arguments({"against": "device:mobile", "age": "5d"}))
    assert aged["age"]["seconds"] == 5 * 86_400
    assert [one["young"]["n"] for one in aged["sides"]] == [5 * len(LIVES), 5 * len(LIVES) // 2]
    assert report.behind
    for cell, n in cells(aged):
        assert total(scope, report.behind(scope, cell)) == n


def test_who_belongs_to_a_segment_is_told_at_that_age_too(scope: Scope) -> None:
    did = {"key": "asked", "name": "Asked", "all": [{"did": {"event": "Ask"}, "during": "run"}]}
    asked = replace(scope, segment={"name": "asked"}, saved=Saved({"asked": did}, {}))
    for age, lives in (("1d", 2), ("5d", 3)):
        sides = COMPANIONS["variants"].ask(asked, {**ASKED, "age": age})["sides"]
        days = (DAYS - int(age[0]), DAYS)
        assert [one["entered"]["n"] for one in sides] == [lives * one for one in days], age


def test_an_age_that_cannot_be_read_is_refused(scope: Scope) -> None:
    with pytest.raises(DimensionError, match="too old"):
        COMPANIONS["variants"].ask(scope, {**ASKED, "age": "99999w"})


def test_cases_beside_each_other_have_their_own_troubles(events: EventStore) -> None:
    """The watch of the first one ends at its age, before that of the second one, who left earlier."""
    of_cases = {"case_key": "order", "fail_on": [{"event": "JavaScript Error"}]}
    definition = parse({**DEFINITION.source, **of_cases})
    first = [("Look", 0), ("Look", 60), ("Look", 120), ("JavaScript Error", 168 - 5 / 60)]
    second = [("Look", 96), ("Look", 168 - 10 / 60)]
    of_both = [("Rage Click", 168 - 38 / 60), ("Rage Click", 168 + 10 / 60)]
    lived = [("a", *one) for one in first] + [("b", *one) for one in second] + [("", *one) for one in of_both]
    at = [
        happened(1, "track", name, MONDAY + int(hours * HOUR), properties=f'{{"order": "{case}"}}')
        for case, name, hours in lived
    ]
    events.insert(at, token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    scope = Scope(events, PROJECT, version, definition, BEFORE, {}, NOW, age=7 * DAY)
    answer = DROPOFFS.ask(scope, {"step": "look"})
    assert answer["who"]["dropped"]["n"] == answer["who"]["failed"]["n"] == 1
    troubled = {row["kind"]: row["left"] for row in answer["before"]["trouble"]}
    assert troubled["rage"]["n"] == 1
    assert DROPOFFS.behind
    which = DROPOFFS.behind(scope, troubled["rage"]["cell"])
    assert [one["case"] for one in listed(scope, which=which)["runs"]] == ["b"]
