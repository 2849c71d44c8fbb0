"""How a run stands at a moment, as SQL; `Definition.outcome` says the same of one run."""

from __future__ import annotations

from journeys.questions import question


def number_at(now: str, stored: str, start: str, last: str, *, idle: str, window: str) -> str:
    """SQL of a run's outcome at `now` as a number, which costs less to tell apart than a word.

    They are 1 succeeded, 2 failed, 3 dropped, 4 in time. Each part is SQL, times are in milliseconds, and 0
    is no window.
    """
    return question(
        "outcome.number_at", now=now, stored=stored, start=start, last=last, idle=idle, window=window
    )


def outcome_at(now: str, stored: str, start: str, last: str, *, idle: str, window: str) -> str:
    """SQL of the same as a word."""
    return question("outcome.at", number=number_at(now, stored, start, last, idle=idle, window=window))
