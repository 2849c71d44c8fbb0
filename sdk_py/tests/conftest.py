"""What the tests share: a sink, clients that get closed, and scripts that run as a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sink import Make, Run, Sink

import waywiser
from waywiser import Client

# Machines that run tests stand still for seconds: what ends of itself is given longer than in daily use.
PATIENTLY = """
Client.flush.__defaults__ = Client.close.__defaults__ = (20.0,)
_process.EXIT_SECONDS = 20.0
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client.flush, "__defaults__", (20.0,))
    monkeypatch.setattr(Client.close, "__defaults__", (20.0,))


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some places allow us none, among them the end of the process from Python 3.12 on."""
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "waywiser-delivery":
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    yield server
    server.close()


@pytest.fixture
def make(sink: Sink) -> Iterator[Make]:
    clients: list[Client] = []

    def client(**settings: Any) -> Client:
        clients.append(Client("key-1", sink.url, **{"flush_interval": 60, "timeout": 60, **settings}))
        return clients[-1]

    yield client
    sink.released.set()
    for each in clients:
        each.close(2)


@pytest.fixture
def run(sink: Sink) -> Run:
    """Run a script in a fresh interpreter, where HOST is the sink's address; it must end well."""

    def script(text: str) -> subprocess.CompletedProcess[str]:
        head = "import os, sys, threading, time\nfrom waywiser import Client, _process\n"
        head += f"HOST = {sink.url!r}{PATIENTLY}"
        path = str(Path(waywiser.__file__).parent.parent)
        return subprocess.run(
            [sys.executable, "-c", head + textwrap.dedent(text)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return script
