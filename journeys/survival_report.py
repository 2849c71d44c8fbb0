"""Survival as a report: what it is asked, what its words mean, and its file."""

from __future__ import annotations

from marshmallow import fields, validate

from journeys.funnel import UNITS
from journeys.report import Answer, OwnArguments, Report, Table
from journeys.scope import Scope
from journeys.segments import ATTRIBUTES, read_several
from journeys.survival import behind, survival

MEANINGS = {
    "survival": (
        "Which share had come within which time: one less Kaplan and Meier's curve. Who has not come is "
        "watched until now (the window of a run at most), also where dropped or failed."
    ),
    "curves": "A curve for each segment that is compared; one where none is.",
    "n": "Runs that took the first of the two steps.",
    "came": "Those of them that have come to the second so far; of a point, within its time.",
    "came_rate": "The share of them, with its 95 % Wilson interval. Who may still come pulls it down.",
    "share": (
        "The share that had come after the longest time that any was watched: what to expect when all "
        "have had that time. The interval is the exponential Greenwood one, of 95 %. It takes runs for "
        "independent, so where customers have several runs each it is too narrow."
    ),
    "watched": (
        "The longest time from the first of the two steps until now, or until the run's window ended."
    ),
    "at_risk": (
        "How many had not come yet and were watched at least so long: the fewer, the vaguer the curve."
    ),
    "half": "The time within which half of all had come; none while fewer have.",
    "within": "The curve at round times.",
    "points": "The curve at up to 200 of the times at which it rises, and where it ends.",
    "seconds": "The time since the first of the two steps, in four digits.",
    "log_rank": (
        "How often two groups that take equally long would differ at least so much: log-rank test, "
        "corrected by Benjamini and Hochberg where there are several pairs. Below 5 % the difference is "
        "hardly chance. The test takes runs for independent: where customers have several runs each it finds "
        "differences too easily, and customers should be counted."
    ),
    "tests": "Every pair of curves by that test.",
    "groups": "The two curves that are compared.",
    "from_step": "The step from which times are taken.",
    "to_step": "The step to which they are taken.",
}


class Asked(OwnArguments):
    """Between which steps, and what is compared."""

    from_step = fields.String(
        load_default="", metadata={"description": "key of a step; the first where absent"}
    )
    to_step = fields.String(
        load_default="", metadata={"description": "key of a later step; the goal where absent"}
    )
    compare = fields.String(
        load_default="",
        validate=validate.OneOf(("", *ATTRIBUTES)),
        metadata={"description": "a curve for each of the most frequent values of this attribute"},
    )
    against = fields.String(
        load_default="",
        metadata={"description": "further segments to compare with, written as `segment`; `;` between them"},
    )


def answer(
    scope: Scope, *, unit: str, from_step: str = "", to_step: str = "", compare: str = "", against: str = ""
) -> Answer:
    """The curves as the report's arguments ask for them; raises SurvivalError, SegmentError."""
    return survival(
        scope,
        origin=from_step or None,
        target=to_step or None,
        compare=compare or None,
        against=read_several(against),
        unit=unit,
    )


def table(answer: Answer) -> Table:
    """A row a point of every curve, and a row a round time."""
    names = ("seconds", "value", "low", "high", "came", "at_risk")
    head = (
        "from_step",
        "to_step",
        "runs_of",
        "runs",
        "at",
        "seconds",
        "share",
        "low",
        "high",
        "came",
        "at_risk",
    )
    steps = (answer["from_step"], answer["to_step"])
    return head, (
        (*steps, curve["name"], curve["n"], at, *(point[name] for name in names))
        for curve in answer["curves"]
        for at in ("points", "within")
        for point in curve[at]
    )


SURVIVAL = Report(
    name="survival",
    title="How many come, and by when",
    says="The share that came to a step by the time it took, open runs included; segments compared.",
    answer=answer,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    behind=behind,
    within="timing",
    notes=(
        "The curves are right also while runs are open, where a median of those that came is too short: a "
        "run of yesterday counts for its first day alone.",
        "A run that was dropped is not taken out when it left, because the curve would then answer what "
        "would have happened had it stayed. Its whole time until now is known, so it stays among those who "
        "have not come (Fine and Gray 1999).",
    ),
)
