"""The ledger in depth: refusals and operators' answers, previews, several processes, crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

import store.identity.ledger
from store.event import Event, event_id
from store.events import EventStore
from store.identity.changes import Change
from store.identity.graph import rows_of
from store.identity.ledger import Ledger
from store.identity.links import Identity, Link
from store.identity.refusals import count_unanswered, refused, refused_counts
from store.projects import create_project
from store.rules import IdentifierRule, ProjectRules, save_rules
from store.tables import edges
from store.work import Cancelled, Work

numbers = count(1)
AT = 1_700_000_000_000
ADA, BOB, EVE = (Identity("user", name) for name in ("ada", "bob", "eve"))
A1, A2, A3 = (Identity("anonymous", name) for name in ("a1", "a2", "a3"))
MAIL, OTHER = Identity("email", "ada@acme.example"), Identity("email", "ada@home.example")
CRM, CRM2 = Identity("crm_id", "7"), Identity("crm_id", "8")


def link(a: Identity, b: Identity, at: int = AT, rule: str = "") -> Link:
    typed = next((one.kind for one in (a, b) if one.kind not in ("user", "anonymous")), "")
    both_users = a.kind == b.kind == "user"
    return Link(a, b, rule or typed or ("alias" if both_users else "identify"), f"{at:032x}", at)


def happened(project: int, who: Identity, n: int = 1, anonymous: str = "") -> list[Event]:
    made = []
    for _ in range(n):
        number = next(numbers)
        made.append(
            Event(
                project=project,
                event_id=event_id(f"{project}-{number}"),
                message_id=f"{project}-{number}",
                type="track",
                event="E",
                timestamp=AT + number,
                received_at=AT + number,
                anonymous_id=who.value if who.kind == "anonymous" else anonymous,
                user_id=who.value if who.kind == "user" else "",
                identity=who.hash,
            )
        )
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


@pytest.fixture
def ledger(db: Engine, events: EventStore) -> Ledger:
    return Ledger(db, events)


@pytest.fixture
def project(db: Engine) -> int:
    return new_project(db)


def new_project(engine: Engine) -> int:
    return create_project(engine, key=f"l{next(numbers)}", name="L", now=0).id


def groups(engine: Engine, project: int, some: Iterable[Identity]) -> set[frozenset[str]]:
    """Which of these are one customer, by value."""
    with engine.connect() as connection:
        rows = rows_of(connection, project, [one.hash for one in some])
    found: dict[int, set[str]] = {}
    for one in some:
        found.setdefault(rows[one.hash].customer if one.hash in rows else one.hash, set()).add(one.value)
    return {frozenset(one) for one in found.values()}


def together(*some: Identity) -> frozenset[str]:
    return frozenset(one.value for one in some)


def refusals(ledger: Ledger, project: int) -> list[tuple[set[str], str, str]]:
    return [({one.a.value, one.b.value}, one.rule, one.reason) for one in ledger.refused(project)]


def told(events: EventStore, project: int) -> dict[int, int]:
    """Whose identities are by the event store."""
    rows = events.query(
        "select identity, argMax(customer, version) as customer from identity_customers "
        "where project = {project:UInt32} group by identity",
        {"project": project},
    )
    return {row["identity"]: row["customer"] for row in rows}


def rows_in(engine: Engine, project: int) -> list[Any]:
    with engine.connect() as connection:
        return connection.execute(
            select(edges).where(edges.c.project_id == project).order_by(edges.c.id)
        ).all()


def test_an_e_mail_address_joins_visits_and_is_kept_masked(ledger: Ledger, db: Engine, project: int) -> None:
    ledger.join(project, [link(A1, MAIL), link(A2, MAIL), link(A2, ADA)])
    assert groups(db, project, (A1, A2, MAIL, ADA)) == {together(A1, A2, MAIL, ADA)}
    nodes, lines = ledger.describe(project, ADA.hash)
    assert {(one["kind"], one["value"]) for one in nodes if one["kind"] == "email"} == {
        ("email", "a…@acme.example")
    }
    assert "email" in {one["rule"] for one in lines}
    assert [row["identity"] for row in ledger.find(project, "Ada@Acme.example ")] == [MAIL.hash]
    assert ledger.find(project, "ada@acme") == []


def test_two_users_of_one_e_mail_address_stay_two_and_an_operator_is_asked(
    ledger: Ledger, db: Engine, project: int
) -> None:
    ledger.join(project, [link(BOB, MAIL, AT + 5)])
    ledger.join(project, [link(ADA, MAIL, AT + 1)])
    assert groups(db, project, (ADA, BOB, MAIL)) == {together(ADA, MAIL), together(BOB)}
    assert refusals(ledger, project) == [({"bob", "a…@acme.example"}, "email", "two_users")]
    one = ledger.refused(project)[0]
    assert {one.a.customer, one.b.customer} == {ADA.hash, BOB.hash}
    assert (one.at, one.evidence) == (AT + 5, f"{AT + 5:032x}")
    assert ledger.refused(project, after=one.id) == []
    assert ledger.refused_counts(project) == {"two_users": 1}
    changed = ledger.merge(project, one.a.customer, one.b.customer, by="op", now=AT)
    assert changed == {ADA.hash, BOB.hash}
    assert groups(db, project, (ADA, BOB, MAIL)) == {together(ADA, BOB, MAIL)}
    assert refusals(ledger, project) == []


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0, {together(CRM), together(CRM2), together(ADA)}),
        (1, {together(ADA, CRM), together(CRM2)}),
        (2, {together(ADA, CRM, CRM2)}),
    ],
)
def test_a_customer_has_no_more_values_of_a_type_than_its_limit(
    db: Engine, events: EventStore, project: int, limit: int, expected: set[frozenset[str]]
) -> None:
    rules = ProjectRules(identifiers=(IdentifierRule("crm_id", limit, 1),))
    ledger = Ledger(db, events, lambda _: rules)
    ledger.join(project, [link(ADA, CRM2, AT + 1)])
    ledger.join(project, [link(ADA, CRM, AT)])
    assert groups(db, project, (ADA, CRM, CRM2)) == expected
    assert len(refusals(ledger, project)) == 2 - limit
    assert {reason for _, _, reason in refusals(ledger, project)} <= {"limit"}


def test_the_type_of_lower_priority_joins_first_whatever_came_first(
    db: Engine, events: EventStore, project: int
) -> None:
    for mail, crm, joined in ((1, 2, ADA), (2, 1, BOB)):
        rules = ProjectRules(
            identifiers=(IdentifierRule("email", 5, mail), IdentifierRule("crm_id", 5, crm)),
        )
        one = new_project(db)
        ledger = Ledger(db, events, lambda _, rules=rules: rules)
        ledger.join(
            one, [link(A1, CRM, AT), link(A1, MAIL, AT), link(ADA, MAIL, AT + 9), link(BOB, CRM, AT + 3)]
        )
        assert together(A1, joined) < next(
            some for some in groups(db, one, (A1, ADA, BOB, CRM, MAIL)) if "a1" in some
        )


def test_what_too_many_share_stops_joining_and_what_it_joined_falls_apart(
    db: Engine, events: EventStore, project: int
) -> None:
    ledger = Ledger(db, events, lambda _: ProjectRules(most_neighbours=3))
    visitors = [Identity("anonymous", f"v{n}") for n in range(5)]
    for number, visitor in enumerate(visitors[:3]):
        ledger.join(project, [link(visitor, MAIL, AT + number)])
    assert groups(db, project, (*visitors, MAIL)) == {
        together(*visitors[:3], MAIL),
        together(visitors[3]),
        together(visitors[4]),
    }
    changed = ledger.join(project, [link(visitors[3], MAIL, AT - 1)])
    assert groups(db, project, (*visitors, MAIL)) == {together(one) for one in (*visitors, MAIL)}
    assert changed >= {one.hash for one in visitors[:3]} - {min(one.hash for one in visitors[:3])}
    assert [reason for *_, reason in refusals(ledger, project)] == ["neighbours"] * 4
    ledger.join(project, [link(visitors[4], MAIL)])
    ledger.merge(project, visitors[4].hash, MAIL.hash, now=AT)
    assert together(visitors[4], MAIL) in groups(db, project, (*visitors, MAIL)), "an operator's word counts"
    for visitor in visitors[:2]:
        ledger.unmerge(project, visitor.hash, MAIL.hash, now=AT)
    assert together(*visitors[2:], MAIL) in groups(db, project, (*visitors, MAIL)), "few enough again"
    whose = told(events, project)
    assert {whose.get(one.hash, one.hash) for one in (*visitors[2:], MAIL)} == {
        min(one.hash for one in visitors[2:])
    }


def test_a_user_may_have_ten_times_as_many_browsers(db: Engine, events: EventStore, project: int) -> None:
    ledger = Ledger(db, events, lambda _: ProjectRules(most_neighbours=2))
    browsers = [Identity("anonymous", f"b{n}") for n in range(21)]
    ledger.join(project, [link(one, ADA) for one in browsers[:20]])
    assert len(groups(db, project, (*browsers[:20], ADA))) == 1
    ledger.join(project, [link(browsers[20], ADA)])
    assert len(groups(db, project, (*browsers, ADA))) == 22


def test_a_blocked_value_joins_nothing_until_it_is_unblocked(
    ledger: Ledger, events: EventStore, db: Engine, project: int
) -> None:
    everyone = (A1, A2, MAIL)
    ledger.join(project, [link(A1, MAIL), link(A2, MAIL)])
    before = told(events, project)
    assert ledger.preview_block(project, MAIL.hash).customers == 3
    changed = ledger.block(project, MAIL.hash, by="op", now=AT)
    assert groups(db, project, everyone) == {together(A1), together(A2), together(MAIL)}
    assert {reason for *_, reason in refusals(ledger, project)} == {"blocked"}
    assert max(A1.hash, A2.hash) in changed
    ledger.join(project, [link(A3, MAIL)])
    assert ledger.merge(project, A3.hash, MAIL.hash, now=AT) == set(), "not even an operator's edge joins it"
    assert together(A3) in groups(db, project, (A3, MAIL))
    assert ledger.block(project, MAIL.hash, now=AT) == set()
    ledger.unmerge(project, A3.hash, MAIL.hash, now=AT)
    ledger.unblock(project, MAIL.hash, by="op", now=AT)
    assert groups(db, project, everyone) == {together(*everyone)}
    assert {one: told(events, project)[one] for one in before} == before


@pytest.mark.parametrize("blocked", ["ADA ", "Ada@Acme.example", "a1"])
def test_values_that_the_rules_block_join_nothing(
    db: Engine, events: EventStore, project: int, blocked: str
) -> None:
    ledger = Ledger(db, events, lambda _: ProjectRules(blocked_ids=(blocked,)))
    ledger.join(project, [link(ADA, A1), link(ADA, MAIL)])
    value = {"ADA ": ADA, "Ada@Acme.example": MAIL, "a1": A1}[blocked]
    assert together(value) in groups(db, project, (ADA, A1, MAIL))
    assert {reason for *_, reason in refusals(ledger, project)} == {"blocked"}


def test_a_pair_that_is_kept_apart_is_not_joined_when_it_is_seen(
    ledger: Ledger, db: Engine, project: int
) -> None:
    ledger.keep_apart(project, A1.hash, ADA.hash, by="op", now=AT)
    assert ledger.join(project, [link(A1, ADA)]) == set()
    assert Ledger(ledger._engine, ledger._events).join(project, [link(A1, ADA, AT - 5)]) == set()
    assert groups(db, project, (A1, ADA)) == {together(A1), together(ADA)}
    assert len(rows_in(db, project)) == 1


def test_an_operator_says_whose_a_shared_browser_is(ledger: Ledger, db: Engine, project: int) -> None:
    ledger.join(project, [link(A1, ADA), link(A1, BOB), link(A1, MAIL)])
    assert {reason for *_, reason in refusals(ledger, project)} == {"shared"}
    assert len(refusals(ledger, project)) == 3
    ledger.merge(project, A1.hash, ADA.hash, by="op", now=AT)
    assert groups(db, project, (A1, ADA, BOB, MAIL)) == {together(A1, ADA, MAIL), together(BOB)}
    assert refusals(ledger, project) == [({"a1", "bob"}, "identify", "two_users")]


def test_the_edges_of_a_shared_browser_can_be_gathered_in_one(
    ledger: Ledger, db: Engine, project: int
) -> None:
    people = (ADA, BOB, EVE)
    ledger.join(project, [link(one, who) for one in (A1, A2) for who in people])
    ledger.join(project, [link(A1, MAIL), link(ADA, OTHER), link(BOB, OTHER)])
    assert len(refused(db, project)) == 8
    found = refused(db, project, gathered=True)
    assert [one.id for one in found] == sorted((one.id for one in found), reverse=True)
    others = {one.a.value: {other.value for other in one.others} for one in found if one.reason == "shared"}
    names = {one.value for one in people}
    assert others == {"a1": names | {MAIL.shown}, "a2": names}
    assert refused_counts(db, project, gathered=True) == {"shared": 2, "two_users": 1}
    assert count_unanswered(db, project, most=9) == 3
    ledger.keep_apart(project, A2.hash, EVE.hash, now=AT)
    ledger.keep_apart(project, A2.hash, BOB.hash, now=AT)
    assert refused_counts(db, project, gathered=True) == {"shared": 1, "two_users": 1}


def test_every_edge_stays_as_history_with_who_did_what_when(ledger: Ledger, db: Engine, project: int) -> None:
    ledger.join(project, [link(A1, ADA, AT)], now=AT + 1)
    ledger.unmerge(project, A1.hash, ADA.hash, by="op1", now=AT + 2)
    ledger.merge(project, ADA.hash, A1.hash, by="op2", now=AT + 3)
    first, second = rows_in(db, project)
    assert (first.rule, first.at, first.entered_at) == ("identify", AT, AT + 1)
    assert (first.retracted_at, first.retracted_by) == (AT + 2, "op1")
    assert (second.rule, second.entered_at, second.entered_by) == ("operator", AT + 3, "op2")
    assert second.retracted_at is None
    assert ledger.merge(project, ADA.hash, A1.hash, by="op2", now=AT + 4) == set()
    assert len(rows_in(db, project)) == 2


def test_the_earliest_event_is_the_evidence_whatever_came_first(
    ledger: Ledger, db: Engine, project: int
) -> None:
    for at, rule in ((AT + 5, "identify"), (AT + 2, "both_ids"), (AT + 9, "identify")):
        ledger.join(project, [link(A1, ADA, at, rule)])
    (row,) = rows_in(db, project)
    assert (row.at, row.evidence, row.rule) == (AT + 2, f"{AT + 2:032x}", "both_ids")


def test_an_id_that_was_never_linked_can_be_merged_and_one_that_was_never_seen_cannot(
    ledger: Ledger, events: EventStore, db: Engine, project: int
) -> None:
    events.insert([*happened(project, A1), *happened(project, ADA)], token="t")
    assert ledger.merge(project, A1.hash, A2.hash, now=AT) == set()
    preview = ledger.preview_merge(project, A1.hash, ADA.hash)
    assert (preview.identities, preview.events, preview.customers_before, preview.customers) == (2, 2, 2, 1)
    assert ledger.merge(project, A1.hash, ADA.hash, now=AT) == {A1.hash, ADA.hash}
    nodes, _ = ledger.describe(project, ADA.hash)
    assert {(one["kind"], one["value"]) for one in nodes} == {("user", "ada"), ("anonymous", "a1")}


def test_a_preview_says_what_parting_two_identities_would_do_and_does_nothing(
    ledger: Ledger, events: EventStore, db: Engine, project: int
) -> None:
    events.insert(
        [*happened(project, A1, 3), *happened(project, ADA, 4), *happened(project, BOB, 5)], token="t"
    )
    ledger.join(project, [link(A1, ADA), link(A1, MAIL), link(BOB, A2)])
    preview = ledger.preview_unmerge(project, A1.hash, ADA.hash)
    assert (preview.identities, preview.events) == (3, 7)
    assert (preview.customers_before, preview.customers) == (1, 2)
    assert groups(db, project, (A1, ADA, MAIL)) == {together(A1, ADA, MAIL)}
    assert ledger.preview_unmerge(project, A1.hash, BOB.hash) is None
    ledger.unmerge(project, A1.hash, ADA.hash, now=AT)
    assert groups(db, project, (A1, ADA, MAIL)) == {together(A1, MAIL), together(ADA)}
    assert ledger.preview_unmerge(project, A1.hash, ADA.hash) is None


def test_changed_rules_do_what_their_preview_says(
    ledger: Ledger, events: EventStore, db: Engine, project: int
) -> None:
    everyone = (ADA, BOB, A1, A2, A3, MAIL, CRM, CRM2)
    ledger.join(
        project,
        [
            *(link(A1, MAIL), link(A2, MAIL), link(A3, MAIL)),
            *(link(ADA, CRM, AT), link(ADA, CRM2, AT + 1), link(BOB, A3)),
        ],
    )
    before = groups(db, project, everyone)
    assert before == {together(ADA, CRM), together(CRM2), together(BOB, A1, A2, A3, MAIL)}
    rules = ProjectRules(identifiers=(IdentifierRule("crm_id", 2), IdentifierRule("email", 0)))
    preview = ledger.preview_rules(project, rules)
    assert groups(db, project, everyone) == before
    save_rules(db, project, rules, now=AT)
    progress: list[tuple[int, int]] = []
    changed = ledger.apply_rules(project, progress=lambda done, total: progress.append((done, total)))
    after = groups(db, project, everyone)
    assert after == {together(ADA, CRM, CRM2), together(BOB, A3), together(A1), together(A2), together(MAIL)}
    assert (preview.identities, preview.customers_before, preview.customers_after) == (8, 3, 5)
    assert (preview.split, preview.merged, preview.changed) == (1, 1, 4)
    assert {one.value for one in preview.examples} == {"a1", "a2", "a…@acme.example", "8"}
    assert changed >= {ADA.hash, BOB.hash, A1.hash, A2.hash}
    assert progress == [(8, 8)]
    assert ledger.apply_rules(project) == set(), "a second time changes nothing"


def test_page_by_page_rules_do_the_same(
    ledger: Ledger, db: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.identity.previews.PAGE", 2)
    visitors = [Identity("anonymous", f"p{n}") for n in range(6)]
    ledger.join(project, [link(one, MAIL) for one in visitors])
    rules = ProjectRules(most_neighbours=5)
    heard: list[tuple[int, int]] = []
    preview = ledger.preview_rules(project, rules, progress=lambda n, of: heard.append((n, of)))
    assert preview.customers_after == 7
    assert heard[0] == (0, 7)
    assert len(heard) > 1
    assert all(one <= following for one, following in pairwise(heard))
    work = Work()
    work.end()
    with pytest.raises(Cancelled):
        ledger.preview_rules(project, rules, progress=work.note)
    assert work.progress == (0, 7)
    save_rules(db, project, rules, now=AT)
    ledger.apply_rules(project)
    assert len(groups(db, project, (*visitors, MAIL))) == 7
    save_rules(db, project, ProjectRules(), now=AT)
    assert ledger.preview_rules(project, ProjectRules()).customers_after == 1
    ledger.apply_rules(project)
    assert len(groups(db, project, (*visitors, MAIL))) == 1


def test_of_very_many_identities_a_preview_looks_at_some(
    ledger: Ledger, db: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.identity.previews.PAGE", 4)
    monkeypatch.setattr("store.identity.previews.MOST_LOOKED_AT", 10)
    pairs = [(Identity("anonymous", f"q{n}"), Identity("crm_id", f"{n}")) for n in range(20)]
    ledger.join(project, [link(*pair) for pair in pairs])
    found = ledger.preview_rules(project, ProjectRules(identifiers=(IdentifierRule("crm_id", 0),)))
    assert found.identities == 40
    assert 10 <= found.looked_at < 20
    assert found.split * 2 == found.looked_at
    assert found.customers_after - found.customers_before == found.split


@pytest.mark.parametrize("value", ["q1", "Q1", "a%", "a_b", "x" * 300, "Ada@acme.example", "𝄞", ""])
def test_the_search_finds_the_start_of_a_value(ledger: Ledger, project: int, value: str) -> None:
    names = ["q1", "q12", "q2", "Q1", "a%1", "axb", "a_b1", "𝄞 clef", "x" * 300, "x" * 299 + "y"]
    ledger.join(project, [link(Identity("user", name), MAIL) for name in names])
    found = {row["value"] for row in ledger.find(project, value)}
    short = {name for name in names if name.startswith(value) and len(name) <= 256}
    whole = {name for name in names if name == value}
    assert found - {MAIL.shown} == short | whole
    assert (MAIL.shown in found) == (value in ("", "Ada@acme.example"))


def test_the_search_asks_an_index(engine: Engine, events: EventStore) -> None:
    project = new_project(engine)
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.lower().startswith("select"):
            seen.append((statement, given))

    event.listen(engine, "before_cursor_execute", note)
    Ledger(engine, events).find(project, "ada")
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        plans = [
            str(connection.exec_driver_sql(f"explain query plan {sql}", given).all()) for sql, given in seen
        ]
    assert len(plans) == 2
    assert all("SEARCH identities USING" in plan for plan in plans), plans
    assert "ix_identities_value" in plans[1]


def test_whose_events_may_belong_to_a_customer_is_not_asked_of_all_shared_browsers(
    engine: Engine, events: EventStore
) -> None:
    project = new_project(engine)
    ledger = Ledger(engine, events)
    shared = [Identity("anonymous", f"s{n}") for n in range(50)]
    ledger.join(project, [link(one, who) for one in shared for who in (ADA, BOB)])
    ledger.join(project, [link(A1, ADA), link(A1, EVE)])
    assert set(ledger.identities_of(project, [EVE.hash])) == {EVE.hash, A1.hash}
    asked = statements(engine, lambda: ledger.identities_of(project, [EVE.hash]))
    assert all("edges" in one for one in asked if "contested" in one)


def test_another_process_learns_what_changed_and_asks_little_for_what_did_not(
    db: Engine, events: EventStore, project: int
) -> None:
    mine, other = Ledger(db, events), Ledger(db, events)
    some = [A1.hash, A2.hash, ADA.hash, BOB.hash]
    assert mine.customers_of(project, some) == other.customers_of(project, some) == set(some)
    mine.join(project, [link(A1, ADA)])
    assert other.customers_of(project, some) == {A2.hash, ADA.hash, BOB.hash}
    mine.join(project, [link(A1, BOB)])
    assert other.customers_of(project, [A1.hash]) == {A1.hash, ADA.hash, BOB.hash}
    mine.unmerge(project, A1.hash, BOB.hash, now=AT)
    assert other.customers_of(project, some) == {A2.hash, ADA.hash, BOB.hash}
    other.join(project, [link(A1, ADA)])
    asked = statements(db, lambda: (other.customers_of(project, some), other.join(project, [link(A1, ADA)])))
    assert len(asked) == 2, asked
    assert all("ledgers" in one for one in asked)


def statements(engine: Engine, act: Callable[[], object]) -> list[str]:
    """What is asked of the relational store meanwhile, transactions' beginnings and ends apart."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("begin"):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return asked


