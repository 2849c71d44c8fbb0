"""Whatever happens in whatever order: after each change all stored runs are the ones of the rule."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from collector.carrier import touched
from collector.pipeline import Outcome
from journeys.concerns import Concerns
from journeys.definitions import Condition, Definition, Matcher, parse
from server.filler import Filler
from server.refreshing import Refresher, portions
from store.event import Event, event_id
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion, kept_versions, save_version
from store.news import Label, News
from store.privacy.deletion import delete_identities
from store.privacy.suppression import nobody
from store.projects import create_project
from tests.journeys.test_runs_rule import EXAMPLES, numbers, stored
from tests.oracle import Run, Told, Touch, runs, traits_at

NOW = 2_000_000_000_000
IDS = {
    name: Identity("anonymous" if name[0] == "b" else "user", name) for name in ("b0", "b1", "u0", "u1", "u2")
}


def journey(key: str, *steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    named = [{"key": f"s{n}", "name": f"S{n}", "match": match} for n, match in enumerate(steps)]
    return dict(parse({"key": key, "name": key, "steps": named, "idle_timeout": "4s", **more}).source)


A, B, C, X = ({"event": name} for name in "abcx")
SHOP, PLAN = {"page": "/shop/*"}, {"trait": "plan", "op": "eq", "value": "pro"}
JOURNEYS = [
    journey("plain", [A], [B], [C], fail_on=[X]),
    journey("shop", [SHOP, B], [{"type": "page"}], window="3s"),
    journey("pro", [C, A], [B], population=[PLAN]),
    journey("pro-step", [A], [{**B, "where": [PLAN]}], case_key="order"),
    journey(
        "where", [{**B, "where": [{"property": "order", "op": "eq", "value": "o1"}]}], [{"type": "track"}, C]
    ),
    journey("told", [{"type": "identify"}], [X, {"type": "track"}]),
    journey("free", [A], [B, SHOP], [C], order="any", fail_on=[X]),
    journey("strict", [A], [B], [C, A], order="strict"),
    journey("never", [{"event": "never"}], [A], [B]),
]
OTHERS = [
    journey("plain", [B], [A], [C]),
    journey("shop", [{"page": "/shop/:number"}], [A]),
    journey("late", [X], [C]),
]


class Message(NamedTuple):
    """One event: its name (`page` and `identify` are types), its time, who sent it, and what it says."""

    name: str
    at: int
    browser: str
    user: str
    order: str
    plan: str
    is_bot: bool


messages = st.builds(
    Message,
    st.sampled_from(["a", "a", "b", "b", "c", "x", "page", "identify"]),
    st.integers(0, 24).map(lambda n: 1_700_000_000_000 + n * 500),
    st.sampled_from(["", "b0", "b1"]),
    st.sampled_from(["", "", "u0", "u1", "u2"]),
    st.sampled_from(["", "o1", "o2"]),
    st.sampled_from(["", "pro", "free"]),
    st.sampled_from([False] * 7 + [True]),
).filter(lambda one: one.browser or one.user)
pairs = st.tuples(st.sampled_from(sorted(IDS)), st.sampled_from(sorted(IDS))).filter(
    lambda two: two[0] != two[1]
)
changes = st.one_of(
    st.tuples(st.just("arrive"), st.lists(messages, min_size=1, max_size=6)),
    st.tuples(st.just("arrive"), st.lists(messages, min_size=1, max_size=6)),
    st.tuples(st.just("arrive again"), st.lists(messages, min_size=1, max_size=3)),
    st.tuples(st.just("merge"), pairs),
    st.tuples(st.just("unmerge"), pairs),
    st.tuples(st.just("erase"), st.sampled_from(sorted(IDS))),
    st.tuples(st.just("define"), st.sampled_from(OTHERS)),
)


class World:
    """A project and all that keeps its runs."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self.engine, self.events = engine, events
        self.project = create_project(engine, key=f"p{next(numbers)}", name="P", now=0).id
        self.ledger = Ledger(engine, events)
        self.refresher = Refresher(engine, events, self.ledger, nobody, lambda: NOW)
        self.filler = Filler(engine, events)
        for one in JOURNEYS:
            self.define(one)

    def define(self, definition: Mapping[str, Any]) -> None:
        save_version(self.engine, self.project, definition, by="", now=1)
        self.filler.fill_all()

    def arrive(self, some: list[Message], *, is_repeat: bool = False) -> None:
        """What the worker does with a batch."""
        written = [self.event(one) for one in some]
        self.events.insert(written, token=f"t{next(numbers)}")
        links = [
            Link(IDS[one.browser], IDS[one.user], "both_ids", "", one.at)
            for one in some
            if one.browser and one.user
        ]
        customers, news = touched(
            self.ledger, self.project, Outcome(events=written, links=links), is_repeat=is_repeat
        )
        self.refresher.refresh(self.project, customers, news)

    def arrive_again(self, some: list[Message]) -> None:
        self.arrive(some, is_repeat=True)

    def merge(self, two: tuple[str, str]) -> None:
        self._changed(self.ledger.merge(self.project, *(IDS[one].hash for one in two), now=NOW))

    def unmerge(self, two: tuple[str, str]) -> None:
        self._changed(self.ledger.unmerge(self.project, *(IDS[one].hash for one in two), now=NOW))

    def erase(self, name: str) -> None:
        one = IDS[name].hash
        before = self.ledger.customers_of(self.project, {one})
        delete_identities(self.events, self.project, {one})
        changed = self.ledger.forget(self.project, {one})
        delete_identities(self.events, self.project, {one})  # what was told meanwhile, as an erasure does
        self._changed(before | changed)

    def _changed(self, customers: set[int]) -> None:
        self.refresher.refresh(self.project, customers)

    def event(self, one: Message) -> Event:
        number = f"{self.project}-{next(numbers)}"
        is_track = one.name not in ("page", "identify")
        return Event(
            project=self.project,
            event_id=event_id(number),
            message_id=number,
            type="track" if is_track else one.name,
            event=one.name if is_track else "",
            path="/shop/1" if one.order else "/",
            timestamp=one.at,
            received_at=one.at,
            anonymous_id=one.browser,
            user_id=one.user,
            identity=IDS[one.user or one.browser].hash,
            properties=json.dumps({"order": one.order} if one.order else {}),
            traits=json.dumps({"plan": one.plan} if one.plan else {}),
            is_bot=one.is_bot,
        )

    def expected(self, version: JourneyVersion) -> dict[int, list[Run]]:
        rows = self.events.query(
            "select customer, toUnixTimestamp64Milli(timestamp) as t, sequence, hex(event_id) as id, "
            "type, event, path, properties, traits, is_bot from customer_events "
            "where project = {project:UInt32}",
            {"project": self.project},
        )
        told, touches = defaultdict[int, list[Told]](list), defaultdict[int, list[Touch]](list)
        for row in rows:
            row["place"] = row["t"], row["sequence"], bytes.fromhex(row["id"])
            told[row["customer"]].append(Told(*row["place"], json.loads(row["traits"])))
        definition = parse(version.definition)
        for row in rows:
            if not row["is_bot"]:
                row["known"] = traits_at(told[row["customer"]], row["place"])
                touches[row["customer"]].append(touch(definition, row))
        return {one: found for one, some in touches.items() if (found := runs(definition, some))}


