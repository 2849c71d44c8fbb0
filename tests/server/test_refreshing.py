"""What a change has touched is computed anew, also after a crash; who cannot be counted is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.generations import kept
from journeys.sessions import sessions
from server.filler import Filler
from server.refreshing import Refresher
from store.event import Event, event_id, identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.identity.touched import MOST_TRIES
from store.privacy.suppression import nobody
from store.projects import create_project

numbers = count(1)
START = 1_760_000_000_000
NOW = 2_000_000_000_000  # later than any change that the tests make
ADA, BOB = Identity("user", "ada"), Identity("user", "bob")


def happened(project: int, who: str, minutes: int = 0) -> Event:
    number = next(numbers)
    return Event(
        project=project,
        event_id=event_id(str(number)),
        message_id=str(number),
        type="track",
        event="E",
        timestamp=START + minutes * 60_000,
        received_at=START,
        user_id=who,
        identity=identity_hash("user", who),
        side="browser",
    )


@pytest.fixture
def project(engine: Engine) -> int:
    return create_project(engine, key="p", name="P", now=0).id


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    return Ledger(engine, events)


@pytest.fixture
def refresher(engine: Engine, events: EventStore, ledger: Ledger) -> Refresher:
    return Refresher(engine, events, ledger, nobody, lambda: NOW)


def counted(events: EventStore, project: int) -> dict[int, int]:
    """How many touchpoints the stored sessions of each customer have."""
    assert kept(events, project)[0].state == "live"
    return {row["customer"]: row["n"] for row in sessions(events, project)}


@pytest.fixture
def two_people(
    engine: Engine, events: EventStore, ledger: Ledger, refresher: Refresher, project: int
) -> dict[int, int]:
    events.insert([happened(project, "ada"), happened(project, "bob", 5)], token="t")
    refresher.refresh(project, {ADA.hash, BOB.hash})
    Filler(engine, events).count_sessions()
    browsers = [Link(who, Identity("anonymous", who.value), "identify", "", 0) for who in (ADA, BOB)]
    refresher.refresh(project, ledger.join(project, browsers))
    before = counted(events, project)
    assert before == {ADA.hash: 1, BOB.hash: 1}
    return before


ANSWERS: dict[str, Callable[[Ledger, int], set[int]]] = {
    "merge": lambda ledger, project: ledger.merge(project, ADA.hash, BOB.hash, now=NOW - 1),
    "take back": lambda ledger, project: ledger.take_back(project, ADA.hash, BOB.hash, now=NOW - 1),
}


def test_an_answer_after_which_the_process_ends_is_in_the_sessions_after_the_next_start(
    engine: Engine, events: EventStore, ledger: Ledger, project: int, two_people: dict[int, int]
) -> None:
    for answer, expected in (
        ("merge", {min(ADA.hash, BOB.hash): 2}),
        ("take back", two_people),
    ):
        ANSWERS[answer](ledger, project)  # and here the process ends
        assert counted(events, project) != expected
        again = Refresher(engine, events, Ledger(engine, events), nobody, lambda: NOW)
        assert again.make_up(before=NOW) == 2
        assert counted(events, project) == expected
        assert again.make_up(before=NOW) == 0


def test_what_was_computed_is_not_left(
    refresher: Refresher, ledger: Ledger, project: int, two_people: dict[int, int]
) -> None:
    touched = ANSWERS["merge"](ledger, project)
    refresher.refresh(project, touched)
    assert refresher.make_up(before=NOW) == 0


def test_who_read_the_ledger_before_a_merge_does_not_put_the_older_answer_in_place_of_the_newer(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    two_people: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Ledger(engine, events)
    identities_of = slow.identities_of

    def read(project: int, some: Sequence[int]) -> list[int]:
        """Reads, and then somebody else merges and computes before it goes on."""
        found = identities_of(project, some)
        refresher.refresh(project, ANSWERS["merge"](ledger, project))
        return found

    monkeypatch.setattr(slow, "identities_of", read)
    late = Refresher(engine, events, slow, nobody, lambda: NOW)
    late.refresh(project, {min(ADA.hash, BOB.hash)})
    assert counted(events, project) == {min(ADA.hash, BOB.hash): 2}


def test_a_change_that_the_event_store_does_not_know_yet_is_left_until_it_does(
    refresher: Refresher,
    ledger: Ledger,
    project: int,
    two_people: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("store.identity.ledger.tell", lambda *_: None)
        touched = ANSWERS["merge"](ledger, project)
        refresher.refresh(project, touched)
    assert refresher.make_up(before=NOW) == 2


def test_who_is_forgotten_is_not_left(
    refresher: Refresher, ledger: Ledger, project: int, two_people: dict[int, int]
) -> None:
    ANSWERS["merge"](ledger, project)
    ledger.forget(project, [ADA.hash])
    left = {one for _, some in ledger.left(before=NOW, most=10) for one in some}
    assert ADA.hash not in left
    assert BOB.hash in left


def test_the_thread_makes_up_at_once(
    engine: Engine, events: EventStore, ledger: Ledger, project: int, two_people: dict[int, int]
) -> None:
    ANSWERS["merge"](ledger, project)
    again = Refresher(engine, events, ledger, nobody, lambda: NOW)
    again.chore.start()
    while any(ledger.left(before=NOW, most=10)):
        sleep(0.05)
    again.chore.stop()
    again.close()
    assert counted(events, project) == {min(ADA.hash, BOB.hash): 2}


def stumble(events: EventStore, over: int, patch: pytest.MonkeyPatch) -> list[int]:
    """Let the event store refuse to count the sessions of one customer, however they are asked for."""
    command, failures = events.command, []

    def refusing(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        given = dict(parameters or {})
        if "insert into customer_sessions" in sql:
            is_theirs = given.get("low", 0) <= over < given.get("high", 2**63)
            if over in given.get("customers", [over] if is_theirs else []):
                failures.append(over)
                raise EventStoreError("Code: 999. This history cannot be counted")
        command(sql, parameters)

    patch.setattr(events, "command", refusing)
    return failures


def test_one_who_cannot_be_counted_is_named_and_tried_some_times_and_the_others_are_counted(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    two_people: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = [f"u{n}" for n in range(20)]
    events.insert([happened(project, who, 9) for who in (*names, "ada")], token="more")
    some = {identity_hash("user", who) for who in names} | {ADA.hash}
    with monkeypatch.context() as patch:
        failures = stumble(events, ADA.hash, patch)
        refresher.refresh(project, some)
        assert counted(events, project) == dict.fromkeys(some | {BOB.hash}, 1), "Ada's are as they were"
        assert [one.state for one in kept(events, project)] == ["live"], "nothing is counted anew"
        assert str(ADA.hash) in caplog.text
        assert [(one.customer, one.tries) for one in ledger.failed(project)] == [(ADA.hash, 1)]
        for _ in range(2 * MOST_TRIES):
            refresher.make_up(before=NOW + 1)
        assert ledger.failed(project)[0].tries == MOST_TRIES
        assert len(failures) < 6 + 2 * MOST_TRIES
    refresher.refresh(project, {ADA.hash})
    assert counted(events, project)[ADA.hash] == 2
    assert ledger.failed(project) == []


def test_a_count_of_all_leaves_out_who_cannot_be_counted(
    engine: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.sessions.EVENTS_PER_CHUNK", 4)
    names = [f"u{n}" for n in range(10)]
    events.insert([happened(project, who) for who in names], token="t")
    stumble(events, identity_hash("user", "u3"), monkeypatch)
    filler = Filler(engine, events)
    assert filler.count_sessions() == 1
    assert set(counted(events, project)) == {identity_hash("user", who) for who in names if who != "u3"}
    assert [one.customer for one in Ledger(engine, events).failed(project)] == [identity_hash("user", "u3")]
    assert filler.count_sessions() == 0, "it does not begin again"


def test_a_store_that_is_away_is_nobodys_fault(
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    two_people: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stumble(events, ADA.hash, monkeypatch)
    monkeypatch.setattr(events, "takes_inserts", lambda: False)
    with pytest.raises(EventStoreError):
        refresher.refresh(project, {ADA.hash, BOB.hash})
    assert ledger.failed(project) == []


def test_where_very_many_cannot_be_counted_it_is_given_up_early(
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    two_people: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def refusing(sql: str, *_: Any) -> None:
        if "insert into customer_sessions" in sql:
            tried.append(sql)
            raise EventStoreError("Code: 999. No history can be counted")

    with monkeypatch.context() as patch:
        patch.setattr(events, "command", refusing)
        patch.setattr(events, "takes_inserts", lambda: True)
        refresher.refresh(project, set(range(1, 2_001)))
    assert len(tried) < 150
    assert len(ledger.failed(project)) == 2_000
