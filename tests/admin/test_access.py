"""Who may reach what: every route against everyone, so that a new page cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, text, update

from admin.api import ENDPOINTS
from admin.api.endpoint import Endpoint
from store import invitations, sign_ins
from store.audit import lines
from store.db import writing
from store.drops import recent_drops
from store.event import identity_hash
from store.events import EventStore
from store.projects import SCOPES, api_tokens_of, create_api_token, create_write_key, write_keys_of
from store.tables import metadata
from store.users import users_of
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop
from tests.admin.every_route import address, pages, routes
from tests.admin.tokens import without_tokens

ORDER = {"viewer": 1, "editor": 2, "admin": 3}


def test_every_page_names_the_role_that_it_needs(shop: Shop) -> None:
    for rule, _ in routes(shop.app):
        assert getattr(shop.app.view_functions[rule.endpoint], "needs_role", None) in ORDER, rule.endpoint


@pytest.fixture(scope="module")
def tried(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop in which everybody tries everything, who may least before who may more."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("tried")) as shop:
        yield shop


@pytest.mark.parametrize("who", ["", "stranger", "viewer", "editor", "admin"])
def test_routes_answer_by_role(tried: Shop, who: str) -> None:
    for rule, method in routes(tried.app):
        answer = tried.client(who).open(address(tried.app, rule), method=method)
        needed = tried.app.view_functions[rule.endpoint].needs_role
        where = f"{who or 'anonymous'} {method} {rule.rule}: {answer.status}"
        if not who:
            assert answer.status_code == 302, where
            assert answer.location.startswith("/sign-in"), where
        elif who == "stranger":
            assert answer.status_code == 404, where
            assert "shop" not in without_tokens(answer.text).lower().replace("/shop", ""), where
        elif ORDER[who] < ORDER[needed]:
            assert answer.status_code == 403, where
        else:
            assert answer.status_code not in (401, 403, 500), where


def test_a_project_of_others_looks_like_none(shop: Shop) -> None:
    mine = shop.client("viewer")
    theirs, none = mine.get("/p/other/journeys"), mine.get("/p/nothing/journeys")
    assert theirs.status_code == none.status_code == 404
    assert without_tokens(theirs.text) == without_tokens(none.text)


def test_our_own_script_is_told_to_sign_in_again(shop: Shop) -> None:
    answer = shop.client().get("/p/shop/live", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.text == ""


@dataclass(frozen=True)
class Theirs:
    """What another project has: values for the parts of addresses, and fields for forms."""

    parts: dict[str, Any]
    form: dict[str, Any]


@pytest.fixture(scope="module")
def theirs(tried: Shop) -> Theirs:
    """Another project with something of every kind, all of it with one word that is nowhere else."""
    engine, other = tried.services.engine, tried.other
    customer = hostile.plant(tried.services, other, now=NOW).customer
    create_write_key(engine, other.id, side="server", now=1)
    sign_ins.begin(engine, tried.people["stranger"].id, address="hostile", agent="hostile", now=NOW)
    finished = {"stage": "done", "receipt": {"name": "hostile"}}
    with writing(engine) as connection:
        number = connection.scalar(update(metadata.tables["erasures"]).values(finished).returning(text("id")))
    drop = recent_drops(engine, other.id)[0]["id"]
    a, b = (identity_hash("user", name) for name in (hostile.IMAGE, hostile.QUOTED))
    parts = {
        "key": "more",
        "customer": customer,
        "key_id": write_keys_of(engine, other.id)[0]["id"],
        "token_id": api_tokens_of(engine, other.id)[0]["id"],
        "user_id": users_of(engine, other.id)[0]["id"],
        "number": invitations.open_invitations(engine, other.id, now=NOW)[0]["id"],
        "erasure": number,
        "name": "lifecycle",
        "account": hostile.IMAGE,
    }
    form = {
        "key": "h0",
        "former": "h0",
        "id": drop,
        "ids": [drop],
        "a": a,
        "b": b,
        "do": "merge",
        "event": hostile.IMAGE,
        "kind": "user",
        "value": hostile.IMAGE,
        "identity": a,
        "role": "admin",
    }
    return Theirs(parts, form)


def kept(shop: Shop) -> dict[str, Any]:
    """Everything that the other project has, and who is signed in there."""
    stranger = metadata.tables["sign_ins"].c.user_id == shop.people["stranger"].id
    with shop.services.engine.connect() as connection:
        found = {
            table.name: connection.execute(select(table).where(table.c.project_id == shop.other.id)).all()
            for table in metadata.sorted_tables
            if "project_id" in table.c
        }
        return found | {"sign_ins": connection.execute(select(text("*")).where(stranger)).all()}


def test_another_projects_ids_open_nothing_under_the_own_path(tried: Shop, theirs: Theirs) -> None:
    client, before, open_to = tried.client("admin"), kept(tried), []
    for rule, method in routes(tried.app):
        form = {"data": theirs.form} if method == "POST" else {}
        answer = client.open(address(tried.app, rule, **theirs.parts), method=method, **form)
        if "hostile" in answer.text and method == "GET":
            open_to.append(f"{method} {rule.rule} shows what is theirs")
        if rule.arguments & {"customer", "key_id", "token_id", "user_id", "number", "erasure"}:
            open_to += (
                [f"{method} {rule.rule}: {answer.status}"] if answer.status_code not in (404, 422) else []
            )
    assert open_to == []
    assert kept(tried) == before
    assert sum(len(rows) for rows in before.values()) > 50


def test_another_projects_ids_open_nothing_to_the_own_token(tried: Shop, theirs: Theirs) -> None:
    before, open_to = kept(tried), []
    token = create_api_token(tried.services.engine, tried.project.id, name="own", role="admin", now=NOW)
    for one in ENDPOINTS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: quote(str(theirs.parts[part[1]])), one.path)
        given = {} if one.method == "GET" else {"json": theirs.form}
        headers = {"Authorization": f"Bearer {token}"}
        answer = tried.client().open(f"/api/v1{path}", method=one.method, headers=headers, **given)
        if answer.status_code < 300 and ("hostile" in answer.text or "<int" in one.path):
            open_to.append(f"{one.method} {one.path}: {answer.status}")
    assert open_to == []
    assert kept(tried) == before


@pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_tokens_open_what_their_role_and_scope_say(tried: Shop, one: Endpoint) -> None:
    path = "/api/v1" + re.sub(r"<(?:\w+:)?(\w+)>", "1", one.path.replace("<key>", "nothing"))
    order = list(ORDER)
    least = order.index(one.role)
    asked = [(role, (one.scope,), at >= least) for at, role in enumerate(order) if at <= least]
    asked.append(("admin", tuple(scope for scope in SCOPES if scope != one.scope), False))
    for role, scopes, is_open in asked:
        token = create_api_token(
            tried.services.engine, tried.project.id, name="x", role=role, scopes=scopes, now=NOW
        )
        headers = {"Authorization": f"Bearer {token}"}
        status = tried.client().open(path, method=one.method, headers=headers, json={}).status_code
        assert status not in (401, 500), (role, scopes)
        assert (status != 403) == is_open, (role, scopes)


def test_the_api_takes_no_cookies(tried: Shop) -> None:
    client = tried.client("admin")
    for one in ENDPOINTS:
        path = re.sub(r"<(?:\w+:)?\w+>", "1", one.path)
        assert client.open(f"/api/v1{path}", method=one.method, json={}).status_code == 401, path


ONE_CLICK = "digest_stop.stop"  # which mail programs ask for by themselves; its address is signed


def test_every_form_needs_its_token(tried: Shop) -> None:
    tried.app.config["WTF_CSRF_ENABLED"] = True
    client = tried.client("admin")
    before = lines(tried.services.engine, tried.project.id)
    for rule, method in pages(tried.app):
        if method != "GET" and rule.endpoint != ONE_CLICK:
            answer = client.open(address(tried.app, rule), method=method, data={"do": "save"})
            assert (answer.status_code, "too old" in answer.text) == (400, True), rule.rule
    assert lines(tried.services.engine, tried.project.id) == before
    tried.app.config["WTF_CSRF_ENABLED"] = False


def test_null_bytes_are_refused_on_every_page_and_by_the_api(tried: Shop) -> None:
    client = tried.client("admin")
    for rule, method in pages(tried.app):
        given = {"query_string" if method == "GET" else "data": {"name": "a\0b"}}
        answer = client.open(address(tried.app, rule), method=method, **given)
        assert (answer.status_code, "null byte" in answer.text) == (400, True), f"{method} {rule.rule}"
    token = create_api_token(tried.services.engine, tried.project.id, name="t", role="admin", now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    segment = {"key": "s", "name": "a\0b", "any": [{"field": "source", "op": "eq", "value": "x"}]}
    for answer in (
        client.post("/api/v1/segments", json=segment, headers=headers),
        client.get("/api/v1/customers?q=a%00b", headers=headers),
    ):
        assert (answer.status_code, answer.json["code"]) == (400, "null_byte"), answer.text
