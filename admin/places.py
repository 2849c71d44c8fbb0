"""What places of paths are called on pages: answers, which are kept for all readers, call them in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from admin.formats import count
from journeys.paths import BEGINS
from store.retelling import Retold
from store.words import tell

begun = Retold(BEGINS)


def register(app: Flask) -> None:
    """Give templates the filter."""
    app.jinja_env.filters["place_name"] = place_name


def place_name(node: Mapping[str, Any], *, afterwards: bool = False) -> str:
    """A touchpoint or a step by its name; all others, ends and `afterwards` where paths begin in words."""
    label = str(node["label"])
    match node["kind"]:
        case "other":
            return tell("Other (%(n)s)", n=count(node["members"]))
        case "end":
            return tell(label)
        case "anchor" if afterwards:
            return begun(label)
    return label
