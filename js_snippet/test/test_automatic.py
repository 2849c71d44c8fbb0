"""What the snippet measures by itself, in a real browser: engagement, links, downloads, forms."""

import time
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from js_snippet.test.capture import Collector, Event, Site
from js_snippet.test.visits import labels, leave, one, sessions, visit, wait_until_answered

pytestmark = pytest.mark.browser

TALL = '<div style="height: 2800px">text</div>'  # four screens with the margin left out
NO_MARGIN = "<style>body { margin: 0 }</style>"
SHOW = """isShown => {
  const say = (name, value) => Object.defineProperty(document, name, {value, configurable: true});
  say("hidden", !isShown);
  say("visibilityState", isShown ? "visible" : "hidden");
  document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
}"""


def reader(profile: BrowserContext, address: str, *signs: int) -> Page:
    """A visitor whose clock jumps: so many seconds, each time with a sign of the visitor after them."""
    page = profile.new_page()
    page.clock.install()
    page.goto(address)
    page.wait_for_function("() => !!(window.waywiser && window.waywiser.version)")
    use(page, *signs)
    return page


def use(page: Page, *gaps: int) -> None:
    for gap in gaps:
        wait_until_answered(page)
        page.clock.fast_forward(gap * 1000)
        page.keyboard.press("Shift")


def scroll_to(page: Page, element: str, top: int) -> None:
    """By a script, without a sign of the visitor; and waits until it may have been noticed."""
    page.evaluate(
        f"""new Promise(done => {{
            {element}.scrollTop = {top} || 1;
            addEventListener("scroll", () => setTimeout(done), {{capture: true, once: true}});
        }})"""
    )
    page.clock.fast_forward(300)


def engaged(collector: Collector, reports: list[Event]) -> Any:
    """Seconds: up to three too few, or so many too many as the test itself has taken."""
    few, many = 3, max(3, time.monotonic() - collector.begun)
    told = [report["properties"]["engaged_seconds"] for report in reports]
    return pytest.approx([one + (few - many) / 2 for one in told], abs=(few + many) / 2)


def seconds(event: Event) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def properties(event: Event) -> Any:
    return event["properties"]


# Engagement


