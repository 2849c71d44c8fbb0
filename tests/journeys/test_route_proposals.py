"""Which templates are learned from which paths, and that a preview counts what the reports would say."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeys.filters import Params
from journeys.period import Period
from journeys.route_proposals import preview, proposals
from journeys.route_templates import stands_for
from journeys.routes import RAW, Routes
from store.event import Event, event_id
from store.events import EventStore
from store.migrate import migrate_events

START = 1_700_000_000_000
PERIOD = Period(START, START + 86_400_000)
projects = count(1)
numbers = count(1)


@pytest.fixture(scope="module")
def store(shared_events: EventStore) -> Iterator[EventStore]:
    """One store for all tests of this file, each with a project of its own."""
    events = shared_events.sibling("t_route_proposals")
    migrate_events(events)
    yield events
    events.command("drop database t_route_proposals")
    events.close()


def viewed(events: EventStore, views: Mapping[str, int], **more: object) -> int:
    """A project whose pages were viewed so often."""
    project = next(projects)
    rows = []
    for path, n in views.items():
        for _ in range(n):
            number = f"{next(numbers)}"
            at = {"timestamp": START, "received_at": START, **more}
            event = {"project": project, "event_id": event_id(number), "message_id": number, "type": "page"}
            rows.append(Event(**{**event, "path": path, "properties": json.dumps({}), **at}))  # type: ignore[arg-type]
    if rows:
        events.insert(rows, token=f"t{project}")
    return project


def many(pattern: str, n: int, begin: int = 1000) -> dict[str, int]:
    return {pattern.format(begin + 7 * k): 1 for k in range(n)}


def slug(number: int) -> str:
    """A text without digits, another one for each number."""
    return "-".join("abcdefghij"[int(digit)] * 3 for digit in str(number))


def slugs(pattern: str, n: int, begin: int = 1000) -> dict[str, int]:
    return {pattern.format(slug(begin + k)): 1 for k in range(n)}


IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))) for n in range(5)]


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ({}, []),
        ({"/": 5, "/pricing": 3, "/signup": 2}, []),
        (many("/order/{}", 5), ["/order/:id"]),
        (many("/order/{}", 2), []),
        (many("/order/INV-{}", 5), ["/order/:id"]),
        ({f"/u/{one}/edit": 1 for one in IDS}, ["/u/:uuid/edit"]),
        ({f"/c/{one.replace('-', '')}": 1 for one in IDS}, ["/c/:id"]),
        ({f"/log/2026-01-{day}": 1 for day in range(10, 15)}, ["/log/:date"]),
        (many("/o/{}", 5) | many("/o/{}/items", 4), ["/o/:id", "/o/:id/items"]),
        (many("/o/9{}/i/{}".replace("9{}", "77"), 4), ["/o/:id/i/:id"]),
        (slugs("/blog/{}", 29), []),
        (slugs("/blog/{}", 30), ["/blog/:slug"]),
        (slugs("/blog/{}", 30) | many("/blog/top{}", 5), ["/blog/:slug"]),
        (many("/user/{}", 40) | slugs("/user/{}", 31), ["/user/:id", "/user/:slug"]),
        (slugs("/blog/{}", 40) | slugs("/blog/tags/{}", 30), ["/blog/:slug", "/blog/tags/:slug"]),
        (
            {f"/team/{slug(a)}/{slug(b)}": 1 for a in range(100, 140) for b in range(200, 203)},
            [f"/team/:slug/{slug(b)}" for b in range(200, 203)],
        ),
        (
            {f"/team/{slug(a)}/{slug(a * 7 + b)}": 1 for a in range(100, 131) for b in range(2)}
            | {f"/team/ada/{slug(b)}": 1 for b in range(500, 540)},
            ["/team/:slug/:slug"],
        ),
        (slugs("/{}", 31), ["/:slug"]),
        (slugs("/{}/about", 31), []),
        (slugs("/{}", 31) | many("/order/{}", 5), ["/:slug", "/order/:id"]),
        (many("/x/*/{}", 9) | many("/x/:y/{}", 9), []),
        (many("/a" * 12 + "/{}", 9), []),
        (many("/a\0b/{}", 9) | many("/a\nb/{}", 9), []),
        (many("app#/order/{}", 4), ["app#/order/:id"]),
        ({f"/blog/{slug(n)}/": 1 for n in range(40)}, ["/blog/:slug/"]),
    ],
)
def test_templates_are_learned(views: dict[str, int], expected: list[str], store: EventStore) -> None:
    project = viewed(store, views)
    found = proposals(store, project, PERIOD, RAW)
    assert sorted(one["template"] for one in found["proposals"]) == expected
    assert (found["views"], found["looked_at"], found["paths"]) == (sum(views.values()),) * 2 + (len(views),)
    for one in found["proposals"]:
        covered = {path: n for path, n in views.items() if stands_for(one["template"], path)}
        assert (one["views"], one["paths"]) == (sum(covered.values()), len(covered))
        assert {row["path"]: row["views"] for row in one["busiest"]}.items() <= covered.items()


def test_a_proposal_shows_the_pages_that_would_vanish_in_it(store: EventStore) -> None:
    project = viewed(store, {**slugs("/blog/{}", 40), "/blog/pricing": 9, "/blog/terms": 4})
    found = proposals(store, project, PERIOD, RAW, asked=["/blog/pricing", "/blog", "/other"])["proposals"]
    assert [(one["template"], one["views"], one["paths"]) for one in found] == [("/blog/:slug", 53, 42)]
    assert [tuple(row.values()) for row in found[0]["busiest"][:2]] == [
        ("/blog/pricing", 9),
        ("/blog/terms", 4),
    ]
    assert len(found[0]["busiest"]) == 12
    assert found[0]["asked_for"] == ["/blog/pricing"]


def test_what_a_confirmed_template_stands_for_is_not_proposed_again(store: EventStore) -> None:
    project = viewed(store, {**many("/order/{}", 6), **slugs("/blog/{}", 40)})
    routes = Routes(("/order/:id",))
    assert [one["template"] for one in proposals(store, project, PERIOD, routes)["proposals"]] == [
        "/blog/:slug"
    ]
    fewer = proposals(store, project, PERIOD, routes, least=41)
    assert (fewer["views"], fewer["proposals"]) == (40, [])


def test_robots_other_times_and_other_events_teach_nothing(store: EventStore) -> None:
    for more in (
        {"is_bot": True},
        {"timestamp": START - 1},
        {"timestamp": PERIOD.end},
        {"type": "track", "event": "E"},
    ):
        project = viewed(store, many("/order/{}", 6), **more)
        found = proposals(store, project, PERIOD, RAW)
        assert (found["views"], found["proposals"]) == (0, [])


def test_a_preview_says_what_would_be_called_otherwise(store: EventStore) -> None:
    views = {"/order/10": 3, "/order/11": 2, "/order/new": 7, "/blog/a": 1, "/blog/b": 4, "/": 5}
    project = viewed(store, views)
    before, after = Routes(("/blog/:slug",)), Routes(("/blog/b", "/order/:id", "/order/10", "/blog/:slug"))
    found = preview(store, project, PERIOD, before, after)
    assert (found["views"], found["looked_at"], found["paths"]) == (22, 22, 6)
    assert found["names"] == {"before": 5, "after": 5}
    assert found["changed"] == 9
    assert found["changes"] == [
        {
            "route": "/order/:id",
            "views": 5,
            "names": 2,
            "busiest": [{"route": "/order/10", "views": 3}, {"route": "/order/11", "views": 2}],
        },
        {"route": "/blog/b", "views": 4, "names": 1, "busiest": [{"route": "/blog/:slug", "views": 4}]},
    ]
    assert [(one["template"], one["views"], one["paths"]) for one in found["templates"]] == [
        ("/blog/b", 4, 1),
        ("/order/:id", 5, 2),
        ("/order/10", 0, 0),  # the one above takes it
        ("/blog/:slug", 1, 1),
    ]


parts = st.sampled_from(
    ["order", "blog", "new", "pricing", "10", "11", "a7f3", "2026-01-31", IDS[0], "grüße"]
)
some_paths = st.lists(parts, max_size=3).map(lambda all_: "/" + "/".join(all_))
some_templates = st.lists(
    st.one_of(parts, st.sampled_from([":id", ":slug", ":date", ":uuid", ":number", "*"])),
    min_size=1,
    max_size=3,
).map(lambda all_: "/" + "/".join(all_))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seen=st.lists(some_paths, min_size=1, max_size=30),
    listed=st.lists(some_templates, unique=True, max_size=6),
    earlier=st.lists(some_templates, unique=True, max_size=3),
)
def test_templates_rename_views_and_never_lose_or_make_one(
    seen: list[str], listed: list[str], earlier: list[str], store: EventStore
) -> None:
    project = viewed(store, Counter(seen))
    before, after = Routes(tuple(earlier)), Routes(tuple(listed))

    def counted(routes: Routes) -> dict[str, int]:
        params = Params(project=project)
        labels = f"select {routes.label(params)} as label from events where project = {{project:UInt32}}"
        sql = f"select label, count() as n from ({labels}) group by label"
        return {row["label"]: row["n"] for row in store.query(sql, params.values)}

    def expected(routes: list[str]) -> Counter[str]:
        return Counter(next((one for one in routes if stands_for(one, path)), path) for path in seen)

    assert counted(after) == expected(listed)
    assert sum(counted(after).values()) == len(seen)
    found = preview(store, project, PERIOD, before, after)
    assert found["names"] == {"before": len(expected(earlier)), "after": len(expected(listed))}
    taken = {one["template"]: one["views"] for one in found["templates"]}
    assert taken == {one: expected(listed)[one] for one in listed}
    assert sum(one["views"] for one in found["changes"]) == found["changed"] <= len(seen)
    for one in found["changes"]:
        shown = sum(row["views"] for row in one["busiest"])
        assert shown == one["views"] if one["names"] <= 12 else shown < one["views"]
