"""Ranges behave as the sets of numbers that they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.ranges import Ranges

NUMBERS = st.frozensets(st.integers(1, 60), max_size=40)


def numbers(ranges: Ranges) -> set[int]:
    return {n for first, last in ranges for n in range(first, last + 1)}


@given(NUMBERS)
def test_ranges_hold_their_numbers_and_no_others(some: frozenset[int]) -> None:
    ranges = Ranges.of(sorted(some))
    assert numbers(ranges) == some
    assert ranges.size == len(some)
    assert list(Ranges(list(ranges))) == list(ranges)


@given(NUMBERS, NUMBERS)
def test_ranges_together_are_the_union(one: frozenset[int], other: frozenset[int]) -> None:
    together = Ranges.together([Ranges.of(sorted(one)), Ranges.of(sorted(other))])
    assert numbers(together) == one | other
    assert all(
        later[0] > earlier[1] + 1 for earlier, later in zip(together, list(together)[1:], strict=False)
    )


@given(NUMBERS, st.integers(0, 70))
def test_parting_takes_the_first_numbers(some: frozenset[int], count: int) -> None:
    first, rest = Ranges.of(sorted(some)).parted(count)
    assert (numbers(first), numbers(rest)) == (set(sorted(some)[:count]), set(sorted(some)[count:]))


@given(NUMBERS)
def test_the_gaps_are_the_numbers_that_no_range_holds(some: frozenset[int]) -> None:
    *inner, (start, end) = Ranges.of(sorted(some)).gaps()
    assert (start, end) == (max(some, default=0) + 1, 2**63 - 1)
    assert numbers(Ranges(inner)) == set(range(1, start)) - some
