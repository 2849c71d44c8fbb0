"""The worker: every acknowledged event reaches the store once, whatever dies in between."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc
import pytest
from sqlalchemy import Engine

from collector.worker import Worker
from store.drops import drops_by_code
from store.event import identity_hash
from store.events import EventStore, EventStoreError
from store.identities import Ledger
from store.inbox import Envelope, Inbox
from store.projects import create_project
from tests.collector.conftest import NOW, Clock

MONTH = 31 * 86_400_000
Make = Callable[..., Worker]


@pytest.fixture(autouse=True)
def two_projects(engine: Engine) -> None:
    assert [create_project(engine, key=key, name=key, now=NOW).id for key in ("one", "two")] == [1, 2]


class Killed(BaseException):
    """The process dies here."""


class Fragile:
    """Stands before a real store and dies before or after one of its calls."""

    def __init__(self, real: Any, name: str, *, when: str, at: int = 1) -> None:
        self._real, self._name, self._when, self._left = real, name, when, at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        return self.dying(method) if name == self._name else method

    def dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._when == "before":
                raise Killed
            answer = method(*given, **named)
            if self._left == 0 and self._when == "after":
                raise Killed
            return answer

        return call


def track(number: int, **changes: Any) -> dict[str, Any]:
    fields = {"type": "track", "event": "x", "messageId": f"m{number}", "anonymousId": f"a{number % 3}"}
    return fields | {"timestamp": NOW - number % 4 * MONTH} | changes


def put(inbox: Inbox, *messages: dict[str, Any], project: int = 1) -> None:
    inbox.put(Envelope(project=project, received_at=NOW, side="server", messages=list(messages)))


def stored(events: EventStore, project: int = 1) -> Counter[str]:
    rows = events.query(
        "select message_id from events where project = {project:UInt32}", {"project": project}
    )
    return Counter(row["message_id"] for row in rows)


def test_events_travel_from_the_inbox_to_the_store(
    inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    put(inbox, track(1), track(2))
    put(inbox, track(3, timestamp=1), project=2)
    put(inbox, track(1), project=2)
    worker = make_worker()
    worker.drain()
    assert stored(events) == {"m1": 1, "m2": 1}
    assert stored(events, project=2) == {"m1": 1}
    assert inbox.depth() == 0
    assert worker.counters.snapshot(NOW) | {"events_per_second": 0} == {
        "accepted": 3,
        "duplicates": 0,
        "dropped": {"bad_timestamp": 1},
        "batches": 1,
        "failures": 0,
        "last_batch_at": NOW,
        "events_per_second": 0,
    }


def test_copies_of_a_message_count_once_in_a_batch_and_later(
    inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    worker = make_worker()
    put(inbox, track(1), track(1), track(2))
    put(inbox, track(2))
    worker.drain()
    put(inbox, track(1, event="changed"), track(3))
    worker.drain()
    assert stored(events) == {"m1": 1, "m2": 1, "m3": 1}
    assert (worker.counters.accepted, worker.counters.duplicates) == (3, 3)


def test_what_the_pipeline_refuses_is_kept_as_drops(engine: Engine, inbox: Inbox, make_worker: Make) -> None:
    put(inbox, track(1, timestamp=1), track(2, anonymousId="null"), track(3))
    make_worker().drain()
    assert drops_by_code(engine, 1) == {"bad_timestamp": 1, "missing_identity": 1}


def test_touched_customers_are_handed_on_with_the_links_of_the_batch(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    touched: list[tuple[int, set[int]]] = []
    worker = make_worker(after=lambda project, customers: touched.append((project, set(customers))))
    put(inbox, track(1, anonymousId="a1"))
    worker.drain()
    put(inbox, track(2, type="identify", anonymousId="a1", userId="u1"))
    worker.drain()
    anonymous, user = identity_hash("anonymous", "a1"), identity_hash("user", "u1")
    assert touched == [(1, {anonymous}), (1, {anonymous, user})]
    assert Ledger(engine, events).customers_of(1, [anonymous]) == {user}


STAGES = [
    ("events", "known_messages", "before", 1),
    ("events", "known_messages", "after", 1),
    ("events", "known_messages", "after", 2),
    ("events", "insert", "before", 1),
    ("events", "insert", "after", 1),
    ("events", "insert_table", "before", 2),
    ("ledger", "join", "before", 1),
    ("ledger", "join", "after", 1),
    ("ledger", "join", "after", 2),
    ("ledger", "customers_of", "after", 1),
    ("after", "refresh", "before", 1),
    ("after", "refresh", "after", 2),
    ("inbox", "acknowledge", "before", 1),
    ("inbox", "acknowledge", "after", 1),
]


class Refreshed:
    """Remembers which customers were handed on."""

    def __init__(self) -> None:
        self.customers: set[tuple[int, int]] = set()

    def refresh(self, project: int, customers: set[int]) -> None:
        self.customers |= {(project, customer) for customer in customers}


@pytest.mark.parametrize(("part", "name", "when", "at"), STAGES)
def test_a_worker_that_dies_between_two_stages_loses_and_doubles_nothing(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make,
    part: str, name: str, when: str, at: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    put(inbox, *(track(n) for n in range(5)))
    make_worker().drain()
    for _ in range(2):
        put(inbox, *(track(n) for n in range(3, 20)), track(20, timestamp=1))
        put(inbox, track(21, type="identify", anonymousId="a1", userId="u1"))
    put(inbox, *(track(n) for n in range(10)), project=2)

    refreshed = Refreshed()
    real = {"events": events, "ledger": Ledger(engine, events), "inbox": inbox, "after": refreshed}
    fragile = Fragile(real[part], name, when=when, at=at)
    if name == "insert_table":  # called by the store itself
        monkeypatch.setattr(events, name, fragile.dying(events.insert_table))
        fragile = events
    dying = {part: fragile.refresh if part == "after" else fragile}
    with pytest.raises(Killed):
        make_worker(**dying).drain()
    monkeypatch.undo()

    inbox.release_all()
    make_worker(after=refreshed.refresh).drain()
    expected = {f"m{n}": 1 for n in (*range(20), 21)}
    assert stored(events) == expected
    assert stored(events, project=2) == {f"m{n}": 1 for n in range(10)}
    known = events.query("select count() as n, uniqExact(project, event_id) as ids from message_ids")[0]
    assert known["ids"] == 31
    assert drops_by_code(engine, 1) == {"bad_timestamp": 2}
    assert inbox.depth() == 0
    user = identity_hash("user", "u1")
    assert Ledger(engine, events).customers_of(1, [identity_hash("anonymous", "a1")]) == {user}
    if (part, when) != ("inbox", "after"):
        assert {(1, user), (1, identity_hash("anonymous", "a1")), (1, identity_hash("anonymous", "a0"))} <= (
            refreshed.customers
        )

    put(inbox, *(track(n) for n in range(22)))
    make_worker().drain()
    assert stored(events) == expected | {"m20": 1}


def test_an_insert_that_reached_some_months_only_is_completed_by_its_repeat(
    inbox: Inbox, events: EventStore, make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox, *(track(n) for n in range(8)))
    whole = events.insert_table

    def insert_this_month_and_die(name: str, table: Any, *, token: str) -> None:
        this_month = pc.equal(table["timestamp"].cast("int64"), NOW)
        whole(name, table.filter(this_month), token=token)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(events, "insert_table", insert_this_month_and_die)
        with pytest.raises(Killed):
            make_worker().drain()
    assert stored(events) == {"m0": 1, "m4": 1}
    inbox.release_all()
    make_worker().drain()
    assert stored(events) == {f"m{n}": 1 for n in range(8)}


def test_a_dead_workers_batch_comes_back_when_its_lease_is_over(
    inbox: Inbox, events: EventStore, make_worker: Make, clock: Clock
) -> None:
    put(inbox, track(1))
    with pytest.raises(Killed):
        make_worker(events=Fragile(events, "insert", when="after")).drain()
    make_worker().drain()
    assert inbox.depth() == 1
    clock.now += 121_000
    make_worker().drain()
    assert (stored(events), inbox.depth()) == ({"m1": 1}, 0)


def test_a_failing_store_is_tried_again_and_logged_once(
    inbox: Inbox,
    events: EventStore,
    make_worker: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collector.worker.FIRST_PAUSE_SECONDS", 0.01)
    refusals = iter([EventStoreError("no space left"), EventStoreError("no space left")])
    done = threading.Event()
    whole = events.insert

    def insert(rows: Any, *, token: str) -> None:
        for refusal in refusals:
            raise refusal
        whole(rows, token=token)

    monkeypatch.setattr(events, "insert", insert)
    worker = make_worker(
        after=lambda project, customers: done.set(), clock=lambda: time.time_ns() // 1_000_000
    )
    put(inbox, track(1))
    worker.start()
    assert done.wait(20)
    worker.stop()
    assert stored(events) == {"m1": 1}
    assert worker.counters.failures == 2
    assert caplog.text.count("a batch could not be stored") == 1
    assert "no space left" in caplog.text


def test_stop_finishes_the_batch_in_hand(inbox: Inbox, events: EventStore, make_worker: Make) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait(project: int, customers: set[int]) -> None:
        inside.set()
        assert go_on.wait(20)

    worker = make_worker(after=wait)
    put(inbox, track(1))
    worker.start()
    assert inside.wait(20)
    threading.Timer(0.05, go_on.set).start()
    worker.stop()
    assert (stored(events), inbox.depth()) == ({"m1": 1}, 0)


def test_postgresql_takes_what_hostile_clients_send(
    pg_engine: Engine, events: EventStore, make_worker: Make
) -> None:
    project = create_project(pg_engine, key="hostile", name="Hostile", now=NOW).id
    inbox, ledger = Inbox(pg_engine), Ledger(pg_engine, events)
    put(
        inbox,
        track(1, type="identify", userId="u\x001", anonymousId="a\0", event="\0", properties={"\0": 2**80}),
        track(2, timestamp="\0"),
        project=project,
    )
    make_worker(inbox=inbox, ledger=ledger).drain()
    inbox.close()
    assert stored(events, project=project) == {"m1": 1}
    assert drops_by_code(pg_engine, project) == {"bad_timestamp": 1}
    user = identity_hash("user", "u1")
    assert ledger.customers_of(project, [identity_hash("anonymous", "a")]) == {user}
