"""Reads from a request who the visitor is: the snippet's cookies, or headers that a page sends itself."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any, Callable, Optional

from ._context import EMPTY, Context, Scope, _current

ID_COOKIE = "waywiser_id"
SESSION_COOKIE = "waywiser_session"
CONSENT_COOKIE = "waywiser_consent"
COPY_COOKIE = "waywiser_copy"  # the only one that the collector sets
OWN_COOKIES = (ID_COOKIE, SESSION_COOKIE, CONSENT_COOKIE)
ID_HEADER = "X-Waywiser-Anonymous-Id"
SESSION_HEADER = "X-Waywiser-Session-Id"
REFUSALS = {"opted-out", "denied"}
BOUND = 8  # so many letters has a session's id in common with the id of its visitor
MAX_COOKIES = 16 * 1024
MAX_AGENT = 512
MAX_ADDRESS = 64

# Anybody may send these. What our snippet writes always fits, and nothing else is worth keeping.
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
SESSION = re.compile(r"([A-Za-z0-9-]{8,128})(?:\.[A-Za-z0-9.-]{0,200})?", re.ASCII)

# What is around the requests that were entered at this place, the last one last.
_outside: ContextVar[tuple[Context, ...]] = ContextVar("waywiser_outside", default=())

Header = Callable[[str], Optional[str]]


class RequestScope(Scope):
    """The context of one request, which takes nothing over from what is around it.

    Were it to add to that, a context which somebody never left would make strangers of a thread one customer.
    """

    def __enter__(self) -> Context:
        around = _current.get()
        _outside.set((*_outside.get(), around))
        _current.set(EMPTY)
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        *rest, around = _outside.get() or (EMPTY,)
        _outside.set(tuple(rest))
        _current.set(around)


def visitor(header: Header) -> tuple[str, str]:
    """The anonymous id and the session id of a request; empty text for what is absent or malformed.

    Headers go before cookies, because a page sends them on purpose. A refusal in any place holds: who has
    opted out has no ids.
    """
    cookies = own_cookies(header("Cookie"))
    given = [_value(header(ID_HEADER)), *_values(cookies, ID_COOKIE)]
    if REFUSALS.intersection([*given, *_values(cookies, CONSENT_COOKIE)]):
        return "", ""
    anonymous_id = next(filter(None, map(_identifier, given)), "")
    session_id = _identifier(_value(header(SESSION_HEADER)))
    return anonymous_id, session_id or _session(_values(cookies, SESSION_COOKIE), anonymous_id)


def scope_of(header: Header, address: str | None) -> RequestScope:
    """The context of one request, for a `with` statement. `address` is the client's, as the app trusts it."""
    anonymous_id, session_id = visitor(header)
    values: dict[str, Any] = {}
    if address and len(address) <= MAX_ADDRESS:
        values["ip"] = address
    agent = _value(header("User-Agent"))
    if agent and agent.isprintable():
        values["userAgent"] = agent[:MAX_AGENT]
    return RequestScope(None, anonymous_id, session_id, values)


def own_cookies(text: str | None) -> list[tuple[str, str]]:
    """The snippet's cookies in a `Cookie` header, in order; of one name there may be several."""
    if not text or len(text) > MAX_COOKIES:
        return []
    pairs = (part.partition("=") for part in text.split(";"))
    named = ((name.strip(), value.strip().strip('"')) for name, _, value in pairs)
    return [(name, value) for name, value in named if name in OWN_COOKIES]


def _values(cookies: list[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in cookies if name == wanted]


def _value(text: str | None) -> str:
    return (text or "").strip()


def _identifier(text: str) -> str:
    return text if IDENTIFIER.fullmatch(text) else ""


def _session(given: list[str], anonymous_id: str) -> str:
    """The snippet keeps a session as its id and more after a point, and binds it to its visitor."""
    for text in given:
        found = SESSION.fullmatch(text)
        if found and anonymous_id and found[1][:BOUND] == anonymous_id[:BOUND]:
            return found[1]
    return ""
