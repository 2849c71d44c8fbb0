"""Suggested steps: the touchpoints that most attempts pass between a start and a goal, as a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from journeys.definitions import lean, parse
from journeys.discovery import MEANINGS as OF_ATTEMPTS
from journeys.discovery import Between, frame, labels, passed, walked
from journeys.discovery_cells import passed_cell
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Table
from journeys.scope import Scope
from journeys.statistics import adjusted, difference, known, p_of_two_rates
from journeys.touchpoints import KINDS, Touchpoint
from store.words import Spoken

SUGGESTED, REQUIRED = 0.5, 0.95
MOST_STEPS = 10
Row = Mapping[str, Any]
MEANINGS = {
    **{name: OF_ATTEMPTS[name] for name in ("attempts", "period", "reached", "not_reached", "under_way")},
    "share": "How many of the attempts that reached the goal passed it, with a 95 % Wilson interval.",
    "with, without": (
        "Of the attempts that passed it before their end, and of the others, the share that came to the "
        "goal. Attempts under way count in neither."
    ),
    "lift": (
        "The first of these rates less the second, with its 95 % interval (Newcombe 1998) and a p-value that "
        "is corrected for all touchpoints told (Benjamini and Hochberg 1995). It is no proof of a cause: who "
        "reaches the goal at once has had no time to pass anything, and who is keen does more of everything."
    ),
    "suggested": (
        f"At least {SUGGESTED:.0%} of those who reached the goal passed it, or the share that was asked for. "
        f"A step may be left out unless at least {REQUIRED:.0%} passed it, and as many of them in one order "
        "with the other steps that may not."
    ),
    "order": (
        "Suggested steps stand in their usual order: each before those that more attempts passed after it "
        "than before it, by their first time."
    ),
    "draft": (
        "A journey of the suggested steps. `found` says what it finds among the same customers: an attempt "
        "that leaves out a required step, or comes to it in another order, does not reach the goal there."
    ),
    "sampled": OF_ATTEMPTS["sampled"],
}


def steps(asked: Between, *, unit: str = "runs", least: float = SUGGESTED) -> dict[str, Any]:
    """What attempts pass between start and goal: share, success with and without, and a draft of a journey.

    Touchpoints that at least the share `least` of those who reached the goal passed are suggested, in their
    usual order, and come first; then all others, the most frequent first.
    """
    told = frame(asked, unit)
    rows = passed(asked, unit)[1:]
    named = labels(asked.scope, {row["label"] for row in rows})
    rows = [row for row in rows if _is_between(named[row["label"]], asked)]
    chosen = [row["label"] for row in rows if told["reached"] and row["reached"] >= least * told["reached"]]
    chosen = chosen[:MOST_STEPS]
    befores = _befores(asked, chosen, unit)
    ordered = _ordered(chosen, befores)
    found = _told(rows, told, [named[row["label"]] for row in rows])
    by_label = dict(zip((row["label"] for row in rows), found, strict=True))
    always = [one for one in ordered if by_label[one]["share"]["value"] >= REQUIRED]
    required = _in_one_order(always, befores)
    for one in ordered:
        by_label[one] |= {"suggested": True, "optional": one not in required}
    inner = [by_label[one] for one in ordered]
    draft = _draft(asked, inner)
    return {
        **told,
        "least": least,
        "steps": [*inner, *(one for one in found if not one["suggested"])],
        "draft": lean(draft),
        "found": _found(asked.drafted(parse(draft)), unit),
        "meanings": Spoken(MEANINGS),
    }


def _found(scope: Scope, unit: str) -> dict[str, Any]:
    """What a draft finds: the funnel tells the same and more, for twice the work."""
    keys = [step.key for step in scope.definition.steps]
    row = scope.events.query(*scope.ask("discovery_steps.found", unit=unit, steps=len(keys)))[0]
    visited = row["visited"] or [0] * len(keys)
    return {
        "attempts": row["attempts"],
        "reached": row["reached"],
        "visited": [{"key": key, "n": n} for key, n in zip(keys, visited, strict=True)],
    }


def _is_between(one: Touchpoint, asked: Between) -> bool:
    """Whether it can be a step: neither start nor goal, and with a name to match it by."""
    return one.kind in KINDS and not asked.start.covers(one) and not asked.goal.covers(one)


def _told(rows: Sequence[Row], whole: Row, named: Sequence[Touchpoint]) -> list[dict[str, Any]]:
    won = np.array([row["reached"] for row in rows])
    n = won + np.array([row["not_reached"] for row in rows], dtype=won.dtype)
    others = (whole["reached"] - won, whole["reached"] + whole["not_reached"] - n)
    apart, p = difference(won, n, *others), p_of_two_rates(won, n, *others) if rows else won
    columns = {"value": apart.value, "low": apart.low, "high": apart.high, "p_adjusted": adjusted(p)}
    return [
        {
            "kind": one.kind,
            "label": one.label,
            "suggested": False,
            "optional": True,
            "n": row["reached"] + row["not_reached"] + row["under_way"],
            "cell": passed_cell(one),
            "reached": row["reached"],
            "cell_reached": passed_cell(one, "reached"),
            "under_way": row["under_way"],
            "share": rate(row["reached"], whole["reached"]),
            "with": rate(int(won[k]), int(n[k])),
            "without": rate(int(others[0][k]), int(others[1][k])),
            "lift": {name: known(float(column[k])) for name, column in columns.items()},
        }
        for k, (row, one) in enumerate(zip(rows, named, strict=True))
    ]


def _befores(asked: Between, chosen: Sequence[int], unit: str) -> dict[tuple[int, int], int]:
    """How many of the attempts that reached the goal passed one of these labels before another."""
    if len(chosen) < 2:
        return {}
    sql, bound = walked(asked, unit)
    asks = question("discovery_steps.orders", walked=sql)
    rows = asked.scope.events.query(asks, {**bound, "chosen": list(chosen)})
    return {(row["one"], row["other"]): row["n"] for row in rows}


def _ordered(chosen: Sequence[int], befores: Mapping[tuple[int, int], int]) -> list[int]:
    """The labels by how many others they usually come before (Copeland), then the more frequent first."""

    def wins(one: int) -> float:
        pairs = (
            (befores.get((one, other), 0), befores.get((other, one), 0)) for other in chosen if other != one
        )
        return sum((before > after) + (before == after) / 2 for before, after in pairs)

    return sorted(chosen, key=lambda one: (-wins(one), chosen.index(one)))


def _in_one_order(ordered: Sequence[int], befores: Mapping[tuple[int, int], int]) -> list[int]:
    """Those that nearly all pass in one order: of two whose order varies, the first alone."""
    kept: list[int] = []
    for one in ordered:
        pairs = [(befores.get((other, one), 0), befores.get((one, other), 0)) for other in kept]
        if all(before >= REQUIRED * (before + after) for before, after in pairs):
            kept.append(one)
    return kept


def _draft(asked: Between, inner: Sequence[Row]) -> dict[str, Any]:
    """The journey over the suggested steps; it is over when the time of the question is."""
    source = asked.scope.definition.source
    start, goal = source["steps"]
    between = [
        {
            "key": f"step-{k}",
            "name": one["label"][:200],
            "optional": one["optional"],
            "match": [Touchpoint(one["kind"], one["label"]).matcher],
        }
        for k, one in enumerate(inner, 1)
    ]
    return {**source, "steps": [start, *between, goal]}


def table(answer: Row) -> Table:
    """A row a touchpoint."""
    head = (
        *("touchpoint", "kind", "suggested", "optional", "attempts", "reached", "under_way"),
        *("share", "share_low", "share_high", "with", "without", "lift", "low", "high", "p_adjusted"),
    )
    return head, (
        (
            *(one[name] for name in ("label", "kind", "suggested", "optional", "n", "reached", "under_way")),
            *(one["share"][name] for name in ("value", "low", "high")),
            one["with"]["value"],
            one["without"]["value"],
            *(one["lift"][name] for name in ("value", "low", "high", "p_adjusted")),
        )
        for one in answer["steps"]
    )
