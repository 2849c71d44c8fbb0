"""Signals: what is seen of runs early on that goes with success, or with drop-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

from journeys.at_once import at_once
from journeys.definitions import Matcher
from journeys.filters import Params, any_of
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Answer
from journeys.scope import Scope
from journeys.signals_asked import Asked, asked_of, longest
from journeys.signals_effect import Carried, Effect, effects

SEEN_MOST = 200_000  # customers; of more, a part is looked at, chosen by a hash
COME_BY_DEFAULT = 0.25
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LANDMARKS = (
    *(0, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)
LEVELS = (1, 2, 3, 5, 10)  # times that a touchpoint came
CANDIDATES = 500  # of each kind, those that most runs carry
FEWEST = 10  # runs with a signal, and without it
LONGEST_VALUE = 100
CUT = ("amount", "speed")  # at quartiles, among the runs that have any
EVERYBODY = 2**62
KINDS = ("touchpoint", "property", "amount", "trait", "speed")
DIFFERENT = 10  # numbers that a property has at least for these to be cut
STANDINGS = ("young", "there", "over", "in_time", "counted")
Row = Mapping[str, Any]


def signals(
    scope: Scope, *, step: str = "", toward: str = "step", landmark: str = "", most: int = 30
) -> Answer:
    """What goes with coming to a step, by default the one that most are lost before; times in seconds.

    `landmark` is how long after the step before it a run is looked at; where it is left out, as long as a
    quarter of those who came needed, at most. Raises DimensionError.
    """
    asked, is_given = asked_of(scope, step, toward, landmark)
    if not is_given:
        asked = replace(asked, landmark=_landmark(scope, asked))
    standing = {row["standing"]: row for row in _rows(scope, "signals.standing", asked)}
    counted = standing.get("counted", {"n": 0, "seen": 0})
    if counted["n"] > SEEN_MOST:
        asked = replace(asked, parts=ceil(counted["n"] / SEEN_MOST))
        counted = {row["standing"]: row for row in _rows(scope, "signals.standing", asked)}["counted"]
    found = effects(_carried(scope, asked, counted), FEWEST) if counted["seen"] >= 2 * FEWEST else []
    keys = [one.key for one in scope.definition.steps]
    return {
        **scope.head("runs"),
        "step": keys[asked.k - 1],
        "after": keys[asked.origin - 1],
        "toward": keys[asked.target - 1],
        "landmark": {"seconds": asked.landmark / 1000, "given": is_given},
        "population": {
            **{
                name: {"n": standing[name]["n"] if name in standing else 0, "cell": asked.cell(name)}
                for name in STANDINGS
            },
            "seen": {"n": counted["seen"], "cell": asked.cell("seen")},
            "came": rate(counted["seen_won"], counted["seen"]) if counted["seen"] else rate(0, 0),
        },
        "tested": len(found),
        "found": sum(one.p_adjusted < 0.05 for one in found),
        "signals": [_told(asked, keys, one) for one in found[:most]],
    }


def chosen(scope: Scope, asked: Asked, **values: Any) -> tuple[str, dict[str, Any]]:
    """The SQL of one run a customer and how it stands, and what it binds."""
    return scope.ask(
        "signals.chosen",
        k=asked.k,
        origin=asked.origin,
        target=asked.target,
        landmark=asked.landmark,
        parts=asked.parts,
        breaks_off=int(scope.rule.order == "strict"),
        is_aged=int(scope.age > 0),
        **values,
    )


def _rows(scope: Scope, name: str, asked: Asked, **values: Any) -> Sequence[Row]:
    sql, bound = chosen(scope, asked, **values)
    return scope.events.query(question(name, chosen=sql), bound)


def _landmark(scope: Scope, asked: Asked) -> int:
    """The latest by which few had come, so that most are still to be told from those who never do."""
    row = _rows(scope, "signals.waits", asked, landmarks=list(LANDMARKS))[0]
    return max(
        at
        for at, come in zip(LANDMARKS, row["come"] or [0] * len(LANDMARKS), strict=True)
        if at == 0 or (come <= COME_BY_DEFAULT * row["n"] and row["n"] and at <= longest(scope.definition))
    )


def _carried(scope: Scope, asked: Asked, counted: Row) -> list[Carried]:
    """Each signal that enough runs carry, with all the runs that could."""
    took = dict(zip(*counted["took"], strict=True)), dict(zip(*counted["took_won"], strict=True))
    everyone = counted["seen"], counted["seen_won"]
    found = []
    for kind, rows in zip(KINDS, at_once(partial(_kind, scope, asked, one) for one in KINDS), strict=True):
        cut = {
            (row["place"], row["name"]): (row["n"], row["won_n"]) for row in rows if row["level"] == EVERYBODY
        }
        for row in rows:
            of = everyone
            if kind == "property":
                of = took[0].get(row["place"], 0), took[1].get(row["place"], 0)
            elif kind in CUT:
                of = cut.get((row["place"], row["name"]), (0, 0))
            found.append(Carried(kind, row, *of))
    return found


def _kind(scope: Scope, asked: Asked, kind: str) -> Sequence[Row]:
    """Each signal of a kind, with how many runs carry it and what became of them."""
    sql, bound = carriers(scope, asked, kind)
    bound |= {"fewest": FEWEST, "candidates": CANDIDATES}
    return scope.events.query(question("signals.counted", carriers=sql), bound)


def carriers(scope: Scope, asked: Asked, kind: str) -> tuple[str, dict[str, Any]]:
    """The SQL of which run carries which signals of a kind since when, and what it binds."""
    sql, bound = chosen(
        scope, asked, levels=list(LEVELS), longest=LONGEST_VALUE, everybody=EVERYBODY, different=DIFFERENT
    )
    params = Params(**bound)
    steps = scope.definition.steps
    earlier, later = (
        _bare([one for step in some for one in step.match])
        for some in (steps[: asked.k - 1], steps[asked.k - 1 :])
    )
    match kind:
        case "touchpoint":
            those = any_of(later, params)
            sql = question(
                "signals.touchpoints",
                chosen=sql,
                resolved=scope.resolved,
                later=those,
                label=scope.routes.label(params),
            )
        case "property":
            sql = question("signals.properties", told=_told_by(sql, earlier, params))
        case "amount":
            sql = question("signals.amounts", told=_told_by(sql, earlier, params))
        case "trait":
            sql = question("signals.traits", chosen=sql, resolved=scope.resolved)
        case _:
            sql = question("signals.paces", chosen=sql)
    return sql, params.values


def _told_by(chosen: str, earlier: Sequence[Matcher], params: Params) -> str:
    """SQL of the events that took the steps of each run by the landmark."""
    return question("signals.told", chosen=chosen, earlier=any_of(earlier, params))


def _bare(matchers: Sequence[Matcher]) -> list[Matcher]:
    """The names, pages and types, whatever the conditions."""
    return [replace(one, where=()) for one in matchers]


def _told(asked: Asked, keys: Sequence[str], one: Effect) -> dict[str, Any]:
    row, kind = one.carried.row, one.carried.kind
    signal = (kind, row["place"], row["name"], row["carried"], row["level"])
    told = one.told()
    end = "won" if told["goes_with"] == "success" else "lost"
    for name, what in (
        *(("with", "with"), ("without", "without"), ("hits", f"with_{end}"), ("ended", f"all_{end}")),
    ):
        told[name]["cell"] = asked.cell(what, *signal)
    at_least = row["level"] if kind == "touchpoint" else float(row["carried"]) if kind == "amount" else None
    return {
        "kind": kind,
        "name": keys[int(row["name"]) - 1] if kind == "speed" else row["name"],
        "value": row["carried"] if kind in ("property", "trait") else None,
        "at": keys[row["place"] - 1] if row["place"] else None,
        "at_least": at_least,
        "within_seconds": row["level"] / 1000 if kind == "speed" else None,
        **told,
    }
