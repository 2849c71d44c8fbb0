"""Cookieless visitors: a hash of the day in place of the ids that a browser sends, or does not send.

The hash is made at the door of what must not be kept: the whole client address. Its salt is random, shared by
all processes for one UTC day, and forgotten afterwards, so that nobody can make the hash again.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.door import Door
from collector.envelope import client_ip, hide_addresses, whole
from store import kept
from store.hurry import take_time
from store.projects import WriteKey

log = logging.getLogger("waywiser.collector")

PREFIX = "cl_"
SNIPPET = "waywiser-js"
DAY_MS = 86_400_000
CLOCK_STEP_MS = 3_600_000  # a clock set back by less goes on with the newer day
LATE_S = 60.0  # after midnight, so that clocks which differ a little agree on the day
# By what client libraries know a browser from one page or one day to the next, however it is spelt.
ANONYMOUS_IDS = frozenset(["anonymousid", "ajsaid", "ajsanonymousid", "rlanonymousid"])
BROWSER_IDS = ANONYMOUS_IDS | {
    *("sessionid", "sessionstart", "sessionnumber", "sequence", "amp", "ampid", "clientid", "visitorid"),
    *("externalid", "externalids", "deviceid", "devicetoken", "advertisingid", "adtrackingid"),
    *("idfa", "idfv", "gaid", "aaid", "distinctid", "instanceid"),
}
DEVICE_IDS = BROWSER_IDS | {"id", "token"}
OBJECTS = ("context", "properties", "traits")
OF_THE_SITE = ("properties", "traits")  # these say what the site itself wants to say


class Salts:
    """The salt of the day: asked of the store once a day, and forgotten there when the day is over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._today = (-1, b"")

    def at(self, now: int) -> bytes:
        """The salt of the UTC day at `now`, in milliseconds since 1970."""
        day = now // DAY_MS
        known, salt = self._today
        if day == known or 0 < known * DAY_MS - now < CLOCK_STEP_MS:
            return salt
        take_time()
        with self._guard:
            if day != self._today[0]:
                self._begin(day)
                self._forget_at_its_end(now)
            return self._today[1]

    def forget_before(self, day: int) -> None:
        """Delete all salts but that of this day, and of the next, which a faster clock may have begun."""
        kept.forget_others(self._engine, "salt:", [_name(day), _name(day + 1)])
        with self._guard:
            if self._today[0] < day:
                self._today = (-1, b"")

    def _begin(self, day: int) -> None:
        salt = kept.value(self._engine, _name(day)).encode()
        kept.forget_others(self._engine, "salt:", [_name(day), _name(day + 1)])
        self._today = (day, salt)

    def _forget_at_its_end(self, now: int) -> None:
        """Nobody may come tomorrow, and the salt must go all the same."""
        seconds = (DAY_MS - now % DAY_MS) / 1000 + LATE_S
        timer = threading.Timer(seconds, self._end, [now // DAY_MS + 1])
        timer.name, timer.daemon = "salt-of-the-day", True
        timer.start()

    def _end(self, day: int) -> None:
        try:
            self.forget_before(day)
        except SQLAlchemyError as error:
            log.warning(
                "yesterday's salt could not be deleted; the next visitor's request does it: %s", error
            )


class Visitors:
    """Takes the ids out of what browsers of cookieless projects and visitors send."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._salts = Salts(door.engine)
        self._salts.forget_before(door.clock() // DAY_MS)  # what a process left that was stopped meanwhile

    def are_cookieless(self, key: WriteKey) -> bool:
        """Whether those who come with this key are; servers' keys are left alone."""
        return key.side == "browser" and self._door.rules(key.project_id).cookieless

    def disguise(self, request: Request, key: WriteKey, body: dict[str, Any]) -> bool:
        """Give messages of the body the visitor's hash of the day: all of them where the project is
        cookieless, elsewhere those of a visitor who chose so.

        Returns whether there are such; then no whole client address may be kept either.
        """
        if self.are_cookieless(key):
            self._disguise_all(request, key, body)
            return True
        given = body.get("batch")
        messages = [body, *(given if isinstance(given, list) else ())]
        chosen = [one for one in messages if chose_cookieless(one)] if key.side == "browser" else []
        if chosen:
            visitor = self._visitor(request, key)
            for message in chosen:
                _without_ids(message)
                message["anonymousId"] = visitor
            hide_addresses(messages)
        return bool(chosen)

    def _disguise_all(self, request: Request, key: WriteKey, body: dict[str, Any]) -> None:
        visitor = self._visitor(request, key)
        given = body.pop("batch", None)
        batch = [_shape(one) for one in given] if isinstance(given, list) else given
        messages = [body, *(batch if isinstance(batch, list) else ())]
        for message in messages:
            if isinstance(message, dict):
                _without_ids(message)
                message["anonymousId"] = visitor
        hide_addresses(messages)
        if batch is not None:
            body["batch"] = batch

    def _visitor(self, request: Request, key: WriteKey) -> str:
        address = whole(client_ip(request, self._door.settings.trusted_proxies))
        agent = request.environ.get("HTTP_USER_AGENT", "")
        return hashed(self._salts.at(self._door.clock()), key.project_id, address, agent)


def chose_cookieless(message: Any) -> bool:
    """Whether it is the snippet's for a visitor who allows no ids: else it always sends an anonymous id."""
    context = message.get("context") if isinstance(message, dict) else None
    library = context.get("library") if isinstance(context, dict) else None
    return isinstance(library, dict) and library.get("name") == SNIPPET and message.get("anonymousId") is None


def hashed(salt: bytes, project_id: int, address: str, agent: str) -> str:
    """The id of a visitor for the day of the salt; another project's visitor is another one."""
    seen = f"{project_id}\0{address}\0{agent}".encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.blake2b(seen, key=salt, digest_size=16).hexdigest()


def _without_ids(message: dict[str, Any]) -> None:
    """Take out what the client knows the visitor by; what the site says itself, such as userId, stays."""
    anonymous, previous = message.get("anonymousId"), message.get("previousId")
    if anonymous is not None and _written(previous) == _written(anonymous):
        message.pop("previousId", None)
    for name in OBJECTS:
        if name in message:
            message[name] = _shape(message[name])
    waiting: list[tuple[Any, frozenset[str]]] = [(message, BROWSER_IDS)]
    for part, ids in waiting:  # grows as parts are found in parts
        if isinstance(part, list):
            waiting += [(one, ids) for one in part if isinstance(one, dict | list)]
            continue
        for name in [name for name in part if _plain(name) in ids]:
            del part[name]
        waiting += [
            (value, _ids_inside(name, ids)) for name, value in part.items() if isinstance(value, dict | list)
        ]


def _ids_inside(name: str, ids: frozenset[str]) -> frozenset[str]:
    """Which names are taken out of the part of this name, where it is inside one that loses `ids`."""
    if ids is ANONYMOUS_IDS or name in OF_THE_SITE:
        return ANONYMOUS_IDS
    return DEVICE_IDS if name == "device" else BROWSER_IDS


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name[:100])).lower()


def _written(value: Any) -> str:
    """An id as text, as the wire would tidy it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _shape(value: Any) -> Any:
    """An object; of what stands in its place and cannot be cleaned, only how much of which kind it was."""
    if isinstance(value, str | list) and value:
        kind, unit = ("text", "characters") if isinstance(value, str) else ("list", "items")
        return f"[{kind} of {len(value)} {unit}, not kept]"
    return "[number, not kept]" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _name(day: int) -> str:
    return f"salt:{(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()}"
