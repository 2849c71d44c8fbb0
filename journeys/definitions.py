"""What a journey is: steps, what reaches them, and when an attempt is over. Read from JSON or YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from journeys import plain_yaml
from journeys.checked_words import CHECKED
from store.complaint import Complaint
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


class DefinitionError(Complaint):
    """A definition cannot be used; `problems` maps the place in it to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{place}: {problem}" for place, problem in self.problems.items()))


@dataclass(frozen=True)
class Condition:
    """A test of one `property`, `trait` or `field` (such as device) of an event."""

    kind: str
    name: str
    op: str
    value: Any = None


@dataclass(frozen=True)
class Matcher:
    """What an event must be: an event name, a page path with `*` or `:id`, or a type; and all conditions."""

    event: str | None = None
    page: str | None = None
    type: str | None = None
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Step:
    """One place in a journey. `within` limits the time from the step before, in milliseconds."""

    key: str
    name: str
    stage: str
    match: tuple[Matcher, ...]
    optional: bool = False
    within: int | None = None


@dataclass(frozen=True)
class Definition:
    """A journey: ordered steps, the last of which is the goal. Durations in milliseconds.

    With `order` any, each step counts whenever it comes, and the goal is to have taken them all. With
    `runs_of` accounts the members of an account make one attempt together.
    """

    key: str
    name: str
    goal: str
    steps: tuple[Step, ...]
    fail_on: tuple[Matcher, ...]
    idle_timeout: int
    window: int | None
    case_key: str | None
    population: tuple[Condition, ...]
    owner: str
    source: Mapping[str, Any]
    order: Order = "sequential"
    runs_of: RunsOf = "customers"

    @property
    def of_accounts(self) -> bool:
        """Whether its runs are those of accounts."""
        return self.runs_of == "accounts"

    @property
    def drawn(self) -> Definition:
        """The journey as reports draw it: in any order the places of a run, from one step taken to all."""
        if self.order != "any":
            return self
        whole = tuple(one for step in self.steps for one in step.match)
        last = len(self.steps)
        names = ["1 step taken", *(f"{n} steps taken" for n in range(2, last)), f"All {last} steps taken"]
        places = (Step(f"taken-{n}", name, "", whole) for n, name in enumerate(names, 1))
        return replace(self, steps=tuple(places))

    @property
    def openers(self) -> tuple[Step, ...]:
        """The steps that may open a run."""
        return self.steps if self.order == "any" else self.steps[:1]

    @property
    def followers(self) -> tuple[Step, ...]:
        """The steps that a run may come to after another."""
        return self.steps if self.order == "any" else self.steps[1:]

    @property
    def stages(self) -> list[str]:
        """The stages in their order."""
        return list(dict.fromkeys(step.stage for step in self.steps))

    @property
    def matchers(self) -> list[Matcher]:
        """All that an event may match: steps and what fails the journey."""
        return [*(one for step in self.steps for one in step.match), *self.fail_on]

    def position(self, step_key: str) -> int:
        """The place of a step, from 1; raises KeyError."""
        for position, step in enumerate(self.steps, 1):
            if step.key == step_key:
                return position
        raise KeyError(step_key)

    def outcome(self, stored: str, start: int, last: int, now: int) -> str:
        """What a stored outcome is at `now`: an open run is in time while no limit has passed."""
        if stored != "open":
            return stored
        late = now - last > self.idle_timeout or (self.window is not None and now - start > self.window)
        return "dropped" if late else "in_time"

    def __contains__(self, step_key: object) -> bool:
        return any(step.key == step_key for step in self.steps)


def parse_duration(text: str) -> int:
    """Milliseconds of `90s`, `30m`, `12h`, `14d` or `6w`; raises ValueError."""
    found = re.fullmatch(r"0*([0-9]*)([smhdw])", text.strip())
    if not found or not found[1]:
        raise ValueError(tell("write a duration as 90s, 30m, 12h, 14d or 6w"))
    if len(found[1]) > len(MOST_UNITS):
        raise ValueError(tell("this is too long: write at most %(longest)s", longest=MOST_UNITS + found[2]))
    return int(found[1]) * UNITS_MS[found[2]]


