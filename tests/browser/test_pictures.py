"""Pictures that do not come: what stands in their place, and how one asks again; small ones as files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.accessibility import barriers
from tests.browser.company import Company
from tests.browser.widths import DESK

pytestmark = pytest.mark.browser

# How many pixels of a picture are not those of its corner, in its lower third, where what is drawn stands.
DRAWN = """async (address) => {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const { width, height } = picture;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const corner = context.getImageData(0, 0, 1, 1).data.join();
  const top = Math.round(height - 2 * (24 + 12 + 80));
  const { data } = context.getImageData(0, top, width, 160);
  let n = 0;
  for (let at = 0; at < data.length; at += 4) if (data.slice(at, at + 4).join() !== corner) n += 1;
  return [width, corner, n];
}"""
FUNNEL = "journeys/trial-to-paid/funnel?days=90"


@pytest.fixture
def troubled(
    browser: Browser, signed_in: StorageState, demo: tuple[Company, str]
) -> Iterator[tuple[Page, str]]:
    """A page whose reader is signed in and to which not everything comes, and the address of the project."""
    page = browser.new_context(viewport=DESK, storage_state=signed_in).new_page()
    yield page, f"{demo[1]}/p/fernhill"
    page.context.close()


def test_no_picture_is_a_blank_box(troubled: tuple[Page, str]) -> None:
    page, project = troubled
    page.route("**/charts.*.js", lambda route: route.abort())
    page.goto(f"{project}/{FUNNEL}")
    expect(page.get_by_text("The picture is not drawn yet; the table says the same.").first).to_be_visible()
    assert page.locator("canvas").count() == 0
    page.unroute("**/charts.*.js")
    page.goto(f"{project}/{FUNNEL}")
    picture = page.locator('[data-chart="funnel"]')
    expect(picture.locator("canvas")).to_be_visible()
    picture.evaluate("(one) => { one.dataset.values = '{}' }")
    page.locator("[data-theme-button]").click()
    expect(picture).to_have_text("The picture cannot be drawn; the table says the same.")
    expect(page.locator('[data-chart="trend"] canvas')).to_be_visible()


@pytest.mark.parametrize("fail", ["abort", "500"])
def test_a_part_that_does_not_come_says_so_and_is_asked_for_again(
    troubled: tuple[Page, str], fail: str
) -> None:
    page, project = troubled
    answer = (lambda route: route.abort()) if fail == "abort" else (lambda route: route.fulfill(status=500))
    page.route("**/trial-to-paid/glance*", answer)
    page.goto(f"{project}/journeys?days=90")
    part = page.locator("#glance-trial-to-paid")
    expect(part).to_contain_text("This part did not come.")
    page.unroute("**/trial-to-paid/glance*")
    part.get_by_role("button", name="Try again").click()
    expect(part.get_by_role("link", name="Explain")).to_be_visible()


@pytest.mark.parametrize(("scheme", "surface"), [("light", "255,255,255,255"), ("dark", "23,30,43,255")])
def test_a_small_picture_is_a_table_and_files_too(
    troubled: tuple[Page, str], tmp_path: Path, scheme: str, surface: str
) -> None:
    page, project = troubled
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{project}/journeys?days=90")
    for name, saved in (
        ("glance-trial-to-paid", "journeys-trial-to-paid-success-rate-by-week.png"),
        ("pulse", "journeys-events-by-minute.png"),
    ):
        part = page.locator(f"#{name}")
        folded = part.locator("summary")
        folded.focus()
        page.keyboard.press("Enter")
        expect(part.get_by_role("table")).to_be_visible()
        assert barriers(page) == []
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator(f"#{name}-png")).to_be_focused()
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == saved
        download.value.save_as(tmp_path / saved)
        address = f"data:image/png;base64,{b64encode((tmp_path / saved).read_bytes()).decode()}"
        width, corner, n = page.evaluate(DRAWN, address)
        assert (width, corner) == (2 * (480 + 48), surface)
        assert n > 900, "a line, or a bar a minute, however low"


def test_what_is_read_of_the_pulse_stays_open_when_it_is_asked_for_anew(troubled: tuple[Page, str]) -> None:
    page, project = troubled
    page.goto(f"{project}/journeys?days=90")
    page.locator("#pulse-summary").click()
    page.locator("#pulse-png").focus()
    page.locator("#pulse-table").evaluate("(one) => { one.scrollTop = 100 }")
    former = page.locator("#pulse-table").element_handle()
    with page.expect_response("**/journeys-pulse?refresh=1"):
        page.evaluate(
            "htmx.ajax('GET', document.getElementById('pulse').getAttribute('hx-get'), "
            "{ source: '#pulse', target: '#pulse', swap: 'outerHTML' })"
        )
    page.wait_for_function("(one) => !one.isConnected", arg=former)
    expect(page.locator("#pulse-png")).to_be_focused()
    assert page.locator("#pulse-table").evaluate("(one) => one.scrollTop") == 100
    expect(page.locator("#pulse").get_by_role("table")).to_be_visible()
