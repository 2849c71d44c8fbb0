"""A full disk costs no event: senders are asked to come again, and everything goes on once there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import Note, SmallDisk
from tests.faults.fleet import drained, set_aside
from tests.faults.load import NOTHING_WRONG, Load, acknowledged, verdict
from tests.installation import Installation, eventually

FULL = [
    pytest.param("0", 0, "the log says why", id="full to the last byte"),
    pytest.param("32", 16, "of disk are free", id="below the reserve"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("reserve", "left", "says"), FULL)
def test_the_door_asks_senders_to_wait_while_the_disk_is_full_and_recovers_by_itself(
    tmp_path: Path, small_disk: SmallDisk, note: Note, reserve: str, left: int, says: str
) -> None:
    database = f"sqlite:///{small_disk.folder}/waywiser.db"
    with Installation(tmp_path, DATABASE_URL=database, DISK_RESERVE_MB=reserve) as waywiser:
        waywiser.init()
        waywiser.start()
        assert waywiser.server
        loads = [Load([waywiser.address], waywiser.made["server_key"], name) for name in ("full", "free")]
        with loads[0] as load:
            assert eventually(lambda: len(load.acknowledged), lambda n: n > 100) > 100
            assert eventually(lambda: refused(load, small_disk, left), lambda n: n > 20) > 20
            status, answer = eventually(waywiser.server.health, lambda said: said[0] == 503)
            assert status == 503
            assert says in answer["message"]
            assert "disk is" in waywiser.log()
        assert set(load.answers) == {200, 503}
        assert not load.impatient
        small_disk.clear()
        status, answer = eventually(waywiser.server.health, lambda said: said[0] == 200)
        assert status == 200, answer
        with loads[1] as load:
            assert eventually(lambda: len(load.acknowledged), lambda n: n > 100) > 100
        assert set(load.answers) == {200}
        assert drained(database)
        assert waywiser.stop() == 0
        assert verdict(loads, waywiser.stored_messages()) == NOTHING_WRONG
    note(f"{len(acknowledged(loads)):,} messages acknowledged, answers {dict(loads[0].answers)}")


@pytest.mark.slow
def test_events_wait_in_the_inbox_while_the_disk_of_the_event_folder_is_full(
    tmp_path: Path, small_disk: SmallDisk, note: Note
) -> None:
    database, events = f"sqlite:///{tmp_path}/waywiser.db", f"chdb:///{small_disk.folder}/events"
    with Installation(tmp_path, DATABASE_URL=database, EVENTS_URL=events, DISK_RESERVE_MB="0") as waywiser:
        waywiser.init()
        waywiser.start()
        with Load([waywiser.address], waywiser.made["server_key"], "full", weight=500) as load:
            assert eventually(lambda: len(load.acknowledged), lambda n: n > 100) > 100
            small_disk.fill()
            waiting = eventually(lambda: inbox(waywiser), lambda n: n > 300)
            assert waiting > 300
            small_disk.clear()
        assert drained(database)
        assert waywiser.stop() == 0
        assert verdict([load], waywiser.stored_messages()) == NOTHING_WRONG
    assert not set_aside(database)
    note(f"{len(load.acknowledged):,} messages acknowledged, up to {waiting:,} requests waited")


WRITES = """
from store.events import EventStore
from store.migrate import migrate_events
events = EventStore({events!r})
migrate_events(events)
events.command("insert into customer_sessions (project, customer) select 1, number from numbers(10)")
print("written", flush=True)
input()
events.command("delete from customer_sessions where customer = 1")
"""
READS = """
from store.events import EventStore
events = EventStore({events!r})
count = "select count() as n from customer_sessions"
print(events.query(count)[0]["n"])
events.command("delete from customer_sessions where customer = 1")
print(events.query(count)[0]["n"])
"""


@pytest.mark.slow
def test_the_event_folder_opens_after_a_deletion_that_the_full_disk_broke_off(small_disk: SmallDisk) -> None:
    """The engine leaves an empty note of the deletion, which it cannot read itself."""
    events = f"chdb:///{small_disk.folder}/events"
    words = [sys.executable, "-c", WRITES.format(events=events)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"
        small_disk.fill()
        writer.stdin.write("\n")
        writer.stdin.flush()
        notes = eventually(lambda: empty_notes(small_disk), lambda found: found > 0)
        writer.kill()
    assert notes == 1
    small_disk.clear()
    done = subprocess.run(
        [sys.executable, "-c", READS.format(events=events)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["10", "9"], done.stderr
    assert "the disk was full" in done.stderr


def empty_notes(small_disk: SmallDisk) -> int:
    """How many notes of deletions the engine could not write."""
    notes = small_disk.folder.glob("events/store/*/*/mutation_*.txt")
    return sum(not note.stat().st_size for note in notes)


def refused(load: Load, small_disk: SmallDisk, left: int) -> int:
    """How many requests were refused; what was freed meanwhile is taken again."""
    small_disk.fill(leave_mib=left)
    return load.answers[503]


def inbox(waywiser: Installation) -> int:
    """How many envelopes wait, as the health page says."""
    assert waywiser.server
    status, answer = waywiser.server.health()
    assert status == 200, answer
    return int(answer["inbox"]["waiting"])
