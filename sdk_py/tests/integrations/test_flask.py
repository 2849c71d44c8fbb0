"""The Flask extension: whom calls in a view are about, and events of requests."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, abort, stream_with_context
from werkzeug.middleware.proxy_fix import ProxyFix

from waywiser import Client, MemoryTransport, current_context
from waywiser.flask import Waywiser

ID, SESSION = "visitor-1", "session-1"
HEADERS = {"User-Agent": "Browser/1.0", "X-Waywiser-Session-Id": SESSION}


def shop(ww: Client) -> Flask:
    app = Flask("shop")

    @app.before_request
    def greet() -> None:
        ww.track("Greeted")

    @app.post("/orders/<number>")
    def order(number: str) -> str:
        ww.track("Order Paid", properties={"number": number})
        return "thank you"

    @app.get("/lines")
    def lines() -> Response:
        def produce() -> Any:
            ww.track("Line Read")
            yield "line\n"

        return Response(stream_with_context(produce()))

    @app.get("/broken/<thing>")
    def broken(thing: str) -> str:
        raise RuntimeError(thing)

    @app.get("/hidden")
    def hidden() -> str:
        abort(404)

    return app


@pytest.fixture
def app(client: Client) -> Flask:
    app = shop(client)
    Waywiser(app)
    return app


def test_a_call_in_a_view_is_about_the_visitor_whose_request_it_is(
    app: Flask, memory: MemoryTransport
) -> None:
    browser = app.test_client()
    browser.set_cookie("waywiser_id", ID)
    assert browser.post("/orders/7", headers=HEADERS).text == "thank you"
    first, message = memory.messages
    assert (first["event"], first["anonymousId"]) == ("Greeted", ID)
    assert (message["event"], message["anonymousId"]) == ("Order Paid", ID)
    context = message["context"]
    assert (context["sessionId"], context["ip"], context["userAgent"]) == (
        SESSION,
        "127.0.0.1",
        "Browser/1.0",
    )


def test_a_request_leaves_nothing_behind(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    browser = app.test_client()
    browser.set_cookie("waywiser_id", ID)
    for path in ("/broken/now", "/hidden", "/lines"):
        browser.get(path, headers=HEADERS)
        assert current_context().anonymous_id == ""


def test_a_streamed_answer_keeps_its_visitor(app: Flask, memory: MemoryTransport) -> None:
    browser = app.test_client()
    browser.set_cookie("waywiser_id", ID)
    assert browser.get("/lines", headers=HEADERS).text == "line\n"
    assert [(each["event"], each["anonymousId"]) for each in memory.messages] == [
        ("Greeted", ID),
        ("Line Read", ID),
    ]


@pytest.mark.parametrize(("is_trusted", "expected"), [(False, "127.0.0.1"), (True, "203.0.113.7")])
def test_an_address_in_a_header_counts_only_where_the_app_trusts_it(
    is_trusted: bool, expected: str, app: Flask, memory: MemoryTransport
) -> None:
    if is_trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    browser = app.test_client()
    browser.set_cookie("waywiser_id", ID)
    browser.post("/orders/7", headers={"X-Forwarded-For": "198.51.100.9, 203.0.113.7"})
    assert {each["context"]["ip"] for each in memory.messages} == {expected}


def events(memory: MemoryTransport, name: str) -> list[dict[str, Any]]:
    return [each["properties"] for each in memory.messages if each["event"] == name]


def test_requests_are_events_only_if_asked_for(client: Client, memory: MemoryTransport) -> None:
    app = shop(client)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    Waywiser(app, client=client, request_event="Request Handled")
    browser = app.test_client()
    browser.get("/hidden")
    assert events(memory, "Request Handled") == [], "nobody is known who it could be about"
    browser.set_cookie("waywiser_id", ID)
    browser.post("/orders/secret?token=secret", data="secret")
    browser.get("/broken/secret")
    browser.get("/secret")
    handled = events(memory, "Request Handled")
    assert all(each.pop("duration_ms") >= 0 for each in handled)
    assert handled == [
        {"method": "POST", "status": 200, "route": "/orders/<number>"},
        {"method": "GET", "status": 500, "route": "/broken/<thing>"},
        {"method": "GET", "status": 404},
    ]


def test_a_request_that_ends_in_an_exception_is_an_event_too(client: Client, memory: MemoryTransport) -> None:
    app = shop(client)
    app.testing = True
    Waywiser(app, client=client, request_event="Request Handled")
    browser = app.test_client()
    browser.set_cookie("waywiser_id", ID)
    with pytest.raises(RuntimeError):
        browser.get("/broken/now")
    assert [each["status"] for each in events(memory, "Request Handled")] == [500]


def test_two_requests_at_once_and_one_inside_the_other_stay_apart(
    app: Flask, memory: MemoryTransport
) -> None:
    @app.get("/outer")
    def outer() -> str:
        inner = app.test_client()
        inner.set_cookie("waywiser_id", "inner")
        inner.post("/orders/1")
        return current_context().anonymous_id

    browser = app.test_client()
    browser.set_cookie("waywiser_id", "outer")
    assert browser.get("/outer").text == "outer"
    assert [each["anonymousId"] for each in memory.messages] == ["outer", "inner", "inner"]


def test_events_of_requests_need_a_client() -> None:
    with pytest.raises(ValueError, match="need a client"):
        Waywiser(Flask("x"), request_event="Request Handled")
