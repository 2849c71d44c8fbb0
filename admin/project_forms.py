"""What the page of projects sends: a project to make, another name, another time zone."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

from admin.first_run import FormProblems, key_of
from admin.formats import sentence
from admin.services import Services
from store.projects import (
    Project,
    ProjectError,
    create_project,
    create_write_key,
    rename_project,
    set_timezone,
)
from store.users import User, grant
from store.words import tell

MOST_NAME = 200


def zones() -> list[str]:
    """The time zones that are offered."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def make(services: Services, form: Mapping[str, str], *, by: User) -> Project:
    """Make a project with a browser key, whose admin is the person who makes it; raises FormProblems."""
    problems = dict[str, str]()
    name = _name(form, "new_name", problems)
    timezone = _zone(form, "new_timezone", problems)
    if problems:
        raise FormProblems(problems)
    engine, now = services.engine, services.clock()
    key = form.get("new_key", "").strip() or key_of(engine, name)
    try:
        project = create_project(engine, key=key, name=name, timezone=timezone, now=now)
    except ProjectError as error:
        raise FormProblems({"new_key": sentence(error)}) from None
    grant(engine, by.id, project.id, "admin")
    create_write_key(engine, project.id, side="browser", now=now)
    return project


def rename(services: Services, project: Project, form: Mapping[str, str]) -> str:
    """Give the project another name, and return it; raises FormProblems."""
    problems = dict[str, str]()
    name = _name(form, "name", problems)
    if problems:
        raise FormProblems(problems)
    rename_project(services.engine, project.id, name)
    return name


def change_zone(services: Services, project: Project, form: Mapping[str, str]) -> str:
    """Let the project's days begin in another time zone, and return its name; raises FormProblems."""
    problems = dict[str, str]()
    timezone = _zone(form, "timezone", problems)
    if problems:
        raise FormProblems(problems)
    set_timezone(services.engine, project.id, timezone)
    return timezone


def _name(form: Mapping[str, str], field: str, problems: dict[str, str]) -> str:
    name = form.get(field, "").strip()
    if not name:
        problems[field] = tell("Give the product or site a name.")
    elif len(name) > MOST_NAME:
        problems[field] = tell("Use at most %(most)s characters.", most=MOST_NAME)
    elif not name.isprintable():
        problems[field] = tell("A name is one line of characters that can be seen.")
    return name


def _zone(form: Mapping[str, str], field: str, problems: dict[str, str]) -> str:
    timezone = form.get(field, "").strip()
    if timezone not in zones():
        problems[field] = tell("This is no time zone; choose one such as Europe/Berlin.")
    return timezone
