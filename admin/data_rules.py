"""What a project's rules may be, for the page and the API alike, and the form that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from admin.rows import Row, rows_of
from journeys.definitions import problems_of
from store.rules import ProjectRules

PATTERNS = ("source", "medium", "campaign", "referrer")
CHANNEL_FIELDS = ("channel", *PATTERNS)
VIOLATIONS, UNPLANNED = ("mark", "drop"), ("allow", "mark", "drop")
PARAMETER = validate.Regexp(
    r"[\w.\-\[\]]{1,100}\Z",
    error="“{input}” is no name of a parameter; write names as they stand in addresses, such as ref",
)


class ChannelSchema(Schema):
    """A channel of the project's own; all given patterns must match, `*` stands for anything."""

    channel = fields.String(
        required=True, validate=validate.Length(1, 100, error="name the channel, in at most 100 characters")
    )
    source = fields.String(load_default="", validate=validate.Length(max=200))
    medium = fields.String(load_default="", validate=validate.Length(max=200))
    campaign = fields.String(load_default="", validate=validate.Length(max=200))
    referrer = fields.String(load_default="", validate=validate.Length(max=200))

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["channel"].strip():
            raise ValidationError("give the channel a name", "channel")
        if not any(data[name] for name in PATTERNS):
            raise ValidationError("say by what the channel is known: fill at least one pattern", "source")


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


class RulesInvalid(Exception):
    """The form cannot be kept; `problems` maps places in it to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def to_rules(data: Mapping[str, Any]) -> ProjectRules:
    """Rules from what RulesSchema has loaded."""
    return msgspec.convert(data, ProjectRules)


def shown(rules: ProjectRules) -> dict[str, Any]:
    """Rules as the API and the form show them."""
    data: dict[str, Any] = msgspec.to_builtins(rules)
    return data


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
    }


def checked(data: Mapping[str, Any]) -> ProjectRules:
    """The rules that a form means, without its empty rows; raises RulesInvalid."""
    filled = [row for row in data["channels"] if any(row.values())]
    try:
        return to_rules(RulesSchema().load({**data, "channels": filled}))
    except ValidationError as error:
        raise RulesInvalid(_places(problems_of(error))) from None


def _places(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by the form's fields: the names of parameters share one."""
    return {("query_parameters" if at.startswith("query_") else at): text for at, text in problems.items()}
