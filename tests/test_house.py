"""Rules of the house that a linter cannot know."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from inspect import ismodule
from pathlib import Path

import waywiser

from store.event import Event
from store.events import EVENT_SCHEMA, EventStore
from store.settings import PREFIX, Settings, table

ROOT = Path(__file__).parents[1]
ROOMS = ("collector", "store", "journeys", "admin", "server", "tests", "benchmarks")
MODULES = [
    *(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts),
    *(ROOT / "sdk_py" / "waywiser").rglob("*.py"),
]
FORBIDDEN = {"utils", "helpers", "common", "base", "manager", "misc"}


def test_every_module_opens_with_what_the_room_is_for() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert bare == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path.name for path in MODULES if path.stem in FORBIDDEN] == []


# Modules that reach other machines, and the only places that may: letters go out, a port is looked at.
OUTGOING = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
}
MAY_REACH = {
    "server/mail.py": {"smtplib"},
    "server/digesting.py": {"smtplib"},
    "server/serving.py": {"socket"},
    "store/settings.py": {"socket"},
}


def test_no_address_that_somebody_typed_is_asked_for() -> None:
    for path in MODULES:
        room = path.relative_to(ROOT)
        if room.parts[0] not in ("tests", "benchmarks", "sdk_py"):
            assert imported(path) & OUTGOING <= MAY_REACH.get(str(room), set()), room


def imported(path: Path) -> set[str]:
    nodes = [*ast.walk(ast.parse(path.read_text()))]
    names = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_every_question_has_one_asker_and_every_asked_one_exists() -> None:
    rooms = {path.stem: path.read_text() for path in (ROOT / "journeys").glob("*.py")}
    sql = {path.stem for path in (ROOT / "journeys" / "sql").glob("*.sql")}
    asked = {
        name for text in rooms.values() for name in re.findall(r'(?:question|ask)\(\s*"([a-z_.]+)"', text)
    } | {name for text in rooms.values() for name in re.findall(r'_rows\(scope, "([a-z_.]+)"', text)}
    assert sql == asked
    assert {name.split(".")[0] for name in sql} <= set(rooms), (
        "a question is named after the room that asks it"
    )


def test_every_question_says_in_english_what_it_asks() -> None:
    for path in (ROOT / "journeys" / "sql").glob("*.sql"):
        assert path.read_text().startswith("-- "), path.name


def test_the_fields_of_an_event_are_the_columns_of_its_table(events: EventStore) -> None:
    rows = events.query(
        "select name, type from system.columns where database = currentDatabase() and table = 'events' "
        "order by position"
    )
    assert tuple(row["name"] for row in rows) == Event.__struct_fields__
    assert tuple(EVENT_SCHEMA.names) == Event.__struct_fields__


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, default, meaning in table():
        line = next((one for one in readme.splitlines() if f"`{name}`" in one), None)
        assert line, name
        assert f"`{default}`" in line or (default == "" and "unset" in line), line
        assert meaning in line, line
    mentioned = {name.removesuffix("_FILE") for name in re.findall(rf"`{PREFIX}([A-Z_]+)`", readme)}
    assert mentioned == {one.name.upper() for one in fields(Settings)}


def test_only_sql_files_and_the_event_store_speak_sql_to_it() -> None:
    speakers = [
        str(path.relative_to(ROOT))
        for room in ("collector", "journeys", "admin", "server")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"from (customer_)?events\b", path.read_text().lower())
        and re.search(r'"\s*select ', path.read_text().lower())
    ]
    assert speakers in ([], ["server/health/stores.py"])


def test_the_sdk_exports_exactly_its_public_names() -> None:
    public = {name for name, what in vars(waywiser).items() if name[0] != "_" and not ismodule(what)}
    assert public - {"annotations"} == set(waywiser.__all__) - {"__version__"}


def test_questions_about_runs_bind_no_name_of_the_rule() -> None:
    # Both are one statement where runs are computed on the spot, as of a moment or in a preview.
    files = {path.stem: path.read_text() for path in (ROOT / "journeys" / "sql").glob("*.sql")}
    bound = {name: set(re.findall(r"\{(\w+):[A-Z]", text)) for name, text in files.items()}
    computing = ("runs.compute", "runs.fold", "runs.whole", "runs.stretches", "known.traits")
    rule = {one for name in computing for one in bound[name]}
    shared = {"project", "now", "start", "end"}
    about_runs = [
        name for name, text in files.items() if re.search(r"\{\{(runs|source|walked|whole|chosen)\}\}", text)
    ]
    assert {name: both for name in about_runs if (both := bound[name] & rule - shared)} == {}
