"""What axe-core finds wrong with a page for people who see, hear or move otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "clients" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
# Colours may be changing and parts may be appearing: those that begin to are known some frames later.
SETTLED = """async () => {
  for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
  const ends = (one) => Number.isFinite(one.effect.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""
# Rules whose findings are never grave are left out; some of them look at every element.
RUN = """([within, more, grave]) => {
  const mild = axe._audit.rules.filter((one) => one.impact && !grave.includes(one.impact));
  const rules = Object.fromEntries(mild.map((one) => [one.id, {enabled: false}]));
  return axe.run(within ?? document, {resultTypes: ['violations'], rules, ...more});
}"""
ALL: dict[str, Any] = {}
# All that another colour scheme can change.
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# What a narrow window can change: parts that can be moved sideways there must be reached by keys.
NARROW: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["scrollable-region-focusable"]}}


def barriers(page: Page, rules: dict[str, Any] = ALL, *, within: str | None = None) -> list[str]:
    """The grave findings, each with its rule, the first element and what is wrong there.

    `within` chooses the parts of the page that are looked at; there must be one.
    """
    page.evaluate(SETTLED)
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(RUN, [within, rules, [*GRAVE]])["violations"]
    return [_said(one["id"], **one["nodes"][0]) for one in found if one["impact"] in GRAVE]


def _said(rule: str, *, html: str, failureSummary: str, **_: object) -> str:  # noqa: N803 - axe-core's name
    return f"{rule}: {html[:200]}: {failureSummary}"
