"""Journeys and their versions; every saved change is a new version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, select, update

from store.db import writing
from store.filling import give_up, holds, take_away
from store.projects import hold
from store.tables import journey_versions, journeys

ANSWERING = ("live", "refilling", "refill_paused")
PAUSED = {"filling": "paused", "refilling": "refill_paused"}
UNFILLED = (*PAUSED, *PAUSED.values())
SAYS = ("version", "definition", "created_by", "created_at")


@dataclass(frozen=True)
class JourneyVersion:
    """One version of a journey. `id` names its stored runs; a newer version that counts alike takes it over.

    `status` is filling until its runs are complete, then live; refilling while it answers and is filled
    again, as its runs may be out of date; replaced when a newer one is live. Both kinds of filling can be
    paused.
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
    filled_at: int | None = None


def save_version(
    engine: Engine,
    project_id: int,
    definition: Mapping[str, Any],
    *,
    by: str,
    now: int,
    alike: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = lambda _one, _other: False,
    check: Callable[[Mapping[str, Any] | None], None] = lambda _standing: None,
) -> JourneyVersion:
    """Keep a definition as the next version, still to be filled; an equal newest one is returned as it is.

    Where a version that is kept has `alike` runs, the next one takes them over, as far as they are filled.
    `check` gets what the newest version says, or None where there is no such journey, which nobody can change
    meanwhile; whatever it raises leaves the journey as it is.
    """
    with writing(engine) as connection:
        hold(connection, project_id)
        mine = (journeys.c.project_id == project_id) & (journeys.c.key == definition["key"])
        found = connection.execute(select(journeys.c.id, journeys.c.deleted_at).where(mine)).first()
        journey_id = found.id if found else None
        if journey_id is None:
            row = {"project_id": project_id, "key": definition["key"], "created_at": now}
            journey_id = connection.execute(
                journeys.insert().values(row).returning(journeys.c.id)
            ).scalar_one()
        connection.execute(update(journeys).where(mine).values(deleted_at=None))
        if found and found.deleted_at is not None:  # its runs were not kept up to date meanwhile
            _leave_only_the_newest(connection, journey_id)
        newest = connection.execute(
            _versions().where(journey_versions.c.journey_id == journey_id).limit(1)
        ).first()
        check(dict(newest.definition) if newest and found and found.deleted_at is None else None)
        if newest and newest.definition == dict(definition) and newest.status != "replaced":
            return _version(connection.execute(_versions().where(journey_versions.c.id == newest.id)).one())
        row = {
            "journey_id": journey_id,
            "version": newest.version + 1 if newest else 1,
            "definition": dict(definition),
            "status": "filling",
            "created_by": by,
            "created_at": now,
        }
        kept = connection.execute(
            _versions().where(
                journey_versions.c.journey_id == journey_id, journey_versions.c.status != "replaced"
            )
        ).all()
        heirs = [one for one in kept if alike(one.definition, definition)]
        if heirs:
            number = _take_over(connection, min(heirs, key=lambda one: one.status not in ANSWERING), row)
        else:
            made = connection.execute(journey_versions.insert().values(row).returning(journey_versions.c.id))
            number = made.scalar_one()
        return _version(connection.execute(_versions().where(journey_versions.c.id == number)).one())


def _take_over(connection: Connection, former: Row[Any], row: Mapping[str, Any]) -> int:
    """Let the runs of a version be those of the next one; what it was goes to a row without runs."""
    history = {name: getattr(former, name) for name in ("journey_id", *SAYS, "filled_at")}
    is_mine = journey_versions.c.id == former.id
    connection.execute(update(journey_versions).where(is_mine).values({name: row[name] for name in SAYS}))
    connection.execute(journey_versions.insert().values(history | {"status": "replaced"}))
    if former.status in ANSWERING:
        others = (journey_versions.c.journey_id == former.journey_id) & ~is_mine
        connection.execute(update(journey_versions).where(others).values(status="replaced"))
    return int(former.id)


