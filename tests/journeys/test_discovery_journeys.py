"""Journeys planted among noise are found, and noise is not; what is told of them is counted by the rule."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from journeys.definitions import Definition, parse
from journeys.discovery import between, ways
from journeys.discovery_journeys import MOST_FOUND, MOST_LABELS, table, worth_managing
from journeys.discovery_lists import listed
from journeys.period import Period
from journeys.routes import Routes
from journeys.touchpoints import read
from store.event import Event
from store.events import EventStore
from tests.journeys.happenings import happening
from tests.journeys.test_discovery import DAY, PROJECT

BEGIN = 1_770_000_000_000
END = BEGIN + 30 * DAY
HOUR = 3_600_000
NOISE = ("/blog", "/about", "/help", "/status", "Searched", "Scrolled")


def company(*, dice: random.Random, everybody_signs_up: bool = False) -> list[Event]:
    """Visitors make noise at any time. Some sign up, then some of them invite, and of those most pay.

    The page of the form comes seconds before the sign-up. Who signs up comes when, says chance.
    """
    found: list[Event] = []

    def add(customer: int, at: float, label: str, **properties: Any) -> None:
        kind = "page" if label.startswith("/") else "track"
        said = json.dumps(properties)
        found.append(happening(len(found), customer, int(at), label, kind=kind, properties=said))

    for customer in range(600):
        for label in NOISE:
            if dice.random() < 0.5:
                for _ in range(dice.randrange(1, 4)):
                    add(customer, BEGIN + DAY + dice.random() * 28 * DAY, label)
        if not everybody_signs_up and dice.random() < 0.5:
            continue
        early = 0.1 if everybody_signs_up else 24
        at = BEGIN + dice.random() * early * DAY
        add(customer, at, "/join")
        at += 4_000
        add(customer, at, "Signed Up")
        if dice.random() < 0.6:
            at += (1 + dice.random() * 20) * HOUR
            add(customer, at, "Invited")
            if dice.random() < 0.7:
                at += (1 + dice.random() * 48) * HOUR
                add(customer, at, "Paid", amount=dice.choice((20, 40)))
    return [one for one in found if one.timestamp < END]


def found(events: EventStore, **more: Any) -> dict[str, Any]:
    journeys: list[Definition] = more.pop("journeys", [])
    given = {"period": Period(BEGIN, END), "now": END, "within": "7d", **more}
    return worth_managing(events, PROJECT, journeys, **given)


def pairs(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["start"], one["goal"]) for one in answer["candidates"]]


@pytest.mark.parametrize("everybody_signs_up", [False, True])
def test_what_was_planted_is_found_and_noise_is_not(events: EventStore, everybody_signs_up: bool) -> None:
    events.insert(company(dice=random.Random(3), everybody_signs_up=everybody_signs_up), token="t")
    answer = found(events)
    told = {tuple(one.partition(":")[2] for one in pair) for pair in pairs(answer)}
    assert told - {("/join", goal) for goal in ("Invited", "Paid")} <= {
        ("Signed Up", "Invited"),
        ("Signed Up", "Paid"),
        ("Invited", "Paid"),
    }
    assert ("Invited", "Paid") in told
    assert {start for start, goal in told if goal == "Paid"} & {"Signed Up", "/join"}
    assert answer["left_out"] == 1
    assert ("/join", "Signed Up") not in told


def test_noise_alone_is_no_journey(events: EventStore) -> None:
    for seed in range(3):
        dice = random.Random(seed)
        rows = [one for one in company(dice=dice) if (one.event or one.path) in NOISE]
        events.insert(rows, token=str(seed))
        assert found(events)["candidates"] == []
        events.command("truncate table events")


@pytest.mark.parametrize("now", [END, END - 10 * DAY], ids=["at-the-end", "events-lie-ahead"])
def test_numbers_are_those_of_the_runs_and_the_score_is_explained(events: EventStore, now: int) -> None:
    events.insert(company(dice=random.Random(4)), token="t")
    covering = parse(
        {
            "key": "trial",
            "name": "Trial",
            "steps": [
                {"key": "a", "name": "a", "match": [{"page": "/jo*"}, {"event": "Signed Up"}]},
                {"key": "b", "name": "b", "match": [{"event": "Paid"}]},
            ],
        }
    )
    answer = found(events, journeys=[covering], value="amount", now=now)
    assert answer["sampled"] == 1
    for one in answer["candidates"]:
        start, goal = read(one["start"]), read(one["goal"])
        same = between(events, PROJECT, start, goal, period=Period(BEGIN, END), now=now, within="7d")
        truth = ways(same)
        names = ("attempts", "customers", "reached", "under_way")
        assert [one[name] for name in names] == [truth[name] for name in names]
        assert one["lost"] == truth["not_reached"]
        assert one["attempts"] == one["reached"] + one["lost"] + one["under_way"]
        assert one["success_rate"]["n"] == one["reached"] + one["lost"]
        assert one["median_seconds"] == pytest.approx(truth["seconds_to_goal"]["median"])
        is_covered = one["goal"] == "event:Paid" and one["start"] != "event:Invited"
        assert one["covered"] == ([{"key": "trial", "name": "Trial"}] if is_covered else [])
        again = one["lost"] * one["reached"] / (one["reached"] + one["lost"])
        if one["goal"] == "event:Paid":
            assert 20 < one["mean_value"] < 40
            assert one["with_value"] == one["reached"]
            assert one["score"] == pytest.approx(again * one["mean_value"], abs=0.01)
            assert "the mean amount of a goal" in one["score_explained"]
        else:
            assert one["mean_value"] is None
            assert one["score"] == pytest.approx(again, abs=0.01)
    assert any(one["under_way"] for one in answer["candidates"])
    has_money = [one["mean_value"] is not None for one in answer["candidates"]]
    assert has_money == sorted(has_money, reverse=True)
    assert len(list(table(answer)[1])) == len(answer["candidates"]) <= MOST_FOUND


def test_amounts_of_several_currencies_are_not_added(events: EventStore) -> None:
    """Most pay in euros, every fourth in yen."""
    rows = company(dice=random.Random(4))
    paid = [one for one in rows if one.event == "Paid"]
    for k, one in enumerate(paid):
        said = {"amount": 5_000, "currency": "JPY"} if k % 4 == 0 else {"amount": 30, "currency": "eur"}
        one.properties = json.dumps(said)
    events.insert(rows, token="t")
    with_money = [one for one in found(events, value="amount")["candidates"] if one["goal"] == "event:Paid"]
    assert with_money
    for one in with_money:
        assert one["currency"] == "EUR"
        assert one["reached"] / 2 < one["with_value"] < one["reached"]
        assert one["mean_value"] == pytest.approx(30 * one["with_value"] / one["reached"], abs=0.01)
        assert "of a goal in EUR = " in one["score_explained"]


def test_of_a_sample_the_lists_are_those_of_the_same_customers(events: EventStore) -> None:
    events.insert(company(dice=random.Random(4)), token="t")
    answer = found(events, most_customers=200)
    assert answer["sampled"] == pytest.approx(1 / 3)
    period, share = Period(BEGIN, END), answer["sampled"]
    for one in answer["candidates"]:
        start, goal = read(one["start"]), read(one["goal"])
        same = between(events, PROJECT, start, goal, period=period, now=END, within="7d", share=share)
        for name, n in (("attempts", one["attempts"]), ("not_reached", one["lost"])):
            assert listed(same, name)["total"] == n
    assert answer["candidates"]


def test_a_rare_goal_that_is_money_is_found_by_its_property(events: EventStore) -> None:
    rows = company(dice=random.Random(4))
    for customer in range(600):
        rows += [happening(10**7 + len(rows), customer, BEGIN + k, f"Often {k}") for k in range(MOST_LABELS)]
    events.insert(rows, token="t")
    assert not [goal for _, goal in pairs(found(events)) if goal == "event:Paid"]
    assert pairs(found(events, value="amount"))[0][1] == "event:Paid"


def test_of_many_customers_a_sample_is_taken_and_said(events: EventStore) -> None:
    events.insert(company(dice=random.Random(5)), token="t")
    answer = found(events, most_customers=300)
    assert answer["sampled"] == 0.5
    assert 200 < answer["customers"] < 400
    assert ("event:Invited", "event:Paid") in pairs(answer)


def test_of_touchpoints_that_happen_together_one_is_told(events: EventStore) -> None:
    rows = company(dice=random.Random(6))
    twins = [one for one in rows if one.event == "Paid"]
    rows += [
        happening(10**7 + k, one.user_id, one.timestamp + (-1_000) ** (k % 2), "Receipt Sent")
        for k, one in enumerate(twins)
    ]
    events.insert(rows, token="t")
    goals = [goal for start, goal in pairs(found(events)) if start == "event:Invited"]
    assert len(goals) == 1


def test_nothing_is_found_where_nothing_happened(events: EventStore) -> None:
    answer = found(events)
    assert (answer["customers"], answer["touchpoints"], answer["candidates"]) == (0, 0, [])


def test_a_page_with_many_paths_is_one_start_by_its_route(events: EventStore) -> None:
    written = company(dice=random.Random(5))
    for one in written:
        if one.path == "/join":
            one.path = f"/join/{one.user_id}"
    events.insert(written, token="t")
    assert not [start for start, _ in pairs(found(events)) if start.startswith("page:/join")]
    answer = found(events, routes=Routes(("/join/:number",)))
    assert "page:/join/:number" in {start for start, _ in pairs(answer)}
    assert all(one["attempts"] > 0 for one in answer["candidates"])
