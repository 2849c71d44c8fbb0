"""What a project's rules may be, for the page and the API alike, and the form that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from admin.rows import Row, rows_of
from journeys.definition_schema import problems_of
from store.rules import STANDARD, ProjectRules
from store.words import Later, tell

PATTERNS = ("source", "medium", "campaign", "referrer")
CHANNEL_FIELDS = ("channel", *PATTERNS)
VIOLATIONS, UNPLANNED = ("mark", "drop"), ("allow", "mark", "drop")
PARAMETER = validate.Regexp(
    r"[\w.\-\[\]]{1,100}\Z",
    error=Later("“%(input)s” is no name of a parameter; write names as they stand in addresses, such as ref"),
)

MINUTES_MEANT = Later("write whole minutes from 1 to 1440")
HOURS_MEANT = Later("write whole hours from 1 to 168")
IDLE_MINUTES = validate.Range(1, 1440, error=MINUTES_MEANT)
CAP_HOURS = validate.Range(1, 168, error=HOURS_MEANT)


class ChannelSchema(Schema):
    """A channel of the project's own; all given patterns must match, `*` stands for anything."""

    channel = fields.String(
        required=True,
        validate=validate.Length(1, 100, error=Later("name the channel, in at most 100 characters")),
    )
    source = fields.String(load_default="", validate=validate.Length(max=200))
    medium = fields.String(load_default="", validate=validate.Length(max=200))
    campaign = fields.String(load_default="", validate=validate.Length(max=200))
    referrer = fields.String(load_default="", validate=validate.Length(max=200))

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["channel"].strip():
            raise ValidationError(tell("give the channel a name"), "channel")
        if not any(data[name] for name in PATTERNS):
            raise ValidationError(
                tell("say by what the channel is known: fill at least one pattern"), "source"
            )


class RulesSchema(Schema):
    """All rules of a project; what is left out goes back to its default."""

    cookieless = fields.Boolean(
        load_default=False, metadata={"description": "visitors get a hash of the day instead of a stored id"}
    )
    violations = fields.String(load_default="mark", validate=validate.OneOf(VIOLATIONS))
    unplanned = fields.String(load_default="allow", validate=validate.OneOf(UNPLANNED))
    channels = fields.List(fields.Nested(ChannelSchema), load_default=list, validate=validate.Length(max=100))
    query_parameters = fields.List(
        fields.String(validate=PARAMETER), load_default=list, validate=validate.Length(max=100)
    )
    data_centres = fields.Boolean(
        load_default=True, metadata={"description": "browsers in data centres count as robots"}
    )
    session_idle_minutes = fields.Integer(
        load_default=STANDARD.session_idle_minutes,
        strict=True,
        validate=IDLE_MINUTES,
        error_messages={"invalid": MINUTES_MEANT},
        metadata={"description": "a pause longer than this ends a session"},
    )
    session_cap_hours = fields.Integer(
        load_default=STANDARD.session_cap_hours,
        strict=True,
        validate=CAP_HOURS,
        error_messages={"invalid": HOURS_MEANT},
        metadata={"description": "no session is longer"},
    )


class RulesInvalid(Exception):
    """The form cannot be kept; `problems` maps places in it to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def to_rules(data: Mapping[str, Any], kept: ProjectRules) -> ProjectRules:
    """Rules from what RulesSchema has loaded; what it does not speak of stays as it is kept."""
    others = {
        name: getattr(kept, name) for name in ProjectRules.__struct_fields__ if name not in _spoken_of()
    }
    return msgspec.structs.replace(msgspec.convert(data, ProjectRules), **others)


def shown(rules: ProjectRules) -> dict[str, Any]:
    """Rules as the API and the form show them; the identity rules have a page of their own."""
    data: dict[str, Any] = msgspec.to_builtins(rules)
    return {name: value for name, value in data.items() if name in _spoken_of()}


def _spoken_of() -> set[str]:
    return set(RulesSchema().fields)


def from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form holds, in the shape of the API; empty channel rows are kept while one edits."""
    channels: list[Row] = rows_of(form, "channels", CHANNEL_FIELDS)
    return {
        "cookieless": form.get("cookieless") == "on",
        "violations": form.get("violations", ""),
        "unplanned": form.get("unplanned", ""),
        "channels": channels,
        "query_parameters": form.get("query_parameters", "").replace(",", " ").split(),
        "data_centres": form.get("data_centres") == "on",
        **{name: _whole_number(form, name) for name in ("session_idle_minutes", "session_cap_hours")},
    }


def _whole_number(form: Mapping[str, str], name: str) -> int | str:
    """The number in a field, or what stands there instead, to be refused."""
    text = form.get(name, str(getattr(STANDARD, name))).strip()
    return int(text) if text.isdecimal() else text


def checked(data: Mapping[str, Any], kept: ProjectRules) -> ProjectRules:
    """The rules that a form means, without its empty rows; raises RulesInvalid."""
    filled = [row for row in data["channels"] if any(row.values())]
    try:
        return to_rules(RulesSchema().load({**data, "channels": filled}), kept)
    except ValidationError as error:
        raise RulesInvalid(_places(problems_of(error))) from None


def _places(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by the form's fields: the names of parameters share one."""
    return {("query_parameters" if at.startswith("query_") else at): text for at, text in problems.items()}
