"""The lists behind the numbers of a world, and what is asked of all its events, for any event store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from admin.all_events import AllEvents, Ends
from admin.segment_sizes import size_of
from journeys import (
    breakdown,
    change,
    change_lists,
    dropoffs,
    explored,
    lifecycle,
    paths,
    paths_lists,
    variants,
    zero_lists,
)
from journeys.answers import Answers
from journeys.cursors import written
from journeys.lists import listed, total
from journeys.period import Period
from journeys.report import EACH, Report
from journeys.reports import BY_NAME, REPORTS
from journeys.route_proposals import preview, proposals
from journeys.routes import Routes
from journeys.scope import open_scope
from journeys.segment_definitions import parse_segment
from journeys.touchpoints import read
from journeys.zero import OF_CUSTOMERS, SIMILAR_NAME, WITHOUT_CONDITIONS, Cell
from store.journeys import live_journeys
from tests.journeys.test_frame import cells
from tests.journeys.world import NOW, PERIOD, SEGMENT, VARIED, World

Asked = tuple[str, Callable[[], Any]]
# Reports whose lists look for customers and numbers within what they ask.
NESTED: tuple[tuple[str, dict[str, str]], ...] = (
    *((name, {}) for name in ("attribution", "paths", "breakdown", "survival", "signals", "retention")),
    ("dropoffs", {"step": "cart"}),
)
ENDS = Ends(read("/shop"), read("Paid"), within="10d")
MOST = 1_000


def lists(world: World, *, some: int | None = None) -> Iterator[Asked]:
    """The lists behind the numbers of every report; with `some`, of so many of each that nest."""
    every = (*((one.name, {}) for one in REPORTS), *VARIED)
    for name, arguments in every if some is None else NESTED:
        yield from _behind(world, BY_NAME[name], arguments, some)
    for each in EACH:
        yield _list(world, BY_NAME["funnel"], f"{each}entered", "of customers")


def _behind(world: World, report: Report, arguments: dict[str, str], some: int | None) -> Iterator[Asked]:
    answer = world.answer(report.name, arguments, report.units[0])
    found = sorted({cell for cell, n in cells(answer) if n})
    if some is not None:
        found = random.Random(report.name).sample(found, min(some, len(found)))
    for cell in found:
        yield _list(world, report, cell, str(arguments))


def _list(world: World, report: Report, cell: str, said: str) -> Asked:
    def ask() -> Any:
        assert report.behind
        which = report.behind(world.scope, cell)
        return listed(world.scope, which=which, most=MOST), total(world.scope, which)

    return f"list of {report.name} {said} {cell}", ask


def of_all_events(world: World, *, some: int | None = None) -> Iterator[Asked]:
    """Discover, Explore, the customers of an empty step, route proposals, and who belongs to segments."""
    yield from _of_discovery(world, some)
    yield from _of_exploration(world, some)
    yield from _of_other(world)
    yield from _of_zero(world, some)
    yield from _of_lifecycle(world, some)
    yield from _of_paths(world, some)
    yield from _of_variants(world)
    yield from _of_dropoffs(world, some)
    yield from _of_values(world, some)
    project, scope = world.project.id, world.scope
    yield "proposed routes", lambda: proposals(world.events, project, PERIOD, Routes(()), least=2)
    after = Routes(("/help/:id",))
    yield "previewed routes", lambda: preview(world.events, project, PERIOD, Routes(()), after)
    yield "size of a segment", lambda: size_of(scope, parse_segment(SEGMENT).key)


def _all(world: World) -> AllEvents:
    live = tuple(live_journeys(world.engine, world.project.id))
    return AllEvents(world.events, world.project, PERIOD, NOW, Routes(()), live, Answers())


def _of_discovery(world: World, some: int | None) -> Iterator[Asked]:
    events = _all(world)
    yield "journeys worth managing", lambda: events.journeys("10d", "amount")
    yield "ways", lambda: events.ways(ENDS, longest=5, least=0.0, most=20)
    yield "steps", lambda: events.steps(ENDS)
    found = {"ways": events.ways(ENDS, longest=5, least=0.0, most=20), "steps": events.steps(ENDS)}
    behind = sorted(_cells(found))
    for cell in ("attempts", "reached", "under_way", *islice(behind, some)):
        yield f"attempts {cell}", lambda cell=cell: events.attempts(ENDS, cell, most=MOST)


def _cells(answer: Any) -> Iterator[str]:
    """Whatever an answer calls a cell, in a list of its own or under another name."""
    if isinstance(answer, list):
        for one in answer:
            yield from _cells(one)
    elif isinstance(answer, dict):
        for name, one in answer.items():
            if name == "cells":
                yield from one.values()
            elif name.startswith("cell") and isinstance(one, str):
                yield one
            else:
                yield from _cells(one)


def _of_exploration(world: World, some: int | None) -> Iterator[Asked]:
    events, start = _all(world), read("/shop")
    for direction in explored.DIRECTIONS:
        asked = explored.Asked("/shop", direction, "visits", "1d", 3)
        yield f"explored {direction}", lambda asked=asked: events.paths(start, asked)
        for cell in islice(sorted(_cells(events.paths(start, asked))), some):
            yield (
                f"visits {direction} {cell}",
                lambda asked=asked, cell=cell: events.visits(start, asked, cell, most=MOST),
            )


def _of_other(world: World) -> Iterator[Asked]:
    """What is together in the places called Other of Explore and Discover, where few stand alone."""
    events, start = _all(world), read("/shop")
    asked = explored.Asked("/shop", "after", "visits", "1d", 3, most=1)
    others = [one["cell"] for one in events.paths(start, asked)["nodes"] if one["kind"] == "other"]
    assert others
    for cell in others:
        yield f"labels of {cell}", lambda cell=cell: events.labels(start, asked, cell, most=MOST)
    other = events.ways(ENDS, longest=5, least=0.0, most=1)["other"]
    assert other["ways"]
    yield "other ways", lambda: events.other_ways(ENDS, other["cell"], most=MOST)


def _of_zero(world: World, some: int | None) -> Iterator[Asked]:
    period = {"start": "2026-03-01", "end": "2026-04-25", "now": NOW}
    for key in ("buy", "together"):
        scope = open_scope(world.engine, world.events, world.project, key, **period)
        behind = [written(Cell(number, step.key)) for step in scope.rule.steps for number in OF_CUSTOMERS]
        named = [written(Cell(WITHOUT_CONDITIONS, "cart")), written(Cell(SIMILAR_NAME, "cart", "Ask"))]
        for cell in (*named, *islice(behind, some)):
            yield (
                f"customers of zero {key} {cell}",
                lambda scope=scope, cell=cell: zero_lists.listed(scope, world.ledger, cell, most=MOST),
            )


def _of_paths(world: World, some: int | None) -> Iterator[Asked]:
    """The labels that are together in the places called Other, where few stand alone."""
    asked = paths.Asked(most=2)
    answer = paths_lists.with_cells(paths.paths(world.scope, **vars(asked)), asked)
    others = [one["cell"] for one in answer["nodes"] if one["kind"] == "other"]
    assert others
    for cell in islice(others, some):
        yield f"labels of {cell}", lambda cell=cell: paths_lists.labels(world.scope, cell, most=MOST)


def _of_variants(world: World) -> Iterator[Asked]:
    """The ways that are together in Other, where few are shown."""
    other = variants.variants(world.scope, most=1)["other"]
    assert other["ways"]
    yield "other variants", lambda: variants.other_ways(world.scope, other["cell"], most=MOST)


def _of_dropoffs(world: World, some: int | None) -> Iterator[Asked]:
    """The labels and values that are together in Other, where one of each stands alone."""
    answer = dropoffs.dropoffs(world.scope, step="cart", most=1)
    parts = ("next", "page:left:", "error:left:", "slow:left:", "origin:left:")
    others = sorted(cell for cell, _ in cells(answer) if cell.startswith(parts) and ":other:" in cell)
    assert others
    for cell in islice(others, some):
        yield f"labels of {cell}", lambda cell=cell: dropoffs.other_labels(world.scope, cell, most=MOST)


def _of_values(world: World, some: int | None) -> Iterator[Asked]:
    """The values that are together in Other of a breakdown and of a change, where one stands alone."""
    groups = breakdown.breakdown(world.scope, "channel", most=1)["groups"]
    others = [cell for cell, _ in cells([one for one in groups if one["kind"] == "other"])]
    assert others
    for cell in islice(others, some):
        yield f"values of {cell}", lambda cell=cell: breakdown.other_values(world.scope, cell, most=MOST)
    later = replace(world.scope, period=Period((PERIOD.start + PERIOD.end) // 2, PERIOD.end))
    groups = [one for by in change.change(later, most=1)["dimensions"] for one in by["groups"]]
    others = [cell for cell, _ in cells([one for one in groups if one["kind"] == "other"])]
    assert others
    for cell in islice(others, some):
        yield f"values of {cell}", lambda cell=cell: change_lists.other_values(later, cell, most=MOST)


def _of_lifecycle(world: World, some: int | None) -> Iterator[Asked]:
    life = lifecycle.open_life(world.events, world.project, PERIOD, by="week", now=NOW)
    answers = [lifecycle.lifecycle(life), lifecycle.first_seen(life)]
    for cell in islice(sorted(_cells(answers)), some):
        yield (
            f"customers of {cell}",
            lambda cell=cell: lifecycle.listed(life, world.ledger, cell, most=MOST),
        )
