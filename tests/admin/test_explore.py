"""Explore shows what comes after a touchpoint or before it, and each number opens its visits."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from journeys.explored import MEANINGS
from store.event import Event
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened, rare_pages
from tests.admin.test_api import asking


def page(shop: Shop, query: str, door: str = "") -> str:
    answer = shop.client("viewer").get(f"/p/shop/explore{door}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def drawn(text: str) -> dict:
    found = re.search(r"data-chart=\"sankey\"[^>]* data-values='([^']+)'", text)
    assert found
    told: dict = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize(
    "query", ["", "days=7", "start=Nothing", "start=/shop&direction=sideways&depth=99&gap=x"]
)
def test_the_page_opens_whatever_is_asked(shop: Shop, query: str) -> None:
    assert "Where do paths start?" in page(shop, query) if "start" not in query else page(shop, query)


def test_what_comes_after_an_event(shop: Shop) -> None:
    text = page(shop, "days=30&start=Cart+Filled&gap=1d")
    told = drawn(text)
    assert told["runs"] == 3
    ways = {(one["source"], one["target"]): one["n"] for one in told["links"]}
    assert sum(n for (source, _), n in ways.items() if source.startswith("0:")) == 3
    assert "Order Paid" in text
    assert "Card Refused" in text


def test_what_has_no_name_has_no_paths_of_its_own(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    told = (("track", "Cart Filled"), ("screen", ""), ("page", ""), ("track", "type:odd"))
    add_events([happened(name, "odd", day=2 - at / 99, kind=kind) for at, (kind, name) in enumerate(told)])
    text = page(own_shop, "days=7&start=Cart+Filled")
    assert {"type:screen", "page:", "event:type:odd"} <= {one["label"] for one in drawn(text)["nodes"]}
    assert re.findall(r'aria-label="its paths: ([^"]+)"', text) == ["event:type:odd"]


def test_what_came_before_it_is_read_from_left_to_right(shop: Shop) -> None:
    told = drawn(page(shop, "days=30&start=Order+Paid&direction=before&gap=1d"))
    positions = {one["id"]: one["position"] for one in told["nodes"]}
    assert all(positions[one["source"]] < positions[one["target"]] for one in told["links"])


def test_every_number_opens_its_visits_and_their_customers(shop: Shop) -> None:
    text = page(shop, "days=30&start=/shop&gap=1d")
    for part in (one for what in ("nodes", "links") for one in drawn(text)[what]):
        there = shop.client("viewer").get(part["link"])
        assert f": {part['n']}</h1>" in there.text
        person = re.search(r'href="(/p/shop/customers/\d+)"', there.text)
        assert person
        assert shop.client("viewer").get(person[1]).status_code == 200


def test_the_file_has_a_row_for_each_way(shop: Shop) -> None:
    query = "days=30&start=Cart+Filled&gap=1d&unit=customers"
    rows = list(csv.DictReader(io.StringIO(page(shop, query, "/paths.csv"))))
    assert len(rows) == len(drawn(page(shop, query))["links"])
    assert sum(int(row["customers"]) for row in rows if row["position"] == "1") == 3


@pytest.mark.parametrize("query", ["start=/shop&cell=nonsense", "cell=[]", "start=&cell=x"])
def test_a_list_that_there_is_not_is_refused(shop: Shop, query: str) -> None:
    assert shop.client("viewer").get(f"/p/shop/explore/visits?{query}").status_code == 400


def test_the_catalogue_leads_to_the_paths_of_an_event(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/events").text
    assert 'href="/p/shop/explore?start=event:Cart+Filled"' in text
    one = shop.client("viewer").get("/p/shop/events/one?event=Cart+Filled").text
    assert 'href="/p/shop/explore?start=event:Cart+Filled"' in one


API = "from=2026-02-01&start=page:/shop&gap=1d"


def test_the_api_answers_what_the_page_draws(shop: Shop) -> None:
    status, answer = asking(shop)("GET", f"/explore/paths?{API}")
    assert status == 200
    told = drawn(page(shop, "from=2026-02-01&through=2026-03-01&start=page:/shop&gap=1d"))
    ways = {(one["source"], one["target"]): one["n"] for one in told["links"]}
    assert {(one["source"], one["target"]): one["n"] for one in answer["links"]} == ways
    assert (answer["start"], answer["unit"], answer["sampled"]) == ("page:/shop", "visits", 1)
    assert answer["meanings"] == MEANINGS


def test_every_number_of_the_api_has_its_list_in_pages(shop: Shop) -> None:
    ask = asking(shop)
    _, answer = ask("GET", f"/explore/paths?{API}")
    for one in (*answer["nodes"], *answer["links"]):
        asked = {"cell": one["cell"], "now": answer["as_of"], "at_once": 2}
        seen, skipped = [], 0
        while skipped is not None:
            status, found = ask("GET", f"/explore/visits?{API}&{urlencode({**asked, 'skipped': skipped})}")
            assert status == 200, found
            assert found["total"] == one["n"]
            seen += found["rows"]
            skipped = found["next"]
        assert len(seen) == one["n"]


def test_the_list_of_other_names_its_touchpoints(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events(rare_pages())
    ask = asking(own_shop)
    _, answer = ask("GET", f"/explore/paths?{API}")
    other = next(one for one in answer["nodes"] if one["kind"] == "other")
    cell = urlencode({"cell": other["cell"], "now": answer["as_of"]})
    status, found = ask("GET", f"/explore/labels?{API}&{cell}&at_once=2")
    assert (status, found["total"], len(found["labels"])) == (200, other["members"], 2)
    assert ask("GET", f"/explore/labels?{API}&cell=x")[0] == 400
    listed = page(own_shop, f"{API}&{cell}", "/visits")
    told = f"{other['members']} labels are together here: "
    assert told in " ".join(re.sub(r"<[^>]*>", "", listed).split()) + " "
    there = re.findall(r'</bdi> \(<a href="([^"]+)">(\d+)</a>\)', listed)
    assert len(there) == other["members"]
    link, n = there[-1]
    text = own_shop.client("viewer").get(html.unescape(link)).text
    assert f": {n}</h1>" in text
    assert "together here" not in text


def test_the_api_gives_the_file_of_the_page(shop: Shop) -> None:
    token = create_api_token(shop.services.engine, shop.project.id, name="t", role="viewer", now=NOW)
    file = shop.app.test_client().get(
        f"/api/v1/explore/paths.csv?{API}", headers={"Authorization": f"Bearer {token}"}
    )
    assert file.mimetype == "text/csv"
    assert file.text == page(shop, "from=2026-02-01&through=2026-03-01&start=page:/shop&gap=1d", "/paths.csv")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid"),
        ("start=", "bad_question"),
        ("start=/shop&unit=runs", "invalid"),
        ("start=/shop&gap=2h", "invalid"),
        ("start=/shop&depth=9", "invalid"),
        ("start=/shop&as_of=2026-02-01", "invalid"),
        ("start=/shop&from=soon", "bad_question"),
    ],
)
def test_the_api_refuses_what_it_cannot_answer(shop: Shop, query: str, code: str) -> None:
    status, answer = asking(shop)("GET", f"/explore/paths?{query}")
    assert (status, answer["code"]) == (400, code)


def test_a_token_needs_the_scope_of_journeys(shop: Shop) -> None:
    token = create_api_token(
        shop.services.engine, shop.project.id, name="t", role="viewer", scopes=("events",), now=NOW
    )
    answer = shop.app.test_client().get(
        f"/api/v1/explore/paths?{API}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["explore?days=7", "lifecycle?days=7"])
def test_pictures_know_of_which_moment_they_are(shop: Shop, path: str) -> None:
    text = shop.client("viewer").get(f"/p/shop/{path}&now=2026-02-27T00:00:00Z").text
    assert 'data-at="2026-02-27T00:00:00.000Z"' in text


SAID = {
    "explore?days=7": "what came after it, visits, a visit ends after 30 minutes, as far as 5 touchpoints",
    "explore?days=7&direction=before&unit=customers&gap=7d&depth=8": "what came before it, "
    "customers (first visit), a visit ends after 7 days, as far as 8 touchpoints",
    "lifecycle?days=30&by=day": "by day",
    "lifecycle?days=30&by=month": "by month",
    "discover?days=7": "goal within 7 days",
    "discover?days=7&within=3d&value=amount": "goal within 3d, money is in amount",
    "discover/between?start=/shop&goal=Order+Paid&within=1d&unit=customers&rare=shown": "goal within 1 day, "
    "customers, rare touchpoints shown",
    "discover/between?start=/shop&goal=Order+Paid": "goal within 7 days, attempts",
    "sessions?days=7&customer=7": "All sessions, one customer",
}


@pytest.mark.parametrize("path", SAID)
def test_every_choice_is_told_to_those_who_cannot_see_it(shop: Shop, path: str) -> None:
    text = html.unescape(shop.client("viewer").get(f"/p/shop/{path}").text)
    told = re.search(r'data-says="([^"]+)"', text)
    assert told
    assert told[1].endswith(f", {SAID[path]}")
