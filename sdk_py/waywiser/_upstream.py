"""Passes a request on to the collector and its answer back, and lets nothing through that is not needed."""

from __future__ import annotations

import base64
import json
import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead
from time import monotonic
from typing import Callable
from urllib.parse import urlsplit
from weakref import finalize

from ._timed import HUNG_UP, TimedConnection
from ._visitor import COPY_COOKIE, own_cookies

CHUNK = 64 * 1024
MAX_ANSWER = 1024 * 1024
MAX_IDLE = 8
MAX_TARGET = 64 * 1024
RETRY_AFTER = "5"

PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?", re.ASCII)
QUERY = re.compile(r"[!-~]*", re.ASCII)
# Neither the site's cookies nor its credentials: a key is a Basic user name with an empty password.
ASKED = (
    *("Accept", "Accept-Encoding", "Access-Control-Request-Headers", "Access-Control-Request-Method"),
    *("Content-Encoding", "Content-Type", "DNT", "If-None-Match", "Origin", "Sec-CH-UA", "Sec-CH-UA-Mobile"),
    *("Sec-CH-UA-Platform", "Sec-Fetch-Site", "Sec-GPC", "User-Agent"),
)
ANSWERED = {
    *("access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods"),
    *("access-control-allow-origin", "access-control-expose-headers", "access-control-max-age", "allow"),
    *("cache-control", "content-encoding", "content-type", "cross-origin-resource-policy", "etag"),
    *("last-modified", "retry-after", "vary"),
}
# Anything else, a proxy's page for instance, would run as a page of the site itself.
HARMLESS = {"application/json", "application/javascript", "text/javascript", "text/plain", "image/gif"}


@dataclass(frozen=True)
class Ask:
    """A request to pass on. `length` is the body's, None where the sender did not say."""

    method: str
    path: str
    query: str
    header: Callable[[str], str | None]
    read: Callable[[int], bytes]
    length: int | None
    address: str | None
    scheme: str


@dataclass(frozen=True)
class Answer:
    """What to say to whoever asked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: tuple[str, ...] = ()


class Upstream:
    """The way to one collector: open connections, a time limit and size limits. Follows no redirects."""

    def __init__(self, host: str, timeout: float, max_body: int) -> None:
        parts = urlsplit(host)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("host must be the collector's address, such as https://waywiser.example.com")
        if not timeout > 0 or max_body < 1:
            raise ValueError("timeout and max_body must be above 0")
        self._connection = TimedConnection.to(parts)
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout
        self._max_body = max_body
        self._idle: deque[TimedConnection] = deque()
        self._pid = os.getpid()
        finalize(self, _close_all, self._idle)

    def answer(self, ask: Ask) -> Answer:
        """What the collector says, or in its words that it could not be asked."""
        if len(ask.path + ask.query) > MAX_TARGET or not PATH.fullmatch(ask.path):
            return failure(404, "not_found", "there is nothing here; events go to POST v1/batch")
        if not QUERY.fullmatch(ask.query):
            return failure(400, "bad_query", "the query string holds characters that it may not")
        if (ask.length or 0) > self._max_body:
            return self._too_large()
        # Most bodies are here as a whole before a connection is taken, however slowly they come.
        first = _filled(
            ask.read, min(CHUNK, self._max_body) if ask.length is None else min(CHUNK, ask.length)
        )
        try:
            return self._asked(ask, first)
        except _TooLarge:
            return self._too_large()
        except _Incomplete:
            return failure(400, "incomplete_body", "the body ended before its announced length")
        except (OSError, HTTPException):
            message = "the collector cannot be reached at the moment; send the events again later"
            return failure(503, "collector_unreachable", message, {"Retry-After": RETRY_AFTER})
        except ValueError:
            return failure(400, "bad_request", "a header or the address holds characters that it may not")

    def _too_large(self) -> Answer:
        return failure(413, "batch_too_large", f"a request may hold {self._max_body} bytes; send it in parts")

    def _asked(self, ask: Ask, first: bytes) -> Answer:
        if ask.length is None:
            first += _filled(ask.read, self._max_body + 1 - len(first))
            if len(first) > self._max_body:
                raise _TooLarge
        ends = monotonic() + self._timeout
        idle = self._take_idle() if len(first) >= (ask.length or 0) else None
        if idle is not None:
            try:
                return self._exchange(idle, ask, first, ends)
            except HUNG_UP:
                pass  # The collector had closed it. Repeating is harmless: messages carry their ids.
        return self._exchange(self._connection(), ask, first, ends)

    def _exchange(self, connection: TimedConnection, ask: Ask, first: bytes, ends: float) -> Answer:
        is_usable = False
        try:
            connection.deadline.set(ends - monotonic())
            self._send(connection, ask, first)
            response = connection.getresponse()
            body = b""
            while len(body) <= MAX_ANSWER and (part := response.read1(CHUNK)):
                body += part
            if len(body) > MAX_ANSWER:
                return failure(502, "bad_answer", "the collector's answer is too large")
            if response.length:
                raise IncompleteRead(body, response.length)
            is_usable = not response.will_close
            response.close()
            return _checked(ask, response, body)
        finally:
            self._keep(connection) if is_usable else connection.close()

    def _send(self, connection: TimedConnection, ask: Ask, first: bytes) -> None:
        length = len(first) if ask.length is None else ask.length
        target = self._prefix + ask.path + (f"?{ask.query}" if ask.query else "")
        connection.putrequest(ask.method, target, skip_accept_encoding=True)
        for name, value in _headers(ask):
            connection.putheader(name, value)
        if length or ask.method == "POST":
            connection.putheader("Content-Length", str(length))
        connection.endheaders(first or None)
        left = length - len(first)
        for part in _parts(ask.read, left):
            # How slowly the rest of a large body comes in is not the collector's fault.
            connection.deadline.set(self._timeout)
            connection.send(part)
            left -= len(part)
        if left:
            raise _Incomplete

    def _take_idle(self) -> TimedConnection | None:
        if self._pid != os.getpid():
            # The sockets are the parent's. Letting go of them closes our copies and leaves the parent's open.
            self._idle.clear()
            self._pid = os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _keep(self, connection: TimedConnection) -> None:
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()


class _TooLarge(Exception):
    """The body goes on and on."""


class _Incomplete(Exception):
    """The sender went away."""


def failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in the collector's own error shape."""
    body = json.dumps({"success": False, "code": code, "message": message}).encode()
    kind = {"content-type": "application/json", "cache-control": "no-store"}
    return Answer(status, {**kind, **(headers or {})}, body)


