"""What a definition must be that comes as JSON or YAML: its words, its form, and what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from journeys.checked_words import CHECKED
from store.words import Later, tell

OPERATORS = (
    *("eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches"),
    *("gt", "gte", "lt", "lte", "is_set", "is_not_set"),
)
Order = Literal["sequential", "strict", "any"]
ORDERS: tuple[Order, ...] = get_args(Order)
RunsOf = Literal["customers", "accounts"]
RUNS_OF: tuple[RunsOf, ...] = get_args(RunsOf)
LARGEST = 2**63
UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
FIELDS = ("channel", "source", "medium", "campaign", "device", "country", "path", "host", "side", "title")
MOST_UNITS = "999999"  # in a duration
EMPTY = Later("write something here")
KEY = validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,62}\Z", error=Later("use small letters, digits, - and _"))


def text_of(most: int, empty: str = EMPTY) -> list[validate.Length]:
    """What a text must be that cannot be left out."""
    return [validate.Length(min=1, error=empty), at_most(most)]


def at_most(most: int) -> validate.Length:
    """What a text must be that can be left out."""
    return validate.Length(max=most, error=Later("write at most %(max)s characters"))


def few(most: int) -> validate.Length:
    """What a list must be."""
    return validate.Length(max=most, error=Later("give at most %(max)s of these"))


NAME = text_of(200, Later("give it a name"))


def parse_duration(text: str) -> int:
    """Milliseconds of `90s`, `30m`, `12h`, `14d` or `6w`; raises ValueError."""
    found = re.fullmatch(r"0*([0-9]*)([smhdw])", text.strip())
    if not found or not found[1]:
        raise ValueError(tell("write a duration as 90s, 30m, 12h, 14d or 6w"))
    if len(found[1]) > len(MOST_UNITS):
        raise ValueError(tell("this is too long: write at most %(longest)s", longest=MOST_UNITS + found[2]))
    return int(found[1]) * UNITS_MS[found[2]]


def check_duration(value: str) -> None:
    try:
        parse_duration(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class ConditionSchema(Schema):
    """One condition: exactly one of property, trait and field; an operator; a value."""

    property = fields.String(validate=text_of(200))
    trait = fields.String(validate=text_of(200))
    field = fields.String(validate=validate.OneOf(FIELDS))
    op = fields.String(required=True, validate=validate.OneOf(OPERATORS))
    value = fields.Raw(load_default=None, allow_none=True)

    @validates_schema
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(name in data for name in ("property", "trait", "field")) != 1:
            raise ValidationError(tell("name exactly one of property, trait and field"), "property")
        check_value(data.get("op"), data.get("value"))


class MatcherSchema(Schema):
    """What an event must be."""

    event = fields.String(validate=text_of(500))
    page = fields.String(validate=text_of(500))
    type = fields.String(validate=validate.OneOf(("track", "page", "screen", "identify", "group", "alias")))
    where = fields.List(fields.Nested(ConditionSchema), validate=few(20))

    @validates_schema
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(name in data for name in ("event", "page", "type")) != 1:
            raise ValidationError(tell("name exactly one of event, page and type"), "event")


class StepSchema(Schema):
    """One step."""

    key = fields.String(required=True, validate=KEY)
    name = fields.String(required=True, validate=NAME)
    stage = fields.String(load_default="", validate=at_most(100))
    optional = fields.Boolean(load_default=False)
    within = fields.String(load_default=None, allow_none=True, validate=check_duration)
    match = fields.List(
        fields.Nested(MatcherSchema),
        required=True,
        validate=[validate.Length(min=1, error=Later("choose a touchpoint")), few(20)],
    )


class DefinitionSchema(Schema):
    """A whole journey."""

    key = fields.String(required=True, validate=KEY)
    name = fields.String(required=True, validate=NAME)
    goal = fields.String(load_default="", validate=at_most(500))
    steps = fields.List(
        fields.Nested(StepSchema),
        required=True,
        validate=validate.Length(2, 30, error=Later("a journey has %(min)s to %(max)s steps")),
    )
    order = fields.String(load_default=ORDERS[0], validate=validate.OneOf(ORDERS))
    runs_of = fields.String(
        validate=validate.OneOf(RUNS_OF),
        metadata={"description": "who makes a run: a customer where absent, or the members of an account"},
    )
    fail_on = fields.List(fields.Nested(MatcherSchema), load_default=list, validate=few(20))
    idle_timeout = fields.String(load_default="30d", validate=check_duration)
    window = fields.String(load_default=None, allow_none=True, validate=check_duration)
    case_key = fields.String(load_default=None, allow_none=True, validate=at_most(200))
    population = fields.List(fields.Nested(ConditionSchema), load_default=list, validate=few(20))
    owner = fields.String(load_default="", validate=at_most(254))

    @post_load
    def _lean(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Runs of customers are not said, so that journeys from before there were others stay as they are."""
        return {name: one for name, one in data.items() if (name, one) != ("runs_of", RUNS_OF[0])}

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        steps = data["steps"]
        keys = [step["key"] for step in steps]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValidationError(tell("the step key %(twice)s is used twice", twice=repr(twice[0])), "steps")
        if data["order"] == "any":
            if any(step["optional"] for step in steps):
                raise ValidationError(
                    tell("in any order every step is required; leave out the optional ones"), "steps"
                )
            return
        if steps[0]["optional"] or steps[-1]["optional"]:
            raise ValidationError(tell("the first step and the goal cannot be optional"), "steps")
        if steps[0]["within"]:
            raise ValidationError(
                tell("the first step has no step before it, so it cannot have within"), "steps"
            )


def check_value(op: str | None, value: Any) -> None:
    several = op in ("in", "not_in")
    if several and not (isinstance(value, list) and value):
        raise ValidationError(tell("give a list of values"), "value")
    for one in value if several else [value]:
        if not isinstance(one, str | int | float | None) or (several and one is None):
            raise ValidationError(tell("a value is text, a number, true or false"), "value")
        if isinstance(one, int | float) and not abs(one) <= LARGEST:
            raise ValidationError(tell("this number is too large"), "value")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if op in ("gt", "gte", "lt", "lte") and not is_number:
        raise ValidationError(tell("give a number"), "value")
    if op not in ("is_set", "is_not_set") and value is None:
        raise ValidationError(tell("give a value"), "value")
    if op == "matches":
        _check_pattern(value)


def _check_pattern(value: Any) -> None:
    try:
        re.compile(value)
    except (re.error, TypeError):
        raise ValidationError(tell("this is not a regular expression"), "value") from None
    if re.search(r"\(\?(<?[=!]|P=|>|\()|\\[1-9]", value):
        raise ValidationError(
            tell("look-ahead, look-behind and back references cannot be used in a pattern here"), "value"
        )


def problems_of(error: ValidationError) -> dict[str, str]:
    """What is wrong, by its place in the data, such as `steps.1.within`."""
    return dict(_flat(error.messages))


def _flat(messages: Any, place: str = "") -> list[tuple[str, str]]:
    if isinstance(messages, Mapping):
        return [pair for key, one in messages.items() for pair in _flat(one, f"{place}.{key}".strip("."))]
    text = " ".join(CHECKED(str(one)) for one in (messages if isinstance(messages, list) else [messages]))
    return [(place.replace("._schema", "").replace("_schema", "definition"), text)]
