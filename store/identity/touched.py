"""Customers that changes have touched: kept with the change until they are computed anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec
from sqlalchemy import Connection, Engine, case, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from store.db import insert_rows, writing
from store.identity.graph import AT_ONCE, chunks
from store.leases import is_over
from store.tables import touched

MOST_TRIES = 5  # for one customer who cannot be counted; then only when something of theirs arrives
LATEST_MS = 5 * 60_000  # more than anybody is left to wait
MARKS_AT_ONCE = AT_ONCE // 2  # of four values each

# Version, time and tries of one that is noted: all that comes gives it another one.
Mark = tuple[int, int, int]


class Failed(msgspec.Struct, frozen=True):
    """A customer who could not be counted: how often it was tried, and what stood in the way."""

    customer: int
    tries: int
    problem: str


def keep_touched(connection: Connection, project: int, customers: Collection[int], *, version: int) -> None:
    """Note within a change that these customers are to be computed anew."""
    if customers:
        again = {"version": version, "tried_at": 0, "tries": 0, "problem": ""}
        rows = [{"project_id": project, "customer": one, **again} for one in sorted(customers)]
        key = ["project_id", "customer"]
        insert_rows(
            connection,
            touched,
            rows,
            lambda insert: insert.on_conflict_do_update(index_elements=key, set_=again),
        )


def put_off(engine: Engine, project: int, customers: Collection[int], *, now: int) -> None:
    """Note that these customers are to be computed anew a while after this moment, or an earlier one.

    Who is noted already gets another mark: who computes them at this moment may not have seen what has come.
    """
    later = {"version": 0, "tried_at": now, "tries": 0, "problem": ""}
    rows = [{"project_id": project, "customer": one, **later} for one in sorted(customers)]
    again = {"tries": case((touched.c.tries > 0, -1), else_=touched.c.tries - 1), "problem": ""}
    key = ["project_id", "customer"]
    with writing(engine) as connection:
        insert_rows(
            connection,
            touched,
            rows,
            lambda insert: insert.on_conflict_do_update(index_elements=key, set_=again),
        )


def left(engine: Engine, *, before: int, most: int) -> Iterator[tuple[int, set[int]]]:
    """Customers by project, in portions, whom changes before this moment (ms) have touched and nobody has
    computed since, or who could not be counted before it."""
    place = (touched.c.project_id, touched.c.customer)
    query = (
        select(*place)
        .where(
            is_over(touched.c.version, before * 1000 - 1, LATEST_MS * 1000),
            is_over(touched.c.tried_at, before - 1, LATEST_MS),
            touched.c.tries < MOST_TRIES,
        )
        .order_by(*place)
    )
    with engine.connect() as connection:
        projects = list(connection.scalars(select(touched.c.project_id).distinct()))
    for project in sorted(projects):
        after = -1
        while True:
            page = query.where(touched.c.project_id == project, touched.c.customer > after).limit(most)
            with engine.connect() as connection:
                some = [row.customer for row in connection.execute(page)]
            if not some:
                break
            yield project, set(some)
            after = some[-1]


def waiting(engine: Engine, project: int, among: Collection[int] | None = None) -> set[int]:
    """Customers of a project, all or `among` these, whom changes have touched and nobody has computed
    since."""
    query = select(touched.c.customer).where(touched.c.project_id == project)
    parts = [query]
    if among is not None:
        parts = [query.where(touched.c.customer.in_(some)) for some in chunks(sorted(among), AT_ONCE)]
    with engine.connect() as connection:
        return {one for part in parts for one in connection.scalars(part)}


def marks_of(engine: Engine, project: int, among: Collection[int]) -> dict[int, Mark]:
    """Those among these customers who are noted, each with its mark, which is to be read before they are
    computed."""
    row = touched.c.customer, touched.c.version, touched.c.tried_at, touched.c.tries
    query = select(*row).where(touched.c.project_id == project)
    parts = [query.where(touched.c.customer.in_(some)) for some in chunks(sorted(among), AT_ONCE)]
    with engine.connect() as connection:
        found = [each for part in parts for each in connection.execute(part)]
    return {customer: (version, tried_at, tries) for customer, version, tried_at, tries in found}


def forget_touched(
    engine: Engine, project: int, marks: Mapping[int, Mark], *, version: int, now: int
) -> None:
    """These customers are as the ledger's changes up to this version make them, and all that their marks tell
    of. Who was put off meanwhile waits from now on."""
    of_project = touched.c.project_id == project
    row = tuple_(touched.c.customer, touched.c.version, touched.c.tried_at, touched.c.tries)
    done = sorted((one, *mark) for one, mark in marks.items() if mark[0] <= version)
    for some in chunks(done, MARKS_AT_ONCE):
        whose = touched.c.customer.in_([one for one, *_ in some])
        off = of_project, whose, touched.c.version == 0, touched.c.tries < 0
        with writing(engine) as connection:
            gone = connection.execute(delete(touched).where(of_project, row.in_(some))).rowcount
            if gone < len(some):
                connection.execute(update(touched).where(*off).values(tried_at=now))


def note_failures(engine: Engine, project: int, problems: Mapping[int, str], *, now: int) -> None:
    """Keep which customers could not be counted, and why; they are tried again some times."""
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    row = {"project_id": project, "tried_at": now}
    rows = [row | {"customer": one, "problem": text[:500]} for one, text in problems.items()]
    statement = insert(touched).values(version=0, tries=1)
    tries = case((touched.c.tries < 0, 1), else_=touched.c.tries + 1)
    more = {"tried_at": now, "tries": tries, "problem": statement.excluded.problem}
    with writing(engine) as connection:
        connection.execute(
            statement.on_conflict_do_update(index_elements=["project_id", "customer"], set_=more), rows
        )


def failed_of(engine: Engine, project: int) -> list[Failed]:
    """Customers of a project who could not be counted when it was tried last."""
    query = select(touched).where(touched.c.project_id == project, touched.c.tries > 0)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(touched.c.customer)).all()
    return [Failed(row.customer, row.tries, row.problem) for row in rows]
