"""What may arrive: a body holds messages, and each message gets its verdict."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import msgspec

from collector.errors import Refusal
from collector.limits import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES, EVENT_DEPTH, too_large
from collector.moments import moment

TYPES = ("track", "page", "screen", "identify", "alias", "group")
IDS = ("messageId", "userId", "anonymousId", "groupId", "previousId", "event", "name")
OBJECTS = ("context", "properties", "traits")
TIMES = ("timestamp", "originalTimestamp")  # the first that is given counts
# Fields that mean something to these types only; on others they refuse nothing, whatever they hold.
MEANT_FOR = {"event": ("track",), "name": ("page", "screen"), "groupId": ("group",), "previousId": ("alias",)}

Message = dict[str, Any]


class Fault(Exception):
    """Why one event is not accepted."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


class Rejection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict on one event that is not accepted, as the client sees it."""

    index: int
    message_id: str
    code: str
    field: str
    message: str


class Verdicts(msgspec.Struct):
    """What becomes of the messages of one request; each rejection stands beside what was sent."""

    accepted: list[Any] = msgspec.field(default_factory=list)
    rejected: list[tuple[Rejection, Any]] = msgspec.field(default_factory=list)


def judged(
    kind: str, body: Message, size: int, sizes: list[int] | None = None, deep: frozenset[int] = frozenset()
) -> Verdicts:
    """Sort the messages of a body of `size` bytes into accepted and rejected ones.

    `sizes` are the bytes of the messages one by one, where they are known: what is surely small enough need
    not be measured. `deep` are the places of those that were nested too deeply and are not whole.
    """
    sent, shared = _sent(kind, body)
    verdicts = Verdicts()
    suspects = _suspects(shared, size, sizes if sizes and len(sizes) == len(sent) else None)
    for index, (message, must_measure) in enumerate(zip(sent, suspects, strict=False)):
        try:
            checked = _checked(message, shared, must_measure)
            if index in deep:
                raise Fault("too_deep", "", f"an event may be nested {EVENT_DEPTH} levels deep")
            verdicts.accepted.append(checked)
        except Fault as fault:
            verdicts.rejected.append((_rejection(index, message, fault), message))
    return verdicts


def _suspects(shared: Message, size: int, sizes: list[int] | None) -> Iterable[bool]:
    """For each message whether it may be too large, with what is shared."""
    room = EVENT_BYTES - (_size(shared) if shared else 0)
    if size <= room:
        return repeat(False)
    return [one > room for one in sizes] if sizes else repeat(True)


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))


def _sent(kind: str, body: Message) -> tuple[list[Any], Message]:
    """The messages of a request, and the fields that it gives for all of them."""
    body.pop("writeKey", None)  # server keys are secret: they must not be kept with the event
    if kind != "batch":
        return [{**body, "type": kind}], {}
    sent = body.get("batch")
    if not isinstance(sent, list):
        raise Refusal(400, "missing_batch", "`batch` must be a list of events")
    shared = {n: body[n] for n in ("context", "integrations") if isinstance(body.get(n), dict) and body[n]}
    # What is shared counts once for every event: each of them will be kept with it.
    if len(sent) > BATCH_EVENTS or (shared and _size(shared) * len(sent) > BATCH_BYTES):
        raise too_large()
    return sent, shared


def _checked(message: Any, shared: Message, must_measure: bool) -> Message:
    """The message with tidy ids and a message id; raises Fault. What it does not know it leaves as it is."""
    if type(message) is not dict:
        raise Fault("bad_type", "", "an event must be a JSON object")
    message.pop("writeKey", None)
    for name in OBJECTS:
        if name in message and type(message[name]) is not dict:
            _remove_nothing(message, name)
    for name, fields in shared.items():
        message[name] = _merged(fields, message.get(name))
    if must_measure and _size(message) > EVENT_BYTES:
        raise Fault("too_large", "", f"an event may hold {EVENT_BYTES} bytes")
    for name in IDS:
        if name in message:
            value = message[name]
            if type(value) is not str or not value or value.isspace():
                _tidy_id(message, name)
    for name in TIMES:
        if name in message and _gives_time(message, name):
            break
    _check_needs(message)
    if "messageId" not in message:
        message["messageId"] = str(uuid.uuid4())
    return message


def _merged(shared: Message, own: Any) -> Message:
    """What a batch says of all its events; an event's own word counts more."""
    return {**shared, **own} if isinstance(own, dict) else shared


def _tidy_id(message: Message, name: str) -> None:
    """Ids given as numbers become text; null and blanks mean absent."""
    value = message[name]
    if value is None or isinstance(value, str):
        del message[name]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        message[name] = str(int(value)) if value == int(value) else str(value)
    elif message.get("type") in MEANT_FOR.get(name, TYPES):
        raise Fault("bad_type", name, f"`{name}` must be text or a number")


def _remove_nothing(message: Message, name: str) -> None:
    """Null means absent, and so does what some languages make of an empty object: an empty list or text."""
    if message[name] not in (None, [], ""):
        raise Fault("bad_type", name, f"`{name}` must be a JSON object")
    del message[name]


def _gives_time(message: Message, name: str) -> bool:
    """Whether the field gives the event's time; null and blanks mean absent."""
    value = message[name]
    if value is None or value == "" or (isinstance(value, str) and value.isspace()):
        del message[name]
        return False
    try:
        moment(value)
    except (ValueError, OverflowError):
        text = "must be ISO 8601 text or a number of seconds or milliseconds since 1970"
        raise Fault("bad_timestamp", name, f"`{name}` {text}") from None
    return True


def _check_needs(message: Message) -> None:
    kind = message.get("type")
    if kind not in TYPES:
        raise Fault("bad_type", "type", f"`type` must be one of {', '.join(TYPES)}")
    if "userId" not in message and "anonymousId" not in message:
        raise Fault("missing_identity", "anonymousId", "an event needs a `userId` or an `anonymousId`")
    if kind == "track" and "event" not in message:
        raise Fault("missing_event", "event", "a track event needs a name in `event`")
    if kind == "group" and "groupId" not in message:
        raise Fault("missing_group", "groupId", "a group event needs a `groupId`")
    if kind == "alias" and "previousId" not in message and not {"userId", "anonymousId"} <= message.keys():
        raise Fault("missing_previous", "previousId", "an alias event needs a `userId` and a `previousId`")


def _rejection(index: int, message: Any, fault: Fault) -> Rejection:
    given = message.get("messageId") if type(message) is dict else None
    message_id = str(given)[:200] if isinstance(given, str | int) else ""
    return Rejection(
        index=index, message_id=message_id, code=fault.code, field=fault.field, message=fault.message
    )
