"""How a group of runs stands: its outcomes, its success rate, and how far that rate can be trusted yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from journeys.funnel import OUTCOMES
from journeys.rates import are_dependent, rate
from journeys.report import customers_of
from journeys.statistics import is_small

RATE = ("value", "low", "high", "at_least", "at_most")
HEAD = ("entered", "customers", *OUTCOMES, "success_rate", *RATE[1:], "immature", "small", "dependent")
NOBODY: Mapping[str, int] = dict.fromkeys((*OUTCOMES, "customers"), 0)


def standing(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Outcomes and success rate of a group, whose `counts` name the outcomes and the customers behind them.

    Runs that are still in time may succeed or not: the rate is `at_least` so much if none of them does and
    `at_most` so much if all do; `immature` says that there are any. `small` says that the sample is too small
    to rely on the rate, `dependent` that so many runs are of the same customers that its interval is too
    narrow.
    """
    outcomes = {how: int(counts[how]) for how in OUTCOMES}
    entered = sum(outcomes.values())
    success = rate(outcomes["succeeded"], entered)
    undecided = {"in_time": outcomes["in_time"], **_limits(outcomes, entered)}
    return {
        "entered": entered,
        "customers": int(counts["customers"]),
        "outcomes": outcomes,
        "success_rate": {**success, **undecided},
        "immature": outcomes["in_time"] > 0,
        "small": entered == 0 or bool(is_small(entered, success["low"] or 0, success["high"] or 0)),
        "dependent": are_dependent(entered, int(counts["customers"])),
    }


def whole(groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All groups together; who made runs in several of them is one customer, so customers are left out."""
    sums = {how: sum(group["outcomes"][how] for group in groups) for how in OUTCOMES}
    together = standing({**NOBODY, **sums})
    del together["customers"], together["dependent"]
    return together


def cells(cell: Callable[[str], str]) -> dict[str, Any]:
    """The cells of a group's numbers, where `cell` makes that of a number by its name."""
    return {"entered": cell("entered"), "outcomes": {how: cell(how) for how in OUTCOMES}}


def cells_of_group(cell: Callable[[str], str]) -> dict[str, Any]:
    """The same of one that says how many customers it has."""
    return {**cells(cell), "customers": customers_of(cell("entered"))}


def columns(group: Mapping[str, Any]) -> tuple[Any, ...]:
    """A group in the columns of HEAD."""
    return (
        *(group["entered"], group["customers"], *(group["outcomes"][how] for how in OUTCOMES)),
        *(group["success_rate"][name] for name in RATE),
        *(group["immature"], group["small"], group["dependent"]),
    )


def _limits(outcomes: Mapping[str, int], entered: int) -> dict[str, float | None]:
    if not entered:
        return {"at_least": None, "at_most": None}
    succeeded, may = outcomes["succeeded"], outcomes["in_time"]
    return {"at_least": round(succeeded / entered, 6), "at_most": round((succeeded + may) / entered, 6)}
