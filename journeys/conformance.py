"""Conformance: where runs differ from the journey as it is drawn, and what becomes of those that do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from journeys.apart import apart
from journeys.cursors import ListError
from journeys.definitions import Definition, Step
from journeys.funnel import UNITS
from journeys.metrics import STANDING
from journeys.rates import rate
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.statistics import FEWEST, Estimate, Z, difference_of_medians, known
from store.words import marked, tell


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
# Which of those that deviate, or of those compared with them (`other`), a number counts.
FIRST = "first"
WHOSE = {
    "in_time": ("outcome = 'in_time'", marked("%(runs)s, in time")),
    "succeeded": ("outcome = 'succeeded'", marked("%(runs)s, succeeded")),
    FIRST: ("1", marked("%(runs)s, the first of each customer")),
    f"{FIRST}_won": ("outcome = 'succeeded'", marked("%(runs)s, the first of each customer, succeeded")),
}
# SQL of whether a run is its customer's first of the period; where others are left out, too, runs are sorted.
BY_PERIOD = "number = 1 or previous < {start:Int64}"
BY_ORDER = "row_number() over (partition by customer order by start, number) = 1"
CODES: Mapping[str, Any] = {kind: number for number, kind in enumerate(KINDS, 1)}
MEANINGS = {
    "deviations": "What runs did otherwise, the most frequent first; a run may deviate in several ways.",
    "never": "Deviations that no run has, each with how many (`of`) could have it.",
    "of": "How many runs could deviate so.",
    "kind": "In what way runs deviate: one of the words below.",
    "fits": (
        "Runs that took each step up to their furthest, in order and once; how they ended does not matter."
    ),
    "any": (
        "Runs with at least one touchpoint of the journey that moved them no further, of whatever kind; "
        "compared with runs without one. In any order there is no other way to deviate."
    ),
    "missing": "Runs that went past an optional step without it; compared with those that took it.",
    "repeated": (
        "Runs with a further touchpoint of the step at which they stood; compared with those that took the "
        "step and had none. In strict order that touchpoint ended the run."
    ),
    "back": (
        "Runs with a further touchpoint of the step after they had gone on to a later one; compared with "
        "those that took the step and did not come back."
    ),
    "early": (
        "Runs with a touchpoint of the step before its turn, while a required step was missing; compared "
        "with all others."
    ),
    "late": (
        "Runs with a touchpoint of the step after its limit (`within`); compared with those that took it in "
        "time."
    ),
    "extra": (
        "Runs with a touchpoint of an optional step after they had gone past it; compared with those that "
        "went past it and never did it."
    ),
    "shortcut": (
        "Runs in which the goal's touchpoint came while a required step was missing; compared with runs "
        "without that."
    ),
    "share": "How many of the comparable runs deviate, with its 95 % Wilson interval.",
    "success_rate": "How many of the runs that deviate succeeded by now; runs in time have not yet.",
    "success_rate_otherwise": "The same of the comparable runs that do not deviate.",
    "difference": (
        "The success rate of those that deviate less that of the comparable ones, where each customer counts "
        "with the first run of the period alone, as runs of one customer are not independent: with its 95 % "
        "interval (Newcombe 1998) and `p`. What goes with a deviation need not come from it."
    ),
    "customers": "How many customers' first runs deviate, and so count in the difference.",
    "customers_otherwise": "The same of those that do not.",
    "in_time": "Runs among those that deviate whose time is not up; the success rate may still rise by them.",
    "median_seconds": "Half of the runs that deviate and succeeded took at most this long to the goal.",
    "median_seconds_otherwise": "The same of the comparable runs that do not deviate.",
    "seconds_more": (
        "How much longer half of those that deviate and succeeded took than of those that do not; below "
        "zero where they are faster. As in the difference each customer counts with the first run alone, so "
        "it may be another number than the medians tell. The 95 % interval combines those of the two medians "
        "by order statistics (Conover 1999, Zou and Donner 2008); it has no ends where fewer than six "
        "succeeded, and is not corrected for as many deviations as there are. `small`: fewer than 30 on "
        "either side."
    ),
    "small": STANDING["small"],
}


def conformance(scope: Scope, *, unit: str) -> Answer:
    """Deviations of the runs from the journey, the most frequent first; times in seconds.

    Every deviation is compared with the comparable runs that do not have it; a run may have several.
    """
    steps = scope.definition.steps
    rows = scope.events.query(
        *scope.ask(
            "conformance.deviations",
            unit=unit,
            slots=lambda _: {"is_first": BY_ORDER if scope.segment or unit != "runs" else BY_PERIOD},
            befores=[_before(steps, k) for k in range(1, len(steps) + 1)],
            z=Z,
            codes=[100 * CODES[kind] + k for kind, k in _possible(scope.rule)],
            **CODES,
        )
    )
    found = {(row["code"], bool(row["deviates"])): row for row in rows}
    pairs = [
        (kind, k, found[code, True], found.get((code, False), NONE))
        for kind, k in _possible(scope.rule)
        if (code := 100 * CODES[kind] + k, True) in found
    ]
    differences = _differences([pair[2:] for pair in pairs])
    told = [
        _told(Whose(kind, steps[k - 1].key if k else None, unit), some, others, apart_)
        for (kind, k, some, others), apart_ in zip(pairs, differences, strict=True)
    ]
    return {
        "runs": sum(found[code, has]["n"] for code, has in found if code == 100 * CODES["fits"]),
        "unit": unit,
        "fits": next((one for one in told if one["kind"] == "fits"), None),
        "deviations": sorted((one for one in told if one["kind"] != "fits"), key=lambda one: -one["n"]),
        "never": [
            {"kind": kind, "step": steps[k - 1].key if k else None, "of": found[code, False]["n"]}
            for kind, k in _possible(scope.rule)
            if (code := 100 * CODES[kind] + k, True) not in found and (code, False) in found
        ],
    }


def _before(steps: Sequence[Step], k: int) -> int:
    """The last required step before a step: while a run stands before that, the step's turn has not come."""
    return max((j for j in range(1, k) if not steps[j - 1].optional), default=1)


