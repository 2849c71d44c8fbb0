"""Discovery: the ways that customers take between two touchpoints, before there is a journey of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from journeys import filters
from journeys.definition_schema import parse_duration
from journeys.definitions import Definition, parse
from journeys.discovery_cells import other_cell, way_cell
from journeys.funnel import funnel
from journeys.members import EVERYBODY, Members
from journeys.period import Period
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Table, customers_of, spread_of
from journeys.routes import RAW, Routes
from journeys.scope import Scope, drafted
from journeys.statistics import known
from journeys.touchpoints import GONE, Touchpoint, of_type
from store.events import EventStore
from store.projects import Project
from store.words import Spoken, tell

WITHIN = "7d"
DAY_MS = 86_400_000
LONGEST, MOST_LONGEST = 8, 20
MOST_LABELS = 100
MOST_CUSTOMERS = 50_000
LEAST_SHARE = 1e-6  # of customers that may be looked at
UNITS = ("runs", "customers")
MOST_DAYS = 366
UNREACHED = ("not_reached", "under_way")
MEANINGS = {
    "attempts": (
        "From a touchpoint of the start to the first one of the goal after it, within the time that is "
        "allowed. What comes in between belongs to the attempt, also when it is the start again; the next "
        "attempt begins after the goal, or with the first start when the time is up. So they are the runs of "
        "a journey of these two steps."
    ),
    "period": "Attempts count by when they began; what happened afterwards counts too.",
    "reached": "Attempts that came to the goal in time.",
    "not_reached": "Attempts whose time was up before they came to the goal.",
    "under_way": "Attempts that have not come to the goal yet and whose time is not up.",
    "way": (
        "The touchpoints between start and goal, in their order, equal neighbours as one. A way that is "
        "longer than the bound is told by its beginning; `longer` says so."
    ),
    "least": (
        "Touchpoints that fewer of those who reached the goal passed are left out of the ways, and so are "
        f"all but the {MOST_LABELS} that most of them passed; 0 is none."
    ),
    "share": "How many of those who reached the goal took this way, with its 95 % Wilson interval.",
    "cumulative": "The share of it and of all that are more frequent.",
    "median_seconds": "Half of the attempts on this way needed at most so long from start to goal.",
    "other": (
        "All ways that are not shown: how many there are, and how many attempts took them; `ways/other`, "
        "asked with the `cell`, has them."
    ),
    "sampled": "The share of customers that was looked at, chosen at random; numbers are of the sample.",
}


class DiscoveryError(Exception):
    """What is asked cannot be discovered; the message says why."""


@dataclass(frozen=True)
class Between:
    """Attempts to come from `start` to `goal` within a time (ms), of the share `sampled` of `members`.

    They are the runs of `scope`, whose journey has these two steps. `remember` computes what several answers
    need, by name and unit, or knows it already.
    """

    scope: Scope
    start: Touchpoint
    goal: Touchpoint
    within: int
    sampled: float
    members: Members = EVERYBODY
    remember: Callable[[str, str, Callable[[], Any]], Any] = lambda _name, _unit, compute: compute()

    def drafted(self, definition: Definition) -> Scope:
        """The scope of another journey over the same customers and period."""
        scope = self.scope
        drafted = sampled(
            scope.events, scope.project, definition, scope.period, scope.now, self.sampled, self.members
        )
        return replace(drafted, routes=scope.routes)


def between(
    events: EventStore,
    project: Project,
    start: Touchpoint,
    goal: Touchpoint,
    *,
    period: Period,
    now: int,
    within: str = WITHIN,
    routes: Routes = RAW,
    most_customers: int = MOST_CUSTOMERS,
    share: float | None = None,
    members: Members = EVERYBODY,
) -> Between:
    """The attempts of a period from one touchpoint to another; of more customers a sample is taken.

    `within` is written as durations of journeys are; pages are called by their `routes`. `share` is that
    of the sample where it is known, which saves a question. Raises DiscoveryError.
    """
    longest = milliseconds(within)
    definition = parse(two_steps(start, goal, within))
    if share is None:
        params = filters.Params(project=project.id, start=period.start, end=period.end)
        relevant = filters.relevant_of(definition.steps[0].match, params)
        found = events.query(question("discovery.customers", relevant=relevant), params.values)[0]["n"]
        share = 1 / max(1, -(-members.few_of(events, found) // most_customers))
    share = 1 / round(1 / share)  # customers are cut into so many equal parts
    scope = sampled(events, project, definition, period, now, share, members)
    return Between(replace(scope, routes=routes), start, goal, longest, share, members)


def milliseconds(within: str) -> int:
    """How long an attempt may take; raises DiscoveryError."""
    try:
        found = parse_duration(within)
    except ValueError as error:
        raise DiscoveryError(
            tell("the time from start to goal cannot be read: %(error)s", error=error)
        ) from None
    if found > MOST_DAYS * DAY_MS:
        raise DiscoveryError(
            tell("from start to goal at most %(most_days)s days can be allowed", most_days=MOST_DAYS)
        )
    return found


def sampled(
    events: EventStore,
    project: Project,
    definition: Definition,
    period: Period,
    now: int,
    share: float,
    members: Members = EVERYBODY,
) -> Scope:
    """The scope of a draft over a share of the customers, or of members; they are the same for every draft.

    Events that match no step move no run of a draft: they are left out before their customers are looked up.
    """
    params = filters.Params(chunks=round(1 / share), **members.values)
    whose = filters.any_of([one for step in definition.steps for one in step.match], params)
    if share != 1:
        whose = f"({whose}) and cityHash64(customer) % {{chunks:UInt32}} = 0"
    if members != EVERYBODY:
        whose = f"({whose}) and {members.sql}"
    return drafted(events, project, definition, period, whose=whose, now=now, **params.values)


def two_steps(start: Touchpoint, goal: Touchpoint, within: str) -> dict[str, Any]:
    """The journey from one touchpoint to the other, as a definition."""
    name = f"{start.label} to {goal.label}"[:200]
    return {
        "key": re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "draft",
        "name": name,
        "steps": [
            {"key": "start", "name": start.label[:200], "match": [start.matcher]},
            {"key": "goal", "name": goal.label[:200], "match": [goal.matcher]},
        ],
        "idle_timeout": within,
        "window": within,
    }


def ways(
    asked: Between, *, unit: str = "runs", longest: int = LONGEST, least: float = 0.0, most: int = 20
) -> dict[str, Any]:
    """The most frequent ways from start to goal, with share, cumulative share and median time in seconds.

    Conserved: the attempts are those that reached the goal, those that did not, and those under way; those
    that reached it are on the ways that are told or in `other`. Touchpoints that less than the share `least`
    of those who reached the goal passed are left out. `unit` customers takes the furthest attempt of each.
    """
    told = frame(asked, unit)
    found, numbers = told_ways(asked, unit, longest, least, most)
    so_far = 0
    for one in found:
        so_far += one["n"]
        one["cumulative"] = so_far / numbers["reached"]
    other = {
        "n": numbers["reached"] - so_far,
        "ways": numbers["ways"] - len(found),
        "cell": other_cell(most, longest, least),
    }
    return {
        **told,
        "longest": longest,
        "least": least,
        "ways": found,
        "other": other,
        "meanings": Spoken(MEANINGS),
    }


ATTEMPTS = "attempts"  # the cell of all of them


def told_ways(
    asked: Between, unit: str, longest: int, least: float, most: int, *, skipped: int = 0
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The most frequent ways after so many that are skipped.

    And how many attempts `reached` the goal on how many `ways` in all: both are 0 where no way is found.
    """
    rows = asked.scope.events.query(*first_ways(asked, unit, longest, least, most, skipped=skipped))
    named = labels(asked.scope, {one for row in rows for one in row["way"]})
    numbers = {name: int(rows[0][name]) if rows else 0 for name in ("reached", "ways")}
    return [_told(row, [named[one] for one in row["way"]], longest, least) for row in rows], numbers


