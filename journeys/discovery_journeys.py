"""Journeys worth managing: pairs of a start and a goal that are found in what customers did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from journeys import filters, runs
from journeys.definitions import Definition, parse
from journeys.discovery import WITHIN, milliseconds, two_steps
from journeys.members import EVERYBODY, Members
from journeys.period import Period, iso
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Table
from journeys.resolution import resolved_now
from journeys.routes import RAW, Routes
from journeys.statistics import adjusted, known, p_of_two_rates, wilson
from journeys.touchpoints import Touchpoint, known_by, of_type
from store.events import EventStore
from store.projects import Project
from store.words import Spoken

MOST_LABELS, MOST_FOUND = 20, 20
MOST_CUSTOMERS = 20_000
FEWEST = 10  # customers who come from the start to the goal
PER_LABEL = 3  # pairs of one start, and of one goal
EARLIER = 0.7  # of those who have both touchpoints, so many have the start first
CLOSE_MS, CLOSE = 10_000, 0.8
NEARLY_ALL = 0.9
CHANCE = 0.05
Row = Mapping[str, Any]
Pair = tuple[int, int]
MEANINGS = {
    "candidates": (
        f"Pairs among the {MOST_LABELS} pages and the {MOST_LABELS} other touchpoints that most customers of "
        "the period have; those that carry the property that is money come before others. A pair is one "
        f"where at least {FEWEST} customers came from the start to the goal in time, where at least "
        f"{EARLIER:.0%} of those who have both had the start first (by first times in the period; also the "
        "lower end of the 95 % Wilson interval is above one half), and where the goal is more frequent among "
        "customers with the start than among the others (p below 0.05, corrected for all pairs by Benjamini "
        f"and Hochberg). A start that more than {NEARLY_ALL:.0%} of the customers have tells nobody apart: "
        "it counts where most customers begin with it, for goals that another touchpoint leads to."
    ),
    "left_out": (
        f"Pairs of which at least {CLOSE:.0%} of the goals came within {CLOSE_MS // 1000} seconds of the "
        "start: they are one act and no journey. Of touchpoints that come so close together only one is told."
    ),
    "attempts": (
        "The runs of a journey of the two steps which began in the period: from a start to the first goal "
        "after it, within the time that is allowed."
    ),
    "success_rate": "Of the attempts that are decided, those that reached the goal; with a Wilson interval.",
    "under_way": "Attempts whose time is not up. They count in no rate, neither as kept nor as lost.",
    "lost": "Attempts whose time was up before they reached the goal.",
    "score": (
        "What would come if the lost attempts were made again and succeeded as often as the others: lost × "
        "success rate, in goals; where goals carry the property that is named as money, × their mean value. "
        "It ranks candidates, and foretells nothing. Pairs with money come first, by currency."
    ),
    "currency": (
        "The currency in which most of its goals tell their worth, as their `currency` names it; empty where "
        "they name none. Goals without a number, or in another currency, are worth 0."
    ),
    "covered": "Journeys of the project that have the start as a step, and the goal as a later one.",
    "sampled": "The share of customers that was looked at, chosen at random; numbers are of the sample.",
}


@dataclass(frozen=True)
class Ground:
    """The customers of a period in which pairs are looked for, and the time (ms) from a start to its goal.

    Pages are called by their `routes`.
    """

    events: EventStore
    project: Project
    period: Period
    now: int
    within: int
    routes: Routes
    chunks: int = 1
    members: Members = EVERYBODY

    def query(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a question about the sample."""
        bound = {**self.bound, "within": self.within, "close": CLOSE_MS}
        return self.events.query(sql, {**bound, **values})

    def ask(
        self, name: str, *, slots: Mapping[str, str] | None = None, **values: Any
    ) -> list[dict[str, Any]]:
        """The same of a question that asks of its touchpoints."""
        params = filters.Params(**values)
        route = self.routes.route(params)
        touched = question(
            "discovery_journeys.touched", resolved=resolved_now(), route=route, members=self.members.sql
        )
        return self.query(question(name, touched=touched, **(slots or {})), **params.values)

    @property
    def bound(self) -> dict[str, Any]:
        """What all questions bind."""
        return {
            "project": self.project.id,
            "start": self.period.start,
            "end": self.period.end,
            "chunks": self.chunks,
            **self.members.values,
        }


