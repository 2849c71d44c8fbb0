"""Every usual mistake at the start is one sentence with its cause and its cure."""

from __future__ import annotations

import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

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


@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1.1", "192.0.2.7", "x" * 70])
def test_a_host_that_cannot_be_listened_on_is_named(tmp_path: Path, host: str) -> None:
    says = complaint(Installation(tmp_path, HOST=host), "serve")
    assert host in says
    assert "WAYWISER_HOST" in says


@pytest.mark.slow
@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_a_name_can_be_listened_on(tmp_path: Path, server: str) -> None:
    with Installation(tmp_path, HOST="localhost", SERVER=server) as place:
        place.init()
        place.start("collector")
        assert place.send("/v1/track", {"userId": "anna", "event": "Paid"})[0] == 200


def test_a_store_that_is_not_migrated_says_what_to_run(tmp_path: Path) -> None:
    assert "run `waywiser migrate`" in complaint(Installation(tmp_path), "collector")
    assert "run `waywiser migrate`" in complaint(Installation(tmp_path), "project", "list")


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    assert "cannot be written" in complaint(Installation(tmp_path), "serve")


def test_an_event_folder_that_cannot_be_written_is_not_called_in_use(tmp_path: Path) -> None:
    place = Installation(tmp_path, EVENTS_URL=f"chdb:///{tmp_path}/file/events")
    (tmp_path / "file").write_text("a file where the folder should be")
    place.run("migrate", fails=True)
    assert "cannot be written" in complaint(place, "serve")
    assert "in use" not in place.run("doctor", fails=True).stdout


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = Installation(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "check WAYWISER_DATABASE_URL" in complaint(place, "serve")


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("sqlite:///x.db/x.db", "cannot be written"),
        ("sqlite+other:///x.db", "sqlite.other"),
        ("sqlite:///x.db?timeout=soon", "soon"),
        ("postgresql://ww:pw@127.0.0.1:1/x?shelter=no", "shelter"),
    ],
)
def test_a_database_address_that_cannot_be_used_is_named(tmp_path: Path, url: str, cause: str) -> None:
    (tmp_path / "x.db").touch()
    says = complaint(Installation(tmp_path, DATABASE_URL=url), "serve")
    assert cause in says
    assert "WAYWISER_DATABASE_URL" in says


@pytest.mark.parametrize("command", ["migrate", "serve", "worker"])
def test_an_event_server_that_is_not_there_is_named(tmp_path: Path, command: str) -> None:
    place = Installation(tmp_path, EVENTS_URL="clickhouse://ww:hunter2pw@127.0.0.1:1/none")
    place.run("migrate", fails=True)
    says = complaint(place, command)
    assert "clickhouse://127.0.0.1 cannot be opened (Connection refused); check WAYWISER_EVENTS_URL" in says
    assert "hunter2pw" not in says


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("clickhouse://nowhere.invalid/x", "nowhere.invalid cannot be opened"),
        ("clickhouse://127.0.0.1:1/x?shelter=no", "shelter"),
        ("clickhouse://ww:hunter2pw@{server}/x", "Authentication failed"),
        ("clickhouses://ww:hunter2pw@{server}/x", "SSL"),
    ],
)
def test_an_event_server_that_does_not_let_us_in_is_named(tmp_path: Path, address: str, cause: str) -> None:
    with refusing() as server:
        says = complaint(Installation(tmp_path, EVENTS_URL=address.format(server=server)), "serve")
    assert cause in says
    assert "check WAYWISER_EVENTS_URL" in says
    assert "hunter2pw" not in says


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a server that answers as ClickHouse does to a wrong password."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("403 Forbidden", [("X-ClickHouse-Exception-Code", "516")])
        return [b"Code: 516. DB::Exception: ww: Authentication failed: password is incorrect."]

    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Silent(WSGIRequestHandler):
    """Says nothing of what it is asked."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


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
        ("key: j\nname: J\nsteps: []", "steps: a journey has 2 to 30 steps"),
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
def test_gunicorn_takes_long_pixels_and_keeps_what_clients_send_out_of_its_log(tmp_path: Path) -> None:
    with Installation(tmp_path, SERVER="gunicorn", LOG_LEVEL="debug") as place:
        place.environment |= {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": ""}
        place.init()
        place.start()
        event = {"userId": "anna", "event": "Paid", "properties": {"note": "n" * 6_000}}
        data = urlsafe_b64encode(json.dumps(event).encode()).decode()
        target = f"/v1/pixel.gif?writeKey={place.made['write_key']}&data={data}"
        assert len(target) > 8_000
        assert said(place, f"GET {target} HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode()) == b"200"
        target = target[:60]
        assert said(place, f"GET {target}ü HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode()) == b"400"
        assert said(place, f"GET {target}".encode()) != b"200"
        log = eventually(place.log, lambda log: "Invalid request (what was sent is not logged)" in log)
        assert "Invalid request (what was sent is not logged)" in log
        assert place.made["write_key"] not in log
        assert eventually(lambda: place.api("/health")["events"]["n"], bool) == 1
        assert not (tmp_path / "home").exists()


def said(place: Installation, request: bytes) -> bytes:
    """The status that is answered to these bytes, after which nothing more is sent; none where none is."""
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        return line.makefile("rb").readline()[9:12]


@pytest.mark.slow
def test_a_worker_process_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    place.start()
    assert place.process
    place.process.kill()
    place.process.wait()
    again = Installation(tmp_path)
    again.port, again.address = place.port, place.address
    again.start()  # while what the killed one has left may still be there, and answer
    says = f"Waywiser   {place.address}"
    assert eventually(again.log, lambda log: log.count(says) == 2).count(says) == 2
    assert again.stop() == 0
