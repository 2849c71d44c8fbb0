"""Answers are kept while nothing has changed that their numbers depend on, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from journeys.answers import MINUTE_MS, QUARTER_MS, Answers
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel_report import FUNNEL
from journeys.membership import Saved
from journeys.period import Period
from journeys.routes import Routes
from journeys.runs import recompute
from journeys.scope import Scope
from store.events import EventStore
from store.journeys import JourneyVersion
from store.privacy.deletion import delete_customers
from store.projects import Project
from tests.journeys.months import DAY, DEFINITION, NOW, START, history

PROJECT = Project(1, "p", "P", "UTC")
VERSION = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)


class Counting:
    """Computes, and counts how often."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self) -> dict[str, int]:
        self.n += 1
        return {"n": self.n}


@pytest.fixture
def scope(events: EventStore) -> Scope:
    """A journey without runs: what is computed is not looked at here."""
    return Scope(
        *(events, PROJECT, VERSION, DEFINITION, Period(START, NOW), {}, NOW),
        saved=Saved({"s": {"name": "S"}}, {"j": VERSION}),
        answers=Answers(),
    )


CHANGED: dict[str, Callable[[Scope], Scope]] = {
    "period": lambda scope: replace(scope, period=Period(START, NOW - DAY)),
    "segment": lambda scope: replace(scope, segment={"device": "mobile"}),
    "moment": lambda scope: replace(scope, now=NOW + 1),
    "ledger of a moment": lambda scope: replace(scope, as_of=NOW - DAY),
    "version": lambda scope: replace(scope, version=replace(VERSION, id=2)),
    "filling": lambda scope: replace(scope, version=replace(VERSION, status="refilling")),
    "definition": lambda scope: replace(scope, version=replace(VERSION, definition={"key": "j"})),
    "time zone": lambda scope: replace(scope, project=replace(PROJECT, timezone="Europe/Berlin")),
    "project": lambda scope: replace(scope, project=replace(PROJECT, id=2)),
    "saved segment": lambda scope: replace(scope, saved=Saved({"s": {"name": "T"}}, {"j": VERSION})),
    "other journey": lambda scope: replace(
        scope, saved=Saved({"s": {"name": "S"}}, {"j": replace(VERSION, id=9)})
    ),
    "route template": lambda scope: replace(scope, routes=Routes(("/order/:id",))),
}
WRITTEN: dict[str, Callable[[EventStore], Any]] = {
    "events": lambda events: events.insert(history()[:3], token="later"),
    "runs of some": lambda events: recompute(events, VERSION, [1], [1]),
    "runs of all": lambda events: fill(events, VERSION, progress=lambda *_: None),
    "erasure": lambda events: delete_customers(events, 1, [1]),
    "ledger": lambda events: events.insert_table(
        "identity_customers",
        pa.table(
            {
                "project": pa.array([1], pa.uint32()),
                "identity": pa.array([1], pa.uint64()),
                "customer": pa.array([2], pa.uint64()),
                "version": pa.array([1], pa.uint64()),
            }
        ),
    ),
    "retention, of whatever project": lambda events: events.command("delete from events where identity = 1"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_another_question_is_computed(scope: Scope, what: str) -> None:
    compute = Counting()
    scope.kept("report", {}, compute)
    CHANGED[what](scope).kept("report", {}, compute)
    assert compute.n == 2
    assert scope.kept("report", {}, compute) == {"n": 1}


@pytest.mark.parametrize("what", WRITTEN)
def test_whatever_is_written_makes_an_answer_be_computed_again(scope: Scope, what: str) -> None:
    compute = Counting()
    scope.kept("report", {}, compute)
    WRITTEN[what](scope.events)
    assert scope.kept("report", {}, compute) == {"n": 2}
    assert scope.kept("report", {}, compute) == {"n": 2}


def test_names_and_arguments_are_told_apart_in_whatever_order(scope: Scope) -> None:
    compute = Counting()
    for name, arguments in (("a", {}), ("b", {}), ("a", {"most": 1}), ("a", {"most": "1"}), ("a", {"by": 1})):
        scope.kept(name, arguments, compute)
    assert compute.n == 5
    assert scope.kept("a", {"x": 1, "y": 2}, compute) == scope.kept("a", {"y": 2, "x": 1}, compute)


def test_what_cannot_be_told_apart_is_refused(scope: Scope) -> None:
    with pytest.raises(TypeError):
        scope.kept("report", {"of": object()}, Counting())


def test_what_is_written_for_another_project_leaves_answers_alone(scope: Scope) -> None:
    compute = Counting()
    scope.kept("report", {}, compute)
    recompute(scope.events, replace(VERSION, project_id=2), [1], [1])
    assert scope.events.takes_inserts()
    assert scope.kept("report", {}, compute) == {"n": 1}


def test_what_is_written_while_an_answer_is_computed_makes_it_be_computed_again(scope: Scope) -> None:
    compute = Counting()

    def meanwhile() -> dict[str, int]:
        recompute(scope.events, VERSION, [1], [1])
        return compute()

    scope.kept("report", {}, meanwhile)
    assert scope.kept("report", {}, compute) == {"n": 2}


def test_an_answer_that_its_reader_changes_stays_as_it_was(scope: Scope) -> None:
    first = scope.kept("report", {}, Counting())
    first["n"] = 99
    assert scope.kept("report", {}, Counting()) == {"n": 1}


def test_what_is_computed_on_the_spot_is_never_kept(scope: Scope) -> None:
    draft, compute = replace(scope, source="select 1"), Counting()
    draft.kept("report", {}, compute)
    draft.kept("report", {}, compute)
    assert compute.n == 2


def test_memory_is_bounded_and_what_was_asked_for_last_stays(scope: Scope) -> None:
    scope = replace(scope, answers=(answers := Answers(most_bytes=100_000)))
    compute = Counting()
    scope.kept("first", {}, compute)
    for n in range(50):
        scope.kept("report", {"n": n}, lambda: "x" * 9_000)
        scope.kept("first", {}, compute)
    assert 80_000 < answers.size <= 100_000
    assert compute.n == 1
    scope.kept("large", {}, lambda: "x" * 90_000)
    assert scope.kept("large", {}, lambda: "anew") == "anew"


def test_the_moment_stays_for_the_minute_while_nothing_is_written(scope: Scope) -> None:
    answers, events = Answers(), scope.events
    start = NOW // MINUTE_MS * MINUTE_MS
    assert answers.moment(events, 1, now=start + 5) == start + 5
    assert answers.moment(events, 1, now=start + MINUTE_MS - 1) == start + 5
    assert answers.moment(events, 2, now=start + 900) == start + 900
    assert answers.moment(events, 1, now=start + MINUTE_MS) == start + MINUTE_MS
    recompute(events, VERSION, [1], [1])
    assert answers.moment(events, 1, now=start + MINUTE_MS + 7) == start + MINUTE_MS + 7
    assert answers.moment(events, 1, now=start + MINUTE_MS + 3) == start + MINUTE_MS + 7, "at the same time"
    assert answers.moment(events, 1, now=start + 3) == start + 3, "the clock was put back"


def test_the_moment_stays_while_something_long_is_computed_and_for_who_comes_back(scope: Scope) -> None:
    seconds = [0.0]
    answers, events = Answers(clock=lambda: seconds[0]), scope.events
    start = NOW // QUARTER_MS * QUARTER_MS + 5
    assert answers.moment(events, 1, now=start) == start
    seconds[0] = 50

    def long() -> str:
        seconds[0] += 20
        assert answers.moment(events, 1, now=start + 70_000) == start, "asked again meanwhile"
        return "found"

    answers.under(events, 1, ("long",), long)
    assert answers.moment(events, 1, now=start + 110_000) == start
    assert answers.moment(events, 1, now=start + 110_001) == start + 110_001


def test_a_moment_ends_with_its_quarter_with_a_write_and_where_nothing_came(scope: Scope) -> None:
    seconds = [0.0]
    answers, events = Answers(most_bytes=8_000, clock=lambda: seconds[0]), scope.events

    def long(answer: str = "") -> str:
        seconds[0] += 70
        if not answer:
            raise TimeoutError
        return answer

    start = NOW // QUARTER_MS * QUARTER_MS
    late = start + QUARTER_MS - 100_000
    assert answers.moment(events, 1, now=late) == late
    answers.under(events, 1, ("one",), lambda: long("found"))
    assert answers.moment(events, 1, now=late + 99_999) == late
    assert answers.moment(events, 1, now=late + 100_000) == late + 100_000, "another day may have begun"
    recompute(events, VERSION, [1], [1])
    assert answers.moment(events, 1, now=late + 100_001) == late + 100_001
    with pytest.raises(TimeoutError):
        answers.under(events, 1, ("two",), long)
    assert answers.moment(events, 1, now=late + 170_001) == late + 170_001, "there is nothing to come back to"
    answers.under(events, 1, ("three",), lambda: long("too large" * 1_000))
    assert answers.moment(events, 1, now=late + 240_001) == late + 240_001, "it was not kept"


def test_a_report_answers_the_same_from_what_is_kept(months: Scope) -> None:
    kept = replace(months, answers=Answers())
    first, second = (FUNNEL.ask(kept, {}, unit="customers") for _ in range(2))
    assert first == second == FUNNEL.ask(months, {}, unit="customers")
    assert parse(months.version.definition) == kept.rule
