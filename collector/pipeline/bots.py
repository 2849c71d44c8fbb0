"""Marks what robots send. Nothing is thrown away; reports leave marked events out."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from collector.pipeline.agent import hints, user_agent
from collector.pipeline.context import Context
from collector.pipeline.place import client_address
from store.event import Event

# Browsers without a window and programs that drive browsers, as they name themselves.
DRIVEN = re.compile(
    r"Headless|PhantomJS|SlimerJS|HtmlUnit|jsdom|Nightmare|Cypress|Puppeteer|Playwright|Selenium|WebDriver",
    re.IGNORECASE,
)
NAMELESS = ("no-user-agent",)
# They fetch the pictures of a mail when a person opens it, so the pixel counts that person.
MAIL_PROXY = ("mail-proxy",)
MAIL_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy")


def bots(event: Event, context: Context) -> Event:
    """Only browsers are judged: a server's own name is no visitor's."""
    if event.side != "browser" or context.envelope.history:
        return event
    if reasons := _reasons(event, context):
        event.is_bot = True
        event.marks += tuple(f"bot:{one}" for one in reasons)
    return event


def _reasons(event: Event, context: Context) -> tuple[str, ...]:
    agent = user_agent(event, context)
    reasons = named(agent) if agent else NAMELESS
    if reasons is MAIL_PROXY:
        return ()
    brands = hints(event, context).brands
    if brands and _is_driven(brands) and "headless" not in reasons:
        reasons += ("headless",)
    if context.given.get("webdriver") is True:
        reasons += ("webdriver",)
    if context.decided.rules.data_centres and _is_in_data_centre(event, context):
        reasons += ("data-centre",)
    return reasons


def _is_in_data_centre(event: Event, context: Context) -> bool:
    known = context.tools.data_centres
    return known.is_given and known.find(client_address(event, context))


@lru_cache(maxsize=5_000)
def _is_driven(brands: tuple[str, ...]) -> bool:
    return any(map(DRIVEN.search, brands))


@lru_cache(maxsize=20_000)
def named(agent: str) -> tuple[str, ...]:
    """What a user agent gives away: its name in the list crawler-user-agents, and whether it is driven.

    MAIL_PROXY for one that does what a person wants.
    """
    if MAIL_PROXIES.search(agent):
        return MAIL_PROXY
    found = _any_robot().search(agent)
    name = re.sub(r"[^a-z0-9.-]+", " ", found.group().lower()).strip() if found else ""
    return (*([name] if name else []), *(["headless"] if DRIVEN.search(agent) else []))


@cache
def _any_robot() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{robot['pattern']})" for robot in CRAWLER_USER_AGENTS_DATA))
