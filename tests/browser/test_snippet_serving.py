"""How the snippet gets onto pages: checked by its hash, from another path, and with a cookie by HTTP."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from admin.paste import paste_line, pinned_line
from server.wsgi import SNIPPET
from store.settings import Settings
from tests.browser.stage import Ground, Stage, in_short, served_app, stage_on

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DAY_S = 86_400
ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(ground: Ground) -> Settings:
    """Those of the collector, as whoever makes the lines to paste knows them."""
    return Settings(public_url=ground.installation.address, snippet_path="/assets/stats.js")


def test_a_browser_runs_exactly_the_build_that_a_page_names(ground: Ground, settings: Settings) -> None:
    stage = stage_on(ground)
    line = pinned_line(settings, SNIPPET, stage.key)
    assert line
    assert "data-host" in line
    page = stage.open(stage.put("/pinned", head=line))
    page.evaluate("waywiser.track('Pinned')")
    page.close()
    assert [in_short(event) for event in stage.all_told(2)] == ["page /pinned", "track Pinned"]
    complaints: list[str] = []
    page = stage.visitor.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    other = "sha384-" + "A" * 64
    page.goto(stage.put("/forged", head=re.sub(r"sha384-[^\"]+", other, line)))
    page.wait_for_load_state("load")
    stage.visitor.close()
    assert any("integrity" in text for text in complaints)
    assert [in_short(event) for event in stage.all_told(2)] == ["page /pinned", "track Pinned"]


def test_the_line_of_the_install_page_works_with_a_path_of_ones_own(
    ground: Ground, settings: Settings
) -> None:
    stage = stage_on(ground)
    line = paste_line(settings, stage.key)
    assert "/assets/stats.js" in line
    stage.open(stage.put("/own", head=line)).close()
    assert [in_short(event) for event in stage.all_told(1)] == ["page /own"]
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


def lifetime_days(page: Page) -> float:
    cookie = next(one for one in page.context.cookies() if one["name"] == "waywiser_id")
    return (cookie["expires"] - time.time()) / DAY_S


def ask_for_cookie(stage: Stage, page: Page, domain: str) -> int:
    address = f"{stage.collector_at('ww.shop.test')}/v1/cookie?writeKey={stage.key}&domain={domain}"
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
    page.wait_for_function("document.cookie.includes('waywiser_id=')")
    mine = page.evaluate("document.cookie.match(/waywiser_id=([^;]+)/)[1]")
    short = f"waywiser_id={mine};path=/;max-age=604800;samesite=lax;domain=shop.test"
    page.evaluate("cookie => { document.cookie = cookie }", short)
    assert lifetime_days(page) < 8, "as browsers cap it"
    assert ask_for_cookie(stage, page, "shop.test") == 200
    assert lifetime_days(page) > 390
    assert page.evaluate("document.cookie.split('waywiser_id=').length") == 2, "one cookie, not two"
    assert page.evaluate("document.cookie.match(/waywiser_id=([^;]+)/)[1]") == mine
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


def proxied(ground: Ground) -> Flask:
    """A site that passes /ww on, by the lines that the documentation gives to its readers."""
    text = (ROOT / "docs" / "snippet.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": __name__}
    exec(code.replace('"https://HOST"', repr(ground.installation.address)), names)
    app = Flask("proxied")
    app.register_blueprint(names["ww"])
    app.add_url_rule("/page", view_func=lambda: ground.site.pages["/page"][0])
    return app


def test_behind_a_path_of_the_site_itself_everything_works(ground: Ground) -> None:
    stage = stage_on(ground)
    stage.put("/page", head=f'<script async src="/ww/w.js" data-key="{stage.key}" data-auto></script>')
    with served_app(proxied(ground)) as port:
        page = stage.open(f"http://www.shop.test:{port}/page")
        page.evaluate("waywiser.track('Through')")
        assert [in_short(event) for event in stage.all_told(2)] == ["page /page", "track Through"]
        assert (
            page.evaluate(
                f"fetch('/ww/v1/cookie?writeKey={stage.key}&domain=shop.test', {{method: 'POST'}})"
                ".then(answer => answer.status)"
            )
            == 200
        )
        assert lifetime_days(page) > 390
    stage.visitor.close()


def test_the_full_file_asks_for_the_cookie_once_a_session(ground: Ground) -> None:
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
    stage.open(stage.ground.site.at("/next", "www.shop.test"), page=page)
    stage.arrived(2)
    assert asked == ["POST"]
    with page.expect_response(lambda answer: "/v1/cookie" in answer.url):
        page.evaluate(
            "waywiser.reset(); waywiser.track('Anew'); dispatchEvent(new Event('visibilitychange'))"
        )
    assert page.evaluate("document.cookie.split('waywiser_id=').length") == 2
    names = {one["name"] for one in page.context.cookies() if one["domain"].endswith("shop.test")}
    assert not [name for name in names if "served" in name]
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
