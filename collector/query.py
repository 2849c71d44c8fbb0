"""Reads the query of an address, whatever bytes it holds."""

from __future__ import annotations

from urllib.parse import parse_qs

from flask import Request


def argument(request: Request, name: str) -> str:
    """The first parameter of this name, empty where there is none; bytes that are no UTF-8 are replaced."""
    text: str = request.environ.get("QUERY_STRING", "")
    if name not in text:
        return ""
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")  # WSGI hands out bytes as Latin-1
    return parse_qs(text, keep_blank_values=True).get(name, [""])[0]
