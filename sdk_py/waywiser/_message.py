"""Makes one message: checks what the caller gave and writes it as JSON bytes of the Segment tracking spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from numbers import Integral
from typing import Any, Callable, Union
from uuid import UUID, uuid4

from . import _process
from ._context import EMPTY, Context, current_context
from ._errors import InvalidMessage
from ._values import encode, now_text, utc_text
from ._version import __version__

Id = Union[str, int, UUID]

LIBRARY = encode({"name": "waywiser-python", "version": __version__})
REQUIRED = {
    "track": ("event",),
    "page": (),
    "screen": (),
    "identify": ("userId",),
    "alias": ("userId", "previousId"),
    "group": ("groupId",),
}
ARGUMENTS = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "previousId": "previous_id",
    "groupId": "group_id",
}


class Composer:
    """Writes messages, each with an id and a sequence number that no other process shares.

    The id has the form of a UUID 4: its first 24 characters are random and name this client in this process,
    the last 12 are the sequence. That is as unique as a random UUID needs to be, and much cheaper.
    """

    def __init__(self) -> None:
        self.after_fork()
        _process.watch_fork(self)

    def after_fork(self) -> None:
        """Begin a stream of its own: a child that went on counting would repeat its parent's ids."""
        self.stream = str(uuid4())[:24]
        self._sequence = count(1)

    def compose(
        self,
        kind: str,
        fields: dict[str, object],
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> bytes:
        """Return the message; raise InvalidMessage, or what the encoder raises for values it cannot write.

        Every call takes a number, also one that fails: a gap in the sequence is a message that was lost.
        """
        sequence = next(self._sequence)
        around = _around(fields)
        body = encode(_checked(kind, fields))
        message = f"{self.stream}{sequence:012x}" if message_id is None else _text(message_id, "message_id")
        text = (
            f'{{"type":"{kind}","messageId":{encode(message)},"timestamp":"{_moment(timestamp)}",'
            f'"context":{{"library":{LIBRARY},"sequence":{sequence}{_context(context, around)}}},{body[1:]}'
        )
        # A lone surrogate (from a file name, say) has no UTF-8 form; it must not cost the message.
        return text.encode("utf-8", "replace")


def _checked(kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    body: dict[str, object] = {}
    for name, value in fields.items():
        if value is not None and not (isinstance(value, str) and (not value or value.isspace())):
            body[name] = CHECKS[name](value, name)
    for name in REQUIRED[kind]:
        if name not in body:
            raise InvalidMessage(f"{ARGUMENTS.get(name, name)} is missing")
    if "userId" not in body and "anonymousId" not in body:
        raise InvalidMessage("user_id or anonymous_id is missing")
    return body


def _text(value: object, name: str) -> str:
    if isinstance(value, str) and value and not value.isspace():
        return value
    raise InvalidMessage(f"{name} must be text that is not empty, not {type(value).__name__}")


def _identifier(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, Integral)) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, UUID):
        return str(value)
    raise InvalidMessage(
        f"{ARGUMENTS[name]} must be text, a whole number or a UUID, not {type(value).__name__}"
    )


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise InvalidMessage(f"{name} must be a mapping, not {type(value).__name__}")


def _moment(value: datetime | None) -> str:
    if value is None:
        return now_text()
    if isinstance(value, datetime) and value == value:  # pandas' NaT is not
        return utc_text(value)
    raise InvalidMessage(f"timestamp must be a datetime, not {type(value).__name__}")


def _around(fields: dict[str, object]) -> Context:
    around = current_context()
    if around is EMPTY or not around.is_about(fields):
        return EMPTY
    # An alias is about two users, so no visitor of the moment is added to it.
    if "anonymousId" in fields:
        fields["userId"] = fields["userId"] or around.user_id
        fields["anonymousId"] = fields["anonymousId"] or around.anonymous_id
    return around


def _context(value: Mapping[str, Any] | None, around: Context) -> str:
    inner = around.text
    if value is not None:
        given = around.merged(_mapping(value, "context")).items()
        inner = encode({key: item for key, item in given if key not in ("library", "sequence")})[1:-1]
    return f",{inner}" if inner else ""


CHECKS: dict[str, Callable[[object, str], object]] = {
    "event": _text,
    "name": _text,
    "userId": _identifier,
    "anonymousId": _identifier,
    "previousId": _identifier,
    "groupId": _identifier,
    "properties": _mapping,
    "traits": _mapping,
}
