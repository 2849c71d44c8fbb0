"""Sets of growing numbers, kept as ranges: thousands of envelopes in a row are one pair of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]
MOST = 2**63 - 1  # the largest number that a database can hold


class Ranges:
    """Numbers as ranges in order, both ends included; it cannot be changed."""

    def __init__(self, pairs: Iterable[Sequence[int]]) -> None:
        self._pairs: list[Range] = [(pair[0], pair[1]) for pair in pairs]

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Ranges:
        """The ranges of growing numbers."""
        return cls(_merged((number, number) for number in numbers))

    @classmethod
    def together(cls, several: Iterable[Ranges]) -> Ranges:
        """The numbers of all of these."""
        return cls(_merged(sorted(pair for ranges in several for pair in ranges)))

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return sum(last - first + 1 for first, last in self._pairs)

    def gaps(self) -> Iterator[Range]:
        """The ranges of the other numbers that a database can hold, from 1 on."""
        ends = [0, *(last for _, last in self._pairs)]
        starts = [*(first for first, _ in self._pairs), MOST + 1]
        for end, start in zip(ends, starts, strict=True):
            if end + 1 < start:
                yield end + 1, start - 1

    def parted(self, count: int) -> tuple[Ranges, Ranges]:
        """So many of the first numbers, and all others."""
        taken: list[Range] = []
        left = [*self._pairs]
        while count > 0 and left:
            first, last = left.pop(0)
            end = min(last, first + count - 1)
            taken.append((first, end))
            count -= end - first + 1
            if end < last:
                left.insert(0, (end + 1, last))
        return Ranges(taken), Ranges(left)

    def __iter__(self) -> Iterator[Range]:
        return iter(self._pairs)


def _merged(pairs: Iterable[Range]) -> Iterator[Range]:
    """Growing pairs, with those that touch made one."""
    before: Range | None = None
    for pair in pairs:
        if before is None:
            before = pair
        elif pair[0] <= before[1] + 1:
            before = before[0], max(before[1], pair[1])
        else:
            yield before
            before = pair
    if before is not None:
        yield before
