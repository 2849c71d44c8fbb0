"""What the tests of the integrations share: a client that keeps what it sends, and a collector's stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from upstream_server import UpstreamServer

from waywiser import Client, MemoryTransport


@pytest.fixture
def memory() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def client(memory: MemoryTransport) -> Iterator[Client]:
    """A client that has sent when a call returns."""
    with Client("key-1", transport=memory, sync=True) as client:
        yield client


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    server = UpstreamServer()
    yield server
    server.close()
