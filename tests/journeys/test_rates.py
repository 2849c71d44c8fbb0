"""Rates over runs: what those in time may still change, and how many customers are behind them."""

from __future__ import annotations

import pytest

from journeys.rates import run_rate


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
