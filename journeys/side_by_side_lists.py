"""The lists behind the numbers of a report side by side: each is that of the group's own report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from journeys import comparison, segments
from journeys.cursors import ListError, Number, Time, no_cell, read_cell, written
from journeys.facing import Facing
from journeys.period import Period
from journeys.report import Which
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.two_periods import OLDEST
from store.words import marked, tell

SIDES = ("first", "second")
REPORT = marked("this report")


class Cell(NamedTuple):
    """The list of a number of a report, for the runs of a segment that began in a period.

    Where `age` (ms) is not 0 they are those that are so old, as they stood then.
    """

    report: str
    segment: str
    start: Time
    end: Time
    cell: str
    age: Number = 0


def cell_of(scope: Scope, report: str, cell: str) -> str:
    """The name of the list that a report of this scope calls `cell`."""
    segment, period = segments.written(scope.segment), scope.period
    return written(Cell(report, segment, period.start, period.end, cell, scope.age))


def with_list(n: int, cell: str) -> dict[str, Any]:
    """A number with the name of its list, if it has one."""
    return {"n": n, "cell": cell} if cell else {"n": n}


def behind(facing: Facing, scope: Scope, cell: str) -> Which:
    """The runs behind a number of one of the groups; raises ListError."""
    found = read_cell(cell, Cell, REPORT)
    reports = {one.name: one for one in (facing.report, comparison.COMPARISON)}
    try:
        group = segments.checked(segments.read(found.segment))
    except SegmentError as error:
        raise ListError(str(error)) from None
    if found.report not in reports or found.start >= found.end or found.age > OLDEST:
        raise no_cell(cell, REPORT)
    period = Period(found.start, found.end)
    own = replace(scope, segment=group, period=period, age=found.age)
    which = reports[found.report].behind(own, found.cell)  # type: ignore[misc]
    whose = group if which.segment is None else which.segment
    said = {"what": which.title, "group": comparison.name_of(scope, whose)}
    title = (
        tell("%(what)s (%(group)s), at the age of the comparison", **said)
        if found.age
        else tell("%(what)s (%(group)s)", **said)
    )
    return which._replace(title=title, segment=whose, period=which.period or period, age=found.age)
