"""Runs follow identities: whatever arrives first, runs are those of the merged histories."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys.definitions import parse
from journeys.filling import fill
from journeys.runs import recompute
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion
from store.projects import create_project
from store.stamps import Stamp, by_clock, next_stamp
from tests.journeys.test_runs_rule import EXAMPLES, numbers, stored
from tests.oracle import Run, Touch, runs

DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "a", "name": "A", "match": [{"event": "a"}]},
            {"key": "b", "name": "B", "optional": True, "match": [{"event": "b"}]},
            {"key": "c", "name": "C", "match": [{"event": "c"}]},
        ],
        "fail_on": [{"event": "x"}],
        "idle_timeout": "4s",
    }
)


class Told(NamedTuple):
    """One message: what happened when, and which ids it carried."""

    name: str
    t: int
    browser: str
    user: str


def told() -> st.SearchStrategy[Told]:
    return st.builds(
        Told,
        st.sampled_from("aabbccx"),
        st.integers(0, 24).map(lambda n: 1_700_000_000_000 + n * 500),
        st.sampled_from(["", "b0", "b1", "b2"]),
        st.sampled_from(["", "", "u0", "u1"]),
    ).filter(lambda one: one.browser or one.user)


def row(project: int, number: int, one: Told) -> Event:
    kind, value = ("user", one.user) if one.user else ("anonymous", one.browser)
    return Event(
        project=project,
        event_id=event_id(f"{project}-{number}"),
        message_id=f"{project}-{number}",
        type="track",
        event=one.name,
        timestamp=one.t,
        received_at=one.t,
        sequence=number,
        anonymous_id=one.browser,
        user_id=one.user,
        identity=identity_hash(kind, value),
    )


def owner(event: Event, everyone: list[Event]) -> str:
    """Whose event this is: its user's, else the last person seen with its browser, else the next one."""
    if event.user_id:
        return event.user_id
    seen = [e for e in everyone if e.anonymous_id == event.anonymous_id and e.user_id]
    if len({e.user_id for e in seen}) <= 1:
        return seen[0].user_id if seen else event.anonymous_id
    seen.sort(key=lambda e: (e.timestamp, e.sequence, e.event_id))
    before = [e.user_id for e in seen if e.timestamp <= event.timestamp]
    return before[-1] if before else seen[0].user_id


def expected(events: list[Event]) -> dict[int, list[Run]]:
    touches: dict[str, list[Touch]] = defaultdict(list)
    for e in events:
        matches = frozenset(k for k, s in enumerate(DEFINITION.steps, 1) if s.match[0].event == e.event)
        touch = Touch(e.timestamp, e.sequence, e.event_id, matches, e.event == "x")
        touches[owner(e, events)].append(touch)
    named = {name: identity_hash("user" if name[0] == "u" else "anonymous", name) for name in touches}
    return {named[name]: found for name, t in touches.items() if (found := runs(DEFINITION, t))}


def arrive(
    events: EventStore,
    ledger: Ledger,
    version: JourneyVersion,
    project: int,
    some: list[Event],
    token: str,
    *,
    stamp: Stamp = by_clock,
) -> None:
    """What the worker does with a batch."""
    events.insert(some, token=token)
    links = [
        Link(Identity("anonymous", e.anonymous_id), Identity("user", e.user_id), "both_ids", "", e.timestamp)
        for e in some
        if e.anonymous_id and e.user_id
    ]
    customers = ledger.join(project, links) | ledger.customers_of(project, {e.identity for e in some})
    ordered, begun = sorted(customers), stamp()
    recompute(events, version, ordered, ledger.identities_of(project, ordered), stamp=begun)


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(told(), min_size=2, max_size=25), st.integers(1, 4), st.integers(0, 2**32))
def test_runs_are_those_of_the_merged_histories_whatever_arrives_first(
    engine: Engine, events: EventStore, history: list[Told], batches: int, seed: int
) -> None:
    project = create_project(engine, key=f"m{next(numbers)}", name="M", now=0).id
    version = JourneyVersion(9, project, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    everyone = [row(project, number, one) for number, one in enumerate(history)]
    shuffled = random.Random(seed).sample(everyone, len(everyone))
    ledger = Ledger(engine, events)
    for n in range(batches):
        if some := shuffled[n::batches]:
            arrive(events, ledger, version, project, some, f"{project}-{n}")
    assert stored(events, project, 9) == expected(everyone)


def test_filling_anew_mends_what_a_failed_recomputation_left(engine: Engine, events: EventStore) -> None:
    project = create_project(engine, key="mend", name="M", now=0).id
    version = JourneyVersion(9, project, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    ledger = Ledger(engine, events)
    visit = row(project, 0, Told("a", 1_700_000_000_000, "b0", ""))
    arrive(events, ledger, version, project, [visit], "one")
    assert len(stored(events, project, 9)) == 1
    login = row(project, 1, Told("c", 1_700_000_001_000, "b0", "u0"))
    events.insert([login], token="two")
    ledger.join(project, [Link(Identity("anonymous", "b0"), Identity("user", "u0"), "identify", "", 0)])
    fill(events, version, progress=lambda done, total: None)  # no recomputation came before it
    assert stored(events, project, 9) == expected([visit, login])


def test_runs_are_replaced_also_after_the_clock_was_put_back(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(engine, key="clock", name="C", now=0).id
    version = JourneyVersion(9, project, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)
    ledger = Ledger(engine, events)
    first = row(project, 0, Told("a", 1_700_000_000_000, "b0", "u0"))
    stamp = partial(next_stamp, engine)
    arrive(events, ledger, version, project, [first], "one", stamp=stamp)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600_000_000_000)
    second = row(project, 1, Told("c", 1_700_000_001_000, "b1", "u0"))
    arrive(events, ledger, version, project, [second], "two", stamp=stamp)
    assert stored(events, project, 9) == expected([first, second])
    ledger.unmerge(project, identity_hash("user", "u0"), identity_hash("anonymous", "b1"), now=5)
    third = row(project, 2, Told("a", 1_700_000_002_000, "b1", ""))
    events.insert([third], token="three")
    owners = events.query(
        "select customer from customer_events where project = {p:UInt32} and anonymous_id = 'b1' "
        "and user_id = ''",
        {"p": project},
    )
    assert [one["customer"] for one in owners] == [identity_hash("anonymous", "b1")]
