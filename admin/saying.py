"""How a message of a page is said: in the reader's language, with the page's own tags and values in place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from store.words import translated

PLACE = re.compile(r"%\((\w+)\)s|(%%)|<(/?)([a-z]+\d*)>")


def say(message: str, tags: dict[str, str], /, **values: Any) -> Markup:
    """The message in the reader's language, with the page's tags and values in place; values are escaped."""
    said = []
    for literal, value, tag, end in _parts(translated(message)):
        said.append(literal)
        if value:
            said.append(escape(values[value]))
        elif tag:
            said.append(tags[tag])
        elif end:
            said.append(f"</{end}>")
    return Markup("".join(said))  # noqa: S704 - what is not the page's own was escaped


def names_in(message: str) -> tuple[set[str], list[str]]:
    """The values and the tags of a message: a translation must have the same tags, and no other values."""
    found = [*PLACE.finditer(message)]
    return {one[1] for one in found if one[1]}, sorted(one[3] + one[4] for one in found if one[4])


@lru_cache(8192)
def _parts(message: str) -> list[tuple[str, str, str, str]]:
    """Each literal text with what follows it: a value, an opening tag or the name of a closing one."""
    parts, at, literal = [], 0, ""
    for found in PLACE.finditer(message):
        literal += message[at : found.start()] + ("%" if found[2] else "")
        at = found.end()
        if not found[2]:
            tag, end = (found[4] or "", "") if not found[3] else ("", found[4].rstrip("0123456789"))
            parts.append((literal, found[1] or "", tag, end))
            literal = ""
    return [*parts, (literal + message[at:], "", "", "")]
