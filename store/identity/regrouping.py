"""Changed identity rules that are being applied to all that is known: who asked, and how far it is."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, Engine, select, update

from store.db import writing
from store.leases import is_over
from store.tables import kept

PREFIX = "regrouping."
LEASE_MS = 15 * 60_000  # who has said nothing for so long is taken for dead
OPEN = ("waiting", "grouping", "counting")


class Regrouping(msgspec.Struct, frozen=True, kw_only=True):
    """One project's identities worked out anew by its present rules.

    It waits, groups the identities, and counts the runs of the customers that changed: `done` of `total`
    identities or customers.
    """

    project: int
    by: str
    asked_at: int
    state: Literal["waiting", "grouping", "counting", "done"] = "waiting"
    done: int = 0
    total: int = 0
    held_until: int = 0
    ended_at: int = 0
    tries: int = 0
    problem: str = ""  # why the last try failed; it is tried again

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        return self.state in OPEN


def ask_for(engine: Engine, project: int, *, by: str, now: int) -> None:
    """Have the identities of a project worked out anew; one that is under way begins again."""
    with writing(engine) as connection:
        ask_within(connection, project, by=by, now=now)


def ask_within(connection: Connection, project: int, *, by: str, now: int) -> None:
    """The same inside of the transaction that changes the rules."""
    before = _last(connection, project)
    tries = before.tries if before and before.is_open else 0
    job = Regrouping(project=project, by=by, asked_at=now, tries=tries)
    connection.execute(kept.delete().where(kept.c.name == _name(project)))
    connection.execute(kept.insert().values(name=_name(project), value=_text(job)))


def regrouping_of(engine: Engine, project: int) -> Regrouping | None:
    """The last one of a project, open or done."""
    with engine.connect() as connection:
        return _last(connection, project)


def _last(connection: Connection, project: int) -> Regrouping | None:
    text = connection.scalar(select(kept.c.value).where(kept.c.name == _name(project)))
    return msgspec.json.decode(text, type=Regrouping) if text else None


def is_regrouping(engine: Engine, project: int) -> bool:
    """Whether the identities of a project are being worked out anew."""
    job = regrouping_of(engine, project)
    return job is not None and job.is_open


def claim_one(engine: Engine, *, now: int) -> Regrouping | None:
    """Take one that nobody holds, or whose holder is dead; None where there is none."""
    query = select(kept.c.value).where(kept.c.name.startswith(PREFIX, autoescape=True))
    with engine.connect() as connection:
        jobs = [msgspec.json.decode(text, type=Regrouping) for text in connection.scalars(query)]
    for job in jobs:
        if job.is_open and is_over(job.held_until, now, LEASE_MS):
            begun = {"state": "grouping", "done": 0, "total": 0, "tries": job.tries + 1}
            held = msgspec.structs.replace(job, held_until=now + LEASE_MS, **begun)
            if put_in_place(engine, job, held):
                return held
    return None


def put_in_place(engine: Engine, known: Regrouping, new: Regrouping) -> bool:
    """Keep what has become of it; False where somebody has asked anew or taken it over."""
    same = kept.c.name == _name(known.project), kept.c.value == _text(known)
    with writing(engine) as connection:
        return connection.execute(update(kept).where(*same).values(value=_text(new))).rowcount == 1


def _name(project: int) -> str:
    return f"{PREFIX}{project}"


def _text(job: Regrouping) -> str:
    return msgspec.json.encode(job).decode()
