"""Files of lists: as many rows as the list, sent while they are taken, and honest where they break off."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import structs
from werkzeug.test import TestResponse

from admin.exports import csv_file
from store.event import Event
from store.event_errors import EventStoreError
from store.events import EventStore
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened

BETWEEN = "start=page:/shop*&goal=event:Order Paid"
LISTS = {
    "runs": "/p/shop/journeys/buy/runs?days=30",
    "attempts": f"/p/shop/discover/attempts?{BETWEEN}&cell=reached",
    "life": "/p/shop/lifecycle/customers?days=30&by=month&cell=active:month:2026-02-01T00:00:00.000Z",
    "customers": "/p/shop/customers?q=ada",
    "events": "/p/shop/events?q=a",
}


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("what", LISTS)
def test_the_file_of_a_list_has_as_many_rows(shop: Shop, what: str) -> None:
    client = shop.client("viewer")
    page = client.get(LISTS[what]).text
    link = re.search(r'href="([^"]+\.csv[^"]*)"[^>]*download', page)
    assert link
    file = client.get(html.unescape(link[1]))
    assert file.mimetype == "text/csv"
    said = re.search(r"(?:<h[12][^>]*>[^<]*: |<h2>)(\d+)", page)
    assert said
    assert len(rows_of(file.text)) - 1 == int(said[1]) > 0


def test_the_visits_behind_a_number_are_in_their_file(shop: Shop) -> None:
    client = shop.client("viewer")
    page = client.get("/p/shop/explore?start=/shop&gap=1d&days=30").text
    links = re.findall(r'href="(/p/shop/explore/visits\?[^"]+)"[^>]*>(\d+)<', page)
    assert links
    for link, n in links:
        file = client.get(html.unescape(link).replace("/visits?", "/visits.csv?"))
        assert len(rows_of(file.text)) - 1 == int(n)


def test_runs_are_one_file_over_the_api_too(shop: Shop) -> None:
    token = create_api_token(shop.services.engine, shop.project.id, name="t", role="viewer", now=NOW)
    head, query = {"Authorization": f"Bearer {token}"}, "from=2026-02-01&outcome=succeeded"
    client = shop.app.test_client()
    rows = rows_of(client.get(f"/api/v1/journeys/buy/runs.csv?{query}", headers=head).text)
    listed = client.get(f"/api/v1/journeys/buy/runs?{query}", headers=head).json
    assert len(rows) - 1 == listed["total"] > 0
    assert [row[0] for row in rows[1:]] == [one["customer"] for one in listed["runs"]]
    refused = client.get("/api/v1/journeys/buy/runs.csv?report=funnel&cell=x&number=no", headers=head)
    assert refused.status_code == 400


FILES = {
    "/customers.csv?query=ada": "/customers/customers.csv?q=ada",
    "/customers.csv": "/customers/customers.csv",
    "/accounts.csv": "/accounts/accounts.csv",
    "/accounts.csv?query=acme": "/accounts/accounts.csv?q=acme",
    "/accounts/acme/members.csv": "/accounts/members.csv?id=acme",
    "/identities/refused.csv": "/identities/refused.csv",
    "/identities/refused.csv?reason=limit": "/identities/refused.csv?reason=limit",
    "/sessions.csv?from=2026-02-01": "/sessions/sessions.csv?from=2026-02-01",
    "/sessions.csv?from=2026-02-01&bounced=true": "/sessions/sessions.csv?from=2026-02-01&which=bounced",
    **{
        f"/ingestion/{name}.csv?from=2026-02-01": f"/live/health/{name}.csv?from=2026-02-01"
        for name in ("times", "libraries", "reasons", "loss", "services")
    },
    "/robots.csv?from=2026-02-01": "/live/health/robots.csv?from=2026-02-01",
    "/audit.csv": "/settings/log/audit.csv",
}
OF_GROUPS = [
    structs.replace(happened("", "ada", day=day, kind="group", traits={"name": name}), group_id=group)
    for day, group, name in ((4, "acme", "Acme"), (5, "=1", "Formula"))
]


@pytest.fixture
def grouped(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> Shop:
    add_events(OF_GROUPS)
    own_shop.client("admin").post("/p/shop/settings/rules", data={"violations": "drop", "unplanned": "mark"})
    return own_shop


def test_the_api_gives_the_files_of_the_pages(grouped: Shop) -> None:
    browser, file_of = grouped.client("admin"), files_of(grouped, "admin")
    for path, page in FILES.items():
        file = file_of(path)
        assert (file.status_code, file.mimetype) == (200, "text/csv"), path
        assert file.text == browser.get(f"/p/shop{page}").text, path
    assert [row[0] for row in rows_of(file_of("/accounts.csv").text)[1:]] == ["acme", "'=1"]
    ada = rows_of(file_of("/customers.csv?query=ada").text)[1][0]
    identities = file_of(f"/customers/{ada}/identities.csv")
    assert identities.text == browser.get(f"/p/shop/customers/{ada}/identities.csv").text
    assert ["id", "user", "ada"] in [row[:3] for row in rows_of(identities.text)]
    for nobody in (1, 2**63):
        assert file_of(f"/customers/{nobody}/identities.csv").status_code == 404
    assert files_of(grouped, "editor")("/audit.csv").status_code == 403
    assert files_of(grouped, "admin", scopes=["journeys"])("/customers.csv").status_code == 403


def test_the_description_says_which_answers_are_files(shop: Shop) -> None:
    paths = shop.app.test_client().get("/api/openapi.json").json["paths"]
    for path in ("/api/v1/customers.csv", "/api/v1/accounts.csv", "/api/v1/journeys/{key}/runs.csv"):
        assert "text/csv" in paths[path]["get"]["responses"]["200"]["content"], path
    assert "content" not in paths["/api/v1/customers"]["get"]["responses"]["200"]


def files_of(shop: Shop, role: str, **more: Any) -> Callable[[str], TestResponse]:
    token = create_api_token(shop.services.engine, shop.project.id, name="t", role=role, now=NOW, **more)
    client = shop.app.test_client()
    return lambda path: client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})


def many(taken: list[int], *, until: int = 10**9) -> Iterator[tuple[int, str]]:
    for n in range(60_000):
        if n == until:
            raise EventStoreError("it went away")
        taken.append(n)
        yield n, "some text"


def test_a_long_file_is_sent_while_its_rows_are_taken(shop: Shop) -> None:
    taken: list[int] = []
    with shop.app.test_request_context():
        answer = csv_file("long", (("n", "text"), many(taken)))
        assert answer.is_streamed
        assert 0 < len(taken) < 30_000
        rows = rows_of(answer.get_data(as_text=True))
    assert [row[0] for row in rows] == ["n", *map(str, range(60_000))]


def test_a_file_that_breaks_off_says_so_and_one_that_never_began_is_none(shop: Shop) -> None:
    pieces: list[str] = []
    with shop.app.test_request_context():
        answer = csv_file("broken", (("n", "text"), many([], until=59_000)))
        with pytest.raises(EventStoreError):
            pieces.extend(answer.response)  # type: ignore[arg-type]
        assert "This file is not complete: it went away" in pieces[-1]
        with pytest.raises(EventStoreError):
            csv_file("none", (("n", "text"), many([], until=10)))


def test_a_file_that_takes_too_long_has_a_page_instead(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: EventStore, _sql: str, *_: object) -> Iterator[object]:
        raise EventStoreError("it is too slow")
        yield

    monkeypatch.setattr(EventStore, "stream", broken)
    answer = shop.client("viewer").get("/p/shop/journeys/buy/runs.csv?days=30")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "it is too slow" in answer.text
