"""The moves of the journey editor: add, remove, and reorder the items of a draft's lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from admin.draft import LISTS, MOST_ITEMS, Draft, new_item

MOVE = re.compile(r"((?:[a-z_]+\.(?:\d+\.)?)*[a-z_]+)(?:\.(\d+))?:(add|remove|up|down|to-\d{1,3})")


def apply(
    draft: Draft, move: str, *, lists: Collection[str] = LISTS, new: Callable[[str], Any] = new_item
) -> str:
    """Change the draft by a move: `steps:add`, `steps.2:up`, `steps.2:to-0`; returns the place to go on at.

    `lists` are the names of lists, `new` makes an item for the one of a name. A move that makes no sense
    changes nothing.
    """
    found = MOVE.fullmatch(move)
    if found is None:
        return ""
    place, number, verb = found[1], found[2], found[3]
    items, name = _list_at(draft, place, lists)
    if items is None:
        return ""
    if verb == "add":
        return f"{place}.{_add(items, name, new)}"
    index = int(number) if number else -1
    if not 0 <= index < len(items):
        return ""
    if verb == "remove":
        del items[index]
        return f"{place}.{max(0, index - 1)}" if items else ""
    target = _target(verb, index)
    if 0 <= target < len(items):
        items.insert(target, items.pop(index))
        return f"{place}.{target}"
    return f"{place}.{index}"


def _target(verb: str, index: int) -> int:
    """Where an item goes: one place on, one back, or to the place that the verb names."""
    steps = {"up": -1, "down": 1}
    return index + steps[verb] if verb in steps else int(verb.removeprefix("to-"))


def moved(draft: Draft, move: str, place: str) -> dict[str, Any] | None:
    """Which step a move has put where, to be said to who cannot see it; None for what moves no step."""
    found = re.fullmatch(r"steps\.\d+:(up|down|to-\d+)", move)
    number = place.removeprefix("steps.")
    if found is None or not number.isdigit():
        return None
    steps = draft["steps"]
    return {"name": steps[int(number)]["name"], "place": int(number) + 1, "of": len(steps)}


def _add(items: list[Any], name: str, new: Callable[[str], Any]) -> int:
    """A new step goes before the goal, everything else to the end; returns where it is."""
    where = len(items) - 1 if name == "steps" and len(items) > 1 else len(items)
    if len(items) < MOST_ITEMS:
        items.insert(where, new(name))
    return where


def _list_at(draft: Draft, place: str, lists: Collection[str]) -> tuple[list[Any] | None, str]:
    part: Any = draft
    *way, name = place.split(".")
    for one in way:
        if isinstance(part, list) and one.isdigit() and int(one) < len(part):
            part = part[int(one)]
        elif isinstance(part, dict) and isinstance(part.get(one), list | dict):
            part = part[one]
        else:
            return None, name
    items = part.get(name) if isinstance(part, dict) and name in lists else None
    return (items, name) if isinstance(items, list) else (None, name)
