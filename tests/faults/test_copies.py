"""Copies of one message in the batches of two workers, of which both fail: one copy counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.carrier import Carrier
from collector.pipeline import Tools
from store.batches import LEASE_MS, TRIES, Batch, Batches
from store.claims import Claims
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, Inbox
from store.plans import KnownPlans
from store.projects import create_project
from store.rules import KnownRules
from store.settings import Settings

NOW = 1_760_000_000_000
LATER = NOW + LEASE_MS + 1


@pytest.fixture
def carrier(engine: Engine, events: EventStore) -> Iterator[Carrier]:
    """What each of several workers does with a batch."""
    tools = Tools.opened(Settings(), KnownRules(engine).of, KnownPlans(engine).of)
    yield Carrier(
        batches=Batches(engine),
        claims=Claims(engine),
        events=events,
        ledger=Ledger(engine, events),
        tools=tools,
        clock=lambda: NOW,
        after=lambda *_: None,
    )
    tools.close()


@pytest.fixture
def batches(engine: Engine) -> Batches:
    """Two envelopes wait, each with a message of its own and both with a copy of `both`."""
    create_project(engine, key="one", name="One", now=NOW)
    inbox = Inbox(engine)
    for own in ("first", "second"):
        messages = [
            {"type": "track", "event": "x", "messageId": name, "anonymousId": "a", "timestamp": NOW}
            for name in (own, "both")
        ]
        inbox.put(Envelope(project=1, received_at=NOW, side="server", messages=messages))
    inbox.close()
    return Batches(engine)


def test_a_copy_left_to_a_batch_that_is_split_later_is_not_lost(
    events: EventStore, batches: Batches, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (batches.claim(now=NOW, most_events=2) for _ in range(2))
    assert ours
    fails(carrier, theirs, "events", monkeypatch, events)  # it has claimed `both`
    fails(carrier, ours, "message_ids", monkeypatch, events)  # it has stored `first` only
    for _ in range(TRIES - 1):
        assert theirs
        batches.release(theirs)
        theirs = batches.claim(now=NOW, most_events=2)
        fails(carrier, theirs, "events", monkeypatch, events)
    assert theirs
    batches.release(theirs)  # it had all its tries: it is suspect, and claims nothing any more
    while batch := batches.claim(now=LATER, most_events=10):
        carrier.store(batch, carrier.digest(batch))
    stored = Counter(row["message_id"] for row in events.query("select message_id from events"))
    assert stored == {"first": 1, "both": 1, "second": 1}


class Failed(Exception):
    """The worker got so far."""


def fails(
    carrier: Carrier, batch: Batch | None, table: str, monkeypatch: pytest.MonkeyPatch, events: EventStore
) -> None:
    """Let a worker carry a batch until it inserts into this table."""
    real = events.insert_table

    def insert(name: str, *rows: Any, **named: Any) -> None:
        if name == table:
            raise Failed
        real(name, *rows, **named)

    assert batch
    with monkeypatch.context() as during:
        during.setattr(events, "insert_table", insert)
        with pytest.raises(Failed):
            carrier.store(batch, carrier.digest(batch))
