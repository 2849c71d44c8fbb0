"""Rates with their interval: no rate leaves Waywiser without one."""

from __future__ import annotations

from typing import TypedDict


class Rate(TypedDict):
    """A share of `n`, with the 95 % Wilson score interval; all None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def rate(count: int, n: int) -> Rate:
    """The share of `count` in `n` with its interval (Wilson 1927, as SciPy computes it)."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    from scipy.stats import binomtest  # takes most of a second to load: not at start-up

    interval = binomtest(count, n).proportion_ci(confidence_level=0.95, method="wilson")
    return {
        "value": round(count / n, 6),
        "low": round(float(interval.low), 6),
        "high": round(float(interval.high), 6),
        "n": n,
    }
