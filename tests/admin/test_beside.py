"""The bar of a journey's page: what stands beside a report is in the address, and the tabs carry it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

import pytest

from admin.asked import read
from journeys.companions import COMPANIONS
from journeys.cursors import read_cell
from journeys.report import Report
from journeys.reports import BY_NAME, TABS
from journeys.side_by_side_lists import Cell
from tests.admin.conftest import NOW, Shop, happened

FEBRUARY = "from=2026-02-15&through=2026-03-01"


def page(shop: Shop, tab: str, query: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/{tab}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def links(text: str, tab: str) -> dict[str, list[str]]:
    """What the tab's own link in the list of tabs asks for."""
    found = re.search(rf'href="(/p/shop/journeys/buy/{tab}\?[^"]*)"', text[text.index('class="tabs"') :])
    assert found
    return parse_qs(urlsplit(html.unescape(found[1])).query)


@pytest.mark.parametrize(
    ("query", "start", "through"),
    [
        ("from=2026-02-11&through=2026-02-20&beside=previous", "2026-02-01", "2026-02-10"),
        ("from=2024-02-29&through=2024-03-01&beside=year", "2023-02-28", "2023-03-01"),
        ("from=2026-02-11&through=2026-02-20&beside=own", "2026-02-01", "2026-02-10"),
        ("beside=own&beside_from=2025-01-01&beside_through=2025-01-02", "2025-01-01", "2025-01-02"),
        ("days=7&beside=previous", "2026-02-16", "2026-02-22"),
    ],
)
def test_the_other_period_follows_from_the_address(query: str, start: str, through: str) -> None:
    asked = read({name: one[0] for name, one in parse_qs(query).items()}, ZoneInfo("UTC"), now=NOW)
    assert asked.beside
    assert (asked.beside.start, asked.beside.through) == (start, through)
    assert read(asked.args, ZoneInfo("UTC"), now=NOW) == asked


@pytest.mark.parametrize("query", ["beside=sometime", "from=nonsense&beside=previous", "beside="])
def test_what_names_no_period_stands_for_none(query: str) -> None:
    args = {name: one[0] for name, one in parse_qs(query).items()}
    assert read(args, ZoneInfo("UTC"), now=NOW).beside is None


def test_tabs_carry_what_is_compared(shop: Shop) -> None:
    asked = {"beside": ["previous"], "against": ["device:mobile"], "breakdown": ["device"]}
    query = "days=30&beside=previous&against=device:mobile&breakdown=device"
    for tab in (one.name for one in TABS):
        told = links(page(shop, tab, query), "runs")
        assert {name: told.get(name) for name in asked} == asked, tab


def bar_of(text: str) -> str:
    """The form above a report."""
    return text[text.index('class="report-bar"') : text.index("</form>", text.index('class="report-bar"'))]


def said(text: str) -> str:
    """The words and numbers of a report, without addresses, fields and how it is computed."""
    shown = text[text.index('id="report"') :]
    shown = re.sub(
        r"<form.*?</form>|<p class=\"fine mb-0\">[^<]* that began from .*", "", shown, flags=re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def offered(bar: str, name: str) -> list[str]:
    """The values that a select of the bar offers, without the one that means nothing."""
    found = re.search(rf'<select[^>]* id="bar-{name}".*?</select>', bar, re.DOTALL)
    return re.findall(r'<option value="([^"]+)"', found[0]) if found else []


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.name)
def test_all_that_the_bar_offers_is_heard(shop: Shop, tab: Report) -> None:
    """Whatever is chosen changes what the page says; `days` are of a time of which there are runs."""
    plain = page(shop, tab.name, FEBRUARY)
    bar = bar_of(plain)
    for name in ("unit", "beside", "against", "breakdown"):
        values = [
            one for one in offered(bar, name) if (name, one) not in (("unit", "runs"), ("against", "all"))
        ]
        assert bool(values) == (name in tab.offers), name
        for value in values:
            asked = f"{FEBRUARY}&{name}={quote(html.unescape(value))}"
            assert said(page(shop, tab.name, asked)) != said(plain), (name, value)


