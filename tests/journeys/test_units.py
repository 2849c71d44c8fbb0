"""By customers and accounts one run of each counts, which the rule names; segments add up to the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.lists import listed
from journeys.period import Period, iso
from journeys.runs import stored
from journeys.scope import Scope
from journeys.segments import choices
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.projects import Project
from tests.journeys.test_runs_rule import (
    EXAMPLES,
    definitions,
    expected,
    histories,
    ignore_progress,
    numbers,
    rows,
    version_of,
)
from tests.oracle import Run, counted, outcome_at

BEGAN = 1_700_000_000_000
MEMBERS = {"acme": (1, 2), "globex": (2, 3)}
History = list[tuple[int, int, int, str, str]]


def opened(events: EventStore, definition: dict[str, Any], written: list[Event], now: int) -> Scope:
    """These events, every second one from a phone, and the accounts of their customers."""
    project = written[0].project
    for n, event in enumerate(written):
        event.device = ("mobile", "desktop")[n % 2]
    events.insert([*written, *grouped(project)], token=f"p{project}")
    version = version_of(definition, project)
    fill(events, version, progress=ignore_progress)
    period = Period(BEGAN, BEGAN + 100_000)
    return Scope(events, Project(project, "p", "P", "UTC"), version, parse(definition), period, {}, now)


def grouped(project: int) -> list[Event]:
    return [
        Event(
            project=project,
            event_id=event_id(f"{project}-{account}-{who}"),
            message_id=f"{project}-{account}-{who}",
            type="group",
            timestamp=BEGAN,
            received_at=BEGAN,
            user_id=str(who),
            identity=identity_hash("user", str(who)),
            group_id=account,
        )
        for account, members in MEMBERS.items()
        for who in members
    ]


def told(scope: Scope, unit: str) -> Counter[tuple[str, ...]]:
    found = listed(scope, unit=unit, most=1_000)["runs"]
    names = ("account", "customer", "start", "case", "outcome")
    return Counter(tuple(run[name] for name in names) for run in found)


def said(scope: Scope, chosen: Iterable[tuple[str, int, Run]]) -> Counter[tuple[str, ...]]:
    return Counter(
        (account, str(who), iso(run.start), run.case, outcome_at(scope.rule, run, scope.now))
        for account, who, run in chosen
    )


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), histories(), st.integers(0, 30))
def test_the_run_that_counts_is_the_one_of_the_rule(
    events: EventStore, definition: dict[str, Any], history: History, late: int
) -> None:
    written = rows(history, next(numbers))
    scope = opened(events, definition, written, BEGAN + late * 500)
    ever = expected(scope.rule, written)
    begun = {who: [run for run in runs if run.start <= scope.now] for who, runs in ever.items()}
    found = {who: runs for who, runs in begun.items() if runs}
    own = [("", who, counted(scope.rule, runs, scope.now)) for who, runs in found.items()]
    assert told(scope, "customers") == said(scope, own)

    theirs = []
    for account, members in MEMBERS.items():
        hashes = sorted(identity_hash("user", str(one)) for one in members)
        runs = [(run, who) for who in hashes for run in found.get(who, [])]
        if runs:
            best = counted(scope.rule, [run for run, _ in runs], scope.now)
            theirs.append((account, next(who for run, who in runs if run is best), best))
    assert told(scope, "accounts") == said(scope, theirs)

    for some in (scope, replace(scope, period=Period(BEGAN + 1_000, BEGAN + 10_000))):
        assert funnel(some) == funnel(replace(some, source=stored())), "customers as rows, and put together"

    for unit in ("runs", "customers", "accounts"):
        entered = funnel(scope, unit=unit)["entered"]
        parts = [
            (funnel(replace(scope, segment={"device": one["value"]}), unit=unit)["entered"], one["n"])
            for one in choices(scope, unit=unit)["device"]
        ]
        assert sum(n for n, _ in parts) == entered, unit
        assert all(n == offered for n, offered in parts), unit


def test_who_has_begun_again_is_not_lost(events: EventStore) -> None:
    steps = [{"key": name, "name": name, "match": [{"event": name}]} for name in "abc"]
    definition = {"key": "j", "name": "J", "steps": steps, "idle_timeout": "3s"}
    history = [
        (1, BEGAN + at, 0, name, "") for at, name in ((0, "a"), (500, "b"), (9_000, "a"), (9_500, "b"))
    ]
    scope = opened(events, definition, rows(history, next(numbers)), BEGAN + 10_000)
    assert funnel(scope)["outcomes"] == {"succeeded": 0, "failed": 0, "dropped": 1, "in_time": 1}
    for unit in ("customers", "accounts"):
        assert funnel(scope, unit=unit)["outcomes"] == {
            "succeeded": 0,
            "failed": 0,
            "dropped": 0,
            "in_time": 1,
        }
    later = replace(scope, now=BEGAN + 90_000)
    assert listed(later, unit="customers")["runs"][0]["start"] == iso(BEGAN), "of ended ones the earliest"


@pytest.mark.parametrize("unit", ["customers", "accounts"])
def test_a_customer_with_runs_from_two_devices_stands_in_one_segment(events: EventStore, unit: str) -> None:
    steps = [{"key": name, "name": name, "match": [{"event": name}]} for name in "ab"]
    definition = {"key": "j", "name": "J", "steps": steps, "idle_timeout": "1s"}
    history = [(1, BEGAN + at, 0, name, "") for at, name in ((0, "a"), (5_000, "a"), (5_500, "b"))]
    scope = opened(events, definition, rows(history, next(numbers)), BEGAN + 10_000)
    counts = {
        device: funnel(replace(scope, segment={"device": device}), unit=unit)["entered"]
        for device in ("mobile", "desktop")
    }
    assert counts == {"mobile": 0, "desktop": 1}, "the furthest run began on a desktop"