def worth_managing(
    events: EventStore,
    project: Project,
    journeys: Sequence[Definition],
    *,
    period: Period,
    now: int,
    within: str = WITHIN,
    value: str = "",
    routes: Routes = RAW,
    most: int = MOST_FOUND,
    most_customers: int = MOST_CUSTOMERS,
    members: Members = EVERYBODY,
) -> dict[str, Any]:
    """Pairs of a start and a goal, those with most at stake first; times in seconds.

    They are found by first times in the period; what is told of each is counted by the rule of runs, of the
    same customers. `value` names a property of goals that is money. `journeys` are those that the project
    has. Raises DiscoveryError.
    """
    everyone = Ground(events, project, period, now, milliseconds(within), routes, members=members)
    ground = _ground(everyone, most_customers)
    customers, named, with_money = _frequent(ground, value)
    rows = {(row["one"], row["other"]): row for row in _rows(ground, list(named))}
    pairs, left_out = _pairs(rows, customers)
    shortlist = _shortlist(pairs, _twins(rows), with_money, most)
    drafts = [parse(two_steps(named[one], named[other], within)) for one, other in shortlist]
    found = [
        {
            **_told(named[one], named[other], row, pairs[one, other], value),
            "covered": _covering(journeys, named[one], named[other]),
        }
        for (one, other), row in zip(shortlist, _counted(ground, drafts, value), strict=True)
        if row["succeeded"]
    ]
    found.sort(
        key=lambda one: (
            *(one["mean_value"] is None, one["currency"], -one["score"]),
            *(one["start"], one["goal"]),
        )
    )
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "as_of": iso(now),
        "within_seconds": ground.within / 1000,
        "value_property": value,
        "sampled": 1 / ground.chunks,
        "customers": customers,
        "touchpoints": len(named),
        "left_out": left_out,
        "candidates": found,
        "meanings": Spoken(MEANINGS),
    }


