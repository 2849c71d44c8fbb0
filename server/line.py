"""The line between granian and a WSGI application: no thread ever waits for a client.

A thread that reads from a client waits as long as the client likes; a few slow ones would take all threads.
So the event loop reads the body, under a deadline, and a thread gets the request when all of it is there.
Answers are whole before they are sent, and granian sends them without a thread.

Requests that are quick to serve are served on the loop itself: threads that hand the interpreter to each
other cost more than such a request does. The application begins them and says by a receipt when they can be
answered. What it cannot begin without a wait goes to a thread. Those that take what is sent, and so wait for
stores, are others than those that fetch: pages get their script also while a store does not answer.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import msgspec
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # it is meant to be imported here

from server.gateway import Answer, Scope, StartResponse, Wsgi, answer_of, environ_of
from store.inbox import Receipt

log = logging.getLogger("waywiser.line")

Requests = queue.SimpleQueue[tuple[dict[str, Any], Any, asyncio.Future[None]]]

SMALL = 64 * 1024  # bytes of a body that is read in one piece, and whatever the large ones do
PATIENCE_S = 20.0  # for so many bytes
BODY_BYTES = 4 * 1024 * 1024  # more than the application takes is not read
HELD_BYTES = 64 * BODY_BYTES  # of all large bodies that are not answered yet, and of all small ones


class Begun(Protocol):
    """A request that is served but for its wait: `answer` is called when the receipt is done."""

    @property
    def receipt(self) -> Receipt | None:
        """Says when it can be answered; none where that is now."""

    @property
    def answer(self) -> Callable[[], Answer]:
        """Makes the answer; to be called once."""


class Front(Protocol):
    """What an application can do for the loop."""

    def begin(self, environ: dict[str, Any]) -> Begun | None:
        """Serve as far as goes without any wait; None where a thread has to serve it."""

    def refuse(self, environ: dict[str, Any], status: int, code: str, message: str) -> Answer:
        """The answer to a request whose body could not be read."""


class Plain:
    """The front of an application that has none: nothing is quick."""

    def begin(self, environ: dict[str, Any]) -> None:
        """Leave the request to a thread."""

    def refuse(self, environ: dict[str, Any], status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """The reason as JSON."""
        body = msgspec.json.encode({"success": False, "code": code, "message": message})
        return status, [("Content-Type", "application/json"), ("Retry-After", "5")], body


class NotRead(Exception):
    """A body that is not read to its end: the status to answer, and why."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = int(status), code, message


