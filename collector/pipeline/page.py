"""Says on which page the event happened, and keeps of its address what is fit to keep."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from collector.pipeline.context import Context, text
from collector.pipeline.paths import clean_path, route
from collector.pipeline.remembering import remembered, remembered_of_two
from collector.pipeline.sites import CLICK_IDS
from store.event import Event

KEPT_PARAMETER = re.compile("utm_[a-z_]+|" + "|".join(CLICK_IDS))
DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """The parts of an address, normalised. `query` has the parameters that are kept; `url` is all of it."""

    url: str
    host: str
    path: str
    query: dict[str, str]


NOWHERE = Address("", "", "", {})


def page(event: Event, context: Context) -> Event:
    """Address, title and referrer from `context.page`; the properties of a page call say it more closely."""
    given = context.part("page")
    if event.type == "page":
        properties = context.message.get("properties")
        given = {**given, **properties} if isinstance(properties, dict) else given
    if not given:
        return event
    kept = context.decided.rules.query_parameters
    here = address(text(given.get("url"), 8192), kept)
    context.query = here.query
    if not here.query and (search := text(given.get("search"), 8192)):
        context.query = address("?" + search.lstrip("?"), kept).query
    event.url, event.host = here.url, here.host
    event.path = _path(given.get("path"), here.path)
    event.title = text(given.get("title"), 512)
    if came_from := text(given.get("referrer"), 8192):
        there = address(came_from, kept)
        event.referrer, event.referrer_host = there.url, there.host
    return event


@remembered_of_two(20_000)
def address(url: str, kept: tuple[str, ...]) -> Address:
    """Take an address apart and normalise it; what cannot be read is nowhere.

    `kept` names the query parameters that stay beside those of campaigns.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        way, its_query = route(parts.fragment) if parts.fragment else ("", "")
        query = _parameters(its_query, kept) | _parameters(parts.query, kept)
        written = f"?{urlencode(query)}" if query else ""
    except ValueError:
        return NOWHERE
    path = clean_path(parts.path)
    if not host:
        is_path = path.startswith("/") and not parts.scheme
        return Address("", "", path + way if is_path else "", query)
    place = f"[{host}]" if ":" in host else host
    if port and port != DEFAULT_PORTS.get(parts.scheme):
        place += f":{port}"
    path = path or "/"
    return Address(f"{parts.scheme}://{place}{path}{written}{way}", host, path + way, query)


def _parameters(query: str, kept: tuple[str, ...]) -> dict[str, str]:
    """The campaign parameters of a query, and those that the project keeps; all others may be secrets."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, max_num_fields=200)
    except ValueError:
        return {}
    return {name: value[:512] for name, value in pairs if KEPT_PARAMETER.fullmatch(name) or name in kept}


def _path(given: Any, from_url: str) -> str:
    """The path that the client names, unless the address tells the same one with its route."""
    said = text(given)
    if said == from_url or not said:
        return from_url
    said = said_path(said)
    return from_url if from_url.partition("#")[0] == said else said or from_url


@remembered(20_000)
def said_path(said: str) -> str:
    """A path as a client writes it, normalised; virtual ones need no slash."""
    before, _, fragment = said.partition("#")
    return clean_path(before.partition("?")[0]) + (route(fragment)[0] if fragment else "")
