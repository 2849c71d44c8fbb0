"""For ASGI applications, such as FastAPI and Starlette: says in every request who the visitor is."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any, Callable

from ._asgi_route import template
from ._client import Client
from ._handled import Handled
from ._visitor import RequestScope, scope_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NO_ANSWER = 500
GONE = 499  # as nginx has it


class WaywiserMiddleware:
    """Sets the context of every request and WebSocket: `app.add_middleware(WaywiserMiddleware)`.

    In endpoints, their threads and background tasks, `track` and its siblings then need no ids: the visitor's
    anonymous id and session id come from the snippet's cookies, or from the headers
    `X-Waywiser-Anonymous-Id` and `X-Waywiser-Session-Id`; the address (as the server has it) and user agent
    come along.

    With `request_event`, such as `"Request Handled"`, and the `client` to send it, each request of a known
    visitor is an event with `method`, `route` (the template, not the path), `status` (499 if the visitor went
    away before there was an answer) and `duration_ms` (until the last of the answer was sent).
    """

    def __init__(self, app: App, *, client: Client | None = None, request_event: str | None = None) -> None:
        self._app = app
        self._handled = Handled(client, request_event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        address = (scope.get("client") or (None,))[0]
        visitor = scope_of(lambda name: headers.get(name.lower()), address)
        with visitor:
            if self._handled.is_on and scope["type"] == "http":
                await _Exchange(self._handled, visitor, scope, receive, send).run(self._app)
            else:
                await self._app(scope, receive, send)


class _Exchange:
    """A request and its answer, watched to send the event of it when the last of the answer has been sent."""

    def __init__(
        self, handled: Handled, visitor: RequestScope, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._handled = handled
        self._visitor = visitor
        self._scope = scope
        self._before = dict(scope)
        self._receive = receive
        self._send = send
        self._began = handled.begin()
        self._status: int | None = None
        self._is_gone = False
        self._is_told = False

    async def run(self, app: App) -> None:
        """Let the app answer."""
        try:
            await app(self._scope, self._hear, self._say)
        except CancelledError:
            self._is_gone = True
            raise
        finally:
            self._tell()

    async def _hear(self) -> Message:
        message = await self._receive()
        self._is_gone = self._is_gone or message["type"] == "http.disconnect"
        return message

    async def _say(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._is_gone:
            self._status = message["status"]
        await self._send(message)
        is_body = message["type"] == "http.response.body"
        if (is_body and not message.get("more_body")) or message["type"] == "http.response.pathsend":
            self._tell()

    def _tell(self) -> None:
        if self._is_told:
            return
        self._is_told = True
        status = self._status or (GONE if self._is_gone else NO_ANSWER)
        # The application may be in a context of its own when it sends.
        with self._visitor:
            route = template(self._before, self._scope)
            self._handled.finish(self._began, self._scope["method"], route, status)


def _headers(scope: Scope) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        # HTTP/2 may split cookies over several headers.
        former = f"{headers[key]}; " if key == "cookie" and key in headers else ""
        headers[key] = former + value.decode("latin-1")
    return headers
