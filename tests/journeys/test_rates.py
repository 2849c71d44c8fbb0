"""Rates over runs: what those in time may still change, and how many customers are behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.funnel import OUTCOMES
from journeys.rates import are_dependent, run_rate
from journeys.standing import standing, whole


def test_one_who_made_most_of_the_runs_is_told() -> None:
    found = run_rate(300, 1000, in_time=90, spread={900: 1, 1: 100})
    assert (found["value"], found["n"], found["low"] < 0.3 < found["high"]) == (0.3, 1000, True)
    assert (found["in_time"], found["at_least"], found["at_most"]) == (90, 0.3, 0.39)
    assert (found["customers"], found["half_by"], found["few"]) == (101, 1, True)


@pytest.mark.parametrize(
    ("spread", "half_by", "few"),
    [
        ({}, 0, False),
        ({1: 1}, 1, False),  # too little to say anything of
        ({10: 1}, 1, True),
        ({1: 100}, 50, False),
        ({2: 50}, 25, False),
        ({5: 1, 1: 5}, 1, True),
        ({4: 1, 1: 6}, 2, False),
        ({100: 2, 50: 2, 1: 100}, 2, True),
        ({3: 10, 2: 40, 1: 90}, 45, False),
    ],
)
def test_half_of_the_runs_are_made_by_the_busiest(spread: dict[int, int], half_by: int, few: bool) -> None:
    n = sum(runs * customers for runs, customers in spread.items())
    found = run_rate(0, n, in_time=0, spread=spread)
    assert (found["half_by"], found["few"]) == (half_by, few)


@given(st.dictionaries(st.integers(1, 500), st.integers(1, 300), min_size=1, max_size=6))
def test_where_few_make_half_of_the_runs_they_are_always_said_to_be_dependent(spread: dict[int, int]) -> None:
    n = sum(runs * customers for runs, customers in spread.items())
    found = run_rate(0, n, in_time=0, spread=spread)
    assert are_dependent(n, found["customers"]) or not found["few"]


@pytest.mark.parametrize(
    ("n", "customers", "are"),
    [(1000, 101, True), (30, 20, True), (29, 20, False), (9, 1, False), (0, 0, False)],
)
def test_a_group_says_that_its_runs_are_dependent(n: int, customers: int, *, are: bool) -> None:
    counts = {**dict.fromkeys(OUTCOMES, 0), "succeeded": n, "customers": customers}
    assert standing(counts)["dependent"] is are
    assert "dependent" not in whole([standing(counts)]), "customers of several groups may be the same"
