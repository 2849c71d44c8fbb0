"""The statistics behind the reports: intervals, differences, corrected p-values, times of the unfinished.

Counts and shares come in as arrays or plain numbers and are broadcast; shares lie between 0 and 1, times are
in seconds. Every interval is one of 95 %. Where nothing is known (n is 0), the answer is nan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# SciPy takes most of a second to load, so what needs it asks for it when it is called: not at start-up.

Floats = NDArray[np.float64]
Z = NormalDist().inv_cdf(0.975)
FEWEST = 30
WIDEST, NARROW, WIDEST_OF_RATE = 0.30, 0.05, 1.30
LEAST_EXPECTED = 5


@dataclass(frozen=True)
class Estimate:
    """One or more numbers with the ends of their 95 % intervals; all arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats


def wilson(count: ArrayLike, n: ArrayLike) -> Estimate:
    """The share of `count` in `n` with its score interval, without continuity correction (Wilson 1927)."""
    count, n = np.broadcast_arrays(np.asarray(count, float), np.asarray(n, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / n
        middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    low = np.where(count == 0, share, np.clip(middle - half, 0, 1))
    high = np.where(count == n, share, np.clip(middle + half, 0, 1))
    return Estimate(share, low, high)


def is_small(n: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
    """Whether a rate says too little to be relied on: of fewer than 30, or with too wide an interval.

    Too wide is 30 points or more; of those wider than 5 points, also what is wider than 130 % of the rate.
    The limits are those by which the US National Center for Health Statistics presents proportions (Parker
    and others 2017, Vital and Health Statistics 2/175), with its interval replaced by Wilson's, and the rate
    by the interval's middle, so that a rate of 0 is judged as well.
    """
    n, low, high = (np.asarray(one, float) for one in (n, low, high))
    width = high - low
    is_wide = (width >= WIDEST) | ((width > NARROW) & (width > WIDEST_OF_RATE * (low + high) / 2))
    return np.asarray((n < FEWEST) | is_wide | np.isnan(width))


def difference(count: ArrayLike, n: ArrayLike, other_count: ArrayLike, other_n: ArrayLike) -> Estimate:
    """The first rate less the other, from −1 to 1, with the hybrid score interval.

    Newcombe 1998, method 10, of two Wilson intervals.
    """
    return difference_of(wilson(count, n), wilson(other_count, other_n))


def p_of_two_rates(count: ArrayLike, n: ArrayLike, other_count: ArrayLike, other_n: ArrayLike) -> Floats:
    """How often two groups of one rate would differ at least so much: Pearson's chi-squared test.

    Where the test expects fewer than 5 in a cell (Cochran 1954), Fisher's exact test stands in.
    """
    from scipy.stats import chi2, fisher_exact

    a, n, b, m = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, float)) for one in (count, n, other_count, other_n))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (a + b) / (n + m)
        z_squared = (a / n - b / m) ** 2 / (share * (1 - share) * (1 / n + 1 / m))
        least = np.minimum(n, m) * np.minimum(a + b, n + m - a - b) / (n + m)
    p = np.where((share == 0) | (share == 1), 1.0, chi2.sf(z_squared, 1))
    p = np.where((n == 0) | (m == 0), np.nan, p)
    for at in np.flatnonzero((least < LEAST_EXPECTED) & ~np.isnan(p)):
        p[at] = fisher_exact(np.array([[a[at], n[at] - a[at]], [b[at], m[at] - b[at]]]))[1]
    return np.asarray(p)


def adjusted(p: Sequence[float] | Floats) -> Floats:
    """P-values of a family such that at most 5 % of those below 0.05 are expected to be false discoveries.

    Benjamini and Hochberg 1995. What is nan was not tested and stays nan.
    """
    from scipy.stats import false_discovery_control

    found = np.asarray(p, float).copy()
    tested = ~np.isnan(found)
    if tested.any():
        found[tested] = false_discovery_control(np.clip(found[tested], 0, 1), method="bh")
    return found


def difference_of_medians(one: Estimate, other: Estimate) -> Estimate:
    """The first median less the other, where each has the interval of order statistics (Conover 1999, 3.2).

    That needs no assumption on how times are spread. The two intervals are combined as Newcombe combines
    those of two rates (Zou and Donner 2008); the ends are nan where too few times are known.
    """
    return difference_of(one, other)


def p_of_two_estimates(one: Estimate, other: Estimate) -> Floats:
    """How often two equal numbers would be estimated at least so far apart (Altman and Bland 2003).

    Their standard errors are read from the widths of their 95 % intervals.
    """
    from scipy.stats import norm

    error = np.hypot(one.high - one.low, other.high - other.low) / (2 * Z)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * norm.sf(np.abs(one.value - other.value) / error))


