"""SIGTERM ends a process only after a delivery, whoever handles it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest
from sink import Answer, Run, Sink

import waywiser

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGTERM means something else here")
ROOT = str(Path(waywiser.__file__).parent.parent)


def test_without_a_handler_what_waits_is_delivered_and_the_process_dies_of_the_signal(
    run: Run, sink: Sink
) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        for number in range(300):
            client.track("A", user_id="1")
        os.kill(os.getpid(), 15)
        time.sleep(30)
        """
    )
    assert ended.returncode == -signal.SIGTERM
    assert sink.events == ["A"] * 300


def test_the_first_message_may_come_from_a_thread(run: Run, sink: Sink) -> None:
    ended = run(
        """
        clients = [Client("key-1", HOST, flush_interval=60) for _ in range(3)]
        for client in clients:
            thread = threading.Thread(target=client.track, args=("A",), kwargs={"user_id": "1"})
            thread.start()
            thread.join()
        os.kill(os.getpid(), 15)
        time.sleep(30)
        """
    )
    assert (ended.returncode, sink.events) == (-signal.SIGTERM, ["A"] * 3)


def test_a_signal_while_a_thread_is_being_started_locks_nothing_up(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        client.track("A", user_id="1")
        threading._active_limbo_lock = threading.Lock()  # as on Python 3.9, where no thread can take it twice
        with threading._active_limbo_lock:  # as in Thread.start()
            os.kill(os.getpid(), 15)
            for _ in range(1000):
                pass
        time.sleep(30)
        """
    )
    assert (ended.returncode, sink.events) == (-signal.SIGTERM, ["A"])


def test_a_signal_in_the_middle_of_a_call_locks_nothing_up(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60, max_queue=10**6)
        client.track("A", user_id="1")
        threading.Timer(0.2, os.kill, (os.getpid(), 15)).start()
        while True:
            client.track("A", user_id="1")
        """
    )
    assert ended.returncode == -signal.SIGTERM
    sequences = sorted(message["context"]["sequence"] for message in sink.messages)
    assert len(sequences) > 10
    # At most the very message that was being written when the signal came is missing.
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_handler_of_the_users_stays(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import signal
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
        client = Client("key-1", HOST, flush_interval=60)
        client.track("A", user_id="1")
        os.kill(os.getpid(), 15)
        time.sleep(30)
        """
    )
    assert (ended.returncode, sink.events) == (7, ["A"])


def test_a_handler_that_is_set_later_may_call_ours(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import signal
        client = Client("key-1", HOST, flush_interval=60)
        client.track("A", user_id="1")
        before = signal.getsignal(signal.SIGTERM)
        def handler(number, frame):
            client.track("last", user_id="1")
            before(number, frame)
        signal.signal(signal.SIGTERM, handler)
        os.kill(os.getpid(), 15)
        time.sleep(30)
        """
    )
    assert (ended.returncode, sink.events) == (-signal.SIGTERM, ["A", "last"])


def test_an_ignored_signal_stays_ignored(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        client = Client("key-1", HOST, flush_interval=60)
        client.track("A", user_id="1")
        os.kill(os.getpid(), 15)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        """
    )
    assert (ended.returncode, sink.events) == (0, ["A"])


def test_with_a_spool_nothing_is_lost_though_the_collector_hangs(
    run: Run, sink: Sink, tmp_path: Path
) -> None:
    sink.answers.extend([Answer(hangs=True)] * 3)
    ended = run(
        f"""
        from waywiser import _process
        _process.EXIT_SECONDS = 0.3
        client = Client("key-1", HOST, flush_interval=60, spool_dir={str(tmp_path)!r})
        for number in range(10):
            client.track("A", user_id="1")
        os.kill(os.getpid(), 15)
        time.sleep(30)
        """
    )
    assert ended.returncode == -signal.SIGTERM
    sink.released.set()
    with waywiser.Client("key-1", sink.url, spool_dir=tmp_path) as client:
        client.flush(5)
        end = time.monotonic() + 30
        while client.stats().recovered < 10 and time.monotonic() < end:
            time.sleep(0.01)
    assert len({message["messageId"] for message in sink.messages}) == 10


APP = """
import os
from waywiser import Client
ww = Client("key-1", {host!r}, flush_interval=60)
ww.track("boot", user_id=str(os.getpid()))
open(f"{{os.getpid()}}.booted", "w").close()
def app(environ, start_response):
    assert ww.track("request", user_id=environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


@pytest.mark.parametrize("preload", [["--preload"], []], ids=["preload", "later"])
@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_four_gunicorn_workers_deliver_everything_at_sigterm(
    worker: str, preload: list[str], sink: Sink, tmp_path: Path
) -> None:
    gunicorn = pytest.importorskip("gunicorn")
    (tmp_path / "app.py").write_text(textwrap.dedent(APP.format(host=sink.url)))
    socket_path = tmp_path / "gunicorn.sock"
    log = tmp_path / "log"
    arguments = ["-w", "4", "-k", worker, "-b", f"unix:{socket_path}", *preload, "app:app"]
    if gunicorn.version_info >= (25,):
        arguments.append("--no-control-socket")
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ROOT},
            stdout=output,
            stderr=output,
        )
    try:
        asked = [ask(socket_path, f"/{number}") for number in range(120)]
        end = time.monotonic() + 30
        while len(list(tmp_path.glob("*.booted"))) < (1 if preload else 4) and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        server.terminate()
        assert server.wait(40) == 0, log.read_text()
    assert Counter(
        message["userId"] for message in sink.messages if message["event"] == "request"
    ) == Counter(f"/{number}" for number in range(120)), log.read_text()
    boots = [message["userId"] for message in sink.messages if message["event"] == "boot"]
    assert len(boots) == len(set(boots)) == (1 if preload else 4)
    assert set(boots) == {str(server.pid)} if preload else set(asked) <= set(boots)


def ask(path: Path, place: str) -> str:
    connection = http.client.HTTPConnection("gunicorn")
    end = time.monotonic() + 30
    while True:
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(path))
            break
        except OSError:
            connection.sock.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    connection.request("GET", place)
    answer = connection.getresponse()
    assert answer.status == 200
    text = answer.read().decode()
    connection.close()
    return text
