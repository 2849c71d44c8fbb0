"""Binds long lists and texts to questions in pieces, as servers limit the length of one bound value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PIECE_CHARACTERS = 30_000  # of a bound value; escaped, each can take four bytes


def in_pieces(sql: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The same question with long values bound in pieces: a server refuses one of more than 128 KiB."""
    bound: dict[str, Any] = {}
    for name, value in parameters.items():
        pieces = _pieces(value)
        if len(pieces) == 1:
            bound[name] = value
            continue
        names = [f"{name}_{number}" for number in range(len(pieces))]
        bound |= dict(zip(names, pieces, strict=True))
        for slot, kind in set(re.findall(rf"(\{{{name}:([^{{}}]+)\}})", sql)):
            joined = "arrayConcat" if isinstance(value, list) else "concat"
            sql = sql.replace(slot, f"{joined}({', '.join(f'{{{one}:{kind}}}' for one in names)})")
    return sql, bound


def _pieces(value: Any) -> list[Any]:
    if isinstance(value, str):
        starts = range(0, max(len(value), 1), PIECE_CHARACTERS)
        return [value[start : start + PIECE_CHARACTERS] for start in starts]
    return _lists(value) if isinstance(value, list) else [value]


def _lists(values: list[Any]) -> list[list[Any]]:
    pieces: list[list[Any]] = [[]]
    size = 0
    for value in values:
        size += len(str(value)) + 3
        if size > PIECE_CHARACTERS and pieces[-1]:
            pieces.append([])
            size = len(str(value)) + 3
        pieces[-1].append(value)
    return pieces
