"""How a run stands at a moment, as SQL; `Definition.outcome` says the same of one run."""

from __future__ import annotations

from journeys.questions import question


def outcome_at(now: str, stored: str, start: str, last: str, *, idle: str, window: str) -> str:
    """SQL of a run's outcome at `now`; each part is SQL, times are in milliseconds, and 0 is no window."""
    return question("outcome.at", now=now, stored=stored, start=start, last=last, idle=idle, window=window)
