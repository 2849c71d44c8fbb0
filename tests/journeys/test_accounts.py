"""Accounts come from group events; their members are customers, resolved when one asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.accounts import account, accounts, accounts_of, history
from journeys.cursors import ListError
from journeys.customers import described
from journeys.definitions import parse
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.lists import listed
from journeys.profile import totals
from journeys.scope import Scope, open_scope
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import live_journeys, make_live, save_version
from store.projects import create_project, project_by_id

START = 1_760_000_000_000
NOW = START + 1000
ANNA, BEN = (identity_hash("user", who) for who in ("anna", "ben"))
BROWSER = identity_hash("anonymous", "b")


def event(number: int, who: str, kind: str = "group", *, group: str = "", **more: Any) -> Event:
    """An event of a user, or of the browser `b`, so many milliseconds after the start."""
    side = "anonymous" if who == "b" else "user"
    return Event(
        **{
            "project": 1,
            "event_id": event_id(str(number)),
            "message_id": str(number),
            "type": kind,
            "timestamp": START + number,
            "received_at": START + number,
            f"{side}_id": who,
            "identity": identity_hash(side, who),
            "group_id": group,
            "side": "browser",
            **more,
            "traits": json.dumps(more.get("traits", {})),
        }
    )


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    create_project(engine, key="p", name="P", now=0)
    ledger = Ledger(engine, events)
    rows = [
        event(1, "anna", group="acme", traits={"name": "Acme", "plan": "trial"}),
        event(2, "b", group="acme"),
        event(3, "ben", group="acme", traits={"plan": "team"}),
        event(4, "anna", group="globex", traits={"industry": "Shipping"}),
        event(5, "robot", group="acme", is_bot=True),
        event(6, "ben", group="other", project=2),
        event(7, "ben", kind="identify", traits={"email": "ben@acme.example"}),
        event(8, "anna", kind="page", path="/pricing"),
        event(9, "anna", kind="group", group=""),
    ]
    events.insert([row for row in rows if row.project == 1], token="one")
    events.insert([row for row in rows if row.project == 2], token="two")
    return ledger


def names(found: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(one["account"], one["name"], one["members"]) for one in found["accounts"]]


def test_accounts_are_listed_with_their_members_counted_once(events: EventStore, ledger: Ledger) -> None:
    assert names(accounts(events, 1, now=NOW)) == [("globex", "globex", 1), ("acme", "Acme", 3)]
    ledger.join(1, [Link(Identity("anonymous", "b"), Identity("user", "anna"), "identify", "e", START)])
    assert names(accounts(events, 1, now=NOW)) == [("globex", "globex", 1), ("acme", "Acme", 2)]
    ledger.unmerge(1, ANNA, BROWSER, now=START)
    assert names(accounts(events, 1, now=NOW))[1] == ("acme", "Acme", 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ACM", ["acme"]),
        ("shipping", ["globex"]),
        ("trial", ["acme"]),
        ("zebra", []),
        ("%", []),
        ("name", []),
        ('":"', []),
    ],
)
def test_accounts_are_found_by_id_and_trait(
    events: EventStore, ledger: Ledger, text: str, expected: list[str]
) -> None:
    assert [one["account"] for one in accounts(events, 1, text, now=NOW)["accounts"]] == expected


def test_accounts_come_page_by_page(events: EventStore, ledger: Ledger) -> None:
    first = accounts(events, 1, now=NOW, most=1)
    assert [one["account"] for one in first["accounts"]] == ["globex"]
    rest = accounts(events, 1, now=NOW, most=1, cursor=first["next"])
    assert ([one["account"] for one in rest["accounts"]], rest["next"]) == (["acme"], None)
    with pytest.raises(ListError):
        accounts(events, 1, now=NOW, cursor="nonsense")


def test_accounts_that_nothing_has_named_for_long_are_not_listed_but_can_be_opened(
    events: EventStore, ledger: Ledger
) -> None:
    later = NOW + 401 * 86_400_000
    assert accounts(events, 1, now=later)["accounts"] == []
    assert account(events, ledger, 1, "acme") is not None


def test_members_come_page_by_page_and_are_counted_in_all(events: EventStore, ledger: Ledger) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = account(events, ledger, 1, "acme", most=1, cursor=cursor)
        assert page is not None
        assert page["n"] == 3
        seen += [one["customer"] for one in page["members"]]
        cursor = page["next"]
    assert (seen, cursor) == ([str(BEN), str(BROWSER), str(ANNA)], None)


def test_a_member_has_as_many_events_as_on_the_page_of_the_customer(
    events: EventStore, ledger: Ledger
) -> None:
    events.insert([event(60, "anna", kind="page", path="/hidden", is_bot=True)], token="bot")
    found = account(events, ledger, 1, "acme")
    assert found is not None
    anna = next(one for one in found["members"] if one["customer"] == str(ANNA))
    (known,) = described(events, ledger, 1, [ANNA])
    assert (anna["n"], anna["last_seen"]) == (known["n"], known["last_seen"])
    assert anna["n"] == totals(events, ledger, 1, ANNA)["n"] == 5
    assert anna["last_touchpoint"] == "/pricing"


def test_what_a_robot_tells_is_no_trait_of_the_account(events: EventStore, ledger: Ledger) -> None:
    told = event(50, "robot", group="acme", is_bot=True, traits={"plan": "stolen", "name": "Robots"})
    events.insert([told], token="robot")
    found = account(events, ledger, 1, "acme")
    assert found is not None
    assert (found["name"], found["traits"]["plan"]) == ("Acme", "team")
    assert "stolen" not in str(history(events, 1, "acme"))


def test_an_account_has_the_latest_traits_and_its_members_who_joined_last_first(
    events: EventStore, ledger: Ledger
) -> None:
    found = account(events, ledger, 1, "acme")
    assert found is not None
    assert (found["name"], found["n"], found["traits"]) == ("Acme", 3, {"name": "Acme", "plan": "team"})
    assert [(one["customer"], one["last_touchpoint"]) for one in found["members"]] == [
        (str(BEN), ""),
        (str(BROWSER), ""),
        (str(ANNA), "/pricing"),
    ]
    assert [(one["user_id"], one["email"]) for one in found["members"]] == [
        ("ben", "ben@acme.example"),
        ("", ""),
        ("anna", ""),
    ]
    plan = next(trait for trait in history(events, 1, "acme") if trait["name"] == "plan")
    assert (plan["value"], [one["value"] for one in plan["former"]]) == ("team", ["trial"])
    assert account(events, ledger, 1, "other") is None


def test_a_customer_knows_its_accounts(events: EventStore, ledger: Ledger) -> None:
    found = accounts_of(events, ledger, 1, ANNA)
    assert [(one["account"], one["name"]) for one in found] == [("acme", "Acme"), ("globex", "globex")]
    assert accounts_of(events, ledger, 1, 4711) == []


JOURNEY = {
    "key": "buy",
    "name": "Buys",
    "idle_timeout": "9000d",
    "steps": [
        {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
        {"key": "cart", "name": "Cart", "optional": True, "match": [{"event": "Cart"}]},
        {"key": "paid", "name": "Pays", "match": [{"event": "Paid"}]},
    ],
}
DID = {
    "anna": ["Look", "Cart"],
    "ben": ["Look", "Paid"],
    "cyd": ["Look"],
    "dan": ["Look", "Cart", "Look"],
}
MEMBERS = {"anna": ["acme", "globex"], "ben": ["acme"], "cyd": ["initech"], "eve": ["void"]}


@pytest.fixture
def scope(engine: Engine, events: EventStore) -> Scope:
    """A journey's report: Anna is in two accounts, Dan in none, and nobody of one account began."""
    create_project(engine, key="p", name="P", now=0)
    rows = [
        event(10 * n + k, who, kind="track", event=name)
        for n, (who, did) in enumerate(DID.items())
        for k, name in enumerate(did)
    ]
    grouped = [(who, key) for who, keys in MEMBERS.items() for key in keys]
    rows += [event(100 + n, who, group=key) for n, (who, key) in enumerate(grouped)]
    events.insert(rows, token="t")
    version = save_version(engine, 1, dict(parse(JOURNEY).source), by="the test", now=START)
    fill(events, version, progress=lambda _done, _total: None)
    make_live(engine, version, now=START)
    project = project_by_id(engine, 1)
    assert project is not None
    return open_scope(engine, events, project, "buy", start="2025-01-01", end="2026-01-01", now=START + 1000)


