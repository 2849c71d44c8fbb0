"""Scripts say their texts in the language of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from playwright.sync_api import Browser, expect

from admin.catalogue import catalogue
from admin.languages import spoken
from store.events import EventStore
from tests.admin.conftest import PASSWORD, a_shop
from tests.browser.company import served_app

pytestmark = pytest.mark.browser
GERMAN = {"Pause": "Anhalten", "Go on": "Weiter"}


def test_scripts_speak_the_language_of_the_page(
    browser: Browser, template_db: Path, shared_events: EventStore, tmp_path: Path
) -> None:
    with a_shop(template_db, shared_events, tmp_path) as shop:
        shop.app.extensions["waywiser_languages"]["de"] = spoken(german())
        with served_app(shop.app) as address:
            page = browser.new_context(locale="de-DE").new_page()
            page.goto(f"{address}/sign-in")
            page.fill("#email", "admin@shop.example")
            page.fill("#password", PASSWORD)
            page.locator("button[type=submit], main button").first.click()
            page.wait_for_url("**/p/shop/journeys")
            page.goto(f"{address}/p/shop/live")
            button = page.locator("[data-pause]")
            expect(button).to_have_text("Anhalten")
            button.click()
            expect(button).to_have_text("Weiter")
            button.click()
            expect(button).to_have_text("Anhalten")
            page.context.close()


def german() -> Catalog:
    """A catalogue of two texts, with the places where they are said."""
    made = Catalog("de")
    for message in catalogue():
        if message.id in GERMAN:
            made.add(message.id, GERMAN[message.id], locations=message.locations)
    return made
