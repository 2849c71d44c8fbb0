"""The journeys at a glance have the numbers of their funnels, and are asked for together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from journeys.definitions import parsed
from journeys.filling import fill
from journeys.funnel import funnel, without_lists
from journeys.overview import heads
from journeys.scope import Scope
from store.journeys import JourneyVersion


def other(scope: Scope, number: int, **changes: Any) -> JourneyVersion:
    """The journey with other limits, filled."""
    source = dict(parsed(dict(scope.definition.source) | changes).source)
    version = replace(scope.version, id=number, definition=source)
    fill(scope.events, version, progress=lambda done, total: None)
    return version


def test_heads_are_those_of_the_funnels_by_one_question(
    months: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [
        months.version,
        other(months, 801, idle_timeout="1d"),
        other(months, 802, window="2d"),
        other(months, 803, population=[{"trait": "nobody", "op": "is_set"}]),
    ]
    query, asked = months.events.query, list[str]()

    def noting(sql: str, *more: Any) -> Any:
        asked.append(sql)
        return query(sql, *more)

    monkeypatch.setattr(months.events, "query", noting)
    found = heads(months.events, months.project.id, versions, months.period, now=months.now)
    assert len(asked) == 1
    entered = set()
    for version in versions:
        definition = parsed(version.definition)
        answer = funnel(replace(months, version=version, rule=definition))
        head = found[version.id]
        following = [step["progressed"] for step in answer["steps"][1:]] + [0]
        steps = [
            {**{key: step[key] for key in head["steps"][0] if key != "went_on"}, "went_on": on}
            for step, on in zip(answer["steps"], following, strict=True)
        ]
        success = without_lists(answer["success_rate"])
        assert head == {**{key: answer[key] for key in head}, "success_rate": success, "steps": steps}
        entered.add((head["entered"], *head["outcomes"].values()))
    assert len(entered) > 2, "they differ"
    assert heads(months.events, months.project.id, [], months.period, now=months.now) == {}
