"""Runs of customers who have very many of them and very many contacts, shared out by ranges of contacts.

The store gives each run the contacts before its end, one by one. A shared device of 5,000 runs and 100,000
touchpoints would be hundreds of millions of pairs; here work and memory grow with runs and contacts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeys.attribution_contacts import Contacts
from journeys.questions import question
from journeys.scope import Scope

FEW_RUNS = 50  # whoever has no more is never busy: so few copies of contacts cost little
MOST_PAIRS = 1_000_000  # of a run and a contact of one customer
AT_ONCE = 1_000_000  # contacts that are read in one answer
IN_TIME = "in_time"

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Key = tuple[str, int, int, tuple[int, ...]]  # kind, label, the one before, way


class History(NamedTuple):
    """One customer's contacts in their order, and runs: when each ended and how, what it was worth."""

    at: Places
    labels: Places
    direct: NDArray[np.bool_]
    numbers: Sequence[int]
    ends: Places
    outcomes: Sequence[str]
    values: Floats
    valued: Floats


class Window(NamedTuple):
    """Runs with contacts: the places of the first and the last of each, and won (0 or 1) and gained by it."""

    first: Places
    last: Places
    worth: Floats


def busy(scope: Scope, contacts: Contacts) -> dict[int, int]:
    """The customers of this kind with how many contacts each has; whether runs are of the segment or not."""
    sql, values = scope.everyone().ask("attribution_busy.many", few=FEW_RUNS)
    runs = {row["customer"]: row["n"] for row in scope.events.query(sql, values)}
    if not runs:
        return {}
    sql = question("attribution_busy.sizes", contacts=contacts.rows)
    rows = scope.events.query(sql, {**contacts.values, "busy": sorted(runs)})
    return {row["customer"]: row["n"] for row in rows if row["n"] * runs[row["customer"]] > MOST_PAIRS}


def histories(
    scope: Scope, customers: Mapping[int, int], runs: str, contacts: Contacts
) -> Iterator[tuple[int, History]]:
    """Each of these customers, of so many contacts, with what is to be shared out; `runs` are SQL."""
    for some in _portions(customers):
        values = {**contacts.values, "busy": some}
        ended = defaultdict[int, list[Mapping[str, Any]]](list)
        for row in scope.events.query(question("attribution_busy.runs", runs=runs), values):
            ended[row["customer"]].append(row)
        sql = question("attribution_busy.contacts", contacts=contacts.gathered)
        for row in scope.events.query(sql, values):
            if runs_of := ended.get(row["customer"]):
                yield row["customer"], _history(row, runs_of)


def _portions(customers: Mapping[int, int]) -> Iterator[list[int]]:
    some, size = list[int](), 0
    for customer, n in sorted(customers.items()):
        if some and size + n > AT_ONCE:
            yield some
            some, size = [], 0
        some.append(customer)
        size += n
    if some:
        yield some


