"""Sets an envelope aside that cannot be stored: its messages become drops, with the reason."""

from __future__ import annotations

import base64
import logging

import msgspec

from collector.envelope import refused
from store.batches import PROBLEM_CHARACTERS, Batch, Batches
from store.drops import DropRow, values_of
from store.ingestion import Count, counts_of_drops
from store.waiting import WaitingEnvelope

log = logging.getLogger("waywiser.worker")

CODE = "poison"


def set_aside(batches: Batches, batch: Batch, problem: str) -> dict[Count, int]:
    """Take a batch out of the river, and keep its messages as drops; returns what is counted of them."""
    drops = _drops(batch, problem[-PROBLEM_CHARACTERS:])
    log.error("%d events could not be stored in any try and are set aside: %s", len(drops), problem)
    counts = counts_of_drops(values_of(drops))
    return counts if batches.acknowledge(batch, drops, counts) else {}


def _drops(batch: Batch, problem: str) -> list[DropRow]:
    try:
        return [
            refused(envelope, message, place="worker", code=CODE, field="", reason=problem)
            for envelope in batch.envelopes()
            for message in envelope.messages
        ]
    except (msgspec.DecodeError, msgspec.ValidationError):
        return [_unreadable(one, problem) for one in batch.waiting]


def _unreadable(one: WaitingEnvelope, problem: str) -> DropRow:
    return DropRow(
        project=one.project,
        received_at=one.received_at,
        place="worker",
        code=CODE,
        message=problem,
        original={"message": None, "body": base64.b64encode(one.body).decode()},
    )
