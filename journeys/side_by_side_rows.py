"""The rows of a report side by side: each fact of either group beside that of the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from journeys.apart import NAMES, apart
from journeys.facing import Facing, Fact, Part
from journeys.rates import rate
from journeys.scope import Scope
from journeys.side_by_side_lists import SIDES, cell_of, with_list
from journeys.statistics import Estimate, Floats, adjusted, difference_of, known, p_of_two_estimates

UNKNOWN: Mapping[str, float | None] = dict.fromkeys(NAMES)


def rows(
    facing: Facing, scopes: Sequence[Scope], parts: Sequence[Sequence[Part]], most: int
) -> list[dict[str, Any]]:
    """A row a fact of either group; their differences are one family of tests."""
    found = list(_matched(parts))
    family = [one for one in found if facing.tests_all or one.place < most]
    differences = _differences([one.facts for one in family])
    return [
        {
            "part": one.part,
            "kind": next(fact for fact in one.facts if fact).kind,
            "label": next(fact for fact in one.facts if fact).label,
            **{
                side: _told(scope, facing.report.name, fact)
                for side, scope, fact in zip(SIDES, scopes, one.facts, strict=True)
            },
            "difference": difference,
        }
        for one, difference in zip(family, differences, strict=True)
        if one.place < most
    ]


class _Matched(NamedTuple):
    """A fact of both groups, and the better of its places."""

    part: str
    place: int
    facts: tuple[Fact | None, Fact | None]


def _matched(parts: Sequence[Sequence[Part]]) -> Iterator[_Matched]:
    """Each fact that either group has beside that of the other, in the order of the first group."""
    by_name = [{part.name: part for part in some} for some in parts]
    for name in dict.fromkeys(part.name for some in parts for part in some):
        both = [some.get(name, Part(name, (), is_list=False)) for some in by_name]
        facts = [{(fact.kind, fact.label): fact for fact in part.facts} for part in both]
        places = [{key: place for place, key in enumerate(some)} for some in facts]
        for key in dict.fromkeys(key for some in facts for key in some):
            place = (
                min(some[key] for some in places if key in some) if any(part.is_list for part in both) else 0
            )
            first, second = (
                own.get(key) or _nothing(part, next(some[key] for some in facts if key in some))
                for own, part in zip(facts, both, strict=True)
            )
            yield _Matched(name, place, (first, second))


def _nothing(part: Part, other: Fact) -> Fact | None:
    """What a group tells of a fact that it does not have: nobody, where it would have told of one."""
    return replace(other, n=0, of=part.of, cell="") if part.all and other.effect is None else None


def _differences(
    pairs: Sequence[tuple[Fact | None, Fact | None]],
) -> list[Mapping[str, float | None]]:
    """The first less the second, shares and effects in one family; unknown where one of them is."""
    shares = {at: pair for at, pair in enumerate(pairs) if _are_shares(pair)}
    effects = {at: pair for at, pair in enumerate(pairs) if _are_effects(pair)}
    columns = [
        [getattr(pair[side], what) for pair in shares.values()] for side in (0, 1) for what in ("n", "of")
    ]
    told = dict(zip(shares, apart(*columns), strict=True)) | dict(
        zip(effects, _of_effects(list(effects.values())), strict=True)
    )
    found = [dict(told.get(at, UNKNOWN)) for at in range(len(pairs))]
    p: Sequence[float] | Floats = (
        adjusted([np.nan if one["p"] is None else one["p"] for one in found]) if found else []
    )
    return [{**one, "p_adjusted": known(corrected)} for one, corrected in zip(found, p, strict=True)]


def _are_shares(pair: Sequence[Fact | None]) -> bool:
    return all(one is not None and one.effect is None for one in pair)


def _are_effects(pair: Sequence[Fact | None]) -> bool:
    return all(one is not None and one.effect is not None and one.effect["low"] is not None for one in pair)


def _of_effects(pairs: Sequence[Any]) -> list[dict[str, float | None]]:
    one, other = (
        Estimate(
            *(np.array([pair[side].effect[end] for pair in pairs], float) for end in ("value", "low", "high"))
        )
        for side in (0, 1)
    )
    found, p = difference_of(one, other), p_of_two_estimates(one, other)
    columns = (found.value, found.low, found.high, p, p)
    return [dict(zip(NAMES, map(known, cells), strict=True)) for cells in zip(*columns, strict=True)]


def _told(scope: Scope, report: str, fact: Fact | None) -> dict[str, Any]:
    if fact is None:
        return {"n": None, "share": None}
    told = with_list(fact.n, cell_of(scope, report, fact.cell) if fact.cell else "")
    return told | ({"share": rate(fact.n, fact.of)} if fact.effect is None else {"effect": dict(fact.effect)})
