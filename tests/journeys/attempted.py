"""Attempts between two touchpoints said in plain Python; what the SQL of discovery must agree with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from msgspec import Struct

from journeys.touchpoints import Touchpoint
from store.event import Event

Matches = Callable[[Touchpoint], bool]
KINDS = {"track": "event", "page": "page", "screen": "screen"}


class Attempt(Struct):
    """One attempt: when it began, how it stands, what it passed; `seconds` where it reached the goal."""

    customer: int
    start: int
    outcome: str = "in_time"
    seconds: float | None = None
    passed: list[Touchpoint] = []


def told(event: Event) -> Touchpoint:
    label = event.path if event.type == "page" else event.event
    return Touchpoint(KINDS[event.type], label) if label else Touchpoint("type", event.type)


def attempts(
    events: Sequence[Event], start: Matches, goal: Matches, *, within: int, now: int
) -> list[Attempt]:
    """All attempts of these events, one after the other of each customer."""
    found: list[Attempt] = []
    shown = [one for one in events if one.type in KINDS and not one.is_bot]
    order = sorted(shown, key=lambda one: (one.identity, one.timestamp, one.sequence, one.event_id))
    for customer, some in groupby(order, key=lambda one: one.identity):
        theirs = list(some)
        at = 0
        while at < len(theirs):
            if start(told(theirs[at])):
                attempt, at = _followed(customer, theirs, at, goal, within, now)
                found.append(attempt)
            else:
                at += 1
    return found


def _followed(
    customer: int, theirs: Sequence[Event], first: int, goal: Matches, within: int, now: int
) -> tuple[Attempt, int]:
    """The attempt that begins there, and where the next may begin."""
    begun = theirs[first].timestamp
    attempt = Attempt(customer, begun)
    labels = [told(theirs[first])]
    at = first + 1
    while at < len(theirs) and theirs[at].timestamp - begun <= within:
        if goal(told(theirs[at])):
            attempt.outcome, attempt.seconds = "succeeded", (theirs[at].timestamp - begun) / 1000
            at += 1
            break
        labels.append(told(theirs[at]))
        at += 1
    if attempt.outcome == "in_time" and (now - begun > within or at < len(theirs)):
        attempt.outcome = "dropped"
    attempt.passed = [one for one, _ in groupby(labels)][1:]
    return attempt, at


def furthest(some: Sequence[Attempt]) -> list[Attempt]:
    """Of each customer the one that came furthest; of equals the earliest."""
    rank = ("succeeded", "in_time", "dropped")
    order = sorted(some, key=lambda one: (one.customer, rank.index(one.outcome), one.start))
    return [next(theirs) for _, theirs in groupby(order, key=lambda one: one.customer)]
