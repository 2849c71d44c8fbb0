"""Upkeep of stored runs as people ask for it: checks of a sample, and a filling that waits or goes on."""

from __future__ import annotations

from typing import NamedTuple

from admin.services import Services
from store.checks import Check, all_checks, ask_for, of_version
from store.journeys import ANSWERING, JourneyVersion, live_journeys, pause, resume, versions_of


class Checked(NamedTuple):
    """A journey that answers, and the last check of its runs."""

    version: JourneyVersion
    check: Check | None


def checks_of(given: Services, project: int) -> list[Checked]:
    """The journeys of a project that answer with all their runs, with their checks."""
    checks = all_checks(given.engine)
    answering = (one for one in live_journeys(given.engine, project) if one.status in ANSWERING)
    return [Checked(one, checks.get(one.id)) for one in answering]


def check_all(given: Services, project: int, *, by: str) -> int:
    """Ask for a check of each of them; returns how many there are."""
    known = checks_of(given, project)
    for one in known:
        ask_for(given.engine, of_version(one.version, by=by, now=given.clock()))
    return len(known)


def pause_filling(given: Services, project: int, key: str) -> list[JourneyVersion]:
    """Let the filling of a journey wait; returns the versions that do now."""
    versions = versions_of(given.engine, project, key)
    return [one for one in versions if pause(given.engine, one.id)]


def resume_filling(given: Services, project: int, key: str) -> list[JourneyVersion]:
    """Let it go on; returns the versions that do now."""
    versions = versions_of(given.engine, project, key)
    going_on = [one for one in versions if resume(given.engine, one.id)]
    if going_on:
        given.refill()
    return going_on
