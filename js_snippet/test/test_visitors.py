"""Who acts, and in which session: over pages, tabs, subdomains and time, and where ids may not be kept."""

from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site, label
from js_snippet.test.visits import LOADED, TRACES, UUID, anonymous_ids, labels, one, sessions, visit

pytestmark = pytest.mark.browser


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
    other.wait_for_function("Object.values(localStorage).includes('42')")
    other.evaluate("waywiser.track('Elsewhere')")
    page.reload()
    events = collector.wait(5)
    assert [event.get("userId") for event in events] == [None, None, "42", "42", "42"]
    other.evaluate("waywiser.reset()")
    page.evaluate("waywiser.track('After')")
    after = next(event for event in collector.wait(6) if event.get("event") == "After")
    assert "userId" not in after
    assert after["anonymousId"] != events[0]["anonymousId"]


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
