"""What cannot be sent is kept on disk, survives the process, and is delivered once."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patience import eventually
from sink import Answer, Make, Run, Sink

import waywiser
from waywiser import Client, Drop, _breaker, _spool, _spool_file, _spool_reader
from waywiser._spool_file import HEADER, MAGIC, RECORD

ROOT = str(Path(waywiser.__file__).parent.parent)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 0.02)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 0.02)
    monkeypatch.setattr(_spool_reader, "LOOK_SECONDS", 0.02)


TAKEN: list[socket.socket] = []


@pytest.fixture(scope="module", autouse=True)
def given_back() -> Iterator[None]:
    yield
    while TAKEN:
        TAKEN.pop().close()


def nowhere() -> str:
    """An address where nobody listens, nor ever will."""
    TAKEN.append(socket.socket())
    TAKEN[-1].bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{TAKEN[-1].getsockname()[1]}"


def fill(folder: Path, *names: str, key: str = "key-1") -> Client:
    client = Client(key, nowhere(), spool_dir=folder, flush_interval=60)
    for name in names:
        assert client.track(name, user_id="1")
    report = client.close(0)
    assert (report.sent, report.spooled, report.lost) == (0, len(names), 0)
    assert eventually(lambda: client._delivery.thread is None)  # Nobody reads the folder any more.
    return client


def command(*arguments: str, key: str = "key-1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "waywiser.spool", *arguments],
        env={**os.environ, "PYTHONPATH": ROOT, "WAYWISER_WRITE_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_left_at_the_end_is_delivered_by_the_next_client(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "A", "B", "C")
    client = make(spool_dir=tmp_path)
    client.track("D", user_id="1")
    assert client.flush(10)
    assert eventually(lambda: len(sink.events) == 4)
    assert eventually(lambda: list(tmp_path.iterdir()) == [])
    stats = client.stats()
    assert (stats.enqueued, stats.sent, stats.recovered, stats.spooled) == (1, 4, 3, 0)
    assert sorted(sink.events) == ["A", "B", "C", "D"]


def test_a_flush_is_enough_to_begin(tmp_path: Path, make: Make, sink: Sink) -> None:
    fill(tmp_path, "A")
    make(spool_dir=tmp_path).flush(5)
    assert eventually(lambda: sink.events == ["A"])


def test_message_ids_stay_the_same(tmp_path: Path, make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    first = make(spool_dir=tmp_path, timeout=60)
    first.track("A", user_id="1")
    first.flush(0)
    assert sink.arrived.acquire(timeout=30)
    assert first.close(0.1).spooled == 1
    sink.released.set()
    second = make(spool_dir=tmp_path)
    second.flush(5)
    assert eventually(lambda: len(sink.messages) == 2)
    assert len({message["messageId"] for message in sink.messages}) == 1


def test_a_call_after_close_is_kept_too(tmp_path: Path, make: Make, sink: Sink) -> None:
    client = make(spool_dir=tmp_path)
    client.close()
    assert client.track("late", user_id="1") is True
    assert client.close().spooled + client.stats().recovered == 1


def test_a_collector_that_is_down_fills_the_disk_and_not_the_memory(tmp_path: Path, sink: Sink) -> None:
    client = Client("key-1", nowhere(), spool_dir=tmp_path, flush_interval=0.01)
    assert client.track("A", user_id="1")
    assert eventually(lambda: client.stats().spooled == 1)
    assert client.stats().breaker in ("open", "half_open")
    for _ in range(50):
        client.track("A", user_id="1")
    assert client.flush(10) is True
    assert (client.stats().waiting, client.stats().dropped) == (0, {})
    assert client.close(1).lost == 0


def test_when_the_collector_comes_back_the_same_client_delivers(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    sink.answers.extend([Answer(503)] * 8)
    client = make(spool_dir=tmp_path)
    for number in range(30):
        client.track(f"E{number}", user_id="1")
        if number % 10 == 0:
            client.flush(5)
    assert client.flush(10)
    assert eventually(lambda: client.stats().sent == 30)
    stats = client.stats()
    assert stats.spooled == stats.recovered > 0
    assert client.close(5) == waywiser.CloseReport(30, 0, 0)


def test_files_are_for_their_owners_eyes_only(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "folder", "A")
    [path] = (tmp_path / "new" / "folder").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "key-1" not in path.name


def test_another_projects_messages_are_left_alone(tmp_path: Path, make: Make, sink: Sink) -> None:
    fill(tmp_path, "theirs", key="key-2")
    with make(spool_dir=tmp_path) as client:
        client.track("ours", user_id="1")
        client.flush(10)
    assert sink.events == ["ours"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("damage", "arrive"),
    [
        (lambda data: data[:-3], ["A", "B"]),
        (lambda data: data + b"\0" * 50, ["A", "B", "C"]),
        (lambda data: data + b"half a header"[:5], ["A", "B", "C"]),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), ["A", "B"]),
        (lambda data: b"not ours at all", []),
        (lambda data: b"", []),
        (lambda data: MAGIC + b"\xff" * 8 + data[HEADER.size :], ["A", "B", "C"]),
        (lambda data: data[: HEADER.size] + RECORD.pack(2**31, 0) + data[HEADER.size :], []),
    ],
)
def test_torn_and_foreign_files_are_set_aside_and_give_what_can_be_read(
    damage: Any, arrive: list[str], tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "A", "B", "C")
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    fill(tmp_path, "intact")
    client = make(spool_dir=tmp_path)
    client.flush(5)
    assert eventually(lambda: not list(tmp_path.glob("*.spool")))
    assert sorted(sink.events) == [*arrive, "intact"]
    expected = 0 if damage(whole).startswith(MAGIC + b"\xff") else 1
    assert len(list(tmp_path.glob("*.bad"))) == expected
    assert client.stats().dropped == {}


def test_a_torn_file_keeps_the_note_of_how_far_it_was_delivered(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "A", "B")
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    [(end, _), _] = _spool_file.records(whole, HEADER.size)[0]
    path.write_bytes(HEADER.pack(MAGIC, end) + whole[HEADER.size : -3])
    make(spool_dir=tmp_path).flush()
    assert eventually(lambda: [each.suffix for each in tmp_path.iterdir()] == [".bad"])
    [bad] = tmp_path.iterdir()
    assert HEADER.unpack(bad.read_bytes()[: HEADER.size]) == (MAGIC, end)
    assert sink.requests == []


def test_what_the_collector_refuses_from_the_spool_is_reported(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "A", "B")
    sink.answers.append(Answer(200, {"success": True, "rejected": [{"index": 1, "code": "bad"}]}))
    drops: list[Drop] = []
    client = make(spool_dir=tmp_path, on_drop=drops.append)
    client.flush(5)
    assert eventually(lambda: client.stats().recovered == 2)
    assert eventually(lambda: len(drops) == 1)
    assert [(drop.code, drop.message["event"]) for drop in drops] == [("bad", "B")]
    assert (client.stats().sent, client.stats().dropped) == (1, {"rejected": 1})


def test_the_spool_has_a_limit(tmp_path: Path) -> None:
    drops: list[Drop] = []
    client = Client(
        "key-1", nowhere(), spool_dir=tmp_path, max_spool=3000, on_drop=drops.append, flush_interval=60
    )
    for _ in range(40):
        client.track("A", user_id="1")
    report = client.close(0)
    assert (report.sent, report.spooled + report.lost) == (0, 40)
    assert 0 < report.spooled < 20
    assert {drop.reason.value for drop in drops} == {"unsent"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3000


def test_a_folder_that_cannot_be_written_is_not_fatal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    client = Client("key-1", nowhere(), spool_dir=tmp_path / "file" / "spool", durable=True, max_queue=1)
    assert client.track("A", user_id="1") is True
    assert client.track("B", user_id="1") in (True, False)
    assert client.close(0).lost == 2
    assert "cannot be written" in caplog.text


def test_two_clients_share_the_work_and_send_nothing_twice(tmp_path: Path, make: Make, sink: Sink) -> None:
    for number in range(12):
        fill(tmp_path, f"A{number}", f"B{number}")
    clients = [make(spool_dir=tmp_path) for _ in range(3)]
    threads = [threading.Thread(target=client.flush, args=(10,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert eventually(lambda: not list(tmp_path.iterdir()))
    assert Counter(sink.events) == Counter(f"{name}{number}" for name in "AB" for number in range(12))


def test_old_segments_are_ended_so_that_a_file_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_spool, "SEGMENT_BYTES", 2000)
    client = Client("key-1", nowhere(), spool_dir=tmp_path, max_queue=1, flush_interval=60)
    for _ in range(41):
        client.track("A", user_id="1")
    assert client.close(0).spooled == 41
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 3
    assert max(sizes) < 3000


def test_a_killed_process_leaves_what_was_written(tmp_path: Path, run: Run, sink: Sink, make: Make) -> None:
    ended = run(
        f"""
        client = Client("key-1", {nowhere()!r}, spool_dir={str(tmp_path)!r}, durable=True, flush_interval=60)
        for number in range(100):
            assert client.track(f"E{{number}}", user_id="1")
        os.kill(os.getpid(), 9)
        """
    )
    assert ended.returncode == -signal.SIGKILL
    client = make(spool_dir=tmp_path)
    client.flush(5)
    assert eventually(lambda: len(sink.events) == 100)
    assert sink.events == [f"E{number}" for number in range(100)]


def test_a_durable_client_leaves_nothing_behind_that_was_sent(
    tmp_path: Path, run: Run, sink: Sink, make: Make
) -> None:
    run(
        f"""
        client = Client("key-1", HOST, spool_dir={str(tmp_path)!r}, durable=True, flush_interval=60)
        for number in range(50):
            client.track("sent", user_id="1")
        assert client.flush(10)
        for number in range(5):
            client.track("kept", user_id="1")
        os.kill(os.getpid(), 9)
        """
    )
    client = make(spool_dir=tmp_path, durable=True)
    client.track("new", user_id="1")
    assert client.flush(5)
    assert eventually(lambda: len(sink.events) >= 56)
    assert Counter(sink.events) == {"sent": 50, "kept": 5, "new": 1}
    assert client.close(5) == waywiser.CloseReport(6, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_durable_client_that_is_closed_in_an_outage_keeps_everything_once(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    first = Client("key-1", nowhere(), spool_dir=tmp_path, durable=True, flush_interval=60)
    for number in range(20):
        first.track(f"E{number}", user_id="1")
    assert first.close(0.1) == waywiser.CloseReport(0, 20, 0)
    second = make(spool_dir=tmp_path)
    second.flush(5)
    assert eventually(lambda: len(sink.events) >= 20)
    assert Counter(sink.events) == Counter(f"E{number}" for number in range(20))


def test_the_journal_of_a_busy_client_does_not_grow(
    tmp_path: Path, make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waywiser._journal.SEGMENT_BYTES", 2000)
    client = make(spool_dir=tmp_path, durable=True, flush_at=5, flush_interval=0.01)
    for _ in range(300):
        client.track("A", user_id="1")
    assert client.flush(10)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2500
    assert client.close(5).sent == 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("durable", [True, False])
def test_parent_and_child_write_files_of_their_own(
    durable: bool, tmp_path: Path, run: Run, make: Make, sink: Sink
) -> None:
    ended = run(
        f"""
        client = Client("key-1", {nowhere()!r}, spool_dir={str(tmp_path)!r}, durable={durable}, max_queue=1,
                        flush_interval=60)
        for number in range(10):
            client.track("before", user_id="1")
        pid = os.fork()
        for number in range(10):
            client.track("parent" if pid else "child", user_id="1")
        report = client.close(0)
        if not pid:
            os._exit(report.lost)
        assert os.waitpid(pid, 0)[1] == 0
        assert report.spooled == 20, report
        """
    )
    assert ended.returncode == 0, ended.stderr
    make(spool_dir=tmp_path).flush(5)
    assert eventually(lambda: len(sink.events) >= 30)
    assert Counter(sink.events) == {"before": 10, "parent": 10, "child": 10}


def test_a_handler_that_runs_after_ours_at_the_end_loses_nothing(tmp_path: Path, run: Run) -> None:
    ended = run(
        f"""
        import subprocess
        script = '''
        import atexit
        def late():
            assert client.track("late", user_id="1") is True
        atexit.register(late)
        from waywiser import Client
        client = Client("key-1", {nowhere()!r}, spool_dir={str(tmp_path)!r})
        '''
        import textwrap
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
        assert "Error" not in done.stderr, done.stderr
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command_delivers(tmp_path: Path, sink: Sink) -> None:
    fill(tmp_path, "A", "B")
    seen = command("status", str(tmp_path))
    assert (seen.returncode, seen.stdout.splitlines()[-1]) == (1, "2 messages in 1 files, 0 set aside")
    sent = command("send", str(tmp_path), "--host", sink.url)
    assert (sent.returncode, sent.stdout) == (0, "2 sent, 0 refused, 0 files left\n"), sent.stderr
    assert sink.events == ["A", "B"]
    assert command("status", str(tmp_path)).returncode == 0


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_key_that_is_refused_leaves_the_spool_as_it_is(
    status: int, tmp_path: Path, make: Make, sink: Sink
) -> None:
    sink.answers.append(Answer(status, {"code": "unknown_key"}))
    fill(tmp_path, "A", "B")
    client = make(spool_dir=tmp_path)
    client.track("C", user_id="1")
    assert client.flush(5) is True
    report = client.close(5)
    assert (report.sent, report.spooled, report.lost) == (0, 1, 0)
    make(spool_dir=tmp_path).flush(5)
    assert eventually(lambda: sorted(sink.events[-3:]) == ["A", "B", "C"])


