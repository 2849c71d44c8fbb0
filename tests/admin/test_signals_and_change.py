"""The pages on signals and on what changed answer first, and every number on them opens its list."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable

import pytest

from store.event import Event
from tests.admin.conftest import Shop, happened

SALE = "/sale/<img src=x onerror=alert(1)>"
ASKED = "from=2026-02-01&through=2026-03-01"


def bought(who: int, day: float, *, phone: bool) -> list[Event]:
    """Every desktop fills the cart, of phones some do, and in the older half alone; half see the sale."""
    device = "mobile" if phone else "desktop"
    rows = [happened("/shop", f"c{who}", day=day, kind="page", device=device)]
    if who % 4 < 2:
        rows.append(happened(SALE, f"c{who}", day=day - 0.001, kind="page", device=device))
    if not phone or (day > 14 and who % 8 < 5):
        rows.append(happened("Cart Filled", f"c{who}", day=day - 0.5, device=device))
        if who % 3:
            rows.append(happened("Order Paid", f"c{who}", day=day - 0.6, device=device))
    return rows


@pytest.fixture
def busy_shop(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> Shop:
    add_events([row for who in range(240) for row in bought(who, 4 + 20 * (who / 240), phone=who % 2 == 1)])
    return own_shop


def page(shop: Shop, address: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{address}")
    assert answer.status_code == 200, answer.text
    return answer.text


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def lists_are_as_long_as_said(shop: Shop, text: str, report: str) -> int:
    links = re.findall(rf'<a href="([^"]*report={report}&amp;[^"]*)"[^>]*>([\d,]+)</a>', text)
    for link, n in dict(links).items():
        found = shop.client("viewer").get(html.unescape(link))
        assert found.status_code == 200, link
        assert re.search(rf'id="runs-title">[^<]*: {n} runs?', found.text), (link, n)
    return len(links)


def test_signals_answer_first_and_open_their_lists(busy_shop: Shop) -> None:
    text = page(busy_shop, f"signals?{ASKED}&step=cart&landmark=30m")
    said = words(text)
    assert "What tells early who comes to “Fills the cart”" in said
    assert "Landmark : 30 min after “Looks”" in said
    assert re.search(
        r"The surest signal: device (mobile|desktop) at “Looks”. With it [\d.]+% came, without it", said
    )
    assert "nobody of these counts as lost" in said
    assert "The surest 3 of 3 tested signals" in said
    assert SALE in html.unescape(text)
    assert SALE not in text, "names come from strangers"
    assert lists_are_as_long_as_said(busy_shop, text, "signals") >= 8


def test_signals_of_too_few_say_so(busy_shop: Shop) -> None:
    assert "Too few for any signal to be tested" in words(
        page(busy_shop, "signals?from=2026-02-05&through=2026-02-06")
    )
    assert "so nothing can be compared" in words(
        page(busy_shop, "signals?from=2026-02-28&through=2026-03-01")
    )


def test_a_change_is_explained_in_a_sentence_and_opens_its_lists(
    busy_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events([happened("/shop", "odd", day=10, kind="page", device="(none)")])
    text = page(busy_shop, "change?from=2026-02-15&through=2026-02-25&target=cart&age=1d")
    said = words(text)
    assert re.search(
        r"Coming to “Fills the cart” fell from \d+% to \d+%; .* of the fall is device mobile", said
    )
    assert "both 24 h after their start" in said
    assert '<th scope="row" class="break">“(none)”' in text, "told from runs without a device"
    assert lists_are_as_long_as_said(busy_shop, text, "change") >= 8


def test_a_change_that_may_be_chance_says_so(busy_shop: Shop) -> None:
    said = words(page(busy_shop, "change?from=2026-02-20&through=2026-02-22&target=cart&device=desktop"))
    assert "which may be chance" in said or "is old enough" in said


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("signals?step=look", "othing leads to"),
        ("change?target=look", "othing leads to"),
        ("change?before_from=2026-02-01", "both its beginning and its end"),
        ("change?before_from=2026-02-01&before_to=2026-02-20", "must not overlap"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(shop: Shop, address: str, said: str) -> None:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{address}&days=30")
    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize("name", ["signals", "change"])
def test_files_hold_what_pages_show(busy_shop: Shop, name: str) -> None:
    found = busy_shop.client("viewer").get(f"/p/shop/journeys/buy/{name}.csv?{ASKED}")
    rows = list(csv.reader(io.StringIO(found.text)))
    assert len(rows) > 3
    assert {len(row) for row in rows} == {len(rows[0])}
