"""How the snippet gets onto pages: checked by its hash, from another path, and with a cookie by HTTP."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Page
from playwright.sync_api import Response as Heard

from admin.paste import paste_line, pinned_line
from admin.site_lines import site_lines
from server.wsgi import SNIPPET
from store.settings import Settings
from tests.browser.stage import PATIENCE_S, Ground, Stage, in_short, served_app, stage_on
from tests.installation import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DAY_S = 86_400
ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(ground: Ground) -> Settings:
    """Those of the collector, as whoever makes the lines to paste knows them."""
    return Settings(public_url=ground.installation.address, snippet_path="/assets/stats.js")


def told(stage: Stage, count: int) -> list[str]:
    """All that came, but for how long a page was in front: that depends on the speed of the machine."""
    return [in_short(event) for event in stage.all_told(count) if event["event"] != "Page Engaged"]


def test_a_browser_runs_exactly_the_build_that_a_page_names(ground: Ground, settings: Settings) -> None:
    stage = stage_on(ground)
    line = pinned_line(settings, SNIPPET, stage.key)
    assert line
    assert "data-host" in line
    page = stage.open(stage.put("/pinned", head=line))
    page.evaluate("waywiser.track('Pinned')")
    page.close()
    assert told(stage, 2) == ["page /pinned", "track Pinned"]
    complaints: list[str] = []
    page = stage.visitor.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    other = "sha384-" + "A" * 64
    page.goto(stage.put("/forged", head=re.sub(r"sha384-[^\"]+", other, line)))
    page.wait_for_load_state("load")
    stage.visitor.close()
    assert any("integrity" in text for text in complaints)
    assert told(stage, 2) == ["page /pinned", "track Pinned"]


def test_the_line_of_the_install_page_works_with_a_path_of_ones_own(
    ground: Ground, settings: Settings
) -> None:
    stage = stage_on(ground)
    line = paste_line(settings, stage.key)
    assert "/assets/stats.js" in line
    stage.open(stage.put("/own", head=line)).close()
    assert told(stage, 1) == ["page /own"]
    stage.visitor.close()


def test_the_script_for_tag_managers_brings_the_snippet_onto_the_page(
    ground: Ground, settings: Settings
) -> None:
    stage = stage_on(ground)
    head = site_lines("tag-manager", settings, stage.key)
    stage.open(stage.put("/by-tag-manager", head=head)).close()
    assert told(stage, 1) == ["page /by-tag-manager"]
    stage.visitor.close()


def test_the_command_prints_what_the_collector_serves(ground: Ground) -> None:
    printed = json.loads(ground.installation.run("snippet", "--project", "main", "--json").stdout)
    address = ground.installation.address
    with urllib.request.urlopen(f"{address}/assets/stats.json") as answer:
        served = json.load(answer)["files"]
    assert {name: (one["path"], one["integrity"]) for name, one in printed.items()} == {
        name: (one["path"], one["integrity"]) for name, one in served.items()
    }
    assert printed["w.js"]["exactly"].count(ground.installation.made["write_key"]) == 1


def test_what_is_sent_is_as_small_as_the_build_has_checked(ground: Ground) -> None:
    checked = json.loads((SNIPPET / "manifest.json").read_text())["w.js"]["gzip"]
    asked = urllib.request.Request(f"{ground.installation.address}/w.js", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        assert len(answer.read()) == checked <= 4096
    with urllib.request.urlopen(f"{ground.installation.address}/w.json") as answer:
        assert json.load(answer)["files"]["w.js"]["gzip"] == checked


def copy_in(page: Page) -> tuple[str, float]:
    """What the cookie of the collector holds, and how many days it lives."""
    cookie = next(one for one in page.context.cookies() if one["name"] == "waywiser_copy")
    return cookie["value"], (cookie["expires"] - time.time()) / DAY_S


def id_in(page: Page) -> str:
    page.wait_for_function("document.cookie.includes('waywiser_id=')")
    return str(page.evaluate("document.cookie.match(/waywiser_id=([^;]+)/)[1]"))


def ask_for_cookie(stage: Stage, page: Page, domain: str) -> int:
    address = f"{stage.collector_at('ww.shop.test')}/v1/cookie?writeKey={stage.key}&domain={domain}&day=20000"
    return int(
        page.evaluate(
            "at => fetch(at, {method: 'POST', credentials: 'include'}).then(answer => answer.status)",
            address,
        )
    )


def test_a_collector_on_the_site_keeps_the_id_in_a_cookie_of_its_own(ground: Ground) -> None:
    stage = stage_on(ground)
    stage.put("/")
    page = stage.open(stage.ground.site.at("/", "www.shop.test"))
    mine = id_in(page)
    assert ask_for_cookie(stage, page, "shop.test") == 200
    copy, days = copy_in(page)
    assert (copy, days > 390) == (f"{mine}..20000", True)
    assert ask_for_cookie(stage, page, "other.test") == 403
    stage.visitor.close()


def test_a_page_of_another_site_gets_no_cookie_set(ground: Ground) -> None:
    stage = stage_on(ground)
    stage.put("/")
    page = stage.open(stage.ground.site.at("/", "www.shop.test"))
    page.wait_for_function("document.cookie.includes('waywiser_id=')")
    before = page.context.cookies()
    evil = stage.visitor.new_page()
    evil.goto(stage.ground.site.at("/", "www.evil.test"))
    for domain in ("shop.test", "evil.test", ""):
        assert ask_for_cookie(stage, evil, domain) in (403, 409)
    same = [one for one in page.context.cookies() if one["domain"].endswith("shop.test")]
    assert same == [one for one in before if one["domain"].endswith("shop.test")]
    stage.visitor.close()


def proxied(ground: Ground, collector: str = "") -> Flask:
    """A site that passes /ww on, by the lines that the documentation gives to its readers."""
    text = (ROOT / "docs" / "snippet.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "proxied"}
    exec(code.replace('"https://HOST"', repr(collector or ground.installation.address)), names)
    app: Flask = names["app"]

    @app.get("/<path>")
    def show(path: str) -> str:
        return ground.site.pages[f"/{path}"][0]

    return app


def test_behind_a_path_of_the_site_itself_everything_works(ground: Ground) -> None:
    stage = stage_on(ground)
    options = f'data-key="{stage.key}" data-auto data-server-cookie'
    stage.put("/page", head=f'<script async src="/ww/w.full.js" {options}></script>')
    with served_app(proxied(ground)) as port:
        page = stage.visitor.new_page()
        heard: dict[str, Heard] = {}
        page.on("response", lambda answer: heard.update({urlsplit(answer.url).path: answer}))
        page.context.add_cookies(
            [{"name": "session", "value": "secret", "domain": ".shop.test", "path": "/"}]
        )
        stage.open(f"http://www.shop.test:{port}/page", page=page)
        page.evaluate("waywiser.track('Through')")
        assert told(stage, 2) == ["page /page", "track Through"]
        eventually(lambda: (page.evaluate("0"), "/ww/v1/cookie" in heard)[1], bool)
        script, kept = heard["/ww/w.full.js"].all_headers(), heard["/ww/v1/cookie"].all_headers()
        assert script["content-type"] == "text/javascript; charset=utf-8"
        assert script["cache-control"].startswith("public, max-age=3600")
        assert (script["content-encoding"], script["x-content-type-options"]) == ("gzip", "nosniff")
        assert "Domain=shop.test" in kept["set-cookie"]
        for path in (
            "/ww/sign-in",
            "/ww/api/docs",
            "/ww/health",
            "/ww/v1/../sign-in",
            "/ww/v1/%2e%2e/sign-in",
        ):
            assert page.evaluate("path => fetch(path).then(answer => answer.status)", path) == 404
    stage.visitor.close()


def test_while_the_collector_is_away_the_site_says_when_to_send_again(ground: Ground) -> None:
    answer = proxied(ground, "http://127.0.0.1:9").test_client().post("/ww/v1/batch", data="{}")
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)


class Slow:
    """A site as above, whose collector takes its time with the cookie: until it may answer."""

    def __init__(self, ground: Ground) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.app = proxied(ground)
        self.app.after_request(self.hold_back)

    def hold_back(self, answer: Response) -> Response:
        if request.path == "/ww/v1/cookie" and not self.may_answer.is_set():
            self.asked.set()
            assert self.may_answer.wait(4 * PATIENCE_S)
        return answer


@contextmanager
def shop(
    ground: Ground, app: Flask, attributes: str = "data-auto data-server-cookie"
) -> Iterator[tuple[Stage, str]]:
    """A stage whose pages have the full file with the server's cookie, and the address of one of them."""
    stage = stage_on(ground)
    head = f'<script async src="/ww/w.full.js" data-key="{stage.key}" {attributes}></script>'
    for path in ("/page", "/next"):
        stage.put(path, head=head)
    with served_app(app) as port:
        yield stage, f"http://a.shop.test:{port}/page"
    stage.visitor.close()


