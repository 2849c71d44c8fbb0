"""Merges that the rules refused: the words for their reasons, and what the page and the API tell of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from flask import Flask

from admin.portrait import RULES
from admin.services import Services, services
from journeys.activity import Activity, activity_of, carried_by
from store.identity.refusals import Node, Refused, count_unanswered, nodes_of, refused, refused_counts
from store.words import tell

ON_A_PAGE = 50
UNANSWERED = "unanswered"
MOST_COUNTED = 100
AT_ONCE = 2_000  # of a file


class Said(NamedTuple):
    """A reason as a person would say it: its name, and what it means."""

    name: str
    meaning: str


REASONS = {
    "two_users": Said(
        "Two people",
        "Each side has a user id of its own. Only an alias, or you, may join two user ids.",
    ),
    "limit": Said(
        "Too many values of one type",
        "One customer would have more values of this type than the identity rules allow.",
    ),
    "neighbours": Said(
        "Linked to too many",
        "One of the ids is linked to more others than the identity rules allow: it is probably shared.",
    ),
    "blocked": Said("Blocked value", "Somebody decided that one of these values joins nothing."),
    "shared": Said(
        "Shared browser",
        "Several people used this browser: what it did without a sign-in goes to whoever was signed in last.",
    ),
}


@dataclass(frozen=True)
class Side:
    """One end of a refused edge, with what the customer did that it belongs to now.

    Where that is nothing, these are the events that carry the id itself (`is_carried`).
    """

    identity: int
    kind: str
    value: str
    customer: int
    blocked: bool
    n: int
    last_seen: int | None
    is_carried: bool = False


@dataclass(frozen=True)
class Waiting:
    """A refused edge as the page shows it."""

    id: int
    a: Side
    b: Side
    wanted: str
    reason: str
    said: Said
    evidence: str
    rule: str
    at: int
    entered_at: int
    others: list[Side]  # all that a shared browser was seen with, the newest first; else none


def said_of(reason: str) -> Said:
    """The plain words for a reason; its code where a newer version has written it."""
    return REASONS.get(reason) or Said(reason.replace("_", " "), "")


def wanted_by(rule: str) -> str:
    """Why two ids were to be joined, in words."""
    return str(RULES.get(rule) or tell("an event carried this %(rule)s with the other id", rule=rule))


def page(given: Services, project: int, *, reason: str, after: int | None) -> dict[str, Any]:
    """Some refused merges, and how many there are by reason; blocked ones only where they are asked for."""
    chosen = reason if reason in REASONS else UNANSWERED
    rows = refused(given.engine, project, most=ON_A_PAGE + 1, after=after, reason=chosen, gathered=True)
    return {
        "refused": waiting(given, project, rows[:ON_A_PAGE]),
        "next": rows[ON_A_PAGE - 1].id if len(rows) > ON_A_PAGE else None,
        "counts": refused_counts(given.engine, project, gathered=True),
        "reasons": REASONS,
    }


def every(given: Services, project: int, reason: str) -> Iterator[Refused]:
    """All that were refused for a reason, the newest first: those of a shared browser each by itself."""
    after, chosen = None, reason if reason in REASONS else UNANSWERED
    while found := refused(given.engine, project, most=AT_ONCE, after=after, reason=chosen):
        yield from found
        after = found[-1].id


def named(given: Services, project: int, some: Collection[int]) -> list[Side]:
    """These identities as far as the ledger knows them, in this order."""
    nodes = nodes_of(given.engine, project, some)
    sides = sides_of(given, project, list(nodes.values()))
    return [sides[one] for one in dict.fromkeys(some) if one in sides]


def sides_of(given: Services, project: int, nodes: Sequence[Node]) -> dict[int, Side]:
    """These identities, each with what its customer did, by identity.

    A shared browser is no customer: beside it stand the events that carry its id.
    """
    did = activity_of(given.events, given.ledger, project, {node.customer for node in nodes})
    idle = [node.identity for node in nodes if not did[node.customer].n]
    carried = carried_by(given.events, project, idle)
    return {node.identity: _side(node, did[node.customer], carried.get(node.identity)) for node in nodes}


def waiting(given: Services, project: int, found: Sequence[Refused]) -> list[Waiting]:
    """Refused edges with their sides and reasons."""
    sides = sides_of(given, project, [node for one in found for node in (one.a, one.b, *one.others)])
    return [
        Waiting(
            id=one.id,
            a=sides[one.a.identity],
            b=sides[one.b.identity],
            wanted=wanted_by(one.rule),
            reason=one.reason,
            said=said_of(one.reason),
            evidence=one.evidence,
            rule=one.rule,
            at=one.at,
            entered_at=one.entered_at,
            others=[sides[node.identity] for node in one.others],
        )
        for one in found
    ]


def _side(node: Node, did: Activity, carried: Activity | None) -> Side:
    shown = carried or did
    is_carried = carried is not None
    return Side(**msgspec.structs.asdict(node), n=shown.n, last_seen=shown.last_seen, is_carried=is_carried)


def register(app: Flask) -> None:
    """Give templates the words for a reason, and the number of the merges that wait."""
    app.jinja_env.filters["refused_because"] = lambda reason: said_of(reason).name.lower()
    app.jinja_env.globals["refused_merges"] = _counted


def _counted(project: int) -> str:
    """How many merges wait for an answer, as the menu shows it; nothing where none does."""
    n = count_unanswered(services().engine, project, most=MOST_COUNTED)
    return "" if not n else f"{MOST_COUNTED - 1}+" if n >= MOST_COUNTED else str(n)
