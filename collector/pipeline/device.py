"""Says with what the customer came: device, browser, operating system."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import user_agents

from collector.pipeline.context import Context, text
from store.event import Event


def device(event: Event, context: Context) -> Event:
    """From the user agent that the message names, or the browser's own request."""
    user_agent = text(context.given.get("userAgent"))
    if not user_agent and event.side == "browser":
        user_agent = context.envelope.user_agent
    if not user_agent:
        return event
    kind, browser, system = families(user_agent)
    return msgspec.structs.replace(event, device=kind, browser=browser, os=system)


@lru_cache(maxsize=20_000)
def families(user_agent: str) -> tuple[str, str, str]:
    """Kind of device, browser and operating system, without versions."""
    parsed = user_agents.parse(user_agent)
    kinds = (("tablet", parsed.is_tablet), ("mobile", parsed.is_mobile), ("desktop", parsed.is_pc))
    kind = next((name for name, holds in kinds if holds), "other")
    return kind, _known(parsed.browser.family), _known(parsed.os.family)


def _known(family: str) -> str:
    return "" if family == "Other" else family
