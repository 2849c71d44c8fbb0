"""A whole Waywiser of its own for a test: real processes, a folder, a port, and keys."""

from __future__ import annotations

import atexit
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, Self, TypeVar
from urllib.parse import urlsplit

from tests.forge import Forge, Forked

FORGE = Forge()
GIVEN: set[int] = set()  # ports
T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on, and that no connection is given while a server starts anew.

    Of processes of tests that run side by side, each has ports of its own; none is given twice.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = random.SystemRandom().randrange(20_000 + worker, 32_000, workers)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in GIVEN:
                GIVEN.add(port)
                return port


def eventually(ask: Callable[[], T], good: Callable[[T], bool], *, seconds: float = 60) -> T:
    """Ask until the answer is good; returns the last one in any case, for the caller to assert on."""
    end = time.monotonic() + seconds
    answer = ask()
    while not good(answer) and time.monotonic() < end:
        time.sleep(0.1)
        answer = ask()
    return answer


class Running:
    """One process of Waywiser, with the processes that it started itself."""

    def __init__(self, process: subprocess.Popen[bytes] | Forked, address: str) -> None:
        self.process = process
        self.address = address

    @property
    def port(self) -> int:
        """The port of its address."""
        return urlsplit(self.address).port or 0

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and wait; returns its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def suspend(self) -> None:
        """Stop it in the middle of its work, until `resume`; returns when it has stopped."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        status = Path(f"/proc/{self.process.pid}/status")
        assert "T (stopped)" in eventually(status.read_text, lambda text: "T (stopped)" in text)

    def resume(self) -> None:
        """Let it go on after it was stopped in the middle of its work."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def health(self) -> tuple[int, dict[str, Any]]:
        """What its health page says: the status, and the answer; (0, {}) when it says nothing."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except (OSError, ValueError, HTTPException):
            return 0, {}

    def answers(self) -> bool:
        """Whether something listens at its address."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def is_up(self) -> bool:
        """Whether the health page answers that all is well."""
        return self.health()[1].get("status") == "ok"


@cache
def _made() -> Path:
    """A folder with new stores and their keys, to copy."""
    folder = Path(tempfile.mkdtemp(prefix="waywiser-new-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "made.json").write_text(Installation(folder).run("init", "--json").stdout)
    return folder


def _started(
    module: str, words: Sequence[str], folder: Path, environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """A process of another program."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
    )


class Installation:
    """One folder with its stores, and the server that runs on it. As a context, it ends what it started."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WAYWISER_")}
        given = {f"WAYWISER_{name}": value for name, value in settings.items()}
        root = str(Path(__file__).parents[1])
        self.environment = {**clean, "PYTHONPATH": root, "WAYWISER_PORT": str(self.port), **given}
        self.made: dict[str, str] = {}
        self.server: Running | None = None
        self._started: list[Running] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._started:
            one.kill()

    @property
    def process(self) -> subprocess.Popen[bytes] | Forked | None:
        """The process of the server that `start` started."""
        return self.server.process if self.server else None

    def run(self, *words: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a `waywiser` command to its end, or with `-c` a script in Python."""
        done = FORGE.run(words, folder=self.folder, environment=self.environment, seconds=120)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    def init(self) -> None:
        """Make a project with its keys; in an empty folder as a copy of what was made once."""
        data = self.folder / "data"
        if data.exists() or self.environment.keys() & {"WAYWISER_DATABASE_URL", "WAYWISER_EVENTS_URL"}:
            self.made = json.loads(self.run("init", "--json").stdout)
        else:
            self.made = json.loads((_made() / "made.json").read_text())
            shutil.copytree(_made() / "data", data, symlinks=True)

    def start(self, command: str = "serve") -> None:
        """Start the server and wait until it takes events."""
        self.server = self.spawn(command, port=self.port)

    def spawn(self, *words: str, port: int = 0, module: str = "server", **settings: str) -> Running:
        """Start a further process; with a port, wait until it takes events there."""
        given = {f"WAYWISER_{name}": value for name, value in settings.items()}
        environment = self.environment | {"WAYWISER_PORT": str(port or self.port)} | given
        with (self.folder / "server.log").open("ab") as log:
            if module == "server" or module.startswith("tests."):  # which read the same code
                words = words if module == "server" else ("-m", module, *words)
                process = FORGE.start(words, folder=self.folder, environment=environment, out=log, err=log)
            else:
                process = _started(module, words, self.folder, environment, log)
        running = Running(process, f"http://127.0.0.1:{port or self.port}")
        self._started.append(running)
        if port:
            up = eventually(lambda: running.is_up() or process.poll() is not None, bool, seconds=180)
            assert up, self.log()
            assert process.poll() is None, self.log()
        return running

    def log(self) -> str:
        """What all its processes said."""
        return (self.folder / "server.log").read_text()

    def is_up(self) -> bool:
        """Whether the health page answers that all is well."""
        return self.server is not None and self.server.is_up()

    def kill(self) -> None:
        """End all processes of the server as a power cut would."""
        assert self.server
        self.server.kill()
        self.server = None

    def stop(self) -> int:
        """Ask the server to end, and wait; returns its exit code."""
        server, self.server = self.server, None
        return server.stop() if server else 0

    def send(self, path: str, body: Mapping[str, Any], *, key: str = "server_key") -> tuple[int, Any]:
        """POST a JSON body with a write key; returns the status and the answer."""
        token = b64encode(f"{self.made[key]}:".encode()).decode()
        return self._ask("POST", path, body, f"Basic {token}")

    def api(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the REST API; returns the answer."""
        method = "GET" if body is None else "POST"
        status, answer = self._ask(method, f"/api/v1{path}", body, f"Bearer {self.made['api_token']}")
        assert status < 300, (status, answer)
        return answer

    def stored_messages(self) -> list[str]:
        """The message ids in the event store, while no server runs."""
        script = (
            "import json\nfrom store.events import EventStore\nfrom store.settings import Settings\n"
            "events = EventStore(Settings.read().events_url)\n"
            "print(json.dumps([r['message_id'] for r in events.query('select message_id from events')]))"
        )
        return list(json.loads(self.run("-c", script).stdout))

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, authorization: str
    ) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, method=method)
        request.add_header("Authorization", authorization)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
