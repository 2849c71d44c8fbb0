"""Keeps a copy of a browser's anonymous id in a cookie set over HTTP, POST /v1/cookie, if settings allow.

Browsers that cap the cookies of scripts at seven days let those of a server on the same site live longer. So
must it be known that the visitor agreed. The collector makes no id and takes none from a body: it copies what
the browser's own cookies hold. So a page can have nothing set but what it has set itself, and a page of
another site nothing at all.

The copy has a name of its own: an answer that is under way while the visitor refuses or is reset must not
take that back.
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
COPY = "waywiser_copy"  # id.answer.day
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AGREED = "granted"
DAY = re.compile(r"\d{1,6}", re.ASCII)  # since 1970, by the browser's clock
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
        copy = f"{_copied(request)}.{_day(request)}"
        answer.set_cookie(COPY, copy, max_age=LIFETIME, domain=domain, secure=is_secure, samesite="Lax")
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


def _copied(request: Request) -> str:
    """The id that the browser's own cookies hold and the answer that allows it.

    Of two that differ, nobody can say which is meant.
    """
    # A proxy that names them to us may name empty ones.
    ids, answers = (set(filter(None, request.cookies.getlist(name))) for name in (ID, ANSWER))
    if len(ids) != 1:
        raise Refusal(409, "no_cookie", f"the request must carry one cookie {ID}")
    (id,) = ids
    if not UUID.fullmatch(id):
        raise Refusal(400, "bad_cookie", f"the cookie {ID} holds nothing that the snippet writes")
    if answers - {AGREED}:
        raise Refusal(409, "not_agreed", "the visitor has answered that no id may be kept")
    return f"{id}.{AGREED if answers else ''}"


def _day(request: Request) -> str:
    day = argument(request, "day")
    if not DAY.fullmatch(day):
        raise Refusal(400, "bad_day", "`day` must be the number of days since 1970")
    return day
