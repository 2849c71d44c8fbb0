"""A journey while it is edited: form fields become a draft, a draft becomes a definition, and back.

A field's name is its place in the definition, such as `steps.0.match.1.value`; problems are found by the
same places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from admin.made_keys import free_key, slug
from journeys.definition_schema import ORDERS, RUNS_OF

Draft = dict[str, Any]
KINDS = ("event", "page", "type")
ABOUT = ("property", "trait", "field")
LISTS = {"steps", "match", "where", "fail_on", "population"}
COMPARED = ("eq", "ne", "gt", "gte", "lt", "lte")
MOST_ITEMS = 60
SEVERAL = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*(?=,|$)|[^,]+')  # values between commas, or in quotation marks


def empty() -> Draft:
    """A new journey: a first step and a goal, still to be told."""
    steps = [new_item("steps"), new_item("steps")]
    return {
        **dict.fromkeys(("key", "name", "goal", "owner", "window", "case_key"), ""),
        "idle_timeout": "30d",
        "order": ORDERS[0],
        "runs_of": RUNS_OF[0],
    } | {
        "steps": steps,
        "fail_on": [],
        "population": [],
    }


def new_item(kind: str) -> dict[str, Any]:
    """An empty step, matcher or condition for the list of this name."""
    if kind == "steps":
        names = ("key", "name", "stage", "within")
        return {**dict.fromkeys(names, ""), "optional": False, "match": [new_item("match")]}
    if kind in ("match", "fail_on"):
        return {"kind": "event", "value": "", "where": []}
    return {"about": "property", "name": "", "op": "eq", "value": ""}


def from_form(form: Mapping[str, str]) -> Draft:
    """The draft that a form holds; fields that are not there are empty."""
    return _filled(empty() | {"steps": [], "idle_timeout": ""}, tree_of(form))


def tree_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form by the places in their names."""
    tree: dict[str, Any] = {}
    for name, value in form.items():
        *places, last = name.split(".")
        branch = tree
        for place in places:
            branch = branch.setdefault(place, {})
            if not isinstance(branch, dict):
                break
        else:
            branch[last] = value
    return tree


def _filled(shape: dict[str, Any], tree: Any) -> dict[str, Any]:
    """`shape` with what the tree says; a list takes its items in the order of their numbers."""
    tree = tree if isinstance(tree, dict) else {}
    filled: dict[str, Any] = {}
    for name, default in shape.items():
        given = tree.get(name)
        if name in LISTS:
            items = given if isinstance(given, dict) else {}
            order = sorted((key for key in items if key.isdigit()), key=int)[:MOST_ITEMS]
            filled[name] = [_filled(new_item(name) | _no_lists(name), items[key]) for key in order]
        elif isinstance(default, bool):
            filled[name] = given == "on"
        else:
            filled[name] = given.strip() if isinstance(given, str) else default
    return filled


def _no_lists(name: str) -> dict[str, Any]:
    return {"match": []} if name == "steps" else {}


def from_definition(source: Mapping[str, Any]) -> Draft:
    """The draft of a saved definition."""
    draft = empty() | {
        name: source.get(name) or "" for name in ("key", "name", "goal", "owner", "window", "case_key")
    }
    draft["order"] = source.get("order") or ORDERS[0]
    draft["runs_of"] = source.get("runs_of") or RUNS_OF[0]
    draft["idle_timeout"] = source.get("idle_timeout") or "30d"
    draft["steps"] = [
        {
            **{name: step.get(name) or "" for name in ("key", "name", "stage", "within")},
            "optional": bool(step.get("optional")),
            "match": [matcher_draft(one) for one in step.get("match", [])],
        }
        for step in source.get("steps", [])
    ]
    draft["fail_on"] = [matcher_draft(one) for one in source.get("fail_on", [])]
    draft["population"] = [condition_draft(one) for one in source.get("population", [])]
    return draft


def to_definition(draft: Draft) -> dict[str, Any]:
    """The definition that a draft means, for `journeys.definitions.parse`; missing keys follow from names."""
    texts = {name: draft[name] for name in ("name", "goal", "owner")}
    limits = {name: draft[name] or None for name in ("window", "case_key")}
    taken = {step["key"] for step in draft["steps"]}
    keys: list[str] = []
    for number, step in enumerate(draft["steps"], 1):
        made = slug(step["name"], f"step-{number}")
        keys.append(step["key"] or free_key(made, taken.__contains__))
        taken.add(keys[-1])
    return {
        "key": draft["key"] or slug(draft["name"], "journey"),
        **texts,
        **limits,
        "order": draft["order"] or ORDERS[0],
        "runs_of": draft["runs_of"] or RUNS_OF[0],
        "idle_timeout": draft["idle_timeout"] or "30d",
        "steps": [
            {
                "key": key,
                "name": step["name"],
                "stage": step["stage"],
                "optional": step["optional"],
                "within": step["within"] or None,
                "match": [matcher_of(one) for one in step["match"]],
            }
            for key, step in zip(keys, draft["steps"], strict=True)
        ],
        "fail_on": [matcher_of(one) for one in draft["fail_on"]],
        "population": [condition_of(one) for one in draft["population"]],
    }


def matcher_draft(one: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a matcher."""
    kind = next((kind for kind in KINDS if kind in one), "event")
    where = [condition_draft(condition) for condition in one.get("where", [])]
    return {"kind": kind, "value": one.get(kind, ""), "where": where}


def condition_draft(one: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a condition."""
    about = next((about for about in ABOUT if about in one), "property")
    return {
        "about": about,
        "name": one.get(about, ""),
        "op": one.get("op", "eq"),
        "value": text_of(one.get("op", "eq"), one.get("value")),
    }


def matcher_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """The matcher that fields mean."""
    kind = one["kind"] if one["kind"] in KINDS else "event"
    where = [condition_of(condition) for condition in one["where"]]
    return {kind: one["value"], **({"where": where} if where else {})}


def condition_of(one: Mapping[str, Any]) -> dict[str, Any]:
    """The condition that fields mean."""
    about = one["about"] if one["about"] in ABOUT else "property"
    return {about: one["name"], "op": one["op"], "value": value_of(one["op"], one["value"])}


def value_of(op: str, text: str) -> Any:
    """What a person wrote, as JSON: numbers and true or false by their look, lists by commas."""
    if op in ("is_set", "is_not_set"):
        return None
    if op in ("in", "not_in"):
        return [_scalar(part.strip()) for part in SEVERAL.findall(text) if part.strip()]
    if op in COMPARED:
        return _scalar(text) if text else None
    return text or None


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) and value == value else text


def text_of(op: str, value: Any) -> str:
    """A value as a person would write it, such that `value_of` reads the same again."""
    if value is None or op in ("is_set", "is_not_set"):
        return ""
    if isinstance(value, list):
        return ", ".join(_in_list(_text(one)) for one in value)
    return _text(value) if op in COMPARED else str(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if _scalar(value) == value else json.dumps(value)
    return json.dumps(value)


def _in_list(text: str) -> str:
    """A value that stands with others: in quotation marks where it has some, or a comma, or is nothing."""
    is_plain = bool(text) and text == text.strip() and not re.search('[,"]', text)
    return text if is_plain or (text.startswith('"') and SEVERAL.fullmatch(text)) else json.dumps(text)
