"""A change explained: this period's success rate against another's, parted by who came and how they fared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from journeys.aged import is_young, reached
from journeys.change_asked import SIDES, Asked, asked_of
from journeys.change_further import counted, further
from journeys.change_parts import p_of_changes_apart, parts_of, step_weights
from journeys.change_words import told
from journeys.dimensions import OF_RUN, Dimension
from journeys.filters import Params
from journeys.period import iso
from journeys.rates import rate
from journeys.report import Answer
from journeys.scope import Scope
from journeys.statistics import adjusted, difference, is_small, known, p_of_two_rates

WHOLE = ("", "all", "")
Row = Mapping[str, Any]


def change(
    scope: Scope,
    *,
    target: str = "",
    before_from: str = "",
    before_to: str = "",
    age: str = "",
    most: int = 8,
    by: str = "",
) -> Answer:
    """The change of the success rate from the period before, or a given one, to this one, and its parts.

    Success is the goal, or to come to the step `target`. Runs of both periods are looked at when they were
    equally old (`age`), so nobody counts as lost because there was no time yet. Beside the dimensions of
    every answer, runs are told apart by a further one, `by`. Raises PeriodError, DimensionError.
    """
    steps = scope.definition.steps
    asked = asked_of(scope, target, before_from, before_to, age)
    before, end = asked.before, asked.target
    required = _required(scope, end)
    more = further(by)
    rows = _counted(scope, asked, most, more)
    whole = rows.pop(WHOLE, None) or _nobody(required)
    answer = {
        **scope.head("runs"),
        "target": steps[end - 1].key,
        "age": {"seconds": asked.age / 1000, "given": bool(age)},
        "before": {"from": iso(before.start), "to": iso(before.end), **_side(asked, "before", whole)},
        "now": {"from": iso(scope.period.start), "to": iso(scope.period.end), **_side(asked, "now", whole)},
        "change": _apart(whole),
        "steps": _steps(scope, required, whole),
        "by": more.text if more else "",
        "dimensions": list(_dimensions(scope, asked, required, rows, whole, more)),
    }
    return {**answer, "sentence": told(answer, scope.definition)}


def _counted(
    scope: Scope, asked: Asked, most: int, more: Dimension | None
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What is counted of each group, by dimension, kind and value."""
    rows = [*scope.events.query(*asking(scope, asked, most))]
    if more:
        nobody = {"dimension": more.text, "now_young": 0, "before_young": 0}
        rows += [{**row, **nobody} for row in scope.events.query(*asking(scope, asked, most, more))]
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    nothing = [0] * len(_required(scope, asked.target))
    for row in rows:
        group = (row["dimension"], row["kind"], row["name"])
        found[group] = dict(row)
        for side in SIDES:
            found[group][f"{side}_came"] = row[f"{side}_came"] or nothing
    return found


def asking(
    scope: Scope, asked: Asked, most: int, more: Dimension | None = None
) -> tuple[str, dict[str, Any]]:
    """The question of how each group fared, of every answer's dimensions or of one more, and what it binds.

    `most` values of a dimension stand alone.
    """
    of_both = replace(scope, period=asked.both(scope.period))
    values = {"most": most, "required": _required(scope, asked.target), **asked.bound(scope.period)}
    return (
        counted(of_both, more, **values) if more else of_both.ask("change.counted", slots=_at_age, **values)
    )


def _required(scope: Scope, end: int) -> list[int]:
    """The steps that lead to the step `end`, and that one."""
    steps = scope.definition.steps[: end - 1]
    return [*(k for k, step in enumerate(steps, 1) if not step.optional), end]


def _at_age(_params: Params) -> dict[str, str]:
    return {"is_young": is_young(), "reached": reached()}


def _nobody(required: Sequence[int]) -> dict[str, Any]:
    nothing = [0] * len(required)
    return {"now_came": nothing, "before_came": nothing, "now_young": 0, "before_young": 0}


def _side(asked: Asked, side: str, row: Row, *group: str) -> dict[str, Any]:
    """How one group fared in one period."""
    came = row[f"{side}_came"]
    told = {
        "entered": {"n": came[0], "cell": asked.cell(side, "entered", *group)},
        "succeeded": {"n": came[-1], "cell": asked.cell(side, "succeeded", *group)},
        "rate": rate(came[-1], came[0]),
    }
    if not group:
        told["young"] = {"n": row[f"{side}_young"], "cell": asked.cell(side, "young")}
    return told


def _apart(row: Row) -> dict[str, float | None]:
    (n0, *_, won0), (n1, *_, won1) = row["before_came"], row["now_came"]
    found, p = difference(won1, n1, won0, n0), p_of_two_rates(won1, n1, won0, n0)[0]
    numbers = zip(("value", "low", "high", "p"), (found.value, found.low, found.high, p), strict=True)
    return {name: known(float(number)) for name, number in numbers}


