"""Makes what templates say translatable by construction: each sentence between tags is one message.

`<p>Of {{ n|count }} runs <b>{{ m|count }}</b> failed.</p>` asks for `Of %(n)s runs <b>%(m)s</b> failed.`
Tags come without their attributes; the second of a name has a number, so translations may reorder them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from admin.expressions import said
from admin.markup import Markup, Piece
from admin.saying import say, told
from admin.sentences import SAY, SPOKEN, TELL, Sentence

VALUE = "_value"
DECORATIONS = frozenset(("icon", "dot", "share_bar", "token"))  # pictures are no part of a sentence
CODE = frozenset(("code", "kbd"))


class Translatable(Extension):
    """Turns the sentences of HTML templates into calls that put them into the reader's language."""

    tags = {VALUE}  # noqa: RUF012 - so says the class above

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters |= {SAY: say, TELL: told}

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        if stream.name and not stream.name.endswith(".html"):
            return stream
        return _values(_spoken_page(Markup(_spoken).pieces(stream)))

    def parse(self, parser: Parser) -> nodes.Output:
        """A value that the page says."""
        line = next(parser.stream).lineno
        return nodes.Output([said(parser.parse_tuple(with_condexpr=True))], lineno=line)


def _values(tokens: Iterable[Token]) -> Iterator[Token]:
    """Values that are said become statements of this extension; those within tags stay as they are."""
    is_said = False
    for token in tokens:
        if token.type == "variable_begin" and token.value == SPOKEN:
            is_said = True
            yield Token(token.lineno, "block_begin", "{%")
            yield Token(token.lineno, "name", VALUE)
        elif token.type == "variable_end" and is_said:
            is_said = False
            yield Token(token.lineno, "block_end", "%}")
        else:
            yield token


def _spoken_page(pieces: Iterable[Piece]) -> Iterable[Token]:
    run: list[Piece] = []
    for piece in pieces:
        if piece.kind == "cut":
            yield from _spoken(run)
            yield from piece.tokens
            run = []
        else:
            run.append(piece)
    yield from _spoken(run)


def _spoken(pieces: list[Piece]) -> list[Token]:
    """The tokens of a run; what has words of its own is a sentence, else its elements are looked into."""
    tokens: list[Token] = []
    units: list[list[Piece]] = []
    ends, at = _ends(pieces), 0
    while at < len(pieces):
        end = ends.get(at, at)
        if end == at and pieces[at].kind in ("open", "close"):  # its other half stands beyond a cut
            tokens += [*_unit_tokens(units), *pieces[at].tokens]
            units = []
        else:
            units.append(pieces[at : end + 1])
        at = end + 1
    return tokens + _unit_tokens(units)


def _said(piece: Piece) -> list[Token]:
    if piece.kind != "value":
        return piece.tokens
    return [Token(piece.tokens[0].lineno, "variable_begin", SPOKEN), *piece.tokens[1:]]


def _ends(pieces: list[Piece]) -> dict[int, int]:
    """Where each element ends that is whole."""
    ends, begun = {}, []
    for at, piece in enumerate(pieces):
        if piece.kind == "open":
            begun.append(at)
        elif piece.kind == "close" and any(pieces[one].name == piece.name for one in begun):
            while pieces[begun[-1]].name != piece.name:
                begun.pop()
            ends[begun.pop()] = at
    return ends


def _unit_tokens(units: list[list[Piece]]) -> list[Token]:
    if any(len(unit) == 1 and _has_letters(unit[0]) for unit in units):
        return _sentence(units)
    tokens = []
    for first, *rest in units:
        inner = rest[:-1]
        tokens += _said(first)
        tokens += (
            [token for piece in inner for token in piece.tokens] if first.name in CODE else _spoken(inner)
        )
        tokens += rest[-1].tokens if rest else []
    return tokens


def _has_letters(piece: Piece) -> bool:
    return piece.kind == "text" and any(map(str.isalpha, unescape(piece.tokens[0].value)))


def _sentence(units: list[list[Piece]]) -> list[Token]:
    before: list[Token] = []
    after: list[Token] = []
    while _is_decoration(units[0]):
        before += units.pop(0)[0].tokens
    while _is_decoration(units[-1]):
        after = units.pop()[0].tokens + after
    line = units[0][0].tokens[0].lineno
    message = Sentence()
    for piece in (piece for unit in units for piece in unit):
        message.add(piece)
    lead, trail = (re.match(r"[ \t\r\n]*", text)[0] for text in (message.text, message.text[::-1]))  # type: ignore[index]
    return [
        *(*before, *([Token(line, "data", lead)] if lead else [])),
        *message.call(line),
        *(*([Token(line, "data", trail)] if trail else []), *after),
    ]


def _is_decoration(unit: list[Piece]) -> bool:
    piece = unit[0]
    if piece.kind == "text":
        return not piece.tokens[0].value.strip()
    return piece.kind == "value" and piece.tokens[1].value in DECORATIONS and piece.tokens[2].type == "lparen"