def test_an_account_has_reached_a_step_when_a_member_has(scope: Scope) -> None:
    found = funnel(scope, unit="accounts")
    assert found["entered"] == 3, "acme, globex and initech; nobody of the fourth ever looked"
    assert found["outcomes"] == {"succeeded": 1, "failed": 0, "dropped": 0, "in_time": 2}
    assert [(step["key"], step["progressed"], step["visited"]) for step in found["steps"]] == [
        ("look", 3, 3),
        ("cart", 2, 1),
        ("paid", 1, 1),
    ]
    assert (funnel(scope)["entered"], funnel(scope, unit="customers")["entered"]) == (4, 4)


@pytest.mark.parametrize("most", [1, 2, 50])
def test_every_number_of_accounts_is_the_length_of_the_list_behind_it(scope: Scope, most: int) -> None:
    found = funnel(scope, unit="accounts")
    numbers: list[tuple[str, str | None, int]] = [("entered", None, found["entered"])]
    numbers += [(name, None, n) for name, n in found["outcomes"].items()]
    numbers += [
        (name, step["key"], step[name])
        for step in found["steps"]
        for name in ("progressed", "visited", "missed", "dropped_here", "in_time_here")
        if step is not found["steps"][-1] or name == "progressed"
    ]
    for number, step, expected in numbers:
        seen: list[str] = []
        cursor = None
        while True:
            page = listed(scope, number=number, step=step, unit="accounts", cursor=cursor, most=most)
            assert page["total"] == expected, (number, step)
            seen += [run["account"] for run in page["runs"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == expected, (number, step)


def test_the_page_of_an_account_says_how_far_it_came(
    engine: Engine, events: EventStore, scope: Scope
) -> None:
    found = account(events, Ledger(engine, events), 1, "acme", versions=live_journeys(engine, 1))
    assert found is not None
    assert [
        (one["journey"], one["furthest"], one["runs"], one["customers"], one["succeeded"])
        for one in found["journeys"]
    ] == [("buy", "Pays", 2, 2, 1)]
    nobody = account(events, Ledger(engine, events), 1, "void", versions=live_journeys(engine, 1))
    assert nobody is not None
    assert nobody["journeys"] == []
