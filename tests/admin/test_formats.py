"""How numbers are written, and how the bar reads the address."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, select

from admin import asked
from admin.formats import (
    chance,
    count,
    duration,
    fixed,
    heat,
    hottest,
    interval,
    money,
    part_in,
    percent,
    points,
    small,
)
from admin.throttle import WINDOW_MS, Throttle
from journeys.rates import rate
from store import tries
from store.tables_people import failed_tries
from tests.admin.conftest import NOW, Shop


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0005, "0"),
        (-0.0005, "0"),
        (0.0006, "+0.1"),
        (0.024, "+2.4"),
        (-0.1, "-10.0"),
    ],
)
def test_points(difference: float | None, text: str) -> None:
    assert points(difference) == text


@pytest.mark.parametrize(("count", "n", "is_small"), [(0, 0, False), (9, 18, True), (90, 180, False)])
def test_a_small_sample_says_so(count: int, n: int, is_small: bool) -> None:
    assert small(dict(rate(count, n))) is is_small


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (0, "0%"),
        (1, "100%"),
        (0.314, "31%"),
        (0.0243, "2.4%"),
        (0.0001, "<0.1%"),
        (1 / 2000, "<0.1%"),
        (0.999, "99.9%"),
        (1999 / 2000, ">99.9%"),
        (0.999999, ">99.9%"),
    ],
)
def test_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.2, "0 s"),
        (62, "62 s"),
        (95, "1.6 min"),
        (1800, "30 min"),
        (7200, "2 h"),
        (172_800, "2 days"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("args", "start", "through", "days"),
    [
        ({}, "2026-01-31", "2026-03-01", 30),
        ({"days": "7"}, "2026-02-23", "2026-03-01", 7),
        ({"days": "7", "from": "2026-02-23", "through": "2026-03-01"}, "2026-02-23", "2026-03-01", 7),
        ({"days": "7", "from": "2026-02-01", "through": "2026-03-01"}, "2026-02-01", "2026-03-01", None),
        ({"days": "-1"}, "2026-01-31", "2026-03-01", 30),
        ({"from": "rubbish"}, "rubbish", "2026-03-01", None),
    ],
)
def test_the_bar_reads_the_address(args: dict, start: str, through: str, days: int | None) -> None:
    read = asked.read(args, ZoneInfo("UTC"), now=NOW)
    assert (read.start, read.through, read.days) == (start, through, days)
    assert asked.read(read.args, ZoneInfo("UTC"), now=NOW) == read


def test_a_day_through_which_one_asks_counts_whole() -> None:
    assert asked.read({"through": "2026-02-28"}, ZoneInfo("UTC"), now=NOW).end == "2026-03-01"


def test_failures_are_forgotten_in_time_and_by_success(engine: Engine) -> None:
    throttle = Throttle(engine, "secret")
    for second in range(5):
        throttle.note_failure("1.2.3.4", "a@b.c", now=second * 1000)
    assert throttle.wait_ms("1.2.3.4", "A@b.c ", now=5_000) == WINDOW_MS - 5_000
    assert throttle.wait_ms("1.2.3.4", "else@b.c", now=5_000) == 0
    assert throttle.wait_ms("1.2.3.4", "a@b.c", now=WINDOW_MS) == 0
    throttle.note_failure("1.2.3.4", "a@b.c", now=WINDOW_MS)
    assert Throttle(engine, "secret").wait_ms("1.2.3.4", "a@b.c", now=WINDOW_MS) == 1_000
    throttle.forgive("1.2.3.4", "a@b.c", now=WINDOW_MS)
    assert throttle.wait_ms("1.2.3.4", "a@b.c", now=WINDOW_MS) == 0


def test_failures_of_all_processes_count_and_stay_few(engine: Engine) -> None:
    for second in range(5):
        Throttle(engine, "secret").note_failure("1.2.3.4", "a@b.c", now=second)
    assert Throttle(engine, "secret").wait_ms("1.2.3.4", "a@b.c", now=5) > 0
    with engine.connect() as connection:
        kept = str(connection.execute(select(failed_tries)).all())
        assert "a@b.c" not in kept
        assert "1.2.3.4" not in kept
    tries.note(engine, ["x"], now=9, start=-1, most=6)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(failed_tries)) == 6
    Throttle(engine, "secret").note_failure("5.6.7.8", "e@f.g", now=10 + WINDOW_MS)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(failed_tries)) == 3


@pytest.mark.parametrize(
    ("share", "most", "text"),
    [
        (None, 1, "is-heat"),
        (0, 1, "is-heat"),
        (0.31, 1, "is-heat is-heat-3"),
        (0.1, 0.2, "is-heat is-heat-5"),
        (1, 0.2, "is-heat is-heat-10"),
    ],
)
def test_a_share_has_a_shade(share: float | None, most: float, text: str) -> None:
    assert heat(share, most) == text


def test_the_greatest_share_is_looked_for_after_the_own_part_of_time() -> None:
    periods = [{"rate": {"value": 1.0}}, {"rate": {"value": 0.2}}, {"rate": {"value": None}}, {"rate": None}]
    assert hottest([{"periods": periods}, {"periods": periods[:1]}]) == 0.2
    assert hottest([]) == 1


@pytest.mark.parametrize(("by", "text"), [("day", "2 Mar"), ("week", "2 Mar"), ("month", "Mar 2026")])
def test_a_part_of_time_is_named_in_its_zone(by: str, text: str) -> None:
    assert part_in("2026-03-01T23:30:00.000Z", ZoneInfo("Europe/Berlin"), by) == text


@pytest.mark.parametrize(
    ("languages", "texts"),
    [
        ("", ["1,234,567", "2.4%", "8.1–10.9%", "1,234.50", "1.6 min", "+2.4", "0.012", "1.25"]),
        ("xx, es-ES;q=0.9, en;q=0.5", ["1.234.567", "2,4\xa0%"]),
        ("de", ["1.234.567", "2,4\xa0%", "8,1–10,9\xa0%", "1.234,50", "1,6 min", "+2,4", "0,012", "1,25"]),
        ("fr-FR,fr;q=0.9", ["1\u202f234\u202f567", "2,4\xa0%"]),
        ("*, not a language, ../../etc", ["1,234,567", "2.4%"]),
    ],
)
def test_numbers_are_written_as_in_the_language_of_the_reader(
    shop: Shop, languages: str, texts: list[str]
) -> None:
    headers = {"Accept-Language": languages}
    with shop.app.test_request_context(headers=headers):
        found = [
            count(1_234_567),
            percent(0.0243),
            interval({"low": 0.081, "high": 0.109}),
            money(1234.5),
            duration(95),
            points(0.024),
            chance(0.012),
            fixed(1.25),
        ]
    assert found[: len(texts)] == texts


def test_a_page_is_in_the_language_of_its_reader(shop: Shop) -> None:
    client = shop.client("viewer")
    page = "/p/shop/journeys/buy/dropoffs?days=30&step=cart"
    assert "21–94%" in client.get(page).text
    assert "21–94\xa0%" in client.get(page, headers={"Accept-Language": "de"}).text
