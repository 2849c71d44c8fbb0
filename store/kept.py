"""Small values that the installation keeps: its own name, its signing secret."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from store.db import writing
from store.tables import kept


def has(engine: Engine, name: str) -> bool:
    """Whether such a value is kept."""
    with engine.connect() as connection:
        return connection.scalar(select(kept.c.value).where(kept.c.name == name)) is not None


def claim(engine: Engine, name: str) -> bool:
    """Take a name that only one may have; False when somebody has it already."""
    try:
        with writing(engine) as connection:
            connection.execute(kept.insert().values(name=name, value="taken"))
    except IntegrityError:
        return False
    return True


def give_up(engine: Engine, name: str) -> None:
    """Let others take the name again."""
    with writing(engine) as connection:
        connection.execute(kept.delete().where(kept.c.name == name))


def forget_others(engine: Engine, prefix: str, keep: Collection[str]) -> None:
    """Forget every value whose name begins so, but for those in `keep`."""
    others = kept.c.name.startswith(prefix, autoescape=True) & kept.c.name.not_in(keep)
    with writing(engine) as connection:
        connection.execute(kept.delete().where(others))


def value(engine: Engine, name: str, first: str | None = None) -> str:
    """The kept value; where there is none yet, `first` is kept, or a random one."""
    query = select(kept.c.value).where(kept.c.name == name)
    with engine.connect() as connection:
        found = connection.scalar(query)
    if found is not None:
        return str(found)
    try:
        with writing(engine) as connection:
            fresh = secrets.token_urlsafe(16) if first is None else first
            connection.execute(kept.insert().values(name=name, value=fresh))
    except IntegrityError:
        pass  # another process was first; its value counts
    with engine.connect() as connection:
        return str(connection.execute(query).scalar_one())
