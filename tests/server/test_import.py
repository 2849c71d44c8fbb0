"""Imports: real logs give their known counts, a second time changes nothing, bad rows are kept aside."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, event

from collector.pipeline import Tools
from server import importing
from server.commands.data import import_file
from server.importing import plan
from store.complaint import Complaint
from store.db import writing
from store.drops import count_drops
from store.projects import create_project
from store.settings import Settings
from store.tables import drops
from tests.installation import Installation

NOW = 1_760_000_000_000  # 2025-10-09T08:53:20Z
SHOP = ("product_view", "add_to_cart", "cart", "shipping_details", "payment_details", "purchase")
LOAN = ("A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_APPROVED")


@pytest.fixture
def waywiser(tmp_path: Path) -> Installation:
    place = Installation(tmp_path)
    place.init()
    return place


def load(place: Installation, file: Path, *options: str) -> dict[str, object]:
    done = place.run("import", str(file), "--project", "main", "--json", *options)
    return json.loads(done.stdout)


def journey(place: Installation, key: str, names: tuple[str, ...]) -> None:
    steps = [{"key": f"s{n}", "name": name, "match": [{"event": name}]} for n, name in enumerate(names)]
    file = place.folder / f"{key}.yaml"
    file.write_text(json.dumps({"key": key, "name": key, "steps": steps, "idle_timeout": "365d"}))
    place.run("journey", "apply", str(file), "--project", "main")


def progressed(place: Installation, key: str) -> list[int]:
    funnel = place.api(f"/journeys/{key}/funnel?from=2000-01-01&unit=customers")
    return [step["progressed"] for step in funnel["steps"]]


@pytest.mark.slow
def test_real_logs_give_the_counts_that_are_known(waywiser: Installation, shared_data: Path) -> None:
    expected = json.loads((shared_data / "expected" / "runs.json").read_text())
    journey(waywiser, "shop", SHOP)
    assert load(waywiser, shared_data / "ecom.csv.gz")["accepted"] == 31_106
    loan = shared_data / "loan_applications.csv.gz"
    report = load(waywiser, loan, "--map", "user_id=case_id", "--where", "lifecycle=COMPLETE")
    assert (report["rows"], report["accepted"], report["rejected"]) == (262_200, 164_506, 0)
    journey(waywiser, "loan", LOAN)
    assert load(waywiser, shared_data / "ecom.csv.gz")["accepted"] == 31_106
    waywiser.start()
    assert waywiser.api("/health")["events"]["n"] == 31_106 + 164_506
    assert progressed(waywiser, "shop") == expected["ecom.shop"]["customers"]["progressed"]
    assert progressed(waywiser, "loan") == expected["loan.application"]["customers"]["progressed"]
    waywiser.stop()


@pytest.mark.slow
def test_bad_rows_are_kept_aside_with_their_number_and_the_good_ones_load_once(
    waywiser: Installation,
) -> None:
    file = waywiser.folder / "some.csv"
    file.write_text(
        "event,timestamp,user_id,plan\n"
        "Signed Up,2026-01-02 10:00:00,anna,pro\n"
        ",2026-01-02 10:00:00,ben,pro\n"
        "Signed Up,yesterday,cleo,pro\n"
        "Signed Up,2026-01-02 10:00:00,dora\n"
        "Signed Up,2026-01-02 10:00:00,,pro\n"
        "Signed Up,2026-01-02 10:00:00,anna,pro\n"
    )
    report = load(waywiser, file, "--timezone", "Europe/Berlin")
    assert (report["rows"], report["accepted"], report["rejected"]) == (6, 2, 4)
    assert [number for number, _ in report["problems"]] == [3, 4, 5, 6]
    load(waywiser, file, "--timezone", "Europe/Berlin")
    waywiser.start()
    assert waywiser.api("/health")["events"]["n"] == 2
    anna = waywiser.api("/customers?query=anna")["customers"][0]["customer"]
    events = waywiser.api(f"/customers/{anna}/timeline")["events"]
    assert [one["at"] for one in events] == ["2026-01-02T09:00:00.000Z"] * 2
    assert events[0]["properties"] == {"plan": "pro"}
    assert {drop["field"] for drop in waywiser.api("/drops")["drops"]} == {f"row {n}" for n in (3, 4, 5, 6)}
    waywiser.stop()


def test_very_many_bad_rows_take_neither_memory_nor_a_look_at_all_refused_events_for_each(
    engine: Engine, tmp_path: Path
) -> None:
    project = create_project(engine, key="shop", name="Shop", now=NOW).id
    deleting: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def listen(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if sql.lower().startswith("delete from drops"):
            deleting.append(sql)

    def peak(n: int) -> int:
        file = tmp_path / f"{n}.csv"
        file.write_text("event,timestamp,user_id\n" + "Paid,2026-01-02\n" * n)
        how = plan(file, {}, zone="UTC", where={})
        tracemalloc.start()
        tools = Tools.opened(Settings())
        report = importing.load(engine, project, file, how, tools=tools, now=NOW, progress=lambda _rows: None)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (report.rejected, count_drops(engine, project, up_to=2**31)) == (n, n)
        return most

    peak(2_000)
    few = peak(2_000)  # in place of the same rows
    assert len(deleting) == 4
    with writing(engine) as connection:
        connection.execute(drops.delete())
    assert peak(8_000) < few + 1_000_000


@pytest.mark.slow
def test_an_import_says_how_many_events_were_known_already(waywiser: Installation) -> None:
    file = waywiser.folder / "some.csv"
    file.write_text("event,timestamp,user_id\nPaid,2026-01-02,anna\nPaid,2026-01-03,anna\n")
    words = ("import", str(file), "--project", "main")
    assert waywiser.run(*words).stdout.splitlines()[-1] == "2 rows: 2 taken in, 0 left out by --where"
    assert waywiser.run(*words).stdout.splitlines()[-2:] == [
        "2 rows: 2 taken in, 0 left out by --where",
        "2 of those taken in were known already and are counted once",
    ]
    with file.open("a") as more:
        more.write("Paid,2026-01-04,ben\n")
    report = load(waywiser, file)
    assert (report["accepted"], report["known"]) == (3, 2)
    waywiser.start()
    assert "events that were known already are counted once" in waywiser.run(*words).stdout
    assert load(waywiser, file)["known"] is None  # another process took them
    waywiser.stop()


@pytest.mark.slow
def test_json_lines_and_parquet_are_the_same_events(waywiser: Installation) -> None:
    rows = [
        {"event": "Paid", "time": "2026-03-01T10:00:00+01:00", "customer": "anna", "amount": 5},
        {"event": "Paid", "time": "2026-03-02T10:00:00Z", "customer": "ben", "amount": 7},
    ]
    lines = waywiser.folder / "some.jsonl"
    lines.write_text("\n".join(json.dumps(row) for row in rows) + "\nno json\n")
    [[number, why]] = load(waywiser, lines)["problems"]
    assert number == 3
    assert why.startswith("is no JSON")
    parquet = waywiser.folder / "some.parquet"
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    assert load(waywiser, parquet)["accepted"] == 2
    waywiser.start()
    assert waywiser.api("/health")["events"]["n"] == 2
    waywiser.stop()


@pytest.mark.slow
def test_json_lines_carry_properties_traits_and_context(waywiser: Installation) -> None:
    rows = [
        {
            "type": "identify",
            "time": "2026-03-01T10:00:00Z",
            "userId": "anna",
            "traits": {"plan": "pro"},
        },
        {
            "event": "Paid",
            "time": "2026-03-01T10:01:00Z",
            "userId": "anna",
            "properties": {"amount": 5},
            "shop": "north",
            "context": {"sequence": 99, "campaign": {"source": "letter"}, "groupId": "acme"},
        },
    ]
    lines = waywiser.folder / "messages.jsonl"
    lines.write_text("\n".join(json.dumps(row) for row in rows))
    report = load(waywiser, lines)
    assert (report["accepted"], report["problems"]) == (2, [])
    waywiser.start()
    [anna] = waywiser.api("/customers?query=pro")["customers"]
    paid = next(
        one
        for one in waywiser.api(f"/customers/{anna['customer']}/timeline")["events"]
        if one["label"] == "Paid"
    )
    assert paid["properties"] == {"amount": 5, "shop": "north"}
    assert paid["source"] == "letter"
    waywiser.stop()


@pytest.mark.slow
def test_odd_values_are_good_rows_or_bad_ones_and_never_lost(waywiser: Installation) -> None:
    good = [
        {"event": "A", "time": "2026-01-01", "user_id": f"u{n}", "message_id": None, "n": 2**70 + n}
        for n in range(5)
    ]
    good.append({"event": "A", "time": "1760000000123", "user_id": "epoch", "new_column": 1})
    bad = [
        {"event": None, "time": "2026-01-01", "user_id": "a"},
        {"event": "A", "time": None, "user_id": "a"},
        {"event": True, "time": "2026-01-01", "user_id": "a"},
        {"event": "A", "time": "2026-01-01", "user_id": ["a"]},
        {"event": "A", "time": "9999-01-01", "user_id": "a"},
        {"event": "A", "time": "2026-01-01", "user_id": "guest"},
    ]
    file = waywiser.folder / "odd.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in [*good, *bad]))
    for _ in range(2):
        report = load(waywiser, file)
        assert (report["accepted"], report["rejected"]) == (6, 6), report["problems"]
    waywiser.start()
    assert waywiser.api("/health")["events"]["n"] == 6
    assert len(waywiser.api("/drops")["drops"]) == 6
    epoch = waywiser.api("/customers?query=epoch")["customers"][0]
    assert epoch["last_seen"] == "2025-10-09T08:53:20.123Z"
    waywiser.stop()


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        ("some.xls", b"x", (), "ends in none of .csv"),
        ("some.csv", b"", (), "its first line must name the columns"),
        ("some.csv", b"who,what\na,b\n", (), "no column for event and timestamp and user_id"),
        ("some.csv", b"event,time,user_id\n", ("--map", "event=name"), "there is no column 'name'"),
        ("some.csv", b"event,time,user_id\n", ("--map", "colour=name"), "'colour' is no field"),
        ("some.csv", b"event,time,user_id\n", ("--map", "event"), "is not of the form NAME=VALUE"),
        ("some.csv.gz", b"not gzip", (), "cannot be read"),
        ("some.csv.gz", gzip.compress(b"event,time,user_id\n")[:20], (), "cannot be read: Compressed file"),
        ("some.csv", b"event,time,user_id\nA,2026-01-01,\xff\xfe\n", (), "can't decode byte 0xff"),
        ("some.parquet", b"PAR0", (), "no Parquet file"),
        ("some.csv", b"event,time,user_id,plan,plan\n", (), "column 'plan' is there twice; give each"),
        ("some.csv", b"event,time,user_id\n", ("--timezone", "Mars/X"), "is no time zone"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused(
    waywiser: Installation,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    options: tuple[str, ...],
    says: str,
) -> None:
    file = waywiser.folder / name
    file.write_bytes(content)
    for variable, value in waywiser.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(waywiser.folder)
    with pytest.raises(Complaint, match=re.escape(says)):
        import_file.main([str(file), "--project", "main", *options], standalone_mode=False)


def test_a_refusal_is_one_sentence(waywiser: Installation) -> None:
    file = waywiser.folder / "some.csv"
    file.write_bytes(b"event,time,user_id\nA,2026-01-01,\xff\xfe\n")
    done = waywiser.run("import", str(file), "--project", "main", fails=True)
    assert done.stderr.startswith("waywiser: some.csv cannot be read: ")
    assert done.stderr.count("\n") == 1
