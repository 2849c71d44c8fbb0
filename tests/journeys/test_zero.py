"""Why a step is empty: counted independently, and told in words."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import zero_lists
from journeys.cursors import ListError, written
from journeys.definitions import Definition, parse
from journeys.filling import fill
from journeys.lists import listed
from journeys.period import Period
from journeys.scope import Scope
from journeys.zero import Cell, zero
from journeys.zero_lists import everyone
from store.event import Event
from store.events import EventStore
from store.identity import Ledger
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


def is_late(row: Event) -> bool:
    """Whether it is a first step after the period, which begins no run of it."""
    return row.event == "Look" and row.timestamp >= PERIOD.end


def counted(rows: list[Event]) -> dict[str, dict[str, int]]:
    """The same by looking at each pair of touchpoints of each customer."""
    after = {"Look": (), "Ask": ("Look",), "Try": ("Look", "Ask"), "Buy": ("Try",)}
    found: dict[str, Any] = {name: defaultdict(set) | {"raw_matches": 0, "robots": 0} for name in after}
    by_customer: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        if row.timestamp >= PERIOD.start and row.event in after:
            found[row.event]["robots" if row.is_bot else "raw_matches"] += not is_late(row)
            if not row.is_bot:
                by_customer[row.user_id].append(row)
    for customer, theirs in by_customer.items():
        alive = False  # whether a first step of the period was there, and no long pause since
        counts: list[bool] = []
        for before, row in pairwise([theirs[0], *theirs]):
            alive = alive and row.timestamp - before.timestamp <= 90 * SECOND
            alive = alive or (row.event == "Look" and not is_late(row))
            counts.append(alive or not is_late(row))
        for place, row in enumerate(theirs):
            if is_late(row):
                continue
            found[row.event]["customers"].add(customer)
            earlier = [at for at in range(place) if theirs[at].event in after[row.event] and counts[at]]
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


def test_the_list_behind_every_number_has_its_customers(events: EventStore, engine: Engine) -> None:
    rows = history()
    events.insert(rows, token="t")
    scope, ledger = scope_of(events, parse(DEFINITION)), Ledger(engine, events)
    for step in zero(scope)["steps"]:
        for name, cell in step["of_customers"].items():
            found = list(everyone(scope, ledger, cell))
            assert len({one["customer"] for one in found}) == len(found)
            of_touchpoints = name in ("raw_matches", "robots", "without_conditions")
            counts = [one["matches"] if of_touchpoints else 1 for one in found]
            assert step[name] == sum(counts), (step["step"], name)
            assert sum(counts) > 0, (step["step"], name)
    cell = zero(scope)["steps"][1]["of_customers"]["in_order"]
    first = zero_lists.listed(scope, ledger, cell, most=3)
    second = zero_lists.listed(scope, ledger, cell, most=3, cursor=first["next"])
    assert first["total"] == second["total"] == zero(scope)["steps"][1]["in_order"] > 6
    shown = [one["customer"] for one in (*first["customers"], *second["customers"])]
    assert shown == [one["customer"] for one in everyone(scope, ledger, cell)][:6]


@pytest.mark.parametrize(
    "cell",
    [
        *("", "x", written(Cell("machines", "buy")), written(Cell("customers", "no"))),
        *(written(Cell("similar", "buy")), written(Cell("customers", "buy", "Buy"))),
    ],
)
def test_a_cell_that_names_no_number_is_refused(events: EventStore, engine: Engine, cell: str) -> None:
    with pytest.raises(ListError, match="is no cell"):
        zero_lists.listed(scope_of(events, parse(DEFINITION)), Ledger(engine, events), cell)


def test_touchpoints_of_its_name_and_of_similar_ones_say_whose_they_are(
    events: EventStore, engine: Engine
) -> None:
    pro = [{"property": "plan", "op": "eq", "value": "pro"}]
    matches = [{"event": "Look", "where": pro}], [{"event": "try"}, {"event": "Trye"}], [{"page": "/shop*"}]
    rows = history()
    late = [happening(10_000 + n, f"late{n}", PERIOD.end + n, "Look") for n in range(3)]
    pages = [happening(20_000 + n, n % 4, START + n, f"/shop/{n}", kind="page") for n in range(9)]
    events.insert([*rows, *late, *pages], token="t")
    definition = parse({**DEFINITION, "steps": steps(*matches)})
    scope, ledger = scope_of(events, definition), Ledger(engine, events)

    def whose(cell: str) -> dict[str, int]:
        found = list(everyone(scope, ledger, cell))
        assert zero_lists.listed(scope, ledger, cell)["total"] == len(found)
        return {one["identities"][0]["value"]: one["matches"] for one in found}

    def expected(name: str, *, end: int = 2**62) -> dict[str, int]:
        return dict(
            Counter(
                row.user_id
                for row in rows
                if row.event == name and not row.is_bot and PERIOD.start <= row.timestamp < end
            )
        )

    looks, tries, shops = zero(scope)["steps"]
    assert looks["raw_matches"] == 0 < looks["without_conditions"]
    assert whose(looks["of_customers"]["without_conditions"]) == expected("Look", end=PERIOD.end)
    assert looks["without_conditions"] == sum(expected("Look", end=PERIOD.end).values())
    assert [one["event"] for one in tries["similar"]] == ["Try"]
    assert whose(tries["similar"][0]["of_customers"]["n"]) == expected("Try")
    assert tries["similar"][0]["n"] == sum(expected("Try").values())
    assert whose(shops["of_customers"]["without_conditions"]) == {"0": 3, "1": 2, "2": 2, "3": 2}
    assert shops["without_conditions"] == 9


def test_such_touchpoints_are_those_of_customers_where_the_runs_are_those_of_accounts(
    events: EventStore, engine: Engine
) -> None:
    rows = [
        happening(1, "a", START, "", kind="group", group_id="x"),
        happening(2, "a", START, "", kind="group", group_id="y"),
        *(happening(3 + n, who, START + n, "Look") for n, who in enumerate("aab")),
    ]
    events.insert(rows, token="t")
    scope = scope_of(events, parse({**DEFINITION, "runs_of": "accounts"}))
    look, ledger = zero(scope)["steps"][0], Ledger(engine, events)
    assert (look["raw_matches"], look["without_conditions"]) == (4, 3)
    cells = look["of_customers"]
    matching, named = (
        zero_lists.listed(scope, ledger, cells[one]) for one in ("raw_matches", "without_conditions")
    )
    assert {one["account"]: one["matches"] for one in matching["accounts"]} == {"x": 2, "y": 2}
    assert (matching["customers"], named["accounts"]) == ([], [])
    assert sorted(one["matches"] for one in named["customers"]) == [1, 2]
    heads = [
        zero_lists.table(scope, cells[one], everyone(scope, ledger, cells[one]))[0][0]
        for one in ("raw_matches", "without_conditions")
    ]
    assert heads == ["account", "customer"]


def test_touchpoints_of_nobody_in_an_account_are_told_as_such(events: EventStore) -> None:
    rows = [happening(1, "a", START, "Look")]
    look = asked(
        events, rows, {"steps": steps([{"event": "Look"}], [{"event": "Buy"}]), "runs_of": "accounts"}
    )["s0"]
    assert look["why"].endswith("none that meets the step's conditions is that of a member of an account.")


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


def asked(
    events: EventStore, rows: list[Event], definition: Mapping[str, Any], **more: Any
) -> dict[str, dict[str, Any]]:
    """What is told of the steps, by their keys."""
    events.insert(rows, token="t")
    scope = replace(scope_of(events, parse({"key": "j", "name": "J", **definition})), **more)
    return {one["step"]: one for one in zero(scope)["steps"]}


def steps(*matches: Any, within: str | None = None) -> list[dict[str, Any]]:
    named = ({"key": f"s{n}", "name": f"S{n}", "match": some} for n, some in enumerate(matches))
    return [{**one, "within": within if one["key"] != "s0" else None} for one in named]


HOUR = 3_600 * SECOND


def test_a_touchpoint_that_two_matchers_name_is_one(events: EventStore) -> None:
    topics = [
        {"event": "Call", "where": [{"property": "topic", "op": "eq", "value": one}]} for one in ("x", "y")
    ]
    rows = [happening(1, "a", START, "Call", properties='{"topic": "z"}')]
    found = asked(events, rows, {"steps": steps(topics, [{"event": "Buy"}])})
    assert found["s0"]["without_conditions"] == 1
    assert "1 touchpoints of this name were seen, but none meets" in found["s0"]["why"]


def test_a_first_step_after_the_period_is_not_of_the_period(events: EventStore) -> None:
    rows = [happening(1, "a", PERIOD.end, "Look")]
    found = asked(events, rows, {"steps": steps([{"event": "Look"}], [{"event": "Buy"}])})
    assert (found["s0"]["raw_matches"], found["s0"]["without_conditions"]) == (0, 0)
    assert found["s0"]["why"] == "No touchpoint of this name was seen in the period."


def test_a_first_step_after_the_period_keeps_a_run_of_the_period_alive(events: EventStore) -> None:
    rows = [
        happening(1, "a", START, "Look"),
        happening(2, "a", START + 36 * HOUR, "Look"),
        happening(3, "a", START + 72 * HOUR, "Buy"),
        happening(4, "b", START + 36 * HOUR, "Look"),
        happening(5, "b", START + 72 * HOUR, "Buy"),
    ]
    definition = {"steps": steps([{"event": "Look"}], [{"event": "Buy"}]), "idle_timeout": "2d"}
    found = asked(events, rows, definition, period=Period(START, START + 24 * HOUR))
    assert (found["s0"]["raw_matches"], found["s0"]["customers"]) == (1, 1)
    buy = found["s1"]
    assert (buy["in_order"], buy["in_time"], buy["progressed"]["n"]) == (1, 1, 1)


def test_a_limit_that_counts_from_the_first_time_is_told_as_a_reason(events: EventStore) -> None:
    rows = [
        happening(1, "a", START, "Look"),
        happening(2, "a", START + 300 * SECOND, "Look"),
        happening(3, "a", START + 330 * SECOND, "Buy"),
    ]
    more = {"period": Period(START, START + HOUR)}
    for within, is_told in (("1m", True), (None, False)):
        definition = {"steps": steps([{"event": "Look"}], [{"event": "Buy"}], within=within)}
        buy = asked(events, rows, definition, **more)["s1"]
        assert buy["in_time"] == 1
        assert ("its limit counts from when the run first reached the step before" in buy["why"]) is is_told


def test_the_segment_is_of_runs_and_told_as_a_reason(events: EventStore) -> None:
    rows = [happening(1, "a", START, "Look", device="mobile"), happening(2, "a", START + SECOND, "Buy")]
    definition = {"steps": steps([{"event": "Look"}], [{"event": "Buy"}])}
    found = asked(events, rows, definition, segment={"device": "desktop"})
    for one in found.values():
        assert (one["in_time"], one["progressed"]["n"]) == (1, 0)
        assert "outside of the segment" in one["why"]
