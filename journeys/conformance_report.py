"""The report on conformance: what its words mean, and its file."""

from __future__ import annotations

from typing import Any

from journeys.conformance import LIMITS, conformance
from journeys.conformance_lists import behind
from journeys.funnel import UNITS
from journeys.metrics import STANDING
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report, Table

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
RATES = ("share", "success_rate", "success_rate_otherwise")
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
    *("succeeded_customers_otherwise", "succeeded", "of"),
)


def table(answer: Answer) -> Table:
    """A row a deviation, the runs that fit first, and last those that no run has."""
    rows = [answer["fits"]] if answer["fits"] else []
    found = [_row(one) for one in [*rows, *answer["deviations"]]]
    none = (0, *(None,) * (len(HEAD) - 4))
    return HEAD, [*found, *((one["kind"], one["step"] or "", *none, one["of"]) for one in answer["never"])]


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    return (
        *(one["kind"], one["step"] or "", one["n"]),
        *(one[name][limit] for name in RATES for limit in LIMITS),
        one["success_rate_otherwise"]["n"],
        *(one["difference"][name] for name in APART),
        *(one[name] for name in TIMES),
        *(one["seconds_more"][name] for name in LONGER),
        *(one["succeeded"]["n"], one["share"]["n"]),
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
