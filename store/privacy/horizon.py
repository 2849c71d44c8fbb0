"""How old events of a project may be.

A project's own number of days counts from when an event happened. Where it has none, the installation's
number holds and counts from when the event came, so that imported history is not lost in the first night.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine

from store.rules import rules_of
from store.settings import Settings

DAY_MS = 86_400_000


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """What of a project is too old: it happened, or came where `by_receipt`, `before` this time in ms."""

    project: int
    days: int
    before: int
    by_receipt: bool

    @property
    def condition(self) -> str:
        """SQL that holds for the events that are too old."""
        # Nothing happens long after it came, so this also bounds which partitions are looked at.
        old = f"timestamp < fromUnixTimestamp64Milli({self.before})"
        came = f" and received_at < fromUnixTimestamp64Milli({self.before})" if self.by_receipt else ""
        return f"(project = {self.project} and {old}{came})"


def horizon_of(engine: Engine, settings: Settings, project: int, *, now: int, days: int = 0) -> Horizon:
    """The horizon of a project, or what it would be with other days of its own."""
    own = days or rules_of(engine, project).retention_days
    kept_days = own or settings.retention_days
    return Horizon(project=project, days=kept_days, before=now - kept_days * DAY_MS, by_receipt=not own)
