"""Tracking plans: what a schema may say, and that plans are kept, replaced and remembered."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from store import plans
from store.plans import KnownPlans, PlanError, PlannedEvent, compiled, plan_of, replace_plan, save_event
from store.projects import create_project

NOW = 1_760_000_000_000
PRICE = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}


@pytest.fixture
def project(engine: Engine) -> int:
    return create_project(engine, key="shop", name="Shop", now=NOW).id


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "text"}, "wrong at type"),
        ({"required": "price"}, "wrong at required"),
        ({"properties": {"a": {"pattern": "("}}}, "wrong at properties.a.pattern"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "wrong at properties.a.pattern"),
        ({"properties": {"a": {"pattern": "(x{1000}){1000}"}}}, "wrong at properties.a.pattern"),
        ({"$ref": "https://schemas.example/order.json"}, "nothing else is fetched"),
        ({"$ref": "file:///etc/passwd"}, "nothing else is fetched"),
        ({"properties": {"a": {"$ref": "other.json#/$defs/x"}}}, "nothing else is fetched"),
        ({"$ref": "#"}, "nothing else is fetched"),
        ({"$ref": "#/$defs/none"}, "none"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "cannot refer to another"),
        ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {}}}, "cannot refer to another"),
        ({"$id": "https://schemas.example/", "$ref": "#/$defs/a"}, "$id cannot be used"),
        ({"$dynamicRef": "#a"}, "$dynamicRef cannot be used"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "draft 2020-12"),
        ({"enum": ["x" * 40_000]}, "32,768 bytes"),
        ({"enum": list(range(6_000))}, "5,000 parts"),
        (deep(40), "nested deeper"),
        ({"properties": {1: {}}}, "1 is no name"),
        ({"const": NotImplemented}, "const is no JSON value"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_reason(
    schema: dict[Any, Any], complaint: str
) -> None:
    with pytest.raises(PlanError) as refused:
        compiled(schema)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({}, {"any": 1}, None),
        (PRICE, {"price": 1.5}, {"price": "1.5"}),
        (
            {"$defs": {"money": {"minimum": 0}}, "properties": {"a": {"$ref": "#/$defs/money"}}},
            {"a": 1},
            {"a": -1},
        ),
        ({"properties": {"at": {"format": "date"}}}, {"at": "2026-01-31"}, {"at": "31.1.2026"}),
        ({"properties": {"$ref": {"type": "string"}, "$id": {}}}, {"$ref": "x"}, {"$ref": 1}),
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 5_000}, {"a": "a" * 30_000 + "b"}),
        ({"$schema": plans.DRAFT, "additionalProperties": False}, {}, {"a": 1}),
    ],
)
def test_a_good_schema_checks(
    schema: dict[str, Any], good: dict[str, Any], bad: dict[str, Any] | None
) -> None:
    check = compiled(schema)
    assert check.is_valid(good)
    assert bad is None or not check.is_valid(bad)


@pytest.mark.parametrize("name", ["", "  ", "x" * 513, "a\0b"])
def test_an_event_needs_a_name(engine: Engine, project: int, name: str) -> None:
    with pytest.raises(PlanError):
        save_event(engine, project, PlannedEvent(event=name), now=NOW)


def test_a_plan_is_replaced_as_a_whole_or_not_at_all(engine: Engine, project: int) -> None:
    first = [PlannedEvent(event="Order Paid", description="Money came", schema=PRICE)]
    replace_plan(engine, project, first, now=NOW)
    bad = PlannedEvent(event="Signed Up", schema={"type": "text"})
    with pytest.raises(PlanError, match="Signed Up: the schema is wrong"):
        replace_plan(engine, project, [PlannedEvent(event="Other"), bad], now=NOW)
    with pytest.raises(PlanError, match="planned twice"):
        replace_plan(engine, project, first * 2, now=NOW)
    assert plan_of(engine, project) == first
    replace_plan(engine, project, [], now=NOW)
    assert plan_of(engine, project) == []


def test_an_event_can_be_changed_renamed_and_removed(engine: Engine, project: int) -> None:
    save_event(engine, project, PlannedEvent(event="Paid"), now=NOW)
    save_event(engine, project, PlannedEvent(event="Paid", description="Money came"), now=NOW)
    save_event(engine, project, PlannedEvent(event="Order Paid", schema=PRICE), former="Paid", now=NOW)
    assert plan_of(engine, project) == [PlannedEvent(event="Order Paid", schema=PRICE)]
    assert plans.remove_event(engine, project, "Order Paid")
    assert not plans.remove_event(engine, project, "Order Paid")


def test_plans_of_projects_are_apart(engine: Engine, project: int) -> None:
    other = create_project(engine, key="other", name="Other", now=NOW).id
    save_event(engine, project, PlannedEvent(event="Paid"), now=NOW)
    replace_plan(engine, other, [], now=NOW)
    assert [one.event for one in plan_of(engine, project)] == ["Paid"]
    assert plan_of(engine, other) == []


def test_a_known_plan_is_compiled_again_only_when_it_has_changed(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "REMEMBER_S", 0.0)
    known = KnownPlans(engine)
    assert known.of(project) is plans.NO_PLAN
    save_event(engine, project, PlannedEvent(event="Paid", schema=PRICE), now=NOW)
    plan = known.of(project)
    assert set(plan.checks) == {"Paid"}
    assert known.of(project) is plan
    save_event(engine, project, PlannedEvent(event="Paid", schema={}), now=NOW)
    assert known.of(project) is not plan


def test_a_known_plan_is_remembered_for_some_seconds(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "REMEMBER_S", 3_600.0)
    known = KnownPlans(engine)
    assert known.of(project) is plans.NO_PLAN
    save_event(engine, project, PlannedEvent(event="Paid"), now=NOW)
    assert known.of(project) is plans.NO_PLAN


def test_a_kept_schema_that_cannot_be_read_any_more_checks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    plan = plans.ready([PlannedEvent(event="Old", schema={"type": "text"}), PlannedEvent(event="Good")])
    assert plan.checks["Old"] is None
    assert plan.checks["Good"] is not None
    assert "'Old' is not checked" in caplog.text


def test_plans_are_kept_in_postgresql_too(pg_engine: Engine) -> None:
    project = create_project(pg_engine, key="shop", name="Shop", now=NOW).id
    save_event(pg_engine, project, PlannedEvent(event="Order Paid", schema=PRICE), now=NOW)
    save_event(pg_engine, project, PlannedEvent(event="Paid", schema=PRICE), former="Order Paid", now=NOW)
    assert KnownPlans(pg_engine).of(project).checks.keys() == {"Paid"}
