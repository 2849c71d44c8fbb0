"""Children of all kinds deliver what is theirs, and end."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from sink import Run, Sink

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "raise ValueError('ours')"])
def test_a_child_forked_in_a_thread_delivers_and_ends(ending: str, run: Run, sink: Sink) -> None:
    ended = run(
        f"""
        client = Client("key-1", HOST, flush_interval=60)
        client.track("parent", user_id="1")
        pids = []
        def work():
            pid = os.fork()
            if pid:
                pids.append(pid)
                return
            client.track("child", user_id="1")
            {ending}
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        end = time.monotonic() + 20
        while time.monotonic() < end and os.waitpid(pids[0], os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        assert time.monotonic() < end, os.kill(pids[0], 9)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"parent": 1, "child": 1}


def test_a_child_forked_in_a_thread_goes_on_while_its_own_threads_do(run: Run, sink: Sink) -> None:
    ended = run(
        """
        client = Client("key-1", HOST, flush_interval=60)
        pids = []
        def late():
            time.sleep(1)
            client.track("late", user_id="1")
        def work():
            pid = os.fork()
            if pid:
                return pids.append(pid)
            client.track("early", user_id="1")
            threading.Thread(target=late).start()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        os.waitpid(pids[0], 0)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"early": 1, "late": 1}


@pytest.mark.parametrize("is_made_before", [True, False])
def test_the_children_of_a_pool_deliver_when_it_is_terminated(
    is_made_before: bool, run: Run, sink: Sink
) -> None:
    ended = run(
        f"""
        import multiprocessing
        client = Client("key-1", HOST, flush_interval=60) if {is_made_before} else None
        def begin():
            global client
            client = client or Client("key-1", HOST, flush_interval=60)
        def work(number):
            return client.track("child", user_id=str(number))
        with multiprocessing.get_context("fork").Pool(3, begin) as pool:
            assert all(pool.map(work, range(60)))
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"child": 60}
    assert {message["userId"] for message in sink.messages} == {str(number) for number in range(60)}


def test_a_child_in_which_no_handler_can_run_delivers_and_ends(run: Run, sink: Sink) -> None:
    """As the worker of a pool where it waits for the lock of its tasks."""
    ended = run(
        """
        import hashlib, multiprocessing
        client = Client("key-1", HOST, flush_interval=60)
        def work(begun):
            client.track("child", user_id="1")
            begun.set()
            hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 2_000_000_000)
        context = multiprocessing.get_context("fork")
        begun = context.Event()
        child = context.Process(target=work, args=(begun,), daemon=True)
        child.start()
        begun.wait()
        child.terminate()
        child.join(30)
        assert child.exitcode is not None
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sink.events == ["child"]


def test_a_worker_of_a_pool_dies_of_sigterm_at_once_until_it_has_something_to_deliver(
    run: Run, sink: Sink
) -> None:
    ended = run(
        """
        import multiprocessing, signal
        client = Client("key-1", HOST, flush_interval=60)
        def handled():
            return signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
        def work():
            client.track("child", user_id="1")
            return handled()
        with multiprocessing.get_context("fork").Pool(1) as pool:
            before, after = pool.apply(handled), pool.apply(work)
        assert (before, after) == (False, True)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert sink.events == ["child"]


def test_the_children_of_an_executor_deliver(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        client = Client("key-1", HOST, flush_interval=60)
        def work(number):
            return client.track("child", user_id=str(number))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            assert all(pool.map(work, range(20)))
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"child": 20}


def test_a_child_that_a_daemon_thread_has_forked_stays_open_while_that_thread_runs(
    sink: Sink, run: Run
) -> None:
    done = run("""
        from time import sleep, monotonic

        ww = Client("key-1", HOST, flush_at=1)

        def work():
            child = os.fork()
            if child == 0:
                ww.track("First", user_id="1")
                ended = monotonic() + 5
                while ww.stats().sent < 1 and monotonic() < ended:
                    sleep(0.01)
                sleep(0.5)  # the delivery thread looks for company five times a second
                ww.track("Second", user_id="1")
                ww.close()
                os._exit(0)
            os.waitpid(child, 0)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join()
    """)
    assert done.returncode == 0, done.stderr
    assert sink.events == ["First", "Second"]


@pytest.mark.parametrize("ending", ["client.close(10)", "sys.exit(0)"])
# Time for the thread to fall asleep: a C fork while it waits for the interpreter may stop the child for ever.
@pytest.mark.parametrize(
    "begin", ["", "client.track('parent', user_id='1'); client.flush(10); time.sleep(0.5)"]
)
def test_a_child_of_c_code_that_runs_no_hook_is_a_process_of_its_own(
    begin: str, ending: str, run: Run, sink: Sink
) -> None:
    """uWSGI forks like this, with and without a delivery thread in the parent."""
    ended = run(
        f"""
        import ctypes
        client = Client("key-1", HOST, flush_interval=60)
        {begin}
        pids = []
        for _ in range(3):
            pid = ctypes.PyDLL(None).fork()
            if not pid:
                try:
                    for _ in range(10):
                        assert client.track("child", user_id="1")
                    assert client.stats().enqueued == 10
                    {ending}
                    os._exit(0)
                except AssertionError:
                    os._exit(1)
            pids.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
        client.track("parent", user_id="1")
        """
    )
    assert ended.returncode == 0, ended.stderr
    children = [message["messageId"] for message in sink.messages if message["event"] == "child"]
    assert len(children) == 30
    assert len({each[:24] for each in children}) == 3
    assert len({message["messageId"] for message in sink.messages}) == len(sink.messages)


def test_a_child_of_c_code_that_says_nothing_sends_nothing_of_its_parents(run: Run, sink: Sink) -> None:
    ended = run(
        """
        import ctypes
        client = Client("key-1", HOST, flush_interval=60)
        client.track("parent", user_id="1")
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            sys.exit(0)
        os.waitpid(pid, 0)
        """
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sink.events == ["parent"]


def test_a_child_that_is_told_to_end_before_it_is_ready_ends(run: Run, sink: Sink) -> None:
    """Its parent's handler would be called for a signal that Python forgets when the child begins."""
    ended = run(
        """
        import signal
        client = Client("key-1", HOST, flush_interval=60)
        for _ in range(20):
            child = os.fork()
            if not child:
                time.sleep(30)
                os._exit(1)
            os.kill(child, signal.SIGTERM)
            _, status = os.waitpid(child, 0)
            assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM, status
        """
    )
    assert ended.returncode == 0, ended.stderr
