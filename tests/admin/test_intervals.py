"""On every tab a percentage of people stands beside its interval, or beside how many people it is of."""

from __future__ import annotations

import html
import re

import pytest

from journeys.reports import TABS
from tests.admin.conftest import Shop

BLOCK = re.compile(r"<(tr|p|li|dd|summary)\b[^>]*>(.*?)</\1>", re.DOTALL)
INTERVAL = re.compile(r"\d[\d.,]*–\d[\d.,]*%")
SHARE = re.compile(r"(?<![\d.,–<])\d[\d.,]*%")
NUMBER = re.compile(r"\b(?:n|of|all) [\d,]+\b(?!%)|[\d,]+ of|[\d,]+ (?:shown|runs|customers|succeeded)")


def bare(page: str) -> list[str]:
    """The parts of the page with a percentage alone."""
    main = page[page.index("<main") : page.index("</main>")].replace("95% interval", "")
    found = []
    for block in BLOCK.finditer(re.sub(r'<p class="fine heat-legend.*?</p>', "", main, flags=re.DOTALL)):
        linked = re.search(r">[\d,]+</a>", block[2])
        said = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", block[2])).split())
        if SHARE.search(INTERVAL.sub("", said)) and not (
            linked or INTERVAL.search(said) or NUMBER.search(said)
        ):
            found.append(said)
    return found


@pytest.mark.parametrize(
    "address",
    [*(one.name for one in TABS), "funnel?beside=before", "paths?against=device:mobile", "change?by=medium"],
)
def test_every_percentage_has_its_interval_or_its_number(shop: Shop, address: str) -> None:
    between = "&" if "?" in address else "?"
    page = shop.client("viewer").get(f"/p/shop/journeys/buy/{address}{between}days=30")
    assert page.status_code == 200
    assert bare(page.text) == []


def test_what_has_neither_is_found() -> None:
    row = "<main><tr><td>Direct</td><td>50%</td></tr><p>50% (40–60%)</p><p>50% of 8 runs</p></main>"
    assert bare(row) == ["Direct 50%"]