def test_the_command_stops_where_the_key_is_refused(tmp_path: Path, sink: Sink) -> None:
    fill(tmp_path, "A")
    fill(tmp_path, "B")
    sink.answers.append(Answer(401, {"code": "unknown_key"}))
    ended = command("send", str(tmp_path), "--host", sink.url)
    assert (ended.returncode, ended.stdout) == (1, "0 sent, 0 refused, 2 files left\n")
    assert "401 unknown_key" in ended.stderr
    assert len(sink.requests) == 1
    assert command("send", str(tmp_path), "--host", sink.url).returncode == 0


def test_the_command_says_when_something_is_left(tmp_path: Path) -> None:
    fill(tmp_path, "A")
    ended = command("send", str(tmp_path), "--host", nowhere(), "--timeout", "2")
    assert (ended.returncode, ended.stdout) == (1, "0 sent, 0 refused, 1 files left\n")
    assert "fails" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "key", "words"),
    [
        (["send", "no such folder", "--host", "http://127.0.0.1:9"], "key-1", "is not a folder"),
        (["send", ".", "--host", "somewhere"], "key-1", "host must be an address"),
        (["send", ".", "--host", "http://127.0.0.1:9"], "", "write_key is empty"),
        (["send", "."], "key-1", "--host"),
        ([], "key-1", "usage"),
    ],
)
def test_the_command_refuses_what_cannot_be_right(arguments: list[str], key: str, words: str) -> None:
    ended = command(*arguments, key=key)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_a_file_that_is_just_being_made_is_not_taken_for_a_foreign_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Path]] = []
    lock = _spool_file.fcntl.flock

    def look_first(descriptor: int, how: int) -> None:
        seen.append(_spool.listed(tmp_path))
        lock(descriptor, how)

    monkeypatch.setattr(_spool_file.fcntl, "flock", look_first)
    fill(tmp_path, "A")
    assert seen[0] == []
    assert len(_spool.listed(tmp_path)) == 1