def _steps(scope: Scope, required: Sequence[int], whole: Row) -> list[dict[str, Any]]:
    """The conversion of each required step from the one before, and its part in the change."""
    before, now = whole["before_came"], whole["now_came"]
    change, worth = step_weights(before, now)
    apart = difference(now[1:], now[:-1], before[1:], before[:-1])
    is_known = bool(before[0] and now[0])
    return [
        {
            "key": scope.definition.steps[k - 1].key,
            "name": scope.definition.steps[k - 1].name,
            "before": rate(before[at + 1], before[at]),
            "now": rate(now[at + 1], now[at]),
            "difference": {name: known(float(getattr(apart, name)[at])) for name in ("value", "low", "high")},
            "part": {
                "value": float(change[at] * worth[at]) if is_known else None,
                **{end: known(float(getattr(apart, end)[at] * worth[at])) for end in ("low", "high")},
            },
        }
        for at, k in enumerate(required[1:])
    ]


def _dimensions(
    scope: Scope,
    asked: Asked,
    required: Sequence[int],
    rows: Mapping[tuple[str, str, str], Row],
    whole: Row,
    more: Dimension | None,
) -> Iterator[dict[str, Any]]:
    """Each dimension with its groups, whose parts add up to the change; all tests are one family."""
    if not (whole["before_came"][0] and whole["now_came"][0]):
        return
    names = (*OF_RUN, more.text) if more else OF_RUN
    by_dimension = {name: [row for (of, *_), row in rows.items() if of == name] for name in names}
    found = {name: _groups(asked, scope, required, some) for name, some in by_dimension.items()}
    _correct([one for groups in found.values() for one in groups])
    total = whole["now_came"][-1] / whole["now_came"][0] - whole["before_came"][-1] / whole["before_came"][0]
    for name, groups in found.items():
        mix, by_rate = sum(one["mix"] for one in groups), sum(one["by_rate"]["value"] for one in groups)
        off = sum(abs(one["part"] - one["mean_share"] * total) for one in groups) / 2
        yield {
            "dimension": name,
            "mix": mix,
            "rate": by_rate,
            "explains": off / abs(total) if total else 0.0,
            "groups": groups,
        }


def _groups(asked: Asked, scope: Scope, required: Sequence[int], rows: Sequence[Row]) -> list[dict[str, Any]]:
    counts = [[row[f"{side}_came"][at] for row in rows] for side in SIDES for at in (-1, 0)]
    parts, p = parts_of(*counts), p_of_changes_apart(*counts)
    (_, n0, _, n1) = counts
    p_of_share = p_of_two_rates(n1, sum(n1), n0, sum(n0))
    shown = ".".join(row["hash"] for row in rows if row["kind"] == "value")
    keys = [scope.definition.steps[k - 1].key for k in required[1:]]
    groups = []
    for at, row in enumerate(rows):
        group = (row["dimension"], row["kind"], shown if row["kind"] == "other" else row["name"])
        change, worth = step_weights(row["before_came"], row["now_came"])
        sides = {side: _side(asked, side, row, *group) for side in SIDES}
        for side, shares in (("before", parts.before_share), ("now", parts.now_share)):
            sides[side]["share"] = float(shares[at])
        groups.append(
            {
                "kind": row["kind"],
                "value": row["name"] if row["kind"] == "value" else None,
                "different": row["different"] if row["kind"] == "other" else None,
                **sides,
                "mean_share": float(parts.mean_share[at]),
                "mix": float(parts.mix[at]),
                "by_rate": {
                    "value": float(parts.rate[at]),
                    "low": known(float(parts.low[at])),
                    "high": known(float(parts.high[at])),
                },
                "part": float(parts.mix[at] + parts.rate[at]),
                "by_step": {
                    key: float(change[j] * worth[j] * parts.mean_share[at]) for j, key in enumerate(keys)
                },
                "p_rate": known(float(p[at])),
                "p_share": known(float(p_of_share[at])) if len(rows) > 1 else None,
                "small": any(_is_small(sides[side]["rate"]) for side in SIDES),
            }
        )
    return groups


def _is_small(one: Mapping[str, Any]) -> bool:
    return bool(is_small(one["n"], one["low"] or 0, one["high"] or 0))


def _correct(groups: Sequence[dict[str, Any]]) -> None:
    """Correct the p-values of all groups, of rates and shares alike, together."""
    names = ("p_rate", "p_share")
    found = [one[name] for one in groups for name in names]
    for at, p in enumerate(adjusted(np.array([np.nan if one is None else one for one in found], float))):
        groups[at // 2][names[at % 2]] = known(float(p))
