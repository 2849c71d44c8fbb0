"""The worker: every acknowledged event reaches the store once, whatever dies in between."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from collector.worker import Worker
from store.batches import LEASE_MS, Batches, NotHeld
from store.claims import Claims
from store.drops import drops_by_code, recent_drops
from store.event import identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, Inbox
from store.projects import create_project
from store.tables import claims, ingestion
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


@pytest.mark.parametrize("later", [0, 5 * 60_000, 7 * 86_400_000, 700 * 86_400_000])
def test_a_copy_counts_once_however_late_it_comes_and_whoever_takes_it(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make, later: int, clock: Clock
) -> None:
    put(inbox, track(1))
    make_worker().drain()
    clock.now += later
    restarted = events.sibling(events.database)
    other_door = Inbox(engine)
    other_door.put(
        Envelope(project=1, received_at=clock.now, side="browser", messages=[track(1, timestamp=clock.now)])
    )
    other_door.close()
    worker = make_worker(events=restarted, ledger=Ledger(engine, restarted))
    worker.drain()
    restarted.close()
    assert stored(events) == {"m1": 1}
    assert (worker.counters.accepted, worker.counters.duplicates) == (0, 1)


def test_what_the_pipeline_refuses_is_kept_as_drops(engine: Engine, inbox: Inbox, make_worker: Make) -> None:
    put(inbox, track(1, timestamp=1), track(2, anonymousId="null"), track(3))
    make_worker().drain()
    assert drops_by_code(engine, 1) == {"bad_timestamp": 1, "missing_identity": 1}


def test_touched_customers_are_handed_on_with_the_links_of_the_batch(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    touched: list[tuple[int, set[int]]] = []
    worker = make_worker(after=lambda project, customers, _: touched.append((project, set(customers))))
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
    ("ledger", "owners", "after", 1),
    ("after", "refresh", "before", 1),
    ("after", "refresh", "after", 2),
    ("batches", "acknowledge", "before", 1),
    ("batches", "acknowledge", "after", 1),
]


class Refreshed:
    """Remembers which customers were handed on."""

    def __init__(self) -> None:
        self.customers: set[tuple[int, int]] = set()

    def refresh(self, project: int, customers: set[int], _: object = None) -> None:
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
    real = {
        "events": events,
        "ledger": Ledger(engine, events),
        "batches": Batches(engine),
        "after": refreshed,
    }
    fragile = Fragile(real[part], name, when=when, at=at)
    if name == "insert_table":  # called by the store itself
        monkeypatch.setattr(events, name, fragile.dying(events.insert_table))
        fragile = events
    dying = {part: fragile.refresh if part == "after" else fragile}
    with pytest.raises(Killed):
        make_worker(**dying).drain()
    monkeypatch.undo()

    Batches(inbox._engine).release_all()
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
    if (part, when) != ("batches", "after"):
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
    Batches(inbox._engine).release_all()
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
    clock.now += LEASE_MS + 1_000
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

    def insert(rows: Any, **named: Any) -> None:
        for refusal in refusals:
            raise refusal
        whole(rows, **named)

    monkeypatch.setattr(events, "insert", insert)
    worker = make_worker(after=lambda *_: done.set(), clock=lambda: time.time_ns() // 1_000_000)
    put(inbox, track(1))
    worker.start()
    assert done.wait(60)
    worker.stop()
    assert stored(events) == {"m1": 1}
    assert worker.counters.failures == 2
    assert caplog.text.count("a batch could not be stored") == 1
    assert "no space left" in caplog.text


def test_stop_finishes_the_batch_in_hand(inbox: Inbox, events: EventStore, make_worker: Make) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        inside.set()
        assert go_on.wait(60)

    worker = make_worker(after=wait)
    put(inbox, track(1))
    worker.start()
    assert inside.wait(60)
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
    make_worker(batches=Batches(pg_engine), ledger=ledger).drain()
    inbox.close()
    assert stored(events, project=project) == {"m1": 1}
    assert drops_by_code(pg_engine, project) == {"bad_timestamp": 1}
    user = identity_hash("user", "u1")
    assert ledger.customers_of(project, [identity_hash("anonymous", "a")]) == {user}


def broken_for(events: EventStore, name: str) -> Callable[..., None]:
    """An insert that fails whenever this event is among the rows."""
    whole = events.insert

    def insert(rows: Any, **named: Any) -> None:
        if any(row.event == name for row in rows):
            raise EventStoreError("Cannot convert value")
        whole(rows, **named)

    return insert


def work_until(worker: Worker, done: Callable[[], bool]) -> None:
    """Let the worker work in its own thread until this holds; it must within a minute."""
    worker.start()
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    worker.stop()
    assert done()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_an_envelope_that_can_never_be_stored_is_set_aside_and_all_others_pass(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.worker.FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(events, "insert", broken_for(events, "poison"))
    for number in range(5):
        put(inbox, track(number), track(number + 10))
    put(inbox, track(100, event="poison"), track(101))
    worker = make_worker(clock=now_ms)
    work_until(worker, lambda: inbox.depth() == 0)
    assert stored(events) == {f"m{n}": 1 for n in (*range(5), *range(10, 15))}
    kept = recent_drops(engine, 1)
    assert [(row["code"], row["place"]) for row in kept] == [("poison", "worker")] * 2
    assert all("Cannot convert value" in row["message"] and "Traceback" in row["message"] for row in kept)
    assert {json.loads(row["original"])["message"]["messageId"] for row in kept} == {"m100", "m101"}
    with engine.connect() as connection:
        counts = dict(
            connection.execute(select(ingestion.c.what, func.sum(ingestion.c.n)).group_by("what")).all()
        )
    assert (counts["accepted"], counts["dropped"]) == (10, 2)
    assert worker.counters.snapshot(NOW)["dropped"] == {"poison": 2}


def test_a_store_that_is_away_is_never_taken_for_a_poisoned_envelope(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.worker.FIRST_PAUSE_SECONDS", 0.001)
    put(inbox, track(1), track(2))
    with monkeypatch.context() as away:
        away.setattr(events, "insert", broken_for(events, "x"))
        away.setattr(events, "takes_inserts", lambda: False)
        worker = make_worker(clock=now_ms)
        work_until(worker, lambda: worker.counters.failures >= 12)
    make_worker(clock=now_ms).drain()
    work_until(make_worker(clock=now_ms), lambda: inbox.depth() == 0)
    assert stored(events) == {"m1": 1, "m2": 1}
    assert drops_by_code(engine, 1) == {}


def test_an_envelope_that_was_damaged_on_the_disk_is_kept_as_it_lies_there(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.worker.FIRST_PAUSE_SECONDS", 0.001)
    put(inbox, track(1))
    put(inbox, track(2))
    with engine.begin() as connection:
        connection.execute(text("update inbox set body = x'7b22' where id = (select min(id) from inbox)"))
    work_until(make_worker(clock=now_ms), lambda: inbox.depth() == 0)
    assert stored(events) == {"m2": 1}
    (row,) = recent_drops(engine, 1)
    assert json.loads(row["original"])["body"] == base64.b64encode(b'{"').decode()


def test_a_repeat_finds_what_is_stored_where_the_store_has_forgotten_the_token(
    inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    for table in ("events", "message_ids"):
        events.command(f"alter table {table} modify setting non_replicated_deduplication_window = 0")
    put(inbox, *(track(n) for n in range(8)))
    with pytest.raises(Killed):
        make_worker(events=Fragile(events, "insert", when="after")).drain()
    Batches(inbox._engine).release_all()
    events.command("truncate table message_ids")
    worker = make_worker()
    worker.drain()
    assert stored(events) == {f"m{n}": 1 for n in range(8)}
    assert (worker.counters.accepted, worker.counters.duplicates) == (8, 0)
    put(inbox, *(track(n) for n in range(8)))
    worker.drain()
    assert stored(events) == {f"m{n}": 1 for n in range(8)}


@pytest.mark.parametrize("store", ["engine", "pg_engine"])
def test_copies_that_two_workers_hold_at_the_same_moment_count_once(
    store: str, request: pytest.FixtureRequest, events: EventStore, make_worker: Make
) -> None:
    engine = request.getfixturevalue(store)
    if store == "pg_engine":
        create_project(engine, key="one", name="One", now=NOW)
    inbox, batches, ledger = Inbox(engine), Batches(engine), Ledger(engine, events)
    put(inbox, *(track(n) for n in range(10)))
    parts = {"batches": batches, "claims": Claims(engine), "ledger": ledger}
    second = make_worker(**parts)

    class Overtaken:
        """The first worker's event store: just before it inserts, the second worker does its whole batch."""

        def __getattr__(self, name: str) -> Any:
            return getattr(events, name)

        def insert(self, rows: Any, **named: Any) -> None:
            put(inbox, *(track(n) for n in range(5, 15)))
            second.drain()
            events.insert(rows, **named)

    make_worker(**parts | {"events": Overtaken()}).drain()
    assert stored(events) == {f"m{n}": 1 for n in range(15)}
    assert second.counters.duplicates == 5
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(claims)) == 0
    inbox.close()


