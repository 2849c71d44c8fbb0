"""Drop-offs say of who left exactly what a plain program reads in their events, and every part adds up."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from scipy import stats

from journeys.attribution import attribution
from journeys.attribution_contacts import Model
from journeys.attribution_lists import behind as behind_attribution
from journeys.cursors import ListError
from journeys.definitions import Definition, parse
from journeys.dimensions import OF_RUN, DimensionError
from journeys.dropoffs import behind, dropoffs, other_labels
from journeys.dropoffs_around import AFTER, BEFORE, MEASURED, TROUBLES
from journeys.dropoffs_report import DROPOFFS
from journeys.dropoffs_stake import at_stake
from journeys.filling import fill
from journeys.funnel import UNITS, funnel
from journeys.lists import listed, total
from journeys.period import Period
from journeys.rates import rate
from journeys.scope import Scope
from journeys.statistics import adjusted, difference, p_of_two_rates
from journeys.touchpoints import of_type, read
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.happenings import happening
from tests.journeys.test_frame import DEEP, some_of_each_place

MINUTE, DAY = 60_000, 86_400_000
START = 1_760_000_000_000
NOW = START + 37 * DAY
PROJECT = Project(1, "p", "P", "UTC")
PERIOD = Period(START + 2 * DAY, START + 36 * DAY)
PLAIN = parse(
    {
        "key": "plain",
        "name": "Plain",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}, {"page": "/look*"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "fail_on": [{"event": "Leave"}],
        "idle_timeout": "2d",
    }
)
# Runs beside each other, which begin with what is no touchpoint.
CASES = parse(
    {
        "key": "cases",
        "name": "Cases",
        "steps": [
            {"key": "join", "name": "Joins", "match": [{"type": "identify"}, {"event": "Look"}]},
            {"key": "try", "name": "Tries", "match": [{"event": "Try"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "case_key": "case",
        "idle_timeout": "3d",
    }
)
LABELS = [
    *("Look", "Look", "Ask", "Try", "Try", "Buy", "Leave", "/look/1", "/price", "/help", "/lost"),
    *("Web Vitals", "JavaScript Error", "Rage Click", "Dead Click", "Page Engaged", "identify", "Odd 'one'"),
    *("event:/price", "page:Ask", "screen:Ask"),
]
MESSAGES = [{"message": "a is 'undefined'"}, {"message": "Failed: <b>" * 30}, {}, {"message": 7}]


def history() -> list[Event]:
    """Customers who wander about, some of their events in one moment, many of them in one visit."""
    dice = random.Random(11)
    rows: list[Event] = []
    for customer in range(220):
        at = START + dice.randrange(36 * DAY)
        pause = (8 if customer % 11 == 0 else 3) * DAY
        for _ in range(dice.randrange(1, 24)):
            at += dice.choice([0, 1, 1_000, 5 * MINUTE, 30 * MINUTE, 12 * 60 * MINUTE, pause])
            rows.append(happened(len(rows), str(customer), at, dice.choice(LABELS), dice))
    return [row for row in rows if row.timestamp < NOW]


def happened(number: int, who: str, at: int, label: str, dice: random.Random) -> Event:
    what = read(label)
    kind = "identify" if label == "identify" else {"event": "track"}.get(what.kind, what.kind)
    said: dict[str, Any] = {"case": dice.choice("ab")}
    if label == "Buy":
        said |= dice.choice([{"amount": dice.randrange(1, 90)}, {"amount": "12.5"}, {}, {"amount": "nan"}])
    if label == "Web Vitals":
        said |= {"lcp": dice.choice([900, 4_000, 4_001.5]), "inp": dice.choice([80, 500, 501])}
    if label == "/lost":
        said |= dice.choice([{"status": "404"}, {"status": 404}, {}, {"status": "500"}])
    if label == "JavaScript Error":
        said |= MESSAGES[number % len(MESSAGES)]
    event = happening(
        number,
        who,
        at,
        "" if kind == "identify" else what.label,
        kind=kind,
        sequence=number % 3,
        channel=dice.choice(["Email", "Email", "Direct", "", "Organic Search"]),
        source=dice.choice(["letter", "google", "Other", ""]),
        device=("mobile", "desktop")[int(who) % 2],
        country=("DE", "FR", "")[int(who) % 3],
        properties=json.dumps(said),
        is_bot=dice.random() < 0.03,
    )
    is_measured = label == "Web Vitals"
    return msgspec.structs.replace(event, path=f"/measured/{number % 3}") if is_measured else event


EVENTS = history()


def opened(events: EventStore, definition: Definition, number: int) -> Scope:
    version = JourneyVersion(number, 1, number, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    return Scope(events, PROJECT, version, definition, PERIOD, {}, NOW)


@pytest.fixture(scope="module")
def scopes(shared_events: EventStore) -> Iterator[dict[str, Scope]]:
    events = shared_events.sibling("t_dropoffs")
    migrate_events(events)
    events.insert(EVENTS, token="t")
    yield {"plain": opened(events, PLAIN, 1), "cases": opened(events, CASES, 2)}
    events.command("drop database t_dropoffs")
    events.close()


@pytest.fixture(params=["plain", "cases"])
def scope(scopes: dict[str, Scope], request: pytest.FixtureRequest) -> Scope:
    return scopes[request.param]


@pytest.fixture
def plain(scopes: dict[str, Scope]) -> Scope:
    return scopes["plain"]


Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """The report, which is asked once for several tests that look at parts of it."""
    known: dict[Any, dict[str, Any]] = {}

    def asked(scope: Scope, **about: Any) -> dict[str, Any]:
        key = scope.definition.key, *sorted(about.items())
        if key not in known:
            known[key] = dropoffs(scope, **about)
        return known[key]

    return asked


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def by_customer() -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in EVENTS:
        if not event.is_bot:
            found[str(event.identity)].append(event)
    return {
        who: sorted(rows, key=lambda e: (e.timestamp, e.sequence, e.event_id)) for who, rows in found.items()
    }


OWN = by_customer()


def label_of(event: Event) -> str:
    return event.path if event.type == "page" else event.event


def touchpoint_of(event: Event) -> str:
    """What an event is called among events, pages and screens."""
    return of_type(event.type, label_of(event)).short


def is_act(event: Event) -> bool:
    return event.type != "identify" and label_of(event) not in MEASURED


def runs_of(scope: Scope, unit: str = "runs") -> list[dict[str, Any]]:
    """Runs with the places of their furthest step and of the steps they took, from 1."""
    keys = [step.key for step in scope.definition.steps]
    rows = listed(scope, unit=unit, most=10_000)["runs"]
    for row in rows:
        row["place"] = keys.index(row["furthest"]) + 1
        row["left"] = row["outcome"] in ("dropped", "failed")
        row["times"] = {keys.index(step["key"]) + 1: ms(step["at"]) for step in row["steps"]}
        row["start_ms"], row["last_ms"] = ms(row["start"]), ms(row["last"])
    return rows


def openings_of(scope: Scope) -> set[bytes]:
    """The events that opened runs, also of those that began after the period."""
    case_key = scope.definition.case_key
    first = {"plain": ("Look", "/look/1"), "cases": ("Look", "")}[scope.definition.key]
    found = set()
    for run in runs_of(replace(scope, period=Period(START, NOW))):
        found.add(
            next(
                event.event_id
                for event in OWN[run["customer"]]
                if event.timestamp == run["start_ms"]
                and label_of(event) in first
                and (not case_key or json.loads(event.properties)["case"] == run["case"])
            )
        )
    return found


def next_by_hand(scope: Scope, run: dict[str, Any], openings: set[bytes]) -> Event | None:
    return act_after(run, run["last_ms"], openings)


def act_after(run: dict[str, Any], at: int, openings: set[bytes]) -> Event | None:
    later = (event for event in OWN[run["customer"]] if event.timestamp > at)
    return next((event for event in later if is_act(event) or event.event_id in openings), None)


def is_again_at_once(run: dict[str, Any], openings: set[bytes]) -> bool:
    """Whether another run began in the very moment in which this one ended."""
    own = OWN[run["customer"]] if run["start_ms"] < run["last_ms"] else []
    return any(event.timestamp == run["last_ms"] and event.event_id in openings for event in own)


def troubles_of(event: Event) -> Iterator[str]:
    said = json.loads(event.properties)
    names = {"JavaScript Error": "error", "Rage Click": "rage", "Dead Click": "dead"}
    if event.event in names:
        yield names[event.event]
    if event.type == "page" and str(said.get("status")) in ("404", "410"):
        yield "not_found"
    if event.event == "Web Vitals" and said["lcp"] > 4_000:
        yield "slow_load"
    if event.event == "Web Vitals" and said["inp"] > 500:
        yield "slow_response"


def error_of(event: Event) -> tuple[str] | None:
    message = json.loads(event.properties).get("message")
    return (str(message or "")[:200],) if event.event == "JavaScript Error" else None


def slow_of(event: Event) -> tuple[str, str, float] | None:
    """What was wrong with a page, which one it was, and how many seconds that took."""
    said, had = json.loads(event.properties), set(troubles_of(event))
    if "not_found" in had:
        return "not_found", event.path, np.nan
    if "slow_load" in had:
        return "slow_load", event.path, said["lcp"] / 1000
    return ("slow_response", event.path, said["inp"] / 1000) if "slow_response" in had else None


class Before(NamedTuple):
    """The last page, the troubles, the last error and the last slow or missing page."""

    page: str | None
    troubles: set[str]
    error: tuple[str] | None
    slow: tuple[str, str, float] | None


def before_by_hand(run: dict[str, Any], k: int, openings: set[bytes]) -> Before:
    """What was close to the moment at which the run was last seen at the step."""
    gone_on = max(at for place, at in run["times"].items() if place <= k)
    until = 1 + (run["last_ms"] if run["place"] == k else gone_on)
    following = act_after(run, until - 1, openings)
    near = min(until + 30 * MINUTE, following.timestamp if following else NOW * 2)
    mine = OWN[run["customer"]]
    pages = [e.path for e in mine if e.type == "page" and run["start_ms"] <= e.timestamp < until]
    close = [e for e in mine if until - 30 * MINUTE <= e.timestamp < near]
    return Before(
        pages[-1] if pages else None,
        {trouble for e in close for trouble in troubles_of(e)},
        next(filter(None, map(error_of, reversed(close))), None),
        next(filter(None, map(slow_of, reversed(close))), None),
    )


STEPS = {"plain": ["look", "ask", "try"], "cases": ["join", "try"]}


@pytest.mark.parametrize("unit", UNITS[:2])
def test_who_left_is_what_the_funnel_says(scope: Scope, ask: Ask, unit: str) -> None:
    counted = {step["key"]: step for step in funnel(scope, unit=unit)["steps"]}
    for key in STEPS[scope.definition.key]:
        answer = ask(scope, unit=unit, step=key, most=50)
        who, step = answer["who"], counted[key]
        assert answer["step"] == key
        assert {name: who[name]["n"] for name in ("reached", "dropped", "failed", "in_time")} == {
            "reached": step["progressed"],
            **{how: step[f"{how}_here"] for how in ("dropped", "failed", "in_time")},
        }
        left = who["left"]["n"]
        assert left == who["dropped"]["n"] + who["failed"]["n"]
        assert who["reached"]["n"] == left + who["in_time"]["n"] + who["went_on"]["n"]
        assert {name: who["rate"][name] for name in ("value", "low", "high", "n", "small")} == rate(
            left, step["progressed"]
        )
        most = round((left + who["in_time"]["n"]) / step["progressed"], 6)
        assert who["rate"]["at_most"] == most
    assert any(step["in_time_here"] for step in counted.values()), "the data must show some in time"


def after_by_hand(waits: list[float], kind: str) -> dict[str, int]:
    def when(seconds: float) -> str:
        limits = {"hour": 3_600, "day": 86_400, "week": 7 * 86_400}
        return next((name for name, limit in limits.items() if seconds <= limit), "later")

    found = Counter("never" if kind == "none" else when(wait) for wait in waits)
    return {name: found[name] for name in ("hour", "day", "week", "later", "never")}


@pytest.mark.parametrize(
    ("unit", "within"), [*(("runs", within) for within in (0.01, 3.0, 60.0)), ("customers", 3.0)]
)
def test_what_came_next_is_the_first_touchpoint_after_leaving(scope: Scope, unit: str, within: float) -> None:
    openings = openings_of(scope)
    kinds, times = Counter[str](), Counter[str]()
    for k, key in enumerate(STEPS[scope.definition.key], 1):
        expected: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        may_still = 0
        for run in runs_of(scope, unit):
            if run["place"] == k and run["left"]:
                event = next_by_hand(scope, run, openings)
                seconds = (event.timestamp - run["last_ms"]) / 1000 if event else 0
                if is_again_at_once(run, openings):
                    expected["again", None].append(0)
                elif event is None or seconds * 1000 > within * DAY:
                    expected["none", None].append(0)
                    may_still += run["last_ms"] + within * DAY >= NOW
                elif event.event_id in openings:
                    expected["again", None].append(seconds)
                else:
                    expected["value", touchpoint_of(event)].append(seconds)
        rows = dropoffs(scope, unit=unit, step=key, within=within, most=50)["next"]["rows"]
        assert {(row["kind"], row["label"]): row["n"] for row in rows} == {
            name: len(waits) for name, waits in expected.items()
        }
        for row in rows:
            kinds[row["kind"]] += row["n"]
            waits = expected[row["kind"], row["label"]]
            assert row["after"] == after_by_hand(waits, row["kind"])
            if row["kind"] == "none":
                assert (row["median_seconds"], row["may_still"]) == (None, may_still)
            else:
                assert row["median_seconds"] == pytest.approx(median(waits))
        if within == 60.0:
            times.update({when: sum(row["after"][when] for row in rows) for when in AFTER})
    assert within < 60 or all(times[when] for when in AFTER), "the data must show each time"
    assert kinds["again"] or within < 1
    assert kinds["none"] or within > 1


@pytest.mark.parametrize(
    ("unit", "most"), [*(("runs", most) for most in (1, 3, 50)), ("customers", 50), ("accounts", 3)]
)
def test_every_part_adds_up_and_every_number_has_its_list(
    scope: Scope, ask: Ask, unit: str, most: int
) -> None:
    for key in STEPS[scope.definition.key]:
        answer = ask(scope, unit=unit, step=key, most=most)
        left, before = answer["who"]["left"]["n"], answer["before"]
        rows = answer["next"]["rows"]
        assert answer["next"]["n"] == left == sum(row["n"] for row in rows)
        assert all(row["n"] == sum(row["after"].values()) for row in (*rows, answer["next"]))
        for when, n in answer["next"]["after"].items():
            assert n == sum(row["after"][when] for row in rows)
        for part in ("pages", "errors", "slow"):
            assert sum(row["left"]["n"] for row in before[part]) == left
            assert sum(row["went_on"]["n"] for row in before[part]) == answer["who"]["went_on"]["n"]
            assert sum(row["kind"] == "value" for row in before[part]) <= most
        for whose in ("left", "went_on"):
            had_error = sum(row[whose]["n"] for row in before["errors"] if row["kind"] != "none")
            assert had_error == sum(row[whose]["n"] for row in before["trouble"] if row["kind"] == "error")
        assert sum(row["kind"] == "value" for row in answer["next"]["rows"]) <= most
        for dimension in answer["origins"]:
            assert sum(one["reached"]["n"] for one in dimension["groups"]) == answer["who"]["reached"]["n"]
            assert sum(one["left"]["n"] for one in dimension["groups"]) == left
            assert sum(one["in_time"] for one in dimension["groups"]) == answer["who"]["in_time"]["n"]
        if key != "try" or most != 3:
            continue  # each list is a question of its own
        assert DROPOFFS.behind
        # Of alike ones tests/journeys/test_frame.py asks for more.
        lists = some_of_each_place(answer, random.Random(most), 1)
        asked = len(lists) if DEEP or scope.definition.key == "plain" else min(6, len(lists))
        for cell in random.Random(most).sample(sorted(lists), asked):
            assert total(scope, DROPOFFS.behind(scope, cell), unit=unit) == lists[cell], cell


@pytest.mark.parametrize(("unit", "most"), [("runs", 1), ("runs", 2), ("customers", 1), ("accounts", 2)])
def test_other_names_its_labels(scope: Scope, ask: Ask, unit: str, most: int) -> None:
    """Those that have rows of their own where more are shown, each with the number of its row."""
    step = STEPS[scope.definition.key][0]
    few, all_ = (ask(scope, unit=unit, step=step, most=n) for n in (most, 50))
    found = Counter[str]()
    for (part, rows), (_, every) in zip(*map(rows_of, (few, all_)), strict=True):
        alone = {called(row) for row in rows}
        there = [row for row in every if row["kind"] == "value" and called(row) not in alone]
        others = [row for row in rows if row["kind"] == "other"]
        assert len(others) == bool(there)
        for other in others:
            for (cell, n), *same in zip(numbers_of(other), *map(numbers_of, there), strict=True):
                together = other_labels(scope, cell, unit=unit)
                assert together["total"] == len(together["labels"]) == other["different"] == len(there)
                assert {called(one): one["n"] for one in together["labels"]} == {
                    called(row): of_row for row, (_, of_row) in zip(there, same, strict=True)
                }
                assert {one["cell"] for one in together["labels"]} == {of_row for of_row, _ in same}
                assert n == sum(one["n"] for one in together["labels"])
                first = other_labels(scope, cell, unit=unit, most=1)
                assert (first["total"], len(first["labels"])) == (len(there), 1)
                assert first["labels"][0]["n"] == max(one["n"] for one in together["labels"])
            for one in together["labels"][:1]:
                assert total(scope, behind(scope, one["cell"]), unit=unit) == one["n"]
            found[part] += 1
    assert found.keys() >= {"next", "pages", "errors", "slow", "channel"} or most > 1


@pytest.mark.parametrize("unit", ["runs", "customers"])
def test_other_of_what_came_next_at_one_time_names_its_labels(scope: Scope, ask: Ask, unit: str) -> None:
    """All labels of the row, each with how many did it then and the list of these."""
    step = STEPS[scope.definition.key][0]
    few, all_ = (ask(scope, unit=unit, step=step, most=n)["next"]["rows"] for n in (1, 50))
    alone = {one["label"] for one in few}
    others = {one["label"]: one for one in all_ if one["kind"] == "value" and one["label"] not in alone}
    (other,) = (one for one in few if one["kind"] == "other")
    assert other["cells"]["after"].keys() >= {"hour", "day"}, "the data must show several times"
    for when, cell in other["cells"]["after"].items():
        together = other_labels(scope, cell, unit=unit)
        assert together["total"] == other["different"] == len(others)
        assert {one["label"]: one["n"] for one in together["labels"]} == {
            label: one["after"][when] for label, one in others.items()
        }
        assert other["after"][when] == sum(one["n"] for one in together["labels"])
        assert together["labels"] == sorted(together["labels"], key=lambda one: -int(one["n"]))
        first = other_labels(scope, cell, unit=unit, most=1)
        assert (first["total"], first["labels"][0]["n"]) == (len(others), together["labels"][0]["n"])
        for one in together["labels"]:
            if one["n"]:
                assert one["cell"] == others[one["label"]]["cells"]["after"][when]
        for one in together["labels"] if DEEP else (together["labels"][0], together["labels"][-1]):
            assert total(scope, behind(scope, one["cell"]), unit=unit) == one["n"]


def rows_of(answer: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows of each part that may have an Other."""
    before = answer["before"]
    return [
        ("next", answer["next"]["rows"]),
        *((part, before[part]) for part in ("pages", "errors", "slow")),
        *((one["dimension"], one["groups"]) for one in answer["origins"]),
    ]


