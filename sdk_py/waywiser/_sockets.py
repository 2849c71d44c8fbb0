"""Opens connections and reads from them so that all of it together keeps one deadline."""

from __future__ import annotations

import io
import math
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

Address = tuple[int, int, int, str, Any]


class Deadline:
    """A moment that moves from request to request; what is open keeps to it."""

    def __init__(self) -> None:
        self._at = 0.0

    def set(self, seconds: float) -> None:
        """From now on, so many seconds are left."""
        self._at = monotonic() + seconds

    def end(self) -> None:
        """No time is left."""
        self._at = -math.inf

    def left(self) -> float:
        """Seconds that are left; raises TimeoutError when none are."""
        left = self._at - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class TimedSocket:
    """As much of a socket as `http.client` uses, with a deadline for all reads together."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Write all of it; the system's own timeout is for all of it, too."""
        self._inner.settimeout(self._deadline.left())
        self._inner.sendall(data)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """What an answer is read from."""
        return io.BufferedReader(_Reader(self._inner, self._deadline))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def abandon(self) -> None:
        """Close our copy of a connection that another process goes on with, also while it is read from."""
        with suppress(Exception):  # what other libraries put in a socket's place may raise anything
            os.close(self._inner.detach())


class _Reader(io.RawIOBase):
    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        # The socket's own file keeps it open until the answer is read, even if the connection is closed.
        self._file: Any = inner.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._inner.settimeout(self._deadline.left())
        size: int | None = self._file.readinto(buffer)
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address of the host that takes one. Raises OSError."""
    error: OSError = OSError(f"no address of {host} is known")
    addresses = _addresses(host, port, deadline)
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            # One that never answers leaves the others their share of the time.
            seconds = deadline.left() / (len(addresses) - place)
            return _connect(socket.socket(family, kind, protocol), address, seconds)
        except OSError as reason:
            error = reason
    raise error


def _connect(opened: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        opened.settimeout(seconds)
        opened.connect(address)
    except OSError:
        opened.close()
        raise
    with suppress(OSError):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _addresses(host: str, port: int, deadline: Deadline) -> Sequence[Address]:
    """The system's resolver knows no timeout, so it is asked in a thread that may be left behind."""
    if _is_number(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # a name that cannot be written for the resolver, too
            found.append(OSError(str(error)) if not isinstance(error, OSError) else error)

    try:
        thread = threading.Thread(target=ask, name="waywiser-resolver", daemon=True)
        thread.start()
    except RuntimeError:
        ask()  # no thread can be had at the end of the process
    else:
        thread.join(deadline.left())
    if not found:
        raise TimeoutError(f"the name {host} could not be resolved in time")
    answer = found[0]
    if isinstance(answer, OSError):
        raise answer
    addresses: Sequence[Address] = answer
    return addresses


def _is_number(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return True
    return False
