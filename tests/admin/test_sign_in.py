"""Signing in, being kept out, and what every answer carries."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

import store.users
from admin.app import create_app
from store.settings import Settings
from tests.admin.conftest import NOW, PASSWORD, Shop
from tests.admin.every_route import address, every_field, pages
from tests.admin.tokens import without_tokens


def enter(shop: Shop, email: str, password: str, client=None, **more):
    client = client or shop.client()
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def test_the_front_page_leads_to_the_first_project(shop: Shop) -> None:
    client = shop.client()
    assert enter(shop, "VIEWER@shop.example ", PASSWORD, client).location == "/"
    assert client.get("/").location == "/p/shop/journeys"


def test_wrong_password_and_unknown_person_get_the_same_answer(shop: Shop) -> None:
    wrong = enter(shop, "viewer@shop.example", "not this password")
    unknown = enter(shop, "nobody@shop.example", "not this password")
    assert wrong.status_code == unknown.status_code == 422
    assert without_tokens(wrong.text).replace("viewer@", "nobody@") == without_tokens(unknown.text)


def test_a_password_costs_whoever_guesses_what_is_advised_for_argon2() -> None:
    """The tests themselves hash at less cost."""
    hasher = runpy.run_path(store.users.__file__, run_name="store.users_again")["_hasher"]
    assert hasher.time_cost >= 3
    assert hasher.memory_cost >= 64 * 1024
    assert hasher.hash("x").startswith("$argon2id$")


def test_an_unknown_person_takes_the_same_work(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[str] = []
    verify, engine = PasswordHasher.verify, own_shop.services.engine
    enter(own_shop, "nobody@shop.example", "once, as the first of all makes the hash that is compared")
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, *given: work.append("verify") or verify(self, *given)
    )
    event.listen(engine, "before_cursor_execute", lambda *told: work.append(told[2]))
    done = []
    for email in ("viewer@shop.example", "nobody@shop.example", "no address", ""):
        work.clear()
        assert enter(own_shop, email, "not this password").status_code == 422
        done.append([*work])
    assert "verify" in done[0]
    assert done == [done[0]] * 4


def test_who_is_unknown_has_to_wait_as_well(own_shop: Shop) -> None:
    known, unknown = (
        [enter(own_shop, email, "wrong").status_code for _ in range(7)]
        for email in ("viewer@shop.example", "nobody@shop.example")
    )
    assert known == unknown == [422] * 5 + [429] * 2


def test_guessing_has_to_wait_even_with_the_right_password_at_last(own_shop: Shop) -> None:
    for _ in range(5):
        assert enter(own_shop, "viewer@shop.example", "wrong").status_code == 422
    answer = enter(own_shop, "viewer@shop.example", PASSWORD)
    assert answer.status_code == 429
    assert "wait 10 minutes" in answer.text
    assert enter(own_shop, "editor@shop.example", PASSWORD).status_code == 302


AWAY = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "http:evil.example",
    "/\u2028/evil.example",
)


@pytest.mark.parametrize("target", AWAY)
def test_no_way_leads_to_another_site(shop: Shop, target: str) -> None:
    assert enter(shop, "viewer@shop.example", PASSWORD, next=target).location == "/"


def test_no_route_sends_the_browser_to_another_site(own_shop: Shop) -> None:
    """Whatever any view reads: a redirect stays here."""
    given = dict.fromkeys(every_field(), "//evil.example/x")
    for rule, method in pages(own_shop.app):
        how = {"query_string": given} | ({"data": given} if method == "POST" else {})
        client = own_shop.client("" if "sign_in" in rule.endpoint else "admin")
        answer = client.open(
            address(own_shop.app, rule), method=method, headers={"Referer": "https://evil.example"}, **how
        )
        assert re.match(r"/(?![/\\])", answer.location or "/"), (rule.endpoint, answer.location)


def test_signing_in_goes_on_where_one_wanted_to_go(shop: Shop) -> None:
    client = shop.client()
    away = client.get("/p/shop/customers?q=ada")
    assert away.location == "/sign-in?next=/p/shop/customers?q%3Dada"
    form = client.get(away.location).text
    target = re.search(r'name="next" value="([^"]+)"', form)[1]
    assert (
        enter(shop, "viewer@shop.example", PASSWORD, client, next=target).location
        == "/p/shop/customers?q=ada"
    )


def test_signing_out_ends_the_session(shop: Shop) -> None:
    client = shop.client("viewer")
    client.post("/sign-out")
    assert client.get("/p/shop/journeys").status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(shop: Shop) -> None:
    cookie = enter(shop, "viewer@shop.example", PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("settings", "headers", "is_secure"),
    [
        ({}, {}, False),
        ({"public_url": "https://flow.example"}, {}, True),
        ({"public_url": "http://flow.example"}, {}, False),
        ({"trusted_proxies": 1}, {"X-Forwarded-Proto": "https"}, True),
        ({"trusted_proxies": 1}, {"X-Forwarded-Proto": "http"}, False),
        ({"trusted_proxies": 1}, {"X-Forwarded-Proto": "https, http"}, False),
        ({}, {"X-Forwarded-Proto": "https"}, False),
    ],
    ids=str,
)
def test_the_cookie_travels_by_https_alone_where_the_pages_do(
    own_shop: Shop, settings: dict[str, Any], headers: dict[str, str], is_secure: bool
) -> None:
    app = create_app(replace(own_shop.services, settings=Settings(**settings)))
    app.config["WTF_CSRF_ENABLED"] = False
    said = {"email": "viewer@shop.example", "password": PASSWORD}
    answer = app.test_client().post("/sign-in", data=said, headers=headers)
    assert answer.status_code == 302
    cookie = answer.headers["Set-Cookie"].split("; ")
    assert ("Secure" in cookie) is is_secure
    assert {"HttpOnly", "SameSite=Lax"} <= {*cookie}


def test_forms_need_their_token(own_shop: Shop) -> None:
    own_shop.app.config["WTF_CSRF_ENABLED"] = True
    client = own_shop.client("admin")
    assert client.post("/p/shop/settings/keys", data={"side": "server"}).status_code == 400
    page = client.get("/p/shop/settings/keys").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    answer = client.post("/p/shop/settings/keys", data={"side": "server"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    assert "ws_" in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/p/shop/journeys", "/nothing-here", "/static/manifest.json"])
def test_every_answer_carries_the_strict_headers(shop: Shop, path: str) -> None:
    with shop.client("viewer").get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_now_is_what_the_clock_says(shop: Shop) -> None:
    assert shop.services.clock() == NOW
    assert "through Mar 1, 2026" in shop.client("viewer").get("/p/shop/journeys").text
