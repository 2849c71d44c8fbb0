"""Sessions over the API and under Data rules: facts, rates, and what other limits would make of them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from journeys.metrics import MEANINGS
from journeys.recount import planned
from journeys.sessions import sessions
from server.filler import Filler
from store.event import identity_hash
from store.events import EventStore
from store.rules import ProjectRules, rules_of
from store.tables import projects
from tests.admin.conftest import Shop, a_shop, happened
from tests.admin.test_api import asking

FAY = identity_hash("user", "fay")
PAGE = "/p/shop/settings/rules"
FORM = {"violations": "mark", "unplanned": "allow"}
MINUTE = 1 / 1440
ALWAYS = "?from=2020-01-01&to=2030-01-01"


@pytest.fixture(scope="module")
def counted(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Fay looks twice within twenty minutes, Gus once; all sessions are counted. For tests that only look."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("sessions")) as shop:
        yield visited(shop)


@pytest.fixture
def own_counted(own_shop: Shop) -> Shop:
    """The same for one test that changes it."""
    return visited(own_shop)


def visited(shop: Shop) -> Shop:
    rows = [
        happened("/a", "fay", day=2, kind="page"),
        happened("/b", "fay", day=2 - 20 * MINUTE, kind="page"),
        happened("/a", "gus", day=2, kind="page"),
    ]
    shop.services.events.insert(rows, token="more")
    count(shop)
    return shop


def count(shop: Shop) -> int:
    """Count what waits, as the background job does."""
    return Filler(shop.services.engine, shop.services.events).count_sessions()


def test_the_list_holds_every_session_of_the_summary_once(counted: Shop) -> None:
    ask = asking(counted, "viewer")
    status, summary = ask("GET", f"/sessions/summary{ALWAYS}")
    assert (status, summary["meanings"]) == (200, MEANINGS)
    seen: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(20):
        status, page = ask("GET", f"/sessions{ALWAYS}&most=3{cursor}")
        assert status == 200
        seen += page["sessions"]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len({one["id"] for one in seen}) == summary["n"] == summary["bounce_rate"]["n"]
    assert [one["start"] for one in seen] == sorted((one["start"] for one in seen), reverse=True)
    bounced = sum(one["bounced"] for one in seen) / len(seen)
    assert summary["bounce_rate"]["value"] == pytest.approx(bounced, abs=1e-6)
    assert summary["engaged_rate"]["low"] < summary["engaged_rate"]["value"] < summary["engaged_rate"]["high"]
    fay = next(one for one in seen if one["exit"] == "/b")
    assert (fay["duration"], fay["pages"], fay["bounced"], fay["engaged"]) == (1200.0, 2, False, True)


def test_the_period_holds_its_first_millisecond_and_not_its_last(counted: Shop) -> None:
    ask = asking(counted, "viewer")
    starts = {one["start"] for one in ask("GET", f"/sessions{ALWAYS}")[1]["sessions"]}
    first, last = min(starts), max(starts)
    asked = f"?from={first}&to={last}"
    found = [one["start"] for one in ask("GET", f"/sessions{asked}")[1]["sessions"]]
    assert set(found) == starts - {last}
    assert ask("GET", f"/sessions/summary{asked}")[1]["n"] == len(found)


LIST = "/p/shop/sessions?from=2020-01-01&through=2029-12-31"


def rows_of(page: str) -> int:
    """How many sessions a page lists."""
    return page.count('<td class="text-nowrap"><a href="/p/shop/customers/')


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("", ""),
        ("&which=bounced", "&bounced=true"),
        ("&which=stayed", "&bounced=false"),
        ("&which=engaged", "&engaged=true"),
        ("&which=unengaged", "&engaged=false"),
        ("&device=mobile", "&device=mobile"),
        ("&channel=Direct&which=bounced", "&channel=Direct&bounced=1"),
        ("&channel=Email", "&channel=Email"),
        ("&country=(none)", "&country=(none)"),
        (f"&customer={FAY}", f"&customer={FAY}"),
    ],
)
def test_every_filter_gives_the_same_sessions_to_page_list_numbers_and_file(
    counted: Shop, asked: str, query: str
) -> None:
    ask, viewer = asking(counted), counted.client("viewer")
    listed = ask("GET", f"/sessions{ALWAYS}{query}")[1]["sessions"]
    found = ask("GET", f"/sessions/summary{ALWAYS}{query}")[1]
    assert found["n"] == len(listed)
    assert (found["bounced"], found["engaged"]) == tuple(
        sum(one[name] for one in listed) for name in ("bounced", "engaged")
    )
    page = viewer.get(LIST + asked).text
    assert rows_of(page) == len(listed)
    assert ("No session is like that" in page) == (not listed)
    table = viewer.get(LIST.replace("sessions?", "sessions/sessions.csv?") + asked).text.splitlines()
    assert len(table) == 1 + len(listed)
    assert table[0].startswith("customer,start,last,id,duration,touchpoints")


def test_the_page_says_what_its_numbers_mean_and_leads_to_the_list_of_each(counted: Shop) -> None:
    viewer = counted.client("viewer")
    page = viewer.get(LIST).text
    for name in ("session", "bounced", "bounce_rate", "engaged", "engaged_rate", "engaged_seconds"):
        assert html.escape(MEANINGS[name]) in page, name
    links = re.findall(r'href="([^"]+)#list" aria-label="(\d+) (?:bounced |engaged )?sessions"', page)
    assert len(links) == 3
    for link, n in links:
        assert rows_of(viewer.get(html.unescape(link)).text) == int(n)
    assert (
        "No session in this period" in viewer.get("/p/shop/sessions?from=2019-01-01&through=2019-01-02").text
    )


def test_a_session_of_the_list_opens_where_the_timeline_begins_with_it(own_shop: Shop) -> None:
    viewer = own_shop.client("viewer")
    visited = (("/a", 2.0), ("/b", 2 - 20 * MINUTE), ("/c", 1.0))
    rows = [happened(path, "fay", day=day, kind="page") for path, day in visited]
    own_shop.services.events.insert(rows, token="more")
    count(own_shop)
    page = viewer.get(f"{LIST}&customer={FAY}").text
    links = re.findall(r'<td class="text-nowrap"><a href="([^"#]+)#timeline"', page)
    shown = [re.findall(r"<summary><b>([^<]+)</b>", viewer.get(html.unescape(link)).text) for link in links]
    assert shown == [["/c", "/b", "/a"], ["/b", "/a"]]
    assert "Back to the newest" in viewer.get(html.unescape(links[1])).text


def test_the_number_on_the_page_of_a_customer_opens_all_its_sessions(counted: Shop) -> None:
    viewer = counted.client("viewer")
    page = viewer.get(f"/p/shop/customers/{FAY}").text
    link = re.search(r'href="([^"]+)" aria-label="1 sessions"', page)
    assert link
    assert rows_of(viewer.get(html.unescape(link[1])).text) == 1
    assert "20 min" in page
    assert '<span class="tag is-accent" title="A session of at least 10 engaged' in page


@pytest.mark.parametrize(
    "path", ["/sessions", "/sessions/summary", "/ingestion", "/ingestion/loss", "/robots"]
)
def test_what_is_known_of_now_alone_refuses_to_be_asked_as_of_a_moment(shop: Shop, path: str) -> None:
    status, refused = asking(shop)("GET", f"{path}?as_of=2026-02-01")
    assert (status, refused["field"]) == (400, "as_of")
    assert "leave it out" in refused["message"]


@pytest.mark.parametrize("page", ["sessions", "live/health", "live/health/loss", "live/robots"])
def test_pages_that_show_now_alone_refuse_to_be_asked_as_of_a_moment(shop: Shop, page: str) -> None:
    answer = shop.client("viewer").get(f"/p/shop/{page}?as_of=2026-02-01")
    assert answer.status_code == 400
    assert "leave it out" in answer.text


def test_the_preview_of_other_limits_speaks_of_days_of_the_project(own_counted: Shop) -> None:
    engine = own_counted.services.engine
    with engine.begin() as connection:
        connection.execute(update(projects).values(timezone="Pacific/Kiritimati"))  # 14 hours ahead of UTC
    rows = [happened("/a", "fay", day=40.0, kind="page"), happened("/a", "fay", day=0.04, kind="page")]
    own_counted.services.events.insert(rows, token="far")
    count(own_counted)
    tried = FORM | {"session_idle_minutes": "10", "session_cap_hours": "12", "do": "sessions:preview"}
    caption = re.search(r"<caption>.*</caption>", own_counted.client("admin").post(PAGE, data=tried).text)
    assert caption
    assert "from Jan 21, 2026 to Mar 2, 2026 (Pacific/Kiritimati)" in caption[0], "a day later than in UTC"


def test_a_period_without_sessions_has_no_rates(counted: Shop) -> None:
    empty = asking(counted)("GET", "/sessions/summary?from=2020-01-01&to=2020-02-01")[1]
    assert (empty["n"], empty["bounce_rate"]["value"], empty["duration"]) == (
        0,
        None,
        {"median": None, "p90": None},
    )
    assert empty["from"] == "2020-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "asked", ["?from=nonsense", "?from=2026-02-01&to=2026-01-01", "?cursor=x", "?most=0"]
)
def test_what_cannot_be_asked_is_refused(counted: Shop, asked: str) -> None:
    assert asking(counted)("GET", f"/sessions{asked}")[0] == 400


def test_other_limits_are_tried_before_they_are_set(own_counted: Shop) -> None:
    ask, body = asking(own_counted), {"idle_minutes": 10, "dry_run": True}
    assert asking(own_counted, "editor")("POST", "/sessions/rebuild", json=body)[0] == 403
    status, tried = ask("POST", "/sessions/rebuild", json=body)
    assert (status, tried["sampled"], tried["dry_run"]) == (200, 1.0, True)
    assert tried["after"]["n"] == tried["before"]["n"] + 1
    assert count(own_counted) == 0
    assert ask("POST", "/sessions/rebuild", json={"idle_minutes": 0})[0] == 400
    assert ask("POST", "/sessions/rebuild", json={"from": "2026-03-02", "to": "2026-03-01"})[0] == 400
    ask("POST", "/sessions/rebuild", json={"idle_minutes": 10, "from": "2026-02-01"})
    assert own_counted.refilled
    assert ask("GET", "/sessions/rebuild")[1] == {
        **{"answers": True, "counting": True, "done": 0, "total": 0},
        "failed": [],
    }
    assert ask("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == tried["before"]["n"]
    assert count(own_counted) == 1
    assert ask("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == tried["after"]["n"]
    assert count(own_counted) == 0


def test_a_dry_run_of_a_part_speaks_of_that_part(counted: Shop) -> None:
    services = counted.services
    recount = planned(
        services.events,
        services.engine,
        counted.project,
        start="2026-02-10",
        end="2026-02-25",
        idle_minutes=1,
    )
    changes = recount.changes(services.events)
    whole = sessions(services.events, counted.project.id)
    begun = [one for one in whole if recount.period.start <= one["start"] < recount.period.end]
    assert 0 < changes["before"]["n"] == len(begun) < len(whole)


def test_the_page_shows_what_would_change_and_keeps_nothing(own_counted: Shop) -> None:
    client = own_counted.client("admin")
    tried = FORM | {"session_idle_minutes": "10", "session_cap_hours": "12", "do": "sessions:preview"}
    text = client.post(PAGE, data=tried).text
    assert "With 10 minutes and 12 hours" in text
    assert 'name="do" value="sessions:preview" autofocus' in text
    assert 'value="10"' in text
    assert MEANINGS["bounced"] in text
    assert rules_of(own_counted.services.engine, own_counted.project.id) == ProjectRules()
    assert count(own_counted) == 0
    assert client.post(PAGE, data=tried | {"do": "save"}).status_code == 302
    kept = rules_of(own_counted.services.engine, own_counted.project.id)
    assert (kept.session_idle_minutes, kept.session_cap_hours) == (10, 12)
    before = asking(own_counted)("GET", f"/sessions/summary{ALWAYS}")[1]["n"]
    assert count(own_counted) == 1
    assert asking(own_counted)("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == before + 1


def test_limits_out_of_bounds_are_refused(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    for field, value in [
        *(("session_idle_minutes", value) for value in ("0", "1441", "", "x", "1.5", "-3")),
        *(("session_cap_hours", value) for value in ("0", "169", "ten")),
    ]:
        for do in ("save", "sessions:preview"):
            answer = client.post(PAGE, data=FORM | {field: value, "do": do})
            assert answer.status_code == 422, (field, value)
            assert f'id="problem-{field}"' in answer.text
        tried = FORM | {field: value, "do": "sessions:preview"}
        part = client.post(PAGE, data=tried, headers={"HX-Request": "true"})
        assert f"Not counted yet: {field.replace('_', ' ')}: write whole" in part.text
        assert "<main" not in part.text
        status, refused = asking(own_shop)("PUT", "/rules", json={field: value})
        assert (status, refused["field"]) == (400, field), value
    assert rules_of(own_shop.services.engine, own_shop.project.id) == ProjectRules()


def test_a_new_step_of_a_journey_counts_as_engagement_after_all_are_counted_anew(own_counted: Shop) -> None:
    ask = asking(own_counted)
    before = ask("GET", f"/sessions/summary{ALWAYS}")[1]["engaged_rate"]["value"]
    assert before < 1
    steps = [
        {"key": "x", "name": "X", "match": [{"page": "/none"}]},
        {"key": "y", "name": "Y", "match": [{"page": "/*"}]},
    ]
    assert ask("POST", "/journeys", json={"key": "all", "name": "All", "steps": steps})[0] == 201
    Filler(own_counted.services.engine, own_counted.services.events).fill_all()
    assert count(own_counted) == 1
    found = ask("GET", f"/sessions{ALWAYS}")[1]["sessions"]
    assert [one["engaged"] for one in found if one["pages"]] == [True] * sum(
        one["pages"] > 0 for one in found
    )
    assert ask("GET", f"/sessions/summary{ALWAYS}")[1]["engaged_rate"]["value"] > before


def test_a_preview_and_the_first_count_know_which_events_engage(own_shop: Shop) -> None:
    ask = asking(own_shop)
    steps = [
        {"key": "x", "name": "X", "match": [{"page": "/none"}]},
        {"key": "y", "name": "Y", "match": [{"page": "/shop*", "where": WHERE}]},
    ]
    assert ask("POST", "/journeys", json={"key": "all", "name": "All", "steps": steps})[0] == 201
    Filler(own_shop.services.engine, own_shop.services.events).fill_all()
    tried = ask("POST", "/sessions/rebuild", json={"dry_run": True})[1]
    first = ask("GET", f"/sessions/summary{ALWAYS}")[1]
    count(own_shop)
    stored = ask("GET", f"/sessions/summary{ALWAYS}")[1]
    assert tried["before"]["engaged_rate"] == tried["after"]["engaged_rate"] == stored["engaged_rate"]
    assert first["engaged_rate"] == stored["engaged_rate"]
    assert stored["engaged_rate"]["value"] > 0
    again = ask("POST", "/sessions/rebuild", json={"dry_run": True})[1]
    assert again["before"]["engaged_rate"] == again["after"]["engaged_rate"]


WHERE = [{"field": "device", "op": "in", "value": ["mobile", "desktop"]}]
