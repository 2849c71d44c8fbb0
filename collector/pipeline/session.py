"""Takes the client's word for which session the event belongs to; a server may hand on a browser's."""

from __future__ import annotations

from collector.pipeline.context import Context, text
from store.event import Event
from store.identity.identifiers import usable


def session(event: Event, context: Context) -> Event:
    """The session key that the client sent; events without one are put into sessions by their times."""
    given = context.given.get("sessionId")
    if given:
        event.session = usable(text(given, 128))
    return event
