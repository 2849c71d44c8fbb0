"""What the first visit makes: the first account, its project, and the key for the web site."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine

from admin.made_keys import free_key, slug
from admin.services import Services
from store import kept
from store.projects import Project, ProjectError, all_projects, create_project, create_write_key
from store.users import LEAST_PASSWORD, User, UserError, count_users, create_user, grant
from store.words import tell


class FormProblems(Exception):
    """A form cannot be used; `problems` maps its fields to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(self.problems.values()))


def begin(services: Services, form: Mapping[str, str]) -> tuple[User, Project]:
    """Make account, project and browser key in one go; raises FormProblems."""
    if count_users(services.engine):
        raise FormProblems({"email": tell("Waywiser has been set up already; please sign in.")})
    email, password = form.get("email", "").strip(), form.get("password", "")
    name, timezone = form.get("project", "").strip(), form.get("timezone") or "UTC"
    if problems := _problems(email, password, name, timezone):
        raise FormProblems(problems)
    if not kept.claim(services.engine, "set_up"):
        raise FormProblems({"email": tell("Somebody else is setting Waywiser up right now.")})
    try:
        return _made(services, form, email, password, name, timezone)
    except (ProjectError, UserError) as error:
        kept.give_up(services.engine, "set_up")
        raise FormProblems({"project": str(error)}) from None


def _made(
    services: Services, form: Mapping[str, str], email: str, password: str, name: str, timezone: str
) -> tuple[User, Project]:
    engine, now = services.engine, services.clock()
    project = create_project(engine, key=key_of(engine, name), name=name, timezone=timezone, now=now)
    user = create_user(engine, email=email, name=form.get("name", "").strip(), password=password, now=now)
    grant(engine, user.id, project.id, "admin")
    create_write_key(engine, project.id, side="browser", now=now)
    return user, project


def key_of(engine: Engine, name: str) -> str:
    """A key for a project of this name, which no project of another name has.

    One of the same name may have it, and is then found to be there already: who clicks twice means one.
    """
    names = {one.key: one.name for one in all_projects(engine)}
    return free_key(slug(name, "project"), lambda key: names.get(key, name) != name)


def _problems(email: str, password: str, name: str, timezone: str) -> dict[str, str]:
    problems = {}
    if "@" not in email or " " in email or len(email) > 254:
        problems["email"] = tell("Write an e-mail address, such as you@example.com.")
    if len(password) < LEAST_PASSWORD:
        problems["password"] = tell(
            "Use at least %(least_password)s characters.", least_password=LEAST_PASSWORD
        )
    if not name:
        problems["project"] = tell("Give the product or site a name.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems["timezone"] = tell("This is no time zone; choose one such as Europe/Berlin.")
    return problems
