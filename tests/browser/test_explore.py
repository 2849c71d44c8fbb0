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
    expect(page.locator("#periods-title")).to_contain_text("Beside 20")
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
