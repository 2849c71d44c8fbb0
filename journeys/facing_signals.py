"""Signals of a group beside those of another one: how much more often those with a signal came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from journeys.facing import WIDE, Facing, Fact, Part
from journeys.report import Answer
from journeys.scope import Scope
from journeys.signals_report import SIGNALS
from store.words import marked, tell


def _parts(answer: Answer) -> Iterator[Part]:
    facts = [
        Fact(
            *(one["kind"], _signal(one), one["with"]["n"], one["with"]["cell"]),
            effect={end: one["difference"][end] for end in ("value", "low", "high")},
        )
        for one in answer["signals"]
    ]
    yield Part("effect", facts, all=False)


def _signal(one: Mapping[str, Any]) -> str:
    """A signal as it is told apart from all others."""
    parts = [one["name"]]
    if one["value"] is not None:
        parts.append(f"= {one['value']}")
    if one["at_least"] is not None:
        parts.append(f"≥ {one['at_least']:g}")
    if one["within_seconds"] is not None:
        parts.append(f"≤ {one['within_seconds']:g} s")
    return " ".join(parts) + (f" ({one['at']})" if one["at"] else "")


def _pinned(answer: Answer) -> dict[str, Any]:
    return {"step": answer["step"], "landmark": _span(round(answer["landmark"]["seconds"]))}


def _span(seconds: int) -> str:
    """Seconds as a landmark is written."""
    size, sign = next(
        (one for one in ((86_400, "d"), (3_600, "h"), (60, "m")) if seconds % one[0] == 0), (1, "s")
    )
    return f"{seconds // size}{sign}" if seconds else "0"


SIGNAL_KINDS = {
    "touchpoint": marked("Touchpoint %(name)s"),
    "property": marked("Property %(name)s"),
    "amount": marked("Amount %(name)s"),
    "trait": marked("Trait %(name)s"),
    "speed": marked("Speed from %(name)s"),
}


def _called(_scope: Scope, _part: str, kind: str, label: str) -> str:
    return tell(SIGNAL_KINDS[kind], name=label)


FACING = Facing(
    SIGNALS,
    _parts,
    {"effect": marked("How much more often those with the signal came than those without")},
    _called,
    pinned=_pinned,
    wide={"most": 10 * WIDE},
    shown=30,
    tests_all=True,
    of_age=marked("Who had not come by that age counts as not having come, also where there was time left."),
)
