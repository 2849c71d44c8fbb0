"""Reads the collector's answer: what became of each message, and whether to send again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

from ._errors import DeliveryError, RequestRefused
from ._transport import Response

MAX_WORDS = 500
MAX_RETRY_AFTER = 3600.0
OK = 200
PASSING_REFUSALS = {408, 429}
STUMBLES = set(range(500, 600)) - {502, 503, 504}


@dataclass(frozen=True)
class Rejection:
    """Why the collector does not count one message."""

    code: str
    field: str
    message: str


@dataclass(frozen=True)
class Taken:
    """The collector has dealt with the batch; `rejected` is what it did not accept, by place in the batch."""

    rejected: Mapping[int, Rejection]


@dataclass(frozen=True)
class Refused:
    """The collector will not take this batch, now or later."""

    error: RequestRefused


@dataclass(frozen=True)
class TryAgain:
    """Not delivered, perhaps later. `not_before` is in seconds from now.

    `is_outage` is false where the batch itself may be what the collector stumbles over.
    """

    error: DeliveryError
    not_before: float = 0.0
    is_outage: bool = True


Verdict = Union[Taken, Refused, TryAgain]


def judge(response: Response, count: int) -> Verdict:
    """What this answer means for the `count` messages of the batch that was sent."""
    reply = _reply(response.body)
    error = RequestRefused(response.status, _words(reply, "code"), _words(reply, "message"))
    if error.code == "all_rejected":
        whole = Rejection(error.code, "", error.message)
        return Taken(dict.fromkeys(range(count), whole) | _rejections(reply, count))
    if response.status == OK and reply.get("success") is True:
        return Taken(_rejections(reply, count))
    if response.status < 400:
        # A proxy's or another server's page. Only the collector's own words may end a message's life.
        return TryAgain(
            RequestRefused(response.status, "not_a_collector", "is host the collector's address?")
        )
    if response.status < 500 and response.status not in PASSING_REFUSALS:
        return Refused(error)
    return TryAgain(error, _retry_after(response), is_outage=response.status not in STUMBLES)


def _reply(body: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return reply if isinstance(reply, dict) else {}


def _rejections(reply: Mapping[str, Any], count: int) -> dict[int, Rejection]:
    entries = reply.get("rejected")
    return {
        entry["index"]: Rejection(_words(entry, "code"), _words(entry, "field"), _words(entry, "message"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and type(entry.get("index")) is int and 0 <= entry["index"] < count
    }


def _words(reply: Mapping[str, Any], key: str) -> str:
    value = reply.get(key)
    return value[:MAX_WORDS] if isinstance(value, str) else ""


def _retry_after(response: Response) -> float:
    value = response.headers.get("retry-after", "").strip()
    return min(float(value), MAX_RETRY_AFTER) if value.isascii() and value.isdigit() else 0.0