# Pages that have a field of their own for what the bar of other tabs offers.
OWN_FIELDS = {("change", "beside"), ("breakdown", "breakdown")}


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.name)
def test_what_the_bar_does_not_offer_is_kept_and_changes_nothing(shop: Shop, tab: Report) -> None:
    given = {"unit": "accounts", "beside": "previous", "against": "device:mobile", "breakdown": "browser"}
    plain = said(page(shop, tab.name, FEBRUARY))
    for name, value in given.items():
        text = page(shop, tab.name, f"{FEBRUARY}&{name}={value}")
        assert len(re.findall(rf'name="{name}"', bar_of(text))) == 1, f"{name} is asked once, or kept"
        if name not in tab.offers and (tab.name, name) not in OWN_FIELDS:
            assert said(text) == plain, name
            assert f'id="bar-{name}"' not in bar_of(text)


def test_times_are_broken_down_by_what_their_curves_can_be_of(shop: Shop) -> None:
    text = page(shop, "timing", "days=30&breakdown=browser")
    assert offered(bar_of(text), "breakdown") == ["browser", *BY_NAME["timing"].dimensions]
    assert '<option value="browser">nothing</option>' in bar_of(text), "it is kept for the other tabs"
    form = text[text.index('id="ask-compare"') :]
    assert 'value="medium"' in form[: form.index("</select>")]
    both = page(shop, "timing", "days=30&breakdown=device&against=all")
    assert 'id="bar-breakdown"' not in both, "curves are of segments or of values"
    assert 'id="ask-compare"' not in both


def test_a_page_says_that_it_counts_runs_where_nothing_else_is_counted(shop: Shop) -> None:
    text = page(shop, "signals", "days=30&unit=customers")
    assert '<p class="print-only">Runs that began' in text
    assert '<p class="print-only">Customers that began' in page(shop, "funnel", "days=30&unit=customers")


def test_the_funnel_stands_beside_that_of_the_period_before(shop: Shop) -> None:
    text = page(shop, "funnel", f"{FEBRUARY}&beside=previous")
    card = text[text.index('id="periods-title"') :]
    assert "Beside Jan 31, 2026 to Feb 14, 2026" in card
    told = json.loads(html.unescape(re.findall(r"data-chart=\"beside\"[^>]* data-values='([^']+)'", card)[0]))
    before, now = ([bar["count"] for bar in group["bars"]] for group in told["groups"])
    assert before == [1, 0, 0], "Eve looked, and nothing else"
    assert now[1:] == [3, 1], "three filled a cart by that age, Ada paid"
    explain = re.search(r'href="([^"]*/change\?[^"]*)">Why did it change', card)
    assert explain
    asked = parse_qs(urlsplit(html.unescape(explain[1])).query)
    assert (asked["before_from"], asked["before_to"]) == (["2026-01-31"], ["2026-02-15"])
    answer = shop.client("viewer").get(html.unescape(explain[1]))
    assert 'value="2026-01-31"' in answer.text


def test_every_number_of_the_two_periods_opens_its_list(shop: Shop) -> None:
    text = page(shop, "funnel", f"{FEBRUARY}&beside=previous")
    card = text[text.index('id="periods-title"') : text.index("</section>", text.index('id="periods-title"'))]
    found = re.findall(r'<a href="([^"]+report=periods[^"]+)"[^>]*>(\d+)</a>', card)
    assert found
    for link, n in found:
        there = shop.client("viewer").get(html.unescape(link)).text
        assert f": {n} run" in there[there.index('id="runs-title"') :], link


def test_the_file_says_what_the_table_says(shop: Shop) -> None:
    query = f"{FEBRUARY}&before_from=2026-01-31&before_to=2026-02-15"
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/periods.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["step"] for row in rows] == ["look", "cart", "paid", "(too young)"]
    assert [row["before_came"] for row in rows[:3]] == ["1", "0", "0"]


def test_periods_that_overlap_are_refused_in_words(shop: Shop) -> None:
    text = page(shop, "funnel", f"{FEBRUARY}&beside=own&beside_from=2026-02-10&beside_through=2026-02-20")
    assert "They cannot be compared: the period to compare with must not overlap" in text