def numbers_of(row: dict[str, Any]) -> list[tuple[str, int]]:
    """The cells of a row and their numbers."""
    if "share" in row:
        return [(row["cell"], row["n"])]
    named = [(row[name]["cell"], row[name]["n"]) for name in ("left", "went_on", "reached") if name in row]
    return [*named, (row["cells"]["in_time"], row["in_time"])] if "in_time" in row else named


def called(row: dict[str, Any]) -> tuple[str | None, str | None]:
    return row.get("problem"), row.get("label", row.get("value"))


def test_only_other_has_labels(plain: Scope) -> None:
    answer = dropoffs(plain, step="try", most=1)
    alone = next(row for row in answer["before"]["pages"] if row["kind"] == "value")
    for cell in (
        *(alone["left"]["cell"], "here:left:try", "customers:here:reached:try", "page:left:try:30.0:none"),
        *(
            "origin:left:try:channel:none:",
            "next.hour:left:try:30.0:all:",
            "next.open:left:try:30.0:none:",
            "trouble:left:try:30.0:value:rage",
        ),
    ):
        assert other_labels(plain, cell) == {"total": 0, "labels": []}, cell
    with pytest.raises(ListError, match="no cell of drop-offs"):
        other_labels(plain, "page:left:nowhere:30.0:other:a")


