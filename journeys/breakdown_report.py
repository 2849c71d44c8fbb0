"""The breakdown as a report: what it is asked, what its words mean, and its file."""

from __future__ import annotations

from marshmallow import fields, validate

from journeys.breakdown import MOST, behind, breakdown
from journeys.dimensions import OF_RUN
from journeys.funnel import UNITS
from journeys.metrics import STANDING
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, OwnArguments, Report, Table
from journeys.standing import HEAD, columns

MEANINGS = {
    "breakdown": (
        "The funnel of each value by itself; all groups together are the funnel of the period. Of "
        "customers and accounts the furthest run is chosen first."
    ),
    **STANDING,
    "by": "What runs are told apart by.",
    "at": "The step at whose moment the value is taken.",
    "moment": (
        "The value is that of the event that took the step, the first one where no other is named; of a "
        "trait, what was last said of the customer until then."
    ),
    "groups": "The most frequent values, all others, runs without one, those that did not take the step.",
    "other": (
        "All values that are less frequent than those shown, together: `different` ones; `breakdown/other`, "
        "asked with the `cell` of a number of runs in the row, has their names and how many it counts of "
        "each."
    ),
    "none": "The event says nothing of it, or the trait was not said or was taken away.",
    "not_reached": "These did not take the step at whose moment the value is taken.",
    "entered": "Runs of the group that began in the period.",
    "progressed": "Those of them that came to the step or beyond it.",
    "rate_from_start": "The share of the group's runs that came so far, with its 95 % Wilson interval.",
    "against_rest": (
        "The success rate less that of all others that took the step, with its interval (Newcombe 1998) "
        "and how often chance alone would do as much, corrected for as many groups as there are "
        "(Benjamini and Hochberg 1995)."
    ),
}


class Asked(OwnArguments):
    """By what, at which step, and how many values."""

    by = fields.String(
        load_default=OF_RUN[0],
        metadata={"description": "channel, medium, browser …, property:NAME, trait:NAME or segment:KEY"},
    )
    at = fields.String(
        load_default="",
        metadata={"description": "key of the step at which the value is taken; the first where absent"},
    )
    most = fields.Integer(
        load_default=10,
        validate=validate.Range(1, MOST),
        metadata={"description": "values that stand alone; all others are together"},
    )


COMPARED = ("value", "low", "high", "p", "p_adjusted")
NOTHING = dict.fromkeys(COMPARED)


def table(answer: Answer) -> Table:
    """A row a group: how it stands, how it differs from the rest, and how many reached each step."""
    reached = [f"reached_{step['key']}" for group in answer["groups"][:1] for step in group["steps"]]
    head = ("by", "at", "kind", "value", *HEAD, *(f"difference_{name}" for name in COMPARED), *reached)
    return head, (
        (
            *(answer["by"], answer["at"], group["kind"], group["value"]),
            *columns(group),
            *((group["against_rest"] or NOTHING)[name] for name in COMPARED),
            *(step["progressed"] for step in group["steps"]),
        )
        for group in answer["groups"]
    )


BREAKDOWN = Report(
    name="breakdown",
    title="Breakdown",
    says="The funnel of each value of a dimension, of all others and of none; they add up to the funnel.",
    answer=breakdown,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    notes=(
        "Values are told as text: what is no text as it is written in JSON, what is long by its first 200 "
        "characters.",
        "Where two events of one customer could have taken the step in the same millisecond, the first in "
        "the order of the rule gives the value.",
        "A value of a later step is known only of runs that came so far, so its success rates are higher: "
        "those of the first step answer who succeeds, those of a later one who goes on.",
    ),
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
)
