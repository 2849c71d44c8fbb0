"""Nothing that others do to the library, or it to them, gets out of hand."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from patience import eventually
from sink import Answer, Make, Run, Sink

from waywiser import Client, Drop, MemoryTransport, Request, Response, _delivery

can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture
def broken_logging() -> Iterator[None]:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no log")

    logger, handler = logging.getLogger("waywiser"), Broken()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.mark.usefixtures("broken_logging")
def test_a_logging_handler_that_raises_reaches_neither_caller_nor_delivery(make: Make, sink: Sink) -> None:
    unknown = Answer(415, {"code": "unknown_form"})
    sink.answers.extend([Answer(503), Answer(), unknown, Answer(hangs=True)])
    client = make()
    assert client.track("") is False
    for _ in range(2):
        client.track("A", user_id="1")
        assert client.flush(10)
    client.track("B", user_id="1")
    wrong: Any = "soon"
    assert client.flush(0.1) is False
    sink.released.set()
    assert client.flush(wrong) is True
    assert client.close(0.1).lost == 2


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize(
    "settings", [{"max_queue": 1}, {"durable": True}, {}], ids=["direct", "durable", "close"]
)
def test_what_listens_to_the_log_may_wait_for_a_thread_that_calls(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    client = Client("key-1", "http://127.0.0.1:9", spool_dir=tmp_path / "file" / "spool", **settings)
    answers: list[object] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "cannot be written" in record.getMessage():
                thread = threading.Thread(target=lambda: answers.append(client.stats()), daemon=True)
                thread.start()
                thread.join(5)
                answers.append(thread.is_alive())

    logger, handler = logging.getLogger("waywiser"), Listening()
    logger.addHandler(handler)
    try:
        for _ in range(2):
            client.track("A", user_id="1")
        client.close(0)
    finally:
        logger.removeHandler(handler)
    assert answers
    assert answers[-1] is False


class Ended(BaseException):
    """What no `except Exception` catches."""


class Refusing(MemoryTransport):
    """Rejects the first message of each batch."""

    def send(self, request: Request) -> Response:
        super().send(request)
        count = len(MemoryTransport.messages.fget(self))  # type: ignore[attr-defined]
        return Response(
            200, {}, b'{"success": true, "rejected": [{"index": 0, "code": "x"}]}' if count else b""
        )


def test_a_callback_that_ends_the_thread_ends_neither_delivery_nor_the_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_delivery, "REPAIR_SECONDS", 0.01)

    def on_drop(drop: Drop) -> None:
        raise SystemExit(3)

    client = Client("key-1", transport=Refusing(), on_drop=on_drop, flush_interval=60)
    for _ in range(3):
        client.track("A", user_id="1")
        client.track("A", user_id="1")
        assert client.flush(10)
    stats = client.stats()
    assert (stats.sent, stats.waiting, stats.dropped) == (3, 0, {"rejected": 3})
    client.close()


def leave(_: object) -> None:
    raise SystemExit(3)


def test_a_callback_that_exits_reaches_no_caller(make: Make, sink: Sink) -> None:
    refused = Answer(200, {"success": True, "accepted": 0, "rejected": [{"index": 0, "code": "x"}]})
    sink.answers.extend([Answer(503), refused])
    client = make(on_drop=leave, on_error=leave, sync=True)
    assert client.track("") is False
    assert client.track("A", user_id="1") is True
    assert client.track("B", user_id="1") is True
    report = client.close(10)
    assert (report.sent, report.lost, client.stats().waiting) == (1, 2, 0)
    assert client.stats().dropped == {"invalid": 1, "rejected": 1}


def test_an_interrupt_in_the_middle_of_a_call_leaves_the_count_right(make: Make, sink: Sink) -> None:
    client = make(flush_at=100_000)
    done = 0
    places = 0

    def interrupt_at(place: int) -> Callable[..., Any]:
        seen = 0

        def trace(frame: Any, event: str, argument: Any) -> Any:
            nonlocal seen
            if frame.f_code.co_filename.endswith(("_queue.py", "_waiting.py")) and event == "line":
                seen += 1
                if seen == place:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return trace

        return trace

    for place in range(1, 40):
        sys.settrace(interrupt_at(place))
        try:
            client.track("A", user_id="1")
            done = place
            break
        except KeyboardInterrupt:
            places += 1
        finally:
            sys.settrace(None)
    assert places > 5
    assert done
    assert client.flush(10)
    stats = client.stats()
    assert stats.enqueued == stats.sent == len(sink.messages) >= 1
    assert stats.waiting == 0


def test_a_client_that_nobody_holds_delivers_and_lets_its_thread_go(sink: Sink) -> None:
    before = set(threading.enumerate())

    def ours() -> list[threading.Thread]:
        new = set(threading.enumerate()) - before
        return [thread for thread in new if thread.name == "waywiser-delivery"]

    client = Client("key-1", sink.url, flush_interval=60, timeout=60)
    client.track("A", user_id="1")
    assert ours()
    del client
    gc.collect()
    assert eventually(lambda: not ours(), 60)
    assert sink.events == ["A"]


def test_a_client_that_nobody_holds_keeps_what_it_cannot_deliver(sink: Sink, tmp_path: Path) -> None:
    sink.answers.append(Answer(503, headers={"Retry-After": "600"}))
    client = Client("key-1", sink.url, flush_interval=60, timeout=0.5, spool_dir=tmp_path)
    client._delivery.put(b'{"event":"A"}')
    client._delivery.start()
    del client
    gc.collect()
    assert eventually(lambda: len(list(tmp_path.glob("*.spool"))) == 1)


def test_a_sync_client_that_nobody_holds_delivers_its_rest(sink: Sink) -> None:
    sink.answers.append(Answer(503, headers={"Retry-After": "1"}))
    client = Client("key-1", sink.url, sync=True, timeout=60)
    client._options = replace(client._options, timeout=0.1)
    assert client.track("A", user_id="1") is False
    del client
    gc.collect()
    assert eventually(lambda: sink.events == ["A", "A"])


@can_fork
def test_a_callback_may_fork(run: Run, sink: Sink) -> None:
    verdicts = [{"index": index, "code": "x", "field": "", "message": ""} for index in (0, 1)]
    sink.answers.append(Answer(200, {"success": True, "rejected": verdicts}))
    ended = run(
        """
        pids = []
        def on_drop(drop):
            pid = os.fork()
            if pid:
                pids.append(pid)
            else:
                client.track("child", user_id="1")
        client = Client("key-1", HOST, flush_interval=60, on_drop=on_drop)
        for name in ("A", "B", "C"):
            client.track(name, user_id="1")
        client.flush(10)
        assert len(pids) == 2, pids
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]
        client.track("parent", user_id="1")
        assert client.close(10).sent == 2
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(sink.events) == ["A", "B", "C", "child", "child", "parent"]


