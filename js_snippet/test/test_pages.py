"""Page views in a real browser: every test is a scenario and the exact events that come of it."""

import re

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site
from js_snippet.test.visits import UUID, labels, visit, wait_until_answered

pytestmark = pytest.mark.browser


def test_a_pasted_script_alone_sends_one_page_view(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = site.put("/pricing")
    utm = "utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=a&utm_content=b"
    search = f"?{utm}&gclid=G1&msclkid=M1&x=1"
    head = site.script.replace("async", 'async data-auto=""')
    site.put("/", f'<a href="{address}{search}#part">in</a>', head=head)
    page = profile.new_page()
    page.goto(site.url + "/")
    collector.wait(1)
    page.click("a")
    _, view = collector.wait(2)

    assert UUID.fullmatch(view.pop("messageId"))
    assert UUID.fullmatch(view.pop("anonymousId"))
    assert UUID.fullmatch(view["context"].pop("sessionId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", view.pop("timestamp"))
    assert view["context"]["library"].pop("version")
    assert view == {
        "type": "page",
        "context": {
            "page": {
                "url": address + search,
                "path": "/pricing",
                "title": "Title of /pricing",
                "referrer": site.url + "/",
            },
            "screen": {"width": 1000, "height": 700},
            "locale": "de-CH",
            "timezone": "Europe/Zurich",
            "library": {"name": "waywiser-js"},
            "sequence": 2,
        },
    }


def test_a_batch_is_a_simple_request_without_preflight(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    visit(profile, site.put("/"))
    collector.wait(1)
    (request,) = collector.requests
    assert request.write_key == "wb_test"
    assert request.path == "/v1/batch"
    assert request.content_type.startswith("text/plain")
    assert set(request.body) == {"batch", "sentAt"}
    assert collector.preflights == 0


def test_a_single_page_application_gives_a_view_per_page(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    steps = [
        "history.pushState({}, '', '/a'); setTimeout(() => document.title = 'A', 20)",
        "history.replaceState({}, '', '/a?filter=1')",
        "location.hash = 'part'",
        "history.pushState({}, '', '/a?page=2'); document.title = 'A 2'",
        "history.replaceState({}, '', '/b'); document.title = 'B'",
        "history.back(); setTimeout(() => document.title = 'A', 20)",
    ]
    for step in steps:
        page.evaluate(step)
        page.wait_for_timeout(200)
    views = [event["context"]["page"] for event in collector.wait(5)]
    base = site.url
    assert [(view["url"].removeprefix(base), view["title"], view["referrer"]) for view in views] == [
        ("/", "Title of /", ""),
        ("/a", "A", base + "/"),
        ("/a?page=2", "A 2", base + "/a?filter=1"),
        ("/b", "B", base + "/a?page=2"),
        ("/a?filter=1", "A", base + "/b"),
    ]


def test_fragments_are_pages_where_the_site_says_so(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=site.script.replace("async", "async data-hash")) + "#/home")
    collector.wait(1)
    page.evaluate("location.hash = '/cart?step=2'")
    home, cart = [event["context"]["page"] for event in collector.wait(2)]
    assert (home["url"], home["path"]) == (site.url + "/#/home", "/#/home")
    assert (cart["url"], cart["path"]) == (site.url + "/#/cart?step=2", "/#/cart?step=2")
    assert cart["referrer"] == home["url"]


def test_an_event_right_after_a_navigation_follows_its_page_view(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    page.evaluate("history.pushState({}, '', '/a'); waywiser.track('Seen'); history.pushState({}, '', '/b')")
    events = collector.wait(4)
    assert labels(events) == ["page /", "page /a", "track Seen", "page /b"]
    assert events[2]["context"]["page"]["path"] == "/a"
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)


@pytest.mark.whole_browser
def test_a_page_that_comes_back_from_the_browsers_cache_is_viewed_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/next")
    page = visit(profile, site.put("/"))
    page.evaluate("window.mark = 1")
    collector.wait(1)
    wait_until_answered(page)
    page.goto(site.url + "/next")
    collector.wait(2)
    page.go_back(wait_until="commit")
    assert page.evaluate("window.mark") == 1, "the browser did not keep the page"
    assert labels(collector.wait(3)) == ["page /", "page /next", "page /"]


def test_a_prerendered_page_counts_once_it_is_shown(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script(
        "Object.defineProperty(document, 'prerendering', {value: true, configurable: true})"
    )
    page = profile.new_page()
    page.goto(site.put("/"))
    collector.wait(0, settle=0.5)
    page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    collector.wait(1)


def test_a_site_can_send_its_own_page_views(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    head = site.script.replace("async", 'async data-pages="manual"')
    page = visit(profile, site.put("/", head=head))
    page.evaluate(
        "waywiser.page('Home', {section: 'x'}); history.pushState({}, '', '/a'); waywiser.page({plan: 'pro'})"
    )
    home, second = collector.wait(2)
    assert (home["name"], home["properties"]) == ("Home", {"section": "x"})
    assert "name" not in second
    assert second["properties"] == {"plan": "pro"}
    assert second["context"]["page"]["referrer"] == site.url + "/"
