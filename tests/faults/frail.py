"""Runs a `waywiser` command whose process fails at a chosen place, with a short lease.

    python -m tests.faults.frail LEASE_MS FATE COMMAND…

The commands, the stores and the batches are the real ones; only one insert of rows is interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import collector.worker
import server.opening
import store.batches
from server.cli import main
from store.event_errors import EventStoreError
from store.events import EventStore

AT_THE_PLACE = Path("at-the-place")


def end() -> None:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def pause() -> None:
    """Wait in the middle of the work, until somebody takes the mark away; its folder is where we run."""
    AT_THE_PLACE.touch()
    while AT_THE_PLACE.exists():
        time.sleep(0.01)


class Frail(EventStore):
    """An event store in one of whose inserts something happens to the process.

    `<where>-end` and `<where>-pause` happen once: before, between (after the first partition) or after the
    insert of events, or after the one of known messages. After `torn`, the engine is as if it had ended
    between noting the insert's token and taking the rows of the later partitions. `poison-raise` and
    `poison-end` happen whenever an event is named Poison.
    """

    fate = ""

    def insert_table(self, name: str, table: pa.Table, *, token: str | None = None) -> None:
        where, _, what = Frail.fate.partition("-")
        if where == "poison" and name == "events" and "Poison" in table["event"].to_pylist():
            if what == "end":
                end()
            raise EventStoreError("these rows cannot be stored")
        if where not in PLACES or name != PLACES[where]:
            return super().insert_table(name, table, token=token)
        Frail.fate = ""
        if where == "between":
            super().insert_table(name, first_month(table), token=token)
        elif where != "before":
            super().insert_table(name, table, token=token)
        if where == "torn":
            month = "toYYYYMM(timestamp)"
            self.command(f"delete from events where {month} != (select min({month}) from events)")
        end() if what == "end" else pause()
        if where in ("before", "between"):
            super().insert_table(name, table, token=token)
        return None


PLACES = dict.fromkeys(["before", "between", "torn", "after"], "events") | {"known": "message_ids"}


def first_month(table: pa.Table) -> pa.Table:
    """The rows of the first partition that an insert of these writes."""
    month = pc.strftime(table["timestamp"], "%Y%m")
    return table.filter(pc.equal(month, pc.min(month)))


def supervised(command: Callable[[], None]) -> None:
    """Run a command again whenever its process was ended, as a service manager does."""
    while (child := os.fork()) and os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        pass
    if child == 0:
        command()


def run(lease_ms: str, fate: str, *words: str) -> None:
    """Run the command."""
    Frail.fate = fate
    frail: Any = Frail
    server.opening.EventStore = frail
    store.batches.LEASE_MS = collector.worker.LEASE_MS = int(lease_ms)
    sys.argv = ["waywiser", *words]
    if fate == "poison-end":
        supervised(main)
    else:
        main()


if __name__ == "__main__":
    run(*sys.argv[1:])
