"""What granian says of a request, as WSGI says it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from server.gateway import environ_of


class Headers(list[tuple[str, str]]):
    """Headers as granian hands them over: a name may come several times."""

    def items(self) -> list[tuple[str, str]]:
        return self


def environ(*headers: tuple[str, str]) -> dict[str, Any]:
    scope: Any = SimpleNamespace(
        http_version="1.1",
        server="127.0.0.1:80",
        client="192.0.2.7:4711",
        scheme="http",
        method="POST",
        path="/v1/track",
        query_string="",
        headers=Headers(headers),
    )
    return environ_of(scope, b"")


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ([("x-forwarded-for", "192.0.2.1")], "HTTP_X_FORWARDED_FOR", "192.0.2.1"),
        ([("x-forwarded-for", "a"), ("x-forwarded-for", "b")], "HTTP_X_FORWARDED_FOR", "a,b"),
        ([("x_forwarded_for", "6.6.6.6")], "HTTP_X_FORWARDED_FOR", None),
        ([("x-forwarded-for", "a"), ("x_forwarded_for", "6.6.6.6")], "HTTP_X_FORWARDED_FOR", "a"),
        ([("x_forwarded-for", "6.6.6.6"), ("x-forwarded-for", "a")], "HTTP_X_FORWARDED_FOR", "a"),
        ([("content-length", "43"), ("content_length", "99")], "CONTENT_LENGTH", "43"),
        ([("content_type", "a/b")], "CONTENT_TYPE", None),
        ([("cookie", "a=1"), ("cookie", "b=2")], "HTTP_COOKIE", "a=1; b=2"),
    ],
)
def test_a_header_keeps_its_own_name(headers: list[tuple[str, str]], name: str, value: str | None) -> None:
    assert environ(*headers).get(name) == value
