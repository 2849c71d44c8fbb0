"""What a project has decided about its own events: identity, channels, tracking plan."""

from __future__ import annotations

import time
from typing import Literal

import msgspec
from sqlalchemy import Engine, select

from store.db import writing
from store.tables import project_rules

REMEMBER_S = 5.0  # a changed rule counts this much later


class ChannelRule(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of the project's own. All given patterns must match; `*` stands for anything."""

    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer: str = ""  # the referring host


class ProjectRules(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions of one project. `cookieless`: visitors get no stored id, only a hash of the day.

    `violations` says what becomes of events that break the tracking plan, `unplanned` of those that it does
    not name. `query_parameters` are kept in addresses beside the campaign's. `data_centres`: whether
    browsers in data centres count as robots. A session ends after `session_idle_minutes` without a
    touchpoint, and after `session_cap_hours` in any case.
    """

    cookieless: bool = False
    violations: Literal["mark", "drop"] = "mark"
    unplanned: Literal["allow", "mark", "drop"] = "allow"
    channels: tuple[ChannelRule, ...] = ()
    query_parameters: tuple[str, ...] = ()
    data_centres: bool = True
    session_idle_minutes: int = 30
    session_cap_hours: int = 24


STANDARD = ProjectRules()


def standard(_project_id: int) -> ProjectRules:
    """The rules of a project that has decided nothing."""
    return STANDARD


def rules_of(engine: Engine, project_id: int) -> ProjectRules:
    """The rules of a project; the defaults where it has decided nothing."""
    query = select(project_rules.c.rules).where(project_rules.c.project_id == project_id)
    with engine.connect() as connection:
        row = connection.execute(query).first()
    return msgspec.convert(row.rules, ProjectRules) if row else STANDARD


def save_rules(engine: Engine, project_id: int, rules: ProjectRules, *, now: int) -> None:
    """Keep these rules in place of the former ones."""
    values = {"project_id": project_id, "rules": msgspec.to_builtins(rules), "changed_at": now}
    with writing(engine) as connection:
        connection.execute(project_rules.delete().where(project_rules.c.project_id == project_id))
        connection.execute(project_rules.insert().values(values))


class KnownRules:
    """The rules of all projects, each remembered for some seconds so that the store is rarely asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[int, tuple[float, ProjectRules]] = {}

    def of(self, project_id: int) -> ProjectRules:
        """The rules of a project."""
        now = time.monotonic()
        until, rules = self._known.get(project_id, (0.0, STANDARD))
        if until <= now:
            rules = rules_of(self._engine, project_id)
            self._known[project_id] = now + REMEMBER_S, rules
        return rules
