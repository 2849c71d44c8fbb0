"""Keeps the stores in bounds: forgets once an hour what is older than the settings allow.

`daily` is asked as often, and sees to it itself that its work is done once a day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Engine

from server.chore import Chore
from store import tries
from store.events import EventStore
from store.forgetting import (
    forget_claims,
    forget_client_counts,
    forget_clients,
    forget_counts,
    forget_drops,
)
from store.journeys import former_versions
from store.privacy.deletion import delete_versions
from store.settings import Settings
from store.stamps import next_stamp

log = logging.getLogger("waywiser.housekeeping")

DAY_MS = 86_400_000
TRIES_MS = 3_600_000  # failed sign-ins count for minutes
FORMER_MS = 3_600_000  # who has begun to read the runs of a version is done long before
EVERY_S = 3600.0
BREATH_S = 0.1  # between two bites, for those who wait to write
COUNTS_DAYS = 400  # of the ingestion page: a year and a month to compare
CLIENTS_DAYS = 35  # a client that speaks again after so long a silence is counted as a new one


class Housekeeping:
    """Tidies up. Each process may have one: what one has done, the others find done."""

    def __init__(
        self,
        engine: Engine,
        events: EventStore,
        settings: Settings,
        clock: Callable[[], int],
        *,
        daily: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._events = events
        self._settings = settings
        self._clock = clock
        self._daily = daily
        self.chore = Chore("housekeeping", self.tidy, every=EVERY_S)

    def tidy(self) -> None:
        """Forget all that is too old now."""
        self._events.keep_messages(self._settings.retention_days)
        forget_claims(self._engine)
        # A drop must not outlive what is known of its copies: run again, it would be counted twice.
        days = min(self._settings.drops_days, self._settings.retention_days)
        for what, forget, kept_days in (
            ("refused events", forget_drops, days),
            ("ingestion counts", forget_counts, COUNTS_DAYS),
            ("counts of clients", forget_client_counts, COUNTS_DAYS),
            ("silent clients", forget_clients, CLIENTS_DAYS),
        ):
            before = self._clock() - kept_days * DAY_MS
            total = 0
            while not self.chore.is_stopping and (gone := forget(self._engine, before)):
                total += gone
                self.chore.breathe(BREATH_S)
            if total:
                log.info("%d %s older than %d days are forgotten", total, what, kept_days)
        tries.forget(self._engine, self._clock() - TRIES_MS)
        self._forget_former()
        if not self.chore.is_stopping:
            self._daily()

    def _forget_former(self) -> None:
        """Delete the runs of replaced versions, and of the journeys that were deleted.

        The stamp comes first: with what a journey has that comes back meanwhile, later ones are stored.
        """
        stamp = next_stamp(self._engine)
        for project, versions in former_versions(self._engine, before=self._clock() - FORMER_MS).items():
            if self.chore.is_stopping:
                return
            if gone := delete_versions(self._events, project, versions, before=stamp):
                log.info(
                    "the runs of %d former journey versions of project %d are deleted", len(gone), project
                )
