"""The customers of a segment, for questions to all events: those with a run that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from journeys.questions import question
from journeys.scope import Scope
from journeys.segments import SegmentError
from store.events import EventStore
from store.words import tell

PLACEHOLDER = re.compile(r"\{(\w+):")
OWN = r"{members_\1:"  # so that it binds nothing that the question around it binds
MEANINGS = {
    "members": (
        "Only customers with a run of the journey that began in the period and belongs to the segment; all "
        "that they did counts, in whatever journey or none. They are chosen by having been active, so that "
        "more of them were active than of all is no finding."
    ),
    "looks_inside": (
        "The segment asks what happened within the run, so customers are chosen by what they did later: do "
        "not take what follows from that for a finding."
    ),
}


@dataclass(frozen=True)
class Members:
    """SQL that is 1 for the customers of a segment, on a column `customer`, and what it binds.

    `looks_inside` says that the segment asks what happened within the run.
    """

    sql: str = "1"
    values: Mapping[str, Any] = field(default_factory=dict)
    looks_inside: bool = False
    listed: str = ""

    def few_of(self, events: EventStore, n: int) -> int:
        """How many of `n` customers these may be: `n`, or all of them where they are fewer."""
        if not self.listed:
            return n
        found = events.query(question("members.counted", members=self.listed), self.values)
        return min(n, int(found[0]["n"]))


EVERYBODY = Members()


def members(scope: Scope) -> Members:
    """The customers of the scope's runs; raises SegmentError where the runs are those of accounts."""
    if scope.rule.of_accounts:
        raise SegmentError(
            tell("the runs of this journey are those of accounts; take a journey of customers")
        )
    sql, values = scope.ask("members.customers")
    listed = PLACEHOLDER.sub(OWN, sql)
    return Members(
        f"customer in ({listed})",
        {f"members_{name}": value for name, value in values.items()},
        scope.saved.looks_inside(scope.segment),
        listed,
    )
