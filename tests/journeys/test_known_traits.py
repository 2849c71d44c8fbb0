"""Conditions on traits mean what was known of the customer at the event, whichever identity told it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys.definition_schema import ORDERS
from journeys.definitions import Condition, Definition, Matcher, parse
from journeys.filling import fill
from journeys.filters import Params
from journeys.funnel import funnel
from journeys.generations import Limits
from journeys.paths import paths
from journeys.period import Period
from journeys.preview import preview
from journeys.runs import recompute
from journeys.scope import Scope
from journeys.sessions import computed
from store.event import Event, event_id
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import Project, create_project
from tests.journeys.test_runs_rule import EXAMPLES, ignore_progress, numbers, stored, version_of
from tests.oracle import Run, Told, Touch, runs, traits_at

BEGAN = 1_700_000_000_000
PRO = {"trait": "plan", "op": "eq", "value": "pro"}
NOT_PRO = {"trait": "plan", "op": "ne", "value": "pro"}
KNOWN = {"trait": "plan", "op": "is_set"}


class Line(NamedTuple):
    """One message of a customer (0 or 1), from the browser or by user id, with what it says of the plan."""

    customer: int
    is_browser: bool
    t: int
    sequence: int
    name: str
    traits: dict[str, Any]


def lines() -> st.SearchStrategy[Line]:
    return st.builds(
        Line,
        st.integers(0, 1),
        st.booleans(),
        st.integers(0, 12).map(lambda n: BEGAN + n * 500),
        st.integers(0, 2),
        st.sampled_from(["a", "a", "b", "c", "x", "identify", "identify", "group"]),
        st.sampled_from([{}, {}, {"plan": "pro"}, {"plan": "free"}, {"plan": None}, {"size": 3}]),
    )


def conditions() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.sampled_from([[], [PRO], [NOT_PRO], [KNOWN, {"trait": "size", "op": "gt", "value": 2}]])


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    def match(name: str) -> list[dict[str, Any]]:
        where = draw(conditions())
        return [{"event": name, **({"where": where} if where else {})}]

    order = draw(st.sampled_from(ORDERS))
    return {
        "key": "j",
        "name": "J",
        "order": order,
        "steps": [
            {"key": "a", "name": "A", "match": match("a")},
            {
                "key": "b",
                "name": "B",
                "match": match("b"),
                "optional": order != "any" and draw(st.booleans()),
            },
            {"key": "c", "name": "C", "match": match("c")},
        ],
        "fail_on": draw(st.sampled_from([[], match("x"), [{"type": "group", "where": [PRO]}]])),
        "population": draw(conditions()),
        "idle_timeout": "3s",
    }


def identity(line: Line, project: int) -> Identity:
    kind = "anonymous" if line.is_browser else "user"
    return Identity(kind, f"{project}-{kind}-{line.customer}")


def written(history: list[Line], project: int) -> list[Event]:
    return [
        Event(
            project=project,
            event_id=event_id(f"{project}-{n}"),
            message_id=f"{project}-{n}",
            type=line.name if line.name in ("identify", "group") else "track",
            event="" if line.name in ("identify", "group") else line.name,
            group_id="acme" if line.name == "group" else "",
            timestamp=line.t,
            received_at=line.t,
            sequence=line.sequence,
            identity=identity(line, project).hash,
            traits=json.dumps(line.traits),
        )
        for n, line in enumerate(history)
    ]


def holds(condition: Condition, traits: dict[str, Any]) -> bool:
    value = traits.get(condition.name)
    match condition.op:
        case "eq":
            return bool(value == condition.value)
        case "ne":
            return bool(value != condition.value)
        case "is_set":
            return value is not None
    return value is not None and value > condition.value


def matched(one: Matcher, event: Event, traits: dict[str, Any]) -> bool:
    if one.type == "group":
        return event.type == "group" and all(holds(each, json.loads(event.traits)) for each in one.where)
    return one.event == event.event and all(holds(each, traits) for each in one.where)


def expected(definition: Definition, events: list[Event], customers: dict[int, int]) -> dict[int, list[Run]]:
    theirs: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        theirs[customers[event.identity]].append(event)
    found = {}
    for customer, history in theirs.items():
        told = [
            Told(e.timestamp, e.sequence, e.event_id, json.loads(e.traits))
            for e in history
            if e.type != "group"
        ]
        touches = []
        for e in history:
            place = (e.timestamp, e.sequence, e.event_id)
            traits = traits_at(told, place)
            steps = {
                k
                for k, step in enumerate(definition.steps, 1)
                if any(matched(m, e, traits) for m in step.match)
            }
            fails = any(matched(m, e, traits) for m in definition.fail_on)
            opens = all(holds(one, traits) for one in definition.population)
            touches.append(Touch(*place, frozenset(steps), fails, opens=opens))
        if made := runs(definition, touches):
            found[customer] = made
    return found


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), st.lists(lines(), min_size=1, max_size=25))
def test_runs_follow_what_was_known_at_each_event(
    engine: Engine, events: EventStore, definition: dict[str, Any], history: list[Line]
) -> None:
    project = create_project(engine, key=f"p{next(numbers)}", name="P", now=0).id
    pairs = [
        [identity(Line(who, is_browser, 0, 0, "", {}), project) for is_browser in (True, False)]
        for who in (0, 1)
    ]
    Ledger(engine, events).join(project, [Link(a, b, "identify", "", 0) for a, b in pairs])
    customers = {one.hash: user.hash for browser, user in pairs for one in (browser, user)}
    rows = written(history, project)
    version = version_of(definition, project)
    half = len(rows) // 2
    for n, some in enumerate((rows[half:], rows[:half])):
        if some:
            events.insert(some, token=f"p{project}-{n}")
            recompute(events, version, sorted(set(customers.values())), sorted(customers))
    wanted = expected(parse(definition), rows, customers)
    counts_steps = definition["order"] == "any"
    assert stored(events, project, 7, counts_steps=counts_steps) == wanted
    fill(events, version, progress=ignore_progress)
    assert stored(events, project, 7, counts_steps=counts_steps) == wanted


def small(events: EventStore, history: list[Line], **more: Any) -> Scope:
    """A journey from a to b over these messages."""
    project = next(numbers)
    steps = [{"key": name, "name": name, "match": [{"event": name}]} for name in "ab"]
    definition = {"key": "j", "name": "J", "steps": steps, **more}
    events.insert(written(history, project), token=f"s{project}")
    version = version_of(definition, project)
    fill(events, version, progress=ignore_progress)
    where = Project(project, "p", "P", "UTC")
    return Scope(events, where, version, parse(definition), Period(BEGAN, BEGAN + 9_000), {}, BEGAN + 9_000)


def said(t: int, name: str, **traits: Any) -> Line:
    return Line(0, False, BEGAN + t, 0, name, traits)


@pytest.mark.parametrize(("condition", "entered"), [(PRO, 1), (NOT_PRO, 0), (KNOWN, 1)])
def test_a_population_by_trait_finds_who_was_identified_before(
    events: EventStore, condition: dict[str, Any], entered: int
) -> None:
    scope = small(events, [said(0, "identify", plan="pro"), said(500, "a")], population=[condition])
    assert funnel(scope)["entered"] == entered
    previewed = preview(events, scope.project, scope.definition, period=scope.period, now=scope.now)
    assert previewed["funnel"]["entered"] == entered


def test_what_is_told_later_opens_no_run(events: EventStore) -> None:
    scope = small(events, [said(0, "a"), said(500, "identify", plan="pro")], population=[PRO])
    assert funnel(scope)["entered"] == 0


def test_a_step_by_trait_is_anchor_of_paths_key_event_of_sessions_and_seen_in_a_preview(
    events: EventStore,
) -> None:
    first = {"key": "a", "name": "a", "match": [{"event": "a"}]}
    last = {"key": "b", "name": "b", "match": [{"event": "b", "where": [PRO]}]}
    history = [said(0, "identify", plan="pro"), said(500, "a"), said(1_000, "b")]
    scope = small(events, history, steps=[first, last])
    assert funnel(scope)["outcomes"]["succeeded"] == 1
    assert paths(scope, anchor="b", direction="before")["runs"] == 1
    found = preview(events, scope.project, scope.definition, period=scope.period, now=scope.now)
    assert [one["raw_matches"] for one in found["zero"]] == [1, 1]
    for traits, engaged in (([PRO], True), ([NOT_PRO], False)):
        step = parse(
            {
                **scope.definition.source,
                "steps": [first, {**last, "match": [{"event": "b", "where": traits}]}],
            }
        )
        params = Params(project=scope.project.id)
        sql = computed(Limits(), step.steps[1].match, params, "1")
        assert [bool(one["engaged"]) for one in events.query(sql, params.values)] == [engaged]
