"""Drops what customers did who were erased, so that no replay, import or old cookie brings them back."""

from __future__ import annotations

from typing import Any

from collector.pipeline.context import Context, text
from collector.pipeline.drop import Drop, Reason
from store.drops import DropRow
from store.event import Event, identity_hash
from store.identity import Link
from store.inbox import Envelope
from store.privacy.suppression import Suppressed


def erased(event: Event, context: Context) -> Event:
    """Whose event it is decides; an erased id that somebody else's event names besides is taken out of it."""
    suppressed = context.decided.suppressed
    if not suppressed:
        return event
    links = [link for link in context.links if not _names(link, suppressed)]
    is_recognised = not event.user_id and len(links) < len(context.links)
    if is_recognised or suppressed.has(event.identity):
        raise Drop(Reason.ERASED, "this customer was erased; only this line is kept of the event")
    context.links[:] = links
    if event.user_id and event.anonymous_id and suppressed.has(_browser(event)):
        event.anonymous_id = ""
    return event


def remains(envelope: Envelope, message: Any, drop: Drop) -> DropRow:
    """What is kept of an event that is dropped as erased: enough to count it, and nothing of what it says."""
    given = message.get("context") if isinstance(message, dict) else None
    context = given if isinstance(given, dict) else {}
    counted: dict[str, Any] = {"sequence": context["sequence"]} if "sequence" in context else {}
    if isinstance(library := context.get("library"), dict):
        counted["library"] = {name: text(library.get(name), 100) for name in ("name", "version")}
    return DropRow(
        project=envelope.project,
        received_at=envelope.received_at,
        place="pipeline",
        code=drop.reason,
        message=drop.message,
        original={"message": {"context": counted}},
    )


def _browser(event: Event) -> int:
    return identity_hash("anonymous", event.anonymous_id)


def _names(link: Link, suppressed: Suppressed) -> bool:
    return suppressed.has(link.a.hash) or suppressed.has(link.b.hash)
