"""What a visitor allows, in a real browser: nothing else is stored or sent, and nothing counts twice."""

import pytest
from playwright.sync_api import BrowserContext, Page

from js_snippet.test.capture import Collector, Site
from js_snippet.test.test_loss import COOKIE_WRITES
from js_snippet.test.visits import LOADED, STUB, TRACES, anonymous_ids, labels, leave, one, sessions, visit

pytestmark = pytest.mark.browser


def asking(site: Site, path: str = "/", more: str = "", attributes: str = 'data-consent="required"') -> str:
    return site.put(path, head=STUB + more + site.script.replace("async", f"async {attributes}"))


def has_ids(event: dict[str, object]) -> bool:
    return "anonymousId" in event


def test_nothing_is_stored_or_sent_before_the_visitor_has_answered(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    early = "<script>waywiser.track('Early')</script>"
    page = visit(profile, asking(site, more=early))
    page.evaluate("waywiser.identify('42'); waywiser.track('Later')")
    page.wait_for_timeout(400)
    assert page.evaluate(TRACES) == []
    page.close()
    collector.wait(0, settle=0.3)
    assert collector.requests == []


def test_what_was_held_back_is_sent_once_as_it_was_when_the_visitor_agrees(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    asking(site, "/next")
    page = visit(profile, asking(site))
    page.evaluate(
        """() => {
            const properties = {plan: "pro"};
            waywiser.track("Before", properties);
            properties.plan = "changed";
            waywiser.identify("42");
            history.pushState({}, "", "/next");
            waywiser.track("After");
        }"""
    )
    page.wait_for_timeout(200)
    page.evaluate("waywiser.consent('granted'); waywiser.consent('granted')")
    events = collector.wait(5, settle=0.3)
    assert labels(events) == ["page /", "track Before", "identify /", "page /next", "track After"]
    assert [event.get("userId") for event in events] == [None, None, "42", "42", "42"]
    assert events[1]["properties"] == {"plan": "pro"}
    assert events[0]["timestamp"] < events[4]["timestamp"]
    assert one(anonymous_ids(events))
    assert one(sessions(events))
    page.reload()
    events = collector.wait(6)
    assert events[5]["userId"] == "42"
    assert one(sessions(events)), "the answer is remembered"


def test_what_is_held_back_is_bounded(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = visit(profile, asking(site))
    page.evaluate("for (let i = 0; i < 1000; i++) waywiser.track('Loop', {i}); waywiser.consent('granted')")
    assert len(collector.wait(100)) == 100


@pytest.mark.parametrize("answer", ["consent('denied')", "optOut()"])
def test_a_refusal_drops_what_was_held_back_and_is_remembered_and_nothing_else(
    profile: BrowserContext, site: Site, collector: Collector, answer: str
) -> None:
    page = visit(profile, asking(site))
    page.evaluate(
        f"waywiser.track('Held'); waywiser.{answer}; waywiser.track('After'); waywiser.identify('42')"
    )
    page.reload()
    page.wait_for_function(LOADED)
    page.evaluate("waywiser.track('Unseen'); waywiser.reset(); waywiser.alias('7')")
    page.wait_for_timeout(400)
    said = "denied" if "denied" in answer else "opted-out"
    assert page.evaluate(TRACES) == [f"waywiser_consent={said}", "waywiser_consent"]
    collector.wait(0)
    page.evaluate("waywiser.consent('granted'); waywiser.track('Wanted')")
    if said == "denied":
        assert labels(collector.wait(1, settle=0.3)) == ["track Wanted"]
    else:
        collector.wait(0, settle=0.4)
        page.evaluate("waywiser.optIn(); waywiser.consent('granted'); waywiser.track('Wanted')")
        assert labels(collector.wait(1, settle=0.3)) == ["track Wanted"]


def test_a_refusal_at_run_time_removes_everything(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate("localStorage['waywiser_queue.wb_old.1.x'] = '{}'")
    page.evaluate("waywiser.identify('42'); waywiser.consent('denied'); waywiser.track('Unseen')")
    assert page.evaluate(TRACES) == ["waywiser_consent=denied", "waywiser_consent"]
    collector.wait(1, settle=0.4)


def test_cookieless_by_answer_sends_without_ids_and_stores_the_answer_alone(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, asking(site))
    page.evaluate("waywiser.track('Held'); waywiser.consent('cookieless'); waywiser.track('After')")
    events = collector.wait(3, settle=0.3)
    assert labels(events) == ["page /", "track Held", "track After"]
    assert not any(has_ids(event) or "sessionId" in event["context"] for event in events)
    assert page.evaluate(TRACES) == ["waywiser_consent=cookieless", "waywiser_consent"]
    page.reload()
    assert not has_ids(collector.wait(4)[-1])


def test_agreeing_after_cookieless_starts_ids_without_counting_the_page_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, asking(site, attributes="data-cookieless"))
    page.evaluate("waywiser.identify('42')")
    collector.wait(2)
    page.evaluate("waywiser.consent('granted'); waywiser.track('With Ids')")
    page.reload()
    events = sorted(collector.wait(4, settle=0.3), key=lambda event: event["timestamp"])
    assert labels(events) == ["page /", "identify /", "track With Ids", "page /"]
    assert [has_ids(event) for event in events] == [False, False, True, True]
    assert one(anonymous_ids(events[2:]))
    assert one(sessions(events[2:]))
    assert one([event["userId"] for event in events[2:]]) == "42"


def test_going_cookieless_at_run_time_loses_no_event_and_leaves_no_id(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate(
        """() => {
            localStorage["waywiser_queue.wb_other.1.x"] = '{"of": "another project"}';
            waywiser.track("Before");
            waywiser.consent("cookieless");
            waywiser.track("After");
        }"""
    )
    events = {event.get("event"): event for event in collector.wait(3)}
    assert has_ids(events["Before"])
    assert not has_ids(events["After"])
    assert set(page.evaluate(TRACES)) == {
        "waywiser_consent=cookieless",
        "waywiser_consent",
        "waywiser_queue.wb_other.1.x",
    }


@pytest.mark.parametrize("way", ["consent('cookieless')", "track('Last')"])
def test_what_waits_is_kept_in_memory_by_a_page_without_cookies_until_the_collector_is_well(
    profile: BrowserContext, site: Site, collector: Collector, way: str
) -> None:
    """Also what a visit before left, where the site itself has become one without cookies."""
    collector.status = 503
    page = visit(profile, site.put("/"))
    page.evaluate("waywiser.track('Before')")
    collector.wait_for_attempts(1)
    if "track" in way:
        page.goto(asking(site, "/now", attributes="data-cookieless"))
        page.wait_for_function(LOADED)
    page.evaluate(f"waywiser.{way}")
    assert "queue" not in str(page.evaluate(TRACES))
    collector.status = 200
    collector.wait(4 if "track" in way else 2)
    events = sorted(collector.events, key=lambda event: event["timestamp"])
    assert [label for label in labels(events) if label != "page /now"][:2] == ["page /", "track Before"]
    assert [has_ids(event) for event in events] == [True, True, False, False][: len(events)]


def test_a_refusal_also_ends_what_the_collector_asked_for(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.status, collector.headers = 429, {"Retry-After": "60"}
    page = visit(profile, site.put("/"))
    page.wait_for_function("localStorage['waywiser.pause']")
    page.evaluate("waywiser.consent('denied')")
    assert page.evaluate(TRACES) == ["waywiser_consent=denied", "waywiser_consent"]
    collector.wait(0)


def test_an_answer_in_one_tab_holds_in_the_other(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = asking(site)
    first, second = visit(profile, address), visit(profile, address)
    second.wait_for_timeout(200)
    first.evaluate("waywiser.consent('granted')")
    collector.wait(1)
    second.evaluate("waywiser.track('Second')")
    events = collector.wait(3)
    assert one(sessions(events))
    first.evaluate("waywiser.consent('denied')")
    second.evaluate("waywiser.track('Unseen')")
    collector.wait(3, settle=0.4)


SIGNALS = {
    "gpc": "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})",
    "dnt": "Object.defineProperty(navigator, 'doNotTrack', {value: '1'})",
}


@pytest.mark.parametrize(
    ("signal", "respected", "before", "counts"),
    [
        ("gpc", "gpc dnt", "", False),
        ("dnt", "gpc dnt", "", False),
        ("gpc", "gpc", "waywiser.consent('granted')", True),
        ("gpc", "gpc", "waywiser.consent('cookieless')", False),
        ("gpc", "dnt", "", True),
        ("dnt", "gpc", "", True),
        ("dnt", "", "", True),
    ],
)
def test_a_signal_of_the_browser_refuses_where_the_site_respects_it(
    profile: BrowserContext,
    site: Site,
    collector: Collector,
    signal: str,
    respected: str,
    before: str,
    counts: bool,
) -> None:
    profile.add_init_script(SIGNALS[signal])
    early = f"<script>{before}</script>"
    page: Page = visit(profile, asking(site, more=early, attributes=f'data-respect="{respected}"'))
    page.wait_for_timeout(100 if counts else 500)
    assert labels(collector.wait(int(counts))) == ["page /"] * counts
    if not counts:
        assert "waywiser_id" not in str(page.evaluate(TRACES))


def test_an_older_cookie_of_the_page_s_own_host_hides_no_refusal(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/")
    page = visit(profile, site.at("www.shop.test") + "/")
    collector.wait(1)
    page.evaluate("document.cookie = 'waywiser_id=11111111-1111-4111-8111-111111111111;path=/'")
    page.evaluate("document.cookie = 'waywiser_consent=granted;path=/'")
    app = visit(profile, site.at("app.shop.test") + "/")
    collector.wait(2)
    app.evaluate("waywiser.optOut()")
    page.evaluate("waywiser.track('Unseen')")
    collector.wait(2, settle=0.4)
    assert {cookie["name"] for cookie in profile.cookies()} == {"waywiser_consent"}


def test_an_answer_that_is_given_on_every_page_changes_no_cookie(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    asking(site, more="<script>waywiser.consent('granted')</script>")
    page = visit(profile, site.at("www.shop.test") + "/")
    for views in (1, 2, 3):
        page.evaluate("waywiser.track('Seen')")
        events = collector.wait(2 * views)
        assert {(cookie["name"], cookie["domain"]) for cookie in profile.cookies()} == {
            ("waywiser_id", ".shop.test"),
            ("waywiser_session", ".shop.test"),
            ("waywiser_consent", ".shop.test"),
        }
        page.reload()
        page.wait_for_function(LOADED)
    assert one(anonymous_ids(events))
    assert one(sessions(events))
    collector.wait(7)


def test_an_answer_that_is_none_changes_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, asking(site))
    page.evaluate("waywiser.consent('yes'); waywiser.consent(); waywiser.consent({})")
    assert page.evaluate(TRACES) == []
    collector.wait(0, settle=0.4)


@pytest.mark.parametrize("answer", ["consent('denied')", "optOut()", "consent('cookieless')"])
def test_an_answer_given_before_it_loads_counts_before_anything_is_written(
    profile: BrowserContext, site: Site, collector: Collector, answer: str
) -> None:
    profile.add_init_script(COOKIE_WRITES)
    early = f"<script>waywiser.track('Early'); waywiser.{answer}</script>"
    page = visit(profile, site.put("/", head=STUB + early + site.script))
    collector.wait(2 if "cookieless" in answer else 0, settle=0.3)
    kept = page.evaluate("written.filter(text => !text.includes('max-age=0'))")
    assert {text.split("=")[0] for text in kept} == {"waywiser_consent"}
    assert not any(has_ids(event) for event in collector.events)


def test_an_opt_out_of_before_stays_whatever_is_answered_before_it_loads(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    page.evaluate("waywiser.optOut(); localStorage.clear()")
    early = "<script>waywiser.consent('granted'); waywiser.track('Early')</script>"
    page.goto(site.put("/next", head=STUB + early + site.script))
    page.wait_for_function(LOADED)
    collector.wait(1, settle=0.4)
    assert {cookie["name"] for cookie in profile.cookies()} == {"waywiser_consent"}


def test_a_tab_that_is_closed_tells_what_it_held_if_the_visitor_has_agreed_in_another(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    address = asking(site, attributes='data-consent="required" data-auto=""')
    first, second = visit(profile, address), visit(profile, address)
    second.evaluate("waywiser.track('Held')")
    first.evaluate("waywiser.consent('granted')")
    collector.wait(1)
    leave(second)
    assert sorted(labels(collector.wait(3))) == ["page /", "page /", "track Held"]
