"""Write keys: the ways to send one, what each opens, origins and CORS."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from collector.keys import REMEMBER_MS, is_allowed
from store.projects import create_write_key, revoke_write_key, write_keys_of
from tests.collector.conftest import NOW, Site

TRACK = {"event": "Signed Up", "userId": "u1"}


def basic(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:".encode()).decode()}


@pytest.mark.parametrize(
    "place",
    [
        lambda key: {"headers": basic(key)},
        lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
        lambda key: {"query_string": {"writeKey": key}},
        lambda key: {"json": {**TRACK, "writeKey": key}},
        lambda key: {"headers": basic("the password of the site"), "query_string": {"writeKey": key}},
    ],
    ids=["basic", "bearer", "query", "body", "query beside a foreign password"],
)
def test_a_key_opens_its_project_wherever_it_stands(site: Site, place: Any) -> None:
    answer = site.app.test_client().post("/v1/track", **({"json": TRACK} | place(site.server_key)))
    assert answer.status_code == 200
    (envelope,) = site.envelopes()
    assert (envelope.project, envelope.side) == (site.project, "server")
    assert "writeKey" not in envelope.messages[0]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": basic("wb_wrong")},
        {"headers": {"Authorization": "Basic ???"}},
        {"headers": {"Authorization": "Bearer"}},
        {"headers": {"Authorization": "Basic \xff\xff"}},
        {"query_string": {"writeKey": "wb_wrong"}},
        {"query_string": "writeKey=%FF%00&writeKey"},
        {"json": {**TRACK, "writeKey": 5}},
    ],
)
def test_a_request_without_a_known_key_is_a_401(site: Site, options: dict[str, Any]) -> None:
    answer = site.app.test_client().post("/v1/track", **({"json": TRACK} | options))
    assert (answer.status_code, answer.json["code"]) == (401, "unknown_key")
    assert site.envelopes() == []


def test_a_revoked_key_is_refused_some_seconds_later(site: Site) -> None:
    assert site.post("/v1/track", TRACK).status_code == 200
    newest = write_keys_of(site.engine, site.project)[0]
    assert revoke_write_key(site.engine, site.project, newest["id"], now=NOW)
    site.clock.now += REMEMBER_MS
    assert site.post("/v1/track", TRACK).status_code == 401


def test_a_revoked_key_is_refused_also_when_the_clock_was_put_back(site: Site) -> None:
    assert site.post("/v1/track", TRACK).status_code == 200
    newest = write_keys_of(site.engine, site.project)[0]
    assert revoke_write_key(site.engine, site.project, newest["id"], now=NOW)
    site.clock.now -= 3_600_000
    assert site.post("/v1/track", TRACK).status_code == 401


def test_a_new_key_opens_some_seconds_after_it_was_asked_for_in_vain(site: Site) -> None:
    key = create_write_key(site.engine, site.project, side="server", now=NOW)
    assert site.post("/v1/track", TRACK, key=key).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://shop.example", 200), ("https://evil.example", 403), (None, 403), ("null", 403)],
)
def test_a_browser_key_with_origins_works_from_them_alone(
    site: Site, origin: str | None, status: int
) -> None:
    key = create_write_key(
        site.engine, site.project, side="browser", origins=("https://shop.example",), now=NOW
    )
    answer = site.post("/v1/track", TRACK, key=key, headers={"Origin": origin} if origin else {})
    assert answer.status_code == status
    if status == 403:
        assert answer.json["code"] == "origin_not_allowed"
        assert answer.headers.get("Access-Control-Allow-Origin") == origin


@pytest.mark.parametrize(
    ("origin", "allowed", "holds"),
    [
        ("https://a.example", ("https://a.example",), True),
        ("https://A.example", ("https://a.example/",), True),
        ("http://a.example", ("https://a.example",), False),
        ("https://a.example:8443", ("https://a.example",), False),
        ("https://a.example:8443", ("a.example",), True),
        ("https://b.a.example", ("https://*.a.example",), True),
        ("https://a.example", ("https://*.a.example",), False),
        ("https://evila.example", ("*.a.example",), False),
        ("https://any.where", ("*",), True),
        ("", ("https://a.example",), False),
        ("null", ("a.example",), False),
    ],
)
def test_an_origin_is_allowed_by_exact_host_or_wildcard(
    origin: str, allowed: tuple[str, ...], holds: bool
) -> None:
    assert is_allowed(origin, allowed) is holds


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/batch/"])
def test_a_preflight_needs_no_key_and_allows_the_headers_that_it_asks_for(site: Site, path: str) -> None:
    asked = "authorization,content-type,anonymousid,x-retry-count"
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Headers": asked}
    answer = site.app.test_client().options(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Headers"] == asked
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Max-Age"].isdigit()


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/beacon/v1/batch", "/sourceConfig/", "/v1/projects/k/settings"]
)
def test_a_preflight_is_answered_with_yes_wherever_a_library_asks(site: Site, path: str) -> None:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    answer = site.app.test_client().options(path, headers=headers)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"


def test_a_preflight_is_answered_with_yes_also_for_an_origin_that_the_key_forbids(site: Site) -> None:
    key = create_write_key(site.engine, site.project, side="browser", origins=("https://a.example",), now=NOW)
    headers = {"Origin": "https://b.example", "Access-Control-Request-Method": "POST"}
    answer = site.app.test_client().options("/v1/batch", query_string={"writeKey": key}, headers=headers)
    assert answer.status_code == 200


def test_options_without_an_origin_tell_the_methods(site: Site) -> None:
    answer = site.app.test_client().options("/v1/batch")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("name", ["HTTP_ORIGIN", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"])
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_what_may_not_stand_in_a_header_is_not_repeated_in_one(site: Site, name: str, method: str) -> None:
    environ = {"HTTP_ORIGIN": "https://a.example", name: "x\r\nSet-Cookie: a=b\xff"}
    answer = site.app.test_client().open("/v1/track", method=method, json=TRACK, environ_overrides=environ)
    assert answer.status_code in (200, 401)
    assert "Set-Cookie" not in str(answer.headers)


def test_a_text_too_long_for_a_key_is_none(site: Site) -> None:
    assert site.post("/v1/track", {**TRACK, "writeKey": "x" * 30_000}, key="wrong").status_code == 401


def test_pages_may_read_answers_and_errors(site: Site) -> None:
    for body in (TRACK, {}):
        answer = site.post("/v1/track", body, headers={"Origin": "https://shop.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert "Origin" in answer.headers["Vary"]
