"""Erases customers in the background, stage by stage; every stage can be repeated harmlessly.

The first pass deletes what there is. Then it waits until every envelope is worked off that came before the
workers knew of the suppression, and a second pass deletes what a batch in hand may have stored meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Engine, select

from collector.pipeline.naming import named_in_drop, named_in_envelope
from journeys.period import iso
from store.db import writing
from store.drops import all_drops, delete
from store.events import EventStore
from store.identity import Ledger
from store.privacy.deletion import (
    count_of_customer,
    delete_identities,
    delete_shared_events,
    rewrite,
    unname_browsers,
)
from store.privacy.erasure import (
    DONE,
    Erasure,
    Known,
    OthersWork,
    Whom,
    advance,
    claim,
    envelopes_left,
    ledger_counts,
    newest_envelope,
    note,
)
from store.privacy.signing import Signer, fresh_salt
from store.privacy.suppression import REMEMBER_S, key_of, suppress
from store.projects import project_by_id
from store.settings import Settings
from store.tables import inbox

log = logging.getLogger("waywiser.erasure")

SETTLE_MS = int(REMEMBER_S * 1000) + 1_000  # until then some worker may not know of the suppression
PAUSE_S = 1.0
WAIT_MS = 900
LONGEST_PAUSE_S = 60.0
AT_ONCE = 500


class NotYet(Exception):
    """A stage has to wait; the message says for what."""


@dataclass(frozen=True)
class Eraser:
    """The stores on which erasures work. `refresh` counts the runs of these customers of a project anew."""

    engine: Engine
    events: EventStore
    ledger: Ledger
    settings: Settings
    clock: Callable[[], int]
    refresh: Callable[[int, set[int]], None]

    def counted(self, project: int, whom: Whom) -> dict[str, int]:
        """How much there is of a customer, by kind; `waiting` are messages in the inbox."""
        own = set(whom.numbers)
        found = count_of_customer(self.events, project, whom.customer, whom.numbers, whom.shared)
        found |= ledger_counts(self.engine, project, whom.numbers)
        found["drops"] = len(self._drops(project, own))
        found["waiting"] = self._waiting(project, own)
        return found

    def work(self, job: Erasure, after: Callable[[Erasure], None] = lambda _job: None) -> Erasure:
        """Take an erasure through its stages; raises NotYet when one has to wait. `after` each it is told."""
        while not job.is_done:
            values = STAGES[job.stage](self, job)
            job = advance(self.engine, job, now=self.clock(), **{"stage": _next(job.stage)} | values)
            after(job)
        return job

    def _drops(self, project: int, own: set[int]) -> list[int]:
        """The numbers of the drops that name one of these identities."""
        kept = all_drops(self.engine, project)
        return [row["id"] for row in kept if own & named_in_drop(bytes(row["original"]))]

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


Values = dict[str, object]
Stage = Callable[[Eraser, Erasure], Values]


def _count(at: Eraser, job: Erasure) -> Values:
    """Write down what there is before any of it goes; a repeat after a crash cannot have less than that."""
    return {"counts": {**job.counts, _pass(job): at.counted(job.project, _whom(job))}}


def _delete_events(at: Eraser, job: Erasure) -> Values:
    whom = _whom(job)
    delete_shared_events(at.events, job.project, whom.customer, whom.shared)
    unname_browsers(at.events, job.project, whom.numbers, whom.browsers)
    delete_identities(at.events, job.project, whom.numbers)
    return {}


def _leave_ledger(at: Eraser, job: Erasure) -> Values:
    """Take the identities out of the ledger; who shared an id with the customer is counted anew."""
    whom = _whom(job)
    changed = at.ledger.forget(job.project, whom.numbers)
    # The event store has rows that name the customer among the owners of a shared id.
    delete_identities(at.events, job.project, whom.numbers)
    if left := (changed | set(whom.neighbours)) - set(whom.numbers):
        at.refresh(job.project, left)
    return {}


def _delete_drops(at: Eraser, job: Erasure) -> Values:
    numbers = at._drops(job.project, set(_whom(job).numbers))
    for start in range(0, len(numbers), AT_ONCE):
        with writing(at.engine) as connection:
            delete(connection, numbers[start : start + AT_ONCE])
    return {}


def _settle(at: Eraser, job: Erasure) -> Values:
    """Until all workers know of the suppression; then note what may still be on its way from before."""
    if at.clock() < job.asked_at + SETTLE_MS:
        raise NotYet("the workers learn of it within seconds")
    return {"waits_for": {"envelopes": newest_envelope(at.engine, job.project)}}


def _wait(at: Eraser, job: Erasure) -> Values:
    left = envelopes_left(at.engine, job.project, job.waits_for["envelopes"])
    if left:
        raise NotYet(f"{left} requests that came before are still to be worked off; see that a worker runs")
    return {}


def _look_again(at: Eraser, job: Erasure) -> Values:
    """A batch in hand may have joined further ids to the customer. Another person's are left alone."""
    whom = _whom(job)
    own = {one.identity: one for one in whom.own}
    for customer in sorted(at.ledger.customers_of(job.project, whom.numbers)):
        nodes, _ = at.ledger.describe(job.project, customer)
        mine = [node for node in nodes if node["customer"] == customer and not node["contested"]]
        if not own.keys() & {node["identity"] for node in mine}:
            continue
        if all(node["kind"] != "user" or node["identity"] in own for node in mine):
            own |= {node["identity"]: Known(node["identity"], node["kind"], node["value"]) for node in mine}
    key = key_of(at.engine)
    with writing(at.engine) as connection:
        suppress(connection, key, job.project, own, erasure=job.id)
    return {"whom": msgspec.to_builtins(msgspec.structs.replace(whom, own=tuple(own.values())))}


