"""What a saved segment is: conditions on how runs began and what their customers did. From JSON or YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, pre_load, validate, validates_schema

from journeys import plain_yaml
from journeys.definition_schema import (
    KEY,
    NAME,
    OPERATORS,
    MatcherSchema,
    at_most,
    check_duration,
    check_value,
    parse_duration,
    problems_of,
    text_of,
)
from journeys.definitions import Condition, DefinitionError, Matcher, condition_of, matcher_of
from journeys.segments import ATTRIBUTES
from store.words import tell

MOST_CONDITIONS = 20
DEEPEST = 4
MOST_TIMES = 10_000
MOST_PARTS, MOST_DEPTH = 500, 20  # lists and objects in what is to be read
STATES = ("never_entered", "under_way", "succeeded", "failed", "dropped")
COUNTS = ("at_least", "at_most", "exactly")
KINDS = ("all", "any", "field", "trait", "did", "journey")
# What belongs to each kind of condition beside its name.
BELONGS: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "any": (),
    "field": ("op", "value"),
    "trait": ("op", "value"),
    "did": ("then", "within", "before", "during", *COUNTS),
    "journey": ("state",),
}


@dataclass(frozen=True)
class Did:
    """What the customer did: `first` so many times, or `first` and after it `then` within so long (ms).

    Counted in the time `before` the run began (ms), or from its first touchpoint to its last where that is
    None. `most` None is no limit; of a sequence, `most` 0 means that it never happened.
    """

    first: Matcher
    then: Matcher | None
    within: int | None
    before: int | None
    fewest: int
    most: int | None


@dataclass(frozen=True)
class State:
    """How the customer's latest run of another journey stood when this run began."""

    journey: str
    state: str


@dataclass(frozen=True)
class Group:
    """Parts of which every one must hold, or any."""

    every: bool
    parts: tuple[Part, ...]


Part = Group | Condition | Did | State


@dataclass(frozen=True)
class SegmentDefinition:
    """A saved segment; `source` is what was read, without what is at its default."""

    key: str
    name: str
    description: str
    group: Group
    source: Mapping[str, Any]

    @property
    def looks_inside(self) -> bool:
        """Whether it asks what happened within runs, which may have to do with how they ended."""
        return any(isinstance(one, Did) and one.before is None for one in leaves(self.group))

    @property
    def journeys(self) -> set[str]:
        """The keys of the journeys it asks for."""
        return {one.journey for one in leaves(self.group) if isinstance(one, State)}


def leaves(group: Group) -> Iterator[Condition | Did | State]:
    """The conditions of a group, those of groups in it included."""
    for part in group.parts:
        if isinstance(part, Group):
            yield from leaves(part)
        else:
            yield part


def parse_segment(data: Mapping[str, Any]) -> SegmentDefinition:
    """A segment from JSON-like data; raises DefinitionError that names every problem."""
    try:
        clean = SegmentSchema().load(data)
    except ValidationError as error:
        raise DefinitionError(problems_of(error)) from None
    group = _group(clean)
    return SegmentDefinition(clean["key"], clean["name"], clean["description"], group, _lean(clean))


def parse_segment_yaml(text: str) -> SegmentDefinition:
    """A segment from a YAML file; raises DefinitionError."""
    try:
        data = plain_yaml.read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        raise DefinitionError(
            {where: tell("this is not YAML (%(error)s)", error=getattr(error, "problem", error))}
        ) from None
    if not isinstance(data, Mapping):
        raise DefinitionError({"file": tell("a segment file holds key, name and all or any")})
    return parse_segment(data)


def segment_yaml(source: Mapping[str, Any]) -> str:
    """The segment as a YAML file."""
    return yaml.safe_dump(dict(source), sort_keys=False, allow_unicode=True, width=100)


class PartSchema(Schema):
    """One condition, or a group of conditions."""

    all = fields.List(fields.Nested(lambda: PartSchema()), validate=validate.Length(1, MOST_CONDITIONS))
    any = fields.List(fields.Nested(lambda: PartSchema()), validate=validate.Length(1, MOST_CONDITIONS))
    field = fields.String(validate=validate.OneOf(ATTRIBUTES))
    trait = fields.String(validate=text_of(200))
    op = fields.String(validate=validate.OneOf(OPERATORS))
    value = fields.Raw(allow_none=True)
    did = fields.Nested(MatcherSchema)
    then = fields.Nested(MatcherSchema)
    within = fields.String(validate=check_duration)
    before = fields.String(
        validate=check_duration, metadata={"description": "so long before the run began, such as 30d"}
    )
    during = fields.String(validate=validate.OneOf(("run",)))
    at_least = fields.Integer(strict=True, validate=validate.Range(1, MOST_TIMES))
    at_most = fields.Integer(strict=True, validate=validate.Range(0, MOST_TIMES))
    exactly = fields.Integer(strict=True, validate=validate.Range(0, MOST_TIMES))
    journey = fields.String(validate=KEY)
    state = fields.String(validate=validate.OneOf(STATES))

    @validates_schema
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        kinds = [name for name in KINDS if name in data]
        if len(kinds) != 1:
            raise ValidationError(tell("name exactly one of %(kinds)s", kinds=", ".join(KINDS)), "condition")
        kind = kinds[0]
        if others := sorted(data.keys() - {kind, *BELONGS[kind]}):
            raise ValidationError(
                tell("%(others)s does not go with %(kind)s", others=others[0], kind=kind), others[0]
            )
        if kind in ("field", "trait"):
            _check_comparison(data)
        elif kind == "did":
            _check_did(data)
        elif kind == "journey" and "state" not in data:
            raise ValidationError(tell("say which state: %(states)s", states=", ".join(STATES)), "state")


