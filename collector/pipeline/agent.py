"""Says with which program a message was made: its user agent, and the client hints beside it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from collector.pipeline.context import Context, text
from store.event import Event

LONGEST_USER_AGENT = 512  # of which programs are told; every character costs microseconds
MOST_BRANDS = 10
BRAND = re.compile(r'"((?:[^"\\]|\\.)*)"\s*;\s*v\s*=')
# Chromium puts in a brand that means nothing, such as `Not/A)Brand`, so that nobody relies on the list.
GREASE = re.compile(r"[^a-z]*not[^a-z]*a[^a-z]*brand[^a-z]*", re.IGNORECASE)


class Hints(NamedTuple):
    """What `Sec-CH-UA`, `-Platform` and `-Mobile` say; `mobile` is None where they are silent."""

    brands: tuple[str, ...] = ()
    platform: str = ""
    mobile: bool | None = None


SILENT = Hints()


def user_agent(event: Event, context: Context) -> str:
    """The user agent that the message names, else that of the browser's own request."""
    said = context.given.get("userAgent")
    if said and (named := text(said, LONGEST_USER_AGENT)):
        return named
    return context.envelope.user_agent[:LONGEST_USER_AGENT] if event.side == "browser" else ""


def hints(event: Event, context: Context) -> Hints:
    """The hints in the message, else those of the request that a browser made itself."""
    data = context.given.get("userAgentData")
    if data and isinstance(data, dict):
        return _from_message(data)
    request = context.envelope.hints
    if not request or event.side != "browser":
        return SILENT
    named = context.given.get("userAgent")
    return _from_headers(request) if not named or named == context.envelope.user_agent else SILENT


def _from_message(data: dict[str, Any]) -> Hints:
    given = data.get("brands")
    listed = given[:MOST_BRANDS] if isinstance(given, list) else []
    names = (text(one.get("brand"), 64) for one in listed if isinstance(one, dict))
    mobile = data.get("mobile")
    return Hints(_real(names), text(data.get("platform"), 64), mobile if isinstance(mobile, bool) else None)


@lru_cache(maxsize=5_000)
def _from_headers(lines: str) -> Hints:
    """Read the three headers as the envelope holds them: one a line."""
    brands, mobile, platform = [*lines.split("\n"), "", ""][:3]
    return Hints(_real(BRAND.findall(brands)), platform.strip('" '), {"?1": True, "?0": False}.get(mobile))


def _real(names: Any) -> tuple[str, ...]:
    return tuple(name for name in names if name and not GREASE.fullmatch(name))
