"""The page of an event: its address taken apart, normalised and cleaned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.pipeline import Tools
from collector.pipeline.page import address
from collector.pipeline.paths import clean_path
from store.rules import ProjectRules
from store.settings import Settings
from tests.collector.pipeline.conftest import Pipeline


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Shop.example/a/b", ("https://shop.example/a/b", "shop.example", "/a/b")),
        ("HTTPS://SHOP.EXAMPLE/A/b", ("https://shop.example/A/b", "shop.example", "/A/b")),
        ("https://shop.example", ("https://shop.example/", "shop.example", "/")),
        ("https://shop.example./a", ("https://shop.example/a", "shop.example", "/a")),
        ("https://shop.example:8443/a", ("https://shop.example:8443/a", "shop.example", "/a")),
        ("https://shop.example:443/a", ("https://shop.example/a", "shop.example", "/a")),
        ("http://shop.example:80/a", ("http://shop.example/a", "shop.example", "/a")),
        ("http://shop.example:443/a", ("http://shop.example:443/a", "shop.example", "/a")),
        ("http://[2001:DB8::1]:8080/a", ("http://[2001:db8::1]:8080/a", "2001:db8::1", "/a")),
        ("https://bücher.example/a", ("https://bücher.example/a", "bücher.example", "/a")),
        (
            "https://xn--bcher-kva.example/a",
            ("https://xn--bcher-kva.example/a", "xn--bcher-kva.example", "/a"),
        ),
        ("https://user:secret@shop.example/a", ("https://shop.example/a", "shop.example", "/a")),
        ("https://shop.example/a?token=s3cret#top", ("https://shop.example/a", "shop.example", "/a")),
        (
            "https://shop.example/?q=1&utm_source=a%20b&gclid=x",
            ("https://shop.example/?utm_source=a+b&gclid=x", "shop.example", "/"),
        ),
        (
            "https://shop.example/?" + "a=1&" * 300 + "utm_source=b",
            ("https://shop.example/", "shop.example", "/"),
        ),
        ("/only/a/path?x=1", ("", "", "/only/a/path")),
        ("file:///home/anna/page.html", ("", "", "")),
        ("about:blank", ("", "", "")),
        ("http://[broken", ("", "", "")),
        ("http://host:port/", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_an_address_is_taken_apart_and_only_campaign_parameters_stay(
    url: str, parts: tuple[str, str, str]
) -> None:
    assert address(url, ())[:3] == parts


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b"),
        ("/", "/"),
        ("//", "/"),
        ("//a///b//", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../../a", "/a"),
        ("/a/b/..", "/a"),
        ("/.well-known/x", "/.well-known/x"),
        ("/%7Eanna/%61", "/~anna/a"),
        ("/%2e%2e/a", "/a"),
        ("/a%2fb", "/a%2Fb"),
        ("/b%c3%bccher", "/b%C3%BCcher"),
        ("/100%", "/100%"),
        ("/A/b", "/A/b"),
        ("virtual/page", "virtual/page"),
        ("", ""),
    ],
)
def test_equal_paths_are_written_equally(path: str, kept: str) -> None:
    assert clean_path(path) == kept


@given(st.text(alphabet="/.%2eEfF4a1é?#", max_size=30))
def test_a_clean_path_is_clean(path: str) -> None:
    assert clean_path(clean_path("/" + path)) == clean_path("/" + path)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example/app#/orders/5", ("https://a.example/app#/orders/5", "/app#/orders/5")),
        ("https://a.example/#!/orders/", ("https://a.example/#!/orders", "/#!/orders")),
        ("https://a.example/#/a//b/../c?token=s3cret", ("https://a.example/#/a/c", "/#/a/c")),
        ("https://a.example/#/x?utm_source=b", ("https://a.example/?utm_source=b#/x", "/#/x")),
        ("https://a.example/?utm_source=a#/x?utm_source=b", ("https://a.example/?utm_source=a#/x", "/#/x")),
        ("https://a.example/#/", ("https://a.example/", "/")),
        ("https://a.example/#top", ("https://a.example/", "/")),
        ("https://a.example/#access_token=s3cret", ("https://a.example/", "/")),
        ("https://a.example/#/access_token=s3cret&state=1", ("https://a.example/", "/")),
    ],
)
def test_of_fragments_only_client_side_routes_stay(url: str, parts: tuple[str, str]) -> None:
    found = address(url, ())
    assert (found.url, found.path) == parts


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
        ({"context": {"page": {"path": "/a/?token=1"}}}, {"path": "/a", "url": "", "host": ""}),
        ({"context": {"page": {"path": "//a//b"}}}, {"path": "/a/b", "url": ""}),
        ({"context": {"page": {"path": "?token=1"}}}, {"path": ""}),
        (
            {"type": "page", "properties": {"url": "https://shop.example/p", "title": "P", "plan": "pro"}},
            {"url": "https://shop.example/p", "title": "P", "path": "/p", "properties": '{"plan":"pro"}'},
        ),
        (
            {
                "type": "page",
                "properties": {"path": "/virtual/"},
                "context": {"page": {"url": "https://shop.example/real", "path": "/real"}},
            },
            {"path": "/virtual", "url": "https://shop.example/real"},
        ),
        (
            {"context": {"page": {"url": "https://shop.example/app/#/cart", "path": "/app/"}}},
            {"path": "/app#/cart", "url": "https://shop.example/app#/cart"},
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


def test_a_project_may_keep_further_parameters() -> None:
    rules = ProjectRules(query_parameters=("variant", "token"))
    tools = Tools.opened(Settings(), lambda _project: rules)
    url = "https://shop.example/a?variant=b&Variant=c&other=d&token=s3cret"
    event = Pipeline(tools).event({"context": {"page": {"url": url}}, "properties": {"link": url}})
    tools.close()
    assert event.url == "https://shop.example/a?variant=b&token=[removed]"
    assert event.properties == '{"link":"https://shop.example/a?variant=b&token=[removed]"}'


def test_an_address_that_cannot_be_written_is_nowhere(pipeline: Pipeline) -> None:
    event = pipeline.event({"context": {"page": {"url": "https://a.example/?utm_source=\ud800"}}})
    assert event.url == ""


def test_memory_does_not_grow_with_long_addresses() -> None:
    long = "https://a.example/" + "x" * 400
    first, second = address(long, ()), address(long, ())
    assert first == second
    assert first is not second
    assert address("https://a.example/x", ()) is address("https://a.example/x", ())
