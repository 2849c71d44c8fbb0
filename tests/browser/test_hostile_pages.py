"""What strangers have named, on every page in Chromium without its Content Security Policy: nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, PASSWORD, a_shop
from tests.admin.hostile_pages import hostile_pages
from tests.browser.company import served_app
from tests.browser.widths import DESK, PHONE, out_of_window

pytestmark = pytest.mark.browser

FILES = (".csv", ".json", ".jsonl", ".yaml")
SETTLED = "document.querySelectorAll('.htmx-request').length === 0"
# What of the corpus became more than text, and names that turn the words behind them round.
LOOK = """() => {
  const addresses = '[href^="javascript:" i], [src^="javascript:" i], [action^="javascript:" i]';
  const elements = document.querySelectorAll(`[data-hostile], [onerror], [onload], [onfocus], ${addresses}`);
  const found = [...elements].map((one) => one.outerHTML.slice(0, 200));
  if (window.hostileRan) found.push('a script ran');
  if (document.body.innerText.includes('94011')) found.push('a template was worked out');
  if (!document.querySelector('main')) return found;
  const isInline = (one) => getComputedStyle(one).display.startsWith('inline');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    let one = walker.currentNode;
    const name = one.parentElement;
    if (!one.data.includes('\\u202e') || !name.checkVisibility() || name.tagName === 'TEXTAREA') continue;
    for (;;) {
      const box = one.parentElement;
      if (one.nextSibling) one = one.nextSibling;
      else if (isInline(box) && getComputedStyle(box).unicodeBidi === 'normal') { one = box; continue; }
      else break;
      if (one instanceof Element && !isInline(one)) break;
      if (one.textContent.trim()) { found.push('turned round: ' + box.outerHTML.slice(0, 200)); break; }
    }
  }
  return found;
}"""


def test_nothing_runs_and_nothing_breaks_on_any_page(
    browser: Browser, template_db: Path, shared_events: EventStore, tmp_path: Path
) -> None:
    with a_shop(template_db, shared_events, tmp_path) as shop:
        planted = hostile.plant(shop.services, shop.project, now=NOW)
        shop.app.config["WTF_CSRF_ENABLED"] = True
        with served_app(shop.app) as address:
            page = browser.new_context(bypass_csp=True, viewport=DESK).new_page()
            wrong: list[str] = []
            page.on("dialog", lambda dialog: wrong.append(dialog.message))
            page.on("request", lambda one: wrong.append(one.url) if one.url.endswith("/hostile-x") else None)
            page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
            page.goto(f"{address}/sign-in")
            page.fill("#email", "admin@shop.example")
            page.fill("#password", PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/p/shop/journeys")
            for _, path in hostile_pages(shop, planted):
                if not path.partition("?")[0].endswith(FILES):
                    wrong += [f"{path}: {one}" for one in seen(page, address + path)]
            page.context.close()
    assert wrong == []


def seen(page: Page, address: str) -> list[str]:
    """What is wrong with a page on a phone, then in a window, after the mouse has been on its pictures."""
    page.set_viewport_size(PHONE)
    page.goto(address)
    page.wait_for_function(SETTLED)
    wrong = out_of_window(page)
    page.set_viewport_size(DESK)
    for chart in page.locator("[data-chart] canvas").all():
        if box := chart.bounding_box():
            page.mouse.move(box["x"] + box["width"] / 8, box["y"] + box["height"] / 2, steps=2)
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
    return [*wrong, *out_of_window(page), *page.evaluate(LOOK)]
