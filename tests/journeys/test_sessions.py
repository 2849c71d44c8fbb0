"""Sessions follow one rule, keep their facts, and are counted anew without a gap in the answers."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.definitions import Matcher
from journeys.generations import Generation, Limits, Wanted, begin, ensured, kept, note
from journeys.metrics import MEANINGS
from journeys.period import END_OF_TIME, Period
from journeys.session_numbers import preview
from journeys.sessions import fill, recompute, sessions
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import create_project
from store.rules import ProjectRules

START = 1_760_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
HALF_HOUR = 30 * MINUTE
STANDARD = Wanted(ProjectRules(), ())


def event(number: int, minutes: float, what: str = "track", key: str = "", **more: object) -> Event:
    """An event of Anna's, so many minutes after the start; from a server where the key begins with `>`."""
    kind, _, name = what.partition(" ")
    given: dict[str, Any] = {
        "project": 1,
        "event_id": event_id(str(number)),
        "message_id": str(number),
        "type": kind,
        "event": "" if kind == "page" else name or f"E{number}",
        "path": (name or f"/{number}") if kind == "page" else "",
        "timestamp": START + round(minutes * MINUTE),
        "received_at": START,
        "sequence": number,
        "user_id": "anna",
        "identity": identity_hash("user", "anna"),
        "session": key.lstrip(">"),
        "side": "server" if key.startswith(">") else "browser",
    }
    return Event(**given | more)


def engaged(number: int, minutes: float, key: str = "", seconds: object = 0, scroll: object = 0) -> Event:
    """A report of the snippet about the time that a page was in use."""
    told = json.dumps({"engaged_seconds": seconds, "scroll_percent": scroll})
    return event(number, minutes, "track Page Engaged", key, properties=told)


def found(events: EventStore, **more: Any) -> list[list[int]]:
    """The numbers of the events in each session."""
    names = {event_id(str(number)).hex(): number for number in range(100)}
    return [[names[member] for member in one["members"]] for one in sessions(events, 1, **more)]


