"""Killed at any moment under load, Waywiser loses nothing that it acknowledged and counts nothing twice."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults.conftest import ROUNDS, Note
from tests.faults.fleet import drained
from tests.faults.load import NOTHING_WRONG, Load, acknowledged, verdict
from tests.installation import Installation, eventually

LEAST = 100  # messages of a round that are to be acknowledged


@pytest.mark.slow
def test_a_killed_server_loses_no_acknowledged_event_and_counts_none_twice(
    tmp_path: Path, note: Note
) -> None:
    loads: list[Load] = []
    dice = random.Random(11)
    with Installation(tmp_path) as waywiser:
        waywiser.init()
        for number in range(ROUNDS):
            waywiser.start()
            with Load([waywiser.address], waywiser.made["server_key"], f"round{number}") as load:
                loads.append(load)
                time.sleep(dice.uniform(0.2, 2.0))
                eventually(lambda: len(load.acknowledged), lambda n: n > LEAST)
                waywiser.kill()
        waywiser.start()
        assert drained(f"sqlite:///{tmp_path}/data/waywiser.db")
        assert waywiser.stop() == 0
        assert verdict(loads, waywiser.stored_messages()) == NOTHING_WRONG
    took = len(acknowledged(loads))
    note(f"{ROUNDS} kills, {took:,} messages acknowledged")
    assert took > LEAST * ROUNDS, "the load was too small to mean anything"
