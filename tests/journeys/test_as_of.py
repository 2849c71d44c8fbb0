"""A report asked as of a moment is the one that was given then, whatever was merged or parted since."""

from __future__ import annotations

import os
import time
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from journeys import resolution
from journeys.funnel import funnel
from journeys.lists import AT_STEP, WHOLE, listed
from journeys.paths import paths
from journeys.period import Period, PeriodError
from journeys.runs import recompute
from journeys.scope import Scope, open_scope
from journeys.segments import choices
from journeys.timing import timing
from journeys.variants import variants
from store.event import Event
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion, make_live, save_version
from store.migrate import migrate_events
from store.projects import Project, create_project
from tests.journeys.test_runs_and_merges import DEFINITION, Told, row
from tests.journeys.test_runs_rule import EXAMPLES, numbers

START = 1_700_000_000_000
PERIOD = Period(START - 1, START + 1_000_000)
BROWSERS = [Identity("anonymous", f"b{n}") for n in range(3)]
USERS = [Identity("user", f"u{n}") for n in range(2)]
VERSION = 9
DEEP = "RUN_EXAMPLES" in os.environ
MOST_ENTRIES = 3 if DEEP else 2
EVERY_NUMBER = [*((one, None) for one in WHOLE), *((one, "c") for one in AT_STEP)]
Answer = dict[str, Any]


def told() -> st.SearchStrategy[Told]:
    return st.builds(
        Told,
        st.sampled_from("aabbccx"),
        st.integers(0, 24).map(lambda n: START + n * 500),
        st.sampled_from(["", "b0", "b1", "b2"]),
        st.sampled_from(["", "", "u0", "u1"]),
    ).filter(lambda one: bool(one.browser or one.user))


ENTRIES = st.tuples(
    st.sampled_from(["join", "join", "unmerge"]), st.sampled_from(BROWSERS), st.sampled_from(USERS)
)


class Ground:
    """One project with one journey, its ledger, and everything that its reports say."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self.project = create_project(engine, key=f"as-of-{next(numbers)}", name="A", now=0)
        self.version = JourneyVersion(
            VERSION, self.project.id, 1, 1, dict(DEFINITION.source), "live", 0, 0, "", 0
        )
        self.events, self.ledger = events, Ledger(engine, events)

    def enter(self, what: str, browser: Identity, user: Identity) -> None:
        """Enter one thing into the ledger and bring the runs up to date, as the worker does."""
        now = time.time_ns() // 1_000_000
        if what == "join":
            link = Link(browser, user, "identify", "00", START)
            touched = self.ledger.join(self.project.id, [link], now=now)
        else:
            touched = self.ledger.unmerge(self.project.id, browser.hash, user.hash, now=now)
        self.refresh(sorted(touched))

    def refresh(self, customers: list[int]) -> None:
        recompute(self.events, self.version, customers, self.ledger.identities_of(self.project.id, customers))

    def scope(self, as_of: int | None) -> Scope:
        return Scope(
            self.events, self.project, self.version, DEFINITION, PERIOD, {}, START + 20_000, as_of=as_of
        )

    def told(self, as_of: int | None = None) -> Answer:
        """The funnel and its runs; in `make test-deep` the paths inside them, too, as `others` has them."""
        scope = self.scope(as_of)
        return {
            "funnel": funnel(scope),
            "runs": listed(scope, most=1_000),
            **({"paths": paths(scope)} if DEEP else {}),
            "accounts": funnel(scope, unit="accounts"),
            "runs of accounts": listed(scope, unit="accounts", most=1_000),
        }

    def group(self, who: Identity, account: str, number: int) -> Event:
        """An event that makes somebody a member of an account."""
        told = row(self.project.id, number, Told("", START, *sides(who)))
        return msgspec.structs.replace(told, type="group", event="", group_id=account)

    def owners(self, resolved: str, *, as_of: int = 0) -> dict[str, int]:
        """Whose each event is."""
        values = {"project": self.project.id, "as_of": resolution.version_at(as_of)}
        rows = self.events.query(
            f"select message_id, customer from {resolved} where project = {{project:UInt32}}", values
        )
        return {one["message_id"]: one["customer"] for one in rows}

    def others(self, as_of: int | None = None) -> Answer:
        """What the other reports say."""
        scope = self.scope(as_of)
        return {
            "customers": funnel(scope, unit="customers"),
            "timing": timing(scope),
            "variants": variants(scope),
            "choices": choices(scope),
            "paths back": paths(scope, anchor="c", direction="before"),
        }


def moment() -> int:
    """Now in milliseconds, and over when this returns: what comes next is later."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        time.sleep(0.0002)
    return now


