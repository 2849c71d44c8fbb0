"""Writes equal paths equally: escapes, slashes, dots, and the routes of applications behind a `#`."""

from __future__ import annotations

import re
from string import ascii_letters, digits

UNRESERVED = {ord(one): one for one in ascii_letters + digits + "-._~"}  # RFC 3986, 2.3
ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
SLASHES = re.compile("/{2,}")


def clean_path(path: str) -> str:
    """The path without needless escapes, doubled slashes, dot segments and a slash at the end."""
    if "%" in path:
        path = ESCAPE.sub(_plain, path)
    if "//" in path:
        path = SLASHES.sub("/", path)
    if "/." in path:
        path = _without_dots(path)
    return path.rstrip("/") or path[:1]


def route(fragment: str) -> tuple[str, str]:
    """The client-side route in a fragment, such as `#/orders/5` or `#!/orders`, and its own query.

    Every other fragment is dropped: it is a place in the page, or holds what a log-in hands over.
    """
    mark = "!" if fragment.startswith("!/") else ""
    path, _, query = fragment.removeprefix(mark).partition("?")
    if not path.startswith("/") or "=" in path or "&" in path:
        return "", ""
    path = clean_path(path)
    return (f"#{mark}{path}" if path != "/" else ""), query


def _plain(escape: re.Match[str]) -> str:
    return UNRESERVED.get(int(escape.group(1), 16), escape.group().upper())


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
