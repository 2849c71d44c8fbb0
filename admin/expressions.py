"""The words within the expressions of templates: what an expression says is put into the reader's language.

`{{ "run" if n == 1 else "runs" }}` asks for a plural, `{{ "Visitor " ~ id }}` for `Visitor %(id)s`, and so do
the arguments of macros that are labels. Words that are given names by `set` and `for` are marked by `_`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from admin.sentences import SAY, TELL, called, free

# Which arguments of which macros are said to people, by their number or name.
LABELS: dict[str, tuple[int | str, ...]] = {
    "explained": (0,),
    "meaning": (0,),
    "empty": (0, 1, "title", "text"),
    "number": (2, "what"),
    "chart": (2, "label"),
    "field": (1, "label", "hint"),
    "picker": (2, 4),
    "choice": (2, 3),
    "line": (2, 3),
    "columns": (1,),
    "cohorts": (4,),
    "text": (2, "hint", "placeholder"),
    "plain": (1, 2, "hint", "placeholder"),
    "listed": (1,),
    "beside": (2,),
    "again": (0, "about"),
    "option": (1,),
    "answer": (2, 3),
    "of_browser": (3,),
    "opening": (4,),
    "side": (1,),
    "spread": (0, 1),
    "come": (1,),
    "against": (1,),
    "attribute": (1,),
}
PASSING = frozenset(("capitalize", "lower", "upper", "trim", "truncate", "join"))  # say what they are given


class Words(NodeTransformer):
    """Speaks what macros are given to say, and the values of sentences, wherever they stand."""

    def visit_Call(  # noqa: N802 - so the visitor asks for it
        self, node: nodes.Call
    ) -> nodes.Node:
        self.generic_visit(node)
        labels = LABELS.get(node.node.name, ()) if isinstance(node.node, nodes.Name) else ()
        node.args = [spoken(one) if at in labels else one for at, one in enumerate(node.args)]
        for one in node.kwargs:
            if one.key in labels:
                one.value = spoken(one.value)
        return node

    def visit_Filter(  # noqa: N802
        self, node: nodes.Filter
    ) -> nodes.Node:
        self.generic_visit(node)
        if node.name == SAY:
            for one in node.kwargs:
                one.value = spoken(one.value)
        return node


def said(node: Any) -> Any:
    """The expression with all that it says in the reader's language."""
    return spoken(Words().visit(node))


def spoken(node: Any) -> Any:
    """The same of what an expression results in."""
    match node:
        case nodes.Const(value=str(text)) if has_letters(text):
            return _text(text.replace("%", "%%"), node)
        case nodes.CondExpr(
            test=nodes.Compare(expr=n, ops=[nodes.Operand(op="eq", expr=nodes.Const(value=1))]),
            expr1=nodes.Const(value=str(one)),
            expr2=nodes.Const(value=str(many)),
        ) if has_letters(one):
            forms = [nodes.Const(text.replace("%", "%%"), lineno=node.lineno) for text in (one, many)]
            function = nodes.Name("ngettext", "load", lineno=node.lineno)
            return nodes.Call(function, [*forms, n], [], None, None, lineno=node.lineno)
        case nodes.CondExpr():
            node.expr1, node.expr2 = spoken(node.expr1), node.expr2 and spoken(node.expr2)
        case nodes.Or() | nodes.And():
            node.left, node.right = spoken(node.left), spoken(node.right)
        case nodes.Filter(name=name) if name in PASSING:
            node.node = spoken(node.node)
        case (
            nodes.Getitem(node=nodes.Dict() as choices)
            | nodes.Call(node=nodes.Getattr(node=nodes.Dict() as choices, attr="get"))
        ):
            for pair in choices.items:
                pair.value = spoken(pair.value)
            if isinstance(node, nodes.Call):
                node.args[1:] = map(spoken, node.args[1:])
        case nodes.Tuple() | nodes.List():
            node.items = (
                [*node.items[:-1], *map(spoken, node.items[-1:])]
                if _is_choice(node)
                else [*map(spoken, node.items)]
            )
        case nodes.Concat() if any(
            isinstance(one, nodes.Const) and has_letters(one.value) for one in node.nodes
        ):
            return _joined(node)
    return node


def has_letters(text: object) -> bool:
    """Whether there is anything in a text to translate."""
    return isinstance(text, str) and any(map(str.isalpha, text))


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and has_letters(node.value)


def _is_choice(node: nodes.Tuple | nodes.List) -> bool:
    """Whether it is a value with its label, of which the label is said."""
    return len(node.items) == 2 and isinstance(node.items[0], nodes.Const)


def _joined(node: nodes.Concat) -> nodes.Expr:
    text, values = "", dict[str, nodes.Expr]()
    for one in node.nodes:
        if isinstance(one, nodes.Const):
            text += str(one.value).replace("%", "%%")
        else:
            name = free(_name(one), values)
            text += f"%({name})s"
            values[name] = spoken(one)
    return _text(text, node, values)


def _text(text: str, at: nodes.Node, values: Mapping[str, nodes.Expr] = MappingProxyType({})) -> nodes.Expr:
    """The call for a text; the spaces around it are no part of the message."""
    line = at.lineno
    given = [nodes.Keyword(name, value, lineno=line) for name, value in values.items()]
    message = nodes.Const(text.strip(), lineno=line)
    call = nodes.Filter(message, TELL, [], given, None, None, lineno=line)
    begin, _, end = text.partition(text.strip())
    around = [nodes.Const(space, lineno=at.lineno) if space else None for space in (begin, end)]
    parts = [one for one in (around[0], call, around[1]) if one]
    return nodes.Concat(parts, lineno=at.lineno) if len(parts) > 1 else call


def _name(node: nodes.Node | None) -> str:
    chain: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Filter | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            chain.insert(0, node.attr)
        node = node.node
    match node:
        case nodes.Name(name=name):
            return called([name, *chain])
        case nodes.Call(node=function, args=args):
            return _name(args[0]) if args and not chain else called(chain) if chain else _name(function)
        case nodes.CondExpr(expr1=first) | nodes.Or(left=first):
            return _name(first)
        case nodes.Const(value=value):
            return called([str(value)])
    return "value"
