"""One further dimension of an explained change, chosen by who asks: what the event that opened a run told, a
trait, or a saved segment."""

from __future__ import annotations

from typing import Any

from journeys.aged import is_young, reached
from journeys.breakdown import at_start
from journeys.dimensions import OF_RUN, Dimension, dimension
from journeys.questions import question
from journeys.scope import Scope

# Which runs a group has.
KINDS = {
    "value": "value = {change_value:String}",
    "none": "value = ''",
    "other": "value != '' and lower(hex(cityHash64(value))) not in {change_shown:Array(String)}",
}


def further(by: str) -> Dimension | None:
    """The dimension that is asked for besides those of every answer; raises DimensionError."""
    found = dimension(by, at_start=True) if by else None
    return None if found and found.name in OF_RUN and found.kind == "run" else found


def counted(scope: Scope, by: Dimension, **values: Any) -> tuple[str, dict[str, Any]]:
    """The question of how each group fared, as those of other dimensions; `values` are what it binds."""
    described, value, bound = at_start(scope, by)
    own = {name: one for name, one in bound.items() if name not in (scope.values or {})}
    return scope.ask(
        "change_further.counted",
        slots=lambda _params: {
            "described": described,
            "value": value,
            "is_young": is_young(),
            "reached": reached(),
        },
        **{**own, **values},
    )


def those(scope: Scope, by: Dimension, kind: str, bound: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """SQL of the runs of a group, and what it binds beside what says which group."""
    described, value, values = at_start(scope, by)
    sql = question("change_further.those", described=described, value=value, condition=KINDS[kind])
    return f"(customer, number) in ({sql})", {**values, **bound}
