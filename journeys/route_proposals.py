"""Proposes route templates from the paths really seen, and says what a list of them would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys.filters import Params
from journeys.period import Period, iso
from journeys.questions import question
from journeys.route_templates import KINDS, LONGEST, problem_of, stands_for, whole
from journeys.routes import Routes
from store.events import EventStore

LEAST = 30  # different texts below one prefix are taken for names of things
FEW = 3  # paths make a template
DEEPEST = 12  # places of a path that is looked at
MOST = 50
MOST_PREFIXES = 100
ROUNDS = 4  # of naming texts below texts
Row = Mapping[str, Any]


def proposals(
    events: EventStore,
    project_id: int,
    period: Period,
    routes: Routes,
    *,
    asked: Sequence[str] = (),
    least: int = LEAST,
    most: int = MOST,
) -> dict[str, Any]:
    """Templates for the pages of a period that none of `routes` stands for, the most viewed first.

    Each says for how many views of how many paths it would stand, the busiest of these, and which of the
    paths that journeys have `asked` for are among them. `least` different texts below one prefix become
    `:slug`. Of the `views` of the period `looked_at` are those of the `paths` that
    memory allows for.
    """
    params = Params(project=project_id, start=period.start, end=period.end)
    which = f"empty({routes.places(params)})" if routes.templates else "1"
    paths = question("route_proposals.paths", which=which)
    counts = _looked_at(events, paths, which, params)
    templates = _templates(events, paths, params, least, most)
    found = _covered(events, paths, Routes(templates), params)
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        **counts,
        "proposals": [
            {**one, "asked_for": [path for path in asked if stands_for(one["template"], path)]}
            for one in sorted(found, key=lambda one: (-one["views"], one["template"]))
        ],
    }


def preview(
    events: EventStore, project_id: int, period: Period, before: Routes, after: Routes
) -> dict[str, Any]:
    """What pages of a period would be called by other routes: how many views of which names change.

    `templates` are those of `after` in their order, each with the views that it would take; `changes` are
    the names that pages would get, each with the names that go into it. `names` are how many there are.
    """
    params = Params(project=project_id, start=period.start, end=period.end, most=MOST)
    paths = question("route_proposals.paths", which="1")
    slots = {"paths": paths, "before": before.route(params), "after": after.route(params)}
    counted = events.query(question("route_proposals.counted", **slots), params.values)[0]
    rows = events.query(question("route_proposals.changed", **slots), params.values)
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        **_looked_at(events, paths, "1", params),
        "names": {"before": counted["before"], "after": counted["after"]},
        "changed": counted["changed"],
        "templates": _covered(events, paths, after, params, first=True),
        "changes": [
            {**{name: row[name] for name in ("route", "views", "names")}, "busiest": _busiest(row, "route")}
            for row in rows
        ],
    }


def _looked_at(events: EventStore, paths: str, which: str, params: Params) -> dict[str, Any]:
    return events.query(question("route_proposals.looked_at", paths=paths, which=which), params.values)[0]


def _templates(events: EventStore, paths: str, params: Params, least: int, most: int) -> tuple[str, ...]:
    """The templates that the paths make, once it is known where texts are variables."""
    walked = question("route_proposals.walked", paths=paths)
    kinds = {name: whole(KINDS[f":{name}"]) for name in ("uuid", "date", "id")}
    values = {**params.values, **kinds, "deepest": DEEPEST, "longest": LONGEST, "few": FEW, "least": least}
    known: dict[str, list[str]] = {"slugs": [], "texts": []}
    for _ in range(ROUNDS):
        sql = question("route_proposals.holding", walked=walked)
        rows = events.query(sql, {**values, **known, "most": MOST_PREFIXES})
        holding = _holding(rows)
        if holding == known:
            break
        known = holding
    rows = events.query(question("route_proposals.named", walked=walked), {**values, **known, "most": most})
    return tuple(row["template"] for row in rows if not problem_of(row["template"]))


def _holding(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The prefixes below which text is a variable, without those that another one stands for.

    Where more ids than texts stand below a prefix, both get a template of their own.
    """
    prefixes = {row["prefix"] for row in rows}
    left = [row for row in rows if not _is_special(row["prefix"], prefixes)]
    return {
        "slugs": sorted(row["prefix"] for row in left if row["variables"] <= row["texts"]),
        "texts": sorted(row["prefix"] for row in left if row["variables"] > row["texts"]),
    }


def _is_special(prefix: str, prefixes: set[str]) -> bool:
    parent, _, place = prefix.rpartition("/")
    return place != ":slug" and f"{parent}/:slug" in prefixes


def _covered(
    events: EventStore, paths: str, routes: Routes, params: Params, *, first: bool = False
) -> list[dict[str, Any]]:
    """What each template stands for by itself, or with `first` where none before it does."""
    if not routes.templates:
        return []
    bound = Params(**params.values)
    numbers = f"[{routes.place(bound)}]" if first else routes.places(bound)
    rows = events.query(question("route_proposals.covered", paths=paths, numbers=numbers), bound.values)
    found = {row["number"]: row for row in rows}
    return [
        {
            "template": template,
            "views": found[at]["views"] if at in found else 0,
            "paths": found[at]["paths"] if at in found else 0,
            "busiest": _busiest(found[at], "path") if at in found else [],
        }
        for at, template in enumerate(routes.templates, 1)
    ]


def _busiest(row: Row, name: str) -> list[dict[str, Any]]:
    return [{name: one, "views": views} for one, views in row["busiest"]]
