"""A version beside the one before: each side is exactly the funnel that its version gives of these events."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from journeys import versions as asked
from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import OUTCOMES, funnel, without_lists
from journeys.lists import listed, total
from journeys.period import Period
from journeys.scope import Scope
from journeys.versions_report import VERSIONS
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.test_frame import DEEP, cells
from tests.journeys.test_reports import DEFINITION, NOW, START, history

PROJECT = Project(1, "p", "P", "UTC")
PERIOD = Period(START + 50_000, START + 360_000)  # runs begin before it, in it and after it
SOURCE = dict(DEFINITION.source)
STEPS = SOURCE["steps"]
A_SAMPLE = 1_000  # touchpoints at once: fewer than there are
CHANGED = {
    "window": SOURCE | {"window": "3m", "idle_timeout": "2m"},
    "step gone": SOURCE | {"steps": [one for one in STEPS if one["key"] != "ask"]},
    "step new": SOURCE
    | {"steps": [STEPS[0], {"key": "wander", "name": "Wanders", "match": [{"event": "Wander"}]}, *STEPS[1:]]},
    "another beginning": SOURCE | {"steps": [{**STEPS[1], "optional": False}, *STEPS[2:]]},
    "strict": SOURCE | {"order": "strict"},
    "any order": SOURCE
    | {"order": "any", "steps": [{**one, "optional": False, "within": None} for one in STEPS]},
    "of accounts": SOURCE | {"runs_of": "accounts"},
}


@pytest.fixture(scope="module")
def events(shared_events: EventStore) -> Iterator[EventStore]:
    """Events of 300 customers, some of whom are still under way."""
    events = shared_events.sibling("t_versions")
    migrate_events(events)
    # Each at a time of its own: then a customer and the moment of a start name one attempt.
    rows = [structs.replace(one, timestamp=one.timestamp + n) for n, one in enumerate(history())]
    events.insert(rows, token="t")
    yield events
    events.command("drop database t_versions")
    events.close()


def scope_of(
    events: EventStore,
    number: int,
    source: Mapping[str, Any],
    *others: JourneyVersion,
    period: Period = PERIOD,
) -> Scope:
    """The stored runs of a version, beside which there are others."""
    rule = parse(source)
    version = JourneyVersion(number, 1, 1, number, dict(rule.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda _done, _total: None)
    return Scope(events, PROJECT, version, rule, period, {}, NOW, versions=lambda: (version, *others))


def told(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a side should say, by the funnel of its version."""
    return {
        **{name: found[name] for name in ("version", "order", "entered", "outcomes")},
        "success_rate": without_lists(found["success_rate"]),
        "median_seconds": found["seconds_to_goal"]["median"],
    }


def said(side: Mapping[str, Any]) -> dict[str, Any]:
    """What a side says, without its lists."""
    return {**without_lists(side), "success_rate": without_lists(side["success_rate"])}


@pytest.mark.parametrize("name", list(CHANGED))
def test_each_side_is_the_funnel_of_its_version(events: EventStore, name: str) -> None:
    before = scope_of(events, 1, SOURCE)
    was = funnel(before)
    events.command("truncate table journey_runs")  # nothing that is stored of it answers
    scope = scope_of(events, 2, CHANGED[name], before.version)
    answer = VERSIONS.ask(scope, {"other": 0})
    now = funnel(scope)
    lists = {"cells": now["cells"], "success_rate": now["success_rate"]}
    assert {**told(now), **lists} == answer["this"]
    assert told(was) == said(answer["other"])
    assert now["outcomes"]["in_time"] > 0, "somebody must be under way"
    took = "any" in (now["order"], was["order"])
    for side, found in (("this", now), ("other", was)):
        number = "visited" if took else "progressed"
        reached = {one["key"]: one[number] for one in found["steps"]} if found["order"] != "any" else {}
        reached |= {one["key"]: one["n"] for one in found["taken"]}
        assert {one["key"]: one[side]["n"] for one in answer["steps"] if one[side]} == reached
    assert answer["difference"]["entered"] == now["entered"] - was["entered"]
    assert answer["difference"]["outcomes"] == {
        how: now["outcomes"][how] - was["outcomes"][how] for how in OUTCOMES
    }
    assert answer["sampled"] == 1


