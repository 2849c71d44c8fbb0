"""Erasing a customer: nothing is left, nothing comes back, others keep what is theirs, a receipt counts."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, RowMapping

from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from journeys import filters, runs
from journeys.definitions import parse
from journeys.filling import fill
from server import erasing
from server.erasing import Eraser, Erasing
from server.importing import load, plan
from server.replaying import run_again
from store.batches import Batches
from store.checks import Check, all_checks, ask_for
from store.db import writing
from store.drops import ALL, DropRow, all_drops, keep_drops, recent_drops
from store.event import identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, put_together, sealed
from store.journeys import JourneyVersion, save_version
from store.plans import KnownPlans
from store.privacy import suppression
from store.privacy.deletion import inserts_under_way
from store.privacy.erasure import (
    HOLD_MS,
    Whom,
    advance,
    begin,
    claim,
    erasure_of,
    erasures_of,
    find_whom,
)
from store.privacy.signing import Signer
from store.privacy.suppression import KnownSuppressions, NotLifted, lift, suppressed_count
from store.projects import create_project
from store.rules import (
    KnownRules,
    ProjectRules,
    alter_rules,
    forget_blocked,
    rules_of,
    rules_within,
    save_rules,
)
from store.settings import Settings
from store.stamps import by_clock
from store.tables import drops, metadata
from tests.gates import Gate, gate

NOW = 1_760_000_000_000  # 2025-10-09T08:53:20Z
ADA, BOB = identity_hash("user", "ada"), identity_hash("user", "bob")
LAPTOP, SHARED = identity_hash("anonymous", "laptop"), identity_hash("anonymous", "shared")


@dataclass
class Place:
    """A Waywiser without its processes: the stores, a worker, and what erases."""

    engine: Engine
    events: EventStore
    ledger: Ledger
    project: int
    now: int = NOW
    refreshed: set[int] = field(default_factory=set)
    sent: int = 0

    def clock(self) -> int:
        return self.now

    @cached_property
    def eraser(self) -> Eraser:
        return Eraser(
            self.engine,
            self.events,
            self.ledger,
            Settings(),
            self.clock,
            lambda _, some: self.refreshed.update(some),
            lambda: self.now / 1000,
        )

    def send(self, *messages: dict[str, Any], work: bool = True) -> None:
        """Put messages into the inbox as one request."""
        envelope = Envelope(
            project=self.project,
            received_at=self.now,
            side="server",
            user_agent="",
            messages=list(map(self.message, messages)),
        )
        put_together(self.engine, [sealed(envelope)])
        if work:
            self.work()

    def message(self, given: dict[str, Any]) -> dict[str, Any]:
        self.sent += 1
        known = {"type": "track", "event": "E", "messageId": f"m{self.sent}"}
        return known | {"timestamp": NOW - 86_400_000 + self.sent * 1000} | given

    def worker(self) -> Worker:
        """A worker that knows of no suppression yet."""
        engine = self.engine
        known = KnownRules(engine).of, KnownPlans(engine).of, KnownSuppressions(engine).of
        carrier = Carrier(
            batches=Batches(engine),
            claims=None,
            events=self.events,
            ledger=self.ledger,
            tools=Tools.opened(Settings(), *known),
            clock=self.clock,
            after=lambda *_: None,
        )
        return Worker(carrier, most_events=20_000)

    def work(self) -> None:
        self.worker().drain()

    def whom(self, number: int = ADA) -> Whom:
        whom = find_whom(self.events, self.ledger, self.project, number)
        assert whom
        return whom

    def erase(self, number: int = ADA) -> dict[str, Any]:
        """Erase a customer to the end; returns the receipt."""
        job = begin(self.engine, self.project, self.whom(number), by="dpo@shop.example", now=self.now)
        self.finish()
        done = erasure_of(self.engine, self.project, job.id)
        assert done
        assert done.receipt, done
        return done.receipt

    def finish(self) -> None:
        keeper = Erasing(self.eraser)
        for _ in range(4):
            keeper.turn()
            self.now += 15_000
        assert all(job.is_done for job in erasures_of(self.engine, self.project)), erasures_of(
            self.engine, self.project
        )

    def stored(self) -> list[str]:
        rows = self.events.query(
            "select if(user_id = '', anonymous_id, user_id) as who from events "
            "where project = {project:UInt32} order by who",
            {"project": self.project},
        )
        return [row["who"] for row in rows]

    def traces(self, *values: str) -> list[str]:
        """Where one of these texts or the hashes of such ids still stand."""
        hashes = [identity_hash(kind, value) for value in values for kind in ("user", "anonymous")]
        found = []
        for row in self.events.query(
            "select table, name, type from system.columns where database = currentDatabase() and table in "
            "(select name from system.tables where database = currentDatabase() and engine like '%MergeTree')"
        ):
            one, where = row["name"], f"select 1 from {row['table']} where"
            if row["type"].endswith("String"):
                sql = f"{where} has({{values:Array(String)}}, toString({one})) limit 1"
            elif row["type"] == "UInt64":
                sql = f"{where} {one} in {{hashes:Array(UInt64)}} limit 1"
            elif row["type"] == "Array(UInt64)":
                sql = f"{where} hasAny({one}, {{hashes:Array(UInt64)}}) limit 1"
            elif one == "spans":
                sql = f"{where} hasAny(spans.customer, {{hashes:Array(UInt64)}}) limit 1"
            else:
                continue
            if self.events.query(sql, {"values": list(values), "hashes": hashes}):
                found.append(f"{row['table']}.{one}")
        with self.engine.connect() as connection:
            rows = [row for one in metadata.sorted_tables for row in connection.execute(one.select())]
        for row in rows:
            said = " ".join(
                bytes(one).decode("utf-8", "replace") if isinstance(one, bytes | memoryview) else str(one)
                for one in row
            )
            found += [said for one in (*map(str, hashes), *(f'"{value}"' for value in values)) if one in said]
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    """Either relational store."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")
    return engine


