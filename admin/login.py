"""Who is signed in: the cookie session, and the one way into it."""

from __future__ import annotations

from flask import Flask, current_app, g, request, session

from admin.services import Services, services
from admin.throttle import Throttle
from store import users
from store.users import User


class TooManyTries(Exception):
    """Too many failed sign-ins; `minutes` until the next may be tried."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(f"Too many tries. Please wait {minutes} {'minute' if minutes == 1 else 'minutes'}.")


def register(app: Flask) -> None:
    """Give templates the person who is signed in."""
    app.context_processor(lambda: {"me": signed_in()})


def signed_in() -> User | None:
    """The person who is signed in, or None; looked up once a request."""
    if "me" not in g:
        number = session.get("user_id")
        user = users.user_by_id(services().engine, number) if isinstance(number, int) else None
        g.me = user if user and user.stamp == session.get("stamp") else None
    found: User | None = g.me
    return found


def try_sign_in(given: Services, email: str, password: str) -> User | None:
    """The person with this address and password, now signed in, or None; raises TooManyTries."""
    throttle: Throttle = current_app.extensions["waywiser_throttle"]
    address, now = request.remote_addr or "", given.clock()
    if wait := throttle.wait_ms(address, email, now=now):
        raise TooManyTries(-(-wait // 60_000))
    user = users.sign_in(given.engine, email, password)
    if user is None:
        throttle.note_failure(address, email, now=now)
        return None
    throttle.forgive(address, email)
    enter(user)
    return user


def enter(user: User) -> None:
    """Begin a session of this person; what the browser held before is forgotten."""
    session.clear()
    session["user_id"] = user.id
    session["stamp"] = user.stamp
    session.permanent = True
    g.me = user


def leave() -> None:
    """End the session."""
    session.clear()
    g.pop("me", None)


def safe_target(target: str | None) -> str:
    """Where to go after signing in: a path of this site, never another site."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable():
        return target
    return "/"
