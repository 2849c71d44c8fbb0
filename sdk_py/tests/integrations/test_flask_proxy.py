"""The first-party route: the snippet and the tracking API, passed on to the collector and nowhere else."""

from __future__ import annotations

import base64
import gzip
import io
import socket
from time import sleep
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from upstream_server import OK, Says, UpstreamServer
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from waywiser import Client, MemoryTransport
from waywiser.flask import Waywiser, proxy

BODY = b'{"batch":[{"type":"track","event":"A","anonymousId":"a"}]}'


def site(host: str, **settings: Any) -> Flask:
    app = Flask("site")
    app.register_blueprint(proxy(host, **settings), url_prefix="/ww")
    return app


@pytest.fixture
def browser(upstream: UpstreamServer) -> FlaskClient:
    return site(upstream.url).test_client()


def told(answer: TestResponse) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    return body


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_the_snippet_comes_as_the_collector_serves_it(browser: FlaskClient, upstream: UpstreamServer) -> None:
    packed = gzip.compress(b"waywiser()")
    headers = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Content-Encoding": "gzip",
        "Cache-Control": "public, max-age=3600",
        "ETag": '"abc"',
        "Vary": "Accept-Encoding",
        "Set-Cookie": "spy=1",
        "Server": "secret/1.0",
        "X-Powered-By": "secret",
    }
    upstream.says = Says(200, headers, packed)
    answer = browser.get("/ww/w.js?v=2", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (200, packed)
    assert (upstream.came[0].method, upstream.came[0].target) == ("GET", "/w.js?v=2")
    kept = {"Content-Type", "Content-Encoding", "Cache-Control", "ETag", "Vary"}
    assert {name: answer.headers[name] for name in kept} == {name: headers[name] for name in kept}
    allowed = {name.lower() for name in kept} | {"content-length", "x-content-type-options"}
    assert {name.lower() for name, _ in answer.headers} == allowed


def test_head_says_how_long_the_answer_would_be(browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(200, {"Content-Type": "text/javascript"}, b"waywiser()")
    answer = browser.head("/ww/w.js")
    assert (upstream.came[0].method, answer.data) == ("HEAD", b"")
    assert answer.headers["Content-Length"] == "10"


def test_a_copy_that_is_still_good_is_not_sent_again(browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(304, {"ETag": '"abc"'}, b"")
    answer = browser.get("/ww/w.js", headers={"If-None-Match": '"abc"'})
    assert (answer.status_code, answer.data) == (304, b"")
    assert upstream.came[0].headers["if-none-match"] == '"abc"'


def test_events_are_passed_on_with_what_the_collector_needs(
    browser: FlaskClient, upstream: UpstreamServer
) -> None:
    browser.set_cookie("session", "secret")
    answer = browser.post(
        "/ww/v1/batch?writeKey=k",
        data=BODY,
        headers={
            "Content-Type": "text/plain;charset=UTF-8",
            "User-Agent": "Browser/1.0",
            "Origin": "https://shop.example",
            "Sec-CH-UA-Platform": '"Linux"',
            "Referer": "https://shop.example/?token=secret",
            "X-Internal": "secret",
        },
    )
    assert (answer.status_code, answer.data) == (200, OK)
    [came] = upstream.came
    assert (came.method, came.target, came.body) == ("POST", "/v1/batch?writeKey=k", BODY)
    assert came.headers == {
        "host": upstream.url.removeprefix("http://"),
        "content-type": "text/plain;charset=UTF-8",
        "content-length": str(len(BODY)),
        "user-agent": "Browser/1.0",
        "origin": "https://shop.example",
        "sec-ch-ua-platform": '"Linux"',
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }


@pytest.mark.parametrize(
    ("given", "is_passed_on"),
    [
        (basic("key:"), True),
        (basic("user:password"), False),
        (basic("user:pass:"), False),
        ("Bearer secret", False),
        ("Basic ?", False),
    ],
)
def test_a_write_key_is_passed_on_and_the_sites_own_credentials_are_not(
    given: str, is_passed_on: bool, browser: FlaskClient, upstream: UpstreamServer
) -> None:
    browser.post("/ww/v1/batch", data=BODY, headers={"Authorization": given})
    assert ("authorization" in upstream.came[0].headers) is is_passed_on


@pytest.mark.parametrize(("is_trusted", "expected"), [(False, "127.0.0.1"), (True, "203.0.113.7")])
def test_the_clients_address_is_the_one_that_the_app_trusts(
    is_trusted: bool, expected: str, upstream: UpstreamServer
) -> None:
    app = site(upstream.url)
    if is_trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    app.test_client().post(
        "/ww/v1/batch",
        data=BODY,
        headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Real-IP": "1.1.1.1"},
    )
    assert upstream.came[0].headers["x-forwarded-for"] == expected
    assert "x-real-ip" not in upstream.came[0].headers


def test_of_cookies_only_the_snippets_own_are_passed_on_and_set(
    browser: FlaskClient, upstream: UpstreamServer
) -> None:
    for name in ("session", "waywiser_id", "waywiser_consent"):
        browser.set_cookie(name, f"{name}-value")
    upstream.says = Says(200, {"Content-Type": "application/json", "Set-Cookie": "waywiser_copy=a; Path=/"})
    answer = browser.post("/ww/v1/cookie", headers={"Sec-Fetch-Site": "same-origin"})
    passed = set(upstream.came[0].headers["cookie"].split("; "))
    assert passed == {"waywiser_id=waywiser_id-value", "waywiser_consent=waywiser_consent-value"}
    assert upstream.came[0].headers["sec-fetch-site"] == "same-origin"
    assert answer.headers.getlist("Set-Cookie") == ["waywiser_copy=a; Path=/"]
    upstream.says = Says(200, {"Content-Type": "application/json", "Set-Cookie": "session=stolen"})
    assert "Set-Cookie" not in browser.post("/ww/v1/cookie").headers


def test_a_collector_that_asks_to_wait_is_heard(browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(429, {"Content-Type": "application/json", "Retry-After": "17"}, b'{"success":false}')
    answer = browser.post("/ww/v1/batch", data=BODY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "17")


def test_preflights_get_the_collectors_answer(browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(200, {"Access-Control-Allow-Origin": "https://a.example"}, b"")
    answer = browser.options("/ww/v1/batch", headers={"Access-Control-Request-Method": "POST"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert upstream.came[0].headers["access-control-request-method"] == "POST"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_neither_followed_nor_passed_on(
    status: int, browser: FlaskClient, upstream: UpstreamServer
) -> None:
    upstream.says = Says(status, {"Location": f"{upstream.url}/elsewhere"}, b"")
    answer = browser.post("/ww/v1/batch", data=BODY)
    assert (answer.status_code, told(answer)["code"]) == (502, "bad_answer")
    assert "Location" not in answer.headers
    assert len(upstream.came) == 1


@pytest.mark.parametrize(("status", "expected"), [(200, 502), (503, 503), (404, 404)])
def test_a_page_from_elsewhere_never_becomes_a_page_of_the_site(
    status: int, expected: int, browser: FlaskClient, upstream: UpstreamServer
) -> None:
    upstream.says = Says(
        status, {"Content-Type": "text/html", "Retry-After": "9"}, b"<script>evil()</script>"
    )
    answer = browser.get("/ww/v1/anything")
    assert (answer.status_code, told(answer)["code"]) == (expected, "bad_answer")
    assert answer.headers["Retry-After"] == "9"


@pytest.mark.parametrize(
    "path",
    ["/ww/v1/..%2Fapi/v1/plan", "/ww/v1/a%2F%2Fb", "/ww/v1/a%20b", "/ww/..%2Fw.js", "/ww/v1/.env", "/ww/x"],
)
def test_nothing_but_the_snippet_and_the_tracking_api_can_be_reached(
    path: str, browser: FlaskClient, upstream: UpstreamServer
) -> None:
    assert browser.get(path).status_code == 404
    assert upstream.came == []


def test_the_collector_may_live_under_a_path_itself(upstream: UpstreamServer) -> None:
    site(f"{upstream.url}/way/").test_client().post("/ww/v1/t/", data=BODY)
    assert upstream.came[0].target == "/way/v1/t/"


def test_connections_are_used_again_and_a_closed_one_costs_nothing(
    browser: FlaskClient, upstream: UpstreamServer
) -> None:
    for _ in range(3):
        browser.post("/ww/v1/batch", data=BODY)
    assert len({came.port for came in upstream.came}) == 1
    upstream.says = Says(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    browser.post("/ww/v1/batch", data=BODY)
    upstream.says = Says()
    assert browser.post("/ww/v1/batch", data=BODY).data == OK
    assert len({came.port for came in upstream.came}) == 2


def test_a_large_body_streams_through_whole(browser: FlaskClient, upstream: UpstreamServer) -> None:
    body = bytes(range(256)) * 4096
    assert browser.post("/ww/v1/batch", data=body).status_code == 200
    assert upstream.came[0].body == body


def test_a_body_of_unknown_length_is_passed_on_too(browser: FlaskClient, upstream: UpstreamServer) -> None:
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    body = b"x" * 200_000
    answer = browser.post("/ww/v1/batch", input_stream=io.BytesIO(body), environ_overrides=environ)
    assert answer.status_code == 200
    assert upstream.came[0].body == body


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_that_is_too_large_is_refused_before_the_collector_has_it(
    is_announced: bool, upstream: UpstreamServer
) -> None:
    browser = site(upstream.url, max_body=100_000).test_client()
    if is_announced:
        answer = browser.post("/ww/v1/batch", data=b"x" * 100_001)
    else:
        environ = {"wsgi.input_terminated": True}
        stream = io.BytesIO(b"x" * 100_001)
        answer = browser.post("/ww/v1/batch", input_stream=stream, environ_overrides=environ)
    assert (answer.status_code, told(answer)["code"]) == (413, "batch_too_large")
    assert upstream.came == []


def test_a_body_that_ends_too_early_reaches_no_verdict(upstream: UpstreamServer) -> None:
    browser = site(upstream.url, timeout=30).test_client()
    stream = io.BytesIO(b"x" * 100_000)
    answer = browser.post("/ww/v1/batch", input_stream=stream, environ_overrides={"CONTENT_LENGTH": "200000"})
    assert answer.status_code == 400


def test_without_a_collector_the_answer_says_when_to_come_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    answer = site(address).test_client().post("/ww/v1/batch", data=BODY)
    assert (answer.status_code, told(answer)["code"]) == (503, "collector_unreachable")
    assert told(answer)["success"] is False
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")


def test_a_collector_that_hangs_is_not_waited_for_longer_than_asked(upstream: UpstreamServer) -> None:
    upstream.says = Says(hangs=True)
    answer = site(upstream.url, timeout=0.2).test_client().post("/ww/v1/batch", data=BODY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_an_answer_that_comes_in_drops_is_not_waited_for_either(upstream: UpstreamServer) -> None:
    upstream.says = Says(dribbles=True)
    answer = site(upstream.url, timeout=2).test_client().post("/ww/v1/batch", data=BODY)
    assert (answer.status_code, told(answer)["code"]) == (503, "collector_unreachable")
    assert (len(upstream.came), upstream.said) == (1, 0)


def test_a_large_body_may_take_longer_than_the_collector(upstream: UpstreamServer) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            sleep(0.3)
            return super().read(size)

    browser = site(upstream.url, timeout=2).test_client()
    body = b"x" * 640 * 1024
    answer = browser.post(
        "/ww/v1/batch", input_stream=Slow(body), environ_overrides={"CONTENT_LENGTH": str(len(body))}
    )
    assert answer.status_code == 200
    assert upstream.came[0].body == body


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\nhalf",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_no_answer(raw: bytes, browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(raw=raw)
    assert browser.post("/ww/v1/batch", data=BODY).status_code == 503


def test_an_answer_without_end_is_cut_off(browser: FlaskClient, upstream: UpstreamServer) -> None:
    upstream.says = Says(200, {"Content-Type": "text/plain"}, b"x" * (1024 * 1024 + 1))
    assert told(browser.get("/ww/v1/anything"))["code"] == "bad_answer"


def test_a_strange_query_string_is_refused(browser: FlaskClient, upstream: UpstreamServer) -> None:
    answer = browser.get("/ww/v1/pixel.gif", environ_overrides={"QUERY_STRING": "a b\r\nX: y"})
    assert answer.status_code == 400
    assert upstream.came == []


def test_what_is_passed_on_is_no_event_of_a_request(
    upstream: UpstreamServer, client: Client, memory: MemoryTransport
) -> None:
    app = site(upstream.url)
    Waywiser(app, client=client, request_event="Request Handled")
    browser = app.test_client()
    browser.set_cookie("waywiser_id", "visitor-1")
    browser.post("/ww/v1/batch", data=BODY)
    assert memory.messages == []


@pytest.mark.parametrize(
    "settings", [{"host": "ww.example"}, {"host": "ftp://x"}, {"timeout": 0}, {"max_body": 0}]
)
def test_a_setting_that_cannot_be_right_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        proxy(**{"host": "http://127.0.0.1:1", **settings})
