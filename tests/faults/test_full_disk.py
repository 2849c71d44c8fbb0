"""A full disk costs no event: senders are asked to come again, and everything goes on once there is room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


FILLS = """
import os, signal, sys
from pathlib import Path
from tests.faults.conftest import SmallDisk
disk = SmallDisk(Path(sys.argv[1]))
begun = disk.free()
print("watching", flush=True)
while begun - disk.free() < 4 * 1024 * 1024:
    pass
os.kill(int(sys.argv[2]), signal.SIGSTOP)
disk.fill()
os.kill(int(sys.argv[2]), signal.SIGCONT)
"""
WRITES = """
import random, sys
from store.event import Event
from store.event_errors import EventStoreError
from store.events import EventStore
from store.migrate import migrate_events

def event(n):
    text = random.Random(n).randbytes(2_000).hex()
    return Event(
        project=1, event_id=n.to_bytes(16), message_id=str(n), type="track", event="E", properties=text,
        timestamp=1_700_000_000_000, received_at=1_700_000_000_000,
    )

def told():
    sums = "select count() as n, sum(cityHash64(properties)) as sum from events"
    print(*events.query(sums)[0].values(), flush=True)

events = EventStore(sys.argv[1])
migrate_events(events)
few, many = [event(n) for n in range(100)], [event(n) for n in range(100, 40_000)]
events.insert(few, token="few")
told()
for line in sys.stdin:
    try:
        events.insert(many, token="many", is_repeat=line == "again\\n")
    except EventStoreError as error:
        print(error.code, error.is_passing, flush=True)
    else:
        told()
"""


@pytest.mark.slow
def test_an_insert_that_the_full_disk_cuts_is_refused_and_goes_in_when_repeated(
    large_disk: SmallDisk,
) -> None:
    """The engine takes files that could not be written for written, and says that the insert succeeded."""
    where = f"chdb:///{large_disk.folder}/events"
    large_disk.fill(leave_mib=320)  # so that the rest is soon taken: sooner than the insert is done
    with ended(WRITES, where) as writer, ended(FILLS, str(large_disk.folder), str(writer.pid)) as filler:
        few = said(writer)
        assert few.startswith("100 ")
        assert said(filler) == "watching"
        tell(writer, "insert")
        assert said(writer) == "243 True"
        assert filler.wait(60) == 0
        tell(writer, "again")
        assert said(writer) == "243 True"
        large_disk.clear()
        tell(writer, "again")
        whole = said(writer)
        assert whole.startswith("40000 ")
        tell(writer, "again")
        assert said(writer) == whole
    with ended(WRITES, where) as anew:
        assert said(anew) == whole


@contextmanager
def ended(script: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A script in a process of its own, which ends with the context."""
    command = [sys.executable, "-c", script, *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Write a line to it."""
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    """The next line that it writes."""
    assert process.stdout
    return process.stdout.readline().strip()


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