def _history(row: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> History:
    marks = np.array(row["marks"], np.int64)
    return History(
        np.array(row["at"], np.int64),
        marks // 2,
        marks % 2 == 1,
        [run["number"] for run in runs],
        np.array([run["last"] for run in runs], np.int64),
        [str(run["outcome"]) for run in runs],
        np.array([run["value"] for run in runs], float),
        np.array([run["is_valued"] for run in runs], float),
    )


def ways(one: History, lookback: int, longest: int) -> list[tuple[int, ...]]:
    """The way of each run: its labels in their order, neighbours that are equal as one, the last so many."""
    begins = np.append(True, one.labels[1:] != one.labels[:-1])
    stretch, names = np.cumsum(begins) - 1, one.labels[begins].tolist()
    found: list[tuple[int, ...]] = []
    for first, stop in zip(*_bounds(one, lookback), strict=True):
        if first == stop:
            found.append(())
            continue
        last = int(stretch[stop - 1])
        found.append(tuple(names[max(int(stretch[first]), last - longest + 1) : last + 1]))
    return found


def shared(one: History, *, lookback: int, half_life: float, longest: int) -> Iterator[tuple[Key, Floats]]:
    """The sums of one customer's runs, as `attribution_sums.summary` tells those of all others."""
    is_over = np.array([outcome != IN_TIME for outcome in one.outcomes])
    won = np.array([outcome == "succeeded" for outcome in one.outcomes], float)
    for outcome in set(one.outcomes):
        these = np.array([each == outcome for each in one.outcomes])
        sums = [these.sum(), one.values[these].sum(), one.valued[these].sum()]
        yield (outcome, 0, 0, ()), np.array(sums, float)
    went, worth = ways(one, lookback, longest), np.stack([won, won * one.values])
    for place in np.flatnonzero(is_over):
        kind = "way" if went[place] else "bare"
        yield (kind, 0, 0, went[place]), np.array([1, *worth[:, place]])
    first, stop = _bounds(one, lookback)
    met = is_over & (stop > first)
    window = Window(first[met], stop[met] - 1, worth[:, met])
    even = [went[place] for place in np.flatnonzero(met)]
    yield from _between(one, window)
    yield from _sums(one, window, even, half_life)


def _bounds(one: History, lookback: int) -> tuple[Places, Places]:
    """For each run the place of its first contact, and the one behind its last."""
    first = np.searchsorted(one.at, one.ends - lookback, "left")
    return first, np.searchsorted(one.at, one.ends, "right")


def _between(one: History, runs: Window) -> Iterator[tuple[Key, Floats]]:
    """How many runs went from contact to contact, and from nowhere to their first one."""
    inside = _over(one, runs.first + 1, runs.last, np.ones((1, len(runs.first))))[0]
    found = Counter[tuple[int, int]]()
    labels = one.labels.tolist()
    for n, label, before in zip(inside.tolist()[1:], labels[1:], labels[:-1], strict=True):
        found[label, before] += round(n)
    for place in runs.first.tolist():
        found[labels[place], 0] += 1
    for (label, before), n in found.items():
        if n:
            yield ("step", label, before, ()), np.array([n, *[0.0] * 17])


def _sums(
    one: History, runs: Window, even: Sequence[tuple[int, ...]], half_life: float
) -> Iterator[tuple[Key, Floats]]:
    """What each label has in all: runs, successes, those lost after it, and its credit by every rule."""
    won = runs.worth[0]
    lost = np.bincount(one.labels[runs.last], 1 - won, 256)
    shares = [*_credits(one, runs, half_life)]
    by_label = [[_by_label(one, each) for each in both] for both in shares]
    by_label.insert(-1, _evenly(even, runs.worth))
    for label in np.unique(one.labels):
        places = np.flatnonzero(one.labels == label)
        latest = np.searchsorted(places, runs.last, "right") - 1
        part = (latest >= 0) & (places[latest] >= runs.first)
        if not part.any():
            continue
        numbers = [0, part.sum(), won[part].sum(), lost[label]]
        numbers += [both[which][label] for which in (0, 1) for both in by_label]
        yield ("step", int(label), 0, ()), np.array(numbers, float)


def _credits(one: History, runs: Window, half_life: float) -> Iterator[Floats]:
    """Credit and value of each contact: first, last, last that is not direct, linear, by position, decay."""
    first, last, worth = runs
    n = last - first + 1
    yield _at(one, first, worth)
    yield _at(one, last, worth)
    latest = np.maximum.accumulate(np.where(one.direct, -1, np.arange(len(one.at))))[last]
    yield _at(one, np.where(latest >= first, latest, last), worth)
    yield _over(one, first, last, worth / n)
    ends, between = np.where(n > 2, 0.4, 0.5), np.where(n > 2, 0.2 / np.maximum(n - 2, 1), 0.0)
    outer = _at(one, first, worth * ends) + _at(one, last, worth * ends)
    yield outer + _over(one, first + 1, np.maximum(last - 1, first), worth * between)
    yield _decayed(one, runs, half_life)


def _by_label(one: History, credits: Floats) -> Floats:
    return np.bincount(one.labels, credits, 256).astype(float)


def _at(one: History, places: Places, weights: Floats) -> Floats:
    """The sum of weights at each contact."""
    return np.stack([np.bincount(places, each, len(one.at)) for each in weights])


def _over(one: History, first: Places, last: Places, weights: Floats) -> Floats:
    """The sum at each contact of the weights of all ranges that it lies in."""
    size = len(one.at) + 1
    ends = [np.bincount(first, each, size) - np.bincount(last + 1, each, size) for each in weights]
    return np.cumsum(ends, axis=1)[:, :-1]


def _decayed(one: History, runs: Window, half_life: float) -> Floats:
    """Each run shared out in proportion to weights that halve with each half-life before its last contact.

    Sums of weights are carried from contact to contact, halved for the time between: forwards to know the
    whole of each run, backwards to give each contact its part of all runs that it lies in.
    """
    size = len(one.at)
    fades = np.append(1.0, np.exp2((one.at[:-1] - one.at[1:]) / half_life))
    so_far, carried = np.zeros(size), 0.0
    for place in range(size):
        so_far[place] = carried = carried * fades[place] + 1
    before = np.maximum(runs.first - 1, 0)
    left = np.where(runs.first > 0, np.exp2((one.at[before] - one.at[runs.last]) / half_life), 0)
    weights = runs.worth / (so_far[runs.last] - left * so_far[before])
    gained = _at(one, runs.last, weights) - _at(one, before, weights * left)
    found, part = np.zeros((2, size)), np.zeros(2)
    for place in range(size - 1, -1, -1):
        part = part * (fades[place + 1] if place + 1 < size else 1.0) + gained[:, place]
        found[:, place] = part
    return found


def _evenly(went: Sequence[tuple[int, ...]], worth: Floats) -> list[Floats]:
    """Credit and value of each label where all labels of a way have the same share."""
    found = np.zeros((2, 256))
    for way, each in zip(went, worth.T, strict=True):
        for label in way:
            found[:, label] += each / len(way)
    return list(found)
