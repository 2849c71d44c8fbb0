"""Saves journeys and a project's rules, where the one limits the other: cookieless visitors last a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine

from journeys.definition_schema import UNITS_MS
from journeys.definitions import Definition, DefinitionError, parse
from journeys.version_changes import counts_alike
from store.journeys import JourneyVersion, kept_versions, save_version
from store.rules import ProjectRules, alter_rules, rules_of
from store.words import marked, tell

DAY_MS = UNITS_MS["d"]
TOO_LONG = marked(
    "this project is cookieless: its visitors are known for one day only, so write 24h or less here "
    "(or switch cookieless off under Data rules)"
)


class RulesRefused(Exception):
    """Rules cannot be kept as they are; the message says what stands against them."""


def save_journey(
    engine: Engine,
    project_id: int,
    definition: Definition,
    *,
    by: str,
    now: int,
    check: Callable[[Mapping[str, Any] | None], None] = lambda _standing: None,
) -> JourneyVersion:
    """Keep a definition as its journey's next version; where names alone are new, it has the runs at once.

    `check` may refuse that what stands is replaced, as `save_version` says.

    Raises DefinitionError where it asks a cookieless project for more than a day.
    """
    if rules_of(engine, project_id).cookieless and (problems := too_long(definition)):
        raise DefinitionError(dict.fromkeys(problems, tell(TOO_LONG)))
    source = dict(definition.source)
    return save_version(engine, project_id, source, by=by, now=now, alike=counts_alike, check=check)


def change_rules(
    engine: Engine, project_id: int, alter: Callable[[ProjectRules], ProjectRules], *, now: int
) -> ProjectRules:
    """Keep what `alter` makes of the rules that stand, and return it.

    Raises RulesRefused where journeys of the project need more than the rules leave.
    """
    return alter_rules(engine, project_id, lambda rules: _fitting(engine, project_id, alter(rules)), now=now)[
        1
    ]


def _fitting(engine: Engine, project_id: int, rules: ProjectRules) -> ProjectRules:
    if rules.cookieless and (names := longer_journeys(engine, project_id)):
        listed = ", ".join(names)
        raise RulesRefused(
            tell(
                "cookieless visitors are known for one day only, and these journeys need more: "
                "%(listed)s. Set their limits to 24h or less, or delete them, and try again.",
                listed=listed,
            )
        )
    return rules


def longer_journeys(engine: Engine, project_id: int) -> list[str]:
    """The names of the journeys that need more than a day, in live or waiting versions."""
    known = (parse(version.definition) for version in kept_versions(engine, project_id))
    return sorted({one.name for one in known if too_long(one)})


def too_long(definition: Definition) -> list[str]:
    """The places of the definition that allow more than a day."""
    limits = {"idle_timeout": definition.idle_timeout, "window": definition.window}
    limits |= {f"steps.{index}.within": step.within for index, step in enumerate(definition.steps)}
    return [place for place, limit in limits.items() if limit is not None and limit > DAY_MS]
