"""Sessions over the API and under Data rules: facts, rates, and what other limits would make of them."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.metrics import MEANINGS
from journeys.recount import planned
from journeys.sessions import sessions
from server.filler import Filler
from store.rules import ProjectRules, rules_of
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import asking

PAGE = "/p/shop/settings/rules"
FORM = {"violations": "mark", "unplanned": "allow"}
MINUTE = 1 / 1440
ALWAYS = "?from=2020-01-01&to=2030-01-01"


@pytest.fixture
def counted(own_shop: Shop) -> Shop:
    """Fay looks twice within twenty minutes, Gus once; all sessions are counted."""
    rows = [
        happened("/a", "fay", day=2, kind="page"),
        happened("/b", "fay", day=2 - 20 * MINUTE, kind="page"),
        happened("/a", "gus", day=2, kind="page"),
    ]
    own_shop.services.events.insert(rows, token="more")
    count(own_shop)
    return own_shop


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


def test_other_limits_are_tried_before_they_are_set(counted: Shop) -> None:
    ask, body = asking(counted), {"idle_minutes": 10, "dry_run": True}
    assert asking(counted, "editor")("POST", "/sessions/rebuild", json=body)[0] == 403
    status, tried = ask("POST", "/sessions/rebuild", json=body)
    assert (status, tried["sampled"], tried["dry_run"]) == (200, 1.0, True)
    assert tried["after"]["n"] == tried["before"]["n"] + 1
    assert count(counted) == 0
    assert ask("POST", "/sessions/rebuild", json={"idle_minutes": 0})[0] == 400
    assert ask("POST", "/sessions/rebuild", json={"from": "2026-03-02", "to": "2026-03-01"})[0] == 400
    ask("POST", "/sessions/rebuild", json={"idle_minutes": 10, "from": "2026-02-01"})
    assert counted.refilled
    assert ask("GET", "/sessions/rebuild")[1] == {
        **{"answers": True, "counting": True, "done": 0, "total": 0},
        "failed": [],
    }
    assert ask("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == tried["before"]["n"]
    assert count(counted) == 1
    assert ask("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == tried["after"]["n"]
    assert count(counted) == 0


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


def test_the_page_shows_what_would_change_and_keeps_nothing(counted: Shop) -> None:
    client = counted.client("admin")
    tried = FORM | {"session_idle_minutes": "10", "session_cap_hours": "12", "do": "sessions:preview"}
    text = client.post(PAGE, data=tried).text
    assert "With these limits" in text
    assert 'value="10"' in text
    assert MEANINGS["bounced"] in text
    assert rules_of(counted.services.engine, counted.project.id) == ProjectRules()
    assert count(counted) == 0
    assert client.post(PAGE, data=tried | {"do": "save"}).status_code == 302
    kept = rules_of(counted.services.engine, counted.project.id)
    assert (kept.session_idle_minutes, kept.session_cap_hours) == (10, 12)
    before = asking(counted)("GET", f"/sessions/summary{ALWAYS}")[1]["n"]
    assert count(counted) == 1
    assert asking(counted)("GET", f"/sessions/summary{ALWAYS}")[1]["n"] == before + 1


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
        status, refused = asking(own_shop)("PUT", "/rules", json={field: value})
        assert (status, refused["field"]) == (400, field), value
    assert rules_of(own_shop.services.engine, own_shop.project.id) == ProjectRules()


def test_a_new_step_of_a_journey_counts_as_engagement_after_all_are_counted_anew(counted: Shop) -> None:
    ask = asking(counted)
    before = ask("GET", f"/sessions/summary{ALWAYS}")[1]["engaged_rate"]["value"]
    assert before < 1
    steps = [
        {"key": "x", "name": "X", "match": [{"page": "/none"}]},
        {"key": "y", "name": "Y", "match": [{"page": "/*"}]},
    ]
    assert ask("POST", "/journeys", json={"key": "all", "name": "All", "steps": steps})[0] == 201
    Filler(counted.services.engine, counted.services.events).fill_all()
    assert count(counted) == 1
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
