"""The tracking plan: which events a project expects, and a JSON Schema of the properties of each."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import msgspec
from sqlalchemy import Connection, Engine, select

from store.db import writing
from store.tables import planned_events
from store.words import tell

log = logging.getLogger("waywiser.plans")

REMEMBER_S = 5.0  # a changed plan counts this much later
MOST_EVENTS = 1_000
MOST_NAME = 512
MOST_BYTES = 32 * 1024
MOST_DEPTH = 32
MOST_NODES = 5_000
DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAMED = "#/$defs/"
# They would make a schema that never ends, or one whose parts mean something else than they seem to.
REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")

Schema = dict[str, Any]
Validator = jsonschema_rs.Draft202012Validator


class PlanError(Exception):
    """A plan cannot be used; `event` is the event in which something is wrong."""

    def __init__(self, message: str, event: str = "") -> None:
        super().__init__(f"{event}: {message}" if event else message)
        self.message, self.event = message, event


class PlannedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the project expects, with a JSON Schema of its properties; `{}` allows any."""

    event: str
    description: str = ""
    schema: Schema = {}


@dataclass(frozen=True)
class Plan:
    """A plan for use: what checks the properties of each planned event; None where nothing can."""

    checks: Mapping[str, Validator | None] = field(default_factory=dict)


NO_PLAN = Plan()


def no_plan(_project_id: int) -> Plan:
    """The plan of a project that expects nothing in particular."""
    return NO_PLAN


def plan_of(engine: Engine, project_id: int) -> list[PlannedEvent]:
    """The planned events of a project, by name."""
    table = planned_events
    query = select(table.c.event, table.c.description, table.c.schema).where(table.c.project_id == project_id)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(table.c.event)).all()
    return [PlannedEvent(event=row.event, description=row.description, schema=row.schema) for row in rows]


def planned_event(engine: Engine, project_id: int, event: str) -> PlannedEvent | None:
    """One planned event, or None."""
    return next((one for one in plan_of(engine, project_id) if one.event == event), None)


def replace_plan(engine: Engine, project_id: int, plan: Sequence[PlannedEvent], *, now: int) -> None:
    """Keep this plan in place of the former one; raises PlanError, and then nothing is changed."""
    names = [one.event for one in plan]
    if len(names) > MOST_EVENTS:
        raise PlanError(tell("a plan can hold %(most)s events", most=MOST_EVENTS))
    for one in plan:
        check(one)
        if names.count(one.event) > 1:
            raise PlanError(tell("this event is planned twice"), one.event)
    with writing(engine) as connection:
        connection.execute(planned_events.delete().where(planned_events.c.project_id == project_id))
        _insert(connection, project_id, plan, now)


def save_event(engine: Engine, project_id: int, one: PlannedEvent, *, former: str = "", now: int) -> None:
    """Plan an event in place of the one of its name, and of the one named `former`; raises PlanError."""
    check(one)
    mine = planned_events.c.project_id == project_id
    with writing(engine) as connection:
        gone = planned_events.delete().where(mine, planned_events.c.event.in_([one.event, former]))
        connection.execute(gone)
        others = connection.execute(select(planned_events.c.event).where(mine)).all()
        if len(others) >= MOST_EVENTS:
            raise PlanError(tell("a plan can hold %(most)s events", most=MOST_EVENTS))
        _insert(connection, project_id, [one], now)


def remove_event(engine: Engine, project_id: int, event: str) -> bool:
    """Take an event out of the plan; False when it is not in it."""
    mine = (planned_events.c.project_id == project_id) & (planned_events.c.event == event)
    with writing(engine) as connection:
        return connection.execute(planned_events.delete().where(mine)).rowcount == 1


def check(one: PlannedEvent) -> None:
    """Raise PlanError unless the event has a name and a schema that can be used."""
    if not one.event.strip() or len(one.event) > MOST_NAME or "\0" in one.event:
        raise PlanError(tell("an event needs a name of at most %(most)s characters", most=MOST_NAME))
    if "\0" in one.description:
        raise PlanError(tell("the description holds a character that cannot be kept"), one.event)
    try:
        compiled(one.schema)
    except PlanError as error:
        raise PlanError(error.message, one.event) from None


