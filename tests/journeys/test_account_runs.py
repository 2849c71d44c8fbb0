"""Runs of accounts: what members do together is one attempt, whatever is merged, parted or erased."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys.account_events import FIRST
from journeys.account_runs import named
from journeys.checking import differing, some_customers
from journeys.definitions import Definition, DefinitionError, lean, parse
from journeys.filling import fill
from server.refreshing import Refresher
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion, save_version
from store.news import Label, News, labels_of
from store.privacy.deletion import delete_identities, delete_shared_events
from store.privacy.erasure import NotErasable, find_whom
from store.projects import create_project
from tests.journeys.test_runs_rule import (
    EXAMPLES,
    definitions,
    histories,
    ignore_progress,
    numbers,
    rows,
    stored,
)
from tests.oracle import Run, Touch, of_account, runs

Owner = Callable[[Event], int]
NOW = 2_000_000_000_000
OF_ACCOUNTS = {"runs_of": "accounts"}
START = 1_700_000_000_000
ACCOUNTS = ("acme", "globex")
PLAIN = {
    "key": "j",
    "name": "J",
    "runs_of": "accounts",
    "steps": [{"key": name, "name": name.upper(), "match": [{"event": name}]} for name in "abc"],
    "idle_timeout": "10s",
}


def version_of(definition: dict[str, Any], project: int) -> JourneyVersion:
    return JourneyVersion(7, project, 1, 1, dict(parse(definition).source), "live", 0, 0, "", 0)


def happened(project: int, number: int, who: str, at: int, name: str, account: str = "") -> Event:
    """An event of this name, or one that tells that `who` belongs to the account."""
    return Event(
        project=project,
        event_id=event_id(f"{project}-{number}"),
        message_id=f"{project}-{number}",
        type="group" if name == "group" else "track",
        event="" if name == "group" else name,
        timestamp=START + at,
        received_at=START + at,
        sequence=number,
        user_id=who,
        identity=identity_hash("user", who),
        group_id=account,
    )


def by_name(
    events: EventStore, project: int, *, version: int = 7, counts_steps: bool = False
) -> dict[str, list[Run]]:
    """The stored runs by the account; whoever is no account is called by the number."""
    found = stored(events, project, version, counts_steps=counts_steps)
    names = named(events, project, found)
    return {names.get(number, str(number)): made for number, made in found.items()}


def test_two_members_make_one_attempt_together(events: EventStore) -> None:
    told = [
        happened(1, 1, "ann", 0, "group", "acme"),
        happened(1, 2, "bob", 0, "group", "acme"),
        happened(1, 3, "ann", 1_000, "a"),
        happened(1, 4, "bob", 2_000, "b"),
        happened(1, 5, "eve", 2_500, "a"),
        happened(1, 6, "ann", 3_000, "c"),
    ]
    events.insert(told, token="t")
    fill(events, version_of(PLAIN, 1), progress=ignore_progress)
    found = by_name(events, 1)
    assert list(found) == ["acme"], "who has no account makes no run"
    (run,) = found["acme"]
    assert run.outcome == "succeeded"
    assert run.steps == ((1, START + 1_000), (2, START + 2_000), (3, START + 3_000))
    assert all(number >= FIRST for number in stored(events, 1, 7)), "no person has such a number"


def test_the_runs_of_accounts_are_checked_share_by_share(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"account {n}" for n in range(30)]
    told = [happened(1, n, f"u{n}", 0, "group", name) for n, name in enumerate(names)]
    told += [happened(1, 100 + n, f"u{n}", 1_000, "a") for n in range(30)]
    events.insert(told, token="t")
    version = version_of(PLAIN, 1)
    fill(events, version, progress=ignore_progress)
    monkeypatch.setattr("journeys.checking.ROOM", 1)
    samples = [some_customers(events, version, 15, seed=seed) for seed in range(3)]
    assert all(samples)
    assert not set(samples[0]) & set(samples[1])
    assert [differing(events, version, one) for one in samples] == [[], [], []]
    events.command("delete from journey_runs where customer = {one:UInt64}", {"one": samples[1][0]})
    assert [one.customer for one in differing(events, version, samples[1])] == samples[1][:1]


def touches_of(definition: Definition, written: Iterable[Event], owner: Owner) -> dict[int, list[Touch]]:
    """What the rule sees of these events, by whose they are."""
    found: dict[int, list[Touch]] = defaultdict(list)
    for e in written:
        matches = {k for k, s in enumerate(definition.steps, 1) if any(m.event == e.event for m in s.match)}
        order = json.loads(e.properties).get("order", "")
        found[owner(e)].append(
            Touch(
                *(e.timestamp, e.sequence, e.event_id, frozenset(matches)),
                any(m.event == e.event for m in definition.fail_on),
                order if definition.case_key else "",
                bool(order) or not definition.population,
                e.group_id,
            )
        )
    return found


def expected(definition: Definition, written: Sequence[Event], owner: Owner) -> dict[str, list[Run]]:
    """The runs of every account, by the rule."""
    touches = touches_of(definition, written, owner)
    members: dict[str, set[int]] = defaultdict(set)
    for e in written:
        if e.type == "group":
            members[e.group_id].add(owner(e))
    made = {name: runs(definition, of_account(name, some, touches)) for name, some in members.items()}
    return {name: found for name, found in made.items() if found}


def of_itself(event: Event) -> int:
    return event.identity


memberships = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(ACCOUNTS)), max_size=5)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    definitions(),
    histories(),
    memberships,
    st.lists(st.sampled_from(("", "", *ACCOUNTS))),
    st.integers(0, 40),
)
def test_stored_runs_of_accounts_are_the_ones_of_the_rule(
    events: EventStore,
    definition: dict[str, Any],
    history: list[tuple[int, int, int, str, str]],
    told: list[tuple[int, str]],
    naming: list[str],
    per_chunk: int,
) -> None:
    project = next(numbers)
    written = rows(history, project)
    for event, account in zip(written, naming, strict=False):
        event.group_id = account  # as clients may send it with what happened for one of several accounts
    written += [happened(project, 100 + n, str(who), 0, "group", name) for n, (who, name) in enumerate(told)]
    events.insert(written, token=f"p{project}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("journeys.filling.EVENTS_PER_CHUNK", per_chunk + 1)
        fill(events, version_of(definition | OF_ACCOUNTS, project), progress=ignore_progress)
    found = by_name(events, project, counts_steps=definition["order"] == "any")
    assert found == expected(parse(definition), written, of_itself)


class Message(NamedTuple):
    """What somebody did, by a user id or in a browser or both; `group` tells of an account."""

    name: str
    account: str
    at: int
    browser: str
    user: str


def messages() -> st.SearchStrategy[Message]:
    plain = st.tuples(st.sampled_from("abcx"), st.just(""))
    telling = st.tuples(st.just("group"), st.sampled_from(ACCOUNTS))
    return st.builds(
        lambda what, at, browser, user: Message(*what, at * 500, browser, user),
        st.one_of(plain, plain, telling),
        st.integers(0, 24),
        st.sampled_from(["", "b0", "b1", "b2"]),
        st.sampled_from(["", "", "u0", "u1"]),
    ).filter(lambda one: one.browser or one.user)


PEOPLE = (("user", "u0"), ("user", "u1"), ("anonymous", "b1"))
people = st.sampled_from([identity_hash(*one) for one in PEOPLE])
changes = st.one_of(
    st.tuples(st.just("arrive"), st.lists(messages(), min_size=1, max_size=8)),
    st.tuples(st.just("arrive"), st.lists(messages(), min_size=1, max_size=8)),
    st.tuples(st.just("merge"), st.tuples(people, people)),
    st.tuples(st.just("unmerge"), st.tuples(people, people)),
    st.tuples(st.just("erase"), people),
)


def said(name: str, at: int, user: str, account: str = "", browser: str = "") -> Message:
    return Message(name, account, at, browser, user)


BOTH = [said("group", 0, "u0", "acme"), said("group", 0, "u1", "acme")]
WALK = [said("a", 1, "u0"), said("b", 2, "u1"), said("c", 3, "u0")]


@dataclass
class Place:
    """A project whose journey is kept up to date as workers and erasures do it."""

    engine: Engine
    events: EventStore
    project: int
    written: list[Event] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    sent: int = 0

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.engine, self.events)
        self.version = save_version(self.engine, self.project, dict(parse(PLAIN).source), by="", now=0)
        self.refresher = Refresher(self.engine, self.events, self.ledger, lambda _: self, lambda: NOW)

    def without(self, customers: Iterable[int]) -> list[int]:
        """As `Suppressed` does: those of them who were not erased."""
        return sorted(set(customers) - self.gone)

    def arrive(self, some: list[Message]) -> None:
        came = [self.event(one) for one in some]
        came = [one for one in came if not {one.identity, *self.named(one)} & self.gone]
        if not came:
            return
        self.written += came
        self.events.insert(came, token=f"{self.project}-{self.sent}")
        links = [
            Link(
                Identity("anonymous", e.anonymous_id),
                Identity("user", e.user_id),
                "both_ids",
                "",
                e.timestamp,
            )
            for e in came
            if e.anonymous_id and e.user_id
        ]
        joined = self.ledger.join(self.project, links)
        labels = labels_of(came)
        owners, others = self.ledger.owners(self.project, labels)
        by_customer: dict[int, set[Label]] = defaultdict(set)
        for identity, found in labels.items():
            if identity in owners:
                by_customer[owners[identity]] |= found
        renamed = frozenset(joined | others)
        self.refresher.refresh(self.project, {*by_customer, *renamed}, News(by_customer, renamed))

    def event(self, one: Message) -> Event:
        self.sent += 1
        event = happened(self.project, self.sent, one.user or one.browser, one.at, one.name, one.account)
        event.user_id, event.anonymous_id = one.user, one.browser
        if not one.user:
            event.identity = identity_hash("anonymous", one.browser)
        return event

    def named(self, event: Event) -> set[int]:
        ids = (("user", event.user_id), ("anonymous", event.anonymous_id))
        return {identity_hash(kind, value) for kind, value in ids if value}

    def merge(self, pair: tuple[int, int]) -> None:
        if pair[0] != pair[1] and not set(pair) & self.gone:
            self.refresher.refresh(self.project, self.ledger.merge(self.project, *pair, now=NOW))

    def unmerge(self, pair: tuple[int, int]) -> None:
        if pair[0] != pair[1]:
            self.refresher.refresh(self.project, self.ledger.take_back(self.project, *pair, now=NOW))

    def erase(self, who: int) -> None:
        """Take out a customer as an erasure does; a shared id goes where it is this customer's only."""
        try:
            whom = find_whom(self.events, self.ledger, self.project, who)
        except NotErasable:
            return
        if whom is None:
            return
        self.gone |= set(whom.numbers)
        left = [one for one in self.written if self.owner(one) != whom.customer]
        delete_shared_events(self.events, self.project, whom.customer, whom.shared)
        delete_identities(self.events, self.project, whom.numbers)
        self.written = [one for one in left if one.identity not in whom.numbers]
        changed = self.ledger.forget(self.project, whom.numbers)
        self.refresher.refresh(self.project, {*whom.numbers, *whom.neighbours, *changed})

    def owner(self, event: Event) -> int:
        (row,) = self.events.query(
            "select customer from customer_events "
            "where project = {p:UInt32} and lower(hex(event_id)) = {id:String}",
            {"p": self.project, "id": event.event_id.hex()},
        )
        return int(row["customer"])


