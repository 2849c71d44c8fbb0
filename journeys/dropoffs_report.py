"""The report on drop-offs: what it asks and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

from journeys.currencies import MEANINGS as CURRENCIES
from journeys.currencies import asked
from journeys.dropoffs import behind, dropoffs
from journeys.dropoffs_around import BEFORE, MOST_DAYS
from journeys.funnel import UNITS
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, OwnArguments, Report, Table

MEANINGS = {
    "entered": "All runs of the period.",
    "who": "How many reached the step, and what became of them there.",
    "went_on": "Runs that came to a later step, whatever became of them then.",
    "before": "What those who left had before, beside those who went on.",
    "dimension": "Of what a group's runs have the same value: channel, source and so on.",
    "groups": "The most frequent values, all others, and runs without a value.",
    "others": "All others that reached the step: how many they are, and how many of them left.",
    "rows": "The most frequent labels, all others, beginning anew, and nothing more.",
    "share": "The share of those who left, or of those who went on, with its 95 % Wilson interval.",
    "within_days": "How many days after leaving are looked at.",
    "may_still": "How many may still do something in that time.",
    "property": "A property that says what a success is worth.",
    "properties": (
        "Properties that the goal's events of successes carry as a number, of how many (`n`); first those "
        "that usually tell a worth (`revenue`, `total`, `value`, `amount`), or the one that was asked for."
    ),
    "success_rate": "The share of those who went on that succeeded so far.",
    "mean_value": "What a success of theirs is worth on average.",
    "valued": "How many of their successes carry the property as a number.",
    "step": "The step that is looked at; where none is named, the one where most leave.",
    "reached": "Runs that came to the step or beyond it, as in the funnel.",
    "left": "Those of them that were dropped or failed with this step as their furthest.",
    "in_time": "Those whose time at this step is not up: not lost, and counted in no other part.",
    "rate": (
        "The share of those who reached the step that left there, with its 95 % Wilson interval; `at_most`, "
        "if all who are in time leave too."
    ),
    "next": (
        "The customer's first touchpoint (page, screen or event, robots left out) at a later moment than the "
        "run's last, at most `within_days` later, whatever journey it belongs to. What browsers report by "
        "themselves is none: page engagement, Web Vitals, errors, rage and dead clicks. An event, a page and "
        "a screen of one name are three, called as in paths. The rows add up to those who left."
    ),
    "after": (
        "How long after leaving they did it: each of them is counted once, at `hour`, `day`, `week`, `later` "
        "or `never`, so these add up to the row."
    ),
    "hour": "Within an hour.",
    "day": "Within a day, but not within an hour.",
    "week": "Within a week, but not within a day.",
    "later": "After more than a week, within `within_days`.",
    "never": "Nothing in that time so far.",
    "again": "That touchpoint opened another run of this journey: the customer began anew.",
    "none": "Nothing more so far; of `may_still` of them that time is not up yet.",
    "other": (
        "All labels or values without a row of their own, of `different` ones; `dropoffs/other`, asked with "
        "the `cell` of a number in the row, also of one of the times in `after`, has their names and how "
        "many of its runs have each."
    ),
    "median_seconds": "Half of the runs in the row took at most this long from their last touchpoint to it.",
    "origins": (
        "Channel, source, campaign, device and country of the event that opened the run. The rate of leaving "
        "of each value is compared with that of all other runs that reached the step."
    ),
    "against_rest": (
        "The rate less that of all others, with Newcombe's 95 % interval; `p_adjusted` is corrected for all "
        "values of all five (Benjamini and Hochberg). Runs are taken for independent."
    ),
    "pages": (
        "The route of the last page view since the run's start, at or before the run's last touchpoint: its "
        "path, or the template that is confirmed for it. For those who went on, at or before the step (or "
        "the last one that they took before it)."
    ),
    "trouble": (
        "Whether it was at least once close to that moment: in the 30 minutes before it, and after it until "
        "they did something else, at most 30 minutes; so both groups are watched alike. Who did the step "
        "again is looked at from the last time where they left, from the first where they went on. Only "
        "what browsers were asked to measure is known, and what goes with leaving need not be its cause."
    ),
    "error": "An error that no code of the page caught (`JavaScript Error`).",
    "rage": "Three clicks at one place in quick succession (`Rage Click`).",
    "dead": "A click on something after which nothing happened (`Dead Click`).",
    "not_found": "A page view with the property `status` 404 or 410.",
    "slow_load": (
        "Web Vitals with a largest contentful paint above 4 seconds, which web.dev/articles/lcp calls poor."
    ),
    "slow_response": (
        "Web Vitals with an interaction to next paint above 500 milliseconds, which web.dev/articles/inp "
        "calls poor."
    ),
    "errors": (
        "The message of the last error of those that count as trouble (`JavaScript Error`, its property "
        "`message`, 200 letters of it); one row for those who had none. The rows add up to those who left, "
        "and to those who went on."
    ),
    "slow": (
        "The last page that was slow, answered slowly or was not found, of those that count as trouble: what "
        "was wrong (`problem`) and the page's route. A page both slow to load and to answer counts as slow. "
        "One row for those who had none; the rows add up as those of errors do. `median_seconds`: half of "
        "the runs of the row, whether they left or went on, waited at most this long there (largest "
        "contentful paint or interaction to next paint); unknown of a page not found."
    ),
    "problem": "What was wrong with the page: `not_found`, `slow_load` or `slow_response`.",
    "difference": (
        "The share among those who left less that among those who went on, with Newcombe's 95 % interval; "
        "`p_adjusted` is corrected for all pages, troubles and errors shown (Benjamini and Hochberg)."
    ),
    "money": (
        "Those who left × the success rate so far of those who went on × the mean value of a success, by a "
        "property of the goal's event, where none is named that of `revenue`, `total`, `value` and `amount` "
        "which most successes carry, as on the overview; a success without a number there, or in another "
        "currency, is worth 0 (`valued` have one). It assumes that those who left would have succeeded as "
        "often, and been worth as much, as those who went on: as who leaves often wanted less, read it as a "
        "limit from above. Who went on and is in time has not succeeded yet. The 95 % interval draws "
        "customers again, whole (2,000 times, percentiles; in 1,000 random groups where there are more "
        "customers). None where no success carries the value."
    ),
    **CURRENCIES,
}


class Asked(OwnArguments):
    """At which step to look, how far after it, and what a success is worth."""

    step = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "key of a step before the goal; the one where most leave where absent"},
    )
    within = fields.Float(
        load_default=30.0,
        validate=validate.Range(0, MOST_DAYS, min_inclusive=False),
        metadata={"description": "days after leaving in which to look for what came next"},
    )
    most = fields.Integer(
        load_default=8,
        validate=validate.Range(1, 50),
        metadata={"description": "labels and values with a row of their own; all others are together"},
    )
    value = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={
            "description": (
                "property of the goal's event that says what a success is worth; where absent, that of "
                "revenue, total, value and amount which most successes carry"
            )
        },
    )
    currency = asked()


HEAD = (
    *("part", "what", "n", "of", "share", "low", "high", "other_n", "other_of", "difference"),
    *("difference_low", "difference_high", "p", "p_adjusted", "median_seconds"),
)
BLANK = (None,) * 7


def table(answer: Answer) -> Table:
    """A row a number: who left, what next, from where, with which page and trouble, at what cost."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    who = answer["who"]
    for name in ("dropped", "failed", "in_time", "went_on"):
        yield "who", name, who[name]["n"], who["reached"]["n"], None, None, None, *BLANK, None
    for name in ("customers", "half_by"):
        yield "who", name, who["rate"][name], *(None,) * 4, *BLANK, None
    yield "who", "left", who["left"]["n"], *_share(who["rate"]), *BLANK, None
    for one in answer["steps"]:
        yield "left", one["key"], one["left"], *_share(one["rate"]), *BLANK, None
        for name in ("in_time", "customers", "half_by"):
            yield f"left_{name}", one["key"], one["rate"][name], one["rate"]["n"], *(None,) * 3, *BLANK, None
    for one in answer["next"]["rows"]:
        yield "next", _name(one), one["n"], *_share(one["share"]), *BLANK, one["median_seconds"]
    for one in (*answer["next"]["rows"], answer["next"]):
        for when, n in one["after"].items():
            name = _name(one) if "kind" in one else "(all)"
            yield f"next_{when}", name, n, one["n"], None, None, None, *BLANK, None
        if one.get("may_still"):
            yield "next_may_still", name, one["may_still"], one["n"], None, None, None, *BLANK, None
    for dimension in answer["origins"]:
        for one in dimension["groups"]:
            others = one["others"]["left"], one["others"]["reached"]
            apart = _apart(one["against_rest"])
            name = _name({**one, "label": one["value"]})
            yield dimension["dimension"], name, one["left"]["n"], *_share(one["rate"]), *others, *apart, None
    for part in BEFORE.values():
        for one in answer["before"][part]:
            left, on = one["left"], one["went_on"]
            others, apart = (on["n"], answer["before"]["went_on"]), _apart(one["difference"])
            seconds = one.get("median_seconds")
            yield part, _name(one), left["n"], *_share(left["share"]), *others, *apart, seconds
    if money := answer["money"]:
        found = (money["value"], money["left"], None, money["low"], money["high"])
        yield "money", money["property"], *found, *BLANK, None
        for name, of in (("succeeded", "went_on"), ("valued", "succeeded")):
            yield f"money_{name}", money["property"], money[name], money[of], None, None, None, *BLANK, None


def _name(one: Answer) -> str:
    if "label" not in one:
        return str(one["kind"])  # a trouble
    if one["kind"] != "value":
        return f"({one['kind']})"
    return f"{one['problem']} {one['label']}" if "problem" in one else str(one["label"])


def _share(share: Answer) -> tuple[Any, ...]:
    return share["n"], share["value"], share["low"], share["high"]


def _apart(found: Answer) -> tuple[Any, ...]:
    return tuple(found[name] for name in ("value", "low", "high", "p", "p_adjusted"))


DROPOFFS = Report(
    name="dropoffs",
    title="Drop-offs",
    says="Who leaves a step, what they do next, from where they came, what was in their way, at what cost.",
    answer=dropoffs,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
)