@can_fork
def test_a_child_says_for_itself_what_its_parent_has_said(run: Run, sink: Sink) -> None:
    sink.close()
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        client.track("", user_id="1")
        client.track("A", user_id="1")
        client.flush(1)
        pid = os.fork()
        if not pid:
            client.track("", user_id="1")
            client.track("A", user_id="1")
            client.flush(1)
            client.close(0)
            os._exit(0)
        os.waitpid(pid, 0)
        client.close(0)
        """
    )
    assert ended.stderr.count("event is missing") == 2
    assert ended.stderr.count(" fails: ") == 2


def test_the_thread_is_started_without_the_lock(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under gevent a start lets others go on, and a lock of the real thread keeps none of them out."""
    held: list[bool] = []
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        held.append(client._queue.lock._is_owned())  # type: ignore[attr-defined]
        real(thread)

    client = make(on_full="block")
    monkeypatch.setattr(threading.Thread, "start", start)
    client.track("A", user_id="1")
    assert held == [False]


def test_what_nobody_has_foreseen_reaches_no_caller(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("cannot release un-acquired lock")

    client = make()
    client.track("A", user_id="1")
    with monkeypatch.context() as patch:
        for name in ("put", "flush", "finish"):
            patch.setattr(client._delivery, name, broken)
        assert client.track("B", user_id="1") is False
        assert client.flush() is False
        assert client.close().lost == 0
    assert client.close().sent == 1
    assert [text for text in caplog.messages if "met" in text] == [
        f"{name}() met RuntimeError" for name in ("track", "flush", "close")
    ]
