"""A run at an age is what the rule would have given at that moment, on random histories."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.definitions import Definition, parse
from journeys.filling import fill
from journeys.lists import everyone
from journeys.period import Period
from journeys.report import Which
from journeys.scope import Scope
from store.event import Event
from store.events import EventStore
from store.projects import Project
from tests.journeys.test_change import ms
from tests.journeys.test_runs_rule import (
    definitions,
    expected,
    histories,
    ignore_progress,
    numbers,
    rows,
    version_of,
)
from tests.oracle import Run

EXAMPLES = int(os.environ.get("RUN_EXAMPLES", "24"))
FIRST = 1_700_000_000_000
NOW = FIRST + 15_000


class Aged(NamedTuple):
    """What a list tells of a run."""

    customer: str
    case: str
    start: int
    steps: tuple[tuple[int, int], ...]
    outcome: str
    repeats: int


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), histories(), st.integers(0, 30).map(lambda n: 1 + n * 250))
def test_a_run_at_an_age_is_that_of_the_rule_at_that_moment(
    events: EventStore, definition: dict[str, Any], history: list[tuple[int, int, int, str, str]], age: int
) -> None:
    project, d = next(numbers), parse(definition)
    written = rows(history, project)
    events.insert(written, token=f"p{project}")
    version = version_of(definition, project)
    fill(events, version, progress=ignore_progress)
    whose = Project(project, "p", "P", "UTC")
    scope = Scope(events, whose, version, d, Period(FIRST, NOW), {}, NOW, age=age)
    keys = [step.key for step in d.steps]
    found = [
        Aged(
            *(row["customer"], row["case"], ms(row["start"])),
            tuple((keys.index(step["key"]) + 1, ms(step["at"])) for step in row["steps"]),
            *(row["outcome"], row["repeats"]),
        )
        for row in everyone(scope, Which("1", {}, ""))
    ]
    assert sorted(found) == sorted(at_age(d, written, age))


def at_age(d: Definition, written: Sequence[Event], age: int) -> list[Aged]:
    """The runs that are so old now, as events up to that age alone make them."""
    found = []
    for customer, whole in expected(d, list(written)).items():
        mine = [event for event in written if event.identity == customer]
        for run in whole:
            then = run.start + age
            if then > NOW:
                continue
            by_then = expected(d, [event for event in mine if event.timestamp <= then])[customer]
            (one,) = (other for other in by_then if other.event_ids[0] == run.event_ids[0])
            steps, outcome = one.steps, outcome_of(d, one, then)
            found.append(
                Aged(str(customer), run.case, run.start, steps, outcome, len(surely(d, run, one, then)))
            )
    return found


def outcome_of(d: Definition, run: Run, then: int) -> str:
    """The moment at which a run broke off in strict order is not kept: it is in time until it was silent."""
    if run.outcome in ("succeeded", "failed"):
        return run.outcome
    is_up = then - run.last > d.idle_timeout or bool(d.window and then - run.start > d.window)
    return "dropped" if is_up else "in_time"


def surely(d: Definition, whole: Run, run: Run, then: int) -> list[tuple[int, int]]:
    """The touchpoints that moved nothing of which it is known that they had come."""
    is_all = whole.last <= then and (d.order != "strict" or then - whole.last > d.idle_timeout)
    return [stray for stray in run.strays if is_all or stray[0] != run.position]
