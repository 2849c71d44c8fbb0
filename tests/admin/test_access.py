"""Who may reach what: every route against everyone, so that a new page cannot be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.admin.conftest import Shop

VALUES: dict[str, Any] = {
    "project": "shop",
    "key": "buy",
    "tab": "funnel",
    "what": "event",
    "customer": 12345,
    "key_id": 999,
    "token_id": 999,
    "user_id": 999,
    "number": 999,
    "erasure": 999,
    "filename": "manifest.json",
    "name": "cohorts",
}
ORDER = {"viewer": 1, "editor": 2, "admin": 3}
OPEN = {
    "static",
    "sign_in.front",
    "sign_in.show",
    "sign_in.enter",
    "sign_in.out",
    "sign_in.ask_code",
    "sign_in.enter_code",
    "passwords.forgotten",
    "passwords.send",
    "passwords.choose",
    "passwords.change",
    "digest_stop.show",
    "embedded.show",
    "digest_stop.stop",
    "invitations.show",
    "invitations.accept",
    "setup.show",
    "setup.create",
    "projects.go",
}


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every route of the pages with every method; the API has tokens and tests of its own."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not rule.endpoint.startswith("api.") and rule.endpoint not in OPEN
    ]


def address(app: Flask, rule: Rule, project: str = "shop") -> str:
    """The route's address with values for its parts."""
    values = {name: VALUES[name] for name in rule.arguments} | {"project": project}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_every_page_names_the_role_that_it_needs(shop: Shop) -> None:
    for rule, _ in routes(shop.app):
        assert getattr(shop.app.view_functions[rule.endpoint], "needs_role", None) in ORDER, rule.endpoint


@pytest.mark.parametrize("who", ["", "viewer", "editor", "admin", "stranger"])
def test_routes_answer_by_role(own_shop: Shop, who: str) -> None:
    for rule, method in routes(own_shop.app):
        answer = own_shop.client(who).open(address(own_shop.app, rule), method=method)
        needed = own_shop.app.view_functions[rule.endpoint].needs_role
        where = f"{who or 'anonymous'} {method} {rule.rule}: {answer.status}"
        if not who:
            assert answer.status_code == 302, where
            assert answer.location.startswith("/sign-in"), where
        elif who == "stranger":
            assert answer.status_code == 404, where
            assert "shop" not in answer.text.lower().replace("/shop", ""), where
        elif ORDER[who] < ORDER[needed]:
            assert answer.status_code == 403, where
        else:
            assert answer.status_code not in (401, 403, 500), where


def test_a_project_of_others_looks_like_none(shop: Shop) -> None:
    mine = shop.client("viewer")
    theirs, none = mine.get("/p/other/journeys"), mine.get("/p/nothing/journeys")
    assert theirs.status_code == none.status_code == 404
    assert theirs.text == none.text


def test_our_own_script_is_told_to_sign_in_again(shop: Shop) -> None:
    answer = shop.client().get("/p/shop/live", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.text == ""


def test_keys_of_another_project_cannot_be_revoked(own_shop: Shop) -> None:
    from store.projects import create_write_key, write_keys_of

    engine = own_shop.services.engine
    create_write_key(engine, own_shop.other.id, side="server", now=1)
    theirs = write_keys_of(engine, own_shop.other.id)[0]["id"]
    assert own_shop.client("admin").post(f"/p/shop/settings/keys/{theirs}/revoke").status_code == 404
    assert write_keys_of(engine, own_shop.other.id)[0]["revoked_at"] is None