def _told(row: Mapping[str, Any], way: Sequence[Touchpoint], longest: int, least: float) -> dict[str, Any]:
    return {
        "way": [{"kind": one.kind, "label": one.label} for one in way],
        "longer": bool(row["is_cut"]),
        "n": row["n"],
        "cell": (cell := way_cell(way, bool(row["is_cut"]), longest, least)),
        "customers": row["customers"],
        "cells": {"customers": customers_of(cell)},
        "share": rate(row["n"], row["reached"]),
        "median_seconds": known(row["median"]),
    }


def first_ways(
    asked: Between, unit: str, longest: int, least: float, most: int, *, skipped: int = 0
) -> tuple[str, dict[str, Any]]:
    """SQL of the most frequent ways after so many that are skipped, and what it binds."""
    sql, values = whole(asked, unit, least)
    bound = {**values, "longest": longest, "first_ways": most, "skipped": skipped}
    return question("discovery.ways", whole=sql), bound


def frame(asked: Between, unit: str) -> dict[str, Any]:
    """What was asked, and how the attempts stand."""
    found = asked.remember("funnel", unit, lambda: funnel(asked.scope, unit=unit))
    outcomes = found["outcomes"]
    return {
        "start": asked.start.text,
        "goal": asked.goal.text,
        "within_seconds": asked.within / 1000,
        **{name: found[name] for name in ("unit", "from", "to", "as_of")},
        "sampled": asked.sampled,
        "attempts": found["entered"],
        "customers": found["success_rate"]["customers"],
        "cells": {"customers": customers_of(ATTEMPTS)},
        "reached": outcomes["succeeded"],
        "not_reached": outcomes["dropped"],
        "under_way": outcomes["in_time"],
        "success_rate": {
            **found["success_rate"],
            "cells": {"n": ATTEMPTS, "in_time": "under_way", **spread_of(ATTEMPTS)},
        },
        "seconds_to_goal": found["seconds_to_goal"],
    }


