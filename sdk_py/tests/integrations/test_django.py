"""The Django middleware, in sync and async views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, RequestFactory
from django.test import Client as Browser
from django.test.utils import override_settings
from django.urls import include, path

from waywiser import Client, MemoryTransport, current_context
from waywiser.django import WaywiserMiddleware

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=["waywiser.django.WaywiserMiddleware", "django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="for tests",
        USE_TZ=True,
    )
    django.setup()

memory = MemoryTransport()
ww = Client("key-1", transport=memory, sync=True)


def order(request: HttpRequest, number: str) -> HttpResponse:
    ww.track("Order Paid")
    return HttpResponse("thank you")


async def order_later(request: HttpRequest, number: str) -> HttpResponse:
    await asyncio.sleep(0)
    ww.track("Order Paid")
    return HttpResponse("thank you")


def lines(request: HttpRequest) -> StreamingHttpResponse:
    def produce() -> Iterator[str]:
        yield "first\n"
        ww.track("Line Read")
        yield "second\n"

    return StreamingHttpResponse(produce())


async def lines_later(request: HttpRequest) -> StreamingHttpResponse:
    async def produce() -> AsyncIterator[str]:
        yield "first\n"
        await asyncio.sleep(0)
        ww.track("Line Read")
        yield "second\n"

    return StreamingHttpResponse(produce())


def broken(request: HttpRequest, thing: str) -> HttpResponse:
    raise RuntimeError(thing)


urlpatterns = [
    path("orders/<number>", order),
    path("later/<number>", order_later),
    path("shop/", include([path("items/<number>", order)])),
    path("broken/<thing>", broken),
    path("lines", lines),
    path("lines/later", lines_later),
]
HEADERS = {"HTTP_USER_AGENT": "Browser/1.0", "HTTP_X_WAYWISER_SESSION_ID": "session-1"}


@pytest.fixture(autouse=True)
def _nothing_stays() -> Any:
    memory.clear()
    yield
    assert current_context().anonymous_id == ""


def browser() -> Browser:
    made = Browser(raise_request_exception=False, **HEADERS)
    made.cookies["waywiser_id"] = "visitor-1"
    return made


async def ask(method: str, path: str) -> Any:
    asker = AsyncClient()
    asker.cookies["waywiser_id"] = "visitor-1"
    headers = {"user-agent": "Browser/1.0", "x-waywiser-session-id": "session-1"}
    return await getattr(asker, method)(path, headers=headers)


def check_order() -> None:
    [message] = memory.messages
    assert message["anonymousId"] == "visitor-1"
    context = message["context"]
    assert (context["sessionId"], context["ip"], context["userAgent"]) == (
        "session-1",
        "127.0.0.1",
        "Browser/1.0",
    )


@pytest.mark.parametrize("path", ["/orders/7", "/later/7"])
def test_a_call_in_a_view_is_about_the_visitor_whose_request_it_is(path: str) -> None:
    assert browser().post(path, REMOTE_ADDR="127.0.0.1").content == b"thank you"
    check_order()


@pytest.mark.parametrize("path", ["/orders/7", "/later/7"])
def test_so_it_is_under_an_async_server(path: str) -> None:
    assert asyncio.run(ask("post", path)).content == b"thank you"
    check_order()


def check_lines(text: bytes) -> None:
    assert text == b"first\nsecond\n"
    assert [(each["event"], each["anonymousId"]) for each in memory.messages] == [("Line Read", "visitor-1")]


def test_a_streamed_answer_keeps_its_visitor() -> None:
    answer = browser().get("/lines")
    assert current_context().anonymous_id == ""
    check_lines(answer.getvalue())


def test_so_does_one_that_is_streamed_by_an_async_server() -> None:
    async def read() -> bytes:
        answer = await ask("get", "/lines/later")
        return b"".join([part async for part in answer.streaming_content])

    check_lines(asyncio.run(read()))


def test_a_file_is_left_to_the_server() -> None:
    with closing(FileResponse(Path(__file__).open("rb"))) as answer:
        assert WaywiserMiddleware(lambda request: answer)(RequestFactory().get("/")) is answer
        assert answer.file_to_stream is not None, "the server could no longer send it in its own way"


def handled() -> list[dict[str, Any]]:
    found = [each["properties"] for each in memory.messages if each["event"] == "Request Handled"]
    assert all(each.pop("duration_ms") >= 0 for each in found)
    return found


def test_requests_are_events_only_if_asked_for() -> None:
    browser().post("/orders/7")
    assert handled() == []
    with override_settings(WAYWISER_CLIENT=f"{__name__}.ww", WAYWISER_REQUEST_EVENT="Request Handled"):
        Browser().post("/orders/7")
        assert handled() == [], "nobody is known who it could be about"
        browser().post("/orders/secret?token=secret", {"a": "secret"})
        for each in ("/shop/items/secret", "/broken/secret", "/secret"):
            browser().get(each)
    assert handled() == [
        {"method": "POST", "status": 200, "route": "/orders/<number>"},
        {"method": "GET", "status": 200, "route": "/shop/items/<number>"},
        {"method": "GET", "status": 500, "route": "/broken/<thing>"},
        {"method": "GET", "status": 404},
    ]


def test_an_async_request_is_an_event_too() -> None:
    with override_settings(WAYWISER_CLIENT=ww, WAYWISER_REQUEST_EVENT="Request Handled"):
        asyncio.run(ask("get", "/later/7"))
    assert handled() == [{"method": "GET", "status": 200, "route": "/later/<number>"}]


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
def test_a_client_that_is_none_stops_the_start(handler: Any) -> None:
    with override_settings(WAYWISER_CLIENT=7), pytest.raises(ImproperlyConfigured, match="WAYWISER_CLIENT"):
        handler()


def test_events_of_requests_need_a_client() -> None:
    with override_settings(WAYWISER_REQUEST_EVENT="X"), pytest.raises(ValueError, match="need a client"):
        WaywiserMiddleware(lambda request: HttpResponse())
