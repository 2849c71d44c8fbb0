"""A planned event while it is edited: rows of properties become a JSON Schema, and back without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from admin.rows import Row, rows_of
from store.plans import PlanError, PlannedEvent, Schema
from store.words import Spoken, tell

FIELDS = ("name", "type", "required", "values")
EMPTY: Row = {"name": "", "type": "string", "required": "", "values": ""}
TYPES = Spoken(
    {
        "": "anything",
        "string": "text",
        "number": "number",
        "integer": "whole number",
        "boolean": "true or false",
        "array": "list",
        "object": "object",
    }
)


@dataclass
class PlanForm:
    """What the form holds. `raw` is the schema as text; where it is shown, it counts instead of the rows."""

    event: str = ""
    former: str = ""
    description: str = ""
    rows: list[Row] = field(default_factory=list)
    others: bool = True
    raw: str | None = None

    def schema(self) -> Schema:
        """The schema that is meant; raises PlanError."""
        return _read(self.raw) if self.raw is not None else to_schema(self.rows, others=self.others)

    def planned(self) -> PlannedEvent:
        """The event that is meant; raises PlanError."""
        return PlannedEvent(event=self.event, description=self.description, schema=self.schema())


def from_form(form: Mapping[str, str]) -> PlanForm:
    """Read the form."""
    raw = form.get("raw")
    return PlanForm(
        event=form.get("event", "").strip(),
        former=form.get("former", ""),
        description=form.get("description", "").strip()[:2000],
        rows=rows_of(form, "rows", FIELDS),
        others=form.get("others") == "on",
        raw=raw if raw is not None and form.get("is_raw") == "yes" else None,
    )


def from_planned(one: PlannedEvent, *, former: str = "") -> PlanForm:
    """The form of a planned event; as raw schema where rows cannot say all of it."""
    form = PlanForm(event=one.event, former=former, description=one.description)
    form.others = one.schema.get("additionalProperties") is not False
    form.rows = _rows(one.schema)
    if not can_be_rows(one.schema):
        form.raw = written(one.schema)
    return form


def can_be_rows(schema: Schema) -> bool:
    """Whether rows say the same as this schema."""
    others = schema.get("additionalProperties") is not False
    try:
        again = to_schema(_rows(schema), others=others)
    except PlanError:
        return False
    plain = {"type": "object", "properties": {}, **schema}
    if sorted(again.get("required", [])) != sorted(plain.get("required", [])):
        return False
    return {**again, "required": 0} == {**plain, "required": 0}


def to_schema(rows: Sequence[Row], *, others: bool) -> Schema:
    """The schema of rows; rows without a name count for nothing. Raises PlanError."""
    named = [row for row in rows if row["name"]]
    names = [row["name"] for row in named]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise PlanError(tell("the property %(twice)s is named twice", twice=repr(twice)))
    schema: Schema = {"type": "object", "properties": {row["name"]: _property(row) for row in named}}
    if required := [row["name"] for row in named if row["required"]]:
        schema["required"] = required
    return schema if others else {**schema, "additionalProperties": False}


def written(schema: Schema) -> str:
    """The schema as text to edit."""
    return json.dumps(schema, indent=2, ensure_ascii=False)


def type_name(types: str) -> str:
    """How a row's type is called, also one of several types such as `null,string`."""
    return TYPES[types] if types in TYPES else " or ".join(TYPES.get(one, one) for one in types.split(","))


def _property(row: Row) -> Schema:
    found: Schema = {}
    if types := [one for one in row["type"].split(",") if one]:
        found["type"] = types[0] if len(types) == 1 else types
    if values := [one.strip() for one in row["values"].split(",") if one.strip()]:
        found["enum"] = [_value(one, row) for one in values]
    return found


def _value(text: str, row: Row) -> Any:
    """An allowed value as the row's type wants it."""
    if row["type"] == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    fits = {"number": (int, float), "integer": (int,), "boolean": (bool,)}.get(row["type"])
    if fits and (not isinstance(value, fits) or (row["type"] != "boolean" and isinstance(value, bool))):
        raise PlanError(
            tell(
                "%(name)s: %(text)s is no %(type)s",
                name=row["name"],
                text=repr(text),
                type=type_name(row["type"]),
            )
        )
    return value


def _rows(schema: Schema) -> list[Row]:
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, dict):
        return []
    return [
        _row(name, one, isinstance(required, list) and name in required)
        for name, one in properties.items()
        if isinstance(one, dict)
    ]


def _row(name: str, one: Schema, required: bool) -> Row:
    types, options = one.get("type", ""), one.get("enum", [])
    values = options if isinstance(options, list) else []
    return {
        "name": name,
        "type": ",".join(map(str, types)) if isinstance(types, list) else str(types),
        "required": "on" if required else "",
        "values": ", ".join(item if isinstance(item, str) else json.dumps(item) for item in values),
    }


def _read(text: str) -> Schema:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(tell("the schema is no JSON: %(error)s", error=error)) from None
    if not isinstance(schema, dict):
        raise PlanError(tell("a schema is a JSON object"))
    return schema
