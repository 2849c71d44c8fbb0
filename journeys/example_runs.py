"""Example runs as timelines: what was done between their steps, and soon after those that were lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from journeys.account_events import number_of
from journeys.dropoffs_around import MEASURED
from journeys.filters import Params
from journeys.period import iso
from journeys.questions import question
from journeys.scope import Scope

SHOWN = 3  # touchpoints of each stretch between two steps
READ = 200  # of each run


def timelines(scope: Scope, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same runs, as `listed` tells them, each with its `timeline` in the order of time.

    That holds every step by its `key`, and between two of them the first touchpoints, with the `seconds`
    since the run began; `more` says how many are left out there. After a run that was lost it goes on for as
    long as a run may rest.
    """
    if not runs:
        return []
    found: dict[int, list[dict[str, Any]]] = {}
    for row in _touchpoints(scope, runs):
        found.setdefault(row["number"], []).append(row)
    return [
        {**run, "timeline": list(_told(run, found.get(number, [])))} for number, run in enumerate(runs, 1)
    ]


def _touchpoints(scope: Scope, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    of_accounts = scope.rule.of_accounts
    one = number_of("one") if of_accounts else "toUInt64(one)"
    params = Params(
        **(scope.values or {}),
        named=[run["account" if of_accounts else "customer"] for run in runs],
        begun=[_ms(run["start"]) for run in runs],
        ended=[_end(scope, run) for run in runs],
        measured=list(MEASURED),
        most=READ,
    )
    params.values["project"] = scope.project.id
    sql = question(
        "example_runs.touchpoints",
        whose=f"arrayMap(one -> {one}, {{named:Array(String)}})",
        label=scope.routes.label(params),
        resolved=scope.resolved,
    )
    return scope.events.query(sql, params.values)


def _end(scope: Scope, run: Mapping[str, Any]) -> int:
    rest = 0 if run["outcome"] == "succeeded" else scope.rule.idle_timeout
    return min(_ms(run["last"]) + rest, scope.now)


def _ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _told(run: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What happened in a run: all steps, and some of what was between them."""
    for key, stretch in groupby(_together(run, rows), key=lambda one: one["key"]):
        entries = list(stretch)
        if key:
            yield from entries
            continue
        yield from entries[:SHOWN]
        if left := len(entries[SHOWN:]):
            yield {"key": "", "more": left}
    if unread := (rows[0]["n"] - len(rows) if rows else 0):
        yield {"key": "", "more": unread}


def _together(run: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Steps and touchpoints by time; a touchpoint at the moment of a step is what took it."""
    steps = list(run["steps"])
    told = []
    for row in rows:
        at = iso(row["at"])
        step = next((one for one in steps if one["at"] == at), None)
        if step:
            steps.remove(step)
        told.append({"at": at, "label": row["label"], "key": step["key"] if step else ""})
    told += [{"at": step["at"], "label": "", "key": step["key"]} for step in steps]
    begun = _ms(run["start"])
    return [
        {**one, "seconds": (_ms(one["at"]) - begun) / 1000} for one in sorted(told, key=lambda one: one["at"])
    ]