def _rewrite(at: Eraser, job: Erasure) -> Values:
    if job.is_rewriting:
        rewrite(at.events)
    return {}


def _sign(at: Eraser, job: Erasure) -> Values:
    """Make the receipt, and forget whom it was about."""
    project = project_by_id(at.engine, job.project)
    signer, salt, whom, now = Signer.of(at.engine, at.settings), fresh_salt(), _whom(job), at.clock()
    receipt = {
        "receipt": "waywiser erasure 1",
        "erasure": job.id,
        "project": project.key if project else str(job.project),
        "asked_by": job.asked_by,
        "asked_at": iso(job.asked_at),
        "finished_at": iso(now),
        "counts": job.sums,
        "files_rewritten": job.is_rewriting,
        "identities": {
            "n": len(whom.numbers),
            "salt": salt,
            "hash": signer.hash_of(whom.numbers, salt),
        },
    }
    return {"receipt": signer.signed(receipt), "whom": {}, "waits_for": {}, "finished_at": now}


# The list that an erasure works off. The second half is the second pass.
STAGES: dict[str, Stage] = {
    "count": _count,
    "events": _delete_events,
    "ledger": _leave_ledger,
    "drops": _delete_drops,
    "settle": _settle,
    "wait": _wait,
    "look again": _look_again,
    "count again": _count,
    "events again": _delete_events,
    "ledger again": _leave_ledger,
    "drops again": _delete_drops,
    "rewrite": _rewrite,
    "sign": _sign,
}


def _next(stage: str) -> str:
    names = [*STAGES, DONE]
    return names[names.index(stage) + 1]


def _pass(job: Erasure) -> str:
    return "second" if job.stage.endswith("again") else "first"


def _whom(job: Erasure) -> Whom:
    if job.whom is None:
        raise ValueError("an erasure that is done has nobody to erase")
    return job.whom


class Erasing:
    """A thread that works erasures off as they are asked for. Each process may have one."""

    def __init__(self, eraser: Eraser) -> None:
        self._eraser = eraser
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="erasing", daemon=True)

    def start(self) -> None:
        """Begin with what a former process left."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once instead of at the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """End after the stage in hand; the next start goes on with the one behind it."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def turn(self) -> bool:
        """Work off every erasure as far as it can go now; says whether any has to wait or failed."""
        is_waiting = False
        while not self._stopping.is_set() and (job := claim(self._eraser.engine, now=self._eraser.clock())):
            is_waiting |= not self._worked(job)
        return is_waiting

    def _worked(self, job: Erasure) -> bool:
        said = ""
        try:
            self._eraser.work(job, self._check)
        except (InterruptedError, OthersWork):
            pass
        except NotYet as waits:
            said = str(waits)
        except Exception as error:  # whatever a store says, the next turn may be better
            log.exception("the erasure %d stands still; it is tried again", job.id)
            said = (
                f"it failed and is tried again: {str(error).splitlines()[0][:500] if str(error) else error!r}"
            )
        else:
            log.info("the erasure %d of project %d is done", job.id, job.project)
            return True
        until = self._eraser.clock() + WAIT_MS  # others first
        note(self._eraser.engine, job.id, problem=said, held_until=until)
        return False

    def _check(self, job: Erasure) -> None:
        if self._stopping.is_set() and not job.is_done:
            raise InterruptedError

    def _run(self) -> None:
        pause = PAUSE_S
        while not self._stopping.is_set():
            try:
                pause = PAUSE_S if self.turn() else min(pause * 2, LONGEST_PAUSE_S / 12)
            except Exception as error:
                log.warning("erasures cannot be looked up; it is tried again: %s", error)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            self._wake.wait(pause)
            self._wake.clear()
