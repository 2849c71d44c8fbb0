"""Reads from a request who the visitor is: the snippet's cookies, or headers that a page sends itself."""

from __future__ import annotations

import re
from typing import Any, Callable, Optional

from ._context import Scope, context

ID_COOKIE = "waywiser_id"
SESSION_COOKIE = "waywiser_session"
ID_HEADER = "X-Waywiser-Anonymous-Id"
SESSION_HEADER = "X-Waywiser-Session-Id"
OPTED_OUT = "opted-out"
MAX_AGENT = 512
MAX_ADDRESS = 64

# Anybody may send these. What our snippet writes always fits, and nothing else is worth keeping.
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
MAX_SESSION_COOKIE = 512

Reader = Callable[[str], Optional[str]]


def visitor(cookie: Reader, header: Reader) -> tuple[str, str]:
    """The anonymous id and the session id of a request; empty text for what is absent or malformed.

    Headers go before cookies, because a page sends them on purpose. A refusal in either place holds: who has
    opted out has no ids.
    """
    given = [_value(header(ID_HEADER)), _value(cookie(ID_COOKIE))]
    if OPTED_OUT in given:
        return "", ""
    anonymous_id = next(filter(None, map(_identifier, given)), "")
    session_id = _identifier(_value(header(SESSION_HEADER))) or _session(_value(cookie(SESSION_COOKIE)))
    return anonymous_id, session_id


def scope_of(cookie: Reader, header: Reader, address: str | None) -> Scope:
    """The context of one request, for a `with` statement. `address` is the client's, as the app trusts it."""
    anonymous_id, session_id = visitor(cookie, header)
    values: dict[str, Any] = {}
    if address and len(address) <= MAX_ADDRESS:
        values["ip"] = address
    agent = _value(header("User-Agent"))
    if agent and agent.isprintable():
        values["userAgent"] = agent[:MAX_AGENT]
    return context(anonymous_id=anonymous_id, session_id=session_id, values=values)


def _value(text: str | None) -> str:
    return (text or "").strip()


def _identifier(text: str) -> str:
    return text if IDENTIFIER.fullmatch(text) else ""


def _session(text: str) -> str:
    # The snippet keeps more than the id in this place: it stands first.
    return _identifier(re.split(r"[ .!~%]", text, maxsplit=1)[0]) if len(text) <= MAX_SESSION_COOKIE else ""
