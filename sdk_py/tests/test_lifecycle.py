"""Flush, close, exit and fork: nothing twice, nothing lost in silence, and always on time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sink import Answer, Make, Run, Sink

from waywiser import Client, DeliveryError, Drop, DropReason, MemoryTransport, Request, Response

can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def test_flush_and_close_keep_their_time_while_the_collector_hangs(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    errors: list[DeliveryError] = []
    drops: list[Drop] = []
    client = make(timeout=60, on_error=errors.append, on_drop=drops.append)
    for number in range(150):
        client.track(f"E{number}", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    assert client.flush(0.1) is False
    assert client.stats().waiting == 150
    report = client.close(0.1)
    assert (report.sent, report.spooled, report.lost) == (0, 0, 150)
    assert [drop.message["event"] for drop in drops] == [f"E{number}" for number in range(150)]
    assert {drop.reason for drop in drops} == {DropReason.UNSENT}
    # The request is still open: neither call waited for its end.
    assert errors == []
    assert len(sink.requests) == 1


def test_an_answer_after_close_gave_up_changes_no_count(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    client = make(timeout=60)
    client.track("A", user_id="1")
    assert client.flush(0.1) is False
    thread = next(each for each in threading.enumerate() if each.name == "waywiser-delivery")
    client.close(0)
    sink.released.set()
    thread.join(10)
    assert not thread.is_alive()
    assert (client.stats().sent, client.stats().dropped) == (0, {"unsent": 1})


def test_close_delivers_what_waits_and_reports_it(make: Make, sink: Sink) -> None:
    client = make()
    for _ in range(120):
        client.track("A", user_id="1")
    report = client.close()
    assert (report.sent, report.spooled, report.lost) == (120, 0, 0)
    assert len(sink.messages) == 120


def test_close_waits_out_a_short_outage(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(503))
    client = make()
    client.track("A", user_id="1")
    assert client.close(10).sent == 1


def test_a_closed_client_takes_nothing_more_and_says_so(make: Make, sink: Sink) -> None:
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    client.track("A", user_id="1")
    assert client.close().sent == 1
    assert client.track("B", user_id="1") is False
    assert [(drop.reason, drop.message["event"]) for drop in drops] == [(DropReason.CLOSED, "B")]
    assert client.flush() is True
    report = client.close()
    assert (report.sent, report.lost) == (1, 1)
    assert sink.events == ["A"]


def test_leaving_the_with_block_closes(sink: Sink) -> None:
    with pytest.raises(RuntimeError, match="ours"), Client("key-1", sink.url) as client:
        client.track("A", user_id="1")
        raise RuntimeError("ours")
    assert sink.events == ["A"]
    assert client.track("B", user_id="1") is False


def test_close_ends_the_thread(make: Make) -> None:
    client = make()
    client.track("A", user_id="1")
    thread = next(each for each in threading.enumerate() if each.name == "waywiser-delivery")
    client.close()
    thread.join(10)
    assert not thread.is_alive()


def test_flush_and_close_from_within_on_drop_do_not_lock_up() -> None:
    results: list[object] = []

    class Refusing(MemoryTransport):
        def send(self, request: Request) -> Response:
            return Response(415, {}, b'{"code": "unknown_form"}')

    def on_drop(drop: Drop) -> None:
        results.append(client.flush(60))
        results.append(client.close(60).lost)

    client = Client("key-1", transport=Refusing(), on_drop=on_drop)
    client.track("A", user_id="1")
    client.flush()
    assert results == [False, 1]


def test_many_may_close_at_once(make: Make, sink: Sink) -> None:
    client = make()
    for _ in range(50):
        client.track("A", user_id="1")
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(client.close(60))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(report.sent, report.lost) for report in reports] == [(50, 0)] * 5
    assert len(sink.messages) == 50


def test_eight_threads_with_a_thousand_messages_each_arrive_exactly_once(make: Make, sink: Sink) -> None:
    client = make(flush_interval=0.05)

    def work(name: int) -> None:
        for number in range(1000):
            assert client.track(f"{name}-{number}", user_id="1")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(60)
    assert Counter(sink.events) == Counter(f"{name}-{number}" for name in range(8) for number in range(1000))
    assert len({message["messageId"] for message in sink.messages}) == 8000
    stats = client.stats()
    assert (stats.enqueued, stats.sent, stats.waiting, stats.dropped) == (8000, 8000, 0, {})


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_a_signal_handler_may_track_in_the_middle_of_a_track(make: Make, sink: Sink) -> None:
    client = make(flush_interval=0.05, timeout=60)
    fired = []

    def handler(number: int, frame: object) -> None:
        fired.append(client.track("signal", user_id="1"))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(5000):
            client.track("A", user_id="1")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert client.flush(60)
    assert fired
    assert Counter(sink.events) == {"A": 5000, "signal": len(fired)}


@pytest.mark.usefixtures("no_threads")
def test_where_no_thread_can_be_had_flush_and_close_deliver(
    make: Make, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    for _ in range(120):
        assert client.track("A", user_id="1")
    assert client.stats().sent == 0
    assert client.flush(10) is True
    assert client.stats().sent == 120
    assert client.track("B", user_id="1")
    assert client.close(10).sent == 121
    assert len(sink.messages) == 121
    assert caplog.messages == ["no thread can be started here; flush() and close() deliver"]


@pytest.mark.usefixtures("no_threads")
def test_where_no_thread_can_be_had_close_keeps_its_time_too(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(503, headers={"Retry-After": "600"})] * 5)
    client = make()
    client.track("A", user_id="1")
    start = time.monotonic()
    report = client.close(60)
    assert time.monotonic() - start < 30
    assert (report.sent, report.lost) == (0, 1)
    assert len(sink.requests) == 1


@pytest.mark.usefixtures("no_threads")
def test_where_no_thread_can_be_had_a_hanging_collector_does_not_hold_close(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    client = make(timeout=600)
    client.track("A", user_id="1")
    assert client.close(0.2).lost == 1


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit(0)",
        "raise ValueError('ours')",
        "os.kill(os.getpid(), 2); time.sleep(10)",
        "import atexit; atexit.register(client.track, 'A', user_id='late'); client.flush()",
    ],
)
def test_what_is_queued_is_delivered_when_the_process_ends(ending: str, run: Run, sink: Sink) -> None:
    run(
        f"""
        client = Client("key-1", HOST, flush_interval=60)
        for _ in range(2 if "late" in {ending!r} else 3):
            client.track("A", user_id="1")
        {ending}
        """
    )
    assert sink.events == ["A", "A", "A"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
@pytest.mark.parametrize("spool", [True, False])
def test_a_second_ctrl_c_while_the_end_waits_for_the_collector_loses_nothing_in_silence(
    spool: bool, run: Run, sink: Sink, tmp_path: Path
) -> None:
    sink.answers.append(Answer(hangs=True))
    ended = run(
        f"""
        import signal
        client = Client("key-1", HOST, timeout=600, spool_dir={str(tmp_path) if spool else None!r})
        for _ in range(3):
            client.track("A", user_id="1")
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(130)
        """
    )
    assert ended.returncode == 130
    if spool:
        [path] = tmp_path.iterdir()
        assert path.read_bytes().count(b'"event":"A"') == 3
    else:
        assert "3 messages could not be delivered before the end" in ended.stderr


def test_the_very_first_message_may_come_from_an_exit_handler(run: Run, sink: Sink) -> None:
    run(
        """
        import atexit
        client = Client("key-1", HOST)
        atexit.register(client.track, "A", user_id="1")
        """
    )
    assert sink.events == ["A"]


def test_the_end_of_the_process_does_not_wait_for_ever(run: Run, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    ended = run(
        """
        from waywiser import _process
        _process.EXIT_SECONDS = 0.2
        client = Client("key-1", HOST, timeout=600)
        client.track("A", user_id="1")
        """
    )
    assert ended.returncode == 0
    assert "1 messages could not be delivered before the end" in ended.stderr


@can_fork
def test_parent_and_child_each_deliver_exactly_their_own(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        for _ in range(7):
            client.track("before", user_id="1")
        pid = os.fork()
        for _ in range(10):
            client.track("parent" if pid else "child", user_id="1")
        report = client.close(10)
        assert (report.sent, report.lost) == ((17, 0) if pid else (10, 0)), report
        if pid:
            sys.exit(os.waitpid(pid, 0)[1])
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"before": 7, "parent": 10, "child": 10}
    assert len({message["messageId"] for message in sink.messages}) == 27
    sequences = [message["context"]["sequence"] for message in sink.messages if message["event"] == "child"]
    assert sequences == list(range(1, 11))


@can_fork
def test_parent_and_child_do_not_share_a_connection(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        client.track("first", user_id="1")
        client.flush()
        pid = os.fork()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
        client.track("parent" if pid else "child", user_id="1")
        client.close(10)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sink.events == ["first", "child", "parent"]
    first, child, parent = sink.batches
    assert first.port == parent.port != child.port


@can_fork
def test_a_child_forked_during_a_request_delivers_on_a_connection_of_its_own(
    run: Run, sink: Sink, tmp_path: Path
) -> None:
    sink.answers.extend([Answer(), Answer(hangs=True)])
    was_sent = tmp_path / "was sent"

    def tell() -> None:
        if sink.arrived.acquire(timeout=60) and sink.arrived.acquire(timeout=60):
            was_sent.touch()

    threading.Thread(target=tell, daemon=True).start()
    ended = run(
        f"""
        _process.EXIT_SECONDS = 2.0
        client = Client("key-1", HOST, flush_at=1, timeout=600)
        client.track("first", user_id="1")
        client.flush()
        client.track("hangs", user_id="1")
        while not os.path.exists({str(was_sent)!r}):
            time.sleep(0.01)
        pid = os.fork()
        if not pid:
            client.track("child", user_id="1")
            os._exit(0 if client.close(10).sent == 1 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert client.close(0).lost == 1
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sink.events == ["first", "hangs", "child"]
    first, hangs, child = sink.batches
    assert first.port == hangs.port != child.port


@can_fork
def test_children_forked_while_other_threads_track_are_never_stuck(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=0.01, max_queue=10**6, timeout=60)
        done = threading.Event()
        def work():
            while not done.is_set():
                client.track("parent", user_id="1")
                time.sleep(0)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        pids = []
        for _ in range(15):
            pid = os.fork()
            if not pid:
                client.track("child", user_id="1")
                os._exit(0 if client.close(60).sent == 1 else 1)
            pids.append(pid)
        results = [os.waitpid(pid, 0)[1] for pid in pids]
        done.set()
        for thread in threads:
            thread.join()
        report = client.close(60)
        print(report.sent, report.lost)
        assert not any(results), results
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events)["child"] == 15
    sent, lost = map(int, ended.stdout.split())
    assert (Counter(sink.events)["parent"], lost) == (sent, 0)