@pytest.mark.parametrize("unit", UNITS[:2])
def test_what_was_before_is_compared_with_those_who_went_on(scope: Scope, ask: Ask, unit: str) -> None:
    openings = openings_of(scope)
    seen = set()
    for k, key in enumerate(STEPS[scope.definition.key], 1):
        pages: dict[bool, Counter[str | None]] = {True: Counter(), False: Counter()}
        troubles: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        errors: dict[bool, Counter[str | None]] = {True: Counter(), False: Counter()}
        slow: dict[bool, Counter[tuple[str, str] | None]] = {True: Counter(), False: Counter()}
        took: dict[tuple[str, str], list[float]] = defaultdict(list)
        n = Counter[bool]()
        for run in runs_of(scope, unit):
            if run["place"] > k or (run["place"] == k and run["left"]):
                is_left = run["place"] == k
                found = before_by_hand(run, k, openings)
                pages[is_left][found.page] += 1
                troubles[is_left].update(found.troubles)
                errors[is_left][found.error and found.error[0]] += 1
                slow[is_left][found.slow and found.slow[:2]] += 1
                if found.slow:
                    took[found.slow[:2]].append(found.slow[2])
                n[is_left] += 1
        before = ask(scope, unit=unit, step=key, most=50)["before"]
        for name, is_left in (("left", True), ("went_on", False)):
            assert before[name] == n[is_left]
            assert {row["label"]: row[name]["n"] for row in before["pages"] if row[name]["n"]} == pages[
                is_left
            ]
            told = {row["kind"]: row[name]["n"] for row in before["trouble"] if row[name]["n"]}
            assert told == troubles[is_left]
            assert {row["label"]: row[name]["n"] for row in before["errors"] if row[name]["n"]} == errors[
                is_left
            ]
            told = {wrong_with(row): row[name]["n"] for row in before["slow"] if row[name]["n"]}
            assert told == slow[is_left]
        for row in before["slow"]:
            times = took[row["problem"], row["label"]]
            known = times and not np.isnan(times[0])
            assert row["median_seconds"] == (pytest.approx(median(times)) if known else None)
        seen |= {row["kind"] for row in before["trouble"]} | {row["problem"] for row in before["slow"]}
        rows = [row for part in BEFORE.values() for row in before[part]]
        assert_apart(
            [row["difference"] for row in rows],
            [(row["left"]["n"], n[True], row["went_on"]["n"], n[False]) for row in rows],
        )
    assert seen == {*TROUBLES, None}