CASES: dict[str, tuple[list[Event], list[list[int]]]] = {
    "a pause of exactly the idle time ends nothing": ([event(1, 0), event(2, 30)], [[1, 2]]),
    "a longer one does": ([event(1, 0), event(2, 30 + 1 / MINUTE)], [[1], [2]]),
    "midnight splits nothing": ([event(n, 900 + n * 20) for n in range(1, 6)], [[1, 2, 3, 4, 5]]),
    "a new campaign splits nothing": (
        [event(1, 0, "page", "s", campaign="a"), event(2, 1, "page", "s", campaign="b")],
        [[1, 2]],
    ),
    "none outlasts a day": (
        [event(n, n * 29) for n in range(60)],
        [list(range(50)), list(range(50, 60))],
    ),
    "what the browser keeps apart stays apart": (
        [event(1, 0, key="a"), event(2, 1, key="b"), event(3, 2, key="b")],
        [[1], [2, 3]],
    ),
    "tabs that share a key are one session": (
        [event(n, n, "page", "a", title=f"tab {n % 2}") for n in range(4)],
        [[0, 1, 2, 3]],
    ),
    "two browsers at once are two sessions": (
        [event(n, n, key="ab"[n % 2]) for n in range(6)],
        [[0, 2, 4], [1, 3, 5]],
    ),
    "a key that is never changed is cut at pauses": (
        [event(1, 0, key="a"), event(2, 31, key="a")],
        [[1], [2]],
    ),
    "a server's event joins the open session": (
        [event(1, 0, key="a"), event(2, 20, key=">"), event(3, 45, key=">"), event(4, 80, key=">")],
        [[1, 2, 3], [4]],
    ),
    "one that comes just before the page does too": ([event(1, 0, key=">"), event(2, 1, key="a")], [[1, 2]]),
    "of two open sessions it joins the one that was active last": (
        [event(1, 0, key="a"), event(2, 1, key="b"), event(3, 2, key=">")],
        [[1], [2, 3]],
    ),
    "a server that knows the key names the session, whatever the times say": (
        [event(1, 0, key="a"), event(2, 1, key="b"), event(3, 2, key=">a")],
        [[1, 3], [2]],
    ),
    "also long after it": (
        [event(1, 0, key="a"), event(2, 90, key="b"), event(3, 91, key=">a"), event(4, 92, key="b")],
        [[1, 3], [2, 4]],
    ),
    "and before its first page view arrived": ([event(1, 0, key=">a"), event(2, 40, key="a")], [[1, 2]]),
    "but not after the longest session could be": (
        [event(1, 0, key="a"), event(2, 24 * 60 + 1, key=">a")],
        [[1], [2]],
    ),
    "imported keys, which only a server sent, are cut at pauses": (
        [event(1, 0, key=">a"), event(2, 31, key=">a")],
        [[1], [2]],
    ),
    "a report of engagement prolongs the session": (
        [event(1, 0, "page", "a"), engaged(2, 25, "a"), event(3, 50, "page", "a")],
        [[1, 2, 3]],
    ),
    "it belongs to the session that it names, however long the page was read": (
        [event(1, 0, "page", "a"), engaged(2, 45, "a", seconds=2700)],
        [[1, 2]],
    ),
    "alone it makes no session": ([engaged(1, 0, "a"), engaged(2, 1)], []),
    "robots make none": ([event(1, 0, is_bot=True), event(2, 100)], [[2]]),
    "nor do identify and group": ([event(1, 0, "identify"), event(2, 1, "group")], []),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rule_in_examples(events: EventStore, case: str) -> None:
    rows, expected = CASES[case]
    random.Random(case).shuffle(rows)
    for number, row in enumerate(rows):
        events.insert([row], token=f"t{number}")
    assert found(events) == expected
    fill(events, ensured(events, 1, STANDARD)[0])
    assert kept(events, 1)[0].state == "live"
    assert found(events) == expected


@pytest.mark.parametrize(
    ("rows", "bounced", "is_engaged"),
    [
        ([event(1, 0, "page", "a")], True, False),
        ([event(1, 0, "page", "a"), engaged(2, 1, "a", 9.9)], True, False),
        ([event(1, 0, "page", "a"), engaged(2, 1, "a", 4), engaged(3, 2, "a", 6)], False, True),
        ([event(1, 0, "page", "a"), event(2, 1, key="a")], False, False),
        ([event(1, 0, "page", "a"), event(2, 1, "page", "a")], False, True),
        ([event(1, 0, key=">")], False, False),
        ([event(1, 0, "track Order Paid", ">")], False, True),
        ([event(1, 0, "page", "a"), engaged(2, 1, "a", "much", "all")], True, False),
        ([event(1, 0, "page", "a"), engaged(2, 1, "a", -50)], True, False),
    ],
)
def test_bounced_and_engaged_are_what_their_meaning_says(
    events: EventStore, rows: list[Event], bounced: bool, is_engaged: bool
) -> None:
    events.insert(rows, token="t")
    wanted = Wanted(ProjectRules(), (Matcher(event="Order Paid"),))
    fill(events, ensured(events, 1, wanted)[0])
    assert [(one["bounced"], one["engaged"]) for one in sessions(events, 1)] == [(bounced, is_engaged)]


def test_a_session_has_its_facts(events: EventStore) -> None:
    mail = {"channel": "Email", "source": "news", "medium": "email", "campaign": "spring"}
    rows = [
        event(1, 0, "track", ">"),
        event(2, 1, "page /", "a", device="mobile", country="DE", **mail),
        engaged(3, 3, "a", seconds=12.5, scroll=80),
        event(4, 4, "page /pricing", "a", channel="Direct", source="other", device="mobile"),
        engaged(5, 5, "a", seconds=7, scroll=140),
        event(6, 10, "track Paid", ">a"),
    ]
    events.insert(rows, token="t")
    fill(events, ensured(events, 1, STANDARD)[0])
    assert sessions(events, 1) == [
        {
            "customer": identity_hash("user", "anna"),
            "start": START,
            "last": START + 10 * MINUTE,
            "duration": 600.0,
            "n": 4,
            "pages": 2,
            "server_touchpoints": 2,
            "id": event_id("1").hex(),
            "members": [event_id(str(n)).hex() for n in range(1, 7)],
            "entry": "/",
            "exit": "/pricing",
            **mail,
            "device": "mobile",
            "country": "DE",
            "engaged_seconds": 19.5,
            "scroll": 100,
            "bounced": False,
            "engaged": True,
        }
    ]
    row = events.query("select count() as n, any(entry) as entry, any(duration) as duration from sessions")[0]
    assert row == {"n": 1, "entry": "/", "duration": 600.0}
    assert found(events, between=(START, START + 1)) == [[1, 2, 3, 4, 5, 6]]
    assert found(events, between=(START - HOUR, START)) == []
    assert found(events, between=(START + HOUR, START + 2 * HOUR)) == []


def test_a_late_event_joins_two_sessions_and_a_repeat_changes_nothing(events: EventStore) -> None:
    anna = [identity_hash("user", "anna")]
    live = ensured(events, 1, STANDARD)[0]
    fill(events, live)
    events.insert([event(1, 0), event(2, 50)], token="early")
    for _ in range(2):
        recompute(events, live, anna, anna)
        assert found(events) == [[1], [2]]
    events.insert([event(3, 25)], token="late")
    for _ in range(2):
        recompute(events, live, anna, anna)
        assert found(events) == [[1, 3, 2]]


def test_a_merge_and_its_undoing_move_the_sessions(engine: Engine, events: EventStore) -> None:
    create_project(engine, key="p", name="P", now=0)
    ledger = Ledger(engine, events)
    live = ensured(events, 1, STANDARD)[0]
    fill(events, live)
    browser = {"user_id": "", "anonymous_id": "b", "identity": identity_hash("anonymous", "b")}
    events.insert([event(1, 0, "page", "a", **browser), event(2, 5, "track Paid", ">")], token="t")
    both = [identity_hash("user", "anna"), identity_hash("anonymous", "b")]

    def after(customers: set[int]) -> list[list[int]]:
        ordered = sorted(customers | set(both))
        recompute(events, live, ordered, ledger.identities_of(1, ordered))
        return found(events)

    assert after(set()) == [[1], [2]] or after(set()) == [[2], [1]]
    link = Link(Identity("anonymous", "b"), Identity("user", "anna"), "identify", "e", START)
    assert after(ledger.join(1, [link])) == [[1, 2]]
    assert sorted(after(ledger.unmerge(1, *both, now=5))) == [[1], [2]]


def test_the_old_sessions_answer_until_the_new_ones_are_complete(events: EventStore) -> None:
    events.insert([event(1, 0), event(2, 20), event(3, 70)], token="t")
    fill(events, ensured(events, 1, STANDARD)[0])
    shorter = Wanted(ProjectRules(session_idle_minutes=10), ())
    old, new = ensured(events, 1, shorter)
    assert (old.state, new.state) == ("live", "filling")
    assert found(events) == [[1, 2], [3]]
    assert ensured(events, 1, shorter) == [old, new], "asking again begins nothing"
    for one in (old, new):  # what arrives meanwhile is counted in both
        anna = [identity_hash("user", "anna")]
        events.insert([event(4, 71)], token="more")
        recompute(events, one, anna, anna)
    assert found(events) == [[1, 2], [3, 4]]
    fill(events, new)
    assert found(events) == [[1], [2], [3, 4]]
    assert [one.number for one in kept(events, 1)] == [new.number]
    assert events.query("select distinct generation as g from customer_sessions") == [{"g": new.number}]


def test_a_generation_that_two_processes_begin_is_filled_once(events: EventStore) -> None:
    events.insert([event(1, 0)], token="t")
    begun = ensured(events, 1, STANDARD)[0]
    fill(events, begun)
    note(events, begun, is_first=True)
    assert kept(events, 1)[0].state == "live"
    next_one = begin(events, 1, STANDARD)
    note(events, next_one, is_first=True)
    assert [(one.number, one.state) for one in kept(events, 1)] == [(1, "live"), (2, "filling")]
    assert found(events) == [[1]]


def test_a_filler_that_comes_late_leaves_the_answer_alone(events: EventStore) -> None:
    events.insert([event(1, 0)], token="t")
    begun = ensured(events, 1, STANDARD)[0]
    fill(events, begun)
    note(events, replace(begun, chunks_done=0, chunks_total=2))
    fill(events, begun)
    assert [(one.number, one.state) for one in kept(events, 1)] == [(1, "live")]
    assert found(events) == [[1]]


def test_a_generation_whose_place_a_later_one_has_taken_never_answers(events: EventStore) -> None:
    events.insert([event(1, 0), event(2, 20)], token="t")
    fill(events, ensured(events, 1, STANDARD)[0])
    second = ensured(events, 1, Wanted(ProjectRules(session_idle_minutes=10), ()))[-1]
    third = ensured(events, 1, Wanted(ProjectRules(session_idle_minutes=15), ()))[-1]
    fill(events, second)
    assert [(one.number, one.state) for one in kept(events, 1)] == [(1, "live"), (3, "filling")]
    assert found(events) == [[1, 2]]
    fill(events, third)
    assert found(events) == [[1], [2]]


def test_a_count_that_broke_off_goes_on_behind_the_last_chunk(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.sessions.EVENTS_PER_CHUNK", 10)
    rows = [event(n, n, user_id=f"u{n}", identity=identity_hash("user", f"u{n}")) for n in range(40)]
    events.insert(rows, token="t")

    def broken(done: int, _total: int) -> None:
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fill(events, ensured(events, 1, STANDARD)[0], progress=broken)
    waiting = kept(events, 1)[0]
    assert (waiting.state, waiting.chunks_done, waiting.chunks_total) == ("filling", 2, 5)
    steps: list[int] = []
    fill(events, waiting, progress=lambda done, _total: steps.append(done))
    assert steps == [3, 4, 5]
    assert len(sessions(events, 1)) == 40


def test_sessions_before_1970_are_listed_and_previewed_too(events: EventStore) -> None:
    long_ago = -START // MINUTE - 60 * 24 * 365
    events.insert([event(1, long_ago), event(2, long_ago + 5), event(3, 0)], token="t")
    assert found(events) == [[1, 2], [3]]
    fill(events, ensured(events, 1, STANDARD)[0])
    assert found(events) == [[1, 2], [3]]
    shorter = Limits((0,), (MINUTE,), (HOUR,))
    changes = preview(events, 1, Period(0, END_OF_TIME), shorter)
    assert (changes["before"]["n"], changes["after"]["n"]) == (2, 3)


def test_other_limits_may_hold_in_a_period(events: EventStore) -> None:
    day = 24 * 60
    rows = [event(n * 2 + more, n * day + more * 20) for n in range(4) for more in (0, 1)]
    events.insert(rows, token="t")
    period = Period(START + HOUR, START + (2 * day + 60) * MINUTE)
    limits = Limits().within(period, 10 * MINUTE, 24 * HOUR)
    assert limits == Limits(
        (0, period.start, period.end), (HALF_HOUR, 10 * MINUTE, HALF_HOUR), (24 * HOUR,) * 3
    )
    ensured(events, 1, STANDARD)
    fill(events, begin(events, 1, STANDARD, limits))
    assert found(events) == [[0, 1], [2], [3], [4], [5], [6, 7]]
    assert ensured(events, 1, Wanted(ProjectRules(), (Matcher(event="E1"),)))[-1].limits == limits
    whole = Period(0, 4_000_000_000_000)
    assert limits.within(whole, HALF_HOUR, 24 * HOUR) == Limits(
        (0, whole.end), (HALF_HOUR,) * 2, (24 * HOUR,) * 2
    ) or (limits.within(whole, HALF_HOUR, 24 * HOUR) == Limits())


def test_a_generation_fits_what_was_decided() -> None:
    generation = Generation(1, 1, 30, 24, STANDARD.key_events, Limits())
    assert generation.fits(STANDARD)
    assert not generation.fits(Wanted(ProjectRules(session_cap_hours=12), ()))
    assert not generation.fits(Wanted(ProjectRules(), (Matcher(event="x"),)))


def test_the_meanings_are_published_as_pages_show_them() -> None:
    published = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    assert [name for name, text in MEANINGS.items() if f"| `{name}` | {text} |" not in published] == []
