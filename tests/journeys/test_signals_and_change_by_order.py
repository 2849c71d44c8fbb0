"""Signals and the explanation of a change where steps have no order, or nothing may be between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from journeys.change import change
from journeys.definitions import parse
from journeys.dimensions import DimensionError
from journeys.filling import fill
from journeys.lists import total
from journeys.period import Period
from journeys.rates import rate
from journeys.scope import Scope
from journeys.signals import signals
from journeys.signals_lists import behind
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from tests.journeys.happenings import happening

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_759_968_000_000  # a midnight
MIDDLE, NOW = START + 20 * DAY, START + 40 * DAY
WHOLE = Period(START, NOW)
PEOPLE = range(60)


def won(who: int) -> bool:
    return who % 2 == 0 or who % 5 == 0


def without_order() -> list[Event]:
    """Who saw the demo takes a second step; a repeat changes nothing; four take it before the landmark."""
    rows: list[Event] = []
    for who in range(64):
        begun, steps = START + who * HOUR, ["ABC"[(who + n) % 3] for n in range(3)]
        tag = json.dumps({"tag": f"t{who % 3}"})
        told = [(0, steps[0], {"properties": tag}), (5 * MINUTE, steps[0], {}), (4 * HOUR, "Thanks", {})]
        if who % 2 == 0:
            told.append((10 * MINUTE, "Demo", {}))
        if who >= 60:
            told.append((30 * MINUTE, steps[1], {}))
        elif won(who):
            told.append((2 * HOUR, steps[1], {}))
        rows += [
            happening(len(rows) + n, f"u{who}", begun + at, name, **more)
            for n, (at, name, more) in enumerate(told)
        ]
    return rows


def in_strict_order() -> list[Event]:
    """Who saw the demo goes on from B to C; all others break the run by a second B, and act on."""
    rows: list[Event] = []
    for who in PEOPLE:
        begun = START + who * HOUR
        told = [(0, "A"), (2 * MINUTE, "B"), (30 * MINUTE, "Look")]
        told += [(MINUTE, "Demo")] if who % 2 == 0 else []
        told += [(2 * HOUR, "C")] if won(who) else [(10 * MINUTE, "B"), (20 * MINUTE, "Lost")]
        rows += [happening(len(rows) + n, f"u{who}", begun + at, name) for n, (at, name) in enumerate(told)]
    return rows


def opened(events: EventStore, rows: list[Event], order: str) -> Scope:
    steps = [{"key": name.lower(), "name": name, "match": [{"event": name}]} for name in "ABC"]
    definition = parse({"key": "j", "name": "J", "steps": steps, "idle_timeout": "3d", "order": order})
    migrate_events(events)
    events.insert(rows, token=order)
    version = JourneyVersion(1, 1, 1, 1, dict(definition.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    return Scope(events, Project(1, "p", "P", "UTC"), version, definition, WHOLE, {}, NOW)


@pytest.fixture
def store(shared_events: EventStore) -> Iterator[EventStore]:
    events = shared_events.sibling("t_by_order")
    yield events
    events.command("drop database if exists t_by_order")
    events.close()


def told_of(answer: dict[str, Any]) -> dict[tuple[str, str, str | None], tuple[int, float, int, float]]:
    """Each signal: with it and without it, how many runs there are and which share of them came."""
    return {
        (one["kind"], one["name"], one["value"]): (
            *(one["with"]["n"], one["with"]["came"]["value"]),
            *(one["without"]["n"], one["without"]["came"]["value"]),
        )
        for one in answer["signals"]
    }


def test_in_any_order_signals_come_before_a_place(store: EventStore) -> None:
    scope = opened(store, without_order(), "any")
    answer = signals(scope, step="taken-2", landmark="1h")
    assert (answer["after"], answer["toward"]) == ("taken-1", "taken-2")
    standing = {name: one["n"] for name, one in answer["population"].items() if "n" in one and "cell" in one}
    assert standing == {"young": 0, "there": 4, "over": 0, "in_time": 0, "counted": 60, "seen": 60}
    found = told_of(answer)
    assert found["touchpoint", "Demo", None] == (30, 1.0, 30, 0.2)
    tags = {value: (n, rest) for (_, name, value), (n, _, rest, _) in found.items() if name == "property:tag"}
    assert tags == dict.fromkeys(("t0", "t1", "t2"), (20, 40))
    assert not {name for kind, name, _ in found if kind == "touchpoint"} & {"A", "B", "C", "Thanks"}
    for one in answer["signals"]:
        for side in ("with", "without"):
            assert total(scope, behind(scope, one[side]["cell"])) == one[side]["n"]


def test_in_strict_order_nothing_is_a_signal_that_came_after_the_run_broke(store: EventStore) -> None:
    scope = opened(store, in_strict_order(), "strict")
    answer = signals(scope, step="c")
    assert answer["landmark"]["seconds"] == 0
    assert answer["population"]["counted"]["n"] == 60
    found = told_of(answer)
    assert found["touchpoint", "Demo", None] == (30, 1.0, 30, 0.2)
    assert not {name for kind, name, _ in found if kind == "touchpoint"} & {"A", "B", "C", "Lost", "Look"}
    demo = next(one for one in answer["signals"] if one["name"] == "Demo")
    assert demo["lead_seconds"] == 2 * 3_600 - 60
    with pytest.raises(DimensionError, match="strict"):
        signals(scope, step="c", landmark="15m")


def test_in_strict_order_a_run_ends_for_signals_where_it_broke_off(store: EventStore) -> None:
    rows = in_strict_order()
    lost = [who for who in PEOPLE if not won(who)]
    rows += [happening(1_000 + who, f"u{who}", START + who * HOUR + MINUTE, "Seen") for who in lost]
    answer = signals(opened(store, rows, "strict"), step="c")
    seen = next(one for one in answer["signals"] if one["name"] == "Seen")
    assert (seen["goes_with"], seen["with"]["n"], seen["lead_seconds"]) == ("loss", len(lost), 60)


def two_periods(order: str) -> list[Event]:
    """Before, 40 begin, 30 go on and 20 end; now 40 begin, 20 go on and 10 end. Some repeat on the way."""
    rows: list[Event] = []
    for who in range(80):
        is_now, n = who >= 40, who % 40
        begun = (MIDDLE if is_now else START) + n * HOUR
        names = [("ABC" * 2)[n % 3 + k] for k in range(3)] if order == "any" else list("ABC")
        came = 1 + (n < (20 if is_now else 30)) + (n < (10 if is_now else 20))
        told = [(k * HOUR, name) for k, name in enumerate(names[:came])]
        if came == 2:  # breaks a run in strict order, and in any order is no step that it had not taken
            told.append((HOUR + MINUTE, names[1]))
        rows += [happening(len(rows) + k, f"u{who}", begun + at, name) for k, (at, name) in enumerate(told)]
    return rows


@pytest.mark.parametrize(("order", "keys"), [("any", ["taken-2", "taken-3"]), ("strict", ["b", "c"])])
def test_a_change_is_parted_by_steps_in_every_order(store: EventStore, order: str, keys: list[str]) -> None:
    scope = replace(opened(store, two_periods(order), order), period=Period(MIDDLE, NOW))
    answer = change(scope, age="1d")
    assert [step["key"] for step in answer["steps"]] == keys
    assert [(step["before"], step["now"]) for step in answer["steps"]] == [
        (rate(30, 40), rate(20, 40)),
        (rate(20, 30), rate(10, 20)),
    ]
    assert [answer[side]["succeeded"]["n"] for side in ("before", "now")] == [20, 10]
    assert sum(step["part"]["value"] for step in answer["steps"]) == pytest.approx(-0.25)