class Cut(Exception):
    """The process ends here."""


def test_an_answer_that_is_taken_back_restores_the_edge_that_stood(
    ledger: Ledger, db: Engine, project: int
) -> None:
    ledger.join(project, [link(A1, ADA), link(A1, BOB)])
    before = state(db, project)
    for number, answer in enumerate((ledger.merge, ledger.unmerge, ledger.keep_apart)):
        answer(project, A1.hash, ADA.hash, by="op", now=AT + 10 * number)
        assert state(db, project) != before
        ledger.take_back(project, A1.hash, ADA.hash, by="op", now=AT + 10 * number + 5)
        assert state(db, project) == before
    with db.connect() as connection:
        assert rows_of(connection, project, [A1.hash])[A1.hash].neighbours == 2


@pytest.mark.parametrize("seen_before", [False, True])
@pytest.mark.parametrize("does", ["merge", "unmerge", "keep_apart"])
def test_what_is_seen_while_an_answer_stands_counts_when_that_is_taken_back(
    ledger: Ledger, db: Engine, project: int, does: str, seen_before: bool
) -> None:
    with_names(ledger, project)
    ledger.join(project, [link(A1, MAIL, AT + 7)] if seen_before else [])
    getattr(ledger, does)(project, A1.hash, MAIL.hash, by="op", now=AT)
    for at in (AT + 5, AT + 3, AT + 4):
        ledger.join(project, [link(A1, MAIL, at)])
    ledger.take_back(project, A1.hash, MAIL.hash, by="op", now=AT + 9)
    assert groups(db, project, (A1, MAIL)) == {together(A1, MAIL)}
    standing = [row for row in rows_in(db, project) if row.retracted_at is None]
    assert [(row.rule, row.at, row.evidence) for row in standing] == [("email", AT + 3, f"{AT + 3:032x}")]
    with db.connect() as connection:
        assert rows_of(connection, project, [A1.hash])[A1.hash].neighbours == 1


