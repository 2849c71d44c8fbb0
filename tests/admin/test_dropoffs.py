"""The page on drop-offs answers first, shows trouble of who left and who went on; the funnel leads there."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

import msgspec

from store.event import Event
from tests.admin.conftest import Shop, happened


def page(shop: Shop, address: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{address}")
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_funnel_leads_to_who_left_each_step(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/journeys/buy/funnel?days=30").text
    for step in ("look", "cart"):
        link = f"/p/shop/journeys/buy/dropoffs?days=30&amp;step={step}"
        assert f'<a href="{link}" aria-label="who, what next after' in text
        assert "Who leaves after" in page(shop, link.rpartition("/")[2].replace("&amp;", "&"))


def test_the_answer_comes_first(shop: Shop) -> None:
    text = page(shop, "dropoffs?days=30&step=cart&value=amount")
    assert "Who leaves after “Fills the cart”" in text
    assert re.search(r"Of 3 runs that came here, 2 left: 67% \(21–94%\)", text)
    assert "Most of them did nothing more so far : 2 , 100%" in text
    assert "At stake : 98 (0 to " in text
    said = "2 left × 100% of the 1 who went on succeed × 49 a success (1 of 1 told it)"
    assert said.replace(" ", "") in text.replace(" ", "")


def test_trouble_stands_beside_that_of_those_who_went_on(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    assert "No error, rage or dead click" in page(own_shop, "dropoffs?days=30&step=cart")
    minutes = 1 / 1440
    add_events(
        [
            happened("JavaScript Error", "ben", day=9.5 - 10 * minutes),
            happened("/help", "ben", day=9.5 - 20 * minutes, kind="page"),
            happened("Rage Click", "ben", day=9.5 - 25 * minutes),
            happened("JavaScript Error", "ada", day=9.5 - 10 * minutes),
        ]
    )
    text = page(own_shop, "dropoffs?days=30&step=cart")
    assert re.search(r"JavaScript error 1 50% 9–91% 1 100%", text), "both are watched after the step"
    assert "Rage clicks" not in text, "it came after something else was done"
    assert "Most of them" not in text, "half is not most"
    assert re.search(r"Most often they (went on to /help|did nothing more so far) : 1 , 50%", text)
    assert re.search(r"/help 1 50% 9–91% 1 0 0 0 0 20 min", text)
    assert re.search(r"All 2 1 0 0 0 1 ", text), "within an hour, a day, a week, later, not so far"
    assert "Later" not in page(own_shop, "dropoffs?days=30&step=cart&within=7")
    text = own_shop.client("viewer").get("/p/shop/journeys/buy/dropoffs?days=30&step=cart").text
    (link, _) = [html.unescape(one) for one in re.findall(r'href="([^"]*cell=next\.hour[^"]*)"', text)]
    assert "within an hour" in own_shop.client("viewer").get(link).text


def test_which_error_and_which_page_stand_with_lists(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    assert "Which error" not in page(own_shop, "dropoffs?days=30&step=cart")
    minutes, hostile = 1 / 1440, "<b>boom</b> " * 12

    def near(name: str, who: str, after: float, path: str = "", **said: object) -> Event:
        event = happened(name, who, day=9.5 - after * minutes)
        return msgspec.structs.replace(event, path=path, properties=json.dumps(said))

    add_events(
        [
            near("JavaScript Error", "ben", 20, message="an earlier one"),
            near("JavaScript Error", "ben", 25, message=hostile),
            near("JavaScript Error", "ada", 10, message="cart is null"),
            near("Web Vitals", "ben", 24, path="/pay", lcp=5_240),
            near("Web Vitals", "ada", 10, path="/pay", lcp=6_260),
        ]
    )
    text = page(own_shop, "dropoffs?days=30&step=cart")
    cut = hostile[:99] + "…"
    assert re.search(rf"Which error .*{re.escape(cut)} 1 50% 9–91% 0 ", text)
    assert "an earlier one" not in text
    assert re.search(r"cart is null 0 0% 0–66% 1 100%", text)
    assert re.search(r"/pay Slow page \(LCP > 4 s\), median 5\.8 s 1 50% 9–91% 1 100%", text)
    shown = own_shop.client("viewer").get("/p/shop/journeys/buy/dropoffs?days=30&step=cart").text
    assert "<b>boom" not in shown
    lists = [html.unescape(link) for link in re.findall(r'href="([^"]*cell=(?:error|slow)[^"]*)"', shown)]
    assert len(lists) == 6
    for link in lists:
        assert own_shop.client("viewer").get(link).text.count("/customers/") == 1


def test_money_shows_by_itself_and_properties_are_suggested(shop: Shop) -> None:
    assert "At stake : 98 (0 to " in page(shop, "dropoffs?days=30&step=cart")
    text = shop.client("viewer").get("/p/shop/journeys/buy/dropoffs?days=30&step=cart").text
    assert 'value="" placeholder="amount" list="ask-value-seen"' in text
    assert '<datalist id="ask-value-seen"><option value="amount">' in text


def test_a_property_that_nobody_tells_is_said_so(shop: Shop) -> None:
    text = page(shop, "dropoffs?days=30&step=cart&value=nothing")
    assert "No success of those who went on carries “nothing” as a number" in text


def test_a_step_that_there_is_not_is_refused_in_a_sentence(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/dropoffs?days=30&step=paid")
    assert answer.status_code == 400
    assert "obody can leave at" in answer.text
