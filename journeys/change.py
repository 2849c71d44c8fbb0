"""A change explained: this period's success rate against another's, parted by who came and how they fared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from journeys.change_parts import p_of_changes_apart, parts_of, step_weights
from journeys.change_words import sentence
from journeys.cursors import ListError
from journeys.definitions import parse_duration
from journeys.dimensions import OF_RUN, DimensionError
from journeys.period import Period, PeriodError, iso, moment, preceding
from journeys.rates import rate
from journeys.report import Answer, Which
from journeys.scope import Scope
from journeys.statistics import adjusted, difference, is_small, known, p_of_two_rates

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
AGES = (
    *(MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(days * DAY for days in (1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 180, 365)),
)
OLDEST = 3_660 * DAY
SIDES = ("before", "now")
WHOLE = ("", "all", "")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """Against which period, how long after their start runs are looked at (ms), and the step that counts."""

    before: Period
    age: int
    target: int

    def cell(self, side: str, what: str, *group: str) -> str:
        """The name of a number's list."""
        return json.dumps(
            [side, what, self.before.start, self.before.end, self.age, self.target, *group],
            ensure_ascii=False,
        )


def change(
    scope: Scope,
    *,
    target: str = "",
    before_from: str = "",
    before_to: str = "",
    age: str = "",
    most: int = 8,
) -> Answer:
    """The change of the success rate from the period before, or a given one, to this one, and its parts.

    Success is the goal, or to come to the step `target`. Runs of both periods are looked at when they were
    equally old (`age`), so nobody counts as lost because there was no time yet. Raises PeriodError,
    DimensionError.
    """
    before, steps = _before(scope, before_from, before_to), scope.definition.steps
    end = _target(scope, target)
    asked = Asked(before, _read(age) if age else _age(scope, before, end), end)
    required = [*(k for k, step in enumerate(steps[: end - 1], 1) if not step.optional), end]
    rows = _counted(scope, asked, required, most)
    whole = rows.pop(WHOLE, None) or _nobody(required)
    answer = {
        "journey": scope.definition.key,
        "name": scope.definition.name,
        "version": scope.version.version,
        "unit": "runs",
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "as_of": iso(scope.now),
        "segment": dict(scope.segment),
        "target": steps[end - 1].key,
        "age": {"seconds": asked.age / 1000, "given": bool(age)},
        "before": {"from": iso(before.start), "to": iso(before.end), **_side(asked, "before", whole)},
        "now": {"from": iso(scope.period.start), "to": iso(scope.period.end), **_side(asked, "now", whole)},
        "change": _apart(whole),
        "steps": _steps(scope, required, whole),
        "dimensions": list(_dimensions(scope, asked, required, rows, whole)),
    }
    subject = scope.definition.name if end == len(steps) else f"Coming to “{steps[end - 1].name}”"
    return {**answer, "sentence": sentence(answer, subject)}


def _target(scope: Scope, key: str) -> int:
    later = [step.key for step in scope.definition.steps[1:]]
    if key and key not in later:
        raise DimensionError(f"nothing leads to {key!r}; the steps after the first are {', '.join(later)}")
    return scope.definition.position(key or later[-1])


def _before(scope: Scope, start: str, end: str) -> Period:
    zone = scope.project.zone
    if not (start or end):
        return preceding(scope.period, zone)
    if not (start and end):
        raise PeriodError("a period to compare with needs both its beginning and its end")
    found = Period(moment(start, zone), moment(end, zone))
    if found.start >= found.end:
        raise PeriodError("the period to compare with ends before it begins")
    if found.start < scope.period.end and scope.period.start < found.end:
        raise PeriodError("the period to compare with must not overlap the one that is explained")
    return found


def _read(age: str) -> int:
    try:
        found = parse_duration(age)
    except ValueError as error:
        raise DimensionError(f"{age!r} is no age: {error}") from None
    if found > OLDEST:
        raise DimensionError(f"{age!r} is too old; ask for at most {OLDEST // DAY}d")
    return found


