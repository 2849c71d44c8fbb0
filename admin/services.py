"""What the admin is given to work with: the stores, the settings, the clock and bells to ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from flask import current_app
from sqlalchemy import Engine, RowMapping

from admin.waiting import Waiting
from journeys.answers import Answers
from store.drops import Chosen, ReplayReport
from store.events import EventStore
from store.finding import Finding
from store.identity import Ledger
from store.privacy.erasure import Whom
from store.settings import Settings
from store.work import Work


@dataclass(frozen=True)
class Services:
    """Everything a view may reach. `clock` tells milliseconds since 1970.

    `refill` wakes the job that fills new journey versions; `refresh` recomputes the runs of these
    customers of a project. `replay` runs some drops of a project again, or says what would come of it.
    `count_customer` says how much there is of one to be erased; `wake_eraser` wakes the job that does it.
    `refused_of` finds the drops that name a customer of a project. `snippet` is the folder of w.js.
    `send_mail` takes an address, a subject and a text, and returns at once; None where no mail is sent.
    `answers` keeps what reports answered, `waiting` those that take long.
    `checkup` examines the installation.
    """

    engine: Engine
    events: EventStore
    ledger: Ledger
    settings: Settings
    clock: Callable[[], int]
    refill: Callable[[], None]
    refresh: Callable[[int, set[int]], None]
    replay: Callable[[int, Chosen, bool], ReplayReport]
    count_customer: Callable[[int, Whom], dict[str, int]]
    wake_eraser: Callable[[], None]
    refused_of: Callable[[int, int], Iterable[RowMapping]]
    snippet: Path
    send_mail: Callable[[str, str, str], None] | None = None
    answers: Answers = field(default_factory=Answers)
    waiting: Waiting = field(default_factory=Waiting)
    checkup: Callable[[], list[Finding]] = list

    def moment(self, project: int) -> int:
        """The moment as of which reports of a project answer: now, or that of a look a little before."""
        return self.answers.moment(self.events, project, now=self.clock())

    def work(self) -> Work:
        """What a report's questions are asked for: within the limit of the settings."""
        return Work(limit_s=self.settings.report_seconds, name=self.waiting.name())


def services() -> Services:
    """The services of the running application; for views only."""
    return cast(Services, current_app.extensions["waywiser"])
