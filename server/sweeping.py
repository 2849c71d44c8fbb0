"""Empties refused events that name who was erased: the door refuses before it knows whose they are."""

from __future__ import annotations

from itertools import islice

from sqlalchemy import Engine

from collector.pipeline.naming import named_in_drop
from store.db import writing
from store.drops import NOTHING, Chosen, all_drops, empty
from store.privacy.suppression import KnownSuppressions, Suppressed
from store.projects import all_projects

AT_ONCE = 500


def empty_erased_drops(engine: Engine, *, since: int | None = None) -> int:
    """Keep of such drops only that they were; of all, or of what came since then. Returns how many."""
    known, done = KnownSuppressions(engine), 0
    for project in all_projects(engine):
        if suppressed := known.of(project.id):
            done += _empty(engine, project.id, suppressed, Chosen(since=since))
    return done


def _empty(engine: Engine, project: int, suppressed: Suppressed, chosen: Chosen) -> int:
    found = (
        row
        for row in all_drops(engine, project, chosen)
        if bytes(row["original"]) != NOTHING
        and any(map(suppressed.has, named_in_drop(bytes(row["original"]))))
    )
    done = 0
    while some := list(islice(found, AT_ONCE)):
        with writing(engine) as connection:
            done += empty(connection, some)
    return done
