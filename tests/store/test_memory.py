"""What a statement may take is bounded, and one that needs more is told why and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.event_errors import NotEnoughMemory
from store.events import EventStore
from store.memory import OF_QUESTIONS, for_questions, there_is

GREEDY = "select length(groupArray(number)) as n from numbers(100000000)"
MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("said", "found"),
    [("1048576\n", 1048576), ("max\n", MACHINE), ("9223372036854771712\n", MACHINE), ("", MACHINE)],
)
def test_a_container_may_have_less_than_its_machine(tmp_path: Path, said: str, found: int) -> None:
    (tmp_path / "limit").write_text(said)
    assert there_is([tmp_path / "none", tmp_path / "limit"]) == found


def test_questions_take_so_much_or_a_part_of_what_there_is() -> None:
    assert for_questions(512) == 512 << 20
    assert for_questions() == int(there_is() * OF_QUESTIONS)


def test_a_question_that_needs_more_says_why_and_what_to_do(events: EventStore) -> None:
    small = events.sibling(events.database, memory_mb=64)
    try:
        with pytest.raises(NotEnoughMemory, match="64 MiB of WAYWISER_EVENTS_MEMORY_MB") as found:
            small.query(GREEDY)
        assert "ask for a shorter period" in found.value.said
        assert found.value.is_passing
        assert small.query("select 1 as n") == [{"n": 1}]
        with pytest.raises(NotEnoughMemory):
            small.command(GREEDY)
    finally:
        small.close()


def test_where_a_server_sets_the_limit_it_is_the_one_to_ask(events: EventStore) -> None:
    small = events.sibling(events.database, memory_mb=64)
    try:
        small.query("select 1")
        small._connections._embedded = False
        with pytest.raises(NotEnoughMemory, match="the event store's server"):
            small.query(GREEDY)
    finally:
        small.close()
