"""A question can be watched, ended and limited, and nothing else is touched by that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from store.event_errors import EventStoreError
from store.events import EventStore
from store.work import Cancelled, TookTooLong, Work

ENDLESS = "select sum(sipHash64(number, 1)) as n from numbers(1000000000000)"


def asked(store: EventStore, sql: str) -> tuple[threading.Thread, list[BaseException | int]]:
    """A question in a thread of its own, and what came of it."""
    found: list[BaseException | int] = []

    def ask() -> None:
        try:
            found.append(store.query(sql)[0]["n"])
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, found


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def test_a_question_under_way_says_how_far_it_is_and_ends_when_it_is_cancelled(events: EventStore) -> None:
    work, other = Work(), Work()
    thread, found = asked(events.asked_for(work), ENDLESS)
    theirs, answered = asked(events.asked_for(other), "select count() as n from numbers(10)")
    until(lambda: events.progress(work).read > 0)
    assert events.progress(work).rows == 1000000000000
    assert events.progress(Work()) == (0, 0)
    events.end(work)
    thread.join(timeout=60)
    theirs.join(timeout=60)
    assert [type(one) for one in found] == [Cancelled]
    assert answered == [10]
    assert events.query("select 1 as n") == [{"n": 1}]
    assert events.progress(work) == (0, 0)


def test_work_that_was_ended_asks_nothing_more(events: EventStore) -> None:
    work = Work()
    events.end(work)
    with pytest.raises(Cancelled):
        events.asked_for(work).query("select 1")


def test_a_question_that_takes_too_long_says_so(events: EventStore) -> None:
    with pytest.raises(TookTooLong, match="longer than 1 seconds"):
        events.asked_for(Work(limit_s=1)).query(ENDLESS)


def test_another_failure_stays_what_it_is(events: EventStore) -> None:
    with pytest.raises(EventStoreError, match="nowhere"):
        events.asked_for(Work(limit_s=60)).query("select * from nowhere")


def test_ending_work_leaves_answers_alone(events: EventStore) -> None:
    mark = events.mark(1)
    events.end(Work())
    assert events.mark(1) == mark


def test_a_server_is_asked_for_the_names_of_its_parts(events: EventStore) -> None:
    server = events.asked_for(Work())
    server.embedded = False
    marks = [server.mark(1), server.mark(1)]
    assert marks[0] == marks[1]
    events.command(
        "insert into journey_runs (project, journey_version, customer, version) values (1, 1, 1, 1)"
    )
    marks.append(server.mark(1))
    events.command("delete from journey_runs where customer = 1")
    marks.append(server.mark(1))
    assert events.takes_inserts()
    assert server.mark(1) == marks[-1]
    assert len(set(marks)) == 3


def test_rows_are_taken_as_they_come(events: EventStore) -> None:
    asked = "select number as n from numbers({n:UInt64}) order by n desc", {"n": 200_000}
    assert [row["n"] for row in events.stream(*asked)] == [*range(199_999, -1, -1)]
    some = events.stream(*asked)
    assert next(some) == {"n": 199_999}
    assert events.query("select 1 as n") == [{"n": 1}], "while they are taken, others ask"
    some.close()  # type: ignore[attr-defined]
    assert events.query("select 2 as n") == [{"n": 2}]
    with pytest.raises(EventStoreError, match="nowhere"):
        next(events.stream("select * from nowhere"))


def test_rows_that_are_taken_can_be_ended_and_are_limited(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    some = events.asked_for(work).stream("select number as n from numbers(10000000)")
    assert next(some)["n"] == 0
    events.end(work)
    with pytest.raises(Cancelled):
        for _ in some:
            pass
    monkeypatch.setattr("store.events.FILES_TAKE", 1)
    with pytest.raises(TookTooLong, match="longer than 1 seconds"):
        next(events.asked_for(Work(limit_s=1)).stream(ENDLESS))
    assert events.query("select 1 as n") == [{"n": 1}]
