"""Who belongs to a saved segment is who meets its conditions, on random histories."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.lists import listed
from journeys.membership import Saved
from journeys.period import Period, iso
from journeys.scope import Scope
from journeys.segment_definitions import parse_segment
from journeys.segments import SegmentError
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import Project, create_project
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
from tests.oracle import counted, outcome_at
from tests.segment_oracle import Life, belongs

BEGAN = 1_700_000_000_000
LATE = BEGAN + 60_000
OTHER = {
    "key": "other",
    "name": "Other",
    "idle_timeout": "2s",
    "window": "4s",
    "steps": [{"key": name, "name": name, "match": [{"event": name}]} for name in ("b", "d")],
    "fail_on": [{"event": "z"}],
}
Data = dict[str, Any]


def matchers() -> st.SearchStrategy[Data]:
    order = {"property": "order", "op": "eq", "value": "o1"}
    pro, untold = {"trait": "plan", "op": "eq", "value": "pro"}, {"trait": "plan", "op": "is_not_set"}
    return st.sampled_from(
        [
            {"event": "a"},
            {"event": "b"},
            {"event": "z"},
            {"event": "nobody"},
            {"event": "a", "where": [order]},
            {"event": "a", "where": [pro]},
            {"event": "b", "where": [untold]},
            {"event": "b", "where": [order, pro]},
        ]
    )


def when() -> st.SearchStrategy[Data]:
    return st.sampled_from([{"before": "2s"}, {"before": "5s"}, {"before": "1d"}, {"during": "run"}])


def leaves() -> st.SearchStrategy[Data]:
    counts = [
        {},
        {"at_least": 2},
        {"at_most": 1},
        {"exactly": 0},
        {"exactly": 1},
        {"at_least": 1, "at_most": 2},
    ]
    compared = [
        {"field": "device", "op": "eq", "value": "mobile"},
        {"field": "device", "op": "in", "value": ["desktop", "tablet"]},
        {"trait": "plan", "op": "eq", "value": "pro"},
        {"trait": "plan", "op": "ne", "value": "pro"},
        {"trait": "plan", "op": "is_set"},
        {"trait": "plan", "op": "is_not_set"},
    ]
    states = ["never_entered", "under_way", "succeeded", "failed", "dropped"]
    return st.one_of(
        st.sampled_from(compared),
        st.builds(lambda did, n, at: {"did": did, **n, **at}, matchers(), st.sampled_from(counts), when()),
        st.builds(
            lambda did, then, n, within, at: {"did": did, "then": then, **n, **within, **at},
            matchers(),
            matchers(),
            st.sampled_from([{}, {}, {"exactly": 0}]),
            st.sampled_from([{}, {"within": "1s"}, {"within": "3s"}]),
            when(),
        ),
        st.builds(lambda state: {"journey": "other", "state": state}, st.sampled_from(states)),
        st.builds(lambda state: {"journey": "j", "state": state}, st.sampled_from(states)),
    )


def segments() -> st.SearchStrategy[Data]:
    def group(parts: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
        some = st.lists(parts, min_size=1, max_size=3)
        return st.builds(lambda name, parts: {name: parts}, st.sampled_from(["all", "any"]), some)

    parts = st.one_of(leaves(), group(leaves()))
    return group(parts).map(lambda one: {"key": "s", "name": "S", **one})


def told(project: int) -> st.SearchStrategy[list[Event]]:
    """What events that move nothing say of the plan of customers."""
    return st.lists(
        st.builds(
            lambda who, at, sequence, plan, kind: (who, at, sequence, plan, kind),
            st.integers(1, 3),
            st.integers(0, 20),
            st.integers(0, 2),
            st.sampled_from(["pro", "free", None]),
            st.sampled_from(["identify", "identify", "group"]),
        ),
        max_size=6,
    ).map(
        lambda some: [
            Event(
                project=project,
                event_id=event_id(f"{project}-told-{n}"),
                message_id=f"{project}-told-{n}",
                type=kind,
                group_id="acme" if kind == "group" else "",
                timestamp=BEGAN + at * 500,
                received_at=BEGAN,
                sequence=sequence,
                user_id=str(who),
                identity=identity_hash("user", str(who)),
                traits=json.dumps({"plan": plan}),
            )
            for n, (who, at, sequence, plan, kind) in enumerate(some)
        ]
    )


def opened(events: EventStore, definition: Data, written: list[Event], *some: Data) -> Scope:
    """The journey over these events, which knows the segments s0, s1 … and the other journey."""
    project = written[0].project
    for n, event in enumerate(written):
        event.device = ("mobile", "desktop", "")[n % 3]
    events.insert(written, token=f"p{project}")
    version = version_of(definition, project)
    other = replace(version_of(OTHER, project), id=8)
    for one in (version, other):
        fill(events, one, progress=ignore_progress)
    sources = {f"s{n}": parse_segment(one).source for n, one in enumerate(some)}
    saved = Saved(sources, {"j": version, "other": other})
    period = Period(BEGAN, BEGAN + 100_000)
    project_ = Project(project, "p", "P", "UTC")
    return Scope(events, project_, version, parse(definition), period, {}, LATE, saved=saved)


ASKED = (("name", "s0", "runs"), ("name", "s1", "runs"), ("not", "s2", "runs"), ("name", "s2", "customers"))


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), histories(), st.lists(segments(), min_size=3, max_size=3), st.data())
def test_the_runs_of_a_segment_are_those_that_meet_its_conditions(
    events: EventStore, definition: Data, history: Any, some: list[Data], data: st.DataObject
) -> None:
    project = next(numbers)
    written = rows(history, project)
    everything = [*written, *data.draw(told(project))]
    scope = opened(events, definition, everything, *some)
    found = expected(scope.rule, written)
    journeys = {"other": parse(OTHER), "j": scope.rule}
    lives = {who: Life([e for e in everything if e.identity == who], journeys) for who in found}
    for how, key, unit in ASKED:
        group = parse_segment(scope.saved.segments[key]).group
        chosen = [
            (who, run)
            for who, theirs in found.items()
            for run in (theirs if unit == "runs" else [counted(scope.rule, theirs, scope.now)])
        ]
        answer = listed(replace(scope, segment={how: key}), unit=unit, most=1_000)["runs"]
        assert sorted(
            (one["customer"], one["start"], one["case"], one["outcome"]) for one in answer
        ) == sorted(
            (str(who), iso(run.start), run.case, outcome_at(scope.rule, run, scope.now))
            for who, run in chosen
            if belongs(group, run, lives[who]) is (how == "name")
        ), scope.saved.segments[key]


def test_what_another_identity_of_the_customer_did_counts_while_they_are_one(
    events: EventStore, engine: Engine
) -> None:
    project = create_project(engine, key="p", name="P", now=0)
    user, browser = Identity("user", "1"), Identity("anonymous", "b")
    written = rows([(1, BEGAN + 5_000, 0, "a", "")], project.id)
    before = rows([(2, BEGAN + 1_000, 0, "b", ""), (2, BEGAN + 2_000, 0, "c", "")], project.id)
    for n, event in enumerate(before):
        event.event_id, event.message_id = event_id(f"before-{n}"), f"before-{n}"
        event.identity, event.user_id, event.anonymous_id = browser.hash, "", "b"
        event.traits = json.dumps({"plan": "pro"})
    definition = {
        "key": "j",
        "name": "J",
        "steps": [{"key": name, "name": name, "match": [{"event": name}]} for name in ("a", "z")],
    }
    conditions: list[Data] = [
        {"did": {"event": "b"}, "before": "1d"},
        {"did": {"event": "b"}, "then": {"event": "c"}, "before": "1d"},
        {"trait": "plan", "op": "eq", "value": "pro"},
    ]
    segments = [{"key": "s", "name": "S", "all": [one]} for one in conditions]
    scope = opened(events, definition, [*written, *before], *segments)

    def counted_now() -> list[int]:
        return [funnel(replace(scope, segment={"name": f"s{n}"}))["entered"] for n in range(len(conditions))]

    assert counted_now() == [0, 0, 0]
    ledger = Ledger(engine, events)
    ledger.join(project.id, [Link(browser, user, "identify", "e", BEGAN)])
    fill(events, scope.version, progress=ignore_progress)
    assert counted_now() == [1, 1, 1]


def test_what_a_segment_asks_for_must_be_there(events: EventStore) -> None:
    written = rows([(1, BEGAN, 0, "a", "")], next(numbers))
    definition = {
        "key": "j",
        "name": "J",
        "steps": [{"key": name, "name": name, "match": [{"event": name}]} for name in ("a", "z")],
    }
    scope = opened(
        events,
        definition,
        written,
        {"key": "s", "name": "S", "all": [{"journey": "other", "state": "failed"}]},
    )
    for status, problem in (("filling", "still being counted"), (None, "does not exist")):
        journeys = {
            key: replace(one, status=status)
            for key, one in scope.saved.journeys.items()
            if status and key == "other"
        }
        asked = replace(scope, segment={"name": "s0"}, saved=Saved(scope.saved.segments, journeys))
        with pytest.raises(SegmentError, match=problem):
            funnel(asked)
