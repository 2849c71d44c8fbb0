"""Functions made from a tracking plan: valid, typed, the same each time, and they track as the plan says."""

from __future__ import annotations

import builtins
import json
import keyword
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mypy import api as mypy

import waywiser
from waywiser import Client, MemoryTransport
from waywiser.codegen import PlanError, generate, main

PLAN: dict[str, Any] = {
    "events": [
        {
            "event": "Order Paid",
            "description": 'Money has come in.\nSays "paid" at the till, \\ and nowhere """else"""',
            "schema": {
                "properties": {
                    "amount": {"type": "number", "minimum": 0},
                    "currency": {"enum": ["EUR", "GBP", "U\"S'D", "\U0001f4b6"]},
                    "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
                    "paidAt": {"type": "string", "format": "date-time"},
                    "due": {"type": ["string", "null"], "format": "date"},
                    "class": {"type": "string"},
                    "user_id": {"type": "string"},
                    "user-id": {"type": "string"},
                    "properties": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "dict": {"type": "boolean"},
                    "2nd line": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "integer"}]},
                    "level": {"enum": [1, 2, None, 1.5, True]},
                    "anything": True,
                    "list": {"const": "x"},
                    "date": {"type": "integer"},
                },
                "required": ["amount", "currency", "due", "undescribed"],
                "additionalProperties": False,
                "$defs": {"item": {"type": "object", "properties": {"sku": {"type": "string"}}}},
            },
        },
        {"event": "order-paid"},
        {
            "event": "Order paid",
            "schema": {"properties": {"loop": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
        },
        {"event": "Print", "description": "", "schema": True},
        {"event": "Datetime"},
        {"event": "class"},
        {"event": "42"},
        {"event": "!?"},
        {"event": "Zahlung für Ärger ②"},
        {"event": "Заказ оплачен", "description": "x" * 300},
        {"event": '"""\nimport os\n"""', "description": '"'},
    ]
}


def module(plan: object) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(generate(plan), "events.py", "exec"), names)
    return names


def test_every_event_has_a_function_with_a_name_that_is_valid_and_new() -> None:
    names = module(PLAN)
    assert names["__all__"] == sorted(names["__all__"])
    assert set(names["__all__"]) == {
        *("order_paid", "order_paid_", "order_paid_2", "print_", "datetime_", "class_", "n42", "unnamed"),
        *("zahlung_für_ärger_2", "заказ_оплачен", "import_os"),
    }
    assert all(names[name].__doc__ for name in names["__all__"])


def test_the_functions_track_what_the_plan_says(memory: MemoryTransport, client: Client) -> None:
    names = module(PLAN)
    assert names["order_paid"](
        client, amount=49.5, currency="\U0001f4b6", due=None, undescribed=[1], class_="a", user_id_="b",
        user_id_2="c", properties_={"n": 1}, dict_=True, n2nd_line=7, date=3, user_id=42,
    )  # fmt: skip
    assert names["import_os"](client, more={"extra": 1}, anonymous_id="a", message_id="m-1")
    first, second = memory.messages
    assert (first["event"], first["userId"]) == ("Order Paid", "42")
    assert first["properties"] == {
        "amount": 49.5,
        "currency": "\U0001f4b6",
        "due": None,
        "undescribed": [1],
        "class": "a",
        "user_id": "b",
        "user-id": "c",
        "properties": {"n": 1},
        "dict": True,
        "2nd line": 7,
        "date": 3,
    }
    assert (second["event"], second["anonymousId"]) == ('"""\nimport os\n"""', "a")
    assert (second["messageId"], second["properties"]) == ("m-1", {"extra": 1})


def test_the_same_plan_in_any_order_gives_the_same_file() -> None:
    code = generate(PLAN)
    assert generate({"events": PLAN["events"][::-1]}) == code
    assert generate(json.loads(json.dumps(PLAN))) == code


def test_types_are_as_narrow_as_the_schema() -> None:
    code = generate(PLAN)
    for line in (
        "amount: float,",
        "due: str | date | None,",
        "undescribed: Any,",
        "items: list[Mapping[str, Any]] | None = None,",
        "paid_at: str | datetime | None = None,",
        "properties_: Mapping[str, int] | None = None,",
        "n2nd_line: int | str | None = None,",
        "level: Literal[1, 2, True] | float | None = None,",
        'list: Literal["x"] | None = None,',
        "anything: Any = None,",
        "loop: Any = None,",
    ):
        assert f"    {line}\n" in code, line


