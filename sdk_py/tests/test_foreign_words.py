"""What a server answers that is no collector stands in our log and errors as one harmless line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from sink import Answer, Sink

from waywiser import Client, DeliveryError, Drop

CONTROL = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x202E]))
FORGED = "\x1b[2J\r\n2026-01-01 CRITICAL forged\x00\x85"


@pytest.fixture
def garbage() -> Iterator[str]:
    """The address of a server that answers in no HTTP at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(FORGED.encode("latin-1") + b"x" * 5000 + b"\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_status_line_that_is_none(garbage: str, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[DeliveryError] = []
    with Client("key-1", garbage, sync=True, timeout=2, on_error=errors.append) as client:
        client.track("A", user_id="1")
        client.close(5)
    said = [*caplog.messages, *map(str, errors)]
    assert any("[2J" in each for each in said)
    assert [each for each in said if set(CONTROL).intersection(each) or len(each) > 600] == []


def test_codes_and_sentences(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[DeliveryError] = []
    drops: list[Drop] = []
    verdict = {"index": 0, "code": FORGED, "field": FORGED, "message": FORGED}
    rejected = {"success": True, "accepted": 0, "rejected": [verdict]}
    sink.answers += [Answer(503, {"code": FORGED, "message": FORGED}), Answer(200, rejected)]
    with Client("key-1", sink.url, sync=True, on_error=errors.append, on_drop=drops.append) as client:
        client.track("A", user_id="1")
    assert (len(errors), len(drops)) == (1, 1)
    said = [*caplog.messages, *map(str, errors), drops[0].code, drops[0].field, drops[0].detail]
    assert all("forged" in each for each in said)
    assert [each for each in said if set(CONTROL).intersection(each)] == []
