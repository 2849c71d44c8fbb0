"""Says which Python type a JSON Schema means, as far as types can say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANY = "Any"
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
# What the SDK writes in that form by itself may be given as it is.
FORMATS = {"date-time": "datetime", "date": "date"}
MAX_DEPTH = 32


class Types:
    """Knows the `$defs` of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        definitions = root.get("$defs")
        self._definitions = definitions if isinstance(definitions, Mapping) else {}

    def of(self, schema: object, depth: int = 0) -> str:
        """The type, as an annotation; `Any` where the schema allows much or says it in another way."""
        parts = list(dict.fromkeys(self._parts(schema, depth)))
        if ANY in parts or not parts:
            return ANY
        # None comes last, where a reader looks for it.
        return " | ".join([each for each in parts if each != "None"] + ["None"] * ("None" in parts))

    def _parts(self, schema: object, depth: int) -> list[str]:
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
            return [ANY]
        if isinstance(schema.get("$ref"), str):
            return self._parts(self._definitions.get(_target(schema["$ref"])), depth + 1)
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                return [part for each in schema[key] for part in self._parts(each, depth + 1)]
        if "const" in schema:
            return _literals([schema["const"]])
        if isinstance(schema.get("enum"), list):
            return _literals(schema["enum"])
        kinds = schema.get("type")
        return [
            part
            for kind in (kinds if isinstance(kinds, list) else [kinds])
            for part in self._simple(kind, schema, depth)
        ]

    def _simple(self, kind: object, schema: Mapping[str, Any], depth: int) -> list[str]:
        if kind == "array":
            return [f"list[{self.of(schema.get('items'), depth + 1)}]"]
        if kind == "object":
            inner = ANY if "properties" in schema else self.of(schema.get("additionalProperties"), depth + 1)
            return [f"Mapping[str, {inner}]"]
        if kind == "string" and schema.get("format") in FORMATS:
            return ["str", FORMATS[schema["format"]]]
        return [SIMPLE.get(kind, ANY) if isinstance(kind, str) else ANY]


def literal(text: str) -> str:
    """The text as it stands in Python code, in plain ASCII."""
    written = ascii(text)
    return written if '"' in written or "\\'" in written else f'"{written[1:-1]}"'


def _target(reference: str) -> str:
    return reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _literals(values: list[Any]) -> list[str]:
    """`Literal[…]` of texts, whole numbers and truth values; of other values, their types."""
    exact: list[str] = []
    others: list[str] = []
    for value in values:
        if value is None or isinstance(value, float):
            others.append("None" if value is None else "float")
        elif isinstance(value, (bool, int)):
            exact.append(str(value))
        elif isinstance(value, str):
            exact.append(literal(value))
        else:
            return [ANY]
    return [*([f"Literal[{', '.join(dict.fromkeys(exact))}]"] if exact else []), *others]
