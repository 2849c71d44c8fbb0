"""What stands out of the window, so that a page could be moved sideways."""

from __future__ import annotations

from playwright.sync_api import Page, ViewportSize

DESK = ViewportSize(width=1360, height=860)
PHONE = ViewportSize(width=360, height=740)
WALL = ViewportSize(width=3840, height=2160)
# The smallest elements that stand out of the window, where the page can be moved sideways.
WIDE = """() => {
  const edge = document.documentElement.clientWidth;
  if (!document.querySelector('main') || document.documentElement.scrollWidth <= edge) return [];
  const isOut = (one) => one.getBoundingClientRect().right > edge && one.checkVisibility();
  const all = [...document.querySelectorAll('main *, header *, nav *')];
  const out = all.filter((one) => isOut(one) && !one.closest('.table-scroll'));
  const found = out.filter((one) => !out.some((other) => other !== one && one.contains(other))).slice(0, 3)
    .map((one) => `${edge} wide: ${one.outerHTML.slice(0, 160)} in ${one.parentElement.className}`);
  return found.length ? found : [`${edge} wide, and nothing visible in it is wider`];
}"""


def out_of_window(page: Page) -> list[str]:
    """The smallest of the elements that do."""
    found: list[str] = page.evaluate(WIDE)
    return found
