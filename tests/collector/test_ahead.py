"""Batches that go through the pipeline ahead of their turn."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import Engine, select

from collector.ahead import Ahead
from collector.carrier import Carrier
from collector.pipeline import Tools
from store.batches import LEASE_MS, Batch, Batches
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, Inbox
from store.ranges import Ranges
from store.settings import Settings
from store.tables import batches as table
from store.tables import inbox as envelopes
from tests.collector.conftest import Clock

MOST = 4
Make = Callable[[], Ahead]


@pytest.fixture
def make_ahead(engine: Engine, events: EventStore, clock: Clock) -> Make:
    """Each is a worker's, with batches of up to four events."""

    def make() -> Ahead:
        carrier = Carrier(
            batches=Batches(engine),
            claims=None,
            events=events,
            ledger=Ledger(engine, events),
            tools=Tools.opened(Settings()),
            clock=clock,
            after=lambda *_: None,
        )
        return Ahead(carrier, most_events=MOST)

    return make


def put(inbox: Inbox, *names: str) -> None:
    """Each message in an envelope of its own."""
    for name in names:
        message = {"type": "track", "event": "x", "messageId": name, "anonymousId": "a"}
        inbox.put(Envelope(project=1, received_at=1, side="server", messages=[message]))


def names(ahead: Ahead) -> list[str]:
    """The messages of the next batch."""
    digested = ahead.next()
    return [one.message_id for one in digested.outcomes.result()[1].events] if digested else []


def held(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(table.c.number).where(table.c.claimed_until > 0)).all())


def test_batches_come_in_the_order_of_the_inbox(inbox: Inbox, make_ahead: Make) -> None:
    put(inbox, *"abcdefghij")
    ahead = make_ahead()
    assert [names(ahead) for _ in range(4)] == [list("abcd"), list("efgh"), list("ij"), []]


def test_the_next_batch_is_held_as_soon_as_a_full_one_is_handed_out(
    inbox: Inbox, engine: Engine, make_ahead: Make
) -> None:
    put(inbox, *"abcdefgh")
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    assert names(ahead) == list("efgh")
    assert held(engine) == 2


def test_behind_a_small_batch_nothing_is_claimed_so_that_more_can_gather(
    inbox: Inbox, engine: Engine, make_ahead: Make
) -> None:
    put(inbox, "a")
    ahead = make_ahead()
    assert names(ahead) == ["a"]
    put(inbox, "b", "c")
    assert names(ahead) == ["b", "c"]


def test_a_batch_that_is_given_back_comes_again_as_if_it_was_never_taken(
    inbox: Inbox, engine: Engine, make_ahead: Make
) -> None:
    put(inbox, *"abcdefgh")
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    ahead.give_back()
    again = make_ahead().next()
    assert again
    assert [one.message_id for one in again.outcomes.result()[1].events] == list("efgh")
    assert not again.batch.is_repeat


def test_beside_a_repeated_batch_no_other_is_begun(
    inbox: Inbox, engine: Engine, clock: Clock, make_ahead: Make
) -> None:
    put(inbox, *"abcdefgh")
    make_ahead().next()  # its worker dies with both batches
    while held(engine) < 2:
        pass
    clock.now += LEASE_MS + 1
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    assert ahead.in_hand is None
    assert names(ahead) == list("efgh")


def test_a_damaged_envelope_is_the_fault_of_its_own_batch(
    inbox: Inbox, engine: Engine, make_ahead: Make
) -> None:
    put(inbox, *"abcd")
    with engine.begin() as connection:
        connection.execute(envelopes.insert().values(project_id=1, body=b"{", events=1))
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    damaged = ahead.next()
    assert damaged
    with pytest.raises(msgspec.DecodeError):
        damaged.outcomes.result()


def test_a_repeated_batch_that_is_given_back_stays_a_repeat(
    inbox: Inbox, engine: Engine, clock: Clock, make_ahead: Make
) -> None:
    put(inbox, *"abcdefgh")
    first, second = (Batches(engine).claim(now=clock.now, most_events=MOST) for _ in range(2))
    assert first
    assert second
    Batches(engine).release(second, problem="the store was away", is_to_blame=False)
    Batches(engine).release(first, problem="", is_to_blame=False)
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    ahead.give_back()
    again = make_ahead().next()
    assert again
    assert again.batch.problem == "the store was away"
    assert again.batch.is_repeat


def test_a_batch_whose_lease_ended_while_the_one_before_was_stored_is_still_handed_out(
    inbox: Inbox, engine: Engine, clock: Clock, make_ahead: Make
) -> None:
    put(inbox, *"abcdefghij")
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    while held(engine) < 2:
        pass
    clock.now += LEASE_MS + 1
    Batches(engine).acknowledge(_only(engine, 1))
    second = ahead.next()
    assert second
    Batches(engine).renew(second.batch, now=clock.now)
    assert names(ahead) == ["i", "j"]


def test_a_batch_that_another_worker_has_taken_is_not_handed_out(
    inbox: Inbox, engine: Engine, clock: Clock, make_ahead: Make
) -> None:
    put(inbox, *"abcdefgh")
    ahead = make_ahead()
    assert names(ahead) == list("abcd")
    while held(engine) < 2:
        pass
    clock.now += LEASE_MS + 1
    both = [Batches(engine).claim(now=clock.now, most_events=MOST) for _ in range(2)]
    assert None not in both
    assert ahead.next() is None


def _only(engine: Engine, number: int) -> Batch:
    """The batch of this number, as its worker holds it."""
    with engine.connect() as connection:
        row = connection.execute(select(table).where(table.c.number == number)).one()
    return Batch(
        number=row.number,
        token="",
        mark=0,
        turn=row.turn,
        attempts=row.attempts,
        suspect=row.suspect,
        problem=row.problem,
        ranges=Ranges(row.ranges),
        waiting=[],
    )