def parse(data: Mapping[str, Any]) -> Definition:
    """A definition from JSON-like data; raises DefinitionError that names every problem."""
    try:
        clean = DefinitionSchema().load(data)
    except ValidationError as error:
        raise DefinitionError(problems_of(error)) from None
    return Definition(
        key=clean["key"],
        name=clean["name"],
        goal=clean["goal"],
        steps=tuple(_step(step) for step in clean["steps"]),
        fail_on=tuple(matcher_of(one) for one in clean["fail_on"]),
        idle_timeout=parse_duration(clean["idle_timeout"]),
        window=parse_duration(clean["window"]) if clean["window"] else None,
        case_key=clean["case_key"] or None,
        population=tuple(condition_of(one) for one in clean["population"]),
        owner=clean["owner"],
        source=clean,
        order=clean["order"],
        runs_of=clean.get("runs_of", RUNS_OF[0]),
    )


def is_of_accounts(data: Mapping[str, Any]) -> bool:
    """Whether the runs of a definition, as it is kept, are those of accounts."""
    return bool(data.get("runs_of") == "accounts")


def parsed(data: Mapping[str, Any]) -> Definition:
    """The same of data that is parsed again and again."""
    return _parsed(json.dumps(data))


@lru_cache(1_000)
def _parsed(text: str) -> Definition:
    return parse(json.loads(text))


def parse_yaml(text: str) -> Definition:
    """A definition from a YAML file; raises DefinitionError."""
    try:
        data = plain_yaml.read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        raise DefinitionError(
            {where: tell("this is not YAML (%(error)s)", error=getattr(error, "problem", error))}
        ) from None
    if not isinstance(data, Mapping):
        raise DefinitionError({"file": tell("a journey file holds key, name, steps and so on")})
    return parse(data)


def to_yaml(definition: Definition) -> str:
    """The definition as a YAML file, without what is at its default."""
    return yaml_of(definition.source)


def yaml_of(data: Mapping[str, Any]) -> str:
    """The same of a definition as it is kept, also of one that is being written."""
    return yaml.safe_dump(lean(data), sort_keys=False, allow_unicode=True, width=100)


def lean(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same definition without empty and default values."""
    steps = [{k: v for k, v in step.items() if v not in (None, False, [])} for step in data["steps"]]
    rest = {k: v for k, v in data.items() if k != "steps" and v not in (None, "", [])}
    if rest.get("order") == ORDERS[0]:
        del rest["order"]
    return {**{k: rest.pop(k) for k in ("key", "name", "goal") if k in rest}, "steps": steps, **rest}


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


def condition_of(data: Mapping[str, Any]) -> Condition:
    kind = next(kind for kind in ("property", "trait", "field") if kind in data)
    return Condition(kind, data[kind], data["op"], data["value"])


def matcher_of(data: Mapping[str, Any]) -> Matcher:
    where = tuple(condition_of(one) for one in data.get("where", []))
    return Matcher(data.get("event"), data.get("page"), data.get("type"), where)


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        key=data["key"],
        name=data["name"],
        stage=data["stage"],
        match=tuple(matcher_of(one) for one in data["match"]),
        optional=data["optional"],
        within=parse_duration(data["within"]) if data["within"] else None,
    )


def problems_of(error: ValidationError) -> dict[str, str]:
    """What is wrong, by its place in the data, such as `steps.1.within`."""
    return dict(_flat(error.messages))


def _flat(messages: Any, place: str = "") -> list[tuple[str, str]]:
    if isinstance(messages, Mapping):
        return [pair for key, one in messages.items() for pair in _flat(one, f"{place}.{key}".strip("."))]
    text = " ".join(CHECKED(str(one)) for one in (messages if isinstance(messages, list) else [messages]))
    return [(place.replace("._schema", "").replace("_schema", "definition"), text)]
