"""A segment while it is edited: form fields become a draft, a draft becomes a definition, and back.

As in the journey editor a field's name is its place in the draft, such as `parts.0.first.where.1.value`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from admin.draft import (
    KINDS,
    MOST_ITEMS,
    Draft,
    matcher_draft,
    matcher_of,
    text_of,
    tree_of,
    value_of,
)
from admin.draft import new_item as new_condition
from admin.made_keys import slug
from journeys.segment_definitions import COUNTS, DEEPEST, STATES
from journeys.segments import ATTRIBUTES

PARTS = ("field", "trait", "did", "sequence", "journey", "group")
OFTEN = ("at_least", "at_most", "exactly", "between", "never")
LISTS = {"parts", "where"}
TEXTS = ("name", "op", "value", "times", "most", "before", "within", "journey")
# What in a form stands for what in a definition, to mark problems where they are.
FIELDS = {"all": "parts", "any": "parts", "did": "first", "field": "name", "trait": "name"} | dict.fromkeys(
    COUNTS, "times"
)


def empty() -> Draft:
    """A new segment: one condition, still to be told."""
    return {"key": "", "name": "", "description": "", "join": "all", "parts": [new_item("parts")]}


def new_item(kind: str) -> dict[str, Any]:
    """An empty part, or an empty condition on an event."""
    if kind == "where":
        return new_condition(kind)
    return {
        **dict.fromkeys(TEXTS, ""),
        "kind": "field",
        "name": ATTRIBUTES[0],
        "op": "eq",
        "first": new_condition("match"),
        "then": new_condition("match"),
        "often": "at_least",
        "times": "1",
        "when": "before",
        "before": "30d",
        "state": STATES[0],
        "join": "any",
        "parts": [],
    }


def from_form(form: Mapping[str, str]) -> Draft:
    """The draft that a form holds; fields that are not there are as in a new one."""
    tree = tree_of(form)
    told = {name: _text(tree, name) for name in ("key", "name", "description")}
    return {**told, "join": _one_of(("all", "any"), tree, "join"), "parts": _parts(tree, 1)}


def _parts(tree: Mapping[str, Any], depth: int) -> list[dict[str, Any]]:
    return [_part(one, depth) for one in _items(tree, "parts")] if depth <= DEEPEST else []


def _part(tree: Mapping[str, Any], depth: int) -> dict[str, Any]:
    part = new_item("parts")
    part |= {name: _text(tree, name, part[name]) for name in TEXTS}
    choices = {"kind": PARTS, "often": OFTEN, "when": ("before", "during"), "state": STATES}
    part |= {name: _one_of(some, tree, name) for name, some in choices.items()}
    part |= {"join": _one_of(("any", "all"), tree, "join"), "parts": _parts(tree, depth + 1)}
    part |= {name: _matcher(tree.get(name)) for name in ("first", "then")}
    if part["kind"] == "field":
        part["name"] = _one_of(ATTRIBUTES, tree, "name")
    if part["kind"] == "group" and not part["parts"]:
        part["parts"] = [new_item("parts")]
    return part


def _matcher(tree: Any) -> dict[str, Any]:
    tree = tree if isinstance(tree, dict) else {}
    return {
        "kind": _one_of(KINDS, tree, "kind"),
        "value": _text(tree, "value"),
        "where": [
            {name: _text(one, name, default) for name, default in new_condition("where").items()}
            for one in _items(tree, "where")
        ],
    }


def _items(tree: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The items of a list in the order of their numbers."""
    items = tree.get(name)
    numbered = {key: one for key, one in items.items() if key.isdigit()} if isinstance(items, dict) else {}
    order = sorted(numbered, key=int)[:MOST_ITEMS]
    return [numbered[key] for key in order if isinstance(numbered[key], dict)]


def _text(tree: Mapping[str, Any], name: str, default: str = "") -> str:
    given = tree.get(name)
    return given.strip() if isinstance(given, str) else default


def _one_of(choices: tuple[str, ...], tree: Mapping[str, Any], name: str) -> str:
    given = _text(tree, name)
    return given if given in choices else choices[0]