def walked(asked: Between, unit: str) -> tuple[str, dict[str, Any]]:
    """The SQL of each attempt with what it passed, and what it binds."""
    routes = asked.scope.routes
    return asked.scope.ask(
        "discovery.walked",
        unit=unit,
        within=asked.within,
        slots=lambda params: {
            "route": routes.route(params),
            "held": "materialized" if asked.scope.events.embedded else "",  # drafted runs are dear
        },
    )


def whole(asked: Between, unit: str, least: float) -> tuple[str, dict[str, Any]]:
    """The SQL of each attempt with its `whole` way without what is rarer than `least`, and what it binds."""
    sql, values = walked(asked, unit)
    rows = passed(asked, unit) if least else []
    kept = [row["label"] for row in rows[1:] if row["reached"] >= least * rows[0]["reached"]]
    return question("discovery.whole", walked=sql), {**values, "is_all": int(not least), "kept": kept}


def passed(asked: Between, unit: str) -> list[dict[str, Any]]:
    """How many attempts of each outcome there are, then how many passed each of the touchpoints of most."""

    def compute() -> list[dict[str, Any]]:
        sql, bound = walked(asked, unit)
        values = {**bound, "most": MOST_LABELS}
        return asked.scope.events.query(question("discovery.passed", walked=sql), values)

    found: list[dict[str, Any]] = asked.remember("passed", unit, compute)
    return found


def labels(scope: Scope, hashes: Collection[int]) -> Mapping[int, Touchpoint]:
    """The touchpoints of these hashes."""
    if not hashes:
        return {}
    params = filters.Params(project=scope.project.id, start=scope.period.start, hashes=sorted(hashes))
    sql = question("discovery.labels", route=scope.routes.route(params))
    rows = scope.events.query(sql, params.values)
    found = {row["hash"]: of_type(row["kind"], row["label"]) for row in rows}
    return dict.fromkeys(hashes, Touchpoint("type", GONE)) | found


def table(answer: Mapping[str, Any]) -> Table:
    """A row a way, then all others together, then those that did not reach the goal."""
    head = ("way", "longer", "attempts", "customers", "share", "low", "high", "cumulative", "median_seconds")
    rows: list[tuple[Any, ...]] = [
        (
            " > ".join(one["label"] for one in way["way"]),
            way["longer"],
            way["n"],
            way["customers"],
            *(way["share"][name] for name in ("value", "low", "high")),
            way["cumulative"],
            way["median_seconds"],
        )
        for way in answer["ways"]
    ]
    rest = (("(other)", answer["other"]["n"]), *((f"({name})", answer[name]) for name in UNREACHED))
    return head, [*rows, *((name, "", n, *[""] * 6) for name, n in rest)]