USE = """
from datetime import date
from events import *
from waywiser import Client
from events import order_paid as paid, order_paid_ as open_one

def good(ww: Client) -> bool:
    return paid(ww, amount=1, currency="EUR", due=date(2026, 1, 1), undescribed=0, user_id=7)

def more(ww: Client) -> bool:
    return open_one(ww, more={"a": 1})
"""
WRONG = {
    'paid(ww, amount="1", currency="EUR", due=None, undescribed=0)': "arg-type",
    'paid(ww, amount=1, currency="XXX", due=None, undescribed=0)': "arg-type",
    'paid(ww, amount=1, currency="EUR", undescribed=0)': "call-arg",
    'paid(ww, amount=1, currency="EUR", due=None, undescribed=0, more={})': "call-arg",
}


def checked(folder: Path, monkeypatch: pytest.MonkeyPatch, *files: str) -> str:
    monkeypatch.setenv("MYPYPATH", str(Path(waywiser.__file__).parent.parent))
    monkeypatch.chdir(folder)
    (folder / "mypy.ini").write_text("[mypy]\n")
    settings = [
        "--strict",
        "--warn-unreachable",
        "--cache-dir",
        str(folder / "cache"),
        "--python-version",
        "3.10",
    ]
    return mypy.run([*settings, "--config-file", "mypy.ini", *files])[0]


def test_a_strict_type_checker_accepts_the_file_and_finds_wrong_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.py").write_text(generate(PLAN), encoding="utf-8")
    (tmp_path / "empty.py").write_text(generate({"events": []}), encoding="utf-8")
    lines = [f"def wrong_{number}(ww: Client) -> None: {call}" for number, call in enumerate(WRONG)]
    (tmp_path / "use.py").write_text(USE + "\n".join(lines) + "\n")
    found = checked(tmp_path, monkeypatch, "events.py", "empty.py", "use.py")
    errors = [line for line in found.splitlines() if "error:" in line]
    assert [line.rpartition("[")[2].rstrip("]") for line in errors] == list(WRONG.values()), found
    assert all(line.startswith("use.py") for line in errors)


# All that the generated code itself may use, and what else a plan may well call a property.
NAMES = sorted({each.lower() for each in (*dir(builtins), *keyword.kwlist)})
MORE = ["any", "client", "date", "datetime", "literal", "mapping", "match", "self", "union", "uuid"]


def test_a_property_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [{"type": "string"}, {"type": "array"}, {"type": "object"}, {"enum": ["a"]}]
    properties = {name: kinds[at % len(kinds)] for at, name in enumerate([*NAMES, *MORE])}
    schema = {"properties": properties, "required": list(properties)[::3]}
    code = generate({"events": [{"event": "Everything Named", "schema": schema}]})
    (tmp_path / "events.py").write_text(code, encoding="utf-8")
    found = checked(tmp_path, monkeypatch, "events.py")
    assert "error:" not in found, found


def test_what_is_not_used_is_not_imported(tmp_path: Path) -> None:
    plain = generate({"events": [{"event": "A"}]})
    assert "Literal" not in plain
    assert "import datetime\n" in plain
    assert "date, datetime" in generate(PLAN)


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    command = [sys.executable, "-m", "waywiser.codegen"]
    subprocess.run([*command, "plan.json", "--out", "events.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "events.py").read_text(encoding="utf-8") == generate(PLAN)
    done = subprocess.run(
        [*command, "-"], input='{"events": []}', capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == generate({"events": []})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("events: []", "this is no tracking plan"),
        ("[]", "there is no list `events`"),
        ('{"events": [{"event": "A"}, {"name": "B"}]}', "events[1] has no `event`"),
        ('{"events": [{"event": "A", "schema": 7}]}', "events[0].schema is no JSON Schema"),
        ('{"events": [{"event": "A"}, {"event": "A"}]}', "'A' stands twice"),
        ("[" * 100_000, "this is no tracking plan"),
    ],
)
def test_a_file_that_is_no_plan_is_said_to_be_none(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_text(text)
    (tmp_path / "events.py").write_text("# as it was\n")
    assert main([str(tmp_path / "plan.json"), "--out", str(tmp_path / "events.py")]) == 2
    assert complaint in capsys.readouterr().err
    assert (tmp_path / "events.py").read_text() == "# as it was\n"


def test_files_that_cannot_be_read_or_written_are_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    (tmp_path / "plan.json").write_text('{"events": []}')
    assert main([str(tmp_path / "plan.json"), "--out", str(tmp_path / "no" / "events.py")]) == 2
    said = capsys.readouterr().err
    assert "the plan cannot be read" in said
    assert "the file cannot be written" in said


def test_a_plan_error_is_a_value_error() -> None:
    with pytest.raises(PlanError):
        generate(None)
