"""A plain program and the event store agree on sessions, whatever arrives first."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import count, groupby, pairwise
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys.generations import Wanted, ensured, kept
from journeys.sessions import fill, recompute, sessions
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.projects import create_project
from store.rules import ProjectRules
from tests.journeys.test_runs_rule import EXAMPLES
from tests.journeys.test_sessions import HOUR, MINUTE, START, event

projects = count(1000)


class Told(NamedTuple):
    """An event of the property test: when, by which key, and from where."""

    minutes: int
    key: str
    rank: int  # 0 an engagement report, 1 a server, 2 a browser


def told() -> st.SearchStrategy[Told]:
    return st.builds(Told, st.integers(0, 400), st.sampled_from(["", "", "a", "b"]), st.integers(0, 2))


def by_hand(history: list[Event], idle: int, cap: int) -> list[list[bytes]]:
    """The rule in plain Python."""
    ordered = sorted(history, key=lambda e: (e.timestamp, e.sequence, e.event_id))
    threads: dict[str, list[Event]] = defaultdict(list)
    for e, key in zip(ordered, filled(ordered, idle), strict=True):
        threads[key].append(e)
    made = [
        lap for thread in threads.values() for part in parts(thread, idle, cap) for lap in laps(part, cap)
    ]
    return sorted([e.event_id for e in one] for one in made if any(map(rank_of, one)))


def laps(part: list[Event], cap: int) -> list[list[Event]]:
    """A part that lasts longer than a session may, in as many pieces."""
    start = part[0].timestamp
    return [list(one) for _, one in groupby(part, key=lambda e: (e.timestamp - start) // cap)]


def filled(ordered: list[Event], idle: int) -> list[str]:
    """The key of each event: its own, else that of the last event of its visit, else of the next one."""
    visits: list[list[int]] = [[0]] if ordered else []
    for i, (before, now) in enumerate(pairwise(ordered), 1):
        if now.timestamp - before.timestamp > idle:
            visits.append([])
        visits[-1].append(i)
    keys = [e.session for e in ordered]
    for visit in visits:
        first = next((keys[i] for i in visit if keys[i]), "")
        for i in visit:
            first = keys[i] = keys[i] or first
    return keys


def parts(thread: list[Event], idle: int, cap: int) -> list[list[Event]]:
    """The events of one key, cut at pauses; what was only told of the key comes after none."""
    highest = max((rank_of(e) for e in thread if e.session), default=0)
    made: list[list[Event]] = [[]]
    led_at = 0
    for e in thread:
        is_told = bool(e.session) and rank_of(e) < highest
        pause = e.timestamp - made[-1][-1].timestamp if made[-1] else 0
        if led_at and pause > idle and (not is_told or e.timestamp - led_at > cap):
            made.append([])
        made[-1].append(e)
        led_at = led_at if is_told else e.timestamp
    return made


def rank_of(e: Event) -> int:
    """Whose word about the key counts more."""
    return 0 if e.event == "Page Engaged" else 1 if e.side == "server" else 2


def row(project: int, number: int, one: Told) -> Event:
    """The event, of Anna or of one of her two browsers."""
    key = ">" + one.key if one.rank == 1 else one.key
    made = event(number, one.minutes, "track Page Engaged" if one.rank == 0 else "track", key)
    browser = f"b{number % 2}"
    who = (
        {}
        if number % 3
        else {"user_id": "", "anonymous_id": browser, "identity": identity_hash("anonymous", browser)}
    )
    return Event(
        **{name: getattr(made, name) for name in Event.__struct_fields__}
        | {"project": project, "event_id": event_id(f"{project}-{number}")}
        | who
    )


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(told(), min_size=1, max_size=25),
    st.sampled_from([(5, 1), (30, 1), (30, 24), (90, 2)]),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_whatever_arrives_first_sessions_are_those_of_the_rule(
    engine: Engine,
    events: EventStore,
    history: list[Told],
    decided: tuple[int, int],
    batches: int,
    chance: random.Random,
) -> None:
    project = create_project(engine, key=f"s{next(projects)}", name="S", now=0).id
    rules = ProjectRules(session_idle_minutes=decided[0], session_cap_hours=decided[1])
    wanted = Wanted(rules, ())
    fill(events, ensured(events, project, wanted)[0])
    rows = [row(project, number, one) for number, one in enumerate(history)]
    ledger = Ledger(engine, events)
    anna = Identity("user", "anna")
    shuffled = chance.sample(rows, len(rows))
    links = [Link(anna, Identity("anonymous", f"b{n}"), "identify", "e", START) for n in range(2)]
    for n in range(batches):
        if some := shuffled[n::batches]:
            events.insert(some, token=f"{project}-{n}")
        # The merge comes with the last batch: before it, the browsers are customers of their own.
        touched = ledger.join(project, links if n == batches - 1 else [])
        touched |= ledger.customers_of(project, {e.identity for e in some})
        customers = sorted(touched)
        recompute(events, kept(events, project)[0], customers, ledger.identities_of(project, customers))
    stored = sessions(events, project)
    truth = by_hand(rows, decided[0] * MINUTE, decided[1] * HOUR)
    assert sorted([bytes.fromhex(m) for m in one["members"]] for one in stored) == truth
    assert sum(one["n"] for one in stored) == sum(rank_of(e) > 0 for e in rows), (
        "every touchpoint is in one session"
    )