def test_many_files_are_delivered_in_one_go(tmp_path: Path, make: Make, sink: Sink) -> None:
    writer = Client("key-1", nowhere(), spool_dir=tmp_path)
    for _ in range(300):
        writer._delivery.queue.put(b'{"event":"A"}')
        writer._delivery.queue.abandon()
    writer.close(0)
    reader = make(spool_dir=tmp_path)
    reader.flush(5)
    assert eventually(lambda: len(sink.events) == 300, 120)
    assert eventually(lambda: list(tmp_path.iterdir()) == [])


@pytest.mark.parametrize("trouble", ["full", "unwritable"])
def test_a_durable_client_says_what_it_could_not_write(
    trouble: str, tmp_path: Path, make: Make, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / ("spool" if trouble == "full" else "file")
    client = make(spool_dir=folder, durable=True, max_spool=2000)
    for _ in range(40):
        assert client.track("A", user_id="1") is True
    assert client.stats().volatile >= (30 if trouble == "full" else 40)
    assert ("is full" if trouble == "full" else "cannot be written") in caplog.text
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.spool")) <= 2000
    assert client.flush(10)
    before = client.stats().volatile
    assert client.track("B", user_id="1")
    assert client.stats().volatile - before == (0 if trouble == "full" else 1)
    assert client.close(5).sent == 41


def test_what_a_durable_client_could_not_write_is_lost_at_the_end_and_nothing_else(tmp_path: Path) -> None:
    drops: list[Drop] = []
    client = Client(
        "key-1",
        nowhere(),
        spool_dir=tmp_path,
        durable=True,
        max_spool=2000,
        on_drop=drops.append,
        flush_interval=60,
    )
    for number in range(40):
        client.track(f"E{number}", user_id="1")
    volatile = client.stats().volatile
    report = client.close(0)
    assert (report.sent, report.spooled, report.lost) == (0, 40 - volatile, volatile)
    assert [drop.message["event"] for drop in drops] == [f"E{number}" for number in range(40 - volatile, 40)]


def test_a_file_that_is_too_large_to_be_ours_is_set_aside_unread(
    tmp_path: Path, make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "A")
    [ours] = tmp_path.iterdir()
    for name, head in (("1", b"not ours"), ("2", ours.read_bytes())):
        with (tmp_path / f"{name}{ours.name[1:]}").open("wb") as file:
            file.write(head)
            file.truncate(2**36)
    sizes: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *given: sizes.append(given[1]) or real(*given))
    make(spool_dir=tmp_path).flush(5)
    assert eventually(lambda: sink.events == ["A"])
    assert eventually(lambda: len(list(tmp_path.glob("*.bad"))) == 2)
    assert max(sizes) < 1000


