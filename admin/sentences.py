"""A sentence of a template as one message: its text, its values, and its tags without their attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2.lexer import Token

from admin.markup import Piece

# Filters, as Jinja calls these at once and functions by a detour.
SAY, TELL = "_say", "_tell"
SPOKEN = "{{ said"  # begins a value that is said to people, unlike one within a tag
SPACE = re.compile(r"[ \t\r\n]+")
PLAIN = frozenset(("n", "value"))  # say nothing of their own
VAGUE = frozenset(("name", "key", "label", "text", "id", "email"))  # say little without what they are of
TELLING = frozenset(("interval", "duration", "points"))  # filters that make another value of the same


class Sentence:
    """One message with what the page puts into it, written down piece by piece."""

    def __init__(self) -> None:
        self.text = ""
        self.values: dict[str, list[Token]] = {}
        self.tags: dict[str, list[Token]] = {}
        self.open: list[str] = []

    def add(self, piece: Piece) -> None:
        if piece.kind == "text":
            self.text += SPACE.sub(" ", piece.tokens[0].value).replace("%", "%%")
        elif piece.kind == "value":
            self.text += f"%({self._value(piece.tokens[1:-1])})s"
        elif piece.kind == "close":
            self.text += f"</{self.open.pop()}>"
        else:
            name = free(piece.name, self.tags)
            self.tags[name] = _joined(piece.tokens)
            self.text += f"<{name}>"
            if piece.kind == "open":
                self.open.append(name)

    def _value(self, tokens: list[Token]) -> str:
        for name, known in self.values.items():
            if [(one.type, one.value) for one in known] == [(one.type, one.value) for one in tokens]:
                return name
        name = free(value_name(tokens), self.values)
        self.values[name] = tokens
        return name

    def call(self, line: int) -> list[Token]:
        """The tokens of an expression that says it."""
        made = _Tokens(line)
        made.add("variable_begin", SPOKEN, "string", self.text.strip(" \t\r\n"))
        made.add("pipe", "|", "name", SAY, "lparen", "(", "lbrace", "{")
        for name, tokens in self.tags.items():
            made.add("string", name, "colon", ":").tokens.extend(tokens)
            made.add("comma", ",")
        made.add("rbrace", "}")
        for name, tokens in self.values.items():
            made.add("comma", ",", "name", name, "assign", "=", "lparen", "(").tokens.extend(tokens)
            made.add("rparen", ")")
        return made.add("rparen", ")", "variable_end", "}}").tokens


class _Tokens:
    def __init__(self, line: int) -> None:
        self.line, self.tokens = line, list[Token]()

    def add(self, *kinds_and_values: str) -> _Tokens:
        given = iter(kinds_and_values)
        self.tokens += [Token(self.line, kind, value) for kind, value in zip(given, given, strict=True)]
        return self


def _joined(tokens: list[Token]) -> list[Token]:
    """The tokens of a tag as one expression."""
    made = _Tokens(tokens[0].lineno)
    for token in tokens:
        if token.type == "data":
            made.add("tilde", "~", "string", token.value, "pipe", "|", "name", "safe")
        elif token.type == "variable_begin":
            made.add("tilde", "~", "lparen", "(")
        elif token.type == "variable_end":
            made.add("rparen", ")")
        else:
            made.tokens.append(token)
    return made.tokens[1:]


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where it is taken."""
    number, wanted = 1, name
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    return name


def value_name(tokens: list[Token]) -> str:
    """What a value is called: `entered` for a.entered|count, `step_name` for step.name."""
    at = next((at for at, token in enumerate(tokens) if token.type in ("name", "string", "integer")), None)
    if at is None:
        return "value"
    if tokens[at].type != "name":
        return _slug(str(tokens[at].value))
    chain, after = [tokens[at].value], at + 1
    while after + 1 < len(tokens) and tokens[after].type == "dot":
        chain.append(tokens[after + 1].value)
        after += 2
    follows = [token.type for token in tokens[after : after + 2]]
    if follows[:1] == ["lparen"] and follows[1:] in (["name"], ["string"]):
        return value_name(tokens[after + 1 :])
    filters = [b.value for a, b in zip(tokens[after:], tokens[after + 1 :], strict=False) if a.type == "pipe"]
    return called(chain, next(iter(filters), ""))


def called(chain: list[str], written: str = "") -> str:
    """A name for the end of a chain such as a.success_rate.value, written in some way."""
    if chain[-1] in PLAIN and len(chain) > 1:
        chain = chain[:-1]
    words = chain[-2:] if chain[-1] in VAGUE else chain[-1:]
    return _slug("_".join([*words, *([written] if written in TELLING else [])]))


def _slug(text: str) -> str:
    slug = re.sub(r"\W+", "_", re.sub(r"%\(\w+\)s", "", text.lower())).strip("_")[:24].strip("_")
    return slug if slug[:1].isalpha() else f"n{slug}"