def open_place(engine: Engine, events: EventStore) -> Place:
    project = create_project(engine, key="shop", name="Shop", now=NOW)
    place = Place(engine, events, Ledger(engine, events), project.id)
    place.send(
        {"anonymousId": "laptop"},
        {
            "anonymousId": "laptop",
            "userId": "ada",
            "type": "identify",
            "traits": {"plan": "pro", "city": "Ulm"},
        },
        {"userId": "ada"},
        {"userId": "bob"},
        {"anonymousId": "eve"},
    )
    return place


@pytest.fixture
def place(db: Engine, events: EventStore) -> Place:
    """Ada with a laptop, Bob, and an anonymous Eve."""
    return open_place(db, events)


@pytest.fixture
def small(engine: Engine, events: EventStore) -> Place:
    """The same on SQLite."""
    return open_place(engine, events)


def drop(project: int, message: Any, **more: Any) -> DropRow:
    original = {"message": message, "received_at": NOW, "side": "server"} | more
    return DropRow(
        project=project, received_at=NOW, place="door", code="bad_type", message="x", original=original
    )


def test_nothing_is_left_of_the_customer_and_the_others_are_untouched(place: Place) -> None:
    with writing(place.engine) as connection:
        keep_drops(
            connection,
            [
                drop(place.project, {"userId": "ada", "properties": 1}),
                drop(place.project, {"anonymousId": "laptop"}),
                drop(place.project, [{"userId": "ada"}]),
                drop(place.project, {"userId": "bob", "name": "ada's friend"}),
            ],
        )
    place.send({"userId": "ada"}, {"userId": "bob"}, work=False)
    job = begin(place.engine, place.project, place.whom(), by="dpo", now=place.now)
    Erasing(place.eraser).turn()
    place.work()
    place.finish()
    assert place.stored() == ["bob", "bob", "eve"]
    assert place.traces("ada", "laptop") == []
    assert sorted(row["code"] for row in recent_drops(place.engine, place.project)) == ["bad_type", "erased"]
    done = erasure_of(place.engine, place.project, job.id)
    assert done
    assert done.receipt
    assert done.receipt["counts"] == {
        "events": 3,
        "traits": 2,
        "runs": 0,
        "sessions": 1,
        "identities": 2,
        "edges": 1,
        "drops": 3,
        "waiting": 1,
        "blocked": 0,
    }


@pytest.mark.parametrize(
    "message",
    [
        {"userId": "ada"},
        {"anonymousId": "laptop"},
        {"userId": "ada", "anonymousId": "a new one"},
        {"userId": "ada", "timestamp": "1850-01-01"},
        {"messageId": "m1", "anonymousId": "laptop"},
    ],
    ids=str,
)
def test_what_comes_afterwards_is_dropped_without_a_word_of_it(small: Place, message: dict[str, Any]) -> None:
    small.erase()
    small.send(message)
    assert small.stored() == ["bob", "eve"]
    (kept,) = recent_drops(small.engine, small.project)
    assert bytes(kept["original"]) == b'{"message":{"context":{}}}'
    report = run_again(small.engine, Settings(), small.project, ALL, False)
    assert report.replayed == 0
    assert small.traces("ada", "laptop", "a new one") == []