class SegmentSchema(Schema):
    """A whole segment."""

    key = fields.String(required=True, validate=KEY)
    name = fields.String(required=True, validate=NAME)
    description = fields.String(load_default="", validate=at_most(500))
    all = fields.List(fields.Nested(PartSchema), validate=validate.Length(1, MOST_CONDITIONS))
    any = fields.List(fields.Nested(PartSchema), validate=validate.Length(1, MOST_CONDITIONS))

    @pre_load
    def _bounded(self, data: Any, **_: Any) -> Any:
        _check_size(data)
        return data

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("all" in data) == ("any" in data):
            raise ValidationError(tell("give the conditions as a list under either all or any"), "all")
        if _depth(_group(data)) > DEEPEST:
            raise ValidationError(
                tell("groups can stand in each other %(deepest)s deep", deepest=DEEPEST), "all"
            )
        if sum(1 for _ in leaves(_group(data))) > MOST_CONDITIONS:
            raise ValidationError(
                tell("a segment can have %(most_conditions)s conditions", most_conditions=MOST_CONDITIONS),
                "all",
            )


def _check_comparison(data: Mapping[str, Any]) -> None:
    if "op" not in data:
        raise ValidationError(tell("say how it is compared, such as eq"), "op")
    check_value(data["op"], data.get("value"))


def _check_did(data: Mapping[str, Any]) -> None:
    if ("before" in data) == ("during" in data):
        raise ValidationError(
            tell("say when: before (such as 30d before the run began) or during: run"), "before"
        )
    if "within" in data and "then" not in data:
        raise ValidationError(
            tell("within limits the time until then; without then it means nothing"), "within"
        )
    counts = [name for name in COUNTS if name in data]
    if "exactly" in counts and len(counts) > 1:
        raise ValidationError(tell("exactly stands alone"), "exactly")
    if len(counts) == 2 and data["at_least"] > data["at_most"]:
        raise ValidationError(tell("this is less than at_least"), "at_most")
    if "then" in data and any(data[name] != 0 for name in counts):
        raise ValidationError(tell("of a sequence only exactly: 0 can be said, for never"), counts[0])


def _group(data: Mapping[str, Any]) -> Group:
    name = "all" if "all" in data else "any"
    return Group(name == "all", tuple(map(_part, data[name])))


def _part(data: Mapping[str, Any]) -> Part:
    if "all" in data or "any" in data:
        return _group(data)
    if "did" in data:
        return _did(data)
    if "journey" in data:
        return State(data["journey"], data["state"])
    return condition_of({**data, "value": data.get("value")})


def _did(data: Mapping[str, Any]) -> Did:
    exactly, most = data.get("exactly"), data.get("at_most")
    fewest = data.get("at_least", 1 if most is None else 0)
    return Did(
        first=matcher_of(data["did"]),
        then=matcher_of(data["then"]) if "then" in data else None,
        within=parse_duration(data["within"]) if "within" in data else None,
        before=parse_duration(data["before"]) if "before" in data else None,
        fewest=fewest if exactly is None else exactly,
        most=most if exactly is None else exactly,
    )


def _lean(clean: Mapping[str, Any]) -> dict[str, Any]:
    """The same in a fixed order, without an empty description."""
    told = {name: clean[name] for name in ("key", "name", "description") if clean[name]}
    return told | {name: clean[name] for name in ("all", "any") if name in clean}


def _depth(part: Part) -> int:
    return 1 + max(map(_depth, part.parts)) if isinstance(part, Group) else 0


def _check_size(data: Any) -> None:
    """Refuse what is nested far too deep or far too large, before it is looked at further."""
    waiting = [(data, 1)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        one, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise ValidationError(
                tell("groups can stand in each other %(deepest)s deep", deepest=DEEPEST), "segment"
            )
        parts = one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        waiting += [(part, depth + 1) for part in parts if isinstance(part, Mapping | list)]
    raise ValidationError(
        tell("a segment can have %(most_conditions)s conditions", most_conditions=MOST_CONDITIONS), "segment"
    )