def wrong_with(row: dict[str, Any]) -> tuple[str, str] | None:
    return (row["problem"], row["label"]) if row["kind"] == "value" else None


def assert_apart(found: list[Any], counts: list[tuple[int, int, int, int]]) -> None:
    columns = list(zip(*counts, strict=True))
    apart, p = difference(*columns), p_of_two_rates(*columns)
    for name, numbers in zip(
        ("value", "low", "high", "p", "p_adjusted"),
        (apart.value, apart.low, apart.high, p, adjusted(p)),
        strict=True,
    ):
        told = [np.nan if one[name] is None else one[name] for one in found]
        np.testing.assert_allclose(told, numbers, err_msg=name)
    tested = [one["p"] for one in found if one["p"] is not None]
    corrected = [one["p_adjusted"] for one in found if one["p"] is not None]
    np.testing.assert_allclose(corrected, stats.false_discovery_control(tested))


@pytest.mark.parametrize("unit", UNITS[:2])
def test_origins_are_those_of_the_runs_compared_with_all_others(scope: Scope, ask: Ask, unit: str) -> None:
    for k, key in enumerate(STEPS[scope.definition.key], 1):
        answer = ask(scope, unit=unit, step=key, most=50)
        runs = [run for run in runs_of(scope, unit) if run["place"] >= k]
        gone = [run["place"] == k and run["left"] for run in runs]
        assert [one["dimension"] for one in answer["origins"]] == list(OF_RUN)
        found, counts = [], []
        for dimension in answer["origins"]:
            name = dimension["dimension"]
            reached = Counter(run[name] for run in runs)
            left = Counter(run[name] for run, is_left in zip(runs, gone, strict=True) if is_left)
            groups = dimension["groups"]
            assert {one["value"] or "": one["reached"]["n"] for one in groups} == reached
            assert {one["value"] or "": one["left"]["n"] for one in groups if one["left"]["n"]} == left
            for one in groups:
                assert one["rate"] == rate(one["left"]["n"], one["reached"]["n"])
                found.append(one["against_rest"])
                n, m = one["left"]["n"], one["reached"]["n"]
                counts.append((n, m, sum(gone) - n, len(runs) - m))
        assert_apart(found, counts)


