"""Sessions that others have counted: ours are the same, in any order of arrival."""

from __future__ import annotations

import csv
import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.generations import Wanted, ensured
from journeys.sessions import fill, recompute, sessions
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import create_project
from store.rules import ProjectRules

STANDARD = Wanted(ProjectRules(), ())
LATE = "late_events/event/sp_event{}.csv"


def happened(number: int, at: str, who: str, *, kind: str = "user", **more: Any) -> Event:
    time = datetime.fromisoformat(at.replace("Z", "+00:00"))
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    given: dict[str, Any] = {
        "project": 1,
        "event_id": event_id(str(number)),
        "message_id": str(number),
        "type": "track",
        "timestamp": int(time.timestamp() * 1000),
        "received_at": 1_900_000_000_000,
        "sequence": number,
        f"{kind}_id": who,
        "identity": identity_hash(kind, who),
        "side": "browser",
    }
    return Event(**given | more)


def arrive(events: EventStore, rows: list[Event], token: str, order: int) -> None:
    """Insert the rows in several loads, shuffled; then bring sessions up to date as the worker does."""
    random.Random(order).shuffle(rows)
    for n in range(order + 1):
        if some := rows[n :: order + 1]:
            events.insert(some, token=f"{token}-{n}")
            customers = sorted({one.identity for one in some})
            recompute(events, ensured(events, 1, STANDARD)[0], customers, customers)


@pytest.mark.parametrize("order", [0, 3])
def test_a_shop_has_the_sessions_that_its_makers_labelled(
    events: EventStore, shared_data: Path, order: int
) -> None:
    with gzip.open(shared_data / "ecom.csv.gz", "rt") as lines:
        log = list(csv.DictReader(lines))
    fill(events, ensured(events, 1, STANDARD)[0])
    rows = [happened(n, row["timestamp"], row["user_id"], event=row["event"]) for n, row in enumerate(log)]
    arrive(events, rows, "shop", order)
    labels = {event_id(str(n)).hex(): row["session_id"] for n, row in enumerate(log)}
    found = sessions(events, 1)
    assert len(found) == 3_605
    assert all(len({labels[member] for member in one["members"]}) == 1 for one in found)
    assert sum(one["n"] for one in found) == len(log)


def late(number: int, row: dict[str, str]) -> Event:
    """A row of Snowplow's log; their page pings are our engagement reports."""
    is_page = row["event"] == "page_view"
    return happened(
        number,
        row["collector_tstamp"],
        row["domain_userid"],
        kind="anonymous",
        event_id=event_id(row["event_id"]),
        type="page" if is_page else "track",
        event="" if is_page else "Page Engaged",
        path="/" if is_page else "",
        properties="{}" if is_page else '{"engaged_seconds": 30}',
        session=row["domain_sessionid"],
        medium=row["mkt_medium"].strip("'").replace("NULL", ""),
    )


@pytest.mark.parametrize("order", [0, 1, 2])
def test_late_page_views_land_in_the_sessions_that_are_expected(
    events: EventStore, shared_data: Path, order: int
) -> None:
    fill(events, ensured(events, 1, STANDARD)[0])
    first, second = (read(shared_data / LATE.format(part)) for part in ("", "_update"))
    arrive(events, first, "first", order)
    assert len(sessions(events, 1)) == 3
    arrive(events, second, "second", order)
    file = shared_data / "late_events" / "expected" / "snowplow_sessions_expected.csv"
    truth = {row["session_id"]: row for row in table(file)}
    found = {row["key"]: row for row in events.query("select * from sessions")}
    assert len(truth) == 5
    assert set(found) == set(truth)
    for key, one in truth.items():
        start, end = (_clock(one[name]) for name in ("session_start", "session_end"))
        assert found[key]["duration"] == (end - start).total_seconds(), key
        assert found[key]["engaged_seconds"] == float(one["time_engaged_in_s"]), key
        assert found[key]["medium"] == one["marketing_medium"].replace("NULL", ""), key


def _clock(text: str) -> datetime:
    """A time as the expected answers write it: the hour has one digit."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def read(file: Path) -> list[Event]:
    return [late(number, row) for number, row in enumerate(table(file))]


def table(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_half_an_hour_cuts_the_path_of_one_person_with_two_ids(
    engine: Engine, events: EventStore, shared_data: Path
) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    case = json.loads((shared_data / "vectors" / "paths_posthog.json").read_text())["cases"][0]
    pages = [happened(n, at, who, type="page", path=path) for n, (who, path, at) in enumerate(case["events"])]
    again = happened(90, "2012-01-14T03:59:35Z", "person_2b", type="page", path="/late")
    events.insert([*pages, again], token="t")
    ledger = Ledger(engine, events)
    for one, *others in case["persons"].values():
        for other in others:
            ledger.join(project, [Link(Identity("user", one), Identity("user", other), "alias", "e", 0)])
    fill(events, ensured(events, project, STANDARD)[0])
    paths = {event.event_id.hex(): event.path for event in [*pages, again]}
    ways = sorted([paths[member] for member in one["members"]] for one in sessions(events, project))
    assert ways == [
        ["/", "/about"],
        ["/", "/pricing"],
        ["/", "/pricing", "/about"],
        ["/late"],
        ["/pricing", "/"],
    ]
