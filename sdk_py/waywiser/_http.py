"""Carries requests over HTTP, on one connection that is kept open."""

from __future__ import annotations

import codecs
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from ._errors import ConnectionFailed
from ._transport import Request, Response

if TYPE_CHECKING:
    from http.client import HTTPConnection

MAX_ANSWER_BYTES = 1024 * 1024


class HttpTransport:
    """The transport that a client uses when it is given none.

    The standard library's HTTP client, TLS checked against the system's certificates; redirects are not
    followed.
    """

    def __init__(self) -> None:
        # Imported late, because it is a third of the time that importing this library would take; but not as
        # late as in the delivery thread: a fork in the middle of an import leaves the child a lock for ever.
        self._http: Any = import_module("http.client")
        codecs.lookup("idna")
        self._connection: HTTPConnection | None = None
        self._origin = ""
        self._pid = os.getpid()

    def send(self, request: Request) -> Response:
        """POST the request; raises ConnectionFailed when no answer comes."""
        parts = urlsplit(request.url)
        self._forget_unusable(parts)
        is_reused = self._connection is not None
        try:
            return self._exchange(request, parts)
        except (OSError, self._http.HTTPException) as error:
            self.close()
            if not (is_reused and isinstance(error, ConnectionError)):
                raise ConnectionFailed(str(error) or type(error).__name__) from error
        # The server had closed the idle connection. Repeating is harmless: every message carries its id.
        return self.send(request)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _forget_unusable(self, parts: SplitResult) -> None:
        if self._pid != os.getpid():
            # The socket is the parent's. Letting go of it closes our copy and leaves the parent's open.
            self._connection, self._pid = None, os.getpid()
        if self._origin != f"{parts.scheme}://{parts.netloc}":
            self.close()
            self._origin = f"{parts.scheme}://{parts.netloc}"

    def _exchange(self, request: Request, parts: SplitResult) -> Response:
        connection = self._connection = self._connection or self._connect(parts)
        connection.timeout = request.timeout
        if connection.sock is not None:
            connection.sock.settimeout(request.timeout)
        connection.request("POST", parts.path or "/", request.body, dict(request.headers))
        answer = connection.getresponse()
        body = answer.read(MAX_ANSWER_BYTES)
        if not answer.isclosed():
            self.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def _connect(self, parts: SplitResult) -> HTTPConnection:
        kind = self._http.HTTPSConnection if parts.scheme == "https" else self._http.HTTPConnection
        connection: HTTPConnection = kind(parts.hostname, parts.port)
        return connection
