"""Two periods side by side as a report: what it is asked, what its words mean, its file and its lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeys import change_lists
from journeys.change_asked import SIDES, cell_of
from journeys.change_report import MEANINGS as OF_CHANGE
from journeys.periods import periods
from journeys.report import Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.two_periods import EquallyOldArguments
from store.words import tell

MEANINGS = {
    **{name: OF_CHANGE[name] for name in ("before", "now", "age", "young", "entered", "given", "seconds")},
    "came": "Those of them that had come to the step or beyond it by that age.",
    "success_rate": "The share that had reached the goal by that age, with its 95 % Wilson interval.",
    "rate_from_start": "The share of all that had come to the step or beyond by that age, with its interval.",
    "rate_from_previous": "The share of those at the step before that had come to this one by that age.",
    "median_seconds": (
        "Half of those that had come to the step by that age took at most so long from their start. Of both "
        "periods by the same age, so that a period which has had longer does not look slower."
    ),
    "difference": (
        "The share now less that of before, with its 95 % interval (Newcombe 1998) and how often chance "
        "alone would do as much, corrected for all steps (Benjamini and Hochberg 1995). Runs are taken for "
        "independent of each other; where few customers make many of them, intervals are too narrow."
    ),
    "difference_from_previous": "The same of the share of the step before.",
    "change": "The difference at the goal.",
    "steps": "Every step of the journey, in both periods.",
}


OF_SIDE = ("n", "came", "rate", "low", "high", "median_seconds")
OF_DIFFERENCE = ("value", "low", "high", "p", "p_adjusted")
HEAD = (
    *("step", "name"),
    *(f"{side}_{name}" for side in SIDES for name in OF_SIDE),
    *("difference", "difference_low", "difference_high", "p", "p_adjusted"),
)


def table(answer: Answer) -> Table:
    """A row a step, and one for the runs that are too young to be compared."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    for step in answer["steps"]:
        found = step["difference"] or dict.fromkeys(OF_DIFFERENCE)
        sides = (
            (
                one["rate_from_start"]["n"],
                one["came"]["n"],
                *(one["rate_from_start"][name] for name in ("value", "low", "high")),
                one["median_seconds"],
            )
            for one in (step[side] for side in SIDES)
        )
        yield (
            *(step["key"], step["name"]),
            *(cell for side in sides for cell in side),
            *(found[name] for name in OF_DIFFERENCE),
        )
    young = (cell for side in SIDES for cell in (answer[side]["young"]["n"], *(None,) * (len(OF_SIDE) - 1)))
    yield ("(too young)", "", *young, *(None,) * len(OF_DIFFERENCE))


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number, of either period; raises ListError for a cell that there is not."""
    found, asked = change_lists.behind(scope, cell), cell_of(scope, cell)
    if asked.what != "succeeded":
        return found
    name = scope.definition.steps[asked.target - 1].name
    side = tell("period before") if asked.side == "before" else tell("this period")
    return found._replace(title=tell("%(period)s: came to “%(step)s” by that age", period=side, step=name))


PERIODS = Report(
    name="periods",
    title="Two periods side by side",
    says="How far runs came by the same age in this period and in another, and how long they took.",
    answer=periods,
    table=table,
    meanings=MEANINGS,
    asked=EquallyOldArguments,
    behind=behind,
    within="funnel",
    notes=("It says how far the two are apart; what the change is made of is said by “Explain a change”.",),
)