def test_a_merge_that_stands_again_can_be_taken_back_as_before(
    ledger: Ledger, db: Engine, project: int
) -> None:
    ledger.join(project, [link(A1, ADA)])
    before = state(db, project)
    for number, answer in enumerate((ledger.merge, ledger.unmerge, ledger.take_back, ledger.take_back)):
        answer(project, A1.hash, ADA.hash, by="op", now=AT + number)
    assert state(db, project) == before
    standing = [row for row in rows_in(db, project) if row.retracted_at is None]
    assert [(row.rule, row.at) for row in standing] == [("identify", AT)]


def test_a_merge_of_two_that_were_parted_leaves_them_parted_when_it_is_taken_back(
    ledger: Ledger, db: Engine, project: int
) -> None:
    ledger.join(project, [link(A1, ADA, AT + 7)])
    ledger.unmerge(project, A1.hash, ADA.hash, by="op", now=AT)
    ledger.merge(project, A1.hash, ADA.hash, by="op", now=AT + 1)
    ledger.join(project, [link(A1, ADA, AT + 3)])
    ledger.take_back(project, A1.hash, ADA.hash, by="op", now=AT + 9)
    assert groups(db, project, (A1, ADA)) == {together(A1), together(ADA)}


@pytest.mark.parametrize("seen_meanwhile", [False, True])
def test_two_that_were_kept_apart_before_anything_linked_them_join_when_that_is_taken_back(
    ledger: Ledger, db: Engine, events: EventStore, project: int, seen_meanwhile: bool
) -> None:
    other = Ledger(db, events)
    ledger.keep_apart(project, A1.hash, ADA.hash, by="op", now=AT)
    for one in (ledger, other):
        assert one.join(project, [link(A1, ADA, AT + 5)] if seen_meanwhile else []) == set()
    ledger.take_back(project, A1.hash, ADA.hash, by="op", now=AT + 9)
    if not seen_meanwhile:
        assert rows_in(db, project) == []
        assert other.join(project, [link(A1, ADA, AT + 5)]) == {A1.hash, ADA.hash}
    assert groups(db, project, (A1, ADA)) == {together(A1, ADA)}
    standing = [row for row in rows_in(db, project) if row.retracted_at is None]
    assert [(row.rule, row.at) for row in standing] == [("identify", AT + 5)]
    assert ledger.take_back(project, A1.hash, ADA.hash, by="op", now=AT + 20) == set()


