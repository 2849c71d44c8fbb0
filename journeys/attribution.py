"""Attribution: which channels the successes of a journey are owed to, by several rules side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from journeys.attribution_busy import Key, busy, histories, shared
from journeys.attribution_contacts import (
    BY_CHANNEL,
    CONTACTS,
    DAY_MS,
    DIMENSIONS,
    NONE,
    SESSIONS,
    Contacts,
    Model,
    contacts_of,
)
from journeys.credits import (
    Steps,
    Way,
    even_shares,
    in_proportion,
    marginal_shares,
    removal_effects,
)
from journeys.currencies import chosen, currencies
from journeys.cursors import written
from journeys.funnel import OUTCOMES, UNITS
from journeys.questions import question
from journeys.rates import rate
from journeys.scope import Scope
from store.words import tell

# The numbers of a label: contacts, runs, successes, runs lost right after it; credits, then values, by rule.
LOST_AFTER, CREDITS = 3, 4
ONE_EACH = ("first", "last", "last_not_direct")  # rules by which each success is owed to one contact alone
RULES = ("first", "last", "last_not_direct", "linear", "position", "even", "decay")
MODELS = ("first", "last", "last_not_direct", "linear", "position", "decay", "markov", "marginal")
MOST_ROWS = 5_000
NOT_BUSY = "customer not in {busy:Array(UInt64)}"

Sums = Sequence[float]


class Cell(NamedTuple):
    """The runs behind a number: those with a contact by `label`, else those of one `way`, else of all others.

    The others are the ways that are not among the first `shown` where `unit` is counted.
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
    found = _summary(scope, unit, model)
    outcomes = {how: found[how][0]["numbers"] for how in OUTCOMES if how in found}
    successes, worth, valued = outcomes.get("succeeded", (0.0, 0.0, 0.0))
    labels = _by_label(found.get("step", []))
    known, bare = _known(found)
    decided = sum(round(n) for how, (n, *_) in outcomes.items() if how != "in_time")
    effects = removal_effects(_steps(found.get("step", []), labels))
    credits = _credits(labels, known, effects, successes - bare.successes, worth - bare.value)
    return {
        **scope.head(unit),
        "contacts_are": model.contacts,
        "dimension": model.told_by,
        "lookback_days": model.lookback,
        "half_life_days": model.half_life,
        "value_property": model.value,
        "currency": model.currency,
        "currencies": [{**one, "cell": _valued_in(one["currency"], model)} for one in told],
        "successes": round(successes),
        "unsuccessful": decided - round(successes),
        "in_time": round(outcomes.get("in_time", (0,))[0]),
        "without_contact": bare.successes,
        "value": round(worth, 6),
        "valued": round(valued),
        "cells": _whole(model),
        "models": list(MODELS),
        "channels": _channels(labels, credits, effects, bare, model),
        **_most_frequent(_ways(found), (decided, round(successes), worth), unit, model, ways),
    }


def _whole(model: Model) -> dict[str, str]:
    """The names of the lists behind the numbers of all runs."""
    return {
        **{name: f"whole:{name}" for name in ("successes", "unsuccessful", "in_time")},
        "without_contact": _cell(model, "succeeded", label=NONE),
        **({"valued": _valued_in(model.currency, model)} if model.value else {}),
    }


def _valued_in(currency: str, model: Model) -> str:
    return f"valued:{currency}:{model.value}"


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


def _summary(scope: Scope, unit: str, model: Model) -> dict[str, list[dict[str, Any]]]:
    """The rows of the question, by their kind; those of very busy customers are added to it."""
    everyone, values = _valued(scope, unit, model)
    contacts = contacts_of(scope, model, values)
    apart = busy(scope, contacts) if unit == "runs" else {}
    contacts.values.update(half_life=model.half_life * DAY_MS, rows=MOST_ROWS, busy=[*apart])
    valued = _valued(scope, unit, model, NOT_BUSY)[0] if apart else everyone
    sql = question("attribution.summary", valued=valued, contacts=contacts.gathered)
    sums = {
        (row["kind"], row["label"], row["previous"], tuple(row["way"])): list(row["numbers"])
        for row in scope.events.query(sql, contacts.values)
    }
    for key, numbers in _of_busy(scope, apart, everyone, contacts):
        before = sums.get(key, [0.0] * len(numbers))
        sums[key] = [a + b for a, b in zip(before, numbers, strict=True)]
    return _told(sums, contacts.names)


