"""The real uWSGI, which forks without running the hooks that Python has for that."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sink import Sink

UWSGI = shutil.which("uwsgi", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
APPLICATION = """
import os
from waywiser import Client

client = Client("key-1", {url!r}, flush_interval=60)
{begin}

def application(environ, start_response):
    is_taken = client.track("request", user_id="1")
    start_response("200 OK", [("Connection", "close")])
    return [f"{{is_taken}} {{os.getpid()}}".encode()]
"""

pytestmark = pytest.mark.skipif(UWSGI is None, reason="uwsgi is not installed")


@contextmanager
def server(script: Path) -> Iterator[str]:
    """uWSGI with four workers that share what its master has loaded; it is told to end afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = ["--master", "--processes", "4", "--enable-threads", "--die-on-term", "--disable-logging"]
    # uWSGI 2.0.30 signals once: a worker that is still starting then misses it, and is killed after this.
    flags += ["--worker-reload-mercy", "20"]
    process = subprocess.Popen(
        [str(UWSGI), "--http-socket", address, "--wsgi-file", str(script), *flags],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path]))},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}/"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:  # one that does not end fails its own test, and no other one
            process.kill()
            process.wait()


def ask(url: str, until: float) -> str:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("begin", ["", "client.track('loaded', user_id='1'); client.flush(10)"])
def test_every_worker_delivers_its_own(begin: str, tmp_path: Path, sink: Sink) -> None:
    script = tmp_path / "application.py"
    script.write_text(APPLICATION.format(url=sink.url, begin=begin))
    with server(script) as url:
        answers = [ask(url, time.monotonic() + 30) for _ in range(40)]
    assert {answer.split()[0] for answer in answers} == {"True"}
    ids = [message["messageId"] for message in sink.messages if message["event"] == "request"]
    assert len(ids) == len(set(ids)) == 40
    assert len({each[:24] for each in ids}) == len({answer.split()[1] for answer in answers})
