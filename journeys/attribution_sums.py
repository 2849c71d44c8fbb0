"""The sums that attribution is made of: each label's, those of steps from label to label, and of ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from journeys.attribution_busy import Key, busy, histories, shared
from journeys.attribution_contacts import DAY_MS, Contacts, Model, contacts_of
from journeys.credits import Way
from journeys.questions import question
from journeys.scope import Scope

MOST_ROWS = 5_000
NOT_BUSY = "customer not in {busy:Array(UInt64)}"


def summary(scope: Scope, unit: str, model: Model) -> dict[str, list[dict[str, Any]]]:
    """The rows of the question, by their kind; those of very busy customers are added to it."""
    everyone, values = _valued(scope, unit, model)
    contacts = contacts_of(scope, model, values)
    apart = busy(scope, contacts) if unit == "runs" else {}
    contacts.values.update(half_life=model.half_life * DAY_MS, rows=MOST_ROWS, busy=[*apart])
    valued = _valued(scope, unit, model, NOT_BUSY)[0] if apart else everyone
    sql = question("attribution_sums.summary", valued=valued, contacts=contacts.gathered)
    sums = {
        (row["kind"], row["label"], row["previous"], tuple(row["way"])): list(row["numbers"])
        for row in scope.events.query(sql, contacts.values)
    }
    for key, numbers in _of_busy(scope, apart, everyone, contacts):
        before = sums.get(key, [0.0] * len(numbers))
        sums[key] = [a + b for a, b in zip(before, numbers, strict=True)]
    return _told(sums, contacts.names)


def _of_busy(
    scope: Scope, apart: Mapping[int, int], runs: str, contacts: Contacts
) -> Iterator[tuple[Key, Sequence[float]]]:
    rule = {name: contacts.values[name] for name in ("lookback", "half_life", "longest")}
    for _, one in histories(scope, apart, runs, contacts):
        for key, numbers in shared(one, **rule):
            yield key, numbers.tolist()


def _told(sums: Mapping[Key, list[float]], names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The same by kind, by the names of labels; of ways those of most successes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (kind, label, previous, way), numbers in sums.items():
        told = {
            "label": names[label],
            "previous": names[previous],
            "way": [names[code] for code in way],
            "numbers": numbers,
        }
        found.setdefault(kind, []).append(told)
    found["way"] = sorted(found.get("way", []), key=lambda row: (-row["numbers"][1], -row["numbers"][0]))
    del found["way"][MOST_ROWS:]
    return found


def _valued(scope: Scope, unit: str, model: Model, which: str = "1") -> tuple[str, dict[str, Any]]:
    """SQL of the runs with what they are worth, and what it binds."""
    if not model.value:
        return plainly(scope, unit=unit, which=which)
    return scope.ask(
        "attribution_sums.valued",
        unit=unit,
        which=which,
        anchor=scope.definition.steps[-1],
        value=model.value,
        currency=model.currency,
    )


def plainly(scope: Scope, *, unit: str = "runs", which: str = "1") -> tuple[str, dict[str, Any]]:
    """SQL of the runs, whatever they are worth, and what it binds."""
    return scope.ask("attribution_sums.runs", unit=unit, which=which)


def known_ways(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[list[Way], Way]:
    """The ways that are known singly, and that of runs without a contact."""
    bare = next((_way(row) for row in found.get("bare", [])), Way((), 0, 0))
    return [_way(row) for row in found.get("way", [])], bare


def ways_of(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Way]:
    """All of them, those of most successes first."""
    known, bare = known_ways(found)
    some = [*known, bare] if bare.runs else known
    return sorted(some, key=lambda way: (-way.successes, -way.runs, way.labels))


def first_ways(scope: Scope, unit: str, model: Model, shown: int) -> list[Way]:
    """The ways that an answer shows one by one."""
    return ways_of(summary(scope, unit, model))[:shown]


def _way(row: Mapping[str, Any]) -> Way:
    runs, successes, worth = row["numbers"]
    return Way(tuple(row["way"]), round(runs), round(successes), worth)