def test_what_a_killed_process_could_not_name_is_removed_after_a_while(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "A")
    [ours] = tmp_path.iterdir()
    old, young = (tmp_path / f"{number}{ours.name[1:]}.new" for number in (1, 2))
    for path in (old, young):
        path.touch()
    os.utime(old, (1, 1))
    make(spool_dir=tmp_path).flush(5)
    assert eventually(lambda: list(tmp_path.iterdir()) == [young])


def kept(folder: Path) -> list[str]:
    """The events that the folder's files hold, in order."""
    found = [_spool_file.records(path.read_bytes(), HEADER.size)[0] for path in _spool.listed(folder)]
    return [json.loads(payload)["event"] for each in found for _, payload in each]


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize(
    ("settings", "left"),
    [({"max_queue": 1}, ["A", "C"]), ({"durable": True}, ["A", "B", "C"])],
    ids=["direct", "durable"],
)
def test_what_comes_after_somebody_has_removed_the_file_goes_to_another(
    settings: dict[str, Any], left: list[str], tmp_path: Path
) -> None:
    client = Client("key-1", nowhere(), spool_dir=tmp_path, **settings)
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    [path] = tmp_path.iterdir()
    path.unlink()
    client.track("C", user_id="1")
    assert kept(tmp_path) == ["C"]
    assert client.close(0).lost == 0
    assert sorted(kept(tmp_path)) == left


