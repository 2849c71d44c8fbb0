"""Translates between RSGI, granian's interface, and WSGI, the application's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Protocol

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]

SERVER: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


class Scope(Protocol):
    """What granian says about a request, in its interface RSGI."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: Any


def answer_of(app: Wsgi, environ: dict[str, Any]) -> Answer:
    """Status, headers and body of the application's answer."""
    said: list[tuple[str, Headers]] = []

    def start(status: str, headers: Headers, _failure: Any = None) -> None:
        said[:] = [(status, headers)]

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = said[0]
    return int(status[:3]), headers, body


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """The WSGI environment of a request."""
    environ = SERVER.copy()
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # WSGI cannot tell it from the one with a hyphen, which a proxy may have set
        key = _key(name)
        if key in environ:
            value = f"{environ[key]}{'; ' if name == 'cookie' else ','}{value}"
        environ[key] = value
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path if scope.path.isascii() else scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope.http_version}"
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    environ["wsgi.url_scheme"] = scope.scheme
    environ["wsgi.input"] = BytesIO(body)
    return environ


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
