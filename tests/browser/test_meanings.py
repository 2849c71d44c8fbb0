"""Words that explain themselves, to a finger and to a keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import barriers
from tests.browser.company import Company
from tests.installation import eventually

pytestmark = pytest.mark.browser

FUNNEL = "journeys/trial-to-paid/funnel?days=90"


def test_enter_tells_a_meaning_and_escape_takes_it_away(inside: tuple[Page, str]) -> None:
    page, project = inside
    page.goto(f"{project}/{FUNNEL}")
    word = page.get_by_role("button", name="Reached")
    word.focus()
    page.keyboard.press("Enter")
    told = page.locator(".meaning-told")
    expect(told).to_have_text("Runs that came to the step or beyond it, in order.")
    expect(told).to_be_visible()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    expect(word).to_be_focused()


def test_a_meaning_goes_along_with_its_word(inside: tuple[Page, str]) -> None:
    page, project = inside
    page.goto(f"{project}/{FUNNEL}")
    told, word = page.locator(".meaning-told"), page.get_by_role("button", name="Reached")
    word.click()  # to which the page scrolls first
    expect(told).to_be_visible()
    before = word.bounding_box()
    page.mouse.wheel(0, 60)
    assert eventually(word.bounding_box, lambda box: box != before) != before

    def apart() -> float:
        """How many pixels are between them; while the page moves, one is told a moment after the other."""
        there, box = word.bounding_box(), told.bounding_box()
        assert there
        assert box
        below, above = box["y"] - there["y"] - there["height"], there["y"] - box["y"] - box["height"]
        return max(below, above)

    assert 0 <= eventually(apart, lambda gap: 0 <= gap <= 12) <= 12
    expect(told).to_be_visible()
    page.mouse.wheel(0, 3000)
    expect(told).to_be_hidden()


@pytest.mark.parametrize("path", ["journeys?days=90", FUNNEL])
def test_a_tap_tells_a_meaning_beside_its_word(phone: Page, demo: tuple[Company, str], path: str) -> None:
    phone.goto(f"{demo[1]}/p/fernhill/{path}")
    word = phone.locator(".legend .meaning").first
    word.tap()
    told = phone.locator(".meaning-told")
    expect(told).to_have_text("Runs that reached the goal.")
    box, there = told.bounding_box(), word.bounding_box()
    assert box
    assert there
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 360
    assert box["y"] >= there["y"] + there["height"] or box["y"] + box["height"] <= there["y"]
    phone.locator("h1").tap()
    expect(told).to_be_hidden()
    assert phone.url.endswith(path), "the card beneath it leads nowhere"
