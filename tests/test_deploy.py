"""What stands in deploy/: linted where it cannot be run here, and run where it can."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from store.settings import PREFIX, Settings
from tests.installation import Installation, Running, eventually, free_port

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
UNITS = sorted(DEPLOY.glob("*.service"))
FILES = [path for path in DEPLOY.rglob("*") if path.is_file()]
EVENT = {"type": "track", "userId": "ada", "event": "Paid"}


def said_by(*command: str | Path, **how: Any) -> str:
    """What a checking program says; it must be content."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    said_by(BIN / "hadolint", DEPLOY / "Dockerfile")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.grown.yaml"])
def test_compose_files_are_as_their_schema_says(name: str) -> None:
    said_by(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / name)


def test_gixy_finds_no_weakness_in_the_configuration_of_nginx() -> None:
    assert "No issues found" in said_by(BIN / "gixy", DEPLOY / "nginx" / "nginx.conf")


def test_every_setting_that_is_named_exists() -> None:
    known = {one.name.upper() for one in fields(Settings)}
    named = {
        name.removesuffix("_FILE")
        for path in FILES
        for name in re.findall(rf"\b{PREFIX}([A-Z_]*[A-Z])\b", path.read_text())
    }
    # A name for Caddy alone: where Waywiser is.
    assert named - {"AT"} <= known
    assert named >= {"DATABASE_URL", "EVENTS_URL", "TRUSTED_PROXIES", "PUBLIC_URL"}


def test_the_image_copies_only_what_is_there() -> None:
    wanted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in wanted if not (ROOT / name).exists()] == []
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert name == "." or name.split("/")[0] in wanted, f"{name} is kept from the builder"


def test_images_are_pinned_and_come_from_no_named_host() -> None:
    text = "\n".join(path.read_text() for path in FILES if path.name.startswith(("Dockerfile", "compose")))
    images = re.findall(r"^(?:FROM|\s+image:) (\S+)", text, re.MULTILINE)
    assert len(images) > 6
    for image in set(images) - {"waywiser"}:
        name, _, tag = image.partition(":")
        assert tag, image
        assert tag != "latest", image
        assert "." not in name, image


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_as_systemd_wants_them(unit: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = re.sub(r"(?<=^ExecStart=)\S+", str(program), unit.read_text(), flags=re.MULTILINE)
    text = text.replace("User=waywiser", "User=root")  # who is sure to exist here
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(text)
    complaints = said_by("systemd-analyze", "verify", "--man=no", copy)
    assert [line for line in complaints.splitlines() if unit.stem in line] == []


def test_units_start_programs_and_read_files_that_exist() -> None:
    for unit in UNITS:
        for path in re.findall(r"/opt/waywiser/(\S+)", unit.read_text()):
            assert (ROOT / path).exists() or (BIN / Path(path).name).exists(), (unit.name, path)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path, TRUSTED_PROXIES="1", METRICS_TOKEN="secret") as place:
        place.init()
        yield place


def started(place: Installation, server: str, application: str = "collector_only") -> Running:
    """One of the two servers with the configuration that is shipped for it."""
    environment: dict[str, str] = {}
    if server == "gunicorn":
        command = ["gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py"), f"server.wsgi:{application}()"]
    else:
        lines = (DEPLOY / "granian.env").read_text().splitlines()
        environment = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        environment |= {"GRANIAN_PORT": str(place.port)}
        command = ["granian", f"server.wsgi:{application}"]
    place.environment |= environment
    return place.spawn(*command[1:], port=place.port, module=command[0])


@pytest.mark.slow
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
@pytest.mark.parametrize("application", ["serve", "collector_only"])
def test_events_pass_through_the_shipped_servers(place: Installation, server: str, application: str) -> None:
    running = started(place, server, application)
    batch = {"batch": [EVENT, {"type": "track", "event": "Paid"}]}
    status, answer = place.send("/v1/batch", batch)
    assert (status, answer["accepted"], answer["rejected"][0]["code"]) == (200, 1, "missing_identity")
    if application == "serve":
        seen = eventually(lambda: place.api("/health")["events"]["n"], lambda n: n == 1)
        assert seen == 1
    else:
        waiting = eventually(lambda: running.health()[1]["inbox"]["waiting"], bool)
        assert waiting == 1
    running.process.terminate()
    assert running.process.wait(timeout=60) in (0, -15)
    assert "Traceback" not in place.log()


nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


@pytest.fixture
def front(place: Installation) -> Iterator[dict[int, int]]:
    """nginx with the shipped configuration before a collector; gives its ports for 80 and 443."""
    started(place, "granian", "serve")
    folder = place.folder / "nginx"
    shutil.copytree(DEPLOY / "nginx", folder)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    said_by(*make.split(), "-keyout", folder / "tls/privkey.pem", "-out", folder / "tls/fullchain.pem")
    there = f"server 127.0.0.1:{place.port}; keepalive 8; keepalive_timeout 10s;"
    (folder / "upstreams.conf").write_text(
        f"upstream collectors {{ {there} }}\nupstream admins {{ {there} }}\n"
    )
    ports = {80: free_port(), 443: free_port()}
    text = (folder / "nginx.conf").read_text()
    for usual, port in ports.items():
        text = text.replace(f"listen {usual} ", f"listen 127.0.0.1:{port} ")
    (folder / "nginx.conf").write_text(text)
    command = ["nginx", "-p", str(folder), "-c", "nginx.conf"]
    said_by(*command, "-t")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "-g", "daemon off;"], stdout=log, stderr=log)
    eventually(lambda: connects(ports[443]), bool)
    yield ports
    process.terminate()
    process.wait(timeout=30)


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
    """Ask over TLS without checking the certificate; returns status, headers and body."""
    trusting = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=30)
    with closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@nginx
@pytest.mark.slow
def test_nginx_passes_events_on_and_keeps_figures_inside(place: Installation, front: dict[int, int]) -> None:
    key = place.made["server_key"]
    body = b'{"userId": "ada", "event": "Paid"}'
    for path in ("/v1/track", "/v1/track/", "//v1/track", "/beacon/v1/batch?writeKey=" + key):
        sent = body if "beacon" not in path else b'{"batch": [' + body[:-1] + b', "type": "track"}]}'
        status, headers, answer = ask(front[443], "POST", path, sent, Authorization=f"Bearer {key}")
        assert (status, headers["Strict-Transport-Security"]) == (200, "max-age=31536000"), (path, answer)
    with closing(http.client.HTTPConnection("127.0.0.1", front[80], timeout=30)) as plain:
        plain.request("POST", "/v1/track", body, {"Authorization": f"Bearer {key}"})
        answered = plain.getresponse()
        assert (answered.status, b"accepted" in answered.read()) == (200, True), (
            "an event is never redirected"
        )
        plain.request("GET", "/sign-in")
        assert plain.getresponse().status == 308
    assert ask(front[443], "GET", "/metrics", Authorization="Bearer secret")[0] == 404
    assert ask(front[443], "GET", "/sign-in")[0] == 200
    assert ask(front[443], "GET", "/health")[0] == 200
    status, headers, answer = ask(front[443], "POST", "/v1/batch", b"x" * 6_000_000)
    assert (status, headers["Content-Type"], b"batch_too_large" in answer) == (413, "application/json", True)
    place.stop()


@nginx
@pytest.mark.slow
def test_the_address_of_the_client_is_the_one_that_nginx_saw(
    place: Installation, front: dict[int, int]
) -> None:
    refused = {"Authorization": f"Bearer {place.made['server_key']}", "X-Forwarded-For": "81.2.69.142"}
    ask(front[443], "POST", "/v1/track", b'{"event": "Paid"}', **refused)
    drop = eventually(lambda: place.api("/drops")["drops"], bool)[0]
    assert drop["original"]["ip"] == "127.0.0.0"


@nginx
@pytest.mark.slow
def test_a_collector_that_is_gone_is_answered_for_in_json(place: Installation, front: dict[int, int]) -> None:
    for one in place._started:
        one.kill()
    status, headers, answer = ask(front[443], "POST", "/v1/track", b"{}")
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (503, "5", "application/json")
    assert b'"code": "unavailable"' in answer
