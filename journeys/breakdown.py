"""The breakdown of the funnel: how runs come along by channel, device, a property, a trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys import catalog
from journeys.apart import apart
from journeys.dimensions import LONGEST_NAME, SEGMENT, Dimension, DimensionError, dimension
from journeys.filters import Params
from journeys.funnel import UNITS
from journeys.period import iso
from journeys.questions import question
from journeys.rates import rate
from journeys.scope import Scope
from journeys.standing import standing, whole

MOST = 50
SAMPLE = 10_000  # events in which names are looked for
MOST_NAMES = 50
Row = Mapping[str, Any]


def breakdown(
    scope: Scope, by: str, *, at: str | None = None, unit: str = "runs", most: int = 10
) -> dict[str, Any]:
    """The funnel of the `most` frequent values of a dimension, of all others and of who has no value.

    The value is that of the event that took the step `at`, or of what was said of the trait until then; the
    first step where none is named. Of a saved segment the values are `in` and `not in`. The groups add up to
    the funnel of the period: `kind` is value, other (of `different` values), none, or not_reached for runs
    that did not take the step. Of customers and accounts the furthest run is chosen first. `against_rest`
    compares with all others that took the step: the difference of the success rates with its interval, `p`,
    and `p_adjusted` for as many groups as there are. Raises DimensionError, SegmentError, ValueError for an
    unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit; count runs, customers or accounts")
    if not 1 <= most <= MOST:
        raise DimensionError(f"a breakdown shows 1 to {MOST} values by themselves")
    position = _position(scope, at)
    found = dimension(by, at_start=position == 1)
    if found.kind == SEGMENT:
        position = 1
    rows = _counted(scope, found, position, unit, most)
    groups = [_group(scope, row) for row in rows]
    for group, compared in zip(groups, _against_rest(groups), strict=True):
        group["against_rest"] = compared
    return {
        "journey": scope.definition.key,
        "name": scope.definition.name,
        "version": scope.version.version,
        "unit": unit,
        "by": found.text,
        "at": scope.definition.steps[position - 1].key,
        "moment": _moment(scope, found, position),
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "as_of": iso(scope.now),
        "segment": dict(scope.segment),
        **whole(groups),
        "groups": groups,
    }


def names(scope: Scope, at: str | None = None) -> dict[str, list[str]]:
    """Properties that a step's events carried and traits that customers have, as far as a sample knows."""
    matchers = scope.definition.steps[_position(scope, at) - 1].match
    kinds = dict.fromkeys(
        (one.type or ("page" if one.page else "track"), one.event or "") for one in matchers
    )
    properties = dict.fromkeys(name for kind, event in kinds for name in _seen(scope, kind, event))
    return {"property": list(properties), "trait": _seen(scope, "identify", "")}


def _seen(scope: Scope, kind: str, event: str) -> list[str]:
    found = catalog.properties(scope.events, scope.project.id, event, kind=kind, rows=SAMPLE, most=MOST_NAMES)
    return [row["name"] for row in found if len(row["name"]) <= LONGEST_NAME]


def _position(scope: Scope, at: str | None) -> int:
    key = at or scope.definition.steps[0].key
    if key not in scope.definition:
        raise DimensionError(f"the journey has no step {key!r}")
    return scope.definition.position(key)


def _counted(scope: Scope, by: Dimension, position: int, unit: str, most: int) -> Sequence[Row]:
    params = Params()
    value = by.value(params, scope.routes)
    values = {**params.values, "position": position, "most": most, "goal": len(scope.definition.steps)}
    step = scope.definition.steps[position - 1]
    if by.kind == "run":
        described, bound = scope.ask("breakdown.runs", unit=unit, **values)
    elif by.kind == SEGMENT:
        described, bound = scope.ask(
            "breakdown.segments",
            unit=unit,
            slots=lambda more: {"belongs": scope.belonging({"name": by.name}, more)},
            **values,
        )
    elif by.kind == "trait":
        described, bound = scope.ask("breakdown.traits", unit=unit, trait=by.name, **values)
    else:
        described, bound = scope.ask("breakdown.events", unit=unit, anchor=step, **values)
    return scope.events.query(question("breakdown.counted", described=described, value=value), bound)


def _moment(scope: Scope, by: Dimension, position: int) -> str:
    name = scope.definition.steps[position - 1].name
    if by.kind == SEGMENT:
        return f"whether the run belongs to “{scope.saved.named(by.name)}”"
    if by.kind == "trait":
        return f"as last said of the customer when the run took “{name}”"
    return f"of the event that took “{name}”" + (", which opened the run" if position == 1 else "")


def _group(scope: Scope, row: Row) -> dict[str, Any]:
    n = int(row["n"])
    return {
        "kind": row["kind"],
        "value": row["name"] if row["kind"] == "value" else None,
        "different": int(row["different"]) if row["kind"] == "other" else None,
        **standing(row),
        "steps": [
            {"key": step.key, "progressed": int(reached), "rate_from_start": rate(int(reached), n)}
            for step, reached in zip(scope.definition.steps, row["progressed"], strict=True)
        ],
    }


def _against_rest(groups: Sequence[Row]) -> list[Mapping[str, float | None] | None]:
    """Each group's success rate less that of all others that took the step; None where nobody else did."""
    taken = [at for at, group in enumerate(groups) if group["kind"] != "not_reached"]
    compared: list[Mapping[str, float | None] | None] = [None] * len(groups)
    if len(taken) < 2:
        return compared
    n = [groups[at]["entered"] for at in taken]
    succeeded = [groups[at]["outcomes"]["succeeded"] for at in taken]
    others = [sum(succeeded) - one for one in succeeded], [sum(n) - one for one in n]
    for at, told in zip(taken, apart(succeeded, n, *others), strict=True):
        compared[at] = told
    return compared