def test_time_and_depth_of_a_page_are_reported_when_it_is_left(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/", NO_MARGIN + TALL), 20, 20)
    scroll_to(page, "document.scrollingElement", 700)
    use(page, 5)
    page.evaluate("scrollTo(0, 0)")
    leave(page)
    (view,) = collector.wait(1)
    (report,) = collector.wait_for_reports(1)
    assert engaged(collector, [report]) == [45]
    assert report["properties"]["scroll_percent"] == 50
    assert set(report["properties"]) == {"engaged_seconds", "scroll_percent"}
    assert report["type"] == "track"
    assert one(sessions([view, report]))
    assert report["context"]["page"] == view["context"]["page"]


def test_a_page_seen_for_less_than_a_second_is_not_worth_a_report(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(site.put("/"))
    page.clock.run_for(900)
    page.close()
    collector.wait(1)
    collector.wait_for_reports(0)


def test_time_without_a_sign_of_the_visitor_does_not_count(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/"), 10, 31, 600, 7)
    leave(page)
    reports = collector.wait_for_reports(2)
    assert engaged(collector, reports) == [10, 7]
    assert 630 < seconds(reports[1]) - seconds(reports[0]) < 690
    collector.wait(1)


def test_the_pages_of_a_single_page_application_are_reported_each_for_itself(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/", NO_MARGIN + TALL), 10)
    # As frameworks do: the new content is there before the new address.
    page.evaluate(
        """() => {
            document.querySelector("div").style.height = "7000px";
            history.pushState({}, "", "/a");
        }"""
    )
    use(page, 20)
    page.evaluate("history.replaceState({}, '', '/a?filter=1')")
    use(page, 4)
    leave(page)
    views, reports = collector.wait(2), collector.wait_for_reports(2)
    assert engaged(collector, reports) == [10, 24]
    assert [report["properties"]["scroll_percent"] for report in reports] == [25, 10]
    assert [report["context"]["page"]["path"] for report in reports] == ["/", "/a"]
    everything = sorted([*views, *reports], key=lambda event: event["context"]["sequence"])
    assert labels(everything) == ["page /", "track Page Engaged", "page /a", "track Page Engaged"]


def test_a_hidden_page_counts_no_time_and_its_reports_add_up(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/"), 10)
    for _ in range(2):
        page.evaluate(SHOW, False)
        wait_until_answered(page)
        page.clock.fast_forward(15_000)
        page.evaluate(SHOW, True)
        use(page, 5)
    leave(page)
    assert engaged(collector, collector.wait_for_reports(3)) == [10, 5, 5]
    collector.wait(1)


def test_a_page_opened_in_the_background_counts_from_when_it_is_shown(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page = reader(profile, site.put("/"))
    page.clock.fast_forward(20_000)
    page.evaluate(SHOW, True)
    use(page, 6)
    leave(page)
    assert engaged(collector, collector.wait_for_reports(1)) == [6]
    collector.wait(1)


@pytest.mark.parametrize("is_page_first", [False, True])
def test_what_was_before_a_sleep_belongs_to_the_session_and_page_of_then(
    profile: BrowserContext, site: Site, collector: Collector, is_page_first: bool
) -> None:
    page = reader(profile, site.put("/"), 12)
    page.clock.fast_forward(8 * 3600_000)
    if is_page_first:
        page.evaluate("waywiser.track('Woken')")
    page.keyboard.press("Shift")
    if not is_page_first:
        page.evaluate("waywiser.track('Woken')")
    use(page, 9)
    leave(page)
    view, woken = collector.wait(2)
    before, after = collector.wait_for_reports(2)
    assert engaged(collector, [before, after]) == [12, 9]
    assert one(sessions([view, before])) != one(sessions([woken, after]))
    assert seconds(before) - seconds(view) < 90


def test_a_report_opens_no_session(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = reader(profile, site.put("/"), 12)
    page.clock.fast_forward(8 * 3600_000)
    use(page, 0, 9)
    leave(page)
    (view,) = collector.wait(1)
    (report,) = collector.wait_for_reports(1)
    assert one(sessions([view, report]))
    assert engaged(collector, [report]) == [12]


def test_a_long_read_keeps_its_session(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = reader(profile, site.put("/"), *[20] * 100)
    page.evaluate("waywiser.track('Read')")
    leave(page)
    view, read = collector.wait(2)
    collector.wait_until_quiet()
    assert one(sessions([view, read, *collector.reports]))
    total = sum(report["properties"]["engaged_seconds"] for report in collector.reports)
    assert 20 * 100 <= total <= 20 * 100 + 1 + time.monotonic() - collector.begun


@pytest.mark.whole_browser
def test_a_page_in_the_browsers_cache_counts_no_time(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/next", head="<title>next</title>")
    page = reader(profile, site.put("/"), 10)
    page.evaluate("window.mark = 1")
    page.goto(site.url + "/next")
    page.clock.fast_forward(15_000)
    page.go_back(wait_until="commit")
    assert page.evaluate("window.mark") == 1, "the browser did not keep the page"
    use(page, 5)
    leave(page)
    assert engaged(collector, collector.wait_for_reports(2)) == [10, 5]
    collector.wait(2)


def test_time_before_an_opt_in_or_a_reset_is_not_the_new_visitors(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/"), 10)
    page.evaluate("waywiser.reset(); waywiser.track('New')")
    view, new = collector.wait(2)
    use(page, 5)
    page.evaluate("waywiser.optOut()")
    use(page, 20)
    page.evaluate("waywiser.optIn(); waywiser.track('Back')")
    use(page, 7)
    leave(page)
    back = next(event for event in collector.wait(3) if event.get("event") == "Back")
    first, last = collector.wait_for_reports(2)
    assert engaged(collector, [first, last]) == [10, 7]
    assert first["anonymousId"] == view["anonymousId"] != new["anonymousId"]
    assert last["anonymousId"] == back["anonymousId"]


def test_time_and_depth_while_denied_are_never_told(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = reader(profile, site.put("/", NO_MARGIN + TALL), 10)
    collector.wait(1)
    page.evaluate("waywiser.consent('denied')")
    page.evaluate("scrollTo(0, 2100)")
    use(page, 20, 0)
    page.evaluate("scrollTo(0, 0)")
    use(page, 0)
    page.evaluate("waywiser.consent('granted'); waywiser.track('Agreed')")
    use(page, 7)
    leave(page)
    collector.wait(2)
    report = collector.wait_for_reports(1)
    assert engaged(collector, report) == [7]
    assert report[0]["properties"]["scroll_percent"] == 25


def test_depth_is_seen_without_a_sign_of_the_visitor_and_where_the_page_scrolls_inside_an_element(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    inner = f"""<div id="page" style="height: 100vh; overflow: auto">{TALL}</div>
      <div id="box" style="height: 50px; overflow: auto"><p style="height: 99px">x</div>"""
    site.put("/inner", NO_MARGIN + inner)
    page = reader(profile, site.put("/", NO_MARGIN + TALL), 5)
    scroll_to(page, "document.scrollingElement", 1400)
    use(page, 5)
    page.goto(site.url + "/inner")
    page.wait_for_function("() => !!(window.waywiser && window.waywiser.version)")
    scroll_to(page, "document.querySelector('#page')", 0)
    page.evaluate("history.pushState({}, '', '/inner/2')")
    scroll_to(page, "document.querySelector('#page')", 700)
    scroll_to(page, "document.querySelector('#box')", 40)
    use(page, 5)
    leave(page)
    collector.wait(3)

    def depths_of_pages() -> dict[str, int]:
        return {
            report["context"]["page"]["path"]: report["properties"]["scroll_percent"]
            for report in collector.reports
        }

    collector.wait_until_quiet(is_enough=lambda: {"/", "/inner/2"} <= depths_of_pages().keys())
    depths = depths_of_pages()
    assert (depths["/"], depths["/inner/2"]) == (75, 50)


def test_a_pointer_that_moves_has_the_page_laid_out_seldom(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", NO_MARGIN + TALL))
    collector.wait(1)
    reads = page.evaluate(
        """async () => {
            const original = Object.getOwnPropertyDescriptor(Element.prototype, "scrollHeight");
            let reads = 0;
            const get = function () { reads++; return original.get.call(this); };
            Object.defineProperty(Element.prototype, "scrollHeight", {get});
            const seen = [];
            for (let i = 0; i < 1000; i++) dispatchEvent(new PointerEvent("pointermove"));
            seen.push(reads);
            while (!reads) await new Promise(requestAnimationFrame);
            return [...seen, reads];
        }"""
    )
    assert reads == [0, 1]


# Links and downloads

LINKS = """
  <a id="inner" href="/next?x=1">inner</a>
  <a id="out" href="http://other.test:1/page?token=s3cret#part"><b>out</b></a>
  <a id="file" href="/files/Report.PDF?token=s3cret">file</a>
  <a id="named" href="/make" download="list.csv">named</a>
  <a id="mail" href="mailto:a@b.test">mail</a>
  <a id="own" href="http://other.test:1/" data-ww-event="Partner Chosen">own</a>
  <a id="empty" href="http://other.test:1/" data-ww-event="">empty</a>
  <svg width="9" height="9"><a id="svg" href="#x"><rect width="9" height="9"/></a></svg>
  <button id="plain" data-ww-event="Pressed">button</button>
  <div data-ww-event="Box Clicked"><a id="boxed" href="http://other.test:1/boxed">boxed</a></div>
  <script>onclick = event => event.target.closest("a") && event.preventDefault()</script>"""


def test_links_that_lead_out_and_downloads_are_tracked(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", LINKS))
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    for link in ["inner", "out", "file", "named", "mail", "own", "empty", "svg rect", "boxed"]:
        page.click(f"#{link}")
    _, *clicks = collector.wait(8)
    assert [(click["event"], click["properties"].get("url")) for click in clicks] == [
        ("Outbound Link Clicked", "http://other.test:1/page"),
        ("File Downloaded", site.url + "/files/Report.PDF"),
        ("File Downloaded", site.url + "/make"),
        ("Partner Chosen", None),
        ("Outbound Link Clicked", "http://other.test:1/"),
        ("Outbound Link Clicked", "http://other.test:1/boxed"),
        ("Box Clicked", None),
    ]
    assert all(set(properties(click)) <= {"url"} for click in clicks)
    assert warnings == []


def test_a_link_opened_with_the_middle_button_counts_a_menu_does_not(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/file.zip")
    page = visit(profile, site.put("/", LINKS + '<a id="zip" href="/file.zip">zip</a>'))
    page.click("#zip", button="right")
    with profile.expect_page():
        page.click("#zip", button="middle")
    assert sorted(labels(collector.wait(3))) == ["page /", "page /file.zip", "track File Downloaded"]


def test_a_link_that_leaves_the_page_loses_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    away = site.at("other.test") + "/away"
    site.put("/away", head="<title>away</title>")
    page = visit(profile, site.put("/", f'<a href="{away}">away</a>'))
    page.click("a")
    page.wait_for_url(away)
    assert labels(collector.wait(2)) == ["page /", "track Outbound Link Clicked"]


def test_clicks_inside_shadow_roots_are_seen(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    shadow = """<div data-ww-event="Card Clicked"><template shadowrootmode="open">
      <a href="http://other.test:1/"><b>out</b></a><i data-ww-event="Star Given" data-ww-prop-stars="3">*</i>
      <u>text</u></template></div><script>onclick = event => event.preventDefault()</script>"""
    page = visit(profile, site.put("/", shadow))
    for part in ["b", "i", "u"]:
        page.click(part)
    _, out, first, star, second = collector.wait(5)
    assert labels([out, first, star, second]) == [
        "track Outbound Link Clicked",
        "track Card Clicked",
        "track Star Given",
        "track Card Clicked",
    ]
    assert properties(star) == {"stars": "3"}


# Forms


def test_a_form_is_tracked_by_its_attributes_never_by_what_is_in_it(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/join", head="<title>joined</title>")
    form = """<form id="signup" name="join" action="/join?list=s3cret">
      <input name="id" value="s3cret"><input name="action" value="s3cret">
      <input name="mail" value="s3cret"><button>send</button></form>"""
    page = visit(profile, site.put("/", form))
    page.click("button")
    page.wait_for_url("**/join*")
    _, sent = collector.wait(2)
    assert sent["event"] == "Form Submitted"
    assert properties(sent) == {"id": "signup", "name": "join", "action": "/join"}
    assert sent["context"]["page"]["path"] == "/"
    assert "s3cret" not in str(sent)


def test_a_form_that_a_script_sends_counts_one_with_mistakes_does_not(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    form = """<form novalidate{}><input required name="mail"><button>send</button></form>
      <script>
        document.querySelector("form").addEventListener("submit", event => {{
          event.preventDefault();
          event.stopImmediatePropagation();
          history.pushState({{}}, "", "/thanks");
        }});
      </script>"""
    page = visit(profile, site.put("/", form.format("")))
    page.click("button")
    collector.wait(2)
    assert labels(collector.events) == ["page /", "page /thanks"]
    page.fill("input", "a@b.test")
    page.evaluate("history.pushState({}, '', '/again')")
    collector.wait(3)
    page.click("button")
    *_, sent, thanks = collector.wait(5)
    assert labels([sent, thanks]) == ["track Form Submitted", "page /thanks"]
    assert properties(sent) == {}
    assert sent["context"]["page"]["path"] == "/again"


@pytest.mark.parametrize("mark", ["required", 'type="email" value="x"', 'aria-invalid="true"'])
def test_a_declared_form_with_mistakes_does_not_count(
    profile: BrowserContext, site: Site, collector: Collector, mark: str
) -> None:
    form = f"""<form novalidate data-ww-event="Sent"><input {mark}><button>send</button></form>
      <script>document.querySelector("form").onsubmit = () => false</script>"""
    page = visit(profile, site.put("/", form))
    page.click("button")
    page.evaluate("waywiser.track('After')")
    assert labels(collector.wait(2)) == ["page /", "track After"]


def test_a_form_that_the_browser_stops_does_not_count(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", "<form><input required><button>send</button></form>"))
    page.click("button")
    page.evaluate("waywiser.track('After')")
    assert labels(collector.wait(2)) == ["page /", "track After"]


# Pages not found


def test_a_page_that_says_so_is_viewed_as_not_found(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    head = '<meta name="waywiser" content="404">' + site.script
    page = visit(profile, site.put("/lost", head=head))
    collector.wait(1)
    page.evaluate("document.querySelector('meta').remove(); history.pushState({}, '', '/found')")
    lost, found = collector.wait(2)
    assert lost["properties"] == {"status": "404"}
    assert "properties" not in found


# Switches


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("links forms", ["track File Downloaded", "track Form Submitted", "track Outbound Link Clicked"]),
        ("links", ["track File Downloaded", "track Outbound Link Clicked"]),
        ("forms", ["track Form Submitted"]),
        ("engagement", ["track Page Engaged"]),
        ("", []),
    ],
)
def test_a_site_chooses_what_is_measured(
    profile: BrowserContext, site: Site, collector: Collector, wanted: str, expected: list[str]
) -> None:
    body = LINKS + "<form><button id='send'>send</button></form><script>onsubmit = () => false</script>"
    head = site.script.replace("async", f'async data-auto="{wanted}"')
    page = reader(profile, site.put("/", body, head=head), 10)
    for target in ["out", "file", "plain", "send"]:
        page.click(f"#{target}")
    wait_until_answered(page)
    leave(page)
    wanted_labels = sorted(["page /", "track Pressed", *expected])
    collector.wait_until_quiet(is_enough=lambda: len(collector.accepted) >= len(wanted_labels))
    assert sorted(labels(collector.accepted)) == wanted_labels
    collector.expected = len(collector.events)


# Clicks that look like two, or like another


LABELS = {
    "declared label": "<label data-ww-event=Agreed><b>yes</b> <input type=checkbox></label>",
    "label in a card": "<div data-ww-event=Agreed><label><b>yes</b> <input type=checkbox></label></div>",
    "field elsewhere": "<label for=far data-ww-event=Agreed><b>yes</b></label><input id=far type=checkbox>",
}


@pytest.mark.parametrize("body", LABELS.values(), ids=LABELS.keys())
def test_a_click_on_a_label_counts_once_and_one_on_its_field_too(
    profile: BrowserContext, site: Site, collector: Collector, body: str
) -> None:
    page = visit(profile, site.put("/", body))
    page.click("b")
    assert page.is_checked("input")
    assert labels(collector.wait(2, settle=0.3)) == ["page /", "track Agreed"]
    if "far" in body:
        return
    page.click("input")
    assert labels(collector.wait(3)) == ["page /", "track Agreed", "track Agreed"]


def test_variables_of_the_page_do_not_make_a_link_of_every_click(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    own = '<script>var protocol = "https:", host = "elsewhere.test", download = "a.pdf"</script>'
    page = visit(profile, site.put("/", own + "<p>text</p>"))
    page.click("p")
    page.evaluate("waywiser.track('Last')")
    assert labels(collector.wait(2)) == ["page /", "track Last"]
