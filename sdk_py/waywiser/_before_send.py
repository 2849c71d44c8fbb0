"""Lets the user's `before_send` change or hold back a message, and believes it no more than it must."""

from __future__ import annotations

import json
from typing import Any

from ._errors import InvalidMessage
from ._options import BeforeSend
from ._values import encode, explain

FIXED = ("type", "messageId")


class HeldBack(Exception):
    """The hook returned None: this message is not to be sent."""


class HookFailed(Exception):
    """The hook raised, so nobody knows what it would have taken out."""


def revise(payload: bytes, before_send: BeforeSend) -> bytes:
    """The message as the hook wants it; its type and id stay what they were."""
    message: dict[str, Any] = json.loads(payload)
    fixed = {name: message[name] for name in FIXED}
    try:
        revised = before_send(message)
    except Exception as error:
        raise HookFailed(type(error).__name__) from error
    if revised is None:
        raise HeldBack
    if not isinstance(revised, dict):
        raise InvalidMessage(f"before_send must return a dictionary or None, not {type(revised).__name__}")
    return encode({**revised, **fixed}).encode("utf-8", "replace")


def blame(error: Exception) -> str:
    """Why there is nothing to send, in words that hold nothing of the message itself."""
    return (
        f"before_send raised {error}" if isinstance(error, HookFailed) else f"before_send: {explain(error)}"
    )
