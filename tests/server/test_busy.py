"""Who has very many events is counted about once a minute, and nobody else waits for that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.counters import Counters
from journeys import busy
from journeys.account_events import FIRST
from server.doctor import running
from server.filler import Filler
from server.refreshing import LATE_MS, Refresher
from store.event import identity_hash
from store.events import EventStore
from store.finding import Finding
from store.identity import Ledger
from store.identity.regrouping import ask_for
from store.identity.touched import (
    MOST_TRIES,
    failed_of,
    forget_touched,
    left,
    marks_of,
    note_failures,
    put_off,
)
from store.journeys import JourneyVersion, make_live, save_version
from store.news import News, labels_of
from store.privacy.suppression import nobody
from store.projects import create_project
from store.settings import Settings
from tests.server.conftest import Clock
from tests.server.test_account_failures import member, together, who
from tests.server.test_filling import definition, happened

KIOSK, ADA = identity_hash("user", "kiosk"), identity_hash("user", "ada")


class Place:
    """A project whose events arrive batch by batch."""

    def __init__(self, engine: Engine, events: EventStore, clock: Clock) -> None:
        self.engine, self.events, self.clock = engine, events, clock
        self.project = create_project(engine, key="p", name="P", now=0).id
        self.ledger = Ledger(engine, events)
        self.refresher = self.opened()
        self.version: JourneyVersion = save_version(engine, self.project, definition(), by="", now=1)
        Filler(engine, events).fill_all()
        self.n = 0

    def opened(self) -> Refresher:
        """The refresher of another process, or of the next one."""
        return Refresher(self.engine, self.events, self.ledger, nobody, self.clock)

    def arrive(self, *whose: str, event: str = "a", at: Refresher | None = None) -> None:
        """A batch with an event of each of these, at this process or at another one."""
        self.n += 1
        rows = [happened(self.project, who, event, self.n) for who in whose]
        self.events.insert(rows, token=f"t{self.n}")
        news = News(labels_of(rows), frozenset())
        (at or self.refresher).refresh(self.project, {row.identity for row in rows}, news)

    def repeats(self) -> dict[int, int]:
        """How many touchpoints, beyond the first, the stored run of each customer has."""
        rows = self.events.query(
            "select customer, runs[1].repeats as n from journey_runs final where notEmpty(runs.start)"
        )
        return {row["customer"]: row["n"] for row in rows}


def interrupted(
    place: Place, patch: pytest.MonkeyPatch, meanwhile: Callable[[], None], what: str = "customers"
) -> None:
    """Let something happen once, when runs have just been computed and it is not noted yet."""
    command, waiting = place.events.command, [meanwhile]

    def told(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        command(sql, parameters)
        is_of_accounts = "groupArrayArray(members)" in sql
        if "insert into journey_runs" in sql and is_of_accounts == (what == "accounts") and waiting:
            waiting.pop()()

    patch.setattr(place.events, "command", told)


@pytest.fixture
def place(engine: Engine, events: EventStore, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where five events are very many, and twice a minute is often."""
    monkeypatch.setattr(busy, "MANY", 5)
    monkeypatch.setattr(busy, "OFTEN", 2)
    place = Place(engine, events, Clock())
    rows = [happened(place.project, "kiosk", "a", -n) for n in range(1, 6)]
    events.insert(rows, token="before")
    return place


def test_a_busy_customer_is_put_off_for_a_minute_and_others_are_not(place: Place) -> None:
    place.arrive("kiosk", "ada")
    assert place.repeats() == {KIOSK: 5, ADA: 0}
    for _ in range(3):
        place.arrive("kiosk", "ada")
    assert place.repeats() == {KIOSK: 5, ADA: 3}
    assert place.ledger.waiting(place.project) == {KIOSK}
    assert place.refresher.busy.n == 1
    place.clock.now += LATE_MS
    assert place.refresher.make_up(before=place.clock.now - LATE_MS) == 0, "not earlier"
    place.clock.now += 1
    place.arrive("kiosk")
    assert place.refresher.make_up(before=place.clock.now - LATE_MS) == 1
    assert place.repeats() == {KIOSK: 9, ADA: 3}
    assert place.ledger.waiting(place.project) == set()


def test_who_was_put_off_is_counted_also_when_the_clock_was_put_back(place: Place) -> None:
    for _ in range(3):
        place.arrive("kiosk")
    assert place.repeats() == {KIOSK: 5}
    place.clock.now -= 86_400_000
    assert place.refresher.make_up(before=place.clock.now - LATE_MS) == 1
    assert place.repeats() == {KIOSK: 7}


