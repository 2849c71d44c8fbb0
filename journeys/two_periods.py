"""Two periods, and the age at which the runs of both are looked at: what is asked, and what is chosen."""

from __future__ import annotations

from dataclasses import replace

from marshmallow import fields, validate

from journeys.definition_schema import parse_duration
from journeys.dimensions import DimensionError
from journeys.period import Period, PeriodError, moment, preceding
from journeys.report import OwnArguments
from journeys.scope import Scope
from journeys.statistics import known
from store.words import Later, tell

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
AGES = (
    *(MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(days * DAY for days in (1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 180, 365)),
)
OLDEST = 3_660 * DAY

# SQL of when a run came to the bound `target`, or past it; the times of steps are dear to read.
AT_STEP = "toUnixTimestamp64Milli(arrayFirst((at, step) -> step >= {target:UInt8}, times, steps))"
AT_GOAL = "last"  # there it ended


class OtherPeriodArguments(OwnArguments):
    """Against which period."""

    before_from = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "beginning of the period to compare with; the period before where absent"},
    )
    before_to = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "its end, which does not count any more"},
    )


class EquallyOldArguments(OtherPeriodArguments):
    """Against which period, and at what age: the arguments of each report of two periods."""

    age = fields.String(
        load_default="",
        validate=validate.Regexp(r"^([1-9]\d{0,5}[smhdw])?\Z", error=Later("write 90s, 30m, 12h, 14d or 6w")),
        metadata={
            "description": "how long after their start runs of both periods are looked at, such as 7d; where "
            "absent, about as long as nine in ten successes took"
        },
    )


def before_of(scope: Scope, start: str, end: str) -> Period:
    """The period to compare with, the one right before where none is named; raises PeriodError."""
    zone = scope.project.zone
    if not (start or end):
        return preceding(scope.period, zone)
    if not (start and end):
        raise PeriodError(tell("a period to compare with needs both its beginning and its end"))
    found = Period(moment(start, zone), moment(end, zone))
    if found.start >= found.end:
        raise PeriodError(tell("the period to compare with ends before it begins"))
    if found.start < scope.period.end and scope.period.start < found.end:
        raise PeriodError(tell("the period to compare with must not overlap the one that is explained"))
    return found


def age_of(scope: Scope, before: Period, age: str, target: int, *, patience: int = 0) -> int:
    """The age that is asked for (ms), or one that suits these periods and this step.

    That is longer by the `patience` (ms) of a question about what shows only so long after a run fell silent.
    Raises DimensionError.
    """
    return _read(age) if age else _suitable(scope, before, target, patience)


def _read(age: str) -> int:
    try:
        found = parse_duration(age)
    except ValueError as error:
        raise DimensionError(tell("%(age)s is no age: %(error)s", age=repr(age), error=error)) from None
    if found > OLDEST:
        raise DimensionError(
            tell("%(age)s is too old; ask for at most %(value)sd", age=repr(age), value=OLDEST // DAY)
        )
    return found


def _suitable(scope: Scope, before: Period, target: int, patience: int) -> int:
    """When nine in ten successes of before had come, but so that half of this period's time is that old."""
    came_at = AT_GOAL if target == len(scope.definition.steps) else AT_STEP
    asked = replace(scope, period=before).ask(
        "two_periods.times", target=target, slots=lambda _: {"came_at": came_at}
    )
    row = scope.events.query(*asked)[0]
    most = known(row["ms"]) or scope.definition.idle_timeout
    middle = (scope.period.start + min(scope.period.end, max(scope.now, scope.period.start))) // 2
    limit = max(scope.now - middle, AGES[0])
    if limit - patience < AGES[0]:
        return limit
    enough = next((one for one in AGES if one >= most), AGES[-1])
    return patience + min(enough, max(one for one in AGES if one <= limit - patience))
