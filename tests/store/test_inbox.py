"""The inbox: on disk before it answers, claimed once, repeated whole after a crash."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine, text

from store.drops import DropRow, drops_by_code
from store.inbox import LEASE_MS, Envelope, Inbox, InboxUnavailable, put_together, sealed


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


@pytest.fixture
def inbox(db: Engine) -> Inbox:
    inbox = Inbox(db)
    yield inbox
    inbox.close()


def envelope(name: str, events: int = 1) -> Envelope:
    messages = [{"messageId": f"{name}-{n}"} for n in range(events)]
    return Envelope(project=1, received_at=1, side="server", messages=messages)


def drop(code: str) -> DropRow:
    return DropRow(project=1, received_at=1, place="door", code=code, message="no", original={"a": 1})


def names(batch: object) -> list[str]:
    return [one.messages[0]["messageId"] for one in batch.envelopes]


def test_an_envelope_comes_out_as_it_went_in(inbox: Inbox) -> None:
    sent = envelope("a", 3)
    inbox.put(sent)
    batch = inbox.claim(now=1000, most_events=100)
    assert batch.envelopes == [sent]
    inbox.acknowledge(batch)
    assert inbox.depth() == 0


def test_two_workers_never_hold_the_same_envelope(inbox: Inbox) -> None:
    for n in range(6):
        inbox.put(envelope(str(n)))
    first = inbox.claim(now=1000, most_events=3)
    second = inbox.claim(now=1000, most_events=3)
    assert names(first) == ["0-0", "1-0", "2-0"]
    assert names(second) == ["3-0", "4-0", "5-0"]
    assert inbox.claim(now=1000, most_events=3) is None


def test_a_batch_whose_worker_is_gone_is_repeated_whole_under_its_token(inbox: Inbox) -> None:
    inbox.put(envelope("a"))
    lost = inbox.claim(now=1000, most_events=10)
    inbox.put(envelope("b"))
    again = inbox.claim(now=1000 + LEASE_MS + 1, most_events=10)
    assert (again.token, names(again), again.attempts) == (lost.token, ["a-0"], 2)
    assert names(inbox.claim(now=1000 + LEASE_MS + 1, most_events=10)) == ["b-0"]


def test_a_released_batch_is_taken_again_at_once(inbox: Inbox) -> None:
    inbox.put(envelope("a"))
    batch = inbox.claim(now=1000, most_events=10)
    inbox.release(batch)
    assert inbox.claim(now=1000, most_events=10).token == batch.token


def test_numbers_of_envelopes_are_never_used_again(inbox: Inbox) -> None:
    inbox.put(envelope("a"))
    first = inbox.claim(now=1000, most_events=10)
    inbox.acknowledge(first)
    inbox.put(envelope("b"))
    assert inbox.claim(now=1000, most_events=10).token != first.token


def test_drops_of_the_door_and_of_the_pipeline_are_kept_once(inbox: Inbox, db: Engine) -> None:
    inbox.put(envelope("a"), [drop("missing_identity")])
    inbox.put(None, [drop("missing_identity")])
    batch = inbox.claim(now=1000, most_events=10)
    inbox.acknowledge(batch, [drop("too_old")])
    inbox.acknowledge(batch, [drop("too_old")])
    assert drops_by_code(db, 1) == {"missing_identity": 2, "too_old": 1}


def test_a_full_inbox_refuses_and_takes_again_when_it_was_emptied(db: Engine) -> None:
    inbox = Inbox(db, limit=1)
    inbox.put(envelope("a"))
    with pytest.raises(InboxUnavailable, match="wait already"):
        inbox.put(envelope("b"))
    inbox.acknowledge(inbox.claim(now=1000, most_events=10))
    inbox.put(envelope("b"))
    inbox.close()


def test_a_collector_takes_again_when_a_worker_elsewhere_has_emptied_the_inbox(db: Engine) -> None:
    door, worker = Inbox(db, limit=2), Inbox(db)
    for _ in range(2):
        door.put(envelope("a"))
    with pytest.raises(InboxUnavailable):
        door.put(envelope("b"))
    worker.acknowledge(worker.claim(now=1000, most_events=10))
    door._counted_at -= 2  # as if the last count were two seconds ago
    door.put(envelope("b"))
    door.close()
    worker.close()


def test_a_batch_that_was_put_off_lets_others_pass(inbox: Inbox) -> None:
    inbox.put(envelope("bad"))
    batch = inbox.claim(now=1000, most_events=10)
    inbox.release(batch, until=5000)
    inbox.put(envelope("good"))
    assert names(inbox.claim(now=1001, most_events=10)) == ["good-0"]
    assert names(inbox.claim(now=5001, most_events=10)) == ["bad-0"]


def test_a_store_that_cannot_be_written_is_said_to_every_sender(inbox: Inbox, db: Engine) -> None:
    with db.connect() as connection, connection.begin():
        connection.execute(text("alter table inbox rename to gone"))
    with pytest.raises(InboxUnavailable):
        inbox.put(envelope("a"))
    with db.connect() as connection, connection.begin():
        connection.execute(text("alter table gone rename to inbox"))
    inbox.put(envelope("a"))
    assert inbox.depth() == 1


def test_many_senders_at_once_all_arrive(inbox: Inbox) -> None:
    def send(name: str) -> None:
        for n in range(50):
            inbox.put(envelope(f"{name}{n}"))

    senders = [threading.Thread(target=send, args=(str(n),)) for n in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    taken = [name for _ in range(8) if (b := inbox.claim(now=1, most_events=100)) for name in names(b)]
    assert len(taken) == len(set(taken)) == 400


def test_putting_together_is_all_or_nothing(db: Engine) -> None:
    def broken() -> object:
        yield sealed(envelope("a"))
        raise RuntimeError("the file ends here")

    with pytest.raises(RuntimeError):
        put_together(db, broken())
    inbox = Inbox(db)
    assert inbox.depth() == 0
    inbox.close()
