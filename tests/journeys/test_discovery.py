"""Discovery agrees with plain Python on random histories, and with what others found in real logs."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.discovery import Between, between, sampled, table, ways
from journeys.discovery_cells import passed_cell, way_cell
from journeys.discovery_lists import listed, other_ways
from journeys.discovery_steps import steps
from journeys.discovery_steps import table as steps_table
from journeys.funnel import funnel
from journeys.period import Period
from journeys.routes import Routes
from journeys.statistics import difference
from journeys.touchpoints import Touchpoint, TouchpointError, known_by, read
from store.event import Event
from store.events import EventStore
from store.projects import Project
from tests.journeys.attempted import Attempt, attempts, furthest
from tests.journeys.happenings import happening
from tests.journeys.test_expected_answers import ALWAYS, NOW, load

PROJECT = Project(1, "p", "P", "UTC")
DAY = 86_400_000
BEGIN = 1_770_000_000_000
END = BEGIN + 40 * DAY
WITHIN = 2 * DAY
LEAST = (0.0, 0.2)
HOW = {"reached": "succeeded", "not_reached": "dropped", "under_way": "in_time"}
PAGES = ("/", "/prices", "/prices/team", "/help")


def random_history(seed: int, customers: int = 150) -> list[Event]:
    """Few labels and whole hours, so that there are ties, repeats, robots, and ways that are too slow."""
    dice, found = random.Random(seed), []
    kinds = [("track", name) for name in ("Begin", "Look", "Ask", "Buy")]
    kinds += [("page", path) for path in PAGES] + [("screen", "Home"), ("screen", "Look"), ("track", "")]
    for customer in range(customers):
        at = BEGIN + dice.randrange(40 * 24) * 3_600_000
        for _ in range(dice.randrange(14)):
            kind, label = dice.choice(kinds)
            more = {"is_bot": dice.random() < 0.05, "sequence": dice.randrange(3)}
            found.append(happening(len(found), customer, at, label, kind=kind, **more))
            at += dice.choice((0, 0, 1, 5, 30)) * 3_600_000
        found.append(happening(len(found), customer, at, "", kind="identify"))
    return [one for one in found if one.timestamp <= END]


def asked(events: EventStore, start: str, goal: str, **more: Any) -> Between:
    """A question that remembers what several of its answers need, as those of pages do."""
    given = {"period": Period(BEGIN + DAY, END - DAY), "now": END, "within": "2d", **more}
    known: dict[tuple[str, str], Any] = {}

    def remember(name: str, unit: str, compute: Callable[[], Any]) -> Any:
        if (name, unit) not in known:
            known[name, unit] = compute()
        return known[name, unit]

    return replace(between(events, PROJECT, read(start), read(goal), **given), remember=remember)


def expected(history: list[Event], question: Between, unit: str) -> list[Attempt]:
    scope = question.scope
    found = attempts(
        history, question.start.covers, question.goal.covers, within=question.within, now=scope.now
    )
    some = [one for one in found if scope.period.start <= one.start < scope.period.end]
    return furthest(some) if unit == "customers" else some


CASES = [
    ("event:Begin", "event:Buy"),
    ("page:/prices*", "Buy"),
    ("/", "screen:Home"),
    ("event:Buy", "event:Buy"),
    ("screen:Look", "/prices*"),
]


@pytest.mark.parametrize("seed", range(2))
def test_ways_and_steps_agree_with_plain_python(events: EventStore, seed: int) -> None:
    history = random_history(seed, customers=300)
    for one in history:
        if one.type == "screen":
            one.properties = json.dumps({"name": one.event})
    events.insert(history, token="t")
    compared = Counter[str]()
    for place, (start, goal) in enumerate(CASES[seed::2]):
        unit = ("runs", "customers")[(seed + place) % 2]
        question = asked(events, start, goal)
        truth = expected(history, question, unit)
        check_ways(question, truth, unit, place, seed)
        check_steps(question, truth, unit, lists=place == seed)
        compared.update(one.outcome for one in truth)
    assert min(compared[how] for how in ("succeeded", "dropped", "in_time")) > 10


def check_ways(question: Between, truth: list[Attempt], unit: str, place: int, seed: int) -> None:
    """By turns: of each of these questions some are asked in each case."""
    for least in LEAST if place == 0 else [LEAST[place % 2]]:
        check_ways_of(question, truth, unit, least, of_others=(place + seed) % 2 != bool(least))
    behind = listed(question, "attempts", unit=unit, most=500)
    assert behind["total"] == len(truth)
    for turn, (name, how) in enumerate(HOW.items()):
        some = {"attempts": [one for one in behind["attempts"] if one["outcome"] == name]}
        assert who(some) == sorted(one.customer for one in truth if one.outcome == how)
        if some["attempts"] and turn == place % len(HOW):
            assert who(listed(question, name, unit=unit, most=500)) == who(some)


def check_ways_of(
    question: Between, truth: list[Attempt], unit: str, least: float, *, of_others: bool
) -> None:
    """The answer, and the list behind a way that is told or behind all others."""
    answer = ways(question, unit=unit, longest=2, most=3, least=least)
    outcomes = Counter(one.outcome for one in truth)
    assert answer["attempts"] == len(truth)
    assert [answer[name] for name in ("reached", "not_reached", "under_way")] == [
        outcomes[how] for how in ("succeeded", "dropped", "in_time")
    ]
    assert answer["customers"] == len({one.customer for one in truth})
    taken = defaultdict(list)
    reached = [one for one in truth if one.outcome == "succeeded"]
    for one in reached:
        kept = [x for x in one.passed if sum(x in other.passed for other in reached) >= least * len(reached)]
        whole = [x for x, _ in groupby(kept)]
        taken[tuple(whole[:2]), len(whole) > 2].append(one)
    told = {(named(way["way"]), way["longer"]): way for way in answer["ways"]}
    most = sorted(map(len, taken.values()), reverse=True)
    assert [way["n"] for way in answer["ways"]] == most[:3]
    for key, way in told.items():
        assert way["n"] == len(taken[key])
        assert way["customers"] == len({one.customer for one in taken[key]})
        assert way["median_seconds"] == pytest.approx(median(one.seconds for one in taken[key]))
        assert way["share"]["n"] == outcomes["succeeded"]
    for key, way in list(told.items())[-1:] if not of_others else ():
        behind = listed(question, way["cell"], unit=unit, most=500)
        assert (behind["total"], who(behind)) == (way["n"], sorted(one.customer for one in taken[key]))
    assert (answer["other"]["n"], answer["other"]["ways"]) == (sum(most[3:]), len(most[3:]))
    if of_others:
        others = listed(question, answer["other"]["cell"], unit=unit, most=500)
        rest = [one.customer for key, some in taken.items() if key not in told for one in some]
        assert (others["total"], who(others)) == (answer["other"]["n"], sorted(rest))
        together = other_ways(question, answer["other"]["cell"], unit=unit, most=1_000)
        assert together["total"] == len(together["ways"]) == answer["other"]["ways"]
        assert {(named(one["way"]), one["longer"]): one["n"] for one in together["ways"]} == {
            key: len(some) for key, some in taken.items() if key not in told
        }
        for way in together["ways"][-1:]:
            assert listed(question, way["cell"], unit=unit, most=500)["total"] == way["n"]
            by_customers = listed(question, way["cells"]["customers"], unit=unit, most=500)
            assert by_customers["total"] == way["customers"]
    assert len(list(table(answer)[1])) == len(told) + 3


def who(behind: dict[str, Any]) -> list[int]:
    return sorted(int(one["customer"]) for one in behind["attempts"])


def named(way: list[dict[str, str]]) -> tuple[Touchpoint, ...]:
    return tuple(Touchpoint(one["kind"], one["label"]) for one in way)


def check_steps(question: Between, truth: list[Attempt], unit: str, *, lists: bool) -> None:
    answer = steps(question, unit=unit, least=0.3)
    reached = [one for one in truth if one.outcome == "succeeded"]
    lost = [one for one in truth if one.outcome == "dropped"]
    labels = {label for one in truth for label in one.passed if label.kind != "type"}
    labels = {one for one in labels if not question.start.covers(one) and not question.goal.covers(one)}
    assert {Touchpoint(one["kind"], one["label"]) for one in answer["steps"]} == labels
    for one in answer["steps"]:
        label = Touchpoint(one["kind"], one["label"])
        won = sum(label in each.passed for each in reached)
        gone = sum(label in each.passed for each in lost)
        assert (one["reached"], one["with"]["n"]) == (won, won + gone)
        assert one["n"] == sum(label in each.passed for each in truth)
        assert one["share"]["n"] == len(reached)
        if lists and one is answer["steps"][0]:
            assert listed(question, one["cell"], unit=unit)["total"] == one["n"]
            assert listed(question, one["cell_reached"], unit=unit)["total"] == won
        others = (len(reached) - won, len(reached) - won + len(lost) - gone)
        assert one["without"]["n"] == others[1]
        apart = difference(won, won + gone, *others)
        if others[1] and won + gone:
            assert one["lift"]["value"] == pytest.approx(float(apart.value))
            assert one["lift"]["low"] == pytest.approx(float(apart.low))
        assert one["suggested"] == (bool(reached) and won >= 0.3 * len(reached))
    order = [one for one in answer["steps"] if one["suggested"]]
    assert order == answer["steps"][: len(order)]
    assert [one["name"] for one in answer["draft"]["steps"][1:-1]] == [one["label"] for one in order]
    draft = parse(answer["draft"])
    found = funnel(question.drafted(draft), unit=unit)
    assert found["entered"] == answer["found"]["attempts"] == len(truth)
    if all(step.optional for step in draft.steps[1:-1]):
        assert found["outcomes"]["succeeded"] == answer["found"]["reached"] == len(reached)
    assert len(list(steps_table(answer)[1])) == len(labels)


def test_the_ways_of_loans_are_those_that_others_found(events: EventStore, shared_data: Path) -> None:
    load(events, shared_data / "loan_applications.csv.gz", "case_id", lifecycle="COMPLETE")
    events.command("delete from events where not startsWith(event, 'A_')")
    name = "loan_applications_A_complete.json"
    truth = json.loads((shared_data / "expected" / name).read_text())["duckdb_and_python"]
    variants = [(way.split(">"), n) for way, n in truth["top_variants"]]
    for goal in ("A_APPROVED", "A_DECLINED", "A_CANCELLED"):
        taken = Counter[tuple[str, ...]]()
        for way, n in variants:
            if goal in way:
                taken[tuple(way[1 : way.index(goal)])] += n
        question = between(
            events, PROJECT, read("A_SUBMITTED"), read(goal), period=ALWAYS, now=NOW, within="365d"
        )
        answer = ways(question)
        assert (answer["attempts"], answer["reached"]) == (13_087, truth["event_types"][goal])
        found = {tuple(one["label"] for one in way["way"]): way["n"] for way in answer["ways"]}
        main, n = taken.most_common(1)[0]
        assert next(iter(found)) == main
        assert found[main] == n if goal != "A_APPROVED" else found[main] >= n
        assert all(found[way] >= taken[way] for way in taken)
        assert sum(found.values()) == answer["reached"]


def test_the_steps_of_the_known_main_way_are_suggested_and_lose_nobody(
    events: EventStore, shared_data: Path
) -> None:
    load(events, shared_data / "loan_applications.csv.gz", "case_id", lifecycle="COMPLETE")
    question = between(
        events, PROJECT, read("A_SUBMITTED"), read("A_APPROVED"), period=ALWAYS, now=NOW, within="365d"
    )
    answer = steps(question)
    names = [one["name"] for one in answer["draft"]["steps"]]
    known = ["A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_APPROVED"]
    assert [name for name in names if name in known] == known
    assert answer["found"]["reached"] == answer["reached"] == 2_246


def test_of_many_customers_a_sample_is_taken_and_said(events: EventStore) -> None:
    history = random_history(5, customers=400)
    events.insert(history, token="t")
    everyone, some = asked(events, "Begin", "Buy"), asked(events, "Begin", "Buy", most_customers=40)
    assert everyone.sampled == 1
    assert some.sampled < 0.5
    answer = ways(some)
    assert answer["sampled"] == some.sampled
    assert 0 < answer["attempts"] < ways(everyone)["attempts"]
    same = sampled(events, PROJECT, some.scope.definition, some.scope.period, END, some.sampled)
    assert funnel(same)["entered"] == answer["attempts"]


def test_a_list_goes_on_page_by_page(events: EventStore) -> None:
    events.insert(random_history(1), token="t")
    question, found, cursor = asked(events, "Begin", "Buy"), [], None
    whole = listed(question, "attempts", most=500)
    for _ in range(-(-whole["total"] // 20)):
        page = listed(question, "attempts", cursor=cursor, most=20)
        assert page["total"] == whole["total"] == len(whole["attempts"])
        found += page["attempts"]
        cursor = page["next"]
    assert cursor is None
    assert found == whole["attempts"]


@pytest.mark.parametrize(
    "cell",
    [
        *("", "entered", "way:", "way:x", "passed:eyJ9"),
        way_cell([Touchpoint("event", "A")], False, 0, 0.0),
        way_cell([], False, 8, 2.0),
        passed_cell(Touchpoint("event", "A"), "gone"),
    ],
)
def test_a_cell_that_there_is_not_is_refused(events: EventStore, cell: str) -> None:
    with pytest.raises(ListError):
        listed(asked(events, "Begin", "Buy"), cell)


def test_nothing_is_found_where_nothing_happened(events: EventStore) -> None:
    question = asked(events, "Begin", "Buy")
    answer = ways(question)
    assert (answer["attempts"], answer["ways"], answer["other"]["n"]) == (0, [], 0)
    assert answer["success_rate"]["value"] is None
    assert ways(question, least=0.1)["ways"] == []
    assert listed(question, "attempts") == {"title": "Attempts", "total": 0, "next": None, "attempts": []}
    found = steps(question)
    assert found["steps"] == []
    assert [one["key"] for one in found["draft"]["steps"]] == ["start", "goal"]


def test_pages_are_called_by_their_routes(events: EventStore) -> None:
    history = [
        happening(10 * customer + n, customer, BEGIN + 2 * DAY + n * 60_000, label, kind=kind)
        for customer in range(20)
        for n, (kind, label) in enumerate(
            [("track", "Begin"), ("page", f"/order/{customer}"), ("page", "/help"), ("track", "Buy")]
        )
    ]
    events.insert(history, token="t")
    question = asked(events, "Begin", "Buy", routes=Routes(("/order/:number",)))
    (way,) = ways(question)["ways"]
    assert (way["n"], [one["label"] for one in way["way"]]) == (20, ["/order/:number", "/help"])
    found = steps(question)
    assert [one["label"] for one in found["steps"] if one["suggested"]] == ["/order/:number", "/help"]
    assert found["found"]["reached"] == 20, "the draft matches the pages of the route"
    for_pages = asked(events, "/order/:number", "Buy", routes=Routes(("/order/:number",)))
    assert ways(for_pages)["reached"] == 20


def test_touchpoints_are_read_as_they_are_written() -> None:
    for text, kind, label in (
        ("event:Signed Up", "event", "Signed Up"),
        ("Signed Up", "event", "Signed Up"),
        ("/prices", "page", "/prices"),
        ("page:/prices*", "page", "/prices*"),
        ("screen:Home", "screen", "Home"),
        ("cart: opened", "event", "cart: opened"),
        ("event:/odd", "event", "/odd"),
        ("event:page:odd", "event", "page:odd"),
        ("type:odd", "event", "type:odd"),
    ):
        assert read(text) == Touchpoint(kind, label)
        assert read(read(text).text) == read(text)
        assert read(read(text).short) == read(text)
        assert known_by(parse_matcher(read(text).matcher)) == read(text)
    assert read("type:odd").short == "event:type:odd", "not an event of that type without a name"
    for text in ("", "event:", "x" * 501):
        with pytest.raises(TouchpointError):
            read(text)
    assert read("/a*/c").covers(read("/a/b/c"))
    assert not read("/a*").covers(read("event:/ab"))
    assert not read("/a.c").covers(read("/abc"))


def parse_matcher(matcher: dict[str, Any]) -> Any:
    step = {"key": "a", "name": "a", "match": [matcher]}
    return parse({"key": "j", "name": "j", "steps": [step, {**step, "key": "b"}]}).steps[0].match[0]
