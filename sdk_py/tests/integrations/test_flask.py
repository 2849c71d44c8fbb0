"""The Flask extension: whom calls in a view are about, and events of requests."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, abort, request, stream_with_context
from werkzeug.middleware.proxy_fix import ProxyFix

from waywiser import Client, MemoryTransport, context, current_context
from waywiser._context import EMPTY
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


@pytest.fixture
def breaking(client: Client) -> Flask:
    """An app whose own end of a request may raise."""
    app = shop(client)
    Waywiser(app, client=client, request_event="Request Handled")

    @app.teardown_request
    def roll_back(error: BaseException | None) -> None:
        if "broken" in request.args:
            raise RuntimeError("the database is away")

    return app


def test_nobody_is_taken_for_the_visitor_whose_request_ended_badly(
    breaking: Flask, memory: MemoryTransport
) -> None:
    browser = breaking.test_client(use_cookies=False)
    with pytest.raises(RuntimeError):
        browser.post("/orders/1?broken", headers={"X-Waywiser-Anonymous-Id": "first"})
    assert current_context() == EMPTY
    assert [each["status"] for each in events(memory, "Request Handled")] == [200]
    memory.clear()
    for headers in ({}, {"Cookie": f"waywiser_id={ID}; waywiser_consent=denied"}):
        browser.post("/orders/2", headers=headers)
    assert memory.messages == []


def test_a_request_takes_nothing_over_from_what_is_around_it(app: Flask, memory: MemoryTransport) -> None:
    with context(user_id="42", anonymous_id="somebody", session_id="old", values={"locale": "de"}):
        app.test_client().post("/orders/1")
        app.test_client().post("/orders/1", headers={"X-Waywiser-Anonymous-Id": ID})
        assert current_context().user_id == "42"
    for message in memory.messages:
        assert (message["anonymousId"], message.get("userId")) == (ID, None)
        assert not {"sessionId", "locale"}.intersection(message["context"])
    assert len(memory.messages) == 2


def test_a_second_extension_for_the_same_app_does_nothing(client: Client, memory: MemoryTransport) -> None:
    app = shop(client)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    extension = Waywiser(app, client=client, request_event="Request Handled")
    extension.init_app(app)
    Waywiser(app, client=client, request_event="Handled Twice")
    browser = app.test_client(use_cookies=False)
    for path in ("/hidden", "/lines", "/broken/now"):
        browser.get(path, headers={"X-Waywiser-Anonymous-Id": ID})
        assert current_context() == EMPTY
    assert len(events(memory, "Request Handled")) == 3
    assert events(memory, "Handled Twice") == []


def test_a_streamed_answer_that_holds_its_request_open_leaves_the_thread_to_others(
    app: Flask, memory: MemoryTransport
) -> None:
    headers = {"X-Waywiser-Anonymous-Id": ID}
    answer = app.test_client().get("/lines", headers=headers, buffered=False)
    assert current_context() == EMPTY
    assert answer.text == "line\n"
    assert [each["anonymousId"] for each in memory.messages] == [ID, ID]
    answer.close()


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
