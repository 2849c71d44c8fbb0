"""The ways in which runs can differ from the journey as it is drawn, in SQL and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from journeys.definitions import Definition, Step
from store.words import marked


class Kind(NamedTuple):
    """A way to deviate: which runs do, in SQL, and in words; one of a step speaks of `k`.

    `among` are all that are compared: those that do, and those that could have.
    """

    sql: str
    title: str
    of_step: bool = True
    among: str = "1"


TOOK = "has(steps, {k:UInt8})"
PASSED = "furthest > {k:UInt8}"


def _stray(condition: str) -> str:
    return f"arrayExists(one -> one.2 = {{k:UInt8}} and {condition}, strays)"


# In the order in which the question numbers them, from 1.
KINDS = {
    "fits": Kind(
        "repeats = 0 and arrayAll(k -> has(steps, k), range(1, furthest + 1))",
        marked("Runs as the journey is drawn"),
        of_step=False,
    ),
    "any": Kind("repeats > 0", marked("Runs with a touchpoint that moved nothing"), of_step=False),
    "shortcut": Kind(
        "(arrayExists(one -> one.2 = {goal:UInt8} and one.1 < {before:UInt8}, strays)"
        " or shortcut and not arrayExists(one -> one.2 = {goal:UInt8}, strays))",
        marked("Runs that met the goal before its turn"),
        of_step=False,
    ),
    "missing": Kind(f"{PASSED} and not {TOOK}", marked("Runs that went past “%(step)s”"), among=PASSED),
    "repeated": Kind(_stray("one.1 = one.2"), marked("Runs with “%(step)s” again at once"), among=TOOK),
    "back": Kind(
        f"{TOOK} and {_stray('one.1 > one.2')}",
        marked("Runs that came back to “%(step)s” later"),
        among=TOOK,
    ),
    "early": Kind(_stray("one.1 < {before:UInt8}"), marked("Runs with “%(step)s” before its turn")),
    "late": Kind(
        _stray("one.1 >= {before:UInt8} and one.1 < one.2"),
        marked("Runs with “%(step)s” after its time was up"),
        among=TOOK,
    ),
    "extra": Kind(
        f"not {TOOK} and {_stray('one.1 > one.2')}",
        marked("Runs with “%(step)s” after they had passed it"),
        among=f"{PASSED} and not {TOOK}",
    ),
}
CODES: Mapping[str, Any] = {kind: number for number, kind in enumerate(KINDS, 1)}


def before(steps: Sequence[Step], k: int) -> int:
    """The last required step before a step: while a run stands before that, the step's turn has not come."""
    return max((j for j in range(1, k) if not steps[j - 1].optional), default=1)


def possible(rule: Definition) -> Iterator[tuple[str, int]]:
    """The deviations that runs can have; an early goal is a shortcut. Without an order there are fewer."""
    steps, goal = rule.steps, len(rule.steps)
    yield from (("fits", 0), ("any", 0))
    if rule.order == "any":
        return
    yield "shortcut", 0
    for k, step in enumerate(steps, 1):
        if k < goal:
            yield from (("repeated", k), ("back", k))
        if step.optional and k < goal:
            yield from (("missing", k), ("extra", k))
        if before(steps, k) > 1 and k < goal:
            yield "early", k
        if step.within:
            yield "late", k
