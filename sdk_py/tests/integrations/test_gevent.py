"""Under gevent threads are greenlets, which all hold the locks that one of them holds."""

from __future__ import annotations

from collections import Counter

import pytest
from sink import Run, Sink

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