def _age(scope: Scope, before: Period, target: int) -> int:
    """When nine in ten successes of before had come, but so that half of this period's time is that old."""
    row = scope.events.query(*replace(scope, period=before).ask("change.times", target=target))[0]
    most = known(row["ms"]) or scope.definition.idle_timeout
    middle = (scope.period.start + min(scope.period.end, max(scope.now, scope.period.start))) // 2
    limit = max(scope.now - middle, AGES[0])
    enough = next((one for one in AGES if one >= most), AGES[-1])
    return min(enough, max(one for one in AGES if one <= limit))


def _counted(
    scope: Scope, asked: Asked, required: Sequence[int], most: int
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What is counted of each group, by dimension, kind and value."""
    both = Period(min(asked.before.start, scope.period.start), max(asked.before.end, scope.period.end))
    rows = scope.events.query(
        *replace(scope, period=both).ask(
            "change.counted",
            age=asked.age,
            most=most,
            required=list(required),
            old_start=asked.before.start,
            old_end=asked.before.end,
            new_start=scope.period.start,
            new_end=scope.period.end,
        )
    )
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        group = (row["dimension"], row["kind"], row["name"])
        found[group] = dict(row)
        for side in SIDES:
            found[group][f"{side}_came"] = row[f"{side}_came"] or [0] * len(required)
    return found


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
) -> Iterator[dict[str, Any]]:
    """Each dimension with its groups, whose parts add up to the change; all tests are one family."""
    if not (whole["before_came"][0] and whole["now_came"][0]):
        return
    by_dimension = {name: [row for (of, *_), row in rows.items() if of == name] for name in OF_RUN}
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


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number, of either period; raises ListError for a cell that there is not."""
    try:
        side, what, *numbers, group = _read_cell(cell)
        start, end, age, target = numbers
        if side not in SIDES or not (start < end and 0 < age <= OLDEST):
            raise ValueError(cell)
        if not 1 < target <= len(scope.definition.steps):
            raise ValueError(cell)
        (condition, said), (where, bound, title) = COUNTED[what], _group(*group) if group else WHOEVER
    except (KeyError, ValueError, TypeError):
        raise ListError(f"{cell!r} is no cell of this report; take one from its answer") from None
    words = "period before" if side == "before" else "this period"
    return Which(
        f"({condition}) and ({where})",
        {**bound, "age": age, "target": target},
        f"{title}, {words}: {said}",
        period=Period(start, end) if side == "before" else None,
    )


def _read_cell(cell: str) -> tuple[Any, ...]:
    side, what, start, end, age, target, *group = json.loads(cell)
    numbers = (start, end, age, target)
    if not all(isinstance(one, int) for one in numbers) or len(group) not in (0, 3):
        raise ValueError(cell)
    return side, what, *numbers, group


WHOEVER: tuple[str, dict[str, Any], str] = ("1", {}, "all")
OLD_ENOUGH = "{now:Int64} - start >= {age:Int64}"
IN_TIME = "(step, at) -> step >= {target:UInt8} and toUnixTimestamp64Milli(at) <= start + {age:Int64}"
COUNTED = {
    "entered": (OLD_ENOUGH, "old enough to be compared"),
    "succeeded": (f"{OLD_ENOUGH} and arrayExists({IN_TIME}, steps, times)", "came there by that age"),
    "young": ("{now:Int64} - start < {age:Int64}", "too young to be compared"),
}


def _group(dimension: str, kind: str, rest: str) -> tuple[str, dict[str, Any], str]:
    if dimension not in OF_RUN or kind not in ("value", "none", "other") or not isinstance(rest, str):
        raise ValueError(dimension)
    value = f"toString({dimension})"
    if kind == "other":
        sql = f"{value} != '' and lower(hex(cityHash64({value}))) not in {{change_shown:Array(String)}}"
        return sql, {"change_shown": rest.split(".")}, f"{dimension}: any other"
    return f"{value} = {{change_value:String}}", {"change_value": rest}, f"{dimension} {rest or '(none)'}"
