"""What the snippet does in a real browser: every test is a scenario and the exact events that come of it."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from js_snippet.test.capture import SCRIPT, Collector, Event, Site, label

pytestmark = pytest.mark.browser

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
LOADED = "() => !!(window.waywiser && window.waywiser.version)"
QUEUED = "Object.keys(localStorage).filter(key => key.includes('queue')).length"

STUB = """<script>
window.waywiser = window.waywiser || { q: [] };
"track page identify alias group reset consent optOut optIn ready".split(" ").forEach(function (name) {
  waywiser[name] = waywiser[name] || function () { waywiser.q.push([name, arguments]); };
});
</script>"""


def visit(profile: BrowserContext, address: str) -> Page:
    page = profile.new_page()
    page.goto(address)
    page.wait_for_function(LOADED)
    return page


def wait_until_answered(page: Page) -> None:
    """The collector has an event a moment before the page knows that it has."""
    page.wait_for_function(f"{QUEUED} === 0")


def labels(events: list[Event]) -> list[str]:
    return [label(event) for event in events]


def one(events: list[Any]) -> Any:
    """The single value that all of them are."""
    assert len(set(events)) == 1, events
    return events[0]


def anonymous_ids(events: list[Event]) -> list[str]:
    return [event["anonymousId"] for event in events]


def sessions(events: list[Event]) -> list[str]:
    return [event["context"]["sessionId"] for event in events]


# Page views


def test_a_pasted_script_alone_sends_one_page_view(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = site.put("/pricing")
    utm = "utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=a&utm_content=b"
    search = f"?{utm}&gclid=G1&msclkid=M1&x=1"
    site.put("/", f'<a href="{address}{search}#part">in</a>')
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


def test_a_page_that_comes_back_from_the_browsers_cache_is_viewed_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/next")
    page = visit(profile, site.put("/"))
    page.evaluate("window.mark = 1")
    collector.wait(1)
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


# Who and when


def test_two_tabs_share_visitor_and_session(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = site.put("/")
    first, second = visit(profile, address), visit(profile, address)
    collector.wait(2)
    first.evaluate("waywiser.track('One')")
    collector.wait(3)
    second.evaluate("waywiser.track('Two')")
    events = collector.wait(4)
    assert one(anonymous_ids(events))
    assert one(sessions(events))
    assert [event["context"]["sequence"] for event in events] == [1, 2, 3, 4]


def test_a_session_ends_after_half_an_hour_of_rest_or_a_day(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    cases = [(29, 29, True), (31, 31, False), (23 * 60, 1, True), (24 * 60 + 1, 1, False)]
    for minutes_since_start, minutes_since_last, _ in cases:
        page.evaluate(
            """minutes => {
                const [id] = localStorage.waywiser_session.split(".");
                const [start, last] = minutes.map(n => Date.now() - n * 60e3);
                document.cookie = `waywiser_session=${[id, start, last]};path=/`.replaceAll(",", ".");
                waywiser.track("Later");
            }""",
            [minutes_since_start, minutes_since_last],
        )
    events = collector.wait(1 + len(cases))
    ids = sessions(events)
    assert [before == after for before, after in pairwise(ids)] == [is_same for _, _, is_same in cases]
    assert [event["context"]["sequence"] for event in events] == [1, 2, 3, 4, 5]
    assert one(anonymous_ids(events))


def test_identify_names_the_visitor_until_reset(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    page.evaluate(
        """() => {
            waywiser.identify(42, {plan: "pro"});
            waywiser.track("Paid", {amount: 9.5});
            waywiser.group("acme", {size: 3});
            waywiser.alias("43");
            waywiser.reset();
            waywiser.track("Left");
        }"""
    )
    collector.wait(6)
    view, identify, paid, group, alias, left = collector.events
    assert "userId" not in view
    assert (identify["type"], identify["userId"], identify["traits"]) == ("identify", "42", {"plan": "pro"})
    assert (paid["userId"], paid["properties"]) == ("42", {"amount": 9.5})
    assert (group["type"], group["groupId"], group["userId"], group["traits"]) == (
        "group",
        "acme",
        "42",
        {"size": 3},
    )
    assert (alias["type"], alias["userId"], alias["previousId"]) == ("alias", "43", "42")
    assert one(anonymous_ids([view, identify, paid, group, alias])) != left["anonymousId"]
    assert one(sessions([view, identify, paid, group, alias])) != left["context"]["sessionId"]
    assert "userId" not in left
    assert left["context"]["sequence"] == 1


def test_the_user_is_known_on_later_pages_and_in_other_tabs(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = site.put("/")
    other, page = visit(profile, address), visit(profile, address)
    collector.wait(2)
    page.evaluate("waywiser.identify('42')")
    other.evaluate("waywiser.track('Elsewhere')")
    page.reload()
    events = collector.wait(5)
    assert [event.get("userId") for event in events] == [None, None, "42", "42", "42"]
    other.evaluate("waywiser.reset()")
    page.evaluate("waywiser.track('After')")
    after = next(event for event in collector.wait(6) if event.get("event") == "After")
    assert "userId" not in after
    assert after["anonymousId"] != events[0]["anonymousId"]


TRACES = "[document.cookie, ...Object.keys(localStorage)].filter(one => one)"


def without_cookies(site: Site) -> str:
    return site.script.replace("async", "async data-cookieless")


def test_a_cookieless_page_keeps_and_tells_no_id(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=without_cookies(site)))
    page.evaluate("waywiser.identify('42'); waywiser.track('Paid'); waywiser.reset(); waywiser.track('Left')")
    page.evaluate("waywiser.alias('43')")
    collector.wait(5)
    page.reload()
    for event in collector.wait(6):
        assert "anonymousId" not in event
        assert "previousId" not in event
        assert "sessionId" not in event["context"]
    users = sorted(
        (label(event), event.get("userId")) for event in collector.events if "page" not in label(event)
    )
    assert users == [("alias /", "43"), ("identify /", "42"), ("track Left", None), ("track Paid", "42")]
    assert [event.get("userId") for event in collector.events if event["type"] == "page"] == [None, None]
    assert page.evaluate(TRACES) == []
    assert profile.cookies() == []


def test_going_cookieless_removes_what_earlier_visits_left(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/before")
    site.put("/", head=without_cookies(site))
    page = visit(profile, site.at("www.shop.test") + "/before")
    collector.wait(1)
    page.evaluate("localStorage.other = 'of the site'; document.cookie = 'cart=7;path=/'")
    assert {c["name"] for c in profile.cookies()} == {"waywiser_id", "waywiser_session", "cart"}
    page.goto(site.at("www.shop.test") + "/")
    collector.wait(2)
    assert page.evaluate(TRACES) == ["cart=7", "other"]


def test_a_refusal_holds_on_cookieless_pages_until_it_is_taken_back(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    before = site.put("/before")
    address = site.put("/", head=without_cookies(site))
    page = visit(profile, before)
    collector.wait(1)
    page.evaluate("waywiser.optOut()")
    page.goto(address)
    page.wait_for_function(LOADED)
    page.evaluate("waywiser.optOut(); waywiser.track('Unseen')")
    page.reload()
    page.wait_for_function(LOADED)
    page.evaluate("waywiser.track('Unseen')")
    collector.wait(1, settle=0.5)
    assert [(c["name"], c["value"]) for c in profile.cookies()] == [("waywiser_consent", "opted-out")]
    page.evaluate("waywiser.optIn(); waywiser.track('Seen')")
    page.reload()
    assert labels(collector.wait(3)) == ["page /before", "track Seen", "page /"]
    assert page.evaluate(TRACES) == []


def test_a_cookieless_refusal_is_all_that_is_stored(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=without_cookies(site)))
    collector.wait(1)
    page.evaluate("waywiser.optOut(); waywiser.track('Unseen')")
    page.reload()
    collector.wait(1, settle=0.5)
    assert page.evaluate(TRACES) == ["waywiser_consent=opted-out", "waywiser_consent"]


@pytest.mark.parametrize("domain", ["shop.test", "shop.co.uk"])
def test_subdomains_share_the_visitor_and_a_reset(
    profile: BrowserContext, site: Site, collector: Collector, domain: str
) -> None:
    site.put("/")
    www = visit(profile, site.at(f"www.{domain}") + "/")
    www.evaluate("waywiser.identify('42')")
    app = visit(profile, site.at(f"app.{domain}") + "/")
    assert one(anonymous_ids(collector.wait(3)))
    assert {(c["name"], c["domain"]) for c in profile.cookies()} == {
        ("waywiser_id", f".{domain}"),
        ("waywiser_session", f".{domain}"),
    }
    app.evaluate("waywiser.reset()")
    www.evaluate("waywiser.track('Back')")
    events = collector.wait(4)
    back = next(event for event in events if event.get("event") == "Back")
    assert "userId" not in back
    assert len(set(anonymous_ids(events))) == 2
    assert all(UUID.fullmatch(event["messageId"]) for event in events), "plain http has no crypto.randomUUID"


@pytest.mark.parametrize("lost", ["cookie", "localStorage"])
def test_the_visitor_is_known_by_what_is_left(
    profile: BrowserContext, site: Site, collector: Collector, lost: str
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    if lost == "cookie":
        profile.clear_cookies()
    else:
        page.evaluate("localStorage.clear()")
    page.evaluate("localStorage.removeItem('waywiser_session')")
    profile.clear_cookies(name="waywiser_session")
    page.reload()
    known = one(anonymous_ids(collector.wait(2)))
    assert one([c["value"] for c in profile.cookies() if c["name"] == "waywiser_id"]) == known
    assert page.evaluate("localStorage.waywiser_id") == known


def test_the_cookie_goes_before_local_storage(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    page.evaluate(
        "document.cookie = 'waywiser_id=from-cookie;path=/'; localStorage.waywiser_id = 'from-storage'"
    )
    page.evaluate("waywiser.track('Now')")
    assert collector.wait(2)[1]["anonymousId"] == "from-cookie"


def test_an_opt_out_is_remembered_and_leaves_nothing_but_itself(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate("waywiser.identify('42'); waywiser.optOut(); waywiser.identify('42'); waywiser.track('No')")
    page.reload()
    page.wait_for_function(LOADED)
    page.evaluate("waywiser.reset(); waywiser.track('No')")
    collector.wait(1)
    assert page.evaluate("({...localStorage})") == {"waywiser_consent": "opted-out"}
    assert [(c["name"], c["value"]) for c in profile.cookies()] == [("waywiser_consent", "opted-out")]
    page.evaluate("waywiser.optIn(); waywiser.track('Yes')")
    before, after = sorted(collector.wait(2), key=lambda event: event["timestamp"])
    assert after["event"] == "Yes"
    assert after["anonymousId"] != before["anonymousId"]


# Clicks and forms


def test_a_declared_click_is_tracked_even_if_it_leaves_the_page(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/next")
    declared = 'data-ww-event="Plan Chosen" data-ww-prop-plan="pro" data-ww-prop-plan-name="Pro"'
    link = f'<a href="/next" {declared}><b>go</b></a>'
    page = visit(
        profile, site.put("/", link + "<script>onclick = event => event.stopImmediatePropagation()</script>")
    )
    page.click("b")
    page.wait_for_url("**/next")
    view, chosen, _ = events = collector.wait(3)
    assert labels(events) == ["page /", "track Plan Chosen", "page /next"]
    assert chosen["properties"] == {"plan": "pro", "plan-name": "Pro"}
    assert chosen["context"]["page"]["path"] == view["context"]["page"]["path"]


def test_a_declared_form_is_tracked_when_it_is_sent_not_when_it_is_clicked(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/sent")
    form = """<div data-ww-event="Box Clicked">
      <form action="/sent" data-ww-event="Form Sent" data-ww-prop-form="contact">
        <input name="secret" value="s3cret">
        <button id="inner" type="button" data-ww-event="Hint Opened">?</button>
        <button id="send">send</button>
      </form></div>"""
    page = visit(profile, site.put("/", form))
    page.click("#inner")
    page.click("#send")
    page.wait_for_url("**/sent*")
    events = collector.wait(5)
    assert labels(events)[:4] == ["page /", "track Hint Opened", "track Box Clicked", "track Form Sent"]
    assert events[3]["properties"] == {"form": "contact"}
    assert "s3cret" not in json.dumps(events[:4])


# Delivery


def test_a_page_closed_right_after_loading_loses_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.goto(site.put("/"))
    page.wait_for_timeout(200)
    page.evaluate("waywiser.track('Last'); history.pushState({}, '', '/last')")
    page.close()
    assert labels(collector.wait(3)) == ["page /", "track Last", "page /last"]


def test_a_burst_before_closing_goes_out_in_small_beacons_and_what_is_too_much_with_the_next_visit(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    page.evaluate("for (let i = 0; i < 150; i++) waywiser.track('Burst', {i, text: 'ä'.repeat(100)})")
    page.close()
    at_once = len(collector.wait_until_quiet()) - 1
    assert 30 < at_once < 150, "browsers let a closing page send 64 KiB"
    visit(profile, site.url + "/")
    events = collector.wait(152)
    assert [event["properties"]["i"] for event in events[1:-1]] == list(range(150))
    assert all(request.size < 32_768 for request in collector.requests)


def test_a_slow_answer_is_not_a_reason_to_send_twice(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.delay = 0.8
    site.put("/next")
    page = visit(profile, site.put("/"))
    page.wait_for_timeout(500)
    page.goto(site.url + "/next")
    assert labels(collector.wait(2, settle=1)) == ["page /", "page /next"]


def test_a_hidden_page_sends_at_once(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    page.evaluate(
        """() => {
            waywiser.track("Hidden");
            document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
            waywiser.track("After");
        }"""
    )
    collector.wait(3)
    assert [labels(request.body["batch"]) for request in collector.requests[1:]] == [
        ["track Hidden"],
        ["track After"],
    ]


def test_twenty_events_do_not_wait_for_more(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # No timer runs.
    page.goto(site.put("/"))
    page.wait_for_function(LOADED)
    page.evaluate("for (let i = 0; i < 18; i++) waywiser.track('One Of Many', {i})")
    collector.wait_until_quiet(0.3)
    assert collector.requests == []
    page.evaluate("waywiser.track('One Of Many', {i: 18})")
    assert labels(collector.wait(20)) == ["page /", *["track One Of Many"] * 19]
    assert len(collector.requests) == 1


def test_a_page_that_ends_hands_over_a_view_whose_title_it_still_waited_for(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    beacons = page.evaluate(
        """() => {
            const beacons = [], send = navigator.sendBeacon;
            navigator.sendBeacon = (...args) => beacons.push(args) && send.apply(navigator, args);
            history.pushState({}, "", "/last");
            dispatchEvent(new PageTransitionEvent("pagehide"));
            return beacons.length;
        }"""
    )
    assert beacons == 1
    assert labels(collector.wait(2)) == ["page /", "page /last"]


def test_a_failing_collector_gets_everything_once_when_it_is_well(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.status = 503
    page = visit(profile, site.put("/"))
    page.evaluate("waywiser.track('One')")
    collector.wait_for_attempts(2)
    page.evaluate("waywiser.track('Two')")
    collector.status = 200
    assert labels(collector.wait(3)) == ["page /", "track One", "track Two"]
    first, second, third = collector.requests
    assert 0.45 < second.at - first.at < 2
    assert 0.95 < third.at - second.at < 3.5
    sent_at = [request.body["sentAt"] for request in collector.requests]
    assert sent_at == sorted(set(sent_at)), "every attempt says anew when it was sent"


def test_a_collector_that_is_down_gets_everything_at_the_next_visit(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    collector.listener.down()
    page.evaluate("waywiser.track('Down')")
    page.wait_for_timeout(500)
    page.evaluate("waywiser.track('Still Down')")
    page.close()
    collector.listener.up()
    visit(profile, site.url + "/")
    assert labels(collector.wait(4)) == ["page /", "track Down", "track Still Down", "page /"]
    visit(profile, site.url + "/")
    collector.wait(5)


def test_an_offline_visitor_is_heard_at_the_next_visit(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    profile.set_offline(True)
    page.evaluate("waywiser.track('In A Tunnel')")
    page.close()
    profile.set_offline(False)
    late = profile.new_page()
    late.goto(site.put("/late", head=""))
    add = """src => {
        const script = Object.assign(document.createElement("script"), {src});
        script.dataset.key = "wb_test";
        document.head.append(script);
    }"""
    late.evaluate(add, collector.url + "/w.js")
    assert labels(collector.wait(3)) == ["page /", "track In A Tunnel", "page /late"]


def test_an_offline_page_sends_when_it_is_online_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    profile.set_offline(True)
    page.evaluate("waywiser.track('In A Tunnel')")
    page.wait_for_timeout(1600)
    profile.set_offline(False)
    collector.wait(2, seconds=0.5)


def test_a_crashed_page_is_taken_over_a_living_one_is_not(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.status = 503
    page = visit(profile, site.put("/"))
    collector.wait_for_attempts(1)
    page.evaluate(
        """() => {
            const event = '{"type":"track","messageId":"m","event":"Crashed","context":{"sequence":0}}';
            localStorage["waywiser_queue.wb_test." + (Date.now() - 61e3) + ".x"] = event;
            localStorage["waywiser_queue.wb_other." + (Date.now() - 61e3) + ".x"] = event;
        }"""
    )
    collector.status = 200
    visit(profile, site.url + "/")
    assert labels(collector.wait(3)) == ["track Crashed", "page /", "page /"]


def test_a_pause_that_the_collector_asks_for_holds_on_the_next_page_too(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.status, collector.headers = 429, {"Retry-After": "2"}
    page = visit(profile, site.put("/"))
    page.wait_for_function("localStorage['waywiser.pause']")
    collector.status, collector.headers = 200, {}
    page.goto(site.url + "/")
    assert labels(collector.wait(2)) == ["page /", "page /"]
    refused, accepted = collector.requests
    assert accepted.at - refused.at >= 1.95


@pytest.mark.parametrize("status", [401, 413])
def test_a_refused_batch_is_never_sent_again(
    profile: BrowserContext, site: Site, collector: Collector, status: int
) -> None:
    collector.status = status
    page = visit(profile, site.put("/"))
    collector.wait_for_attempts(1)
    collector.status = 200
    page.evaluate("waywiser.track('Fine')")
    assert labels(collector.wait(1)) == ["track Fine"]


def test_a_rejected_event_is_never_sent_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.answer = (
        b'{"success": true, "accepted": 0, "rejected": [{"index": 0, "code": "missing_identity"}]}'
    )
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.reload()
    collector.wait(2)


def test_ten_thousand_calls_fill_a_bounded_queue(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    kept = page.evaluate(
        f"() => {{ for (let i = 0; i < 10000; i++) waywiser.track('Loop', {{i}}); return {QUEUED}; }}"
    )
    assert 1000 < kept < 2500
    size = "Object.values(localStorage).reduce((sum, value) => sum + value.length, 0)"
    assert page.evaluate(size) < 1_001_000, "the site wants some room for itself"
    events = collector.wait(kept + 1, seconds=20)
    assert [event["context"]["sequence"] for event in events] == list(range(1, kept + 2))
    wait_until_answered(page)
    page.evaluate("waywiser.track('Next')")
    assert collector.wait(kept + 2)[-1]["context"]["sequence"] == 10002, "the gap shows what was lost"


WATCH_TASKS = """
  // Each request, and then the next moment at which the page itself could do something.
  window.log = [];
  const {fetch} = window;
  const channel = new MessageChannel();
  channel.port1.onmessage = () => log.push(0);
  window.fetch = function (...args) {
    log.push(args[1].body.length);
    channel.port2.postMessage(0);
    return fetch.apply(this, args);
  };
  const shelf = localStorage;
  window.writes = 0;
  const counted = new Proxy(shelf, {
    get: (_, name) => shelf[name],
    set: (_, name, value) => { writes++; shelf[name] = value; return true; },
  });
  Object.defineProperty(window, "localStorage", {get: () => counted});
