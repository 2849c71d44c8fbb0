"""Loss by the numbers that clients give their events, and the report of robots."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from journeys.arrivals import MOST_MISSING, MOST_ROWS, loss, robots
from journeys.period import Period
from store.db import writing
from store.drops import DropRow, keep_drops
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.migrate import migrate_events

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR
PERIOD = Period(NOW - 7 * DAY, NOW)
JS, PYTHON = "waywiser-js/1.0.0", "waywiser-python/1.0.0"
STREAM = "5f0c1f6e-6b0f-4f7a-9d3e-"


def seen(number: int, **more: Any) -> Event:
    """A browser's event, an hour ago unless it is said otherwise."""
    at = more.pop("at", NOW - HOUR + min(number, 1_000))
    name = more.pop("name", f"{more.get('anonymous_id', 'v')}-{more.get('session', 's1')}-{number}")
    fields = {
        "anonymous_id": "v",
        "session": "s1",
        "host": "shop.example",
        "browser": "Firefox",
        "library": JS,
        "side": "browser",
        "type": "page",
        "timestamp": at,
        "received_at": at,
        "sequence": number,
    } | more
    return Event(
        project=1,
        event_id=event_id(name),
        message_id=name,
        identity=identity_hash("anonymous", fields["anonymous_id"]),
        **fields,
    )


def called(number: int, *, stream: str = STREAM, **more: Any) -> Event:
    """A server's event."""
    fields = {"library": PYTHON, "side": "server", "type": "track", "host": "", "session": "", "browser": ""}
    return seen(number, name=f"{stream}{number:012x}", **{**fields, **more})


def refused(message_id: str = "x", *, at: int = NOW - HOUR, **context: Any) -> DropRow:
    name, version = context.pop("library", JS).split("/")
    message = {
        "messageId": message_id,
        "anonymousId": "v",
        "context": {"library": {"name": name, "version": version}, **context},
    }
    return DropRow(
        project=1, received_at=at, place="door", code="bad", message="no", original={"message": message}
    )


@dataclass(frozen=True)
class Case:
    """Events, and what is made of them: expected, received, refused, lost."""

    events: list[Event]
    answer: tuple[int, int, int, int]
    drops: list[DropRow] = field(default_factory=list)


