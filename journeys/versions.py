"""One version of a journey beside another: both over the same events, so only their definitions differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from journeys import filters, resolution, runs
from journeys.at_once import at_once
from journeys.definitions import DefinitionError, parse
from journeys.funnel import funnel
from journeys.lists import WORDS as NAMES
from journeys.questions import question
from journeys.report import Answer, Which
from journeys.scope import Scope
from journeys.versions_beside import beside
from store.journeys import JourneyVersion
from store.words import tell

MOST_TOUCHPOINTS = 2_000_000  # that are gone through at once; where there are more, those of a sample
BY = "by"  # before the cell of a funnel, with a version and the parts of which one is looked at
MOVED = "moved"
EVERYBODY = "1"
SAMPLE = "cityHash64(customer) % {chunks:UInt32} = 0"
BOUND = re.compile(r"\{(\w+):")


class VersionError(Exception):
    """The journey has no such other version; the message says why."""


class Asked(NamedTuple):
    """SQL and what it binds."""

    sql: str
    values: dict[str, Any]


def versions(scope: Scope, *, other: int = 0) -> Answer:
    """The numbers of the version that answers, and those that another one gives of the same events.

    The other one is that before it, or that of the number `other`. Its runs are computed when this is
    asked: those that are stored of a replaced version are as old as its replacement. `moved` says how many
    runs stand how by each of both; a run of both began with the same event. Raises VersionError.
    """
    version = _named(scope, other) if other else _before(scope)
    if version is None:
        return {
            **scope.head("runs"),
            "sampled": 1.0,
            **beside(funnel(scope), None, lists=[""]),
            "moved": None,
        }
    by_it = _by(scope, version)
    chunks = _chunks(by_it)
    this, counted = by(scope, scope.version.version, chunks), _computed(by_it, chunks)
    asks: list[Callable[[], Any]] = [
        lambda: funnel(this),
        lambda: funnel(counted),
        lambda: _moved(this, counted, chunks),
    ]
    *funnels, moved = at_once(asks)
    of_version = [f"{BY}:{one.version.version}:{chunks}:" for one in (this, counted)]
    sides = beside(*funnels, lists=["" if chunks == 1 else of_version[0], of_version[1]])
    return {**scope.head("runs"), "sampled": 1 / chunks, **sides, "moved": moved}


def _before(scope: Scope) -> JourneyVersion | None:
    """The version before, where there is one that can be read."""
    older = (one for one in readable(scope.versions()) if one.version < scope.version.version)
    return max(older, key=lambda one: one.version, default=None)


def readable(versions: Sequence[JourneyVersion]) -> list[JourneyVersion]:
    """Those of these versions whose definitions mean something today."""
    return [one for one in versions if _is_readable(one)]


def _is_readable(version: JourneyVersion) -> bool:
    try:
        parse(version.definition)
    except DefinitionError:
        return False
    return True


def _named(scope: Scope, number: int) -> JourneyVersion:
    if number == scope.version.version:
        raise VersionError(tell("version %(number)s is the one that answers; choose another", number=number))
    for one in scope.versions():
        if one.version == number:
            return one
    raise VersionError(tell("this journey has no version %(number)s", number=number))


def by(scope: Scope, number: int, chunks: int) -> Scope:
    """The scope by a version, of one of so many parts of the customers; raises VersionError."""
    if number != scope.version.version:
        by_it = _by(scope, _named(scope, number))
        return _computed(by_it, max(chunks, _chunks(by_it)))
    return scope if chunks == 1 else _sampled(scope, chunks)


def stands(scope: Scope, number: int, chunks: int, *, other: str, this: str) -> Which:
    """The runs that stand as `this` and by the other version as `other`, or are none of it where empty.

    Those of the other version, where `this` is empty.
    """
    sides = [(scope.version.version, this), (number, other)]
    (mine, how), (theirs, stood) = sides if this else reversed(sides)
    asked = _apart(_standing(by(scope, theirs, chunks)))
    those = question("versions.those", other=asked.sql)
    begun = f"(customer, event_ids[1]) {'in' if stood else 'not in'} ({those})"
    said = (
        tell("%(outcome)s by version %(number)s", outcome=NAMES[stood], number=theirs)
        if stood
        else tell("no run by version %(number)s", number=theirs)
    )
    return Which(
        f"outcome = {{by_this:String}} and {begun}",
        {**asked.values, "by_this": how, "by_the_other": stood},
        tell("%(outcome)s, %(stood)s", outcome=NAMES[how], stood=said),
        scope=by(scope, mine, chunks),
    )


def _by(scope: Scope, version: JourneyVersion) -> Scope:
    """The same scope of another version, whose runs are still to be computed."""
    try:
        return replace(scope, version=version, rule=parse(version.definition))
    except DefinitionError as error:
        raise VersionError(
            tell("version %(number)s cannot be counted: %(error)s", number=version.version, error=error)
        ) from None


def _chunks(scope: Scope) -> int:
    """In how many parts its customers are, so that the touchpoints of one can be gone through."""
    return 1 + _touchpoints(scope) // MOST_TOUCHPOINTS


def _touchpoints(scope: Scope) -> int:
    """How many touchpoints are to be gone through for the runs of the period."""
    params = _params(scope)
    sql = question(
        "versions.touchpoints",
        resolved=scope.resolved,
        relevant=filters.relevant([scope.rule], params),
        whose=_starting(scope, params),
    )
    return int(scope.events.query(sql, params.values)[0]["n"])


def _computed(scope: Scope, chunks: int) -> Scope:
    """The same scope over runs that are computed when a report asks, of those who began in the period."""
    params = _params(scope, chunks)
    whose = f"{_starting(scope, params)} and {_sample(chunks)}"
    computed = runs.together([scope.rule], params, whose, resolved=scope.resolved)
    return replace(scope, source=runs.apart(computed), values=params.values)


def _sampled(scope: Scope, chunks: int) -> Scope:
    """The same scope over the runs of the customers of a sample."""
    params = _params(scope, chunks)
    params.values["journey_version"] = scope.version.id
    source = question("versions.some", source=scope.source_of_runs(params), whose=_sample(chunks))
    return replace(scope, source=source, values=params.values)


def _params(scope: Scope, chunks: int = 1) -> filters.Params:
    values = {"project": scope.project.id, "start": scope.period.start, "end": scope.period.end}
    if scope.as_of is not None:
        values["as_of"] = resolution.version_at(scope.as_of)
    return filters.Params(**values, chunks=chunks)


def _sample(chunks: int) -> str:
    return EVERYBODY if chunks == 1 else SAMPLE


def _starting(scope: Scope, params: filters.Params) -> str:
    """SQL that keeps who may have begun a run in the period."""
    openers = [one for step in scope.rule.openers for one in step.match]
    opening = filters.relevant_of(openers, params)
    starting = question("versions.starting", resolved=scope.resolved, opening=opening)
    return f"customer in ({starting})"


def _moved(this: Scope, other: Scope, chunks: int) -> Sequence[dict[str, Any]] | None:
    """How many runs stand how by each version; None where the runs of one are not of whom the other's are."""
    if this.rule.runs_of != other.rule.runs_of:
        return None
    one, another = _standing(this), _apart(_standing(other))
    sql = question("versions.moved", this=one.sql, other=another.sql)
    number = other.version.version
    return [
        {
            **{side: row[side] or None for side in ("other", "this")},
            "n": row["n"],
            "cell": f"{MOVED}:{number}:{chunks}:{row['other'] or ''}:{row['this'] or ''}",
        }
        for row in this.events.query(sql, {**one.values, **another.values})
    ]


def _standing(scope: Scope) -> Asked:
    return Asked(*scope.ask("versions.standing"))


def _apart(asked: Asked) -> Asked:
    """The same with names of its own for what it binds, to stand in one statement with another."""
    sql = BOUND.sub(r"{other_\1:", asked.sql)
    return Asked(sql, {f"other_{name}": value for name, value in asked.values.items()})