def _of_busy(
    scope: Scope, apart: Mapping[int, int], runs: str, contacts: Contacts
) -> Iterator[tuple[Key, Sequence[float]]]:
    rule = {name: contacts.values[name] for name in ("lookback", "half_life", "longest")}
    for _, one in histories(scope, apart, runs, contacts):
        for key, numbers in shared(one, **rule):
            yield key, numbers.tolist()


def _told(sums: Mapping[Key, list[float]], names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The same by kind, by the names of labels; of ways those of most successes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (kind, label, previous, way), numbers in sums.items():
        told = {
            "label": names[label],
            "previous": names[previous],
            "way": [names[code] for code in way],
            "numbers": numbers,
        }
        found.setdefault(kind, []).append(told)
    found["way"] = sorted(found.get("way", []), key=lambda row: (-row["numbers"][1], -row["numbers"][0]))
    del found["way"][MOST_ROWS:]
    return found


def _valued(scope: Scope, unit: str, model: Model, which: str = "1") -> tuple[str, dict[str, Any]]:
    """SQL of the runs with what they are worth, and what it binds."""
    if not model.value:
        return plainly(scope, unit=unit, which=which)
    return scope.ask(
        "attribution.valued",
        unit=unit,
        which=which,
        anchor=scope.definition.steps[-1],
        value=model.value,
        currency=model.currency,
    )


def plainly(scope: Scope, *, unit: str = "runs", which: str = "1") -> tuple[str, dict[str, Any]]:
    """SQL of the runs, whatever they are worth, and what it binds."""
    return scope.ask("attribution.runs", unit=unit, which=which)


def _known(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[list[Way], Way]:
    """The ways that are known singly, and that of runs without a contact."""
    bare = next((_way(row) for row in found.get("bare", [])), Way((), 0, 0))
    return [_way(row) for row in found.get("way", [])], bare


def _ways(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Way]:
    """All of them, those of most successes first."""
    known, bare = _known(found)
    some = [*known, bare] if bare.runs else known
    return sorted(some, key=lambda way: (-way.successes, -way.runs, way.labels))


def first_ways(scope: Scope, unit: str, model: Model, shown: int) -> list[Way]:
    """The ways that an answer shows one by one."""
    return _ways(_summary(scope, unit, model))[:shown]


def _way(row: Mapping[str, Any]) -> Way:
    runs, successes, worth = row["numbers"]
    return Way(tuple(row["way"]), round(runs), round(successes), worth)


def _by_label(steps: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The sums of each label, whatever the contact before it was."""
    found: dict[str, list[float]] = {}
    for row in steps:
        before = found.get(row["label"], [0.0] * len(row["numbers"]))
        found[row["label"]] = [a + b for a, b in zip(before, row["numbers"], strict=True)]
    return found


def _steps(steps: Sequence[Mapping[str, Any]], labels: Mapping[str, Sums]) -> Steps:
    """The steps from contact to contact; who succeeded after a label has it as the last one."""
    return Steps(
        {(row["previous"], row["label"]): round(row["numbers"][0]) for row in steps},
        won={label: round(sums[CREDITS + RULES.index("last")]) for label, sums in labels.items()},
        lost={label: round(sums[LOST_AFTER]) for label, sums in labels.items()},
    )


def _credits(
    labels: Mapping[str, Sums],
    ways: Sequence[Way],
    effects: Mapping[str, float],
    successes: float,
    worth: float,
) -> dict[str, dict[str, tuple[float, float]]]:
    """For each model the credit and the value of each label, for successes that had a contact."""
    found = {
        rule: {label: (sums[place], sums[place + len(RULES)]) for label, sums in labels.items()}
        for place, rule in enumerate(RULES, CREDITS)
    }
    shares = in_proportion(effects)
    found["markov"] = {label: (share * successes, share * worth) for label, share in shares.items()}
    found["marginal"] = _marginal(ways, found.pop("even"))
    return found


def _marginal(ways: Sequence[Way], even: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Each label's part in the ways that are known singly; of all others each contact has the same share."""
    shares = marginal_shares(ways)
    found = {label: [0.0, 0.0] for label in even}
    for way in ways:
        for label, share in shares.get(way.labels, {}).items():
            found[label][0] += share * way.successes
            found[label][1] += share * way.value
    if len(ways) == MOST_ROWS:
        for way in ways:
            for label, share in even_shares(way.labels).items():
                found[label][0] -= share * way.successes
                found[label][1] -= share * way.value
        for label, (credit, value) in even.items():
            found[label][0] += credit
            found[label][1] += value
    return {label: (credit, value) for label, (credit, value) in found.items()}


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
