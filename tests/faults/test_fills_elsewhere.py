"""An erasure's look at what is being written, where several processes share an event store."""

from __future__ import annotations

import threading
from contextlib import closing

from store.events import EventStore
from store.migrate import migrate_events
from store.privacy.deletion import inserts_under_way
from tests.faults.conftest import SharedEvents
from tests.installation import eventually

SLOW = "insert into probes select now64(3, 'UTC') from numbers(4) where sleepEachRow(0.5) = 0"


def test_a_statement_that_somebody_else_has_sent_is_seen_until_it_ends(event_server: SharedEvents) -> None:
    address = event_server.address("fence")
    with (
        closing(EventStore(address)) as mine,
        closing(EventStore(address)) as theirs,
        closing(EventStore(event_server.address("elsewhere"))) as elsewhere,
    ):
        migrate_events(mine)
        migrate_events(elsewhere)
        filling = [threading.Thread(target=one.command, args=(SLOW,)) for one in (theirs, elsewhere)]
        for thread in filling:
            thread.start()
        seen = eventually(lambda: inserts_under_way(mine), bool, seconds=5)
        assert len(seen) == 1, "and nothing that writes to another database"
        for thread in filling:
            thread.join()
        assert inserts_under_way(mine) == []