@settings(
    max_examples=max(3, EXAMPLES // 14),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(told(), min_size=4, max_size=25), st.lists(ENTRIES, min_size=1, max_size=MOST_ENTRIES))
def test_a_report_as_of_a_moment_is_the_one_given_then(
    engine: Engine,
    events: EventStore,
    history: list[Told],
    entries: list[tuple[str, Identity, Identity]],
) -> None:
    ground = Ground(engine, events)
    rows = [row(ground.project.id, number, one) for number, one in enumerate(history)]
    members = [*((one, "acme") for one in (BROWSERS[0], USERS[1])), (USERS[0], "globex")]
    rows += [ground.group(who, account, 100 + n) for n, (who, account) in enumerate(members)]
    events.insert(rows, token=str(ground.project.id))
    ground.refresh(sorted({one.identity for one in rows}))
    given = [(moment(), ground.told())]
    for what, browser, user in entries:
        ground.enter(what, browser, user)
        given.append((moment(), ground.told()))
        owners = ground.owners("customer_events")
        assert ground.owners(resolution.resolved_now()) == owners
        assert ground.owners(resolution.resolved_then(), as_of=given[-1][0]) == owners
    for as_of, answer in given:
        assert ground.told(as_of) == answer
        for runs, counted in (("runs", "funnel"), ("runs of accounts", "accounts")):
            assert answer[runs]["total"] == len(answer[runs]["runs"]) == answer[counted]["entered"]


def test_a_merge_and_its_taking_back_are_seen_from_either_side(engine: Engine, events: EventStore) -> None:
    ground = Ground(engine, events)
    told = [Told("a", START, "b0", ""), Told("c", START + 1_000, "", "u0")]
    rows = [row(ground.project.id, number, one) for number, one in enumerate(told)]
    events.insert(rows, token="t")
    ground.refresh([one.identity for one in rows])
    apart = moment()
    ground.enter("join", BROWSERS[0], USERS[0])
    merged, given = moment(), ground.others()
    ground.enter("unmerge", BROWSERS[0], USERS[0])

    def succeeded(as_of: int | None) -> int:
        return int(funnel(ground.scope(as_of))["outcomes"]["succeeded"])

    assert [succeeded(at) for at in (apart, merged, None)] == [0, 1, 0]
    assert ground.others(merged) == given != ground.others()
    for number, step in EVERY_NUMBER if DEEP else EVERY_NUMBER[::2]:
        found = listed(ground.scope(merged), number=number, step=step)
        assert (
            found["total"]
            == len(found["runs"])
            == int(number in ("entered", "succeeded", "progressed", "visited"))
        )


def test_an_account_counts_what_was_its_members_at_the_moment(engine: Engine, events: EventStore) -> None:
    ground = Ground(engine, events)
    told = [Told("a", START, "b0", ""), Told("c", START + 1_000, "b0", "")]
    rows = [row(ground.project.id, number, one) for number, one in enumerate(told)]
    rows.append(ground.group(USERS[0], "acme", 50))
    events.insert(rows, token="t")
    ground.refresh([one.identity for one in rows])
    apart = moment()
    ground.enter("join", BROWSERS[0], USERS[0])
    merged = moment()
    ground.enter("unmerge", BROWSERS[0], USERS[0])
    for as_of, n in ((apart, 0), (merged, 1), (None, 0)):
        scope = ground.scope(as_of)
        assert funnel(scope, unit="accounts")["outcomes"]["succeeded"] == n
        asked = [("entered", None), ("in_time", None), ("visited", "c"), ("left_here", "c")]
        for number, step in [*asked, ("succeeded", None), ("progressed", "c")] if n else asked:
            found = listed(scope, number=number, step=step, unit="accounts")
            assert found["total"] == len(found["runs"])
            assert {run["account"] for run in found["runs"]} <= {"acme"}
        assert listed(scope, number="succeeded", unit="accounts")["total"] == n


def sides(who: Identity) -> tuple[str, str]:
    """The anonymous and the user id of an identity, of which one is empty."""
    return (who.value, "") if who.kind == "anonymous" else ("", who.value)


def test_other_projects_do_not_matter(engine: Engine, events: EventStore) -> None:
    mine, other = Ground(engine, events), Ground(engine, events)
    for ground in (mine, other):
        rows = [row(ground.project.id, 0, Told("a", START, "b0", ""))]
        events.insert(rows, token=str(ground.project.id))
        ground.refresh([rows[0].identity])
    before = moment()
    mine.enter("join", BROWSERS[0], USERS[0])
    given = other.told()
    assert mine.told(before)["runs"] != mine.told()["runs"]
    assert other.told(before) == given


def test_late_events_are_not_taken_back(engine: Engine, events: EventStore) -> None:
    ground = Ground(engine, events)
    before = moment()
    late = row(ground.project.id, 1, Told("a", START, "b0", ""))
    events.insert([late], token="late")
    ground.refresh([late.identity])
    assert funnel(ground.scope(before))["entered"] == funnel(ground.scope(None))["entered"] == 1


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (None, None),
        ("", None),
        ("2023-11-01", 1_698_793_200_000),
        ("2023-11-01T00:00:00Z", 1_698_796_800_000),
        ("2023-11-01T00:00:00", 1_698_793_200_000),
    ],
)
def test_a_moment_is_a_date_or_a_time_in_the_zone_of_the_project(
    engine: Engine, events: EventStore, as_of: str | None, expected: int | None
) -> None:
    project = journey_in(engine, "Europe/Berlin")
    assert open_scope(engine, events, project, "j", as_of=as_of, now=START).as_of == expected


