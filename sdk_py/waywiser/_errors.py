"""What can go wrong.

After construction nothing here is ever raised at the caller: delivery errors are handed to `on_error`.

    WaywiserError
    ├── InvalidMessage        a call was refused before queueing (internal; becomes a `Drop`)
    └── DeliveryError         one request did not bring its messages to the collector
        ├── ConnectionFailed  no answer came; the batch is sent again
        └── RequestRefused    an answer came, but not a success; `status` tells which
"""

from __future__ import annotations

MAX_WORDS = 500


class WaywiserError(Exception):
    """The root of every error of this library."""


class InvalidMessage(WaywiserError):
    """A call whose arguments cannot become a message; its text names the argument, never its value."""


class DeliveryError(WaywiserError):
    """One request that did not bring its messages to the collector."""


class ConnectionFailed(DeliveryError):
    """No answer came: no connection, a broken one, or none in time. A transport raises it; it is retried."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class RequestRefused(DeliveryError):
    """An answer came that is not a collector's success.

    `status` is the HTTP status, `code` and `message` are the collector's own words (`""` where it gave none).
    """

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(f"the collector answered {status} {code}: {message}".rstrip(": "))
        self.status = status
        self.code = code
        self.message = message


def one_line(text: str) -> str:
    """What somebody else has written, for a log: short, and nothing that could pass for a new line."""
    return "".join(each if each.isprintable() else "?" for each in text[:MAX_WORDS])
