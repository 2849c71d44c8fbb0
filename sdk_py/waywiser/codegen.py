"""Writes one typed function for each event of a tracking plan.

    python -m waywiser.codegen plan.json --out events.py

`plan.json` is what the collector's `GET /api/v1/plan` answers. The same plan always gives the same file.
"""

from __future__ import annotations

import argparse
import builtins
import json
import keyword
import re
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._schema import Types, literal

WIDTH = 90
LOCALS = {
    *("client", "user_id", "anonymous_id", "context", "timestamp", "message_id", "more"),
    *("properties", "dict", "str"),
}
GLOBALS = {"date", "datetime", "annotations", *dir(builtins)}
HEAD = '''"""The events of the tracking plan, one function each.

Made by `python -m waywiser.codegen`: change the plan, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import {dates}
from typing import {types}
from uuid import UUID

from waywiser import Client

__all__ = [{names}]

Id = Union[str, int, UUID]
'''


class PlanError(ValueError):
    """A file that is no tracking plan; the text says where."""


@dataclass(frozen=True)
class Argument:
    """A property of an event, and the argument that stands for it."""

    name: str
    key: str
    type: str
    is_required: bool

    @property
    def written(self) -> str:
        """As it stands in the function's head."""
        if self.is_required:
            return f"{self.name}: {self.type},"
        has_none = self.type in ("Any", "None") or self.type.endswith("| None")
        return f"{self.name}: {self.type if has_none else f'{self.type} | None'} = None,"


def generate(plan: object) -> str:
    """The text of a module with one function for each event of the plan. Raises PlanError."""
    events = sorted(_events(plan), key=lambda event: str(event["event"]))
    names = _names([str(event["event"]) for event in events], GLOBALS)
    functions = [_function(name, event) for name, event in zip(names, events)]
    return "\n\n".join([_head(names, "".join(functions)), *functions])


def _head(names: list[str], code: str) -> str:
    types = " ".join(re.findall(r"^    \w+: (.+),$", code, re.MULTILINE))
    listed = "".join(f'\n    "{name}",' for name in sorted(names))
    return HEAD.format(
        names=f"{listed}\n" if listed else "",
        dates="date, datetime" if "| date" in types.replace("| datetime", "") else "datetime",
        types="Any, Literal, Union" if "Literal[" in types else "Any, Union",
    )


def _events(plan: object) -> list[Mapping[str, Any]]:
    events = plan.get("events") if isinstance(plan, Mapping) else None
    if not isinstance(events, list):
        raise PlanError("there is no list `events`; ask the collector for GET /api/v1/plan")
    for place, event in enumerate(events):
        if not isinstance(event, Mapping) or not isinstance(event.get("event"), str) or not event["event"]:
            raise PlanError(f"events[{place}] has no `event`, its name")
        if not isinstance(event.get("schema", {}), (Mapping, bool)):
            raise PlanError(f"events[{place}].schema is no JSON Schema")
    names = [event["event"] for event in events]
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"the event {name!r} stands twice in the plan")
    return events


def _function(name: str, event: Mapping[str, Any]) -> str:
    schema = event.get("schema", {})
    schema = schema if isinstance(schema, Mapping) else {}
    arguments = _arguments(schema)
    is_open = schema.get("additionalProperties", True) is not False
    lines = [f"def {name}(", "    client: Client,", "    *,"]
    lines += [f"    {each.written}" for each in sorted(arguments, key=lambda each: not each.is_required)]
    if is_open:
        lines.append("    more: Mapping[str, Any] | None = None,")
    lines += [f"    {each}: {kind} | None = None," for each, kind in COMMON.items()]
    lines += [") -> bool:", *_docstring(event), *_body(str(event["event"]), arguments, is_open)]
    return "\n".join(lines) + "\n"


COMMON = {
    "user_id": "Id",
    "anonymous_id": "Id",
    "context": "Mapping[str, Any]",
    "timestamp": "datetime",
    "message_id": "str",
}


