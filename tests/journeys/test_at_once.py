"""Several questions at once: answers come in the order of the questions, and a failure is told."""

from __future__ import annotations

import threading

import pytest

from journeys.at_once import MOST, at_once


def test_answers_come_in_the_order_of_the_questions() -> None:
    first_may_end = threading.Event()

    def first() -> int:
        assert first_may_end.wait(60), "the second one did not begin meanwhile"
        return 1

    def second() -> int:
        first_may_end.set()
        return 2

    assert at_once([first, second]) == [1, 2]
    assert at_once([]) == []
    assert at_once([lambda: threading.current_thread()]) == [threading.current_thread()]


def test_no_more_than_some_are_under_way() -> None:
    guard, under_way, most = threading.Lock(), 0, 0

    def ask() -> None:
        nonlocal under_way, most
        with guard:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.01)
        with guard:
            under_way -= 1

    at_once([ask] * 20)
    assert 1 < most <= MOST


def test_a_failure_is_raised_when_what_is_under_way_has_ended() -> None:
    begun, ended = threading.Event(), threading.Event()

    def broken() -> None:
        assert begun.wait(60)
        raise ValueError("it broke")

    def other() -> None:
        begun.set()
        threading.Event().wait(0.05)
        ended.set()

    with pytest.raises(ValueError, match="it broke"):
        at_once([broken, other])
    assert ended.is_set()
