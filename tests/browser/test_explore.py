"""Looking around: periods side by side, a span of the trend, and the ways before and after a touchpoint."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import barriers

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]


def test_a_period_is_chosen_beside_another_and_dragged_over(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=30&by=day")
    page.get_by_label("Beside", exact=True).select_option("previous")
    expect(page).to_have_url(re.compile(r"beside=previous"))
    expect(page.locator("#periods-title")).to_contain_text(re.compile(r"Beside \w+ \d+, 20\d\d to "))
    expect(page.locator("[data-chart='beside'] canvas")).to_be_visible()
    assert barriers(page) == []
    chart = page.locator("[data-chart='trend']")
    expect(chart.locator("canvas")).to_be_visible()
    chart.scroll_into_view_if_needed()
    parts = json.loads(str(chart.get_attribute("data-values")))["parts"]
    box = chart.bounding_box()
    assert box is not None
    column, middle = (box["width"] - 14 - 42) / len(parts), box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 42 + column * 5.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 42 + column * 8, middle)
    page.mouse.move(box["x"] + 42 + column * 12.5, middle)
    expect(page.locator(".chart-brush")).to_be_visible()
    page.mouse.up()
    page.wait_for_url(lambda address: "days=" not in address)
    start, through = page.input_value("#bar-from"), page.input_value("#bar-through")
    days = [part["first"] for part in parts]
    assert (days.index(start), days.index(through)) == (5, 12)
    expect(page).to_have_url(re.compile(r"beside=previous"))
    page.get_by_role("link", name="Why did it change?").click()
    expect(page.locator("#change-title")).to_be_visible()


def test_from_the_catalogue_to_the_paths_of_an_event_and_to_a_person(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/events?q=Signed+Up")
    page.get_by_role("link", name="Paths from Signed Up").click()
    page.get_by_label("A visit ends after").select_option("1d")
    page.get_by_role("link", name="90 days").click()
    expect(page.locator("#explore-title")).to_contain_text("What comes after “Signed Up”")
    expect(page.locator("[data-chart='sankey'] canvas")).to_be_visible()
    page.get_by_label("What came").select_option("before")
    expect(page).to_have_url(re.compile(r"(?=.*gap=1d)(?=.*days=90)(?=.*direction=before)"))
    expect(page.locator("#explore-title")).to_contain_text("What comes before “Signed Up”")
    expect(page.locator("[data-chart='sankey'] canvas")).to_be_visible()
    number = page.get_by_role("link", name="visits in all")
    n = number.inner_text()
    number.click()
    expect(page.locator("#list-title")).to_contain_text(f": {n}")
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Signed Up")


def test_a_live_event_is_found_and_opened(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/live")
    page.get_by_label("Type").select_option("page")
    expect(page).to_have_url(re.compile("type=page"))
    expect(page.locator("#live-rows")).not_to_contain_text("track")
    page.get_by_role("button", name="Pause").click()
    page.locator("#live-rows a").first.click()
    expect(page.locator("#event-sent")).to_contain_text('"type": "page"')
    expect(page.locator("#made-title")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert barriers(page) == [], scheme


def test_the_preview_of_a_change_shows_examples_and_what_it_changes(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    page.locator("#field-name").fill("Trial to customer")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("the name was Trial to paid and is Trial to customer", timeout=60_000)
    expect(preview).to_contain_text("Names alone")
    expect(preview).to_contain_text("Examples that do not")
    with page.expect_popup() as opened:
        preview.locator("a").first.click()
    expect(opened.value.locator("main")).to_contain_text("Trial to paid")
    expect(page.locator("#field-name")).to_have_value("Trial to customer")
