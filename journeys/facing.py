"""What a report says of a group that can stand beside what it says of another one.

Each report that can has a file of its own, `facing_<report>.py`; `companions.py` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from journeys.report import Answer, Report
from journeys.scope import Scope
from store.words import marked

WIDE = 1_000  # labels that are told of each group, so that what is rare in one of them is known there too
SUCCEEDED = marked("Succeeded so far, of those")


@dataclass(frozen=True)
class Fact:
    """What a report tells of a group: `n` runs, of `of` of them; or an `effect` with its interval."""

    kind: str
    label: str
    n: int
    cell: str
    of: int = 0
    effect: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class Part:
    """Facts of one kind, the most important first.

    What is not among them is 0 of `of` where they are `all`. `is_list` says that there may be very many, of
    which the first are shown.
    """

    name: str
    facts: Sequence[Fact]
    of: int = 0
    all: bool = True
    is_list: bool = True


@dataclass(frozen=True)
class Facing:
    """How a report stands side by side.

    `parts` finds the facts of an answer, `heads` says what each part is about, `called` what a fact is.
    `pinned` are the arguments that make the report choose the same for the second group, `wide` those with
    which it tells more than it shows, so that what is rare in one group is known there too. `tests_all`
    corrects for all that the report tells, where it shows what is surest and not what is most frequent.

    Runs of two periods are looked at `at_age`, unless the report has ages of its own; `of_age` says what is
    to be known of that. Where it `tells_who_left` the age is longer, as nobody is dropped before.
    """

    report: Report
    parts: Callable[[Answer], Iterable[Part]]
    heads: Mapping[str, str]
    called: Callable[[Scope, str, str, str], str]
    pinned: Callable[[Answer], Mapping[str, Any]] = lambda _: {}
    wide: Mapping[str, Any] | None = None
    shown: int = 10
    tests_all: bool = False
    at_age: bool = True
    of_age: str = ""
    tells_who_left: bool = False


def called_step(scope: Scope, key: str) -> str:
    """What a step is called."""
    return next((one.name for one in chain(scope.definition.steps, scope.rule.steps) if one.key == key), key)