def test_a_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    client = Client("key-1", nowhere(), spool_dir="spool", flush_interval=60)
    monkeypatch.chdir("elsewhere")
    client.track("A", user_id="1")
    assert client.close(0).spooled == 1
    assert kept(tmp_path / "spool") == ["A"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_that_cannot_be_removed_is_not_sent_again(tmp_path: Path, make: Make, sink: Sink) -> None:
    fill(tmp_path, "A", "B")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda _: os.open("/no such folder/file", os.O_RDONLY))
        client = make(spool_dir=tmp_path)
        client.flush()
        assert eventually(lambda: sink.events == ["A", "B"])
        client.close()
        assert eventually(lambda: client._delivery.thread is None)
    sent = command("send", str(tmp_path), "--host", sink.url)
    assert (sent.returncode, sent.stdout) == (0, "0 sent, 0 refused, 0 files left\n"), sent.stderr


@pytest.mark.parametrize("durable", [True, False])
def test_of_a_batch_that_is_taken_in_part_only_the_rest_is_sent_again(
    durable: bool, tmp_path: Path, make: Make, sink: Sink
) -> None:
    if not durable:
        fill(tmp_path, "A", "B", "C", "D")
    sink.answers.extend(
        [Answer(400, {"code": "bad"}), Answer(), Answer(503, headers={"Retry-After": "600"}), Answer()]
    )
    first = make(spool_dir=tmp_path, durable=durable)
    if durable:
        for name in ("A", "B", "C", "D"):
            first.track(name, user_id="1")
    first.flush(0)
    assert eventually(lambda: first.stats().breaker == "closed" and first._delivery.breaker.failures == 1)
    assert first.close(0) == waywiser.CloseReport(2, 2 if durable else 0, 0)
    assert eventually(lambda: first._delivery.thread is None)
    second = make(spool_dir=tmp_path)
    second.flush()
    assert eventually(lambda: second.stats().sent > 0)
    assert [message["event"] for message in sink.requests[3].batch] == ["C", "D"]
    assert second.stats().recovered == 2


