"""Traffic as a live site makes it: the demo company's messages, of many customers at once, happening now."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from random import Random
from typing import Any

import msgspec

from collector.pipeline.context import text
from server.demo import messages as demo_messages
from store.inbox import Envelope

Message = dict[str, Any]
EVENTS_PER_CUSTOMER = 20
CROWD = 2  # times as many customers as are needed: in a moment few of them do all they ever do
SERVER_BATCH = 20


def messages(count: int, *, per_second: float = 1_000, seed: int = 7) -> list[Message]:
    """Messages of a company whose customers are all active at once, up to the present moment.

    Each customer's messages keep their order; the customers' ones are shuffled into each other.
    """
    now = datetime.now(UTC)
    customers = max(200, CROWD * count // EVENTS_PER_CUSTOMER)
    stream = demo_messages(seed=seed, now=now, customers=customers)
    by_customer = [list(group) for _, group in groupby(stream, key=_whose)]
    turns = [number for number, mine in enumerate(by_customer) for _ in mine]
    Random(seed).shuffle(turns)
    waiting = [iter(mine) for mine in by_customer]
    start = now.timestamp() - count / per_second
    return [_at(next(waiting[turn]), start + place / per_second) for place, turn in enumerate(turns[:count])]


def envelopes(project: int, some: list[Message]) -> Iterator[Envelope]:
    """Each browser message in a request of its own; those of servers in batches."""
    held: list[Message] = []
    for message in some:
        if not is_from_browser(message):
            held.append(message)
            if len(held) < SERVER_BATCH:
                continue
        mine, held = ([message], held) if is_from_browser(message) else (held, [])
        yield _envelope(project, mine)
    if held:
        yield _envelope(project, held)


def single_requests(some: list[Message], keys: Mapping[str, str]) -> list[bytes]:
    """HTTP requests of one event each, with the key of the browser or of the server."""
    return [_post(f"/v1/{one['type']}", one, keys[_key(one)], _user_agent(one)) for one in some]


def batch_requests(
    some: list[Message], keys: Mapping[str, str], size: int, *, tells: bool = False
) -> list[bytes]:
    """HTTP requests of `size` events each, as a server's client library sends them.

    One that `tells` says along with each batch what it has counted, as our SDK does.
    """
    batches = [some[start : start + size] for start in range(0, len(some) - size + 1, size)]
    return [
        _post(
            "/v1/batch",
            {"batch": one, "health": _health(place * size)} if tells else {"batch": one},
            keys["server_key"],
            "waywiser-python",
        )
        for place, one in enumerate(batches, start=1)
    ]


def _health(count: int) -> Message:
    """What a client has counted that has sent so many messages."""
    numbers = {
        "enqueued": count,
        "waiting": 50,
        "sent": count - 50,
        "retried": 0,
        "spooled": 0,
        "recovered": 0,
    }
    about = {"service": "billing", "stream": "6b7cf1c2-2f55-4c5f-9d4e-", "sdk": "waywiser-python/0.1.0"}
    return {**about, **numbers, "dropped": {"queue_full": 2}}


def is_from_browser(message: Message) -> bool:
    """Whether the browser library sent it."""
    return str(message["context"]["library"]["name"]) == "waywiser-js"


def bare_requests() -> list[bytes]:
    """The shortest request there is, without a body."""
    return [b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]


def _envelope(project: int, mine: list[Message]) -> Envelope:
    last = mine[-1]
    return Envelope(
        project=project,
        received_at=int(datetime.fromisoformat(last["timestamp"]).timestamp() * 1000),
        side="browser" if is_from_browser(last) else "server",
        ip="203.0.113.0",
        user_agent=_user_agent(last),
        messages=mine,
    )


def _key(message: Message) -> str:
    return "write_key" if is_from_browser(message) else "server_key"


def _whose(message: Message) -> object:
    return message.get("userId") or message.get("anonymousId")


def _at(message: Message, seconds: float) -> Message:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return {**copy.deepcopy(message), "timestamp": moment}


def _user_agent(message: Message) -> str:
    return text(message["context"].get("userAgent")) or "waywiser-python"


def _post(path: str, body: Message, key: str, user_agent: str) -> bytes:
    packed = msgspec.json.encode(body)
    token = b64encode(f"{key}:".encode()).decode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"User-Agent: {user_agent}",
        f"Authorization: Basic {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(packed)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + packed
