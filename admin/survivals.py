"""The curves of survival as a page draws them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from admin.pictures import GROUPS
from journeys.survival import EVERYONE
from store.words import tell


def coloured(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The curves, each with the colour that it has in picture and legend."""
    return [
        {
            **curve,
            "name": tell(curve["name"]) if curve["name"] == EVERYONE else curve["name"],
            "colour": GROUPS[at % len(GROUPS)],
        }
        for at, curve in enumerate(answer["curves"])
    ]


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
