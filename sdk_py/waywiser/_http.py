"""Carries requests over HTTP, on one connection that is kept open."""

from __future__ import annotations

import codecs
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from . import _process
from ._errors import ConnectionFailed
from ._transport import Request, Response

if TYPE_CHECKING:
    from http.client import HTTPConnection


class HttpTransport:
    """The transport that a client uses when it is given none.

    The standard library's HTTP client, TLS checked against the system's certificates; redirects are not
    followed. A request's timeout is for all of it: looking up the name, connecting, sending and reading.
    """

    def __init__(self) -> None:
        # Imported late, because it is a third of the time that importing this library would take; but not as
        # late as in the delivery thread: a fork in the middle of an import leaves the child a lock for ever.
        self._http: Any = import_module("http.client")
        codecs.lookup("idna")
        self._tls: Any = None
        self._sockets: Any = import_module("._sockets", __package__)
        self._connection: HTTPConnection | None = None
        self._deadline = self._sockets.Deadline()
        self._origin = ""
        _process.watch_fork(self)

    def after_fork(self) -> None:
        """Leave the connection to the parent, also where a copy of its thread goes on, as greenlets do."""
        self._deadline.end()
        opened: Any = self._connection and self._connection.sock
        if opened:
            opened.abandon()
        self._connection = None
        self._deadline = self._sockets.Deadline()

    def send(self, request: Request) -> Response:
        """POST the request; raises ConnectionFailed when no answer comes."""
        parts = urlsplit(request.url)
        self._forget_unusable(parts)
        self._deadline.set(request.timeout)
        while True:
            is_reused = self._connection is not None
            try:
                return self._exchange(request, parts)
            except (OSError, self._http.HTTPException) as error:
                self.close()
                if not (is_reused and _is_hang_up(error)):
                    raise ConnectionFailed(str(error) or type(error).__name__) from error
            # The server had closed the idle connection. Repeating is harmless: every message carries its id.

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _forget_unusable(self, parts: SplitResult) -> None:
        if self._origin != f"{parts.scheme}://{parts.netloc}":
            self.close()
            self._origin = f"{parts.scheme}://{parts.netloc}"

    def _exchange(self, request: Request, parts: SplitResult) -> Response:
        connection = self._connection = self._connection or self._connect(parts)
        # Who hangs up in the middle may have said why: that the request is too large, say.
        with suppress(ConnectionError):
            connection.request("POST", parts.path or "/", request.body, dict(request.headers))
        answer = connection.getresponse()
        body = answer.read(request.max_answer)
        if connection.sock is None or not answer.isclosed():
            self.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def _connect(self, parts: SplitResult) -> HTTPConnection:
        host = parts.hostname or ""
        is_secure = parts.scheme == "https"
        usual = 443 if is_secure else 80
        port = parts.port or usual
        opened = self._sockets.connect(host, port, self._deadline)
        if is_secure:
            try:
                opened.settimeout(self._deadline.left())
                opened = self._secure().wrap_socket(opened, server_hostname=host)
            except OSError:
                opened.close()
                raise
        connection: HTTPConnection = self._http.HTTPConnection(host, port)
        connection.default_port = usual
        connection.auto_open = 0
        connection.sock = self._sockets.TimedSocket(opened, self._deadline)
        return connection

    def _secure(self) -> Any:
        if self._tls is None:
            self._tls = import_module("ssl").create_default_context()
        return self._tls


def _is_hang_up(error: Exception) -> bool:
    """Whether it says that the other side had closed; TLS has words of its own for that."""
    return isinstance(error, ConnectionError) or type(error).__name__ in (
        "SSLEOFError",
        "SSLZeroReturnError",
    )