def _leave_only_the_newest(connection: Connection, journey_id: int) -> None:
    """Of a journey that comes back no version may answer before it is filled anew.

    A filling under way has passed over what came while the journey was deleted, so it is taken away too.
    """
    mine = (journey_versions.c.journey_id == journey_id) & (journey_versions.c.status != "replaced")
    newest = connection.scalar(
        select(journey_versions.c.id).where(mine).order_by(journey_versions.c.version.desc()).limit(1)
    )
    if newest is not None:
        take_away(connection, newest)
    is_newest = journey_versions.c.id == newest
    for which, status in ((~is_newest, "replaced"), (is_newest, "filling")):
        again = {"status": status, "chunks_done": 0, "chunks_total": 0}
        connection.execute(update(journey_versions).where(mine, which).values(again))


def live_journeys(engine: Engine, project_id: int) -> list[JourneyVersion]:
    """The version of each journey that answers reports: one that was complete, else the one being filled."""
    chosen: dict[int, JourneyVersion] = {}
    with engine.connect() as connection:
        query = _versions().where(
            journeys.c.project_id == project_id,
            journeys.c.deleted_at.is_(None),
            journey_versions.c.status != "replaced",
        )
        for row in connection.execute(query):
            held = chosen.get(row.journey_id)
            if held is None or (held.status not in ANSWERING and row.status in ANSWERING):
                chosen[row.journey_id] = _version(row)
    return sorted(chosen.values(), key=lambda one: one.journey_id)


def live_journey(engine: Engine, project_id: int, key: str) -> JourneyVersion | None:
    """The version of this journey that answers reports, or None."""
    for one in live_journeys(engine, project_id):
        if one.definition["key"] == key:
            return one
    return None


def kept_versions(engine: Engine, project_id: int) -> list[JourneyVersion]:
    """Every version whose runs must be kept up to date: those that answer and those being filled."""
    query = _versions().where(
        journeys.c.project_id == project_id,
        journeys.c.deleted_at.is_(None),
        journey_versions.c.status != "replaced",
    )
    with engine.connect() as connection:
        return [_version(row) for row in connection.execute(query)]


def versions_to_fill(engine: Engine) -> list[JourneyVersion]:
    """Versions that wait for their runs, the oldest first; of each journey's new ones only the newest."""
    query = _versions().where(journey_versions.c.status.in_(PAUSED), journeys.c.deleted_at.is_(None))
    waiting: dict[tuple[int, str], JourneyVersion] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            waiting.setdefault((row.journey_id, row.status), _version(row))
    return sorted(waiting.values(), key=lambda one: one.id)


def being_filled(engine: Engine, versions: Sequence[int]) -> set[int]:
    """Those of these versions, by their ids, whose filling is neither done nor paused."""
    filling = journey_versions.c.id.in_(versions) & journey_versions.c.status.in_(PAUSED)
    with engine.connect() as connection:
        return set(connection.scalars(select(journey_versions.c.id).where(filling)))


def versions_of(engine: Engine, project_id: int, key: str) -> list[JourneyVersion]:
    """All versions of a journey, the newest first."""
    query = _versions().where(journeys.c.project_id == project_id, journeys.c.key == key)
    with engine.connect() as connection:
        return [_version(row) for row in connection.execute(query)]


