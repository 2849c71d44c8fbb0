"""What an explained change is asked about: two periods, the age of their runs, and the step that counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from marshmallow import fields, validate

from journeys.cursors import ListError
from journeys.definitions import parse_duration
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
SIDES = ("before", "now")


class BeforeArguments(OwnArguments):
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


class BesideArguments(BeforeArguments):
    """Against which period, and at what age: the arguments of each report of two periods."""

    age = fields.String(
        load_default="",
        validate=validate.Regexp(r"^([1-9]\d{0,5}[smhdw])?\Z", error=Later("write 90s, 30m, 12h, 14d or 6w")),
        metadata={
            "description": "how long after their start runs of both periods are looked at, such as 7d; where "
            "absent, about as long as nine in ten successes took"
        },
    )


@dataclass(frozen=True)
class Asked:
    """Against which period, how long after their start runs are looked at (ms), and the step that counts."""

    before: Period
    age: int
    target: int

    def both(self, now: Period) -> Period:
        """What holds both periods, and all between them."""
        return Period(min(self.before.start, now.start), max(self.before.end, now.end))

    def bound(self, now: Period) -> dict[str, Any]:
        """What a question about the runs of both binds."""
        sides = {"old": self.before, "new": now}
        ends = {f"{side}_{end}": getattr(one, end) for side, one in sides.items() for end in ("start", "end")}
        return {"age": self.age, **ends}

    def cell(self, side: str, what: str, *group: str) -> str:
        """The name of a number's list."""
        return json.dumps(
            [side, what, self.before.start, self.before.end, self.age, self.target, *group],
            ensure_ascii=False,
        )


class Cell(NamedTuple):
    """A number of an answer: of which period, what, and of which group where it is not of all."""

    asked: Asked
    side: str
    what: str
    group: Sequence[str]


def asked_of(scope: Scope, target: str, before_from: str, before_to: str, age: str) -> Asked:
    """What is asked for; raises PeriodError, DimensionError."""
    before, end = before_of(scope, before_from, before_to), _target(scope, target)
    return Asked(before, _read(age) if age else _age(scope, before, end), end)


def read_cell(scope: Scope, cell: str) -> Cell:
    """What a cell names; raises ListError."""
    try:
        side, what, start, end, age, target, *group = json.loads(cell)
        if not all(isinstance(one, int) for one in (start, end, age, target)):
            raise ValueError(cell)
        if not all(isinstance(one, str) for one in (side, what, *group)) or len(group) not in (0, 3):
            raise ValueError(cell)
        is_asked = start < end and 0 < age <= OLDEST and 1 < target <= len(scope.definition.steps)
        if side not in SIDES or not is_asked:
            raise ValueError(cell)
    except (ValueError, TypeError):
        raise no_cell(cell) from None
    return Cell(Asked(Period(start, end), age, target), side, what, group)


def no_cell(cell: str) -> ListError:
    """The error that says that a cell names nothing."""
    return ListError(tell("%(cell)s is no cell of this report; take one from its answer", cell=repr(cell)))


def _target(scope: Scope, key: str) -> int:
    later = [step.key for step in scope.definition.steps[1:]]
    if key and key not in later:
        raise DimensionError(
            tell(
                "nothing leads to %(key)s; the steps after the first are %(later)s",
                key=repr(key),
                later=", ".join(later),
            )
        )
    return scope.definition.position(key or later[-1])


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


def _age(scope: Scope, before: Period, target: int) -> int:
    """When nine in ten successes of before had come, but so that half of this period's time is that old."""
    row = scope.events.query(*replace(scope, period=before).ask("change_asked.times", target=target))[0]
    most = known(row["ms"]) or scope.definition.idle_timeout
    middle = (scope.period.start + min(scope.period.end, max(scope.now, scope.period.start))) // 2
    limit = max(scope.now - middle, AGES[0])
    enough = next((one for one in AGES if one >= most), AGES[-1])
    return min(enough, max(one for one in AGES if one <= limit))
