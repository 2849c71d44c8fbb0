"""The job that works erasures off as they are asked for, also those that a former process left."""

from __future__ import annotations

import logging

from server.chore import Chore
from server.erasing.eraser import Eraser
from server.erasing.stages import STAGES, NotYet, following
from store.privacy.erasure import Erasure, OthersWork, advance, claim, note

log = logging.getLogger("waywiser.erasing")

PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
WAIT_MS = 900  # before an erasure that has to wait is looked at again
AGAIN_MS = 10_000  # the same, after a failure


class Erasing:
    """Works off every erasure as far as it can go. Each process may have one: they share the erasures."""

    def __init__(self, eraser: Eraser) -> None:
        self._eraser = eraser
        self.chore = Chore("erasing", self.turn, every=PAUSE_S, longest=LONGEST_PAUSE_S)

    def turn(self) -> None:
        """Take each erasure that nobody works on through its stages, until it is done or has to wait."""
        while not self.chore.is_stopping and (job := claim(self._eraser.engine, now=self._eraser.clock())):
            self._work(job)

    def _work(self, job: Erasure) -> None:
        try:
            while not job.is_done:
                self.chore.check()
                values = {"stage": following(job.stage)} | STAGES[job.stage](self._eraser, job)
                job = advance(self._eraser.engine, job, now=self._eraser.clock(), **values)
        except InterruptedError:
            self._give_back(job, "", after=0)
        except OthersWork:
            log.info("another process goes on with the erasure %d", job.id)
        except NotYet as waits:
            self._give_back(job, str(waits), after=WAIT_MS)
        except Exception as error:  # whatever a store says, the next time may be better
            log.exception("the erasure %d stands still; it is tried again", job.id)
            said = str(error).splitlines()[0][:500] if str(error) else repr(error)
            self._give_back(job, f"it failed and is tried again: {said}", after=AGAIN_MS)
        else:
            log.info("the erasure %d of project %d is done", job.id, job.project)

    def _give_back(self, job: Erasure, problem: str, *, after: int) -> None:
        """Let anybody take it up, `after` so many milliseconds, when others had their turn."""
        note(self._eraser.engine, job, problem=problem, held_until=self._eraser.clock() + after)
