"""The tracking plan: what is marked, what is dropped, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from collector.pipeline import Outcome, Tools
from collector.pipeline.plan import violations
from store.plans import PlannedEvent, compiled, ready
from store.rules import ProjectRules
from store.settings import Settings
from tests.collector.pipeline.conftest import Pipeline

SCHEMA = {
    "properties": {
        "plan": {"enum": ["free", "pro"]},
        "amount": {"type": "number", "minimum": 0},
        "lines": {"type": "array", "items": {"required": ["sku"]}},
    },
    "required": ["plan"],
}
CLOSED = {"properties": {"a": {}}, "additionalProperties": False}
BAD_NAME = "properties: has a property with a name that is not allowed"
BROKEN = "the properties cannot be checked: they are nested too deeply or hold broken characters"


class FromServer(Pipeline):
    """Messages of a server key, which no other step marks."""

    def outcome(self, message: Any, **envelope: Any) -> Outcome:
        return super().outcome(message, side="server", **envelope)


Make = Callable[..., FromServer]


@pytest.fixture
def planned() -> Make:
    """A pipeline with a plan for Order Paid and these rules."""

    def make(schema: dict[str, Any] | None = None, **rules: Any) -> FromServer:
        plan = ready([PlannedEvent(event="Order Paid", schema=SCHEMA if schema is None else schema)])
        return FromServer(Tools.opened(Settings(), lambda _: ProjectRules(**rules), lambda _: plan))

    return make


def paid(**properties: Any) -> dict[str, Any]:
    return {"event": "Order Paid", "properties": properties}


@pytest.mark.parametrize(
    "message",
    [
        paid(plan="pro", amount=1),
        {"type": "page", "name": "Order Paid", "event": None},
        {"type": "identify", "traits": {}, "event": None},
        {"type": "screen", "name": "Order Paid", "event": None},
        {**paid(plan="pro"), "context": {"violations": ["made up"]}},
        {"event": "Unheard Of"},
    ],
)
def test_what_the_plan_allows_or_does_not_speak_of_stays_as_it_is(planned: Make, message: Any) -> None:
    event = planned().event(message)
    assert event.marks == ()
    assert event.context == "{}"


def test_a_violation_is_marked_and_said_without_the_value(planned: Make) -> None:
    event = planned().event({**paid(plan="secret-plan", amount=-7), "context": {"app": {"name": "x"}}})
    assert event.marks == ("plan_violation",)
    assert json.loads(event.context) == {
        "app": {"name": "x"},
        "violations": ["amount: must be at least 0", 'plan: must be "free" or "pro"'],
    }
    assert "secret-plan" not in event.context


@pytest.mark.parametrize("rule", ["mark", "drop"])
def test_names_of_properties_are_masked_as_everywhere(planned: Make, rule: str) -> None:
    pipeline = planned(CLOSED, violations=rule)
    message = paid(**{"anna@b.example": 1, "4111111111111111": 2, "token=s3cret": 3})
    texts = ["[card]: is not planned", "[email]: is not planned", "token=[removed]: is not planned"]
    if rule == "drop":
        assert pipeline.drop(message).message == "; ".join(texts)
    else:
        assert json.loads(pipeline.event(message).context)["violations"] == texts


def test_a_name_on_the_way_to_a_wrong_value_is_masked(planned: Make) -> None:
    schema = {"additionalProperties": {"type": "number"}}
    event = planned(schema).event(paid(**{"anna@b.example": "x"}))
    assert json.loads(event.context)["violations"] == ["[email]: must be number"]


@pytest.mark.parametrize("properties", [None, "text", [1]])
def test_properties_that_are_no_object_count_as_none(planned: Make, properties: Any) -> None:
    event = planned().event({"event": "Order Paid", "properties": properties})
    assert json.loads(event.context) == {"violations": ["plan: is missing"]}


def test_a_project_can_drop_violations(planned: Make) -> None:
    drop = planned(violations="drop").drop(paid(amount="much"))
    assert (drop.code, drop.field) == ("plan_violation", "properties")
    assert drop.message == "amount: must be number; plan: is missing"
    assert drop.original["message"]["properties"] == {"amount": "much"}


@pytest.mark.parametrize(("rule", "marks"), [("allow", ()), ("mark", ("unplanned",))])
def test_events_that_the_plan_does_not_name_go_by_the_rule(planned: Make, rule: str, marks: Any) -> None:
    assert planned(unplanned=rule).event({"event": "Unheard Of"}).marks == marks


def test_a_project_can_drop_what_it_has_not_planned(planned: Make) -> None:
    pipeline = planned(unplanned="drop", violations="drop")
    assert pipeline.drop({"event": "Unheard Of"}).code == "unplanned"
    assert pipeline.event(paid(plan="pro")).marks == ()
    assert pipeline.event({"type": "page"}).marks == ()


def test_without_a_plan_nothing_is_unplanned() -> None:
    tools = Tools.opened(Settings(), lambda _: ProjectRules(unplanned="drop", violations="drop"))
    assert FromServer(tools).event({"event": "Unheard Of"}).marks == ()


def test_properties_are_checked_as_they_were_sent(planned: Make) -> None:
    """Later steps may mask an e-mail address: the plan speaks of what the site sends."""
    pipeline = planned({"properties": {"link": {"const": "https://a.example/?token=1"}}})
    event = pipeline.event(paid(link="https://a.example/?token=1"))
    assert "token=1" not in event.properties
    assert event.marks == ()


@pytest.mark.parametrize(
    ("schema", "properties", "texts"),
    [
        ({"required": ["a", "b"]}, {}, ["a: is missing", "b: is missing"]),
        ({"properties": {"a": {"type": ["integer", "null"]}}}, {"a": "x"}, ["a: must be integer or null"]),
        ({"properties": {"a": {"const": {"b": 1}}}}, {"a": 2}, ['a: must be {"b":1}']),
        ({"properties": {"a": {"maximum": 5}}}, {"a": 6}, ["a: must be at most 5"]),
        ({"properties": {"a": {"exclusiveMinimum": 5}}}, {"a": 5}, ["a: must be more than 5"]),
        ({"properties": {"a": {"multipleOf": 0.5}}}, {"a": 0.7}, ["a: must be a multiple of 0.5"]),
        ({"properties": {"a": {"minLength": 3}}}, {"a": "x"}, ["a: must have at least 3 characters"]),
        ({"properties": {"a": {"maxItems": 1}}}, {"a": [1, 2]}, ["a: must have at most 1 items"]),
        ({"properties": {"a": {"pattern": "^[A-Z]{2}$"}}}, {"a": "y"}, ["a: must match ^[A-Z]{2}$"]),
        ({"properties": {"a": {"format": "email"}}}, {"a": "y"}, ["a: must be written as email"]),
        (CLOSED, {"x": 1, "y": 2}, ["x: is not planned", "y: is not planned"]),
        ({"unevaluatedProperties": False}, {"x": 1}, ["x: is not planned"]),
        ({"properties": {"a": False}}, {"a": 1}, ["a: is not allowed"]),
        ({"properties": {"a": {"items": {"required": ["b"]}}}}, {"a": [{}]}, ["a.0.b: is missing"]),
        ({"propertyNames": {"maxLength": 1}}, {"secret": 1}, [BAD_NAME]),
        ({"not": {"required": ["a"]}}, {"a": 1}, ["properties: breaks the rule `not`"]),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, ["properties: breaks the rule `anyOf`"]),
        ({"minProperties": 2}, {"a": 1}, ["properties: must have at least 2 properties"]),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 2**70}, []),
        ({"properties": {"a": {"type": "integer"}}}, {"a": "\ud800"}, [BROKEN]),
    ],
)  # fmt: skip
def test_a_text_says_where_and_what_was_expected(schema: Any, properties: Any, texts: list[str]) -> None:
    assert violations(compiled(schema), properties) == texts


def test_at_most_five_texts_of_bounded_length_are_kept() -> None:
    names = [f"{n}{'x' * 300}" for n in range(9)]
    texts = violations(compiled({"required": names}), {})
    assert len(texts) == 5
    assert all(len(one) <= 200 for one in texts)
    options = violations(compiled({"properties": {"a": {"enum": ["y" * 300]}}}), {"a": 1})
    assert len(options[0]) == 200


def test_a_batch_of_one_sort_of_failure_is_said_once() -> None:
    schema = {"properties": {"a": {"allOf": [{"type": "string"}, {"type": "string"}]}}}
    assert violations(compiled(schema), {"a": 1}) == ["a: must be string"]
