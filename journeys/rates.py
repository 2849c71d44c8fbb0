"""Rates with their interval: no rate leaves Waywiser without one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypedDict

from journeys.statistics import is_small, wilson

FEW = 0.05  # of the customers, who make half of the runs
WORTH_SAYING = 10  # runs
SEVERAL = 1.5  # runs a customer; `few` customers have made more


class Rate(TypedDict):
    """A share of `n`, with the 95 % Wilson score interval; all None where n is 0.

    `small` says that the sample is too small to rely on the share.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    small: bool


class OpenRate(Rate):
    """A rate over runs, of which some may still get there.

    If none of the `in_time` gets there, it stays `at_least`; if all do, it becomes `at_most`. The interval
    speaks of neither.
    """

    in_time: int
    at_least: float | None
    at_most: float | None


class RunRate(OpenRate):
    """The same, of runs of which some may be of the same customer.

    `n` are of so many `customers`, and at least half of them of only `half_by` ones; `few` says that these
    are very few, so that the interval, which takes runs for independent, is too narrow.
    """

    customers: int
    half_by: int
    few: bool


def rate(count: int, n: int) -> Rate:
    """The share of `count` in `n` with its interval."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "small": True}
    share = wilson(count, n)
    value, low, high = (round(float(one), 6) for one in (share.value, share.low, share.high))
    return {"value": value, "low": low, "high": high, "n": n, "small": bool(is_small(n, low, high))}


def may_rise(count: int, n: int, *, in_time: int) -> OpenRate:
    """The share of `count` in `n` runs, of the others of which `in_time` may still get there."""
    return {
        **rate(count, n),
        "in_time": in_time,
        "at_least": round(count / n, 6) if n else None,
        "at_most": round((count + in_time) / n, 6) if n else None,
    }


def run_rate(count: int, n: int, *, in_time: int, spread: Mapping[int, int]) -> RunRate:
    """The share of `count` in `n` runs, of the others of which `in_time` may still get there.

    `spread` says how many customers have made how many of the `n`: {runs of one customer: customers}.
    """
    customers, half_by = sum(spread.values()), _half_by(spread)
    return {
        **may_rise(count, n, in_time=in_time),
        "customers": customers,
        "half_by": half_by,
        "few": n >= WORTH_SAYING and half_by <= max(1.0, FEW * customers),
    }


def are_dependent(n: int, customers: int) -> bool:
    """Whether so many of the `n` runs are of the same customers that an interval is plainly too narrow.

    Where runs of one customer end alike, it should be wider by the root of the runs a customer, or more. This
    is always so where `few` customers make half of the runs, and needs no more than their number.
    """
    return n >= WORTH_SAYING and n >= SEVERAL * customers


def _half_by(spread: Mapping[int, int]) -> int:
    """How many customers, the busiest first, make at least half of the runs."""
    wanted = sum(runs * customers for runs, customers in spread.items()) / 2
    found = 0
    for runs, customers in sorted(spread.items(), reverse=True):
        if runs * customers >= wanted:
            return found + math.ceil(wanted / runs)
        found, wanted = found + customers, wanted - runs * customers
    return found