def test_the_next_process_counts_at_once_who_was_put_off(place: Place) -> None:
    for _ in range(3):
        place.arrive("kiosk")
    assert place.repeats() == {KIOSK: 5}
    place.clock.now += 1
    place.opened().turn()
    assert place.repeats() == {KIOSK: 7}


@pytest.mark.parametrize("where", ["this process", "another one"])
def test_what_comes_while_a_busy_customer_is_counted_is_counted_the_next_time(
    place: Place, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = place.refresher if where == "this process" else place.opened()
    for _ in range(3):
        place.arrive("kiosk", at=at)
    place.clock.now += 1
    with monkeypatch.context() as patch:
        interrupted(place, patch, lambda: place.arrive("kiosk", at=at))
        assert place.refresher.make_up(before=place.clock.now) == 1
    assert place.repeats() == {KIOSK: 7}
    assert place.ledger.waiting(place.project) == {KIOSK}
    assert place.refresher.make_up(before=place.clock.now) == 0, "it waits anew"
    place.clock.now += 1
    assert place.refresher.make_up(before=place.clock.now) == 1
    assert place.repeats() == {KIOSK: 8}
    assert place.ledger.waiting(place.project) == set()


def test_a_change_of_whose_events_they_are_is_counted_at_once(place: Place) -> None:
    for _ in range(3):
        place.arrive("kiosk")
    place.refresher.refresh(place.project, {KIOSK}, News({}, frozenset({KIOSK})))
    assert place.repeats() == {KIOSK: 7}


def test_nobody_is_put_off_while_the_customers_are_grouped_anew(place: Place) -> None:
    ask_for(place.engine, place.project, by="ada", now=1)
    for _ in range(3):
        place.arrive("kiosk")
    assert place.repeats() == {KIOSK: 7}
    assert place.ledger.waiting(place.project) == set()


def test_who_calms_down_is_counted_at_every_batch_again(place: Place) -> None:
    for _ in range(3):
        place.arrive("kiosk")
    place.clock.now += busy.REMEMBERED_MS
    place.arrive("kiosk")
    assert place.repeats() == {KIOSK: 8}
    assert place.refresher.busy.n == 0


def health(place: Place) -> list[Finding]:
    """What System health says."""
    return running(
        place.engine,
        place.events,
        Settings(database_url=str(place.engine.url)),
        counters=Counters(),
        chores=[],
        busy=lambda: place.refresher.busy.n,
        busy_accounts=lambda: place.refresher.busy_accounts.n,
    )


def test_system_health_says_that_some_are_put_off(place: Place) -> None:
    for _ in range(2):
        place.arrive("kiosk")
    (said,) = [one for one in health(place) if one.what.startswith("busy")]
    assert (said.what, said.good) == ("busy customers", True)
    assert said.says.startswith("1 customer has so many events")


MEMBERS = [f"of f{n}" for n in range(6)]


def firm(place: Place) -> int:
    """How many touchpoints, beyond the first, the stored run of the one account has."""
    (n,) = (n for one, n in place.repeats().items() if one >= FIRST)
    return n


@pytest.fixture
def account(place: Place) -> Place:
    """Where six members of one firm have come once, two of them this minute; the firm is put off by now."""
    version = save_version(place.engine, place.project, together() | {"key": "t"}, by="", now=1)
    make_live(place.engine, version, now=1)
    told = [member(place.project, f"f{n}") for n in range(6)]
    for one in told:
        one.group_id = "firm"
    rows = [*told, *(happened(place.project, who, "a", -9) for who in MEMBERS)]
    place.events.insert(rows, token="members")
    place.arrive(MEMBERS[0])
    assert firm(place) == 6
    place.arrive(MEMBERS[1])
    return place


def test_a_busy_account_is_put_off_for_a_minute_and_its_members_are_not(account: Place) -> None:
    account.arrive(MEMBERS[2])
    assert firm(account) == 6
    assert {account.repeats()[who(f"f{n}")] for n in range(3)} == {1}
    assert account.ledger.waiting(account.project) == {who("f1")}, "one is noted for all"
    assert account.refresher.busy.n == 0
    (said,) = [one for one in health(account) if one.what.startswith("busy")]
    assert (said.what, said.good) == ("busy accounts", True)
    assert said.says.startswith("1 account has so many events")
    account.clock.now += LATE_MS
    assert account.refresher.make_up(before=account.clock.now - LATE_MS) == 0, "not earlier"
    account.clock.now += 1
    assert account.refresher.make_up(before=account.clock.now - LATE_MS) == 1
    assert firm(account) == 8
    assert account.ledger.waiting(account.project) == set()


def test_an_account_is_due_by_the_first_time_though_who_is_noted_comes_again(account: Place) -> None:
    account.clock.now += LATE_MS // 2
    account.arrive(MEMBERS[1])
    assert account.repeats()[who("f1")] == 2, "whose own runs are counted at once"
    account.clock.now += LATE_MS // 2 + 1
    assert account.refresher.make_up(before=account.clock.now - LATE_MS) == 1
    assert firm(account) == 8


def test_the_next_process_counts_at_once_who_was_put_off_and_then_another_member_is_noted(
    account: Place,
) -> None:
    account.clock.now += 1
    account.opened().turn()
    assert firm(account) == 7
    assert account.ledger.waiting(account.project) == set()
    account.arrive(MEMBERS[4])
    assert firm(account) == 7
    assert account.ledger.waiting(account.project) == {who("f4")}


def test_what_comes_while_a_busy_account_is_counted_is_counted_the_next_time(
    account: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.clock.now += 1
    with monkeypatch.context() as patch:
        interrupted(account, patch, lambda: account.arrive(MEMBERS[5]), "accounts")
        assert account.refresher.make_up(before=account.clock.now) == 1
    assert firm(account) == 7
    assert account.ledger.waiting(account.project) == {who("f5")}
    account.clock.now += 1
    assert account.refresher.make_up(before=account.clock.now) == 1
    assert firm(account) == 8
    assert account.ledger.waiting(account.project) == set()


def test_what_comes_is_noted_though_the_account_is_counted_at_that_moment(
    account: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, counted = account.ledger.waiting, list[int]()

    def told(project: int, among: Collection[int] | None = None) -> set[int]:
        found = waiting(project, among)
        if not counted:
            counted.append(account.refresher.make_up(before=account.clock.now))
        return found

    account.clock.now += 1
    with monkeypatch.context() as patch:
        patch.setattr(account.ledger, "waiting", told)
        account.arrive(MEMBERS[2])
    assert counted == [1]
    assert account.ledger.waiting(account.project) == {who("f1")}


def test_a_change_of_who_a_member_is_counts_the_account_at_once(account: Place) -> None:
    account.refresher.refresh(account.project, {who("f3")}, News({}, frozenset({who("f3")})))
    assert firm(account) == 7


def test_no_account_is_put_off_while_the_customers_are_grouped_anew(account: Place) -> None:
    ask_for(account.engine, account.project, by="ada", now=1)
    account.arrive(MEMBERS[2])
    assert firm(account) == 8


def test_an_account_that_calms_down_is_counted_at_every_batch_again(account: Place) -> None:
    account.clock.now += busy.REMEMBERED_MS
    account.arrive(MEMBERS[1])
    assert firm(account) == 8
    assert account.refresher.busy_accounts.n == 0
    assert account.ledger.waiting(account.project) == set()


@pytest.mark.parametrize("store", ["engine", "pg_engine"])
def test_who_is_put_off_again_is_due_by_the_first_time(store: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(store)
    project = create_project(engine, key="p", name="P", now=0).id
    put_off(engine, project, {KIOSK, ADA}, now=10)
    put_off(engine, project, {KIOSK}, now=20)
    assert list(left(engine, before=10, most=9)) == []
    assert list(left(engine, before=11, most=9)) == [(project, {KIOSK, ADA})]
    marks = marks_of(engine, project, {KIOSK})
    put_off(engine, project, {KIOSK}, now=30)
    forget_touched(engine, project, marks, version=0, now=40)
    assert list(left(engine, before=11, most=9)) == [(project, {ADA})]
    assert list(left(engine, before=41, most=9)) == [(project, {KIOSK, ADA})]
    forget_touched(engine, project, marks_of(engine, project, {KIOSK}), version=0, now=50)
    assert list(left(engine, before=99, most=9)) == [(project, {ADA})]


@pytest.mark.parametrize("store", ["engine", "pg_engine"])
def test_who_was_given_up_and_is_put_off_is_tried_again(store: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(store)
    project = create_project(engine, key="p", name="P", now=0).id
    for _ in range(MOST_TRIES):
        note_failures(engine, project, {KIOSK: "too much"}, now=10)
    assert list(left(engine, before=99, most=9)) == []
    put_off(engine, project, {KIOSK}, now=20)
    assert list(left(engine, before=99, most=9)) == [(project, {KIOSK})]
    note_failures(engine, project, {KIOSK: "too much"}, now=30)
    assert [one.tries for one in failed_of(engine, project)] == [1]
