"""What could lose events, a collector unwell, full storage, wrong clocks, a page that ends."""

import time
from email.utils import formatdate

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site
from js_snippet.test.visits import (
    LOADED,
    anonymous_ids,
    labels,
    leave,
    one,
    sessions,
    visit,
    wait_until_answered,
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (408, b'{"success": false, "code": "body_timeout"}'),
        (400, b'{"success": false, "code": "incomplete_body"}'),
        (200, b"<!doctype html><title>Welcome to our hotel</title>"),
        (502, b"bad gateway"),
        (403, b"<!doctype html><title>Forbidden</title>"),
        (404, b"<!doctype html><title>Not Found</title>"),
        (413, b"<!doctype html><title>Request Entity Too Large</title>"),
    ],
)
def test_what_the_collector_has_not_judged_is_sent_again(
    profile: BrowserContext, site: Site, collector: Collector, status: int, answer: bytes
) -> None:
    collector.status, collector.answer, collector.refusal = status, answer, answer
    page = visit(profile, site.put("/"))
    collector.wait_for_attempts(2)
    collector.status, collector.answer = 200, Collector.answer
    collector.wait_for_attempts(3)
    wait_until_answered(page)
    assert labels(collector.wait(1)) == ["page /"]


def test_what_a_proxy_always_refuses_keeps_nothing_else_back(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.poison = "Poison"
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    for name in ("Poison", "Fine"):
        page.evaluate("name => waywiser.track(name, {text: 'x'.repeat(20000)})", name)
    assert labels(collector.wait(2)) == ["page /", "track Fine"]


def test_a_redirect_is_no_answer(profile: BrowserContext, site: Site, collector: Collector) -> None:
    site.put("/login")
    collector.status, collector.headers = 302, {"Location": site.url + "/login"}
    page = visit(profile, site.put("/"))
    collector.wait_for_attempts(2)
    collector.status, collector.headers = 200, {}
    collector.wait(1)
    wait_until_answered(page)


def test_a_page_that_ends_while_the_collector_is_unwell_leaves_its_events_to_the_next(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    collector.status = 503
    page.evaluate("waywiser.track('Last')")
    leave(page)
    collector.wait_for_attempts(2)
    collector.status = 200
    visit(profile, site.url + "/")
    assert labels(collector.wait(3)) == ["page /", "track Last", "page /"]


def test_a_browser_without_beacons_loses_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script("delete Navigator.prototype.sendBeacon")
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    page.evaluate("waywiser.track('Last')")
    page.goto(site.url + "/")
    assert labels(collector.wait(3)) == ["page /", "track Last", "page /"]


def test_nearly_full_storage_destroys_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.status = 503
    page = visit(profile, site.put("/"))
    page.evaluate("for (let i = 0; i < 20; i++) waywiser.track('Stored', {i})")
    page.evaluate(
        """() => {
            let size = 1 << 20, n = 0;
            while (size) try { localStorage["fill" + n++] = "x".repeat(size); } catch { size >>= 1; }
        }"""
    )
    page.goto(site.url + "/")
    page.wait_for_function(LOADED)
    collector.status = 200
    assert len([event for event in collector.wait(22) if event.get("event") == "Stored"]) == 20


def test_a_pause_of_a_clock_that_was_wrong_holds_nobody_up(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate("localStorage['waywiser.pause'] = Date.now() + 30 * 864e5; waywiser.track('Now')")
    collector.wait(2)


def test_another_tab_keeps_the_pause_too(profile: BrowserContext, site: Site, collector: Collector) -> None:
    first, second = visit(profile, site.put("/")), visit(profile, site.url + "/")
    collector.wait(2)
    wait_until_answered(first)
    collector.status, collector.headers = 429, {"Retry-After": "2"}
    first.evaluate("waywiser.track('First')")
    collector.wait_for_attempts(len(collector.requests) + 1)
    refused = collector.requests[-1]
    first.wait_for_function("localStorage['waywiser.pause']")
    collector.status, collector.headers = 200, {}
    second.evaluate("waywiser.track('Second')")
    collector.wait(4)
    assert min(r.at for r in collector.requests if r.at > refused.at) - refused.at >= 1.95


def test_a_pause_may_be_asked_for_by_date(profile: BrowserContext, site: Site, collector: Collector) -> None:
    until = int(time.time()) + 15
    collector.status, collector.headers = 503, {"Retry-After": formatdate(until, usegmt=True)}
    page = visit(profile, site.put("/"))
    page.wait_for_function("localStorage['waywiser.pause']")
    collector.status, collector.headers = 200, {}
    page.reload()
    collector.wait(2)
    _, accepted, *_ = collector.requests
    assert accepted.at - time.monotonic() + time.time() > until - 0.1


@pytest.mark.parametrize("asked", ["1e9", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_pause_is_longer_than_a_day(
    profile: BrowserContext, site: Site, collector: Collector, asked: str
) -> None:
    collector.status, collector.headers = 503, {"Retry-After": asked}
    page = visit(profile, site.put("/"))
    page.wait_for_function("localStorage['waywiser.pause']")
    assert 23.9 < page.evaluate("localStorage['waywiser.pause'] - Date.now()") / 3600e3 < 24.1
    collector.status = 200
    page.evaluate("localStorage['waywiser.pause'] = 0")
    page.reload()
    collector.wait(2)


@pytest.mark.parametrize("asked", ["-5", "Thu, 01 Jan 1970 00:00:00 GMT", "soon"])
def test_a_pause_that_is_none_leaves_the_page_to_its_own_patience(
    profile: BrowserContext, site: Site, collector: Collector, asked: str
) -> None:
    collector.status, collector.headers = 503, {"Retry-After": asked}
    page = visit(profile, site.put("/"))
    collector.wait_for_attempts(2)
    first, second, *_ = collector.requests
    assert second.at - first.at > 0.45
    assert page.evaluate("localStorage['waywiser.pause']") is None
    collector.status = 200
    collector.wait(1)


def test_a_collector_that_is_down_for_a_while_gets_everything_on_the_same_page(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    collector.listener.down()
    page.evaluate("waywiser.track('Down')")
    time.sleep(2)
    page.evaluate("waywiser.track('Still Down')")
    collector.listener.up()
    assert labels(collector.wait(3)) == ["page /", "track Down", "track Still Down"]


@pytest.mark.parametrize("broken", ['{"cut of', "", "undefined"])
def test_a_stored_entry_that_is_no_json_spoils_nothing(
    profile: BrowserContext, site: Site, collector: Collector, broken: str
) -> None:
    page = profile.new_page()
    page.goto(site.put("/bare", head=""))
    page.evaluate("broken => localStorage['waywiser_queue.wb_test.1.x'] = broken", broken)
    page.goto(site.put("/"))
    collector.wait(1)
    page.wait_for_function(LOADED)
    wait_until_answered(page)


def test_a_request_that_is_never_answered_is_given_up_and_sent_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    """A proxy that takes the request and says nothing. The minute is made a second."""
    profile.add_init_script(
        "const {timeout} = AbortSignal; AbortSignal.timeout = ms => timeout.call(AbortSignal, ms / 60);"
    )
    unanswered: list[object] = []
    page = profile.new_page()
    page.route(
        "**/v1/batch?*", lambda route: unanswered.append(route) if not unanswered else route.continue_()
    )
    page.goto(site.put("/"))
    page.wait_for_function(LOADED)
    page.evaluate("waywiser.track('Next')")
    wait_until_answered(page)
    assert labels(collector.wait(2)) == ["page /", "track Next"]
    assert len(unanswered) == 1


def test_a_site_that_clears_its_storage_loses_no_event(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    page.evaluate("waywiser.track('Logged Out'); localStorage.clear()")
    assert labels(collector.wait(2, settle=0.3)) == ["page /", "track Logged Out"]


# Sessions


def test_subdomains_share_the_session_and_a_reset_ends_it_for_all(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/")
    www = visit(profile, site.at("www.shop.test") + "/")
    collector.wait(1)
    app = visit(profile, site.at("app.shop.test") + "/")
    assert one(sessions(collector.wait(2)))
    app.evaluate("waywiser.reset(); waywiser.track('App')")
    collector.wait(3)
    www.evaluate("waywiser.track('Www')")
    events = collector.wait(4)
    after = [event for event in events if event["type"] == "track"]
    assert one(sessions(after)) != events[0]["context"]["sessionId"]
    assert one(anonymous_ids(after)) != events[0]["anonymousId"]


def test_the_session_goes_on_where_local_storage_is_blocked(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('blocked'); }})"
    )
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.reload()
    events = collector.wait(2)
    assert one(sessions(events))
    assert one(anonymous_ids(events))


def test_a_page_that_loads_opens_the_session_before_its_first_event(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    look = "<script>window.found = document.cookie.match(/waywiser_session=([^.]+)/)[1]</script>"
    page = visit(profile, site.put("/", head=site.script.replace("async", "") + look))
    (view,) = collector.wait(1)
    assert page.evaluate("found") == view["context"]["sessionId"]


@pytest.mark.parametrize(("minutes_ahead", "is_same"), [(20, True), (31, False), (365 * 24 * 60, False)])
def test_a_clock_that_was_ahead_keeps_no_session_open(
    profile: BrowserContext, site: Site, collector: Collector, minutes_ahead: int, is_same: bool
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate(
        """minutes => {
            const [id] = localStorage.waywiser_session.split(".");
            const then = Date.now() + minutes * 60e3;
            document.cookie = `waywiser_session=${id}.${then}.${then};path=/`;
            waywiser.track("Later");
            waywiser.track("And Later");
        }""",
        minutes_ahead,
    )
    before, later, last = sessions(collector.wait(3))
    assert (before == later, later == last) == (is_same, True)


COOKIE_WRITES = """
  window.written = [];
  const jar = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  Object.defineProperty(Document.prototype, "cookie", {
    get() { return jar.get.call(this); },
    set(text) { written.push(text); jar.set.call(this, text); },
    configurable: true,
  });
"""


def test_a_first_visit_writes_each_cookie_once(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script(COOKIE_WRITES)
    site.put("/")
    page = visit(profile, site.at("www.eu.app.shop.test") + "/")
    collector.wait(1)
    assert [text.split("=")[0] for text in page.evaluate("written")] == ["waywiser_session", "waywiser_id"]
    assert {cookie["domain"] for cookie in profile.cookies()} == {".shop.test"}
