"""The trend, breakdown and survival of a journey as tables, for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from journeys.funnel import OUTCOMES

if TYPE_CHECKING:
    from journeys.report import Table

RATE = ("value", "low", "high", "at_least", "at_most")
STANDING = ("entered", "customers", *OUTCOMES, "success_rate", *RATE[1:], "immature", "small")


def trend(answer: Mapping[str, Any]) -> Table:
    """A row a day, week or month."""
    head = ("from", "to", "partial", *STANDING)
    return head, ((part["from"], part["to"], part["partial"], *_standing(part)) for part in answer["parts"])


def breakdown(answer: Mapping[str, Any]) -> Table:
    """A row a group: how it stands, how it differs from the rest, and how many reached each step."""
    compared = ("value", "low", "high", "p", "p_adjusted")
    nothing = dict.fromkeys(compared)
    reached = [f"reached_{step['key']}" for group in answer["groups"][:1] for step in group["steps"]]
    head = ("by", "at", "kind", "value", *STANDING, *(f"difference_{name}" for name in compared), *reached)
    return head, (
        (
            *(answer["by"], answer["at"], group["kind"], group["value"]),
            *_standing(group),
            *((group["against_rest"] or nothing)[name] for name in compared),
            *(step["progressed"] for step in group["steps"]),
        )
        for group in answer["groups"]
    )


def survival(answer: Mapping[str, Any]) -> Table:
    """A row a point of every curve."""
    names = ("seconds", "value", "low", "high", "at_risk")
    return ("from_step", "to_step", "runs_of", "seconds", "share", "low", "high", "at_risk"), (
        (answer["from_step"], answer["to_step"], curve["name"], *(point[name] for name in names))
        for curve in answer["curves"]
        for point in curve["points"]
    )


def _standing(group: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        group["entered"],
        group["customers"],
        *(group["outcomes"][how] for how in OUTCOMES),
        *(group["success_rate"][name] for name in RATE),
        group["immature"],
        group["small"],
    )