@pytest.mark.parametrize("unit", UNITS[:2])
def test_money_at_stake_is_what_those_who_went_on_brought(scope: Scope, unit: str) -> None:
    case_key = scope.definition.case_key
    answer, k = dropoffs(scope, unit=unit, step=STEPS[scope.definition.key][0], value="amount"), 1
    theirs: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    won = valued = 0
    for run in runs_of(scope, unit):
        mine = theirs[run["customer"]] if run["place"] >= k else [0.0] * 3
        mine[0] += run["place"] == k and run["left"]
        mine[1] += run["place"] > k
        if run["outcome"] == "succeeded":
            goal = next(
                json.loads(e.properties).get("amount")
                for e in OWN[run["customer"]]
                if e.event == "Buy"
                and e.timestamp == run["last_ms"]
                and (not case_key or json.loads(e.properties)["case"] == run["case"])
            )
            worth = None if goal in (None, "nan") else float(goal)
            won, valued = won + 1, valued + (worth is not None)
            mine[2] += worth or 0
    sums = np.array(list(theirs.values()))
    left, on, value = sums.sum(axis=0)
    money = answer["money"]
    assert (money["left"], money["went_on"], money["succeeded"], money["valued"]) == (left, on, won, valued)
    assert money["success_rate"] == rate(won, int(on))
    assert money["mean_value"] == pytest.approx(value / won)
    assert money["value"] == pytest.approx(left * (won / on) * (value / won), abs=0.01)
    assert 0 <= money["low"] < money["value"] < money["high"]


