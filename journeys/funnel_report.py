"""The funnel as a report: what its words mean, its file, and the lists behind its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeys.cursors import ListError
from journeys.dimensions import OF_EVENT, OF_RUN, SEGMENT
from journeys.funnel import AT_STEP, UNITS, funnel
from journeys.lists import counted
from journeys.metrics import STANDING
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report, Table, Which
from journeys.scope import Scope
from store.words import tell

MEANINGS = {
    "entered": "Runs that began in the period; what they did afterwards counts.",
    "progressed": "Runs that came to the step or beyond it, in order.",
    "visited": "Runs that took this very step.",
    "missed": "Runs that went past the step without it, as it is optional.",
    "repeated": "Runs that took the step and had a touchpoint of it again, at once or after other steps.",
    "dropped_here": (
        "Runs whose last step this was, that then did nothing of the journey for longer than the idle "
        "timeout, or whose window ended."
    ),
    "failed_here": "Runs whose last step this was when an event came that fails the journey.",
    "in_time_here": "Runs that have come to this step so far, and whose time is not up: no loss.",
    **{name: STANDING[name] for name in ("success_rate", "at_most", "small", "customers")},
    "rate_from_start": "The share of all runs that came to the step or beyond, with its Wilson interval.",
    "rate_from_previous": (
        "The share of the runs that came to the step before that came to this one or beyond, with its 95 % "
        "Wilson interval."
    ),
    "half_by": "At least half of the runs are of only so many customers, the busiest ones.",
    "few": "So few customers make half of the runs that the interval is too narrow.",
    "seconds_from_previous": (
        "How long runs took from the step that they took before: half of them at most `median`, nine in ten "
        "`p90`. Of runs that came; see `survival` for those who have not yet."
    ),
    "runs_of": (
        "Whose attempts the runs are: `customers`, or `accounts` where the members of an account make one "
        "together. An account then stands wherever the answers speak of a customer."
    ),
    "order": "In which order runs must take the steps: `sequential`, `strict` or `any`.",
    "taken": (
        "Where steps may come in any order, `steps` are places, from one step taken to all; here is how many "
        "runs took which step."
    ),
    "share": "Of all runs, with its Wilson interval.",
    "seconds_to_goal": (
        "How long runs that succeeded took from start to goal: half of them at most `median`, nine in "
        "ten `p90`."
    ),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that a number counts; raises ListError for a cell that there is not."""
    number, colon, step = cell.partition(":")
    try:
        return counted(scope, number, step if colon else None)
    except ListError:
        raise ListError(
            tell("%(cell)s is no cell of the funnel; take one from the report's answer", cell=repr(cell))
        ) from None


RATES = ("rate_from_start", "rate_from_previous")
LIMITS = ("value", "low", "high")
OF_RUNS = ("in_time", "at_least", "at_most", "customers", "half_by")
HEAD = (
    *("step", "name", "stage", *AT_STEP),
    *("rate_from_start", "low", "high", "rate_from_previous", "previous_low", "previous_high"),
    *("median_seconds", "p90_seconds", *OF_RUNS, "small", "previous_customers", "previous_half_by"),
)


def table(answer: Answer) -> Table:
    """A row a step; who ended at the steps before the goal, and who progressed to it, are all runs.

    In any order a row a place, and then one a step that says who took it.
    """
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    for step in answer["steps"]:
        start, times = step["rate_from_start"], step["seconds_from_previous"]
        yield (
            *(step[name] for name in ("key", "name", "stage", *AT_STEP)),
            *(step[rate][name] for rate in RATES for name in LIMITS),
            *(times["median"], times["p90"], *(start[name] for name in OF_RUNS), start["small"]),
            *(step["rate_from_previous"][name] for name in ("customers", "half_by")),
        )
    for step in answer["taken"]:
        found = {
            "step": step["key"],
            "name": step["name"],
            "stage": step["stage"],
            "visited": step["n"],
            **dict(
                zip(("rate_from_start", "low", "high"), (step["share"][name] for name in LIMITS), strict=True)
            ),
        }
        yield tuple(found.get(name) for name in HEAD)


FUNNEL = Report(
    name="funnel",
    title="Funnel",
    says="How far runs come, where and how they end, and how long they take.",
    answer=funnel,
    table=table,
    meanings=MEANINGS,
    units=UNITS,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
    dimensions=(*OF_RUN, *OF_EVENT, SEGMENT),
)
