"""What a template's markup consists of: text, values and inline tags, and cuts, which end a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from jinja2.lexer import Token

INLINE = frozenset(
    ["a", "abbr", "b", "bdi", "br", "code", "em", "i", "kbd", "span", "strong", "sub", "sup", "time", "wbr"]
)
VOID = frozenset(("br", "wbr"))
RAW = frozenset(("script", "style", "svg", "pre", "textarea"))  # hold nothing in anybody's words
SPOKEN = frozenset(["title", "aria-label", "placeholder", "alt", "label", "data-confirm"])
TAG = re.compile(r"<!--.*?-->|<![^>]*>|<(/?[a-zA-Z][\w-]*)", re.S)
IN_TAG = re.compile(r"(?:([\w:.@-]+)\s*=\s*)?([\"'])|/?>")
BUTTON = re.compile(r"class=\"[^\"]*\bbtn\b")


class Piece(NamedTuple):
    """A piece of a template with its tokens; `kind` is text, value, open, close, void or cut."""

    kind: str
    tokens: list[Token]
    name: str = ""


class Markup:
    """Reads the markup of one template; where it stands outlasts the statements in between."""

    def __init__(self, speak: Callable[[list[Piece]], list[Token]]) -> None:
        self.speak = speak  # what puts the text of an attribute into the reader's language
        self.tag = self.quote = self.raw = ""  # in which it stands
        self.is_cut = False  # by a statement within the tag
        self.held: list[Token] = []  # of the tag so far
        self.said: list[Piece] | None = None  # the value of an attribute that people read or hear

    def pieces(self, tokens: Iterable[Token]) -> Iterator[Piece]:
        """All pieces in their order."""
        for group in _groups(tokens):
            kind = group[0].type
            if kind == "data":
                yield from self._data(group[0])
            elif not self.tag:
                yield Piece("value" if kind == "variable_begin" and not self.raw else "cut", group)
            elif kind == "variable_begin":
                self._hold(Piece("value", group))
            else:
                self._end_value()
                yield Piece("cut", [*self.held, *group])
                self.held, self.is_cut = [], True

    def _data(self, token: Token) -> Iterator[Piece]:
        text, at = token.value, 0
        while at < len(text):
            step = (
                self._raw
                if self.raw
                else self._value
                if self.quote
                else self._tag
                if self.tag
                else self._text
            )
            found, at = step(token.lineno, text, at)
            yield from found

    def _text(self, line: int, text: str, at: int) -> tuple[list[Piece], int]:
        found = TAG.search(text, at)
        if not found:
            return [Piece("text", [Token(line, "data", text[at:])])], len(text)
        before = (
            [Piece("text", [Token(line, "data", text[at : found.start()])])] if found.start() > at else []
        )
        if not found[1]:
            return [*before, Piece("cut", [Token(line, "data", found[0])])], found.end()
        self.tag, self.is_cut, self.held = found[1].lower(), False, [Token(line, "data", found[0])]
        return before, found.end()

    def _tag(self, line: int, text: str, at: int) -> tuple[list[Piece], int]:
        found = IN_TAG.search(text, at)
        end = found.end() if found else len(text)
        self.held.append(Token(line, "data", text[at:end]))
        if found and found[2]:
            self.quote, self.said = found[2], [] if found[1] in SPOKEN else None
        elif found:
            return [self._ended(found[0])], end
        return [], end

    def _value(self, line: int, text: str, at: int) -> tuple[list[Piece], int]:
        end = text.find(self.quote, at)
        if text[at : end if end >= 0 else None]:
            self._hold(Piece("text", [Token(line, "data", text[at : end if end >= 0 else None])]))
        if end < 0:
            return [], len(text)
        self._end_value()
        self.held.append(Token(line, "data", self.quote))
        self.quote, self.said = "", None
        return [], end + 1

    def _raw(self, line: int, text: str, at: int) -> tuple[list[Piece], int]:
        end = text.find(f"</{self.raw}", at)
        if end >= 0:
            self.raw = ""
        end = len(text) if end < 0 else end
        return [Piece("cut", [Token(line, "data", text[at:end])])] if end > at else [], end

    def _hold(self, piece: Piece) -> None:
        if self.said is None:
            self.held += piece.tokens
        else:
            self.said.append(piece)

    def _end_value(self) -> None:
        if self.said is not None:
            self.held += self.speak(self.said)
            self.said = []

    def _ended(self, end: str) -> Piece:
        name, is_closing = self.tag.lstrip("/"), self.tag.startswith("/")
        if name in RAW and not is_closing and end != "/>":
            self.raw = name
        is_cut = self.is_cut or name not in INLINE or BUTTON.search("".join(map(_source, self.held)))
        kind = "cut" if is_cut else "void" if name in VOID else "close" if is_closing else "open"
        tokens, self.tag, self.held = self.held, "", []
        return Piece(kind, tokens, name)


def _source(token: Token) -> str:
    return token.value if token.type == "data" else ""


def _groups(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Data alone; values and statements with all that stands between their braces."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.type in ("data", "variable_end", "block_end"):
            yield group
            group = []
