"""What a journey is: steps, what reaches them, and when an attempt is over. Read from JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml
from marshmallow import ValidationError

from journeys import plain_yaml
from journeys.definition_schema import (
    ORDERS,
    RUNS_OF,
    DefinitionSchema,
    Order,
    RunsOf,
    parse_duration,
    problems_of,
)
from store.complaint import Complaint
from store.words import tell


class DefinitionError(Complaint):
    """A definition cannot be used; `problems` maps the place in it to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{place}: {problem}" for place, problem in self.problems.items()))


@dataclass(frozen=True)
class Condition:
    """A test of one `property`, `trait` or `field` (such as device) of an event."""

    kind: str
    name: str
    op: str
    value: Any = None


@dataclass(frozen=True)
class Matcher:
    """What an event must be: an event name, a page path with `*` or `:id`, or a type; and all conditions."""

    event: str | None = None
    page: str | None = None
    type: str | None = None
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Step:
    """One place in a journey. `within` limits the time from the step before, in milliseconds."""

    key: str
    name: str
    stage: str
    match: tuple[Matcher, ...]
    optional: bool = False
    within: int | None = None


@dataclass(frozen=True)
class Definition:
    """A journey: ordered steps, the last of which is the goal. Durations in milliseconds.

    With `order` any, each step counts whenever it comes, and the goal is to have taken them all. With
    `runs_of` accounts the members of an account make one attempt together.
    """

    key: str
    name: str
    goal: str
    steps: tuple[Step, ...]
    fail_on: tuple[Matcher, ...]
    idle_timeout: int
    window: int | None
    case_key: str | None
    population: tuple[Condition, ...]
    owner: str
    source: Mapping[str, Any]
    order: Order = "sequential"
    runs_of: RunsOf = "customers"

    @property
    def of_accounts(self) -> bool:
        """Whether its runs are those of accounts."""
        return self.runs_of == "accounts"

    @property
    def drawn(self) -> Definition:
        """The journey as reports draw it: in any order the places of a run, from one step taken to all."""
        if self.order != "any":
            return self
        whole = tuple(one for step in self.steps for one in step.match)
        last = len(self.steps)
        names = ["1 step taken", *(f"{n} steps taken" for n in range(2, last)), f"All {last} steps taken"]
        places = (Step(f"taken-{n}", name, "", whole) for n, name in enumerate(names, 1))
        return replace(self, steps=tuple(places))

    @property
    def openers(self) -> tuple[Step, ...]:
        """The steps that may open a run."""
        return self.steps if self.order == "any" else self.steps[:1]

    @property
    def followers(self) -> tuple[Step, ...]:
        """The steps that a run may come to after another."""
        return self.steps if self.order == "any" else self.steps[1:]

    @property
    def stages(self) -> list[str]:
        """The stages in their order."""
        return list(dict.fromkeys(step.stage for step in self.steps))

    @property
    def matchers(self) -> list[Matcher]:
        """All that an event may match: steps and what fails the journey."""
        return [*(one for step in self.steps for one in step.match), *self.fail_on]

    def position(self, step_key: str) -> int:
        """The place of a step, from 1; raises KeyError."""
        for position, step in enumerate(self.steps, 1):
            if step.key == step_key:
                return position
        raise KeyError(step_key)

    def outcome(self, stored: str, start: int, last: int, now: int) -> str:
        """What a stored outcome is at `now`: an open run is in time while no limit has passed."""
        if stored != "open":
            return stored
        late = now - last > self.idle_timeout or (self.window is not None and now - start > self.window)
        return "dropped" if late else "in_time"

    def __contains__(self, step_key: object) -> bool:
        return any(step.key == step_key for step in self.steps)


def parse(data: Mapping[str, Any]) -> Definition:
    """A definition from JSON-like data; raises DefinitionError that names every problem."""
    try:
        clean = DefinitionSchema().load(data)
    except ValidationError as error:
        raise DefinitionError(problems_of(error)) from None
    return Definition(
        key=clean["key"],
        name=clean["name"],
        goal=clean["goal"],
        steps=tuple(_step(step) for step in clean["steps"]),
        fail_on=tuple(matcher_of(one) for one in clean["fail_on"]),
        idle_timeout=parse_duration(clean["idle_timeout"]),
        window=parse_duration(clean["window"]) if clean["window"] else None,
        case_key=clean["case_key"] or None,
        population=tuple(condition_of(one) for one in clean["population"]),
        owner=clean["owner"],
        source=clean,
        order=clean["order"],
        runs_of=clean.get("runs_of", RUNS_OF[0]),
    )


def is_of_accounts(data: Mapping[str, Any]) -> bool:
    """Whether the runs of a definition, as it is kept, are those of accounts."""
    return bool(data.get("runs_of") == "accounts")


def parsed(data: Mapping[str, Any]) -> Definition:
    """The same of data that is parsed again and again."""
    return _parsed(json.dumps(data))


@lru_cache(1_000)
def _parsed(text: str) -> Definition:
    return parse(json.loads(text))


def parse_yaml(text: str) -> Definition:
    """A definition from a YAML file; raises DefinitionError."""
    try:
        data = plain_yaml.read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        raise DefinitionError(
            {where: tell("this is not YAML (%(error)s)", error=getattr(error, "problem", error))}
        ) from None
    if not isinstance(data, Mapping):
        raise DefinitionError({"file": tell("a journey file holds key, name, steps and so on")})
    return parse(data)


def to_yaml(definition: Definition) -> str:
    """The definition as a YAML file, without what is at its default."""
    return yaml_of(definition.source)


def yaml_of(data: Mapping[str, Any]) -> str:
    """The same of a definition as it is kept, also of one that is being written."""
    return yaml.safe_dump(lean(data), sort_keys=False, allow_unicode=True, width=100)


def lean(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same definition without empty and default values."""
    steps = [{k: v for k, v in step.items() if v not in (None, False, [])} for step in data["steps"]]
    rest = {k: v for k, v in data.items() if k != "steps" and v not in (None, "", [])}
    if rest.get("order") == ORDERS[0]:
        del rest["order"]
    return {**{k: rest.pop(k) for k in ("key", "name", "goal") if k in rest}, "steps": steps, **rest}


def condition_of(data: Mapping[str, Any]) -> Condition:
    kind = next(kind for kind in ("property", "trait", "field") if kind in data)
    return Condition(kind, data[kind], data["op"], data["value"])


def matcher_of(data: Mapping[str, Any]) -> Matcher:
    where = tuple(condition_of(one) for one in data.get("where", []))
    return Matcher(data.get("event"), data.get("page"), data.get("type"), where)


def _step(data: Mapping[str, Any]) -> Step:
    return Step(
        key=data["key"],
        name=data["name"],
        stage=data["stage"],
        match=tuple(matcher_of(one) for one in data["match"]),
        optional=data["optional"],
        within=parse_duration(data["within"]) if data["within"] else None,
    )
