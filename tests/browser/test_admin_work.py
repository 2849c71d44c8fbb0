"""The admin as people work with it, in a real browser: set-up, reports, editor, customers, keyboard."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Dialog, Page, expect

from store.projects import project_by_key
from tests.browser.accessibility import barriers
from tests.browser.company import PASSWORD, Company, send
from tests.browser.planted import plant_two_ids

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]


def test_from_nothing_to_the_first_event(page: Page, before_setup: tuple[Company, str]) -> None:
    company, address = before_setup
    page.goto(address)
    page.get_by_label("Your name").fill("Grace")
    page.get_by_label("E-mail address").fill("grace@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Product or site").fill("Acme shop")
    page.get_by_role("button", name="Create and go on").click()
    expect(page.locator("#snippet-web")).to_contain_text(re.compile(r'/w\.js" data-key="wb_[\w-]+"'))
    expect(page.locator("#first")).to_contain_text("Waiting for the first event")
    company.project = project_by_key(company.services.engine, "acme-shop")
    hello = {"type": "track", "event": "Hello", "userId": "42", "messageId": "m1"}
    send(company, [hello])
    expect(page.locator("#first")).to_contain_text("Hello")
    page.get_by_role("button", name="Make a server key").click()
    expect(page.locator("#server-key")).to_contain_text("ws_")
    page.goto(f"{address}/setup")
    expect(page).to_have_url(f"{address}/p/acme-shop/journeys")


def test_from_a_drop_off_to_a_person(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys")
    page.get_by_role("link", name="Trial to paid").click()
    page.get_by_role("link", name="90 days").click()
    expect(page.locator("#bar-days-90")).to_have_attribute("aria-current", "true")
    number = page.get_by_role("link", name=re.compile("runs dropped after Visits the site"))
    n = number.inner_text()
    number.click()
    expect(page.locator("#runs-title")).to_contain_text(f"dropped here: {n} runs")
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Trial to paid: run began")
    page.locator(".happening summary").first.click()
    expect(page.locator(".happening dl").first).to_be_visible()


def test_a_day_that_is_being_written_asks_nothing_before_it_is_meant(inside: Inside) -> None:
    page, project = inside
    address = f"{project}/sessions?days=90"
    page.goto(address)
    page.get_by_label("Began from").focus()
    page.keyboard.type("01022020")
    page.wait_for_timeout(500)
    expect(page).to_have_url(address)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"from=2020-01-02"))


def test_a_moment_is_asked_for_by_its_button(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/customers?q=u-100")
    page.locator("tbody a").first.click()
    address = page.url
    page.get_by_label("As they were on").fill("2026-01-02T03:04")
    page.wait_for_timeout(500)
    expect(page).to_have_url(address)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(r"at=2026-01-02T03"))


def test_the_bar_keeps_the_question_in_the_address(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=90")
    page.get_by_label("Count", exact=True).select_option("customers")
    expect(page).to_have_url(re.compile(r"unit=customers"))
    page.locator(".bar-more summary", has_text="Segment").click()
    page.get_by_label("Device at the start").select_option("mobile")
    expect(page.locator(".chip")).to_contain_text("mobile")
    page.get_by_role("link", name="Timing").click()
    expect(page).to_have_url(re.compile(r"days=90.*device=mobile"))
    page.locator(".chip").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_tooltip_shows_names_as_text(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=90")
    chart = page.locator("[data-chart='funnel']")
    chart.locator("canvas").wait_for(timeout=60_000)
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 14, box["y"] + box["height"] / 2)
    expect(page.locator(".chart-tooltip")).to_contain_text("Visits the site")
    expect(page.locator(".chart-tooltip")).to_contain_text("Reached, in order")


def test_a_point_of_the_trend_opens_the_funnel_of_its_day(inside: Inside) -> None:
    page, project = inside
    page.emulate_media(reduced_motion="reduce")  # a column is clicked, which must have grown
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=7&by=day")
    chart = page.locator("[data-chart='trend']")
    expect(chart.locator("canvas")).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    parts = json.loads(str(chart.get_attribute("data-values")))["parts"]
    assert len(parts) == 7
    # Who began this week is mostly in time: its columns are bars almost as high as the picture.
    place = max(at for at, part in enumerate(parts) if part["immature"])
    column = (box["width"] - 14 - 42) / 7
    page.mouse.click(box["x"] + 42 + column * (place + 0.5), box["y"] + box["height"] / 2)
    page.wait_for_url(lambda address: "days=" not in address)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["from"] == asked["through"] == [page.input_value("#bar-through")]
    entered = page.locator(".facts a[href*='number=entered']")
    expect(entered).to_have_text(str(parts[place]["entered"]))


def test_a_journey_is_built_from_events_that_were_seen(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor")
    page.locator("#field-name").fill("Help to happy")
    pick(page, "steps-0-match-0-value", "ticket op", "Ticket Opened")
    page.locator("#steps-0-name").fill("Asks")
    pick(page, "steps-1-match-0-value", "support ra", "Support Rated")
    page.locator("#steps-1-name").fill("Rates")
    page.get_by_role("button", name="Add a step before the goal").click()
    expect(page.locator("#steps-1-name")).to_be_focused()
    settled(page)
    page.keyboard.type("Is answered")
    pick(page, "steps-1-match-0-value", "ticket ans", "Ticket Answered")
    page.locator("#steps-1-name").press("Alt+ArrowUp")
    expect(page.locator("#steps-0-name")).to_have_value("Is answered")
    settled(page)
    page.locator("#steps-0-name").press("Alt+ArrowDown")
    expect(page.locator("#steps-0-name")).to_have_value("Asks")
    settled(page)
    expect(page.locator("#preview")).to_contain_text("runs succeed")
    page.get_by_role("button", name="Save the journey").click()
    expect(page.locator("h1")).to_have_text("Help to happy")
    expect(page.locator("#funnel-title, .empty-state").first).to_be_visible()


def test_a_segment_is_built_in_its_form_with_its_size_beside_it(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/segments/edit")
    beside = page.locator("#beside")
    expect(beside).to_contain_text("give a value")
    page.locator("#of").select_option("trial-to-paid")
    page.locator("#field-name").fill("Phones that asked")
    pick_plain(page, "parts-0-value", "mob", "mobile")
    expect(beside.locator("strong")).to_have_text(re.compile(r"^[1-9][\d,]*$"))
    alone = beside.locator("strong").inner_text()
    page.get_by_role("button", name="And a condition").click()
    expect(page.locator("#parts-1-kind")).to_be_focused()
    page.locator("#parts-1-kind").select_option("group")
    expect(page.locator("#parts-1-parts-0-kind")).to_be_visible()
    settled(page)
    page.locator("#parts-1-parts-0-kind").select_option("did")
    pick(page, "parts-1-parts-0-first-value", "invoice pa", "Invoice Paid")
    expect(beside.locator("#beside-yaml")).to_contain_text("event: Invoice Paid")
    expect(beside.locator("strong")).not_to_have_text(alone)
    page.get_by_role("button", name="Or a condition").click()
    expect(page.locator("#parts-1-parts-1-kind")).to_be_focused()
    settled(page)
    page.get_by_role("button", name="Remove this condition").last.click()
    expect(page.locator("#parts-1-parts-1-kind")).to_have_count(0)
    settled(page)
    page.locator("#parts-1-kind").press("Alt+ArrowUp")
    expect(page.locator("#parts-0-kind")).to_have_value("group")
    settled(page)
    page.get_by_role("button", name="Save the segment").click()
    expect(page.locator("main")).to_contain_text("“Phones that asked” is kept")
    page.get_by_role("row", name="Phones that asked").get_by_role("link", name="Edit").click()
    expect(page.locator("#parts-0-parts-0-first-value")).to_have_value("Invoice Paid")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.locator("#field-description").fill("Called us by phone")
    page.locator(".crumb").click()
    expect(page.locator("#field-description")).to_have_value("Called us by phone")
    assert asked == ["Your changes are not saved. Leave them?"]
    page.locator("#field-description").fill("")
    page.locator(".crumb").click()
    expect(page.get_by_role("row", name="Phones that asked")).to_be_visible()


def pick_plain(page: Page, field: str, typed: str, wanted: str) -> None:
    """Search in a picker by keyboard and take the first suggestion."""
    page.locator(f"#{field}").fill(typed)
    expect(page.locator(f"#{field}-list [role=option]").first).to_contain_text(wanted)
    page.locator(f"#{field}").press("ArrowDown")
    page.locator(f"#{field}").press("Enter")
    expect(page.locator(f"#{field}")).to_have_value(wanted)


def test_a_journey_that_customers_make_already_is_discovered_and_opened_as_a_draft(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/discover?days=90&within=30d&value=amount")
    found = page.get_by_role("row").filter(has_text="Invoice Paid")
    expect(found.first).to_be_visible(timeout=60_000)
    pick(page, "start", "signed", "Signed Up")
    pick(page, "goal", "invoice pa", "Invoice Paid")
    page.get_by_role("button", name="Show the ways").click()
    expect(page.locator("#ways-title")).to_have_text("Ways to the goal")
    page.get_by_role("link", name="Make a journey of it").click()
    expect(page.locator("#field-name")).to_have_value("Signed Up to Invoice Paid")
    expect(page.locator("#steps-0-match-0-value")).to_have_value("Signed Up")
    page.get_by_role("button", name="Save the journey").click()
    expect(page.locator("h1")).to_have_text("Signed Up to Invoice Paid", timeout=60_000)


def settled(page: Page) -> None:
    """Wait until a part of the page that was replaced has taken its place, focus included."""
    page.wait_for_timeout(100)
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


def pick(page: Page, field: str, typed: str, wanted: str) -> None:
    """Search in a picker by keyboard and take the first suggestion, which shows its count."""
    page.locator(f"#{field}").fill(typed)
    option = page.locator(f"#{field}-list [role=option]").first
    expect(option).to_contain_text(re.compile(rf"{wanted}.*[\d,]+ times?"))
    page.locator(f"#{field}").press("ArrowDown")
    page.locator(f"#{field}").press("Enter")
    expect(page.locator(f"#{field}")).to_have_value(wanted)


def test_problems_are_marked_where_they_are(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    page.locator("#field-idle_timeout").fill("soon")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("#problem-idle_timeout")).to_contain_text("write a duration as")


def test_a_proposed_template_is_previewed_and_a_page_kept_apart(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/settings/paths")
    page.get_by_role("button", name="Add /app/projects/:id", exact=True).click()
    expect(page.locator("#preview")).to_contain_text("Nothing is changed yet")
    keep = page.locator("#preview").get_by_role("button", name="Keep /app/projects/").first
    path = (keep.get_attribute("value") or "").removeprefix("add ")
    keep.click()
    expect(page.get_by_label("Template 1")).to_have_value(path)
    expect(page.get_by_label("Template 2")).to_have_value("/app/projects/:id")
    expect(page.locator("#proposals")).to_contain_text("in the list")


def test_channels_are_added_moved_and_removed_by_keyboard(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/settings/rules")
    page.get_by_role("button", name="Add a channel").press("Enter")
    expect(page.locator("#channels-0-channel")).to_be_focused()
    page.keyboard.type("Partners")
    page.get_by_role("button", name="Add a channel").press("Enter")
    expect(page.locator("#channels-1-channel")).to_be_focused()
    page.keyboard.type("Fairs")
    expect(page.locator("#channels-1-channel")).to_have_value("Fairs")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#channels-0-channel")).to_have_value("Fairs")
    expect(page.locator("#channels-0-channel")).to_be_focused()
    page.get_by_role("button", name="Remove Partners").press("Enter")
    page.get_by_role("button", name="Remove Fairs").press("Enter")
    expect(page.get_by_role("button", name="Add a channel")).to_be_focused()


def test_a_wide_table_can_be_scrolled_by_keyboard(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/events/one?event=Invoice+Paid")
    table = page.locator(".table-scroll").last
    expect(table).not_to_have_attribute("tabindex", "0")
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.get_by_role("region", name="Properties: scrolls sideways")).to_have_attribute("tabindex", "0")


def test_customers_are_found_while_typing(inside: Inside, demo: tuple[Company, str]) -> None:
    page, project = inside
    plant_two_ids(demo[0], "u-of-two")
    page.goto(f"{project}/customers")
    page.locator("#q").press_sequentially("u-of-two", delay=20)
    expect(page.locator("#found h2")).to_contain_text("found")
    expect(page).to_have_url(re.compile("q=u-of-two"))
    page.locator("#found tbody a").first.click()
    expect(page.locator("h2", has_text="Links between ids")).to_be_visible()
    page.get_by_role("link", name="Un-merge").first.click()
    expect(page.get_by_role("main")).to_contain_text("separate")
    page.get_by_role("button", name="Un-merge").click()
    expect(page.get_by_role("status").first).to_contain_text("parted")


def test_live_events_can_be_paused(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/live")
    with page.expect_response(re.compile(r"/live$")):
        pass
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_have_attribute("aria-pressed", "true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4_500)
    assert asked == []


def test_the_focus_stays_on_a_live_event_while_the_list_goes_on(
    inside: Inside, demo: tuple[Company, str]
) -> None:
    page, project = inside
    page.goto(f"{project}/live")
    link = page.locator("#live-rows a").first
    link.focus()
    address = link.get_attribute("href")
    page.evaluate("window.left = 0; document.activeElement.addEventListener('blur', () => window.left++)")
    send(demo[0], [{"type": "track", "event": "Seen Again", "userId": "u-live", "messageId": "again"}])
    expect(page.locator("#live-rows tr").first).to_contain_text("Seen Again")
    with page.expect_response(re.compile(r"/live$")):
        pass
    assert page.evaluate("document.activeElement.getAttribute('href')") == address
    assert page.evaluate("window.left") == 0
    ids = page.evaluate("[...document.querySelectorAll('#live-rows tr')].map((row) => row.id)")
    assert len(ids) == len(set(ids))
    page.keyboard.press("Enter")
    expect(page.locator("#sent-title")).to_be_visible()


def test_a_few_letters_lead_anywhere(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("link", name="Trial to paid")).to_be_visible()
    page.keyboard.type("trial")
    expect(page.locator("#palette-found a").nth(1)).to_contain_text("search customers")
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Go to").click()
    page.keyboard.type("heal")
    expect(page.locator("#palette-found a").first).to_contain_text("Health")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/live/health")
    page.keyboard.press("Control+k")
    page.keyboard.type("u-100")
    found = page.locator("#palette-found a")
    expect(found).to_have_count(6)
    expect(found.first).to_contain_text("u-100")
    expect(found.nth(1)).to_contain_text("customer")
    whole = (found.nth(1).locator(".text-truncate").text_content() or "").split()[0]
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/customers/\d+$"))
    there = page.url
    page.goto(f"{project}/journeys")
    page.keyboard.press("Control+k")
    page.keyboard.type(whole)
    page.keyboard.press("Enter")  # before what these letters mean has come
    page.wait_for_url(there)
    expect(page.get_by_role("main")).to_contain_text("u-100")
