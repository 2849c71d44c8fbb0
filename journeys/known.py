"""What was known of a customer when something happened: the traits told at or before it, by any identity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeys import filters
from journeys.definitions import Condition, Definition, Matcher
from journeys.questions import question


def traits_in(definition: Definition) -> list[str]:
    """The traits of customers that a definition speaks of."""
    return traits_of(definition.matchers, definition.population)


def traits_of(matchers: Iterable[Matcher], conditions: Iterable[Condition] = ()) -> list[str]:
    """The traits of customers in these conditions; what a group event says is of the account."""
    everything = [
        *conditions,
        *(condition for one in matchers if one.type != "group" for condition in one.where),
    ]
    return sorted({one.name for one in everything if one.kind == "trait"})


def knowing(
    resolved: str, traits: Sequence[str], params: filters.Params, *, relevant: str = "1", whose: str = "1"
) -> str:
    """SQL of the events of `resolved` with `customer_traits`, which conditions on traits read.

    All that are `relevant` are there, and the ones that tell of these traits. Where none is asked for, the
    events are as they were.
    """
    if not traits:
        return resolved
    names = [params.bind(one, "String") for one in traits]
    told = (f"{name}, {_last_told(name)}" for name in names)
    telling = " or ".join(f"JSONHas(traits, {name})" for name in names)
    slots = {"resolved": resolved, "relevant": relevant, "whose": whose}
    return "(" + question("known.traits", known=", ".join(told), telling=telling, **slots) + ")"


def _last_told(name: str) -> str:
    """SQL of the trait's value as text; '' where it was never told, or taken away by null."""
    value = f"if(type != 'group' and JSONHas(traits, {name}), {filters.text('traits', name)}, null)"
    return f"ifNull(anyLast({value}) over told, '')"
