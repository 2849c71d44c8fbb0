"""The page of an event: its address taken apart and cleaned."""

from __future__ import annotations

from typing import Any

import pytest

from collector.pipeline.page import address
from tests.collector.pipeline.conftest import Pipeline


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Shop.example/a/b", ("https://shop.example/a/b", "shop.example", "/a/b")),
        ("https://shop.example", ("https://shop.example", "shop.example", "/")),
        ("https://shop.example:8443/a", ("https://shop.example:8443/a", "shop.example", "/a")),
        ("https://user:secret@shop.example/a", ("https://shop.example/a", "shop.example", "/a")),
        ("https://shop.example/a?token=s3cret#top", ("https://shop.example/a", "shop.example", "/a")),
        (
            "https://shop.example/?q=1&utm_source=a%20b&gclid=x",
            ("https://shop.example/?utm_source=a+b&gclid=x", "shop.example", "/"),
        ),
        ("/only/a/path?x=1", ("", "", "/only/a/path")),
        ("about:blank", ("", "", "")),
        ("http://[broken", ("", "", "")),
        ("http://host:port/", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_an_address_is_taken_apart_and_only_campaign_parameters_stay(
    url: str, parts: tuple[str, str, str]
) -> None:
    assert address(url)[:3] == parts


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {
                "context": {
                    "page": {
                        "url": "https://shop.example/a?x=1",
                        "path": "/a",
                        "title": "A",
                        "referrer": "https://other.example/b?secret=1",
                    }
                }
            },
            {
                "url": "https://shop.example/a",
                "host": "shop.example",
                "path": "/a",
                "title": "A",
                "referrer": "https://other.example/b",
                "referrer_host": "other.example",
            },
        ),
        (
            {"context": {"page": {"url": "https://shop.example/a"}}},
            {"path": "/a", "title": "", "referrer": ""},
        ),
        ({"context": {"page": {"path": "/a?token=1"}}}, {"path": "/a", "url": "", "host": ""}),
        (
            {"type": "page", "properties": {"url": "https://shop.example/p", "title": "P", "plan": "pro"}},
            {"url": "https://shop.example/p", "title": "P", "path": "/p", "properties": '{"plan":"pro"}'},
        ),
        (
            {
                "type": "page",
                "properties": {"path": "/virtual"},
                "context": {"page": {"url": "https://shop.example/real", "path": "/real"}},
            },
            {"path": "/virtual", "url": "https://shop.example/real"},
        ),
        ({"properties": {"url": "https://shop.example/p"}}, {"url": "", "path": ""}),
        ({"context": {"page": "text"}}, {"url": "", "path": ""}),
        (
            {"context": {"page": {"url": 5, "path": None, "title": ["x"]}}},
            {"url": "", "path": "", "title": ""},
        ),
    ],
)
def test_the_page_comes_from_the_context_and_for_page_calls_from_properties(
    pipeline: Pipeline, message: dict[str, Any], expected: dict[str, Any]
) -> None:
    event = pipeline.event(message)
    assert {name: getattr(event, name) for name in expected} == expected
