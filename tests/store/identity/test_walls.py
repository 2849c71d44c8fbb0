"""What is worked out anew ends at walls, such as shared browsers; all else is as if everything had been."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from store.events import EventStore
from store.identity.changes import Change, changing
from store.identity.components import Component, Edge, customers_from
from store.identity.graph import Stops, rows_of
from store.identity.ledger import Ledger
from store.identity.links import Identity, Link, Pair
from store.projects import create_project
from store.rules import IdentifierRule, ProjectRules
from store.tables import edges, identities

numbers = count(1)
AT = 1_700_000_000_000
RULES = ProjectRules(
    most_neighbours=3,
    identifiers=(IdentifierRule("email", limit=2, priority=2), IdentifierRule("crm_id", limit=1, priority=1)),
)
USERS = [Identity("user", f"u{n}") for n in range(5)]
BROWSERS = [Identity("anonymous", f"a{n}") for n in range(5)]
TYPED = [*(Identity("email", f"m{n}@acme.example") for n in range(3)), Identity("crm_id", "7")]
NODES = {one.hash: one for one in (*USERS, *BROWSERS, *TYPED)}


def link(a: Identity, b: Identity, at: int = 0) -> Link:
    typed = next((one.kind for one in (a, b) if one.kind not in ("user", "anonymous")), "")
    both_users = a.kind == b.kind == "user"
    return Link(a, b, typed or ("alias" if both_users else "identify"), f"{at:032x}", AT + at)


def new_project(engine: Engine) -> int:
    return create_project(engine, key=f"w{next(numbers)}", name="W", now=0).id


def state(engine: Engine, project: int) -> tuple[Component, Component]:
    """The customers as they are kept, and as they follow from all edges that stand."""
    with engine.connect() as connection:
        rows = connection.execute(select(identities).where(identities.c.project_id == project)).all()
        standing = connection.execute(
            select(edges).where(edges.c.project_id == project, edges.c.retracted_at.is_(None))
        ).all()
    stops = Stops(RULES)
    follows = customers_from(
        {row.identity: row.kind for row in rows},
        [Edge(row.a, row.b, row.rule, row.at) for row in standing],
        rules=RULES,
        stopped={row.identity: why for row in rows if (why := stops.why(row))},
    )
    kept = Component(
        {row.identity: row.customer for row in rows},
        {row.identity: follows.contested.get(row.identity, set()) for row in rows if row.contested},
        {(row.a, row.b): row.refused for row in standing if row.refused},
    )
    return kept, follows


def story(steps: list[Any], kept: Component, follows: Component) -> str:
    """What led to a difference, for whoever has to understand it."""
    told = [
        f"{step.a.value}-{step.b.value} {step.at - AT}"
        if isinstance(step, Link)
        else f"{step[0]} {' '.join(NODES[one].value for one in step[1])}"
        for step in steps
    ]
    wrong = {one for one in follows.customers if kept.customers[one] != follows.customers[one]}
    return f"{told}: {sorted(NODES[one].value for one in wrong)}"


def owners(found: Component) -> dict[int, set[int]]:
    """The customers that may have events of each identity."""
    return {
        one: {found.customers[user] for user in found.contested.get(one, ())} | {owner}
        for one, owner in found.customers.items()
    }


def of_two(change: Change, do: str, pair: Pair) -> None:
    if do == "merge":
        change.join_by_operator(pair, "op")
    elif do == "take back":
        change.take_back(pair, "op")
    elif do == "block":
        change.block(pair[0], "op", at=1)
    elif do == "unblock":
        change.block(pair[0], "op", at=None)
    else:
        change.part(pair, "op", for_ever=do == "keep apart")


seen = st.builds(
    lambda a, b, at: link(a, b, at) if a != b else None,
    st.sampled_from([*USERS, *BROWSERS]),
    st.sampled_from([*USERS, *USERS, *TYPED]),
    st.integers(0, 9),
).filter(
    lambda one: one is not None and (one.a.kind == "anonymous" or one.b.kind != "user" or one.at % 3 == 0)
)
answered = st.tuples(
    st.sampled_from(["merge", "keep apart", "unmerge", "take back", "block", "unblock"]),
    st.lists(st.sampled_from(sorted(NODES)), min_size=2, max_size=2, unique=True),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.one_of(seen, seen, seen, answered), min_size=5, max_size=30))
def test_after_every_step_customers_follow_from_all_edges_that_stand(
    engine: Engine, steps: list[Any]
) -> None:
    project = new_project(engine)
    with changing(engine, project, lambda _: RULES, now=AT) as change:
        change.name(NODES.values())
    for number, step in enumerate(steps):
        with changing(engine, project, lambda _: RULES, now=AT + number) as change:
            before = owners(state(engine, project)[0])
            if isinstance(step, Link):
                change.enter({step.pair: step})
            else:
                do, (a, b) = step
                of_two(change, do, (a, b) if a < b else (b, a))
        kept, follows = state(engine, project)
        assert kept == follows, story(steps[: number + 1], kept, follows)
        after = owners(kept)
        moved = {one for one in after if after[one] != before[one]}
        assert change.touched >= {name for one in moved for name in before[one] ^ after[one]}, step


PEOPLE = [Identity("user", f"p{n}") for n in range(300)]
SHARED = [Identity("anonymous", f"s{n}") for n in range(299)]
FEW = 30  # statements


@pytest.fixture
def chained(engine: Engine) -> int:
    """A project in which each person shares a browser with the next one."""
    project = new_project(engine)
    pairs = [link(one, person) for n, one in enumerate(SHARED) for person in PEOPLE[n : n + 2]]
    with changing(engine, project, None, now=AT) as change:
        change.enter({one.pair: one for one in pairs})
    return project


def statements(engine: Engine, act: Callable[[], object]) -> int:
    asked = 0

    def note(*_: Any) -> None:
        nonlocal asked
        asked += 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return asked


def test_a_further_sign_of_a_person_on_a_shared_browser_concerns_those_alone_who_share_it(
    engine: Engine, events: EventStore, chained: int
) -> None:
    ledger = Ledger(engine, events)
    ledger.join(chained, [link(SHARED[150], PEOPLE[150])])
    touched = set[int]()
    asked = statements(engine, lambda: touched.update(ledger.join(chained, [link(SHARED[150], PEOPLE[150])])))
    assert touched == {PEOPLE[150].hash, PEOPLE[151].hash}
    assert asked < FEW
    told = events.query(
        "select identity from identity_customers where version = (select max(version) from "
        "identity_customers)"
    )
    assert [row["identity"] for row in told] == [SHARED[150].hash]


@pytest.mark.parametrize(
    ("news", "concerned"),
    [
        (link(PEOPLE[150], Identity("anonymous", "new")), {PEOPLE[150].hash}),
        (link(PEOPLE[150], Identity("email", "p@acme.example")), {PEOPLE[150].hash}),
        (link(SHARED[150], PEOPLE[9]), {PEOPLE[n].hash for n in (9, 150, 151)}),
        (link(SHARED[150], Identity("email", "p@acme.example")), {PEOPLE[n].hash for n in (150, 151)}),
    ],
    ids=["another browser", "an address", "a third person", "an address on the shared browser"],
)
def test_news_of_one_person_does_not_go_through_shared_browsers(
    engine: Engine, chained: int, news: Link, concerned: set[int]
) -> None:
    with changing(engine, chained, None, now=AT) as change:
        asked = statements(engine, lambda: change.enter({news.pair: news}))
    people = {one.hash for one in PEOPLE}
    assert change.touched & people == concerned
    assert asked < FEW


def test_two_people_who_become_one_get_the_browser_that_they_shared(engine: Engine, chained: int) -> None:
    alias = link(PEOPLE[150], PEOPLE[151])
    with changing(engine, chained, None, now=AT) as change:
        change.enter({alias.pair: alias})
    with engine.connect() as connection:
        rows = rows_of(connection, chained, [one.hash for one in (*PEOPLE[150:152], *SHARED[149:152])])
    name = min(PEOPLE[150].hash, PEOPLE[151].hash)
    assert {rows[one.hash].customer for one in (*PEOPLE[150:152], SHARED[150])} == {name}
    assert [rows[one.hash].contested for one in SHARED[149:152]] == [True, False, True]