def difference_of(one: Estimate, other: Estimate) -> Estimate:
    """The first number less the other, their intervals combined as Newcombe combines those of two rates.

    Zou and Donner 2008.
    """
    value = one.value - other.value
    below = np.hypot(one.value - one.low, other.high - other.value)
    above = np.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, value - below, value + above)


@dataclass(frozen=True)
class Watched:
    """How long runs were watched: `seconds` until they came where they should, or until now.

    Three arrays of one length: `counts` runs have the same time and the same ending.
    """

    seconds: Floats
    came: NDArray[np.bool_]
    counts: NDArray[np.int64]

    @property
    def n(self) -> int:
        """How many runs are watched."""
        return int(self.counts.sum())

    def beside(self, other: Watched) -> Watched:
        """Those of both together."""
        return Watched(
            np.concatenate((self.seconds, other.seconds)),
            np.concatenate((self.came, other.came)),
            np.concatenate((self.counts, other.counts)),
        )

    def times(self) -> Times:
        """The times in their order, each once."""
        seconds, place = np.unique(self.seconds, return_inverse=True)
        gone, came = (
            np.asarray(np.bincount(place, n), float) for n in (self.counts, self.counts * self.came)
        )
        return Times(seconds, came, np.cumsum(gone[::-1])[::-1])


class Times(NamedTuple):
    """Each time that one came or was watched no longer: how many `came` then, of how many `at_risk`."""

    seconds: Floats
    came: Floats
    at_risk: Floats


@dataclass(frozen=True)
class Curve:
    """Which share had come within so many seconds, at each time that one came or was watched no longer.

    Arrays of one length; `at_risk` counts those who had not come and were watched until then.
    """

    seconds: Floats
    share: Estimate
    at_risk: NDArray[np.int64]

    def at(self, seconds: float) -> Estimate:
        """The share that had come within so many seconds; 0 before the first came."""
        place = int(np.searchsorted(self.seconds, seconds, "right")) - 1
        if place < 0:
            nothing = np.asarray(0.0)
            return Estimate(nothing, nothing, nothing)
        return Estimate(self.share.value[place], self.share.low[place], self.share.high[place])

    def until(self, share: float) -> float:
        """The seconds until this share had come; nan where it has not yet."""
        reached = np.flatnonzero(self.share.value >= share - 1e-12)
        return float(self.seconds[reached[0]]) if len(reached) else float("nan")


def incidence(watched: Watched) -> Curve:
    """One less the curve of Kaplan and Meier (1958), with the exponential Greenwood interval.

    Where that formula has no answer, Wilson's interval stands in: while nobody has come, of those still
    watched; when all have come, of those who came.
    """
    seconds, came, at_risk = watched.times()
    left = np.asarray(np.cumprod((at_risk - came) / at_risk), float)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = Z * np.sqrt(np.cumsum(came / (at_risk * (at_risk - came)))) / np.abs(np.log(left))
    low, high = 1 - left ** np.exp(-spread), 1 - left ** np.exp(spread)
    nobody, all_came = left > 1 - 1e-12, left < 1e-12
    every = came.sum()
    low = np.where(nobody, 0, np.where(all_came, wilson(every, every).low, low))
    high = np.where(nobody, wilson(0, at_risk).high, np.where(all_came, 1, high))
    return Curve(seconds, Estimate(1 - left, low, high), at_risk.astype(np.int64))


def p_of_two_curves(one: Watched, other: Watched) -> float:
    """How often two groups that take equally long would differ at least so much: the log-rank test.

    Mantel 1966; nan where nobody came in either, a group is empty, or all came at one time.
    """
    ours, all_ = one.times(), one.beside(other).times()
    at_risk = np.append(ours.at_risk, 0)[np.searchsorted(ours.seconds, all_.seconds)]
    came, share = all_.came / all_.at_risk, at_risk / all_.at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.nansum(
            share * (1 - share) * all_.came * (all_.at_risk - all_.came) / (all_.at_risk - 1)
        )
    if not variance > 0:
        return float("nan")
    return math.erfc(abs(ours.came.sum() - (at_risk * came).sum()) / math.sqrt(2 * variance))


def p_of_curves(groups: Mapping[str, Watched]) -> list[dict[str, Any]]:
    """Every pair of groups by the log-rank test: names, `p` and `p_adjusted` (Benjamini and Hochberg)."""
    pairs = list(combinations(groups, 2))
    found = [p_of_two_curves(groups[one], groups[other]) for one, other in pairs]
    return [
        {"groups": [one, other], "p": known(p), "p_adjusted": known(corrected)}
        for (one, other), p, corrected in zip(pairs, found, adjusted(found), strict=True)
    ]


def known(number: float) -> float | None:
    """A plain number, or None for nan: JSON knows no other way to say that something is not known."""
    return None if np.isnan(number) else float(number)
