"""Lets the user's `before_send` change or hold back a message, and believes it no more than it must."""

from __future__ import annotations

import json
import threading
from typing import Any

from ._errors import InvalidMessage
from ._options import BeforeSend
from ._values import encode, explain

FIXED = ("type", "messageId")


class HeldBack(Exception):
    """The hook returned None: this message is not to be sent."""


class HookFailed(Exception):
    """The hook raised or is not to be asked, so nobody knows what it would have taken out."""


class Hook:
    """Calls the user's function, but not for what that function itself tracks: there is no end to that."""

    def __init__(self, before_send: BeforeSend) -> None:
        self._before_send = before_send
        self._calling = threading.local()

    def revise(self, payload: bytes) -> bytes:
        """The message as the hook wants it; its type and id stay what they were."""
        message: dict[str, Any] = json.loads(payload)
        fixed = {name: message[name] for name in FIXED}
        revised = self._ask(message)
        if revised is None:
            raise HeldBack
        if not isinstance(revised, dict):
            kind = type(revised).__name__
            raise InvalidMessage(f"before_send must return a dictionary or None, not {kind}")
        return encode({**revised, **fixed}).encode("utf-8", "replace")

    def _ask(self, message: dict[str, Any]) -> object:
        if getattr(self._calling, "is_on", False):
            raise HookFailed("before_send may not track")
        self._calling.is_on = True
        try:
            return self._before_send(message)
        except (Exception, SystemExit) as error:
            raise HookFailed(f"before_send raised {type(error).__name__}") from error
        finally:
            self._calling.is_on = False


def blame(error: Exception) -> str:
    """Why there is nothing to send, in words that hold nothing of the message itself."""
    return str(error) if isinstance(error, HookFailed) else f"before_send: {explain(error)}"
