"""What erasures work on, and how much there is of a customer in all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Engine, RowMapping, select

from collector.pipeline.naming import named_in_drop, named_in_envelope
from journeys.sessions import how_many
from store.drops import all_drops
from store.events import EventStore
from store.identity import Ledger
from store.privacy.deletion import count_of_customer, delete_former_members, named_by_accounts
from store.privacy.erasure import NotErasable, Whom, find_whom, ledger_counts
from store.rules import rules_of
from store.settings import Settings
from store.stamps import next_stamp
from store.tables import inbox

AT_ONCE = 500


@dataclass(frozen=True)
class Eraser:
    """The stores on which erasures work. `refresh` counts the runs of these customers of a project anew.

    `seconds` measures how long something takes; `first_seen` says when this process met each erasure by it.
    """

    engine: Engine
    events: EventStore
    ledger: Ledger
    settings: Settings
    clock: Callable[[], int]
    refresh: Callable[[int, set[int]], None]
    seconds: Callable[[], float] = time.monotonic
    first_seen: dict[int, float] = field(default_factory=dict)

    def counted(self, project: int, whom: Whom, *, is_again: bool = False) -> dict[str, int]:
        """How much there is of a customer, by kind; `waiting` are messages in the inbox, `blocked` values in
        the identity rules.

        Again: only what came since all was deleted, and not the runs of former events that came back.
        """
        found = count_of_customer(
            self.events, project, whom.customer, whom.numbers, whom.shared, is_again=is_again
        )
        everywhere = [*whom.numbers, *whom.shared]
        found["sessions"] = how_many(
            self.events, project, customers=whom.numbers, identities=everywhere, is_again=is_again
        )
        found |= ledger_counts(self.engine, project, whom.numbers)
        found["drops"] = sum(1 for _ in self.drops_of(project, whom))
        found["blocked"] = sum(map(whom.is_named_by, rules_of(self.engine, project).blocked_ids))
        found["waiting"] = self._waiting(project, set(whom.numbers))
        return found

    def drops_of(self, project: int, whom: Whom) -> Iterator[RowMapping]:
        """The drops that name one of the customer's identities."""
        own, kept = set(whom.numbers), all_drops(self.engine, project)
        return (row for row in kept if own & named_in_drop(bytes(row["original"])))

    def refused_of(self, project: int, customer: int) -> Iterator[RowMapping]:
        """The drops that name a customer, as an erasure would delete them; none of an id that is shared."""
        with suppress(NotErasable):
            if whom := find_whom(self.events, self.ledger, project, customer):
                yield from self.drops_of(project, whom)

    def leave_accounts(self, project: int, customers: Collection[int]) -> None:
        """Count the runs anew of accounts whose members these were; the former ones, which name them, go."""
        if named := named_by_accounts(self.events, project, customers):
            before = next_stamp(self.engine)
            self.refresh(project, named)
            delete_former_members(self.events, project, named, before=before)

    def waited(self, erasure: int) -> float:
        """For how many seconds this process has known of an erasure."""
        now = self.seconds()
        return now - self.first_seen.setdefault(erasure, now)

    def _waiting(self, project: int, own: set[int]) -> int:
        """How many messages in the inbox name one of these identities."""
        page = select(inbox.c.id, inbox.c.body).where(inbox.c.project_id == project).order_by(inbox.c.id)
        last = found = 0
        while True:
            with self.engine.connect() as connection:
                rows = connection.execute(page.where(inbox.c.id > last).limit(AT_ONCE)).all()
            if not rows:
                return found
            last = rows[-1].id
            found += sum(1 for row in rows for named in named_in_envelope(bytes(row.body)) if named & own)
