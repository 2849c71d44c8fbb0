"""The life of customers: new, back at once, back after a pause, away; and how many of a cohort stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from journeys import customers, resolution
from journeys.cohorts import ALL, HEAD, Parts, followed, later, parts, rows
from journeys.cursors import ListError, Number, read, written
from journeys.lists import ALL as ALL_ROWS
from journeys.lists import in_blocks
from journeys.members import EVERYBODY, Members
from journeys.period import BEGINNING_OF_TIME, Period, iso
from journeys.questions import question
from journeys.report import Table
from journeys.sessions import ENGAGEMENT
from store.events import EventStore
from store.identity import Ledger
from store.projects import Project
from store.words import Spoken, marked, tell

# A customer's `places` are the numbers of the parts in which it was active, from 1, in order.
STATES = {
    "active": (marked("Customers who were active, %(part)s"), "has(places, {place:UInt32})"),
    "new": (marked("Customers who were new, %(part)s"), "places[1] = {place:UInt32}"),
    "returning": (
        marked("Customers who returned, %(part)s"),
        "has(places, {place:UInt32}) and has(places, {place:UInt32} - 1)",
    ),
    "resurrected": (
        marked("Customers who came back after a pause, %(part)s"),
        "has(places, {place:UInt32}) and not has(places, {place:UInt32} - 1) and places[1] < {place:UInt32}",
    ),
    "dormant": (
        marked("Customers who stayed away, %(part)s"),
        "has(places, {place:UInt32} - 1) and not has(places, {place:UInt32})",
    ),
}
COHORT = "places[1] = {place:UInt32} and ({later:UInt32} = 0 or has(places, {later:UInt32}))"
OF_ALL = (
    "places[1] between {place:UInt32} and {last:UInt32}"
    " and places[1] + {later:UInt32} < length({edges:Array(Int64)})"
    " and has(places, places[1] + {later:UInt32})"
)
MEANINGS = {
    "active": (
        "Customers who did anything in the part of time: a page, a screen or an event, robots left out. It "
        "is the sum of new, returning and resurrected."
    ),
    "new": "Active customers of whom nothing earlier is kept.",
    "returning": "Active customers who were active in the part of time right before as well.",
    "resurrected": "Active customers who were not active in the part of time right before, but earlier.",
    "dormant": (
        "Customers active in the part of time right before, and not in this one: those active before less "
        "those returning. While the part is running nobody is called dormant, as they may still come."
    ),
    "awaited": "Customers active in the part right before who have not come yet, while this part is running.",
    "retention": (
        "Of the customers whose first touchpoint lies in one part of time, those who did anything in each "
        "part since, with a 95 % Wilson interval."
    ),
    "running": (
        "The part of time is not over: its numbers may still grow, and count in no rate, neither as kept nor "
        "as lost."
    ),
}


class Place(NamedTuple):
    """Where a list of customers goes on: after this one."""

    customer: Number


@dataclass(frozen=True)
class Life:
    """What is asked about the customers of a project, or some `members`: a period, and its parts.

    Parts are whole: those that the period cuts are looked at from their beginning to their end.
    """

    events: EventStore
    project: Project
    period: Period
    time: Parts
    now: int
    members: Members = EVERYBODY

    def ask(self, name: str, *, which: str = "", **values: Any) -> list[dict[str, Any]]:
        """The rows of a question about customers and the places in which they were active."""
        return self.events.query(*self.asking(name, which, values)) if self.time.edges else []

    def asking(self, name: str, which: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """SQL of it, and all that it binds."""
        active = question("retention.active", resolved=resolution.resolved_now())
        placed = question("lifecycle.placed", active=active, members=self.members.sql)
        bound = {
            "project": self.project.id,
            "edges": self._edges(),
            "engagement": ENGAGEMENT,
            "now": self.now,
            **self.members.values,
        }
        return question(name, placed=placed, which=which), {**bound, **values}

    def _edges(self) -> list[int]:
        """Those of the parts; before them that of the part before, and one for all that is earlier."""
        first = self.time.edges[0]
        before = parts(self.time.by, first - 1, first - 1, self.project.zone)
        return [BEGINNING_OF_TIME, *before.edges, *self.time.edges]

    def place(self, part: int) -> int:
        """The number by which the store knows a part: two come before the first."""
        return part + 3


def open_life(
    events: EventStore,
    project: Project,
    period: Period,
    *,
    by: str = "",
    now: int,
    members: Members = EVERYBODY,
) -> Life:
    """The question about a period until now, by day, week or month; raises PeriodError."""
    return Life(events, project, period, parts(by, period.start, now, project.zone), now, members)


def lifecycle(life: Life) -> dict[str, Any]:
    """How many customers were new, returning, resurrected and dormant in each part of the time."""
    time, found = life.time, {(r["place"], r["state"]): r["n"] for r in life.ask("lifecycle.counted")}
    told = []
    for part, edge in enumerate(time.edges):
        if edge >= life.period.end:
            break
        is_running, place = not time.is_over(part), life.place(part)
        counts = {
            state: found.get((place, state), 0) for state in ("new", "returning", "resurrected", "dormant")
        }
        away = counts.pop("dormant")
        told.append(
            {
                "from": iso(edge),
                "running": is_running,
                "active": sum(counts.values()),
                **counts,
                "dormant": None if is_running else away,
                "awaited": away if is_running else None,
                "active_before": counts["returning"] + away,
                "cells": {state: f"{state}:{time.by}:{iso(edge)}" for state in STATES},
            }
        )
    return {**_frame(life), "parts": told, "meanings": Spoken(MEANINGS)}


def first_seen(life: Life) -> dict[str, Any]:
    """Customers by the part of time of their first touchpoint, and those active in each part since."""
    edges = {life.place(part): edge for part, edge in enumerate(life.time.edges)}
    counts = {
        (edges[row["cohort"]], edges.get(row["place"], ALL)): row["n"]
        for row in life.ask("lifecycle.kept", all=ALL)
        if row["cohort"] in edges and edges[row["cohort"]] < life.period.end
    }

    def cell(edge: int, part: int) -> str:
        whose = "all" if edge == ALL else edge
        return f"cohort:{life.time.by}:{whose}" + ("" if part == ALL else f":{part}")

    whole = Period(life.time.edges[0], life.time.end(_last(life))) if life.time.edges else life.period
    return {**_frame(life), **followed(life.time, counts, whole, cell), "meanings": Spoken(MEANINGS)}


def _last(life: Life) -> int:
    """The last part that the period touches."""
    return max(part for part, edge in enumerate(life.time.edges) if part == 0 or edge < life.period.end)


def _frame(life: Life) -> dict[str, Any]:
    return {
        "by": life.time.by,
        "zone": life.project.zone.key,
        "from": iso(life.period.start),
        "to": iso(life.period.end),
        "as_of": iso(life.now),
    }


def listed(
    life: Life, ledger: Ledger, cell: str, *, cursor: str | None = None, most: int = 50
) -> dict[str, Any]:
    """The customers behind a number: exactly as many as it says. Raises ListError.

    A cell is that beside the number, or `new:week:<from>` and so on for the states of a part of time.
    """
    which, values, title = _behind(life, cell)
    after = read(cursor, Place).customer if cursor else 0
    found = life.ask("lifecycle.listed", which=which, after=after, most=most + 1, **values)
    shown = [row["customer"] for row in found[:most]]
    return {
        "title": title,
        "total": found[0]["total"] if found else 0,
        "customers": customers.described(life.events, ledger, life.project.id, shown),
        "next": written(Place(shown[-1])) if len(found) > most else None,
    }


def everyone(life: Life, ledger: Ledger, cell: str) -> Iterator[dict[str, Any]]:
    """All customers behind a number, in one pass. Raises ListError."""
    which, values, _ = _behind(life, cell)
    asked = life.asking("lifecycle.listed", which, {**values, "after": 0, "most": ALL_ROWS})
    for block in in_blocks(life.events.stream(*asked), customers.AT_ONCE):
        some = [row["customer"] for row in block]
        yield from customers.described(life.events, ledger, life.project.id, some)


def _behind(life: Life, cell: str) -> tuple[str, dict[str, int], str]:
    kind, _, rest = cell.partition(":")
    by, _, rest = rest.partition(":")
    if kind not in (*STATES, "cohort") or by != life.time.by:
        raise ListError(
            tell(
                "%(cell)s is no cell of these customers; take one from an answer with the same `by`",
                cell=repr(cell),
            )
        )
    if kind != "cohort":
        part = next((part for part, edge in enumerate(life.time.edges) if iso(edge) == rest), None)
        if part is None:
            raise ListError(tell("the cell names no part of this time; take one from an answer"))
        is_awaited = kind == "dormant" and not life.time.is_over(part)
        who = marked("Customers who have not come yet, %(part)s") if is_awaited else STATES[kind][0]
        return STATES[kind][1], {"place": life.place(part)}, tell(who, part=_named(life, part))
    if rest.startswith("all:"):
        return _of_all(life, life.time.distance(rest.removeprefix("all:")))
    first, *others = life.time.places(*rest.split(":", 1))
    bound = {"place": life.place(first), "later": life.place(others[0]) if others else 0}
    if not others:
        return COHORT, bound, tell("Customers first seen, %(part)s", part=_named(life, first))
    title = tell(
        "Customers first seen, %(part)s, and active %(later)s",
        part=_named(life, first),
        later=later(by, others[0] - first),
    )
    return COHORT, bound, title


def _of_all(life: Life, after: int) -> tuple[str, dict[str, int], str]:
    """Those of all cohorts that were active so many parts later, where that part is over."""
    bound = {"place": life.place(0), "last": life.place(_last(life)), "later": after}
    title = tell("Customers first seen in the period and active %(later)s", later=later(life.time.by, after))
    return OF_ALL, bound, title


def _named(life: Life, part: int) -> str:
    """A part of time in words, such as `week of 2026-03-02`."""
    day = datetime.fromtimestamp(life.time.edges[part] / 1000, life.project.zone).date().isoformat()
    return {"day": day, "week": tell("week of %(day)s", day=day), "month": day[:7]}[life.time.by]


def lifecycle_table(answer: dict[str, Any]) -> Table:
    """A row a part of time."""
    names = (
        "from",
        "running",
        "active",
        "new",
        "returning",
        "resurrected",
        "dormant",
        "awaited",
        "active_before",
    )
    return names, ([one[name] for name in names] for one in answer["parts"])


def retention_table(answer: dict[str, Any]) -> Table:
    """A row a cell."""
    return HEAD, rows("active after the first touchpoint", answer)
