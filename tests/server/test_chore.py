"""Chores: work that is done again and again, woken, tried again after failures, and stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from server.chore import Chore


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what a thread does, at most half a minute."""
    end = time.monotonic() + 30
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    assert is_so()


def test_it_works_at_once_and_again_after_every_pause() -> None:
    turns: list[int] = []
    chore = Chore("often", lambda: turns.append(1), every=0.01)
    chore.start()
    until(lambda: len(turns) > 3)
    chore.stop()
    done = len(turns)
    time.sleep(0.05)
    assert len(turns) == done


def test_it_works_when_it_is_woken_and_not_before() -> None:
    turns: list[int] = []
    chore = Chore("rarely", lambda: turns.append(1), every=3_600)
    chore.start()
    until(lambda: len(turns) == 1)
    time.sleep(0.05)
    assert len(turns) == 1
    chore.wake()
    until(lambda: len(turns) == 2)
    chore.stop()


def test_a_failure_is_logged_and_tried_again_after_ever_longer_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns: list[float] = []

    def fails() -> None:
        turns.append(time.monotonic())
        if len(turns) < 5:
            raise OSError("the store is away")

    chore = Chore("frail", fails, every=0.02, longest=0.08)
    with caplog.at_level(logging.ERROR, "waywiser.frail"):
        chore.start()
        until(lambda: len(turns) > 5)
        chore.stop()
    pauses = [later - earlier for earlier, later in pairwise(turns)]
    assert pauses[1] >= 0.08
    assert pauses[3] >= 0.08
    assert len(caplog.records) == 4
    assert "the store is away" in caplog.text


def test_long_work_is_cut_off_where_it_asks_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    begun = threading.Event()

    def long() -> None:
        begun.set()
        while True:
            chore.breathe(0.01)
            chore.check()

    chore = Chore("long", long, every=0.01)
    with caplog.at_level(logging.DEBUG, "waywiser.long"):
        chore.start()
        assert begun.wait(30)
        chore.stop()
    assert chore.is_stopping
    assert not [thread for thread in threading.enumerate() if thread.name == "long"]
    assert caplog.records == []


def test_a_signal_that_interrupts_a_call_is_a_failure_like_others() -> None:
    turns: list[int] = []

    def interrupted() -> None:
        turns.append(1)
        if len(turns) == 1:
            raise InterruptedError

    chore = Chore("interrupted", interrupted, every=0.01)
    chore.start()
    until(lambda: len(turns) > 2)
    chore.stop()


def test_one_that_was_never_started_is_stopped_at_once() -> None:
    Chore("idle", lambda: None, every=1).stop()
