"""What runs can be told apart by, as the breakdown's page offers it."""

from __future__ import annotations

from collections.abc import Sequence

from journeys.breakdown import names
from journeys.dimensions import OF_EVENT, OF_RUN, SEGMENT
from journeys.scope import Scope
from store.words import tell


def plain(scope: Scope, known: Sequence[str]) -> list[tuple[str, str]]:
    """Of the dimensions that a report knows, those of every journey; for `segment` each saved segment."""
    saved = [
        (f"{SEGMENT}:{key}", tell("segment: %(name)s", name=scope.saved.named(key)))
        for key in (scope.saved.segments if SEGMENT in known else ())
    ]
    return [*((name, tell(name.replace("_", " "))) for name in known if name != SEGMENT), *saved]


def choices(
    scope: Scope, *, by: str, at: str, of_event: Sequence[str] = (*OF_RUN, *OF_EVENT)
) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be chosen, in groups of (as it is written in the address, as it is called); `by` is chosen."""
    seen = scope.kept("breakdown.names", {"at": at}, lambda: names(scope, at))
    groups = [(tell("Event"), [(name, tell(name.replace("_", " "))) for name in of_event])]
    for kind, title in (
        ("property", tell("Properties of the event")),
        ("trait", tell("Traits of the customer")),
    ):
        told = [(f"{kind}:{name}", name) for name in seen[kind]]
        if by.startswith(f"{kind}:") and by not in dict(told):
            told.append((by, by.partition(":")[2]))
        groups.append((title, told))
    groups.append(
        (
            tell("Saved segments"),
            [(f"{SEGMENT}:{key}", scope.saved.named(key)) for key in scope.saved.segments],
        )
    )
    return [(title, told) for title, told in groups if told]