def test_a_refused_event_that_gets_the_number_of_a_deleted_one_is_not_erased_in_its_place(
    small: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite gives the highest number again, here between the look at all drops and the deletion."""
    ada, bob = (drop(small.project, {"userId": who}) for who in ("ada", "bob"))
    with writing(small.engine) as connection:
        keep_drops(connection, [ada])
    meanwhile = [bob]

    def replaced(*given: Any) -> Iterator[RowMapping]:
        yield from all_drops(*given)
        if small.stored() == ["bob", "eve"] and meanwhile:
            with writing(small.engine) as connection:
                connection.execute(drops.delete())
                keep_drops(connection, [meanwhile.pop()])

    monkeypatch.setattr("server.erasing.eraser.all_drops", replaced)
    small.erase()
    assert not meanwhile
    (left,) = recent_drops(small.engine, small.project)
    assert msgspec.json.decode(left["original"])["message"] == {"userId": "bob"}


def test_a_refused_event_of_an_erased_customer_is_emptied_by_a_replay(small: Place) -> None:
    small.erase()
    with writing(small.engine) as connection:
        keep_drops(connection, [drop(small.project, small.message({"userId": "ada"}))])
    assert run_again(small.engine, Settings(), small.project, ALL, False).replayed == 0
    assert small.traces("ada") == []
    assert [row["code"] for row in recent_drops(small.engine, small.project)] == ["erased"]


HISTORY = """event,timestamp,user_id,anonymous_id,message_id
E,2025-01-05T10:00:00Z,,laptop,h1
E,2025-01-05T10:01:00Z,ada,,h2
,2025-01-05T10:02:00Z,ada,,h3
,2025-01-05T10:03:00Z,bob,,h4
E,2025-01-05T10:04:00Z,bob,,h5
"""


def test_an_import_keeps_nothing_of_an_erased_customers_rows_bad_ones_included(
    small: Place, tmp_path: Path
) -> None:
    small.erase()
    file = tmp_path / "history.csv"
    file.write_text(HISTORY)
    suppressed = KnownSuppressions(small.engine).of
    tools = Tools.opened(Settings(), KnownRules(small.engine).of, KnownPlans(small.engine).of, suppressed)
    how = plan(file, {}, zone="UTC", where={})
    report = load(small.engine, small.project, file, how, tools=tools, now=NOW, progress=lambda _rows: None)
    tools.close()
    assert (report.accepted, report.rejected) == (1, 4)
    said = [(row["code"], row["field"]) for row in recent_drops(small.engine, small.project)]
    expected = [("bad_row", "row 5"), ("erased", "row 2"), ("erased", "row 3"), ("erased", "row 4")]
    assert sorted(said) == expected
    assert small.traces("ada", "laptop") == []
    assert run_again(small.engine, Settings(), small.project, ALL, False).replayed == 0
    assert [(row["code"], row["field"]) for row in recent_drops(small.engine, small.project)] == said
    small.work()
    assert small.stored() == ["bob", "bob", "eve"]


def test_somebody_else_in_the_same_browser_is_counted_without_the_erased_id(small: Place) -> None:
    small.erase()
    small.send({"userId": "cyd", "anonymousId": "laptop"})
    small.send({"userId": "cyd", "previousId": "ada", "type": "alias"})
    small.send({"userId": "cyd", "previousId": "laptop", "type": "alias"})
    assert small.stored() == ["bob", "cyd", "cyd", "cyd", "eve"]
    assert small.traces("ada", "laptop") == []


def test_a_shared_browser_stays_with_the_others_who_used_it(small: Place) -> None:
    small.send({"userId": "ada", "anonymousId": "shared"})
    small.send({"anonymousId": "shared", "event": "As Ada"})
    small.send({"userId": "bob", "anonymousId": "shared"})
    small.send({"anonymousId": "shared", "event": "As Bob"})
    whom = small.whom()
    assert (whom.shared, whom.neighbours) == ((SHARED,), (BOB,))
    assert small.eraser.counted(small.project, whom)["events"] == 5
    small.erase()
    assert BOB in small.refreshed
    rows = small.events.query("select event, customer, anonymous_id from customer_events order by timestamp")
    mine = [(row["event"], row["customer"]) for row in rows if row["anonymous_id"] == "shared"]
    assert mine == [("E", BOB), ("As Bob", BOB)]
    assert small.traces("ada", "laptop") == []


@pytest.mark.parametrize("stage", list(erasing.STAGES))
def test_an_erasure_that_is_cut_off_goes_on_where_it_was(
    small: Place, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Once after the work of a stage is done and before that is written down."""
    work, cut = erasing.STAGES[stage], [True]

    def fails_first(at: Eraser, job: Any) -> Any:
        values = work(at, job)
        if cut:
            cut.clear()
            raise OSError("the power is off")
        return values

    monkeypatch.setitem(erasing.STAGES, stage, fails_first)
    receipt = small.erase()
    assert cut == []
    assert receipt["counts"]["events"] == 3
    assert small.stored() == ["bob", "eve"]
    assert small.traces("ada", "laptop") == []


def test_a_batch_in_hand_brings_nobody_back(small: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has read the suppressions before goes on with what it has in hand."""
    monkeypatch.setattr(suppression, "REMEMBER_S", 3_600.0)
    worker = small.worker()
    worker.drain()
    small.send({"userId": "bob"}, work=False)
    worker.drain()  # now it knows, for as long as it remembers, that nobody is suppressed
    small.send({"userId": "ada", "anonymousId": "new phone"}, work=False)
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    keeper = Erasing(small.eraser)
    keeper.turn()
    assert small.stored() == ["bob", "bob", "eve"]
    worker.drain()
    assert small.stored() == ["ada", "bob", "bob", "eve"]
    small.finish()
    assert small.stored() == ["bob", "bob", "eve"]
    assert small.traces("ada", "laptop", "new phone") == []
    done = erasure_of(small.engine, small.project, job.id)
    assert done
    assert done.receipt
    assert done.receipt["counts"]["events"] == 4
    assert done.receipt["identities"]["n"] == 3


JOURNEY = {
    "key": "buy",
    "name": "Buy",
    "goal": "Buys",
    "idle_timeout": "30d",
    "steps": [
        {"key": "one", "name": "One", "stage": "A", "match": [{"type": "identify"}]},
        {"key": "two", "name": "Two", "stage": "A", "match": [{"event": "E"}]},
    ],
}


def held_open(place: Place, version: JourneyVersion, gate: Gate) -> threading.Thread:
    """A fill that knows the runs, and stores them once the gate is open."""
    held = f"journey_runs cross join {gate.row} as gate"
    known = f"select toUInt16(1) as journey, customer, runs, cut from {held}"

    def work() -> None:
        params = filters.Params(project=place.project)
        runs.store(place.events, [version], params, runs.Computed(known), by_clock())

    filling = threading.Thread(target=work)
    filling.start()
    while not inserts_under_way(place.events) and filling.is_alive():
        time.sleep(0.01)
    assert filling.is_alive(), "it must have read the events, and not be done"
    return filling


def test_a_fill_that_is_under_way_brings_nobodys_runs_back(small: Place, tmp_path: Path) -> None:
    definition = parse(JOURNEY)
    version = save_version(small.engine, small.project, dict(definition.source), by="test", now=NOW)
    fill(small.events, version, progress=lambda _done, _total: None)
    assert small.eraser.counted(small.project, small.whom())["runs"] == 1
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    with gate(tmp_path) as closed:
        filling = held_open(small, version, closed)
        keeper = Erasing(small.eraser)
        for _ in range(3):
            keeper.turn()
            small.now += 15_000
        waits = erasure_of(small.engine, small.project, job.id)
        assert waits
        assert filling.is_alive()
        assert (waits.stage, waits.receipt) == ("wait for fills", None)
        assert waits.problem == "1 counts of runs or sessions that began before are still under way"
    filling.join()
    assert "journey_runs.customer" in small.traces("ada"), "the fill has brought her back"
    small.finish()
    assert small.traces("ada", "laptop") == []
    done = erasure_of(small.engine, small.project, job.id)
    assert done
    assert done.receipt
    assert done.receipt["counts"]["runs"] == 1


def test_runs_that_a_fill_brought_back_before_the_second_count_are_counted_once(
    small: Place, tmp_path: Path
) -> None:
    definition = parse(JOURNEY)
    version = save_version(small.engine, small.project, dict(definition.source), by="test", now=NOW)
    fill(small.events, version, progress=lambda _done, _total: None)
    begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    with gate(tmp_path) as closed:
        filling = held_open(small, version, closed)
        Erasing(small.eraser).turn()
    filling.join()
    assert "journey_runs.customer" in small.traces("ada")
    small.finish()
    (done,) = erasures_of(small.engine, small.project)
    assert done.counts["second"]["runs"] == 0
    assert done.sums["runs"] == 1


def test_nothing_is_counted_anew_for_who_was_erased(small: Place) -> None:
    """A recomputation that was asked for before would leave a row that names the customer."""
    small.erase()
    erased = KnownSuppressions(small.engine).of(small.project)
    assert erased.without([LAPTOP, BOB, ADA]) == [BOB]


def test_an_erasure_that_another_process_took_over_is_left_to_it(
    small: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)

    def slow(_at: Eraser, _job: Any) -> Any:
        small.now += HOLD_MS + 1
        other = claim(small.engine, now=small.now)
        assert other
        advance(small.engine, other, now=small.now, stage="drops")
        raise OSError("it was too slow")

    with monkeypatch.context() as patch:
        patch.setitem(erasing.STAGES, "count", slow)
        Erasing(small.eraser).turn()
    found = erasure_of(small.engine, small.project, job.id)
    assert found
    assert (found.stage, found.problem, found.held_until) == ("drops", "", small.now + HOLD_MS)


def test_an_erasure_goes_on_also_when_the_clock_was_put_back(small: Place) -> None:
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    assert claim(small.engine, now=small.now), "by a process that ends"
    small.now -= 60_000
    assert claim(small.engine, now=small.now) is None
    small.now -= 3_600_000
    held = claim(small.engine, now=small.now)
    assert held
    assert held.id == job.id


def test_the_clock_of_the_machine_that_was_asked_makes_no_difference(small: Place) -> None:
    """It was an hour behind: the workers may still not know of the suppression."""
    begin(small.engine, small.project, small.whom(), by="dpo", now=small.now - 3_600_000)
    keeper = Erasing(small.eraser)
    keeper.turn()
    assert [job.stage for job in erasures_of(small.engine, small.project)] == ["settle"]
    small.now += 3_001
    keeper.turn()
    assert [job.stage for job in erasures_of(small.engine, small.project)] == ["done"]


def test_an_erasure_waits_until_what_came_before_is_worked_off(small: Place) -> None:
    small.send({"userId": "ada"}, work=False)
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    keeper = Erasing(small.eraser)
    for _ in range(3):
        keeper.turn()
        small.now += 10_000
    waits = erasure_of(small.engine, small.project, job.id)
    assert waits
    assert (waits.stage, waits.problem[:10]) == ("wait", "1 requests")
    small.work()
    small.finish()
    assert small.traces("ada") == []


def test_a_check_of_runs_that_found_the_customer_no_longer_names_it(small: Place) -> None:
    found = Check(version=7, project=small.project, most=9, seed=1, by="", asked_at=NOW, state="done")
    ask_for(small.engine, msgspec.structs.replace(found, differing=2, customers=[ADA, BOB]))
    ask_for(small.engine, msgspec.structs.replace(found, version=8, project=99, customers=[ADA]))
    small.erase()
    checks = all_checks(small.engine)
    assert (checks[7].customers, checks[7].differing) == ([BOB], 2)
    assert checks[8].customers == [ADA], "another project's"


def test_ids_that_the_rules_block_are_taken_out_of_them(small: Place) -> None:
    mails = [{"type": "email", "id": "Ada@Home.example"}]
    small.send({"userId": "ada", "context": {"externalIds": mails}})
    blocked = ("ada@home.EXAMPLE", "LAPTOP", "test@acme.example", "bob")
    save_rules(small.engine, small.project, ProjectRules(blocked_ids=blocked), now=NOW)
    small.ledger.apply_rules(small.project)
    number = identity_hash("user", "ada")
    assert small.erase(number)["counts"]["blocked"] == 1
    assert rules_of(small.engine, small.project).blocked_ids == ("LAPTOP", "test@acme.example", "bob")
    small.erase(LAPTOP)
    assert rules_of(small.engine, small.project).blocked_ids == ("test@acme.example", "bob")


def test_rules_that_an_admin_changes_at_this_moment_stay_changed(
    pg_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(pg_engine, key="shop", name="Shop", now=NOW).id
    save_rules(pg_engine, project, ProjectRules(blocked_ids=("ada", "bob")), now=NOW)

    def change() -> None:
        def alter(standing: ProjectRules) -> ProjectRules:
            return msgspec.structs.replace(standing, most_neighbours=7)

        alter_rules(pg_engine, project, alter, now=NOW)

    admin = threading.Thread(target=change)

    def read(*given: Any) -> ProjectRules:
        found = rules_within(*given)
        if admin.ident is None:
            admin.start()
            admin.join(timeout=1)
        return found

    monkeypatch.setattr("store.rules.rules_within", read)
    forget_blocked(pg_engine, project, lambda value: value == "ada", now=NOW)
    admin.join()
    assert rules_of(pg_engine, project) == ProjectRules(blocked_ids=("bob",), most_neighbours=7)


def test_one_who_has_a_single_id_is_erased_too(small: Place) -> None:
    eve = identity_hash("anonymous", "eve")
    assert small.whom(eve).name == "eve"
    assert small.erase(eve)["counts"]["events"] == 1
    small.send({"anonymousId": "eve"})
    assert small.stored() == ["ada", "ada", "bob", "laptop"]


def test_nobody_is_known_by_a_number_that_was_never_seen(small: Place) -> None:
    assert find_whom(small.events, small.ledger, small.project, 12345) is None


def test_a_lifted_suppression_lets_the_person_come_back_with_all_ids(small: Place) -> None:
    small.erase()
    assert suppressed_count(small.engine, small.project) == 1
    assert lift(small.engine, small.project, [identity_hash("user", "bob")]) == 0
    assert lift(small.engine, small.project, [ADA]) == 1
    assert suppressed_count(small.engine, small.project) == 0
    small.send({"userId": "ada", "anonymousId": "laptop"})
    assert small.stored() == ["ada", "bob", "eve"]
    assert small.whom().numbers == sorted({ADA, LAPTOP})


def test_nobody_comes_back_while_being_erased(small: Place) -> None:
    """The second pass would delete what came meanwhile, and suppress the ids again."""
    begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    with pytest.raises(NotLifted, match="when the erasure is done"):
        lift(small.engine, small.project, [LAPTOP])
    small.finish()
    assert lift(small.engine, small.project, [LAPTOP]) == 1


def test_a_suppression_holds_in_its_own_project_only(small: Place) -> None:
    other = create_project(small.engine, key="other", name="Other", now=NOW)
    small.erase()
    mine, small.project = small.project, other.id
    small.send({"userId": "ada"})
    assert small.stored() == ["ada"]
    assert suppressed_count(small.engine, mine) == 1


def test_the_same_customer_is_erased_once_at_a_time(small: Place) -> None:
    first = begin(small.engine, small.project, small.whom(), by="a", now=NOW)
    again = begin(small.engine, small.project, small.whom(), by="b", now=NOW)
    assert first.id == again.id


def test_a_receipt_is_valid_until_a_byte_of_it_changes(small: Place) -> None:
    signer = Signer.of(small.engine, Settings())
    receipt = small.erase()
    assert signer.is_valid(receipt)
    assert not Signer.of(small.engine, Settings(secret_key="another")).is_valid(receipt)
    text = msgspec.json.encode(receipt)
    for place in range(len(text)):
        changed = text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        try:
            other = msgspec.json.decode(changed)
        except msgspec.DecodeError:
            continue
        assert other == receipt or not (isinstance(other, dict) and signer.is_valid(other)), changed


def test_a_receipt_names_nobody_and_proves_whom_it_is_about(small: Place) -> None:
    receipt = small.erase()
    ids, signer = receipt["identities"], Signer.of(small.engine, Settings())
    assert signer.hash_of([LAPTOP, ADA], ids["salt"]) == ids["hash"]
    assert signer.hash_of([ADA], ids["salt"]) != ids["hash"]
    # As a word: digests may have these letters.
    assert not re.search(r"\bada\b", msgspec.json.encode(receipt).decode())


def test_the_thread_works_off_what_a_former_process_left(small: Place) -> None:
    job = begin(small.engine, small.project, small.whom(), by="dpo", now=small.now)
    keeper = Erasing(Eraser(**{**vars(small.eraser), "seconds": time.monotonic, "first_seen": {}}))
    keeper.chore.start()
    for _ in range(300):
        found = erasure_of(small.engine, small.project, job.id)
        if found and found.is_done:
            break
        small.now += 100
        keeper.chore.breathe(0.1)
    keeper.chore.stop()
    assert found
    assert found.is_done
    assert small.stored() == ["bob", "eve"]
