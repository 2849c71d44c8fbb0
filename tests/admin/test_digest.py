"""The digest on the pages: asked for, seen before it is sent, and stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from admin.digest import compose, letter, monday_of, next_monday, read_stop, sent_at, stop_address
from store import audit, digests
from store.journeys import save_version
from store.users import grant
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all


def test_a_person_asks_for_it_and_stops_it(own_shop: Shop) -> None:
    client, engine = own_shop.client("viewer"), own_shop.services.engine
    page = client.get("/p/shop/me").text
    assert "data-now>Send it to me" in page
    assert "WAYWISER_SMTP_URL" in page, "it says that no mail goes out"
    for _ in range(2):
        assert client.post("/p/shop/me/digest").status_code == 302
    assert [one.email for one in digests.readers(engine)] == ["viewer@shop.example"]
    assert "data-now>Stop it" in client.get("/p/shop/me").text
    client.post("/p/shop/me/digest/stop")
    assert digests.readers(engine) == []
    lines = [line["did"] for line in audit.lines(engine, own_shop.project.id)]
    assert lines[0] == "stopped their weekly digest"


def test_who_is_taken_out_of_the_project_gets_no_digest_of_it_any_more(own_shop: Shop) -> None:
    """Not even after coming back: they have to ask for it again."""
    engine, project = own_shop.services.engine, own_shop.project.id
    viewer = own_shop.people["viewer"].id
    grant(engine, viewer, own_shop.other.id, "viewer")
    for where in ("shop", "other"):
        own_shop.client("viewer").post(f"/p/{where}/me/digest")
    assert own_shop.client("admin").post(f"/p/shop/settings/people/{viewer}/remove").status_code == 302
    assert [one.project.key for one in digests.readers(engine)] == ["other"]
    grant(engine, viewer, project, "viewer")
    assert not digests.is_reader(engine, viewer, project)
    assert digests.is_reader(engine, viewer, own_shop.other.id)


def test_the_page_shows_the_week_that_runs_and_the_one_before(shop: Shop) -> None:
    client = shop.client("viewer")
    coming, last = (client.get(f"/p/shop/me/digest?week={week}").text for week in ("next", "last"))
    assert "from Monday 23 February to Sunday 1 March 2026" in coming
    assert "still in time: the rate may yet rise to 100%" in " ".join(coming.split())
    assert "from Monday 16 February to Sunday 22 February 2026" in last
    assert "n 3" in last


def test_names_are_text_and_stay_on_one_line_of_the_subject(own_shop: Shop) -> None:
    given = own_shop.services
    hostile = {**JOURNEY, "name": "<img src=x>\n Bcc: all"}
    save_version(given.engine, own_shop.project.id, hostile, by="x", now=NOW)
    fill_all(given)
    project = replace(own_shop.project, name="Shop\r\nBcc: x")
    written = compose(given.engine, given.events, project, date(2026, 2, 23), address="https://x", now=NOW)
    made = letter(written, stop="https://x/stop")
    assert made.subject == "Shop Bcc: x, week of 16 February: <img src=x> Bcc: all 33%"
    assert "<img" not in made.html
    assert "<img src=x> Bcc: all" in made.text


@pytest.mark.parametrize(
    ("zone", "now", "monday"),
    [
        ("UTC", "2026-03-01 23:59", "2026-03-02"),
        ("UTC", "2026-03-02 07:59", "2026-03-02"),
        ("UTC", "2026-03-02 08:00", "2026-03-09"),
        ("Asia/Tokyo", "2026-03-01 22:59", "2026-03-02"),
        ("Asia/Tokyo", "2026-03-01 23:00", "2026-03-09"),
        ("America/New_York", "2026-03-09 11:59", "2026-03-09"),
        ("America/New_York", "2026-03-09 12:00", "2026-03-16"),
    ],
)
def test_the_next_letter_goes_out_at_eight_in_the_project(zone: str, now: str, monday: str) -> None:
    at = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp() * 1000)
    assert next_monday(ZoneInfo(zone), now=at).isoformat() == monday
    this = monday_of(ZoneInfo(zone), now=at)
    assert (this.isoformat() == monday) == (at < sent_at(this, ZoneInfo(zone)))


def test_a_stop_address_opens_one_reader_of_one_project_alone() -> None:
    made = stop_address("https://x", "secret", 3, 4)
    token = made.rpartition("/")[2]
    assert read_stop("secret", token) == (3, 4)
    assert read_stop("another", token) is None
    assert read_stop("secret", token[:-2]) is None
