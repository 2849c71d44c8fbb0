"""Who may not come back: keyed hashes of erased identities, by which the pipeline drops their events.

The key is a value of its own in the relational store, so that a change of WAYWISER_SECRET_KEY brings nobody
back. A process remembers what it has read for REMEMBER_S: so much later it knows of a new suppression.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from store import kept
from store.complaint import Complaint
from store.db import writing
from store.tables_privacy import erasures, suppressions
from store.words import tell

REMEMBER_S = 2.0
MOST_ANSWERS = 100_000
KEY_NAME = "suppression_key"


class NotLifted(Complaint):
    """Somebody cannot come back yet; the message says why and when."""


class Suppressed:
    """The suppressed identities of one project; false where there are none."""

    def __init__(self, project: int, key: bytes, hashes: frozenset[bytes] = frozenset()) -> None:
        self._project, self._key, self._hashes = project, key, hashes
        self._answers: dict[int, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def has(self, identity: int) -> bool:
        """Whether the identity of this number was erased."""
        answer = self._answers.get(identity)
        if answer is None:
            answer = hashed(self._key, self._project, identity) in self._hashes
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            self._answers[identity] = answer
        return answer

    def without(self, some: Iterable[int]) -> list[int]:
        """Those of these identities that were not erased, in their order by number."""
        return sorted(one for one in some if not (self and self.has(one)))


NOBODY = Suppressed(0, b"")
Lookup = Callable[[int], Suppressed]


def nobody(_project_id: int) -> Suppressed:
    """Where nobody was erased."""
    return NOBODY


def key_of(engine: Engine) -> bytes:
    """The installation's key of suppressions."""
    return kept.value(engine, KEY_NAME).encode()


def hashed(key: bytes, project: int, identity: int) -> bytes:
    """The hash under which an identity of a project is suppressed."""
    return hashlib.blake2b(b"%d:%d" % (project, identity), digest_size=16, key=key).digest()


def suppress(
    connection: Connection, key: bytes, project_id: int, some: Iterable[int], *, erasure: int
) -> None:
    """Suppress identities inside the caller's transaction; those that are already stay as they are."""
    rows = [
        {"project_id": project_id, "hash": hashed(key, project_id, one), "erasure": erasure} for one in some
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    if rows:
        connection.execute(insert(suppressions).on_conflict_do_nothing(), rows)


def lift(engine: Engine, project_id: int, some: Sequence[int]) -> int:
    """Let whoever had these identities come back, with all ids that were erased together.

    Returns how many customers these are. Raises NotLifted while one of them is being erased: what came of
    them would be deleted with the rest.
    """
    key = key_of(engine)
    hashes = [hashed(key, project_id, one) for one in some]
    same = suppressions.c.project_id == project_id
    theirs = select(suppressions.c.erasure).where(same, suppressions.c.hash.in_(hashes)).distinct()
    with writing(engine) as connection:
        together = connection.scalars(theirs).all()
        is_open = erasures.c.id.in_(together) & erasures.c.finished_at.is_(None)
        if connection.scalar(select(erasures.c.id).where(is_open).limit(1)) is not None:
            raise NotLifted(tell("this customer is being erased; lift it when the erasure is done"))
        connection.execute(suppressions.delete().where(same, suppressions.c.erasure.in_(together)))
        return len(together)


def is_suppressed(engine: Engine, project_id: int, identity: int) -> bool:
    """Whether the identity of this number was erased and may not come back."""
    mine = suppressions.c.hash == hashed(key_of(engine), project_id, identity)
    with engine.connect() as connection:
        found = connection.scalar(
            select(suppressions.c.id).where(suppressions.c.project_id == project_id, mine)
        )
    return found is not None


def suppressed_count(engine: Engine, project_id: int) -> int:
    """How many erased customers of a project may not come back."""
    query = select(func.count(suppressions.c.erasure.distinct())).where(
        suppressions.c.project_id == project_id
    )
    with engine.connect() as connection:
        return connection.execute(query).scalar_one()


class KnownSuppressions:
    """The suppressed identities of all projects, each remembered for some seconds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._key = key_of(engine)
        self._known: dict[int, tuple[float, tuple[int, int], Suppressed]] = {}

    def of(self, project_id: int) -> Suppressed:
        """The suppressed identities of a project."""
        now = time.monotonic()
        until, state, suppressed = self._known.get(project_id, (0.0, (0, 0), NOBODY))
        if until <= now:
            state, suppressed = self._read(project_id, state, suppressed)
            self._known[project_id] = now + REMEMBER_S, state, suppressed
        return suppressed

    def _read(
        self, project_id: int, state: tuple[int, int], known: Suppressed
    ) -> tuple[tuple[int, int], Suppressed]:
        """The list is read again only where it has changed."""
        same = suppressions.c.project_id == project_id
        how_many = select(func.count(), func.max(suppressions.c.id)).where(same)
        with self._engine.connect() as connection:
            count, newest = connection.execute(how_many).one()
            if (count, newest or 0) == state:
                return state, known
            hashes = connection.scalars(select(suppressions.c.hash).where(same))
            found = frozenset(bytes(one) for one in hashes)
        return (count, newest or 0), Suppressed(project_id, self._key, found)
