"""Which route an ASGI request took, as a template, such as `/orders/{number}`, and never as a path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any


def template(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The template of a request whose scope was `before`, and is `after` now; None if it is not known."""
    # FastAPI and Starlette since 1.0 say which route they took.
    route = after.get("route") or _found(before, after)
    text = getattr(route, "path_format", None)
    return _whole(text, str(before["path"]), after.get("path_params", {})) if isinstance(text, str) else None


def _found(before: Mapping[str, Any], after: Mapping[str, Any]) -> Any:
    with suppress(Exception):  # an application of another kind may have a router of another kind
        return _matching(after["router"].routes, before)
    return None


def _matching(routes: Iterable[Any], scope: Mapping[str, Any]) -> Any:
    """The route that Starlette takes: the first that fits, or else the first that fits but for its method."""
    partial = None
    for route in routes:
        match, more = route.matches(scope)
        if match.name == "FULL":
            return _matching(getattr(route, "routes", None) or (), {**scope, **more}) or route
        if match.name == "PARTIAL" and partial is None:
            partial = route
    return partial


def _whole(text: str, path: str, parameters: Mapping[str, Any]) -> str:
    # A mount or an included router stands before it, with values as they came: only if nothing there varies,
    # which is so if all parameters are in the template itself, may that be told.
    tail = text
    for name, value in parameters.items():
        if f"{{{name}}}" not in text:
            return text
        tail = tail.replace(f"{{{name}}}", str(value))
    return path[: len(path) - len(tail)] + text if path.endswith(tail) else text
