"""Lists inside forms: reads rows such as `channels.2.source`, and adds, removes and moves them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Row = dict[str, str]
MOVE = re.compile(r"([a-z_]+)(?:\.(\d+))?:(add|remove|up|down)")
MOST_ROWS = 200


def rows_of(form: Mapping[str, str], name: str, fields: Iterable[str]) -> list[Row]:
    """The rows of a list in a form, in the order of their numbers; fields that are absent are empty."""
    pattern = re.compile(rf"{name}\.(\d{{1,6}})\.\w+")
    numbers = {int(found[1]) for key in form if (found := pattern.fullmatch(key))}
    return [
        {field: form.get(f"{name}.{number}.{field}", "").strip() for field in fields}
        for number in sorted(numbers)[:MOST_ROWS]
    ]


def move(rows: list[Row], name: str, do: str, empty: Row) -> str:
    """Change the rows by a button such as `channels:add` or `channels.2:up`; returns the row to go on at.

    That is the name of the whole list when its last row was removed.
    A button that makes no sense changes nothing.
    """
    found = MOVE.fullmatch(do)
    if found is None or found[1] != name:
        return ""
    verb, index = found[3], int(found[2]) if found[2] else -1
    if verb == "add" and len(rows) < MOST_ROWS:
        rows.append(dict(empty))
        return f"{name}.{len(rows) - 1}"
    if not 0 <= index < len(rows):
        return ""
    row = rows.pop(index)
    if verb == "remove":
        return f"{name}.{max(0, index - 1)}" if rows else name
    rows.insert(index + (1 if verb == "down" else -1 if index else 0), row)
    return f"{name}.{rows.index(row)}"
