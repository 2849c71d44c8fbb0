"""Rates with their interval: no rate leaves Waywiser without one."""

from __future__ import annotations

from typing import TypedDict

from journeys.statistics import wilson


class Rate(TypedDict):
    """A share of `n`, with the 95 % Wilson score interval; all None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def rate(count: int, n: int) -> Rate:
    """The share of `count` in `n` with its interval."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    share = wilson(count, n)
    value, low, high = (round(float(one), 6) for one in (share.value, share.low, share.high))
    return {"value": value, "low": low, "high": high, "n": n}
