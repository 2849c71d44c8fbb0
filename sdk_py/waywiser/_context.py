"""Whom the code at this place is about, and in which circumstances, so that calls need not say it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from numbers import Integral
from types import MappingProxyType, TracebackType
from typing import Any, Union
from uuid import UUID

from ._values import MAX_LEVELS, encode, explain, is_too_deep

logger = logging.getLogger("waywiser")
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Context:
    """What `context(...)` has set at this place; empty text and an empty mapping where nothing is set.

    `values` becomes part of each message's `context`, for example `{"ip": "203.0.113.7"}`.
    """

    user_id: str = ""
    anonymous_id: str = ""
    session_id: str = ""
    values: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    text: str = field(default="", repr=False, compare=False)
    scope: Scope | None = field(default=None, repr=False, compare=False)
    outer: Context | None = field(default=None, repr=False, compare=False)

    def as_arguments(self) -> dict[str, Any]:
        """Everything as JSON values, to carry elsewhere: there `context(**arguments)` sets the same."""
        return {
            "user_id": self.user_id,
            "anonymous_id": self.anonymous_id,
            "session_id": self.session_id,
            "values": dict(self.values),
        }

    def is_about(self, fields: Mapping[str, object]) -> bool:
        """Whether a call with these fields can be about the same person."""
        user, visitor = fields.get("userId"), fields.get("anonymousId")
        return not (user and self.user_id and str(user) != self.user_id) and not (
            visitor and self.anonymous_id and str(visitor) != self.anonymous_id
        )

    def merged(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The message's `context`: these values, and below them what is set here."""
        return {**self._below(), **values}

    def _below(self) -> dict[str, Any]:
        return {**self.values, "sessionId": self.session_id} if self.session_id else dict(self.values)

    def inside(
        self, scope: Scope, user_id: str, anonymous_id: str, session_id: str, values: Mapping[str, Any]
    ) -> Context:
        """This, with what that scope puts on top."""
        inner = Context(
            user_id or self.user_id,
            anonymous_id or self.anonymous_id,
            session_id or self.session_id,
            MappingProxyType({**self.values, **values}),
        )
        # Written once here instead of once for each message.
        text = encode(inner._below())[1:-1]
        return replace(inner, text=text, scope=scope, outer=self)


EMPTY = Context()
_current: ContextVar[Context] = ContextVar("waywiser_context", default=EMPTY)
current_context = _current.get


class Scope:
    """What `context(...)` returns, for a `with` statement.

    It may be entered again and again, also by several tasks and threads at once.
    """

    def __init__(
        self, user_id: object, anonymous_id: object, session_id: object, values: Mapping[str, Any] | None
    ) -> None:
        self._ids = (
            _identifier("user_id", user_id),
            _identifier("anonymous_id", anonymous_id),
            _identifier("session_id", session_id),
        )
        self._values = _plain(values)

    def __enter__(self) -> Context:
        inner = _current.get().inside(self, *self._ids, self._values)
        _current.set(inner)
        return inner

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Only what was entered here, which is nothing where an async generator is closed by somebody else.
        around: Context | None = _current.get()
        while around is not None and around.scope is not self:
            around = around.outer
        if around is not None and around.outer is not None:
            _current.set(around.outer)


ScopeId = Union[str, int, UUID, None]


def context(
    *,
    user_id: ScopeId = None,
    anonymous_id: ScopeId = None,
    session_id: ScopeId = None,
    values: Mapping[str, Any] | None = None,
) -> Scope:
    """Set whom the calls of every client inside a `with` block are about; safe with threads and async code.

    A call takes from here what it does not say itself: `user_id`, `anonymous_id`, and `session_id` and
    `values` (such as `ip`, `userAgent`, `page`) in its `context`. A call that names another user or visitor
    takes nothing. Blocks inside blocks add to each other. Never raises: what cannot be used is logged and
    left out.
    """
    return Scope(user_id, anonymous_id, session_id, values)


def _identifier(name: str, value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, (int, Integral, UUID)) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:
            _warn("context(): %s has more digits than Python writes", name)
            return ""
    _warn("context(): %s must be text, a whole number or a UUID, not %s", name, type(value).__name__)
    return ""


def _plain(values: object) -> Mapping[str, Any]:
    if values is None:
        return NOTHING
    if not isinstance(values, Mapping):
        _warn("context(): values must be a mapping, not %s", type(values).__name__)
        return NOTHING
    try:
        kept = {key: item for key, item in values.items() if key not in ("library", "sequence")}
        # A copy in plain JSON: what the caller changes later is not sent, and it can be carried elsewhere.
        text = encode(kept)
        if is_too_deep(text.encode("utf-8", "replace"), MAX_LEVELS - 1):
            raise RecursionError
        plain: dict[str, Any] = json.loads(text)
    except Exception as error:
        _warn("context(): values are left out: %s", explain(error))
        return NOTHING
    return plain


def _warn(text: str, *values: object) -> None:
    with suppress(Exception):
        logger.warning(text, *values)
