"""Attribution: which channels the successes of a journey are owed to, by several rules side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from journeys.attribution_contacts import BY_CHANNEL, CONTACTS, DIMENSIONS, NONE, SESSIONS, Model
from journeys.attribution_credits import MODELS, ONE_EACH, Sums, by_label, credits_of, steps_of
from journeys.attribution_sums import known_ways, summary, ways_of
from journeys.credits import Way, removal_effects
from journeys.currencies import chosen, currencies, valued_cell
from journeys.cursors import written
from journeys.funnel import OUTCOMES, UNITS
from journeys.rates import rate
from journeys.scope import Scope
from store.words import tell


class Cell(NamedTuple):
    """The runs behind a number: those with a contact by `label`, else those of one `way`, else of all others.

    The others are the ways that are not among the first `shown` where `unit` is counted. `what` says which of
    these runs, or by which rule they are owed to the label, or that its `contacts` are counted.
    """

    what: str
    dimension: str
    lookback: float
    most: int
    label: str = ""
    way: list[str] | None = None
    unit: str = "runs"
    shown: int = 0
    contacts: str = SESSIONS


class AttributionError(Exception):
    """Attribution cannot be told as asked; the message says why."""


def attribution(
    scope: Scope, *, unit: str = "runs", model: Model = BY_CHANNEL, ways: int = 20
) -> dict[str, Any]:
    """The credit of each channel for the runs that succeeded, by every model, and the most frequent ways.

    The credits of a model sum to `successes`, and their values to `value`. A success without a contact in
    the time looked at is owed to `(none)`. Runs that are still under way (`in_time`) count nowhere yet.
    Raises AttributionError.
    """
    check(unit, model)
    told = currencies(scope, model.value, unit=unit) if model.value else []
    model = replace(model, currency=chosen(told, model.currency))
    found = summary(scope, unit, model)
    outcomes = {how: found[how][0]["numbers"] for how in OUTCOMES if how in found}
    successes, worth, valued = outcomes.get("succeeded", (0.0, 0.0, 0.0))
    labels = by_label(found.get("step", []))
    known, bare = known_ways(found)
    decided = sum(round(n) for how, (n, *_) in outcomes.items() if how != "in_time")
    effects = removal_effects(steps_of(found.get("step", []), labels))
    credits = credits_of(labels, known, effects, successes - bare.successes, worth - bare.value)
    return {
        **scope.head(unit),
        "contacts_are": model.contacts,
        "dimension": model.told_by,
        "lookback_days": model.lookback,
        "half_life_days": model.half_life,
        "value_property": model.value,
        "currency": model.currency,
        "currencies": [{**one, "cell": valued_cell(model.value, one["currency"])} for one in told],
        "successes": round(successes),
        "unsuccessful": decided - round(successes),
        "in_time": round(outcomes.get("in_time", (0,))[0]),
        "without_contact": bare.successes,
        "value": round(worth, 6),
        "valued": round(valued),
        "cells": _whole(model),
        "models": list(MODELS),
        "channels": _channels(labels, credits, effects, bare, model),
        **_most_frequent(ways_of(found), (decided, round(successes), worth), unit, model, ways),
    }


def _whole(model: Model) -> dict[str, str]:
    """The names of the lists behind the numbers of all runs."""
    return {
        **{name: f"whole:{name}" for name in ("successes", "unsuccessful", "in_time")},
        "without_contact": _cell(model, "succeeded", label=NONE),
        **({"valued": valued_cell(model.value, model.currency)} if model.value else {}),
    }


def check(unit: str, model: Model) -> None:
    if unit not in UNITS:
        raise AttributionError(
            tell("%(unit)s is no unit; count runs, customers or accounts", unit=repr(unit))
        )
    if model.contacts not in CONTACTS:
        raise AttributionError(tell("contacts are one of %(contacts)s", contacts=", ".join(CONTACTS)))
    if model.dimension not in DIMENSIONS:
        raise AttributionError(tell("credit goes to one of %(dimensions)s", dimensions=", ".join(DIMENSIONS)))
    if not 0 < model.lookback <= 3_650:
        raise AttributionError(tell("attribution looks back more than 0 and at most 3650 days"))
    if not 0 < model.half_life <= 3_650:
        raise AttributionError(tell("a half-life is more than 0 and at most 3650 days"))
    if not 1 <= model.most <= 50:
        raise AttributionError(tell("from 1 to 50 channels can have a name of their own"))


def _channels(
    labels: Mapping[str, Sums],
    credits: Mapping[str, Mapping[str, tuple[float, float]]],
    effects: Mapping[str, float],
    bare: Way,
    model: Model,
) -> list[dict[str, Any]]:
    """A row a label, those with most credit first, and last those without a contact."""
    rows: list[dict[str, Any]] = []
    for label, (contacts, runs, successes, *_) in labels.items():
        parts = {name: credits[name].get(label, (0.0, 0.0)) for name in MODELS}
        rows.append(
            {
                "channel": label,
                "contacts": round(contacts),
                "cells": {
                    "contacts": _cell(model, "contacts", label=label),
                    "credits": {rule: _cell(model, rule, label=label) for rule in ONE_EACH},
                },
                "took_part": {"n": round(runs), "cell": _cell(model, "took_part", label=label)},
                "succeeded": {"n": round(successes), "cell": _cell(model, "succeeded", label=label)},
                "success_rate": rate(round(successes), round(runs)),
                "removal_effect": round(effects.get(label, 0.0), 6),
                **_rounded(parts),
            }
        )
    rows.sort(key=lambda row: (-credits["linear"][row["channel"]][0], -row["took_part"]["n"], row["channel"]))
    if bare.runs:
        rows.append(
            {
                "channel": NONE,
                "contacts": 0,
                "cells": {"credits": dict.fromkeys(ONE_EACH, _cell(model, "succeeded", label=NONE))},
                "took_part": {"n": bare.runs, "cell": _cell(model, "took_part", label=NONE)},
                "succeeded": {"n": bare.successes, "cell": _cell(model, "succeeded", label=NONE)},
                "success_rate": rate(bare.successes, bare.runs),
                "removal_effect": None,
                **_rounded(dict.fromkeys(MODELS, (float(bare.successes), bare.value))),
            }
        )
    return rows


def _rounded(parts: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {
        "credits": {model: round(credit, 6) + 0.0 for model, (credit, _) in parts.items()},
        "values": {model: round(value, 6) + 0.0 for model, (_, value) in parts.items()},
    }


def _most_frequent(
    ways: Sequence[Way], whole: tuple[int, int, float], unit: str, model: Model, most: int
) -> dict[str, Any]:
    """The first ways, and all others together; `whole` are runs that are over, successes and their worth."""
    shown, (decided, successes, worth) = ways[:most], whole
    n, won = sum(way.runs for way in shown), sum(way.successes for way in shown)
    return {
        "ways": [
            {
                "channels": list(way.labels) or [NONE],
                "runs": way.runs,
                "successes": way.successes,
                "success_rate": rate(way.successes, way.runs),
                "value": round(way.value, 6),
                "cells": _cells(model, way=list(way.labels)),
            }
            for way in shown
        ],
        "other_ways": {
            "runs": decided - n,
            "successes": successes - won,
            "value": round(worth - sum(way.value for way in shown), 6) + 0.0,
            "cells": _cells(model, unit=unit, shown=most),
        },
    }


def _cells(model: Model, **more: Any) -> dict[str, str]:
    return {
        "runs": _cell(model, "took_part", **more),
        "successes": _cell(model, "succeeded", **more),
    }


def _cell(model: Model, what: str, **more: Any) -> str:
    by = model.dimension, model.lookback, model.most
    return written(Cell(what, *by, contacts=model.contacts, **more))