OF_JS = {"sessionId": "s1", "page": {"url": "https://shop.example/a?b=1"}}
CASES = {
    "all came": Case([seen(n) for n in (1, 2, 3)], (3, 3, 0, 0)),
    "one is missing": Case([seen(n) for n in (1, 2, 4)], (4, 3, 0, 1)),
    "the first that came was not number one": Case([seen(n) for n in (7, 9)], (3, 2, 0, 1)),
    "they came in disorder": Case([seen(n, at=NOW - HOUR - n) for n in (1, 2, 3, 5)], (5, 4, 0, 1)),
    "two tabs took the same number": Case([seen(1), seen(2), seen(2, name="other tab")], (2, 2, 0, 0)),
    "the end of a visit is missing": Case(
        [seen(1), seen(2), seen(5, session="s2"), seen(6, session="s2")], (6, 4, 0, 2)
    ),
    "the browser forgot its number": Case(
        [seen(8), seen(9), seen(1, session="s2", at=NOW - MINUTE * 10)], (3, 3, 0, 0)
    ),
    "each host counts for itself": Case(
        [seen(1), seen(2), seen(1, host="blog.example", name="b1"), seen(3, host="blog.example", name="b3")],
        (5, 4, 0, 1),
    ),
    "each visitor counts for himself": Case([seen(1), seen(4, anonymous_id="w")], (2, 2, 0, 0)),
    "a gap of this minute may still be closed": Case(
        [seen(1), seen(2), seen(5, at=NOW - MINUTE)], (2, 2, 0, 0)
    ),
    "what comes this minute closes a gap": Case([seen(1), seen(2, at=NOW - MINUTE), seen(3)], (3, 3, 0, 0)),
    "what came before the period closes a gap": Case(
        [seen(1), seen(2, at=PERIOD.start - 1), seen(3)], (3, 3, 0, 0)
    ),
    "what came before the period is not of it": Case(
        [seen(1, at=PERIOD.start - 2), seen(3, at=PERIOD.start - 1), seen(4)], (1, 1, 0, 0)
    ),
    "history opens no gap": Case([seen(1), seen(2), seen(90, timestamp=NOW - 30 * DAY)], (2, 2, 0, 0)),
    "robots are left out": Case([seen(1), seen(9, is_bot=True)], (1, 1, 0, 0)),
    "cookieless visitors are left out": Case(
        [seen(1, anonymous_id="cl_1"), seen(9, anonymous_id="cl_1")], (0, 0, 0, 0)
    ),
    "other libraries do not number": Case(
        [seen(1, library="analytics-next/1"), seen(9, library="analytics-next/1")], (0, 0, 0, 0)
    ),
    "made-up numbers": Case([seen(1), seen(2**63 - 1)], (0, 0, 0, 0)),
    "a long gap between visits": Case([seen(1), seen(MOST_MISSING + 9, session="s2")], (1, 1, 0, 0)),
    "a refused one is no loss": Case([seen(n) for n in (1, 4)], (4, 2, 1, 1), [refused(sequence=2, **OF_JS)]),
    "a refused one between visits is no loss": Case(
        [seen(1), seen(4, session="s2")], (4, 2, 1, 1), [refused(sequence=2, **OF_JS)]
    ),
    "a refused one elsewhere fills nothing": Case(
        [seen(n) for n in (1, 3)],
        (4, 2, 1, 1),
        [refused(sequence=2, **{**OF_JS, "page": {"url": "https://[bad"}})],
    ),
    "a server's": Case([called(n) for n in (1, 2, 5)], (5, 3, 0, 2)),
    "a server's, beyond one byte": Case([called(n) for n in (254, 255, 257)], (4, 3, 0, 1)),
    "each process counts for itself": Case(
        [called(1), called(2), called(9, stream="00000000-6b0f-4f7a-9d3e-")], (3, 3, 0, 0)
    ),
    "times that a server's program gives do not matter": Case(
        [called(1), called(2, timestamp=NOW - 400 * DAY), called(3)], (3, 3, 0, 0)
    ),
    "ids of the program's own took numbers": Case(
        [called(1), seen(2, name="order-77", library=PYTHON, side="server"), called(3), called(5)],
        (5, 3, 0, 1),
    ),
    "a refused one of a server": Case(
        [called(1), called(3)],
        (3, 2, 1, 0),
        [refused(f"{STREAM}{2:012x}", library=PYTHON, sequence=2)],
    ),
    "drops that say nothing": Case(
        [seen(1)],
        (1, 1, 0, 0),
        [refused(), refused(sequence=-1), refused(sequence="2"), refused(sequence=2**63)],
    ),
}


@pytest.fixture(scope="module")
def shared(shared_events: EventStore) -> Iterator[EventStore]:
    """One event store for all cases: each is a project of its own."""
    store = shared_events.sibling(f"t_{uuid.uuid4().hex[:12]}")
    migrate_events(store)
    yield store
    store.command(f"drop database if exists `{store.database}`")
    store.close()


@pytest.mark.parametrize(("project", "name"), list(enumerate(CASES, start=2)), ids=CASES.keys())
def test_what_was_numbered_came_was_refused_or_is_lost(
    engine: Engine, shared: EventStore, project: int, name: str
) -> None:
    case = CASES[name]
    shared.insert([msgspec.structs.replace(one, project=project) for one in case.events], token=name)
    with writing(engine) as connection:
        keep_drops(connection, [msgspec.structs.replace(one, project=project) for one in case.drops])
    total = loss(shared, engine, project, PERIOD, now=NOW)["total"]
    assert tuple(total[name] for name in ("expected", "received", "refused", "lost")) == case.answer


