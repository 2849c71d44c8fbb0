"""Says on which page the event happened, and keeps of its address what is fit to keep."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from collector.pipeline.context import Context, text
from collector.pipeline.sites import CLICK_IDS
from store.event import Event

KEPT_PARAMETER = re.compile("utm_[a-z_]+|" + "|".join(CLICK_IDS))


class Address(NamedTuple):
    """The parts of an address. `url` is the address with only campaign parameters and no fragment."""

    url: str
    host: str
    path: str
    campaign: dict[str, str]


NOWHERE = Address("", "", "", {})


def page(event: Event, context: Context) -> Event:
    """Address, title and referrer from `context.page`; the properties of a page call say it more closely."""
    given = context.part("page")
    if event.type == "page":
        properties = context.message.get("properties")
        given = {**given, **properties} if isinstance(properties, dict) else given
    if not given:
        return event
    here = address(text(given.get("url"), 8192))
    search = text(given.get("search"), 8192)
    context.query = here.campaign or (address("?" + search.lstrip("?")).campaign if search else {})
    came_from = address(text(given.get("referrer"), 8192))
    return msgspec.structs.replace(
        event,
        url=here.url,
        host=here.host,
        path=_bare(text(given.get("path"))) or here.path,
        title=text(given.get("title"), 512),
        referrer=came_from.url,
        referrer_host=came_from.host,
    )


@lru_cache(maxsize=50_000)
def address(url: str) -> Address:
    """Take an address apart; what cannot be read is nowhere."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return NOWHERE
    campaign = dict(kept_parameters(parts.query)) if parts.query else {}
    if not host:
        return Address("", "", parts.path if parts.path.startswith("/") else "", campaign)
    place = f"{host}:{port}" if port else host
    query = f"?{urlencode(campaign)}" if campaign else ""
    return Address(f"{parts.scheme}://{place}{parts.path}{query}", host, parts.path or "/", campaign)


def kept_parameters(query: str) -> list[tuple[str, str]]:
    """The campaign parameters of a query; all others may be secrets."""
    try:
        pairs = parse_qsl(query, max_num_fields=200)
    except ValueError:
        return []
    return [(name, value[:512]) for name, value in pairs if KEPT_PARAMETER.fullmatch(name)]


def _bare(path: str) -> str:
    return path.split("?", 1)[0].split("#", 1)[0]
