"""The cookie that the collector sets: off unless allowed, only for pages of its site, only what they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.projects import create_write_key
from store.rules import ProjectRules, save_rules
from store.settings import Settings
from tests.collector.conftest import NOW, Site

ID = "2f0f4a0e-5f7a-4d8e-9b44-6a4a2f6a0001"
PAGE = {"Origin": "https://www.shop.example", "Sec-Fetch-Site": "same-site", "Cookie": f"waywiser_id={ID}"}


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site(Settings(server_cookie=True))


def ask(
    site: Site, *, domain: str = "shop.example", key: str = "", day: str = "20370", **headers: str | None
) -> Any:
    given = PAGE | {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in given.items() if value is not None}
    client = site.app.test_client(use_cookies=False)
    query = {"writeKey": key or site.browser_key, "domain": domain, "day": day}
    return client.post("/v1/cookie", query_string=query, headers=sent, base_url="https://ww.shop.example")


def test_the_id_that_the_page_has_is_copied_for_long_and_for_the_whole_site(site: Site) -> None:
    answer = ask(site)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    said = [part.strip() for part in answer.headers["Set-Cookie"].split(";")]
    assert said[0] == f"waywiser_copy={ID}..20370"
    assert {"Domain=shop.example", "Secure", "Max-Age=34560000", "Path=/", "SameSite=Lax"} <= set(said)
    assert "HttpOnly" not in said
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]


def test_a_page_over_plain_http_gets_a_cookie_that_it_can_read(site: Site) -> None:
    assert "Secure" not in ask(site, Origin="http://www.shop.example").headers["Set-Cookie"]


def test_what_the_visitor_agreed_to_lasts_as_long(site: Site) -> None:
    answer = ask(site, Cookie=f"waywiser_consent=granted; waywiser_id={ID}; other=1")
    assert [said.split(";")[0] for said in answer.headers.getlist("Set-Cookie")] == [
        f"waywiser_copy={ID}.granted.20370"
    ]


def test_an_answer_that_a_proxy_names_without_a_value_is_none(site: Site) -> None:
    said = ask(site, Cookie=f"waywiser_id={ID}; waywiser_consent=").headers["Set-Cookie"]
    assert said.startswith(f"waywiser_copy={ID}..20370;")
    assert ask(site, Cookie="waywiser_id=; waywiser_consent=").json["code"] == "no_cookie"


def test_it_never_writes_the_cookies_that_it_copies(site: Site) -> None:
    """Its answer may come after a page has changed them."""
    said = ask(site, Cookie=f"waywiser_consent=granted; waywiser_id={ID}").headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in said} == {"waywiser_copy"}


def test_on_the_host_of_the_page_no_domain_is_needed(site: Site) -> None:
    same = {"Origin": "https://ww.shop.example", "Sec_Fetch_Site": None}
    assert "Domain" not in ask(site, domain="", **same).headers["Set-Cookie"]
    proxied = {"Sec_Fetch_Site": "same-origin"}
    assert ask(site, domain="", **proxied).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Cookie": None}, "no_cookie"),
        ({"Cookie": f"waywiser_id={ID}; waywiser_id={ID.replace('1', '2')}"}, "no_cookie"),
        ({"Cookie": "waywiser_id=ada"}, "bad_cookie"),
        ({"Cookie": f"waywiser_id={ID}x"}, "bad_cookie"),
        ({"Cookie": "waywiser_consent=granted"}, "no_cookie"),
        ({"Cookie": f"waywiser_id={ID}; waywiser_consent=maybe"}, "not_agreed"),
        ({"Cookie": f"waywiser_id={ID}; waywiser_consent=denied"}, "not_agreed"),
        ({"Cookie": f"waywiser_id={ID}; waywiser_consent=granted; waywiser_consent=denied"}, "not_agreed"),
        ({"day": ""}, "bad_day"),
        ({"day": "1; Secure"}, "bad_day"),
        ({"Origin": None}, "other_site"),
        ({"Origin": "null"}, "other_site"),
        ({"Origin": "https://evil.example"}, "other_domain"),
        ({"Origin": "https://evilshop.example"}, "other_domain"),
        (
            {"Origin": "https://evil.example", "domain": "evil.example", "Sec_Fetch_Site": "cross-site"},
            "other_site",
        ),
        ({"domain": "shop.example; HttpOnly"}, "other_domain"),
        ({"domain": ".shop.example"}, "other_domain"),
        ({"domain": ""}, "other_site"),
        ({"key": "nobody"}, "unknown_key"),
    ],
)
def test_nothing_is_set_for_anybody_else(site: Site, change: dict[str, Any], code: str) -> None:
    answer = ask(site, **change)
    assert (answer.json["code"], "Set-Cookie" in answer.headers) == (code, False)


def test_a_key_of_other_origins_sets_nothing(site: Site) -> None:
    key = create_write_key(
        site.engine, site.project, side="browser", origins=("https://other.example",), now=NOW
    )
    assert ask(site, key=key).json["code"] == "origin_not_allowed"


def test_a_cookieless_project_keeps_nothing_in_browsers(site: Site) -> None:
    save_rules(site.engine, site.project, ProjectRules(cookieless=True), now=NOW)
    answer = ask(site)
    assert (answer.status_code, answer.json["code"], "Set-Cookie" in answer.headers) == (
        403,
        "cookieless",
        False,
    )


def test_it_is_off_unless_it_is_switched_on(open_site: Callable[..., Site]) -> None:
    answer = ask(open_site())
    assert (answer.status_code, answer.json["code"]) == (404, "server_cookie_off")
