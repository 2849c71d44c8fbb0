"""Takes the browser's word for which session the event belongs to."""

from __future__ import annotations

import msgspec

from collector.pipeline.context import Context, text
from store.event import Event


def session(event: Event, context: Context) -> Event:
    """The session key that the client sent; events without one are put into sessions by their times."""
    key = text(context.given.get("sessionId"), 128)
    return msgspec.structs.replace(event, session=key) if key else event
