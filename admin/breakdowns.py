"""The breakdown on a journey's page: by what, at which step, and where its numbers lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from journeys.breakdown import breakdown, names
from journeys.definitions import Definition
from journeys.dimensions import OF_EVENT, OF_RUN, SEGMENT
from journeys.scope import Scope

SHOWN = (10, 20, 50)


@dataclass(frozen=True)
class BreakdownQuestion:
    """By which dimension, at which step (None: the first), and how many values stand alone."""

    by: str
    at: str | None
    most: int

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask the same."""
        given = {"by": self.by, "at": self.at, "most": str(self.most) if self.most != SHOWN[0] else None}
        return {name: value for name, value in given.items() if value}

    def ask(self, scope: Scope, *, unit: str) -> dict[str, Any]:
        """The breakdown of these runs."""
        return breakdown(scope, self.by, at=self.at, unit=unit, most=self.most)


def read(args: Mapping[str, str], definition: Definition) -> BreakdownQuestion:
    """Read the choices from the address: by channel, at the first step, where they say nothing else."""
    at, most = args.get("at"), args.get("most", "")
    return BreakdownQuestion(
        by=args.get("by") or OF_RUN[0],
        at=at if at in definition and at != definition.steps[0].key else None,
        most=int(most) if most.isdigit() and int(most) in SHOWN else SHOWN[0],
    )


def choices(scope: Scope, question: BreakdownQuestion) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be chosen, in groups of (as it is written in the address, as it is called)."""
    seen = names(scope, question.at)
    groups = [("Event", [(name, name.replace("_", " ")) for name in (*OF_RUN, *OF_EVENT)])]
    for kind, title in (("property", "Properties of the event"), ("trait", "Traits of the customer")):
        told = [(f"{kind}:{name}", name) for name in seen[kind]]
        if question.by.startswith(f"{kind}:") and question.by not in dict(told):
            told.append((question.by, question.by.partition(":")[2]))
        groups.append((title, told))
    groups.append(
        ("Saved segments", [(f"{SEGMENT}:{key}", scope.saved.named(key)) for key in scope.saved.segments])
    )
    return [(title, told) for title, told in groups if told]


def link(
    to: Callable[..., str], question: BreakdownQuestion, chosen: Mapping[str, str]
) -> Callable[[Mapping[str, Any], str], str | None]:
    """Finds the list behind a number of a group: there is one where the group is a segment of runs.

    `chosen` is what the bar has chosen of saved segments, whose place the group's would take.
    """
    kind, _, key = question.by.partition(":")
    is_segment = question.by in OF_RUN and question.at is None

    def found(group: Mapping[str, Any], number: str) -> str | None:
        if kind == SEGMENT:
            name = "segment" if group["value"] == "in" else "not_segment"
            return None if chosen.get(name, key) != key else to("runs", **{"number": number, name: key})
        if not is_segment or group["kind"] not in ("value", "none"):
            return None
        return to("runs", **{"number": number, question.by: group["value"] or "(none)"})

    return found
