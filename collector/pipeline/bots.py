"""Marks what robots send. Nothing is thrown away; reports leave marked events out."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from collector.pipeline.context import Context, text
from store.event import Event


def bots(event: Event, context: Context) -> Event:
    """Only browsers are judged: a server's own name is no visitor's."""
    if event.side != "browser" or context.envelope.history:
        return event
    name = robot(text(context.given.get("userAgent")) or context.envelope.user_agent)
    if not name:
        return event
    return msgspec.structs.replace(event, is_bot=True, marks=(*event.marks, f"bot:{name}"))


@lru_cache(maxsize=20_000)
def robot(user_agent: str) -> str:
    """The name of the robot that calls itself so, by the kept list crawler-user-agents; else empty."""
    found = _any_robot().search(user_agent)
    return re.sub(r"[^a-z0-9.-]+", " ", found.group().lower()).strip() if found else ""


@cache
def _any_robot() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{robot['pattern']})" for robot in CRAWLER_USER_AGENTS_DATA))
