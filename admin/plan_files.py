"""The tracking plan as a file: YAML or JSON, out and in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml
from marshmallow import Schema, ValidationError, fields, validate

from journeys import plain_yaml
from journeys.definition_schema import problems_of
from store.plans import MOST_EVENTS, MOST_NAME, PlanError, PlannedEvent
from store.words import tell


class PlannedSchema(Schema):
    """One planned event."""

    event = fields.String(required=True, validate=validate.Length(1, MOST_NAME))
    description = fields.String(load_default="", validate=validate.Length(max=2000))
    schema = fields.Dict(
        load_default=dict, metadata={"description": "JSON Schema (draft 2020-12) of the properties"}
    )


class PlanSchema(Schema):
    """A whole tracking plan."""

    events = fields.List(
        fields.Nested(PlannedSchema), required=True, validate=validate.Length(max=MOST_EVENTS)
    )


def as_data(plan: Sequence[PlannedEvent]) -> dict[str, Any]:
    """The plan as PlanSchema reads it."""
    return {"events": [msgspec.to_builtins(one) for one in plan]}


def as_yaml(plan: Sequence[PlannedEvent]) -> str:
    """The plan as a YAML file."""
    return yaml.safe_dump(as_data(plan), sort_keys=False, allow_unicode=True, width=100)


def from_data(data: Mapping[str, Any]) -> list[PlannedEvent]:
    """The events that PlanSchema has loaded."""
    return [PlannedEvent(**one) for one in data["events"]]


def from_text(text: str) -> list[PlannedEvent]:
    """A plan from YAML or JSON text; raises PlanError."""
    try:
        data = plain_yaml.read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise PlanError(tell("this is neither YAML nor JSON%(where)s", where=where)) from None
    try:
        return from_data(PlanSchema().load(data if isinstance(data, dict) else {}))
    except ValidationError as error:
        raise PlanError("; ".join(f"{at}: {what}" for at, what in problems_of(error).items())) from None
