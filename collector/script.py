"""Serves the browser snippet: GET /w.js and the files beside it, from the built ones.

Each file also has an address with a hash of its content, such as /w.3f9a….js, whose content never changes.
Such an address answers with that content or with 404, never with another build: a page that names a hash has
asked for exactly this code, and with `integrity` its browser would run no other.
"""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, Response, request

from collector.door import Door
from collector.errors import Refusal, json_answer, refused
from store.script import PARTS, ScriptFile, kept_file, path_of, script_file, script_files

USUAL_PATH = "/w.js"
# A site's pages share one download for an hour. In the hour after, a browser may run what it has once more
# while it fetches the new one: so a new version reaches everybody within two.
CACHING = "public, max-age=3600, stale-while-revalidate=3600"
FOR_EVER = "public, max-age=31536000, immutable"


def script_room(door: Door) -> Blueprint:
    """The blueprint of the snippet's files.

    Where the settings name another address than /w.js, that one goes on as well: pages that have it pasted
    must not fall silent.
    """
    room = Blueprint("script", __name__)

    def file(words: str = "") -> Response:
        return _file(door, words)

    def manifest() -> Response:
        return _manifest(door)

    def missing(refusal: Refusal) -> Response:
        """Caches would keep a 404 for minutes, by rules of their own."""
        answer = refused(refusal)
        answer.headers["Cache-Control"] = "no-store"
        return _open(answer)

    room.register_error_handler(Refusal, missing)
    for path in {USUAL_PATH, door.settings.snippet_path}:
        stem = path.removesuffix(".js")
        room.add_url_rule(path, view_func=file)
        room.add_url_rule(f"{stem}.<words>.js", view_func=file)
        room.add_url_rule(f"{stem}.json", view_func=manifest)
    return room


def _file(door: Door, words: str) -> Response:
    if words in PARTS:
        return _newest(door, words)
    if not (found := kept_file(door.snippet, words)):
        message = (
            "this build of the snippet is not here any more; take the line to paste anew from the page "
            f"Install or `waywiser snippet`, or use {door.settings.snippet_path} without integrity"
        )
        raise Refusal(404, "unknown_build", message)
    return _answer(found, FOR_EVER)


def _newest(door: Door, part: str) -> Response:
    if not (found := script_file(door.snippet, part)):
        raise Refusal(404, "snippet_not_built", "the snippet is not built; run `make setup`")
    return _answer(found, CACHING)


def _manifest(door: Door) -> Response:
    """What a site's own build needs to name an exact file."""
    files = {
        path_of("w", one.part): {
            "path": one.path(door.settings.snippet_path),
            "integrity": one.integrity,
            "bytes": len(one.plain),
            "gzip": len(one.packed),
        }
        for one in script_files(door.snippet)
    }
    answer = json_answer(200, {"files": files})
    answer.headers["Cache-Control"] = "no-cache"
    return _open(answer)


def _answer(found: ScriptFile, caching: str) -> Response:
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = found.packed if is_packed else found.plain
    answer = Response(body, content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = caching
    answer.vary.add("Accept-Encoding")
    if is_packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(sha256(body).hexdigest()[:32])
    answer.make_conditional(request.environ)
    return _open(answer)


def _open(answer: Response) -> Response:
    """For pages of all origins, the same for each so that caches may share it; `integrity` needs that."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Timing-Allow-Origin"] = "*"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
