"""Replay: what was refused and would be accepted now is counted, once, however often it is run again."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, event

from collector.pipeline import Tools
from collector.replay import AT_ONCE, NO_MESSAGE, replay, verdict
from collector.worker import Worker
from store.batches import Batches
from store.db import writing
from store.drops import Chosen, DropRow, ReplayReport, drops_by_code, keep_drops, recent_drops
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, waiting
from store.ingestion import HOUR, by_detail, hour_of
from store.projects import create_project
from store.rules import STANDARD, ProjectRules
from store.settings import Settings
from tests.collector.conftest import NOW, Clock, Site

DAY = 86_400_000
EVERY = Chosen()
GOOD = {"type": "track", "userId": "u1", "event": "Paid"}
NOBODY = {"type": "track", "event": "Paid"}
Make = Callable[..., Worker]


class Killed(BaseException):
    """The process dies here."""


def drop(message: Any, *, code: str = "bad_type", **facts: Any) -> DropRow:
    """A drop as the door keeps it."""
    place = facts.pop("place", "door")
    known = {
        "received_at": NOW,
        "side": "browser",
        "history": False,
        "ip": "81.2.69.0",
        "user_agent": "Mozilla/5.0",
        "sent_at": NOW - 1_000,
    }
    return DropRow(
        project=1,
        received_at=NOW,
        place=place,
        code=code,
        field=facts.pop("field", ""),
        message=facts.pop("reason", "as it was then"),
        original={"message": message, **known, **facts},
    )


def keep(engine: Engine, rows: Sequence[DropRow]) -> None:
    with writing(engine) as connection:
        keep_drops(connection, rows)


def again(engine: Engine, chosen: Chosen = EVERY, *, settings: Settings | None = None, **more: Any) -> Any:
    return replay(engine, 1, chosen, tools=Tools.opened(settings or Settings()), **more)


def entered(engine: Engine) -> list[Envelope]:
    """What waits in the inbox, given back afterwards."""
    batches = Batches(engine)
    batch = batches.claim(now=NOW, most_events=1_000_000)
    if batch is None:
        return []
    batches.release(batch)
    return list(batch.envelopes())


def stored(events: EventStore) -> list[str]:
    return [row["message_id"] for row in events.query("select message_id from events order by message_id")]


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    """Either relational store, with one project."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")
    assert create_project(engine, key="shop", name="Shop", now=NOW).id == 1
    return engine


def test_a_drop_comes_back_with_all_that_its_request_said(db: Engine) -> None:
    keep(db, [drop({**GOOD, "messageId": "m1"}, received_at=NOW - DAY, history=True)])
    report = again(db)
    assert (report.replayed, report.still_refused, report.left) == (1, 0, 0)
    assert report.last > 0
    assert drops_by_code(db, 1) == {}
    assert entered(db) == [
        Envelope(
            project=1,
            received_at=NOW - DAY,
            side="browser",
            history=True,
            ip="81.2.69.0",
            user_agent="Mozilla/5.0",
            sent_at=NOW - 1_000,
            messages=[{**GOOD, "messageId": "m1"}],
        )
    ]


CASES = [
    ("no identity", drop(NOBODY), "door", "missing_identity"),
    ("no object", drop("text"), "door", "bad_type"),
    ("too large", drop({**GOOD, "properties": {"x": "y" * 33_000}}), "door", "too_large"),
    ("a junk identity", drop({**GOOD, "userId": "null"}), "pipeline", "missing_identity"),
    ("too old", drop({**GOOD, "timestamp": "2001-01-01T00:00:00Z"}), "pipeline", "too_old"),
]


