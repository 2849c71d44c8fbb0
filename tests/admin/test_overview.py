"""The overview: cards in an order, what each adds once it is seen, and the pulse of events."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

from admin.glance import glance
from admin.overview import cards
from journeys.definitions import parse
from journeys.overview import MINUTES, arrived_by_minute
from journeys.period import Period, iso
from journeys.scope import open_scope
from store.journeys import save_version
from tests.admin.conftest import DAY, JOURNEY, NOW, Shop, fill_all, happened


@pytest.fixture
def two(own_shop: Shop) -> Shop:
    """A shop with a second journey, which all of its few runs finish."""
    other = JOURNEY | {"key": "look", "name": "A look", "steps": [JOURNEY["steps"][0], JOURNEY["steps"][1]]}  # type: ignore[index]
    save_version(own_shop.services.engine, own_shop.project.id, dict(parse(other).source), by="x", now=NOW)
    fill_all(own_shop.services)
    return own_shop


def names(page: str) -> list[str]:
    return re.findall(r'<h2><a class="text-reset"[^>]*>([^<]+)', page)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", ["Buys something", "A look"]),
        ("name", ["A look", "Buys something"]),
        ("rate", ["Buys something", "A look"]),
        ("lost", ["Buys something", "A look"]),
        ("stake", ["Buys something", "A look"]),
        ("nonsense", ["Buys something", "A look"]),
    ],
)
def test_cards_stand_in_the_order_that_was_asked_for(two: Shop, order: str, expected: list[str]) -> None:
    page = two.client("viewer").get(f"/p/shop/journeys?days=30&order={order}").text
    assert names(page) == expected


def test_a_card_tells_its_trend_and_what_changed(own_shop: Shop) -> None:
    part = own_shop.client("viewer").get("/p/shop/journeys/buy/glance?days=30").text
    assert "nothing can be compared" in part, "too few runs"
    assert re.search(r"Against runs of the same age from \w+ \d+, 2026 to before \w+ \d+, 2026:", part)
    assert "/p/shop/journeys/buy/change?days=30" in part
    assert own_shop.client("viewer").get("/p/shop/journeys/nothing/glance").status_code == 404


def test_the_line_ends_where_runs_may_still_rise(own_shop: Shop) -> None:
    given = own_shop.services
    events = [happened("/shop", f"c{n}", day=25 - n % 20, kind="page") for n in range(40)]
    events += [happened("Cart Filled", f"c{n}", day=24.9 - n % 20) for n in range(40)]
    events += [happened("Order Paid", f"c{n}", day=24.8 - n % 20) for n in range(0, 40, 2)]
    events += [happened("/shop", f"late{n}", day=0.2, kind="page") for n in range(5)]
    given.events.insert(events, token="more")
    save_version(
        given.engine, own_shop.project.id, dict(parse(JOURNEY | {"goal": "x"}).source), by="x", now=NOW
    )
    fill_all(given)
    seen = glance(open_scope(given.engine, given.events, own_shop.project, "buy", now=NOW))
    assert seen.line is not None
    decided, still = seen.line.decided.split(), seen.line.open.split()
    assert len(decided) > 5
    assert still[0] == decided[-1], "both parts meet"
    assert len(still) > 1
    assert all(0 <= float(point.split(",")[1]) <= 40 for point in decided + still)
    assert seen.line.words == "between 0% and 100%"


def test_the_pulse_counts_the_last_minutes(own_shop: Shop) -> None:
    given = own_shop.services
    minutes = [0, 0, 3, 29, 30]
    events = [happened(f"e{n}", "ada", day=minute / 1440) for n, minute in enumerate(minutes)]
    given.events.insert(events, token="pulse")
    found = arrived_by_minute(given.events, own_shop.project.id, now=NOW)
    assert len(found) == MINUTES
    counts = [*found.values()]
    assert (counts[-1], counts[-4], counts[0], sum(counts)) == (2, 1, 1, 4)
    part = own_shop.client("viewer").get("/p/shop/journeys-pulse").text
    assert "4 events in 30 minutes" in part
    listed = re.findall(
        r'<th scope="row"><time datetime="([^"]+)"[^>]*>[^<]*</time></th><td[^>]*>(\d+)<', part
    )
    assert [(at, int(n)) for at, n in listed] == [(iso(at), n) for at, n in reversed(found.items())]
    assert rows_of(own_shop, part) == [["from", "events"], *([at, n] for at, n in reversed(listed))]


def rows_of(shop: Shop, page: str) -> list[list[str]]:
    """What stands in the file of a small picture."""
    link = re.search(r'href="([^"]+\.csv[^"]*)"', page)
    assert link
    return list(csv.reader(io.StringIO(shop.client("viewer").get(unescape(link[1])).text)))


def test_the_line_of_a_card_is_a_table_and_a_file_too(own_shop: Shop) -> None:
    client = own_shop.client("viewer")
    part = client.get("/p/shop/journeys/buy/glance?days=30&unit=customers&device=mobile").text
    listed = re.findall(
        r'<th scope="row" class="text-nowrap">.*?</th><td[^>]*>'
        r'(?:<a href="([^"]+)"[^>]*>)?(?:<span[^>]*>)?(\d+)<',
        part,
    )
    head, *rows = rows_of(own_shop, part)
    assert len(listed) == len(rows) > 1
    assert [n for _, n in listed] == [row[head.index("entered")] for row in rows]
    assert len({n for _, n in listed}) > 1
    for link, n in listed:
        if link:
            assert re.search(rf"\b{n} runs? began|of {n} run|<dd>{n}<", client.get(unescape(link)).text)


def test_a_card_tells_what_is_at_stake_as_the_tab_of_drop_offs_does(own_shop: Shop) -> None:
    client = own_shop.client("viewer")
    part = client.get("/p/shop/journeys/buy/glance?days=30").text
    link = re.search(r'At stake after <bdi>Fills the cart</bdi>: <a [^>]*href="([^"]+)"><b>([^<]+)</b>', part)
    assert link
    assert link[2] == "98"
    page = client.get(unescape(link[1])).text
    assert re.search(rf"At stake.*<b>{link[2]}</b>", page)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("stake", ["francs", "much", "little", "free"]),
        ("owner", ["free", "much", "little", "francs"]),
    ],
)
def test_cards_are_sorted_by_money_and_owner(priced: Shop, order: str, expected: list[str]) -> None:
    page = priced.client("viewer").get(f"/p/shop/journeys?days=30&order={order}").text
    assert [name for name in names(page) if name in expected] == expected


@pytest.fixture
def priced(own_shop: Shop) -> Shop:
    """A shop with journeys whose goals are worth different sums, in different currencies, or nothing."""
    given = own_shop.services
    about = {
        "little": ("c", {"total": "5", "currency": "EUR"}),
        "much": ("b", {"value": 900, "currency": "eur"}),
    }
    about |= {"francs": ("", {"revenue": 7, "currency": "CHF"}), "free": ("A", {"revenue": "free"})}
    rows = []
    for name, (owner, properties) in about.items():
        for who, day in (("won", 3.0), ("lost", 9.0)):
            rows.append(happened(f"{name} began", f"{name}-{who}", day=day))
        rows.append(happened(f"{name} done", f"{name}-won", day=2.9, properties=properties))
        steps = [
            {"key": one, "name": one, "match": [{"event": f"{name} {one}"}]} for one in ("began", "done")
        ]
        journey = {"key": name, "name": name, "owner": owner, "idle_timeout": "3d", "steps": steps}
        save_version(given.engine, own_shop.project.id, dict(parse(journey).source), by="x", now=NOW)
    given.events.insert(rows, token="priced")
    fill_all(given)
    return own_shop


def test_the_money_of_all_journeys_is_one_question(priced: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    given, project = priced.services, priced.project
    asked: list[str] = []
    query = given.events.query
    monkeypatch.setattr(given.events, "query", lambda sql, values: asked.append(sql) or query(sql, values))
    found = cards(given, project, Period(NOW - 30 * DAY, NOW), now=NOW, order="stake")
    assert len(asked) == 2
    told = {
        one.definition.key: one.stake and (one.stake.property, one.stake.currency, one.stake.value)
        for one in found
    }
    assert told == {
        "buy": ("amount", "", 98.0),
        "little": ("total", "EUR", 5.0),
        "much": ("value", "EUR", 900.0),
        "francs": ("revenue", "CHF", 7.0),
        "free": None,
    }
