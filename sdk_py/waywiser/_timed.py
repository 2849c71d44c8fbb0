"""A connection for several requests, each of which keeps a deadline as a whole."""

from __future__ import annotations

import ssl
from http.client import HTTPConnection, HTTPException
from typing import Callable
from urllib.parse import SplitResult

from ._sockets import Deadline, TimedSocket, connect

# What an idle connection says that the other side has closed; TLS has words of its own for that.
HUNG_UP = (ConnectionError, HTTPException, ssl.SSLEOFError, ssl.SSLZeroReturnError)
USUAL_PORTS = {"http": 80, "https": 443}


class TimedConnection(HTTPConnection):
    """Set `deadline` before each request: it is for looking up the name, connecting, sending and reading."""

    def __init__(self, host: str, port: int, usual_port: int, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self.default_port = usual_port
        self.deadline = Deadline()
        self._tls = tls

    @classmethod
    def to(cls, parts: SplitResult) -> Callable[[], TimedConnection]:
        """What makes connections to this address."""
        host, usual = parts.hostname or "", USUAL_PORTS[parts.scheme]
        port = parts.port or usual
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        return lambda: cls(host, port, usual, tls)

    def connect(self) -> None:
        """Open it, in the time that is left."""
        opened = connect(self.host, self.port, self.deadline)
        if self._tls is not None:
            try:
                opened.settimeout(self.deadline.left())
                opened = self._tls.wrap_socket(opened, server_hostname=self.host)
            except (OSError, ValueError):
                opened.close()
                raise
        self.sock = TimedSocket(opened, self.deadline)