@pytest.mark.parametrize("store", ["engine", "pg_engine"])
def test_a_worker_that_was_paused_claims_nothing_of_a_batch_that_is_tried_in_parts(
    store: str, request: pytest.FixtureRequest, events: EventStore, make_worker: Make, clock: Clock
) -> None:
    """Else the worker of a part would take its own messages for copies of what another one stores."""
    engine = request.getfixturevalue(store)
    if store == "pg_engine":
        create_project(engine, key="one", name="One", now=NOW)
    inbox, batches, claims = Inbox(engine), Batches(engine), Claims(engine)
    for n in range(3):
        put(inbox, track(n))
    parts = {"batches": batches, "claims": claims, "ledger": Ledger(engine, events)}
    other = make_worker(**parts)._carrier
    for _ in range(2):
        batches.claim(now=clock.now, most_events=100)  # by workers that end
        clock.now += LEASE_MS + 1

    class Pausing:
        """Just before it claims, another worker has begun the first part of its batch."""

        def claim(self, *given: Any, **named: Any) -> Any:
            clock.now += LEASE_MS + 1
            part = batches.claim(now=clock.now, most_events=100)
            try:
                return claims.claim(*given, **named)
            finally:
                other.store(part, other.digest(part))

    with pytest.raises(NotHeld):
        make_worker(**parts | {"claims": Pausing()}).drain()
    make_worker(**parts).drain()
    assert stored(events) == {f"m{n}": 1 for n in range(3)}
    inbox.close()


