"""What a version changes is said completely: each field that differs, each step that came, went or moved."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from journeys.definition_schema import DefinitionSchema, StepSchema
from journeys.definitions import parse
from journeys.version_changes import NAMES, OF_STEP, changes, counts_alike

JOURNEY: dict[str, Any] = {
    "key": "buy",
    "name": "Buys",
    "goal": "An order",
    "idle_timeout": "3d",
    "steps": [
        {"key": "look", "name": "Looks", "stage": "Use", "match": [{"page": "/shop"}]},
        {"key": "cart", "name": "Fills", "match": [{"event": "Cart"}]},
        {"key": "paid", "name": "Pays", "match": [{"event": "Paid"}]},
    ],
}


def changed(alter: Callable[[dict[str, Any]], Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    new = copy.deepcopy(JOURNEY)
    alter(new)
    return dict(parse(JOURNEY).source), dict(parse(new).source)


@pytest.mark.parametrize(
    ("alter", "said", "alike"),
    [
        (lambda one: one.update(name="Purchases"), ["the name was Buys and is Purchases"], True),
        (
            lambda one: one.update(idle_timeout="5d", owner="Ada"),
            ["how long a run may rest was 3d and is 5d", "the owner was not said and is Ada"],
            False,
        ),
        (
            lambda one: one["steps"][1].update(optional=True),
            ["step “Fills”: whether it is optional was not said and is yes"],
            False,
        ),
        (
            lambda one: one["steps"][1].update(match=[{"event": "Basket"}]),
            ['step “Fills”: what takes it was [{"event": "Cart"}] and is [{"event": "Basket"}]'],
            False,
        ),
        (lambda one: one["steps"].pop(1), ["step “Fills” is gone"], False),
        (
            lambda one: one["steps"].insert(1, {"key": "x", "name": "X", "match": [{"event": "X"}]}),
            ['step “X” is new, after “Looks”: [{"event": "X"}]'],
            False,
        ),
        (
            lambda one: one["steps"].insert(0, one["steps"].pop(1)),
            ["steps are in another order: “Fills”, “Looks”, “Pays”"],
            False,
        ),
        (lambda one: None, [], True),
    ],
    ids=lambda one: str(one) if isinstance(one, list) else "",
)
def test_what_changes_is_said(alter: Callable[[dict[str, Any]], Any], said: list[str], alike: bool) -> None:
    old, new = changed(alter)
    assert changes(old, new) == said
    assert counts_alike(old, new) == alike
    assert bool(changes(new, old)) == bool(said)


def test_every_field_of_a_definition_is_told() -> None:
    assert set(DefinitionSchema().fields) - {"key", "steps"} == set(NAMES)
    assert set(StepSchema().fields) - {"key"} == set(OF_STEP)
