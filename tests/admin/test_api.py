"""The REST API answers as the pages do, in one error shape, and only to who may ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from admin.api import ENDPOINTS
from journeys.reports import BY_NAME
from store.event import identity_hash
from store.projects import create_api_token
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all

Ask = Callable[..., tuple[int, Any]]


def asking(shop: Shop, role: str = "admin", project: int | None = None) -> Ask:
    """A caller with a token of this role."""
    token = create_api_token(
        shop.services.engine, project or shop.project.id, name="test", role=role, now=NOW
    )

    def ask(method: str, path: str, **how: Any) -> tuple[int, Any]:
        answer = shop.client().open(
            f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **how
        )
        return answer.status_code, answer.get_json()

    return ask


@pytest.fixture
def ask(shop: Shop) -> Ask:
    """A caller who may do all, to a shop that stays as it is."""
    return asking(shop)


def test_the_funnel_has_the_documented_form(ask: Ask) -> None:
    status, funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01")
    assert status == 200
    assert funnel["entered"] == 5
    assert funnel["outcomes"] == {"succeeded": 1, "failed": 1, "dropped": 2, "in_time": 1}
    assert set(funnel["success_rate"]) == {
        "value",
        "low",
        "high",
        "n",
        "in_time",
        "at_least",
        "at_most",
        "customers",
        "half_by",
        "few",
        "small",
        "cells",
    }
    assert [step["progressed"] for step in funnel["steps"]] == [5, 3, 1]
    assert {
        "key",
        "name",
        "stage",
        "visited",
        "missed",
        "dropped_here",
        "failed_here",
        "in_time_here",
    } <= set(funnel["steps"][0])


def test_a_segment_and_a_unit_narrow_the_funnel(ask: Ask) -> None:
    _, funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01&segment=device:mobile&unit=customers")
    assert (funnel["entered"], funnel["unit"], funnel["segment"]) == (1, "customers", {"device": "mobile"})


def test_lists_come_in_pages_that_hold_every_run_once(ask: Ask) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        _, found = ask("GET", f"/journeys/buy/runs?from=2026-02-01&most=2&cursor={cursor}")
        assert found["total"] == 5
        seen += [run["customer"] for run in found["runs"]]
        cursor = found["next"] or ""
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/journeys/none/funnel", 404, "not_found"),
        ("/journeys/buy/funnel?from=soon", 400, "bad_question"),
        ("/journeys/buy/funnel?from=2026-03-01&to=2026-02-01", 400, "bad_question"),
        ("/journeys/buy/funnel?unit=people", 400, "invalid"),
        ("/journeys/buy/funnel?as_of=2026-03-02", 400, "bad_question"),
        ("/journeys/buy/funnel?segment=shoe:42", 400, "bad_question"),
        ("/journeys/buy/runs?number=dropped_here", 400, "bad_question"),
        ("/journeys/buy/runs?cursor=rubbish", 400, "bad_question"),
        ("/journeys/buy/runs?cursor=WzEsLTEsMV0=", 400, "bad_question"),
        ("/journeys/buy/funnel?to=0001-01-10", 400, "bad_question"),
        ("/journeys/buy/funnel?from=9999-12-31T23:00:00-14:00", 400, "bad_question"),
        ("/customers/99999999999999999999", 404, "not_found"),
        ("/journeys/buy/runs?most=0", 400, "invalid"),
        ("/journeys/buy/paths?anchor=none", 400, "bad_question"),
        ("/journeys/buy/paths?depth=99", 400, "invalid"),
        ("/customers/1/timeline", 404, "not_found"),
        ("/customers/1/timeline?before=rubbish", 400, "bad_question"),
        ("/nowhere", 404, "not_found"),
    ],
)
def test_a_bad_question_is_answered_in_the_one_error_shape(
    ask: Ask, path: str, status: int, code: str
) -> None:
    found, answer = ask("GET", path)
    assert (found, answer["success"], answer["code"]) == (status, False, code)
    assert answer["message"]


def test_a_new_journey_is_saved_filled_and_answers(own_shop: Shop) -> None:
    ask = asking(own_shop)
    status, made = ask("POST", "/journeys", json={**JOURNEY, "key": "again"})
    assert (status, made["version"], made["status"]) == (201, 1, "filling")
    assert own_shop.refilled == [True]
    fill_all(own_shop.services)
    assert ask("GET", "/journeys/again/funnel?from=2026-02-01")[1]["entered"] == 5
    assert ask("POST", "/journeys", json={**JOURNEY, "key": "again"})[0] == 409
    changed = {**JOURNEY, "key": "again", "idle_timeout": "30d"}
    assert ask("PUT", "/journeys/again", json=changed)[1]["version"] == 2
    assert [one["version"] for one in ask("GET", "/journeys/again")[1]["versions"]] == [2, 1]
    later = {**changed, "idle_timeout": "40d"}
    for version in (1, 7):
        status, answer = ask("PUT", f"/journeys/again?version={version}", json=later)
        assert (status, answer["code"], answer["field"]) == (409, "changed", "version")
    assert ask("PUT", "/journeys/again?version=1", json=changed)[1]["version"] == 2, "sent twice"
    assert ask("PUT", "/journeys/again?version=2", json=later)[1]["version"] == 3
    assert ask("PUT", "/journeys/again?version=3", json=changed)[1]["version"] == 4
    assert ask("PUT", "/journeys/again?version=2", json=later)[0] == 409, "it says the same as the newest"
    assert ask("DELETE", "/journeys/again")[0] == 204
    assert ask("GET", "/journeys/again/funnel")[0] == ask("GET", "/journeys/again")[0] == 404
    assert ask("POST", "/journeys", json={**JOURNEY, "key": "again"})[0] == 201


def test_an_invalid_definition_names_every_problem(ask: Ask) -> None:
    status, answer = ask("POST", "/journeys/preview", json={**JOURNEY, "steps": [], "idle_timeout": "soon"})
    assert (status, answer["code"]) == (400, "invalid")
    assert set(answer["problems"]) == {"steps", "idle_timeout"}
    pattern = {"event": "E", "where": [{"property": "x", "op": "matches", "value": "(?=a)"}]}
    status, answer = ask("POST", "/journeys/preview", json={**JOURNEY, "fail_on": [pattern]})
    assert (status, answer["code"]) == (400, "invalid")
    assert answer["field"] == "fail_on.0.where.0.value"
    assert "look-ahead" in answer["message"]


@pytest.mark.parametrize(
    ("op", "value"), [("gt", 10**400), ("eq", [1]), ("in", [None]), ("eq", {"a": 1}), ("matches", 5)]
)
def test_a_value_that_cannot_be_compared_is_refused(ask: Ask, op: str, value: Any) -> None:
    where = [{"property": "x", "op": op, "value": value}]
    status, answer = ask(
        "POST", "/journeys/preview", json={**JOURNEY, "fail_on": [{"event": "E", "where": where}]}
    )
    assert (status, answer["field"]) == (400, "fail_on.0.where.0.value")


def test_a_list_can_ask_for_an_outcome_at_a_step(ask: Ask) -> None:
    _, funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01")
    for step in funnel["steps"]:
        found = ask("GET", f"/journeys/buy/runs?from=2026-02-01&outcome=dropped&step={step['key']}")[1]
        assert found["total"] == step["dropped_here"]


def test_a_list_can_ask_for_what_is_behind_a_cell_of_a_report(ask: Ask) -> None:
    answer = ask("GET", "/journeys/buy/conformance?from=2026-02-01&unit=customers")[1]
    assert answer["deviations"]
    for one in answer["deviations"]:
        behind = f"unit=customers&report=conformance&cell={one['cell']}"
        assert ask("GET", f"/journeys/buy/runs?from=2026-02-01&{behind}")[1]["total"] == one["n"]
    status, refused = ask("GET", "/journeys/buy/runs?report=conformance&cell=x")
    assert (status, refused["success"]) == (400, False)
    assert "no cell of conformance" in refused["message"]


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_report_comes_as_a_file_too(shop: Shop, name: str) -> None:
    token = create_api_token(shop.services.engine, shop.project.id, name="test", role="viewer", now=NOW)
    answer = shop.client().get(
        f"/api/v1/journeys/buy/{name}.csv?from=2026-02-01", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.mimetype == "text/csv"
    assert len(answer.text.splitlines()) > 1


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", 5),
        ("step=cart", 3),
        ("step=cart&number=visited", 3),
        ("step=cart&outcome=dropped", 1),
        ("step=cart&number=left_here", 2),
        ("outcome=dropped", 2),
        ("number=dropped&now=2026-02-20T12:00:00Z", 1),
    ],
)
def test_a_list_is_of_all_that_it_was_asked_for(ask: Ask, query: str, total: int) -> None:
    status, found = ask("GET", f"/journeys/buy/runs?from=2026-02-01&{query}")
    assert (status, found["total"], len(found["runs"])) == (200, total, total)


@pytest.mark.parametrize(
    "query",
    [
        "number=dropped&step=cart",
        "number=entered&step=cart",
        "number=visited&outcome=dropped&step=cart",
        "outcome=succeeded&step=cart",
        "now=2027-01-01",
    ],
)
def test_a_list_that_would_leave_out_a_part_of_the_question_is_refused(ask: Ask, query: str) -> None:
    status, found = ask("GET", f"/journeys/buy/runs?from=2026-02-01&{query}")
    assert (status, found["code"]) == (400, "bad_question")


def test_a_number_and_its_list_are_of_one_moment(ask: Ask) -> None:
    before = "2026-02-20T12:00:00.000Z"
    then = ask("GET", f"/journeys/buy/funnel?from=2026-02-01&now={before}")[1]
    assert then["as_of"] == before
    assert then["outcomes"] != ask("GET", "/journeys/buy/funnel?from=2026-02-01")[1]["outcomes"]
    for outcome, n in then["outcomes"].items():
        found = ask("GET", f"/journeys/buy/runs?from=2026-02-01&outcome={outcome}&now={then['as_of']}")[1]
        assert (found["total"], found["as_of"]) == (n, before)


def test_every_report_counts_what_it_is_asked_to_count(ask: Ask) -> None:
    for unit, n in (("runs", 5), ("customers", 4 + 1), ("accounts", 0)):
        query = f"from=2026-02-01&unit={unit}"
        for report in ("paths", "variants"):
            found = ask("GET", f"/journeys/buy/{report}?{query}")[1]
            assert (found["unit"], found["runs"]) == (unit, n), report
        found = ask("GET", f"/journeys/buy/timing?{query}")[1]
        assert (found["unit"], found["goal"]["n"]) == (unit, min(n, 1))
        previewed = ask("POST", f"/journeys/preview?{query}", json=JOURNEY)[1]["funnel"]
        assert (previewed["unit"], previewed["entered"]) == (unit, n)
    for report in ("paths", "variants", "timing"):
        assert ask("GET", f"/journeys/buy/{report}?unit=people")[0] == 400


@pytest.mark.parametrize("report", ["runs", *BY_NAME])
def test_a_report_as_of_a_moment_says_so(ask: Ask, report: str) -> None:
    now = ask("GET", f"/journeys/buy/{report}?from=2026-02-01")[1]
    then = ask("GET", f"/journeys/buy/{report}?from=2026-02-01&as_of=2026-03-01T11:00:00Z")[1]
    assert "ledger_as_of" not in now
    assert then["ledger_as_of"] == "2026-03-01T11:00:00.000Z"
    assert "late events count" in then["note"]


def test_a_preview_equals_what_saving_gives(ask: Ask) -> None:
    status, preview = ask("POST", "/journeys/preview?from=2026-02-01", json=JOURNEY)
    assert status == 200, preview
    _, funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01")
    assert preview["sampled"] == 1
    assert preview["funnel"]["steps"] == funnel["steps"]
    assert [one["raw_matches"] for one in preview["zero"]] == [6, 3, 1]


def test_a_merge_is_shown_and_taken_back(own_shop: Shop) -> None:
    ask = asking(own_shop)
    ada = ask("GET", "/customers?query=ada")[1]["customers"][0]["customer"]
    customer = ask("GET", f"/customers/{ada}")[1]
    assert {(one["kind"], one["value"]) for one in customer["identities"]} == {
        ("user", "ada"),
        ("anonymous", "ada-phone"),
    }
    edge = customer["edges"][0]
    status, changed = ask("POST", "/identities/unmerge", json={"a": edge["a"], "b": edge["b"]})
    assert status == 200
    phone = identity_hash("anonymous", "ada-phone")
    assert set(changed["customers"]) == {ada, str(phone)}
    assert own_shop.refreshed == [(own_shop.project.id, {int(ada), phone})]
    assert ask("GET", f"/customers/{phone}/timeline")[1]["n"] == 1
    assert ask("POST", "/identities/unmerge", json={"a": edge["a"], "b": edge["b"]})[0] == 404


def test_events_drops_and_health_are_answered(ask: Ask) -> None:
    assert ask("GET", "/events/recent")[1]["events"][0]["label"] == "/shop/shoes"
    assert ask("GET", "/drops")[1] == {"by_code": {}, "drops": [], "next": None}
    assert ask("GET", "/health")[1]["events"]["n"] == 11


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/drops/replay", {"ids": [10**30]}),
        ("POST", "/drops/replay", {"ids": [1, 2**63]}),
        ("POST", "/drops/replay", {"ids": [0]}),
        ("POST", "/drops/replay", {"above": 2**63}),
        ("GET", f"/drops?below={2**63}", None),
    ],
)
def test_a_number_that_no_drop_can_have_is_refused(ask: Ask, method: str, path: str, body: Any) -> None:
    status, answer = ask(method, path, json=body)
    assert (status, answer["code"]) == (400, "invalid"), answer


def test_the_highest_number_that_a_drop_can_have_is_looked_for(ask: Ask) -> None:
    status, answer = ask("POST", "/drops/replay", json={"ids": [2**63 - 1], "above": 2**63 - 2})
    assert (status, answer["replayed"]) == (200, 0)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_every_endpoint_wants_a_token(shop: Shop, endpoint: Any) -> None:
    path = re.sub(r"<int:\w+>", "1", endpoint.path.replace("<key>", "buy"))
    for headers in ({}, {"Authorization": "Bearer wt_wrong"}, {"Authorization": "Basic abc"}):
        answer = shop.client().open(f"/api/v1{path}", method=endpoint.method, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthorized")


def test_a_token_sees_nothing_of_another_project(shop: Shop) -> None:
    stranger = asking(shop, project=shop.other.id)
    assert stranger("GET", "/journeys")[1] == {"journeys": []}
    assert stranger("GET", "/journeys/buy/funnel")[0] == 404
    assert stranger("GET", "/customers?query=ada")[1] == {"customers": [], "next": None}
    assert stranger("GET", "/events/recent")[1] == {"events": []}
    ada = identity_hash("user", "ada")
    assert stranger("GET", f"/customers/{ada}/timeline")[0] == 404


def test_the_description_names_every_endpoint(shop: Shop) -> None:
    description = shop.client().get("/api/openapi.json").get_json()
    described = {(method.upper(), path) for path, found in description["paths"].items() for method in found}
    assert described == {(one.method, one.open_path) for one in ENDPOINTS}
    page = shop.client().get("/api/docs").get_data(as_text=True)
    for one in ENDPOINTS:
        assert f"{one.method} {one.open_path}" in page


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/journeys/buy/paths/labels?", "most"),
        *(
            (f"/journeys/buy/{report}/other?", "most")
            for report in ("breakdown", "change", "dropoffs", "variants")
        ),
        ("/discovery/ways/other?start=page:/shop*&goal=event:Order+Paid&", "most"),
        ("/explore/labels?start=page:/shop&", "at_once"),
    ],
)
def test_what_is_together_in_other_is_asked_for_alike(ask: Ask, path: str, most: str) -> None:
    for asked, field in (("", "cell"), (f"cell=x&{most}=0", most), (f"cell=x&{most}=1001", most)):
        status, answer = ask("GET", path + asked)
        assert (status, answer["code"], answer["field"]) == (400, "invalid", field)
    for within in (f"cell=other:x&{most}=1000", "cell=other:x&not_known=1"):
        status, answer = ask("GET", path + within)
        assert (status, answer["code"]) == (400, "bad_question"), "the cell is looked at"


def test_a_first_version_that_is_still_counted_says_so(own_shop: Shop) -> None:
    ask = asking(own_shop)
    assert ask("GET", "/journeys/buy/funnel")[1]["complete"]
    first = {**JOURNEY, "key": "fresh"}
    assert ask("POST", "/journeys", json=first)[0] == 201
    for report in ("funnel", "runs"):
        answer = ask("GET", f"/journeys/fresh/{report}")[1]
        assert (answer["complete"], answer["progress"]) == (False, {"done": 0, "total": 0})
    names = [
        own_shop.client("viewer").get(f"/p/shop/journeys/{key}/funnel.csv").headers["Content-Disposition"]
        for key in ("buy", "fresh")
    ]
    assert [one.split("=")[1] for one in names] == ['"buy-funnel.csv"', '"fresh-funnel-incomplete.csv"']
