"""The event store: repeats change nothing, and every id is found again, whatever its bytes."""

from __future__ import annotations

import hashlib

import pytest

from store.event import Event
from store.event_errors import EventStoreError
from store.events import EventStore
from store.planning import EMBEDDED


def event(number: int, event_id: bytes) -> Event:
    return Event(
        project=1,
        event_id=event_id,
        message_id=str(number),
        type="track",
        event="E",
        timestamp=1_700_000_000_000 + number * 86_400_000,
        received_at=1_700_000_000_000,
    )


def count(events: EventStore, table: str = "events") -> int:
    return int(events.query(f"select count() as n from {table}")[0]["n"])


def test_a_repeat_under_the_same_token_changes_nothing(events: EventStore) -> None:
    rows = [event(n, bytes([n] * 16)) for n in range(1, 200)]
    events.insert(rows, token="t")
    events.insert(rows, token="t")
    assert count(events) == 199


def test_known_messages_are_found_by_any_bytes(events: EventStore) -> None:
    ids = [hashlib.blake2b(bytes([n]), digest_size=14).digest() + bytes([n % 3, 0]) for n in range(50)]
    ids += [bytes(16), b"\xff" * 16, b"\x80" + bytes(15), b"it's a quote \\.."]
    events.insert([event(n, one) for n, one in enumerate(ids)], token="t", mark=2**63 + 5)
    assert events.known_messages(1, [*ids, b"n" * 16]) == dict.fromkeys(ids, 2**63 + 5)
    assert events.known_messages(2, ids) == {}


def test_stored_events_are_found_whether_or_not_their_messages_are_known(events: EventStore) -> None:
    rows = [event(n, bytes([n] * 16)) for n in range(1, 20)]
    events.insert(rows[:10], token="t")
    events.command("truncate table message_ids")
    assert events.stored_before(rows) == {row.event_id for row in rows[:10]}
    events.insert([], stored=rows[:10], token="other")
    assert set(events.known_messages(1, [row.event_id for row in rows])) == {r.event_id for r in rows[:10]}


def test_a_store_says_whether_it_takes_inserts(events: EventStore) -> None:
    assert events.takes_inserts()
    events.command("drop table probes")
    assert not events.takes_inserts()


def test_databases_of_one_engine_are_apart(events: EventStore) -> None:
    other = events.sibling(events.database + "_b")
    other.command("create table only_here (a UInt8) engine = MergeTree order by a")
    here = "system.tables where database = currentDatabase() and name = 'only_here'"
    assert (count(other, here), count(events, here)) == (1, 0)
    other.command(f"drop database `{other.database}`")
    other.close()


@pytest.mark.parametrize(
    ("text", "is_passing"),
    [
        ("Code: 252. DB::Exception: Too many parts (3000)", True),
        ("Received ClickHouse exception, code: 241, server response: memory limit exceeded", True),
        ("Code: 27. DB::Exception: Cannot parse input", False),
        ("no code at all", False),
    ],
)
def test_an_error_of_the_store_says_whether_it_passes_by_itself(text: str, is_passing: bool) -> None:
    assert EventStoreError(text).is_passing is is_passing


def test_after_a_question_that_ended_early_the_next_gets_its_own_answer(events: EventStore) -> None:
    """The connection of the embedded engine keeps what of an answer was not taken."""
    most = 3_000_000
    for number in range(3):
        with pytest.raises(EventStoreError):
            events.query(f"select number as n, throwIf(number = {most + number}) from numbers({2 * most})")
        assert events.query("select 1 as n") == [{"n": 1}]


def test_connections_that_are_replaced_are_not_kept(events: EventStore) -> None:
    events.query("select 1")
    before = len(events._connections._clients)
    for _ in range(5):
        with pytest.raises(EventStoreError):
            events.query("select nothing_of_this_name")
    assert len(events._connections._clients) == before


def test_the_engine_knows_all_that_it_is_told_about_planning(events: EventStore) -> None:
    """One that does not know a name refuses every question, so a new engine is to fail here first."""
    known = events.query(
        "select name from system.settings where has({names:Array(String)}, name)", {"names": [*EMBEDDED]}
    )
    assert {one["name"] for one in known} == EMBEDDED.keys()
