"""What a project has decided about its own events: identity, channels, tracking plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import msgspec
from sqlalchemy import Connection, Engine, select, update

from store.db import writing
from store.projects import hold
from store.tables import project_rules

REMEMBER_S = 5.0  # a changed rule counts this much later


class ChannelRule(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of the project's own. All given patterns must match; `*` stands for anything."""

    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer: str = ""  # the referring host


class IdentifierRule(msgspec.Struct, frozen=True):
    """How identifiers of one type join: a customer may have `limit` values of it (none: it joins nothing);
    types of a lower `priority` join first."""

    type: str
    limit: int = 1
    priority: int = 100


OF_UNKNOWN_TYPES = IdentifierRule("", limit=1, priority=1_000)
IDENTIFIERS = (
    IdentifierRule("crm_id", limit=1, priority=10),
    IdentifierRule("email", limit=5, priority=20),
    IdentifierRule("phone", limit=5, priority=30),
    *(
        IdentifierRule(type, limit=10, priority=40)
        for type in ("device_id", "android.id", "android.idfa", "ios.id", "ios.idfa")
    ),
    *(
        IdentifierRule(type, limit=10, priority=50)
        for type in ("android.push_token", "ios.push_token", "ga_client_id", "cross_domain_id")
    ),
)


class ProjectRules(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions of one project. `cookieless`: visitors get no stored id, only a hash of the day.

    `violations` says what becomes of events that break the tracking plan, `unplanned` of those that it does
    not name. `query_parameters` are kept in addresses beside the campaign's. `data_centres`: whether
    browsers in data centres count as robots. A session ends after `session_idle_minutes` without a
    touchpoint, and after `session_cap_hours` in any case. Events are deleted `retention_days` after they
    happened (0: as the installation says). `identifiers` say how typed identifiers join; `blocked_ids` are
    values that join nothing, whatever their kind; nor does an identity with more than `most_neighbours`
    edges (a user id: ten times as many).
    """

    cookieless: bool = False
    violations: Literal["mark", "drop"] = "mark"
    unplanned: Literal["allow", "mark", "drop"] = "allow"
    channels: tuple[ChannelRule, ...] = ()
    query_parameters: tuple[str, ...] = ()
    data_centres: bool = True
    session_idle_minutes: int = 30
    session_cap_hours: int = 24
    retention_days: int = 0
    identifiers: tuple[IdentifierRule, ...] = IDENTIFIERS
    blocked_ids: tuple[str, ...] = ()
    most_neighbours: int = 100

    def identifier(self, type: str) -> IdentifierRule:
        """The rule of a type of identifiers; types that it does not name have one value a customer."""
        return next((one for one in self.identifiers if one.type == type), OF_UNKNOWN_TYPES)


STANDARD = ProjectRules()


def standard(_project_id: int) -> ProjectRules:
    """The rules of a project that has decided nothing."""
    return STANDARD


def rules_of(engine: Engine, project_id: int) -> ProjectRules:
    """The rules of a project; the defaults where it has decided nothing."""
    with engine.connect() as connection:
        return rules_within(connection, project_id)


def rules_within(connection: Connection, project_id: int) -> ProjectRules:
    """The same, as a transaction sees it."""
    query = select(project_rules.c.rules).where(project_rules.c.project_id == project_id)
    row = connection.execute(query).first()
    return msgspec.convert(row.rules, ProjectRules) if row else STANDARD


def save_rules(engine: Engine, project_id: int, rules: ProjectRules, *, now: int) -> None:
    """Keep these rules in place of the former ones."""
    with writing(engine) as connection:
        _put(connection, project_id, rules, now)


def alter_rules(
    engine: Engine,
    project_id: int,
    alter: Callable[[ProjectRules], ProjectRules],
    *,
    now: int,
    also: Callable[[Connection], None] = lambda _connection: None,
) -> tuple[ProjectRules, ProjectRules]:
    """Make new rules of those that stand, which nobody else can change meanwhile; returns both.

    `also` keeps more in the same transaction. Whatever `alter` raises leaves them as they are.
    """
    with writing(engine) as connection:
        hold(connection, project_id)
        before = rules_within(connection, project_id)
        after = alter(before)
        _put(connection, project_id, after, now)
        also(connection)
    return before, after


def _put(connection: Connection, project_id: int, rules: ProjectRules, now: int) -> None:
    values = {"project_id": project_id, "rules": msgspec.to_builtins(rules), "changed_at": now}
    connection.execute(project_rules.delete().where(project_rules.c.project_id == project_id))
    connection.execute(project_rules.insert().values(values))


def forget_blocked(engine: Engine, project_id: int, is_named: Callable[[str], bool], *, now: int) -> None:
    """Take the values that are named so out of what a project has blocked."""
    with writing(engine) as connection:
        hold(connection, project_id)
        rules = rules_within(connection, project_id)
        left = tuple(value for value in rules.blocked_ids if not is_named(value))
        if left != rules.blocked_ids:
            kept = msgspec.to_builtins(msgspec.structs.replace(rules, blocked_ids=left))
            mine = project_rules.c.project_id == project_id
            connection.execute(update(project_rules).where(mine).values(rules=kept, changed_at=now))


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
