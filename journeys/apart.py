"""Rates apart: differences of two rates as answers tell them, with intervals and corrected p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeys.statistics import adjusted, difference, known, p_of_two_rates

NAMES = ("value", "low", "high", "p", "p_adjusted")


def apart(
    counts: Sequence[int], n: Sequence[int], others: Sequence[int], other_n: Sequence[int]
) -> list[Mapping[str, float | None]]:
    """Each rate less the other one, all as one family of tests; None where nothing is known."""
    if not counts:
        return []
    found, p = difference(counts, n, others, other_n), p_of_two_rates(counts, n, others, other_n)
    columns = (found.value, found.low, found.high, p, adjusted(p))
    return [dict(zip(NAMES, map(known, cells), strict=True)) for cells in zip(*columns, strict=True)]
