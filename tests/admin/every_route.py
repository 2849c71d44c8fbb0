"""Every route of the admin with values for its parts, read from the app: a new page cannot be forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

import admin
import journeys

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


def every_field() -> set[str]:
    """The names of all arguments and fields that the code reads."""
    read = re.compile(r'\.(?:get|getlist)\(\s*"(\w+)"|^    (\w+) = fields\.', re.M)
    files = [path for room in (admin, journeys) for path in Path(room.__path__[0]).rglob("*.py")]
    return {a or b for path in files for a, b in read.findall(path.read_text())}