@pytest.mark.parametrize("as_of", ["yesterday", "2023-13-01", "2024-01-01", "1823-01-01"])
def test_a_moment_that_nobody_knows_is_refused(engine: Engine, events: EventStore, as_of: str) -> None:
    project = journey_in(engine, "UTC")
    with pytest.raises(PeriodError):
        open_scope(engine, events, project, "j", as_of=as_of, now=START)


def journey_in(engine: Engine, zone: str) -> Project:
    """A project in this time zone with one journey that is live."""
    project = create_project(engine, key=f"z{next(numbers)}", name="Z", timezone=zone, now=0)
    version = save_version(engine, project.id, dict(DEFINITION.source), by="", now=0)
    make_live(engine, version, now=0)
    return project


def test_the_history_begins_with_what_the_ledger_had_told(shared_events: EventStore) -> None:
    store = shared_events.sibling(f"t_history_{next(numbers)}")
    try:
        migrate_events(store)
        store.command("drop table identity_history_kept")
        store.command("drop table identity_history")
        store.command("delete from migrations_applied where name = '0003_identity_history'")
        store.command("insert into identity_customers values (1, 2, 3, [], 4)")
        for _ in range(2):  # a crash before it is noted repeats it
            store.command("delete from migrations_applied where name = '0003_identity_history'")
            migrate_events(store)
        store.command("insert into identity_customers values (1, 2, 5, [], 6)")
        kept = store.query("select customer, version from identity_history final order by version")
        assert [(one["customer"], one["version"]) for one in kept] == [(3, 4), (5, 6)]
        store.command("optimize table identity_customers final")
        assert len(store.query("select 1 from identity_customers")) == 1
        assert len(store.query("select 1 from identity_history final")) == 2
    finally:
        store.command(f"drop database if exists `{store.database}`")
        store.close()
