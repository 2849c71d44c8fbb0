"""Connections that break the rules of HTTP, against a real server: it answers or hangs up, and goes on."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.installation import Installation

EVENT = b'{"event":"x","userId":"u"}'
WAIT_S = 5


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("door")
    installation = Installation(folder)
    installation.init()
    installation.start()
    yield installation
    installation.stop()


def said(installation: Installation, sent: bytes, *, hangs_up: bool = True, seconds: float = WAIT_S) -> bytes:
    """What the server says to these bytes, and to the end of the connection behind them."""
    token = b64encode(f"{installation.made['server_key']}:".encode())
    sent = sent.replace(b"AUTH", b"Host: a\r\nAuthorization: Basic " + token)
    with socket.create_connection(("127.0.0.1", installation.port), timeout=seconds) as connection:
        with suppress(OSError):
            connection.sendall(sent)
            if hangs_up:
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while part := connection.recv(65_536):
                answer += part
    return answer


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


POST = b"POST /v1/track HTTP/1.1\r\nAUTH\r\nConnection: close\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v1/track\r\n\r\n",
        b"POST /v1/track HTTP/9.9\r\nAUTH\r\n\r\n",
        b"POST /v1/\xff\xfe HTTP/1.1\r\nAUTH\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length: 500\r\n\r\n" + EVENT,
        POST + b"Content-Length: -5\r\n\r\n" + EVENT,
        POST + b"Content-Length: " + b"9" * 100 + b"\r\n\r\n" + EVENT,
        POST + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n" + EVENT,
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + EVENT,
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + EVENT,
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(EVENT),
        POST + b"Transfer-Encoding: rot13\r\n\r\n" + EVENT,
        POST + b"Origin: a\r\n b: c\r\nContent-Length: 26\r\n\r\n" + EVENT,
        POST + b"Origin: a\x00b\r\nContent-Length: 26\r\n\r\n" + EVENT,
        POST + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        POST + b"".join(b"X-%d: y\r\n" % n for n in range(5_000)) + b"\r\n",
    ],
)
def test_a_broken_request_gets_no_mistake_of_ours_and_the_next_one_is_taken(
    running: Installation, sent: bytes
) -> None:
    answer = said(running, sent)
    assert not answer or answer.startswith(b"HTTP/1.")
    assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.1 3", b"HTTP/1.1 200"))
    assert running.send("/v1/track", json.loads(EVENT))[0] == 200
    assert b"a request failed" not in (running.folder / "server.log").read_bytes()


@pytest.mark.slow
def test_a_body_in_chunks_is_taken(running: Installation) -> None:
    sent = POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(EVENT[:9], EVENT[9:]) + b"0\r\n\r\n"
    assert said(running, sent, hangs_up=False, seconds=60).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//v1/track", 200),
        ("/v1//track/", 200),
        ("/v1/t", 200),
        ("/beacon/v1/batch", 400),
        ("/v1", 404),
        ("/v1/nothing", 404),
        ("//nothing", 404),
    ],
)
def test_the_one_process_server_leads_the_collectors_addresses_to_the_collector(
    running: Installation, path: str, status: int
) -> None:
    found, answer = running.send(path, json.loads(EVENT))
    assert (found, answer["success"]) == (status, status == 200)
