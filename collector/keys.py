"""Who may send: a write key opens a project, and browser keys only from their origins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIEnvironment

from flask import Request, Response
from sqlalchemy import Engine
from werkzeug.datastructures import Authorization

from collector.errors import Refusal
from collector.query import argument
from store.projects import WriteKey, find_write_key

REMEMBER_MS = 5_000  # a revoked key works this much longer
REMEMBER_MOST = 10_000
LONGEST = 200
OPEN_TO_PAGES = ("/v1/", "/beacon/", "/sourceConfig")
USUAL_HEADERS = "Authorization, Content-Type"


class Keys:
    """The write keys, each remembered for some seconds so that the store is rarely asked."""

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._clock = clock
        self._known: dict[str, tuple[int, WriteKey | None]] = {}

    def admit(self, request: Request, body: dict[str, Any]) -> WriteKey:
        """The key of a request; raises Refusal when it has none that opens anything, or a foreign origin."""
        _, key = self.named(request, body)
        origin = request.environ.get("HTTP_ORIGIN", "")
        if key.side == "browser" and key.origins and not is_allowed(origin, key.origins):
            message = f"this write key is not allowed from the origin {origin[:200] or '(none)'}"
            raise Refusal(403, "origin_not_allowed", message)
        return key

    def named(self, request: Request, body: dict[str, Any]) -> tuple[str, WriteKey]:
        """The first key of a request that opens anything, as text and as what it opens; raises Refusal."""
        for text in _given(request, body):
            if text and (key := self.find(text)):
                return text, key
        message = "no project has this write key; send it as the user name of HTTP Basic or as `writeKey`"
        raise Refusal(401, "unknown_key", message)

    def find(self, text: str) -> WriteKey | None:
        """What a key opens, if it opens anything."""
        if len(text) > LONGEST:
            return None  # and is not remembered: what anybody may send must not fill the memory
        now = self._clock()
        until, key = self._known.get(text, (0, None))
        if now < until <= now + REMEMBER_MS:  # further ahead it was before the clock was put back
            return key
        key = find_write_key(self._engine, text)
        if len(self._known) >= REMEMBER_MOST:
            self._known.clear()
        self._known[text] = now + REMEMBER_MS, key
        return key


def _given(request: Request, body: dict[str, Any]) -> Iterator[str]:
    """Every key that a request carries. A browser may add the Basic password of the site itself."""
    if header := request.environ.get("HTTP_AUTHORIZATION"):
        yield _authorized(header)
    if isinstance(key := body.get("writeKey"), str):
        yield key
    yield argument(request, "writeKey")


@lru_cache(maxsize=1_000)
def _authorized(header: str) -> str:
    """The user name or token in a header of this kind; a sender gives the same one with every request."""
    try:
        authorization = Authorization.from_header(header)
    except ValueError:  # bytes that this header may not hold
        return ""
    return (authorization.username or authorization.token or "") if authorization else ""


def is_allowed(origin: str, allowed: tuple[str, ...]) -> bool:
    """Whether an origin is one of these: `https://a.example`, `https://*.example`, `a.example` or `*`."""
    scheme, _, host = origin.lower().partition("://")
    return any(_matches(scheme, host, one.lower().rstrip("/")) for one in allowed)


def _matches(scheme: str, host: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    wanted_scheme, separator, wanted = pattern.rpartition("://")
    if separator and scheme != wanted_scheme:
        return False
    if wanted.startswith("*."):
        return host.endswith(wanted[1:])
    return bool(host) and (host == wanted or (not separator and urlsplit(f"//{host}").hostname == wanted))


def add_cors(request: Request, answer: Response) -> Response:
    """Let pages of any origin read answers. Keys decide, not cookies, so this opens nothing.

    A preflight carries no key and is always answered with yes: that an origin is not allowed, or that there
    is nothing at an address, the page can read in the answer to the request itself.
    """
    opening = cors_headers(request.environ)
    answer.headers.extend(opening)
    if opening and request.method == "OPTIONS":
        answer.status_code, answer.data = 200, b""
        asked = request.environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
        answer.headers.add("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
        allowed = asked if asked and _is_clean(asked) else USUAL_HEADERS
        answer.headers.add("Access-Control-Allow-Headers", allowed)
        answer.headers.add("Access-Control-Max-Age", "86400")
    return answer


def cors_headers(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """The headers that let a page read an answer; none where no page asks, or nothing is for pages."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None or not environ["PATH_INFO"].startswith(OPEN_TO_PAGES) or not _is_clean(origin):
        return []
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),  # beacons always ask with credentials
        ("Access-Control-Expose-Headers", "Retry-After"),
        ("Vary", "Origin"),
    ]


def _is_clean(text: str) -> bool:
    """Whether text may stand in a header of ours; what a browser sends always may."""
    return text.isascii() and text.isprintable()