def test_the_trend_shows_the_other_period_too(shop: Shop) -> None:
    text = page(shop, "funnel", f"{FEBRUARY}&beside=previous&by=day")
    told = json.loads(html.unescape(re.findall(r"data-chart=\"trend\"[^>]* data-values='([^']+)'", text)[0]))
    assert len(told["parts"]) == len(told["before"]) == 15
    assert [part["entered"] for part in told["before"]].count(1) == 1
    assert told["parts"][0]["first"] == told["parts"][0]["last"] == "2026-02-15"
    assert "Beside it" in text


def test_no_part_of_the_other_period_is_left_out(shop: Shop) -> None:
    """Days of as many weeks may lie in one week more."""
    query = "from=2026-02-16&through=2026-02-22&beside=own&beside_from=2026-02-05&beside_through=2026-02-11"
    text = page(shop, "funnel", f"{query}&by=week")
    table = text[text.index('id="trend-title"') :]
    assert re.findall(r"(week of [^,<]*), n (\d)", table) == [
        ("week of 2 Feb 2026", "0"),
        ("week of 9 Feb 2026", "1"),
    ]


def test_times_stand_beside_those_of_the_other_period(shop: Shop) -> None:
    text = page(shop, "timing", f"{FEBRUARY}&beside=previous")
    assert text.index('id="periods-title"') < text.index('id="survival-title"')


def test_the_funnel_stands_beside_that_of_another_segment(shop: Shop) -> None:
    text = page(shop, "funnel", "days=30&device=desktop&against=device:mobile")
    card = text[text.index('id="segments-title"') :]
    told = json.loads(html.unescape(re.findall(r"data-chart=\"beside\"[^>]* data-values='([^']+)'", card)[0]))
    assert [[bar["count"] for bar in one["bars"]] for one in told["groups"]] == [[4, 2, 1], [1, 1, 0]]
    for group in told["groups"]:
        for bar in (one for one in group["bars"] if one["count"]):
            there = shop.client("viewer").get(bar["link"]).text
            assert f": {bar['count']} run" in there[there.index('id="runs-title"') :]


def test_a_segment_that_is_the_same_or_unknown_is_refused_in_words(shop: Shop) -> None:
    assert "They cannot be compared" in page(shop, "funnel", "days=30&against=all")
    assert "They cannot be compared" in page(shop, "funnel", "days=30&against=shoe:red")


def test_the_funnel_is_broken_down_where_it_stands(shop: Shop) -> None:
    text = page(shop, "funnel", "days=30&breakdown=device")
    card = text[text.index('id="by-title"') : text.index("</section>", text.index('id="by-title"'))]
    assert [int(n) for n in re.findall(r'aria-label="(\d) entered: ', card)] == [4, 1]
    assert 'value="device" selected' in page(shop, "breakdown", "days=30&breakdown=device")
    unknown = page(shop, "funnel", "days=30&breakdown=nonsense")
    assert "&#39;nonsense&#39;" in unknown[unknown.index('id="by-title"') :]


def test_times_are_compared_by_what_the_bar_breaks_down_by(shop: Shop) -> None:
    text = page(shop, "timing", "days=30&breakdown=device")
    assert '<option value="device" selected>device</option>' in text[text.index('id="ask-compare"') :]


def test_young_runs_are_named_and_not_lost(own_shop: Shop) -> None:
    assert datetime.fromtimestamp(NOW / 1000, ZoneInfo("UTC")).hour == 12
    own_shop.services.events.insert([happened("/shop", "fay", day=30, kind="page")], token="fay")
    text = page(own_shop, "funnel", f"{FEBRUARY}&beside=previous")
    assert "not that old yet" in text


SIDES = ("device=desktop", "device=mobile")
FEW = {"signals", "retention"}  # of which there is too little here, or which add up without lists
# What a group alone might choose otherwise, and what is in the name of a list.
PINNED = {"dropoffs": "&step=cart", "retention": "&by=week", "attribution": "&most=50"}


def card_of(text: str, tab: str, compared: str = "segments") -> str:
    """The card of a tab that puts it side by side."""
    found = re.search(
        rf'<section class="card" aria-labelledby="{tab}_beside-{compared}">.*?</section>', text, re.DOTALL
    )
    assert found, f"{tab} shows no card"
    return found[0]


