"""While the disk of the event folder is full nothing is written there, and what was cut is written again."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from store.db import StoreUnavailable
from store.event_errors import EventStoreError
from store.events import EventStore
from store.full_disk import DOUBTFUL, LEAST, NoRoom, _is_whole, frees
from tests.store.test_events import count, event

ROWS = [event(n, bytes([n] * 16)) for n in range(1, 100)]


class Free:
    """How much is free, set by hand: first what `then` says, look by look."""

    def __init__(self) -> None:
        self.now = LEAST
        self.then: Iterator[int] = iter(())

    def __call__(self, _folder: Path) -> int:
        return next(self.then, self.now)


@pytest.fixture
def free(events: EventStore, monkeypatch: pytest.MonkeyPatch) -> Free:
    """The disk of the events as a test says it is."""
    assert events._connections._full_disk
    free = Free()
    monkeypatch.setattr(events._connections._full_disk, "_free", free)
    return free


def newest_part(events: EventStore) -> Path:
    (row,) = events.query(
        "select path from system.parts where active and table = 'events' "
        "and database = currentDatabase() order by modification_time desc, max_block_number desc limit 1"
    )
    return Path(row["path"])


def test_nothing_is_written_where_little_is_free_and_room_may_be_made(events: EventStore, free: Free) -> None:
    events.insert(ROWS[:10], token="a")
    free.now = LEAST - 1
    for refused in (
        lambda: events.insert(ROWS[10:], token="b"),
        lambda: events.command("delete from events where project = 1"),
        lambda: events.command("alter table message_ids modify setting merge_with_ttl_timeout = 5"),
        lambda: events.command("create table more (n UInt8) engine = MergeTree order by n"),
    ):
        with pytest.raises(EventStoreError, match=r"63 MiB .* are free, and 64 are needed") as found:
            refused()
        assert found.value.is_passing
    assert not events.takes_inserts()
    assert count(events) == 10
    events.command("truncate table message_ids")
    free.now = LEAST
    events.insert(ROWS[10:], token="b")
    assert events.takes_inserts()
    assert count(events) == len(ROWS)


def test_an_insert_after_which_little_is_free_is_repeated_and_counts_once(
    events: EventStore, free: Free
) -> None:
    free.then = iter([LEAST, DOUBTFUL - 1])
    with pytest.raises(EventStoreError, match="are needed to write"):
        events.insert(ROWS, token="a")
    assert count(events) == len(ROWS)  # it was whole
    events.insert(ROWS, token="a", is_repeat=True)
    assert count(events) == len(ROWS)


def test_what_was_written_while_another_saw_that_little_was_free_is_to_be_repeated(
    events: EventStore, free: Free
) -> None:
    disk = events._connections._full_disk
    assert disk

    def write(client: Client) -> None:
        with disk.watched(client):
            free.now = 0
            with pytest.raises(NoRoom, match="are needed"), disk.watched(client):
                pass
            free.now = DOUBTFUL

    with events._connections.lent() as client, pytest.raises(NoRoom, match="was nearly full while"):
        write(client)
    free.now = LEAST
    assert events.takes_inserts()


@pytest.mark.parametrize("name", ["*.bin", "*mrk*", "checksums.txt"])
def test_a_part_that_was_cut_is_set_aside_and_what_was_in_it_is_inserted_again(
    events: EventStore, free: Free, name: str
) -> None:
    events.insert(ROWS[:10], token="a")

    def cut() -> Iterator[int]:
        yield LEAST
        (file, *_) = newest_part(events).glob(name)
        file.write_bytes(b"")
        yield 0

    free.then = cut()
    with pytest.raises(EventStoreError):
        events.insert(ROWS[10:], token="b")
    assert 10 <= count(events) < len(ROWS)  # the insert made a part a month
    events.insert(ROWS[10:], token="b", is_repeat=True)
    assert sorted(row["id"] for row in events.query("select message_id as id from events")) == sorted(
        row.message_id for row in ROWS
    )


def test_what_was_merged_while_there_was_no_room_comes_back(events: EventStore, free: Free) -> None:
    for start in (0, 50):
        events.insert(ROWS[start : start + 50], token=f"{start}")
    events.command("optimize table events final")
    for file in newest_part(events).glob("*.bin"):
        file.write_bytes(b"")
    free.now = 0
    assert not events.takes_inserts()
    assert count(events) == len(ROWS)
    free.now = LEAST
    assert events.takes_inserts()
    assert count(events) == len(ROWS)


def test_a_part_that_was_merged_meanwhile_is_whole(events: EventStore) -> None:
    with events._connections.lent() as client:
        assert _is_whole(client, events.database, "events", "none_1_1_0")


def test_notes_of_deletions_that_were_cut_do_not_keep_the_folder_closed(tmp_path: Path) -> None:
    """Such notes are what an engine leaves that could not write them."""
    notes = tmp_path / "events" / "store" / "abc" / "abcdef"
    notes.mkdir(parents=True)
    whole = "format version: 1\ncreate time: 2026-11-30 10:00:00\ncommands: DELETE WHERE n IN (1, 2)\n"
    for number in range(1, len(whole) + 1):
        (notes / f"mutation_{number}.txt").write_text(whole[:number])
    (notes / "mutation_0.txt").touch()
    EventStore(f"chdb:///{tmp_path}/events").close()
    assert [one.read_text() for one in notes.iterdir()] == [whole]


@pytest.mark.parametrize("does", ["read_bytes", "unlink"])
def test_a_cut_note_that_cannot_be_removed_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    note = tmp_path / "events" / "store" / "abc" / "abcdef" / "mutation_7.txt"
    note.parent.mkdir(parents=True)
    note.touch()

    allowed = getattr(Path, does)

    def refused(one: Path) -> object:  # root may do everything
        if one == note:
            raise PermissionError(errno.EACCES, "Permission denied", str(one))
        return allowed(one)

    with monkeypatch.context() as patch:
        patch.setattr(Path, does, refused)
        with pytest.raises(StoreUnavailable) as complaint:
            EventStore(f"chdb:///{tmp_path}/events")
    assert str(complaint.value) == (
        f"{note} cannot be read, or removed where it was not written whole (Permission denied); "
        f"make {tmp_path}/events with all that is in it writable for this user"
    )
    EventStore(f"chdb:///{tmp_path}/events").close()  # nobody has the folder


@pytest.mark.parametrize(
    ("sql", "is_one"),
    [
        ("drop table t", True),
        ("  -- a comment\n truncate table t", True),
        ("alter table events drop part 'a_1_1_0'", True),
        ("kill mutation where 1", True),
        ("insert into t select 1", False),
        ("alter table t drop column c", False),
        ("delete from t where kind = 'drop'", False),
    ],
)
def test_statements_that_make_room_are_told_from_those_that_take_it(sql: str, is_one: bool) -> None:
    assert frees(sql) == is_one
