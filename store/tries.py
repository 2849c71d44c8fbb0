"""Tries that failed, such as sign-ins with a wrong password, for all processes: each by several marks.

A mark is a signature of who tried and from where, which tells nothing to who has not the secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine, delete, select

from store.db import writing
from store.tables_people import failed_tries

MOST = 60_000  # of all marks together; of more the oldest go


def since(engine: Engine, marks: Sequence[str], start: int) -> Mapping[str, list[int]]:
    """When tries of these marks failed after a moment (ms), in order."""
    own = failed_tries.c.mark_hash.in_(marks), failed_tries.c.at > start
    query = select(failed_tries.c.mark_hash, failed_tries.c.at).where(*own).order_by(failed_tries.c.at)
    found: dict[str, list[int]] = {mark: [] for mark in marks}
    with engine.connect() as connection:
        for mark, at in connection.execute(query):
            found[mark].append(at)
    return found


def note(engine: Engine, marks: Iterable[str], *, now: int, start: int, most: int = MOST) -> None:
    """Keep that a try of these marks failed; those before `start` are forgotten."""
    with writing(engine) as connection:
        _forget(connection, start)
        rows = [{"mark_hash": mark, "at": now} for mark in marks]
        connection.execute(failed_tries.insert(), rows)
        newest = select(failed_tries.c.id).order_by(failed_tries.c.id.desc())
        over = connection.scalar(newest.offset(most).limit(1))
        if over is not None:
            connection.execute(delete(failed_tries).where(failed_tries.c.id <= over))


def forgive(engine: Engine, mark: str, *, start: int) -> None:
    """Forget the failed tries of a mark, and those before `start`."""
    with writing(engine) as connection:
        _forget(connection, start)
        connection.execute(delete(failed_tries).where(failed_tries.c.mark_hash == mark))


def _forget(connection: Connection, start: int) -> None:
    connection.execute(delete(failed_tries).where(failed_tries.c.at <= start))


def forget(engine: Engine, before: int) -> None:
    """Forget the failed tries up to a moment (ms)."""
    with writing(engine) as connection:
        _forget(connection, before)