def _ground(asked: Ground, most_customers: int) -> Ground:
    """The same of a sample, where there are more customers."""
    found = asked.events.query(question("discovery_journeys.customers"), asked.bound)[0]["n"]
    some = asked.members.few_of(asked.events, found)
    return replace(asked, chunks=max(1, -(-some // most_customers)))


def _frequent(ground: Ground, value: str) -> tuple[int, dict[int, Touchpoint], set[int]]:
    """How many customers there are, the touchpoints that most of them have, and which of these are money."""
    slots = {"money": "JSONHas(properties, {value:String})" if value else "0"}
    everyone, *rows = ground.ask("discovery_journeys.frequent", slots=slots, most=MOST_LABELS, value=value)
    named = {row["label"]: of_type(row["kind"], row["said"]) for row in rows}
    return everyone["customers"], named, {row["label"] for row in rows if row["is_money"]}


def _rows(ground: Ground, labels: list[int]) -> list[dict[str, Any]]:
    """What is known of each pair of touchpoints."""
    return ground.ask("discovery_journeys.pairs", labels=labels)


def _pairs(rows: Mapping[Pair, Row], customers: int) -> tuple[dict[Pair, dict[str, Any]], int]:
    """The pairs whose start leads to the goal, and how many were left out as they are one act."""
    those = {one: row for (one, other), row in rows.items() if one == other}
    p = _chances(rows, those, customers)
    in_order = {pair: row for pair, row in rows.items() if _is_in_order(row)}
    apart = {pair: row for pair, row in in_order.items() if row["close"] < CLOSE * row["in_time"]}
    common = {one for one, row in those.items() if row["n"] > NEARLY_ALL * customers}
    led_to = {other for (one, other) in apart if p.get((one, other), 1.0) < CHANCE and one not in common}
    found = {
        (one, other): {**row, "have_start": those[one]["n"], "p_adjusted": p.get((one, other))}
        for (one, other), row in apart.items()
        if (
            those[one]["opens"] * 2 > those[one]["n"] and other in led_to
            if one in common
            else p.get((one, other), 1.0) < CHANCE
        )
    }
    return found, len(in_order) - len(apart)


def _is_in_order(row: Row) -> bool:
    if row["one"] == row["other"] or row["in_time"] < FEWEST:
        return False
    return row["before"] >= EARLIER * row["n"] and float(wilson(row["before"], row["n"]).low) > 0.5


def _chances(rows: Mapping[Pair, Row], those: Mapping[int, Row], customers: int) -> dict[Pair, float]:
    """How often chance alone would make the goal so much more frequent after the start than among the others.

    Corrected for all pairs. Who has the start had less time for the goal: only what follows in time counts.
    """
    pairs = [pair for pair in rows if pair[0] != pair[1] and those[pair[0]]["n"] < customers]
    if not pairs:
        return {}
    n = np.array([those[one]["n"] for one, _ in pairs])
    won = np.array([rows[pair]["in_time"] for pair in pairs])
    others = np.array([those[other]["n"] - rows[one, other]["n"] for one, other in pairs])
    p = p_of_two_rates(won, n, others, customers - n)
    p = np.where(won / n > others / (customers - n), p, 1.0)
    return dict(zip(pairs, map(float, adjusted(p)), strict=True))


def _twins(rows: Mapping[Pair, Row]) -> set[Pair]:
    """Touchpoints that nearly always happen within seconds of each other, and each with itself."""
    return {
        (one, other)
        for (one, other), row in rows.items()
        if one == other or row["close"] + rows[other, one]["close"] >= CLOSE * row["n"]
    }


def _shortlist(pairs: Mapping[Pair, Row], twins: set[Pair], with_money: set[int], most: int) -> list[Pair]:
    """The pairs with most at stake, money first; of one start and of one goal a few, of twins one alone."""

    def stake(pair: Pair) -> float:
        row = pairs[pair]
        return float((row["have_start"] - row["in_time"]) * row["in_time"] / row["have_start"])

    found: list[Pair] = []
    for one, other in sorted(pairs, key=lambda pair: (pair[1] not in with_money, -stake(pair), pair)):
        starts, goals = ([pair[end] for pair in found] for end in (0, 1))
        is_told = any((one, start) in twins and (other, goal) in twins for start, goal in found)
        if len(found) < most and not is_told and starts.count(one) < PER_LABEL > goals.count(other):
            found.append((one, other))
    return found


def _counted(ground: Ground, drafts: Sequence[Definition], value: str) -> list[Row]:
    """How the attempts at each of these journeys stand."""
    if not drafts:
        return []
    params = filters.Params(**ground.bound, now=ground.now, within=ground.within, value=value)
    whose = "1" if ground.chunks == 1 else "cityHash64(customer) % {chunks:UInt32} = 0"
    if ground.members != EVERYBODY:
        whose = f"{whose} and {ground.members.sql}"
    computed = runs.together(drafts, params, whose, resolved=resolved_now())
    goals = filters.any_of([one for draft in drafts for one in draft.steps[-1].match], params)
    sql = question("discovery_journeys.counted", computed=computed, goals=goals)
    rows = {row["journey"]: row for row in ground.events.query(sql, params.values)}
    return [rows.get(place, NOBODY) for place in range(1, len(drafts) + 1)]


NOBODY: Row = {
    **dict.fromkeys(("customers", "succeeded", "dropped", "in_time"), 0),
    "median": 0.0,
    **dict.fromkeys(("told_in", "worth_in"), ((), ())),
}


def _told(start: Touchpoint, goal: Touchpoint, row: Row, pair: Row, value: str) -> dict[str, Any]:
    decided = row["succeeded"] + row["dropped"]
    currency, with_value, worth = _money(row)
    mean = worth / row["succeeded"] if with_value else None
    again = row["dropped"] * row["succeeded"] / decided
    score = again if mean is None else again * mean
    share = row["succeeded"] / decided
    explained = f"{row['dropped']:,} lost × {share:.1%} who succeed = {again:,.1f} goals"
    if mean is not None:
        told_in = f" in {currency}" if currency else ""
        explained += f" × {mean:,.2f}, the mean {value} of a goal{told_in} = {score:,.2f}"
    return {
        "start": start.text,
        "goal": goal.text,
        "start_label": start.label,
        "goal_label": goal.label,
        "attempts": decided + row["in_time"],
        "customers": row["customers"],
        "reached": row["succeeded"],
        "lost": row["dropped"],
        "under_way": row["in_time"],
        "success_rate": rate(row["succeeded"], decided),
        "median_seconds": known(row["median"]),
        "first": rate(pair["before"], pair["n"]),
        "with_value": with_value,
        "currency": currency,
        "mean_value": None if mean is None else round(mean, 6),
        "score": round(score, 6),
        "score_explained": explained,
    }


def _money(row: Row) -> tuple[str, int, float]:
    """The currency in which most goals tell their worth, how many do, and how much that is."""
    told, worth = (dict(zip(*row[name], strict=True)) for name in ("told_in", "worth_in"))
    currency = min(told, key=lambda one: (-told[one], one), default="")
    return currency, int(told.get(currency, 0)), float(worth.get(currency, 0))


def _covering(journeys: Sequence[Definition], start: Touchpoint, goal: Touchpoint) -> list[dict[str, str]]:
    """The journeys that have the start as a step and the goal as a later one."""
    return [
        {"key": one.key, "name": one.name}
        for one in journeys
        if any(
            _is_at(one, k, start) and _is_at(one, later, goal)
            for k in range(len(one.steps))
            for later in range(k + 1, len(one.steps))
        )
    ]


def _is_at(journey: Definition, k: int, one: Touchpoint) -> bool:
    return any(step.covers(one) for step in map(known_by, journey.steps[k].match) if step)


def table(answer: Row) -> Table:
    """A row a candidate."""
    plain = ("start", "goal", "attempts", "customers", "reached", "lost", "under_way")
    head = (
        *plain,
        "success_rate",
        "low",
        "high",
        "median_seconds",
        "mean_value",
        "currency",
        "score",
        "score_explained",
        "covered_by",
    )
    return head, (
        (
            *(one[name] for name in plain),
            *(one["success_rate"][name] for name in ("value", "low", "high")),
            *(one[name] for name in ("median_seconds", "mean_value", "currency", "score", "score_explained")),
            " ".join(journey["key"] for journey in one["covered"]),
        )
        for one in answer["candidates"]
    )