def compiled(schema: Schema) -> Validator:
    """What checks properties against a schema; raises PlanError that says what is wrong in it.

    Nothing is ever fetched, and patterns run in an engine whose time is linear in the text.
    """
    _walk(schema)
    try:
        if len(msgspec.json.encode(schema)) > MOST_BYTES:
            raise PlanError(tell("a schema can have %(most)s bytes", most=f"{MOST_BYTES:,}"))
        patterns = jsonschema_rs.RegexOptions(size_limit=1_000_000)
        return Validator(schema, offline=True, validate_formats=True, pattern_options=patterns)
    except jsonschema_rs.ValidationError as error:
        where = ".".join(str(part) for part in error.instance_path)
        what = error.message.splitlines()[0][:300]
        if where:
            raise PlanError(
                tell("the schema is wrong at %(place)s: %(what)s", place=where, what=what)
            ) from None
        raise PlanError(tell("the schema is wrong: %(what)s", what=what)) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise PlanError(tell("the schema cannot be read: %(error)s", error=str(error)[:300])) from None


def _walk(schema: Schema) -> None:
    """Refuse what is no JSON, what is too large, and references by which a check might never end."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(schema, ())]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        value, way = waiting.pop()
        if len(way) > MOST_DEPTH:
            raise PlanError(tell("the schema is nested deeper than %(most)s levels", most=MOST_DEPTH))
        if isinstance(value, dict):
            _check_keys(value, way)
            waiting += [(one, (*way, name)) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, (*way, str(index))) for index, one in enumerate(value)]
        elif value is not None and not isinstance(value, bool | int | float | str):
            raise PlanError(
                tell(
                    "%(place)s is no JSON value; in YAML, put dates into quotation marks", place=".".join(way)
                )
            )
    raise PlanError(tell("a schema can have %(most)s parts", most=f"{MOST_NODES:,}"))


def _check_keys(part: dict[Any, Any], way: tuple[str, ...]) -> None:
    if other := next((name for name in part if not isinstance(name, str)), None):
        raise PlanError(tell("%(name)s is no name; in YAML, put it into quotation marks", name=repr(other)))
    if not way and part.get("$schema", DRAFT) not in (DRAFT, DRAFT + "#"):
        raise PlanError(
            tell("schemas are read as draft 2020-12; leave $schema out or write %(draft)s", draft=DRAFT)
        )
    if found := next((name for name in REFUSED if isinstance(part.get(name), str | bool)), None):
        raise PlanError(
            tell(
                "%(name)s cannot be used here; refer by $ref to a schema in $defs of the same schema",
                name=found,
            )
        )
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return
    if not reference.startswith(NAMED):
        raise PlanError(
            tell(
                "$ref can only name a schema in $defs, as in %(named)smoney; nothing else is fetched",
                named=NAMED,
            )
        )
    if way[:1] == ("$defs",):
        raise PlanError(tell("a schema in $defs cannot refer to another one"))


def _insert(connection: Connection, project_id: int, plan: Sequence[PlannedEvent], now: int) -> None:
    rows = [{"project_id": project_id, "changed_at": now, **msgspec.structs.asdict(one)} for one in plan]
    if rows:
        connection.execute(planned_events.insert(), rows)


class KnownPlans:
    """The plans of all projects, each remembered for some seconds and compiled when it has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[int, tuple[float, list[PlannedEvent], Plan]] = {}

    def of(self, project_id: int) -> Plan:
        """The plan of a project."""
        now = time.monotonic()
        until, former, plan = self._known.get(project_id, (0.0, [], NO_PLAN))
        if until <= now:
            planned = plan_of(self._engine, project_id)
            if planned != former:
                plan = ready(planned)
            self._known[project_id] = now + REMEMBER_S, planned, plan
        return plan


def ready(planned: Sequence[PlannedEvent]) -> Plan:
    """A plan for use. A schema that an older version took and this one cannot read checks nothing."""
    checks: dict[str, Validator | None] = {}
    for one in planned:
        try:
            checks[one.event] = compiled(one.schema)
        except PlanError as error:
            log.error("the planned event %r is not checked: %s", one.event, error)
            checks[one.event] = None
    return Plan(checks)
