"""What fields of the editors suggest: what was really seen, with how often and with examples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from admin.draft import text_of
from admin.services import Services
from journeys import catalog, hints
from journeys.definition_schema import FIELDS
from journeys.hints import Of
from journeys.routes import confirmed

SUGGEST_DAYS = 90
MOST_COUNTED = 2_000_000  # events; where these days hold more, fewer days are counted
DAY_MS = 86_400_000
MOST_SUGGESTIONS = 40
TYPES = ("page", "identify", "screen", "group", "alias", "track")
Row = dict[str, Any]


class About(NamedTuple):
    """What a field belongs to: a matcher's `kind` and value (`event`), a condition's `name` and operator."""

    kind: str = ""
    event: str = ""
    name: str = ""
    op: str = ""

    @property
    def of(self) -> Of:
        """The events that the matcher means, as far as their properties go; all where it says nothing."""
        if not self.event:
            return Of()
        if self.kind == "page":
            return Of("page")
        return Of(self.event) if self.kind == "type" else Of("track", self.event)

    @property
    def told_by(self) -> Of:
        """The events that tell traits: those of accounts for a matcher of theirs, else of customers."""
        return Of("group" if (self.kind, self.event) == ("type", "group") else "identify")


def suggestions(services: Services, project: int, what: str, text: str, about: About) -> list[Row]:
    """Values for a field: each is a `value` and what of it is `taken` into the field.

    Where known they have `n` and `customers` of the last `days`, or a `share` of the events, and `examples`.
    In a list of values the last one is searched, and what is taken keeps those before it.
    """
    before, wanted = _last_of(text) if about.op in ("in", "not_in") else ("", text)
    if (ask := ASKS.get(what)) is None:
        return []
    days = _days(services, project)
    since = (services.clock() // DAY_MS + 1 - days) * DAY_MS  # today is one of them
    key = ("suggestions", project, what, about, since, confirmed(services.engine, project))
    rows = services.answers.under(services.events, project, key, lambda: ask(services, project, about, since))
    found = [one for one in rows if wanted.lower() in str(one["value"]).lower()]
    return [
        {**one, "days": days, "taken": before + _taken(what, one, about.op)}
        for one in found[:MOST_SUGGESTIONS]
    ]


def _last_of(text: str) -> tuple[str, str]:
    before, comma, last = text.rpartition(",")
    return (f"{before.rstrip()}, " if comma else "", last.strip())


def _taken(what: str, one: Row, op: str) -> str:
    """As the form reads it: a text that looks like a number stands in quotation marks."""
    if not what.endswith("value") or not one.get("is_text", True):
        return str(one["value"])
    return text_of(op, [one["value"]] if op in ("in", "not_in") else one["value"])


def _days(services: Services, project: int) -> int:
    """How many days are counted: so many that who types need not wait for it. A month is taken to be even."""
    day, left, days = datetime.fromtimestamp(services.clock() / 1_000, UTC).date(), MOST_COUNTED, 0
    while days < SUGGEST_DAYS:
        n = catalog.volume(services.events, project, day.year * 100 + day.month)
        if n > left:
            return min(SUGGEST_DAYS, max(1, days + day.day * left // n))
        left, days = left - n, days + day.day
        day = day.replace(day=1) - timedelta(days=1)
    return SUGGEST_DAYS


def _events(services: Services, project: int, _: About, since: int) -> list[Row]:
    rows = catalog.seen(services.events, project, since_ms=since)
    return [{**row, "value": row["event"]} for row in rows if row["type"] == "track"]


def _pages(services: Services, project: int, _: About, since: int) -> list[Row]:
    routes = confirmed(services.engine, project)
    rows = catalog.pages(services.events, project, since_ms=since, routes=routes)
    return [{**row, "value": row["route"]} for row in rows]


def _types(services: Services, project: int, _: About, since: int) -> list[Row]:
    counts = dict.fromkeys(TYPES, 0)
    for row in catalog.seen(services.events, project, since_ms=since):
        if row["type"] in counts:
            counts[row["type"]] += row["n"]
    return [{"value": one, "n": n} for one, n in counts.items()]


def _properties(services: Services, project: int, about: About, since: int) -> list[Row]:
    return _named(hints.names(services.events, project, "properties", about.of, since_ms=since))


def _traits(services: Services, project: int, about: About, _: int) -> list[Row]:
    return _named(hints.names(services.events, project, "traits", about.told_by))


def _fields(services: Services, project: int, _: About, since: int) -> list[Row]:
    return _named(hints.fields(services.events, project, since_ms=since))


def _property_values(services: Services, project: int, about: About, since: int) -> list[Row]:
    return hints.values(services.events, project, "properties", about.name, about.of, since_ms=since)


def _trait_values(services: Services, project: int, about: About, _: int) -> list[Row]:
    return hints.values(services.events, project, "traits", about.name, about.told_by)


def _field_values(services: Services, project: int, about: About, since: int) -> list[Row]:
    if about.name not in FIELDS:
        return []
    return catalog.attribute(services.events, project, about.name, since_ms=since)


def _named(rows: list[Row]) -> list[Row]:
    return [{**row, "value": row["name"]} for row in rows]


ASKS: dict[str, Callable[[Services, int, About, int], list[Row]]] = {
    "event": _events,
    "page": _pages,
    "type": _types,
    "property": _properties,
    "trait": _traits,
    "field": _fields,
    "value": _property_values,
    "property_value": _property_values,
    "trait_value": _trait_values,
    "field_value": _field_values,
}
