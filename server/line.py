"""The line between granian and a WSGI application: no thread ever waits for a client.

A thread that reads from a client waits as long as the client likes; a few slow ones would take all threads.
So the event loop reads the body, under a deadline, and a thread gets the request when all of it is there.
Answers are whole before they are sent, and granian sends them without a thread.

Requests that are quick to serve are served on the loop itself: threads that hand the interpreter to each
other cost more than such a request does. Only their wait for the disk is left to the loop.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol

import msgspec
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # it is meant to be imported here

from store.inbox import Receipt, postponed

log = logging.getLogger("waywiser.line")

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
IsQuick = Callable[[dict[str, Any]], bool]
Headers = list[tuple[str, str]]

SMALL = 64 * 1024  # bytes of a body that is read in one piece, and whatever the large ones do
PATIENCE_S = 20.0  # for so many bytes
BODY_BYTES = 4 * 1024 * 1024  # more than the application takes is not read
HELD_BYTES = 64 * BODY_BYTES  # of large bodies that are not whole yet, all together
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


class NotRead(Exception):
    """A body that is not read to its end, and the answer to that."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        headers = [("Content-Type", "application/json"), ("Connection", "close"), ("Retry-After", "5")]
        body = msgspec.json.encode({"success": False, "code": code, "message": message})
        self.answer = int(status), headers, body


class Line:
    """Serves a WSGI application in threads of its own; granian calls `__rsgi__`, other servers the object."""

    def __init__(
        self, app: Wsgi, *, threads: int, is_quick: IsQuick = lambda _: False, patience: float = PATIENCE_S
    ) -> None:
        self._app = app
        self._threads = threads
        self._is_quick = is_quick
        self._settling = threading.Lock()
        self._settled: list[tuple[asyncio.Future[bool], bool]] = []
        self._patience = patience
        self._held = 0  # bytes of large bodies that are not whole yet
        self._ready: queue.SimpleQueue[tuple[dict[str, Any], Any, asyncio.Future[None]]] = queue.SimpleQueue()

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Serve as WSGI says, in the caller's thread."""
        return self._app(environ, start)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian's call before the first request."""
        self._loop = loop
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Granian's call for each request."""
        try:
            environ = environ_of(scope, await self._body(scope, protocol))
        except NotRead as unread:
            protocol.response_bytes(*unread.answer)
            return
        if not (self._is_quick(environ) and await self._serve_here(environ, protocol)):
            answered = self._loop.create_future()
            self._ready.put((environ, protocol, answered))
            await answered

    async def _serve_here(self, environ: dict[str, Any], protocol: Any) -> bool:
        """Serve on the loop; the answer goes out when what it promises is on disk.

        False when that fails: served again in a thread, the application hears why and answers accordingly.
        """
        with postponed() as receipts:
            try:
                answer = answer_of(self._app, environ)
            except Exception:
                log.exception("a request failed")
                return True
        for receipt in receipts:
            kept: asyncio.Future[bool] = self._loop.create_future()
            receipt.add_done_callback(partial(self._settle_soon, kept))
            if not await kept:
                environ["wsgi.input"].seek(0)
                return False
        protocol.response_bytes(*answer)
        return True

    def _settle_soon(self, kept: asyncio.Future[bool], receipt: Receipt) -> None:
        """The thread that commits calls this for many at once; it wakes the loop once for all of them."""
        with self._settling:
            self._settled.append((kept, receipt.exception() is None))
            is_first = len(self._settled) == 1
        if is_first:
            self._loop.call_soon_threadsafe(self._settle_all)

    def _settle_all(self) -> None:
        with self._settling:
            settled, self._settled = self._settled, []
        for kept, good in settled:
            if not kept.done():
                kept.set_result(good)

    async def _body(self, scope: Scope, protocol: Any) -> bytes:
        """The body; of one that is too large as much as shows it, for the application refuses that."""
        length = int(scope.headers.get("content-length", -1))
        if length == 0 or length > BODY_BYTES or (length < 0 and "transfer-encoding" not in scope.headers):
            return b""
        try:
            async with asyncio.timeout(self._patience) as deadline:
                if 0 < length <= SMALL:
                    return bytes(await protocol())
                return await self._parts(protocol, deadline)
        except TimeoutError:
            message = "the body did not come in time"
            raise NotRead(HTTPStatus.REQUEST_TIMEOUT, "body_timeout", message) from None
        except ProtocolClosed:
            message = "the body broke off before its end"
            raise NotRead(HTTPStatus.BAD_REQUEST, "incomplete_body", message) from None

    async def _parts(self, protocol: Any, deadline: asyncio.Timeout) -> bytes:
        """A large body, or one of unknown length up to where it is too large."""
        parts: list[bytes] = []
        size = due = ends = 0
        try:
            async for part in protocol:
                parts.append(bytes(part))
                size += len(part)
                self._held += len(part)
                ends += not part
                if size > BODY_BYTES:
                    return b"".join(parts)
                if self._held > HELD_BYTES:
                    message = "too many large bodies are on their way; send this one again later"
                    raise NotRead(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message)
                if size >= due + SMALL:
                    due = size
                    deadline.reschedule(self._loop.time() + self._patience)
        finally:
            self._held -= size
        if ends > 1:  # granian gives one empty part at the end, and one more where the body broke off
            raise ProtocolClosed
        return b"".join(parts)

    def _work(self) -> None:
        while True:
            environ, protocol, answered = self._ready.get()
            try:
                protocol.response_bytes(*answer_of(self._app, environ))
            except Exception:
                log.exception("a request failed")  # granian answers 500 for the application
            finally:
                self._loop.call_soon_threadsafe(_settle, answered)


def answer_of(app: Wsgi, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
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


def _settle(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
