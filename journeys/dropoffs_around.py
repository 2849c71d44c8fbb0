"""What was around the moment at which runs left a step: what came next, the last page, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from journeys.apart import apart
from journeys.filters import Params
from journeys.questions import question
from journeys.rates import rate
from journeys.routes import PAGE, short
from journeys.runs import PAST
from journeys.scope import Scope
from journeys.sessions import ENGAGEMENT
from journeys.statistics import known
from journeys.touchpoints import GONE, SHOWN, type_of
from store.words import marked

DAY_MS = 86_400_000
NEAR_MS = 30 * 60_000
NEVER = 9_000_000_000_000
MOST_DAYS = 366.0
# What browsers report by themselves: measurements, nothing that somebody did.
MEASURED = (ENGAGEMENT, "Web Vitals", "JavaScript Error", "Rage Click", "Dead Click")
# In the order in which the question numbers them.
TROUBLES = ("error", "rage", "dead", "not_found", "slow_load", "slow_response")
SLOW_LCP, SLOW_INP = 4_000.0, 500.0  # milliseconds from which web.dev calls a page poor
KINDS = ("value", "other", "again", "none")  # in the order in which they are shown
# By when they did what they did next: within so many seconds, but not within those before.
LIMITS = {"hour": 3_600.0, "day": 86_400.0, "week": 604_800.0}
AFTER = {
    "hour": marked("within an hour"),
    "day": marked("after an hour, within a day"),
    "week": marked("after a day, within a week"),
    "later": marked("after more than a week"),
    "never": marked("not so far"),
}
OPEN = "open"  # nothing so far, and the time is not up
PARTS = {
    "next": ("next_kind", "next"),
    "page": ("if(has_page, 'value', 'none')", "page"),
    "error": ("if(has_error, 'value', 'none')", "error"),
    "slow": ("if(has_slow, 'value', 'none')", "slow"),
}
BEFORE = {"page": "pages", "trouble": "trouble", "error": "errors", "slow": "slow"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Around:
    """Around which step to look, how many days after leaving, and how many labels stand alone."""

    step: str
    within: float = 30.0
    most: int = 8

    def cell(self, part: str, whose: str, kind: str, rest: str) -> str:
        """The name of a number's list."""
        return f"{part}:{whose}:{self.step}:{self.within!r}:{kind}:{rest}"


def around(scope: Scope, asked: Around, *, unit: str = "runs") -> dict[str, Any]:
    """What those who left did `next`, and what they had `before`, beside those who went on.

    The rows of `next`, and those of pages, errors and slow pages, add up to those who left; a run may have
    several troubles.
    """
    sql, values = runs(scope, asked, unit)
    counted = question("dropoffs_around.counted", around=sql)
    found = scope.events.query(counted, values | {"most": asked.most, "limits": [*LIMITS.values()]})
    rows = named(scope, found)
    parts = {part: [row for row in rows if row["part"] == part] for part in ("all", "next", *BEFORE)}
    left, on = ((parts["all"][0][name] if parts["all"] else 0) for name in ("left_here", "went_on"))
    return {
        "next": _next(asked, parts["next"], left),
        "before": {"left": left, "went_on": on, **_before(asked, parts, left, on)},
    }