def counted(text: str, report: str) -> dict[str, int]:
    """The numbers of a page that have a list of this report, by their cells."""
    found = re.findall(rf'<a href="([^"]*report={report}&amp;[^"]*)"[^>]*>([\d,]+)</a>', text)
    return {
        parse_qs(urlsplit(html.unescape(link)).query)["cell"][0]: int(n.replace(",", "")) for link, n in found
    }


@pytest.mark.parametrize("tab", list(COMPANIONS))
def test_a_tab_side_by_side_says_of_each_group_what_its_own_page_says(shop: Shop, tab: str) -> None:
    """Whatever tab offers a segment to compare with: its numbers are those of two pages."""
    query = f"{FEBRUARY}{PINNED.get(tab, '')}"
    card = card_of(page(shop, tab, f"{query}&{SIDES[0]}&against=device:mobile"), tab)
    told = {read_cell(cell, Cell, tab): n for cell, n in counted(card, f"{tab}_beside").items()}
    has_lists = tab not in FEW
    assert {one.segment for one in told} == (
        {"device:desktop", "device:mobile", "all"} if has_lists else {"all"}
    )
    for side in SIDES:
        alone = counted(page(shop, tab, f"{query}&{side}"), tab)
        mine = {
            one.cell: n
            for one, n in told.items()
            if one.segment == side.replace("=", ":") and one.report == tab
        }
        both = mine.keys() & alone.keys()
        assert bool(both) == has_lists
        assert {cell: mine[cell] for cell in both} == {cell: alone[cell] for cell in both}


@pytest.mark.parametrize("tab", list(COMPANIONS))
@pytest.mark.parametrize(
    ("asked", "compared"), [("against=device:mobile", "segments"), ("beside=previous", "periods")]
)
def test_every_number_side_by_side_opens_its_list(shop: Shop, tab: str, asked: str, compared: str) -> None:
    card = card_of(page(shop, tab, f"{FEBRUARY}&{asked}"), tab, compared)
    links = re.findall(rf'<a href="([^"]*report={tab}_beside[^"]*)"[^>]*>(\d+)(?: customers?)?</a>', card)
    assert links
    for link, n in links:
        there = shop.client("viewer").get(html.unescape(link)).text
        assert f": {n} run" in there[there.index('id="runs-title"') :], link


@pytest.mark.parametrize("tab", list(COMPANIONS))
def test_a_tab_says_at_which_age_it_compares_two_periods(shop: Shop, tab: str) -> None:
    card = " ".join(card_of(page(shop, tab, f"{FEBRUARY}&beside=previous"), tab, "periods").split())
    if tab == "retention":
        assert "only where these are over: so nobody counts as lost" in card
        assert "had the same time" not in card
    else:
        found = re.search(r"Runs of both periods as they stood (\d+ \w+) <", card)
        assert found, "the age in words"
        assert "so that both had the same time" in card
        assert "not that old yet" in card, "Dee began half a day ago"
    aside = card_of(page(shop, tab, f"{FEBRUARY}&against=device:mobile"), tab)
    assert "as they stood" not in aside, "segments are compared as they are now"


def test_every_tab_that_offers_another_segment_shows_it() -> None:
    others = {"funnel", "timing", "paths"}  # which have cards and pictures of their own
    assert {one.name for one in TABS if "against" in one.offers} == others | COMPANIONS.keys()


@pytest.mark.parametrize("tab", list(COMPANIONS))
def test_the_file_of_a_tab_side_by_side_is_that_of_its_card(shop: Shop, tab: str) -> None:
    card = card_of(page(shop, tab, f"{FEBRUARY}&device=desktop&against=device:mobile"), tab)
    link = re.search(rf'href="([^"]*/{tab}_beside\.csv\?[^"]*)"', card)
    assert link
    rows = list(csv.DictReader(io.StringIO(shop.client("viewer").get(html.unescape(link[1])).text)))
    entered = rows[0]
    assert (entered["kind"], entered["first_n"], entered["second_n"]) == ("entered", "3", "1")


def test_a_segment_that_cannot_be_compared_is_refused_in_words_everywhere(shop: Shop) -> None:
    for tab in COMPANIONS:
        assert "They cannot be compared" in card_of(page(shop, tab, "days=30&against=shoe:red"), tab)
