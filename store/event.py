"""The row that travels down the river; its fields are the columns of the event table."""

from __future__ import annotations

import hashlib

import msgspec


class Event(msgspec.Struct, kw_only=True, gc=False):
    """One event. Times are whole milliseconds since 1970 in UTC; empty text means not known.

    The steps of the pipeline fill it in; behind them nobody changes it (decision 0008).
    """

    project: int
    event_id: bytes
    message_id: str
    type: str
    event: str = ""
    timestamp: int
    received_at: int
    sequence: int = 0
    anonymous_id: str = ""
    user_id: str = ""
    identity: int = 0
    group_id: str = ""
    session: str = ""
    side: str = ""
    library: str = ""
    url: str = ""
    host: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""
    referrer_host: str = ""
    channel: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    click_id: str = ""
    device: str = ""
    browser: str = ""
    os: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    locale: str = ""
    timezone: str = ""
    ip: str = ""
    is_bot: bool = False
    marks: tuple[str, ...] = ()
    properties: str = "{}"
    traits: str = "{}"
    context: str = "{}"


def event_id(message_id: str) -> bytes:
    """The 16 bytes that name an event: equal for every copy of one message."""
    return hashlib.blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def mark_of(batch: str) -> int:
    """The number under which the event store keeps which messages a batch counted."""
    return int.from_bytes(hashlib.blake2b(batch.encode(), digest_size=8).digest(), "big")


def identity_hash(kind: str, value: str) -> int:
    """The positive 63-bit number that names an identity; `kind` is `user` or `anonymous`."""
    digest = hashlib.blake2b(f"{kind}:{value}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 or 1