class Room:
    """How many bytes of bodies may be held at a time: from their arrival until they are answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    @contextmanager
    def place(self) -> Iterator[Callable[[int], None]]:
        """A place for one body, to be told of its bytes as they come; that raises NotRead for too many."""
        own = 0

        def add(size: int) -> None:
            nonlocal own
            own += size
            self._held += size
            if self._held > self._most:
                message = "too many bodies are held already; send this one again later"
                raise NotRead(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message)

        try:
            yield add
        finally:
            self._held -= own


class Line:
    """Serves a WSGI application in threads of its own; granian calls `__rsgi__`, other servers the object."""

    def __init__(
        self,
        app: Wsgi,
        *,
        threads: int,
        front: Front | None = None,
        patience: float = PATIENCE_S,
        listens: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._threads = threads
        self._front = front or Plain()
        self._patience = patience
        self._listens = listens
        self._large, self._small = Room(HELD_BYTES), Room(HELD_BYTES)
        self._waiting: dict[Receipt, list[asyncio.Future[None]]] = {}  # requests, by what they wait for
        self._sent: Requests = queue.SimpleQueue()
        self._fetched: Requests = queue.SimpleQueue()

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Serve as WSGI says, in the caller's thread."""
        return self._app(environ, start)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian's call before the first request."""
        self._loop = loop
        for name, requests in (("sent", self._sent), ("fetched", self._fetched)):
            for number in range(self._threads):
                name = f"{name}-{number}"
                threading.Thread(target=self._work, args=[requests], name=name, daemon=True).start()
        loop.call_soon(self._listens)  # granian listens before it lets the loop run

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Granian's call for each request."""
        length = _length(scope)
        room = self._small if 0 <= length <= SMALL else self._large
        with room.place() as add:
            try:
                environ = environ_of(scope, await self._body(protocol, length, add))
            except NotRead as unread:
                status, headers, body = self._front.refuse(environ_of(scope, b""), *unread.reason)
                protocol.response_bytes(status, [*headers, ("Connection", "close")], body)
                return
            if not await self._serve_here(environ, protocol):
                answered = self._loop.create_future()
                requests = self._sent if scope.method == "POST" else self._fetched
                requests.put((environ, protocol, answered))
                await answered

    async def _serve_here(self, environ: dict[str, Any], protocol: Any) -> bool:
        """Serve on the loop, and answer when what that promises is on disk; False if a thread has to."""
        begun = self._front.begin(environ)
        if begun is None:
            return False
        if begun.receipt:
            await self._kept(begun.receipt)
        protocol.response_bytes(*begun.answer())
        return True

    def _kept(self, receipt: Receipt) -> asyncio.Future[None]:
        """Done when the receipt is; the loop is woken once for all who wait for the same one."""
        done: asyncio.Future[None] = self._loop.create_future()
        if waiting := self._waiting.get(receipt):
            waiting.append(done)
        else:
            self._waiting[receipt] = [done]
            receipt.add_done_callback(self._settle_soon)
        return done

    def _settle_soon(self, receipt: Receipt) -> None:
        self._loop.call_soon_threadsafe(self._settle_all, receipt)

    def _settle_all(self, receipt: Receipt) -> None:
        for done in self._waiting.pop(receipt, ()):
            _settle(done)

    async def _body(self, protocol: Any, length: int, add: Callable[[int], None]) -> bytes:
        """The body; of one that is too large as much as shows it, for the application refuses that."""
        if length == 0 or length > BODY_BYTES:
            return b""
        try:
            async with asyncio.timeout(self._patience) as deadline:
                if 0 < length <= SMALL:
                    body = bytes(await protocol())
                    add(len(body))
                    return body
                return await self._parts(protocol, deadline, add)
        except TimeoutError:
            message = "the body did not come in time"
            raise NotRead(HTTPStatus.REQUEST_TIMEOUT, "body_timeout", message) from None
        except ProtocolClosed:
            message = "the body broke off before its end"
            raise NotRead(HTTPStatus.BAD_REQUEST, "incomplete_body", message) from None

    async def _parts(self, protocol: Any, deadline: asyncio.Timeout, add: Callable[[int], None]) -> bytes:
        """A large body, or one of unknown length up to where it is too large."""
        parts: list[bytes] = []
        size = due = ends = 0
        async for part in protocol:
            parts.append(bytes(part))
            size += len(part)
            ends += not part
            if size > BODY_BYTES:
                break
            add(len(part))
            if size >= due + SMALL:
                due = size
                deadline.reschedule(self._loop.time() + self._patience)
        if ends > 1:  # granian gives one empty part at the end, and one more where the body broke off
            raise ProtocolClosed
        return b"".join(parts)

    def _work(self, requests: Requests) -> None:
        while True:
            environ, protocol, answered = requests.get()
            try:
                protocol.response_bytes(*answer_of(self._app, environ))
            except Exception:
                log.exception("a request failed")  # granian answers 500 for the application
            finally:
                self._loop.call_soon_threadsafe(_settle, answered)
                del environ, protocol  # or an idle thread would hold them


def _length(scope: Scope) -> int:
    """How long the body will be; -1 where that shows only at its end."""
    announced = scope.headers.get("content-length")
    if announced is None:
        return -1 if "transfer-encoding" in scope.headers else 0
    return int(announced) if announced.isascii() and announced.isdecimal() else 0


def _settle(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
