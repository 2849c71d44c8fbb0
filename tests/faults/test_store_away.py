"""An event store that is away is waited for: nothing is lost, nothing counted twice, nothing set aside."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.event_server import Trouble
from tests.faults.conftest import THOROUGH, Note
from tests.faults.fleet import Fleet
from tests.faults.load import NOTHING_WRONG, Load, verdict
from tests.installation import Running, eventually
from tests.served import SharedEvents

OUTAGE_S = 60 if THOROUGH else 4


@pytest.mark.slow
def test_the_inbox_grows_while_the_event_store_is_away_and_drains_when_it_is_back(
    fleet: Fleet, event_server: SharedEvents, note: Note
) -> None:
    fleet.worker()
    collector = fleet.collector()
    waiting: list[int] = []
    with Load([collector.address], fleet.made["server_key"], "away", senders=2) as load:
        assert eventually(lambda: len(fleet.stored()), bool)
        for away in (partial(event_server.trouble, Trouble.REFUSE), event_server.kill):
            away()
            time.sleep(OUTAGE_S / 2)
            waiting.append(more_than(max(waiting, default=50), collector))
        event_server.trouble(Trouble.MIXED)
        event_server.start()
        time.sleep(OUTAGE_S / 2)
    event_server.trouble(Trouble.NONE)
    assert fleet.drained(), fleet.log()
    assert 50 < waiting[0] < waiting[1]
    assert verdict([load], fleet.stored()) == NOTHING_WRONG
    assert not fleet.set_aside()
    note(f"{len(load.acknowledged):,} messages acknowledged, up to {waiting[1]:,} requests waited")


def more_than(enough: int, collector: Running) -> int:
    """How many envelopes wait, as the health page says, as soon as they are more than enough."""

    def look() -> int:
        status, answer = collector.health()
        assert status == 200, answer
        return int(answer["inbox"]["waiting"])

    return eventually(look, lambda n: n > enough)
