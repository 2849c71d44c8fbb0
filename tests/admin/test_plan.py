"""The tracking plan: edited as rows or as a schema, in and out as a file, drafted from what was seen."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import yaml

from admin import plan_form
from admin.plan_form import can_be_rows, from_planned, to_schema
from store.plans import PlanError, PlannedEvent, plan_of, save_event
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened
from tests.admin.test_api import asking

PAID = PlannedEvent(
    event="Order Paid",
    description="Money has come in",
    schema={"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
)
ROW = {"name": "plan", "type": "string", "required": "", "values": ""}


def plan(shop: Shop) -> list[PlannedEvent]:
    return plan_of(shop.services.engine, shop.project.id)


@pytest.fixture
def planned(own_shop: Shop) -> Shop:
    save_event(own_shop.services.engine, own_shop.project.id, PAID, now=NOW)
    return own_shop


@pytest.mark.parametrize(
    ("rows", "properties", "required"),
    [
        ([ROW], {"plan": {"type": "string"}}, []),
        ([ROW | {"required": "on"}], {"plan": {"type": "string"}}, ["plan"]),
        ([ROW | {"values": "free, pro"}], {"plan": {"type": "string", "enum": ["free", "pro"]}}, []),
        ([ROW | {"values": "1, 2"}], {"plan": {"type": "string", "enum": ["1", "2"]}}, []),
        ([ROW | {"type": "integer", "values": "1,2"}], {"plan": {"type": "integer", "enum": [1, 2]}}, []),
        ([ROW | {"type": "boolean", "values": "true"}], {"plan": {"type": "boolean", "enum": [True]}}, []),
        ([ROW | {"type": "", "values": "1, a"}], {"plan": {"enum": [1, "a"]}}, []),
        ([ROW | {"type": "null,string"}], {"plan": {"type": ["null", "string"]}}, []),
        ([ROW | {"type": ""}], {"plan": {}}, []),
        ([ROW | {"name": ""}], {}, []),
    ],
)
def test_rows_become_a_schema_and_come_back(
    rows: list[dict[str, str]], properties: dict[str, Any], required: list[str]
) -> None:
    schema = to_schema(rows, others=True)
    assert (schema["properties"], schema.get("required", [])) == (properties, required)
    assert can_be_rows(schema)
    form = from_planned(PlannedEvent(event="E", schema=schema))
    assert form.raw is None
    assert to_schema(form.rows, others=form.others) == schema
    assert to_schema(rows, others=False)["additionalProperties"] is False


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROW, ROW], "'plan' is named twice"),
        ([ROW | {"type": "number", "values": "1, x"}], "'x' is no number"),
        ([ROW | {"type": "integer", "values": "1.5"}], "'1.5' is no whole number"),
        ([ROW | {"type": "integer", "values": "true"}], "'true' is no whole number"),
        ([ROW | {"type": "boolean", "values": "1"}], "'1' is no true or false"),
    ],
)
def test_rows_that_mean_nothing_are_refused(rows: list[dict[str, str]], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        to_schema(rows, others=True)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "string", "pattern": "^x"}}},
        {"properties": {"a": {"enum": ["a, b"]}}},
        {"properties": {"a": {"enum": ["1"]}}},
        {"properties": {"a": {"type": "string", "enum": [1]}}},
        {"properties": {"a": True}},
        {"properties": {"a": {"enum": "text"}}},
        {"required": ["a"]},
        {"additionalProperties": {"type": "string"}},
        {"$defs": {"a": {}}},
        {"properties": []},
        {"type": "array"},
    ],
)
def test_what_rows_cannot_say_is_shown_as_schema(schema: dict[str, Any]) -> None:
    assert not can_be_rows(schema)
    form = from_planned(PlannedEvent(event="E", schema=schema))
    assert json.loads(form.raw or "") == schema


@pytest.mark.parametrize("schema", [{}, {"properties": {}}, {"additionalProperties": False}, PAID.schema])
def test_what_rows_can_say_is_shown_as_rows(schema: dict[str, Any]) -> None:
    assert can_be_rows(schema)
    assert from_planned(PlannedEvent(event="E", schema=schema)).raw is None


def test_a_type_is_called_as_people_do() -> None:
    assert [plan_form.type_name(one) for one in ("", "string", "null,string")] == [
        "anything",
        "text",
        "null or text",
    ]


def test_an_event_is_planned_by_rows(own_shop: Shop) -> None:
    form = {
        "event": " Order Paid ",
        "description": "Money has come in",
        "rows.0.name": "amount",
        "rows.0.type": "number",
        "rows.0.required": "on",
        "others": "on",
        "do": "save",
    }
    answer = own_shop.client("editor").post("/p/shop/plan/event", data=form)
    assert answer.status_code == 302, answer.text
    assert plan(own_shop) == [PAID]


def test_an_event_is_renamed_and_removed(planned: Shop) -> None:
    client = planned.client("editor")
    assert 'value="Order Paid"' in client.get("/p/shop/plan/event?event=Order+Paid").text
    form = {"event": "Paid", "former": "Order Paid", "others": "on", "do": "save"}
    assert client.post("/p/shop/plan/event", data=form).status_code == 302
    assert [one.event for one in plan(planned)] == ["Paid"]
    assert client.post("/p/shop/plan/remove", data={"event": "Paid"}).status_code == 302
    assert plan(planned) == []
    assert client.get("/p/shop/plan/event?event=Paid").status_code == 404


def test_the_plan_of_another_event_is_not_replaced(planned: Shop) -> None:
    client = planned.client("editor")
    for former in ("", "Cart Filled"):
        form = {"event": "Order Paid", "former": former, "others": "on", "do": "save"}
        answer = client.post("/p/shop/plan/event", data=form)
        assert answer.status_code == 422
        assert "Order Paid is planned already" in answer.text
    assert plan(planned) == [PAID]
    assert client.get("/p/shop/plan/event?seen=Order+Paid").location == "/p/shop/plan/event?event=Order+Paid"


def test_rows_and_schema_can_be_changed_into_each_other(planned: Shop) -> None:
    client = planned.client("editor")
    rows = {"event": "E", "rows.0.name": "plan", "rows.0.type": "string", "others": "on"}
    raw = client.post("/p/shop/plan/event", data=rows | {"do": "raw"}).text
    assert "&#34;plan&#34;: {" in raw
    back = {
        "event": "E",
        "is_raw": "yes",
        "raw": '{"properties": {"colour": {"type": "string"}}}',
        "do": "rows",
    }
    assert 'value="colour"' in client.post("/p/shop/plan/event", data=back).text
    kept = client.post("/p/shop/plan/event", data=back | {"raw": '{"minProperties": 1}'})
    assert kept.status_code == 422
    assert "rows cannot say all" in kept.text
    assert "minProperties" in kept.text
    added = client.post("/p/shop/plan/event", data=rows | {"do": "rows:add"}).text
    assert "rows.1.name" in added
    assert plan(planned) == [PAID]


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"event": ""}, "an event needs a name"),
        ({"is_raw": "yes", "raw": "{"}, "the schema is no JSON"),
        ({"is_raw": "yes", "raw": "[]"}, "a schema is a JSON object"),
        ({"is_raw": "yes", "raw": '{"type": "text"}'}, "the schema is wrong at type"),
        ({"is_raw": "yes", "raw": '{"$ref": "https://a.example/"}'}, "nothing else is fetched"),
        ({"rows.0.name": "a", "rows.1.name": "a"}, "is named twice"),
    ],
)
def test_a_plan_that_cannot_be_used_is_shown_again_with_the_reason(
    own_shop: Shop, form: dict[str, str], complaint: str
) -> None:
    answer = own_shop.client("editor").post("/p/shop/plan/event", data={"event": "E", "do": "save"} | form)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert plan(own_shop) == []


def test_the_list_says_what_was_seen_and_what_was_not_planned(planned: Shop) -> None:
    save_event(planned.services.engine, planned.project.id, PlannedEvent(event="Never Sent"), now=NOW)
    broken = msgspec.structs.replace(
        happened("Order Paid", "ben", day=1, project=planned.project.id),
        marks=("plan_violation",),
        context='{"violations":["amount: is missing"]}',
    )
    planned.services.events.insert([broken], token="broken")
    text = planned.client("viewer").get("/p/shop/plan").text
    assert "never seen" in text
    assert "2 events: 1 broke its plan, 1 was never seen." in text
    assert "Cart Filled" in text.partition("Seen, but not planned")[2]
    assert "Order Paid" not in text.partition("Seen, but not planned")[2]
    assert "Remove" not in text
    assert "amount: is missing" in planned.client("editor").get("/p/shop/plan/event?event=Order+Paid").text
    assert "amount: is missing" in planned.client("viewer").get("/p/shop/events/one?event=Order+Paid").text


def test_a_plan_is_drafted_from_what_was_seen(own_shop: Shop) -> None:
    text = own_shop.client("editor").get("/p/shop/plan/event?seen=Order+Paid").text
    assert 'value="Order Paid"' in text
    assert 'value="amount"' in text
    assert '<option value="integer" selected>' in text
    assert plan(own_shop) == []


def test_a_plan_goes_out_and_comes_in_as_a_file(planned: Shop) -> None:
    client = planned.client("editor")
    file = client.get("/p/shop/plan/plan.yaml")
    assert file.headers["Content-Disposition"] == 'attachment; filename="shop-plan.yaml"'
    assert yaml.safe_load(file.text) == {"events": [msgspec.to_builtins(PAID)]}
    client.post("/p/shop/plan/remove", data={"event": "Order Paid"})
    assert client.post("/p/shop/plan/import", data={"text": file.text}).status_code == 302
    assert plan(planned) == [PAID]


def test_a_file_is_bounded_and_the_answer_says_how(planned: Shop) -> None:
    """A file that is large for a plan is none that is too large for a form."""
    text = planned.client("viewer").get("/p/shop/plan/plan.yaml").text
    large, too_large = (f"{text}# {'x' * size}\n" for size in (900_000, 1 << 20))
    editor = planned.client("editor")
    assert editor.post("/p/shop/plan/import", data={"text": large}).status_code == 302
    answer = editor.post("/p/shop/plan/import", data={"text": too_large})
    assert answer.status_code == 413
    assert "That is too much at once" in answer.text
    assert "Send less than one megabyte" in answer.text
    assert plan(planned) == [PAID]


def test_a_body_for_the_api_is_bounded_and_the_answer_says_how(planned: Shop) -> None:
    engine, project = planned.services.engine, planned.project.id
    token = create_api_token(engine, project, name="t", role="editor", now=NOW)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"}
    text = f"events: []\n# {'x' * (1 << 20)}\n"
    answer = planned.app.test_client().put("/api/v1/plan", data=text, headers=headers)
    assert answer.status_code == 413
    assert answer.json["code"] == "request_entity_too_large"
    assert "1,048,576 bytes" in answer.json["message"]
    assert plan(planned) == [PAID]


BOMB = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "events: Missing data"),
        ("events: [", "neither YAML nor JSON (line 1)"),
        ("events: 5", "events: Not a valid list"),
        ("- a", "events: Missing data"),
        ("events: [{schema: {}}]", "events.0.event: Missing data"),
        ("events: [{event: E, schema: {type: text}}]", "E: the schema is wrong at type"),
        ("events: [{event: E}, {event: E}]", "planned twice"),
        (BOMB + "events: [{event: E, schema: {enum: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]}}]", "Unknown field"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_and_changes_nothing(
    planned: Shop, text: str, complaint: str
) -> None:
    answer = planned.client("editor").post("/p/shop/plan/import", data={"text": text})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert plan(planned) == [PAID]


def test_a_file_that_repeats_itself_without_end_is_refused(planned: Shop) -> None:
    level = "x"
    lines = []
    for name in "abcdefg":
        lines.append(f"&{name} [{','.join([level] * 9)}]")
        level = f"*{name}"
    text = "events: [{event: E, schema: {enum: [" + ", ".join(lines) + "]}}]"
    answer = planned.client("editor").post("/p/shop/plan/import", data={"text": text})
    assert "5,000 parts" in answer.text


def test_the_api_reads_and_replaces_the_plan(own_shop: Shop) -> None:
    ask = asking(own_shop, "editor")
    body = {"events": [msgspec.to_builtins(PAID)]}
    assert ask("GET", "/plan") == (200, {"events": []})
    assert ask("PUT", "/plan", json=body) == (200, body)
    assert ask("GET", "/plan")[1] == body
    text = yaml.safe_dump({"events": [{"event": "Signed Up"}]})
    status, kept = ask("PUT", "/plan", data=text, content_type="application/yaml")
    assert (status, [one["event"] for one in kept["events"]]) == (200, ["Signed Up"])
    assert asking(own_shop, "viewer")("PUT", "/plan", json=body)[0] == 403
    bad = {"events": [{"event": "E", "schema": {"type": "text"}}]}
    status, refused = ask("PUT", "/plan", json=bad)
    assert (status, refused["code"], refused["field"]) == (400, "invalid", "E")
    assert ask("PUT", "/plan", data="a: [", content_type="text/yaml")[0] == 400
    assert [one.event for one in plan(own_shop)] == ["Signed Up"]


def test_the_api_answers_in_yaml_where_asked(planned: Shop) -> None:
    from store.projects import create_api_token

    token = create_api_token(planned.services.engine, planned.project.id, name="test", role="viewer", now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    answer = planned.client().get("/api/v1/plan?format=yaml", headers=headers)
    assert answer.mimetype == "application/yaml"
    assert yaml.safe_load(answer.text) == {"events": [msgspec.to_builtins(PAID)]}


def test_the_plan_of_others_stays_theirs(planned: Shop) -> None:
    theirs = asking(planned, project=planned.other.id)
    assert theirs("GET", "/plan")[1] == {"events": []}
    assert theirs("PUT", "/plan", json={"events": []})[0] == 200
    assert plan(planned) == [PAID]
