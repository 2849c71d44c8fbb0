"""Says where the visit came from: campaign, click id, referrer, or straight."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import Any

from collector.pipeline.channels import channel_of
from collector.pipeline.context import Context, text
from collector.pipeline.sites import CLICK_IDS, site
from store.event import Event
from store.rules import ChannelRule

# What some libraries write in `context.channel` says how they run, not where the customer was met.
TECHNICAL = {"", "browser", "client", "mobile", "server", "web"}
CAMPAIGN = {"source": "source", "medium": "medium", "name": "campaign", "term": "term", "content": "content"}
MEDIA = {"search": "organic", "mail": "email", "ai": "ai-assistant"}
PATTERNS = ("source", "medium", "campaign", "referrer")
STRAIGHT = {"source": "(direct)", "medium": "(none)"}  # as rules of the project may call it


def source(event: Event, context: Context) -> Event:
    """Source, medium, campaign and channel of an event that begins a visit; the others keep them empty."""
    given, found = context.given, {}
    click_id = None
    if context.query or "campaign" in given or "clickIds" in given:
        found, click_id = _campaign(context), _click_id(context)
    if click_id:
        found["click_id"] = "=".join(click_id)
    if not (found.get("source") or found.get("medium")):
        found |= _without_campaign(event, click_id)
    event.channel = _channel(event, context, found)
    for column, value in found.items():
        setattr(event, column, value)
    return event


def _campaign(context: Context) -> dict[str, Any]:
    """Campaign columns from what the client says, else from the address."""
    given = context.part("campaign") or {
        name.removeprefix("utm_").replace("campaign", "name"): value
        for name, value in context.query.items()
        if name.startswith("utm_")
    }
    if not given:
        return {}
    return {column: text(given[name], 256) for name, column in CAMPAIGN.items() if given.get(name)}


def _click_id(context: Context) -> tuple[str, str] | None:
    given = context.part("clickIds") or context.query
    for name in given:
        if name in CLICK_IDS and (value := text(given[name], 512)):
            return name, value
    return None


def _without_campaign(event: Event, click_id: tuple[str, str] | None) -> dict[str, str]:
    if click_id:
        name, medium = CLICK_IDS[click_id[0]]
        return {"source": name, "medium": medium}
    host = _referrer(event)
    if not host:
        return {}
    name, kind = site(host)
    return {"source": name or host.removeprefix("www."), "medium": MEDIA.get(kind, "referral")}


def _channel(event: Event, context: Context, found: dict[str, Any]) -> str:
    """The project's own rules before what the client says, and that before Google's groups."""
    is_landing = event.type == "page" and event.side == "browser" and not event.referrer_host
    if context.decided.rules.channels and (found or is_landing):
        asked = (found or STRAIGHT) | {"referrer": _referrer(event).removeprefix("www.")}
        for rule in context.decided.rules.channels:
            if follows(rule, asked):
                return rule.channel
    said = context.given.get("channel")
    if said is not None and (named := text(said, 64).strip()).lower() not in TECHNICAL:
        return named
    if found:
        return channel_of(*(found.get(name, "") for name in ("source", "medium", "campaign")))
    return "Direct" if is_landing else ""


def follows(rule: ChannelRule, visit: dict[str, str]) -> bool:
    """Whether all patterns that a rule gives match; one without any matches nothing."""
    given = [(name, pattern) for name in PATTERNS if (pattern := getattr(rule, name).strip())]
    return bool(given) and all(_pattern(pattern).match(visit.get(name, "")) for name, pattern in given)


@lru_cache(maxsize=1_000)
def _pattern(pattern: str) -> re.Pattern[str]:
    """Only `*` is special. What fnmatch makes of it never tries the same stretch twice."""
    plain = pattern.removeprefix("www.").replace("[", "[[]").replace("?", "[?]")
    return re.compile(translate(plain), re.IGNORECASE)


def _referrer(event: Event) -> str:
    """The host of another site that sent the visitor; a server's referrer is not the customer's."""
    host = event.referrer_host
    return "" if event.side == "server" or not host or is_same_site(host, event.host) else host


def is_same_site(one: str, other: str) -> bool:
    """Whether two hosts are one site: equal, or one a part of the other."""
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
