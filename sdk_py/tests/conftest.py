"""What the tests share: a sink, clients that get closed, and scripts that run as a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sink import Make, Run, Sink

import waywiser
from waywiser import Client


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    yield server
    server.close()


@pytest.fixture
def make(sink: Sink) -> Iterator[Make]:
    clients: list[Client] = []

    def client(**settings: Any) -> Client:
        clients.append(Client("key-1", sink.url, **{"flush_interval": 60, **settings}))
        return clients[-1]

    yield client
    sink.released.set()
    for each in clients:
        each.close(2)


@pytest.fixture
def run(sink: Sink) -> Run:
    """Run a script in a fresh interpreter, where HOST is the sink's address; it must end well."""

    def script(text: str) -> subprocess.CompletedProcess[str]:
        head = f"import os, sys, threading, time\nfrom waywiser import Client\nHOST = {sink.url!r}\n"
        path = str(Path(waywiser.__file__).parent.parent)
        return subprocess.run(
            [sys.executable, "-c", head + textwrap.dedent(text)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return script
