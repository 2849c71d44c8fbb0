"""A start says where the server is once that listens, and nothing that reads like a fault."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.installation import Installation, eventually


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "command"), [("granian", "serve"), ("granian", "collector"), ("gunicorn", "admin")]
)
def test_the_address_is_told_once_the_server_listens(tmp_path: Path, server: str, command: str) -> None:
    with Installation(tmp_path, SERVER=server) as place:
        place.init()
        running = place.spawn(command)
        eventually(place.log, lambda log: "Waywiser   " in log or running.process.poll() is not None)
        assert place.log().splitlines().count(f"Waywiser   {place.address}") == 1, place.log()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", place.port)) == 0
        assert "Pool disposed" not in place.log()
