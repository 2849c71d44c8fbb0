"""Retention: what is too old goes, what is made of it is counted anew, and a dry run says the same before."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, RowMapping, select

from server import retaining
from server.erasing import Eraser
from server.retaining import once_a_day, retain, tidy
from server.sweeping import empty_erased_drops
from store import kept
from store.db import writing
from store.drops import DropRow, all_drops, keep_drops, recent_drops
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import save_version
from store.privacy.deletion import inserts_under_way
from store.privacy.horizon import horizon_of
from store.privacy.retention import Report, reports_of, would_delete
from store.privacy.suppression import key_of, suppress
from store.projects import Project, create_project
from store.rules import ProjectRules, save_rules
from store.settings import Settings
from store.tables import drops, identities
from tests.admin.conftest import JOURNEY
from tests.gates import gate
from tests.installation import eventually

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
DAY = 86_400_000


@dataclass
class Keeper:
    """Two projects and what retention works on."""

    eraser: Eraser
    mine: Project
    other: Project
    version: int  # of the one journey of the first
    refreshed: set[int] = field(default_factory=set)

    def happened(self, who: str, *, day: float, came: float | None = None, project: int = 0) -> None:
        number = project or self.mine.id
        name = f"{number} {who} {day}"
        came = day if came is None else came
        row = Event(
            project=number,
            event_id=event_id(name),
            message_id=name,
            type="track",
            event="E",
            timestamp=NOW - int(day * DAY),
            received_at=NOW - int(came * DAY),
            identity=identity_hash("user", who),
            user_id=who,
        )
        self.eraser.events.insert([row], token=name)

    def left(self) -> list[str]:
        rows = self.eraser.events.query("select message_id from events order by message_id")
        return [row["message_id"] for row in rows]

    def keeps(self, days: int, project: Project | None = None) -> None:
        rules = ProjectRules(retention_days=days)
        save_rules(self.eraser.engine, (project or self.mine).id, rules, now=NOW)

    def would(self) -> Report:
        on = self.eraser
        horizon = horizon_of(on.engine, on.settings, self.mine.id, now=NOW)
        return would_delete(on.engine, on.events, horizon)

    def retain(self) -> Report:
        return retain(self.eraser, [self.mine, self.other])[self.mine.id]


@pytest.fixture
def keeper(engine: Engine, events: EventStore) -> Keeper:
    """On SQLite."""
    return open_keeper(engine, events)


def open_keeper(engine: Engine, events: EventStore) -> Keeper:
    mine = create_project(engine, key="shop", name="Shop", now=NOW)
    other = create_project(engine, key="other", name="Other", now=NOW)
    refreshed: set[int] = set()
    eraser = Eraser(
        engine,
        events,
        Ledger(engine, events),
        Settings(),
        lambda: NOW,
        lambda _project, some: refreshed.update(some),
    )
    version = save_version(engine, mine.id, JOURNEY, by="the test", now=NOW)
    return Keeper(eraser, mine, other, version.id, refreshed)


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (30, ["29"]),
        (100, ["29", "31"]),
        (0, ["29", "31", "800, came 10"]),
    ],
)
def test_a_projects_days_count_from_the_event_and_the_installations_from_its_receipt(
    keeper: Keeper, days: int, left: list[str]
) -> None:
    for day, came in ((29, 29), (31, 31), (800, 10), (801, 801)):
        keeper.happened("ada", day=day, came=came)
    keeper.keeps(days)
    foreseen = keeper.would()
    assert len(keeper.left()) == 4
    assert keeper.retain() == foreseen
    expected = [f"{keeper.mine.id} ada {name.split(',')[0]}" for name in left]
    assert keeper.left() == expected
    assert foreseen.total == 4 - len(left)


def test_another_project_keeps_what_is_as_old(keeper: Keeper) -> None:
    keeper.happened("ada", day=50)
    keeper.happened("ada", day=50, project=keeper.other.id)
    keeper.keeps(30)
    keeper.retain()
    assert keeper.left() == [f"{keeper.other.id} ada 50"]


def test_a_part_that_holds_nothing_else_goes_as_a_whole(keeper: Keeper) -> None:
    keeper.happened("ada", day=50)
    keeper.happened("ada", day=1)
    keeper.keeps(30)
    keeper.retain()
    masked = (
        "select has_lightweight_delete as masked, rows from system.parts where active and table = 'events' "
    )
    parts = keeper.eraser.events.query(masked + "and database = currentDatabase()")
    assert parts == [{"masked": 0, "rows": 1}]


def test_the_report_counts_by_month_and_is_kept(keeper: Keeper) -> None:
    for who, day in (("ada", 40), ("bob", 41), ("bob", 70), ("bob", 1)):
        keeper.happened(who, day=day)
    with writing(keeper.eraser.engine) as connection:
        keep_drops(connection, [drop(keeper.mine.id, age) for age in (100, 31, 29)])
    keeper.keeps(30)
    report = keeper.retain()
    assert report.events == {"2025-12": 1, "2026-01": 2}
    assert (report.drops, report.customers) == (2, 1)
    assert reports_of(keeper.eraser.engine, keeper.mine.id) == [(NOW, report)]
    assert [row["message"] for row in recent_drops(keeper.eraser.engine, keeper.mine.id)] == ["29"]
    assert keeper.retain().is_empty
    assert len(reports_of(keeper.eraser.engine, keeper.mine.id)) == 1


def drop(project: int, age: int) -> DropRow:
    at = NOW - age * DAY
    return DropRow(
        project=project, received_at=at, place="door", code="bad_type", message=f"{age}", original={}
    )


def known(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(identities.c.value)))


def test_identities_go_with_the_last_event_of_their_customer(keeper: Keeper) -> None:
    ids = {
        name: Identity("user" if len(name) == 3 else "anonymous", name) for name in ("ada", "a1", "bob", "b1")
    }
    links = [
        Link(ids["ada"], ids["a1"], "identify", "e", NOW),
        Link(ids["bob"], ids["b1"], "identify", "e", NOW),
    ]
    keeper.eraser.ledger.join(keeper.mine.id, links)
    keeper.happened("ada", day=40)
    keeper.happened("bob", day=40)
    keeper.happened("bob", day=1)
    keeper.keeps(30)
    assert keeper.would().identities == 2
    keeper.retain()
    assert known(keeper.eraser.engine) == {"bob", "b1"}
    for table in ("identity_customers", "identity_history"):
        told = keeper.eraser.events.query(f"select distinct identity from {table}")
        assert {row["identity"] for row in told} <= {ids["bob"].hash, ids["b1"].hash}
    keeper.happened("ada", day=0)  # she comes back, as nobody who was ever known
    owners = keeper.eraser.events.query("select distinct customer from customer_events where user_id = 'ada'")
    assert owners == [{"customer": ids["ada"].hash}]


def linked(keeper: Keeper, *links: tuple[Identity, Identity, str]) -> None:
    ledger, project = keeper.eraser.ledger, keeper.mine.id
    ledger.join(project, [Link(a, b, rule, f"e{i}", NOW - i) for i, (a, b, rule) in enumerate(links)])


USERS = {name: Identity("user", name) for name in ("ada", "bob", "cyd")}
SHARED = Identity("anonymous", "shared")
MAIL = Identity("email", "both@acme.example")


def test_an_id_that_several_shared_goes_with_the_last_of_them(keeper: Keeper) -> None:
    linked(keeper, *((USERS[who], SHARED, "identify") for who in ("ada", "bob")))
    linked(keeper, *((USERS[who], MAIL, "email") for who in ("ada", "bob")))
    for who, day in (("ada", 40), ("bob", 40), ("bob", 20)):
        keeper.happened(who, day=day)
    keeper.keeps(30)
    assert keeper.would().identities == 1
    keeper.retain()
    assert known(keeper.eraser.engine) == {"bob", "shared", MAIL.shown}
    assert USERS["bob"].hash in keeper.refreshed, "what was shared is his alone now"
    keeper.keeps(10)
    assert keeper.would().identities == 3
    keeper.retain()
    assert known(keeper.eraser.engine) == set()


def test_what_all_who_shared_it_leave_at_once_goes_with_them(keeper: Keeper) -> None:
    linked(keeper, *((USERS[who], SHARED, "identify") for who in ("ada", "bob")))
    linked(keeper, *((USERS[who], MAIL, "email") for who in ("ada", "bob")))
    for who in ("ada", "bob", "cyd"):
        keeper.happened(who, day=40)
    keeper.happened("cyd", day=1)
    keeper.keeps(30)
    assert keeper.would().identities == 4
    keeper.retain()
    assert known(keeper.eraser.engine) == set()


def test_it_is_the_same_on_postgresql(pg_engine: Engine, events: EventStore) -> None:
    test_an_id_that_several_shared_goes_with_the_last_of_them(open_keeper(pg_engine, events))


def test_what_an_operator_has_blocked_stays_blocked(keeper: Keeper) -> None:
    linked(keeper, (USERS["ada"], MAIL, "email"))
    keeper.eraser.ledger.block(keeper.mine.id, MAIL.hash, by="op", now=NOW)
    keeper.happened("ada", day=40)
    keeper.keeps(30)
    keeper.retain()
    assert known(keeper.eraser.engine) == {MAIL.shown}


def test_who_returns_while_it_runs_keeps_ids_runs_and_sessions(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Her event comes after it was looked who leaves, and before the ids are deleted."""
    linked(keeper, (USERS["ada"], Identity("anonymous", "a1"), "identify"))
    keeper.happened("ada", day=40)
    stored_run(keeper, "ada", 40)
    keeper.keeps(30)
    look = retaining.customers_gone

    def returning(*given: Any) -> list[int]:
        found = look(*given)
        keeper.happened("ada", day=0)
        stored_run(keeper, "ada", 0)
        return found

    monkeypatch.setattr(retaining, "customers_gone", returning)
    keeper.retain()
    assert known(keeper.eraser.engine) == {"ada", "a1"}
    told = keeper.eraser.events.query("select identity from identity_customers where customer != identity")
    assert {row["identity"] for row in told} == {identity_hash("anonymous", "a1")}
    rows = keeper.eraser.events.query("select distinct customer from journey_runs")
    assert rows == [{"customer": USERS["ada"].hash}]


