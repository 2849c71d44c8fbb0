"""Reads the collector's answer: what became of each message, and whether to send again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from time import time
from typing import Any, Union

from ._errors import DeliveryError, RequestRefused, one_line
from ._transport import Response

MAX_RETRY_AFTER = 3600.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
OK = 200
PASSING_REFUSALS = {408, 429}
BAD_REQUEST = 400
TURNED_AWAY = {401, 403, 404, 405}
TURNED_AWAY_SECONDS = 10.0
TOO_LARGE = 413
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
    """The collector will not take this batch, now or later; perhaps because of one message in it."""

    error: RequestRefused

    @property
    def may_be_one(self) -> bool:
        """Whether fewer messages at once may show that only one of them is refused."""
        return self.error.status == BAD_REQUEST


@dataclass(frozen=True)
class TryAgain:
    """Not delivered, perhaps later. `not_before` is in seconds from now.

    `is_outage` is false where the batch itself may be what the collector stumbles over.
    """

    error: DeliveryError
    not_before: float = 0.0
    is_outage: bool = True


@dataclass(frozen=True)
class TurnedAway(TryAgain):
    """The key or the address is not right, for which no message is to blame; somebody may mend that."""


@dataclass(frozen=True)
class TooLarge(TryAgain):
    """The request as a whole is too large, for a proxy perhaps: fewer messages at once may pass."""


Verdict = Union[Taken, Refused, TryAgain]


def judge(response: Response, count: int) -> Verdict:
    """What this answer means for the `count` messages of the batch that was sent."""
    reply = _reply(response.body)
    error = RequestRefused(response.status, _words(reply, "code"), _words(reply, "message"))
    if error.code == "all_rejected":
        whole = Rejection(error.code, "", error.message)
        return Taken(dict.fromkeys(range(count), whole) | _rejections(reply, count))
    if response.status == OK and reply.get("success") is True:
        rejected = _rejections(reply, count)
        if _adds_up(reply, len(rejected), count):
            return Taken(rejected)
        return TryAgain(RequestRefused(OK, "wrong_count", "the answer does not add up"), is_outage=False)
    if response.status < 400:
        # A proxy's or another server's page. Only the collector's own words may end a message's life.
        return TryAgain(
            RequestRefused(response.status, "not_a_collector", "is host the collector's address?")
        )
    if response.status == TOO_LARGE and (count > 1 or not error.code):
        return TooLarge(error, is_outage=False)
    if response.status in TURNED_AWAY and error.code:
        return TurnedAway(error, TURNED_AWAY_SECONDS)
    if response.status < 500 and response.status not in PASSING_REFUSALS:
        # An ingress without a route, or a firewall that dislikes what is in the batch.
        return Refused(error) if error.code else TryAgain(error, is_outage=False)
    return TryAgain(error, _retry_after(response), is_outage=response.status not in STUMBLES)


def _adds_up(reply: Mapping[str, Any], rejected: int, count: int) -> bool:
    accepted = reply.get("accepted")
    return type(accepted) is not int or accepted + rejected == count


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
    return one_line(value) if isinstance(value, str) else ""


def _retry_after(response: Response) -> float:
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:10]), MAX_RETRY_AFTER)
    return min(max(0.0, _http_date(value) - time()), MAX_RETRY_AFTER)


def _http_date(value: str) -> float:
    """Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`; 0 if it is nothing of the kind."""
    found = HTTP_DATE.fullmatch(value)
    if not found or found[2] not in MONTHS:
        return 0.0
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        moment = datetime(
            year, MONTHS.index(found[2]) + 1, day, hour, minute, min(second, 59), tzinfo=timezone.utc
        )
    except ValueError:
        return 0.0
    return moment.timestamp()