"""


def test_after_ten_thousand_calls_other_tasks_of_the_page_have_their_turn(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script(WATCH_TASKS)
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    page.evaluate("writes = 0; log = []; for (let i = 0; i < 10000; i++) waywiser.track('Loop', {i});")
    writes_at_once = page.evaluate("writes")
    assert writes_at_once <= 2 * 10_000 + 10, (
        "one for the event, one for its number, the session now and then"
    )
    wait_until_answered(page)
    sizes = page.evaluate("log")
    assert page.evaluate("writes") - writes_at_once <= 10, "sending writes nothing"
    batches = [size for size in sizes if size]
    assert len(batches) > 20
    assert max(batches) < 32_768
    assert all(not (one and other) for one, other in pairwise(sizes)), "two batches in one task"
    collector.expected = len(collector.wait_until_quiet())


# Where it comes from and where it sends to


@pytest.mark.parametrize(
    ("script", "attribute", "path"),
    [
        ("/w.js", "", "/v1/batch"),
        ("/ww/w.js?v=2", "", "/ww/v1/batch"),
        ("/w.js", 'data-host="{collector}/metrics"', "/metrics/v1/batch"),
    ],
)
def test_it_sends_to_the_folder_that_it_came_from_or_to_the_host_it_is_given(
    profile: BrowserContext, site: Site, collector: Collector, script: str, attribute: str, path: str
) -> None:
    told = attribute.format(collector=collector.url)
    head = f'<script src="{collector.url}{script}" data-key="wb_test" {told}></script>'
    visit(profile, site.put("/", head=head))
    collector.wait(1)
    assert collector.requests[0].path == path


def test_a_host_on_the_site_itself_needs_only_its_path(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.route("**/metrics/v1/batch?*", lambda route: route.fulfill(json={"success": True}))
    with page.expect_request(site.url + "/metrics/v1/batch?*"):
        page.goto(site.put("/", head=site.script.replace("async", 'data-host="/metrics"')))


@pytest.mark.parametrize("address", ["/w.js?x=1", None])
def test_code_without_an_element_of_its_own_takes_the_one_with_its_key_not_that_of_another_vendor(
    profile: BrowserContext, site: Site, collector: Collector, address: str | None
) -> None:
    code = (
        f'<script src="{collector.url}{address}"></script>'
        if address
        else f"<script>{SCRIPT.read_text()}</script>"
    )
    other = '<script type="text/plain" src="https://other.test/tag.js" data-key="other"></script>'
    own = site.script.replace("async", 'type="text/plain"')
    visit(profile, site.put("/", head=other + own + code))
    collector.wait(1)
    assert collector.requests[0].write_key == "wb_test"


# A guest on the page


@pytest.mark.parametrize(
    "broken",
    [
        "Object.freeze(history)",
        "Intl.DateTimeFormat = () => { throw Error('broken') }",
        "delete window.Intl",
    ],
)
def test_what_the_page_has_broken_costs_only_itself(
    profile: BrowserContext, site: Site, collector: Collector, broken: str
) -> None:
    early = f"<script>{broken}; waywiser.track('Early')</script>"
    page = visit(profile, site.put("/", head=STUB + early + site.script))
    collector.wait(2)
    wait_until_answered(page)
    page.evaluate("waywiser.track('Last')")
    page.close()
    assert labels(collector.wait(3)) == ["page /", "track Early", "track Last"]


def test_names_that_the_page_has_taken_are_left_to_it(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    own = "<script>let screen = null; const history = []</script>"
    page = visit(profile, site.put("/", head=own + site.script))
    page.evaluate("window.history.pushState({}, '', '/next')")
    view, after = collector.wait(2)
    assert labels([view, after]) == ["page /", "page /next"]
    assert view["context"]["screen"] == {"width": 1000, "height": 700}
    assert page.evaluate("[history.length, Object.keys(history)]") == [0, []]


def test_a_call_that_says_nothing_is_named_in_the_console_and_sends_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    calls = ["identify()", "identify('')", "identify(null)", "identify([1])", "identify(NaN)", "identify({})"]
    calls += ["track()", "track('  ')", "group({})", "alias()", "consent('yes')"]
    for call in calls:
        page.evaluate(f"waywiser.{call}")
        assert said[-1].startswith("waywiser: unclear"), call
    assert len(said) == len(calls)
    page.evaluate("waywiser.identify(7); waywiser.identify({plan: 'pro'})")
    assert labels(collector.wait(3, settle=0.3)) == ["page /", "identify /", "identify /"]


def test_a_browser_under_remote_control_says_so(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script("Object.defineProperty(navigator, 'webdriver', {value: true})")
    visit(profile, site.put("/"))
    assert collector.wait(1)[0]["context"]["webdriver"] is True


def test_it_works_where_storage_is_blocked(profile: BrowserContext, site: Site, collector: Collector) -> None:
    site.put("/framed")
    page = profile.new_page()
    page.goto(site.put("/", '<iframe sandbox="allow-scripts" src="/framed"></iframe>', head=""))
    collector.wait(1)
    page.frames[1].evaluate("waywiser.identify('42'); waywiser.track('Framed')")
    view, identify, framed = collector.wait(3)
    assert one(anonymous_ids([view, identify, framed]))
    assert one(sessions([view, identify, framed]))
    assert framed["userId"] == "42"


def test_it_works_where_storage_is_full(profile: BrowserContext, site: Site, collector: Collector) -> None:
    filled = """<script>
      localStorage.clear();
      let size = 1 << 20, n = 0;
      while (size) try { localStorage["fill" + n++] = "x".repeat(size); } catch { size >>= 1; }
    </script>"""
    page = visit(profile, site.put("/", head=filled + site.script))
    page.evaluate("waywiser.track('One'); waywiser.track('Two')")
    events = collector.wait(3)
    assert one(anonymous_ids(events))
    assert one(sessions(events))


def test_included_twice_it_runs_once(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = visit(profile, site.put("/", site.script, head=STUB + site.script))
    page.wait_for_load_state()
    page.evaluate("waywiser.track('Once')")
    assert labels(collector.wait(2)) == ["page /", "track Once"]


def test_it_needs_no_more_than_a_strict_policy_allows(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    allowed = f"script-src {collector.url}; connect-src {collector.url}"
    policy = f"default-src 'none'; {allowed}; require-trusted-types-for 'script'"
    page = profile.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    page.goto(site.put("/", headers={"Content-Security-Policy": policy}))
    collector.wait(1)
    page.close()
    assert complaints == []


def test_calls_made_before_it_loads_are_replayed_in_order(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    early = """<script>
      waywiser.track("First", {n: 1}); waywiser.identify("42", {plan: "pro"});
      var held = waywiser.track; waywiser.track("Second"); waywiser.ready(function () { held("Third"); });
    </script>"""
    visit(profile, site.put("/", head=STUB + early + site.script))
    events = collector.wait(5)
    assert labels(events) == ["page /", "track First", "identify /", "track Second", "track Third"]
    assert [event.get("userId") for event in events] == [None, None, "42", "42", "42"]
    assert events[1]["properties"] == {"n": 1}


def test_an_opt_out_before_it_loads_lets_nothing_out(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=STUB + "<script>waywiser.optOut()</script>" + site.script))
    page.wait_for_timeout(300)
    page.close()
    collector.wait(0)
    assert collector.requests == []


def test_a_hostile_page_costs_only_what_cannot_be_written(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    hostile = """<script>
      Array.prototype.toJSON = String.prototype.toJSON = function () { return "broken"; };
      Object.prototype.extra = "extra"; Array.prototype.extra = "extra";
      Object.prototype.toJSON = function () { return "broken"; };
    </script>"""
    page = profile.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.goto(site.put("/", head=hostile + site.script))
    page.wait_for_function(LOADED)
    page.evaluate(
        """() => {
            const loop = {}; loop.self = loop;
            const bad = {get now() { throw new Error("getter"); }};
            waywiser.track("Strange", {
                list: [1, {deep: [2]}], text: "x\\u2028\\ud800", big: 10n, nested: {big: [1n]},
                when: new Date(0), nan: NaN, null: null,
                loop, bad, fn() {}, symbol: Symbol("s"), none: undefined, node: document.body, window,
            });
            waywiser.track("Looped", {loop, b: 1});
            waywiser.track("Bare", Object.assign(Object.create(null), {b: 1}));
            waywiser.track("Getter", {get a() { throw new Error("a"); }, b: 1});
            waywiser.track("Odd", "not an object");
            waywiser.track(); waywiser.track({}); waywiser.alias(); waywiser.group(NaN); waywiser.ready("x");
            waywiser.track("Huge", {text: "x".repeat(40000)});
            waywiser.identify(null, {plan: "pro"});
        }"""
    )
    view, strange, looped, bare, getter, odd, identify = collector.wait(7)
    assert view["context"]["page"]["path"] == "/"
    node = strange["properties"].pop("node", {})
    assert node == {}
    assert strange["properties"] == {
        "list": [1, {"deep": [2]}],
        "text": "x\u2028\ud800",
        "big": "10",
        "nested": {"big": ["1"]},
        "when": "1970-01-01T00:00:00.000Z",
        "nan": None,
        "null": None,
    }
    assert looped["properties"] == bare["properties"] == getter["properties"] == {"b": 1}
    assert odd["properties"] == {}
    assert ("userId" not in identify, identify["traits"]) == (True, {"plan": "pro"})
    assert errors == []


def test_it_leaves_one_name_on_the_page_and_no_trace_in_the_layout(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    watch = """<script>
      var before = new Set(Object.getOwnPropertyNames(window)).add("before").add("shifts"), shifts = 0;
      new PerformanceObserver(list => shifts += list.getEntries().length).observe({type: "layout-shift"});
    </script>"""
    page = visit(profile, site.put("/", "<p>text</p>" * 500, head=watch + site.script))
    collector.wait(1)
    assert page.evaluate("Object.getOwnPropertyNames(window).filter(name => !before.has(name))") == [
        "waywiser"
    ]
    assert page.evaluate("shifts") == 0
    assert page.evaluate("document.querySelectorAll('body > :not(p)').length") == 0
