"""Says with what the customer came: device, browser, operating system."""

from __future__ import annotations

from functools import lru_cache

import user_agents

from collector.pipeline.agent import SILENT, Hints, hints, user_agent
from collector.pipeline.context import Context
from store.event import Event

Device = tuple[str, str, str]

# Brands of client hints, in the words that user agents are told in. Others leave the user agent's word.
BROWSERS = {
    "Google Chrome": "Chrome",
    "Microsoft Edge": "Edge",
    "Opera": "Opera",
    "Opera GX": "Opera",
    "Brave": "Brave",
    "Vivaldi": "Vivaldi",
    "Samsung Internet": "Samsung Internet",
    "YaBrowser": "Yandex Browser",
    "Yandex": "Yandex Browser",
    "Whale": "Whale",
    "DuckDuckGo": "DuckDuckGo",
    "HeadlessChrome": "HeadlessChrome",
}
SYSTEMS = {
    "Windows": "Windows",
    "macOS": "macOS",
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "Chromium OS": "Chrome OS",
    "iOS": "iOS",
}
NAMES = {"Other": "", "Mac OS X": "macOS"}  # what the parser's words are here
HANDHELD = {"Android", "iOS"}


def device(event: Event, context: Context) -> Event:
    """From the client hints where they were sent, and from the user agent."""
    agent, hinted = user_agent(event, context), hints(event, context)
    if not agent and hinted is SILENT:
        return event
    told = families(agent) if hinted is SILENT else _hinted(agent, hinted)
    event.device, event.browser, event.os = told
    return event


@lru_cache(maxsize=20_000)
def families(agent: str) -> Device:
    """Kind of device, browser and operating system by the user agent, without versions."""
    if not agent:
        return "", "", ""
    parsed = user_agents.parse(agent)
    kinds = (("tablet", parsed.is_tablet), ("mobile", parsed.is_mobile), ("desktop", parsed.is_pc))
    kind = next((name for name, holds in kinds if holds), "other")
    return kind, _named(parsed.browser.family), _named(parsed.os.family)


@lru_cache(maxsize=5_000)
def _hinted(agent: str, hinted: Hints) -> Device:
    """The same, where the hints know better: user agents are frozen, and some pretend to be another's."""
    kind, browser, system = families(agent)
    brand = next((BROWSERS[one] for one in hinted.brands if one in BROWSERS), "")
    if brand and not browser.startswith(brand):  # `Chrome Mobile` says more than `Chrome`
        browser = brand
    if hinted.platform in SYSTEMS:
        system = SYSTEMS[hinted.platform]
    elif not system and hinted.platform == "Linux":
        system = "Linux"  # a user agent may know which one
    if kind != "other" and hinted.mobile is not None:
        kind = "mobile" if hinted.mobile else "tablet" if system in HANDHELD else "desktop"
    return kind, browser, system


def _named(family: str) -> str:
    return NAMES.get(family, family)
