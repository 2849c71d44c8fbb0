"""The audit log: every change leaves a line, and nothing that only looks does."""

from __future__ import annotations

import json
from pathlib import Path

from admin.access import SEVERAL
from admin.api import ENDPOINTS
from store import audit
from store.projects import SCOPES, create_api_token
from tests.admin.conftest import JOURNEY, NOW, Shop
from tests.admin.every_route import routes


def told(shop: Shop) -> list[tuple[str, str]]:
    return [(line["by"], line["did"]) for line in audit.lines(shop.services.engine, shop.project.id)]


def test_every_page_that_changes_something_says_what(shop: Shop) -> None:
    for rule, method in routes(shop.app):
        says = bool(shop.app.view_functions[rule.endpoint].does)
        assert says == (method != "GET"), rule.endpoint


def test_who_says_several_things_says_each(shop: Shop) -> None:
    said = {
        rule.endpoint
        for rule, _ in routes(shop.app)
        if shop.app.view_functions[rule.endpoint].does == SEVERAL
    }
    for endpoint in said:
        view = shop.app.view_functions[endpoint].__wrapped__
        assert "did(place" in Path(view.__code__.co_filename).read_text(), endpoint


def test_changes_are_written_down_and_looks_are_not(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    client.get("/p/shop/settings/keys")
    client.post("/p/shop/settings/keys", data={"side": "server"})
    client.post("/p/shop/settings/keys", data={"side": "neither"})
    client.post("/p/shop/settings/people", data={"email": "a@shop.example", "role": "viewer"})
    client.post("/p/shop/editor", data={"do": "check"})
    client.post("/p/shop/journeys/buy/delete")
    assert told(own_shop) == [
        ("admin@shop.example", "deleted the journey buy"),
        ("admin@shop.example", "invited a@shop.example as viewer"),
        ("admin@shop.example", "made a server key"),
    ]


def test_passwords_and_links_stay_out_of_it(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    client.post("/p/shop/me/password", data={"old": "wrong", "password": "a secret word"})
    page = client.post("/p/shop/settings/people", data={"email": "a@shop.example", "role": "viewer"}).text
    token = page.partition("/invitation/")[2][:20]
    text = json.dumps(told(own_shop))
    assert "secret" not in text
    assert token not in text


def test_programs_stand_in_it_by_the_name_of_their_token(own_shop: Shop) -> None:
    engine = own_shop.services.engine
    token = create_api_token(engine, own_shop.project.id, name="nightly", role="editor", now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    own_shop.client().put("/api/v1/journeys/buy", json=JOURNEY, headers=headers)
    own_shop.client().get("/api/v1/journeys", headers=headers)
    assert [by for by, _ in told(own_shop)] == ["API token nightly"]
    assert "buy" in told(own_shop)[0][1]


def test_the_page_pages_filters_and_escapes(own_shop: Shop) -> None:
    for n in range(150):
        by = "ada" if n % 3 else "<b>ben</b>"
        audit.record(
            own_shop.services.engine, own_shop.project.id, by=by, did=f"did {n}", address="", now=NOW + n
        )
    client = own_shop.client("admin")
    first = client.get("/p/shop/settings/log").text
    assert first.count("did ") == 100
    assert "<b>ben" not in first
    older = client.get(f"/p/shop/settings/log?cursor={51}").text
    assert older.count("did ") == 50
    assert client.get("/p/shop/settings/log?by=ada").text.count("did ") == 100
    rows = client.get("/p/shop/settings/log/audit.csv").text.splitlines()
    assert len(rows) == 151


def test_scopes_of_tokens_close_the_rest_of_the_api(shop: Shop) -> None:
    assert {endpoint.scope for endpoint in ENDPOINTS} == set(SCOPES)
    engine = shop.services.engine
    token = create_api_token(engine, shop.project.id, name="x", role="admin", now=NOW, scopes=["journeys"])
    headers = {"Authorization": f"Bearer {token}"}
    assert shop.client().get("/api/v1/journeys", headers=headers).status_code == 200
    refused = shop.client().get("/api/v1/customers", headers=headers)
    assert (refused.status_code, refused.json["message"]) == (
        403,
        "this needs a token with the scope customers",
    )
