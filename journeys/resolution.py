"""Whose an event is: identities are resolved to customers at reading time, as of now or of any moment."""

from __future__ import annotations

from journeys.questions import question

VIEW = "customer_events"  # for questions about few identities, which it is told at once


def version_at(as_of: int) -> int:
    """The last version of the ledger's rows that counts at this moment (ms)."""
    return as_of * 1000 + 999


def resolved_now() -> str:
    """SQL of the project's events with their `customer`, for questions about everyone; binds `project`."""
    return "(" + question("resolution.now") + ")"


def resolved_then() -> str:
    """SQL of the project's events with their `customer` as the ledger stood; binds `project` and `as_of`."""
    return "(" + question("resolution.events", known=_then()) + ")"


def changed() -> str:
    """SQL of the customers that gained or lost an identity after `as_of`, by their names now and then."""
    return question("resolution.changed")


def members() -> str:
    """SQL of all identities whose events may have belonged to those customers at `as_of`."""
    return question("resolution.members", changed=changed(), then=_then())


def _then() -> str:
    return question("resolution.then")
