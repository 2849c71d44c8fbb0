"""Celery: a task is about whom its caller was about, and no worker process takes events along at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Callable

import pytest
from sink import Sink

import waywiser

HERE = Path(__file__).parent
PATH = os.pathsep.join([str(HERE), str(Path(waywiser.__file__).parent.parent)])
SECONDS = 60


@pytest.fixture
def environ(sink: Sink, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "BROKER_FOLDER": str(tmp_path), "SINK": sink.url, "PYTHONPATH": PATH}


def call(environ: dict[str, str], text: str) -> None:
    """Call tasks from a process of their own, as a web application would."""
    head = "from celery_app import *\nfrom waywiser import context\n"
    subprocess.run([sys.executable, "-c", head + text], env=environ, check=True, timeout=SECONDS)


@contextmanager
def worker(environ: dict[str, str], *settings: str) -> Iterator[Callable[[int], None]]:
    """A real worker, ended with SIGTERM; hands out a function that waits for so many tasks to be done."""
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--loglevel=INFO"]
    calm = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = subprocess.Popen(
        [*command, *calm, *settings],
        env=environ,
        cwd=environ["BROKER_FOLDER"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    heard = threading.Condition()

    def listen(lines: Any) -> None:
        for line in lines:
            with heard:
                said.append(line)
                heard.notify_all()

    listener = threading.Thread(target=listen, args=(process.stdout,))
    listener.start()

    def done(count: int) -> None:
        with heard:
            is_done = heard.wait_for(
                lambda: sum("succeeded in" in line or "raised unexpected" in line for line in said) >= count,
                SECONDS,
            )
        assert is_done, "".join(said)

    try:
        yield done
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
            listener.join()
            process.stdout.close()


def wait_for_events(sink: Sink, count: int) -> list[dict[str, Any]]:
    deadline = monotonic() + SECONDS
    while len(sink.messages) < count and monotonic() < deadline:
        sink.arrived.acquire(timeout=0.5)
    return sink.messages


def numbers(messages: list[dict[str, Any]], event: str) -> list[int]:
    return sorted(each["properties"]["number"] for each in messages if each["event"] == event)


CALLS = """
for number in range(20):
    ids = {"anonymous_id": f"visitor-{number}", "session_id": f"session-{number}"}
    with context(**ids, values={"ip": "203.0.113.7"}):
        pay.delay(number)
nobody.delay()
"""


def check(messages: list[dict[str, Any]]) -> None:
    assert numbers(messages, "Order Paid") == list(range(20))
    assert numbers(messages, "Receipt Sent") == list(range(20))
    for each in messages:
        if each["event"] == "Cleaned Up":
            assert each["properties"] == {"left": ""}
            continue
        number = each["properties"]["number"]
        assert each["anonymousId"] == f"visitor-{number}"
        assert each["context"]["sessionId"] == f"session-{number}"
        assert each["context"]["ip"] == "203.0.113.7"
    assert len(messages) == 41
    assert len({each["messageId"] for each in messages}) == 41


def test_prefork_workers_carry_the_context_and_deliver_everything_when_they_end(
    sink: Sink, environ: dict[str, str]
) -> None:
    call(environ, CALLS)
    with worker(environ, "--pool=prefork", "--concurrency=2") as done:
        done(41)
        assert sink.messages == [], "nothing was due before the end"
    check(sink.messages)


def test_worker_processes_that_are_replaced_deliver_before_they_go(
    sink: Sink, environ: dict[str, str]
) -> None:
    call(environ, CALLS)
    with worker(environ, "--pool=prefork", "--concurrency=1", "--max-tasks-per-child=10") as done:
        # The last of 41 tasks is the first of the fifth process, which may not have come up yet.
        assert len(wait_for_events(sink, 40)) == 40
        done(41)
    check(sink.messages)
    assert len({each["properties"]["pid"] for each in sink.messages if "pid" in each["properties"]}) > 1


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_so_do_other_pools(pool: str, sink: Sink, environ: dict[str, str]) -> None:
    call(environ, CALLS)
    with worker(environ, f"--pool={pool}", "--concurrency=2") as done:
        done(41)
    check(sink.messages)


def test_a_task_that_is_tried_again_is_still_about_its_visitor(sink: Sink, environ: dict[str, str]) -> None:
    call(environ, 'with context(anonymous_id="visitor-1"): stumble.delay()\n')
    with worker(environ, "--pool=prefork", "--concurrency=1") as done:
        done(1)
    found = [(each["properties"]["attempt"], each["anonymousId"]) for each in sink.messages]
    assert found == [(0, "visitor-1"), (1, "visitor-1")]


def test_a_context_that_is_too_large_for_a_header_is_carried_as_ids(environ: dict[str, str]) -> None:
    call(
        environ,
        """
from waywiser.celery import _begin, _end, _send_along
from types import SimpleNamespace
headers = {}
with context(anonymous_id="a", session_id="s", values={"big": "x" * 5000}):
    _send_along(headers=headers)
assert headers["waywiser"] == {"user_id": "", "anonymous_id": "a", "session_id": "s"}
task = SimpleNamespace(request=SimpleNamespace(waywiser=headers["waywiser"]))
_begin(task)
assert current_context().session_id == "s"
_end(task)
assert current_context().session_id == ""
for wrong in ("text", {"anonymous_id": ["list"], "values": 7, "unknown": 1}, None):
    task = SimpleNamespace(request=SimpleNamespace(waywiser=wrong))
    _begin(task)
    assert current_context().anonymous_id == ""
    _end(task)
""",
    )
