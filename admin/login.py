"""Who is signed in: the browser's cookie holds the token of a sign-in, and here is the one way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface

from admin.services import Services, services
from admin.throttle import Throttle
from store import second_factor, sign_ins, users
from store.users import User
from store.words import ngettext

SIGN_IN = "sign_in"
HALF = "half_way"
HALF_MS = 5 * 60_000


class TooManyTries(Exception):
    """Too many failed sign-ins; `minutes` until the next may be tried."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(
            ngettext(
                "Too many tries. Please wait %(num)s minute.",
                "Too many tries. Please wait %(num)s minutes.",
                minutes,
            )
        )


class Cookies(SecureCookieSessionInterface):
    """The session's cookie: it travels by https alone where the pages are to be reached so, or are now."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether browsers may send it by https alone; trusted proxies tell what they were asked by."""
        return super().get_cookie_secure(app) or request.is_secure


def register(app: Flask) -> None:
    """Keep sign-ins in cookies, and give templates the person who is signed in."""
    app.session_interface = Cookies()
    app.context_processor(lambda: {"me": signed_in()})


def signed_in() -> User | None:
    """The person who is signed in, or None; looked up once a request."""
    if "me" not in g:
        token, given = session.get(SIGN_IN), services()
        g.me = sign_ins.whose(given.engine, token, now=given.clock()) if isinstance(token, str) else None
    found: User | None = g.me
    return found


def try_sign_in(given: Services, email: str, password: str) -> User | None:
    """The person with this address and password, or None; raises TooManyTries.

    Who has a second factor is not signed in yet: `try_code` must follow.
    """
    with _guessing(given, email) as wrong:
        user = users.sign_in(given.engine, email, password)
        if user is None:
            wrong()
        elif user.has_second_factor:
            session.clear()
            session[HALF] = [user.id, given.clock()]
        else:
            enter(user)
    return user


def half_way() -> User | None:
    """Who has given the password and still owes the code; for some minutes."""
    number, at = session.get(HALF) or (0, 0)
    if services().clock() - at > HALF_MS:
        return None
    return users.user_by_id(services().engine, number) if number else None


def try_code(given: Services, user: User, code: str) -> bool:
    """Whether the code is right, and the person now signed in; raises TooManyTries."""
    with _guessing(given, f"code of {user.email}") as wrong:
        is_right = second_factor.passes(given.engine, user.id, code, now=given.clock())
        if is_right:
            enter(user)
        else:
            wrong()
    return is_right


@contextmanager
def _guessing(given: Services, what: str) -> Iterator[Callable[[], None]]:
    """Around one try; call what it gives if that was wrong."""
    throttle: Throttle = current_app.extensions["waywiser_throttle"]
    address, now = request.remote_addr or "", given.clock()
    if wait := throttle.wait_ms(address, what, now=now):
        raise TooManyTries(-(-wait // 60_000))
    wrong: list[bool] = []
    yield lambda: wrong.append(True)
    if wrong:
        throttle.note_failure(address, what, now=now)
    else:
        throttle.forgive(address, what, now=now)


def is_password(given: Services, user: User, password: str) -> bool:
    """Whether this is the password of a person who is signed in; raises TooManyTries."""
    with _guessing(given, f"password of {user.email}") as wrong:
        found = users.sign_in(given.engine, user.email, password)
        if found is None:
            wrong()
    return found is not None


def asks_too_often(given: Services, what: str) -> None:
    """Count a request that costs somebody else a letter; raises TooManyTries."""
    with _guessing(given, what) as one_more:
        one_more()


def enter(user: User) -> None:
    """Begin a session of this person; what the browser held before is forgotten."""
    given, agent = services(), request.user_agent.string
    session.clear()
    session[SIGN_IN] = sign_ins.begin(
        given.engine, user.id, address=request.remote_addr or "", agent=agent, now=given.clock()
    )
    session.permanent = True
    g.me = user


def leave() -> None:
    """End the session."""
    if token := session.get(SIGN_IN):
        sign_ins.end(services().engine, token)
    session.clear()
    g.pop("me", None)


def safe_target(target: str | None) -> str:
    """Where to go after signing in: a path of this site, never another site."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable():
        return target
    return "/"