def from_definition(source: Mapping[str, Any]) -> Draft:
    """The draft of a saved segment."""
    join = "all" if "all" in source else "any"
    told = {name: source.get(name) or "" for name in ("key", "name", "description")}
    return {**told, "join": join, "parts": [_part_draft(one) for one in source.get(join, [])]}


def _part_draft(one: Mapping[str, Any]) -> dict[str, Any]:
    part = new_item("parts")
    if join := next((join for join in ("all", "any") if join in one), ""):
        return part | {"kind": "group", "join": join, "parts": [_part_draft(each) for each in one[join]]}
    if "journey" in one:
        return part | {"kind": "journey", "journey": one["journey"], "state": one["state"]}
    if "did" in one:
        part |= {"kind": "did", "first": matcher_draft(one["did"]), **_often_draft(one)}
        part |= {"when": "during"} if "during" in one else {"before": one["before"]}
        return part | _sequence_draft(one) if "then" in one else part
    kind = "field" if "field" in one else "trait"
    return part | {
        "kind": kind,
        "name": one[kind],
        "op": one["op"],
        "value": text_of(one["op"], one.get("value")),
    }


def _sequence_draft(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "sequence", "then": matcher_draft(one["then"]), "within": one.get("within", "")}


def _often_draft(one: Mapping[str, Any]) -> dict[str, Any]:
    counts = [name for name in COUNTS if name in one]
    if one.get("exactly") == 0:
        return {"often": "never"}
    if len(counts) == 2:
        return {"often": "between", "times": str(one["at_least"]), "most": str(one["at_most"])}
    return {"often": counts[0], "times": str(one[counts[0]])} if counts else {}


def to_definition(draft: Draft) -> dict[str, Any]:
    """The definition that a draft means, for `parse_segment`; a missing key follows from the name."""
    told = {"key": draft["key"] or slug(draft["name"], "segment"), "name": draft["name"]}
    described = {"description": draft["description"]} if draft["description"] else {}
    return {**told, **described, draft["join"]: [_part_of(one) for one in draft["parts"]]}


def _part_of(part: Mapping[str, Any]) -> dict[str, Any]:
    match part["kind"]:
        case "group":
            return {part["join"]: [_part_of(one) for one in part["parts"]]}
        case "journey":
            return {"journey": part["journey"], "state": part["state"]}
        case "did":
            return {"did": _lean_matcher(part["first"]), **_often(part), **_when(part)}
        case "sequence":
            within = {"within": part["within"]} if part["within"] else {}
            never = {"exactly": 0} if part["often"] == "never" else {}
            two = {"did": _lean_matcher(part["first"]), "then": _lean_matcher(part["then"])}
            return {**two, **within, **never, **_when(part)}
    value = value_of(part["op"], part["value"])
    condition = {part["kind"]: part["name"], "op": part["op"]}
    return condition if part["op"] in ("is_set", "is_not_set") else {**condition, "value": value}


def _lean_matcher(matcher: Mapping[str, Any]) -> dict[str, Any]:
    found = matcher_of(matcher)
    if "where" in found:
        found["where"] = [
            {name: value for name, value in one.items() if name != "value" or value is not None}
            for one in found["where"]
        ]
    return found


def _often(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["often"] == "never":
        return {"exactly": 0}
    if part["often"] == "between":
        return {"at_least": _number(part["times"]), "at_most": _number(part["most"])}
    return {part["often"]: _number(part["times"])}


def _number(text: str) -> Any:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else text


def _when(part: Mapping[str, Any]) -> dict[str, str]:
    return {"during": "run"} if part["when"] == "during" else {"before": part["before"]}


def placed(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems of a definition, at the places of the form's fields."""
    return {_place(where): what for where, what in problems.items()}


def _place(where: str) -> str:
    *way, last = where.split(".")
    is_of_event = "where" in way or (way and way[-1] in ("did", "then"))
    ways = [FIELDS.get(one, one) for one in way]
    return ".".join([*ways, last if is_of_event else FIELDS.get(last, last)])