LEFT = "document.cookie + JSON.stringify(localStorage)"


@pytest.mark.parametrize("call", ["reset()", "consent('denied')", "consent('cookieless')", "optOut()"])
def test_an_answer_under_way_brings_nothing_back(ground: Ground, call: str) -> None:
    slow = Slow(ground)
    with shop(ground, slow.app) as (stage, address):
        page = stage.open(address)
        stage.arrived(1)
        old = id_in(page)
        assert slow.asked.wait(PATIENCE_S)
        page.evaluate(f"waywiser.{call}")
        with page.expect_response("**/v1/cookie*"):
            slow.may_answer.set()
        page.wait_for_function(f"old => !({LEFT}).includes(old)", arg=old)
        elsewhere = stage.open(address.replace("a.shop", "b.shop").replace("/page", "/next"))
        elsewhere.evaluate("waywiser.track('Elsewhere')")
        is_refused = "denied" in call or "optOut" in call
        found = [event for event in stage.all_told(1 if is_refused else 3) if event["path"] == "/next"]
        assert len(found) == (0 if is_refused else 2)
        assert old not in {event["visitor"] for event in found}
        assert old not in elsewhere.evaluate(LEFT)
        answers = set(re.findall(r"waywiser_consent=(\S+?)(?:;|\{)", elsewhere.evaluate(LEFT)))
        said = re.findall(r"'(\w+)'", call) or (["opted-out"] if "optOut" in call else [])
        assert answers == set(said)


