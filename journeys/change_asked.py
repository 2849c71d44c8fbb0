"""What an explained change is asked about: two periods, the age of their runs, and the step that counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from journeys.cursors import ListError
from journeys.dimensions import DimensionError
from journeys.period import Period
from journeys.scope import Scope
from journeys.two_periods import OLDEST, age_of, before_of
from store.words import tell

SIDES = ("before", "now")


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
    return Asked(before, age_of(scope, before, age, end), end)


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
