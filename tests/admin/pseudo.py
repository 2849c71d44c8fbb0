"""A language that nobody speaks: each text stands between brackets, so what has none was forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from babel.messages.catalog import Catalog

LANGUAGE = "eo"
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "label", "data-confirm")
CODE = ("script", "style", "svg", "pre", "textarea", "code", "kbd")


class Pseudo:
    """Says each text of a catalogue in brackets, and each value in it in others."""

    def __init__(self, catalog: Catalog) -> None:
        self.texts = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalog if one.id}
        self.texts |= {one[0] for one in self.texts if isinstance(one, tuple)}

    def gettext(self, message: str) -> str:
        return bracketed(message) if message in self.texts else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        message = msgid1 if n == 1 else msgid2
        return bracketed(message) if (msgid1, msgid2) in self.texts else message


def bracketed(message: str) -> str:
    inner = re.sub(r"%[(]\w+[)]s", r"⟪\g<0>⟫", message)
    return f"⟦{inner}⟧"


def outside(text: str, stack: list[str] | None = None) -> str:
    """What stands in no brackets, or in a value within them; `stack` are the brackets that are open."""
    stack = [] if stack is None else stack
    found = []
    for one in text:
        if one in "⟦⟪":
            stack.append(one)
            found.append(" | ")
        elif one in "⟧⟫":
            assert stack, text
            stack.pop()
        elif not stack or stack[-1] == "⟪":
            found.append(one)
    return "".join(found)


class Page(HTMLParser):
    """Reads a page for texts that stand in no brackets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.code = 0
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in CODE
        self.found += [outside(value) for name, value in attrs if name in ATTRIBUTES and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.code -= tag in CODE

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in CODE

    def handle_data(self, data: str) -> None:
        text = outside(data, self.stack)
        if not self.code:
            self.found.append(text)


def forgotten(page: str) -> Iterator[str]:
    """Each text of a page that is in no brackets and has letters."""
    for text in Page(page).found:
        for one in text.split("|"):
            if any(map(str.isalpha, one)):
                yield " ".join(one.split())
