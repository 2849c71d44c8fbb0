"""Lists of route templates: every change is a version with who and when; on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from store.projects import create_project
from store.routes import NONE, RouteList, RoutesChanged, route_list, route_lists_of, routes_of, save_routes


@pytest.fixture(params=["engine", "pg_engine"])
def db(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def test_every_change_is_a_version_and_an_earlier_one_can_be_kept_again(db: Engine) -> None:
    mine = create_project(db, key="p", name="P", now=0).id
    other = create_project(db, key="q", name="Q", now=0).id
    assert routes_of(db, mine) == NONE
    first = save_routes(db, mine, ["/blog/pricing", "/blog/:slug"], by="ann", now=1)
    assert first == RouteList(1, ("/blog/pricing", "/blog/:slug"), "ann", 1)
    save_routes(db, other, ["/:slug"], by="eve", now=2)
    second = save_routes(db, mine, ["/blog/:slug", "/blog/pricing"], by="bob", now=3)  # the order counts
    back = save_routes(db, mine, first.templates, by="cid", now=4)
    assert [one.version for one in (first, second, back)] == [1, 2, 3]
    assert routes_of(db, mine) == back == RouteList(3, first.templates, "cid", 4)
    assert route_lists_of(db, mine) == [back, second, first]
    assert route_lists_of(db, mine, most=1) == [back]
    assert route_list(db, mine, 2) == second
    assert route_list(db, mine, 4) is None
    assert routes_of(db, other).templates == ("/:slug",)


def test_an_equal_list_is_no_new_version(db: Engine) -> None:
    mine = create_project(db, key="p", name="P", now=0).id
    assert save_routes(db, mine, [], by="ann", now=1) == NONE
    first = save_routes(db, mine, ["/a/:id"], by="ann", now=1)
    assert save_routes(db, mine, ["/a/:id"], by="bob", now=2) == first
    assert save_routes(db, mine, [], by="bob", now=3) == RouteList(2, (), "bob", 3)


def test_a_list_that_somebody_else_has_changed_is_not_replaced(db: Engine) -> None:
    mine = create_project(db, key="p", name="P", now=0).id
    save_routes(db, mine, ["/a/:id"], by="ann", now=1, seen=0)
    with pytest.raises(RoutesChanged, match="version 1 now"):
        save_routes(db, mine, ["/b/:id"], by="bob", now=2, seen=0)
    assert routes_of(db, mine).templates == ("/a/:id",)
    save_routes(db, mine, ["/b/:id"], by="bob", now=2, seen=1)
    assert routes_of(db, mine).templates == ("/b/:id",)
