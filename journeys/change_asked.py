"""What an explained change is asked about: two periods, the age of their runs, and the step that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from journeys.cursors import Number, Time, no_cell, read_cell, written
from journeys.dimensions import DimensionError
from journeys.period import Period
from journeys.scope import Scope
from journeys.two_periods import OLDEST, age_of, before_of
from store.words import marked, tell

SIDES = ("before", "now")
REPORT = marked("this report")


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
        return written(
            Cell(side, what, self.before.start, self.before.end, self.age, self.target, list(group))
        )


class Cell(NamedTuple):
    """A number of an answer: of which period, what, and of which group where it is not of all."""

    side: str
    what: str
    start: Time
    end: Time
    age: Number
    target: Number
    group: list[str]

    @property
    def asked(self) -> Asked:
        """Of which question it is an answer."""
        return Asked(Period(self.start, self.end), self.age, self.target)


def asked_of(scope: Scope, target: str, before_from: str, before_to: str, age: str) -> Asked:
    """What is asked for; raises PeriodError, DimensionError."""
    before, end = before_of(scope, before_from, before_to), _target(scope, target)
    return Asked(before, age_of(scope, before, age, end), end)


def cell_of(scope: Scope, cell: str) -> Cell:
    """What a cell names; raises ListError."""
    found = read_cell(cell, Cell, REPORT)
    is_asked = (
        found.start < found.end
        and 0 < found.age <= OLDEST
        and 1 < found.target <= len(scope.definition.steps)
    )
    if found.side not in SIDES or len(found.group) not in (0, 3) or not is_asked:
        raise no_cell(cell, REPORT)
    return found


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