def test_loss_is_told_by_library_host_and_browser(engine: Engine, events: EventStore) -> None:
    safari = {"anonymous_id": "w", "browser": "Safari", "library": "waywiser-js/1.1.0"}
    rows = [seen(1), seen(3), *(seen(n, **safari) for n in (1, 2)), *(called(n) for n in range(1, 11))]
    events.insert(rows, token="all")
    found = loss(events, engine, 1, PERIOD, now=NOW)
    about = ("library", "host", "browser", "streams", "expected", "lost")
    assert [tuple(row[name] for name in about) for row in found["browsers"]] == [
        (JS, "shop.example", "Firefox", 1, 3, 1),
        ("waywiser-js/1.1.0", "shop.example", "Safari", 1, 2, 0),
    ]
    assert [(row["library"], row["streams"], row["expected"]) for row in found["servers"]] == [
        (PYTHON, 1, 10)
    ]
    assert found["browsers"][0]["share"]["value"] == pytest.approx(1 / 3, abs=1e-5)
    assert found["total"]["share"]["n"] == 15
    assert found["settled"] == "2026-03-01T11:58:00.000Z"


def test_very_many_rows_are_all_that_was_numbered(engine: Engine, events: EventStore) -> None:
    hosts, rows = MOST_ROWS + 5, []
    for k in range(hosts):
        numbers = (1, 3) if k else (1, 2, 4, 6)
        rows += [seen(n, host=f"h{k}.example", name=f"browser-{k}-{n}") for n in numbers]
        of = {"stream": f"{k:08x}-6b0f-4f7a-9d3e-", "library": f"waywiser-python/{k}"}
        rows += [called(n, **of) for n in numbers]
    events.insert(rows, token="all")
    found = loss(events, engine, 1, PERIOD, now=NOW)
    names = ("streams", "expected", "received", "lost")
    for side in ("browsers", "servers"):
        first, *_, last = found[side]
        assert len(found[side]) == MOST_ROWS + 1
        assert [first[name] for name in names] == [1, 6, 4, 2]
        assert [last[name] for name in ("library", *names)] == ["(others)", 5, 15, 10, 5]
    assert found["total"]["expected"] == 2 * (6 + 3 * (hosts - 1))
    assert found["total"]["lost"] == 2 * (2 + hosts - 1)


def test_made_up_numbers_are_said_to_be_so(engine: Engine, events: EventStore) -> None:
    events.insert([seen(1), seen(2**63 - 1), called(1), called(2**47)], token="all")
    assert loss(events, engine, 1, PERIOD, now=NOW)["total"]["implausible"] == 2


def test_robots_are_told_by_reason_with_what_they_saw(events: EventStore) -> None:
    google = {"is_bot": True, "marks": ("clock_ahead", "bot:googlebot"), "path": "/a", "anonymous_id": "g"}
    both = {"is_bot": True, "marks": ("bot:headless", "bot:googlebot"), "path": "/b", "anonymous_id": "h"}
    rows = [
        seen(1, **google),
        seen(2, **google),
        seen(3, **both, os="Linux"),
        seen(4),
        seen(5, at=PERIOD.start - 1),
    ]
    events.insert(rows, token="all")
    found = robots(events, 1, PERIOD, now=NOW)
    assert (found["events"], found["robots"], found["share"]["n"]) == (4, 3, 4)
    assert [(one["reason"], one["n"], one["visitors"]) for one in found["reasons"]] == [
        ("googlebot", 3, 2),
        ("headless", 1, 1),
    ]
    assert found["reasons"][1] | {"first_seen": 0, "last_seen": 0} == {
        "reason": "headless",
        "n": 1,
        "visitors": 1,
        "hosts": ["shop.example"],
        "paths": ["/b"],
        "agents": ["Firefox, Linux"],
        "first_seen": 0,
        "last_seen": 0,
    }


def test_nothing_is_no_loss_and_no_robot(engine: Engine, events: EventStore) -> None:
    assert loss(events, engine, 1, PERIOD, now=NOW)["total"]["share"]["value"] is None
    assert robots(events, 1, PERIOD, now=NOW)["share"]["value"] is None