def test_the_delivery_thread_imports_nothing(run: Run, sink: Sink) -> None:
    """A fork in the middle of an import would leave a lock that nobody opens any more."""
    rejected = [{"index": 0, "code": "x", "field": "y", "message": "z"}]
    sink.answers.extend([Answer(503), Answer(200, {"success": True, "rejected": rejected})])
    ended = run(
        """
        import threading
        client = Client("key-1", HOST.replace("127.0.0.1", "localhost"))
        before = set(sys.modules)
        client.track("A", user_id="1", properties={"text": "x" * 9999})
        assert client.flush(10)
        assert set(sys.modules) == before, set(sys.modules) - before
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sink.events == ["A", "A"]


@can_fork
def test_a_grandchild_delivers_too(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        client.track("parent", user_id="1")
        pid = os.fork()
        if not pid:
            client.track("child", user_id="1")
            pid = os.fork()
            if not pid:
                client.track("grandchild", user_id="1")
        if pid:
            os.waitpid(pid, 0)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"parent": 1, "child": 1, "grandchild": 1}


@can_fork
def test_a_multiprocessing_child_delivers_before_it_ends(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import multiprocessing
        client = Client("key-1", HOST, flush_interval=60)
        client.track("parent", user_id="1")
        context = multiprocessing.get_context("fork")
        child = context.Process(target=client.track, args=("child",), kwargs={"user_id": "1"})
        child.start()
        child.join()
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"parent": 1, "child": 1}