@pytest.mark.parametrize(("row", "place", "code"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_what_is_still_refused_stays_with_its_new_reason(
    engine: Engine, row: DropRow, place: str, code: str
) -> None:
    keep(engine, [row])
    report = again(engine)
    kept = recent_drops(engine, 1)[0]
    assert (report.replayed, report.still_refused) == (0, 1)
    assert [(one.code, one.n) for one in report.reasons] == [(code, 1)]
    assert (kept["place"], kept["code"]) == (place, code)
    assert kept["message"] == report.reasons[0].message != "as it was then"
    assert msgspec.json.decode(kept["original"]) == row.original
    assert waiting(engine) == 0


def test_a_dry_run_says_what_would_happen_and_changes_nothing(db: Engine) -> None:
    keep(db, [drop(GOOD), drop(NOBODY), drop(GOOD)])
    before = [dict(row) for row in recent_drops(db, 1)]
    report = again(db, dry_run=True)
    assert (report.replayed, report.still_refused) == (2, 1)
    assert [dict(row) for row in recent_drops(db, 1)] == before
    assert waiting(db) == 0


def test_only_the_chosen_drops_of_the_project_are_run_again(db: Engine) -> None:
    create_project(db, key="other", name="Other", now=NOW)
    keep(db, [drop(GOOD, code="a"), drop(GOOD, code="b"), drop(GOOD, code="b")])
    keep(db, [msgspec.structs.replace(drop(GOOD, code="b"), project=2)])
    newest = recent_drops(db, 1)[0]["id"]
    assert again(db, Chosen(ids=(newest, newest + 1))).replayed == 1, "that of another project is left alone"
    assert drops_by_code(db, 2) == {"b": 1}
    assert again(db, Chosen(code="b")).replayed == 1
    assert again(db, Chosen(before=NOW)).replayed == 0
    assert again(db, Chosen(since=NOW, place="door")).replayed == 1
    assert drops_by_code(db, 1) == {}


def test_a_bounded_replay_says_how_many_are_left(engine: Engine) -> None:
    keep(engine, [drop({**GOOD, "messageId": f"m{n:04}"}) for n in range(2 * AT_ONCE + 5)])
    told: list[int] = []
    report = again(engine, most=AT_ONCE + 2, progress=told.append)
    assert (report.replayed, report.left) == (AT_ONCE + 2, AT_ONCE + 3)
    assert told == [AT_ONCE, AT_ONCE + 2]
    assert entered(engine)[0].messages[0]["messageId"] == "m0000", "the oldest go first"
    assert again(engine).replayed == AT_ONCE + 3
    assert waiting(engine) == 2 * AT_ONCE + 5


def test_a_bounded_replay_can_go_on_behind_what_stays_refused(engine: Engine) -> None:
    keep(engine, [drop(NOBODY), drop(NOBODY), drop(GOOD)])
    first = again(engine, most=2)
    assert (first.replayed, first.still_refused, first.left) == (0, 2, 1)
    second = again(engine, Chosen(above=first.reached), most=2)
    assert (second.replayed, second.still_refused, second.left) == (1, 0, 0)


@pytest.mark.parametrize("given", [{}, {"messageId": None}, {"messageId": ""}, {"messageId": "  "}], ids=str)
def test_a_message_without_an_id_gets_one_that_its_drop_determines(
    engine: Engine, given: dict[str, Any]
) -> None:
    keep(engine, [drop({**GOOD, **given}), drop({**GOOD, **given})])
    tools = Tools.opened(Settings())
    once, twice = ([verdict(row, tools) for row in recent_drops(engine, 1)] for _ in range(2))
    assert once == twice
    again(engine)
    ids = [one.messages[0]["messageId"] for one in entered(engine)]
    assert len(set(ids)) == 2, "two events that look alike are two"
    assert all(re.fullmatch(r"drop-[0-9a-f]{32}", one) for one in ids)


def test_rows_that_could_not_be_read_say_why_they_cannot_be_run_again(engine: Engine) -> None:
    unreadable = drop(
        {}, place="import", code="bad_row", field="row 7", reason="a.csv, row 7: two cells too many"
    )
    damaged = drop(None, place="worker", code="poison", reason="damaged")
    keep(engine, [unreadable, damaged])
    report = again(engine)
    assert [(one.code, one.n) for one in report.reasons] == [(NO_MESSAGE, 2)]
    assert "import the file again" in report.reasons[0].message
    kept = {row["code"]: row["message"] for row in recent_drops(engine, 1)}
    assert kept == {"bad_row": "a.csv, row 7: two cells too many", "poison": "damaged"}


def test_a_row_of_an_import_keeps_its_file_and_number_beside_a_new_reason(engine: Engine) -> None:
    keep(engine, [drop(NOBODY, place="import", code="bad_row", field="row 7", reason="a.csv, row 7: old")])
    again(engine)
    row = recent_drops(engine, 1)[0]
    assert (row["place"], row["code"], row["field"]) == ("import", "bad_row", "row 7")
    assert row["message"] == "a.csv, row 7: an event needs a `userId` or an `anonymousId`"


def test_after_a_fix_the_events_are_counted_with_their_own_times(
    engine: Engine, make_worker: Make, events: EventStore, site: Site, clock: Clock
) -> None:
    old = {**GOOD, "timestamp": NOW - 800 * DAY, "messageId": "m-old"}
    assert site.post("/v1/batch", {"batch": [old, {**GOOD, "messageId": "m-new"}]}).status_code == 200
    make_worker().drain()
    assert drops_by_code(engine, site.project) == {"too_old": 1}
    assert again(engine).still_refused == 1
    clock.now += 20 * DAY
    fixed = Settings(retention_days=1000)
    assert again(engine, settings=fixed).replayed == 1
    make_worker(settings=fixed).drain()
    rows = events.query(
        "select message_id as id, toUnixTimestamp64Milli(timestamp) as at, "
        "toUnixTimestamp64Milli(received_at) as received, side from events order by id"
    )
    assert rows == [
        {"id": "m-new", "at": NOW, "received": NOW, "side": "server"},
        {"id": "m-old", "at": NOW - 800 * DAY, "received": NOW, "side": "server"},
    ]


def test_the_ingestion_counts_name_every_event_once_as_what_it_is_now(
    engine: Engine, make_worker: Make, site: Site
) -> None:
    def counts() -> dict[tuple[str, str], int]:
        rows = by_detail(engine, site.project, hour_of(NOW), hour_of(NOW) + HOUR)
        return {(what, detail): n for what, detail, n in rows if n}

    old = {**GOOD, "timestamp": NOW - 800 * DAY, "context": {"library": {"name": "lib", "version": "1"}}}
    site.post("/v1/batch", {"batch": [old, old, NOBODY, GOOD]})
    make_worker().drain()
    assert counts() == {
        ("accepted", ""): 1,
        ("dropped", "missing_identity"): 1,
        ("dropped", "too_old"): 2,
    }
    first = recent_drops(engine, site.project, Chosen(code="too_old"))[-1]["id"]
    again(engine, Chosen(ids=(first,)), settings=Settings(retention_days=1000))
    make_worker(settings=Settings(retention_days=1000)).drain()
    assert counts() == {
        ("accepted", ""): 2,
        ("late", ""): 1,
        ("dropped", "missing_identity"): 1,
        ("dropped", "too_old"): 1,
    }
    again(engine, settings=Settings(retention_days=1000, old_times="drop"))
    make_worker().drain()  # with the limit that it had: refused anew
    assert counts()["dropped", "too_old"] == 1
    again(engine, settings=Settings(old_times="keep", future_times="drop"))
    make_worker(settings=Settings(old_times="keep")).drain()
    assert sum(n for (what, _), n in counts().items() if what in ("accepted", "dropped")) == 4


def test_an_event_that_meanwhile_arrived_under_the_same_id_is_counted_once(
    engine: Engine, make_worker: Make, events: EventStore, site: Site
) -> None:
    message = {**GOOD, "messageId": "m1"}
    assert site.post("/v1/track", message).status_code == 200
    worker = make_worker()
    worker.drain()
    keep(engine, [drop(message), drop(message)])  # its sender had tried it twice before
    assert again(engine).replayed == 2
    worker.drain()
    assert stored(events) == ["m1"]


def test_what_the_pipeline_refuses_again_is_a_drop_again(
    engine: Engine, make_worker: Make, site: Site
) -> None:
    keep(engine, [drop({**GOOD, "timestamp": NOW - 800 * DAY})])
    assert again(engine, settings=Settings(retention_days=1000)).replayed == 1
    make_worker().drain()  # with the limit that it had
    row = recent_drops(engine, site.project)[0]
    assert (row["place"], row["code"]) == ("pipeline", "too_old")
    assert msgspec.json.decode(row["original"])["ip"] == "81.2.69.0"


def test_several_replays_at_once_bring_every_drop_back_once(db: Engine) -> None:
    n = 3 * AT_ONCE
    keep(db, [drop({**GOOD, "messageId": f"m{i}"}) for i in range(n)])
    reports: list[ReplayReport] = []
    threads = [threading.Thread(target=lambda: reports.append(again(db))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.replayed for report in reports) == n
    found = Counter(one.messages[0]["messageId"] for one in entered(db))
    assert (len(found), found.total()) == (n, n)
    assert drops_by_code(db, 1) == {}


@pytest.mark.parametrize("when", ["before commit", "after commit"])
def test_a_replay_that_dies_leaves_every_event_in_one_place(
    engine: Engine, make_worker: Make, events: EventStore, site: Site, when: str
) -> None:
    ids = [f"m{n:03}" for n in range(2 * AT_ONCE + 50)]
    keep(engine, [drop({**GOOD, "messageId": one}) for one in ids])
    commits = 0

    def die(*_: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise Killed

    if when == "before commit":  # of the second page
        event.listen(engine, "commit", lambda connection: _is_writing(connection) and die())
        with pytest.raises(Killed):
            again(engine)
    else:
        with pytest.raises(Killed):
            again(engine, progress=die)
    in_drops = sum(drops_by_code(engine, site.project).values())
    assert (waiting(engine), in_drops) == ((AT_ONCE, AT_ONCE + 50) if "before" in when else (2 * AT_ONCE, 50))
    commits = 10
    again(engine)
    make_worker().drain()
    assert stored(events) == ids


def _is_writing(connection: Any) -> bool:
    return bool(connection.get_execution_options().get("waywiser_write"))


def test_a_number_that_was_given_to_a_new_drop_is_left_alone(engine: Engine, site: Site) -> None:
    keep(engine, [drop({**GOOD, "messageId": "first"})])
    swapped = False

    def rules(_project: int) -> ProjectRules:
        """While the drop is judged, another replay takes it, and a new drop gets its number."""
        nonlocal swapped
        if not swapped:
            swapped = True
            assert again(engine).replayed == 1
            keep(engine, [drop({**GOOD, "messageId": "second"})])
        return STANDARD

    report = replay(engine, 1, EVERY, tools=Tools.opened(Settings(), rules))
    assert report.replayed == 0
    assert [one.messages[0]["messageId"] for one in entered(engine)] == ["first"]
    assert drops_by_code(engine, site.project) == {"bad_type": 1}


def test_replays_beside_workers_on_postgresql_count_every_event_once(
    pg_engine: Engine, make_worker: Make, events: EventStore
) -> None:
    project = create_project(pg_engine, key="shop", name="Shop", now=NOW).id
    ids = [f"m{n:03}" for n in range(2 * AT_ONCE)]
    keep(pg_engine, [drop({**GOOD, "messageId": one}) for one in (*ids, *ids)])
    worker = make_worker(batches=Batches(pg_engine), ledger=Ledger(pg_engine, events))
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            worker.drain()
        worker.drain()

    threads = [threading.Thread(target=again, args=(pg_engine,)) for _ in range(2)]
    working = threading.Thread(target=work)
    for thread in (working, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    working.join()
    assert stored(events) == ids
    assert drops_by_code(pg_engine, project) == {}