def test_steps_are_matched_by_their_keys_and_stand_where_they_stood(events: EventStore) -> None:
    before = scope_of(events, 1, CHANGED["step new"])
    scope = scope_of(events, 2, CHANGED["step gone"], before.version)
    steps = VERSIONS.ask(scope, {"other": 0})["steps"]
    assert [one["key"] for one in steps] == ["look", "wander", "ask", "try", "buy"]
    gone = [one["key"] for one in steps if one["this"] is None]
    assert gone == ["wander", "ask"]
    assert all(one["difference"] is None for one in steps if one["key"] in gone)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("step gone", asked.MOST_TOUCHPOINTS), ("any order", asked.MOST_TOUCHPOINTS)),
        *(("window", A_SAMPLE), ("of accounts", A_SAMPLE)),
    ],
)
def test_every_number_of_both_versions_has_its_list(
    events: EventStore, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(asked, "MOST_TOUCHPOINTS", most)
    before = scope_of(events, 1, CHANGED[name])
    scope = scope_of(events, 2, SOURCE, before.version)
    answer = VERSIONS.ask(scope, {"other": 1})
    assert (answer["sampled"] < 1) == (most == A_SAMPLE)
    assert VERSIONS.behind
    counted = 0
    for part in ("this", "other", "steps", "moved"):
        found = dict(cells(answer[part]))
        counted += sum(found.values())
        dice = random.Random(f"{name} {part}")
        for cell in dice.sample(sorted(found), len(found) if DEEP else min(3, len(found))):
            which = VERSIONS.behind(scope, cell)
            assert total(scope, which) == found[cell], cell
            assert len(listed(scope, which=which, most=10_000)["runs"]) == found[cell], cell
    assert counted > 100
    sides = [step[side] for step in answer["steps"] for side in ("this", "other") if step[side]]
    assert all("cell" in side and "n" in side["share"]["cells"] for side in sides)


def test_the_runs_of_another_version_are_listed_as_they_are_by_it(events: EventStore) -> None:
    before = scope_of(events, 1, CHANGED["step new"])
    scope = scope_of(events, 2, SOURCE, before.version)
    wanders = next(one for one in VERSIONS.ask(scope, {"other": 0})["steps"] if one["key"] == "wander")
    assert VERSIONS.behind
    which = VERSIONS.behind(scope, wanders["other"]["cell"])
    assert which.title.endswith("by version 1")
    found = listed(scope, which=which, most=10_000)["runs"]
    assert found == listed(before, which=VERSIONS.behind(before, "progressed:wander"), most=10_000)["runs"]
    assert any(step["key"] == "wander" for run in found for step in run["steps"])
    assert total(scope, VERSIONS.behind(scope, wanders["other"]["share"]["cells"]["customers"])) > 0


@pytest.mark.parametrize("name", ["window", "another beginning", "any order"])
def test_runs_that_stand_otherwise_are_counted(events: EventStore, name: str) -> None:
    before = scope_of(events, 1, SOURCE)
    scope = scope_of(events, 2, CHANGED[name], before.version)
    then, now = outcomes(before), outcomes(scope)
    wanted = Counter((then.get(one), now.get(one)) for one in then.keys() | now.keys())
    moved = VERSIONS.ask(scope, {"other": 0})["moved"]
    assert {(one["other"], one["this"]): one["n"] for one in moved} == wanted
    assert sum(n for (was, is_now), n in wanted.items() if was != is_now) > 0


def test_runs_that_stand_otherwise_are_listed(events: EventStore) -> None:
    before = scope_of(events, 1, SOURCE)
    scope = scope_of(events, 2, CHANGED["any order"], before.version)
    then = outcomes(before)
    answer = VERSIONS.ask(scope, {"other": 0})["moved"]
    moved = [one for one in answer if one["this"]]
    came, stayed = (next(one for one in moved if bool(one["other"]) is known) for known in (False, True))
    assert VERSIONS.behind
    gone = next(one for one in answer if not one["this"])
    rows = listed(scope, which=VERSIONS.behind(scope, gone["cell"]), most=10_000)["runs"]
    assert len(rows) == gone["n"] > 0
    assert {then[opening(row)] for row in rows} == {row["outcome"] for row in rows} == {gone["other"]}
    assert not {opening(row) for row in rows} & outcomes(scope).keys()
    for one in (came, stayed):
        which = VERSIONS.behind(scope, one["cell"])
        rows = listed(scope, which=which, most=10_000)["runs"]
        assert {then.get(opening(row)) for row in rows} == {one["other"]}
        assert {row["outcome"] for row in rows} == {one["this"]}
        assert total(scope, which) == len(rows) == one["n"]


def outcomes(scope: Scope) -> dict[tuple[str, str], str]:
    """How each attempt stands."""
    return {opening(one): one["outcome"] for one in listed(scope, most=10_000)["runs"]}


def opening(run: Mapping[str, Any]) -> tuple[str, str]:
    """What names an attempt by whatever version: its customer, and here when it began."""
    return run["customer"], run["start"]


def test_runs_of_accounts_are_no_attempts_of_customers(events: EventStore) -> None:
    before = scope_of(events, 1, SOURCE)
    scope = scope_of(events, 2, CHANGED["of accounts"], before.version)
    assert VERSIONS.ask(scope, {"other": 0})["moved"] is None


def test_runs_of_accounts_are_matched_by_account(events: EventStore) -> None:
    before = scope_of(events, 1, CHANGED["of accounts"])
    scope = scope_of(events, 2, CHANGED["of accounts"] | {"name": "Another"}, before.version)
    moved = VERSIONS.ask(scope, {"other": 0})["moved"]
    assert {(one["other"], one["this"]): one["n"] for one in moved} == {
        (how, how): n for how, n in funnel(scope)["outcomes"].items() if n
    }


@pytest.mark.parametrize(
    "cell",
    [
        *("moved:1:1:succeeded:a", "moved:x:1:dropped:dropped", "moved:1:0:dropped:dropped", "moved:1:1::"),
        *("moved:1:1", "by:1:1:", "by:1:x:entered", "by:-1:1:entered", "nothing", "customers:by:1:1:nothing"),
        f"by:{'1' * 5_000}:1:entered",
    ],
)
def test_a_cell_that_there_is_not_is_refused(events: EventStore, cell: str) -> None:
    before = scope_of(events, 1, SOURCE)
    assert VERSIONS.behind
    with pytest.raises(ListError, match="is no cell"):
        VERSIONS.behind(scope_of(events, 2, CHANGED["window"], before.version), cell)


def test_the_segment_of_the_page_counts_in_both(events: EventStore) -> None:
    before = scope_of(events, 1, SOURCE)
    mobile = {"device": "mobile"}
    was = funnel(replace(before, segment=mobile))
    scope = replace(scope_of(events, 2, CHANGED["window"], before.version), segment=mobile)
    answer = VERSIONS.ask(scope, {"other": 0})
    assert said(answer["other"]) == told(was)
    assert 0 < answer["this"]["entered"] == funnel(scope)["entered"] < funnel(scope.everyone())["entered"]


def test_of_too_many_touchpoints_both_versions_have_the_same_sample(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scope_of(events, 1, SOURCE)
    scope = scope_of(events, 2, SOURCE | {"name": "Another"}, before.version)
    monkeypatch.setattr(asked, "MOST_TOUCHPOINTS", A_SAMPLE)
    answer = VERSIONS.ask(scope, {"other": 0})
    assert 0 < answer["sampled"] < 1
    assert {**said(answer["this"]), "version": 1} == said(answer["other"])
    assert 0 < answer["this"]["entered"] < funnel(scope)["entered"]


def test_a_journey_of_one_version_has_none_beside_it(events: EventStore) -> None:
    scope = scope_of(events, 1, SOURCE)
    answer = VERSIONS.ask(scope, {"other": 0})
    assert (answer["other"], answer["difference"]) == (None, None)
    assert answer["this"]["entered"] == funnel(scope)["entered"]
    assert all(one["other"] is None and one["difference"] is None for one in answer["steps"])


def test_the_one_before_is_meant_and_any_other_can_be_named(events: EventStore) -> None:
    first, second, fourth = (
        JourneyVersion(n, 1, 1, n, dict(parse(SOURCE).source), "replaced", 0, 0, "", 0) for n in (1, 2, 4)
    )
    scope = scope_of(events, 3, CHANGED["window"], fourth, second, first)
    answers = {n: VERSIONS.ask(scope, {"other": n})["other"]["version"] for n in (0, 1, 4)}
    assert answers == {0: 2, 1: 1, 4: 4}
    for n, why in ((3, "is the one that answers"), (9, "has no version 9")):
        with pytest.raises(asked.VersionError, match=why):
            VERSIONS.ask(scope, {"other": n})


def test_the_file_has_a_row_a_number_and_a_row_a_step(events: EventStore) -> None:
    before = scope_of(events, 1, CHANGED["window"])
    scope = scope_of(events, 2, CHANGED["step gone"], before.version)
    answer = VERSIONS.ask(scope, {"other": 0})
    head, lines = VERSIONS.table(answer)
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert [row["what"] for row in rows] == [
        *("version", "entered", *OUTCOMES, "customers", "half_by", "median_seconds"),
        *("step",) * 4,
        *(f"{one['other'] or 'no run'} > {one['this'] or 'no run'}" for one in answer["moved"]),
    ]
    entered, succeeded = rows[1], rows[2]
    assert entered["difference"] == answer["this"]["entered"] - answer["other"]["entered"]
    assert succeeded["this_share"] == answer["this"]["success_rate"]["value"]
    assert [row["this"] is None for row in rows if row["step"]] == [False, True, False, False]
