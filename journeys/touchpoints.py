"""Touchpoints by what people call them: a kind and a label, read from text, and what matches them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from journeys.definitions import Matcher
from store.words import tell

KINDS = ("event", "page", "screen")
SHOWN = ("track", "page", "screen")  # the types of events that are touchpoints
LONGEST = 500
GONE = "(gone)"  # in place of a name that was erased between a question about it and the next one


class TouchpointError(Exception):
    """A text names no touchpoint; the message says why."""


@dataclass(frozen=True)
class Touchpoint:
    """An event by its name, a page by its path (`*` for any text), or a screen by its name."""

    kind: str
    label: str

    @property
    def text(self) -> str:
        """What `read` makes this touchpoint of."""
        return f"{self.kind}:{self.label}"

    @property
    def short(self) -> str:
        """The same without its kind, where that says it, too."""
        return self.label if not is_nameless(self.label) and read(self.label) == self else self.text

    @property
    def matcher(self) -> dict[str, Any]:
        """What matches it in a journey."""
        if self.kind == "screen":
            return {"type": "screen", "where": [{"property": "name", "op": "eq", "value": self.label}]}
        return {self.kind: self.label}

    def covers(self, other: Touchpoint) -> bool:
        """Whether the other is the same, or a page that this path with `*` stands for."""
        if self.kind == other.kind == "page":
            return bool(re.fullmatch(_pattern(self.label), other.label, re.DOTALL))
        return self == other


def read(text: str) -> Touchpoint:
    """The touchpoint that `event:Signed Up`, `page:/pricing` or `screen:Home` names; raises TouchpointError.

    Without a kind it is a page where it begins with a slash, else an event.
    """
    kind, colon, label = text.strip().partition(":")
    if not colon or kind not in KINDS:
        label = text.strip()
        kind = "page" if label.startswith("/") else "event"
    if not 0 < len(label.strip()) <= LONGEST:
        raise TouchpointError(tell("name a touchpoint, such as event:Signed Up or page:/pricing"))
    return Touchpoint(kind, label.strip())


def is_nameless(short: str) -> bool:
    """Whether what a touchpoint is called tells but the type of an event, which names no touchpoint."""
    return short == "page:" or short.startswith("type:")


def of_type(kind: str, name: str) -> Touchpoint:
    """The touchpoint of an event of this type; one without a name has but its type."""
    return Touchpoint(("event" if kind == "track" else kind) if name else "type", name or kind)


def to_type(one: Touchpoint) -> tuple[str, str]:
    """The type and name of the events that a touchpoint of `of_type` stands for."""
    if one.kind == "type":
        return one.label, ""
    return "track" if one.kind == "event" else one.kind, one.label


def type_of(matcher: Matcher) -> str:
    """The type of the events that a matcher of a journey is about."""
    return matcher.type or ("page" if matcher.page is not None else "track")


def known_by(matcher: Matcher) -> Touchpoint | None:
    """The touchpoint that a matcher of a journey is about, whatever its conditions; None for a mere type."""
    if matcher.event is not None:
        return Touchpoint("event", matcher.event)
    if matcher.page is not None:
        return Touchpoint("page", matcher.page)
    names = [one.value for one in matcher.where if (one.kind, one.name, one.op) == ("property", "name", "eq")]
    return Touchpoint("screen", str(names[0])) if matcher.type == "screen" and names else None


def _pattern(path: str) -> str:
    return ".*".join(re.escape(part) for part in path.split("*"))
