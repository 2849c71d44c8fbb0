"""Small values that the installation keeps: its own name, its signing secret."""

from __future__ import annotations

import secrets

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from store.db import writing
from store.tables import kept


def value(engine: Engine, name: str) -> str:
    """The kept value, made at random the first time it is asked for."""
    query = select(kept.c.value).where(kept.c.name == name)
    with engine.connect() as connection:
        found = connection.scalar(query)
    if found is not None:
        return str(found)
    try:
        with writing(engine) as connection:
            connection.execute(kept.insert().values(name=name, value=secrets.token_urlsafe(32)))
    except IntegrityError:
        pass  # another process was first; its value counts
    with engine.connect() as connection:
        return str(connection.execute(query).scalar_one())
