"""The ledger: one history gives the same customers in any order, and a merge can be taken back."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from store.event import Event, event_id
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.identity.graph import rows_of
from store.projects import create_project

numbers = count(1)
USERS = [Identity("user", f"u{n}") for n in range(4)]
BROWSERS = [Identity("anonymous", f"a{n}") for n in range(4)]


def link(a: Identity, b: Identity, at: int = 1_700_000_000_000, rule: str = "identify") -> Link:
    return Link(a, b, rule, "00", at)


def event(project: int, at: int, anonymous: str = "", user: str = "") -> Event:
    name = f"{project}-{at}-{anonymous}-{user}"
    who = Identity("user", user) if user else Identity("anonymous", anonymous)
    return Event(
        project=project,
        event_id=event_id(name),
        message_id=name,
        type="track",
        event="E",
        timestamp=1_700_000_000_000 + at,
        received_at=1_700_000_000_000 + at,
        anonymous_id=anonymous,
        user_id=user,
        identity=who.hash,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


@pytest.fixture
def ledger(db: Engine, events: EventStore) -> Ledger:
    return Ledger(db, events)


@pytest.fixture
def project(db: Engine) -> int:
    return create_project(db, key=f"p{next(numbers)}", name="P", now=0).id


def owners(events: EventStore, project: int) -> dict[str, int]:
    rows = events.query(
        "select message_id, customer from customer_events where project = {p:UInt32}", {"p": project}
    )
    return {row["message_id"]: row["customer"] for row in rows}


def test_what_an_anonymous_visitor_did_belongs_to_the_customer_after_login(
    ledger: Ledger, events: EventStore, project: int
) -> None:
    events.insert([event(project, 1, "a0"), event(project, 2, "a0", "u0")], token="t")
    assert len(set(owners(events, project).values())) == 2
    touched = ledger.join(project, [link(BROWSERS[0], USERS[0])])
    assert set(owners(events, project).values()) == {USERS[0].hash}
    assert touched == {USERS[0].hash, BROWSERS[0].hash}


def test_a_second_sight_of_a_known_link_changes_nothing(ledger: Ledger, project: int) -> None:
    assert ledger.join(project, [link(BROWSERS[0], USERS[0])])
    assert ledger.join(project, [link(BROWSERS[0], USERS[0])]) == set()
    assert Ledger(ledger._engine, ledger._events).join(project, [link(USERS[0], BROWSERS[0])]) == set()


def test_a_shared_browser_does_not_merge_two_people(ledger: Ledger, events: EventStore, project: int) -> None:
    history = [
        event(project, 10, "a0"),
        event(project, 20, "a0", "u0"),
        event(project, 30, "a0"),
        event(project, 40, "a0", "u1"),
        event(project, 50, "a0"),
    ]
    events.insert(history, token="t")
    ledger.join(project, [link(BROWSERS[0], USERS[0]), link(BROWSERS[0], USERS[1])])
    first, second = USERS[0].hash, USERS[1].hash
    found = owners(events, project)
    assert [found[one.message_id] for one in history] == [first, first, first, second, second]
    assert ledger.customers_of(project, [BROWSERS[0].hash]) >= {first, second}
    assert BROWSERS[0].hash in ledger.identities_of(project, [first])


def test_a_later_sight_of_the_first_person_moves_the_span_back(
    ledger: Ledger, events: EventStore, project: int
) -> None:
    events.insert([event(project, 10, "a0", "u0"), event(project, 20, "a0", "u1")], token="t")
    ledger.join(project, [link(BROWSERS[0], USERS[0]), link(BROWSERS[0], USERS[1])])
    events.insert([event(project, 30, "a0", "u0"), event(project, 40, "a0")], token="u")
    touched = ledger.join(project, [link(BROWSERS[0], USERS[0])])
    assert owners(events, project)[f"{project}-40-a0-"] == USERS[0].hash
    assert USERS[0].hash in touched


def test_of_a_shared_browser_no_more_is_read_than_when_it_changed_hands(
    ledger: Ledger, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [event(project, at, "a0", "u1" if 40 <= at < 60 else "u0") for at in range(100)]
    # Who was seen there but does not claim it, and what the claimants did elsewhere, make no difference.
    strange = [event(project, 45, "a0", "u2"), event(project, 46, "a1", "u0")]
    events.insert([*known, *strange, event(project, 61, "a0")], token="t")
    read: list[int] = []
    query = events.query

    def counted(sql: str, parameters: Any = None) -> Any:
        rows = query(sql, parameters)
        read.append(len(rows))
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(events, "query", counted)
        ledger.join(project, [link(BROWSERS[0], USERS[0]), link(BROWSERS[0], USERS[1])])
    assert max(read) <= 3
    spans = events.query(
        "select arrayMap(one -> toUnixTimestamp64Milli(one.since) - 1700000000000, spans) as since, "
        "spans.customer as customers from identity_customers where project = {project:UInt32} "
        "and notEmpty(spans)",
        {"project": project},
    )
    first, second = USERS[0].hash, USERS[1].hash
    assert spans == [{"since": [0, 40, 60], "customers": [first, second, first]}]


def test_taking_a_merge_back_restores_what_was(ledger: Ledger, events: EventStore, project: int) -> None:
    events.insert([event(project, 1, "a0"), event(project, 2, "a1"), event(project, 3, "", "u0")], token="t")
    ledger.join(project, [link(BROWSERS[0], USERS[0])])
    before = owners(events, project)
    ledger.join(project, [link(BROWSERS[1], USERS[0])])
    assert owners(events, project) != before
    changed = ledger.unmerge(project, USERS[0].hash, BROWSERS[1].hash, now=5)
    assert owners(events, project) == before
    assert BROWSERS[1].hash in changed
    assert ledger.join(project, [link(BROWSERS[1], USERS[0])]) == set(), "a retracted edge stays retracted"


def test_projects_share_nothing(ledger: Ledger, db: Engine, events: EventStore, project: int) -> None:
    other = create_project(db, key=f"o{next(numbers)}", name="O", now=0).id
    events.insert([event(project, 1, "a0"), event(other, 1, "a0")], token="t")
    ledger.join(project, [link(BROWSERS[0], USERS[0])])
    assert set(owners(events, other).values()) == {BROWSERS[0].hash}


def test_search_finds_the_start_of_an_id_and_takes_wildcards_literally(ledger: Ledger, project: int) -> None:
    ledger.join(project, [link(Identity("anonymous", "a%b"), Identity("user", "anna"))])
    assert {row["value"] for row in ledger.find(project, "a")} == {"a%b", "anna"}
    assert [row["value"] for row in ledger.find(project, "a%")] == ["a%b"]


links = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(BROWSERS), st.sampled_from(USERS)),
        st.tuples(st.sampled_from(USERS), st.sampled_from(USERS)).filter(lambda pair: pair[0] != pair[1]),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(links=links, data=st.data())
def test_any_order_of_the_same_links_gives_the_same_customers(
    engine: Engine, events: EventStore, links: list[tuple[Identity, Identity]], data: st.DataObject
) -> None:
    found = []
    for order in (links, data.draw(st.permutations(links))):
        project = create_project(engine, key=f"x{next(numbers)}", name="X", now=0).id
        ledger = Ledger(engine, events)
        for a, b in order:
            ledger.join(project, [link(a, b)])
        nodes = {one.hash: one for pair in links for one in pair}
        with engine.connect() as connection:
            rows = rows_of(connection, project, list(nodes))
        found.append({nodes[one].value: (row.customer, row.contested) for one, row in rows.items()})
    assert found[0] == found[1]
