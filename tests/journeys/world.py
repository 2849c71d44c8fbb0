"""A small company with everything in it, and every question that can be asked, for any event store."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from journeys import (
    account_runs,
    accounts,
    activity,
    arrivals,
    busy,
    catalog,
    checking,
    customers,
    generations,
    hints,
    lifecycle,
    profile,
    session_numbers,
    sessions,
    timeline,
    traits,
)
from journeys.breakdown import breakdown, names
from journeys.companions import COMPANIONS
from journeys.definitions import parse
from journeys.export import export
from journeys.filling import fill
from journeys.funnel import UNITS, funnel
from journeys.lists import listed
from journeys.period import Period
from journeys.preview import preview
from journeys.reports import BY_NAME, REPORTS
from journeys.runs import outdated, recompute
from journeys.scope import Scope, open_scope
from journeys.segments import choices
from journeys.survival import survival
from journeys.timing import timing
from journeys.trend import trend
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import make_live, save_version, versions_to_fill
from store.privacy.deletion import count_of_customer
from store.projects import Project, create_project
from store.segments import save_segment

DAY = 86_400_000
START = 1_773_000_000_000  # in March 2026: some days before the clocks are changed
NOW = START + 45 * DAY
PERIOD = Period(START - DAY, NOW)
PEOPLE = 48
JOURNEY = {
    "key": "buy",
    "name": "Buy",
    "steps": [
        {"key": "look", "name": "Looks", "match": [{"page": "/shop*"}]},
        {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
        {
            "key": "cart",
            "name": "Fills the cart",
            "within": "10d",
            "match": [
                {"event": "Cart", "where": [{"property": "n", "op": "gt", "value": 1}]},
                {"event": "Cart", "where": [{"trait": "plan", "op": "eq", "value": "pro"}]},
            ],
        },
        {"key": "paid", "name": "Pays", "match": [{"event": "Paid"}]},
    ],
    "fail_on": [{"event": "Left"}],
    "idle_timeout": "7d",
    "window": "30d",
}
TOGETHER = {**JOURNEY, "key": "together", "runs_of": "accounts"}
SEGMENT = {
    "key": "regulars",
    "name": "Regulars",
    "any": [
        {"did": {"event": "Ask"}, "then": {"event": "Cart"}, "during": "run"},
        {"trait": "plan", "op": "eq", "value": "pro"},
        {"did": {"event": "Paid"}, "before": "20d", "at_least": 1},
        {"journey": "buy", "state": "dropped"},
    ],
}


@dataclass(frozen=True)
class World:
    """The company in one pair of stores."""

    engine: Engine
    events: EventStore
    ledger: Ledger
    project: Project
    scope: Scope
    someone: int
    answers: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def answer(self, name: str, arguments: dict[str, str], unit: str) -> Any:
        """That of a report over the whole scope, which is asked once."""
        key, report = (name, str(arguments), unit), BY_NAME[name]
        if key not in self.answers:
            self.answers[key] = report.ask(self.scope, report.arguments(arguments), unit=unit)
        return self.answers[key]


def history(project: int) -> list[Event]:
    """What people do: in two browsers and signed in, some in one browser after each other, one a robot."""
    dice = random.Random(11)
    rows: list[Event] = []

    def add(person: int, at: int, kind: str, name: str = "", **more: Any) -> None:
        number, browser = len(rows), f"b{person % 44}"  # the last four share browsers with the first
        signed = dice.random() < 0.4 or kind in ("identify", "group")
        seen = person % 4 != 3 or not signed
        who = ("user", f"u{person}") if signed else ("anonymous", browser)
        rows.append(
            Event(
                project=project,
                event_id=event_id(str(number)),
                message_id=str(number),
                type=kind,
                event=name,
                timestamp=at,
                received_at=at + 500,
                sequence=number,
                anonymous_id=browser if seen else "",
                user_id=who[1] if signed else "",
                identity=identity_hash(*who),
                side=("browser", "server")[signed],
                library="waywiser-js/1.0" if not signed else "waywiser-python/1.0",
                session=f"s{person}" if not signed and person % 3 else "",
                device=("mobile", "desktop")[person % 2],
                country=("DE", "FR", "")[person % 3],
                channel=dice.choice(["Email", "Direct", "Organic Search", ""]),
                source=dice.choice(["", "news"]),
                host="shop.example",
                is_bot=person == 17 and number % 3 == 0,
                marks=["bot:headless"] if person == 17 and number % 3 == 0 else [],
                **more,
            )
        )

    for person in range(PEOPLE):
        at = START + dice.randrange(30 * DAY)
        if person % 3 == 0:
            add(person, at, "group", group_id=f"firm-{person % 12}", traits=json.dumps({"name": "Firm"}))
        add(person, at, "identify", traits=json.dumps({"plan": dice.choice(["pro", "free"]), "n": person}))
        for _ in range(dice.randrange(3, 14)):
            at += dice.choice([0, 60_000, 3_600_000, DAY, 3 * DAY])
            match dice.randrange(8):
                case 0 | 1:
                    add(person, at, "page", path=dice.choice(["/shop", "/shop/hats"]), title="Shop")
                case 2:
                    add(person, at, "page", path=f"/help/{dice.randrange(3)}")
                case 3:
                    add(person, at, "track", "Ask", properties=json.dumps({"topic": dice.choice("xyz")}))
                case 4 | 5:
                    add(person, at, "track", "Cart", properties=json.dumps({"n": dice.randrange(5)}))
                case 6:
                    paid = {"amount": dice.randrange(90), "total": dice.randrange(90), "currency": "EUR"}
                    add(person, at, "track", "Paid", properties=json.dumps(paid))
                case _:
                    add(person, at, "track", dice.choice(["Left", "JavaScript Error", "Wander"]))
    return rows


def made(engine: Engine, events: EventStore) -> World:
    """Tell the stores the whole history, as workers and fillers do."""
    project = create_project(engine, key="main", name="Main", timezone="Europe/Berlin", now=0)
    ledger, rows = Ledger(engine, events), history(project.id)
    events.insert(rows[::2], token="even", mark=1)
    events.insert(rows[1::2], token="odd", mark=2)
    ledger.join(
        project.id,
        [
            Link(
                Identity("anonymous", r.anonymous_id),
                Identity("user", r.user_id),
                "both_ids",
                "",
                r.timestamp,
            )
            for r in rows
            if r.anonymous_id and r.user_id
        ],
        now=START + 40 * DAY,
    )
    save_segment(engine, project.id, SEGMENT, by="the test", now=0)
    for journey in (JOURNEY, TOGETHER):
        save_version(engine, project.id, dict(parse(journey).source), by="the test", now=0)
    for version in versions_to_fill(engine):
        fill(events, version, progress=lambda _done, _total: None)
        make_live(engine, version, now=0)
    wanted = generations.wanted_of(engine, project.id)
    sessions.fill(events, generations.ensured(events, project.id, wanted)[-1])
    scope = open_scope(engine, events, project, "buy", start="2026-03-01", end="2026-04-25", now=NOW)
    touched = sorted(ledger.customers_of(project.id, {row.identity for row in rows[:40]}))
    recompute(events, scope.version, touched, ledger.identities_of(project.id, touched))
    (someone,) = ledger.customers_of(project.id, {identity_hash("user", "u0")})
    return World(engine, events, ledger, project, scope, someone)


def reports(world: World, *, whole: bool) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every report of the frame, and the questions beside it; what differs little only if `whole`."""
    scope = world.scope
    for unit in UNITS:
        if whole or unit == "customers":  # the others are asked for below, with the usual arguments
            yield f"funnel {unit}", lambda unit=unit: funnel(scope, unit=unit)
            yield f"timing {unit}", lambda unit=unit: timing(scope, unit=unit)
            yield f"trend {unit}", lambda unit=unit: trend(scope, by="week", unit=unit)
            yield f"survival {unit}", lambda unit=unit: survival(scope, compare="device", unit=unit)
            yield f"breakdown {unit}", lambda unit=unit: breakdown(scope, "channel", unit=unit, most=2)
        for by in ("property:topic", "trait:plan"):
            yield f"breakdown {by} {unit}", lambda by=by, unit=unit: breakdown(scope, by, unit=unit, most=2)
        yield f"list {unit}", lambda unit=unit: listed(scope, unit=unit, most=1_000)
        yield f"page {unit}", lambda unit=unit: listed(scope, unit=unit, most=5)
        yield f"choices {unit}", lambda unit=unit: choices(scope, unit=unit)
    for report in REPORTS:
        if report in COMPANIONS.values():
            continue  # they ask the others, once for each side
        # The question about accounts has that about runs within it; that one is asked otherwise below.
        is_varied = not whole and any(name == report.name for name, _ in VARIED)
        for unit in dict.fromkeys((*(() if is_varied else report.units[:1]), report.units[-1])):
            yield (
                f"report {report.name} {unit}",
                lambda name=report.name, unit=unit: world.answer(name, {}, unit),
            )
    for name, arguments in VARIED:
        yield (
            f"{name} {arguments}",
            lambda name=name, arguments=arguments: world.answer(name, arguments, BY_NAME[name].units[0]),
        )
    for words in ({"segment": {"name": "regulars"}}, {"as_of": "2026-04-01"}):
        other = open_scope(
            world.engine,
            world.events,
            world.project,
            "buy",
            start="2026-03-01",
            end="2026-04-25",
            now=NOW,
            **words,
        )
        yield f"funnel {words}", lambda other=other: funnel(other)
        read_more = ("retention", "attribution")  # than the runs
        for name in (*read_more, "variants", "conformance") if whole else read_more:
            yield (
                f"{name} {words}",
                lambda name=name, other=other: BY_NAME[name].ask(other, BY_NAME[name].arguments({})),
            )


