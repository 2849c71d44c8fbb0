"""Survival on a journey's page: between which steps, of whom it is asked, and the picture of the curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeys.definitions import Definition
from journeys.scope import Scope
from journeys.segments import ATTRIBUTES
from journeys.survival import survival

COLOURS = ("accent", "dropped", "succeeded", "in_time", "failed")


@dataclass(frozen=True)
class SurvivalQuestion:
    """From which step to which, and by what runs are compared; None stands for start, goal, nothing."""

    origin: str | None
    target: str | None
    compare: str | None

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask the same."""
        given = {"from_step": self.origin, "to_step": self.target, "compare": self.compare}
        return {name: value for name, value in given.items() if value}

    def ask(self, scope: Scope, *, unit: str) -> dict[str, Any]:
        """The curves of these runs."""
        return survival(scope, origin=self.origin, target=self.target, compare=self.compare, unit=unit)


def read(args: Mapping[str, str], definition: Definition) -> SurvivalQuestion:
    """Read the choices from the address; unknown ones are none, and so are steps that run backwards."""
    origin, target, compare = (args.get(name) or None for name in ("from_step", "to_step", "compare"))
    keys = [step.key for step in definition.steps]
    first = keys.index(origin) if origin in keys else 0
    last = keys.index(target) if target in keys else len(keys) - 1
    if first >= last:
        first, last = 0, len(keys) - 1
    return SurvivalQuestion(
        origin=keys[first] if first > 0 else None,
        target=keys[last] if last < len(keys) - 1 else None,
        compare=compare if compare in ATTRIBUTES else None,
    )


def coloured(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The curves, each with the colour that it has in picture and legend."""
    return [{**curve, "colour": COLOURS[at % len(COLOURS)]} for at, curve in enumerate(answer["curves"])]


def picture(curves: list[dict[str, Any]]) -> dict[str, Any]:
    """What the browser draws: of each curve its points, from none at once to the last that is known."""
    wanted = ("seconds", "value", "low", "high")
    start = dict.fromkeys(wanted, 0)
    return {
        "curves": [
            {
                "name": curve["name"],
                "colour": curve["colour"],
                "points": [start, *({name: point[name] for name in wanted} for point in curve["points"])],
            }
            for curve in curves
            if curve["n"]
        ]
    }
