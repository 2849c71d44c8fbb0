"""Two collectors and two workers at once, of which one each is killed: every message counts once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.house import House
from server.opening import migrate, now_ms
from store.inbox import Envelope, Sealed, put_together, sealed
from store.journeys import save_version
from store.projects import create_project
from store.settings import Settings
from tests.faults.conftest import ROUNDS, Note
from tests.faults.fleet import Fleet, shared_store
from tests.faults.load import NOTHING_WRONG, Load, message, verdict
from tests.installation import eventually
from tests.served import SharedEvents

JOURNEY = """
key: buying
name: Buying
goal: The customer pays
steps:
  - {key: opened, name: Opens, stage: Awareness, match: [{event: Opened}]}
  - {key: looked, name: Looks, stage: Trial, optional: true, match: [{event: Looked}]}
  - {key: paid, name: Pays, stage: Purchase, match: [{event: Paid}]}
idle_timeout: 14d
"""


@pytest.mark.slow
def test_two_collectors_and_two_workers_count_every_message_once(
    fleet: Fleet, alone_address: str, tmp_path: Path, note: Note
) -> None:
    (fleet.folder / "journey.yaml").write_text(JOURNEY)
    fleet.run("journey", "apply", "journey.yaml", "--project", "main")
    workers = [fleet.worker(), fleet.worker()]
    collectors = [fleet.collector(), fleet.collector()]
    kills = max(1, ROUNDS // 10)
    with Load([one.address for one in collectors], fleet.made["server_key"], "fleet") as load:
        for number in range(kills):
            wait_for(load, len(load.acknowledged) + 1_000)
            workers[number % 2].kill()
            collectors[number % 2].kill()
            time.sleep(1)
            workers[number % 2] = fleet.worker()
            collectors[number % 2] = fleet.collector(port=collectors[number % 2].port)
    assert fleet.drained(), fleet.log()
    stored = fleet.stored()
    assert verdict([load], stored) == NOTHING_WRONG
    assert not fleet.set_aside()
    note(f"{kills} kills of each, {len(load.acknowledged):,} messages acknowledged")
    by_one_process(f"sqlite:///{tmp_path}/alone.db", alone_address, stored)
    expected = understood(alone_address)
    assert len(expected["runs"]) > 10
    assert (
        eventually(lambda: understood(fleet.events_address), lambda found: found == expected, seconds=90)
        == expected
    )


def wait_for(load: Load, messages: int) -> None:
    """Wait until so many messages are acknowledged."""
    assert eventually(lambda: len(load.acknowledged), lambda n: n >= messages) >= messages


@pytest.fixture
def alone_address(event_server: SharedEvents) -> str:
    """An event database for the same messages as one process understands them."""
    return event_server.address("alone")


def by_one_process(database: str, events: str, names: list[str]) -> None:
    """Take these messages in with one worker, from one inbox."""
    settings = Settings(database_url=database, events_url=events)
    migrate(settings)
    with House(settings) as house:
        project = create_project(house.engine, key="main", name="Main", now=0).id
        save_version(house.engine, project, yaml.safe_load(JOURNEY), by="", now=0)
        put_together(house.engine, [envelope(project, names[n : n + 500]) for n in range(0, len(names), 500)])
        house.worker.drain()
        house.filler.fill_all()


def envelope(project: int, names: list[str]) -> Sealed:
    messages = [message(name) for name in names]
    return sealed(Envelope(project=project, received_at=now_ms(), side="server", messages=messages))


def understood(events: str) -> dict[str, list[dict[str, Any]]]:
    """Which identities are which customers, and what runs these made."""
    with shared_store(events) as store:
        return {
            "customers": store.query(
                "select customer, identity, count() as n from customer_events group by all order by all"
            ),
            "runs": store.query(
                "select customer, runs from journey_runs final where notEmpty(runs) order by customer"
            ),
        }
