"""A page answers another question in its place: what one sees, chose and has open stays."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, expect

from store.segments import delete_segment
from tests.browser.accessibility import barriers
from tests.browser.company import EMAIL, Company, now_ms
from tests.browser.test_at_once import taken, with_tablets
from tests.browser.test_long_reports import quick as held_reports
from tests.browser.test_long_reports import under_way
from tests.installation import eventually

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]
quick = held_reports
STAYS = "window.stays = (window.stays ?? 0) + 1"
# Timers of one length take another one, until `asBefore()`.
SLOWER = """([usual, slower]) => {
    const own = window.setTimeout
    window.asBefore = () => { window.setTimeout = own }
    window.setTimeout = (work, ms, ...more) => own(work, ms === usual ? slower : ms, ...more)
}"""


def opened(inside: Inside, address: str) -> Page:
    """The page at this address, marked so that a page of its own in its place is noticed."""
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/{address}")
    expect(page.locator("#report [data-chart] canvas").first).to_be_visible(timeout=60_000)
    page.evaluate(STAYS)
    return page


def is_same(page: Page) -> bool:
    return bool(page.evaluate("window.stays === 1"))


def test_a_choice_of_the_bar_keeps_place_focus_and_what_is_open(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90")
    page.evaluate("scrollTo(0, 500)")
    page.locator("#bar-open-segment").click()
    before = page.evaluate("scrollY")
    page.evaluate("window.old = document.querySelector('[data-chart=funnel]')")
    page.locator("#bar-device").select_option("mobile")
    expect(page.locator(".chip")).to_contain_text("mobile")
    expect(page).to_have_url(re.compile(r"funnel\?days=90&device=mobile$"))
    expect(page.locator("#bar-more-segment")).to_have_attribute("open", "")
    page.locator("#bar-channel").select_option(index=1)
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator("#bar-channel")).to_be_visible()
    assert page.evaluate("scrollY") == before
    expect(page.locator("[data-chart=funnel] canvas")).to_be_visible()
    assert page.evaluate("old.isConnected || old.getAttribute('_echarts_instance_')") in (False, "", None)
    expect(page.locator("#report-says")).to_contain_text("device mobile")
    assert barriers(page) == []
    assert is_same(page)


def test_tabs_open_in_place_and_back_and_forward_lead_through_them(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/conformance?days=90")
    expect(page.locator("script[src*='charts.']")).to_have_count(0)
    page.evaluate(STAYS)
    page.locator("#tab-timing").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#report [data-chart] canvas").first).to_be_visible(timeout=60_000)
    expect(page).to_have_title(re.compile("Trial to paid: Timing"))
    expect(page.locator("#tab-timing")).to_be_focused()
    expect(page.locator("#report-says")).to_contain_text("Timing: Runs that began from")
    expect(page.locator("[data-png]").first).to_be_visible()
    page.locator("#bar-days-30").click()
    expect(page).to_have_url(re.compile(r"timing\?days=30$"))
    expect(page.locator("#bar-days-30")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#bar-days-90")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#tab-conformance")).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(re.compile("Trial to paid: Conformance"))
    page.go_forward()
    expect(page.locator("#tab-timing")).to_have_attribute("aria-current", "page")
    expect(page.locator("#report [data-chart] canvas").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"timing\?days=90$"))
    assert is_same(page)


PATHS = "explore?days=90&start=event:Signed+Up&gap=1d"
# What is chosen at which address; a text of the report before and after, and the title of the page. Where the
# texts are one, the numbers differ.
ELSEWHERE = {
    PATHS: ("direction", "before", "comes after", "comes before", "Explore"),
    "sessions?days=90": ("which", "bounced", "All sessions", "Bounced: ", "Sessions"),
    "lifecycle?days=90": ("by", "month", "Each week is whole", "Each month is whole", "Lifecycle"),
    "discover?days=90": ("within", "90d", "At stake", "At stake", "Discover"),
}


@pytest.mark.parametrize("path", ELSEWHERE)
def test_other_pages_with_a_bar_do_so_too(inside: Inside, path: str) -> None:
    page, project = inside
    name, value, before, after, title = ELSEWHERE[path]
    report, field = page.locator("#report"), page.locator(f"#bar-{name}")
    page.goto(f"{project}/{path}")
    expect(report).to_contain_text(before, timeout=60_000)
    page.evaluate(STAYS)
    first, numbers = field.input_value(), report.locator("td").all_text_contents()
    field.focus()
    field.select_option(value)
    expect(page).to_have_url(re.compile(rf"(?=.*days=90)(?=.*\b{name}={value}\b)"), timeout=60_000)
    expect(report).to_contain_text(after, timeout=60_000)
    expect(report.locator("td")).not_to_have_text(numbers)
    expect(field).to_be_focused()
    expect(page.locator("#report-says")).to_contain_text(re.compile(r": From \w+ \d+, \d+ through"))
    page.locator("#bar-days-7").click()
    expect(page.locator("#bar-days-7")).to_have_attribute("aria-current", "true", timeout=60_000)
    expect(page.locator("#bar-days-7")).to_be_focused()
    expect(page).to_have_url(re.compile("days=7$|days=7&"))
    assert barriers(page) == []
    page.go_back()
    expect(page.locator("#bar-days-90")).to_have_attribute("aria-current", "true", timeout=60_000)
    expect(field).to_have_value(value)
    page.go_back()
    expect(field).to_have_value(first, timeout=60_000)
    expect(report).to_contain_text(before, timeout=60_000)
    expect(page).to_have_url(f"{project}/{path}")
    page.go_forward()
    expect(field).to_have_value(value, timeout=60_000)
    expect(page).to_have_title(re.compile(re.escape(title)))
    assert is_same(page)


@pytest.mark.parametrize("path", ["live/health", "live/robots", "journeys"])
def test_pages_of_days_alone_change_them_in_place(inside: Inside, path: str) -> None:
    page, project = inside
    page.goto(f"{project}/{path}?days=30")
    expect(page.locator("#report")).to_be_attached(timeout=60_000)
    expect(page.locator("#bar-days-30")).to_have_attribute("aria-current", "true")
    page.evaluate(STAYS)
    page.locator("#bar-days-7").click()
    expect(page.locator("#bar-days-7")).to_have_attribute("aria-current", "true", timeout=60_000)
    expect(page.locator("#bar-days-7")).to_be_focused()
    expect(page).to_have_url(re.compile(rf"{path}\?days=7$"))
    expect(page.locator("#report-says")).to_contain_text(re.compile(r": From \w+ \d+, \d+ through"))
    page.go_back()
    expect(page.locator("#bar-days-30")).to_have_attribute("aria-current", "true", timeout=60_000)
    assert is_same(page)


def test_the_overview_is_sorted_in_place(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys?days=90")
    expect(page.locator(".journey-card").first).to_be_visible(timeout=60_000)
    page.evaluate(STAYS)
    page.locator("#order").select_option("name")
    expect(page).to_have_url(re.compile(r"journeys\?(?=.*days=90)(?=.*order=name)"))
    expect(page.locator("#report-says")).to_contain_text("by name")
    names = page.locator(".journey-card h2").all_text_contents()
    assert names == sorted(names, key=str.casefold)
    assert is_same(page)


def test_segments_are_counted_of_another_journey_in_place(inside: Inside, demo: tuple[Company, str]) -> None:
    page, project = inside
    engine, number = with_tablets(demo[0])
    page.goto(f"{project}/segments")
    size = page.locator("#size-tablets")
    expect(size).to_contain_text(re.compile("customers?$"), timeout=60_000)
    page.evaluate(STAYS)
    page.locator("#bar-journey").focus()
    page.locator("#bar-journey").select_option(index=1)
    expect(page).to_have_url(re.compile(r"segments\?journey="))
    expect(page.locator("#report-says")).to_contain_text("Segments: ")
    expect(size).to_contain_text(re.compile("customers?$"), timeout=60_000)
    expect(page.locator("#bar-journey")).to_be_focused()
    assert is_same(page)
    assert delete_segment(engine, number, "tablets", by=EMAIL, now=now_ms())


def test_the_ways_between_two_touchpoints_are_counted_otherwise_in_place(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/discover/between?days=7&start=event:Signed+Up&goal=event:Trial+Started")
    expect(page.locator("#report dt").first).to_have_text("Attempts", timeout=60_000)
    page.evaluate(STAYS)
    page.locator("#bar-unit").select_option("customers")
    expect(page.locator("#report dt").first).to_have_text("Customers", timeout=60_000)
    expect(page).to_have_title(re.compile("Signed Up to event:Trial Started"))
    assert is_same(page)


def test_where_paths_start_is_asked_in_place_and_whom_they_are_of(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/explore?days=90&gap=1d")
    expect(page.get_by_text("Where do paths start?")).to_be_visible()
    expect(page.locator("script[src*='charts.']")).to_have_count(0)
    page.evaluate(STAYS)
    page.locator("#start").fill("Signed Up")
    page.locator("#ends-show").click()
    expect(page.locator("[data-chart=sankey] canvas")).to_be_visible(timeout=60_000)
    expect(page.locator("#ends-show")).to_be_focused()
    expect(page.locator("[data-png]")).to_be_visible()
    page.locator("#bar-open-segment").click()
    page.locator("#bar-of").select_option("trial-to-paid")
    expect(page.locator(".chip")).to_contain_text("Trial to paid")
    expect(page.locator("#bar-more-segment")).to_have_attribute("open", "")
    expect(page.locator("#report-says")).to_contain_text("with a run of Trial to paid")
    page.locator(".chip").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#report-bar")).to_be_focused()
    assert is_same(page)


def test_a_form_within_the_report_stays_where_it_is(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90")
    field = page.locator("#ask-trend")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    field.select_option("month")
    expect(page).to_have_url(re.compile(r"days=90&by=month$"))
    expect(page.locator("#ask-trend")).to_have_value("month")
    expect(page.locator("[data-chart=trend] canvas")).to_be_visible()
    assert box

    def moved() -> float:
        now = page.locator("#ask-trend").bounding_box()
        return abs(box["y"] - now["y"]) if now else math.inf

    assert eventually(moved, lambda pixels: pixels < 2, seconds=30) < 2
    assert is_same(page)


def test_a_chip_is_taken_away_and_the_focus_goes_to_the_bar(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90&device=mobile")
    page.locator(".chip").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#report-bar")).to_be_focused()
    assert is_same(page)


def test_arrow_keys_choose_and_leaving_enter_or_a_pause_ask(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    count = page.locator("#bar-unit")
    page.evaluate(SLOWER, [1_000, 600_000])  # no pause asks before Enter does, however slow the machine is
    count.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(count).to_have_value("accounts")
    assert not any("unit" in one for one in asked)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("unit=accounts"))
    expect(count).to_be_focused()
    assert sum("unit" in one for one in asked) == 1
    page.evaluate("asBefore()")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile("unit=customers"))
    count.focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("unit=accounts"))
    expect(count).to_be_focused()
    assert is_same(page)


def test_what_arrives_while_a_day_is_written_waits_until_it_is_left(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90")
    held: list[Route] = []
    page.route(re.compile("unit="), lambda route: held.append(route))
    with page.expect_request(re.compile("unit=")):
        page.locator("#bar-unit").select_option("customers")
    page.locator("#bar-from").focus()
    page.keyboard.type("01")
    with page.expect_response(re.compile("unit=")):
        taken(page, held).continue_()
    expect(page.locator("#bar-from")).to_be_focused()
    expect(page).not_to_have_url(re.compile("unit"))
    page.unroute_all()
    page.locator("h1").click()
    expect(page).to_have_url(re.compile("unit=customers"))
    assert is_same(page)


def sent(page: Page, do: Callable[[], object]) -> str:
    """What is asked when this is done; no answer to it comes."""
    with page.expect_request(re.compile(r"/(funnel|timing|paths)\?")) as asked:
        do()
    return asked.value.url.rpartition("/")[2]


def asks(address: str) -> tuple[str, dict[str, list[str]]]:
    path, _, query = address.partition("?")
    return path, parse_qs(query)


def test_what_is_chosen_while_something_else_is_asked_is_asked_with_it(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90&device=mobile")
    page.route(re.compile(r"/(funnel|timing)\?"), lambda _: None)
    frame = {"device": ["mobile"], "unit": ["customers"]}
    assert asks(sent(page, lambda: page.locator("#bar-unit").select_option("customers"))) == (
        "funnel",
        {"days": ["90"], **frame},
    )
    assert asks(sent(page, page.locator("#bar-days-30").click)) == ("funnel", {"days": ["30"], **frame})
    frame["beside"] = ["previous"]
    assert asks(sent(page, lambda: page.locator("#bar-beside").select_option("previous"))) == (
        "funnel",
        {"days": ["30"], **frame},
    )
    by = {"by": ["month"]}
    assert asks(sent(page, lambda: page.locator("#ask-trend").select_option("month"))) == (
        "funnel",
        {"days": ["30"], **frame, **by},
    )
    assert asks(sent(page, page.locator("#bar-days-7").click)) == ("funnel", {"days": ["7"], **frame, **by})
    del frame["device"]
    assert asks(sent(page, page.locator(".chip").click)) == ("funnel", {"days": ["7"], **frame, **by})
    frame["unit"] = ["accounts"]
    assert asks(sent(page, lambda: page.locator("#bar-unit").select_option("accounts"))) == (
        "funnel",
        {"days": ["7"], **frame, **by},
    )
    page.unroute_all()
    page.locator("#tab-timing").click()
    expect(page.locator("#tab-timing")).to_have_attribute("aria-current", "page")
    assert asks(page.url.rpartition("/")[2]) == ("timing", {"days": ["7"], **frame})
    expect(page.locator("#bar-days-7")).to_have_attribute("aria-current", "true")
    expect(page.locator("#bar-unit")).to_have_value("accounts")
    assert is_same(page)


def test_a_tab_that_is_asked_for_is_asked_with_what_is_chosen_before_it_is_there(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90&device=mobile&by=month")
    page.route(re.compile(r"/(funnel|timing|paths)\?"), lambda _: None)
    frame = {"device": ["mobile"]}
    assert asks(sent(page, page.locator("#tab-timing").click)) == ("timing", {"days": ["90"], **frame})
    frame["unit"] = ["customers"]
    assert asks(sent(page, lambda: page.locator("#bar-unit").select_option("customers"))) == (
        "timing",
        {"days": ["90"], **frame},
    ), "by which parts the funnel was asked for is no question of the other tab"
    assert asks(sent(page, page.locator("#bar-days-30").click)) == ("timing", {"days": ["30"], **frame})
    assert asks(sent(page, page.locator("#tab-paths").click)) == ("paths", {"days": ["30"], **frame})
    del frame["device"]
    assert asks(sent(page, page.locator(".chip").click)) == ("paths", {"days": ["30"], **frame})
    page.unroute_all()
    page.locator("#bar-from").fill("2026-01-01")
    expect(page.locator("#tab-paths")).to_have_attribute("aria-current", "page", timeout=60_000)
    path, asked = asks(page.url.rpartition("/")[2])
    assert (path, asked["unit"], asked["from"]) == ("paths", ["customers"], ["2026-01-01"])
    expect(page.locator("#bar-unit")).to_have_value("customers")
    page.locator("#bar-days-7").click()
    expect(page.locator("#bar-days-7")).to_have_attribute("aria-current", "true", timeout=60_000)
    expect(page.locator("#tab-paths")).to_have_attribute("aria-current", "page")
    assert is_same(page)


@pytest.mark.parametrize("is_let_go", [True, False])
def test_a_tab_that_is_pressed_while_a_choice_is_answered_is_not_lost(
    inside: Inside, is_let_go: bool
) -> None:
    page = opened(inside, "funnel?days=90")
    held: list[Route] = []
    page.route(re.compile(r"/funnel\?.*unit="), lambda route: held.append(route))
    page.locator("#bar-unit").select_option("customers")
    asked = taken(page, held)
    place = page.locator("#tab-timing").bounding_box()
    assert place
    page.mouse.move(place["x"] + 20, place["y"] + 10)
    page.mouse.down()
    with page.expect_response(re.compile(r"/funnel\?.*unit=")) as answer:
        asked.continue_()
    page.unroute_all()
    assert answer.value.finished() is None
    page.wait_for_timeout(300)
    expect(page.locator("#report-says")).to_have_text("")
    if not is_let_go:
        page.mouse.move(place["x"] + 20, place["y"] + 300)
    page.mouse.up()
    tab = "timing" if is_let_go else "funnel"
    expect(page).to_have_url(re.compile(rf"{tab}\?(?=.*unit=customers)"), timeout=60_000)
    expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-current", "page")
    expect(page.locator("#bar-unit")).to_have_value("customers")
    assert is_same(page)


def test_a_tab_that_could_not_be_asked_for_is_not_asked_for_any_more(
    browser: Browser, signed_in: StorageState, demo: tuple[Company, str]
) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = opened((context.new_page(), f"{demo[1]}/p/fernhill"), "funnel?days=90")
    page.route(re.compile(r"/timing\?"), lambda route: route.abort())
    page.locator("#tab-timing").click()
    expect(page.locator("#notice")).to_be_visible()
    page.locator("#bar-unit").select_option("customers")
    expect(page.locator("#tab-funnel")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"funnel\?(?=.*unit=customers)"))
    context.close()


def test_what_is_refused_is_said_and_what_stands_there_stays(
    browser: Browser, signed_in: StorageState, demo: tuple[Company, str]
) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = opened((context.new_page(), f"{demo[1]}/p/fernhill"), "funnel?days=90")
    asked = "new CustomEvent('waywiser:go', {detail: '?from=2026-02-31', cancelable: true})"
    assert page.evaluate(f"document.dispatchEvent({asked})") is False
    expect(page.locator("#notice")).to_contain_text("This cannot be asked")
    expect(page).to_have_url(re.compile(r"funnel\?days=90$"))
    expect(page.locator("[data-chart=funnel] canvas")).to_be_visible()
    assert is_same(page)
    context.close()


def test_a_period_whose_days_are_chosen_from_the_left_waits_for_the_other_one(inside: Inside) -> None:
    page = opened(inside, "funnel?days=90")
    first = date.fromisoformat(page.locator("#bar-from").input_value())
    days = [(first + timedelta(days=10 * one)).isoformat() for one in range(4)]
    page.locator("#bar-through").fill(days[1])
    expect(page).to_have_url(re.compile(f"through={days[1]}"))
    page.locator("#bar-from").fill(days[2])
    expect(page.locator("#notice")).to_contain_text("Choose its other day")
    expect(page.locator("#bar-from")).to_have_class(re.compile("is-invalid"))
    expect(page.locator("#bar-from")).to_have_attribute("aria-invalid", "true")
    expect(page).to_have_url(re.compile(f"from={first}"))
    assert barriers(page) == []
    page.locator("#bar-through").fill(days[3])
    expect(page).to_have_url(re.compile(f"from={days[2]}&through={days[3]}"))
    expect(page.locator("#bar-from")).to_have_value(days[2])
    expect(page.locator("#bar-from")).not_to_have_class(re.compile("is-invalid"))
    assert is_same(page)


def test_a_page_that_cannot_be_asked_leads_to_itself_without_its_choices(
    browser: Browser, signed_in: StorageState, demo: tuple[Company, str]
) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{demo[1]}/p/fernhill/journeys/trial-to-paid/funnel?from=2026-01-25&through=2026-01-20")
    expect(page.get_by_text("The period ends before it begins")).to_be_visible()
    page.get_by_role("link", name="Open the page without these choices").click()
    expect(page.locator("#tab-funnel")).to_be_visible()
    context.close()


@pytest.fixture
def scriptless(browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in)
    yield context.new_page()
    context.close()


def test_without_script_all_of_it_is_asked_for_as_pages(scriptless: Page, demo: tuple[Company, str]) -> None:
    page = scriptless
    page.goto(f"{demo[1]}/p/fernhill/journeys/trial-to-paid/funnel?days=90")
    page.locator("#bar-unit").select_option("customers")
    page.locator("#report-bar > noscript button, #report-bar > button").last.click()
    expect(page).to_have_url(re.compile("unit=customers"))
    page.locator("#tab-dropoffs").click()
    expect(page.locator("#who-title")).to_be_visible()


def test_what_takes_long_says_so_in_its_place_and_leaves_no_gap(
    inside: Inside, demo: tuple[Company, str], quick: threading.Event
) -> None:
    quick.set()
    page = opened(inside, "funnel?days=85")
    quick.clear()
    field = page.locator("#ask-trend")
    field.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    field.select_option("month")
    expect(page.locator("#report").get_by_text("This report takes a while")).to_be_attached(timeout=30_000)
    expect(page.locator("#report-says")).to_contain_text("takes a while")
    assert page.evaluate("scrollY") == before
    job = under_way(demo, page)
    page.locator("#tab-timing").click()
    expect(page.locator("#tab-timing")).to_have_attribute("aria-current", "page")
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    page.go_back()
    expect(page.locator("#tab-funnel")).to_have_attribute("aria-current", "page")
    quick.set()
    expect(page.locator("#ask-trend")).to_have_value("month", timeout=60_000)
    expect(page.locator("[data-chart=trend] canvas")).to_be_visible()
    quick.clear()
    page.locator("#ask-trend").focus()
    page.locator("#ask-trend").select_option("day")
    expect(page.locator("#report").get_by_text("This report takes a while")).to_be_attached(timeout=30_000)
    quick.set()
    expect(page.locator("#ask-trend")).to_have_value("day", timeout=60_000)
    expect(page.locator("#ask-trend")).to_be_focused()
    assert is_same(page)
    page.goto(f"{inside[1]}/sessions?days=84")
    expect(page.locator("#list-title")).to_be_visible(timeout=60_000)
    page.evaluate(STAYS)
    quick.clear()
    page.locator("#bar-which").focus()
    page.locator("#bar-which").select_option("bounced")
    expect(page.locator("#report").get_by_text("This report takes a while")).to_be_attached(timeout=30_000)
    expect(page.locator("h1")).to_have_text("Sessions")
    quick.set()
    expect(page.locator("#list-title")).to_contain_text("Bounced", timeout=60_000)
    expect(page.locator("#bar-which")).to_be_focused()
    expect(page).to_have_url(re.compile(r"sessions\?days=84&which=bounced$"))
    assert is_same(page)


def test_what_is_open_and_typed_stays_when_a_report_comes_that_was_waited_for(
    inside: Inside, quick: threading.Event
) -> None:
    page, project = inside
    waits = page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    drawn = page.locator("#report [data-chart] canvas").first
    page.goto(f"{project}/journeys/trial-to-paid/timing?days=83")
    expect(waits).to_be_visible()
    page.locator("#bar-from").focus()
    page.keyboard.type("01")
    typed = page.locator("#bar-from").input_value()
    quick.set()
    expect(drawn).to_be_visible(timeout=60_000)
    expect(page.locator("#bar-from")).to_be_focused()
    expect(page.locator("#bar-from")).to_have_value(typed)
    quick.clear()
    page.goto(f"{project}/journeys/trial-to-paid/timing?days=82")
    expect(waits).to_be_visible()
    page.locator("#bar-open-segment").click()
    quick.set()
    expect(drawn).to_be_visible(timeout=60_000)
    expect(page.locator("#bar-more-segment")).to_have_attribute("open", "")
    expect(page.locator("#bar-device option")).not_to_have_count(1)


def test_the_link_is_copied_with_fixed_days_and_moment(inside: Inside) -> None:
    page = opened(inside, "funnel?days=30&unit=customers")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(SLOWER, [1_500, 60_000])  # "Copied" stands long enough to be seen on a slow machine
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"/funnel\?unit=customers&from=[\d-]{10}&through=[\d-]{10}&now=", link), link
    entered = page.locator(".facts a").first.inner_text()
    page.goto(link)
    expect(page.locator(".facts a").first).to_have_text(entered)
    page.get_by_role("link", name="As of now").click()
    expect(page.get_by_text("this link keeps its days")).to_have_count(0)
