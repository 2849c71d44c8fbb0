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
