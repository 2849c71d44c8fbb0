"""What templates stand for: told by a table, and alike by the event store's two engines and Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.definitions import DefinitionError
from journeys.filters import Params
from journeys.route_templates import (
    KINDS,
    MOST_TEMPLATES,
    anchored,
    checked,
    expression,
    is_template,
    placed,
    roughly,
    stands_for,
)
from journeys.routes import RAW, Routes
from store.events import EventStore

UUID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("/order/:id", "/order/1042", True),
        ("/order/:id", "/order/a7f3", True),
        ("/order/:id", "/order/INV-1042", True),
        ("/order/:id", "/order/5f2b8c0d9e1a4b3c", True),
        ("/order/:id", f"/order/{UUID}", True),
        ("/order/:id", "/order/new", False),
        ("/order/:id", "/order/step-2", False),
        ("/order/:id", "/order/v2", False),
        ("/order/:id", "/order/top-10-tips", False),
        ("/order/:id", "/order/2026-01-31", False),
        ("/order/:id", "/order/1042/items", False),
        ("/order/:id", "/order/", False),
        ("/order/:id", "/my/order/1042", False),
        ("/order/:id/items", "/order/1042/items", True),
        ("/u/:uuid", f"/u/{UUID}", True),
        ("/u/:uuid", "/u/1042", False),
        ("/log/:date", "/log/2026-01-31", True),
        ("/log/:date", "/log/2026-01", True),
        ("/log/:date", "/log/2026", False),
        ("/n/:number", "/n/1042", True),
        ("/n/:number", "/n/a7f3", False),
        ("/c/:hash", "/c/5f2b8c0d9e1a4b3c", True),
        ("/c/:hash", "/c/5f2b8c0d", False),
        ("/blog/:slug", "/blog/pricing", True),
        ("/blog/:slug", "/blog/grüße ★", True),
        ("/blog/:slug", "/blog/a/b", False),
        ("/:who/:what", "/ada/engine", True),
        ("/blog/pricing", "/blog/pricing", True),
        ("/a.b", "/aXb", False),
        ("/docs/*", "/docs/a/b", True),
        ("/docs/*/:id", "/docs/a/b/12", True),
        ("app#/order/:id", "app#/order/12", True),
        ("/time/12:30", "/time/12:30", True),
    ],
)
def test_a_template_stands_for_paths(
    template: str, path: str, expected: bool, shared_events: EventStore
) -> None:
    assert stands_for(template, path) is expected
    params = Params(path=path)
    row = shared_events.query(
        f"select {Routes((template,)).place(params, '{path:String}')} as place, "
        f"match({{path:String}}, {params.bind(anchored(template), 'String')}) as found",
        params.values,
    )[0]
    assert (bool(row["place"]), bool(row["found"])) == (expected, expected)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("", "1 to 500"),
        ("/" + "x" * 500, "1 to 500"),
        ("/a\n", "line breaks"),
        ("/a\0b", "line breaks"),
        (" /a", "spaces"),
        ("/order/:Id", "no variable"),
        ("/order/:", "no variable"),
        ("/order/:id.html", "no variable"),
    ],
)
def test_what_is_no_template_says_why(template: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem) as caught:
        checked(["/fine/:id", template])
    assert list(caught.value.problems) == ["templates.1"]


def test_a_list_has_each_template_once_and_not_too_many() -> None:
    assert checked(["/a/:id", "/b"]) == ("/a/:id", "/b")
    with pytest.raises(DefinitionError, match="stands above"):
        checked(["/a/:id", "/a/:id"])
    with pytest.raises(DefinitionError, match="at most 200"):
        checked([f"/a/{n}" for n in range(MOST_TEMPLATES + 1)])


@pytest.mark.parametrize(
    ("listed", "one", "expected"),
    [
        ([], "/a/:id", ["/a/:id"]),
        (["/a/:id"], "/a/:slug", ["/a/:id", "/a/:slug"]),
        (["/b/:id", "/a/:slug"], "/a/:id", ["/b/:id", "/a/:id", "/a/:slug"]),
        (["/a/:id", "/a/:slug"], "/a/pricing", ["/a/:id", "/a/pricing", "/a/:slug"]),
        (["/a/*"], "/a/:date/*", ["/a/:date/*", "/a/*"]),
        (["/a/:id", "/b"], "/a/:id", ["/a/:id", "/b"]),
    ],
)
def test_a_new_template_is_put_where_it_is_reached(listed: list[str], one: str, expected: list[str]) -> None:
    assert placed(listed, one) == expected


places = st.one_of(
    st.sampled_from(
        ["blog", "order", "pricing", "new", "1042", "a7f3", "2026-01-31", UUID, "a.b", "(", "+", ""]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/"), max_size=4),
)
paths = st.lists(places, max_size=4).map(lambda all_: "/" + "/".join(all_))
variables = st.sampled_from([*KINDS, ":slug", "*", "pre*"])
templates = (
    st.lists(st.one_of(places, variables), min_size=1, max_size=4)
    .map(lambda all_: "/" + "/".join(all_))
    .filter(lambda one: can_be_kept(one))
)


def can_be_kept(template: str) -> bool:
    try:
        return checked([template]) == (template,)
    except DefinitionError:
        return False


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(listed=st.lists(templates, max_size=8), seen=st.lists(paths, min_size=1, max_size=20))
def test_both_engines_and_python_read_a_template_alike(
    listed: list[str], seen: list[str], shared_events: EventStore
) -> None:
    for template in listed:
        assert re.compile(expression(template))
        assert not is_template(roughly(template))
    params = Params(seen=seen)
    route = Routes(tuple(listed)).route(params)
    each = [f"match(path, {params.bind(anchored(one), 'String')})" for one in listed]
    rows = shared_events.query(
        f"select path, {route} as route, [{', '.join(f'toUInt8({one})' for one in each)}] as found "
        "from (select arrayJoin({seen:Array(String)}) as path)",
        params.values,
    )
    for row in rows:
        found = [stands_for(one, row["path"]) for one in listed]
        assert row["route"] == next(
            (one for one, is_so in zip(listed, found, strict=True) if is_so), row["path"]
        )
        assert [bool(one) for one in row["found"]] == found
        for one, is_so in zip(listed, found, strict=True):
            assert not is_so or stands_for(roughly(one), row["path"])


def test_without_templates_a_path_is_its_own_route() -> None:
    params = Params()
    assert RAW.route(params) == "path"
    assert params.values == {}