def test_the_interval_of_money_is_that_of_customers_drawn_again() -> None:
    dice = np.random.default_rng(3)
    left, on = dice.integers(0, 3, 400), dice.integers(0, 4, 400)
    theirs = np.column_stack([left, on, on * dice.gamma(2, 10, 400)])
    drawn = []
    for _ in range(2_000):
        gone, went, worth = theirs[dice.integers(400, size=400)].sum(axis=0)
        drawn.append(gone * worth / went)
    found = at_stake(theirs)
    assert found.value == pytest.approx(left.sum() * theirs[:, 2].sum() / on.sum())
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, [0.025, 0.975]), rtol=0.03)


def test_money_is_absent_where_nobody_tells_it(plain: Scope) -> None:
    answer = dropoffs(plain, value="nobody's")
    assert answer["money"] is None
    assert answer["properties"][0]["property"] == "amount"


@pytest.mark.parametrize("unit", UNITS[:2])
def test_the_property_that_most_successes_carry_is_chosen_by_itself(scope: Scope, unit: str) -> None:
    answer, named = (dropoffs(scope, unit=unit, value=value) for value in ("", "amount"))
    assert answer["money"]
    assert answer["money"] == named["money"]
    assert answer["properties"] == [{"property": "amount", "n": answer["money"]["valued"]}]


