"""The catalogue of all texts, for translators: `make catalogue` writes translations/messages.pot."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_javascript
from babel.messages.pofile import write_po
from jinja2 import Environment, nodes

from admin.languages import FOLDER
from admin.saying import PLACE
from admin.sentences import SAY, TELL
from admin.translatable import Translatable
from admin.vocabulary import vocabulary

ROOT = Path(__file__).parent.parent
FILE = FOLDER / "messages.pot"
ROOMS = ("admin", "journeys", "store", "collector", "server")
SCRIPTS = ROOT / "admin" / "assets" / "src"
ASKS = ("_", "tell", "marked", "Later", "deed", "ngettext")
MARKERS = ("from store.words import", "from admin.deeds import")
CHANGING = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Generated-By")
HEADER = "# The texts of Waywiser; made by `make catalogue`, see docs/translating.md."

Text = str | tuple[str, str]


def catalogue() -> Catalog:
    """All texts that Waywiser says to people."""
    made = Catalog(project="Waywiser", header_comment=HEADER, fuzzy=False)
    for path, text in [*_of_templates(), *_of_code(), *_of_scripts(), *vocabulary()]:
        known = made.get(text if isinstance(text, str) else text[0])
        if known and isinstance(known.id, str | None) is isinstance(text, str):
            text = known.id or text  # type: ignore[assignment]
        message = made.add(text, locations=[(path, 0)])
        if message and not any(PLACE.search(one) for one in ([text] if isinstance(text, str) else text)):
            message.flags.discard("python-format")  # a percent sign alone is no place for a value
    return made


def written(made: Catalog) -> str:
    """The file of a catalogue; the same texts make the same file."""
    file = io.BytesIO()
    write_po(file, made, sort_output=True, include_lineno=False, width=110)
    lines = file.getvalue().decode().splitlines()
    return (
        "\n".join(line for line in lines if not line.startswith(tuple(f'"{one}' for one in CHANGING))) + "\n"
    )


def _of_templates() -> Iterator[tuple[str, Text]]:
    environment = Environment(autoescape=True, extensions=[Translatable])
    paths = ((ROOT / "admin").rglob(f"templates/**/*.{kind}") for kind in ("html", "txt"))
    for path in sorted(chain(*paths)):
        tree = environment.parse(path.read_text(), path.name)
        for text in asked_by(tree):
            yield _said(path), text


def asked_by(tree: nodes.Template) -> Iterator[Text]:
    """Each message that a template asks for, with its plural where it has one."""
    for one in tree.find_all((nodes.Filter, nodes.Call)):
        if isinstance(one, nodes.Filter) and one.name in (SAY, TELL) and isinstance(one.node, nodes.Const):
            yield one.node.value
        elif isinstance(one, nodes.Call) and isinstance(one.node, nodes.Name) and one.node.name in ASKS:
            texts = [arg.value for arg in one.args[:2] if isinstance(arg, nodes.Const)]
            if texts:
                yield (texts[0], texts[1]) if one.node.name == "ngettext" else texts[0]


def _of_code() -> Iterator[tuple[str, Text]]:
    for path in sorted(one for room in ROOMS for one in (ROOT / room).rglob("*.py")):
        code = path.read_text()
        if any(one in code for one in MARKERS):
            yield from ((_said(path), text) for text in asked_in(ast.parse(code)))


def asked_in(tree: ast.AST) -> Iterator[Text]:
    """Each message that code asks for, in the order in which it stands there."""
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and one.args]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        texts = [[*_texts(one)] for one in call.args[:2]]
        if name == "ngettext" and all(texts):
            yield texts[0][0], texts[1][0]
        elif name in ASKS and name != "ngettext":
            yield from texts[0]


def _texts(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.IfExp):
        yield from (*_texts(argument.body), *_texts(argument.orelse))
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value


def _of_scripts() -> Iterator[tuple[str, Text]]:
    for path in sorted(SCRIPTS.rglob("*.js")):
        with path.open("rb") as file:
            for _line, _name, found, _comments in extract_javascript(file, {"say": None}, (), {}):
                texts: Any = found  # one text, or those of all arguments
                yield _said(path), texts if isinstance(texts, str) else texts[0]


def _said(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    FILE.write_text(written(catalogue()))
