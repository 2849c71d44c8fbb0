"""Links by which somebody who has forgotten the password may choose a new one, once, within an hour."""

from __future__ import annotations

import secrets

from sqlalchemy import Engine, delete, select

from store.db import writing
from store.projects import hashed
from store.tables import users
from store.tables_people import password_resets
from store.users import User, check_password, set_password, user_of

LIFETIME_MS = 3_600_000


def allow(engine: Engine, user_id: int, *, now: int) -> str:
    """The token of a new link; links that have expired, and older ones of the person, are gone."""
    token = secrets.token_urlsafe(32)
    gone = (password_resets.c.user_id == user_id) | (password_resets.c.expires_at <= now)
    row = {"token_hash": hashed(token), "user_id": user_id, "expires_at": now + LIFETIME_MS}
    with writing(engine) as connection:
        connection.execute(delete(password_resets).where(gone))
        connection.execute(password_resets.insert().values(row))
    return token


def allowed(engine: Engine, token: str, *, now: int) -> User | None:
    """Who may choose a new password with this token."""
    query = select(users).join_from(password_resets, users)
    mine = (password_resets.c.token_hash == hashed(token)) & (password_resets.c.expires_at > now)
    with engine.connect() as connection:
        row = connection.execute(query.where(mine)).mappings().first()
    return user_of(row) if row else None


def choose(engine: Engine, token: str, password: str, *, now: int) -> User | None:
    """Give the person of a link this password, and end the link; None when it is open no more.

    Raises UserError for a password that is too short; the link stays open then.
    """
    user = allowed(engine, token, now=now)
    if user is None:
        return None
    check_password(password)
    with writing(engine) as connection:
        spent = delete(password_resets).where(password_resets.c.token_hash == hashed(token))
        if connection.execute(spent).rowcount != 1:  # somebody else was faster
            return None
    set_password(engine, user.email, password)
    return user