VARIED = (
    ("paths", {"direction": "before", "anchor": "paid", "against": "device:mobile"}),
    ("paths", {"part": "afterwards"}),
    ("attribution", {"value": "amount", "dimension": "source"}),
    ("attribution", {"contacts": "touchpoints", "most": "3"}),
    ("dropoffs", {"step": "cart"}),
    ("retention", {"by": "week", "cohort": "succeeded"}),
    ("compare", {"segments": "device:mobile;device:desktop"}),
    ("dropoffs_beside", {"against": "device:mobile"}),
)


def together(world: World) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is asked of a journey whose runs are those of accounts; its runs have been stored anew before."""
    period = {"start": "2026-03-01", "end": "2026-04-25", "now": NOW}
    scope = open_scope(world.engine, world.events, world.project, "together", **period)
    one, members = world.project.id, account_runs.Members(world.events, world.ledger)
    accounts = checking.some_customers(world.events, scope.version, 20, seed=3)
    identities = members.identities_of(one, accounts)
    account_runs.recompute(world.events, [scope.version], accounts[:5], identities)
    yield "accounts there are", lambda: accounts
    yield "their members", lambda: sorted(members.of(one, accounts))
    yield "differing accounts", lambda: checking.differing(world.events, scope.version, accounts)
    yield (
        "touched accounts",
        lambda: sorted(account_runs.led(world.events, one, [scope.version], [world.someone], identities)),
    )
    yield "runs of accounts", lambda: listed(scope, most=1_000)
    yield "furthest of accounts", lambda: listed(scope, unit="accounts", most=1_000)
    for name in ("funnel", "paths", "signals", "zero", "attribution"):
        yield f"{name} of accounts", lambda name=name: BY_NAME[name].ask(scope, BY_NAME[name].arguments({}))


def others(world: World) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Customers, accounts, sessions, events: what is asked beside the journey."""
    engine, events, ledger, project = world.engine, world.events, world.ledger, world.project
    one, who, scope = project.id, world.someone, world.scope
    everyone = sorted(ledger.customers_of(one, {row.identity for row in history(one)}))
    yield "profile", lambda: profile.totals(events, ledger, one, who, zone="Europe/Berlin")
    yield "revenue", lambda: profile.revenue(events, ledger, one, who)
    yield "runs", lambda: profile.runs(events, one, who, [scope.version], now=NOW)
    yield "timeline", lambda: timeline.timeline(events, ledger, one, who, versions=[scope.version], now=NOW)
    yield "recent", lambda: timeline.recent(events, one, now=NOW, since=START)
    yield "latest", lambda: timeline.latest(events, one)
    yield "newest", lambda: timeline.newest_of(events, one, "waywiser-js", now=START + 20 * DAY)
    yield "traits", lambda: traits.traits(events, ledger, one, who)
    yield "history", lambda: traits.history(events, ledger, one, who)
    yield "export", lambda: "".join(export(engine, events, ledger, project, who, refused=[], now=NOW))
    yield "search", lambda: customers.search(events, ledger, one, "pro", now=NOW)
    yield "active", lambda: customers.search(events, ledger, one, "", now=START + 20 * DAY)
    yield "accounts", lambda: accounts.accounts(events, one, now=NOW)
    yield "account", lambda: accounts.account(events, ledger, one, "firm-3", versions=[scope.version])
    yield "joined", lambda: accounts.accounts_of(events, ledger, one, who)
    yield "sessions", lambda: sessions.sessions(events, one)
    yield "session numbers", lambda: session_numbers.summary(events, one, PERIOD)
    yield "lifecycle", lambda: lifecycle.lifecycle(lifecycle.open_life(events, project, PERIOD, now=NOW))
    yield "first seen", lambda: lifecycle.first_seen(lifecycle.open_life(events, project, PERIOD, now=NOW))
    yield "activity", lambda: activity.activity_of(events, ledger, one, everyone)
    yield "carried", lambda: activity.carried_by(events, one, {row.identity for row in history(one)})
    yield "seen", lambda: catalog.seen(events, one, since_ms=0)
    yield "pages", lambda: catalog.pages(events, one, since_ms=0)
    yield "properties", lambda: catalog.properties(events, one, "Cart")
    yield "names of properties", lambda: hints.names(events, one, "properties")
    yield "names of traits", lambda: hints.names(events, one, "traits", hints.Of("identify"))
    yield "values", lambda: hints.values(events, one, "properties", "amount", hints.Of("track", "Cart"))
    yield "fields", lambda: hints.fields(events, one)
    yield "names", lambda: names(scope)
    yield "preview", lambda: preview(events, project, scope.definition, period=PERIOD, now=NOW)
    yield "outdated", lambda: outdated(events)
    yield "differing", lambda: checking.differing(events, scope.version, everyone)
    yield "some customers", lambda: checking.some_customers(events, scope.version, 20, seed=3)
    theirs = ledger.identities_of(one, everyone)
    yield "busy", lambda: busy.counted(events, one, everyone, theirs, many=5)
    yield "counted", lambda: count_of_customer(events, one, who, ledger.identities_of(one, [who]), [])
    yield "robots", lambda: arrivals.robots(events, one, Period(START, NOW), now=NOW)
