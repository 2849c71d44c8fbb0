"""What signals are asked about: runs that took one step, what they showed by a landmark, and their end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from journeys.cursors import ListError
from journeys.definition_schema import parse_duration
from journeys.definitions import Definition
from journeys.dimensions import DimensionError
from journeys.funnel import funnel
from journeys.scope import Scope
from store.words import tell

TOWARDS = ("step", "goal")


@dataclass(frozen=True)
class Asked:
    """Signals before step `k`: of runs that took `origin`, known `landmark` ms later, towards `target`.

    Of the customers one in `parts` is looked at.
    """

    k: int
    origin: int
    target: int
    landmark: int = 0
    parts: int = 1

    def cell(self, what: str, *signal: Any) -> str:
        """The name of a number's list."""
        return json.dumps([what, *asdict(self).values(), *signal], ensure_ascii=False)


def asked_of(scope: Scope, step: str, toward: str, landmark: str) -> tuple[Asked, bool]:
    """What is asked for, and whether the landmark is given; raises DimensionError."""
    definition = scope.definition
    key = step or _where_most_leave(scope)
    later = [one.key for one in definition.steps[1:]]
    if key not in later:
        raise DimensionError(
            tell(
                "nothing leads to %(key)s; the steps after the first are %(later)s",
                key=repr(key),
                later=", ".join(later),
            )
        )
    k = definition.position(key)
    origin = required_before(definition, k)
    target = k if toward == "step" else len(definition.steps)
    return Asked(k, origin, target, milliseconds(definition, landmark)), bool(landmark)


def required_before(definition: Definition, k: int) -> int:
    """The last step before step `k` that every run takes which comes there."""
    return max(at for at, one in enumerate(definition.steps[: k - 1], 1) if not one.optional)


def longest(definition: Definition) -> int:
    """The latest landmark: a run that lives on may be silent for no longer, nor can it have broken off."""
    if definition.order == "strict":
        return 0
    return min(definition.idle_timeout, definition.window or definition.idle_timeout)


def milliseconds(definition: Definition, landmark: str) -> int:
    """A landmark as it is written, `0` among others; raises DimensionError."""
    try:
        found = parse_duration(landmark) if landmark not in ("", "0") else 0
    except ValueError as error:
        raise DimensionError(
            tell("%(landmark)s is no landmark: %(error)s, or 0", landmark=repr(landmark), error=error)
        ) from None
    if found and definition.order == "strict":
        raise DimensionError(
            tell(
                "%(landmark)s is too late a landmark: in strict order a run may break at any "
                "moment, and what came after that is no sign; leave it out, or give 0",
                landmark=repr(landmark),
            )
        )
    if found > longest(definition):
        raise DimensionError(
            tell(
                "%(landmark)s is too late a landmark: a run may be over before, without a sign",
                landmark=repr(landmark),
            )
        )
    return found


def read_cell(scope: Scope, cell: str) -> tuple[str, Asked, Sequence[Any]]:
    """What a cell names; raises ListError."""
    try:
        what, k, origin, target, landmark, parts, *signal = json.loads(cell)
        numbers = (k, origin, target, landmark, parts)
        n = len(scope.definition.steps)
        if not all(isinstance(one, int) for one in numbers):
            raise ValueError(numbers)
        if not (0 < origin < k <= target <= n and 0 <= landmark <= longest(scope.definition) and parts > 0):
            raise ValueError(numbers)
        return str(what), Asked(*numbers), signal
    except (ValueError, TypeError):
        raise no_cell(cell) from None


def no_cell(cell: str) -> ListError:
    """The error that says that a cell names nothing."""
    return ListError(
        tell("%(cell)s is no cell of signals; take one from the report's answer", cell=repr(cell))
    )


def _where_most_leave(scope: Scope) -> str:
    """The required step that most runs were lost before."""
    lost: dict[str, int] = {}
    left = 0
    for step, following in pairwise(funnel(scope)["steps"]):
        left += step["dropped_here"] + step["failed_here"]
        if not following["optional"]:
            lost[following["key"]], left = left, 0
    return max(lost, key=lambda key: lost[key])
