"""The report that explains a change: what it asks and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

from journeys.change import change
from journeys.change_lists import behind
from journeys.report import Answer, Report, Table
from journeys.two_periods import EquallyOldArguments

MEANINGS = {
    "before": (
        "The runs that began in the period before this one, of as many days, or in the one that is named "
        "(`before_from`, `before_to`); `now` are those of this period."
    ),
    "age": (
        "How long after their start runs of both periods are looked at: the rate is of those that had "
        "succeeded at that age, so it can be below that of the funnel. So both had the same time, and nobody "
        "counts as lost who only had less. Where it is not `given`, it is the round time by which nine in "
        "ten successes of the period before had come; at most so long that half of this period's time is "
        "that old."
    ),
    "young": "Runs that are not that old yet. They are left out, of both periods, whatever they did.",
    "entered": "Runs that are old enough to be compared.",
    "target": "The step that it is a success to come to, it or a later one; the goal where none is named.",
    "succeeded": "Those of them that had come there by that age.",
    "change": (
        "The rate now less that of before, with Newcombe's 95 % interval and the p-value of Pearson's or "
        "Fisher's test. Runs are taken for independent of each other; where few customers make many of them, "
        "intervals are too narrow."
    ),
    "steps": (
        "Of those who had come to the step before, the share that came to this one, at that age; optional "
        "steps are passed over."
    ),
    "part": (
        "What adds up to the change: over all steps, and in each dimension over all groups, whose own parts "
        "add up over mix and steps. Of a step it is the change of its conversion times what that is worth, "
        "by the mean of two orders (all before it as now and all after it as before, and the reverse)."
    ),
    "other": (
        "All values without a row of their own, of `different` ones; `change/other`, asked with the `cell` "
        "of a number of runs in the row, has their names and how many it counts of each."
    ),
    "mix": (
        "What is due to who came: the change of the group's share, times how far its rate (the mean of both "
        "periods) is from that of all. A group that was there in one period only is all mix."
    ),
    "by_rate": (
        "What is due to how the group fared: the change of its rate, times its mean share (Kitagawa 1955, by "
        "the means of both periods); the interval is that of the change of the rate, for shares as they are."
    ),
    "by_step": "The part by rate, parted further: at which step the group fared otherwise than before.",
    "explains": (
        "How far the parts of a dimension's groups are from what each would have if all had changed alike: 0 "
        "where every group has as large a part in the change as in the runs, 1 where all of it is of groups "
        "with hardly any runs, more where groups changed against each other. Many small groups show some by "
        "chance."
    ),
    "p_rate": (
        "How often chance alone would change the group's rate so differently from that of all others; "
        "corrected, with all `p_share`, for all groups of all dimensions (Benjamini and Hochberg 1995)."
    ),
    "p_share": "The same of the group's share of the runs.",
    "sentence": (
        "In words: names what has most in excess of its size among the groups of 30 runs or more in "
        "both periods whose `p_rate`, and the mixes with a group whose `p_share`, is below 0.05. Where "
        "the interval of the change includes zero, it explains nothing, and only says which group "
        "surely changed otherwise than all others, if one did. What goes with a change need not be its "
        "cause."
    ),
    "now": "The runs of this period.",
    "rate": "The share of them that had come there by that age, with its Wilson interval.",
    "given": "Whether the age was asked for.",
    "seconds": "The age, in seconds.",
    "difference": "The conversion now less that of before, with Newcombe's 95 % interval.",
    "dimensions": (
        "By what runs are told apart at their start; the one that `explains` most comes first. Where one "
        "more is asked for (`by`), it is among them, and its groups are in the same family of tests."
    ),
    "by": (
        "The dimension that was asked for besides: what the event that opened the run told, a trait as last "
        "said of the customer until then, or whether the run belongs to a saved segment (`in`, `not in`)."
    ),
    "small": "In one of the periods the group is too small to rely on its rate.",
}


class Asked(EquallyOldArguments):
    """Besides: up to which step, and how many values stand alone."""

    target = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "key of the step to come to; the goal where absent"},
    )
    most = fields.Integer(
        load_default=8,
        validate=validate.Range(1, 50),
        metadata={"description": "values with a row of their own; all others are together"},
    )
    by = fields.String(
        load_default="",
        validate=validate.Length(max=220),
        metadata={
            "description": "one dimension more: medium, browser …, property:NAME, trait:NAME or segment:KEY"
        },
    )


HEAD = (
    *("part", "what", "before_n", "before_rate", "now_n", "now_rate", "before_share", "now_share"),
    *("mix", "by_rate", "by_rate_low", "by_rate_high", "total", "p_rate", "p_share", "mostly_at"),
)


def table(answer: Answer) -> Table:
    """The whole, how runs stand, a row a step, and a row a group; parts add up to the first row's total."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    apart = answer["change"]
    whole = (None, apart["value"], apart["low"], apart["high"], apart["value"])
    sides = tuple(answer[side]["rate"][name] for side in ("before", "now") for name in ("n", "value"))
    yield "all", "", *sides, 1, 1, *whole, apart["p"], None, None
    for name in ("succeeded", "young"):
        before, now = (answer[side][name]["n"] for side in ("before", "now"))
        yield "runs", name, before, None, now, *(None,) * (len(HEAD) - 5)
    for one in answer["steps"]:
        part = one["part"]
        sides = tuple(one[side][name] for side in ("before", "now") for name in ("n", "value"))
        numbers = (None, part["value"], part["low"], part["high"], part["value"])
        yield "step", one["key"], *sides, None, None, *numbers, None, None, None
    for dimension in answer["dimensions"]:
        for one in dimension["groups"]:
            sides = tuple(one[side]["rate"][name] for side in ("before", "now") for name in ("n", "value"))
            name = one["value"] if one["kind"] == "value" else f"({one['kind']})"
            ends = tuple(one["by_rate"][end] for end in ("value", "low", "high"))
            at = max(one["by_step"], key=lambda key: abs(one["by_step"][key]))
            yield (
                *(dimension["dimension"], name, *sides, one["before"]["share"], one["now"]["share"]),
                *(one["mix"], *ends, one["part"], one["p_rate"], one["p_share"], at),
            )


CHANGE = Report(
    name="change",
    title="Explain a change",
    says="Why the success rate differs from the period before: who came, how they fared, at which step.",
    answer=change,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    behind=behind,
    notes=(
        "A change is not explained by customers or accounts. The furthest run, which stands for one of these "
        "elsewhere, may have begun in another period than the one compared, or be younger than the `age`; "
        "parts that add up need runs that began in one of the two periods, all of one age.",
    ),
)
