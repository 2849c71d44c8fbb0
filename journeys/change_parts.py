"""The parts of a change of a rate: what is due to who came, what to how each group fared, and at which step.

Counts come in as arrays; every set of parts adds up to the change exactly. Where a group is absent from one
of the two, its rate there is taken for that of the other: all that it adds is a matter of who came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from journeys.statistics import Floats, difference


@dataclass(frozen=True)
class Parts:
    """The part of each group in the change of the whole, by mix and by rate; arrays of one length.

    `low` and `high` are the ends of the interval of the part by rate, for shares as they are.
    """

    before_share: Floats
    now_share: Floats
    mix: Floats
    rate: Floats
    low: Floats
    high: Floats

    @property
    def mean_share(self) -> Floats:
        """The share of each group in the whole, on the average of both."""
        return (self.before_share + self.now_share) / 2


def parts_of(before: ArrayLike, before_n: ArrayLike, now: ArrayLike, now_n: ArrayLike) -> Parts:
    """Mix and rate by the mean of both sides, of groups that make up the whole.

    mix = change of share × (mean rate − mean rate of the whole), rate = change of rate × mean share (the
    symmetric form of Kitagawa 1955). The interval is that of the difference of rates times the mean share.
    """
    won0, n0, won1, n1 = (np.asarray(one, float) for one in (before, before_n, now, now_n))
    share0, share1 = n0 / n0.sum(), n1 / n1.sum()
    rate0, rate1 = _alike(won0, n0, won1, n1)
    whole = (won0.sum() / n0.sum() + won1.sum() / n1.sum()) / 2
    mean = (share0 + share1) / 2
    apart = difference(won1, n1, won0, n0)
    return Parts(
        share0,
        share1,
        (share1 - share0) * ((rate0 + rate1) / 2 - whole),
        (rate1 - rate0) * mean,
        apart.low * mean,
        apart.high * mean,
    )


def step_weights(before: ArrayLike, now: ArrayLike) -> tuple[Floats, Floats]:
    """For each step after the first the change of its conversion, and what one point of it is worth.

    Counts are of those who came to each step, the first among them. The products are the parts: they add up
    to the change of the rate from first to last. The worth is the mean of two orders, in which the steps are
    changed from the first on and from the last on (Dietzenbacher and Los 1998).
    """
    came0, came1 = np.asarray(before, float), np.asarray(now, float)
    rate0, rate1 = _alike(came0[1:], came0[:-1], came1[1:], came1[:-1])
    ahead0, ahead1 = (np.concatenate(([1.0], np.cumprod(one)[:-1])) for one in (rate0, rate1))
    behind0, behind1 = (np.concatenate((np.cumprod(one[::-1])[::-1][1:], [1.0])) for one in (rate0, rate1))
    return rate1 - rate0, (ahead1 * behind0 + ahead0 * behind1) / 2


def p_of_changes_apart(before: ArrayLike, before_n: ArrayLike, now: ArrayLike, now_n: ArrayLike) -> Floats:
    """How often each group's rate would change so differently from that of all others by chance.

    A normal test of the difference of two differences; the variance of a rate is that of one success and one
    failure more (Agresti and Caffo 2000). nan where a group, or what is beside it, is absent from one side.
    """
    from scipy.stats import norm

    won0, n0, won1, n1 = (np.asarray(one, float) for one in (before, before_n, now, now_n))
    own = [(won1, n1), (won0, n0)]
    rest = [(won1.sum() - won1, n1.sum() - n1), (won0.sum() - won0, n0.sum() - n0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sum(sign * won / n for sign, (won, n) in zip((1, -1, -1, 1), own + rest, strict=True))
        variance = sum(_variance(won, n) for won, n in own + rest)
        p = 2 * norm.sf(np.abs(value) / np.sqrt(variance))
    empty = np.any([n == 0 for _, n in own + rest], axis=0)
    return np.asarray(np.where(empty, np.nan, p))


def _variance(won: Floats, n: Floats) -> Floats:
    rate = (won + 1) / (n + 2)
    return np.asarray(rate * (1 - rate) / (n + 2))


def _alike(won0: Floats, n0: Floats, won1: Floats, n1: Floats) -> tuple[Floats, Floats]:
    """Both rates; where one of them is not known it is the other, and 0 where neither is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate0, rate1 = won0 / n0, won1 / n1
    rate0 = np.where(n0 == 0, rate1, rate0)
    rate1 = np.where(n1 == 0, rate0, rate1)
    return np.nan_to_num(rate0), np.nan_to_num(rate1)
