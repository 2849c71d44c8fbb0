"""For Django: says in every request who the visitor is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import FileResponse, StreamingHttpResponse
from django.utils.module_loading import import_string

from ._client import Client
from ._context import Scope
from ._handled import Handled
from ._visitor import scope_of
from ._within import Within, WithinAsync

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NO_ANSWER = 500


class WaywiserMiddleware:
    """Sets the context of every request, in sync and async views alike; name it first in `MIDDLEWARE`.

    In views and everything that they call, `track` and its siblings then need no ids: the visitor's anonymous
    id and session id come from the snippet's cookies, or from the headers `X-Waywiser-Anonymous-Id` and
    `X-Waywiser-Session-Id`; `REMOTE_ADDR` and user agent come along.

    Two settings make each request of a known visitor an event with `method`, `route` (the pattern, not the
    path), `status` and `duration_ms`: `WAYWISER_REQUEST_EVENT`, its name, and `WAYWISER_CLIENT`, a client or
    where one can be imported from, such as `"shop.tracking.ww"`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._handled = Handled(_client(), getattr(settings, "WAYWISER_REQUEST_EVENT", None))
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self._is_async:
            return self._handle_async(request)
        began, status = self._handled.begin(), NO_ANSWER
        visitor = scope_of(request.headers.get, request.META.get("REMOTE_ADDR"))
        with visitor:
            try:
                response: HttpResponse = self._get_response(request)
                status = response.status_code
            finally:
                self._handled.finish(began, request.method or "", _route(request), status)
        return _within(visitor, response)

    async def _handle_async(self, request: HttpRequest) -> HttpResponse:
        began, status = self._handled.begin(), NO_ANSWER
        visitor = scope_of(request.headers.get, request.META.get("REMOTE_ADDR"))
        with visitor:
            try:
                response: HttpResponse = await self._get_response(request)
                status = response.status_code
            finally:
                self._handled.finish(began, request.method or "", _route(request), status)
        return _within(visitor, response)


def _client() -> Client | None:
    client = getattr(settings, "WAYWISER_CLIENT", None)
    if isinstance(client, str):
        client = import_string(client)
    if client is None or isinstance(client, Client):
        return client
    raise ImproperlyConfigured("WAYWISER_CLIENT must be a Client or where one can be imported from")


def _within(visitor: Scope, response: HttpResponse) -> HttpResponse:
    # A file tracks nothing, and the server may have a faster way to send it than part by part.
    if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
        kind = WithinAsync if response.is_async else Within
        response.streaming_content = kind(visitor, response.streaming_content)
    return response


def _route(request: HttpRequest) -> str | None:
    match = request.resolver_match
    return f"/{match.route.lstrip('/')}" if match else None