def test_properties_that_successes_carry_are_suggested(events: EventStore) -> None:
    rare, usual = {"total": 5, "seats": 3}, {"amount": 1, "seats": "2", "'odd'": 1.5, "note": "two", "": 1}
    scope = bought(events, rare, {**usual, "total": "none"}, usual, {"seats": True})
    told = [("amount", 2), ("total", 1), ("seats", 3), ("'odd'", 2)]
    answer = dropoffs(scope, step="join")
    assert [(one["property"], one["n"]) for one in answer["properties"]] == told
    assert (answer["money"]["property"], answer["money"]["currency"]) == ("amount", "")
    answer = dropoffs(scope, step="join", value="seats")
    assert (answer["money"]["valued"], answer["money"]["mean_value"]) == (3, 7 / 4)
    assert answer["properties"][0] == {"property": "seats", "n": 3}


def test_one_customer_alone_has_no_interval() -> None:
    found = at_stake(np.array([[2.0, 4.0, 100.0]]))
    assert (found.value, np.isnan(found.low), np.isnan(found.high)) == (50, True, True)
    assert np.isnan(at_stake(np.zeros((0, 3))).value)


def test_the_step_where_most_leave_is_looked_at_by_itself(plain: Scope) -> None:
    answer = dropoffs(plain)
    lost = {step["key"]: step["left"] for step in answer["steps"]}
    assert list(lost) == ["look", "ask", "try"]
    assert lost[answer["step"]] == max(lost.values()) > 0


@pytest.mark.parametrize("step", ["buy", "nowhere", "look' or 1"])
def test_nobody_leaves_at_the_goal_or_nowhere(plain: Scope, step: str) -> None:
    with pytest.raises(DimensionError, match="nobody can leave at"):
        dropoffs(plain, step=step)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "here", "here:left", "here:left:nowhere", "here:1:look", "next", "next:left:look:x:value:a"),
        *(
            "valued",
            "valued:EUR:amount",
            "next:left:look:30.0:some:a",
            "next:all:look:30.0:value:a",
            "page:left:nowhere:30.0:value:a",
        ),
        *("next.open:left:look:30.0:other:a", "next.open:left:look:30.0:all:"),
        *("next.year:left:look:30.0:value:a", "page.hour:left:look:30.0:value:a", "next:left:look:30.0:all:"),
        *("slow:left:look:30.0:value:9/help", "slow:on:look:30.0:value:", "error:left:look:30.0:again:"),
        *("trouble:left:look:30.0:value:none", "trouble:left:look:nan:value:rage", "next:left:look:-1:none:"),
        *("origin:left:look:1:value:a", "origin:left:look:channel:all:", "origin:x:look:channel:none:"),
    ],
)
def test_a_cell_that_is_none_is_refused(plain: Scope, cell: str) -> None:
    with pytest.raises(ListError, match="no cell of drop-offs"):
        behind(plain, cell)


def test_nobody_came_is_an_answer(plain: Scope) -> None:
    nobody = replace(plain, period=Period(START - 9 * DAY, START - 8 * DAY))
    answer = dropoffs(nobody, value="amount")
    assert answer["entered"] == answer["who"]["left"]["n"] == answer["next"]["n"] == 0
    assert (answer["next"]["rows"], answer["origins"], answer["money"]) == ([], [], None)


