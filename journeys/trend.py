"""The trend: how the success of a journey goes with time, by day, week or month of the runs' start."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from marshmallow import fields, validate

from journeys.buckets import UNITS as PARTS
from journeys.buckets import Bucket, buckets, fitting
from journeys.cursors import ListError
from journeys.funnel import UNITS
from journeys.lists import WHOLE, WORDS
from journeys.metrics import STANDING
from journeys.report import Answer, OwnArguments, Report, Table, Which
from journeys.scope import Scope
from journeys.standing import HEAD, NOBODY, cells, cells_of_group, columns, standing, whole
from store.words import tell

MEANINGS = {
    "trend": (
        "Runs stand in the day, week (from Monday) or month in which they began, in the project's time "
        "zone, and the parts add up to the funnel of the period. Of customers and accounts, the furthest "
        "run of the period is chosen first."
    ),
    **STANDING,
    "partial": "The period cuts this day, week or month, or it is not over yet.",
    "parts": "The days, weeks or months of the period, each with the outcomes of the runs that began in it.",
    "by": "Day, week or month.",
    "zone": "The time zone of the project, in which days begin.",
    "entered": "Runs that began in the part of time.",
}


class Asked(OwnArguments):
    """By which parts of time."""

    by = fields.String(
        load_default="",
        validate=validate.OneOf(("", *PARTS)),
        metadata={"description": "parts in the project's time zone; what fits the period where absent"},
    )


def trend(scope: Scope, *, by: str = "", unit: str = "runs") -> Answer:
    """Outcomes and success rate of each day, week or month in the project's time zone, and of all together.

    The parts add up to the whole, which is the funnel of the same period and unit: of customers and accounts
    the furthest run of the period is chosen first, and belongs where it began. A part is `partial` where the
    period cuts it or it is not over. Raises PeriodError for an unknown `by`, ValueError for an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(tell("%(unit)s is no unit; count runs, customers or accounts", unit=repr(unit)))
    by = by or fitting(scope.period)
    parts = buckets(scope.period, by, scope.project.zone, now=scope.now)
    sql, values = scope.ask("trend.counted", unit=unit, edges=[one.edge for one in parts])
    found = {row["edge"]: row for row in scope.events.query(sql, values)}
    told = [_told(one, found.get(one.edge, NOBODY)) for one in parts]
    return {
        **scope.head(unit),
        "by": by,
        "zone": scope.project.zone.key,
        **whole(told),
        "cells": cells(lambda number: number),
        "parts": told,
    }


def _told(part: Bucket, row: Any) -> dict[str, Any]:
    own = cells_of_group(lambda number: f"{number}:{part.start}:{part.end}")
    return {**part.told(), **standing(row), "cells": own}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that began in a part of time, and ended so; raises ListError for what is no cell."""
    number, colon, rest = cell.partition(":")
    start, _, end = rest.partition(":")
    try:
        sql, began = WHOLE[number], (int(start), int(end)) if colon else None
        days = [_day(at, scope) for at in (began[0], began[1] - 1)] if began else []
    except (KeyError, ValueError, OverflowError, OSError):
        raise ListError(
            tell("%(cell)s is no cell of the trend; take one from the report's answer", cell=repr(cell))
        ) from None
    if began is None:
        return Which(sql, {}, WORDS[number])
    bound = dict(zip(("part_start", "part_end"), began, strict=True))
    first, last = days
    within = "start >= {part_start:Int64} and start < {part_end:Int64}"
    said = tell(
        "Began from %(first)s to %(last)s: %(what)s", first=first, last=last, what=WORDS[number].lower()
    )
    return Which(f"{sql} and {within}", bound, said)


def _day(at: int, scope: Scope) -> date:
    """The day of a moment in the project's time zone."""
    return datetime.fromtimestamp(at / 1000, scope.project.zone).date()


def table(answer: Answer) -> Table:
    """A row a day, week or month."""
    return ("from", "to", "partial", *HEAD), (
        (part["from"], part["to"], part["partial"], *columns(part)) for part in answer["parts"]
    )


TREND = Report(
    name="trend",
    title="Success over time",
    says="The outcomes and the success rate of each day, week or month; they add up to the funnel.",
    answer=trend,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    behind=behind,
    within="funnel",
    notes=(
        "A day begins at its first moment in the project's time zone, also where clocks change at midnight; "
        "it has 23, 24 or 25 hours. A report has at most 1,000 parts.",
        "Where people are still in time, the picture draws no line but a bar from the rate if none of them "
        "succeeds to the rate if all do.",
    ),
)
