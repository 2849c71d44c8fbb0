"""Two periods stand side by side as a plain program counts them, both at the same age."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import pytest

from journeys.change import change
from journeys.change_lists import behind as behind_change
from journeys.lists import total
from journeys.period import Period, PeriodError
from journeys.periods import periods
from journeys.periods_report import PERIODS
from journeys.rates import rate
from journeys.scope import Scope
from journeys.statistics import difference
from store.events import EventStore
from tests.journeys.test_change import PERIOD, START, history, ms, opened, reached
from tests.journeys.test_frame import cells

SIDES = {"before": Period(START, PERIOD.start), "now": PERIOD}


@pytest.fixture(scope="module")
def scope(shared_events: EventStore) -> Iterator[Scope]:
    """Phones fare worse in the second half."""
    found = opened(shared_events.sibling("t_periods"), history(phones_now=0.15))
    yield found
    found.events.command("drop database t_periods")
    found.events.close()


@pytest.mark.parametrize("asked", [{}, {"age": "2d"}, {"age": "1h"}], ids=str)
def test_every_number_is_what_a_plain_program_finds(scope: Scope, asked: dict[str, Any]) -> None:
    answer = periods(scope, **asked)
    age = round(answer["age"]["seconds"] * 1000)
    keys = [step.key for step in scope.definition.steps]
    for side, period in SIDES.items():
        rows = reached(scope, period, age)
        assert answer[side]["entered"]["n"] == len(rows)
        for k, step in enumerate(answer["steps"]):
            came = sum(at >= k for _, at in rows)
            assert step[side]["came"]["n"] == came
            assert step[side]["rate_from_start"] == rate(came, len(rows))
            waits = [
                next(ms(one["at"]) for one in row["steps"] if keys.index(one["key"]) >= k) - ms(row["start"])
                for row, at in rows
                if at >= k
            ]
            told = step[side]["median_seconds"]
            assert told == (pytest.approx(median(waits) / 1000) if waits else None)
    now, before = (answer["steps"][-1][side]["came"]["n"] for side in ("now", "before"))
    apart = difference(now, answer["now"]["entered"]["n"], before, answer["before"]["entered"]["n"])
    assert [answer["change"][name] for name in ("value", "low", "high")] == pytest.approx(
        [float(np.asarray(getattr(apart, name))) for name in ("value", "low", "high")]
    )


def test_it_says_what_the_explained_change_says(scope: Scope) -> None:
    mine, explained = periods(scope), change(scope)
    assert mine["age"] == explained["age"]
    assert mine["change"]["value"] == explained["change"]["value"]
    for side in SIDES:
        assert mine[side]["success_rate"] == explained[side]["rate"]
        assert mine[side]["young"]["n"] == explained[side]["young"]["n"]


def test_the_list_behind_every_number_has_so_many_runs(scope: Scope) -> None:
    answer = periods(scope)
    found = list(cells(answer))
    assert len(found) == 2 * (2 + len(scope.definition.steps))
    for cell, n in found:
        which = PERIODS.behind and PERIODS.behind(scope, cell)
        assert which is not None
        assert total(scope, which) == n, which.title
    came = answer["steps"][2]["before"]["came"]["cell"]
    assert PERIODS.behind is not None
    assert PERIODS.behind(scope, came).title == "period before: came to “First project” by that age"
    assert behind_change(scope, came).sql == PERIODS.behind(scope, came).sql


def test_periods_that_overlap_are_not_compared(scope: Scope) -> None:
    with pytest.raises(PeriodError, match="overlap"):
        periods(scope, before_from="2025-10-20", before_to="2025-11-05")