def _possible(rule: Definition) -> Iterator[tuple[str, int]]:
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
        if _before(steps, k) > 1 and k < goal:
            yield "early", k
        if step.within:
            yield "late", k


NONE: Mapping[str, Any] = {
    **dict.fromkeys(("n", "succeeded", "in_time", "firsts", "firsts_succeeded"), 0),
    **dict.fromkeys(("median", "firsts_median", "firsts_low", "firsts_high"), float("nan")),
}


def _differences(pairs: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """By how much the success rates differ, over first runs of customers; one family of tests."""
    columns = [
        [pair[side][name] for pair in pairs] for side in (0, 1) for name in ("firsts_succeeded", "firsts")
    ]
    return [
        {**found, "customers": some["firsts"], "customers_otherwise": others["firsts"]}
        for found, (some, others) in zip(apart(*columns), pairs, strict=True)
    ]


class Whose(NamedTuple):
    """A way to deviate, of a step or of none, where this unit is counted."""

    kind: str
    step: str | None
    unit: str

    @property
    def cell(self) -> str:
        """The name of the list of those that deviate so."""
        return f"{self.kind}:{self.step}" if self.step else self.kind

    def some(self, whose: str) -> str:
        """The same of some of them."""
        return f"{whose}.{self.unit}.{self.cell}"

    def customers(self, whose: str) -> dict[str, str]:
        """The same of their customers, and of those of the others."""
        return {"customers": self.some(whose), "customers_otherwise": self.some(f"other_{whose}")}


def _told(
    of: Whose,
    some: Mapping[str, Any],
    others: Mapping[str, Any],
    difference: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "kind": of.kind,
        "step": of.step,
        "n": some["n"],
        "cell": of.cell,
        "cells": {"in_time": of.some("in_time")},
        "succeeded": {"n": some["succeeded"], "cell": of.some("succeeded")},
        "share": rate(some["n"], some["n"] + others["n"]),
        "success_rate": rate(some["succeeded"], some["n"]),
        "success_rate_otherwise": rate(others["succeeded"], others["n"]),
        "difference": {**difference, "cells": of.customers(FIRST)},
        "in_time": some["in_time"],
        "median_seconds": known(some["median"]),
        "median_seconds_otherwise": known(others["median"]),
        "seconds_more": {**_longer(some, others), "cells": of.customers(f"{FIRST}_won")},
    }


def _longer(some: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """How much longer those took to the goal, over first runs of customers that succeeded."""
    medians = (
        Estimate(*(np.asarray(one[f"firsts_{name}"]) for name in ("median", "low", "high")))
        for one in (some, others)
    )
    found = difference_of_medians(*medians)
    n = some["firsts_succeeded"], others["firsts_succeeded"]
    return {
        **{name: known(round(float(getattr(found, name)), 3)) for name in LIMITS},
        "customers": n[0],
        "customers_otherwise": n[1],
        "small": min(n) < FEWEST,
    }


def behind(scope: Scope, cell: str) -> Which:
    """The runs that deviate so; raises ListError for a cell that there is not."""
    way, colon, step = cell.partition(":")
    whose, unit, name = way.split(".") if way.count(".") == 2 else ("", UNITS[0], way)
    kind, steps = KINDS.get(name), scope.definition.steps
    is_known = unit in UNITS and whose.removeprefix("other_") in ("", *WHOSE)
    if (
        not is_known
        or kind is None
        or kind.of_step != bool(colon)
        or (colon and step not in scope.definition)
    ):
        raise ListError(
            tell("%(cell)s is no cell of conformance; take one from the report's answer", cell=repr(cell))
        )
    k = scope.definition.position(step) if colon else len(steps)
    bound = {"k": k, "goal": len(steps), "before": _before(steps, k)}
    those = Which(kind.sql, bound, tell(kind.title, step=steps[k - 1].name))
    return _some(scope, kind, those, whose, unit) if whose else those


def _some(scope: Scope, kind: Kind, those: Which, whose: str, unit: str) -> Which:
    """Some of the runs that deviate, or of the comparable ones that do not."""
    sql, title = those.sql, those.title
    if whose.startswith("other_"):
        sql, title = f"({kind.among}) and not ({sql})", tell("Others than: %(runs)s", runs=title)
    condition, said = WHOSE[whose.removeprefix("other_")]
    found = Which(f"({sql}) and {condition}", those.values, tell(said, runs=title))
    if FIRST not in whose:
        return found
    firsts, values = scope.ask("conformance.firsts", unit=unit)
    among = f"(customer, number, account) in ({firsts})"
    return found._replace(sql=f"{found.sql} and {among}", values={**values, **those.values})


RATES = ("share", "success_rate", "success_rate_otherwise")
LIMITS = ("value", "low", "high")
APART = (*LIMITS, "p", "p_adjusted", "customers", "customers_otherwise")
TIMES = ("in_time", "median_seconds", "median_seconds_otherwise")
LONGER = (*LIMITS, "customers", "customers_otherwise")
HEAD = (
    *("deviation", "step", "runs", "share", "share_low", "share_high"),
    *(
        "success_rate",
        "success_low",
        "success_high",
        "success_rate_otherwise",
        "otherwise_low",
        "otherwise_high",
    ),
    *("runs_otherwise", "difference", "difference_low", "difference_high", *APART[3:], *TIMES),
    *("seconds_more", "seconds_more_low", "seconds_more_high", "succeeded_customers"),
    *("succeeded_customers_otherwise", "succeeded"),
)


def table(answer: Answer) -> Table:
    """A row a deviation, the runs that fit first."""
    rows = [answer["fits"]] if answer["fits"] else []
    return HEAD, (_row(one) for one in [*rows, *answer["deviations"]])


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    return (
        *(one["kind"], one["step"] or "", one["n"]),
        *(one[name][limit] for name in RATES for limit in LIMITS),
        one["success_rate_otherwise"]["n"],
        *(one["difference"][name] for name in APART),
        *(one[name] for name in TIMES),
        *(one["seconds_more"][name] for name in LONGER),
        one["succeeded"]["n"],
    )


CONFORMANCE = Report(
    name="conformance",
    title="Conformance",
    says="Where runs differ from the journey as it is drawn, how often, and what becomes of those that do.",
    answer=conformance,
    table=table,
    meanings=MEANINGS,
    units=UNITS,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
)
