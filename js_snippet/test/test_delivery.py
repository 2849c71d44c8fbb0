"""When and how events are sent, and that a collector which is slow, away or unwell gets each of them once."""

import time
from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site
from js_snippet.test.visits import LOADED, QUEUED, labels, leave, visit, wait_until_answered

pytestmark = pytest.mark.browser


def test_a_page_closed_right_after_loading_loses_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.goto(site.put("/"))
    page.wait_for_timeout(200)
    page.evaluate("waywiser.track('Last'); history.pushState({}, '', '/last')")
    leave(page)
    assert labels(collector.wait(3)) == ["page /", "track Last", "page /last"]


def test_a_burst_before_closing_goes_out_in_small_beacons_and_what_is_too_much_with_the_next_visit(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    wait_until_answered(page)
    collector.delay = 1.5  # what was sent before the page closes is still under way then
    page.evaluate("for (let i = 0; i < 150; i++) waywiser.track('Burst', {i, text: 'ä'.repeat(100)})")
    leave(page)
    collector.wait_for_attempts(2)
    at_once = len(collector.wait_until_quiet(2)) - 1
    collector.delay = 0
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
    # How long it was in front would be told along with it.
    page = visit(profile, site.put("/", head=site.script.replace("async", 'async data-auto=""')))
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
    first, second, third, *_ = collector.requests
    assert 0.45 < second.at - first.at < 25
    assert 0.95 < third.at - second.at < 25
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
    page = profile.new_page()
    page.clock.install()
    page.goto(site.put("/"))
    collector.wait(1)
    profile.set_offline(True)
    page.evaluate("waywiser.track('In A Tunnel')")
    page.wait_for_timeout(1600)
    page.clock.pause_at(time.time() + 60)  # No timer runs, and the next try is seconds away.
    profile.set_offline(False)
    page.wait_for_function("navigator.onLine")
    page.clock.run_for(400)  # longer than events are gathered
    collector.wait(2)


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
    refused, accepted, *_ = collector.requests
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
    events = collector.wait(kept + 1, seconds=90)
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
