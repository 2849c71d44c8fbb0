"""Which process fills what is to be filled: one at a time, and another where it is dead.

The work is a journey version, by its id, or the sessions of a project, by a name.
"""

from __future__ import annotations

import secrets

from sqlalchemy import ColumnElement, Connection, Engine, select, update
from sqlalchemy.exc import IntegrityError

from store.db import writing
from store.leases import is_over
from store.tables import kept

Work = int | str

PREFIX = "filling."
LEASE_MS = 120_000  # who has not renewed for so long is taken for dead


def claim(engine: Engine, work: Work, *, now: int) -> str | None:
    """Take the work; the name of the holder, or None where another process is at it."""
    holder = secrets.token_hex(8)
    name, value = _name(work), _value(holder, now)
    try:
        with writing(engine) as connection:
            held = connection.scalar(select(kept.c.value).where(kept.c.name == name).with_for_update())
            if held is None:
                connection.execute(kept.insert().values(name=name, value=value))
            elif is_over(int(held.split()[1]), now, LEASE_MS):
                connection.execute(update(kept).where(kept.c.name == name).values(value=value))
            else:
                return None
    except IntegrityError:
        return None  # another process was faster
    return holder


def renew(engine: Engine, work: Work, holder: str, *, now: int) -> bool:
    """Say that the holder is alive; False where it holds the work no longer."""
    mine = update(kept).where(_is_held(work, holder)).values(value=_value(holder, now))
    with writing(engine) as connection:
        return connection.execute(mine).rowcount == 1


def is_held(engine: Engine, work: Work, holder: str) -> bool:
    """Whether the work is still this holder's."""
    with engine.connect() as connection:
        return connection.scalar(select(kept.c.name).where(_is_held(work, holder))) is not None


def holds(connection: Connection, work: Work, holder: str) -> bool:
    """The same within a transaction, before the end of which nobody can take the work away."""
    mine = select(kept.c.name).where(_is_held(work, holder)).with_for_update()
    return connection.scalar(mine) is not None


def give_up(connection: Connection, work: Work, holder: str) -> bool:
    """Let others take the work; False where it was not this holder's any more."""
    return connection.execute(kept.delete().where(_is_held(work, holder))).rowcount == 1


def take_away(connection: Connection, work: Work) -> None:
    """Have the work done from the beginning: whoever is at it holds it no longer."""
    connection.execute(kept.delete().where(kept.c.name == _name(work)))


def free_all(engine: Engine) -> None:
    """Forget all claims, where nobody else can be filling."""
    with writing(engine) as connection:
        connection.execute(kept.delete().where(kept.c.name.startswith(PREFIX, autoescape=True)))


def _is_held(work: Work, holder: str) -> ColumnElement[bool]:
    return (kept.c.name == _name(work)) & kept.c.value.startswith(holder)


def _name(work: Work) -> str:
    return f"{PREFIX}{work}"


def _value(holder: str, now: int) -> str:
    return f"{holder} {now + LEASE_MS}"
