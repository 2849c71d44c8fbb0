"""Which steps of which journeys an event matches, told to a query as data.

As SQL, each matcher costs a millisecond of planning. So what most of them ask for, a type or a name, is
looked up in arrays; SQL is written only for their conditions, and once for equal ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from journeys import filters
from journeys.definitions import Definition, Matcher

FAILS = 1 << 30  # the bit behind those of the steps
NONE = 1  # the place of the condition that everything meets
Spoken = dict[int, list[tuple[int, int]]]  # by journey: bits, each with the place of a condition


def label_of(one: Matcher) -> str:
    """What an event is called that this can match: type and name of a `track`, else the type."""
    if one.event is not None:
        return f"track {one.event}"
    return "page" if one.page is not None else str(one.type)


def bind(definitions: Sequence[Definition], params: filters.Params) -> dict[str, str]:
    """Bind what the journeys, which count from 1, match; returns the slots `conditions` and `cases`."""
    conditions, cases = _Places("1"), _Places("''")
    spoken: dict[str, Spoken] = defaultdict(lambda: defaultdict(list))
    population, case_places = [], []
    for journey, definition in enumerate(definitions, 1):
        for bit, one in _bits(definition):
            is_plain = not one.where and one.page is None
            place = NONE if is_plain else conditions.place(repr(one), partial(filters.matcher, one, params))
            spoken[label_of(one)][journey].append((bit, place))
        whole, key = definition.population, definition.case_key
        of_all = partial(filters.all_of, whole, params)
        population.append(conditions.place(repr(whole), of_all) if whole else NONE)
        of_case = partial(filters.text_of, "properties", key or "", params)
        case_places.append(cases.place(key, of_case) if key else NONE)
    for label in [one for one in spoken if one.startswith("track ")]:  # who asks for the type alone, too
        for journey, found in spoken["track"].items() if "track" in spoken else ():
            spoken[label][journey] += found
    params.values |= {
        "labels": list(spoken),
        "spoken": [
            [(journey, *map(list, zip(*found, strict=True))) for journey, found in one.items()]
            for one in spoken.values()
        ],
        "any_track": list(spoken).index("track") + 1 if "track" in spoken else 0,
        "population": population,
        "case_places": case_places,
        "fails_bit": FAILS,
        "opens_bit": 2 * FAILS,
    }
    has_cases = any(one.case_key for one in definitions)  # a constant is no part of a key to group by
    return {
        "conditions": conditions.sql(),
        "cases": f"[{cases.sql()}]",
        "case_value": "cases[{case_places:Array(UInt16)}[journey]]" if has_cases else "''",
    }


def _bits(definition: Definition) -> Iterator[tuple[int, Matcher]]:
    for k, step in enumerate(definition.steps):
        for one in step.match:
            yield 1 << k, one
    for one in definition.fail_on:
        yield FAILS, one


class _Places:
    """Pieces of SQL in an array, each once, and where they stand in it."""

    def __init__(self, first: str) -> None:
        self._pieces = [first]
        self._places: dict[str, int] = {}

    def place(self, key: str, write: Callable[[], str]) -> int:
        """Where the piece of this name stands; it is written when it comes for the first time."""
        if key not in self._places:
            self._pieces.append(write())
            self._places[key] = len(self._pieces)
        return self._places[key]

    def sql(self) -> str:
        """The array."""
        return ", ".join(self._pieces)
