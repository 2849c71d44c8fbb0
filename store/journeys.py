"""Journeys and their versions; every saved change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, case, select, update

from store.db import writing
from store.tables import journey_versions, journeys


@dataclass(frozen=True)
class JourneyVersion:
    """One version of a journey; `id` names its stored runs.

    `status` is filling, paused (in the middle of that), live or replaced.
    """

    id: int
    project_id: int
    journey_id: int
    version: int
    definition: dict[str, Any]
    status: str
    chunks_done: int
    chunks_total: int
    created_by: str
    created_at: int


def save_version(
    engine: Engine, project_id: int, definition: Mapping[str, Any], *, by: str, now: int
) -> JourneyVersion:
    """Keep a definition as the next version, still to be filled; an equal newest one is returned as it is."""
    with writing(engine) as connection:
        mine = (journeys.c.project_id == project_id) & (journeys.c.key == definition["key"])
        found = connection.execute(select(journeys.c.id, journeys.c.deleted_at).where(mine)).first()
        journey_id = found.id if found else None
        if journey_id is None:
            row = {"project_id": project_id, "key": definition["key"], "created_at": now}
            journey_id = connection.execute(
                journeys.insert().values(row).returning(journeys.c.id)
            ).scalar_one()
        connection.execute(update(journeys).where(mine).values(deleted_at=None))
        newest = connection.execute(
            _versions().where(journey_versions.c.journey_id == journey_id).limit(1)
        ).first()
        if newest and newest.definition == dict(definition) and newest.status != "replaced":
            if found and found.deleted_at is not None:  # its runs were not kept up to date meanwhile
                connection.execute(
                    update(journey_versions)
                    .where(journey_versions.c.id == newest.id)
                    .values(status="filling", chunks_done=0, chunks_total=0)
                )
            return _version(connection.execute(_versions().where(journey_versions.c.id == newest.id)).one())
        row = {
            "journey_id": journey_id,
            "version": newest.version + 1 if newest else 1,
            "definition": dict(definition),
            "status": "filling",
            "created_by": by,
            "created_at": now,
        }
        made = connection.execute(journey_versions.insert().values(row).returning(journey_versions.c.id))
        number = made.scalar_one()
        return _version(connection.execute(_versions().where(journey_versions.c.id == number)).one())


def live_journeys(engine: Engine, project_id: int) -> list[JourneyVersion]:
    """The version of each journey that answers reports: the live one, else the one being filled."""
    chosen: dict[int, JourneyVersion] = {}
    with engine.connect() as connection:
        query = _versions().where(
            journeys.c.project_id == project_id,
            journeys.c.deleted_at.is_(None),
            journey_versions.c.status != "replaced",
        )
        for row in connection.execute(query):
            held = chosen.get(row.journey_id)
            if held is None or (held.status != "live" and row.status == "live"):
                chosen[row.journey_id] = _version(row)
    return sorted(chosen.values(), key=lambda one: one.journey_id)


def live_journey(engine: Engine, project_id: int, key: str) -> JourneyVersion | None:
    """The version of this journey that answers reports, or None."""
    for one in live_journeys(engine, project_id):
        if one.definition["key"] == key:
            return one
    return None


def kept_versions(engine: Engine, project_id: int) -> list[JourneyVersion]:
    """Every version whose runs must be kept up to date: live ones and those being filled, paused or not."""
    query = _versions().where(
        journeys.c.project_id == project_id,
        journeys.c.deleted_at.is_(None),
        journey_versions.c.status.in_(["live", "filling", "paused"]),
    )
    with engine.connect() as connection:
        return [_version(row) for row in connection.execute(query)]


def versions_to_fill(engine: Engine) -> list[JourneyVersion]:
    """Versions that wait for their runs, the oldest first; of each journey only the newest."""
    query = _versions().where(journey_versions.c.status == "filling", journeys.c.deleted_at.is_(None))
    newest: dict[int, JourneyVersion] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            newest.setdefault(row.journey_id, _version(row))
    return list(newest.values())[::-1]


def versions_of(engine: Engine, project_id: int, key: str) -> list[JourneyVersion]:
    """All versions of a journey, the newest first."""
    query = _versions().where(journeys.c.project_id == project_id, journeys.c.key == key)
    with engine.connect() as connection:
        return [_version(row) for row in connection.execute(query)]


def note_progress(engine: Engine, version_id: int, *, done: int, total: int) -> bool:
    """Write down how far the filling of a version is.

    False when it is not this filling's turn any more: it was paused, begun anew, or another was faster.
    """
    mine = (
        (journey_versions.c.id == version_id)
        & (journey_versions.c.status == "filling")
        & (journey_versions.c.chunks_done == done - 1)
    )
    with writing(engine) as connection:
        noted = update(journey_versions).where(mine).values(chunks_done=done, chunks_total=total)
        return connection.execute(noted).rowcount == 1


def pause(engine: Engine, version_id: int) -> bool:
    """Let the filling of a version wait behind the chunk in hand; False when it is not being filled."""
    return _turn(engine, version_id, "filling", "paused")


def resume(engine: Engine, version_id: int) -> bool:
    """Let a paused filling go on where it was; False when it is not paused."""
    return _turn(engine, version_id, "paused", "filling")


def _turn(engine: Engine, version_id: int, before: str, after: str) -> bool:
    mine = (journey_versions.c.id == version_id) & (journey_versions.c.status == before)
    with writing(engine) as connection:
        return connection.execute(update(journey_versions).where(mine).values(status=after)).rowcount == 1


def make_live(engine: Engine, version: JourneyVersion, *, now: int) -> None:
    """Let a filled version answer, in place of the older ones."""
    with writing(engine) as connection:
        connection.execute(
            update(journey_versions)
            .where(journey_versions.c.journey_id == version.journey_id)
            .where(journey_versions.c.version < version.version)
            .values(status="replaced")
        )
        connection.execute(
            update(journey_versions)
            .where(journey_versions.c.id == version.id)
            .values(status="live", filled_at=now)
        )


def fill_again(engine: Engine, version_id: int) -> None:
    """Send a version back to be filled from the beginning, because its stored runs may be out of date."""
    waits = case((journey_versions.c.status == "paused", "paused"), else_="filling")
    with writing(engine) as connection:
        connection.execute(
            update(journey_versions)
            .where(journey_versions.c.id == version_id, journey_versions.c.status != "replaced")
            .values(status=waits, chunks_done=0, chunks_total=0)
        )


def delete_journey(engine: Engine, project_id: int, key: str, *, now: int) -> bool:
    """Hide a journey; its versions stay and saving it again brings it back. False when there is none."""
    query = (
        update(journeys)
        .where(journeys.c.project_id == project_id, journeys.c.key == key, journeys.c.deleted_at.is_(None))
        .values(deleted_at=now)
    )
    with writing(engine) as connection:
        return connection.execute(query).rowcount == 1


def _versions() -> Any:
    return (
        select(journey_versions, journeys.c.project_id, journeys.c.key)
        .join(journeys, journeys.c.id == journey_versions.c.journey_id)
        .order_by(journey_versions.c.id.desc())
    )


def _version(row: Row[Any]) -> JourneyVersion:
    return JourneyVersion(
        row.id,
        row.project_id,
        row.journey_id,
        row.version,
        dict(row.definition),
        row.status,
        row.chunks_done,
        row.chunks_total,
        row.created_by,
        row.created_at,
    )