@pytest.mark.parametrize("call", ["reset()", "consent('denied')", "consent('cookieless')", "optOut()"])
def test_what_a_page_says_before_the_script_is_there_stands(ground: Ground, call: str) -> None:
    name, words = re.findall(r"(\w+)\((.*)\)", call)[0]
    app = proxied(ground)
    with shop(ground, app) as (stage, address):
        page = stage.open(address)
        old = id_in(page)
        page.wait_for_function("document.cookie.includes('waywiser_copy=')")
        stub = f"<script>window.waywiser = {{q: [['{name}', [{words}]]]}}</script>"
        page_before, headers = ground.site.pages["/next"]
        ground.site.pages["/next"] = (page_before.replace("<script", stub + "<script", 1), headers)
        stage.open(address.replace("/page", "/next"), page=page)
        page.wait_for_function(f"old => !({LEFT}).includes(old)", arg=old)
        page.wait_for_load_state("networkidle")
        assert old not in page.evaluate(LEFT)


@pytest.mark.parametrize("call", ["consent('denied')", "consent('cookieless')", "optOut()"])
def test_after_a_refusal_no_id_is_left_in_the_browser(ground: Ground, call: str) -> None:
    with shop(ground, proxied(ground)) as (stage, address):
        page = stage.open(address)
        stage.arrived(1)
        page.wait_for_function("document.cookie.includes('waywiser_copy=')")
        page.evaluate(f"waywiser.{call}")
        assert not re.search(r"[0-9a-f]{8}-", page.evaluate(LEFT))


@pytest.mark.parametrize("attributes", ["", 'data-consent="required"'])
def test_a_visitor_whose_cookies_the_browser_has_let_go_is_known_again(
    ground: Ground, attributes: str
) -> None:
    with shop(ground, proxied(ground), f"data-auto data-server-cookie {attributes}") as (stage, address):
        page = stage.open(address)
        if attributes:
            page.evaluate("waywiser.consent('granted')")
        old = id_in(page)
        page.wait_for_function("document.cookie.includes('waywiser_copy=')")
        page.evaluate("localStorage.clear()")
        stage.put("/bare", head="")
        page.goto(address.replace("/page", "/bare"))  # Of the same site: the page before is done by now.
        for name in ("waywiser_id", "waywiser_session", "waywiser_consent"):
            stage.visitor.clear_cookies(name=name)
        stage.open(address.replace("/page", "/next"), page=page)
        assert {event["visitor"] for event in stage.all_told(2)} == {old}
        assert id_in(page) == old


