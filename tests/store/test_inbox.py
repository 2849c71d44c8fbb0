"""The inbox: on disk before it answers, claimed once, repeated whole after a crash."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine, text

from store.batches import LEASE_MS, Batches, NotHeld
from store.claims import Claims
from store.drops import DropRow, drops_by_code
from store.forgetting import forget_claims
from store.inbox import Envelope, Inbox, InboxUnavailable, put_together, sealed
from store.tables import inbox as inbox_table


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


@pytest.fixture
def inbox(db: Engine) -> Inbox:
    inbox = Inbox(db)
    yield inbox
    inbox.close()


@pytest.fixture
def batches(db: Engine) -> Batches:
    return Batches(db)


def envelope(name: str, events: int = 1) -> Envelope:
    messages = [{"messageId": f"{name}-{n}"} for n in range(events)]
    return Envelope(project=1, received_at=1, side="server", messages=messages)


def drop(code: str) -> DropRow:
    return DropRow(project=1, received_at=1, place="door", code=code, message="no", original={"a": 1})


def names(batch: object) -> list[str]:
    return [one.messages[0]["messageId"] for one in batch.envelopes()]


def test_an_envelope_comes_out_as_it_went_in(inbox: Inbox, batches: Batches) -> None:
    sent = envelope("a", 3)
    inbox.put(sent)
    batch = batches.claim(now=1000, most_events=100)
    assert list(batch.envelopes()) == [sent]
    batches.acknowledge(batch)
    assert inbox.depth() == 0


def test_two_workers_never_hold_the_same_envelope(inbox: Inbox, batches: Batches) -> None:
    for n in range(6):
        inbox.put(envelope(str(n)))
    first = batches.claim(now=1000, most_events=3)
    second = batches.claim(now=1000, most_events=3)
    assert names(first) == ["0-0", "1-0", "2-0"]
    assert names(second) == ["3-0", "4-0", "5-0"]
    assert batches.claim(now=1000, most_events=3) is None


def test_a_batch_whose_worker_is_gone_is_repeated_whole_under_its_token(
    inbox: Inbox, batches: Batches
) -> None:
    inbox.put(envelope("a"))
    lost = batches.claim(now=1000, most_events=10)
    inbox.put(envelope("b"))
    again = batches.claim(now=1000 + LEASE_MS + 1, most_events=10)
    assert (again.token, names(again), again.attempts) == (lost.token, ["a-0"], 2)
    assert names(batches.claim(now=1000 + LEASE_MS + 1, most_events=10)) == ["b-0"]


def test_a_released_batch_is_taken_again_at_once(inbox: Inbox, batches: Batches) -> None:
    inbox.put(envelope("a"))
    batch = batches.claim(now=1000, most_events=10)
    batches.release(batch)
    assert batches.claim(now=1000, most_events=10).token == batch.token


def test_numbers_of_envelopes_are_never_used_again(inbox: Inbox, batches: Batches) -> None:
    inbox.put(envelope("a"))
    first = batches.claim(now=1000, most_events=10)
    batches.acknowledge(first)
    inbox.put(envelope("b"))
    assert batches.claim(now=1000, most_events=10).token != first.token


def test_drops_of_the_door_and_of_the_pipeline_are_kept_once(
    inbox: Inbox, db: Engine, batches: Batches
) -> None:
    inbox.put(envelope("a"), [drop("missing_identity")])
    inbox.put(None, [drop("missing_identity")])
    batch = batches.claim(now=1000, most_events=10)
    batches.acknowledge(batch, [drop("too_old")])
    batches.acknowledge(batch, [drop("too_old")])
    assert drops_by_code(db, 1) == {"missing_identity": 2, "too_old": 1}


def test_a_full_inbox_refuses_and_takes_again_when_it_was_emptied(db: Engine, batches: Batches) -> None:
    inbox = Inbox(db, limit=1)
    inbox.put(envelope("a"))
    with pytest.raises(InboxUnavailable, match="wait already"):
        inbox.put(envelope("b"))
    batches.acknowledge(batches.claim(now=1000, most_events=10))
    inbox._counted_at -= 2  # as if the last count were two seconds ago
    inbox.put(envelope("b"))
    inbox.close()


def test_an_inbox_without_room_on_its_disk_refuses_until_there_is_some(db: Engine) -> None:
    rooms = iter([True, False])
    inbox = Inbox(db, lacks_room=lambda: next(rooms))
    with pytest.raises(InboxUnavailable, match="disk"):
        inbox.put(envelope("a"))
    inbox.put(envelope("a"))
    inbox.close()


def test_a_collector_takes_again_when_a_worker_elsewhere_has_emptied_the_inbox(
    db: Engine, batches: Batches
) -> None:
    door = Inbox(db, limit=2)
    for _ in range(2):
        door.put(envelope("a"))
    with pytest.raises(InboxUnavailable):
        door.put(envelope("b"))
    batches.acknowledge(batches.claim(now=1000, most_events=10))
    door._counted_at -= 2  # as if the last count were two seconds ago
    door.put(envelope("b"))
    door.close()


def test_a_batch_that_was_put_off_lets_others_pass(inbox: Inbox, batches: Batches) -> None:
    inbox.put(envelope("bad"))
    batch = batches.claim(now=1000, most_events=10)
    batches.release(batch, until=5000)
    inbox.put(envelope("good"))
    assert names(batches.claim(now=1001, most_events=10)) == ["good-0"]
    assert names(batches.claim(now=5001, most_events=10)) == ["bad-0"]


def test_a_batch_is_taken_again_also_when_the_clock_was_put_back(inbox: Inbox, batches: Batches) -> None:
    hour = 3_600_000
    inbox.put(envelope("a"))
    batches.release(batches.claim(now=2 * hour, most_events=10), until=2 * hour + 500)
    assert batches.claim(now=2 * hour - 1_000, most_events=10) is None, "that may be another machine's clock"
    batch = batches.claim(now=hour, most_events=10)
    assert names(batch) == ["a-0"]
    assert batches.claim(now=0, most_events=10) is not None, "and of a worker that is gone"


def test_a_store_that_cannot_be_written_is_said_to_every_sender(inbox: Inbox, db: Engine) -> None:
    with db.connect() as connection, connection.begin():
        connection.execute(text("alter table inbox rename to gone"))
    with pytest.raises(InboxUnavailable):
        inbox.put(envelope("a"))
    with db.connect() as connection, connection.begin():
        connection.execute(text("alter table gone rename to inbox"))
    inbox.put(envelope("a"))
    assert inbox.depth() == 1


def test_many_senders_at_once_all_arrive(inbox: Inbox, batches: Batches) -> None:
    def send(name: str) -> None:
        for n in range(50):
            inbox.put(envelope(f"{name}{n}"))

    senders = [threading.Thread(target=send, args=(str(n),)) for n in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    taken = [name for _ in range(8) if (b := batches.claim(now=1, most_events=100)) for name in names(b)]
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


def test_a_batch_that_is_to_blame_is_tried_in_parts_after_three_tries(inbox: Inbox, batches: Batches) -> None:
    for name in "ab":
        inbox.put(envelope(name))
    for _ in range(3):
        batch = batches.claim(now=1000, most_events=10)
        assert (names(batch), batch.suspect) == (["a-0", "b-0"], False)
        batches.release(batch, problem="it broke")
    alone = [batches.claim(now=1000, most_events=10) for _ in range(2)]
    assert [(names(one), one.suspect, one.attempts, one.problem) for one in alone] == [
        (["a-0"], True, 1, "it broke"),
        (["b-0"], True, 1, "it broke"),
    ]
    assert len({one.token for one in alone}) == 2


def test_a_batch_whose_workers_die_three_times_is_tried_in_parts(inbox: Inbox, batches: Batches) -> None:
    for name in "ab":
        inbox.put(envelope(name))
    now = 1000
    for _ in range(3):
        assert names(batches.claim(now=now, most_events=10)) == ["a-0", "b-0"]
        now += LEASE_MS + 1
    for _ in range(4):
        alone = [batches.claim(now=now, most_events=10) for _ in range(2)]
        now += LEASE_MS + 1
    assert sorted((names(one), one.is_hopeless) for one in alone) == [(["a-0"], True), (["b-0"], True)]


def test_an_outage_of_the_store_costs_a_batch_no_try(inbox: Inbox, batches: Batches) -> None:
    inbox.put(envelope("a"))
    for _ in range(10):
        batch = batches.claim(now=1000, most_events=10)
        batches.release(batch, problem="away", is_to_blame=False)
    batch = batches.claim(now=1000, most_events=10)
    assert (batch.suspect, batch.attempts, batch.is_repeat) == (False, 1, True)


def test_a_renewed_lease_keeps_others_away(inbox: Inbox, batches: Batches) -> None:
    inbox.put(envelope("a"))
    batch = batches.claim(now=1000, most_events=10)
    batches.renew(batch, now=1000 + LEASE_MS)
    assert batches.claim(now=1000 + LEASE_MS + 1, most_events=10) is None
    assert names(batches.claim(now=1000 + 2 * LEASE_MS + 1, most_events=10)) == ["a-0"]


def test_a_batch_holds_no_more_bytes_than_a_worker_can_bear(
    inbox: Inbox, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        inbox.put(envelope(name, 50))
    monkeypatch.setattr("store.batches.BATCH_BYTES", 3_000)
    assert [names(batches.claim(now=1000, most_events=1000)) for _ in range(2)] == [["a-0", "b-0"], ["c-0"]]


def test_a_message_is_claimed_by_one_batch_until_that_is_acknowledged(
    inbox: Inbox, batches: Batches, db: Engine
) -> None:
    for name in "ab":
        inbox.put(envelope(name))
    one, other = (batches.claim(now=1000, most_events=1) for _ in range(2))
    claims, ids = Claims(db), [bytes([n]) * 16 for n in (0, 1, 2)]
    assert claims.claim(1, ids[:2], batch=one.number) == set()
    assert claims.claim(1, ids[:2], batch=one.number) == set()
    assert claims.claim(1, ids, batch=other.number) == set(ids[:2])
    assert claims.claim(2, ids, batch=other.number) == set()
    batches.acknowledge(one)
    assert claims.claim(1, ids, batch=other.number) == set()
    batches.acknowledge(other)
    assert claims.claim(1, ids, batch=99) == set()


def test_two_workers_that_claim_crosswise_share_the_messages(db: Engine) -> None:
    ids = [number.to_bytes(16, "big") for number in range(2_000)]
    taken: dict[int, set[bytes]] = {}

    def claim(batch: int) -> None:
        taken[batch] = Claims(db).claim(1, ids if batch % 2 else ids[::-1], batch=batch)

    workers = [threading.Thread(target=claim, args=(batch,)) for batch in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    won = [set(ids) - taken[batch] for batch in taken]
    assert sum(map(len, won)) == len(ids)
    assert set().union(*won) == set(ids)


def test_a_batch_leaves_out_numbers_that_are_not_there_yet(batches: Batches, db: Engine) -> None:
    rows = [
        {"id": number, **dict.fromkeys(("project_id", "events"), 1), "body": body(number)}
        for number in (1, 2, 4, 7)
    ]
    with db.begin() as connection:
        connection.execute(inbox_table.insert(), rows)
    early = batches.claim(now=1000, most_events=100)
    with db.begin() as connection:
        connection.execute(inbox_table.insert(), rows[0] | {"id": 3, "body": body(3)})
    assert batches.acknowledge(early)
    late = batches.claim(now=1000, most_events=100)
    assert (names(early), names(late)) == (["1-0", "2-0", "4-0", "7-0"], ["3-0"])
    assert batches.acknowledge(late)
    assert not batches.acknowledge(late)
    assert batches.depth() == 0


def body(number: int) -> bytes:
    return sealed(envelope(str(number))).body


def test_a_worker_that_was_paused_while_its_batch_was_parted_can_touch_nothing_of_it(
    inbox: Inbox, batches: Batches
) -> None:
    for name in "abc":
        inbox.put(envelope(name))
    now = 1000
    for _ in range(3):
        paused = batches.claim(now=now, most_events=10)
        now += LEASE_MS + 1
    alone = batches.claim(now=now, most_events=10)
    assert (names(alone), alone.suspect, alone.mark) == (["a-0"], True, paused.mark)
    with pytest.raises(NotHeld):
        batches.renew(paused, now=now)
    assert not batches.acknowledge(paused, [drop("late")])
    batches.release(paused, until=now + 10 * LEASE_MS)
    assert batches.depth() == 3
    assert batches.acknowledge(alone)
    assert [names(batches.claim(now=now, most_events=10)) for _ in range(2)] == [["b-0"], ["c-0"]]


def test_a_worker_whose_batch_another_one_has_taken_acknowledges_nothing(
    inbox: Inbox, batches: Batches
) -> None:
    inbox.put(envelope("a"))
    paused = batches.claim(now=1000, most_events=10)
    taken = batches.claim(now=1000 + LEASE_MS + 1, most_events=10)
    assert not batches.acknowledge(paused)
    assert batches.acknowledge(taken)
    assert batches.depth() == 0


def test_a_worker_that_was_paused_takes_no_claims_from_who_has_its_batch_now(
    inbox: Inbox, batches: Batches, db: Engine
) -> None:
    """Else a third one could count copies of what is about to be inserted."""
    inbox.put(envelope("a"))
    paused = batches.claim(now=1000, most_events=10)
    taken = batches.claim(now=1000 + LEASE_MS + 1, most_events=10)
    claims, ids = Claims(db), [b"x" * 16]
    assert claims.claim(1, ids, batch=taken.number) == set()
    assert not batches.acknowledge(paused)
    assert claims.claim(1, ids, batch=99) == set(ids)
    assert batches.acknowledge(taken)
    claims.claim(1, ids, batch=paused.number)  # it wakes up once more
    assert not batches.acknowledge(paused)
    assert claims.claim(1, ids, batch=99) == set()


def test_claims_of_batches_that_are_gone_are_forgotten(inbox: Inbox, batches: Batches, db: Engine) -> None:
    inbox.put(envelope("a"))
    batch = batches.claim(now=1000, most_events=10)
    Claims(db).claim(1, [b"x" * 16], batch=batch.number)
    Claims(db).claim(1, [b"y" * 16], batch=batch.number + 1)
    assert forget_claims(db) == 1
    assert Claims(db).claim(1, [b"x" * 16, b"y" * 16], batch=99) == {b"x" * 16}


def test_an_error_without_words_is_told_to_its_senders_and_the_next_one_is_kept(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(inbox, "_write", fail)
        with pytest.raises(InboxUnavailable):
            inbox.put(envelope("a"))
    assert inbox.trouble == "MemoryError"
    inbox.put(envelope("a"))
    assert (inbox.trouble, inbox.depth()) == ("", 1)


def test_a_suspect_batch_is_tried_in_ever_smaller_parts_until_the_one_to_blame_is_found(
    inbox: Inbox, batches: Batches
) -> None:
    for number in range(300):
        inbox.put(envelope("bad" if number == 123 else f"good{number}"))
    now, tries = 1000, 0
    while (batch := batches.claim(now=now, most_events=1_000)) and not batch.is_hopeless:
        tries += 1
        if "bad-0" in names(batch):
            batches.release(batch, problem="it broke")
        else:
            assert batches.acknowledge(batch)
        now += 1
    assert batch is not None
    assert (names(batch), batches.depth()) == (["bad-0"], 1)
    assert tries < 120
