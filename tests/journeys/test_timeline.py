"""Timelines show every event once, page by page, and sessions join what belongs together."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from journeys.cursors import ListError, written
from journeys.customers import search
from journeys.sessions import sessions
from journeys.timeline import Place, Wanted, recent, timeline
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import create_project

START = 1_760_000_000_000
MINUTE = 60_000


def event(number: int, at: int, *, user: str = "", browser: str = "", **more: object) -> Event:
    who = ("user", user) if user else ("anonymous", browser)
    return Event(
        **{
            "project": 1,
            "event_id": event_id(str(number)),
            "message_id": str(number),
            "type": "track",
            "event": f"E{number}",
            "timestamp": START + at,
            "received_at": START + at,
            "user_id": user,
            "anonymous_id": browser,
            "identity": identity_hash(*who),
            "side": "browser" if browser else "server",
            **more,
        }
    )


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    create_project(engine, key="p", name="P", now=0)
    return Ledger(engine, events)


def test_pages_of_a_timeline_hold_every_event_once_also_at_one_moment(
    events: EventStore, ledger: Ledger
) -> None:
    events.insert([event(n, (n // 5) * 10, user="anna", sequence=n % 3) for n in range(23)], token="t")
    anna = identity_hash("user", "anna")
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        page = timeline(events, ledger, 1, anna, wanted=Wanted(before=cursor, most=4), now=START)
        seen += [one["label"] for one in page["events"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 23
    assert page["n"] == 23


@pytest.mark.parametrize(
    "cursor",
    [
        "yesterday",
        "WzFd",
        written(Place(9_000_000_000_001, 0, "0" * 32)),
        written(Place(1, 2**63, "0" * 32)),
        written(Place(1, -1, "0" * 32)),
        written(Place(1, 2, "g" * 32)),
    ],
)
def test_a_place_that_no_page_gave_is_refused(events: EventStore, ledger: Ledger, cursor: str) -> None:
    with pytest.raises(ListError, match="start again without it"):
        timeline(events, ledger, 1, 1, wanted=Wanted(before=cursor), now=START)


def test_the_greatest_place_that_a_page_may_give_is_read(events: EventStore, ledger: Ledger) -> None:
    for place in (Place(9_000_000_000_000, 2**63 - 1, "f" * 32), Place(-1, 0, "0" * 32)):
        asked = Wanted(before=written(place))
        assert timeline(events, ledger, 1, 1, wanted=asked, now=START)["events"] == []


def test_a_gap_ends_a_session_and_a_server_event_joins_the_open_one(
    events: EventStore, ledger: Ledger
) -> None:
    page = {"type": "page", "event": ""}
    rows = [
        event(1, 0, browser="b", session="s1", path="/", channel="Email", **page),
        event(2, 5 * MINUTE, browser="b", session="s1", path="/pricing", **page),
        event(3, 20 * MINUTE, user="anna"),
        event(4, 50 * MINUTE, user="anna"),
        event(5, 50 * MINUTE + 30 * MINUTE + 1, user="anna"),
        event(6, 100 * MINUTE, browser="b", session="s2", path="/help", **page),
    ]
    events.insert(rows, token="t")
    ledger.join(1, [Link(Identity("anonymous", "b"), Identity("user", "anna"), "identify", "e", START)])
    anna = identity_hash("user", "anna")
    found = sessions(events, 1, customers=[anna], identities=ledger.identities_of(1, [anna]))
    assert [(one["n"], one["entry"], one["exit"]) for one in found] == [
        (4, "/", "/pricing"),
        (2, "/help", "/help"),
    ]
    assert found[0]["channel"] == "Email"


def test_two_devices_at_once_are_two_sessions(events: EventStore) -> None:
    rows = [
        event(n, n * MINUTE, user="anna", session="phone" if n % 2 else "laptop", side="browser")
        for n in range(8)
    ]
    events.insert(rows, token="t")
    assert [one["n"] for one in sessions(events, 1)] == [4, 4]


def test_no_session_outlasts_a_day(events: EventStore) -> None:
    rows = [event(n, n * 20 * MINUTE, user="anna") for n in range(100)]
    events.insert(rows, token="t")
    assert [one["n"] for one in sessions(events, 1)] == [72, 28]


def test_search_finds_by_id_and_trait_and_shows_what_came_last(events: EventStore, ledger: Ledger) -> None:
    rows = [
        event(1, 0, browser="b1"),
        event(2, 1, user="anna", type="identify", event="", traits='{"email":"Anna@shop.example"}'),
        event(3, 2, user="ben"),
    ]
    events.insert(rows, token="t")
    ledger.join(1, [Link(Identity("anonymous", "b1"), Identity("user", "anna"), "identify", "e", START)])
    anna = str(identity_hash("user", "anna"))

    def found(text: str, now: int = START) -> list[str]:
        return [one["customer"] for one in search(events, ledger, 1, text, now=now)["customers"]]

    for text in ("anna", "an", "b1", "anna@SHOP"):
        assert found(text) == [anna], text
    assert len(found("")) == 2
    assert found("%") == []
    first = search(events, ledger, 1, "", now=START, most=1)
    rest = search(events, ledger, 1, "", now=START, most=1, cursor=first["next"])
    assert [one["customer"] for one in (*first["customers"], *rest["customers"])] == found("")
    assert rest["next"] is None
    much_later = START + 500 * 86_400_000
    assert found("anna", now=much_later) == [anna], "an id is found whenever it was seen"
    assert found("", now=much_later) == found("@SHOP", now=much_later) == []
    assert [one["label"] for one in recent(events, 1, now=START + 5)] == ["E3", "identify", "E1"]


def test_a_customer_of_many_ids_says_how_many_it_is_known_by(events: EventStore, ledger: Ledger) -> None:
    events.insert([event(n, n, browser=f"b{n}") for n in range(9)], token="t")
    links = [
        Link(Identity("anonymous", f"b{n}"), Identity("user", "anna"), "identify", "e", START)
        for n in range(9)
    ]
    ledger.join(1, links)
    (anna,) = search(events, ledger, 1, "b3", now=START)["customers"]
    assert (anna["known_by"], len(anna["identities"]), anna["n"]) == (9, 5, 9)


def test_customers_are_found_by_an_identifier_that_only_the_ledger_has(
    events: EventStore, ledger: Ledger
) -> None:
    events.insert([event(1, 0, user="anna"), event(2, 1, user="ben")], token="t")
    link = Link(Identity("user", "anna"), Identity("email", "anna@shop.example"), "email", "e", START)
    ledger.join(1, [link])
    found = search(events, ledger, 1, "anna@shop.example", now=START + 500 * 86_400_000)["customers"]
    assert [one["customer"] for one in found] == [str(identity_hash("user", "anna"))]