def test_each_part_is_one_question(plain: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, query = [], plain.events.query
    monkeypatch.setattr(plain.events, "query", lambda *args: asked.append(args) or query(*args))
    dropoffs(plain)
    assert len(asked) == 6, (
        "who; what next and before, its words; where from; by which property, at what cost"
    )


def test_an_event_a_page_and_a_screen_of_one_name_are_apart(plain: Scope) -> None:
    answer = dropoffs(plain, step="look", most=50)
    rows = {row["label"]: row for row in answer["next"]["rows"] if row["label"]}
    same = ("page:Ask", "screen:Ask", "/price", "event:/price")
    pages = {row["label"]: row["left"] for row in answer["before"]["pages"] if row["label"]}
    for row in (*(rows[label] for label in same), pages["Ask"], pages["/price"]):
        assert total(plain, behind(plain, row["cell"])) == row["n"] > 0
    assert not {"page:Ask", "event:/price"} & pages.keys()


def test_the_file_has_a_row_for_every_number(plain: Scope) -> None:
    answer = dropoffs(plain, value="amount", most=3)
    head, rows = DROPOFFS.table(answer)
    told = [dict(zip(head, row, strict=True)) for row in rows]
    parts = Counter(row["part"] for row in told)
    assert parts == {
        "who": 7,
        "next": len(answer["next"]["rows"]),
        **{f"next_{when}": len(answer["next"]["rows"]) + 1 for when in AFTER},
        **{one["dimension"]: len(one["groups"]) for one in answer["origins"]},
        "pages": len(answer["before"]["pages"]),
        **{part: len(answer["before"][part]) for part in ("trouble", "errors", "slow")},
        **dict.fromkeys(("money", "money_succeeded", "money_valued"), 1),
        **{f"left{name}": len(answer["steps"]) for name in ("", "_in_time", "_customers", "_half_by")},
        "next_may_still": sum(bool(one.get("may_still")) for one in answer["next"]["rows"]),
    }


def bought(events: EventStore, *goals: dict[str, Any]) -> Scope:
    """Cases of one customer, step by step at the same moments, each with its goal."""
    told = [(f"c{n}", name, at, {}) for at, name in enumerate(("Look", "Try")) for n in range(len(goals))]
    told += [(f"c{n}", "Buy", 2, goal) for n, goal in enumerate(goals)]
    rows = []
    for number, (case, name, at, said) in enumerate(told):
        event = happened(number, "1", START + 3 * DAY + at, name, random.Random(1))
        properties = json.dumps({"case": case, **said})
        rows.append(msgspec.structs.replace(event, is_bot=False, properties=properties))
    events.insert(rows, token="t")
    return opened(events, CASES, 1)


def test_amounts_of_several_currencies_are_not_added_up(events: EventStore) -> None:
    euros = [{"amount": 10, "currency": "EUR"}, {"amount": 32, "currency": "eur"}]
    others = [
        {"amount": 900, "currency": "USD"},
        {"amount": "much", "currency": "CHF"},
        {"amount": 7, "currency": "X:Y"},
    ]
    scope = bought(events, *euros, *others)
    told = [
        {"currency": "EUR", "n": 2, "value": 42},
        {"currency": "USD", "n": 1, "value": 900},
        {"currency": "X:Y", "n": 1, "value": 7},
    ]
    for currency, name, value, n in (
        ("", "EUR", 42, 2),
        ("usd", "USD", 900, 1),
        ("x:y", "X:Y", 7, 1),
        ("CHF", "CHF", 0, 0),
    ):
        answer = attribution(scope, model=Model(value="amount", currency=currency))
        cells = [one.pop("cell") for one in answer["currencies"]]
        assert (answer["currency"], answer["currencies"]) == (name, told)
        assert [total(scope, behind_attribution(scope, cell)) for cell in cells] == [2, 1, 1]
        assert (answer["value"], answer["valued"]) == (value, n)
        assert sum(one["values"]["linear"] for one in answer["channels"]) == pytest.approx(value)
        money = dropoffs(scope, step="join", value="amount", currency=currency)["money"]
        assert (money and (money["currency"], money["mean_value"] * 5, money["valued"])) == (
            (name, value, n) if n else None
        )
        if money:
            assert money["currencies"] == told
            assert total(scope, behind(scope, money["cells"]["valued"])) == n


def test_goals_of_one_moment_keep_their_own_value(events: EventStore) -> None:
    scope = bought(events, {"amount": 10}, {"amount": 32})
    assert attribution(scope, model=Model(value="amount"))["value"] == 42
    rest = dropoffs(scope, step="try", value="amount")["money"]
    assert rest["mean_value"] == 21
