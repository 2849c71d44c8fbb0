"""Refuses texts with null bytes: PostgreSQL keeps none, and nobody means one."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from admin.failures import page
from admin.formats import sentence
from store.words import marked, tell

NULL = "\0"
SENTENCE = marked("a text has a null byte (U+0000) in it: leave it out")


def register(app: Flask) -> None:
    """Look at what every page is sent before the page does; the API looks at what its endpoints read."""
    app.before_request(_refuse)


def are_in(value: Any) -> bool:
    """Whether a null byte stands anywhere in a text, or in the texts of a list or an object."""
    if isinstance(value, str):
        return NULL in value
    if isinstance(value, dict):
        return any(are_in(one) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(map(are_in, value))


def _refuse() -> ResponseReturnValue | None:
    if request.blueprint == "api":
        return None
    given = (request.path, request.args.to_dict(flat=False), request.form.to_dict(flat=False))
    return (
        page(tell("This cannot be read"), sentence(tell(SENTENCE)), 400) if any(map(are_in, given)) else None
    )