def former_versions(engine: Engine, *, before: int) -> dict[int, list[int]]:
    """By project, the ids of versions whose stored runs nobody can ask for since this moment (ms).

    They were replaced, or their journey was deleted; one that comes back is filled anew.
    """
    answering = journey_versions.alias()
    is_answered = (
        select(answering.c.id)
        .where(
            answering.c.journey_id == journey_versions.c.journey_id,
            answering.c.status.in_(ANSWERING),
            answering.c.filled_at < before,
        )
        .exists()
    )
    is_replaced = (journey_versions.c.status == "replaced") & is_answered
    query = _versions().where(is_replaced | (journeys.c.deleted_at < before))
    former: dict[int, list[int]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            former.setdefault(row.project_id, []).append(row.id)
    return former


def note_progress(
    engine: Engine, version_id: int, *, done: int, total: int, holder: str | None = None
) -> bool:
    """Write down how far the filling of a version is.

    False when it is not this filling's turn any more: it was taken away from its `holder`, or another was
    faster.
    """
    mine = (
        (journey_versions.c.id == version_id)
        & journey_versions.c.status.in_(PAUSED)
        & (journey_versions.c.chunks_done == done - 1)
    )
    with writing(engine) as connection:
        if holder is not None and not holds(connection, version_id, holder):
            return False
        noted = update(journey_versions).where(mine).values(chunks_done=done, chunks_total=total)
        return connection.execute(noted).rowcount == 1


def pause(engine: Engine, version_id: int) -> bool:
    """Let the filling of a version wait behind the chunk in hand; False when it is not being filled."""
    return _turn(engine, version_id, PAUSED)


def resume(engine: Engine, version_id: int) -> bool:
    """Let a paused filling go on where it was; False when it is not paused."""
    return _turn(engine, version_id, {after: before for before, after in PAUSED.items()})


def _turn(engine: Engine, version_id: int, turns: Mapping[str, str]) -> bool:
    is_mine = journey_versions.c.id == version_id
    turned = case(turns, value=journey_versions.c.status)
    change = (
        update(journey_versions).where(is_mine, journey_versions.c.status.in_(turns)).values(status=turned)
    )
    with writing(engine) as connection:
        return connection.execute(change).rowcount == 1


def make_live(engine: Engine, version: JourneyVersion, *, now: int, holder: str | None = None) -> bool:
    """Let a filled version answer, in place of the older ones.

    False where it is too late: a newer one answers, or the filling was taken away from its `holder`.
    """
    mine = (journey_versions.c.id == version.id) & (journey_versions.c.status != "replaced")
    is_ours = journeys.c.id == version.journey_id
    with writing(engine) as connection:
        connection.execute(select(journeys.c.id).where(is_ours).with_for_update())  # as who saves does
        if holder is not None and not give_up(connection, version.id, holder):
            return False
        live = update(journey_versions).where(mine).values(status="live", filled_at=now)
        if connection.execute(live).rowcount == 0:
            return False
        ours = journey_versions.c.journey_id == version.journey_id
        number = connection.scalar(select(journey_versions.c.version).where(mine))  # a newer one may have it
        older = journey_versions.c.version < number
        connection.execute(update(journey_versions).where(ours, older).values(status="replaced"))
    return True


def fill_again(engine: Engine, version_id: int) -> None:
    """Have a version filled from the beginning, as its stored runs may be out of date.

    One that answers goes on answering, one that is paused stays so, and one that was replaced, too.
    """
    mine = journey_versions.c.id == version_id
    refilling = update(journey_versions).where(mine, journey_versions.c.status == "live")
    anew = update(journey_versions).where(mine, journey_versions.c.status != "replaced")
    with writing(engine) as connection:
        take_away(connection, version_id)  # first, as whoever notes progress locks the claim first
        connection.execute(refilling.values(status="refilling"))
        connection.execute(anew.values(chunks_done=0, chunks_total=0))


def delete_journey(engine: Engine, project_id: int, key: str, *, now: int) -> bool:
    """Hide a journey; its versions stay and saving it again brings it back. False when there is none."""
    query = (
        update(journeys)
        .where(journeys.c.project_id == project_id, journeys.c.key == key, journeys.c.deleted_at.is_(None))
        .values(deleted_at=now)
    )
    with writing(engine) as connection:
        hold(connection, project_id)
        return connection.execute(query).rowcount == 1


def _versions() -> Any:
    return (
        select(journey_versions, journeys.c.project_id, journeys.c.key)
        .join(journeys, journeys.c.id == journey_versions.c.journey_id)
        .order_by(journey_versions.c.version.desc(), journey_versions.c.id.desc())
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
        row.filled_at,
    )
