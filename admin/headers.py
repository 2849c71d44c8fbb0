"""Headers that keep browsers from running, framing or leaking what they should not."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, g, request

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Of a page that others may frame: it shows, and can neither ask nor send.
FRAMED = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'"),
        *("img-src 'self' data:", "font-src 'self'", "base-uri 'none'", "form-action 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def framed_by(origins: Sequence[str]) -> None:
    """Let the answer to this request stand in frames of these origins; of any where none are named."""
    g.framed_by = " ".join(origins) or "*"


def register(app: Flask) -> None:
    """Put the headers on every answer; pages with customers' data are kept in no cache."""

    @app.after_request
    def protect(response: Response) -> Response:
        if framed := g.get("framed_by"):
            response.headers["Content-Security-Policy"] = f"{FRAMED}; frame-ancestors {framed}"
            response.headers["Referrer-Policy"] = "no-referrer"  # its address is its key
            response.headers["X-Robots-Tag"] = "noindex"
        for name, value in HEADERS.items():
            if framed and name == "X-Frame-Options":
                continue
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response
