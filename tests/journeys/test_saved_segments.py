"""Every report of a saved segment tells the numbers of exactly the customers who belong to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from journeys.breakdown_report import BREAKDOWN
from journeys.companions import COMPANIONS
from journeys.filling import fill
from journeys.funnel_report import FUNNEL
from journeys.generations import Wanted, ensured
from journeys.lists import listed
from journeys.membership import Saved
from journeys.report import Report
from journeys.reports import REPORTS
from journeys.scope import Scope
from journeys.sessions import fill as count_sessions
from journeys.zero import OF_CUSTOMERS
from store.event import Event
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.rules import ProjectRules
from tests.journeys.test_frame import DEFINITION, NOW, PROJECT, START, Period, cells, history

SAVED = Saved(
    {
        plan: {"key": plan, "name": plan, "all": [{"trait": "plan", "op": "eq", "value": plan}]}
        for plan in ("pro", "free")
    },
    {},
)
SEGMENT = {"name": "pro", "not": "free"}
PERIODS = {"before_from": "2025-09-20", "before_to": "2025-10-09"}
ASKED = {
    "compare": {"segments": "device:mobile;device:desktop"},
    "breakdown": {"by": "property:size", "at": "try"},
    "dropoffs": {"value": "amount"},
    "attribution": {"value": "amount"},
    **{one.name: PERIODS for one in COMPANIONS.values()},
}
# An account's furthest run is chosen among those of all its members, and belongs to the segment or does not.
CASES = [
    *((report, report.units[0]) for report in REPORTS),
    *((report, "customers") for report in (FUNNEL, BREAKDOWN)),
]


def opened(events: EventStore, rows: list[Event]) -> Scope:
    migrate_events(events)
    events.insert(rows, token="t")
    version = JourneyVersion(1, 1, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    count_sessions(events, ensured(events, 1, Wanted(ProjectRules(), ()))[-1])
    return Scope(
        events, PROJECT, version, DEFINITION, Period(START + 3 * 86_400_000, NOW), {}, NOW, saved=SAVED
    )


@pytest.fixture(scope="module")
def both(shared_events: EventStore) -> Iterator[tuple[Scope, Scope]]:
    """The segment of all customers, and a store in which there is nobody else."""
    rows = history(4)
    pro = {row.user_id for row in rows if json.loads(row.traits).get("plan") == "pro"}
    alone = [row for row in rows if row.user_id in pro]
    assert 0 < len(pro) < len({row.user_id for row in rows})
    stores = [shared_events.sibling(f"t_saved_{name}") for name in ("all", "pro")]
    of_all, of_pro = (opened(store, some) for store, some in zip(stores, (rows, alone), strict=True))
    yield replace(of_all, segment=SEGMENT), of_pro
    for store in stores:
        store.command(f"drop database {store.database}")
        store.close()


def told(answer: Any) -> Any:
    """An answer without the names of its lists and of the segment, and without what is of everyone."""
    if isinstance(answer, list):
        return [told(one) for one in answer]
    if not isinstance(answer, dict):
        return pytest.approx(answer) if isinstance(answer, float) else answer
    without = {"cell", "cells", "segment", "text", "looks_inside"}
    if "text" in answer or "came_rate" in answer:
        without |= {"name"}
    if "raw_matches" in answer:  # a segment is of runs, so touchpoints are those of everyone
        without |= {*OF_CUSTOMERS, "of_customers", "without_conditions", "similar", "why"}
    return {name: told(one) for name, one in answer.items() if name not in without}


@pytest.fixture(scope="module")
def theirs(both: tuple[Scope, Scope]) -> set[str]:
    """The customers of the segment who have runs, at any time."""
    alone = replace(both[1], period=Period(0, NOW))
    return {row["customer"] for row in listed(alone, most=1_000)["runs"]}


@pytest.mark.parametrize(("report", "unit"), CASES, ids=lambda one: getattr(one, "name", one))
def test_a_report_of_a_segment_is_that_of_its_customers_alone(
    both: tuple[Scope, Scope], theirs: set[str], report: Report, unit: str
) -> None:
    of_segment, arguments = both[0], report.arguments(ASKED.get(report.name, {}))
    answer, expected = (report.ask(scope, arguments, unit=unit) for scope in both)
    assert told(answer) == told(expected)
    assert report.behind
    some = [one for one in cells(answer) if one[1]]
    for cell, n in (some[0], some[-1]):
        rows = listed(of_segment, which=report.behind(of_segment, cell), unit=unit, most=1_000)
        assert rows["total"] == n
        assert {row["customer"] for row in rows["runs"]} <= theirs
