"""How far apart runs with and without a signal are: effects, tests, and how well the signal predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from journeys.rates import rate
from journeys.statistics import adjusted, difference, is_small, known, p_of_two_rates


@dataclass(frozen=True)
class Carried:
    """A signal as counted: `row` of the runs that carry it, `of` all that could, `of_won` of them came."""

    kind: str
    row: Mapping[str, Any]
    of: int
    of_won: int


@dataclass(frozen=True)
class Effect:
    """How far runs with a signal are from those without; shares from −1 to 1."""

    carried: Carried
    value: float
    low: float
    high: float
    p: float
    p_adjusted: float

    def told(self) -> dict[str, Any]:
        """All numbers of the signal."""
        row, one = self.carried.row, self.carried
        n, won = row["n"], row["won_n"]
        rest, rest_won = one.of - n, one.of_won - won
        is_good = self.value > 0
        hits, all_hits = (won, one.of_won) if is_good else (n - won, one.of - one.of_won)
        lead = row["lead_won"] if is_good else row["lead_lost"]
        with_, without = rate(won, n), rate(rest_won, rest)
        return {
            "goes_with": "success" if is_good else "loss",
            "with": {"n": n, "came": with_},
            "without": {"n": rest, "came": without},
            "difference": {
                name: known(getattr(self, name)) for name in ("value", "low", "high", "p", "p_adjusted")
            },
            "ratio": _ratio(won, n, rest_won, rest),
            "hits": {"n": hits},
            "ended": {"n": all_hits},
            "precision": rate(hits, n),
            "recall": rate(hits, all_hits),
            "lead_seconds": known(lead),
            "small": any(bool(is_small(r["n"], r["low"] or 0, r["high"] or 0)) for r in (with_, without)),
        }


def effects(carried: Sequence[Carried], fewest: int) -> list[Effect]:
    """Every signal that enough runs carry and enough do not, the surest first; one family of tests."""
    tested = [
        one
        for one in carried
        if one.row["n"] >= fewest
        and one.of - one.row["n"] >= fewest
        # Runs may be computed anew between the questions.
        and 0 <= one.of_won - one.row["won_n"] <= one.of - one.row["n"]
    ]
    if not tested:
        return []
    n, won, of, of_won = (
        np.array(column, float)
        for column in zip(
            *((one.row["n"], one.row["won_n"], one.of, one.of_won) for one in tested), strict=True
        )
    )
    apart, p = difference(won, n, of_won - won, of - n), p_of_two_rates(won, n, of_won - won, of - n)
    columns = (apart.value, apart.low, apart.high, p, adjusted(p))
    found = [
        Effect(one, *(float(each) for each in numbers))
        for one, *numbers in zip(tested, *columns, strict=True)
    ]
    return sorted(found, key=lambda one: (one.p, -abs(one.value)))


def _ratio(won: int, n: int, rest_won: int, rest: int) -> dict[str, float | None]:
    """The rate with the signal by that without it, with Katz's interval; None where one of them is 0."""
    from scipy.stats.contingency import relative_risk

    if not (won and rest_won):
        return {"value": None, "low": None, "high": None}
    found = relative_risk(won, n, rest_won, rest)
    low, high = found.confidence_interval(0.95)
    return {"value": float(found.relative_risk), "low": float(low), "high": float(high)}
