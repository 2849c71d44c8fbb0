"""The report on attribution: what it asks and what its words mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

from journeys.attribution import attribution
from journeys.attribution_contacts import CONTACTS, DIMENSIONS, SESSIONS, Model
from journeys.attribution_credits import MODELS
from journeys.attribution_lists import behind
from journeys.currencies import MEANINGS as CURRENCIES
from journeys.currencies import asked
from journeys.funnel import UNITS
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, OwnArguments, Report, Table
from journeys.scope import Scope

MEANINGS = {
    "channels": (
        "The contacts before the goal: sessions of the customer that began before it, or its touchpoints "
        "(`contacts_are`), at most so many days (`lookback_days`), also before the run did. For a run that "
        "did not succeed, those before its last touchpoint. Those of an account are the contacts of all its "
        "members."
    ),
    "contacts_are": (
        "Sessions or touchpoints. A session in which nothing but servers spoke, and of no known origin, is "
        "no contact; nor is a touchpoint that takes the goal, whose success it is, or a browser's report of "
        "time and depth."
    ),
    "touchpoint": "Events and screens by their names, pages by their routes.",
    "(none)": "Runs without any contact in that time.",
    "(not set)": "Contacts of which this is not known, such as the campaign of a direct visit.",
    "(other)": (
        "All channels without a name of their own here, together; those with most sessions have one, and the "
        "touchpoints that most customers had."
    ),
    "channel": "The channel, or what else credit goes to (`dimension`).",
    "dimension": "To what of the contacts before the goal credit goes.",
    "lookback_days": "How many days before the goal contacts count.",
    "half_life_days": "By how many days a contact must be earlier to have half the credit (`decay`).",
    "contacts": "How many contacts by the channel were before the end of runs that are over; the list "
    "of these runs says of each how many (`times`).",
    "models": "The rules by which credit is shared out.",
    "successes": "Runs that succeeded.",
    "without_contact": "Those of them without any contact: owed to (none).",
    "value_property": "The property of the goal's event that says what a success is worth.",
    "valued": "How many successes carry it as a number.",
    "other_ways": "All ways that are not shown, together.",
    "took_part": "Runs that are over, with a contact by the channel; a run may have several channels.",
    "succeeded": "Those of them that succeeded.",
    "success_rate": "The share of them that succeeded, with its 95 % Wilson interval.",
    "credits": "Each success is one, shared out to its contacts; each model's credits sum to the successes.",
    "values": (
        "The same of what each success is worth, by a property of the goal's event (`value_property`). One "
        "without a number there, or in another currency, is worth 0 (`valued` have one)."
    ),
    **CURRENCIES,
    "first": "All to the first contact.",
    "last": "All to the last contact before the goal.",
    "last_not_direct": (
        "All to the last contact that was not direct, of a known origin; to the last where all were."
    ),
    "linear": "The same to every contact.",
    "position": "40 % to the first, 40 % to the last, the rest to those between; halves where there are two.",
    "decay": "More to later ones: a contact `half_life_days` earlier than another has half its credit.",
    "markov": (
        "In proportion to the removal effect. Successes without a contact stay with (none); values follow "
        "the same shares."
    ),
    "removal_effect": (
        "The share of successes that would be lost without the channel, if visitors went from contact to "
        "contact as often as these runs did, whatever came before (an absorbing Markov chain), and those who "
        "would come to it did not succeed."
    ),
    "marginal": (
        "On each way, in proportion to how much less probable success is on the same way without the "
        "contact, never below nothing; evenly where it is nowhere less probable. Google's Fractribution and "
        "Snowplow call this Shapley. Neighbouring contacts of one channel are one."
    ),
    "ways": (
        "The channels of a run in their order, neighbours of one channel as one, the last 30; those of most "
        "successes. 5,000 ways are looked at singly; `marginal` shares the successes of all others evenly."
    ),
    "in_time": "Runs whose time is not up: not counted anywhere yet, neither as success nor as none.",
    "unsuccessful": "Runs that failed or were dropped; only `markov`, `marginal` and the rates look at them.",
}


class Asked(OwnArguments):
    """To what credit goes, how far back, and what a success is worth."""

    contacts = fields.String(
        load_default=SESSIONS,
        validate=validate.OneOf(CONTACTS),
        metadata={"description": "whether credit goes to sessions or to touchpoints before the goal"},
    )
    dimension = fields.String(
        load_default="channel",
        validate=validate.OneOf(tuple(DIMENSIONS)),
        metadata={"description": "to what of sessions credit goes; touchpoints are told by their names"},
    )
    lookback = fields.Float(
        load_default=30.0,
        validate=validate.Range(0, 3_650, min_inclusive=False),
        metadata={"description": "days before the goal in which contacts count, also before the run's start"},
    )
    half_life = fields.Float(
        load_default=7.0,
        validate=validate.Range(0, 3_650, min_inclusive=False),
        metadata={"description": "days by which a contact must be earlier to have half the credit (`decay`)"},
    )
    value = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "property of the goal's event that says what a success is worth"},
    )
    currency = asked()
    most = fields.Integer(
        load_default=20,
        validate=validate.Range(1, 50),
        metadata={"description": "channels with a name of their own; all others are `(other)`"},
    )


def answer(scope: Scope, *, unit: str, **given: Any) -> Answer:
    """Attribution as the report's arguments ask for it."""
    return attribution(scope, unit=unit, model=Model(**given))


HEAD = (
    *("part", "channel", "contacts", "runs", "succeeded", "success_rate", "success_low", "success_high"),
    *("removal_effect", *MODELS, *(f"value_{model}" for model in MODELS), "value"),
)


def table(answer: Answer) -> Table:
    """How the runs stand, a row each; a row a currency, then a row a channel, then a row a way."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    none = (None,) * (len(HEAD) - 5)
    for name in answer["cells"]:
        yield "runs", name, None, answer[name], None, *none
    for one in answer["currencies"]:
        yield "currency", one["currency"], None, one["n"], None, *none[1:], one["value"]
    for row in answer["channels"]:
        yield (
            *("channel", row["channel"], row["contacts"], row["took_part"]["n"], row["succeeded"]["n"]),
            *_limits(row["success_rate"]),
            row["removal_effect"],
            *(row["credits"][model] for model in MODELS),
            *(row["values"][model] for model in MODELS),
            None,
        )
    blank = [None] * (1 + 2 * len(MODELS))
    for way in answer["ways"]:
        numbers = way["runs"], way["successes"], *_limits(way["success_rate"])
        yield "way", " > ".join(way["channels"]), None, *numbers, *blank, way["value"]
    if (others := answer["other_ways"])["runs"]:
        numbers = others["runs"], others["successes"], None, None, None
        yield "way", "(all others)", None, *numbers, *blank, others["value"]


def _limits(rate: Answer) -> Iterator[Any]:
    return (rate[name] for name in ("value", "low", "high"))


ATTRIBUTION = Report(
    name="attribution",
    title="Attribution",
    says="Which channels the successes of the runs are owed to, by several rules side by side.",
    answer=answer,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
)
