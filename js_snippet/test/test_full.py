"""What the full file does besides, in a real browser: vitals, errors, clicks in vain, domains, hints."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from js_snippet.test.capture import Collector, Event, Site
from js_snippet.test.visits import UUID, labels, one, sessions, visit

pytestmark = pytest.mark.browser


def full(site: Site, **attributes: str) -> str:
    """The script element of the full file."""
    words = " ".join(f'data-{name}="{value}"' for name, value in attributes.items())
    return site.script.replace("/w.js", "/w.full.js").replace("async", f"async {words}")


def properties(events: list[Event]) -> list[Any]:
    return [event["properties"] for event in events]


def test_the_full_file_does_what_the_default_one_does_and_no_more_unless_asked(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    body = """<a href="http://other.test:1/">out</a><button style="cursor: pointer">dead</button>
      <script>onclick = event => event.preventDefault()</script>"""
    page = profile.new_page()
    page.clock.install()
    page.goto(site.put("/", body, head=full(site)))
    collector.wait(1)
    page.click("a")
    for _ in range(4):
        page.click("button")
    page.clock.fast_forward(3000)
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.evaluate("waywiser.track('Last')")
    view, *events = collector.wait(3)
    assert labels(events) == ["track Outbound Link Clicked", "track Last"]
    assert "userAgentData" not in view["context"]


# Web vitals


def test_web_vitals_come_from_a_file_that_only_who_asks_for_them_loads(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    asked: list[str] = []
    profile.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page = visit(profile, site.put("/without", "<p>text</p>", head=full(site, more="errors")))
    page.wait_for_load_state("networkidle")
    assert "w.vitals.js" not in asked
    page.close()
    collector.wait(1)

    site.put("/next", head="<title>next</title>")
    page = visit(profile, site.put("/", "<p>text</p><button>b</button>", head=full(site, more="vitals")))
    page.wait_for_load_state("networkidle")
    assert asked.count("w.vitals.js") == 1
    page.click("button")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    page.goto(site.url + "/next")
    *_, vitals = collector.wait(3)
    assert vitals["event"] == "Web Vitals"
    assert {"ttfb", "fcp", "lcp", "cls"} <= set(vitals["properties"]) <= {"ttfb", "fcp", "lcp", "cls", "inp"}
    assert 0 < vitals["properties"]["lcp"] < 30_000
    assert vitals["properties"]["cls"] < 1
    assert vitals["context"]["page"]["path"] == "/"


# JavaScript errors


def test_errors_are_told_once_and_without_what_addresses_may_hide(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    body = """<img src="/missing.png"><script>
        function first() { throw new Error("first " + location.href + "?token=s3cret#part"); }
        function second() {
          null.field; }
        function third() { Promise.reject(new TypeError("late")); }
        function fourth() { Promise.reject("plain"); }
        function fifth() { throw new Error("long ".repeat(1000)); }
        function sixth() { Promise.reject({get stack() { throw 1 }}); }
      </script>"""
    page = visit(profile, site.put("/", body, head=full(site, more="errors")))
    page.evaluate("for (const run of [first, first, second, third, fourth, fifth, sixth]) setTimeout(run)")
    _, *errors = collector.wait(6)
    assert labels(errors) == ["track JavaScript Error"] * 5
    at = {"file": site.url + "/"}
    assert sorted(properties(errors), key=lambda one: len(one["message"])) == [
        {"message": "plain"},
        {"message": "TypeError: late", "line": 5, **at},
        {"message": f"Uncaught Error: first {site.url}/", "line": 2, **at},
        {"message": "Uncaught TypeError: Cannot read properties of null (reading 'field')", "line": 4, **at},
        {"message": ("Uncaught Error: " + "long " * 40)[:200], "line": 7, **at},
    ]
    assert "s3cret" not in str(errors)


def test_many_errors_are_told_no_more_than_ten_times(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=full(site, more="errors")))
    page.evaluate("for (let n = 0; n < 50; n++) setTimeout(() => { throw new Error('number ' + n) })")
    page.evaluate("waywiser.track('After')")
    collector.wait(12)


def test_an_error_of_the_snippet_itself_makes_no_further_one(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    breaking = """<script>
      var thrown = 0;
      console.warn = () => { thrown += 1; throw new Error("warned") };
    </script>"""
    page = visit(profile, site.put("/", head=breaking + full(site, more="errors")))
    collector.wait(1)
    page.evaluate("() => { TextEncoder.prototype.encode = () => { throw new Error('broken') } }")
    page.evaluate("setTimeout(() => { throw new Error('of the page') })")
    page.wait_for_function("thrown > 0")
    page.wait_for_timeout(200)
    assert page.evaluate("thrown") < 5
    collector.wait(1)


# Clicks that show trouble


def test_clicks_in_anger_are_told_once_for_each_fit(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    body = """<button id="buy" class="big  red" style="user-select: none">buy</button>
      <button id="far" style="margin: 200px">far</button><p>some text to select</p>"""
    page = visit(profile, site.put("/", body, head=full(site, more="rage")))
    for _ in range(5):
        page.click("#buy")
    for target in ["#far", "#buy", "#far", "#buy"]:
        page.click(target)
    page.click("p", click_count=3)
    page.focus("#far")
    for _ in range(3):
        page.keyboard.press("Enter")
    page.evaluate("waywiser.track('After')")
    _, rage, after = collector.wait(3)
    assert (rage["event"], rage["properties"]) == ("Rage Click", {"element": "button#buy.big.red"})
    assert after["event"] == "After"


SCROLLING = """<button id=x onclick='window.scrollTo(0, 9)'>x</button><p style='height: 9999px'>
  <script>var scrolled = 0; addEventListener("scroll", () => scrolled++)</script>"""


@pytest.mark.parametrize(
    ("body", "target", "is_dead"),
    [
        ("<button id=x>x</button>", "#x", True),
        ("<div id=x style='cursor: pointer'><b>x</b></div>", "#x b", True),
        ("<a id=x href='#'>x</a><script>x.onclick = () => false</script>", "#x", True),
        ("<a id=x href='/next'>x</a><script>x.onclick = () => false</script>", "#x", True),
        ("<a id=x href='javascript:void(0)'>x</a>", "#x", True),
        ("<a id=x href=' JavaScript:;'>x</a>", "#x", True),
        ("<a id=x href='javascript:document.title = 1'>x</a>", "#x", False),
        ("<p id=x>x</p>", "#x", False),
        ("<button id=x onclick='x.textContent = 1'>x</button>", "#x", False),
        ("<button id=x onclick='setTimeout(() => x.title = 1, 1500)'>x</button>", "#x", False),
        ("<button id=x onclick='history.replaceState({}, 0, `?a`)'>x</button>", "#x", False),
        (SCROLLING, "#x", False),
        ("<form onsubmit='return false'><button id=x>x</button></form>", "#x", False),
        ("<input id=x type=checkbox style='cursor: pointer'>", "#x", False),
        ("<a id=x href='mailto:a@b.test'>x</a>", "#x", False),
        ("<input id=other><button id=x onclick='other.focus()'>x</button>", "#x", False),
    ],
)
def test_a_click_after_which_nothing_happens_is_dead(
    profile: BrowserContext, site: Site, collector: Collector, body: str, target: str, is_dead: bool
) -> None:
    page = profile.new_page()
    page.clock.install()
    page.goto(site.put("/", body, head=full(site, more="dead", auto="")))
    collector.wait(1)
    page.click(target)
    page.wait_for_function("window.scrolled !== 0")
    page.clock.run_for(1600)
    page.clock.run_for(1600)
    page.evaluate("waywiser.track('After')")
    events = collector.wait(3 if is_dead else 2)
    assert [label for label in labels(events) if "Dead" in label] == ["track Dead Click"] * is_dead
    if is_dead:
        (dead,) = (event for event in events if event.get("event") == "Dead Click")
        assert dead["properties"]["element"] in {"button#x", "b", "a#x"}
        assert dead["timestamp"] < events[-1]["timestamp"]


# Other domains

DOMAINS = "shop.test pay.test"


class Shops:
    """Two sites of one owner, on domains that share no cookie."""

    def __init__(self, site: Site, attributes: dict[str, str] | None = None) -> None:
        self.shop, self.pay = site.at("www.shop.test"), site.at("pay.test")
        link = f'<a id="pay" href="{self.pay}/pay?item=1&empty#part">pay</a>'
        head = full(site, domains=DOMAINS, **(attributes or {}))
        site.put("/", link, head=head)
        site.put("/pay", head=head)
        site.put("/elsewhere", link, head="<title>elsewhere</title>")


def test_a_visitor_who_follows_a_link_to_another_domain_stays_one(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    shops = Shops(site)
    page = visit(profile, shops.shop + "/")
    page.click("#pay")
    page.wait_for_url("**/pay*")
    first, second = sorted(collector.wait(3), key=lambda event: event["timestamp"])[::2]
    assert UUID.fullmatch(one([first["anonymousId"], second["anonymousId"]]))
    assert one(sessions([first, second]))
    assert second["context"]["page"]["url"] == f"{shops.pay}/pay?item=1&empty"
    assert page.url == f"{shops.pay}/pay?item=1&empty#part"
    assert "ww_visitor" not in str(collector.events)
    page.reload()
    assert len({event["anonymousId"] for event in collector.wait(4)}) == 1


@pytest.mark.whole_browser
def test_the_link_itself_stays_as_it_was(profile: BrowserContext, site: Site, collector: Collector) -> None:
    shops = Shops(site)
    page = visit(profile, shops.shop + "/")
    with profile.expect_page() as opened:
        page.click("#pay", button="middle")
    opened.value.wait_for_load_state()
    assert page.get_attribute("#pay", "href") == f"{shops.pay}/pay?item=1&empty#part"
    assert len({event["anonymousId"] for event in collector.wait(3)}) == 1


def test_two_clicks_at_once_leave_the_link_as_it_was_too(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    shops = Shops(site)
    page = visit(profile, shops.shop + "/")
    page.evaluate("addEventListener('click', event => event.preventDefault()); pay.click(); pay.click()")
    page.wait_for_function(
        "plain => pay.getAttribute('href') === plain", arg=f"{shops.pay}/pay?item=1&empty#part"
    )
    page.wait_for_timeout(50)
    assert page.get_attribute("#pay", "href") == f"{shops.pay}/pay?item=1&empty#part"
    collector.wait(3)


@pytest.mark.parametrize("kind", ["area", "svg"])
def test_a_place_on_a_map_and_a_link_in_a_drawing_take_the_visitor_along(
    profile: BrowserContext, site: Site, collector: Collector, kind: str
) -> None:
    shops = Shops(site)
    to = f"{shops.pay}/pay?item=1#part"
    drawing = f'<svg width=90 height=90><a id=x href="{to}"><rect width=90 height=90 /></a></svg>'
    old = f'<svg width=90 height=90><a xlink:href="{to}"><rect width=9 height=9 /></a></svg>'
    shape = f'<map name=m><area id=x shape=default href="{to}"></map><img usemap=#m width=90 height=90 alt=m>'
    site.put("/", drawing + old if kind == "svg" else shape, head=full(site, domains=DOMAINS))
    page = visit(profile, shops.shop + "/")
    page.mouse.click(40, 40) if kind == "svg" else page.evaluate("x.click()")
    page.wait_for_url(to)
    page.wait_for_function("window.waywiser && waywiser.version")
    collector.wait_until_quiet(is_enough=lambda: "page /pay" in labels(collector.events))
    pages = [event for event in collector.events if event["type"] == "page"]
    collector.expected = len(collector.events)
    assert len(pages) == 2
    assert one([event["anonymousId"] for event in pages])


def test_a_user_who_is_known_on_the_other_domain_stays_known(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    shops = Shops(site)
    page = visit(profile, shops.pay + "/pay")
    page.evaluate("waywiser.identify('42')")
    collector.wait(2)
    page.goto(shops.shop + "/")
    page.click("#pay")
    page.wait_for_url("**/pay*")
    events = collector.wait(5)
    arrived = next(event for event in events if "?" in event["context"]["page"]["url"])
    seen = next(event for event in events if event["context"]["page"]["path"] == "/")
    assert (arrived["userId"], arrived["anonymousId"]) == ("42", seen["anonymousId"])


def caught(profile: BrowserContext, page: Page, shops: Shops) -> str:
    """The address with a token that the link leads to; the visitor does not get there."""
    addresses: list[str] = []

    def catch(route: Route) -> None:
        addresses.append(route.request.url)
        route.abort()

    profile.route("**/pay?*", catch)
    with page.expect_event("requestfailed"):
        page.click("#pay")
    profile.unroute("**/pay?*")
    assert "ww_visitor=" in addresses[0]
    return addresses[0]


@pytest.mark.parametrize("case", ["late", "changed", "other host", "from elsewhere", "typed in", "in time"])
def test_a_token_counts_only_fresh_unchanged_and_from_a_listed_domain(
    profile: BrowserContext, site: Site, collector: Collector, case: str
) -> None:
    shops = Shops(site)
    page = visit(profile, shops.shop + "/")
    collector.wait(1)
    address = caught(profile, page, shops)
    known = collector.wait(2)[0]["anonymousId"]
    page = profile.new_page()
    referrer = shops.shop + "/"
    if case == "late":
        page.clock.install()
        page.clock.fast_forward(121_000)
    if case == "in time":
        page.clock.install()
        page.clock.fast_forward(90_000)
    if case == "changed":
        address = re.sub(r"(ww_visitor=\w+\.)\w{8}", r"\g<1>00000000", address)
    if case == "other host":
        address = address.replace("//pay.test", "//www.pay.test")
    if case == "from elsewhere":
        referrer = "http://evil.test/"
    if case == "typed in":
        page.goto(address)
    else:
        page.goto(address, referer=referrer)
    page.wait_for_function("() => !location.href.includes('ww_visitor')")
    arrived = max(collector.wait(3), key=lambda event: event["timestamp"])
    assert (arrived["anonymousId"] == known) == (case == "in time")


def test_who_refused_on_the_other_domain_is_not_known_again(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    shops = Shops(site)
    page = visit(profile, shops.pay + "/pay")
    page.evaluate("waywiser.optOut()")
    page.goto(shops.shop + "/")
    page.click("#pay")
    page.wait_for_url(f"{shops.pay}/pay?item=1&empty#part")
    page.wait_for_timeout(200)
    assert page.evaluate("localStorage.waywiser_id") is None
    collector.wait_until_quiet(is_enough=lambda: "track Outbound Link Clicked" in labels(collector.events))
    events = sorted(collector.events, key=lambda event: event["context"]["sequence"])
    collector.expected = len(events)
    assert [label for label in labels(events) if label != "page /pay"] == [
        "page /",
        "track Outbound Link Clicked",
    ]
    assert len([event for event in events if "?" in event["context"]["page"]["url"]]) == 0


@pytest.mark.parametrize("attribute", ["cookieless", "out"])
def test_who_is_not_to_be_known_takes_no_token_along(
    profile: BrowserContext, site: Site, collector: Collector, attribute: str
) -> None:
    shops = Shops(site, {"cookieless": ""} if attribute == "cookieless" else {})
    page = visit(profile, shops.shop + "/")
    if attribute == "out":
        page.evaluate("waywiser.optOut()")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.click("#pay")
    page.wait_for_url("**/pay*")
    assert "ww_visitor" not in str(addresses)
    collector.wait_until_quiet(
        is_enough=lambda: attribute == "out" or "page /pay" in labels(collector.events)
    )
    collector.expected = len(collector.events)


def test_links_to_domains_that_are_not_listed_stay_bare(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    away = site.at("notshop.test") + "/elsewhere"
    Shops(site)
    head = full(site, domains=DOMAINS)
    page = visit(profile, site.at("shop.test") + site.put("/x", f'<a href="{away}">a</a>', head=head)[-2:])
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.click("a")
    page.wait_for_url(away)
    assert "ww_visitor" not in str(addresses)
    collector.wait(2)


# Client hints


def test_client_hints_are_asked_for_by_option(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    visit(profile, site.put("/", head=full(site, more="hints")))
    (view,) = collector.wait(1)
    data = view["context"]["userAgentData"]
    assert {"brands", "mobile", "platform", "fullVersionList", "platformVersion"} <= set(data)
    assert view["context"]["library"]["name"] == "waywiser-js"
