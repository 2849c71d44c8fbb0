"""How a message of a page is said: in the reader's language, with the page's own tags and values in place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup, escape

from store.words import tell, translated

PLACE = re.compile(r"%\((\w+)\)s|(%%)|<(/?)([a-z]+\d*)>")


@pass_context
def say(_context: Any, message: str, tags: dict[str, str], /, **values: Any) -> Markup:
    """The message in the reader's language, with the page's tags and values in place; values are escaped."""
    parts = _parts(translated(message))
    if len(parts) == 1:
        return parts[0]
    said: list[str] = [*parts]
    for at in range(1, len(parts), 2):
        name = said[at]
        said[at] = tags[name[1:]] if name[0] == "<" else escape(values[name])
    return Markup("".join(said))  # noqa: S704 - what is not the page's own was escaped


@pass_context  # else it were asked once, when the template is compiled
def told(_context: Any, message: str, /, **values: Any) -> str:
    """A text that an expression says, in the reader's language."""
    return tell(message, **values)


def names_in(message: str) -> tuple[set[str], list[str]]:
    """The values and the tags of a message: a translation must have the same tags, and no other values."""
    found = [*PLACE.finditer(message)]
    return {one[1] for one in found if one[1]}, sorted(one[3] + one[4] for one in found if one[4])


@lru_cache(8192)
def _parts(message: str) -> tuple[Markup, ...]:
    """Literal text and names in turn; the name of an opening tag begins with its bracket."""
    parts, at = [""], 0
    for found in PLACE.finditer(message):
        value, is_percent, is_end, tag = found.groups()
        parts[-1] += message[at : found.start()]
        at = found.end()
        if is_percent or is_end:
            parts[-1] += "%" if is_percent else f"</{tag.rstrip('0123456789')}>"
        else:
            parts += [value or f"<{tag}", ""]
    parts[-1] += message[at:]
    return tuple(map(Markup, parts))