def test_hourly_counts_are_exact_also_when_a_batch_is_repeated(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    put(inbox, track(1, timestamp=NOW), track(1, timestamp=NOW), track(2), track(3, timestamp=1))
    with pytest.raises(Killed):
        make_worker(batches=Fragile(Batches(engine), "acknowledge", when="before")).drain()
    Batches(engine).release_all()
    make_worker().drain()
    with engine.connect() as connection:
        rows = connection.execute(select(ingestion.c.what, ingestion.c.detail, ingestion.c.n)).all()
    assert {(what, detail): n for what, detail, n in rows} == {
        ("accepted", ""): 2,
        ("duplicate", ""): 1,
        ("late", ""): 1,
        ("dropped", "bad_timestamp"): 1,
    }


def test_a_worker_that_was_paused_leaves_its_batch_to_who_has_taken_it(
    inbox: Inbox, events: EventStore, make_worker: Make, clock: Clock
) -> None:
    put(inbox, *(track(n) for n in range(5)))
    other = make_worker()

    class Pausing:
        """The first worker's event store: while it looks for copies, its lease runs out and is taken over."""

        def __getattr__(self, name: str) -> Any:
            return getattr(events, name)

        def known_messages(self, *given: Any) -> Any:
            known = events.known_messages(*given)
            clock.now += LEASE_MS + 1
            other.drain()
            return known

    with pytest.raises(NotHeld):
        make_worker(events=Pausing()).drain()
    assert stored(events) == {f"m{n}": 1 for n in range(5)}
    assert inbox.depth() == 0


def test_events_that_were_stored_before_their_batch_was_parted_count_as_accepted(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make, clock: Clock
) -> None:
    put(inbox, track(1))
    put(inbox, track(2))
    for _ in range(3):
        with pytest.raises(Killed):
            make_worker(batches=Fragile(Batches(engine), "acknowledge", when="before")).drain()
        clock.now += LEASE_MS + 1
    worker = make_worker()
    worker.drain()
    assert stored(events) == {"m1": 1, "m2": 1}
    assert (worker.counters.accepted, worker.counters.duplicates) == (2, 0)


def test_a_database_that_is_away_while_rules_are_read_makes_no_drops(
    engine: Engine, inbox: Inbox, events: EventStore, make_worker: Make
) -> None:
    put(inbox, track(1))

    def away(project: int) -> Any:
        raise OperationalError("select", {}, Exception("away"))

    with pytest.raises(OperationalError):
        make_worker(plans=away).drain()
    Batches(engine).release_all()
    make_worker().drain()
    assert (stored(events), drops_by_code(engine, 1)) == ({"m1": 1}, {})
