"""For ASGI applications, such as FastAPI and Starlette: says in every request who the visitor is."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any, Callable

from ._client import Client
from ._handled import Handled
from ._visitor import scope_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NO_ANSWER = 500


class WaywiserMiddleware:
    """Sets the context of every request and WebSocket: `app.add_middleware(WaywiserMiddleware)`.

    In endpoints, their threads and background tasks, `track` and its siblings then need no ids: the visitor's
    anonymous id and session id come from the snippet's cookies, or from the headers
    `X-Waywiser-Anonymous-Id` and `X-Waywiser-Session-Id`; the address (as the server has it) and user agent
    come along.

    With `request_event`, such as `"Request Handled"`, and the `client` to send it, each request of a known
    visitor is an event with `method`, `route` (the template, not the path), `status` and `duration_ms`.
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
        began, statuses = self._handled.begin(), [NO_ANSWER]

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses[0] = message["status"]
            await send(message)

        with scope_of(lambda name: headers.get(name.lower()), address):
            try:
                await self._app(scope, receive, note)
            finally:
                if scope["type"] == "http":
                    self._handled.finish(began, scope["method"], _route(scope), statuses[0])


def _headers(scope: Scope) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        # HTTP/2 may split cookies over several headers.
        former = f"{headers[key]}; " if key == "cookie" and key in headers else ""
        headers[key] = former + value.decode("latin-1")
    return headers


def _route(scope: Scope) -> str | None:
    template = getattr(scope.get("route"), "path_format", None)
    if not isinstance(template, str):
        return None
    # A mount or an included router stands before it, with values as they came: only if nothing there varies,
    # which is so if all parameters are in the template itself, may that be told.
    tail = template
    for name, value in scope.get("path_params", {}).items():
        if f"{{{name}}}" not in template:
            return template
        tail = tail.replace(f"{{{name}}}", str(value))
    path = str(scope["path"])
    return path[: len(path) - len(tail)] + template if path.endswith(tail) else template