def _close_all(connections: deque[TimedConnection]) -> None:
    for each in connections:
        each.close()


def _headers(ask: Ask) -> Iterator[tuple[str, str]]:
    for name in ASKED:
        value = ask.header(name)
        if value:
            yield name, value
    authorization = ask.header("Authorization") or ""
    if _is_key(authorization):
        yield "Authorization", authorization
    cookies = "; ".join(f"{name}={value}" for name, value in own_cookies(ask.header("Cookie")))
    if cookies and ask.method == "POST":
        yield "Cookie", cookies
    if ask.address:
        yield "X-Forwarded-For", ask.address
    yield "X-Forwarded-Proto", ask.scheme


def _is_key(authorization: str) -> bool:
    kind, _, encoded = authorization.partition(" ")
    try:
        plain = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return kind.lower() == "basic" and plain.count(b":") == 1 and plain.endswith(b":")


def _filled(read: Callable[[int], bytes], size: int) -> bytes:
    """As many bytes as there are, up to `size`; some streams hand out less at a time."""
    return b"".join(_parts(read, size))


def _parts(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (part := read(min(CHUNK, size))):
        size -= len(part)
        yield part


def _checked(ask: Ask, response: HTTPResponse, body: bytes) -> Answer:
    status = response.status
    if 300 <= status < 400 and status != 304:
        return failure(502, "bad_answer", "the collector's address answers with a redirect; correct it")
    headers = {name.lower(): value for name, value in response.getheaders() if name.lower() in ANSWERED}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in HARMLESS:
        retry = {name: value for name, value in headers.items() if name == "retry-after"}
        return failure(status if status >= 400 else 502, "bad_answer", "no collector answers", retry)
    headers["x-content-type-options"] = "nosniff"
    if ask.method == "HEAD":
        headers["content-length"] = response.getheader("Content-Length", "0")
    # The collector may set its copy of the id; any other would be one of the site.
    given = response.msg.get_all("Set-Cookie", [])
    cookies = tuple(each for each in given if each.partition("=")[0].strip() == COPY_COOKIE)
    return Answer(status, headers, body, cookies)
