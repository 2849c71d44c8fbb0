"""The tally of a batch: every event once, under what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from collector.pipeline import Outcome
from collector.tally import tally
from store.drops import DropRow
from store.event import Event, event_id
from tests.collector.conftest import NOW

HOUR = NOW - NOW % 3_600_000
JS = "waywiser-js/1.0.0"


def event(name: str = "a", **more: Any) -> Event:
    fields = {"timestamp": NOW, "received_at": NOW, "library": JS, "event": "Order Paid"} | more
    return Event(project=1, event_id=event_id(name), message_id=name, type="track", **fields)


def drop(message: Any, code: str = "too_old") -> DropRow:
    return DropRow(
        project=1, received_at=NOW, place="pipeline", code=code, message="no", original={"message": message}
    )


@dataclass(frozen=True)
class Case:
    events: list[Event]
    counts: dict[tuple[str, str, str], int]
    counted: tuple[str, ...] = ("a",)


CASES = {
    "an event": Case([event()], {("accepted", "", JS): 1}),
    "a copy in the batch": Case([event(), event()], {("accepted", "", JS): 1, ("duplicate", "", JS): 1}),
    "a copy of a stored one": Case([event()], {("duplicate", "", JS): 1}, counted=()),
    "two libraries": Case(
        [event(), event("b", library="x")], {("accepted", "", JS): 1, ("accepted", "", "x"): 1}, ("a", "b")
    ),
    "an hour old": Case([event(timestamp=NOW - 3_600_000)], {("accepted", "", JS): 1}),
    "over an hour old": Case(
        [event(timestamp=NOW - 3_600_001)], {("accepted", "", JS): 1, ("late", "", JS): 1}
    ),
    "a late copy": Case([event(timestamp=0)], {("duplicate", "", JS): 1}, counted=()),
    "a robot for two reasons": Case(
        [event(marks=("clock_ahead", "bot:list:googlebot", "bot:headless"))],
        {("accepted", "", JS): 1, ("bot", "list:googlebot", JS): 1},
    ),
    "a violation": Case(
        [event(marks=("plan_violation",))], {("accepted", "", JS): 1, ("violation", "Order Paid", JS): 1}
    ),
    "a violation of a page": Case(
        [event(marks=("plan_violation",), event="")],
        {("accepted", "", JS): 1, ("violation", "track", JS): 1},
    ),
    "a long event name": Case(
        [event(marks=("plan_violation",), event="n" * 500)],
        {("accepted", "", JS): 1, ("violation", "n" * 128, JS): 1},
    ),
    "what no store keeps in text": Case(
        [event(library="a\0b" + "\ud800" + "c" * 200)], {("accepted", "", "ab?" + "c" * 146): 1}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_event_is_counted_under_what_became_of_it(case: Case) -> None:
    found = tally(1, Outcome(events=case.events), [event_id(name) for name in case.counted])
    assert found == {(1, HOUR, *key): n for key, n in case.counts.items()}


def test_events_fall_into_the_hour_in_which_they_came() -> None:
    events = [event(str(n), received_at=HOUR + n * 1_800_000 - 1) for n in range(4)]
    found = tally(1, Outcome(events=events), [one.event_id for one in events])
    assert {key[1]: n for key, n in found.items() if key[2] == "accepted"} == {
        HOUR - 3_600_000: 1,
        HOUR: 2,
        HOUR + 3_600_000: 1,
    }


@pytest.mark.parametrize(
    ("message", "library"),
    [
        ({"context": {"library": {"name": "waywiser-js", "version": "1.0.0"}}}, JS),
        ({"context": {"library": {"name": "x"}}}, "x"),
        ({"context": {"library": {"name": "x", "version": 2}}}, "x/2"),
        ({"context": {"library": "x"}}, ""),
        ({"context": []}, ""),
        ("no object", ""),
        (None, ""),
    ],
)
def test_what_the_pipeline_refused_is_counted_by_reason_and_library(message: Any, library: str) -> None:
    assert tally(1, Outcome(drops=[drop(message)]), ()) == {(1, HOUR, "dropped", "too_old", library): 1}