def test_a_crash_between_both_stores_loses_nothing(
    db: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise Cut

    ledger = Ledger(db, events)
    with monkeypatch.context() as patch:
        patch.setattr(store.identity.ledger, "tell", cut)
        with pytest.raises(Cut):
            ledger.join(project, [link(A1, ADA)])
    assert told(events, project) == {}
    Ledger(db, events).join(project, [link(A2, BOB)])
    assert told(events, project) == {A1.hash: ADA.hash, A2.hash: BOB.hash}
    with monkeypatch.context() as patch:
        patch.setattr(store.identity.ledger, "tell", cut)
        with pytest.raises(Cut):
            ledger.unmerge(project, A1.hash, ADA.hash, now=AT)
    again = Ledger(db, events)
    again.catch_up()
    assert told(events, project) == {A1.hash: A1.hash, A2.hash: BOB.hash}
    assert again.join(project, [link(A1, ADA), link(A2, BOB)]) == set()


def test_a_crash_while_the_event_store_is_told_is_repeated_harmlessly(
    db: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = events.insert_table

    def insert_and_cut(*given: Any, **more: Any) -> None:
        insert(*given, **more)
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(events, "insert_table", insert_and_cut)
        with pytest.raises(Cut):
            Ledger(db, events).join(project, [link(A1, ADA)])
    ledger = Ledger(db, events)
    assert ledger.join(project, [link(A1, ADA)]) == set()
    assert told(events, project) == {A1.hash: ADA.hash}
    assert statements(db, ledger.catch_up) != []
    assert len(statements(db, ledger.catch_up)) == 1, "there is nothing left to tell"


def test_no_transaction_is_open_while_the_event_store_is_asked(
    engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = new_project(engine)
    insert = events.insert_table

    def insert_and_write(*given: Any, **more: Any) -> None:
        new_project(engine)  # would wait for the write lock until it gives up
        insert(*given, **more)

    monkeypatch.setattr(events, "insert_table", insert_and_write)
    Ledger(engine, events).join(project, [link(A1, ADA), link(A1, BOB)])
    assert A1.hash in told(events, project)


def test_an_older_change_that_is_told_late_changes_nothing(
    db: Engine, events: EventStore, project: int
) -> None:
    ledger = Ledger(db, events)
    ledger.join(project, [link(A1, ADA)])
    ledger.unmerge(project, A1.hash, ADA.hash, now=1)
    assert told(events, project)[A1.hash] == A1.hash, "a clock that was put back makes no difference"


def test_forgotten_identities_are_gone_and_the_rest_is_worked_out_anew(
    db: Engine, events: EventStore, project: int
) -> None:
    ledger, other = Ledger(db, events), Ledger(db, events)
    ledger.join(project, [link(A1, ADA), link(A1, BOB), link(A2, BOB)])
    other.join(project, [link(A1, BOB)])
    assert ledger.forget(project, [BOB.hash]) >= {BOB.hash, ADA.hash, A2.hash}
    assert groups(db, project, (A1, A2, ADA)) == {together(A1, ADA), together(A2)}
    assert len(rows_in(db, project)) == 1
    other.join(project, [link(A2, BOB)])
    assert groups(db, project, (A2, BOB)) == {together(A2, BOB)}, "who comes back is somebody new"


def test_two_workers_that_merge_in_opposite_directions_end_as_one_does(
    pg_engine: Engine, events: EventStore
) -> None:
    users = [Identity("user", f"w{n}") for n in range(12)]
    browsers = [Identity("anonymous", f"x{n}") for n in range(40)]
    mails = [Identity("email", f"m{n}@acme.example") for n in range(10)]
    links = [
        *(link(one, users[n % 12], AT + n) for n, one in enumerate(browsers)),
        *(link(one, users[n % 7], AT - n) for n, one in enumerate(browsers[:9])),
        *(link(users[n], mails[n % 10], AT + n) for n in range(12)),
        *(link(browsers[n], mails[(n * 3) % 10], AT + n) for n in range(40)),
        *(link(users[n], users[n + 1], AT) for n in range(0, 6, 2)),
    ]
    everyone = (*users, *browsers, *mails)
    alone, shared = new_project(pg_engine), new_project(pg_engine)
    Ledger(pg_engine, events).join(alone, links)

    def work(order: list[Link]) -> None:
        ledger = Ledger(pg_engine, events)
        for start in range(0, len(order), 5):
            ledger.join(shared, order[start : start + 5])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, (links, links[::-1], links[1::2] + links[::2])))
    assert groups(pg_engine, shared, everyone) == groups(pg_engine, alone, everyone)
    owners = told(events, shared)
    with pg_engine.connect() as connection:
        rows = rows_of(connection, shared, [one.hash for one in everyone])
    assert {one: owners.get(one, one) for one in rows} == {one: row.customer for one, row in rows.items()}


NODES = [
    *(Identity("user", f"u{n}") for n in range(3)),
    *(Identity("anonymous", f"a{n}") for n in range(3)),
    MAIL,
    CRM,
    CRM2,
]
pairs = st.lists(st.sampled_from(NODES), min_size=2, max_size=2, unique=True).filter(
    lambda pair: (
        any(one.kind in ("user", "anonymous") for one in pair) and {one.kind for one in pair} != {"anonymous"}
    )
)
histories = st.lists(st.tuples(pairs, st.integers(0, 5)), min_size=1, max_size=9)
FEW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@FEW
@given(history=histories, answers=st.lists(st.tuples(pairs, st.booleans()), max_size=2), data=st.data())
def test_any_order_of_messages_and_answers_gives_the_same_customers(
    engine: Engine,
    events: EventStore,
    history: list[tuple[list[Identity], int]],
    answers: list[tuple[list[Identity], bool]],
    data: st.DataObject,
) -> None:
    once = {frozenset(one.hash for one in pair): (pair, merged) for pair, merged in answers}
    steps: list[Any] = [link(a, b, AT + at) for (a, b), at in history] + list(once.values())
    found = []
    for order in (steps, data.draw(st.permutations(steps))):
        project = new_project(engine)
        ledger = Ledger(engine, events)
        with_names(ledger, project)
        for step in order:
            if isinstance(step, Link):
                ledger.join(project, [step])
            else:
                (a, b), merged = step
                (ledger.merge if merged else ledger.keep_apart)(project, a.hash, b.hash, now=AT)
        with engine.connect() as connection:
            rows = rows_of(connection, project, [one.hash for one in NODES])
        whose = {one: (row.customer, row.contested) for one, row in rows.items()}
        asked = sorted((sorted(values), reason) for values, _, reason in refusals(ledger, project))
        found.append((whose, asked, {one: told(events, project).get(one, one) for one in rows}))
    assert found[0] == found[1]


def with_names(ledger: Ledger, project: int) -> None:
    """Let the ledger know all ids, so that operators can merge them before they are linked."""

    def act(change: Change) -> None:
        change.name(NODES)

    ledger._changed(project, act, AT)


@FEW
@given(history=histories, pair=pairs)
def test_taking_an_operators_merge_back_restores_exactly_what_was(
    engine: Engine, events: EventStore, history: list[tuple[list[Identity], int]], pair: list[Identity]
) -> None:
    project, ledger = new_project(engine), Ledger(engine, events)
    with_names(ledger, project)
    a, b = pair
    ledger.join(project, [link(c, d, AT + at) for (c, d), at in history if {c, d} != {a, b}])
    before = state(engine, project)
    ledger.merge(project, a.hash, b.hash, by="op", now=AT)
    ledger.unmerge(project, a.hash, b.hash, by="op", now=AT)
    assert state(engine, project) == before
    whose = told(events, project)
    assert {one: whose.get(one, one) for one in before[0]} == {
        one: owner for one, (owner, _) in before[0].items()
    }


@FEW
@given(
    history=histories,
    pair=pairs,
    does=st.sampled_from(["merge", "unmerge", "keep_apart"]),
    place=st.integers(0, 9),
)
def test_an_answer_that_is_taken_back_leaves_what_the_messages_say_whenever_it_was_given(
    engine: Engine,
    events: EventStore,
    history: list[tuple[list[Identity], int]],
    pair: list[Identity],
    does: str,
    place: int,
) -> None:
    found = []
    for is_answered in (False, True):
        project, ledger = new_project(engine), Ledger(engine, events)
        with_names(ledger, project)
        steps: list[Any] = [link(a, b, AT + at) for (a, b), at in history]
        for step in (*steps[:place], None, *steps[place:]):
            if step:
                ledger.join(project, [step])
            elif is_answered:
                getattr(ledger, does)(project, pair[0].hash, pair[1].hash, by="op", now=AT)
        if is_answered:
            ledger.take_back(project, pair[0].hash, pair[1].hash, by="op", now=AT + 50)
        found.append(state(engine, project))
    assert found[0] == found[1]


def state(engine: Engine, project: int) -> tuple[dict[int, tuple[int, bool]], dict[tuple[int, int], str]]:
    """Whose all identities are, and why edges are refused."""
    with engine.connect() as connection:
        rows = rows_of(connection, project, [one.hash for one in (*NODES, ADA, BOB, A1)])
    standing = {(row.a, row.b): row.refused for row in rows_in(engine, project) if row.retracted_at is None}
    return {one: (row.customer, row.contested) for one, row in rows.items()}, standing
