"""The stages that an erasure goes through; every one can be repeated harmlessly.

The first pass deletes what there is. Then it waits until every envelope is worked off that came before the
workers knew of the suppression, and a second pass deletes what a batch in hand may have stored meanwhile. A
statement that counts runs or sessions may have begun before the events were deleted and end after that: when
all of these have ended, what they brought back is deleted too.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import msgspec

from journeys.period import iso
from server.erasing.eraser import AT_ONCE, Eraser
from store.checks import forget_customers
from store.db import writing
from store.drops import delete
from store.privacy.deletion import (
    delete_identities,
    delete_shared_events,
    inserts_under_way,
    rewrite,
    unname_browsers,
)
from store.privacy.erasure import DONE, Erasure, Known, Whom, envelopes_left, newest_envelope
from store.privacy.signing import Signer, fresh_salt
from store.privacy.suppression import REMEMBER_S, key_of, suppress
from store.projects import project_by_id
from store.rules import forget_blocked

SETTLE_S = REMEMBER_S + 1  # until then some worker may not know of the suppression


class NotYet(Exception):
    """A stage has to wait; the message says for what."""


Values = dict[str, object]
Stage = Callable[[Eraser, Erasure], Values]


def _count(at: Eraser, job: Erasure) -> Values:
    """Write down what there is before any of it goes; a repeat after a crash cannot have less than that."""
    is_again = job.stage.endswith("again")
    found = at.counted(job.project, _whom(job), is_again=is_again)
    return {"counts": {**job.counts, "second" if is_again else "first": found}}


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
    at.leave_accounts(job.project, whom.numbers)
    return {}


def _delete_drops(at: Eraser, job: Erasure) -> Values:
    found = at.drops_of(job.project, _whom(job))
    while some := list(islice(found, AT_ONCE)):
        with writing(at.engine) as connection:
            delete(connection, some)
    return {}


def _leave_rules(at: Eraser, job: Erasure) -> Values:
    """Take the customer's ids out of the values that never join: as they are suppressed, none joins."""
    forget_blocked(at.engine, job.project, _whom(job).is_named_by, now=at.clock())
    return {}


def _settle(at: Eraser, job: Erasure) -> Values:
    """Until all workers know of the suppression; then note what may still be on its way from before.

    It was written down before this process saw the erasure, so this process measures the time by itself: the
    clock of the one that was asked may be another machine's.
    """
    if at.waited(job.id) < SETTLE_S:
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
    whom = msgspec.structs.replace(whom, own=tuple(own.values()))
    key = key_of(at.engine)
    with writing(at.engine) as connection:
        suppress(connection, key, job.project, whom.may_be_named, erasure=job.id)
    return {"whom": msgspec.to_builtins(whom)}


def _note_fills(at: Eraser, _job: Erasure) -> Values:
    return {"waits_for": {"inserts": inserts_under_way(at.events)}}


def _wait_for_fills(at: Eraser, job: Erasure) -> Values:
    left = set(job.waits_for["inserts"]) & set(inserts_under_way(at.events))
    if left:
        raise NotYet(f"{len(left)} counts of runs or sessions that began before are still under way")
    return {}


def _delete_leftovers(at: Eraser, job: Erasure) -> Values:
    at.leave_accounts(job.project, _whom(job).numbers)
    delete_identities(at.events, job.project, _whom(job).numbers)
    forget_customers(at.engine, job.project, _whom(job).numbers)
    return {}


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


# The list that an erasure works off. From `look again` on it is the second pass.
STAGES: dict[str, Stage] = {
    "count": _count,
    "events": _delete_events,
    "ledger": _leave_ledger,
    "drops": _delete_drops,
    "rules": _leave_rules,
    "settle": _settle,
    "wait": _wait,
    "look again": _look_again,
    "count again": _count,
    "events again": _delete_events,
    "ledger again": _leave_ledger,
    "drops again": _delete_drops,
    "rules again": _leave_rules,
    "fills": _note_fills,
    "wait for fills": _wait_for_fills,
    "leftovers": _delete_leftovers,
    "rewrite": _rewrite,
    "sign": _sign,
}


def following(stage: str) -> str:
    """The stage after this one."""
    names = [*STAGES, DONE]
    return names[names.index(stage) + 1]


def _whom(job: Erasure) -> Whom:
    if job.whom is None:
        raise ValueError("an erasure that is done has nobody to erase")
    return job.whom
