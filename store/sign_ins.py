"""Where people are signed in: one row for each browser, which the person can end from another."""

from __future__ import annotations

import secrets

from sqlalchemy import Engine, RowMapping, delete, select, update

from store.db import writing
from store.projects import hashed
from store.tables import users
from store.tables_people import sign_ins
from store.users import User, user_of

LIFETIME_MS = 14 * 86_400_000  # without a request
STEP_MS = 5 * 60_000  # how exactly `seen_at` is kept


def begin(engine: Engine, user_id: int, *, address: str, agent: str, now: int) -> str:
    """Note a new sign-in and return its token, of which a hash is kept; old ones of the person go."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": hashed(token),
        "user_id": user_id,
        "created_at": now,
        "seen_at": now,
        "address": address[:64],
        "agent": agent[:300],
    }
    old = delete(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.seen_at < now - LIFETIME_MS)
    with writing(engine) as connection:
        connection.execute(old)
        connection.execute(sign_ins.insert().values(row))
    return token


def whose(engine: Engine, token: str, *, now: int) -> User | None:
    """Who signed in with this token; None when that has ended."""
    query = select(users, sign_ins.c.seen_at).join_from(sign_ins, users)
    mine = sign_ins.c.token_hash == hashed(token)
    with engine.connect() as connection:
        row = connection.execute(query.where(mine)).mappings().first()
    if row is None or row["seen_at"] < now - LIFETIME_MS:
        return None
    if row["seen_at"] < now - STEP_MS:
        with writing(engine) as connection:
            connection.execute(update(sign_ins).where(mine).values(seen_at=now))
    return user_of(row)


def sign_ins_of(engine: Engine, user_id: int, *, now: int) -> list[RowMapping]:
    """Where a person is signed in, the one seen last first."""
    query = select(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.seen_at >= now - LIFETIME_MS)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(sign_ins.c.seen_at.desc())).mappings().all())


def end(engine: Engine, token: str) -> None:
    """End the sign-in with this token."""
    with writing(engine) as connection:
        connection.execute(delete(sign_ins).where(sign_ins.c.token_hash == hashed(token)))


def end_one(engine: Engine, user_id: int, number: int) -> bool:
    """End one sign-in of a person; False when it is none of theirs."""
    theirs = delete(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.id == number)
    with writing(engine) as connection:
        return connection.execute(theirs).rowcount == 1


def end_all(engine: Engine, user_id: int, *, but: str = "") -> int:
    """End every sign-in of a person, but for the one with this token; returns how many."""
    theirs = delete(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.token_hash != hashed(but))
    with writing(engine) as connection:
        return int(connection.execute(theirs).rowcount)