@settings(
    max_examples=max(EXAMPLES // 4, 5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(messages(), min_size=2, max_size=12), st.lists(changes, min_size=1, max_size=5))
def test_runs_of_accounts_follow_whatever_happens_to_their_members(
    engine: Engine, events: EventStore, first: list[Message], happenings: list[tuple[str, Any]]
) -> None:
    project = create_project(engine, key=f"a{next(numbers)}", name="A", now=0).id
    place = Place(engine, events, project)
    place.arrive([*BOTH, *first])
    for what, about in happenings:
        getattr(place, what)(about)
    found = by_name(events, project, version=place.version.id)
    assert found == expected(parse(PLAIN), place.written, place.owner)
    checked = some_customers(events, place.version, 100, seed=1)
    assert differing(events, place.version, checked) == []
    place.refresher.close()


@pytest.fixture
def place(engine: Engine, events: EventStore) -> Iterator[Place]:
    made = Place(engine, events, create_project(engine, key="p", name="P", now=0).id)
    yield made
    made.refresher.close()


def outcomes(place: Place) -> dict[str, list[tuple[int, str]]]:
    """How far the runs of each account came, and how they stand."""
    found = by_name(place.events, place.project, version=place.version.id)
    return {name: [(run.position, run.outcome) for run in made] for name, made in found.items()}


def test_whoever_joins_late_brings_what_was_done_before(place: Place) -> None:
    place.arrive([*BOTH[:1], *WALK])
    assert outcomes(place) == {"acme": [(1, "open")]}
    place.arrive(BOTH[1:])
    assert outcomes(place) == {"acme": [(3, "succeeded")]}


def test_an_erased_member_is_in_no_run_of_the_account(place: Place) -> None:
    place.arrive([*BOTH, *WALK])
    assert outcomes(place) == {"acme": [(3, "succeeded")]}
    place.erase(identity_hash("user", "u1"))
    assert outcomes(place) == {"acme": [(1, "open")]}
    place.erase(identity_hash("user", "u0"))
    assert outcomes(place) == {}


def test_whoever_is_un_merged_takes_the_account_along(place: Place) -> None:
    place.arrive([*BOTH, *WALK[:1], said("b", 2, "", browser="b1")])
    assert outcomes(place) == {"acme": [(1, "open")]}
    pair = identity_hash("user", "u1"), identity_hash("anonymous", "b1")
    place.merge(pair)
    assert outcomes(place) == {"acme": [(2, "open")]}
    place.unmerge(pair)
    assert outcomes(place) == {"acme": [(1, "open")]}


def test_an_account_is_stored_with_its_members_also_without_a_run(place: Place) -> None:
    place.arrive(BOTH)
    assert outcomes(place) == {}
    (row,) = place.events.query("select members from journey_runs final where notEmpty(members)")
    assert sorted(row["members"]) == sorted(identity_hash("user", who) for who in ("u0", "u1"))


def test_what_does_not_concern_the_journey_computes_nothing(place: Place) -> None:
    place.arrive([*BOTH, *WALK])
    before = place.events.query("select max(version) as newest from journey_runs")
    place.arrive([said("z", 5, "u0")])
    assert place.events.query("select max(version) as newest from journey_runs") == before


def test_definitions_say_whose_the_runs_are() -> None:
    plain = {name: one for name, one in PLAIN.items() if name != "runs_of"}
    assert [parse(one).of_accounts for one in (PLAIN, plain)] == [True, False]
    assert lean(parse(PLAIN).source)["runs_of"] == "accounts"
    assert parse(plain | {"runs_of": "customers"}).source == parse(plain).source, "no other version"
    with pytest.raises(DefinitionError, match="runs_of"):
        parse(plain | {"runs_of": "sessions"})
