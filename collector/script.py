"""Serves the browser snippet, GET /w.js, from the built file."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request

from collector.door import Door
from collector.errors import Refusal

# An hour: a new version reaches every site within it, and a site's pages share one download until then.
CACHING = "public, max-age=3600, stale-while-revalidate=86400"


def script_room(door: Door) -> Blueprint:
    """The blueprint of GET /w.js."""
    room = Blueprint("script", __name__)

    @room.get("/w.js")
    def script() -> Response:
        path = door.snippet / "w.js"
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            raise Refusal(404, "snippet_not_built", "the snippet is not built; run `make setup`") from None
        plain, packed = _contents(path, changed)
        is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
        return _answer(packed if is_packed else plain, is_packed)

    return room


def _answer(body: bytes, is_packed: bool) -> Response:
    answer = Response(body, content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = CACHING
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.vary.add("Accept-Encoding")
    if is_packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(hashlib.sha256(body).hexdigest()[:32])
    answer.make_conditional(request.environ)
    return answer


@lru_cache(maxsize=4)
def _contents(path: Path, changed: int) -> tuple[bytes, bytes]:  # noqa: ARG001 (a changed file is read anew)
    plain = path.read_bytes()
    return plain, gzip.compress(plain, 9, mtime=0)
