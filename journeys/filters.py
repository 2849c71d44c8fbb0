"""Turns matchers and conditions into SQL with bound parameters: the one place that writes conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from journeys.definitions import Condition, Definition, Matcher
from journeys.route_templates import anchored, is_template, roughly


class Params:
    """Values on their way into a query; each is bound, none is written into the SQL."""

    def __init__(self, **values: Any) -> None:
        self.values: dict[str, Any] = values

    def bind(self, value: Any, kind: str) -> str:
        """The typed placeholder that stands for this value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"


def any_of(matchers: Sequence[Matcher], params: Params) -> str:
    """SQL that is 1 for events that match at least one of the matchers."""
    names = sorted({one.event for one in matchers if one.event is not None and not one.where})
    parts = [matcher(one, params) for one in matchers if one.event is None or one.where]
    if names:  # of which there may be hundreds
        parts.append(f"type = 'track' and event in {params.bind(names, 'Array(String)')}")
    return " or ".join(f"({part})" for part in parts) or "0"


def all_of(conditions: Sequence[Condition], params: Params) -> str:
    """SQL that is 1 for events that meet every condition."""
    return " and ".join(f"({condition(one, params)})" for one in conditions) or "1"


def matcher(one: Matcher, params: Params) -> str:
    """SQL that is 1 for events that match."""
    if one.event is not None:
        what = f"type = 'track' and event = {params.bind(one.event, 'String')}"
    elif one.page is not None:
        what = f"type = 'page' and {_path(one.page, params)}"
    else:
        what = f"type = {params.bind(one.type, 'String')}"
    conditions = [condition(each, params, own_traits=one.type == "group") for each in one.where]
    return " and ".join([what, *(f"({each})" for each in conditions)])


def relevant(definitions: Iterable[Definition], params: Params) -> str:
    """SQL that keeps every event the journeys can match and that the sort key of events can serve."""
    return relevant_of([m for one in definitions for m in one.matchers], params)


def relevant_of(matchers: Sequence[Matcher], params: Params) -> str:
    """SQL that keeps every event that one of the matchers can match, by its type and name alone."""
    names = sorted({m.event for m in matchers if m.event is not None})
    types = sorted({"page" if m.page is not None else str(m.type) for m in matchers if m.event is None})
    parts = []
    if names:
        parts.append(f"(type = 'track' and event in {params.bind(names, 'Array(String)')})")
    if types:
        parts.append(f"type in {params.bind(types, 'Array(String)')}")
    return " or ".join(parts)


def mask(definition: Definition, params: Params) -> str:
    """SQL of a whole number whose bit k-1 is set where the event matches step k."""
    bits = [f"if({any_of(step.match, params)}, {1 << k}, 0)" for k, step in enumerate(definition.steps)]
    return f"toUInt32({' + '.join(bits)})"


def text_of(column: str, name: str, params: Params) -> str:
    """SQL of a JSON member as text: strings as they are, all else as JSON, '' where it is absent or null."""
    return text(column, params.bind(name, "String"))


def text(column: str, key: str) -> str:
    """The same of a member whose name is bound already."""
    return (
        f"multiIf(JSONType({column}, {key}) = 'String', JSONExtractString({column}, {key}), "
        f"JSONType({column}, {key}) = 'Null', '', JSONExtractRaw({column}, {key}))"
    )


def condition(one: Condition, params: Params, *, own_traits: bool = False) -> str:
    """SQL that is 1 for events that meet the condition. What is absent meets only the negative ones.

    A trait is what the customer was known to be at the event (`known.knowing` adds the column), or with
    `own_traits` what the event itself says, as of an account.
    """
    text = _text(one, params, own_traits)
    match one.op:
        case "is_set":
            return f"({text}) != ''"
        case "is_not_set":
            return f"({text}) = ''"
        case "eq":
            return _equals(text, one.value, params)
        case "ne":
            return f"not ({_equals(text, one.value, params)})"
        case "in":
            return " or ".join(_equals(text, value, params) for value in one.value)
        case "not_in":
            return f"not ({' or '.join(_equals(text, value, params) for value in one.value)})"
        case "contains":
            return f"position({text}, {_bound(one.value, params)}) > 0"
        case "not_contains":
            return f"position({text}, {_bound(one.value, params)}) = 0"
        case "starts_with":
            return f"startsWith({text}, {_bound(one.value, params)})"
        case "ends_with":
            return f"endsWith({text}, {_bound(one.value, params)})"
        case "matches":
            return f"match({text}, {_bound(one.value, params)})"
    sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[one.op]
    return f"ifNull(toFloat64OrNull({text}) {sign} {params.bind(float(one.value), 'Float64')}, 0)"


def _text(one: Condition, params: Params, own_traits: bool) -> str:
    if one.kind == "field":
        return one.name
    if one.kind == "property" or own_traits:
        return text_of("properties" if one.kind == "property" else "traits", one.name, params)
    return f"customer_traits[{params.bind(one.name, 'String')}]"


def _equals(text: str, value: Any, params: Params) -> str:
    if isinstance(value, bool):
        return f"({text}) = {params.bind('true' if value else 'false', 'String')}"
    if isinstance(value, int | float):
        return f"ifNull(toFloat64OrNull({text}) = {params.bind(float(value), 'Float64')}, 0)"
    return f"({text}) = {_bound(value, params)}"


def _bound(value: Any, params: Params) -> str:
    return params.bind(str(value), "String")


def _path(pattern: str, params: Params) -> str:
    if is_template(pattern):
        return f"match(path, {params.bind(anchored(pattern), 'String')})"
    if "*" not in pattern:
        return f"path = {params.bind(pattern, 'String')}"
    return f"path like {params.bind(like(pattern), 'String')}"


def like(pattern: str) -> str:
    """A path with `*` as `like` knows it; variables are any text there, which is more than they mean."""
    return roughly(pattern).replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_").replace("*", "%")
