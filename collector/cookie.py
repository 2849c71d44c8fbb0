"""Keeps the anonymous id of a browser in a cookie set over HTTP, POST /v1/cookie, if settings allow.

Browsers that cap the cookies of scripts at seven days let those of a server on the same site live longer. So
must what the visitor answered about consent. The collector makes no id and takes none from a body: it gives
back what the browser's own cookies hold.
So a page can have nothing set but what it has set itself, and a page of another site nothing at all.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request

from collector.errors import Refusal, json_answer
from collector.query import argument
from collector.reception import Reception
from store.settings import Settings

LIFETIME = 400 * 86400  # seconds; browsers allow no longer
# What the snippet writes: an id of its own making, and what the visitor answered.
ID, ANSWER = "waywiser_id", "waywiser_consent"
VALUES = {
    ID: re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ANSWER: re.compile("granted|denied|cookieless|opted-out"),
}
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def cookie_room(reception: Reception, settings: Settings) -> Blueprint:
    """The blueprint of the cookie."""
    room = Blueprint("cookie", __name__, url_prefix="/v1")

    @room.post("/cookie")
    def keep() -> Response:
        if not settings.server_cookie:
            raise Refusal(404, "server_cookie_off", "this collector sets no cookies (WAYWISER_SERVER_COOKIE)")
        key = reception.keys.admit(request, {})
        if reception.is_cookieless(key):
            raise Refusal(403, "cookieless", "this project keeps no ids in browsers")
        domain, is_secure = _place(request)
        answer = json_answer(200, {"success": True})
        answer.headers["Cache-Control"] = "no-store"
        for name, value in _own_values(request).items():
            answer.set_cookie(name, value, max_age=LIFETIME, domain=domain, secure=is_secure, samesite="Lax")
        return answer

    return room


def _place(request: Request) -> tuple[str | None, bool]:
    """The domain that the page's own cookie has, and whether the page came over https."""
    origin = urlsplit(request.environ.get("HTTP_ORIGIN", ""))
    host = origin.hostname or ""
    if not host or request.environ.get("HTTP_SEC_FETCH_SITE", "same-site") not in (
        "same-origin",
        "same-site",
    ):
        raise Refusal(403, "other_site", "only pages of the collector's own site can ask for the cookie")
    domain = argument(request, "domain").lower()
    if domain and not (DOMAIN.fullmatch(domain) and f".{host}".endswith(f".{domain}")):
        raise Refusal(403, "other_domain", "`domain` must be the page's own host or a parent of it")
    if not domain and not _is_own_host(request, host):
        raise Refusal(
            403, "other_site", "a cookie without `domain` needs the collector on the page's own host"
        )
    return domain or None, origin.scheme == "https"


def _is_own_host(request: Request, host: str) -> bool:
    """Whether page and collector share a host; a proxy may hide the name that the browser used."""
    fetched = request.environ.get("HTTP_SEC_FETCH_SITE")
    return fetched == "same-origin" or urlsplit(f"//{request.host}").hostname == host


def _own_values(request: Request) -> dict[str, str]:
    """What the browser's own cookies hold. Of two that differ, nobody can say which is meant."""
    given = {name: set(request.cookies.getlist(name)) for name in VALUES}
    found = {name: values.pop() for name, values in given.items() if len(values) == 1}
    if not found:
        raise Refusal(409, "no_cookie", f"the request must carry one cookie {ID} or {ANSWER}")
    for name, value in found.items():
        if not VALUES[name].fullmatch(value):
            raise Refusal(400, "bad_cookie", f"the cookie {name} holds nothing that the snippet writes")
    return found
