"""Checks of stored runs: who asked for one, how it is getting on, and what it found; one a version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec
from sqlalchemy import Engine, select, update

from store.db import writing
from store.journeys import JourneyVersion
from store.kept import forget_others
from store.leases import is_over
from store.tables import kept
from store.words import tell

PREFIX = "checking."
SAMPLE = 1_000  # customers, or accounts, of each journey
LEASE_MS = 15 * 60_000  # who has said nothing for so long is taken for dead


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of some customers, or accounts, of a journey version counted anew and compared.

    `by` is empty where nobody asked. `differing` of those that were `checked` have other runs; `customers`
    are some of them, by number alone: nothing that happened to anybody is kept here. `problem` says why it
    could not be done, or why not yet.
    """

    version: int
    project: int
    most: int
    seed: int
    by: str
    asked_at: int
    state: Literal["waiting", "at work", "done"] = "waiting"
    held_until: int = 0
    ended_at: int = 0
    checked: int = 0
    differing: int = 0
    customers: list[int] = []
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it says nothing against the stored runs."""
        return self.state != "done" or not (self.differing or self.problem)

    @property
    def says(self) -> str:
        """What has become of it, in words."""
        if self.state != "done":
            return tell("it waits to be checked") if self.state == "waiting" else tell("it is being checked")
        if self.problem:
            return tell("it could not be checked: %(problem)s", problem=self.problem)
        checked = f"{self.checked:,}"
        if self.differing:
            return tell(
                "%(differing)s of %(checked)s have other runs than their events make: "
                "count them anew by `waywiser runs rebuild`",
                differing=f"{self.differing:,}",
                checked=checked,
            )
        return tell("%(checked)s checked, all as their events make them", checked=checked)


def of_version(
    version: JourneyVersion, *, by: str, now: int, most: int = SAMPLE, seed: int | None = None
) -> Check:
    """A check of a version that is to be made; of others each time where no seed is given."""
    return Check(
        version=version.id,
        project=version.project_id,
        most=most,
        seed=now if seed is None else seed,
        by=by,
        asked_at=now,
    )


def ask_for(engine: Engine, check: Check) -> None:
    """Have a check made; it takes the place of the one before."""
    name = _name(check.version)
    with writing(engine) as connection:
        connection.execute(kept.delete().where(kept.c.name == name))
        connection.execute(kept.insert().values(name=name, value=_text(check)))


def all_checks(engine: Engine) -> dict[int, Check]:
    """The last check of each version, open or done."""
    query = select(kept.c.value).where(kept.c.name.startswith(PREFIX, autoescape=True))
    with engine.connect() as connection:
        checks = [msgspec.json.decode(text, type=Check) for text in connection.scalars(query)]
    return {one.version: one for one in checks}


def check_of(engine: Engine, version: int) -> Check | None:
    """The last check of a version."""
    with engine.connect() as connection:
        text = connection.scalar(select(kept.c.value).where(kept.c.name == _name(version)))
    return msgspec.json.decode(text, type=Check) if text else None


def claim_one(engine: Engine, *, now: int, only: int | None = None) -> Check | None:
    """Take the one that waits longest and nobody holds, or the one of this version; None where there is
    none."""
    checks = [one for one in all_checks(engine).values() if only in (None, one.version)]
    for check in sorted(checks, key=lambda one: one.asked_at):
        if check.state != "done" and is_over(check.held_until, now, LEASE_MS):
            held = msgspec.structs.replace(check, state="at work", held_until=now + LEASE_MS, problem="")
            if put_in_place(engine, check, held):
                return held
    return None


def put_in_place(engine: Engine, known: Check, new: Check) -> bool:
    """Keep what has become of it; False where somebody has asked anew or taken it over."""
    same = kept.c.name == _name(known.version), kept.c.value == _text(known)
    with writing(engine) as connection:
        return connection.execute(update(kept).where(*same).values(value=_text(new))).rowcount == 1


def take_back(engine: Engine, check: Check) -> None:
    """Ask for it no longer, unless somebody has begun it."""
    same = kept.c.name == _name(check.version), kept.c.value == _text(check)
    with writing(engine) as connection:
        connection.execute(kept.delete().where(*same))


def forget_customers(engine: Engine, project: int, some: Collection[int]) -> None:
    """Leave these customers out of what the checks of a project have found."""
    for check in all_checks(engine).values():
        left = [one for one in check.customers if one not in some]
        if check.project == project and left != check.customers:
            # A check that is asked for or made meanwhile finds none of them: their runs are gone.
            put_in_place(engine, check, msgspec.structs.replace(check, customers=left))


def forget_all_but(engine: Engine, versions: Collection[int]) -> None:
    """Forget the checks of versions that do not answer any more."""
    forget_others(engine, PREFIX, [_name(one) for one in versions])


def _name(version: int) -> str:
    return f"{PREFIX}{version}"


def _text(check: Check) -> str:
    return msgspec.json.encode(check).decode()
