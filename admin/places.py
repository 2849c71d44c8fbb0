"""What pages call places, segments and values: answers, which are kept for all readers, use English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask

from admin.formats import count
from journeys.paths import BEGINS
from journeys.segments import EVERYONE
from journeys.touchpoints import is_nameless
from journeys.value_words import called
from store.retelling import Retold
from store.words import tell

begun = Retold(BEGINS)


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters |= {
        "place_name": place_name,
        "segments_named": segments_named,
        "value_name": called,
        "names_a_touchpoint": lambda node: node["kind"] == "touchpoint" and not is_nameless(node["label"]),
    }


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


def segments_named(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Segments of a comparison, where everyone together is called so in the reader's language."""
    return [{**one, "name": tell(one["name"]) if one["text"] == EVERYONE else one["name"]} for one in groups]