def named(scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """The rows with the `name` of what they are about, in the order in which they are shown."""
    words = {row["word"]: row["part"] for row in rows if row["kind"] == "value" and row["part"] in PARTS}
    names = _words(scope, words) if words else {}
    told = [{**row, "name": _name(row, names) if row["kind"] == "value" else ""} for row in rows]
    return sorted(
        told,
        key=lambda row: (KINDS.index(row["kind"]), -row["left_here"], -row["went_on"], row["name"]),
    )


def _name(row: Row, names: Mapping[int, str]) -> str:
    """What a row is about; of a page its route, as it stands among nothing but pages."""
    name = names.get(row["word"], "")
    return name.removeprefix(PAGE) if row["part"] == "page" else name


def _words(scope: Scope, parts: Mapping[int, str]) -> dict[int, str]:
    """What these hashes are of, by the part in which they stand; a page that was erased is one not found."""
    hashes, is_slow = sorted(parts), int("slow" in parts.values())
    params = Params(project=scope.project.id, start=scope.period.start, near=NEAR_MS, hashes=hashes)
    slots = {"label": scope.routes.short(params), "route": scope.routes.route(params)}
    values = params.values | {"is_slow": is_slow, "most": len(hashes)}
    found = scope.events.query(question("dropoffs_around.words", **slots), values)
    not_found = f"{TROUBLES.index('not_found') + 1}{GONE}"
    gone = {one: not_found if part == "slow" else GONE for one, part in parts.items()}
    return gone | {row["hash"]: row["word"] for row in found}


def runs(scope: Scope, asked: Around, unit: str) -> tuple[str, dict[str, Any]]:
    """SQL of what was around the moment of each run, and all that it binds."""
    return scope.ask(
        "dropoffs_around.runs",
        unit=unit,
        slots=lambda params: {"route": scope.routes.route(params), "label": short("route")},
        k=scope.definition.position(asked.step),
        within=round(asked.within * DAY_MS),
        near=NEAR_MS,
        never=NEVER,
        past=PAST,
        types=sorted({*SHOWN, *(type_of(one) for step in scope.rule.openers for one in step.match)}),
        measured=list(MEASURED),
        slow_lcp=SLOW_LCP,
        slow_inp=SLOW_INP,
        troubles=len(TROUBLES),
    )


def _next(asked: Around, rows: Sequence[Row], left: int) -> dict[str, Any]:
    """What came next, by the time after leaving: the rows add up to all, and the times to each row."""
    told = list(_ways(asked, rows, left))
    every = {when: sum(row["after"][when] for row in told) for when in AFTER}
    return {"within_days": asked.within, "n": left, **_after(asked, every, "all", ""), "rows": told}


def _ways(asked: Around, rows: Sequence[Row], left: int) -> Iterator[dict[str, Any]]:
    """The most frequent first; who did nothing more so far comes last."""
    for row in sorted(
        rows, key=lambda row: (row["kind"] == "none", row["kind"] == "other", -row["left_here"])
    ):
        nothing, rest = row["kind"] == "none", _rest(row, rows)
        after = _after(asked, _times(row), row["kind"], rest)
        if nothing:
            after["cells"]["may_still"] = asked.cell(f"next.{OPEN}", "left", row["kind"], rest)
        yield {
            **_called(row),
            "n": row["left_here"],
            "cell": asked.cell("next", "left", row["kind"], rest),
            "share": rate(row["left_here"], left),
            **after,
            "median_seconds": None if nothing else known(row["median"]),
            "may_still": row["may_still"] if nothing else None,
        }


def _times(row: Row) -> dict[str, int]:
    """How many of a row did it when."""
    if row["kind"] == "none":
        return {**dict.fromkeys(AFTER, 0), "never": row["left_here"]}
    by_then = [0, *row["by_then"], row["left_here"]]
    within = [later - sooner for sooner, later in pairwise(by_then)]
    return {**dict(zip((*LIMITS, "later"), within, strict=True)), "never": 0}


def _after(asked: Around, times: Mapping[str, int], kind: str, rest: str) -> dict[str, Any]:
    """The same with the list behind each number that is not 0."""
    lists = {when: asked.cell(f"next.{when}", "left", kind, rest) for when, n in times.items() if n}
    return {"after": times, "cells": {"after": lists}}


def _before(asked: Around, parts: Mapping[str, Sequence[Row]], left: int, on: int) -> dict[str, Any]:
    """What those who left had beside what those who went on had, one family of tests."""
    parts = {**parts, "trouble": sorted(parts["trouble"], key=lambda row: int(row["word"]))}
    rows = [row for part in BEFORE for row in parts[part]]
    gone, gone_on = [row["left_here"] for row in rows], [row["went_on"] for row in rows]
    apart_ = apart(gone, [left] * len(rows), gone_on, [on] * len(rows))
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in BEFORE.values()}
    for row, found in zip(rows, apart_, strict=True):
        told[BEFORE[row["part"]]].append(
            {
                **_had(row),
                "left": _told(asked, row, rows, "left", row["left_here"], left),
                "went_on": _told(asked, row, rows, "on", row["went_on"], on),
                "difference": found,
            }
        )
    return told


def _had(row: Row) -> dict[str, Any]:
    """What a row is called: a slow page by what was wrong with it, and how long that took."""
    if row["part"] == "trouble":
        return {"kind": TROUBLES[row["word"] - 1]}
    if row["part"] != "slow":
        return _called(row)
    what, path = slow_page(row["name"]) if row["kind"] == "value" else (None, None)
    return {**_called(row), "label": path, "problem": what, "median_seconds": known(row["median"])}


def slow_page(name: str) -> tuple[str, str]:
    """What was wrong with a page, and its route."""
    return TROUBLES[int(name[:1]) - 1], name[1:]


def _told(asked: Around, row: Row, rows: Sequence[Row], whose: str, n: int, all_: int) -> dict[str, Any]:
    rest = TROUBLES[row["word"] - 1] if row["part"] == "trouble" else _rest(row, rows)
    return {"n": n, "cell": asked.cell(row["part"], whose, row["kind"], rest), "share": rate(n, all_)}


def _called(row: Row) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "label": row["name"] if row["kind"] == "value" else None,
        "different": row["different"] if row["kind"] == "other" else None,
    }


def _rest(row: Row, rows: Sequence[Row]) -> str:
    """What tells a row's list: its label, or for all others the hashes of the labels that stand alone."""
    if row["kind"] == "other":
        return shown(one for one in rows if one["part"] == row["part"])
    return str(row["name"])


def shown(rows: Iterator[Row]) -> str:
    """The hashes of the values that stand alone."""
    return ".".join(row["hash"] for row in rows if row["kind"] == "value")
