"""Makes a captured request fit to keep: without what differs from run to run and from machine to machine.

The captures in `tests/contract/` let the collector be tested against the libraries without running them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.clients.relay import Capture
from tests.clients.sending import Sent, milliseconds

START = 1_759_999_400_123  # takes the place of the first time that was given to the library
SENT = 1_759_999_999_500  # takes the place of every time that the library read from the clock
KEY = "THE_WRITE_KEY"
KEPT = Path(__file__).parents[1] / "contract"
KEPT_HEADERS = ("Content-Type", "Content-Encoding", "User-Agent", "Origin")
SHOP = "https://shop.example"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def request_of(capture: Capture, sent: Sent, *, side: str) -> dict[str, Any]:
    """The request of a contract case."""
    headers = {name.lower(): value for name, value in capture.headers.items()}
    body = capture.body
    ids = {one["messageId"]: f"message-{n}" for n, one in enumerate(capture.messages, 1)}
    tidy = _Tidy(sent, ids, headers.get("origin", "nowhere"), body.get("writeKey") or "no key in the body")
    return {
        "path": urlsplit(capture.path).path,
        "key": side,
        "key_in": "basic",
        "headers": {n: tidy.text("", headers[n.lower()]) for n in KEPT_HEADERS if n.lower() in headers},
        "body": tidy.value("", body),
    }


def assert_kept(name: str, request: dict[str, Any], place: Path) -> None:
    """The contract case of this name has this request; else a file to take it from is written."""
    path = KEPT / f"{name}.json"
    kept = json.loads(path.read_text())["request"] if path.exists() else None
    new = place / path.name
    new.write_text(json.dumps({"request": request}, indent=2, ensure_ascii=False))
    assert kept == request, f"the library sends something else; if that is right, take the request from {new}"


class _Tidy:
    """Replaces values all through a body, by their key or by what they say."""

    def __init__(self, sent: Sent, ids: Mapping[str, str], origin: str, key: str) -> None:
        self._sent = sent
        self._words = {**ids, f"{sent.who}-": "", origin: SHOP, key: KEY}

    def value(self, name: str, value: Any) -> Any:
        if name == "userAgentData":  # says which browser this machine has
            return {"brands": [{"brand": "Chromium", "version": "140"}], "mobile": False, "platform": "Linux"}
        if isinstance(value, dict):
            return {key: self.value(key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(name, one) for one in value]
        return self.text(name, value) if isinstance(value, str) else value

    def text(self, name: str, text: str) -> str:
        if name in ("timestamp", "originalTimestamp", "sentAt"):
            return self._time(text)
        if name == "nodeVersion":
            return "v20.0.0"
        for word, other in self._words.items():
            text = text.replace(word, other)
        return UUID.sub("a-device-of-the-library", text) if name == "anonymousId" else text

    def _time(self, text: str) -> str:
        """A fixed time in the library's own way of writing."""
        since = milliseconds(text) - self._sent.start
        at = START + since if since >= 0 and since % 1001 == 0 and since < 10_000 else SENT
        date, _, rest = text.partition(".")
        shown = datetime.fromtimestamp(at // 1000, UTC).isoformat()[: len(date)]
        digits = rest[: -len("Z" if rest.endswith("Z") else "+00:00")]
        return f"{shown}.{at % 1000:03}".ljust(len(date) + 1 + len(digits), "0") + rest[len(digits) :]
