"""Every usual mistake at the start is one sentence with its cause and its cure."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.installation import Installation, eventually

DATABASE = "sqlite:///data/waywiser.db"


def complaint(place: Installation, *words: str) -> str:
    done = place.run(*words, fails=True)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("waywiser: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_bad_setting_is_named_with_what_would_be_right(tmp_path: Path) -> None:
    says = complaint(Installation(tmp_path, INBOX_SYNC="sometimes"), "serve")
    assert "WAYWISER_INBOX_SYNC is 'sometimes': give one of full, normal" in says


def test_a_setting_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert "there is no such setting" in complaint(Installation(tmp_path, INBOXSYNC="full"), "serve")


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    with socket.create_server(("127.0.0.1", place.port)):
        assert "stop the program that uses it, or set WAYWISER_PORT" in complaint(place, "serve")


def test_a_store_that_is_not_migrated_says_what_to_run(tmp_path: Path) -> None:
    assert "run `waywiser migrate`" in complaint(Installation(tmp_path), "collector")
    assert "run `waywiser migrate`" in complaint(Installation(tmp_path), "project", "list")


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    assert "cannot be written" in complaint(Installation(tmp_path), "serve")


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = Installation(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "check WAYWISER_DATABASE_URL" in complaint(place, "serve")


def test_an_event_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = Installation(tmp_path, EVENTS_URL="clickhouse://127.0.0.1:1/none")
    assert "check WAYWISER_EVENTS_URL" in complaint(place, "migrate")


@pytest.mark.slow
def test_a_second_process_on_the_event_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    place.start()
    second = Installation(tmp_path)
    assert "in use by another Waywiser process" in complaint(second, "serve")
    assert "in use by another Waywiser process" in complaint(second, "worker")
    assert place.is_up()
    assert place.stop() == 0


@pytest.mark.slow
def test_an_import_beside_a_running_server_is_worked_off_by_it(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    place.start()
    (tmp_path / "some.csv").write_text("event,time,user_id\nPaid,2026-01-01,anna\n")
    place.run("import", "some.csv", "--project", "main")
    assert place.api("/health")["events"]["n"] == 1
    place.stop()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key: [", "this is not YAML"),
        ("just text", "a journey file holds key, name, steps"),
        ("key: j\nname: J\nsteps: []", "steps: Length must be between 2 and 30"),
        ("key: j\nname: J\nidle_timeout: soon", "write a duration as 90s, 30m"),
    ],
)
def test_an_invalid_journey_file_names_the_place(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "j.yaml").write_text(text)
    said = complaint(Installation(tmp_path), "journey", "check", "j.yaml")
    assert says in said
    assert "j.yaml" in said


def test_unknown_projects_users_and_keys_are_named(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    assert "there is no project 'other'; known: main" in complaint(place, "key", "list", "other")
    assert "there is a project 'main' already" in complaint(place, "init")
    assert "no open key 99" in complaint(place, "key", "revoke", "main", "99")
    assert "there is no user x@y" in complaint(place, "user", "password", "x@y")
    assert "is no time zone" in complaint(place, "project", "create", "p", "--timezone", "Mars/Olympus")


@pytest.mark.slow
def test_the_doctor_finds_what_is_wrong_and_what_is_right(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    assert "run `waywiser migrate`" in place.run("doctor", fails=True).stdout
    place.init()
    assert "0 events" in place.run("doctor").stdout


@pytest.mark.slow
def test_gunicorn_serves_as_well_and_ends_cleanly(tmp_path: Path) -> None:
    place = Installation(tmp_path, SERVER="gunicorn")
    place.init()
    place.start()
    assert place.send("/v1/track", {"userId": "anna", "event": "Paid"})[0] == 200
    assert eventually(lambda: place.api("/health")["events"]["n"], bool) == 1
    assert place.stop() == 0


@pytest.mark.slow
def test_a_worker_process_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    place.start()
    assert place.process
    place.process.kill()
    place.process.wait()
    assert not eventually(place.is_up, lambda up: not up, seconds=20)
    again = Installation(tmp_path)
    again.start()
    assert again.stop() == 0