def _arguments(schema: Mapping[str, Any]) -> list[Argument]:
    properties = schema.get("properties", {})
    properties = properties if isinstance(properties, Mapping) else {}
    required = [each for each in _list(schema.get("required")) if isinstance(each, str)]
    types = Types(schema)
    # A property may be required and yet be described nowhere.
    wanted = [*properties, *(each for each in dict.fromkeys(required) if each not in properties)]
    return [
        Argument(name, each, types.of(properties.get(each, True)), each in required)
        for name, each in zip(_names(wanted, LOCALS), wanted)
    ]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _body(event: str, arguments: list[Argument], is_open: bool) -> Iterable[str]:
    yield f"    properties: dict[str, Any] = {'dict(more or {})' if is_open else '{}'}"
    for each in arguments:
        if each.is_required:
            yield f"    properties[{literal(each.key)}] = {each.name}"
        else:
            yield f"    if {each.name} is not None:"
            yield f"        properties[{literal(each.key)}] = {each.name}"
    yield "    return client.track("
    yield f"        {literal(event)},"
    yield from (f"        {each}={each}," for each in COMMON)
    yield "        properties=properties,"
    yield "    )"


def _docstring(event: Mapping[str, Any]) -> Iterable[str]:
    description = event.get("description")
    words = " ".join(_clean(description if isinstance(description, str) else "").split())
    text = words or f"Track {_clean(str(event['event']))}."
    wrapped = textwrap.wrap(text.replace("\\", "\\\\").replace('"""', "'''"), WIDTH) or [""]
    # A quotation mark at the very end would close the text too early.
    wrapped[-1] = wrapped[-1][:-1] + "'" if wrapped[-1].endswith('"') else wrapped[-1]
    if len(wrapped) == 1:
        return [f'    """{wrapped[0]}"""']
    return [f'    """{wrapped[0]}', *(f"    {line}" for line in wrapped[1:]), '    """']


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _names(wanted: Iterable[str], taken: Iterable[str]) -> list[str]:
    """A valid and new identifier for each text; what would be the same gets a number."""
    used = set(taken)
    names: list[str] = []
    for text in wanted:
        name = stem = _identifier(text)
        if name in used:
            stem = f"{stem}_"
            name = stem
        number = 2
        while name in used:
            name = f"{stem}{number}"
            number += 1
        used.add(name)
        names.append(name)
    return names


def _identifier(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", unicodedata.normalize("NFKC", text))
    letters = unicodedata.normalize("NFKC", words.lower())
    kept = "".join(each if f"a{each}".isidentifier() else "_" for each in letters)
    name = re.sub(r"_+", "_", kept).strip("_") or "unnamed"
    if not name.isidentifier():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 when the file is written, 2 when there is no plan to read."""
    parser = argparse.ArgumentParser(
        prog="python -m waywiser.codegen", description="Write typed functions for a tracking plan."
    )
    parser.add_argument("plan", help="the tracking plan as JSON, or - for standard input")
    parser.add_argument("--out", help="the Python file to write, instead of standard output")
    asked = parser.parse_args(arguments)
    try:
        text = sys.stdin.read() if asked.plan == "-" else Path(asked.plan).read_text(encoding="utf-8")
        code = generate(json.loads(text))
    except OSError as error:
        return _fail(parser, f"the plan cannot be read: {error}")
    except (ValueError, RecursionError) as error:
        return _fail(parser, f"this is no tracking plan: {error}")
    if asked.out is None:
        sys.stdout.write(code)
        return 0
    try:
        with Path(asked.out).open("w", encoding="utf-8", newline="\n") as file:
            file.write(code)
    except OSError as error:
        return _fail(parser, f"the file cannot be written: {error}")
    return 0


def _fail(parser: argparse.ArgumentParser, text: str) -> int:
    sys.stderr.write(f"{parser.prog}: {text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