def test_what_only_the_memory_of_a_durable_client_held_is_kept_at_the_end(tmp_path: Path, sink: Sink) -> None:
    folder = tmp_path / "spool"
    folder.write_text("in the way")
    sink.answers.append(Answer(hangs=True))
    client = Client(
        "key-1", sink.url, spool_dir=folder, durable=True, flush_at=1, max_queue=1, on_full="drop_oldest"
    )
    client.track("memory only", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    folder.unlink()
    client.track("displaced", user_id="1")
    client.track("on disk", user_id="1")
    report = client.close(0)
    sink.released.set()
    assert (client.stats().volatile, report.spooled, report.lost) == (1, 2, 1)
    assert {"memory only", "on disk"} <= {*kept(folder)}


def test_a_sync_client_that_nobody_holds_lets_its_files_go(tmp_path: Path, make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(401, {"code": "unknown_key"}))
    client = Client("key-1", sink.url, spool_dir=tmp_path, sync=True, timeout=5)
    assert client.track("A", user_id="1") is True
    assert client.stats().spooled == 1
    del client
    gc.collect()
    make(spool_dir=tmp_path).flush()
    assert eventually(lambda: sink.events == ["A", "A"], 10)


def test_a_client_that_is_switched_off_leaves_the_folder_alone(tmp_path: Path, make: Make) -> None:
    fill(tmp_path, "A")
    client = make(spool_dir=tmp_path, enabled=False)
    assert client.flush() is True
    assert client._delivery.thread is None


def test_a_sync_client_delivers_a_batch_of_the_spool_after_every_ten_calls(
    tmp_path: Path, make: Make, sink: Sink
) -> None:
    fill(tmp_path, "old")
    client = make(spool_dir=tmp_path, sync=True)
    for _ in range(11):
        assert client.track("new", user_id="1") is True
    assert sink.events == ["new"] * 10 + ["old", "new"]