def test_who_returns_after_the_ids_are_deleted_is_counted_and_linked_anew(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of another process, which remembers that it has entered the link."""
    link = Link(USERS["ada"], Identity("anonymous", "a1"), "identify", "e", NOW)
    worker = Ledger(keeper.eraser.engine, keeper.eraser.events)
    worker.join(keeper.mine.id, [link])
    keeper.happened("ada", day=40)
    stored_run(keeper, "ada", 40)
    keeper.keeps(30)
    delete = retaining.delete_events

    def returning(*given: Any) -> None:
        keeper.happened("ada", day=0)
        worker.join(keeper.mine.id, [link])
        delete(*given)

    monkeypatch.setattr(retaining, "delete_events", returning)
    keeper.retain()
    assert known(keeper.eraser.engine) == {"ada", "a1"}
    assert USERS["ada"].hash in keeper.refreshed, "her runs were deleted at the same moment"


def test_rows_that_a_fill_brings_back_go_the_next_time(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keeper.happened("ada", day=40)
    keeper.keeps(30)
    delete = retaining.delete_events
    with gate(tmp_path) as closed:
        late = {"after": f"from {closed.row}"}
        filling = threading.Thread(target=stored_run, args=(keeper, "ada", 40), kwargs=late)

        def while_it_fills(*given: Any) -> None:
            filling.start()
            assert eventually(lambda: inserts_under_way(keeper.eraser.events), bool)
            delete(*given)

        with monkeypatch.context() as patch:
            patch.setattr(retaining, "delete_events", while_it_fills)
            keeper.retain()
    filling.join()
    rows = "select distinct customer from journey_runs"
    assert keeper.eraser.events.query(rows) == [{"customer": USERS["ada"].hash}]
    keeper.retain()
    assert keeper.eraser.events.query(rows) == []


def test_only_those_are_looked_at_of_whom_something_is_deleted(keeper: Keeper) -> None:
    """Imported history stays, as it came yesterday: its customers are not counted anew every night."""
    for who in ("ada", "bob"):
        keeper.happened(who, day=900, came=1)
        stored_run(keeper, who, 900)
    keeper.happened("ada", day=901, came=901)
    keeper.retain()
    assert keeper.refreshed == {USERS["ada"].hash}
    keeper.refreshed.clear()
    keeper.retain()
    assert keeper.refreshed == set()


def test_runs_of_versions_that_were_replaced_tell_nothing_of_what_is_gone(keeper: Keeper) -> None:
    for who, days in (("ada", (40, 1)), ("bob", (5, 1))):
        for day in days:
            keeper.happened(who, day=day)
        for version in (keeper.version, keeper.version + 1):
            stored_run(keeper, who, *days, version=version)
    keeper.keeps(30)
    keeper.retain()
    rows = keeper.eraser.events.query("select customer, journey_version as version from journey_runs")
    left = {(row["customer"], row["version"] - keeper.version) for row in rows}
    assert left == {(USERS["ada"].hash, 0), (USERS["bob"].hash, 0), (USERS["bob"].hash, 1)}


def stored_run(keeper: Keeper, who: str, *days: float, version: int = 0, after: str = "") -> None:
    times = ", ".join(f"fromUnixTimestamp64Milli({NOW - int(day * DAY)}, 'UTC')" for day in days)
    keeper.eraser.events.command(
        "insert into journey_runs (project, journey_version, customer, computed_at, version, runs, cut) "
        "select {project:UInt32}, {version:UInt32}, {customer:UInt64}, now64(3), 1, "
        f"[('', [{times}][1], [{times}][-1], 'dropped', 1, 0, false, [1, 2], [{times}], "
        "['a', 'b'], [], '', '', '', '', '', '')], 0 "
        f"{after}",
        {
            "project": keeper.mine.id,
            "customer": identity_hash("user", who),
            "version": version or keeper.version,
        },
    )


def test_customers_whose_runs_tell_of_what_is_gone_are_counted_anew(keeper: Keeper) -> None:
    for who, days in (("ada", (40, 1)), ("bob", (5, 1)), ("cyd", (40, 39))):
        for day in days:
            keeper.happened(who, day=day)
        stored_run(keeper, who, *days)
    keeper.keeps(30)
    assert keeper.would().runs == 2
    keeper.retain()
    assert keeper.refreshed == {identity_hash("user", "ada")}
    rows = keeper.eraser.events.query("select customer from journey_runs final order by customer")
    assert {row["customer"] for row in rows} == {identity_hash("user", who) for who in ("ada", "bob")}


@pytest.mark.parametrize("stage", ["delete_events", "_bring_up_to_date", "keep_report"])
def test_a_run_that_is_cut_off_is_made_good_the_next_time(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    for day in (40, 1):
        keeper.happened("ada", day=day)
    keeper.happened("bob", day=40)
    ids = Identity("user", "bob"), Identity("anonymous", "b1")
    keeper.eraser.ledger.join(keeper.mine.id, [Link(*ids, "identify", "e", NOW)])
    stored_run(keeper, "ada", 40, 1)
    stored_run(keeper, "bob", 40)
    keeper.keeps(30)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("the power is off")

    with monkeypatch.context() as broken:
        broken.setattr(retaining, stage, fails)
        with pytest.raises(OSError, match="the power"):
            keeper.retain()
    keeper.retain()
    assert keeper.left() == [f"{keeper.mine.id} ada 1"]
    assert identity_hash("user", "ada") in keeper.refreshed
    assert known(keeper.eraser.engine) == set()


def test_it_runs_once_a_day_and_again_when_it_failed(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: Counter[str] = Counter()

    def counted(_on: Eraser, _projects: list[Project]) -> None:
        runs["all"] += 1
        if runs["all"] == 1:
            raise OSError("away")

    monkeypatch.setattr(retaining, "retain", counted)
    with pytest.raises(OSError, match="away"):
        once_a_day(keeper.eraser)
    for _ in range(3):
        once_a_day(keeper.eraser)
    assert runs["all"] == 2
    tomorrow = Eraser(**{**vars(keeper.eraser), "clock": lambda: NOW + DAY})
    once_a_day(tomorrow)
    once_a_day(tomorrow)
    assert runs["all"] == 3


def test_a_retention_that_fails_holds_up_nothing_else(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, mine = keeper.eraser.engine, keeper.mine.id
    ada = msgspec.structs.replace(drop(mine, 1), original={"message": {"userId": "ada"}})
    key = key_of(engine)
    with writing(engine) as connection:
        keep_drops(connection, [ada])
        suppress(connection, key, mine, [identity_hash("user", "ada")], erasure=1)

    def fails(_on: Eraser, _projects: list[Project]) -> None:
        raise OSError("away")

    monkeypatch.setattr(retaining, "retain", fails)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            once_a_day(keeper.eraser)
    assert [bytes(row["original"]) for row in recent_drops(engine, mine)] == [b"{}"]


def test_files_with_deleted_rows_are_written_anew_once_a_week(keeper: Keeper) -> None:
    keeper.happened("ada", day=1)
    keeper.eraser.events.command("delete from events where 1")
    once_a_day(keeper.eraser)
    masked = "select count() as n from system.parts where active and has_lightweight_delete "
    assert keeper.eraser.events.query(masked + "and database = currentDatabase()")[0]["n"] == 0


@pytest.mark.parametrize("age", [0, 1])
def test_refused_events_of_erased_people_are_emptied(keeper: Keeper, age: int) -> None:
    """What the door refused within hours at each round, older ones once a day."""
    engine = keeper.eraser.engine
    originals = [{"message": {"userId": who}} for who in ("ada", "bob")]
    rows = [msgspec.structs.replace(drop(keeper.mine.id, age), original=one) for one in originals]
    key = key_of(engine)
    with writing(engine) as connection:
        keep_drops(connection, rows)
        suppress(connection, key, keeper.mine.id, [identity_hash("user", "ada")], erasure=1)
    if age == 0:
        kept.claim(engine, "emptying.2026-03-01")
    tidy(keeper.eraser)
    left = sorted(bytes(row["original"]) for row in recent_drops(engine, keeper.mine.id))
    assert left == [b'{"message":{"userId":"bob"}}', b"{}"]


def test_a_refused_event_that_gets_the_number_of_a_deleted_one_keeps_its_words(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite gives the highest number again, here between the look at all drops and the emptying."""
    engine, mine = keeper.eraser.engine, keeper.mine.id
    ada, bob = (
        msgspec.structs.replace(drop(mine, 0), original={"message": {"userId": who}})
        for who in ("ada", "bob")
    )
    key = key_of(engine)
    with writing(engine) as connection:
        keep_drops(connection, [ada])
        suppress(connection, key, mine, [identity_hash("user", "ada")], erasure=1)

    def replaced(*given: Any) -> Iterator[RowMapping]:
        yield from all_drops(*given)
        with writing(engine) as connection:
            connection.execute(drops.delete())
            keep_drops(connection, [bob])

    with monkeypatch.context() as patch:
        patch.setattr("server.sweeping.all_drops", replaced)
        assert empty_erased_drops(engine) == 0
    assert [bytes(row["original"]) for row in recent_drops(engine, mine)] == [b'{"message":{"userId":"bob"}}']
    assert empty_erased_drops(engine) == 0


def test_a_report_can_be_read_back(keeper: Keeper) -> None:
    report = Report(days=3, before=4, by_receipt=True, events={"2026-01": 2}, runs=1)
    assert msgspec.convert(msgspec.to_builtins(report), Report) == report