@pytest.mark.parametrize(
    ("attributes", "answer"),
    [
        ("", "denied"),
        ("", "opted-out"),
        ("", "cookieless"),
        ('data-consent="required"', ""),
        ("data-cookieless", ""),
    ],
)
def test_a_copy_is_no_way_around_what_the_visitor_allows(
    ground: Ground, attributes: str, answer: str
) -> None:
    with shop(ground, proxied(ground), f"data-auto data-server-cookie {attributes}") as (stage, address):
        old = "2f0f4a0e-5f7a-4d8e-9b44-6a4a2f6a0001"
        given = {"waywiser_copy": f"{old}..20000", "waywiser_consent": answer}
        place = {"domain": ".shop.test", "path": "/"}
        stage.visitor.add_cookies([{"name": n, "value": v, **place} for n, v in given.items() if v])
        page = stage.open(address)
        page.wait_for_function(f"old => !({LEFT}).includes(old)", arg=old)
        assert "waywiser_id" not in page.evaluate(LEFT)


def test_the_full_file_asks_for_the_cookie_once_a_day_and_for_each_visitor(ground: Ground) -> None:
    stage = stage_on(ground)
    collector = stage.collector_at("ww.shop.test")
    options = f'data-key="{stage.key}" data-auto data-server-cookie'
    head = f'<script async src="{collector}/w.full.js" {options}></script>'
    stage.put("/", head=head)
    stage.put("/next", head=head)
    page = stage.visitor.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method) if "/v1/cookie" in request.url else None)
    with page.expect_response(lambda answer: "/v1/cookie" in answer.url) as answer:
        stage.open(stage.ground.site.at("/", "www.shop.test"), page=page)
    assert answer.value.status == 200
    assert "Domain=shop.test" in (answer.value.header_value("set-cookie") or "")
    first = id_in(page)
    assert copy_in(page)[0] == f"{first}..{int(time.time() // DAY_S)}"
    stage.open(stage.ground.site.at("/next", "www.shop.test"), page=page)
    stage.arrived(2)
    assert asked == ["POST"]
    with page.expect_response(lambda answer: "/v1/cookie" in answer.url):
        page.evaluate("waywiser.reset()")
    second = id_in(page)
    page.wait_for_function("id => document.cookie.includes(`waywiser_copy=${id}`)", arg=second)
    assert second != first
    assert page.evaluate("document.cookie.split('waywiser_copy=').length") == 2, "one cookie, not two"
    page.clock.set_system_time(time.time() + DAY_S)
    with page.expect_response(lambda answer: "/v1/cookie" in answer.url):
        page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    names = {one["name"] for one in page.context.cookies() if one["domain"].endswith("shop.test")}
    assert names - {"waywiser_session"} == {"waywiser_id", "waywiser_copy"}
    stage.visitor.close()


def test_why_no_cookie_is_set_stands_in_the_console(ground: Ground) -> None:
    stage = stage_on(ground, cookieless=True)
    collector = stage.collector_at("ww.shop.test")
    stage.put(
        "/",
        head=f'<script async src="{collector}/w.full.js" data-key="{stage.key}" data-server-cookie></script>',
    )
    page = stage.visitor.new_page()
    with page.expect_console_message(lambda message: "no server cookie" in message.text) as said:
        stage.open(stage.ground.site.at("/", "www.shop.test"), page=page)
    assert '"cookieless"' in said.value.text
    stage.visitor.close()


def test_one_project_measures_who_agrees_by_an_id_and_others_for_the_day(ground: Ground) -> None:
    stage = stage_on(ground)
    page = stage.open(stage.put("/", head=stage.script('data-auto data-consent="required"')))
    page.evaluate("waywiser.consent('cookieless'); waywiser.track('Unknown')")
    stage.arrived(2)
    assert "waywiser_id" not in page.evaluate("document.cookie + Object.keys(localStorage)")
    page.evaluate("waywiser.consent('granted'); waywiser.track('Known')")
    found = stage.all_told(3)
    stage.visitor.close()
    known = {in_short(event): not event["visitor"].startswith("cl_") for event in found}
    assert known == {"page /": False, "track Unknown": False, "track Known": True}
