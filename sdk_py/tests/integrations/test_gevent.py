"""Under gevent threads are greenlets, which all hold the locks that one of them holds."""

from __future__ import annotations

from collections import Counter

import pytest
from sink import Answer, Run, Sink

pytest.importorskip("gevent", reason="gevent is not installed")


@pytest.mark.parametrize(
    "begin",
    [
        "monkey.patch_all(); client = Client('key-1', HOST)",
        "client = Client('key-1', HOST); monkey.patch_all()",
        "client = Client('key-1', HOST); os.fork() and os._exit(os.waitpid(-1, 0)[1]); monkey.patch_all()",
    ],
    ids=["patched first", "made first", "preloaded"],
)
def test_greenlets_may_call_all_at_once(begin: str, run: Run, sink: Sink) -> None:
    ended = run(
        f"""
        import gevent
        from gevent import monkey
        {begin}
        raised = []
        def work(number):
            try:
                for _ in range(10):
                    assert client.track("A", user_id=str(number))
                    gevent.sleep(0)
            except BaseException as error:
                raised.append(repr(error))
        gevent.joinall([gevent.spawn(work, number) for number in range(20)])
        flushed = client.flush(10)
        report = client.close(10)
        assert (raised, flushed, report.sent, report.lost) == ([], True, 200, 0), (raised, flushed, report)
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert Counter(sink.events) == {"A": 200}


def test_a_child_forked_during_a_request_leaves_the_answer_to_its_parent(run: Run, sink: Sink) -> None:
    sink.answers.extend([Answer(), Answer(waits=1)])
    ended = run(
        """
        from gevent import monkey; monkey.patch_all()
        import gevent
        waitpid = monkey.get_original("os", "waitpid")
        client = Client("key-1", HOST, flush_at=1, timeout=20)
        client.track("first", user_id="1")
        client.flush(10)
        client.track("slow", user_id="1")
        gevent.sleep(0.5)
        pid = os.fork()
        if not pid:
            gevent.sleep(1.5)
            client.track("child", user_id="1")
            report = client.close(10)
            os._exit(0 if (report.sent, client.stats().retried) == (1, 0) else 1)
        assert waitpid(pid, 0)[1] == 0  # meanwhile only the child could read the answer
        assert client.flush(15), client.stats()
        assert client.stats().retried == 0
        """
    )
    assert ended.returncode == 0, ended.stderr
    assert "fails" not in ended.stderr
    assert Counter(sink.events) == {"first": 1, "slow": 1, "child": 1}