def touch(definition: Definition, row: Mapping[str, Any]) -> Touch:
    matches = {
        k for k, step in enumerate(definition.steps, 1) if any(matched(one, row) for one in step.match)
    }
    case = json.loads(row["properties"]).get(definition.case_key, "")
    opens = all(met(one, row) for one in definition.population)
    return Touch(
        *row["place"], frozenset(matches), any(matched(one, row) for one in definition.fail_on), case, opens
    )


def matched(one: Matcher, row: Mapping[str, Any]) -> bool:
    if one.event is not None:
        is_it = (row["type"], row["event"]) == ("track", one.event)
    elif one.page is not None:
        is_it = row["type"] == "page" and fnmatchcase(row["path"], one.page.replace(":number", "[0-9]"))
    else:
        is_it = row["type"] == one.type
    return is_it and all(met(each, row) for each in one.where)


def met(one: Condition, row: Mapping[str, Any]) -> bool:
    said = row["known"] if one.kind == "trait" else json.loads(row["properties"])
    return said.get(one.name) == one.value


@settings(
    max_examples=max(3, EXAMPLES // 8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(changes, min_size=3, max_size=8))
def test_after_every_change_every_version_has_the_runs_of_the_rule(
    engine: Engine, events: EventStore, history: list[tuple[str, Any]]
) -> None:
    world = World(engine, events)
    acts: dict[str, Callable[[Any], None]] = {
        "arrive": world.arrive,
        "arrive again": world.arrive_again,
        "merge": world.merge,
        "unmerge": world.unmerge,
        "erase": world.erase,
        "define": world.define,
    }
    for name, what in history:
        acts[name](what)
        for version in kept_versions(engine, world.project):
            key = version.definition["key"]
            assert runs_of(world, version) == world.expected(version), (key, name)


def runs_of(world: World, version: JourneyVersion) -> dict[int, list[Run]]:
    in_any_order = version.definition["order"] == "any"
    return stored(world.events, world.project, version.id, counts_steps=in_any_order)


def message(name: str, user: str, at: int = 0) -> Message:
    return Message(name, 1_700_000_000_000 + at, "", user, "", "", False)


def test_a_batch_computes_what_it_concerns_and_no_more(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(engine, events)
    keys = {one.id: one.definition["key"] for one in kept_versions(engine, world.project)}
    command, computed = events.command, list[set[str]]()

    def noting(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        if "insert into journey_runs" in sql and parameters:
            computed.append({keys[one] for one in parameters["journey_versions"]})
        command(sql, parameters)

    monkeypatch.setattr(events, "command", noting)
    world.arrive([message("x", "u0")])
    assert computed == [], "nothing that could open a run"
    world.arrive([message("a", "u0", 500), message("x", "u1", 500)])
    assert computed == [{"plain", "pro", "pro-step", "free", "strict"}], "all in one statement"
    world.arrive([message("x", "u0", 900), message("x", "u1", 900)])
    assert computed[1:] == [{"plain", "free"}]
    world.arrive([message("c", "u2")])
    assert computed[2:] == [{"pro", "free"}], "in any order every step opens a run"


def test_an_event_between_a_merge_and_its_computation_computes_the_whole_customer(
    engine: Engine, events: EventStore
) -> None:
    world = World(engine, events)
    world.arrive([message("a", "u0"), message("b", "u1", 500)])
    world.ledger.merge(world.project, IDS["u0"].hash, IDS["u1"].hash, now=NOW)  # and here the process ends
    world.arrive([message("page", "u0", 900), message("page", "u1", 900)])
    world.refresher.make_up(before=NOW + 1)  # the name that the merge took away
    for version in kept_versions(engine, world.project):
        assert stored(events, world.project, version.id) == world.expected(version), version.definition["key"]


def test_an_event_after_a_failure_computes_what_had_failed(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(engine, events)
    command = events.command

    def failing(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        if "insert into journey_runs" in sql:
            raise EventStoreError("Code: 241. Memory limit exceeded")
        command(sql, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(events, "command", failing)
        patch.setattr("server.refreshing.runs.works", lambda *_: True)
        world.arrive([message("a", "u0")])
    assert [one.customer for one in world.ledger.failed(world.project)] == [IDS["u0"].hash]
    world.arrive([message("identify", "u0", 900)])
    for version in kept_versions(engine, world.project):
        assert stored(events, world.project, version.id) == world.expected(version), version.definition["key"]
    assert world.ledger.failed(world.project) == []


def test_versions_of_which_none_can_be_read_concern_everybody(events: EventStore) -> None:
    news = News({1: {Label("page", "", "/")}, 2: {Label("track", "a", "")}}, frozenset({3}))
    assert Concerns({7: {"key": "broken"}}).of(events, 1, news, [1, 2, 3]) == {7: {1, 2, 3}}


def test_a_statement_takes_no_more_than_it_can_and_none_is_left_out(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.refreshing.VERSIONS_AT_ONCE", 3)
    monkeypatch.setattr("server.refreshing.PAIRS_AT_ONCE", 5)
    world = World(engine, events)
    parts = portions([(one, [1, 2]) for one in kept_versions(engine, world.project)])
    assert [len(part) for part in parts] == [2, 2, 2, 2, 1]
    assert len(portions([(one, []) for one in kept_versions(engine, world.project)])) == 3
    world.arrive([message("a", "u0"), message("b", "u0", 500), message("b", "u1")])
    for version in kept_versions(engine, world.project):
        assert runs_of(world, version) == world.expected(version)
