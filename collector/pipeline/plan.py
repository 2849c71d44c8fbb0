"""Holds track events against the project's tracking plan, and marks or drops those that break it."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from collector.pipeline.context import Context
from collector.pipeline.drop import Drop, Reason
from collector.pipeline.masks import mask
from store.event import Event
from store.plans import Validator

VIOLATION, UNPLANNED = "plan_violation", "unplanned"
MOST_TEXTS = 5
MOST_CHARACTERS = 200

# What was expected, by the keyword of the schema; the words in braces come from it, never from the event.
EXPECTED = {
    "const": "must be {expected_value}",
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "exclusiveMaximum": "must be less than {limit}",
    "multipleOf": "must be a multiple of {multiple_of}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "minItems": "must have at least {limit} items",
    "maxItems": "must have at most {limit} items",
    "minProperties": "must have at least {limit} properties",
    "maxProperties": "must have at most {limit} properties",
    "uniqueItems": "must not hold the same item twice",
    "pattern": "must match {pattern}",
    "format": "must be written as {format}",
    "required": "is missing",
    "propertyNames": "has a property with a name that is not allowed",
    "falseSchema": "is not allowed",
}


def plan(event: Event, context: Context) -> Event:
    """Check the properties as they were sent; events that the plan does not name go by the project's rule."""
    checks = context.decided.plan.checks
    if not checks or event.type != "track":
        return event
    if event.event not in checks:
        return _unplanned(event, context)
    check = checks[event.event]
    given = context.message.get("properties")
    texts = violations(check, given if isinstance(given, dict) else {}) if check else []
    if not texts:
        return event
    if context.decided.rules.violations == "drop":
        raise Drop(Reason.PLAN_VIOLATION, "; ".join(texts), field="properties")
    known = {**msgspec.json.decode(event.context), "violations": texts}
    event.context = msgspec.json.encode(known).decode()
    return _marked(event, VIOLATION)


def violations(check: Validator, properties: dict[str, Any]) -> list[str]:
    """Up to five sentences on what is wrong: where, and what was expected; never a value of the event."""
    try:
        if check.is_valid(properties):
            return []
        texts = (text for error in check.iter_errors(properties) for text in _texts(error))
        return sorted(set(islice(texts, MOST_TEXTS * 4)))[:MOST_TEXTS]
    except (ValueError, RecursionError):  # half characters, or deeper than the library goes
        return ["the properties cannot be checked: they are nested too deeply or hold broken characters"]


def _unplanned(event: Event, context: Context) -> Event:
    match context.decided.rules.unplanned:
        case "drop":
            raise Drop(Reason.UNPLANNED, "the tracking plan does not name this event", field="event")
        case "mark":
            return _marked(event, UNPLANNED)
    return event


def _marked(event: Event, mark: str) -> Event:
    event.marks += (mark,)
    return event


def _texts(error: jsonschema_rs.ValidationError) -> list[str]:
    """One text for each place; a list of unexpected properties is several."""
    kind, said = error.kind.name, error.kind.as_dict()
    place = [str(part) for part in error.instance_path]
    if kind in ("additionalProperties", "unevaluatedProperties"):
        return [_text([*place, name], "is not planned") for name in said["unexpected"]]
    if kind == "required":
        return [_text([*place, said["property"]], EXPECTED[kind])]
    if kind == "type":
        return [_text(place, f"must be {_either(sorted(said['types']))}")]
    if kind == "enum":
        return [_text(place, f"must be {_either(map(_written, said['options']))}")]
    wanted = EXPECTED.get(kind, "breaks the rule `{kind}`")
    return [_text(place, wanted.format(kind=kind, **{name: _plain(one) for name, one in said.items()}))]


def _text(place: list[str], wanted: str) -> str:
    """The place first, its names as privacy leaves them; a long one and a long list are cut."""
    where = ".".join(map(mask, place)) or "properties"
    return f"{where[:80]}: {wanted}"[:MOST_CHARACTERS]


def _either(words: Any) -> str:
    return " or ".join(words)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return "what the schema says"
