"""Every route of the admin with values for its parts, read from the app: a new page cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Request, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

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
    "token": "nothing",
}
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
    "digest_stop.stop",
    "embedded.show",
    "invitations.show",
    "invitations.accept",
    "setup.show",
    "setup.create",
    "projects.go",
}


def pages(app: Flask) -> list[tuple[Rule, str]]:
    """Every route of the pages with every method, those that need no sign-in too."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not rule.endpoint.startswith("api.") and rule.endpoint != "static"
    ]


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every route that needs a sign-in, with every method; the API has tokens and tests of its own."""
    return [(rule, method) for rule, method in pages(app) if rule.endpoint not in OPEN]


def address(app: Flask, rule: Rule, **more: Any) -> str:
    """The route's address with values for its parts."""
    values = {name: (VALUES | more)[name] for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


class Listening(ImmutableMultiDict[str, str]):
    """Arguments that note by which names they were asked for."""

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        _note(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
        _note(key)
        return super().getlist(key, *args, **kwargs)

    def __getitem__(self, key: str) -> Any:
        _note(key)
        return super().__getitem__(key)


class ListenedTo(Request):
    """A request whose arguments and form note what is asked of them."""

    parameter_storage_class = Listening


_heard: dict[str, set[str]] = {}


def _note(name: str) -> None:
    if request:
        _heard.setdefault(request.endpoint or "", set()).add(name)


@contextmanager
def listening(app: Flask) -> Iterator[dict[str, set[str]]]:
    """By endpoint, the names of the arguments and fields that its view asked for meanwhile."""
    before, app.request_class = app.request_class, ListenedTo
    _heard.clear()
    yield _heard
    app.request_class = before
