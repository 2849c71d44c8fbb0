"""Reports as they leave the admin: in frames of other sites, as pictures, and on paper."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.accessibility import barriers
from tests.browser.stage import served_app

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]
CORNER = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const rgb = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3).join(", ");
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) colours.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
  return [image.width, image.height, rgb(1, 1), colours.size];
}"""


def test_a_link_shows_its_report_in_a_frame_of_another_site(inside: Inside) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=90")
    page.get_by_role("link", name="Share", exact=True).click()
    expect(page.get_by_text("days: 90").first).to_be_visible()
    page.get_by_role("button", name="Make a link").click()
    path = re.search(r"/embed/\S+", page.locator("#fresh-link").text_content() or "")
    assert path
    origin = project.partition("/p/")[0]
    wiki = Flask("wiki")
    wiki.add_url_rule("/", "show", lambda: f'<iframe src="{origin}{path[0]}" width=900 height=700></iframe>')
    wiki.add_url_rule("/favicon.ico", "icon", lambda: "")
    with served_app(wiki) as port:
        page.goto(f"http://localhost:{port}/")
        frame = page.frame_locator("iframe")
        expect(frame.locator("h1")).to_have_text("Trial to paid: funnel")
        expect(frame.locator("[data-chart] canvas")).to_be_visible()
        assert frame.locator("a, form, nav").count() == 0
        page.goto(f"{origin}{path[0]}")
        expect(page.locator("[data-chart] canvas")).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert barriers(page) == [], scheme


@pytest.mark.parametrize(("scheme", "surface"), [("light", "255, 255, 255"), ("dark", "23, 30, 43")])
def test_a_picture_is_saved_with_its_title_on_the_background_of_the_theme(
    inside: Inside, tmp_path: Path, scheme: str, surface: str
) -> None:
    page, project = inside
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=90")
    chart = page.locator("[data-chart=funnel]")
    expect(chart.locator("canvas")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG: Trial to paid: How far runs come").click()
    assert download.value.suggested_filename == "trial-to-paid-how-far-runs-come.png"
    download.value.save_as(tmp_path / "picture.png")
    address = f"data:image/png;base64,{b64encode((tmp_path / 'picture.png').read_bytes()).decode()}"
    width, height, corner, colours = page.evaluate(CORNER, address)
    room = chart.bounding_box()
    assert room
    assert width == 2 * (round(room["width"]) + 48)
    assert height > 2 * (room["height"] + 100), "title, period and legend stand above the picture"
    assert corner == surface
    assert colours > 50


def test_every_card_with_a_picture_offers_it(inside: Inside) -> None:
    page, project = inside
    for path in ("journeys/trial-to-paid/timing?days=90", "lifecycle?days=90", "live/health"):
        page.goto(f"{project}/{path}")
        page.wait_for_load_state("networkidle")
        cards = page.locator(".card:has([data-chart])")
        assert cards.count() > 0
        expect(page.locator("[data-png]"), path).to_have_count(cards.count())


def test_paper_is_light_whole_and_without_navigation(inside: Inside) -> None:
    page, project = inside
    page.emulate_media(color_scheme="dark")
    page.goto(f"{project}/journeys/trial-to-paid/funnel?days=90")
    page.wait_for_load_state("networkidle")
    root, table = page.locator("html"), page.get_by_text("week of").first
    expect(root).to_have_attribute("data-bs-theme", "dark")
    expect(table).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(root).to_have_attribute("data-bs-theme", "light")
    expect(table).to_be_visible()
    expect(page.get_by_text("Runs that began from").first).to_be_visible()
    for hidden in ("nav", ".side", ".report-bar", ".card-tools", ".page-actions"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    expect(table).to_be_hidden()
