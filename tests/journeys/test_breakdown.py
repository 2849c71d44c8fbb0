"""The breakdown adds up to the funnel, and each value is that of the moment it names."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from scipy import stats

from journeys.breakdown import Cell, behind, breakdown, other_values
from journeys.cursors import ListError, written
from journeys.definitions import parse
from journeys.dimensions import OF_EVENT, OF_RUN, DimensionError
from journeys.filling import fill
from journeys.funnel import OUTCOMES, UNITS, funnel
from journeys.lists import listed, total
from journeys.period import Period
from journeys.report import customers_of
from journeys.scope import Scope
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from tests.journeys.months import DAY, PROJECT, START, history
from tests.journeys.test_frame import cells

FURTHER = ("property:tag", "trait:plan", "property:nobody's", "trait:x")
STEPS = {"look": "Look", "ask": "Ask", "buy": "Buy"}


def runs(scope: Scope) -> Iterator[dict[str, Any]]:
    """Every run of the scope, from the lists."""
    cursor = None
    while True:
        page = listed(scope, cursor=cursor, most=500)
        yield from page["runs"]
        cursor = page["next"]
        if cursor is None:
            return


def plain(rate: dict[str, Any]) -> list[Any]:
    return [rate[name] for name in ("value", "low", "high", "n")]


def as_text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def by_hand(scope: Scope, by: str, at: str) -> Counter[tuple[str, str, str]]:
    """(kind, value, outcome) of every run, from the raw events."""
    own: dict[int, list[Event]] = defaultdict(list)
    for event in history():
        own[identity_hash("user", event.user_id)].append(event)
    found = Counter[tuple[str, str, str]]()
    kind, _, name = by.rpartition(":")
    for run in runs(scope):
        when = {step["key"]: step["at"] for step in run["steps"]}
        if at not in when:
            found["not_reached", "", run["outcome"]] += 1
            continue
        moment = round(datetime.fromisoformat(when[at]).timestamp() * 1000)
        mine = sorted(own[int(run["customer"])], key=lambda event: (event.timestamp, event.sequence))
        if kind == "trait":
            said = [json.loads(e.traits) for e in mine if e.type == "identify" and e.timestamp <= moment]
            told = [traits[name] for traits in said if name in traits]
            value = as_text(told[-1]) if told else ""
        else:
            event = next(e for e in mine if e.timestamp == moment and e.event == STEPS[at])
            value = as_text(json.loads(event.properties).get(name)) if kind else getattr(event, name)
        found["value" if value else "none", value, run["outcome"]] += 1
    return found


def counted(answer: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    told = Counter[tuple[str, str, str]]()
    for group in answer["groups"]:
        for how, n in group["outcomes"].items():
            told[group["kind"], group["value"] or "", how] += n
    return +told


@pytest.mark.parametrize("at", ["look", "ask", "buy"])
@pytest.mark.parametrize(
    "by", ["channel", "device", "country", "medium", "property:size", "property:tag", "trait:plan"]
)
def test_values_are_those_of_their_moment(months: Scope, by: str, at: str) -> None:
    answer = breakdown(months, by, at=at, most=50)
    assert answer["at"] == at
    assert counted(answer) == by_hand(months, by, at)


@pytest.mark.parametrize(
    ("by", "unit"),
    [
        *((by, "runs") for by in (*OF_RUN, *OF_EVENT, *FURTHER)),
        *((by, unit) for by in ("device", "path", *FURTHER[:2]) for unit in UNITS[1:]),
    ],
)
def test_groups_add_up_to_the_funnel(months: Scope, by: str, unit: str) -> None:
    found, whole = breakdown(months, by, unit=unit, most=3), funnel(months, unit=unit)
    assert (found["entered"], found["outcomes"]) == (whole["entered"], whole["outcomes"])
    assert plain(found["success_rate"]) == plain(whole["success_rate"])
    for k, step in enumerate(whole["steps"]):
        assert sum(group["steps"][k]["progressed"] for group in found["groups"]) == step["progressed"]
    assert sum(group["kind"] == "value" for group in found["groups"]) <= 3


def test_the_most_frequent_stand_alone_and_all_others_together(months: Scope) -> None:
    whole = breakdown(months, "property:tag", most=50)["groups"]
    found = breakdown(months, "property:tag", most=5)["groups"]
    assert [group["kind"] for group in found] == ["value"] * 5 + ["other"]
    keep = ("value", "entered", "outcomes", "customers", "success_rate")
    assert [{k: g[k] for k in keep} for g in found[:5]] == [{k: g[k] for k in keep} for g in whole[:5]]
    assert found[5]["different"] == len(whole) - 5 == 35
    assert found[5]["entered"] == sum(group["entered"] for group in whole[5:])
    assert found[5]["customers"] <= sum(group["customers"] for group in whole[5:])


@pytest.mark.parametrize(
    ("by", "at", "unit"), [("property:tag", "look", "runs"), ("device", "ask", "customers")]
)
def test_the_values_that_are_together_are_told_with_a_list_of_each(
    months: Scope, by: str, at: str, unit: str
) -> None:
    few, all_ = (breakdown(months, by, at=at, unit=unit, most=most)["groups"] for most in (1, 50))
    (other,) = (group for group in few if group["kind"] == "other")
    there = [group for group in all_ if group["kind"] == "value"][1:]
    numbers = [[one for one in cells(group) if ":" not in one[0]] for group in (other, *there)]
    assert len(numbers[0]) == 5 + len(months.definition.steps)
    for (cell, n), *same in zip(*numbers, strict=True):
        found = other_values(months, cell, unit=unit)
        assert found["total"] == len(found["labels"]) == other["different"] == len(there)
        assert {one["label"]: (one["cell"], one["n"]) for one in found["labels"]} == {
            group["value"]: number for group, number in zip(there, same, strict=True)
        }
        assert n == sum(one["n"] for one in found["labels"])
        first = other_values(months, cell, unit=unit, most=1)
        assert (first["total"], first["labels"]) == (len(there), found["labels"][:1])
        assert first["labels"][0]["n"] == max(one["n"] for one in found["labels"])
    which = behind(months, found["labels"][0]["cell"])
    assert total(months, which, unit=unit) == found["labels"][0]["n"]
    for cell in (few[0]["cells"]["entered"], customers_of(other["cells"]["entered"])):
        assert other_values(months, cell, unit=unit) == {"total": 0, "labels": []}


@pytest.mark.parametrize("number", ["visited", "n", "p) or (1"])
def test_a_number_that_no_group_has_is_refused(months: Scope, number: str) -> None:
    cell = written(Cell(number, "look", "device", "look", "other", ["a"]))
    for ask in (behind, other_values):
        with pytest.raises(ListError):
            ask(months, cell)


def test_a_value_called_other_is_a_value(months: Scope) -> None:
    values = {group["value"]: group["kind"] for group in breakdown(months, "trait:plan")["groups"]}
    assert values["Other"] == "value"
    assert values['odd, with "signs"'] == "value"
    assert values[None] == "none"


def test_a_segment_is_the_group_of_its_value(months: Scope) -> None:
    for group in breakdown(months, "device")["groups"]:
        part = funnel(replace(months, segment={"device": group["value"]}))
        assert part["outcomes"] == group["outcomes"]
        assert plain(part["success_rate"]) == plain(group["success_rate"])


def test_each_group_is_compared_with_the_rest(months: Scope) -> None:
    groups = breakdown(months, "device")["groups"]
    mobile = next(group for group in groups if group["value"] == "mobile")
    rest = next(group for group in groups if group["value"] == "desktop")
    compared = mobile["against_rest"]
    difference = mobile["success_rate"]["value"] - rest["success_rate"]["value"]
    assert compared["value"] == pytest.approx(difference, abs=1e-5)
    assert compared["low"] < difference < compared["high"] < 0, "the data was made so"
    table = [[g["outcomes"]["succeeded"], g["entered"] - g["outcomes"]["succeeded"]] for g in (mobile, rest)]
    assert compared["p"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    by_country = [group["against_rest"] for group in breakdown(months, "country")["groups"]]
    assert [one["p_adjusted"] for one in by_country] == pytest.approx(
        stats.false_discovery_control([one["p"] for one in by_country])
    )
    (only,) = breakdown(months, "property:nothing")["groups"]
    assert (only["kind"], only["against_rest"]) == ("none", None)


def test_who_did_not_take_the_step_is_compared_with_nobody(months: Scope) -> None:
    groups = {g["kind"]: g for g in breakdown(months, "device", at="ask")["groups"] if g["kind"] != "value"}
    assert groups["not_reached"]["against_rest"] is None
    mobile, desktop = (g for g in breakdown(months, "device", at="ask")["groups"] if g["kind"] == "value")
    rates = [group["success_rate"]["value"] for group in (mobile, desktop)]
    assert mobile["against_rest"]["value"] == pytest.approx(rates[0] - rates[1], abs=1e-5)


def test_the_moment_is_said(months: Scope) -> None:
    assert breakdown(months, "medium")["moment"] == "of the event that took “Looks”, which opened the run"
    assert breakdown(months, "medium", at="buy")["moment"] == "of the event that took “Buys”"
    assert "last said of the customer" in breakdown(months, "trait:plan")["moment"]


def test_who_is_in_time_is_bounded(months: Scope) -> None:
    for group in breakdown(months, "device")["groups"]:
        assert group["immature"]
        assert group["success_rate"]["at_least"] < group["success_rate"]["at_most"]
        assert set(group["outcomes"]) == set(OUTCOMES)


@pytest.mark.parametrize(
    "asked",
    [
        {"by": "shoe"},
        {"by": "property:"},
        {"by": "trait:" + "x" * 300},
        {"by": "customer"},
        {"by": "device", "at": "none"},
        {"by": "device", "most": 0},
        {"by": "device", "most": 51},
    ],
)
def test_what_cannot_be_asked_is_refused(months: Scope, asked: dict[str, Any]) -> None:
    with pytest.raises(DimensionError):
        breakdown(months, **asked)


ORDERS = parse(
    {
        "key": "orders",
        "name": "Orders",
        "steps": [
            {"key": name.lower(), "name": name, "match": [{"event": name}]} for name in ("Look", "Buy")
        ],
        "case_key": "order",
    }
)


def test_two_cases_of_the_same_millisecond_keep_their_own_values(shared_events: EventStore) -> None:
    events = shared_events.sibling("t_breakdown_cases")
    migrate_events(events)
    rows = [
        Event(
            project=1,
            event_id=event_id(f"{name} {order}"),
            message_id=f"{name} {order}",
            type="track",
            event=name,
            timestamp=START + place,
            received_at=START + place,
            user_id="ada",
            identity=identity_hash("user", "ada"),
            properties=json.dumps({"order": order, "size": size}),
        )
        for place, name in enumerate(("Look", "Buy"))
        for order, size in (("1", "small"), ("2", "large"))
    ]
    events.insert(rows, token="cases")
    version = JourneyVersion(1, 1, 1, 1, dict(ORDERS.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    scope = Scope(events, PROJECT, version, ORDERS, Period(START, START + DAY), {}, START + DAY)
    for at in ("look", "buy"):
        groups = breakdown(scope, "property:size", at=at)["groups"]
        assert {group["value"]: group["entered"] for group in groups} == {"small": 1, "large": 1}
    events.command("drop database t_breakdown_cases")
